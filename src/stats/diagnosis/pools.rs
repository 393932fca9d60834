//! The connections of a client to a server: leaks and churn.

use std::collections::HashMap;

use super::finding::{Finding, Findings, Key, Kind};
use super::segment::End;

/// Idle connections beside which a new one is one too many.
const SPARE: usize = 10;
/// So many of them are a leak.
const LEAKED: u32 = 5;
/// So many connections of a request or two are churn.
const SHORT_LIVED: u32 = 20;
/// Connections of one pool, and pools.
const POOL: usize = 1_000;
const POOLS: usize = 5_000;

#[derive(Default)]
struct Pool {
    members: Vec<u64>,
    opened: u32,
    spare: u32,
    spare_from: (i64, u32),
    short_lived: u32,
    /// Opened after a short-lived one was closed.
    reopened: u32,
    short_from: (i64, u32),
}

/// All pools, by client host and server.
#[derive(Default)]
pub struct Pools(HashMap<(End, End), Pool>);

impl Pools {
    /// A connection was opened; `idle` says of others whether they are, and nothing of closed ones.
    pub fn opened(
        &mut self,
        ends: (End, End),
        id: u64,
        at: (i64, u32),
        idle: impl Fn(u64) -> Option<bool>,
        findings: &mut Findings,
    ) {
        if self.0.len() >= POOLS {
            self.0.clear();
        }
        let pool = self.0.entry(ends).or_default();
        pool.opened += 1;
        let opened = pool.opened;
        pool.reopened += u32::from(pool.short_lived > 0);
        if pool.reopened >= SHORT_LIVED && pool.short_lived >= SHORT_LIVED {
            let (from, count) = (pool.short_from, pool.short_lived);
            let key = Key {
                kind: Kind::Churn,
                ends,
                more: Vec::new(),
            };
            let made = || Finding {
                kind: Kind::Churn,
                who: format!("{} to {}", ends.0, ends.1),
                from: from.0,
                to: at.0,
                count,
                frame: from.1,
                details: String::new(),
            };
            if let Some((_, finding)) = findings.at(key, made) {
                (finding.count, finding.to) = (count, at.0);
                finding.details =
                    format!("closed by the client after one or two requests, of {opened} opened: keep and use them again");
            }
        }
        let mut spare = 0;
        pool.members.retain(|id| {
            let idle = idle(*id);
            spare += usize::from(idle == Some(true));
            idle.is_some()
        });
        if pool.members.len() < POOL {
            pool.members.push(id);
        }
        if spare < SPARE {
            return;
        }
        if pool.spare == 0 {
            pool.spare_from = at;
        }
        pool.spare += 1;
        let (open, from) = (pool.members.len(), pool.spare_from);
        if pool.spare >= LEAKED {
            let key = Key {
                kind: Kind::Leak,
                ends,
                more: Vec::new(),
            };
            let made = || Finding {
                kind: Kind::Leak,
                who: format!("{} to {}", ends.0, ends.1),
                from: from.0,
                to: at.0,
                count: LEAKED - 1,
                frame: from.1,
                details: String::new(),
            };
            if let Some(finding) = findings.count(key, at.0, made) {
                finding.details = format!(
                    "connections opened while idle ones are left open: {open} are open, {spare} of them idle"
                );
            }
        }
    }

    /// A connection was closed by the client after a request or two.
    pub fn used_briefly(&mut self, ends: (End, End), at: (i64, u32)) {
        let pool = self.0.entry(ends).or_default();
        if pool.short_lived == 0 {
            pool.short_from = at;
        }
        pool.short_lived += 1;
    }
}
