//! What the messages of a response say together.

use core::fmt;

use crate::dissect::shared::result;
use crate::track::client::transactions::RequestKind;
use crate::wire::client::message::request::Request;
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::client::message::{Header, Message, ResponsePart};
use crate::wire::exchange::matching::EndFacts;

/// What the messages of a response say together.
#[derive(Default)]
pub struct ResponseSummary<'a> {
    /// For the end of the answer.
    pub facts: EndFacts,
    /// Messages.
    pub count: u32,
    /// Records, rows without an error, values.
    pub records: u32,
    /// Partitions that are said to be done.
    pub partitions: u32,
    /// Messages that only say that the answer ends.
    pub ends: u32,
    /// The last result that is not OK.
    pub worst: ResultCode,
    /// Results that are not OK.
    pub errors: u32,
    /// One of these deserves an expert item.
    pub has_expert: bool,
    /// The header of the last message.
    pub last: Option<Header<'a>>,
}

impl<'a> ResponseSummary<'a> {
    /// Adds the next message.
    pub fn add(&mut self, message: &Message<'a>) {
        self.facts.add(&message.header);
        self.count = self.count.saturating_add(1);
        let counter = match message.header.part() {
            ResponsePart::Record => Some(&mut self.records),
            ResponsePart::PartitionDone(_) => Some(&mut self.partitions),
            ResponsePart::Fin => Some(&mut self.ends),
            ResponsePart::Error => None,
        };
        if let Some(counter) = counter {
            *counter = counter.saturating_add(1);
        }
        if message.header.result_code != ResultCode::OK {
            self.errors = self.errors.saturating_add(1);
            self.worst = message.header.result_code;
            self.has_expert |= result::expert(message.header.result_code).is_some();
        }
        self.last = Some(message.header);
    }

    /// What the messages of a response are, by what was asked: `6 rows`, `140 records, 2 partitions done`.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn contents(&self, out: &mut dyn fmt::Write, what: Option<RequestKind>) -> fmt::Result {
        let inside = self.count.saturating_sub(self.ends);
        let (count, one, many) = match what {
            Some(RequestKind::Message(Request::BATCH | Request::BATCH_DIRECT)) => (inside, "row", "rows"),
            Some(RequestKind::Message(Request::AGGREGATE)) => (self.records, "value", "values"),
            Some(RequestKind::Message(kind)) if kind.is_foreground_query() => {
                (self.records, "record", "records")
            }
            _ => {
                return write!(
                    out,
                    "{} {}",
                    self.count,
                    plural(self.count, "message", "messages")
                );
            }
        };
        let partitions = if many == "rows" { 0 } else { self.partitions };
        if count > 0 || partitions == 0 {
            write!(out, "{count} {}", plural(count, one, many))?;
        }
        if partitions > 0 {
            let between = if count > 0 { ", " } else { "" };
            write!(
                out,
                "{between}{partitions} {} done",
                plural(partitions, "partition", "partitions")
            )?;
        }
        Ok(())
    }
}

const fn plural(count: u32, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}
