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

use crate::epan::plugin::register;
use crate::protocols::{ADMIN, AEROSPIKE, BATCH, FABRIC, HEARTBEAT, INFO, MESSAGE};

/// Registers every field, bit set and expert item.
pub fn register() {
    register::fields(&AEROSPIKE, crate::epan::fields::expert::FIELDS);
    register::fields(&AEROSPIKE, shared::common::FIELDS);
    register::fields(&AEROSPIKE, client::proto::FIELDS);
    register::experts(&AEROSPIKE, client::proto::EXPERTS);
    register::fields(&AEROSPIKE, client::stream::FIELDS);
    register::fields(&AEROSPIKE, client::compressed::FIELDS);
    register::fields(&AEROSPIKE, exchange::links::FIELDS);
    register::experts(&AEROSPIKE, exchange::links::EXPERTS);
    register::fields(&AEROSPIKE, exchange::times::FIELDS);
    register::fields(&AEROSPIKE, exchange::verdicts::FIELDS);
    register::fields(&AEROSPIKE, exchange::doubts::FIELDS);
    register::experts(&AEROSPIKE, exchange::verdicts::EXPERTS);
    register::fields(&AEROSPIKE, exchange::owner::FIELDS);
    register::experts(&AEROSPIKE, exchange::owner::EXPERTS);
    register::experts(&AEROSPIKE, client::header::EXPERTS);
    register::fields(&INFO, info::message::FIELDS);
    register::experts(&AEROSPIKE, info::message::EXPERTS);
    register::fields(&INFO, info::value::FIELDS);
    register::fields(&ADMIN, admin::message::FIELDS);
    register::fields(&ADMIN, admin::field::FIELDS);
    register::fields(&MESSAGE, client::header::FIELDS);
    register::bit_sets(&MESSAGE, client::header::BIT_SETS);
    register::fields(&MESSAGE, client::field::FIELDS);
    register::bit_sets(&MESSAGE, client::field::BIT_SETS);
    register::fields(&MESSAGE, shared::index::FIELDS);
    register::fields(&MESSAGE, client::op::FIELDS);
    register::bit_sets(&MESSAGE, client::op::BIT_SETS);
    register::fields(&MESSAGE, values::fields::value::FIELDS);
    register::fields(&MESSAGE, values::fields::cdt::FIELDS);
    register::bit_sets(&MESSAGE, values::fields::cdt::BIT_SETS);
    register::fields(&MESSAGE, values::fields::expression::FIELDS);
    register::bit_sets(&MESSAGE, values::fields::expression::BIT_SETS);
    register::fields(&MESSAGE, values::predexp::FIELDS);
    register::fields(&BATCH, client::batch::FIELDS);
    register::bit_sets(&BATCH, client::batch::BIT_SETS);
    register::experts(&AEROSPIKE, client::batch::EXPERTS);
    register::experts(&AEROSPIKE, shared::common::EXPERTS);
    register::experts(&AEROSPIKE, shared::result::EXPERTS);
    register::experts(&AEROSPIKE, shared::hint::EXPERTS);
    register::fields(&AEROSPIKE, internode::container::FIELDS);
    register::fields(&AEROSPIKE, internode::bad_header::FIELDS);
    register::fields(&HEARTBEAT, internode::pieces::heartbeat::FIELDS);
    register::fields(&HEARTBEAT, internode::heartbeat::FIELDS);
    register::fields(&HEARTBEAT, internode::pieces::endpoints::FIELDS);
    register::bit_sets(&HEARTBEAT, internode::pieces::endpoints::BIT_SETS);
    register::fields(&FABRIC, internode::pieces::fabric::FIELDS);
    register::bit_sets(&FABRIC, internode::pieces::fabric::BIT_SETS);
    register::fields(&FABRIC, internode::pieces::exchange::FIELDS);
    register::fields(&FABRIC, internode::pieces::services::FIELDS);
    register::fields(&FABRIC, internode::pieces::paxos::FIELDS);
    register::fields(&FABRIC, internode::pieces::smd::FIELDS);
    register::fields(&FABRIC, internode::record::FIELDS);
    register::bit_sets(&FABRIC, internode::record::BIT_SETS);
}
