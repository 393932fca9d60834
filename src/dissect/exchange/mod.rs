//! Requests and answers: what the first pass remembers, what taps are told, links in the tree.

pub mod context;
pub mod details;
pub mod doubts;
pub mod first_pass;
pub mod identity;
pub mod links;
pub mod outcome;
pub mod owner;
pub mod request_context;
pub mod taps;
pub mod times;
pub mod verdicts;

use self::context::Path;
pub use self::details::Details;
use crate::track::transactions::{Answer, Asked, Given, Transaction, What};
use crate::track::tries;
use crate::wire::client::proto::ProtoType;
use crate::wire::exchange::matching::{Expected, Facts, Progress};

/// A request: joins the queue of its connection.
#[must_use]
pub fn on_request(
    path: &Path<'_>,
    what: What,
    expected: Expected,
    body: &[u8],
    details: Details,
) -> Option<Transaction> {
    let stream = path.stream.filter(|_| path.is_tracked && path.is_request)?;
    let asked = Asked {
        sight: path.sight,
        what,
        progress: Progress::new(expected, path.kind == ProtoType::AS_MSG_COMPRESSED),
        timeout: details.timeout,
        end: path.range.map(|(_, end)| end),
        rows: details.memory.rows,
        place: details.memory.place,
        writes: details.memory.writes,
        // Info and security requests of different clients are alike: their repetition says nothing.
        fingerprint: (!path.packet.is_visited() && matches!(what, What::Message(_)))
            .then(|| tries::fingerprint(path.packet, body)),
        counts_twice: details.counts_twice,
        commands: details.commands,
        began_at: path.began_at,
        delay: path.delay,
    };
    let transaction = tries::on_request(stream, path.packet, &asked, path.place);
    taps::asked(path, what, transaction.as_ref(), body, details);
    transaction
}

/// A response's message has been read: what it means for its request.
#[must_use]
pub fn on_response(path: &Path<'_>, facts: Facts, records: u32, is_ok: bool, is_cut: bool) -> Option<Answer> {
    let Some((mut answer, stream)) = path.answer.zip(path.stream) else {
        if path.is_tracked && !path.is_request {
            taps::answered(path, None);
        }
        return None;
    };
    tries::on_response(
        stream,
        path.packet,
        &mut answer,
        &Given {
            kind: path.kind,
            facts,
            records,
            is_cut,
            is_ok,
            end: path.range.map(|(_, end)| end),
            began_at: path.began_at,
            delay: path.delay,
        },
    );
    taps::answered(path, Some(&answer));
    Some(answer)
}
