//! Values to tree items, columns and expert items. The rooms are those of `wire`, in floors:
//! `shared`, `exchange`, then `values`, `info` and `admin`, then `client`, then `internode`; each uses only what is below.
#![forbid(unsafe_code)]

pub mod admin;
pub mod client;
pub mod exchange;
pub mod info;
pub mod internode;
pub mod shared;
pub mod values;

use crate::epan::register;
use crate::protocols::{ADMIN, AEROSPIKE, BATCH, FABRIC, HEARTBEAT, INFO, MESSAGE};

/// Registers every field, bit set and expert item.
pub fn register() {
    register::fields(&AEROSPIKE, crate::epan::expert::FIELDS);
    register::fields(&AEROSPIKE, shared::common::FIELDS);
    register::fields(&AEROSPIKE, client::stream::FIELDS);
    register::fields(&AEROSPIKE, client::compressed::FIELDS);
    register::fields(&AEROSPIKE, exchange::links::FIELDS);
    register::experts(&AEROSPIKE, exchange::links::EXPERTS);
    register::experts(&AEROSPIKE, client::message::EXPERTS);
    register::fields(&INFO, info::message::FIELDS);
    register::fields(&INFO, info::value::FIELDS);
    register::fields(&ADMIN, admin::message::FIELDS);
    register::fields(&ADMIN, admin::field::FIELDS);
    register::fields(&MESSAGE, client::message::FIELDS);
    register::bit_sets(&MESSAGE, client::message::BIT_SETS);
    register::fields(&MESSAGE, client::field::FIELDS);
    register::bit_sets(&MESSAGE, client::field::BIT_SETS);
    register::fields(&MESSAGE, client::op::FIELDS);
    register::bit_sets(&MESSAGE, client::op::BIT_SETS);
    register::fields(&MESSAGE, values::value::FIELDS);
    register::fields(&MESSAGE, values::cdt::FIELDS);
    register::bit_sets(&MESSAGE, values::cdt::BIT_SETS);
    register::fields(&MESSAGE, values::expression::FIELDS);
    register::bit_sets(&MESSAGE, values::expression::BIT_SETS);
    register::fields(&MESSAGE, values::predexp::FIELDS);
    register::fields(&BATCH, client::batch::FIELDS);
    register::bit_sets(&BATCH, client::batch::BIT_SETS);
    register::experts(&AEROSPIKE, client::batch::EXPERTS);
    register::experts(&AEROSPIKE, shared::common::EXPERTS);
    register::experts(&AEROSPIKE, shared::result::EXPERTS);
    register::fields(&AEROSPIKE, internode::container::FIELDS);
    register::fields(&AEROSPIKE, internode::container::refused::FIELDS);
    register::fields(&HEARTBEAT, internode::heartbeat::FIELDS);
    register::bit_sets(&HEARTBEAT, internode::heartbeat::BIT_SETS);
    register::fields(&FABRIC, internode::fabric::FIELDS);
    register::bit_sets(&FABRIC, internode::fabric::BIT_SETS);
    register::fields(&FABRIC, internode::fabric::exchange::FIELDS);
    register::fields(&FABRIC, internode::fabric::info::FIELDS);
    register::fields(&FABRIC, internode::fabric::paxos::FIELDS);
    register::fields(&FABRIC, internode::fabric::smd::FIELDS);
    register::fields(&FABRIC, internode::record::FIELDS);
    register::bit_sets(&FABRIC, internode::record::BIT_SETS);
}
