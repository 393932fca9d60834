//! The connections of a client to a server: leaks and churn.

use std::collections::HashMap;

use super::finding::{Finding, Findings, Key, Kind};
use super::segment::{End, MS};

/// Unused connections beside which a new one is one too many.
const SPARE: usize = 10;
/// So many of them are a leak.
const LEAKED: u32 = 5;
/// So many connections of a request or two, one after another, are churn.
const SHORT_LIVED: u32 = 20;
/// With a longer pause between two of them they cost nothing.
const PAUSE: i64 = 1_000 * MS;
/// Connections of one pool, and pools.
const POOL: usize = 1_000;
const POOLS: usize = 5_000;

/// What a connection of a pool is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It was opened a moment ago.
    New,
    /// It was opened in this capture and not used for long, nor ever after a pause.
    Spare,
    /// It was used again after a pause.
    Kept,
    /// Anything else.
    Other,
}

#[derive(Default)]
struct Pool {
    /// With when and where they were opened.
    members: Vec<(u64, (i64, u32))>,
    opened: u32,
    /// Opened while enough others were spare.
    spare: u32,
    short_lived: u32,
    /// Opened after a short-lived one was closed.
    reopened: u32,
    short_from: (i64, u32),
    short_to: i64,
}

/// All pools, by client host and server.
#[derive(Default)]
pub struct Pools(HashMap<(End, End), Pool>);

impl Pools {
    /// A connection was opened, by a SYN at `at`; `used` says of others what they do, and nothing of closed ones.
    pub fn opened(
        &mut self,
        ends: (End, End),
        id: u64,
        (at, now): ((i64, u32), i64),
        used: impl Fn(u64) -> Option<Use>,
        findings: &mut Findings,
    ) {
        if self.0.len() >= POOLS {
            self.0.clear();
        }
        let pool = self.0.entry(ends).or_default();
        pool.opened += 1;
        pool.reopened += u32::from(pool.short_lived > 0);
        pool.churn(ends, findings);
        let (mut spare, mut new, mut kept) = (0, 0, 0);
        let mut first = None;
        pool.members.retain(|(id, at)| {
            let used = used(*id);
            match used {
                Some(Use::Spare) => {
                    spare += 1;
                    first.get_or_insert(*at);
                }
                Some(Use::New) => new += 1,
                Some(Use::Kept) => kept += 1,
                _ => {}
            }
            used.is_some()
        });
        if pool.members.len() < POOL {
            pool.members.push((id, at));
        }
        let Some(first) = first.filter(|_| spare >= SPARE && spare > kept) else {
            return;
        };
        pool.spare += 1;
        let open = pool.members.len();
        if pool.spare < LEAKED {
            return;
        }
        let key = Key {
            kind: Kind::Leak,
            ends,
            more: Vec::new(),
        };
        let made = || Finding::new(Kind::Leak, format!("{} to {}", ends.0, ends.1), first, now);
        if let Some((_, finding)) = findings.at(key, made) {
            finding.to = now;
            finding.count = u32::try_from(spare + new + 1).unwrap_or(u32::MAX);
            finding.details = format!(
                "connections are opened and left: {open} are open of {} opened, {spare} of them unused",
                pool.opened
            );
        }
    }

    /// A connection was closed by the client after a request or two.
    pub fn used_briefly(&mut self, ends: (End, End), opened: (i64, u32), now: i64, findings: &mut Findings) {
        let pool = self.0.entry(ends).or_default();
        if pool.short_lived == 0 || now - pool.short_to > PAUSE {
            (pool.short_lived, pool.reopened) = (0, 0);
            pool.short_from = opened;
        }
        pool.short_lived += 1;
        pool.short_to = now;
        pool.churn(ends, findings);
    }
}

impl Pool {
    fn churn(&self, ends: (End, End), findings: &mut Findings) {
        if self.reopened < SHORT_LIVED || self.short_lived < SHORT_LIVED {
            return;
        }
        let (from, frame) = self.short_from;
        let key = Key {
            kind: Kind::Churn,
            ends,
            more: from.to_be_bytes().to_vec(),
        };
        let made = || {
            Finding::new(
                Kind::Churn,
                format!("{} to {}", ends.0, ends.1),
                (from, frame),
                from,
            )
        };
        if let Some((_, finding)) = findings.at(key, made) {
            (finding.count, finding.to) = (self.short_lived, self.short_to);
            let seconds = (self.short_to - from).max(MS) as f64 / 1e9;
            finding.details = format!(
                "closed by the client after one or two requests, {:.0} a second: keep and use them again",
                f64::from(self.short_lived) / seconds
            );
        }
    }
}
