//! INFO: nodes tell each other the addresses that they tell clients. Not the clients' info protocol.

use crate::wire::internode::container::MsgType;
use crate::wire::internode::container::spec::MsgTable;

specs! {
    /// Fields of INFO.
    ///
    /// Source: internode-protocol 5.7
    pub Fields {
        0 => OP: UINT32 Op,
        1 => GENERATION: UINT32 Uint; "always 1, echoed by ACK",
        2 => SERVICE_ADDRESS: STR Services,
        3 => ALT_ADDRESS: STR Services; "since 3.7",
        4 => SERVICES_CLEAR_STD: STR Services; "since 3.10",
        5 => SERVICES_TLS_STD: STR Services; "since 3.10",
        6 => SERVICES_CLEAR_ALT: STR Services; "since 3.10",
        7 => SERVICES_TLS_ALT: STR Services; "since 3.10",
        8 => TLS_NAME: STR Text; "since 3.10",
    }
}

table! {
    /// Operation of INFO.
    ///
    /// Source: internode-protocol 5.7
    pub InfoOp: u32 {
        0 => UPDATE,
        1 => ACK,
        2 => UPDATE_REQ: "an update that asks for the other's",
    }
}

/// INFO.
pub static TABLE: MsgTable = MsgTable {
    kind: MsgType::INFO,
    name: "INFO",
    fields: Fields::TABLE,
    ops: InfoOp::TABLE,
};

/// The items `addr:port` of a service list; `;` separates them in the legacy fields, `,` in the others.
///
/// Source: internode-protocol 5.7
pub fn services(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| matches!(byte, b';' | b','))
        .filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_separators() {
        let items: Vec<_> = services(b"10.0.0.1:3000,[fd00::1]:3000;x:1,").collect();
        assert_eq!(items, [&b"10.0.0.1:3000"[..], b"[fd00::1]:3000", b"x:1"]);
        assert_eq!(services(b"").count(), 0);
    }
}
