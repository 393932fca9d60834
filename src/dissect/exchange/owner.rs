//! Where a request had to go: the master of its partition by the newest map that its client was given, and what is said of
//! a request that went elsewhere.

use crate::dissect::exchange::context::MessageContext;
use crate::epan::{Guarded, Tree};
use crate::track::cluster::names::NodeName;
use crate::track::cluster::owners::{self, RecordAccess};
use crate::track::cluster::partitions::Ends;
use crate::wire::client::fields::digest::{self, LENGTH};

fields! {
    MASTER: U64, "aerospike.partition.master", "Master", "The node that the newest map given to this client names as the partition's master" .hex();
    MAP_IN: Frame, "aerospike.partition.map_in", "Map in", "The frame of that map";
}

experts! {
    WRONG_NODE: Note Sequence, "aerospike.expert.wrong_node", "Sent to a node that does not own the partition, by the newest map given to this client: a write goes to the master, a read to a copy";
}

/// Whether somebody looks at where a request had to go.
#[must_use]
pub fn is_wanted(context: &MessageContext<'_>, tree: &Tree<'_>) -> bool {
    let has_client = context.is_request && context.is_tracked && context.stream.is_some();
    has_client && (tree.wants(&MASTER) || tree.wants(&MAP_IN) || tree.wants_expert(&WRONG_NODE))
}

/// At a request for a record, or at a row of a batch.
///
/// # Errors
/// What Wireshark threw.
pub fn items(
    context: &MessageContext<'_>,
    tree: &Tree<'_>,
    namespace: &[u8],
    digest: &[u8; LENGTH],
    writes: bool,
) -> Guarded {
    let access = RecordAccess {
        namespace,
        partition: digest::partition(digest),
        writes,
    };
    let known = owners::knowledge(context.packet, &Ends::of(context.packet, true), &access);
    if let Some(master) = known.master {
        tree.uint64(&MASTER, &[], master.node)?
            .append(format_args!("{}", NodeName(context.packet, master.node)))
            .set_generated();
        tree.uint(&MAP_IN, &[], master.frame)?.set_generated();
    }
    if known.is_wrong {
        let (what, lacks) = if writes {
            ("write", "is not the master")
        } else {
            ("read", "has no copy")
        };
        let partition = access.partition;
        tree.expert(
            &WRONG_NODE,
            format_args!("A {what}, but this node has said that it {lacks} of partition {partition}"),
        )?;
    }
    Ok(())
}
