//! PAXOS, up to 3.13: changes of the cluster.

use crate::dissect::internode::container::{BYTES, node};
use crate::dissect::shared::common;
use crate::epan::{Guarded, Tree};
use crate::wire::client::proto::Order;
use crate::wire::internode::fabric::paxos::Change;

fields! {
    CHANGES: I32, "aerospike.fabric.paxos.change_count", "Number of changes", "Changes of the cluster";
}

/// The principal and the number of changes; the arrays behind them as they are.
///
/// # Errors
/// What Wireshark threw.
pub fn change<'p>(tree: &Tree<'p>, data: &'p [u8]) -> Guarded {
    let change = match Change::read(data) {
        Ok(change) => change,
        Err(error) => return common::add_error(tree, &error),
    };
    let principal = data.get(Change::PRINCIPAL).unwrap_or_default();
    node(tree, principal, change.principal, Order::Little)?.append(format_args!(" (principal)"));
    tree.add_in(
        &CHANGES,
        data.get(Change::COUNT).unwrap_or_default(),
        Order::Little,
    )?;
    if !change.rest.is_empty() {
        tree.add(&BYTES, change.rest)?;
    }
    Ok(())
}
