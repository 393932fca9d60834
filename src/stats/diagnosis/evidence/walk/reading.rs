//! What the bytes of a connection say: requests, and the bytes of the server that answer them.

use super::Walk;
use crate::epan::taps::tcp_tap::ACK;
use crate::stats::diagnosis::evidence::connection::UnreadBytes;
use crate::stats::diagnosis::evidence::order::distance;
use crate::stats::diagnosis::evidence::request::Request;
use crate::stats::diagnosis::log::{LoggedContent, LoggedMessage, LoggedSegment};
use crate::stats::shared::endpoint::MS;
use crate::track::client::transactions::RequestKind;
use crate::wire::client::message::request;
use crate::wire::client::message::result_code::ResultCode;

impl<'l> Walk<'l> {
    pub(super) fn messages(&self, frame: u32, role: usize) -> &'l [LoggedMessage] {
        let all: &'l [LoggedMessage] = &self.log.messages;
        let from = all.partition_point(|message| message.frame < frame);
        let to = all.partition_point(|message| message.frame <= frame);
        let side = if role == 0 { self.client } else { 1 - self.client };
        let part = all.get(from..to).unwrap_or_default();
        // Both directions never stand in one frame.
        if part.first().is_some_and(|message| message.side != side) {
            &[]
        } else {
            part
        }
    }

    /// What the bytes of a segment say.
    pub(super) fn read(&mut self, segment: &LoggedSegment, role: usize, start: u32) {
        if role == 0 {
            self.turn = self.turn.or(Some((segment.time, start)));
        } else {
            self.unread_request(segment);
        }
        let messages = self.messages(segment.frame, role);
        if role == 1 {
            self.answer_bytes(segment, messages.is_empty());
        }
        for message in messages {
            match message.content {
                LoggedContent::Request { .. } if role == 0 => self.request(segment, message),
                LoggedContent::Response { .. } if role == 1 => self.response(segment, message),
                LoggedContent::Refused(guess) => self.facts.refusals.push(UnreadBytes {
                    time: segment.time,
                    frame: segment.frame,
                    guess,
                    by_client: role == 0,
                    requests: u32::try_from(self.requests.len()).unwrap_or(u32::MAX),
                }),
                _ => {}
            }
        }
    }

    pub(super) fn request(&mut self, segment: &LoggedSegment, message: &LoggedMessage) {
        let LoggedContent::Request {
            timeout,
            fingerprint,
            counts_twice,
            writes,
        } = message.content
        else {
            return;
        };
        let is_in = |end: &u32| distance(*end, segment.seq) > 0 && distance(segment.end(), *end) >= 0;
        let end = message
            .end
            .filter(is_in)
            .unwrap_or_else(|| segment.seq.wrapping_add(segment.length));
        let (begun, start) = self.turn.unwrap_or((segment.time, segment.seq));
        let held_back = self
            .partly
            .take()
            .filter(|partly| *partly > begun && segment.time - partly < 2 * MS)
            .map(|partly| partly - begun);
        self.push(Request {
            held_back,
            size: message.size,
            what: message.what,
            name: message.name,
            place: message.place,
            rows: message.rows,
            timeout,
            fingerprint,
            counts_twice,
            writes,
            ..self.blank(segment, begun, start, end)
        });
        self.turn =
            (distance(segment.seq.wrapping_add(segment.length), end) > 0).then_some((segment.time, end));
    }

    /// A request of which nothing is known yet.
    pub(super) fn blank(&self, segment: &LoggedSegment, begun: i64, start: u32, end: u32) -> Request {
        Request {
            connection: self.number,
            frame: segment.frame,
            begun,
            sent: segment.time,
            start,
            end,
            size: 0,
            what: RequestKind::Other,
            name: 0,
            place: 0,
            rows: (0, 0),
            answer_rows: (0, 0),
            timeout: 0,
            fingerprint: 0,
            counts_twice: false,
            writes: false,
            acknowledged: None,
            held_back: None,
            resent: 0,
            resent_at: None,
            first: None,
            last: None,
            bytes: 0,
            is_complete: false,
            result: None,
            results: 0,
            delivered: None,
            given_up: None,
            dropped: None,
            after_fin: self
                .facts
                .of_server
                .fin
                .map(|(time, _)| time)
                .or(self.fin_guess)
                .filter(|time| *time < begun),
            overtaken: None,
            is_hidden: false,
            is_open: false,
        }
    }

    pub(super) fn push(&mut self, request: Request) {
        if let Some(before) = self.requests.last_mut() {
            if before.first.is_some() && !before.is_complete && !before.is_hidden {
                // The client has what it wanted: a part was not read.
                before.is_complete = before.given_up.is_none();
            } else if before.first.is_none()
                && !before.is_hidden
                && before.given_up.is_none()
                && before.dropped.is_none()
            {
                before.overtaken = before.overtaken.or(Some(request.begun));
                // Where frames are out of order, its answer may only stand behind.
                self.facts.is_pipelined |= self.facts.swapped.0 == 0;
            }
        }
        self.requests.push(request);
    }

    /// Bytes of the client that no message was made of are a request, too, when the server answers them.
    pub(super) fn unread_request(&mut self, segment: &LoggedSegment) {
        let (Some((begun, start)), Some(next)) = (self.turn, self.directions[0].next) else {
            return;
        };
        if self
            .requests
            .iter()
            .skip(self.head)
            .any(|request| !request.is_complete)
        {
            // They answer that one.
            return;
        }
        if segment.has(ACK) && distance(segment.ack, next) >= 0 && distance(next, start) > 0 {
            let mut request = self.blank(segment, begun, start, next);
            request.sent = begun;
            self.turn = None;
            self.push(request);
        }
    }

    /// The request that bytes of the server belong to, by what they acknowledge.
    pub(super) fn target(&mut self, segment: &LoggedSegment) -> Option<usize> {
        while self
            .requests
            .get(self.head)
            .is_some_and(|request| request.is_complete)
        {
            self.head += 1;
        }
        let is_received = |request: &Request| distance(segment.ack, request.end) >= 0;
        self.requests
            .get(self.head)
            .filter(|request| is_received(request))?;
        while !self.facts.is_pipelined {
            match self.requests.get(self.head + 1) {
                Some(later) if is_received(later) => {
                    if let Some(request) = self.requests.get_mut(self.head) {
                        request.is_hidden |= request.first.is_none();
                        request.is_complete |= request.first.is_some();
                    }
                    self.head += 1;
                }
                _ => break,
            }
        }
        Some(self.head)
    }

    /// Bytes of an answer.
    pub(super) fn answer_bytes(&mut self, segment: &LoggedSegment, is_unread: bool) {
        let Some(target) = self.target(segment) else {
            return;
        };
        let Some(request) = self.requests.get_mut(target) else {
            return;
        };
        request.note_answer((segment.time, segment.frame));
        request.bytes = request.bytes.saturating_add(segment.length);
        if is_unread && matches!(request.what, RequestKind::Other) {
            request.is_complete = true;
            self.undelivered.push_back((target, segment.end()));
        }
    }

    pub(super) fn response(&mut self, segment: &LoggedSegment, message: &LoggedMessage) {
        let LoggedContent::Response {
            result,
            ends,
            results,
            ..
        } = message.content
        else {
            return;
        };
        let Some(target) = self.target(segment) else {
            return;
        };
        let Some(request) = self.requests.get_mut(target) else {
            return;
        };
        request.note_answer((segment.time, segment.frame));
        request.results = request.results.saturating_add(results);
        if request.result.is_none_or(|before| before == ResultCode::OK) {
            request.result = Some(result);
        }
        if message.rows.0 < message.rows.1 {
            if request.answer_rows.0 == request.answer_rows.1 {
                request.answer_rows = message.rows;
            } else {
                request.answer_rows.1 = message.rows.1;
            }
        }
        let is_stream = request.is_batch()
            || matches!(request.what, RequestKind::Message(operation) if operation.is_foreground_query());
        let is_lone_error = !matches!(request.what, RequestKind::Message(request::Request::BATCH))
            && results == 1
            && result != ResultCode::OK
            && request.results == 1;
        if ends || !is_stream || is_lone_error {
            request.is_complete = true;
            self.undelivered
                .push_back((target, message.end.unwrap_or_else(|| segment.end())));
            self.head = target + 1;
        }
    }

    /// One side closes the connection.
    pub(super) fn close(&mut self, role: usize, time: i64) {
        let from = self.head.min(self.requests.len());
        for request in self.requests.iter_mut().skip(from).filter(|one| !one.is_complete) {
            if role == 0 {
                if request.dropped.is_none() {
                    request.given_up = request.given_up.or(Some(time));
                }
            } else if request.given_up.is_none() {
                request.dropped = request.dropped.or(Some(time));
            }
        }
    }
}
