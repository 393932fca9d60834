//! EXCHANGE: the lists that nodes tell each other what they hold with.

use crate::dissect::client::field;
use crate::dissect::internode::container::{BYTES, leftover};
use crate::dissect::shared::common;
use crate::epan::{Guarded, Tree};
use crate::wire::client::fields::query::Partitions;
use crate::wire::client::proto::Order;
use crate::wire::internode::container::list::Element;
use crate::wire::internode::fabric::exchange::{PartitionVersions, RebalanceFlags, VersionGroup};

fields! {
    ELEMENT: Bytes, "aerospike.fabric.exchange.element", "Element", "What a node says of one namespace";
    ELEMENT_SIZE: U32, "aerospike.fabric.exchange.element_size", "Element size", "MessagePack length of the element" .bytes();
    VERSIONS: U32, "aerospike.fabric.exchange.version_count", "Number of versions", "Distinct partition versions of the namespace";
    VERSION: U64, "aerospike.fabric.exchange.version", "Partition version", "Cluster key, family and state of the partitions" .hex();
    VERSION_TEXT: String, "aerospike.fabric.exchange.version_text", "Partition version", "As the server's log prints it";
    PARTITIONS: U32, "aerospike.fabric.exchange.partition_count", "Number of partitions", "Partitions of this version";
    RACK_ID: U32, "aerospike.fabric.exchange.rack_id", "Rack id", "Rack of a node in the roster";
    FLAGS: U32, "aerospike.fabric.exchange.rebalance_flags", "Rebalance flags", "1: UNIFORM, 2: QUIESCE" .hex();
}

/// An element that is a blob: its header, and the place for what is in it.
///
/// # Errors
/// What Wireshark threw.
pub fn blob<'p>(tree: &Tree<'p>, element: &Element<'p>, blob: &'p [u8], index: u32) -> Guarded<Tree<'p>> {
    let below = tree.sub(&ELEMENT, element.bytes)?;
    below
        .item()
        .label(format_args!("Namespace {index}: {} bytes", blob.len()));
    let head = element.bytes.len().saturating_sub(blob.len());
    let size = u32::try_from(blob.len()).unwrap_or(u32::MAX);
    below.uint(&ELEMENT_SIZE, element.bytes.get(..head).unwrap_or_default(), size)?;
    Ok(below)
}

/// The partitions of a namespace by version.
///
/// # Errors
/// What Wireshark threw.
pub fn versions<'p>(tree: &Tree<'p>, element: &Element<'p>, data: &'p [u8], index: u32) -> Guarded {
    let below = blob(tree, element, data, index)?;
    let versions = match PartitionVersions::read(data) {
        Ok(versions) => versions,
        Err(error) => return common::add_error(&below, &error),
    };
    below
        .item()
        .label(format_args!("Namespace {index}: {} versions", versions.count));
    below.add_in(&VERSIONS, versions.head, Order::Little)?;
    let mut groups = versions.groups();
    for next in groups.by_ref() {
        match next {
            Ok(next) => group(&below, &next)?,
            Err(error) => return common::add_error(&below, &error),
        }
    }
    leftover(&below, "partition versions", groups.rest())
}

fn group<'p>(tree: &Tree<'p>, group: &VersionGroup<'p>) -> Guarded {
    let item = tree.text(&VERSION_TEXT, group.bytes, format_args!("{}", group.version))?;
    let below = tree.under(item, &VERSION_TEXT)?;
    below
        .item()
        .label(format_args!("{}: {} partitions", group.version, group.count));
    let version = group.bytes.get(..8).unwrap_or_default();
    below
        .add_in(&VERSION, version, Order::Little)?
        .append(format_args!(" ({})", group.version));
    below.add_in(
        &PARTITIONS,
        group.bytes.get(8..12).unwrap_or_default(),
        Order::Little,
    )?;
    match Partitions::new(group.ids) {
        Ok(partitions) => field::pids(&below, &partitions),
        Err(error) => common::add_error(&below, &error),
    }
}

/// The rack ids of a roster.
///
/// # Errors
/// What Wireshark threw.
pub fn rack_ids<'p>(tree: &Tree<'p>, data: &'p [u8]) -> Guarded {
    let mut ids = data.chunks_exact(4);
    for id in ids.by_ref() {
        tree.add_in(&RACK_ID, id, Order::Little)?;
    }
    if !ids.remainder().is_empty() {
        tree.add(&BYTES, ids.remainder())?;
    }
    Ok(())
}

/// Wishes of a namespace for the coming rebalance.
///
/// # Errors
/// What Wireshark threw.
pub fn rebalance_flags(tree: &Tree<'_>, element: &Element<'_>, value: u64) -> Guarded {
    let item = tree.uint(&FLAGS, element.bytes, u32::try_from(value).unwrap_or(u32::MAX))?;
    let flags = u32::try_from(value).map_or(RebalanceFlags::empty(), RebalanceFlags::from_bits_truncate);
    for (name, _) in flags.iter_names() {
        item.append(format_args!(" {name}"));
    }
    Ok(())
}
