//! Service response times: from a request to the end of its answer, by operation and by server node.

use super::operation::Operation;
use crate::epan::stats::{Listener, Srt, has_windows};
use crate::track::record::{Record, Records};

/// Tables.
const OPERATIONS: u32 = 0;
const NODES: u32 = 1;

/// The listener.
pub struct Times;

impl Listener<Records, Srt> for Times {
    fn opened(srt: &Srt) {
        srt.table(c"Operations", c"Operation");
        // Windows show every table but a lone one twice, the second time empty.
        if !has_windows() {
            srt.table(c"Server nodes", c"Server node");
        }
    }

    fn packet(record: &Record<'_>, srt: &Srt) -> bool {
        if record.messages_missing() > 0 {
            crate::epan::register::log(c"Aerospike service response times: a frame has more messages than Wireshark hands over; the rest is not counted");
        }
        let (Some(_), Some(transaction)) = (record.response_time(), record.transaction) else {
            return false;
        };
        let operation = srt.row(OPERATIONS, format_args!("{}", Operation::of(record)));
        srt.count(OPERATIONS, operation, transaction.asked_at);
        if srt.tables() > NODES {
            let node = srt.row(NODES, format_args!("{}", record.server));
            srt.count(NODES, node, transaction.asked_at);
        } else {
            let node = srt.row(OPERATIONS, format_args!("all on {}", record.server));
            srt.count(OPERATIONS, node, transaction.asked_at);
        }
        true
    }
}
