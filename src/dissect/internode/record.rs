//! Records as nodes send them to each other: flat records and the pickles of old servers.

use core::fmt;

use super::container::leftover;
use crate::dissect::client::header;
use crate::dissect::shared::common::{self, BIN_NAME};
use crate::dissect::values::bin;
use crate::dissect::values::fields::value;
use crate::epan::{Guarded, Tree};
use crate::wire::client::fields::key::{KeyLiteral, UserKey};
use crate::wire::client::proto::Order;
use crate::wire::ground::input::Malformed;
use crate::wire::ground::time::{UpdateTime, VoidTime};
use crate::wire::internode::container::spec::ContentKind;
use crate::wire::internode::record::bin::{Bin, BinFlags, BinValue, Geo};
use crate::wire::internode::record::pickle::{Pickle, PickleBin};
use crate::wire::internode::record::{ExtraFlags, FlatRecord, Layout, PartAt, RecordFlags, RecordPart};
use crate::wire::values::particle::{self, ParticleType};

fields! {
    MAGIC: U32, "aerospike.record.magic", "Magic", "First bytes of a flat record" .hex();
    N_RBLOCKS: U32, "aerospike.record.n_rblocks", "Blocks", "Length of the record in blocks of 16 bytes, less one";
    TREE_ID: U8, "aerospike.record.tree_id", "Tree id", "Where the sender's index has the record";
    LAST_UPDATE_TIME: AbsoluteTime, "aerospike.record.last_update_time", "Last update time", "When the record or bin was written last";
    SET_SIZE: U8, "aerospike.record.set_size", "Set name length", "Length of the set name";
    KEY_SIZE: U32, "aerospike.record.key_size", "Key size", "Length of the stored key and its type";
    BIN_COUNT: U32, "aerospike.record.bin_count", "Number of bins", "Bins that follow";
    BIN_NAME_SIZE: U8, "aerospike.record.bin.name_size", "Bin name length", "Length of the bin name";
    BIN_VERSION: U8, "aerospike.record.bin.version", "Version", "Unused";
    PARTICLE_TYPE: U8, "aerospike.record.bin.particle_type", "Particle type", "Type of the value" .values(ParticleType::TABLE);
    VALUE_SIZE: U32, "aerospike.record.bin.value_size", "Value size", "Length of the value" .bytes();
    PADDING: Bytes, "aerospike.record.padding", "Padding", "Bytes behind the last bin, of servers before 6.0";
    OPAQUE: Bytes, "aerospike.record.opaque", "Not decoded", "The rest of a record whose layout is the Enterprise Edition's";
}

bit_sets! {
    LAYOUT: U32 of RecordFlags, "aerospike.record.layout", "Layout", "Blocks, flags and tree id";
    EXTRA_FLAGS: U8 of ExtraFlags, "aerospike.record.extra_flags", "Extra flags", "More flags of a record";
    BIN_FLAGS: U8 of BinFlags, "aerospike.record.bin.flags", "Bin flags", "Flags of a bin";
}

/// A stored key as text, strings in quotes.
pub struct KeyOf<'a> {
    /// Its type.
    pub particle: ParticleType,
    /// Its value.
    pub value: &'a [u8],
}

impl fmt::Display for KeyOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = UserKey {
            kind: self.particle,
            value: self.value,
        };
        KeyLiteral(&key).fmt(f)
    }
}

/// A record: flat, or without its magic the pickle of an old server.
///
/// # Errors
/// What Wireshark threw.
pub fn record<'p>(tree: &Tree<'p>, kind: ContentKind, data: &'p [u8]) -> Guarded {
    match FlatRecord::read(data) {
        Ok(record) => flat(tree, &record),
        Err(error) if FlatRecord::is_flat(data) => common::add_error(tree, &error),
        Err(_) if kind == ContentKind::Record => match Pickle::read(data) {
            Ok(old) => pickle(tree, &old),
            Err(error) => common::add_error(tree, &error),
        },
        Err(_) => {
            if !data.is_empty() {
                tree.add(&OPAQUE, data)?;
            }
            Ok(())
        }
    }
}

fn time(tree: &Tree<'_>, part: &[u8], time: UpdateTime) -> Guarded {
    let (seconds, nanoseconds) = time.unix();
    tree.time(
        &LAST_UPDATE_TIME,
        part,
        i64::try_from(seconds).unwrap_or(0),
        i32::try_from(nanoseconds).unwrap_or(0),
    )?;
    Ok(())
}

fn flat<'p>(tree: &Tree<'p>, record: &FlatRecord<'p>) -> Guarded {
    let at = |range: core::ops::Range<usize>| record.bytes.get(range).unwrap_or_default();
    tree.item().append(format_args!(
        ", {} bytes, digest {}",
        record.bytes.len(),
        record.digest
    ));
    tree.add_in(&MAGIC, at(FlatRecord::MAGIC), Order::Little)?;
    let layout = at(FlatRecord::LAYOUT);
    tree.bits(&LAYOUT, layout, Order::Little)?;
    tree.uint(&N_RBLOCKS, layout, record.layout.n_rblocks())?;
    tree.uint(&TREE_ID, layout, u32::from(record.layout.tree_id()))?;
    common::digest(tree, record.digest)?;
    time(tree, at(FlatRecord::LAST_UPDATE_TIME), record.last_update_time)?;
    tree.add_in(&header::GENERATION, at(FlatRecord::GENERATION), Order::Little)?;
    for next in record.parts() {
        match next {
            Ok(next) => part(tree, &next)?,
            Err(error) => return common::add_error(tree, &error),
        }
    }
    let blocks = Layout::n_rblocks_for(record.bytes.len());
    if record.layout.n_rblocks() != blocks && !tree.source().is_cut() {
        let by = "the number of blocks is not that of its length";
        let error = Malformed::illegal("flat record", layout, by);
        tree.expert(&common::MALFORMED, format_args!("{error}"))?;
    }
    Ok(())
}

fn part<'p>(tree: &Tree<'p>, at: &PartAt<'p>) -> Guarded {
    let bytes = at.bytes;
    match at.part {
        RecordPart::ExtraFlags(_) => {
            tree.bits(&EXTRA_FLAGS, bytes, Order::Big)?;
        }
        RecordPart::VoidTime(time) => void_time(tree, bytes, time)?,
        RecordPart::Set(name) => {
            tree.add(&SET_SIZE, bytes.get(..1).unwrap_or_default())?;
            tree.add(&common::SET, name)?;
        }
        RecordPart::Key { particle, value } => {
            let head = bytes.len().saturating_sub(value.len().saturating_add(1));
            let (size, data) = bytes.split_at_checked(head).unwrap_or((bytes, &[]));
            tree.uint(&KEY_SIZE, size, u32::try_from(data.len()).unwrap_or(u32::MAX))?;
            let key = UserKey {
                kind: particle,
                value,
            };
            common::key(tree, data, &key)?;
        }
        RecordPart::BinCount(count) => {
            tree.uint(&BIN_COUNT, bytes, count)?;
        }
        RecordPart::Bin(of) => bin(tree, &of)?,
        RecordPart::Padding => {
            tree.add(&PADDING, bytes)?;
        }
        RecordPart::Opaque(why) => {
            tree.add(&OPAQUE, bytes)?.append(format_args!(" ({why})"));
        }
    }
    Ok(())
}

fn void_time(tree: &Tree<'_>, bytes: &[u8], time: VoidTime) -> Guarded {
    let seconds = time
        .unix_seconds()
        .and_then(|seconds| i64::try_from(seconds).ok());
    tree.time(&header::VOID_TIME, bytes, seconds.unwrap_or(0), 0)?;
    Ok(())
}

/// A bin's line: the item of its name.
fn bin_line<'p>(tree: &Tree<'p>, bytes: &[u8], name: &[u8]) -> Guarded<Tree<'p>> {
    let name = crate::wire::ground::text::LossyText(name);
    let item = tree.text(&BIN_NAME, bytes, format_args!("{name}"))?;
    let below = tree.under(item, &BIN_NAME)?;
    below.item().label(format_args!("Bin {name}"));
    Ok(below)
}

fn bin<'p>(tree: &Tree<'p>, bin: &Bin<'p>) -> Guarded {
    let below = bin_line(tree, bin.bytes, bin.name)?;
    let bytes = bin.bytes;
    below.add(&BIN_NAME_SIZE, bytes.get(..1).unwrap_or_default())?;
    let behind = bytes.get(1 + bin.name.len()..).unwrap_or_default();
    if bin.flags.is_some() {
        below.bits(&BIN_FLAGS, behind.get(..1).unwrap_or_default(), Order::Big)?;
    }
    if let Some(written) = bin.last_update_time {
        time(&below, behind.get(1..6).unwrap_or_default(), written)?;
    }
    below.add(&PARTICLE_TYPE, bin.particle_bytes.get(..1).unwrap_or_default())?;
    let sized = bin.particle_bytes.get(1..).unwrap_or_default();
    match bin.value {
        BinValue::Integer(number) => {
            let (size, data) = sized.split_at_checked(1).unwrap_or((sized, &[]));
            below.uint(&VALUE_SIZE, size, u32::try_from(data.len()).unwrap_or(0))?;
            bin::add_value(&below, data, &particle::Value::Integer(number))
        }
        BinValue::Float(number) => bin::add_value(&below, sized, &particle::Value::Float(number)),
        BinValue::Bool(truth) => bin::add_value(&below, sized, &particle::Value::Bool(truth)),
        BinValue::Bytes(data) | BinValue::Msgpack(data) => {
            below.add_in(&VALUE_SIZE, sized.get(..4).unwrap_or_default(), Order::Little)?;
            add_typed(&below, bin.particle, data)
        }
        BinValue::Geo(geo) => {
            below.add_in(&VALUE_SIZE, sized.get(..4).unwrap_or_default(), Order::Little)?;
            geojson(&below, sized.get(4..).unwrap_or_default(), &geo)
        }
    }
}

/// A value in the form that clients see.
fn add_typed<'p>(tree: &Tree<'p>, kind: ParticleType, data: &'p [u8]) -> Guarded {
    match particle::Value::parse(kind, data) {
        Ok(of) => bin::add_value(tree, data, &of),
        Err(error) => common::add_error(tree, &error),
    }
}

/// As clients see it, but little endian.
fn geojson(tree: &Tree<'_>, data: &[u8], geo: &Geo<'_>) -> Guarded {
    let json = crate::wire::ground::text::LossyText(geo.json);
    tree.text(&value::VALUE, data, format_args!("{json}"))?
        .set_generated();
    tree.item().append(format_args!(" = {json}"));
    tree.add(&value::GEO_FLAGS, data.get(Geo::FLAGS).unwrap_or_default())?;
    tree.add_in(
        &value::GEO_CELLS,
        data.get(Geo::COUNT).unwrap_or_default(),
        Order::Little,
    )?;
    for cell in geo.cells.chunks_exact(8) {
        tree.add_in(&value::GEO_CELL, cell, Order::Little)?;
    }
    tree.add(&value::GEOJSON, geo.json)?;
    Ok(())
}

fn pickle<'p>(tree: &Tree<'p>, pickle: &Pickle<'p>) -> Guarded {
    tree.item()
        .append(format_args!(", old record of {} bins", pickle.count));
    tree.uint(&BIN_COUNT, pickle.head, u32::from(pickle.count))?;
    let mut bins = pickle.bins();
    for next in bins.by_ref() {
        match next {
            Ok(next) => pickled_bin(tree, &next)?,
            Err(error) => return common::add_error(tree, &error),
        }
    }
    leftover(tree, "pickled record", bins.rest())
}

fn pickled_bin<'p>(tree: &Tree<'p>, bin: &PickleBin<'p>) -> Guarded {
    let below = bin_line(tree, bin.bytes, bin.name)?;
    below.add(&BIN_NAME_SIZE, bin.bytes.get(..1).unwrap_or_default())?;
    let behind = bin.bytes.get(1 + bin.name.len()..).unwrap_or_default();
    below.add(&BIN_VERSION, behind.get(..1).unwrap_or_default())?;
    below.add(&PARTICLE_TYPE, behind.get(1..2).unwrap_or_default())?;
    below.add(&VALUE_SIZE, behind.get(2..6).unwrap_or_default())?;
    add_typed(&below, bin.particle, bin.value)
}
