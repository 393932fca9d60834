//! Nodes that stop, hosts that are gone, and addresses at which nobody is.

use std::collections::{HashMap, HashSet};

use crate::stats::diagnosis::evidence::connection::Connection;
use crate::stats::diagnosis::evidence::statistics::duration;
use crate::stats::diagnosis::evidence::{Evidence, between};
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{self, Touched, count};
use crate::stats::shared::endpoint::{Endpoint, MS, SECOND, names};

/// A host of which nothing comes for so long is gone: TCP has sent again at least twice then.
const GONE: i64 = 900 * MS;

/// The rule.
pub static RULE: Rule = Rule {
    about: &[
        About {
            kind: FindingKind::NodeStopped,
            claim: "A node's process ended.",
            evidence: "The node closed all its connections (as server and, between nodes, as client; on a host with several nodes those at its port) within two seconds, and then refused connections to a port that it had served.",
            silenced: "Connections that the clients close first; connections left open; one direction only.",
            next: "The node's log before that time; who stopped it (systemd, a rolling restart, the OOM killer).",
        },
        About {
            kind: FindingKind::Unreachable,
            claim: "Nothing comes from a host any more, though it is sent to.",
            evidence: "The host was alive in the capture; then no packet of it for a second or more, while what is sent to it is sent again by TCP and not acknowledged, or its SYNs stay unanswered, and others go on.",
            silenced: "One direction only, holes, a gap in time; packets of the host itself that go on (then it is loss).",
            next: "Is the machine or its link down? Its switch port, its host, a firewall.",
        },
        About {
            kind: FindingKind::Refused,
            claim: "Connections are refused: the host is there, nothing listens at the port.",
            evidence: "SYNs answered by RST. Ports between nodes that refuse before the node is up are not said.",
            silenced: "One direction only.",
            next: "Is the service started, is this the right port?",
        },
        About {
            kind: FindingKind::UnreachableAddress,
            claim: "A node tells clients or nodes an address at which nobody answers.",
            evidence: "The address stands in an answer to peers or services, SYNs go to it, and no packet of that host is in the capture.",
            silenced: "Any packet of that host.",
            next: "Set access-address (or alternate-access-address) of the node to what clients can reach.",
        },
    ],
    run,
};

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    if evidence.capture.is_data_only {
        return;
    }
    unreachable_addresses(evidence, findings);
    super::stops::run(evidence, findings);
    let forgotten: HashSet<usize> =
        crate::stats::diagnosis::rules::connections::packets::forgotten_connections(evidence)
            .iter()
            .map(|one| one.0.number)
            .collect();
    find_unreachable(evidence, &forgotten, findings);
    find_refused(evidence, findings);
}

fn was_never_heard(evidence: &Evidence<'_>, host: Endpoint) -> bool {
    evidence.packets.get(&host.host()).is_none_or(Vec::is_empty)
}

fn unreachable_addresses(evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut hosts: HashSet<Endpoint> = HashSet::new();
    let mut touched = Touched::default();
    let mut first: Option<(i64, u32)> = None;
    let mut last = 0;
    let (mut connections, mut tries) = (0, 0);
    for connection in &evidence.connections {
        let server = connection.server;
        let is_named = evidence
            .log
            .info
            .advertised
            .iter()
            .any(|named| named.address == server && named.by.host() != server.host());
        if !is_named || connection.handshake.syns.is_empty() || !was_never_heard(evidence, server) {
            continue;
        }
        hosts.insert(server);
        touched.add(connection);
        connections += 1;
        tries += connection.handshake.syns.len();
        if first.is_none_or(|first| connection.first < first.0) {
            first = Some((connection.first, connection.frame));
        }
        last = last.max(connection.handshake.syns.last().map_or(0, |syn| syn.0));
    }
    let Some(first) = first else { return };
    let mut hosts: Vec<Endpoint> = hosts.into_iter().collect();
    hosts.sort_unstable();
    let mut by: Vec<Endpoint> = evidence
        .log
        .info
        .advertised
        .iter()
        .filter(|named| hosts.contains(&named.address))
        .map(|named| named.by)
        .collect();
    by.sort_unstable();
    by.dedup();
    let finding = Finding {
        count: connections,
        to: last,
        failed: connections,
        until: evidence.span().1,
        details: format!(
            "named by {} in peers or services; {tries} SYNs to it were never answered and no packet of it is in the capture: an address of a container or of another network?",
            names(&by)
        ),
        ..Finding::new(FindingKind::UnreachableAddress, names(&hosts), first)
    };
    findings.add(touched.put(evidence, finding));
}

fn find_unreachable(evidence: &Evidence<'_>, forgotten: &HashSet<usize>, findings: &mut Findings) {
    // What was sent to a host again or asked for, when.
    let mut asked: HashMap<Endpoint, Vec<(i64, u32, Endpoint)>> = HashMap::new();
    let is_asked = |connection: &&Connection| {
        let is_new =
            !connection.handshake.syns.is_empty() && evidence.nodes.contains(&connection.server.host());
        (evidence.is_ours(connection) && !connection.is_one_way || is_new)
            && !forgotten.contains(&connection.number)
            && !connection.has_holes()
    };
    // Where the other direction is missing nearly everywhere, so are the answers to SYNs.
    let is_one_sided = evidence.capture.one_way * 2 > evidence.capture.understood;
    for connection in evidence.connections.iter().filter(is_asked) {
        for resent in &connection.resent {
            let (to, from) = if resent.by_client {
                (connection.server, connection.client)
            } else {
                (connection.client, connection.server)
            };
            let list = asked.entry(to.host()).or_default();
            let sent = resent.sent.unwrap_or(resent.again);
            list.push((sent, resent.sent_frame, from.host()));
            list.push((resent.again, resent.sent_frame, from.host()));
        }
        let is_silent = connection.handshake.answered.is_none() && connection.handshake.refused.is_none();
        if is_silent && !is_one_sided {
            for (time, frame) in &connection.handshake.syns {
                asked.entry(connection.server.host()).or_default().push((
                    *time,
                    *frame,
                    connection.client.host(),
                ));
            }
        }
    }
    let mut hosts: Vec<Endpoint> = asked.keys().copied().collect();
    hosts.sort_unstable();
    let end = evidence.span().1;
    let is_holed = evidence.connections.iter().any(Connection::has_holes);
    for host in hosts {
        let (Some(list), Some(packets)) = (asked.get_mut(&host), evidence.packets.get(&host)) else {
            continue;
        };
        list.sort_unstable();
        // Where the host is silent.
        let silences = packets
            .windows(2)
            .filter_map(|two| match two {
                [from, to] => Some((*from, *to)),
                _ => None,
            })
            .chain(packets.last().map(|last| (*last, end)))
            .filter(|(from, to)| to - from >= GONE && !evidence.is_across_gap(*from, *to));
        for (from, to) in silences {
            let first = list.partition_point(|(time, _, _)| *time <= from);
            let last = list.partition_point(|(time, _, _)| *time < to);
            let tried = list.get(first..last).unwrap_or_default();
            let (Some((begin, frame, _)), Some((until, _, _))) =
                (tried.first().copied(), tried.last().copied())
            else {
                continue;
            };
            // Where packets are missing, answers may be among them.
            let least = if is_holed { 12 } else { 4 };
            if tried.len() < least || until - begin < GONE {
                continue;
            }
            let senders: HashSet<Endpoint> = tried.iter().map(|(_, _, from)| *from).collect();
            // Others are heard meanwhile, and what is lost is not all of one sender's.
            let others = evidence
                .packets
                .iter()
                .filter(|(other, _)| **other != host && !senders.contains(*other))
                .map(|(_, times)| between(times, begin, until).len())
                .sum::<usize>();
            let is_peered = senders.len() > 1
                || others > 0
                || answers_others(evidence, &senders, host, begin, until)
                || to >= end;
            if !is_peered {
                continue;
            }
            let mut senders: Vec<Endpoint> = senders.into_iter().collect();
            senders.sort_unstable();
            let open = evidence
                .all_requests()
                .filter(|(connection, request)| {
                    connection.server.host() == host
                        && request.sent < until
                        && request.sent > from - SECOND
                        && request.first.is_none_or(|(time, _)| time > until)
                })
                .count();
            let mut finding = Finding {
                count: count(open.max(1)),
                to: until,
                until: to,
                failed: count(open),
                details: format!(
                    "nothing from it for {}: {} segments and SYNs of {} stay unanswered{}",
                    duration(to - from),
                    tried.len(),
                    names(&senders),
                    if to >= end { "" } else { "; then it is heard again" }
                ),
                ..Finding::new(FindingKind::Unreachable, host.to_string(), (begin, frame))
            };
            finding.nodes = vec![host];
            finding.is_root = true;
            finding.filter = tools::filter(evidence, &finding);
            findings.add(finding);
            break;
        }
    }
}

/// Whether the senders hear other hosts in that time: it is not their own link.
fn answers_others(
    evidence: &Evidence<'_>,
    senders: &HashSet<Endpoint>,
    host: Endpoint,
    from: i64,
    to: i64,
) -> bool {
    evidence.connections.iter().any(|connection| {
        let other = if senders.contains(&connection.client.host()) {
            connection.server.host()
        } else if senders.contains(&connection.server.host()) {
            connection.client.host()
        } else {
            return false;
        };
        other != host
            && connection.first < to
            && connection.last > from
            && evidence
                .packets
                .get(&other)
                .is_some_and(|times| !between(times, from, to).is_empty())
    })
}

fn find_refused(evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut groups: HashMap<Endpoint, Vec<&Connection>> = HashMap::new();
    for connection in &evidence.connections {
        if connection.handshake.refused.is_some()
            && (evidence.nodes.contains(&connection.server.host())
                || evidence.services.contains(&connection.server))
        {
            groups.entry(connection.server).or_default().push(connection);
        }
    }
    let mut servers: Vec<Endpoint> = groups.keys().copied().collect();
    servers.sort_unstable();
    let heard_since = heard_since(evidence);
    for server in servers {
        let Some(list) = groups.get(&server) else { continue };
        // Connections that were served there: when the first and the last of them began.
        let served = evidence.by_server.get(&server).into_iter().flatten();
        let served = served
            .filter_map(|index| evidence.connections.get(*index))
            .filter(|connection| connection.handshake.refused.is_none() && connection.of_server.packets > 0)
            .map(|connection| connection.first);
        let (since, until) = (served.clone().min(), served.max());
        // A node that is not up yet refuses: said only where it was up before, or has other services up.
        let is_starting = |connection: &Connection| {
            let was_up = since.is_some_and(|since| since < connection.first);
            let comes_up = until.is_some_and(|until| until > connection.first);
            let is_between = evidence.nodes.contains(&connection.client.host());
            let was_heard = heard_since
                .get(&server.host())
                .is_some_and(|since| *since < connection.first);
            !was_up && (comes_up || is_between && !was_heard)
        };
        let list: Vec<&Connection> = list
            .iter()
            .copied()
            .filter(|connection| !is_starting(connection))
            .collect();
        let (Some(first), Some(last)) = (list.first(), list.last()) else {
            continue;
        };
        let was_up = since.is_some_and(|since| since < first.first);
        let mut touched = Touched::default();
        for connection in &list {
            touched.add(connection);
        }
        let finding = Finding {
            count: count(list.len()),
            to: last.first,
            details: format!(
                "{} connections answered by RST: nothing listens at the port{}",
                list.len(),
                if was_up { " any more" } else { "" }
            ),
            ..Finding::new(
                FindingKind::Refused,
                touched.clients_to_servers(),
                (first.first, first.frame),
            )
        };
        findings.add(touched.put(evidence, finding));
    }
}

/// Since when each host said anything but RST.
fn heard_since(evidence: &Evidence<'_>) -> HashMap<Endpoint, i64> {
    let mut since: HashMap<Endpoint, i64> = HashMap::new();
    let mut hear = |host: Endpoint, time: i64| {
        let known = since.entry(host).or_insert(time);
        *known = time.min(*known);
    };
    for connection in &evidence.connections {
        if connection.handshake.refused.is_none() && connection.of_server.packets > 0 {
            hear(connection.server.host(), connection.first);
        }
        hear(connection.client.host(), connection.first);
    }
    since
}
