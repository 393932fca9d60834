//! The faults of [`soundness`](crate::epan::guard::soundness) that need a tree.

use crate::epan::guard::soundness::{Alive, Fault, Point, strikes};
use crate::epan::guard::{Guarded, check, sys};
use crate::epan::packet::Packet;
use crate::epan::packet::source::Source;
use crate::epan::tree::Tree;

/// The faults that need a tree.
///
/// # Errors
/// What Wireshark threw.
pub(super) fn in_message<'p>(packet: Packet<'p>, source: Source<'p>, tree: &Tree<'p>) -> Guarded {
    let Some(fault) = strikes(Point::Message, |fault| fault != Fault::Panic) else {
        return Ok(());
    };
    let _alive = Alive::new();
    let mut node = tree.node_ptr();
    match fault {
        Fault::Subdissector => packet.call_dissector(c"aerospike.soundness", source, tree, false),
        Fault::Overread => {
            // SAFETY: none. That is what has to be seen.
            unsafe { sys::as_fault_overread() };
            Ok(())
        }
        Fault::Unguarded => {
            // SAFETY: none. The longjmp crosses this frame and those above it: with values alive that is undefined,
            // and in practice leaves them alive, which the counter has to show.
            unsafe { sys::as_fault_throw() };
            Ok(())
        }
        // Each item under the last one, or all under this node; both end by a throw long before.
        _ => (0..2_000_000).try_for_each(|number| {
            let mut item = core::ptr::null_mut();
            let tvb = source.tvb.as_ptr();
            // SAFETY: tree and buffer are alive, the field is one of Wireshark's numbers.
            check(unsafe { sys::as_uint(node, sys::as_fault_field(), tvb, 0, 0, number, &mut item) })?;
            if fault == Fault::Depth {
                // SAFETY: the item was just made; the first of all subtree kinds.
                check(unsafe { sys::as_subtree(item, 0, &mut node) })?;
            }
            Ok(())
        }),
    }
}
