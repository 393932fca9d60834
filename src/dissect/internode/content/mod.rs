//! The msg container: header and fields, of heartbeats and fabric alike. What a field shows follows from the
//! tables of `wire`; a field that is in none is shown as its wire type says.

mod buffer;
mod list;
mod number;

use super::container::{FieldName, NUMBER, SIZE, Shown, ShownMessage, TEXT, TYPE, cut};
use super::pieces::fabric;
use crate::dissect::shared::common;
use crate::epan::{Guarded, Tree};
use crate::wire::internode::container::plausible::TrafficFamily;
use crate::wire::internode::container::spec::{ContentKind, Spec};
use crate::wire::internode::container::{HEADER_SIZE, MsgField, MsgValue};

/// Header and fields of a message, below the item of its protocol.
///
/// # Errors
/// What Wireshark threw.
pub fn fields<'p>(message: &ShownMessage<'_, 'p>, top: &Tree<'p>) -> Guarded {
    let msg = message.msg;
    top.add(&SIZE, msg.bytes.get(..4).unwrap_or_default())?;
    let kind = match message.family {
        TrafficFamily::Heartbeat => &TYPE,
        TrafficFamily::Fabric => &fabric::TYPE,
    };
    top.add(kind, msg.bytes.get(4..HEADER_SIZE).unwrap_or_default())?;
    for field in msg.fields() {
        match field {
            Ok(field) => self::field(message, top, &field)?,
            Err(error) => common::add_error(top, &error)?,
        }
    }
    Ok(())
}

fn field<'p>(message: &ShownMessage<'_, 'p>, top: &Tree<'p>, field: &MsgField<'p>) -> Guarded {
    let spec = message.table.and_then(|table| table.spec(field.id));
    let shown = Shown {
        message,
        top,
        field,
        name: FieldName { id: field.id, spec },
    };
    // These show what there is of them.
    let is_readable = spec.is_some_and(|spec| {
        matches!(
            spec.kind,
            ContentKind::Proto | ContentKind::Record | ContentKind::FlatRecord
        )
    });
    if field.is_cut() && !is_readable {
        return cut(&shown.heading()?, field);
    }
    match (spec.filter(|spec| spec.fits(field.wire)), field.value()) {
        (_, Err(error)) => common::add_error(&shown.heading()?, &error),
        (Some(spec), Ok(value)) => add_known(&shown, spec, &value),
        (None, Ok(value)) => {
            let heading = add_unknown(&shown, &value)?;
            if let Some(spec) = spec {
                heading.item().append(format_args!(
                    " (wire type {} instead of {}: the server ignores it)",
                    field.wire, spec.wire
                ));
            }
            Ok(())
        }
    }
}

fn add_known<'p>(shown: &Shown<'_, 'p>, spec: &'static Spec, value: &MsgValue<'p>) -> Guarded {
    match value {
        MsgValue::Uint(number) => number::number(shown, spec, *number),
        MsgValue::Str(_) | MsgValue::Buf(_) => buffer::buffer(shown, spec),
        MsgValue::Uints(uints) => list::uints(shown, spec.kind, *uints).map(|_| ()),
        MsgValue::Array(array) => list::array(shown, spec.kind, array).map(|_| ()),
        MsgValue::List(items) => list::list(shown, spec.kind, items).map(|_| ()),
    }
}

/// A field that no table knows, by its wire type.
fn add_unknown<'p>(shown: &Shown<'_, 'p>, value: &MsgValue<'p>) -> Guarded<Tree<'p>> {
    Ok(match value {
        MsgValue::Uint(number) => shown.number(&NUMBER, *number, format_args!("{number}"))?,
        MsgValue::Str(_) => shown.text(&TEXT)?,
        MsgValue::Buf(bytes) => buffer::opaque(shown, bytes)?,
        MsgValue::Uints(uints) => list::uints(shown, ContentKind::Uints, *uints)?,
        MsgValue::Array(array) => list::array(shown, ContentKind::Bufs, array)?,
        MsgValue::List(items) => list::list(shown, ContentKind::UintList, items)?,
    })
}
