//! What a record is about, in words.

use core::fmt;

use crate::track::client::transactions::RequestKind;
use crate::track::record::Record;
use crate::wire::admin::message::Command;
use crate::wire::client::message::request::Request;
use crate::wire::ground::text::LossyText;

/// What a record asks for or answers, in words: `get`, `batch write`, `info build`, `security LOGIN`.
pub struct Operation<'r, 'p> {
    record: &'r Record<'p>,
    is_brief: bool,
}

impl<'r, 'p> Operation<'r, 'p> {
    /// In full.
    #[must_use]
    pub const fn of(record: &'r Record<'p>) -> Self {
        Self {
            record,
            is_brief: false,
        }
    }

    /// Without the commands of info and security.
    #[must_use]
    pub const fn brief(record: &'r Record<'p>) -> Self {
        Self {
            record,
            is_brief: true,
        }
    }
}

impl fmt::Display for Operation<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = self.record;
        let writes = record.transaction.is_some_and(|transaction| transaction.writes);
        match record.what {
            RequestKind::Message(Request::BATCH) if writes => f.write_str("batch write"),
            RequestKind::Message(Request::BATCH | Request::BATCH_DIRECT) => f.write_str("batch read"),
            RequestKind::Message(request) => write!(f, "{request}"),
            RequestKind::Info if self.is_brief || record.command.is_empty() => f.write_str("info"),
            RequestKind::Info => write!(f, "info {}", LossyText(record.command)),
            RequestKind::Security(_) if self.is_brief => f.write_str("security"),
            RequestKind::Security(command) => write!(f, "security {}", Command(command)),
            RequestKind::Other => f.write_str("other"),
        }
    }
}
