//! The msg container: header and fields, of heartbeats and fabric alike. What a field shows follows from the
//! tables of `wire`; a field that is in none is shown as its wire type says.

mod buffer;
mod list;
mod number;

use super::container::{
    BYTES, FIELD, FIELD_ID, FIELD_SIZE, FIELD_TYPE, NUMBER, Name, SIZE, Shown, ShownMessage, TEXT, TYPE, cut,
    string,
};
use super::pieces::fabric;
use crate::dissect::shared::common;
use crate::epan::{Guarded, Tree};
use crate::wire::ground::text::LossyText;
use crate::wire::internode::container::plausible::Family;
use crate::wire::internode::container::spec::{Kind, Spec};
use crate::wire::internode::container::{HEADER_SIZE, MsgField, MsgValue};

/// Header and fields of a message, below the item of its protocol.
///
/// # Errors
/// What Wireshark threw.
pub fn fields<'p>(message: &ShownMessage<'_, 'p>, top: &Tree<'p>) -> Guarded {
    let msg = message.msg;
    top.add(&SIZE, msg.bytes.get(..4).unwrap_or_default())?;
    let kind = match message.family {
        Family::Heartbeat => &TYPE,
        Family::Fabric => &fabric::TYPE,
    };
    top.add(kind, msg.bytes.get(4..HEADER_SIZE).unwrap_or_default())?;
    for field in msg.fields() {
        match field {
            Ok(field) => self::field(message, top, &field)?,
            Err(error) => common::malformed(top, &error)?,
        }
    }
    Ok(())
}

fn field<'p>(message: &ShownMessage<'_, 'p>, top: &Tree<'p>, field: &MsgField<'p>) -> Guarded {
    let spec = message.table.and_then(|table| table.spec(field.id));
    let heading = top.sub(&FIELD, field.bytes)?;
    let item = heading.item();
    let name = Name { id: field.id, spec };
    item.label(format_args!("{name}"));
    let id = heading.add(&FIELD_ID, field.bytes.get(..2).unwrap_or_default())?;
    match spec {
        Some(spec) if spec.remark.is_empty() => id.append(format_args!(" ({})", spec.name)),
        Some(spec) => id.append(format_args!(" ({}: {})", spec.name, spec.remark)),
        None => id,
    };
    heading.add(&FIELD_TYPE, field.bytes.get(2..3).unwrap_or_default())?;
    if field.wire.fixed_width().is_none() {
        heading.add(&FIELD_SIZE, field.bytes.get(3..7).unwrap_or_default())?;
    }
    // These show what there is of them.
    let is_readable =
        spec.is_some_and(|spec| matches!(spec.kind, Kind::Proto | Kind::Record | Kind::FlatRecord));
    if field.is_cut() && !is_readable {
        return cut(&heading, field);
    }
    let shown = Shown {
        message,
        heading: &heading,
        name,
    };
    match (spec.filter(|spec| spec.fits(field.wire)), field.value()) {
        (_, Err(error)) => common::malformed(&heading, &error),
        (Some(spec), Ok(value)) => add_known(&shown, spec, field, &value),
        (None, Ok(value)) => {
            if let Some(spec) = spec {
                item.append(format_args!(
                    " (wire type {} instead of {}: the server ignores it)",
                    field.wire, spec.wire
                ));
            }
            add_unknown(&shown, field, &value)
        }
    }
}

fn add_known<'p>(
    shown: &Shown<'_, 'p>,
    spec: &'static Spec,
    field: &MsgField<'p>,
    value: &MsgValue<'p>,
) -> Guarded {
    match value {
        MsgValue::Uint(number) => number::number(shown, spec, field, *number),
        MsgValue::Str(_) | MsgValue::Buf(_) => buffer::buffer(shown, spec, field),
        MsgValue::Uints(uints) => list::uints(shown, spec.kind, *uints),
        MsgValue::Array(array) => list::array(shown, spec.kind, array),
        MsgValue::List(items) => list::list(shown, spec.kind, items),
    }
}

/// A field that no table knows, by its wire type.
fn add_unknown<'p>(shown: &Shown<'_, 'p>, field: &MsgField<'p>, value: &MsgValue<'p>) -> Guarded {
    match value {
        MsgValue::Uint(number) => {
            shown.add(&NUMBER, field.data)?;
            shown.label(format_args!("{number}"));
        }
        MsgValue::Str(text) => {
            string(shown.heading, &TEXT, field.data, text)?;
            shown.label(format_args!("\"{}\"", LossyText(text)));
        }
        MsgValue::Buf(bytes) => {
            if !bytes.is_empty() {
                shown.add(&BYTES, bytes)?;
            }
            shown.label(format_args!("{} bytes", bytes.len()));
        }
        MsgValue::Uints(uints) => list::uints(shown, Kind::Uints, *uints)?,
        MsgValue::Array(array) => list::array(shown, Kind::Bufs, array)?,
        MsgValue::List(items) => list::list(shown, Kind::UintList, items)?,
    }
    Ok(())
}
