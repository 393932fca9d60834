//! The msg container: header and fields, of heartbeats and fabric alike. What a field shows follows from the
//! tables of `wire`; a field that is in none is shown as its wire type says.

mod buffer;
mod list;
mod number;

use super::container::{Message, NUMBER, Name, SIZE, Shown, TEXT, TYPE, cut};
use super::pieces::fabric;
use crate::dissect::shared::common;
use crate::epan::{Guarded, Tree};
use crate::wire::internode::container as msg;
use crate::wire::internode::container::plausible::Family;
use crate::wire::internode::container::spec::{Kind, Spec};

/// Header and fields of a message, below the item of its protocol.
///
/// # Errors
/// What Wireshark threw.
pub fn fields<'p>(message: &Message<'_, 'p>, top: &Tree<'p>) -> Guarded {
    let msg = message.msg;
    top.add(&SIZE, msg.bytes.get(..4).unwrap_or_default())?;
    let kind = match message.family {
        Family::Heartbeat => &TYPE,
        Family::Fabric => &fabric::TYPE,
    };
    top.add(kind, msg.bytes.get(4..msg::HEADER_SIZE).unwrap_or_default())?;
    for field in msg.fields() {
        match field {
            Ok(field) => self::field(message, top, &field)?,
            Err(error) => common::malformed(top, &error)?,
        }
    }
    Ok(())
}

fn field<'p>(message: &Message<'_, 'p>, top: &Tree<'p>, field: &msg::Field<'p>) -> Guarded {
    let spec = message.table.and_then(|table| table.spec(field.id));
    let shown = Shown {
        message,
        top,
        field,
        name: Name { id: field.id, spec },
    };
    // These show what there is of them.
    let is_readable =
        spec.is_some_and(|spec| matches!(spec.kind, Kind::Proto | Kind::Record | Kind::FlatRecord));
    if field.is_cut() && !is_readable {
        return cut(&shown.heading()?, field);
    }
    match (spec.filter(|spec| spec.fits(field.wire)), field.value()) {
        (_, Err(error)) => common::malformed(&shown.heading()?, &error),
        (Some(spec), Ok(value)) => known(&shown, spec, &value),
        (None, Ok(value)) => {
            let heading = unknown(&shown, &value)?;
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

fn known<'p>(shown: &Shown<'_, 'p>, spec: &'static Spec, value: &msg::Value<'p>) -> Guarded {
    match value {
        msg::Value::Uint(number) => number::number(shown, spec, *number),
        msg::Value::Str(_) | msg::Value::Buf(_) => buffer::buffer(shown, spec),
        msg::Value::Uints(uints) => list::uints(shown, spec.kind, *uints).map(|_| ()),
        msg::Value::Array(array) => list::array(shown, spec.kind, array).map(|_| ()),
        msg::Value::List(items) => list::list(shown, spec.kind, items).map(|_| ()),
    }
}

/// A field that no table knows, by its wire type.
fn unknown<'p>(shown: &Shown<'_, 'p>, value: &msg::Value<'p>) -> Guarded<Tree<'p>> {
    Ok(match value {
        msg::Value::Uint(number) => shown.number(&NUMBER, *number, format_args!("{number}"))?,
        msg::Value::Str(_) => shown.text(&TEXT)?,
        msg::Value::Buf(bytes) => buffer::opaque(shown, bytes)?,
        msg::Value::Uints(uints) => list::uints(shown, Kind::Uints, *uints)?,
        msg::Value::Array(array) => list::array(shown, Kind::Bufs, array)?,
        msg::Value::List(items) => list::list(shown, Kind::UintList, items)?,
    })
}
