//! What is remembered of a TCP connection between nodes.

use core::cell::Cell;

use crate::epan::fields::protocol::Protocol;
use crate::epan::{Packet, Segment};
use crate::track::ground::position::PositionTracker;
use crate::wire::internode::cluster::NodeId;
use crate::wire::internode::fabric::hello::{Channel, Hello};

/// Both directions of a connection, heartbeat or fabric.
#[derive(Default)]
pub struct Connection {
    /// Where in its stream a segment stands.
    pub tracker: PositionTracker,
    node: Cell<u64>,
    channel: Cell<Option<u32>>,
    /// Frame and ordinal of the hello; 0: none.
    hello: Cell<(u32, u32)>,
    /// The info request of either direction that is open.
    asked: [Cell<Option<OpenInfoRequest>>; 2],
}

/// An info request of heartbeats.
#[derive(Clone, Copy)]
struct OpenInfoRequest {
    /// Its exchange, if it is the only one that is open.
    exchange: Option<u32>,
    at: i64,
}

impl Connection {
    /// The connection of a segment, as `protocol` keeps it.
    #[must_use]
    pub fn of<'p>(segment: &Segment<'p>, protocol: &Protocol) -> Option<&'p Self> {
        Some(segment.conversation?.state(protocol))
    }

    /// The hello, if it was before the message with that ordinal in the packet's frame.
    #[must_use]
    pub fn hello(&self, packet: Packet<'_>, ordinal: u32) -> Option<Hello> {
        let at = self.hello.get();
        (at.0 != 0 && at < (packet.frame(), ordinal)).then(|| Hello {
            node: NodeId(self.node.get()),
            channel: self.channel.get().map(Channel),
        })
    }

    /// Remembers the first hello.
    pub fn set_hello(&self, packet: Packet<'_>, ordinal: u32, hello: &Hello) {
        if self.hello.get().0 == 0 && !packet.is_visited() {
            self.hello.set((packet.frame(), ordinal));
            self.node.set(hello.node.0);
            self.channel.set(hello.channel.map(|channel| channel.0));
        }
    }

    /// An info request of heartbeats went in `direction`. Two that are open at once cannot be told apart.
    pub(super) fn note_info_request(&self, direction: usize, exchange: u32, now: i64, patience: i64) {
        let slot = &self.asked[direction.min(1)];
        let is_other_open = slot
            .get()
            .is_some_and(|other| now.wrapping_sub(other.at) <= patience);
        slot.set(Some(OpenInfoRequest {
            exchange: (!is_other_open).then_some(exchange),
            at: now,
        }));
    }

    /// The only open info request that went in `direction`.
    pub(super) fn take_info_request(&self, direction: usize, now: i64, patience: i64) -> Option<u32> {
        let asked = self.asked[direction.min(1)].take()?;
        asked.exchange.filter(|_| now.wrapping_sub(asked.at) <= patience)
    }
}
