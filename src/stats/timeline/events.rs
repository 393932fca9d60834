//! Events of the cluster and of its configuration, in words: what nodes say in heartbeats and exchange over fabric, and what
//! was changed by info commands. What is first seen is no event, but a change of it.

use core::fmt;
use std::collections::HashMap;

use crate::stats::diagnosis::log::cluster::ClusterLog;
use crate::stats::diagnosis::log::info::InfoLog;
use crate::stats::shared::endpoint::Endpoint;
use crate::track::client::transactions::RequestKind;
use crate::track::record::{Event, Record};

/// Events that are shown at most.
pub const MOST: usize = 10_000;
/// Events of a row that are written out.
const SHOWN: usize = 8;

/// What was heard, and what follows from it.
#[derive(Default)]
pub struct Events {
    cluster: ClusterLog,
    info: InfoLog,
    /// Time and text, in the order of the time, of what was heard so far.
    list: Vec<(i64, String)>,
    is_old: bool,
}

/// Those of a row.
pub struct Between<'e>(&'e [(i64, String)]);

impl fmt::Display for Between<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (_, text)) in self.0.iter().take(SHOWN).enumerate() {
            write!(f, "{}{text}", if number == 0 { "" } else { "; " })?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "; … and {more} more"),
        }
    }
}

impl Events {
    /// A record.
    pub fn record(&mut self, record: &Record<'_>) {
        let is_internode = matches!(record.event, Event::Internode { .. });
        if !is_internode && (record.what != RequestKind::Info || record.detail.text.is_empty()) {
            return;
        }
        let client = Endpoint::new(record.client.address, record.client.port);
        let server = Endpoint::new(record.server.address, record.server.port);
        if is_internode {
            self.cluster.record(record, (client, server));
        } else {
            self.info.record(record, (client, server));
        }
        self.is_old = true;
    }

    /// Reads what was heard. To be called before those of a row are asked for.
    pub fn read(&mut self) {
        if !core::mem::take(&mut self.is_old) {
            return;
        }
        self.list.clear();
        self.add_changes();
        self.add_clusters();
        self.add_migrations();
        self.list.sort_by_key(|(time, _)| *time);
    }

    /// Those from one time on and before another.
    #[must_use]
    pub fn between(&self, from: i64, to: i64) -> Between<'_> {
        let list = self.list.get(..MOST).unwrap_or(&self.list);
        let first = list.partition_point(|(time, _)| *time < from);
        let last = list.partition_point(|(time, _)| *time < to).max(first);
        Between(list.get(first..last).unwrap_or_default())
    }

    /// Events that were too many.
    #[must_use]
    pub fn left_out(&self) -> u32 {
        u32::try_from(self.list.len().saturating_sub(MOST)).unwrap_or(u32::MAX)
    }

    /// Info commands that change something.
    fn add_changes(&mut self) {
        for change in &self.info.changes {
            let refused = if change.is_done == Some(false) {
                " (refused)"
            } else {
                ""
            };
            let text = change.text.replace(['|', '\n'], "/");
            self.list.push((
                change.time,
                format!("{} at {}{refused}", text.trim_end(), change.server),
            ));
        }
    }

    /// Nodes whose cluster has another size or key than they said before.
    fn add_clusters(&mut self) {
        let mut before: HashMap<u64, (u32, u64)> = HashMap::new();
        for run in &self.cluster.runs {
            let (node, size) = (run.node, run.size);
            let text = match before.insert(node, (size, run.key)) {
                Some((old, _)) if old != size && size == 0 => {
                    format!("{node:X} is in no cluster, before in one of {old}")
                }
                Some((0, _)) if size != 0 => format!("{node:X} is in a cluster of {size}, before in none"),
                Some((old, _)) if old != size => {
                    format!("{node:X} is in a cluster of {size}, before of {old}")
                }
                Some((_, key)) if key != run.key => format!("{node:X} is in another cluster of {size}"),
                _ => continue,
            };
            self.list.push((run.first.0, text));
        }
    }

    /// The first and the last migration message of each pair of nodes.
    fn add_migrations(&mut self) {
        for ((from, to), migration) in &self.cluster.migrations {
            let pair = format!("{} to {}", from.host(), to.host());
            self.list
                .push((migration.first.0, format!("migration from {pair} begins")));
            self.list
                .push((migration.last, format!("last migration message from {pair}")));
        }
    }
}
