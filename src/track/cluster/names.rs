//! What nodes are called: by preference, or by the address at which the capture shows them, from the frame that does.

use core::fmt;

use crate::epan::Packet;
use crate::epan::memory::file::CaptureState;
use crate::epan::plugin::register::preference;
use crate::track::ground::budget;
use crate::track::ground::map::FileMap;
use crate::track::internode::peers::PeerAddress;
use crate::track::record::Host;

/// Where a node was seen first.
#[derive(Clone, Copy)]
struct Seen {
    frame: u32,
    address: PeerAddress,
}

/// Nodes by id.
#[derive(Default)]
struct Nodes(FileMap<u64, Seen>);

static NODES: CaptureState<Nodes> = CaptureState::new();

/// On the first pass: a node says its id, and this is its address.
pub fn note(packet: Packet<'_>, node: u64, address: &[u8]) {
    if packet.is_visited() || node == 0 {
        return;
    }
    let Nodes(nodes) = NODES.get(packet.file());
    let Some(address) = PeerAddress::of(address).filter(|_| nodes.get(&node).is_none()) else {
        return;
    };
    if budget::keep(packet, size_of::<Seen>() + 24) {
        let frame = packet.frame();
        nodes.insert(packet.file(), node, Seen { frame, address });
    }
}

/// The name of a node in the preference `node_names`: `a1=db-1, a2=db-2`.
#[must_use]
pub fn preferred_name(names: &str, node: u64) -> Option<&str> {
    names.split([',', ';']).find_map(|one| {
        let (id, name) = one.split_once('=')?;
        let id = id.trim();
        let digits = id.strip_prefix("0x").unwrap_or(id);
        let is_it = u64::from_str_radix(digits, 16) == Ok(node);
        (is_it && !name.trim().is_empty()).then_some(name.trim())
    })
}

/// What a node is called, behind its id: ` (db-1)`, ` (10.0.0.1)`; nothing where neither is known by this frame.
pub struct NodeName<'p>(pub Packet<'p>, pub u64);

impl fmt::Display for NodeName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(packet, node) = *self;
        let by_preference = preference::node_names(|names| {
            let name = preferred_name(names, node)?;
            Some(write!(f, " ({name})"))
        });
        if let Some(written) = by_preference {
            return written;
        }
        let Nodes(nodes) = NODES.get(packet.file());
        match nodes.get(&node).filter(|seen| seen.frame <= packet.frame()) {
            Some(seen) => write!(f, " ({})", Host(seen.address.bytes())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_nodes() {
        let names = "a1=db-1, 0xBB9A1 = rack 2 ;a3=,=x,zz=y";
        assert_eq!(preferred_name(names, 0xa1), Some("db-1"));
        assert_eq!(preferred_name(names, 0xbb9a1), Some("rack 2"));
        assert_eq!(preferred_name(names, 0xa3), None);
        assert_eq!(preferred_name(names, 0), None);
        assert_eq!(preferred_name("", 0xa1), None);
    }
}
