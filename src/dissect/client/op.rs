//! Operations (bins) of a message or batch row.

use super::field;
use crate::dissect::exchange::context::MessageContext;
use crate::dissect::shared::common;
use crate::dissect::shared::common::BIN_NAME;
use crate::dissect::shared::hint;
use crate::dissect::values::bin;
use crate::epan::{Guarded, Tree};
use crate::wire::client::fields::op::{
    CODE_AT, FLAGS_AT, NAME_SIZE_AT, Op, OpCode, OpFlags, PARTICLE_AT, SIZE_AT,
};
use crate::wire::client::proto::Order;
use crate::wire::ground::text::LossyText;
use crate::wire::ground::time::UpdateTime;
use crate::wire::values::particle::order::{self, OrderFault};
use crate::wire::values::particle::{ParticleType, Value};

fields! {
    OP: String, "aerospike.op", "Operation", "Name of an operation without a bin: its line; that of any other is its bin's name";
    OP_SIZE: U32, "aerospike.op.size", "Operation size", "Length of what follows";
    OP_TYPE: U8, "aerospike.op.type", "Operation type", "What to do, or what produced the value" .values(OpCode::TABLE);
    OP_PARTICLE: U8, "aerospike.op.particle_type", "Particle type", "Type of the value" .values(ParticleType::TABLE);
    NAME_SIZE: U8, "aerospike.op.name_size", "Bin name length", "Length of the bin name";
}

bit_sets! {
    OP_FLAGS: U8 of OpFlags, "aerospike.op.flags", "Operation flags", "Flags of an operation";
}

/// One operation: its heading, header, name and value.
///
/// # Errors
/// What Wireshark threw.
pub fn op<'p>(context: &MessageContext<'p>, tree: &Tree<'p>, op: &Op<'p>) -> Guarded {
    let heading = if op.name.is_empty() {
        let item = tree.text(&OP, op.bytes, format_args!("{}", op.code))?;
        tree.under(item.label(format_args!("{}", op.code)), &OP)?
    } else {
        let item = tree.text(&BIN_NAME, op.bytes, format_args!("{}", LossyText(op.name)))?;
        let heading = tree.under(item, &BIN_NAME)?;
        heading
            .item()
            .label(format_args!("{} {}", op.code, LossyText(op.name)));
        heading
    };
    heading.add_in(&OP_SIZE, &op.bytes[SIZE_AT], context.order)?;
    heading.add(&OP_TYPE, &op.bytes[CODE_AT])?;
    heading.add(&OP_PARTICLE, &op.bytes[PARTICLE_AT])?;
    heading.bits(&OP_FLAGS, &op.bytes[FLAGS_AT], Order::Big)?;
    heading.add(&NAME_SIZE, &op.bytes[NAME_SIZE_AT])?;
    if let Some(lut) = &op.lut {
        field::update_time(&heading, lut.bytes, UpdateTime(lut.value))?;
    }
    if context.is_request {
        hint::too_new(&heading, op.code, op.code.since())?;
    }
    let value = if context.is_request {
        op.argument()
    } else {
        op.content()
    };
    if let (true, Ok(Value::List(bytes) | Value::Map(bytes))) = (context.is_request, &value) {
        match order::fault(bytes) {
            Some(OrderFault::Unordered) => heading.expert(&hint::UNORDERED, format_args!(""))?,
            Some(OrderFault::KeyType) => heading.expert(&hint::KEY_TYPE, format_args!(""))?,
            None => {}
        }
    }
    match value {
        Ok(value) => bin::bin(&heading, op, &value, context.is_request),
        Err(error) => common::malformed_in(&heading, op.value, &error),
    }
}
