//! Service response times: from a request to the end of its answer, by operation. The times of each server node are in
//! the latency report.

use super::shared::operation::Operation;
use crate::epan::reports::stats::{Listener, Srt, has_windows};
use crate::track::client::transactions::RequestKind;
use crate::track::record::{Record, Records};

/// Tables.
const OPERATIONS: u32 = 0;
const COMMANDS: u32 = 1;

/// The listener.
pub struct Times;

impl Listener<Records, Srt> for Times {
    fn on_open(srt: &Srt) {
        // A row's index is the operation's code: the menu of a window makes a filter of it.
        srt.table(c"Operations", c"Operation", Some(c"aerospike.operation"));
        // Windows show every table but a lone one twice, the second time empty.
        if !has_windows() {
            srt.table(c"Info and security", c"Command", None);
        }
    }

    fn packet(record: &Record<'_>, srt: &Srt) -> bool {
        if record.messages_missing() > 0 {
            crate::epan::plugin::register::log(c"Aerospike service response times: a frame has more messages than Wireshark hands over; the rest is not counted");
        }
        let (Some(_), Some(transaction)) = (record.response_time(), record.transaction) else {
            return false;
        };
        let (table, row) = match record.what {
            RequestKind::Message(request) => (
                OPERATIONS,
                srt.row(OPERATIONS, Some(request.0), format_args!("{request}")),
            ),
            _ if srt.tables() <= COMMANDS => return false,
            _ => (
                COMMANDS,
                srt.row(COMMANDS, None, format_args!("{}", Operation::of(record))),
            ),
        };
        srt.count(table, row, transaction.asked_at);
        true
    }
}
