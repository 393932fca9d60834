//! What gets lost on the way from one end to another.

use std::collections::HashMap;

use super::finding::{Finding, Findings, Key, Kind};
use super::segment::{End, MS};
use super::silence::Servers;

/// A path on which so long nothing was lost has a new episode.
pub const EPISODE: i64 = 5_000 * MS;
/// Paths that are known.
const PATHS: usize = 10_000;

/// What got lost from one end to another.
#[derive(Default)]
struct Path {
    number: u32,
    first: (i64, u32),
    last: i64,
    data: u32,
    syns: u32,
    recovered: bool,
}

/// All paths, from whom to whom.
#[derive(Default)]
pub struct Paths(HashMap<(End, End), Path>);

impl Paths {
    /// What had been lost before was acknowledged.
    pub fn recovered(&mut self, ends: (End, End)) {
        if let Some(path) = self.0.get_mut(&ends) {
            path.recovered = true;
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
        if self.0.len() >= PATHS {
            self.0.clear();
        }
        let path = self.0.entry(ends).or_default();
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
        if path.data + path.syns < 2 {
            return;
        }
        let key = Key {
            kind: Kind::Loss,
            ends,
            more: path.number.to_be_bytes().to_vec(),
        };
        let made = || Finding {
            kind: Kind::Loss,
            who: format!("{} to {}", ends.0, ends.1),
            from: path.first.0,
            to: at,
            count: 0,
            frame: path.first.1,
            details: String::new(),
        };
        let Some((_, finding)) = findings.at(key, made) else {
            return;
        };
        finding.count = path.data + path.syns;
        finding.to = finding.to.max(at);
        let lives = servers.heard_since(ends.1.host(), path.first.0 + MS);
        (finding.kind, finding.details) = match (path.data, path.recovered || lives) {
            (0, true) => (
                Kind::NoAnswer,
                format!(
                    "{} SYNs unanswered while the host is heard: a firewall drops them, or the network",
                    path.syns
                ),
            ),
            (_, false) if path.syns > 0 => (Kind::Unreachable, format!("no answer to {} segments and {} SYNs, not even by TCP: dead, or cut off from the network", path.data, path.syns)),
            (_, lives) => (Kind::Loss, format!("{} segments and {} SYNs were sent again without an acknowledgement{}", path.data, path.syns, if lives { "; the other end lives: the network between them" } else { "" })),
        };
    }
}
