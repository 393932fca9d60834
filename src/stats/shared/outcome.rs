//! What an answer means for who asked.

use crate::track::client::transactions::RequestKind;
use crate::track::record::Record;
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::info::message::{self, CommandOutcome};

/// Whether the last message of an answer says that it is none: a result that is not OK (of a batch, a scan or a query
/// that of the whole), or an error in place of a value of an info command.
#[must_use]
pub fn is_error(record: &Record<'_>) -> bool {
    if record.what == RequestKind::Info {
        return message::answers(record.detail.text)
            .any(|answer| matches!(message::outcome(answer.value), CommandOutcome::Failed(_)));
    }
    record
        .results
        .last()
        .is_some_and(|result| *result != ResultCode::OK)
}

/// Whether the time that the request allows was over: the server says so, or the answer came later.
#[must_use]
pub fn is_timeout(record: &Record<'_>) -> bool {
    let says_so = record
        .results
        .last()
        .is_some_and(|result| matches!(*result, ResultCode::TIMEOUT | ResultCode::QUERY_TIMEOUT));
    says_so
        || record
            .transaction
            .is_some_and(|transaction| transaction.is_late())
}
