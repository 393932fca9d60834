//! What is known of a message before its body is read.

use crate::epan::Packet;
use crate::epan::packet::Conversation;
use crate::track::client::stream::Stream;
use crate::track::client::transactions::Answer;
use crate::track::ground::position::AckState;
use crate::wire::client::proto::{Order, ProtoType};

/// A message's way through the dissector: what is known of it before its body is read.
#[derive(Clone, Copy)]
pub struct MessageContext<'p> {
    /// The packet.
    pub packet: Packet<'p>,
    /// Sent by a client.
    pub is_request: bool,
    /// At a known position, and not sent before: may be remembered and judged.
    pub is_tracked: bool,
    /// The connection.
    pub stream: Option<&'p Stream>,
    /// The connection again, for what keeps a reference to its state.
    pub conversation: Option<Conversation<'p>>,
    /// Which way the message goes: 0 or 1.
    pub segment_direction: usize,
    /// TCP's sequence numbers of its first byte and of the one behind its last.
    pub range: Option<(u32, u32)>,
    /// When its first byte was captured, where that was in an earlier frame; on the first pass.
    pub began_at: Option<i64>,
    /// How long its rest was held back until its first part was acknowledged; on the first pass.
    pub delay: Option<i64>,
    /// Part of it was not captured.
    pub is_cut: bool,
    /// What its sender had received of the other direction.
    pub ack_state: AckState,
    /// The request that a response belongs to.
    pub answer: Option<Answer>,
    /// A response whose request the capture does not hold.
    pub is_orphan: bool,
    /// Inside of a PROXY message between nodes, which names the record.
    pub is_proxied: bool,
    /// The type on the wire (that of the wrapper for a compressed message).
    pub kind: ProtoType,
    /// The body behind the proto header (the inner one of a compressed message).
    pub body: &'p [u8],
    /// The order of sizes and counts: little endian in requests that one node proxies to another.
    pub order: Order,
}

impl MessageContext<'_> {
    /// Whether the message is in the first frame of its connection with data, as TCP hands it over.
    #[must_use]
    pub fn begins_connection(&self) -> bool {
        self.range.is_some() && self.stream.is_some_and(|stream| stream.begins_in(self.packet))
    }

    /// Whether the request of this response is answered by several messages.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.answer.is_some_and(|answer| answer.transaction.is_stream())
    }
}
