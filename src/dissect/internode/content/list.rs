//! Arrays and msgpack lists: an item for the header and one for each element.

use crate::dissect::internode::container::{
    BYTES, COUNT, IMAGE, INSIDE, NIL, NUMBER, Shown, TEXT, leftover, nodes, time,
};
use crate::dissect::internode::pieces::{exchange, smd};
use crate::dissect::shared::common;
use crate::epan::{Field, Guarded, Tree};
use crate::wire::ground::time::UpdateTime;
use crate::wire::internode::container::Uints;
use crate::wire::internode::container::array::Array;
use crate::wire::internode::container::list::{Element, Item, List};
use crate::wire::internode::container::spec::ContentKind;

/// The line of a field with elements.
fn elements<'p>(shown: &Shown<'_, 'p>, count: usize) -> Guarded<Tree<'p>> {
    let heading = shown.heading()?;
    heading.item().append(format_args!(": {count} elements"));
    Ok(heading)
}

/// ARRAY_UINT32 or ARRAY_UINT64.
pub(super) fn uints<'p>(shown: &Shown<'_, 'p>, kind: ContentKind, uints: Uints<'p>) -> Guarded<Tree<'p>> {
    let tree = elements(shown, uints.count())?;
    for (bytes, value) in uints {
        match kind {
            ContentKind::Actions => {
                tree.add(&smd::ACTION, bytes)?;
            }
            ContentKind::Ms2010s => {
                time(&tree, &smd::TIMESTAMP, bytes, UpdateTime(value).unix())?;
            }
            _ => {
                tree.add(&NUMBER, bytes)?;
            }
        }
    }
    Ok(tree)
}

/// ARRAY_STR or ARRAY_BUF. The elements may stand anywhere, so the whole image is one item.
pub(super) fn array<'p>(shown: &Shown<'_, 'p>, kind: ContentKind, array: &Array<'p>) -> Guarded<Tree<'p>> {
    let tree = elements(shown, array.count as usize)?;
    let image = tree.add(&IMAGE, array.bytes())?;
    let below = tree.under(image, &IMAGE)?;
    below.add_in(&COUNT, array.head().get(8..12).unwrap_or_default(), INSIDE)?;
    let secret = shown.message.is_secret;
    for element in array {
        match element {
            Ok(None) => {}
            Ok(Some(data)) => match kind {
                ContentKind::SmdKeys => smd::text(&below, &smd::KEY, secret, data, data)?,
                ContentKind::SmdValues => smd::text(&below, &smd::VALUE, secret, data, data)?,
                ContentKind::Texts => {
                    below.add(&TEXT, data)?;
                }
                _ => {
                    below.add(&BYTES, data)?;
                }
            },
            Err(error) => {
                common::add_error(&below, &error)?;
                break;
            }
        }
    }
    Ok(tree)
}

/// MSGPACK.
pub(super) fn list<'p>(shown: &Shown<'_, 'p>, kind: ContentKind, list: &List<'p>) -> Guarded<Tree<'p>> {
    let heading = elements(shown, list.count as usize)?;
    let (tree, secret) = (&heading, shown.message.is_secret);
    tree.uint(&COUNT, list.head, list.count)?;
    let mut items = list.items();
    let mut index = 0u32;
    for element in items.by_ref() {
        let element = match element {
            Ok(element) => element,
            Err(error) => {
                common::add_error(tree, &error)?;
                return Ok(heading);
            }
        };
        match (kind, element.item) {
            (_, Item::Nil) => {
                tree.boolean(&NIL, element.bytes, true)?;
            }
            (ContentKind::VersionTriples, Item::Uint(value)) => {
                smd::version(tree, &element, index % 3, value)?
            }
            (ContentKind::RebalanceFlagsList, Item::Uint(value)) => {
                exchange::rebalance_flags(tree, &element, value)?
            }
            (_, Item::Uint(value)) => {
                tree.uint64(&NUMBER, element.bytes, value)?;
            }
            (ContentKind::NamespaceList, Item::Bytes(name)) => {
                text(tree, &common::NAMESPACE, &element, name)?
            }
            (ContentKind::SmdKeyList, Item::Bytes(key)) => {
                smd::text(tree, &smd::KEY, secret, element.bytes, key)?
            }
            (ContentKind::SmdValueList, Item::Bytes(value)) => {
                smd::text(tree, &smd::VALUE, secret, element.bytes, value)?;
            }
            (ContentKind::VersionsList, Item::Bytes(blob)) => {
                exchange::versions(tree, &element, blob, index)?
            }
            (ContentKind::NodesList, Item::Bytes(blob)) => {
                let below = exchange::blob(tree, &element, blob, index)?;
                nodes(&below, blob, false)?;
            }
            (ContentKind::RackIdsList, Item::Bytes(blob)) => {
                let below = exchange::blob(tree, &element, blob, index)?;
                exchange::rack_ids(&below, blob)?;
            }
            (ContentKind::TextList | ContentKind::UintList, Item::Bytes(value)) => {
                text(tree, &TEXT, &element, value)?
            }
            (_, Item::Bytes(_)) => {
                tree.add(&BYTES, element.bytes)?;
            }
        }
        index = index.wrapping_add(1);
    }
    leftover(tree, "msgpack list", items.rest())?;
    Ok(heading)
}

/// A text whose item covers its msgpack header, too.
fn text<'p>(tree: &Tree<'p>, field: &Field, element: &Element<'p>, value: &[u8]) -> Guarded {
    let text = crate::wire::ground::text::LossyText(value);
    tree.text(field, element.bytes, format_args!("{text}"))?;
    Ok(())
}
