//! The cluster as the capture shows it: nodes, who hears whom, who is a member and since when, which partitions each owns,
//! what moves between them, the addresses that clients are told, and what these say they are.

pub mod gather;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use self::gather::{Gathered, MOST, OwnedPartitions, Times};
use super::shared::endpoint::{Endpoint, names};
use super::shared::opening::PRESS_APPLY;
use crate::epan::plugin::register::preference;
use crate::epan::reports::stats::{Cell, Column, Report, ReportRow, ReportTables};
use crate::track::cluster::names::preferred_name;
use crate::track::record::{Record, Records};
use crate::wire::info::partitions::PartitionSet;

/// Tables.
const NODES: u32 = 0;
const ADVERTISED: u32 = 1;
const HEARS: u32 = 2;
const MEMBERS: u32 = 3;
const PARTITIONS: u32 = 4;
const MIGRATIONS: u32 = 5;
const CLIENTS: u32 = 6;
const TABLES: usize = 7;

/// Columns.
const NUMBER: u32 = 0;
const NODE: u32 = 1;
const WITH: u32 = 2;
const WHAT: u32 = 3;
const COUNT: u32 = 4;
const RECORDS: u32 = 5;
const BYTES: u32 = 6;
const FROM: u32 = 7;
const TO: u32 = 8;
const FIRST_FRAME: u32 = 9;

/// The report.
#[derive(Default)]
pub struct Cluster {
    gathered: Gathered,
    /// It was opened while the capture was read.
    is_late: bool,
}

impl Report<Records> for Cluster {
    const NUMBER: u8 = 8;
    const TITLE: &'static core::ffi::CStr = c"Aerospike Cluster";
    const CLI: &'static core::ffi::CStr = c"aerospike,cluster";
    const COLUMNS: &'static [Column] = &[
        Column::new(c"No.", Cell::Unsigned, 4),
        Column::new(c"Node", Cell::Text, 26),
        Column::new(c"With", Cell::Text, 26),
        Column::new(c"What", Cell::Text, 60),
        Column::new(c"Count", Cell::Unsigned, 7),
        Column::new(c"Records", Cell::Unsigned, 8),
        Column::new(c"Bytes", Cell::Decimal(0), 12),
        Column::new(c"From (s)", Cell::Decimal(3), 10),
        Column::new(c"To (s)", Cell::Decimal(3), 10),
        Column::new(c"First frame", Cell::Unsigned, 11),
    ];
    const TABLES: &'static [&'static core::ffi::CStr] = &[
        c"All nodes (pulses and answers)",
        c"Told to clients: addresses (times)",
        c"Who hears whom (pulses)",
        c"Members, as each node says (pulses)",
        c"Partitions (partitions)",
        c"Migrations (partitions begun)",
        c"Clients and applications, as they say (times)",
    ];

    fn comes_late(&mut self) {
        self.is_late = true;
    }

    fn on_open(&mut self, tables: &ReportTables) {
        self.write(tables);
    }

    fn packet(&mut self, record: &Record<'_>, _: &ReportTables) -> bool {
        self.gathered.record(record)
    }

    fn on_draw(&mut self, tables: &ReportTables) {
        self.write(tables);
    }
}

/// Nodes by what is known of them: ids with their addresses.
#[derive(Default)]
struct Known {
    /// Ids by address, where it is that of one node alone.
    id_of: BTreeMap<Endpoint, Option<u64>>,
}

impl Known {
    fn of(gathered: &Gathered) -> Self {
        let mut known = Self::default();
        for (node, speaker) in &gathered.speakers {
            for address in &speaker.addresses {
                known.note(*address, *node);
            }
        }
        for (address, node) in &gathered.greeters {
            known.note(*address, *node);
        }
        for (end, service) in &gathered.services {
            if let Some(node) = service.node {
                known.note(end.host(), node);
                known.id_of.insert(*end, Some(node));
            }
        }
        known
    }

    fn note(&mut self, address: Endpoint, node: u64) {
        let entry = self.id_of.entry(address).or_insert(Some(node));
        if *entry != Some(node) {
            *entry = None;
        }
    }

    /// The node at an address, with its id where that is known.
    fn node(&self, end: Endpoint) -> String {
        let id = self.id_of.get(&end).or_else(|| self.id_of.get(&end.host()));
        match id.copied().flatten() {
            Some(node) => self.name(node),
            None => end.to_string(),
        }
    }

    /// A node by its id: with its name, or with its address.
    fn name(&self, node: u64) -> String {
        let name =
            preference::node_names(|names| preferred_name(names, node).map(|name| name.replace('|', "/")));
        let address = || {
            let of_it = |(_, id): &(&Endpoint, &Option<u64>)| **id == Some(node);
            let address = self.id_of.iter().find(of_it)?.0.host();
            Some(address.to_string())
        };
        match name.or_else(address) {
            Some(name) => format!("{node:x} ({name})"),
            None => format!("{node:x}"),
        }
    }
}

/// The tables as they grow.
struct Rows<'s> {
    tables: &'s ReportTables,
    begun: i64,
    next: [u32; TABLES],
}

impl Rows<'_> {
    fn add(&mut self, table: u32, texts: (&str, &str, &str), times: &Times) -> Option<ReportRow> {
        let next = self.next.get_mut(table as usize)?;
        let row = self.tables.row(table, *next)?;
        *next += 1;
        row.unsigned(NUMBER, *next);
        for (column, text) in [(NODE, texts.0), (WITH, texts.1), (WHAT, texts.2)] {
            row.text(column, format_args!("{}", text.replace('|', "/")));
        }
        row.unsigned(COUNT, times.count);
        // Text output ends a row at its first empty cell.
        row.unsigned(RECORDS, 0);
        row.decimal(BYTES, 0.0);
        for (column, time) in [(FROM, times.span.0), (TO, times.span.1)] {
            let seconds = (time - self.begun) as f64 / 1e9;
            row.decimal(column, if times.count > 0 { seconds } else { 0.0 });
        }
        row.unsigned(FIRST_FRAME, times.frame);
        Some(row)
    }
}

impl Cluster {
    fn write(&self, tables: &ReportTables) {
        for table in 0..TABLES {
            tables.clear(table as u32);
        }
        let gathered = &self.gathered;
        let known = Known::of(gathered);
        let mut rows = Rows {
            tables,
            begun: gathered.begun.unwrap_or(0),
            next: [0; TABLES],
        };
        if self.is_late {
            rows.add(NODES, ("(not counted)", "", PRESS_APPLY), &Times::default());
        }
        nodes(gathered, &known, &mut rows);
        for ((node, address), (times, who)) in &gathered.advertised {
            let node = node.map_or_else(|| String::from("?"), |node| known.name(node));
            let who: Vec<&String> = who.iter().collect();
            rows.add(ADVERTISED, (&node, address, &names(&who)), times);
        }
        for ((one, other), times) in &gathered.hears {
            let last = gathered.speakers.get(one).map_or(0, |one| one.times.span.1);
            let what = if times.span.1 < last {
                "hears no more"
            } else {
                "hears"
            };
            rows.add(HEARS, (&known.name(*one), &known.name(*other), what), times);
        }
        for members in &gathered.members {
            let list: Vec<String> = members.list.iter().map(|node| format!("{node:x}")).collect();
            let principal = members.list.first().map(|node| known.name(*node));
            let what = match members.key {
                0 => String::from("belongs to no cluster"),
                key => format!("cluster {key:x} of {}: {}", list.len(), list.join(", ")),
            };
            let principal = principal.filter(|_| members.key != 0).unwrap_or_default();
            rows.add(
                MEMBERS,
                (&known.name(members.node), &principal, &what),
                &members.times,
            );
        }
        partitions(gathered, &known, &mut rows);
        for ((from, to, namespace), moves) in &gathered.moves {
            let namespace = match namespace.as_str() {
                "" => "begun before the capture",
                namespace => namespace,
            };
            let what = format!(
                "{namespace}: {} partitions begun, {} done",
                moves.started, moves.done
            );
            let texts = (&*known.node(*from), &*known.node(*to), &*what);
            if let Some(row) = rows.add(MIGRATIONS, texts, &moves.times) {
                row.unsigned(COUNT, moves.started);
                row.unsigned(RECORDS, moves.records);
                row.decimal(BYTES, moves.bytes as f64);
            }
        }
        for ((host, library, application), times) in &gathered.clients {
            rows.add(CLIENTS, (&host.to_string(), application, library), times);
        }
    }
}

fn nodes(gathered: &Gathered, known: &Known, rows: &mut Rows<'_>) {
    let heard = gathered.hears.keys().map(|(_, other)| *other);
    let members = gathered
        .members
        .iter()
        .flat_map(|members| members.list.iter().copied());
    let told = gathered.advertised.keys().filter_map(|(node, _)| *node);
    let answering = gathered.services.values().filter_map(|service| service.node);
    let speaking = gathered
        .speakers
        .keys()
        .chain(gathered.greeters.values())
        .copied();
    let ids: BTreeSet<u64> = speaking
        .chain(heard)
        .chain(members)
        .chain(told)
        .chain(answering)
        .collect();
    for node in ids.into_iter().take(MOST) {
        let mut times = Times::default();
        let mut addresses: BTreeSet<String> = BTreeSet::new();
        let mut what: Vec<String> = Vec::new();
        for service in gathered
            .services
            .iter()
            .filter(|(_, service)| service.node == Some(node))
        {
            addresses.insert(service.0.to_string());
            join(&mut times, &service.1.times);
            let said = service.1.said.iter().map(|(name, text)| describe(name, text));
            what.extend(said);
        }
        if let Some(speaker) = gathered.speakers.get(&node) {
            addresses.extend(speaker.addresses.iter().map(Endpoint::to_string));
            join(&mut times, &speaker.times);
            what.push(of_speaker(speaker));
        }
        for (address, _) in gathered.greeters.iter().filter(|(_, greeter)| **greeter == node) {
            addresses.insert(address.to_string());
        }
        if what.is_empty() && times.count == 0 {
            what.push(String::from("known from others"));
        }
        what.dedup();
        let addresses: Vec<String> = addresses.into_iter().collect();
        rows.add(
            NODES,
            (&known.name(node), &addresses.join(", "), &what.join("; ")),
            &times,
        );
    }
    for (end, service) in &gathered.services {
        if service.node.is_none() {
            let what: Vec<String> = service
                .said
                .iter()
                .map(|(name, text)| describe(name, text))
                .collect();
            rows.add(NODES, ("?", &end.to_string(), &what.join("; ")), &service.times);
        }
    }
    let what = if gathered.is_full {
        format!("more than {MOST} of something: the rest is left out")
    } else {
        String::from("nothing of a cluster was seen")
    };
    // The first table always has a row.
    if gathered.is_full || rows.next[NODES as usize] == 0 {
        rows.add(NODES, ("", "", &what), &Times::default());
    }
}

fn describe(name: &str, text: &str) -> String {
    match name {
        "features" => format!("{} features: {text}", text.split(';').count()),
        _ => format!("{name} {text}"),
    }
}

fn of_speaker(speaker: &gather::Speaker) -> String {
    let mut text = format!("heartbeats, cluster \"{}\"", speaker.cluster);
    // A String takes all.
    let _ = match (speaker.key, speaker.principal) {
        (0, _) => write!(text, ", in none"),
        (key, Some(principal)) => {
            write!(
                text,
                ", key {key:x} of {} nodes, principal {principal:x}",
                speaker.size
            )
        }
        (key, None) => write!(text, ", key {key:x} of {} nodes", speaker.size),
    };
    text
}

fn join(times: &mut Times, other: &Times) {
    if other.count == 0 {
        return;
    }
    if times.count == 0 {
        *times = *other;
        return;
    }
    times.frame = times.frame.min(other.frame);
    times.count = times.count.saturating_add(other.count);
    times.span = (times.span.0.min(other.span.0), times.span.1.max(other.span.1));
}

fn partitions(gathered: &Gathered, known: &Known, rows: &mut Rows<'_>) {
    let mut last: Option<&str> = None;
    for ((namespace, end), map) in &gathered.maps {
        if last.is_some_and(|last| last != namespace) {
            together(gathered, known, last.unwrap_or_default(), rows);
        }
        last = Some(namespace);
        let node = known.node(*end);
        let regime = map
            .regime
            .map_or(String::new(), |regime| format!(", regime {regime}"));
        let changed = match map.changes {
            0 => String::new(),
            changes => format!(", changed {changes} times before"),
        };
        let what = format!("master, by {}{regime}{changed}", map.command);
        if let Some(row) = rows.add(PARTITIONS, (&node, namespace, &what), &map.times) {
            row.unsigned(COUNT, map.masters.count());
        }
        if let Some(copies) = &map.copies {
            let what = format!("copy, by {}{regime}{changed}", map.command);
            if let Some(row) = rows.add(PARTITIONS, (&node, namespace, &what), &map.times) {
                row.unsigned(COUNT, copies.without(&map.masters).count());
            }
        }
    }
    if let Some(last) = last {
        together(gathered, known, last, rows);
    }
}

/// What the newest maps of all nodes say together of a namespace: partitions of several masters, and, where all nodes that
/// are known have told theirs, those of none.
fn together(gathered: &Gathered, known: &Known, namespace: &str, rows: &mut Rows<'_>) {
    // A node by two addresses is one.
    let mut maps: BTreeMap<String, &OwnedPartitions> = BTreeMap::new();
    for ((_, end), map) in gathered.maps.iter().filter(|((name, _), _)| name == namespace) {
        let newest = maps.entry(known.node(*end)).or_insert(map);
        if map.times.span.1 > newest.times.span.1 {
            *newest = map;
        }
    }
    let (mut one, mut two) = (PartitionSet::default(), PartitionSet::default());
    let mut times = Times::default();
    for map in maps.values() {
        two = two.union(&one.intersection(&map.masters));
        one = one.union(&map.masters);
        join(&mut times, &map.times);
    }
    let is_told = |node: &u64| maps.contains_key(&known.name(*node));
    let named = gathered.advertised.keys().filter_map(|(node, _)| node.as_ref());
    let is_all = named
        .chain(gathered.speakers.keys())
        .chain(gathered.members.last().iter().flat_map(|members| &members.list))
        .all(is_told);
    let who: Vec<&String> = maps.keys().collect();
    for (set, what) in [(one.complement(), "without a master"), (two, "with two masters")] {
        let is_none = what == "without a master";
        if set.count() == 0 || is_none && !is_all || is_none && maps.len() < 2 && one.count() == 0 {
            continue;
        }
        let mut text = format!("{what}:");
        for (first, last) in set.runs().take(100) {
            let separator = if text.ends_with(':') { " " } else { ", " };
            // A String takes all.
            let _ = match last - first {
                0 => write!(text, "{separator}{first}"),
                _ => write!(text, "{separator}{first}-{last}"),
            };
        }
        let texts = (&*names(&who), namespace, &*text);
        if let Some(row) = rows.add(PARTITIONS, texts, &times) {
            row.unsigned(COUNT, set.count());
        }
    }
}
