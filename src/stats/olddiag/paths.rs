//! What gets lost on the way from one end to another, and hosts from which nothing comes any more.

use std::collections::{BTreeMap, HashMap};

use super::finding::{Finding, Findings, Key, Kind};
use super::segment::{names, End, MS};
use super::silence::Servers;

/// A path on which so long nothing was lost has a new episode.
pub const EPISODE: i64 = 5_000 * MS;
/// Paths that are known.
const PATHS: usize = 10_000;
/// One or two lost packets are ordinary.
const LOST: u32 = 3;

/// What got lost from one end to another.
#[derive(Default)]
struct Path {
    number: u32,
    first: (i64, u32),
    last: i64,
    data: u32,
    syns: u32,
    recovered: bool,
    finding: Option<usize>,
    /// Its packets count at the host from which nothing comes.
    is_dead: bool,
}

/// A host from which nothing has come since packets to it get lost.
struct Dead {
    finding: usize,
    data: u32,
    syns: u32,
    /// Whose packets get lost.
    senders: Vec<End>,
    /// The only path, as long as there is only one.
    path: Option<(End, End)>,
    /// When something came from it again.
    until: Option<i64>,
}

/// All paths, from whom to whom.
#[derive(Default)]
pub struct Paths {
    paths: BTreeMap<(End, End), Path>,
    dead: HashMap<End, Dead>,
}

impl Paths {
    /// What had been lost before was acknowledged.
    pub fn recovered(&mut self, ends: (End, End)) {
        if let Some(path) = self.paths.get_mut(&ends) {
            path.recovered = true;
        }
    }

    /// Whether packets from one host to another got lost since.
    #[must_use]
    pub fn has_lost(&self, from: End, to: End, since: i64) -> bool {
        self.paths
            .iter()
            .any(|(ends, path)| ends.0.host() == from && ends.1.host() == to && path.last >= since)
    }

    /// Whether nothing comes from a host while packets to it get lost.
    #[must_use]
    pub fn is_dead(&self, host: End) -> bool {
        self.dead.get(&host).is_some_and(|dead| dead.until.is_none())
    }

    /// The host sent something. Where only one path to it had lost packets, it was that path.
    pub fn heard(&mut self, host: End, now: i64, findings: &mut Findings) {
        let Some(dead) = self.dead.get_mut(&host).filter(|dead| dead.until.is_none()) else {
            return;
        };
        dead.until = Some(now);
        let (only, id) = (dead.path, dead.finding);
        for (ends, path) in &mut self.paths {
            if ends.1.host() != host || !path.is_dead {
                continue;
            }
            if only == Some(*ends) {
                path.is_dead = false;
                path.finding = Some(id);
                if let Some(finding) = findings.change(id) {
                    path.write(*ends, finding, true);
                }
            } else {
                *path = Path {
                    number: path.number + 1,
                    ..Path::default()
                };
            }
        }
    }

    /// A packet from one end to the other, sent `at`, got lost.
    pub fn lost(
        &mut self,
        ends: (End, End),
        first: (i64, u32),
        is_syn: bool,
        servers: &Servers,
        findings: &mut Findings,
    ) {
        let at = first.0;
        if self.paths.len() >= PATHS {
            self.paths.clear();
            self.dead.clear();
        }
        let host = ends.1.host();
        let dead = self.dead.get(&host);
        // Sent before it was heard again, and missed only later.
        if dead.is_some_and(|dead| dead.path.is_none() && dead.until.is_some_and(|until| at < until)) {
            self.dead(ends, first, is_syn, findings);
            return;
        }
        let path = self.paths.entry(ends).or_default();
        if path.data + path.syns > 0 && at - path.last > EPISODE {
            *path = Path {
                number: path.number + 1,
                ..Path::default()
            };
        }
        if path.data + path.syns == 0 {
            path.first = first;
        }
        path.last = path.last.max(at);
        *(if is_syn { &mut path.syns } else { &mut path.data }) += 1;
        let count = path.data + path.syns;
        let lives = path.recovered || servers.heard_since(host, path.first.0 + MS);
        if path.finding.is_none() && !lives {
            if count >= LOST || self.dead.get(&host).is_some_and(|dead| dead.until.is_none()) {
                self.dead(ends, first, is_syn, findings);
            }
            return;
        }
        if path.finding.is_none() && count < LOST {
            return;
        }
        let id = path.finding.or_else(|| {
            let key = Key {
                kind: Kind::Loss,
                ends,
                more: path.number.to_be_bytes().to_vec(),
            };
            let made = || finding(Kind::Loss, ends, path.first, at);
            findings.at(key, made).map(|(id, _)| id)
        });
        path.finding = id;
        if let Some(finding) = id.and_then(|id| findings.change(id)) {
            path.write(ends, finding, lives);
        }
    }

    /// The same, and nothing has come from there since.
    fn dead(&mut self, ends: (End, End), lost: (i64, u32), is_syn: bool, findings: &mut Findings) {
        let host = ends.1.host();
        let at = lost.0;
        let mut first = lost;
        let (mut data, mut syns) = (u32::from(!is_syn), u32::from(is_syn));
        let path = self.paths.get_mut(&ends).filter(|path| path.data + path.syns > 0);
        let is_new = path.as_ref().is_none_or(|path| !path.is_dead);
        if let Some(path) = path.filter(|path| !path.is_dead) {
            (data, syns, first) = (path.data, path.syns, path.first);
            path.is_dead = true;
        }
        let known = self.dead.get(&host);
        if known.is_none_or(|dead| dead.until.is_some_and(|until| at >= until)) {
            let key = Key {
                kind: Kind::Unreachable,
                ends: (host, End::default()),
                more: first.0.to_be_bytes().to_vec(),
            };
            let made = || finding(Kind::Unreachable, (End::default(), host), first, at);
            let Some((finding, _)) = findings.at(key, made) else {
                return;
            };
            let dead = Dead {
                finding,
                data: 0,
                syns: 0,
                senders: Vec::new(),
                path: Some(ends),
                until: None,
            };
            self.dead.insert(host, dead);
        }
        let Some(dead) = self.dead.get_mut(&host) else {
            return;
        };
        if is_new && dead.path != Some(ends) {
            dead.path = None;
        }
        dead.data += data;
        dead.syns += syns;
        if !dead.senders.contains(&ends.0.host()) {
            dead.senders.push(ends.0.host());
        }
        let Some(finding) = findings.change(dead.finding) else {
            return;
        };
        if first.0 < finding.from {
            (finding.from, finding.frame) = first;
        }
        finding.to = finding.to.max(at);
        finding.count = dead.data + dead.syns;
        finding.who = format!("{host}");
        finding.details = format!(
            "nothing comes from it, not even by TCP: no answer to {} segments and {} SYNs of {}: dead, or cut off from the network",
            dead.data,
            dead.syns,
            names(&dead.senders)
        );
    }
}

impl Path {
    fn write(&self, ends: (End, End), finding: &mut Finding, lives: bool) {
        finding.count = self.data + self.syns;
        finding.from = self.first.0;
        finding.to = finding.to.max(self.last);
        finding.frame = self.first.1;
        finding.who = format!("{} to {}", ends.0, ends.1);
        (finding.kind, finding.details) = if self.data == 0 && lives {
            let details = format!(
                "{} SYNs unanswered while the host is heard: a firewall drops them, or the network",
                self.syns
            );
            (Kind::NoAnswer, details)
        } else {
            let lives = if lives {
                "; the other end lives: the network between them"
            } else {
                ""
            };
            let details = format!(
                "{} segments and {} SYNs were sent again without an acknowledgement{lives}",
                self.data, self.syns
            );
            (Kind::Loss, details)
        };
    }
}

fn finding(kind: Kind, ends: (End, End), first: (i64, u32), to: i64) -> Finding {
    Finding::new(kind, format!("{} to {}", ends.0, ends.1), first, to)
}
