//! Values to tree items, columns and expert items. The file names are those of `wire`.

pub mod admin;
pub mod admin_field;
pub mod admin_line;
pub mod batch;
pub mod cdt;
pub mod client;
pub mod column;
pub mod common;
pub mod compressed;
pub mod expression;
pub mod fabric;
pub mod field;
pub mod heartbeat;
pub mod info;
pub mod info_line;
pub mod info_text;
pub mod info_value;
pub mod line;
pub mod links;
pub mod message;
pub mod msg;
pub mod op;
pub mod predexp;
pub mod record;
pub mod remember;
pub mod taps;
pub mod value;
pub mod walk;

use crate::epan::register;
use crate::protocols::{ADMIN, AEROSPIKE, BATCH, FABRIC, HEARTBEAT, INFO, MESSAGE};

/// Registers every field, bit set and expert item.
pub fn register() {
    register::fields(&AEROSPIKE, common::FIELDS);
    register::fields(&AEROSPIKE, client::FIELDS);
    register::fields(&AEROSPIKE, compressed::FIELDS);
    register::fields(&AEROSPIKE, links::FIELDS);
    register::experts(&AEROSPIKE, links::EXPERTS);
    register::experts(&AEROSPIKE, message::EXPERTS);
    register::fields(&INFO, info::FIELDS);
    register::fields(&INFO, info_value::FIELDS);
    register::fields(&ADMIN, admin::FIELDS);
    register::fields(&ADMIN, admin_field::FIELDS);
    register::fields(&MESSAGE, message::FIELDS);
    register::bit_sets(&MESSAGE, message::BIT_SETS);
    register::fields(&MESSAGE, field::FIELDS);
    register::fields(&MESSAGE, op::FIELDS);
    register::bit_sets(&MESSAGE, op::BIT_SETS);
    register::fields(&MESSAGE, value::FIELDS);
    register::fields(&MESSAGE, cdt::FIELDS);
    register::bit_sets(&MESSAGE, cdt::BIT_SETS);
    register::fields(&MESSAGE, expression::FIELDS);
    register::bit_sets(&MESSAGE, expression::BIT_SETS);
    register::fields(&MESSAGE, predexp::FIELDS);
    register::fields(&BATCH, batch::FIELDS);
    register::bit_sets(&BATCH, batch::BIT_SETS);
    register::experts(&AEROSPIKE, common::EXPERTS);
    register::fields(&AEROSPIKE, msg::FIELDS);
    register::fields(&AEROSPIKE, msg::refused::FIELDS);
    register::fields(&HEARTBEAT, heartbeat::FIELDS);
    register::bit_sets(&HEARTBEAT, heartbeat::BIT_SETS);
    register::fields(&FABRIC, fabric::FIELDS);
    register::bit_sets(&FABRIC, fabric::BIT_SETS);
    register::fields(&FABRIC, fabric::exchange::FIELDS);
    register::fields(&FABRIC, fabric::info::FIELDS);
    register::fields(&FABRIC, fabric::paxos::FIELDS);
    register::fields(&FABRIC, fabric::smd::FIELDS);
    register::fields(&FABRIC, record::FIELDS);
    register::bit_sets(&FABRIC, record::BIT_SETS);
}
