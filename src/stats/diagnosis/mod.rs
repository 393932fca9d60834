//! The diagnosis: what only many connections together show, one line a finding, from the taps of TCP and of Aerospike.
//!
//! Wireshark asks for nothing before it shows the table, so findings are written as soon as they change. Both taps
//! are heard only while the table is open.

pub mod finding;
pub mod lines;
pub mod maps;
pub mod nodes;
pub mod paths;
pub mod pools;
pub mod results;
pub mod segment;
pub mod silence;
pub mod stops;
pub mod tcp;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, PoisonError};

use self::finding::{Finding, Findings, Key, Kind};
use self::maps::Maps;
use self::results::{Outcome, Results};
use self::segment::{End, Segment};
use self::silence::Errand;
use self::tcp::Tcp;
use super::Operation;
use crate::epan::stats::{Cell, Column, Report, Sheet};
use crate::epan::tcp_tap::{Listening, TcpSegment};
use crate::track::fabric::Part;
use crate::track::record::{Event, Record, Records, Step, Touch};
use crate::track::transactions::What;
use crate::wire::client::guess::Looks;
use crate::wire::client::key::KeyLiteral;
use crate::wire::client::request::Request;
use crate::wire::client::result_code::ResultCode;
use crate::wire::internode::fabric::links::Class;

const NUMBER: u8 = 2;
/// The admin port answers no messages.
const ADMIN: u16 = 3008;

/// What is known while the table is open; the tap of TCP has no other way to it.
static STATE: Mutex<Option<State>> = Mutex::new(None);

#[derive(Default)]
struct State {
    tcp: Tcp,
    results: Results,
    maps: Maps,
    findings: Findings,
    start: Option<i64>,
}

/// The report.
#[derive(Default)]
pub struct Diagnosis {
    listening: Option<Listening>,
}

impl Drop for Diagnosis {
    fn drop(&mut self) {
        *STATE.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Report<Records> for Diagnosis {
    const NUMBER: u8 = NUMBER;
    const TITLE: &'static core::ffi::CStr = c"Aerospike Diagnosis";
    const CLI: &'static core::ffi::CStr = c"aerospike,diagnosis";
    const COLUMNS: &'static [Column] = &[
        Column::new(c"No.", Cell::Unsigned, 4),
        Column::new(c"Finding", Cell::Text, 22),
        Column::new(c"Who", Cell::Text, 36),
        Column::new(c"From (s)", Cell::Decimal(3), 10),
        Column::new(c"To (s)", Cell::Decimal(3), 10),
        Column::new(c"Count", Cell::Unsigned, 7),
        Column::new(c"First frame", Cell::Unsigned, 11),
        Column::new(c"Details", Cell::Text, 40),
    ];
    const TABLES: &'static [&'static core::ffi::CStr] = &[c"Findings"];

    fn opened(&mut self, sheet: &Sheet) {
        *STATE.lock().unwrap_or_else(PoisonError::into_inner) = Some(State::default());
        self.listening = Some(Listening::start(NUMBER, segment));
        // A row without values is not shown.
        let _ = sheet.row(0, 0);
    }

    fn packet(&mut self, record: &Record<'_>, sheet: &Sheet) -> bool {
        let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
        state.as_mut().is_some_and(|state| {
            state.record(record);
            state.write(sheet)
        })
    }
}

fn segment(segment: &TcpSegment<'_>) {
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(state) = state.as_mut() else { return };
    state.start = Some(segment.start);
    let end = |(address, port): (&[u8], u16)| End::new(address, port);
    let segment = Segment {
        time: segment.time,
        frame: segment.frame,
        from: end(segment.source),
        to: end(segment.destination),
        flags: segment.flags,
        seq: segment.seq,
        ack: segment.ack,
        length: segment.length,
        window: segment.window,
    };
    state.tcp.segment(&segment, &mut state.findings);
    state.write(&Sheet::of(NUMBER));
}

impl State {
    fn write(&mut self, sheet: &Sheet) -> bool {
        if !self.findings.has_changed() {
            return false;
        }
        let start = self.start.unwrap_or(0);
        let seconds = |time: i64| (time - start) as f64 / 1e9;
        for (id, finding) in self.findings.changed() {
            let Ok(number) = u32::try_from(id) else { continue };
            let Some(row) = sheet.row(0, number) else { continue };
            row.unsigned(0, number + 1);
            row.text(1, format_args!("{}", finding.kind.name()));
            row.text(2, format_args!("{}", finding.who));
            row.decimal(3, seconds(finding.from));
            row.decimal(4, seconds(finding.to));
            row.unsigned(5, finding.count);
            row.unsigned(6, finding.frame);
            row.text(7, format_args!("{}", finding.details));
        }
        true
    }

    fn record(&mut self, record: &Record<'_>) {
        self.start.get_or_insert(record.time);
        let client = End::new(record.client.address, record.client.port);
        let server = End::new(record.server.address, record.server.port);
        self.tcp.tick(record.time, &mut self.findings);
        match record.event {
            Event::Asked => {
                let is_message = matches!(record.what, What::Message(_));
                let errand = errand(record, client).filter(|_| server.port != ADMIN);
                self.tcp.asked((client, server), record.time, is_message, errand);
                self.tried_again(record, client, server);
            }
            Event::Answered { is_last, .. } => {
                self.answered(record, client, server);
                if is_last
                    && record
                        .transaction
                        .is_some_and(|transaction| transaction.applied_again)
                {
                    self.duplicate(record, client, server);
                }
            }
            Event::Refused { looks } => self.refused(record, looks, client, server),
            Event::Internode { kind, step, .. } => {
                if matches!(kind, "MIGRATE" | "EXCHANGE") {
                    self.maps.changed(record.time);
                }
                if let Some(step) = step {
                    self.step(record, &step, client.host(), server.host());
                }
            }
        }
    }

    /// One node asks or answers another.
    fn step(&mut self, record: &Record<'_>, step: &Step, from: End, to: End) {
        let at = (record.time, record.frame);
        self.tcp.nodes.step((from, to), step, at, &mut self.findings);
        if (step.class, step.part) != (Class::Proxy, Part::Request) {
            return;
        }
        let (server, errand, is_new) = match self.tcp.servers.passes_on(from, step.digest.as_ref()) {
            Some((server, errand, is_new)) => (server, Some(errand), is_new),
            None => (from, None, true),
        };
        let client = errand.map_or_else(End::default, |errand| errand.client.host());
        let asked = errand.map_or(at, |errand| (errand.since, errand.frame));
        let ends = (client, server, to);
        self.maps
            .passed_on(ends, asked, is_new, record.time, &mut self.findings);
    }

    fn tried_again(&mut self, record: &Record<'_>, client: End, server: End) {
        let Some(transaction) = record.transaction.filter(|transaction| transaction.retry_of != 0) else {
            return;
        };
        let key = Key {
            kind: Kind::Retries,
            ends: (client.host(), server),
            more: Vec::new(),
        };
        let made = || Finding {
            details: format!(
                "requests sent again while the first try was open; the first one's is frame {}",
                transaction.retry_of
            ),
            ..line(Kind::Retries, format!("{} to {server}", client.host()), record)
        };
        self.findings.count(key, record.time, made);
    }

    fn duplicate(&mut self, record: &Record<'_>, client: End, server: End) {
        let Some(transaction) = record.transaction else {
            return;
        };
        let touch = record.touches.first();
        let more = touch.map_or_else(Vec::new, |touch| touch.digest.to_vec());
        let key = Key {
            kind: Kind::DuplicateWrite,
            ends: (client.host(), server),
            more,
        };
        let name = touch.map_or_else(String::new, |touch| {
            format!(" {}", crate::wire::ground::text::Hex(&touch.digest))
        });
        let made = || Finding {
            from: transaction.asked_at,
            frame: transaction.request_frame,
            details: format!(
                "{} applied again, after an earlier try of it was: it counts more than once",
                Operation::of(record)
            ),
            ..line(Kind::DuplicateWrite, format!("{}{name}", client.host()), record)
        };
        self.findings.count(key, record.time, made);
    }

    fn refused(&mut self, record: &Record<'_>, looks: Looks, client: End, server: End) {
        let requests = self.tcp.refused(client, server);
        let kind = if requests > 0 {
            Kind::LostBoundaries
        } else {
            Kind::Unsupported
        };
        let more = if requests > 0 {
            client.port.to_be_bytes().to_vec()
        } else {
            looks.words().into()
        };
        let key = Key {
            kind,
            ends: (client.host(), server),
            more,
        };
        let made = || match kind {
            Kind::LostBoundaries => Finding {
                details: format!(
                    "after {requests} requests the next bytes are no header: the size of a message does not fit what was sent"
                ),
                ..line(kind, format!("{client} to {server}"), record)
            },
            _ => Finding {
                details: format!("looks like {looks}"),
                ..line(kind, format!("{} to {server}", client.host()), record)
            },
        };
        self.findings.count(key, record.time, made);
    }

    fn outcome(&mut self, outcome: &Outcome<'_>) {
        let nodes = &self.tcp.nodes;
        if let (ResultCode::TIMEOUT, Some(digest)) = (outcome.result, &outcome.digest) {
            let culprit = nodes.awaited(outcome.server.host(), digest);
            if culprit.is_some_and(|node| nodes.is_stalled(node)) {
                return;
            }
        }
        self.results.outcome(outcome, &mut self.maps, &mut self.findings);
    }

    fn answered(&mut self, record: &Record<'_>, client: End, server: End) {
        let operation = |touch: Option<&Touch<'_>>| match (touch, record.what) {
            (Some(touch), What::Message(Request::BATCH | Request::BATCH_DIRECT)) => {
                format!("batch {}", touch.request)
            }
            _ => Operation::brief(record).to_string(),
        };
        let outcome = |namespace, set, touch: Option<&Touch<'_>>, writes, result| Outcome {
            time: record.time,
            frame: record.frame,
            client,
            server,
            namespace,
            set,
            digest: touch.map(|touch| touch.digest),
            key: touch
                .and_then(|touch| touch.key)
                .map(|key| KeyLiteral(&key).to_string()),
            operation: if result == ResultCode::OK {
                String::new()
            } else {
                operation(touch)
            },
            writes,
            result,
        };
        for touch in record.touches {
            let Some(result) = touch.result else { continue };
            let outcome = outcome(touch.namespace, touch.set, Some(touch), touch.writes, result);
            self.outcome(&outcome);
        }
        if record.touches.is_empty() {
            let writes = record.transaction.is_some_and(|transaction| transaction.writes);
            for result in record.results {
                let outcome = outcome(record.namespace, record.set, None, writes, *result);
                self.outcome(&outcome);
            }
        }
    }
}

/// What to expect of the answer, where it comes soon if all is well.
fn errand(record: &Record<'_>, client: End) -> Option<Errand> {
    let What::Message(kind) = record.what else {
        return None;
    };
    let is_slow = matches!(
        kind,
        Request::UDF | Request::AGGREGATE | Request::BACKGROUND_UDF | Request::BACKGROUND_OPS
    );
    if kind.is_query() || is_slow {
        return None;
    }
    let is_batch = matches!(kind, Request::BATCH | Request::BATCH_DIRECT);
    let only = record.touches.first().filter(|_| !is_batch);
    Some(Errand {
        since: record.time,
        frame: record.frame,
        client,
        digest: only.map(|touch| touch.digest),
        is_long: is_batch,
    })
}

fn line(kind: Kind, who: String, record: &Record<'_>) -> Finding {
    Finding::new(kind, who, (record.time, record.frame), record.time)
}
