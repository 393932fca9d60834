//! Multi-record transactions: the monitor record that a client writes beside its records.
//!
//! Source: client-protocol 12.2

use super::{Info2, Message};
use crate::wire::client::fields::field::FieldType;
use crate::wire::client::fields::op::OpCode;

/// The set of the monitor records; the key is the transaction's id as an integer.
pub const MONITOR_SET: &[u8] = b"<ERO~MRT";

table! {
    /// What a request to the monitor record is for; the numbers are ours, in the order of a transaction.
    ///
    /// Source: client-protocol 12.2
    pub MonitorStep: u8 {
        0 => READ as "read monitor",
        1 => OPEN as "open transaction": "bin id",
        2 => ADD_KEYS as "add keys to transaction": "bin keyds",
        3 => ROLL_FORWARD as "mark roll forward": "bin fwd",
        4 => CLOSE as "close transaction",
    }
}

/// The step of a request, if it goes to a monitor record.
#[must_use]
pub fn monitor_step(message: &Message<'_>) -> Option<MonitorStep> {
    let is_monitor = |field: crate::wire::client::fields::field::Field<'_>| {
        field.kind == FieldType::SET && field.data == MONITOR_SET
    };
    if !message.fields().flatten().any(is_monitor) {
        return None;
    }
    let info2 = message.header.info2;
    if info2.contains(Info2::DELETE) {
        return Some(MonitorStep::CLOSE);
    }
    if !info2.contains(Info2::WRITE) {
        return Some(MonitorStep::READ);
    }
    let mut step = MonitorStep::READ;
    for op in message.ops().flatten() {
        match (op.code, op.name) {
            (OpCode::WRITE, b"fwd") => return Some(MonitorStep::ROLL_FORWARD),
            (OpCode::WRITE, b"id") => return Some(MonitorStep::OPEN),
            (OpCode::CDT_MODIFY, b"keyds") => step = MonitorStep::ADD_KEYS,
            _ => {}
        }
    }
    Some(step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::client::proto::Order;

    fn step(info2: u8, set: &[u8], ops: &[&[u8]]) -> Option<MonitorStep> {
        let mut bytes = vec![22, 0, info2];
        bytes.extend([0; 16]);
        bytes.extend([1, 0, ops.len() as u8, 0, 0, 0, set.len() as u8 + 1, 1]);
        bytes.extend(set);
        bytes.extend(ops.concat());
        let (_, message) = Message::parse(Order::Big, &bytes).unwrap();
        assert_eq!(message.fault(), None);
        monitor_step(&message)
    }

    #[test]
    fn steps_of_a_transaction() {
        let id: &[u8] = b"\0\0\0\x06\x02\x01\0\x02id";
        let keys: &[u8] = b"\0\0\0\x09\x04\x04\0\x05keyds";
        let forward: &[u8] = b"\0\0\0\x07\x02\x11\0\x03fwd";
        assert_eq!(step(1, MONITOR_SET, &[id, keys]), Some(MonitorStep::OPEN));
        assert_eq!(step(1, MONITOR_SET, &[keys]), Some(MonitorStep::ADD_KEYS));
        assert_eq!(step(1, MONITOR_SET, &[forward]), Some(MonitorStep::ROLL_FORWARD));
        assert_eq!(step(0x13, MONITOR_SET, &[]), Some(MonitorStep::CLOSE));
        assert_eq!(step(0, MONITOR_SET, &[]), Some(MonitorStep::READ));
        assert_eq!(step(1, b"demo", &[id]), None);
    }
}
