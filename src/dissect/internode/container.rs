//! What the fields of all messages between nodes are shown with: names, texts, nodes, clocks.

use core::fmt;

use crate::dissect::shared::common;
use crate::epan::fields::protocol::Protocol;
use crate::epan::tree::GENERATED_TEXT;
use crate::epan::{Field, Guarded, Item, Packet, Tree};
use crate::protocols::{FABRIC, HEARTBEAT};
use crate::track::cluster::names::NodeName;
use crate::wire::client::proto::Order;
use crate::wire::ground::input::Malformed;
use crate::wire::ground::table::TableRow;
use crate::wire::ground::text::LossyText;
use crate::wire::internode::cluster::{Hlc, NodeId, Nodes};
use crate::wire::internode::container::plausible::TrafficFamily;
use crate::wire::internode::container::spec::{MsgTable, Spec};
use crate::wire::internode::container::{Msg, MsgField, MsgType, WireType};
use crate::wire::internode::fabric::hello::Hello;

fields! {
    SIZE: U32, "aerospike.container.size", "Size", "Bytes after the header of a message between nodes" .bytes();
    TYPE: U16, "aerospike.container.type", "Message type", "Type in the header of a heartbeat" .values(MsgType::TABLE);
    FIELD: String, "aerospike.container.field", "Field", "Name of a field of a message between nodes that has no single value: its line; that of any other is its value's";
    FIELD_ID: U16, "aerospike.container.field.id", "Field id", "What the field is, by the type of its message";
    FIELD_TYPE: U8, "aerospike.container.field.type", "Wire type", "How the value is written" .values(WireType::TABLE);
    FIELD_SIZE: U32, "aerospike.container.field.size", "Field size", "Length of the value" .bytes();
    NUMBER: U64, "aerospike.container.number", "Number", "A number that has no field of its own";
    TEXT: String, "aerospike.container.text", "Text", "A text that has no field of its own";
    BYTES: Bytes, "aerospike.container.bytes", "Bytes", "Bytes whose layout only their sender knows";
    COUNT: U32, "aerospike.container.count", "Number of elements", "Elements of an array or list";
    NIL: Boolean, "aerospike.container.nil", "Nil", "An element of a list that is missing";
    IMAGE: Bytes, "aerospike.container.image", "Memory image", "Header and offsets of an array as the sender had it in memory, up to 3.13";
    PADDING: Bytes, "aerospike.container.padding", "Padding", "Zeros behind the last element or at the end of a text";
    PROTOCOL_ID: U32, "aerospike.container.protocol_id", "Protocol identifier", "Which protocol between nodes, and its version" .hex().values(PROTOCOLS);
    CLUSTER_KEY: U64, "aerospike.cluster_key", "Cluster key", "Identifies a cluster as it is formed at one time; 0: none" .hex();
    CLUSTER_SIZE: U32, "aerospike.cluster_size", "Cluster size", "Length of the succession list";
    PRINCIPAL: U64, "aerospike.principal", "Principal", "First node of the succession list" .hex();
    HLC: U64, "aerospike.hlc", "Hybrid clock", "Hybrid logical clock of the sender" .hex();
    HLC_TIME: AbsoluteTime, "aerospike.hlc.time", "Time", "Upper 48 bits of a hybrid clock";
    HLC_COUNTER: U16, "aerospike.hlc.counter", "Counter", "Lower 16 bits of a hybrid clock";
    SEQUENCE: U64, "aerospike.paxos_sequence", "Paxos sequence number", "A reading of the hybrid clock; 0: none" .hex();
    NODE_PORT: U16, "aerospike.node.port", "Fabric port", "Hint: the port in a node id that the server made itself";
    NODE_MAC: Ether, "aerospike.node.mac", "Hardware address", "Hint: the hardware address in a node id that the server made itself";
}

const fn row(value: u32, name: &'static str) -> TableRow {
    TableRow {
        value,
        name,
        remark: "",
    }
}

/// Every protocol identifier there is.
pub const PROTOCOLS: &[TableRow] = &[
    row(1, "EXCHANGE"),
    row(0x123b, "SMD up to 4.5.0"),
    row(0x6862, "HEARTBEAT v1"),
    row(0x6863, "HEARTBEAT v2"),
    row(0x6864, "HEARTBEAT v3"),
    row(0x7078, "PAXOS v1"),
    row(0x7079, "PAXOS v2"),
    row(0x707a, "PAXOS v3"),
    row(0x707b, "PAXOS v4"),
    row(0x707c, "CLUSTERING"),
];

/// A message on its way into the tree.
pub struct ShownMessage<'m, 'p> {
    /// The packet.
    pub packet: Packet<'p>,
    /// The message.
    pub msg: &'m Msg<'p>,
    /// What its field ids mean.
    pub table: Option<&'static MsgTable>,
    /// Heartbeat or fabric.
    pub family: TrafficFamily,
    /// Its ordinal in the frame.
    pub ordinal: u32,
    /// The hello of its connection, if it was before.
    pub hello: Option<Hello>,
    /// TCP's sequence number behind it.
    pub end: Option<u32>,
    /// It stands where the hello of a connection must.
    pub lacks_hello: bool,
    /// Of system metadata: the module holds secrets.
    pub is_secret: bool,
    /// A client's message was shown: one is all that a message carries.
    pub has_proto: core::cell::Cell<bool>,
}

/// The protocol that a family is shown as.
#[must_use]
pub const fn protocol(family: TrafficFamily) -> &'static Protocol {
    match family {
        TrafficFamily::Heartbeat => &HEARTBEAT,
        TrafficFamily::Fabric => &FABRIC,
    }
}

/// A field on its way into the tree.
#[derive(Clone, Copy)]
pub(super) struct Shown<'s, 'p> {
    pub message: &'s ShownMessage<'s, 'p>,
    /// Where its line hangs.
    pub top: &'s Tree<'p>,
    pub field: &'s MsgField<'p>,
    pub name: FieldName,
}

impl<'p> Shown<'_, 'p> {
    /// The field's own line, which is the item of its value, and the tree below it. A filter or column made of the line is
    /// one on that value.
    pub(super) fn line(&self, item: Item<'p>, of: &Field, value: fmt::Arguments<'_>) -> Guarded<Tree<'p>> {
        item.label(format_args!("{}: {value}", self.name));
        self.below(item, of)
    }

    /// As [`Shown::line`], with the text that the item has by itself.
    pub(super) fn below(&self, item: Item<'p>, of: &Field) -> Guarded<Tree<'p>> {
        let heading = self.top.under(item, of)?;
        let Self { field, name, .. } = *self;
        let id = heading.add(&FIELD_ID, field.bytes.get(..2).unwrap_or_default())?;
        match name.spec {
            Some(spec) if spec.remark.is_empty() => id.append(format_args!(" ({})", spec.name)),
            Some(spec) => id.append(format_args!(" ({}: {})", spec.name, spec.remark)),
            None => id,
        };
        heading.add(&FIELD_TYPE, field.bytes.get(2..3).unwrap_or_default())?;
        if field.wire.fixed_width().is_none() {
            heading.add(&FIELD_SIZE, field.bytes.get(3..7).unwrap_or_default())?;
        }
        Ok(heading)
    }

    /// The line of a field without a single value: its name.
    pub(super) fn heading(&self) -> Guarded<Tree<'p>> {
        let name = self.name;
        let item = self.top.text(&FIELD, self.field.bytes, format_args!("{name}"))?;
        self.below(item.label(format_args!("{name}")), &FIELD)
    }

    /// The line of a number.
    pub(super) fn number(&self, of: &Field, value: u64, text: fmt::Arguments<'_>) -> Guarded<Tree<'p>> {
        self.line(self.top.number(of, self.field.bytes, value)?, of, text)
    }

    /// The line of a text; one that is too long for it stands below.
    pub(super) fn text(&self, of: &Field) -> Guarded<Tree<'p>> {
        let text = self.field.text();
        if text.len() < GENERATED_TEXT / 2 {
            let text = LossyText(text);
            let item = self.top.text(of, self.field.bytes, format_args!("{text}"))?;
            return self.line(item, of, format_args!("{text}"));
        }
        let heading = self.heading()?;
        heading.item().append(format_args!(": {}", LossyText(text)));
        string(&heading, of, self.field.data, text)?;
        Ok(heading)
    }

    /// The line of a point in time: seconds and nanoseconds since 1970.
    pub(super) fn time(&self, of: &Field, time: (u64, u32)) -> Guarded<Tree<'p>> {
        self.below(self::time(self.top, of, self.field.bytes, time)?, of)
    }
}

/// The name of a field, or its id.
#[derive(Clone, Copy)]
pub(super) struct FieldName {
    pub id: u16,
    pub spec: Option<&'static Spec>,
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.spec {
            Some(spec) => f.write_str(spec.name),
            None => write!(f, "Unknown field {}", self.id),
        }
    }
}

/// A field that the capture does not hold to its end: what is there, as bytes.
pub(super) fn cut(heading: &Tree<'_>, field: &MsgField<'_>) -> Guarded {
    heading.item().append(format_args!(
        " ({} of {} bytes captured)",
        field.data.len(),
        field.size
    ));
    if !field.data.is_empty() {
        heading.add(&BYTES, field.data)?;
    }
    Ok(())
}

/// Bytes behind the last element of something.
///
/// # Errors
/// What Wireshark threw.
pub fn leftover<'p>(tree: &Tree<'p>, what: &'static str, rest: &'p [u8]) -> Guarded {
    if rest.is_empty() {
        return Ok(());
    }
    common::add_error(
        tree,
        &Malformed::illegal(what, rest, "bytes follow the last element"),
    )
}

/// A text whose item covers `part`: the text and what belongs to it, such as the NUL at its end.
///
/// # Errors
/// What Wireshark threw.
pub fn string(tree: &Tree<'_>, field: &Field, part: &[u8], text: &[u8]) -> Guarded {
    if part.len() == text.len() || text.len() >= GENERATED_TEXT / 2 {
        tree.add(field, text)?;
        if let Some(end @ [_, ..]) = part.get(text.len()..) {
            tree.add(&PADDING, end)?;
        }
        return Ok(());
    }
    tree.text(field, part, format_args!("{}", LossyText(text)))?;
    Ok(())
}

/// A point in time: seconds and nanoseconds since 1970.
pub(super) fn time<'p>(
    tree: &Tree<'p>,
    field: &Field,
    part: &[u8],
    (seconds, nanoseconds): (u64, u32),
) -> Guarded<Item<'p>> {
    tree.time(
        field,
        part,
        i64::try_from(seconds).unwrap_or(0),
        i32::try_from(nanoseconds).unwrap_or(0),
    )
}

/// The bytes of a number in the order given; of one that is not there, none.
fn first(bytes: &[u8], width: usize) -> &[u8] {
    bytes.get(..width).unwrap_or_default()
}

/// Integers inside buffers are little endian.
pub(super) const INSIDE: Order = Order::Little;

/// A node id, with what it says if the server made it itself.
///
/// # Errors
/// What Wireshark threw.
pub fn node<'p>(tree: &Tree<'p>, data: &[u8], id: NodeId, order: Order) -> Guarded<Item<'p>> {
    let item = tree.add_in(&common::NODE, data, order)?;
    item.append(format_args!("{}", NodeName(tree.packet(), id.0)));
    node_parts(&tree.under(item, &common::NODE)?, data, id)?;
    Ok(item)
}

/// What a node id says if the server made it itself, below its item.
pub(super) fn node_parts(below: &Tree<'_>, data: &[u8], id: NodeId) -> Guarded {
    let Some(parts) = id.parts().filter(|_| below.exists()) else {
        return Ok(());
    };
    below.item().append(format_args!(" ({parts})"));
    below
        .uint(&NODE_PORT, data, u32::from(parts.port))?
        .set_generated();
    below.ether(&NODE_MAC, data, parts.mac)?.set_generated();
    Ok(())
}

/// Node ids back to back, little endian; zeros behind the last are padding.
///
/// # Errors
/// What Wireshark threw.
pub fn nodes<'p>(tree: &Tree<'p>, data: &'p [u8], is_padded: bool) -> Guarded {
    let nodes = Nodes(data);
    for (bytes, id) in &nodes {
        if is_padded && id.0 == 0 {
            let at = (bytes.as_ptr() as usize).wrapping_sub(data.as_ptr() as usize);
            let rest = data.get(at..).unwrap_or_default();
            if rest.iter().all(|byte| *byte == 0) {
                tree.add(&PADDING, rest)?;
                return Ok(());
            }
        }
        node(tree, bytes, id, INSIDE)?;
    }
    leftover(tree, "list of nodes", nodes.leftover())
}

/// A cluster key.
///
/// # Errors
/// What Wireshark threw.
pub fn cluster_key<'p>(tree: &Tree<'p>, data: &[u8], order: Order) -> Guarded<Item<'p>> {
    tree.add_in(&CLUSTER_KEY, data, order)
}

/// A reading of a hybrid clock: its time and its counter.
///
/// # Errors
/// What Wireshark threw.
pub fn hlc<'p>(tree: &Tree<'p>, field: &Field, data: &[u8], value: Hlc, order: Order) -> Guarded {
    let item = tree.add_in(field, data, order)?;
    hlc_parts(&tree.under(item, field)?, data, value, order)
}

/// Time and counter of a hybrid clock, below its item.
pub(super) fn hlc_parts(below: &Tree<'_>, data: &[u8], value: Hlc, order: Order) -> Guarded {
    if value.0 == 0 || !below.exists() {
        return Ok(());
    }
    let (time_bytes, counter) = match order {
        Order::Big => (first(data, 6), data.get(6..8).unwrap_or_default()),
        Order::Little => (data.get(2..8).unwrap_or_default(), first(data, 2)),
    };
    time(below, &HLC_TIME, time_bytes, value.unix())?;
    below.uint(&HLC_COUNTER, counter, u32::from(value.counter()))?;
    Ok(())
}

/// `a1, a2, a3`, a few at most.
pub struct Listed<'a>(pub Nodes<'a>);

impl core::fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        const SHOWN: usize = 8;
        let count = self.0.count();
        if count == 0 {
            return f.write_str("none");
        }
        for (index, (_, node)) in self.0.into_iter().take(SHOWN).enumerate() {
            write!(f, "{}{node}", if index == 0 { "" } else { ", " })?;
        }
        if count > SHOWN {
            write!(f, " … and {} more", count - SHOWN)?;
        }
        Ok(())
    }
}
