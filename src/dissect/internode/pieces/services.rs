//! INFO: the addresses that nodes tell each other.

use crate::dissect::internode::container::Shown;
use crate::epan::Guarded;
use crate::wire::ground::text::LossyText;
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
pub(in crate::dissect::internode) fn services(shown: &Shown<'_, '_>) -> Guarded {
    let tree = shown.text(&SERVICES)?;
    for service in info::services(shown.field.text()) {
        tree.text(&SERVICE, service, format_args!("{}", LossyText(service)))?
            .set_generated();
    }
    Ok(())
}
