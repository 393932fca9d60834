//! Which node is at the other end: addresses, listening ports and node ids, as hellos and heartbeats show them.
//!
//! Requests and answers are matched between two nodes, not on a connection. Mostly a node is its IP address;
//! where several nodes share one (a cluster on one machine), only their node ids tell them apart, and where these
//! are not known nothing is matched.

use core::cell::Cell;

use crate::epan::memory::file::File;
use crate::track::ground::map::FileMap;
use crate::wire::internode::cluster::NodeId;

/// A node, by a number of this capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer(u32);

/// An IP address; IPv4 in the first four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::track) struct PeerAddress {
    bytes: [u8; 16],
    length: u8,
}

impl PeerAddress {
    pub(in crate::track) fn of(bytes: &[u8]) -> Option<Self> {
        let mut address = Self {
            bytes: [0; 16],
            length: u8::try_from(bytes.len()).ok()?,
        };
        address.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        (!bytes.is_empty()).then_some(address)
    }

    /// Its bytes.
    pub(in crate::track) fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

/// What is known of an address.
#[derive(Clone, Copy, Default)]
struct PeerHost {
    /// The node there, if it is one; 0: not numbered yet.
    peer: u32,
    /// The only node id seen from there; 0: none yet.
    node: u64,
    /// The only fabric port seen there; 0: none yet.
    port: u16,
    /// Several nodes are there.
    is_shared: bool,
}

/// The nodes of a capture. Changes on the first pass only.
#[derive(Default)]
pub struct Peers {
    hosts: FileMap<PeerAddress, PeerHost>,
    nodes: FileMap<u64, u32>,
    /// The node whose fabric service is there; 0: several said so.
    services: FileMap<(PeerAddress, u16), u64>,
    count: Cell<u32>,
}

/// One end of a fabric connection.
#[derive(Clone, Copy, Debug)]
pub struct PeerEnd<'p> {
    /// Its address.
    pub address: &'p [u8],
    /// The side that opened the connection: its id, if the hello was seen.
    pub opener: Option<NodeId>,
    /// The side that was connected to: its port.
    pub port: Option<u16>,
}

impl Peers {
    fn number(&self) -> u32 {
        self.count.set(self.count.get().saturating_add(1));
        self.count.get()
    }

    fn change(&self, file: File<'_>, address: &[u8], change: impl FnOnce(&mut PeerHost)) {
        if let Some(address) = PeerAddress::of(address) {
            let mut host = self.hosts.get(&address).unwrap_or_default();
            change(&mut host);
            self.hosts.insert(file, address, host);
        }
    }

    /// `node` speaks from `address`.
    pub fn speaks(&self, file: File<'_>, address: &[u8], node: NodeId) {
        let Some(key) = PeerAddress::of(address).filter(|_| node.0 != 0) else {
            return;
        };
        let host = self.hosts.get(&key).unwrap_or_default();
        if host.node == node.0 {
            return;
        }
        if host.node != 0 {
            return self.change(file, address, |host| host.is_shared = true);
        }
        // A node with several addresses is one node; what is pending under an older number is given up.
        let peer = match (self.nodes.get(&node.0), host.peer) {
            (Some(peer), _) => peer,
            (None, 0) => self.number(),
            (None, peer) => peer,
        };
        self.nodes.insert(file, node.0, peer);
        self.change(file, address, |host| (host.node, host.peer) = (node.0, peer));
    }

    /// A fabric connection goes from one address to a port at another.
    pub fn connects(&self, file: File<'_>, from: &[u8], to: &[u8], port: u16) {
        self.change(file, to, |host| {
            host.is_shared |= from == to || host.port != 0 && host.port != port;
            host.port = port;
        });
    }

    /// `node` says that its fabric service is at an address and port.
    pub fn serves(&self, file: File<'_>, node: NodeId, address: &[u8], port: u16) {
        let Some(key) = PeerAddress::of(address).map(|address| (address, port)) else {
            return;
        };
        match self.services.get(&key) {
            None => {
                self.services.insert(file, key, node.0);
            }
            Some(known) if known != node.0 && known != 0 => {
                self.services.insert(file, key, 0);
            }
            Some(_) => {}
        }
    }

    /// Which node is at one end of a connection, if that is certain.
    pub fn at(&self, file: File<'_>, end: &PeerEnd<'_>) -> Option<Peer> {
        let address = PeerAddress::of(end.address)?;
        let host = self.hosts.get(&address).unwrap_or_default();
        let node = if host.is_shared {
            match (end.opener, end.port) {
                (Some(node), _) => node.0,
                (None, Some(port)) => self.services.get(&(address, port)).filter(|node| *node != 0)?,
                (None, None) => return None,
            }
        } else if host.peer != 0 {
            return Some(Peer(host.peer));
        } else {
            let peer = self.number();
            self.change(file, end.address, |host| host.peer = peer);
            return Some(Peer(peer));
        };
        if let Some(peer) = self.nodes.get(&node) {
            return Some(Peer(peer));
        }
        let peer = self.number();
        self.nodes.insert(file, node, peer);
        Some(Peer(peer))
    }
}
