//! Which response completes which request: the rules alone, without any memory of connections.
//!
//! Nothing on the wire numbers requests. A connection is answered strictly in order, so whoever keeps the open requests
//! in a queue gives every response to the oldest one until [`Progress::accept`] says that it is complete.
//!
//! Source: client-protocol 13

use crate::wire::admin;
use crate::wire::client::message::request::Request;
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::client::message::{self, ResponsePart};
use crate::wire::client::proto::ProtoType;

/// What answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expected {
    /// One info message.
    Info,
    /// One security message.
    Security,
    /// Security messages up to one whose result is not 0: users or roles.
    SecurityList,
    /// One message, of one record or of a job that has started.
    Single,
    /// Messages up to the one with LAST.
    Batch,
    /// Messages up to the one with LAST, or a lone error at the start: scans, queries, batch direct.
    Query,
    /// One message of any type: the request is of a kind that cannot be read.
    Unknown,
}

impl Expected {
    /// By the kind of a request message.
    #[must_use]
    pub const fn of_request(request: Request) -> Self {
        match request {
            Request::BATCH => Self::Batch,
            Request::BATCH_DIRECT => Self::Query,
            request if request.is_foreground_query() => Self::Query,
            _ => Self::Single,
        }
    }

    /// By the command of a security request.
    #[must_use]
    pub const fn of_command(command: admin::message::Command) -> Self {
        if command.is_query() {
            Self::SecurityList
        } else {
            Self::Security
        }
    }

    /// Whether a response of this type can belong here. An error is a plain message whatever was compressed.
    #[must_use]
    pub const fn fits(self, response: ProtoType) -> bool {
        match self {
            Self::Info => matches!(response, ProtoType::INFO),
            Self::Security | Self::SecurityList => matches!(response, ProtoType::SECURITY),
            Self::Single | Self::Batch | Self::Query => {
                matches!(response, ProtoType::AS_MSG | ProtoType::AS_MSG_COMPRESSED)
            }
            Self::Unknown => true,
        }
    }

    /// Whether the answer can have several messages, so that the time to the first is worth knowing.
    #[must_use]
    pub const fn is_stream(self) -> bool {
        matches!(self, Self::SecurityList | Self::Batch | Self::Query)
    }
}

/// What one response says about the end of the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndFacts {
    messages: u32,
    last: bool,
    /// The result of the first message, if that is a bare error.
    error: Option<ResultCode>,
    security_end: bool,
}

impl EndFacts {
    /// Adds one message of a response, in order.
    pub fn add(&mut self, header: &message::Header<'_>) {
        if self.messages == 0 && header.part() == ResponsePart::Error && header.is_bare() {
            self.error = Some(header.result_code);
        }
        self.messages = self.messages.saturating_add(1);
        self.last |= header.part() == ResponsePart::Fin;
    }

    /// Adds one security message of a response.
    pub fn add_security(&mut self, message: &admin::message::Message<'_>) {
        self.messages = self.messages.saturating_add(1);
        self.security_end |= message.result != ResultCode::OK;
    }

    /// The result, if the response is one bare error message without LAST.
    const fn lone_error(&self) -> Option<ResultCode> {
        if self.messages == 1 && !self.last {
            self.error
        } else {
            None
        }
    }
}

/// What a response means for the request it is given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The answer is complete.
    Complete,
    /// More responses follow.
    More,
    /// A response of another type: it belongs to another request.
    Foreign,
}

/// A request that is being answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What answers it.
    pub expected: Expected,
    /// Whether the request was compressed: it may be refused as a whole before it is looked at.
    pub compressed: bool,
    /// Responses so far.
    pub responses: u32,
}

impl Progress {
    /// A request without any response yet.
    #[must_use]
    pub const fn new(expected: Expected, compressed: bool) -> Self {
        Self {
            expected,
            compressed,
            responses: 0,
        }
    }

    /// Takes the next response of the connection.
    pub fn accept(&mut self, response: ProtoType, facts: &EndFacts) -> Step {
        if !self.expected.fits(response) {
            return Step::Foreign;
        }
        let lone_error = facts.lone_error().filter(|_| self.responses == 0);
        self.responses = self.responses.saturating_add(1);
        let complete = match self.expected {
            Expected::Info | Expected::Security | Expected::Single | Expected::Unknown => true,
            Expected::SecurityList => facts.security_end,
            Expected::Query => facts.last || lone_error.is_some(),
            Expected::Batch => facts.last || lone_error.is_some_and(|error| self.refuses(error)),
        };
        if complete { Step::Complete } else { Step::More }
    }

    /// Whether the error came before the server knew a batch as such, and so without LAST: a row has no such result.
    fn refuses(&self, error: ResultCode) -> bool {
        match error {
            ResultCode::ENTERPRISE_ONLY | ResultCode::PARAMETER => self.compressed,
            error => {
                (ResultCode::SEC_ERR_NOT_AUTHENTICATED..=ResultCode::SEC_ERR_QUOTA_EXCEEDED).contains(&error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::client::message::{Message, Messages};
    use crate::wire::client::proto::Order;
    use crate::wire::examples;
    use proptest::prelude::*;

    /// What answers the request that is `body`.
    fn expected_by(kind: ProtoType, body: &[u8]) -> Expected {
        match kind {
            ProtoType::INFO => Expected::Info,
            ProtoType::SECURITY => admin::message::Message::parse(body)
                .map_or(Expected::Security, |(_, message)| {
                    Expected::of_command(message.command)
                }),
            ProtoType::AS_MSG => Message::parse(Order::Big, body).map_or(Expected::Single, |(_, message)| {
                Expected::of_request(message.request())
            }),
            _ => Expected::Unknown,
        }
    }

    /// What the answer that is `body` says of its end.
    fn facts_of(kind: ProtoType, body: &[u8]) -> EndFacts {
        let mut facts = EndFacts::default();
        match kind {
            ProtoType::AS_MSG => Messages::new(Order::Big, body)
                .flatten()
                .for_each(|message| facts.add(&message.header)),
            ProtoType::SECURITY => admin::message::Messages::new(body)
                .flatten()
                .for_each(|message| facts.add_security(&message)),
            _ => {}
        }
        facts
    }

    fn split(number: &str) -> Vec<(ProtoType, &'static [u8])> {
        let mut rest = examples::bytes(number);
        let mut all = Vec::new();
        while !rest.is_empty() {
            let kind = ProtoType(rest[1]);
            let (body, tail) = rest[8..].split_at(usize::from(rest[7]) + 256 * usize::from(rest[6]));
            all.push((kind, body));
            rest = tail;
        }
        all
    }

    fn expected_of(number: &str) -> Expected {
        let (kind, body) = split(number)[0];
        expected_by(kind, body)
    }

    fn answer(expected: Expected, number: &str) -> Vec<Step> {
        let mut progress = Progress::new(expected, false);
        split(number)
            .into_iter()
            .map(|(kind, body)| progress.accept(kind, &facts_of(kind, body)))
            .collect()
    }

    #[test]
    fn what_each_worked_request_expects() {
        assert_eq!(expected_of("17.1"), Expected::Info);
        assert_eq!(expected_of("17.3"), Expected::Single);
        assert_eq!(expected_of("17.5"), Expected::Query);
        assert_eq!(expected_of("17.7"), Expected::Batch);
        assert_eq!(expected_of("17.12"), Expected::Query);
        assert_eq!(expected_of("17.15"), Expected::Security);
        assert_eq!(expected_of("17.14"), Expected::Unknown);
    }

    #[test]
    fn each_worked_answer_ends_where_it_ends() {
        assert_eq!(answer(Expected::Info, "17.2"), [Step::Complete]);
        assert_eq!(answer(Expected::Single, "17.4"), [Step::Complete]);
        assert_eq!(answer(Expected::Batch, "17.6"), [Step::More, Step::Complete]);
        assert_eq!(answer(Expected::Batch, "17.8"), [Step::More, Step::Complete]);
        assert_eq!(answer(Expected::Query, "17.11"), [Step::More, Step::Complete]);
        assert_eq!(answer(Expected::Security, "17.17"), [Step::Complete]);
        assert_eq!(answer(Expected::Info, "17.4"), [Step::Foreign]);
    }

    fn bare(info3: u8, result: u8) -> EndFacts {
        let mut body = [0; 22];
        (body[0], body[3], body[5]) = (22, info3, result);
        facts_of(ProtoType::AS_MSG, &body)
    }

    #[test]
    fn a_query_that_does_not_start_ends_at_once() {
        let mut query = Progress::new(Expected::Query, false);
        assert_eq!(query.accept(ProtoType::AS_MSG, &bare(4, 11)), Step::More);
        assert_eq!(
            query.accept(ProtoType::AS_MSG, &bare(0, 201)),
            Step::More,
            "not the first"
        );
        let mut query = Progress::new(Expected::Query, false);
        assert_eq!(query.accept(ProtoType::AS_MSG, &bare(0, 201)), Step::Complete);
    }

    #[test]
    fn a_refused_batch_direct_ends_without_last() {
        let expected = Expected::of_request(Request::BATCH_DIRECT);
        let step = |facts| Progress::new(expected, false).accept(ProtoType::AS_MSG, &facts);
        assert_eq!(step(bare(0, 16)), Step::Complete);
        // A record that is not there comes with its digest and namespace; the end has LAST.
        let mut body = [0; 22 + 25];
        (body[0], body[5], body[19], body[25], body[26]) = (22, 2, 1, 21, 4);
        assert_eq!(step(facts_of(ProtoType::AS_MSG, &body)), Step::More);
        assert_eq!(step(bare(1, 0)), Step::Complete);
    }

    #[test]
    fn a_row_that_fails_does_not_end_its_batch() {
        let step = |compressed, result| {
            Progress::new(Expected::Batch, compressed).accept(ProtoType::AS_MSG, &bare(0, result))
        };
        assert_eq!(step(false, 2), Step::More);
        assert_eq!(step(false, 25), Step::More);
        assert_eq!(step(true, 25), Step::Complete);
        assert_eq!(step(false, 80), Step::Complete);
        let mut batch = Progress::new(Expected::Batch, false);
        assert_eq!(
            batch.accept(ProtoType::AS_MSG_COMPRESSED, &EndFacts::default()),
            Step::More
        );
        assert_eq!(batch.accept(ProtoType::AS_MSG, &bare(1, 150)), Step::Complete);
    }

    #[test]
    fn users_come_until_a_result() {
        let mut list = Progress::new(Expected::SecurityList, false);
        let facts = |result| {
            facts_of(
                ProtoType::SECURITY,
                &[0, result, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            )
        };
        assert_eq!(list.accept(ProtoType::SECURITY, &facts(0)), Step::More);
        assert_eq!(list.accept(ProtoType::SECURITY, &facts(50)), Step::Complete);
    }

    proptest! {
        #[test]
        fn any_body_can_be_judged(kind in 0u8..7, body: Vec<u8>) {
            let _ = expected_by(ProtoType(kind), &body);
            let _ = facts_of(ProtoType(kind), &body);
        }
    }
}
