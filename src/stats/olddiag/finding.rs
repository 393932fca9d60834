//! What is found: one line each, made when its evidence is there and brought up to date as more comes.

use std::collections::HashMap;

use super::segment::End;

/// Lines at most; what would be more is left out.
const FINDINGS: usize = 2000;

/// What kind of trouble a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Acknowledges, and answers nobody.
    StalledServer,
    /// Answers others, but not these requests.
    Unanswered,
    /// Segments are sent again and not acknowledged, and it is not the other end's fault.
    Loss,
    /// Nothing comes from a host while packets to it get lost.
    Unreachable,
    /// A node closed all its connections at once.
    Stopped,
    /// SYNs get no answer from a host that lives.
    NoAnswer,
    /// SYNs are answered by RST.
    Refused,
    /// The server closed connections on which requests were open.
    Dropped,
    /// One end lets its receive buffer fill up.
    SlowReader,
    /// Connections are opened, used and left open.
    Leak,
    /// Connections are opened for a request or two.
    Churn,
    /// The server closed an idle connection, and the client used it again.
    IdleClosed,
    /// Requests were sent again while the first was open.
    Retries,
    /// A change that counts twice was applied twice.
    DuplicateWrite,
    /// `KEY_BUSY`.
    HotKey,
    /// Writes are refused by a namespace.
    RefusedWrites,
    /// A client asks nodes that do not own the partition.
    StaleMap,
    /// Results that are a server's or its cluster's fault.
    ServerErrors,
    /// Results that are an application's or its configuration's fault.
    Errors,
    /// Bytes that no server accepts.
    Unsupported,
    /// What follows a message is no header.
    LostBoundaries,
}

impl Kind {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StalledServer => "Stalled server",
            Self::Unanswered => "Requests unanswered",
            Self::Loss => "Loss on the network",
            Self::Unreachable => "Unreachable host",
            Self::Stopped => "Node stopped",
            Self::NoAnswer => "SYNs unanswered",
            Self::Refused => "Connections refused",
            Self::Dropped => "Connections dropped",
            Self::SlowReader => "Slow reader",
            Self::Leak => "Connection leak",
            Self::Churn => "Connection churn",
            Self::IdleClosed => "Idle connection reused",
            Self::Retries => "Retries",
            Self::DuplicateWrite => "Duplicate write",
            Self::HotKey => "Hot key",
            Self::RefusedWrites => "Writes refused",
            Self::StaleMap => "Stale partition map",
            Self::ServerErrors => "Server errors",
            Self::Errors => "Application errors",
            Self::Unsupported => "Unsupported protocol",
            Self::LostBoundaries => "Lost boundaries",
        }
    }
}

/// One line.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// Who.
    pub who: String,
    /// From when, nanoseconds since 1970.
    pub from: i64,
    /// To when.
    pub to: i64,
    /// How many; of what, `details` says.
    pub count: u32,
    /// The first frame.
    pub frame: u32,
    /// In words.
    pub details: String,
}

impl Finding {
    /// Nothing counted yet; `first` is when and in which frame it begins.
    pub const fn new(kind: Kind, who: String, first: (i64, u32), to: i64) -> Self {
        Self {
            kind,
            who,
            from: first.0,
            to,
            count: 0,
            frame: first.1,
            details: String::new(),
        }
    }
}

/// What makes findings one: the ends and whatever else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The kind.
    pub kind: Kind,
    /// Who.
    pub ends: (End, End),
    /// More, such as a digest, or the number of an episode.
    pub more: Vec<u8>,
}

/// All findings.
#[derive(Default)]
pub struct Findings {
    list: Vec<Finding>,
    index: HashMap<Key, usize>,
    /// To be written.
    changed: Vec<usize>,
}

impl Findings {
    /// The finding of that key, made where there is none; it is going to be changed.
    pub fn at(&mut self, key: Key, make: impl FnOnce() -> Finding) -> Option<(usize, &mut Finding)> {
        let next = self.list.len();
        let id = match self.index.get(&key) {
            Some(id) => *id,
            None if next < FINDINGS => {
                self.index.insert(key, next);
                self.list.push(make());
                next
            }
            None => return None,
        };
        if self.changed.last() != Some(&id) {
            self.changed.push(id);
        }
        Some((id, self.list.get_mut(id)?))
    }

    /// Counts one more at the finding of that key.
    pub fn count(&mut self, key: Key, now: i64, make: impl FnOnce() -> Finding) -> Option<&mut Finding> {
        let (_, finding) = self.at(key, make)?;
        finding.count = finding.count.saturating_add(1);
        finding.to = finding.to.max(now);
        Some(finding)
    }

    /// The finding of that number; it is going to be changed.
    pub fn change(&mut self, id: usize) -> Option<&mut Finding> {
        if self.changed.last() != Some(&id) {
            self.changed.push(id);
        }
        self.list.get_mut(id)
    }

    /// What changed since the last call.
    pub fn changed(&mut self) -> Vec<(usize, &Finding)> {
        let mut changed = core::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup();
        let list = &self.list;
        changed
            .into_iter()
            .filter_map(|id| Some((id, list.get(id)?)))
            .collect()
    }

    /// Whether anything is to be written.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// All.
    #[must_use]
    pub fn all(&self) -> &[Finding] {
        &self.list
    }
}
