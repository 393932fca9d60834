//! INFO: the addresses that nodes tell each other.

use crate::dissect::internode::container::string;
use crate::epan::{Guarded, Tree};
use crate::wire::ground::text::LossyText;
use crate::wire::internode::container::MsgField;
use crate::wire::internode::fabric::info;

fields! {
    SERVICES: String, "aerospike.fabric.info.services", "Services", "Addresses and ports that a node tells clients";
    SERVICE: String, "aerospike.fabric.info.service", "Service", "One address and port";
    TLS_NAME: String, "aerospike.fabric.info.tls_name", "TLS name", "Name of the node in its certificate";
}

/// A list of services, and each of them.
///
/// # Errors
/// What Wireshark threw.
pub fn services<'p>(tree: &Tree<'p>, field: &MsgField<'p>) -> Guarded {
    let text = field.text();
    tree.item().append(format_args!(": {}", LossyText(text)));
    string(tree, &SERVICES, field.data, text)?;
    for service in info::services(text) {
        tree.text(&SERVICE, service, format_args!("{}", LossyText(service)))?
            .generated();
    }
    Ok(())
}
