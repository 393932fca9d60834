//! Which finding is the effect of which, and in what order they are shown.

use super::{Finding, FindingKind, Findings, Note, Notice};
use crate::stats::shared::endpoint::SECOND;

/// Findings that are arranged at most: twice as many as a table has rows.
const MOST: usize = 2000;

/// Kinds that can be the cause of a kind, the likeliest first.
const fn causes(kind: FindingKind) -> &'static [FindingKind] {
    use FindingKind::{
        AcceptQueue, ApplicationErrors, BadAnswer, BusyConnection, Changed, Churn, ClearOnTls, ClientDied,
        ClientPaused, ClientTimeouts, ConnectionLimit, DelayedAck, Dropped, DuplicateWrite, FabricBlocked,
        Forgotten, HeavyScan, HotKey, IdleReused, LargeLost, LateWrite, Loss, LostBoundaries, NodeStopped,
        NotReading, OneWay, Refused, Retries, ServerErrors, SlowBatches, SlowPath, SlowReader, SlowRequests,
        SlowServer, Split, StalledServer, SynsUnanswered, TlsOnClear, Unreachable, UnreachableAddress,
        Unsupported, WritesInDoubt,
    };
    match kind {
        Refused | SynsUnanswered => &[NodeStopped, Unreachable, UnreachableAddress, AcceptQueue],
        Dropped => &[
            NodeStopped,
            ConnectionLimit,
            LostBoundaries,
            TlsOnClear,
            ClearOnTls,
            Unsupported,
        ],
        StalledServer => &[NodeStopped, Unreachable, StalledServer],
        Loss => &[NodeStopped, Unreachable, LargeLost, Forgotten],
        ClientTimeouts => &[
            NodeStopped,
            Unreachable,
            StalledServer,
            FabricBlocked,
            Forgotten,
            Loss,
            LargeLost,
            ClientPaused,
            NotReading,
            SlowPath,
            SlowServer,
            HeavyScan,
            HotKey,
            SlowReader,
            OneWay,
            Split,
            BadAnswer,
            IdleReused,
            SlowBatches,
            SlowRequests,
            ClientDied,
            Changed,
        ],
        SlowRequests => &[
            NodeStopped,
            Unreachable,
            StalledServer,
            FabricBlocked,
            Loss,
            LargeLost,
            SlowPath,
            SlowServer,
            HeavyScan,
            HotKey,
            DelayedAck,
            SlowReader,
            ClientPaused,
            Changed,
            Forgotten,
        ],
        SlowServer => &[
            FabricBlocked,
            HeavyScan,
            NodeStopped,
            Unreachable,
            StalledServer,
            SlowBatches,
        ],
        SlowBatches => &[HeavyScan, StalledServer, NodeStopped, Unreachable, Loss, SlowPath],
        ServerErrors => &[
            NodeStopped,
            Unreachable,
            StalledServer,
            FabricBlocked,
            SlowPath,
            OneWay,
            Split,
            Changed,
        ],
        Retries => &[
            LostBoundaries,
            BadAnswer,
            NodeStopped,
            Unreachable,
            StalledServer,
            Forgotten,
            IdleReused,
            ConnectionLimit,
            Loss,
            NotReading,
            ClientPaused,
            SlowPath,
            SlowServer,
            ClientTimeouts,
            Dropped,
            BusyConnection,
        ],
        NotReading => &[ClientPaused],
        WritesInDoubt | DuplicateWrite | LateWrite => &[
            NodeStopped,
            Unreachable,
            StalledServer,
            FabricBlocked,
            Forgotten,
            Loss,
            IdleReused,
            NotReading,
            ClientPaused,
            SlowPath,
            SlowServer,
            ClientDied,
            Retries,
            ClientTimeouts,
            Dropped,
        ],
        Churn => &[
            StalledServer,
            NodeStopped,
            Unreachable,
            SlowPath,
            Loss,
            ClientTimeouts,
        ],
        Unreachable => &[UnreachableAddress],
        Changed => &[NodeStopped, Unreachable, Split],
        OneWay => &[NodeStopped, Unreachable, Split],
        IdleReused => &[NodeStopped, Unreachable],
        HotKey => &[StalledServer, NodeStopped],
        ApplicationErrors => &[LostBoundaries],
        SlowPath => &[Unreachable],
        _ => &[],
    }
}

/// Findings about the whole cluster: their effects are at any node.
const fn is_wide(kind: FindingKind) -> bool {
    matches!(
        kind,
        FindingKind::NodeStopped
            | FindingKind::Unreachable
            | FindingKind::Split
            | FindingKind::Changed
            | FindingKind::OneWay
            | FindingKind::FabricBlocked
    )
}

/// Kinds that touch nodes by what replicas wait for.
const fn reaches_others(effect: &Finding, cause: &Finding) -> bool {
    is_wide(cause.kind)
        || matches!(cause.kind, FindingKind::StalledServer | FindingKind::SlowPath)
            && matches!(
                effect.kind,
                FindingKind::ClientTimeouts
                    | FindingKind::ServerErrors
                    | FindingKind::SlowRequests
                    | FindingKind::WritesInDoubt
                    | FindingKind::StalledServer
                    | FindingKind::Retries
            )
}

fn share(one: &[super::Endpoint], other: &[super::Endpoint]) -> bool {
    one.iter()
        .any(|end| other.iter().any(|second| end.host() == second.host()))
}

fn explains(cause: &Finding, effect: &Finding) -> bool {
    let is_near = if effect.nodes.is_empty() || cause.nodes.is_empty() {
        share(&cause.clients, &effect.clients) || effect.clients.is_empty() || cause.clients.is_empty()
    } else {
        share(&cause.nodes, &effect.nodes) || reaches_others(effect, cause)
    };
    let is_of_client = cause.nodes.is_empty()
        || effect.clients.is_empty()
        || cause.clients.is_empty()
        || share(&cause.clients, &effect.clients);
    // What takes long may have begun before; an effect ends some time after its cause.
    let begins =
        effect.from >= cause.from - SECOND / 2 || effect.to >= cause.from && effect.from <= cause.until;
    is_near && is_of_client && begins && effect.from <= cause.until.max(cause.to) + 5 * SECOND
}

/// Ties findings to their causes and puts them in order: roots by weight, each followed by its effects.
pub fn arrange(findings: &mut Findings) {
    let rows = &mut findings.rows;
    // Each is compared with each: of more than anybody reads the weightiest are.
    if rows.len() > MOST {
        rows.sort_by_key(|row| (core::cmp::Reverse(row.weight()), row.from, row.frame));
        let left = rows.len() - MOST;
        rows.truncate(MOST);
        let from = rows.iter().map(|row| row.from).min().unwrap_or(0);
        findings.notes.push(Note {
            notice: Notice::Dropped,
            who: String::new(),
            details: format!("{left} findings are left out, those by which least was lost"),
            count: u32::try_from(left).unwrap_or(u32::MAX),
            from,
            to: rows.iter().map(|row| row.to).max().unwrap_or(from),
            frame: rows.iter().map(|row| row.frame).min().unwrap_or(0),
            filter: String::new(),
        });
    }
    rows.sort_by(|one, other| {
        (one.from, one.frame, one.kind, &one.who).cmp(&(other.from, other.frame, other.kind, &other.who))
    });
    for effect in 0..rows.len() {
        let Some(row) = rows.get(effect).filter(|row| !row.is_root) else {
            continue;
        };
        let found = causes(row.kind).iter().find_map(|kind| {
            let fits = |(place, cause): &(usize, &Finding)| {
                *place != effect
                    && cause.kind == *kind
                    && explains(cause, row)
                    && (cause.kind != row.kind || cause.from < row.from)
            };
            // The one that is nearest before it.
            let all = rows.iter().enumerate().filter(fits);
            all.max_by_key(|(_, cause)| {
                (
                    share(&cause.nodes, &row.nodes),
                    cause.from <= row.from,
                    cause.weight(),
                )
            })
            .map(|(place, _)| place)
        });
        if let Some(row) = rows.get_mut(effect) {
            row.cause = found;
        }
    }
    let mut order: Vec<usize> = (0..rows.len())
        .filter(|place| {
            rows.get(*place)
                .is_some_and(|row| row.cause.is_none() || is_circle(rows, *place))
        })
        .collect();
    for place in &order {
        if let Some(row) = rows.get_mut(*place) {
            row.cause = None;
        }
    }
    order.sort_by_key(|place| {
        rows.get(*place)
            .map(|row| core::cmp::Reverse(total(rows, *place, row)))
    });
    let mut shown = Vec::with_capacity(rows.len());
    for root in order {
        put(rows, root, &mut shown, 0);
    }
    let mut numbers = vec![0; rows.len()];
    for (number, place) in shown.iter().enumerate() {
        if let Some(slot) = numbers.get_mut(*place) {
            *slot = number;
        }
    }
    let mut arranged: Vec<Finding> = shown
        .iter()
        .filter_map(|place| rows.get(*place).cloned())
        .collect();
    for row in &mut arranged {
        row.cause = row.cause.and_then(|cause| numbers.get(cause).copied());
    }
    findings.rows = arranged;
}

impl Finding {
    /// Failed calls first, then time lost.
    #[must_use]
    pub const fn weight(&self) -> (u32, i64, u32) {
        (self.failed, self.lost, self.count)
    }
}

fn total(rows: &[Finding], root: usize, row: &Finding) -> (u32, i64, u32) {
    let mut sum = row.weight();
    for effect in rows.iter().filter(|row| row.cause == Some(root)) {
        sum.0 = sum.0.max(effect.failed);
        sum.1 = sum.1.max(effect.lost);
    }
    sum
}

/// Whether following the causes comes back.
fn is_circle(rows: &[Finding], from: usize) -> bool {
    let mut place = from;
    for _ in 0..16 {
        match rows.get(place).and_then(|row| row.cause) {
            None => return false,
            Some(cause) if cause == from => return true,
            Some(cause) => place = cause,
        }
    }
    true
}

fn put(rows: &[Finding], place: usize, shown: &mut Vec<usize>, depth: u32) {
    if depth > 16 || shown.contains(&place) {
        return;
    }
    shown.push(place);
    for (effect, row) in rows.iter().enumerate() {
        if row.cause == Some(place) {
            put(rows, effect, shown, depth + 1);
        }
    }
}
