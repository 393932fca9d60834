//! Connections of clients over time: when each was opened and closed, and how much went over it.

use std::collections::HashMap;

use super::interval::Interval;
use crate::epan::taps::tcp_tap::TcpSegment;
use crate::epan::taps::tcp_tap::{ACK, FIN, RST, SYN};
use crate::stats::shared::endpoint::Endpoint;
use crate::stats::shared::intervals::Intervals;
use crate::track::record::Record;

/// Connections that are kept at most.
pub const MOST: usize = 500_000;
/// Segments of a connection that wait for the first message of ours; one that has more without is another's.
const EARLY: usize = 64;

#[derive(Default)]
struct Connection {
    /// When the server took it; none if that was not seen.
    opened: Option<i64>,
    closed: Option<i64>,
    /// A message of a client or its answer was on it.
    is_ours: bool,
    /// Until then: when how many bytes came.
    early: Vec<(i64, u32)>,
}

/// All of the capture.
#[derive(Default)]
pub struct Connections {
    by_stream: HashMap<u32, usize>,
    list: Vec<Connection>,
    /// The last segment: its frame, ends and connection.
    last: Option<(u32, [Endpoint; 2], usize)>,
    left_out: u32,
}

impl Connections {
    /// A segment: its bytes, if it is known to be one of ours. A copy of a packet has none.
    pub fn segment(&mut self, segment: &TcpSegment<'_>) -> Option<u32> {
        self.last = None;
        let next = self.list.len();
        let place = match self.by_stream.get(&segment.stream) {
            Some(place) => *place,
            None if next < MOST => {
                self.by_stream.insert(segment.stream, next);
                self.list.push(Connection::default());
                next
            }
            None => {
                self.left_out += u32::from(segment.flags & u16::from(SYN) != 0);
                return None;
            }
        };
        let ends = [segment.source, segment.destination];
        let ends = ends.map(|(address, port)| Endpoint::new(address, port));
        self.last = Some((segment.frame, ends, place));
        let connection = self.list.get_mut(place)?;
        let has = |flag: u8| segment.flags & u16::from(flag) != 0;
        if has(SYN) && has(ACK) {
            connection.opened = connection.opened.or(Some(segment.time));
        }
        if has(FIN) || has(RST) {
            connection.closed = connection.closed.or(Some(segment.time));
        }
        if segment.length == 0 || segment.is_copy {
            return None;
        }
        if connection.is_ours {
            return Some(segment.length);
        }
        if connection.early.len() < EARLY {
            connection.early.push((segment.time, segment.length));
        }
        None
    }

    /// A message of a client or its answer: the connection is one of ours.
    pub fn record(&mut self, record: &Record<'_>, intervals: &mut Intervals<Interval>) {
        let client = Endpoint::new(record.client.address, record.client.port);
        let Some((_, _, place)) = self
            .last
            .filter(|(frame, ends, _)| *frame == record.frame && ends.contains(&client))
        else {
            return;
        };
        let Some(connection) = self.list.get_mut(place).filter(|connection| !connection.is_ours) else {
            return;
        };
        connection.is_ours = true;
        for (time, bytes) in core::mem::take(&mut connection.early) {
            intervals.at(time).bytes += u64::from(bytes);
        }
    }

    /// For each of so many rows: how many were opened in it, and how many are open at its end.
    #[must_use]
    pub fn counts(&self, start: i64, width: i64, rows: usize) -> Vec<(u32, u32)> {
        let mut opened = vec![0u32; rows];
        let mut change = vec![0i64; rows];
        let place = |time: i64| usize::try_from((time - start).max(0) / width).unwrap_or(usize::MAX);
        for connection in self.list.iter().filter(|connection| connection.is_ours) {
            // What was there before the capture is open from its start on.
            let from = connection.opened.map_or(0, place);
            if let (Some(_), Some(count)) = (connection.opened, opened.get_mut(from)) {
                *count += 1;
            }
            if let Some(change) = change.get_mut(from) {
                *change += 1;
            }
            if let Some(change) = connection.closed.and_then(|closed| change.get_mut(place(closed))) {
                *change -= 1;
            }
        }
        let mut open = 0;
        let add = |(opened, change): (u32, i64)| {
            open += change;
            (opened, u32::try_from(open).unwrap_or(0))
        };
        opened.into_iter().zip(change).map(add).collect()
    }

    /// Connections that were too many.
    #[must_use]
    pub const fn left_out(&self) -> u32 {
        self.left_out
    }
}
