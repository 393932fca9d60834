//! The overview: how many messages of which kind, by whom, about what, with which results.

use core::ffi::CStr;

use super::shared::operation::Operation;
use crate::epan::reports::stats::{Counters, Listener};
use crate::track::client::transactions::RequestKind;
use crate::track::record::{Event, Record, Records};
use crate::wire::ground::text::LossyText;

/// Headings, in their order.
const MESSAGES: &CStr = c"Message types";
const OPERATIONS: &CStr = c"Operations";
const RESULTS: &CStr = c"Result codes";
const PLACES: &CStr = c"Namespaces and sets";
const NODES: &CStr = c"Server nodes";
const CLIENTS: &CStr = c"Clients";
const INTERNODE: &CStr = c"Between nodes";

/// The listener.
pub struct Overview;

impl Listener<Records, Counters> for Overview {
    fn on_open(counters: &Counters) {
        for heading in [MESSAGES, OPERATIONS, RESULTS, PLACES, NODES, CLIENTS, INTERNODE] {
            counters.heading(heading);
        }
    }

    fn packet(record: &Record<'_>, counters: &Counters) -> bool {
        match record.messages_missing() {
            0 => {}
            missing => {
                let below = heading(counters, MESSAGES, missing);
                let most = crate::epan::memory::MOST_TAPPED;
                counters.count(
                    below,
                    format_args!("(beyond {most} a frame: counted here alone)"),
                    false,
                    missing,
                );
            }
        }
        let one = |name: &'static CStr, text: core::fmt::Arguments<'_>| {
            counters.count(heading(counters, name, 1), text, false, 1);
        };
        if let Event::Internode {
            protocol, kind, op, ..
        } = record.event
        {
            one(MESSAGES, format_args!("{protocol}"));
            let below = counters.count(
                heading(counters, INTERNODE, 1),
                format_args!("{protocol}"),
                true,
                1,
            );
            let space = if op.is_empty() { "" } else { " " };
            counters.count(below, format_args!("{kind}{space}{op}"), false, 1);
            return true;
        }
        if let Event::Refused { .. } = record.event {
            return false;
        }
        let is_request = matches!(record.event, Event::Asked);
        let direction = if is_request { "request" } else { "response" };
        match record.what {
            RequestKind::Info => one(MESSAGES, format_args!("info {direction}")),
            RequestKind::Security(_) => one(MESSAGES, format_args!("security {direction}")),
            RequestKind::Message(_) => one(MESSAGES, format_args!("message {direction}")),
            RequestKind::Other => one(MESSAGES, format_args!("other {direction}")),
        }
        one(NODES, format_args!("{}", record.server));
        if is_request {
            one(OPERATIONS, format_args!("{}", Operation::of(record)));
            one(CLIENTS, format_args!("{}", record.client.host()));
            places(record, counters);
        }
        for result in record.results {
            one(RESULTS, format_args!("{result}"));
        }
        true
    }
}

/// The heading's number; the heading counts, too.
fn heading(counters: &Counters, name: &'static CStr, by: u32) -> i32 {
    counters.count(0, format_args!("{}", name.to_str().unwrap_or("")), true, by)
}

/// The places of the records that are asked for, or of the request as a whole.
fn places(record: &Record<'_>, counters: &Counters) {
    if record.touches.is_empty() && !record.namespace.is_empty() {
        place(counters, record.namespace, record.set, 1);
    }
    // Rows of a batch mostly agree.
    let mut rest = record.touches;
    while let Some(first) = rest.first() {
        let same = rest
            .iter()
            .take_while(|touch| touch.namespace == first.namespace && touch.set == first.set)
            .count();
        let by = u32::try_from(same).unwrap_or(u32::MAX);
        place(counters, first.namespace, first.set, by);
        rest = rest.get(same..).unwrap_or_default();
    }
}

fn place(counters: &Counters, namespace: &[u8], set: &[u8], by: u32) {
    let heading = heading(counters, PLACES, by);
    let below = counters.count(heading, format_args!("{}", LossyText(namespace)), true, by);
    if set.is_empty() {
        counters.count(below, format_args!("(no set)"), false, by);
    } else {
        counters.count(below, format_args!("{}", LossyText(set)), false, by);
    }
}
