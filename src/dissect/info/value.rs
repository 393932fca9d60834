//! The pieces of structured info values.

use core::fmt::Write as _;

use crate::dissect::info::line::Brief;
use crate::dissect::shared::common::{NAMESPACE, NODE};
use crate::epan::fields::group::FieldGroup;
use crate::epan::{Field, Guarded, Item, Text, Tree};
use crate::track::cluster::names::NodeName;
use crate::wire::ground::at::Cover;
use crate::wire::ground::base64;
use crate::wire::ground::text::{LossyText, decimal, hexadecimal};
use crate::wire::info::cluster::{Bitmap, Histories, Latencies, PeerList, Replicas, UserAgent};
use crate::wire::info::message::{InfoCommand, NamedValue, Pairs, Pieces};
use crate::wire::info::value::{InfoRows, InfoTable, InfoValue, failure_pairs, guess, value};
use crate::wire::values::text::value_text::{ContextText, ExpressionText};

fields! {
    SEPARATOR: None, "aerospike.info.separator", "Separator", "Bytes between names and values";
    ITEM: String, "aerospike.info.item", "Item", "One piece of a structured value: its line";
    ITEM_NAME: String, "aerospike.info.item.name", "Item name", "Name of a piece of a structured value";
    ITEM_VALUE: String, "aerospike.info.item.value", "Item value", "A piece of a structured value";
    SOURCE: String, "aerospike.udf.source", "Source", "A line of a module of functions";
    DECODED: String, "aerospike.info.decoded", "Decoded", "What base64 text stands for";
    AGENT_FORMAT: String, "aerospike.info.user_agent.format", "User agent format", "Version of the user agent's format";
    AGENT_CLIENT: String, "aerospike.info.user_agent.client", "Client", "Name and version of the client";
    AGENT_APPLICATION: String, "aerospike.info.user_agent.application", "Application", "What the application calls itself";
    PEERS_GENERATION: U64, "aerospike.info.peers.generation", "Generation", "Generation of the list of peers";
    PEERS_PORT: U16, "aerospike.info.peers.default_port", "Default port", "Port of every endpoint that names none";
    PEERS_TLS_NAME: String, "aerospike.info.peers.tls_name", "TLS name", "Name in the node's certificate";
    PEERS_ENDPOINT: String, "aerospike.info.peers.endpoint", "Endpoint", "Address of a node and, if it is not the default, its port";
    REGIME: U32, "aerospike.info.replicas.regime", "Regime", "Regime of the namespace's partitions";
    COLUMNS: U32, "aerospike.info.replicas.columns", "Number of bitmaps", "Bitmaps that follow: masters, then each replica";
    PARTITIONS: U16, "aerospike.info.replicas.partitions", "Partitions", "Partitions that the node has";
    RANGES: String, "aerospike.info.replicas.ranges", "Ranges", "First and last of consecutive partitions";
    LATENCY_UNIT: String, "aerospike.info.latency.unit", "Unit", "Unit of the bounds";
    LATENCY_RATE: Double, "aerospike.info.latency.rate", "Operations per second", "Operations per second";
    LATENCY_OVER: Double, "aerospike.info.latency.over", "Slower than the bound", "Percentage of operations that took longer than the bound";
}

/// All that the pieces of a value fill.
static PIECES: FieldGroup = FieldGroup::new(&[FIELDS, &[&NODE, &NAMESPACE]], &[], &[]);

/// Bytes between the pieces: there, but out of sight.
///
/// # Errors
/// What Wireshark threw.
pub fn separator(tree: &Tree<'_>, part: &[u8]) -> Guarded {
    if !part.is_empty() {
        tree.add(&SEPARATOR, part)?.set_hidden();
    }
    Ok(())
}

/// The fields of a name and a value.
pub struct Names {
    /// Of the name.
    pub name: &'static Field,
    /// Of the value.
    pub value: &'static Field,
}

static PIECE: Names = Names {
    name: &ITEM_NAME,
    value: &ITEM_VALUE,
};

/// A value's pieces under its item. Without an echo the shape is guessed.
///
/// # Errors
/// What Wireshark threw.
pub fn pieces<'p>(tree: &Tree<'p>, command: Option<&InfoCommand<'p>>, text: &'p [u8]) -> Guarded {
    if text.is_empty() || !tree.wants_any(&PIECES) {
        return Ok(());
    }
    let mut cover = Cover::new(text);
    let shape = match command {
        Some(command) => value(command, text),
        None => guess(text),
    };
    match shape {
        InfoValue::Scalar(_) => return scalar(tree, command, text),
        InfoValue::List(list) => list_items(tree, &mut cover, list)?,
        InfoValue::Map(map) => pairs(tree, &mut cover, command, map)?,
        InfoValue::Rows(rows) => records(tree, &mut cover, command, rows)?,
        InfoValue::Table(table) => cells(tree, &mut cover, table)?,
        InfoValue::Peers(peers) => peer_list(tree, &mut cover, &peers)?,
        InfoValue::Replicas(rows) => replicas(tree, &mut cover, rows)?,
        InfoValue::Latencies(rows) => latencies(tree, &mut cover, rows)?,
        InfoValue::Histories(rows) => histories(tree, &mut cover, rows)?,
    }
    separator(tree, cover.rest())
}

/// The pairs of a failed UDF command.
///
/// # Errors
/// What Wireshark threw.
pub fn failure<'p>(tree: &Tree<'p>, command: Option<&InfoCommand<'p>>, text: &'p [u8]) -> Guarded {
    let mut cover = Cover::new(text);
    pairs(tree, &mut cover, command, failure_pairs(text))?;
    separator(tree, cover.rest())
}

fn scalar(tree: &Tree<'_>, command: Option<&InfoCommand<'_>>, text: &[u8]) -> Guarded {
    if command.is_some_and(|command| command.name == b"node") {
        node(tree, text, text)?.set_generated();
    }
    Ok(())
}

/// A node id in hexadecimal text, or the text where it is none.
fn node<'p>(tree: &Tree<'p>, part: &[u8], text: &[u8]) -> Guarded<Item<'p>> {
    match hexadecimal(text) {
        Some(id) => Ok(tree
            .uint64(&NODE, part, id)?
            .append(format_args!("{}", NodeName(tree.packet(), id)))),
        None => tree.text(&ITEM_VALUE, part, format_args!("{}", LossyText(text))),
    }
}

/// Piece by piece, each with the separator before it.
fn list_items<'p>(tree: &Tree<'p>, cover: &mut Cover<'p>, list: Pieces<'p>) -> Guarded {
    for piece in list {
        let part = cover.through(piece);
        tree.text(&ITEM_VALUE, part, format_args!("{}", LossyText(piece)))?;
    }
    Ok(())
}

fn pairs<'p>(
    tree: &Tree<'p>,
    cover: &mut Cover<'p>,
    command: Option<&InfoCommand<'p>>,
    list: Pairs<'p>,
) -> Guarded {
    for piece in list {
        let (part, name) = (cover.ahead(piece.bytes), LossyText(piece.name));
        let heading = match piece.value {
            Some(value) => tree.heading(&ITEM, part, format_args!("{name}: {}", Brief(value, 200)))?,
            None => tree.heading(&ITEM, part, format_args!("{name}"))?,
        };
        pair(&heading, cover, command, &piece, &PIECE)?;
    }
    Ok(())
}

/// A name with the separators on both its sides, and its value.
///
/// # Errors
/// What Wireshark threw.
pub fn pair<'p>(
    tree: &Tree<'p>,
    cover: &mut Cover<'p>,
    command: Option<&InfoCommand<'p>>,
    pair: &NamedValue<'p>,
    fields: &Names,
) -> Guarded {
    let name = LossyText(pair.name);
    let Some(value) = pair.value else {
        return tree
            .text(fields.name, cover.through(pair.bytes), format_args!("{name}"))
            .map(|_| ());
    };
    tree.text(fields.name, cover.until(value), format_args!("{name}"))?;
    let item = tree.add(fields.value, cover.through(value))?;
    match encoding(command, pair.name) {
        Some(Encoding::Node) => {
            node(&tree.under(item, fields.value)?, value, value)?.set_generated();
            Ok(())
        }
        // What is not base64 is text already, or `null`.
        Some(encoding) if value != b"null" && base64::is_encoded(value) => {
            add_decoded(&tree.under(item, fields.value)?, encoding, value)
        }
        _ => Ok(()),
    }
}

/// What a value holds that has a meaning of its own.
#[derive(Clone, Copy)]
enum Encoding {
    /// Base64 of text.
    Text,
    /// Base64 of a program.
    Source,
    /// Base64 of a context.
    Context,
    /// Base64 of an expression.
    Expression,
    /// Base64 of a user agent.
    UserAgent,
    /// A node id.
    Node,
}

fn encoding(command: Option<&InfoCommand<'_>>, name: &[u8]) -> Option<Encoding> {
    let command = command.map_or(&b""[..], |command| command.name);
    Some(match name {
        b"cluster_principal" | b"paxos_principal" => Encoding::Node,
        b"content" if command.starts_with(b"udf-") => Encoding::Source,
        b"message" if command.starts_with(b"udf-") => Encoding::Text,
        b"context" if command.starts_with(b"sindex") => Encoding::Context,
        b"exp" if command.starts_with(b"sindex") || command.starts_with(b"xdr-") => Encoding::Expression,
        b"value" if command == b"user-agent-set" => Encoding::UserAgent,
        b"user-agent" => Encoding::UserAgent,
        _ => return None,
    })
}

/// Base64 characters of a text that are decoded: more than is shown of any text.
const TEXT_LIMIT: usize = 8192;

fn add_decoded(tree: &Tree<'_>, encoding: Encoding, text: &[u8]) -> Guarded {
    if matches!(encoding, Encoding::UserAgent) {
        let agent = UserAgent(text);
        let parts = [&AGENT_FORMAT, &AGENT_CLIENT, &AGENT_APPLICATION];
        for (number, field) in parts.into_iter().enumerate() {
            tree.text(field, text, format_args!("{}", agent.part(number)))?
                .set_generated();
        }
    }
    if !tree.wants(&DECODED) && !tree.wants(&SOURCE) {
        return Ok(());
    }
    let limited = match encoding {
        Encoding::Context | Encoding::Expression => text,
        _ => text.get(..TEXT_LIMIT).unwrap_or(text),
    };
    let room = tree.packet().scratch(limited.len());
    let mut used = 0;
    for (place, byte) in room.iter_mut().zip(base64::decode(limited)) {
        *place = byte;
        used += 1;
    }
    let bytes = room.get(..used).unwrap_or_default();
    let item = match encoding {
        Encoding::Context => tree.text(&DECODED, text, format_args!("{}", ContextText(bytes)))?,
        Encoding::Expression => tree.text(&DECODED, text, format_args!("{}", ExpressionText(bytes)))?,
        _ => tree.text(&DECODED, text, format_args!("{}", LossyText(bytes)))?,
    };
    item.set_generated();
    if matches!(encoding, Encoding::Source) {
        let lines = tree.under(item, &DECODED)?;
        for line in bytes.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            lines
                .text(&SOURCE, &[], format_args!("{}", LossyText(line)))?
                .set_generated();
        }
    }
    Ok(())
}

fn records<'p>(
    tree: &Tree<'p>,
    cover: &mut Cover<'p>,
    command: Option<&InfoCommand<'p>>,
    rows: InfoRows<'p>,
) -> Guarded {
    for row in rows {
        let heading = tree.heading(
            &ITEM,
            cover.ahead(row.bytes),
            format_args!("{}", Brief(row.bytes, 200)),
        )?;
        pairs(&heading, cover, command, row.pairs())?;
    }
    Ok(())
}

fn cells<'p>(tree: &Tree<'p>, cover: &mut Cover<'p>, table: InfoTable<'p>) -> Guarded {
    let columns = tree.line(
        &ITEM,
        table.names(),
        "Columns",
        format_args!("{}", Brief(table.names(), 200)),
    )?;
    for name in table.names().split(|byte| *byte == b':') {
        let part = cover.through(name);
        columns.text(&ITEM_NAME, part, format_args!("{}", LossyText(name)))?;
    }
    for row in table {
        let heading = tree.heading(
            &ITEM,
            cover.ahead(row.bytes),
            format_args!("{}", Brief(row.bytes, 200)),
        )?;
        for (name, cell) in row.cells() {
            let part = cover.through(cell);
            heading
                .text(&ITEM_VALUE, part, format_args!("{}", LossyText(cell)))?
                .label(format_args!("{}: {}", LossyText(name), LossyText(cell)));
        }
    }
    Ok(())
}

/// A decimal number, or the text where it is none.
fn number(tree: &Tree<'_>, field: &'static Field, part: &[u8], text: &[u8]) -> Guarded {
    match decimal(text) {
        Some(number) if matches!(field.kind, crate::epan::fields::field::FieldKind::U64) => {
            tree.uint64(field, part, number)?
        }
        Some(number) => tree.uint(field, part, u32::try_from(number).unwrap_or(u32::MAX))?,
        None => tree.text(&ITEM_VALUE, part, format_args!("{}", LossyText(text)))?,
    };
    Ok(())
}

fn peer_list<'p>(tree: &Tree<'p>, cover: &mut Cover<'p>, peers: &PeerList<'p>) -> Guarded {
    number(
        tree,
        &PEERS_GENERATION,
        cover.through(peers.generation),
        peers.generation,
    )?;
    number(
        tree,
        &PEERS_PORT,
        cover.through(peers.default_port),
        peers.default_port,
    )?;
    for peer in peers.iter() {
        let heading = tree.heading(
            &ITEM,
            cover.ahead(peer.bytes),
            format_args!("{}", LossyText(peer.node)),
        )?;
        let item = heading.item();
        node(&heading, cover.through(peer.node), peer.node)?;
        if !peer.tls_name.is_empty() {
            let part = cover.through(peer.tls_name);
            heading.text(
                &PEERS_TLS_NAME,
                part,
                format_args!("{}", LossyText(peer.tls_name)),
            )?;
        }
        let mut separator = ": ";
        for endpoint in peer.endpoints() {
            let part = cover.through(endpoint.bytes);
            heading.text(
                &PEERS_ENDPOINT,
                part,
                format_args!("{}", LossyText(endpoint.bytes)),
            )?;
            item.append(format_args!("{separator}{}", LossyText(endpoint.bytes)));
            separator = ", ";
        }
        if separator == ": " {
            item.append(format_args!(" (has left)"));
        }
    }
    Ok(())
}

fn replicas<'p>(tree: &Tree<'p>, cover: &mut Cover<'p>, rows: Replicas<'p>) -> Guarded {
    for row in rows {
        let heading = tree.heading(
            &ITEM,
            cover.ahead(row.bytes),
            format_args!("{}", LossyText(row.namespace)),
        )?;
        let item = heading.item();
        item.append(format_args!(":"));
        let part = cover.through(row.namespace);
        heading.text(&NAMESPACE, part, format_args!("{}", LossyText(row.namespace)))?;
        let (regime, columns) = row.numbers();
        for (field, text) in [(&REGIME, regime), (&COLUMNS, columns)] {
            if let Some(text) = text {
                number(&heading, field, cover.through(text), text)?;
            }
        }
        for (index, bitmap) in row.columns().enumerate() {
            let part = cover.through(bitmap.0);
            let count = bitmap.count();
            let node = heading.uint(&PARTITIONS, part, u32::try_from(count).unwrap_or(u32::MAX))?;
            if index == 0 {
                node.label(format_args!("Master of {count} partitions"));
                item.append(format_args!(" master of {count}"));
            } else {
                node.label(format_args!("Replica {index} of {count} partitions"));
                item.append(format_args!(", replica {index} of {count}"));
            }
            ranges(&heading.under(node, &PARTITIONS)?, part, &bitmap)?;
        }
        item.append(format_args!(" partitions"));
    }
    Ok(())
}

/// Bytes of a line of ranges.
const RANGE_LINE: usize = 200;

/// Runs of partitions, several on a line.
fn ranges(tree: &Tree<'_>, part: &[u8], bitmap: &Bitmap<'_>) -> Guarded {
    if !tree.wants(&RANGES) {
        return Ok(());
    }
    let mut line = Text::<RANGE_LINE>::new();
    for (first, last) in bitmap.runs() {
        if line.as_str().len() > RANGE_LINE - 24 {
            tree.text(&RANGES, part, format_args!("{}", line.as_str()))?
                .set_generated();
            line = Text::new();
        }
        let comma = if line.is_empty() { "" } else { ", " };
        // There is room for it.
        let _ = if first == last {
            write!(line, "{comma}{first}")
        } else {
            write!(line, "{comma}{first}-{last}")
        };
    }
    if !line.is_empty() {
        tree.text(&RANGES, part, format_args!("{}", line.as_str()))?
            .set_generated();
    }
    Ok(())
}

/// A number with a decimal point, or the text where it is none.
fn float<'p>(tree: &Tree<'p>, field: &'static Field, part: &[u8], text: &[u8]) -> Guarded<Item<'p>> {
    match core::str::from_utf8(text).ok().and_then(|text| text.parse().ok()) {
        Some(number) => tree.double(field, part, number),
        None => tree.text(&ITEM_VALUE, part, format_args!("{}", LossyText(text))),
    }
}

fn latencies<'p>(tree: &Tree<'p>, cover: &mut Cover<'p>, rows: Latencies<'p>) -> Guarded {
    for row in rows {
        let heading = tree.heading(
            &ITEM,
            cover.ahead(row.bytes),
            format_args!("{}", LossyText(row.name)),
        )?;
        let part = cover.through(row.name);
        heading.text(&ITEM_NAME, part, format_args!("{}", LossyText(row.name)))?;
        if row.unit.is_empty() {
            heading
                .item()
                .label(format_args!("{}: not used", LossyText(row.name)));
            continue;
        }
        heading.item().label(format_args!(
            "{}: {} operations/s",
            LossyText(row.name),
            LossyText(row.rate)
        ));
        let unit = LossyText(row.unit);
        let part = cover.through(row.unit);
        heading.text(&LATENCY_UNIT, part, format_args!("{unit}"))?;
        float(&heading, &LATENCY_RATE, cover.through(row.rate), row.rate)?;
        for (bound, share) in row.buckets() {
            float(&heading, &LATENCY_OVER, cover.through(share), share)?
                .label(format_args!("over {bound} {unit}: {} %", LossyText(share)));
        }
    }
    Ok(())
}

fn histories<'p>(tree: &Tree<'p>, cover: &mut Cover<'p>, rows: Histories<'p>) -> Guarded {
    for row in rows {
        let heading = tree.heading(
            &ITEM,
            cover.ahead(row.bytes),
            format_args!("{}", Brief(row.bytes, 200)),
        )?;
        let part = cover.through(row.name);
        heading.text(&ITEM_NAME, part, format_args!("{}", LossyText(row.name)))?;
        for (name, _) in row.cells() {
            let part = cover.through(name);
            heading.text(&ITEM_NAME, part, format_args!("{}", LossyText(name)))?;
        }
        for (name, value) in row.cells() {
            let part = cover.through(value);
            heading
                .text(&ITEM_VALUE, part, format_args!("{}", LossyText(value)))?
                .label(format_args!("{}: {}", LossyText(name), LossyText(value)));
        }
    }
    Ok(())
}
