//! Hints: what a request has that servers refuse or take for something else. One name, a summary for each kind.

use core::fmt;

use crate::epan::{Guarded, Tree};
use crate::track::cluster::builds;
use crate::wire::ground::version::ServerVersion;

experts! {
    UNORDERED: Note Protocol, "aerospike.expert.hint", "The value says that it is ordered, but is not: servers answer UNKNOWN (1)";
    KEY_TYPE: Note Protocol, "aerospike.expert.hint", "A map key that is no integer, string or blob: servers from 7.1 on refuse it";
    NOT_BOOLEAN: Note Protocol, "aerospike.expert.hint", "The filter is not boolean: servers refuse it";
    NO_BINS: Note Protocol, "aerospike.expert.hint", "The request reads neither named bins nor all of them (GET_ALL)";
    ORDER_BITS: Note Protocol, "aerospike.expert.hint", "The order has bits that only write flags have";
    TOO_NEW: Note Protocol, "aerospike.expert.hint", "Newer than the server, by the build that it says it is";
}

/// Says of a part of a request that its server cannot know it, if the capture shows the server's build.
///
/// # Errors
/// What Wireshark threw.
pub fn too_new(tree: &Tree<'_>, name: impl fmt::Display, since: Option<ServerVersion>) -> Guarded {
    let Some(since) = since.filter(|_| tree.wants_expert(&TOO_NEW)) else {
        return Ok(());
    };
    match builds::of_destination(tree.packet()) {
        Some(build) if build < since => tree.expert(
            &TOO_NEW,
            format_args!("{name} is known since {since}, the server is {build}"),
        ),
        _ => Ok(()),
    }
}
