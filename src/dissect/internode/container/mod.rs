//! The msg container: header and fields, of heartbeats and fabric alike. What a field shows follows from the
//! tables of `wire`; a field that is in none is shown as its wire type says.

mod buffer;
mod list;
mod number;
pub mod refused;
mod stage;
pub mod stream;

use core::fmt;

use crate::dissect::shared::common;
use crate::epan::tree::GENERATED_TEXT;
use crate::epan::{Field, Guarded, Item, Packet, Tree};
use crate::wire::client::proto::Order;
use crate::wire::ground::input::Malformed;
use crate::wire::ground::text::Text as Lossy;
use crate::wire::internode::container as msg;
use crate::wire::internode::container::plausible::Family;
use crate::wire::internode::container::spec::{Kind, Spec, Table};
use crate::wire::internode::container::{Msg, MsgType, WireType};
use crate::wire::internode::fabric::hello::Hello;

pub use buffer::Listed;
pub use number::{cluster_key, hlc, node, nodes};

fields! {
    SIZE: U32, "aerospike.container.size", "Size", "Bytes after the header of a message between nodes" .unit(" bytes");
    TYPE: U16, "aerospike.container.type", "Message type", "Type in the header of a heartbeat" .values(MsgType::TABLE);
    FIELD: None, "aerospike.container.field", "Field", "A field of a message between nodes";
    FIELD_ID: U16, "aerospike.container.field.id", "Field id", "What the field is, by the type of its message";
    FIELD_TYPE: U8, "aerospike.container.field.type", "Wire type", "How the value is written" .values(WireType::TABLE);
    FIELD_SIZE: U32, "aerospike.container.field.size", "Field size", "Length of the value" .unit(" bytes");
    NUMBER: U64, "aerospike.container.number", "Number", "A number that has no field of its own";
    TEXT: String, "aerospike.container.text", "Text", "A text that has no field of its own";
    BYTES: Bytes, "aerospike.container.bytes", "Bytes", "Bytes whose layout only their sender knows";
    COUNT: U32, "aerospike.container.count", "Number of elements", "Elements of an array or list";
    NIL: Boolean, "aerospike.container.nil", "Nil", "An element of a list that is missing";
    IMAGE: Bytes, "aerospike.container.image", "Memory image", "Header and offsets of an array as the sender had it in memory, up to 3.13";
    PADDING: Bytes, "aerospike.container.padding", "Padding", "Zeros behind the last element or at the end of a text";
    PROTOCOL_ID: U32, "aerospike.container.protocol_id", "Protocol identifier", "Which protocol between nodes, and its version" .hex().values(number::PROTOCOLS);
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

/// A message on its way into the tree.
#[derive(Clone, Copy)]
pub struct Message<'m, 'p> {
    /// The packet.
    pub packet: Packet<'p>,
    /// The message.
    pub msg: &'m Msg<'p>,
    /// What its field ids mean.
    pub table: Option<&'static Table>,
    /// Heartbeat or fabric.
    pub family: Family,
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
}

/// Header and fields of a message, below the item of its protocol.
///
/// # Errors
/// What Wireshark threw.
pub fn fields<'p>(message: &Message<'_, 'p>, top: &Tree<'p>) -> Guarded {
    let msg = message.msg;
    top.add(&SIZE, msg.bytes.get(..4).unwrap_or_default())?;
    let kind = match message.family {
        Family::Heartbeat => &TYPE,
        Family::Fabric => &super::fabric::TYPE,
    };
    top.add(kind, msg.bytes.get(4..msg::HEADER_SIZE).unwrap_or_default())?;
    for field in msg.fields() {
        match field {
            Ok(field) => self::field(message, top, &field)?,
            Err(error) => common::malformed(top, &error)?,
        }
    }
    Ok(())
}

fn field<'p>(message: &Message<'_, 'p>, top: &Tree<'p>, field: &msg::Field<'p>) -> Guarded {
    let spec = message.table.and_then(|table| table.spec(field.id));
    let heading = top.sub(&FIELD, field.bytes)?;
    let item = heading.item();
    let name = Name { id: field.id, spec };
    item.label(format_args!("{name}"));
    let id = heading.add(&FIELD_ID, field.bytes.get(..2).unwrap_or_default())?;
    match spec {
        Some(spec) if spec.remark.is_empty() => id.append(format_args!(" ({})", spec.name)),
        Some(spec) => id.append(format_args!(" ({}: {})", spec.name, spec.remark)),
        None => id,
    };
    heading.add(&FIELD_TYPE, field.bytes.get(2..3).unwrap_or_default())?;
    if field.wire.fixed_width().is_none() {
        heading.add(&FIELD_SIZE, field.bytes.get(3..7).unwrap_or_default())?;
    }
    // These show what there is of them.
    let is_readable =
        spec.is_some_and(|spec| matches!(spec.kind, Kind::Proto | Kind::Record | Kind::FlatRecord));
    if field.is_cut() && !is_readable {
        return cut(&heading, field);
    }
    let shown = Shown {
        message,
        heading: &heading,
        name,
    };
    match (spec.filter(|spec| spec.fits(field.wire)), field.value()) {
        (_, Err(error)) => common::malformed(&heading, &error),
        (Some(spec), Ok(value)) => known(&shown, spec, field, &value),
        (None, Ok(value)) => {
            if let Some(spec) = spec {
                item.append(format_args!(
                    " (wire type {} instead of {}: the server ignores it)",
                    field.wire, spec.wire
                ));
            }
            unknown(&shown, field, &value)
        }
    }
}

/// Where a value goes.
#[derive(Clone, Copy)]
struct Shown<'s, 'p> {
    message: &'s Message<'s, 'p>,
    /// The heading of its field, and the tree below it.
    heading: &'s Tree<'p>,
    name: Name,
}

impl<'p> Shown<'_, 'p> {
    /// What the heading says of the value.
    fn label(&self, value: fmt::Arguments<'_>) {
        self.heading.item().label(format_args!("{}: {value}", self.name));
    }

    fn add(&self, field: &Field, part: &[u8]) -> Guarded<Item<'p>> {
        self.heading.add(field, part)
    }
}

/// The name of a field, or its id.
#[derive(Clone, Copy)]
struct Name {
    id: u16,
    spec: Option<&'static Spec>,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.spec {
            Some(spec) => f.write_str(spec.name),
            None => write!(f, "Unknown field {}", self.id),
        }
    }
}

/// A field that the capture does not hold to its end: what is there, as bytes.
fn cut(heading: &Tree<'_>, field: &msg::Field<'_>) -> Guarded {
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

fn known<'p>(
    shown: &Shown<'_, 'p>,
    spec: &'static Spec,
    field: &msg::Field<'p>,
    value: &msg::Value<'p>,
) -> Guarded {
    match value {
        msg::Value::Uint(number) => number::number(shown, spec, field, *number),
        msg::Value::Str(_) | msg::Value::Buf(_) => buffer::buffer(shown, spec, field),
        msg::Value::Uints(uints) => list::uints(shown, spec.kind, *uints),
        msg::Value::Array(array) => list::array(shown, spec.kind, array),
        msg::Value::List(items) => list::list(shown, spec.kind, items),
    }
}

/// A field that no table knows, by its wire type.
fn unknown<'p>(shown: &Shown<'_, 'p>, field: &msg::Field<'p>, value: &msg::Value<'p>) -> Guarded {
    match value {
        msg::Value::Uint(number) => {
            shown.add(&NUMBER, field.data)?;
            shown.label(format_args!("{number}"));
        }
        msg::Value::Str(text) => {
            string(shown.heading, &TEXT, field.data, text)?;
            shown.label(format_args!("\"{}\"", Lossy(text)));
        }
        msg::Value::Buf(bytes) => {
            if !bytes.is_empty() {
                shown.add(&BYTES, bytes)?;
            }
            shown.label(format_args!("{} bytes", bytes.len()));
        }
        msg::Value::Uints(uints) => list::uints(shown, Kind::Uints, *uints)?,
        msg::Value::Array(array) => list::array(shown, Kind::Bufs, array)?,
        msg::Value::List(items) => list::list(shown, Kind::UintList, items)?,
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
    common::malformed(
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
    tree.text(field, part, format_args!("{}", Lossy(text)))?;
    Ok(())
}

/// A point in time: seconds and nanoseconds since 1970.
fn time<'p>(
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
const INSIDE: Order = Order::Little;
