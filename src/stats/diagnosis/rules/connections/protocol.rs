//! Bytes that one side does not take, logins and handshakes that fail.

use std::collections::BTreeMap;

use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::evidence::connection::{Connection, UnreadBytes};
use crate::stats::diagnosis::findings::{Finding, FindingKind, Findings};
use crate::stats::diagnosis::rules::rule::{About, Rule};
use crate::stats::diagnosis::rules::tools::{Touched, count};
use crate::stats::shared::endpoint::{Endpoint, SECOND};
use crate::track::client::transactions::RequestKind;
use crate::wire::admin::message::Command;
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::client::proto::guess::GuessedProtocol;
use crate::wire::ground::text::LossyText;

/// The rule.
pub static RULE: Rule = Rule {
    about: &[
        About {
            kind: FindingKind::TlsOnClear,
            claim: "Clients speak TLS to a port that expects clear text.",
            evidence: "A TLS ClientHello where a proto header must stand.",
            silenced: "A server that answers in TLS.",
            next: "The clients' TLS setting, or the port: TLS is at tls-port (4333).",
        },
        About {
            kind: FindingKind::ClearOnTls,
            claim: "Clients speak clear text to a port that expects TLS.",
            evidence: "A proto header in clear at the start of a connection, to a port at which other connections are TLS or which answers with a TLS alert.",
            silenced: "Any answer in clear.",
            next: "The clients' TLS setting, or the port.",
        },
        About {
            kind: FindingKind::Unsupported,
            claim: "Bytes that no server takes: another protocol at this port.",
            evidence: "The first bytes of a connection are no proto header; what they look like is said.",
            silenced: "A position in the stream that is not known.",
            next: "Who is the sender, and which port did it mean?",
        },
        About {
            kind: FindingKind::LostBoundaries,
            claim: "The client's message boundaries do not fit: after some requests the next bytes are no header.",
            evidence: "Requests were understood on the connection, then bytes follow where a proto header must stand that are none.",
            silenced: "Holes in the capture before these bytes.",
            next: "The size that the client wrote into the message before; two threads writing to one connection.",
        },
        About {
            kind: FindingKind::BadAnswer,
            claim: "The server (or what stands before it) sends bytes that no client takes.",
            evidence: "Where an answer's proto header must stand is none, or one with a size that no client takes; the client closes.",
            silenced: "Holes in the capture before these bytes.",
            next: "Is that address a node, is anything between (a proxy, a load balancer)?",
        },
        About {
            kind: FindingKind::LoginFailed,
            claim: "Logins are refused.",
            evidence: "Answers to LOGIN or AUTHENTICATE with an error of security.",
            silenced: "A server without security, which says so; a session that ran out and was renewed.",
            next: "User, password, expiry, and the roles of the user.",
        },
        About {
            kind: FindingKind::TlsFailed,
            claim: "Handshakes of TLS fail.",
            evidence: "A fatal alert, and no application data of both sides on the connection.",
            silenced: "Handshakes that go on.",
            next: "The alert's name says what: versions, ciphers, certificates and names on both sides.",
        },
    ],
    run,
};

fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut tls: Vec<(&Connection, &UnreadBytes)> = Vec::new();
    let mut foreign: Vec<(&Connection, &UnreadBytes)> = Vec::new();
    let mut lost: Vec<(&Connection, &UnreadBytes)> = Vec::new();
    let mut bad: Vec<(&Connection, &UnreadBytes)> = Vec::new();
    for connection in &evidence.connections {
        let log = &evidence.log.connections[connection.number];
        let mut seen = false;
        for refusal in &connection.refusals {
            // What follows on the connection is no news.
            if core::mem::replace(&mut seen, true) {
                break;
            }
            let is_tls = matches!(
                refusal.guess,
                GuessedProtocol::TlsClientHello | GuessedProtocol::TlsRecord
            );
            if !refusal.by_client {
                if !(is_tls || connection.is_joined && refusal.requests == 0) {
                    bad.push((connection, refusal));
                }
            } else if is_tls && refusal.requests == 0 {
                // Whom the server answers in TLS speaks rightly.
                let is_answered = log.tls.data[0] && log.tls.data[1] || connection.of_server.bytes > 100;
                if !is_answered {
                    tls.push((connection, refusal));
                }
            } else if refusal.requests > 0 {
                lost.push((connection, refusal));
            } else if !connection.is_joined {
                foreign.push((connection, refusal));
            }
        }
    }
    let closes = |list: &[(&Connection, &UnreadBytes)]| {
        let closed = list
            .iter()
            .filter(|(connection, refusal)| {
                connection
                    .closed_by_server()
                    .is_some_and(|(closed, _)| closed >= refusal.time)
            })
            .count();
        if closed == list.len() {
            "the server closes them".to_string()
        } else if closed == 0 {
            "the server says nothing".to_string()
        } else {
            format!("the server closes {closed} of them")
        }
    };
    let words = |list: &[(&Connection, &UnreadBytes)]| {
        let mut counts: BTreeMap<&'static str, u32> = BTreeMap::new();
        for (_, refusal) in list {
            *counts.entry(refusal.guess.words()).or_default() += 1;
        }
        let mut counts: Vec<(&str, u32)> = counts.into_iter().collect();
        counts.sort_by_key(|(_, number)| core::cmp::Reverse(*number));
        let shown: Vec<String> = counts
            .iter()
            .take(6)
            .map(|(words, number)| format!("{number} {words}"))
            .collect();
        shown.join(", ")
    };
    let details = format!(
        "{} connections begin with a TLS ClientHello at a port for clear text; {}",
        tls.len(),
        closes(&tls)
    );
    add(evidence, FindingKind::TlsOnClear, &tls, details, findings);
    let details = format!(
        "{} connections: {}; {}",
        foreign.len(),
        words(&foreign),
        closes(&foreign)
    );
    add(evidence, FindingKind::Unsupported, &foreign, details, findings);
    let requests = lost
        .iter()
        .map(|(_, refusal)| refusal.requests)
        .min()
        .unwrap_or(0);
    let details = format!(
        "after {requests} or more requests the next bytes are no header ({}): the size of the message before does not fit what was sent; {}",
        words(&lost),
        closes(&lost)
    );
    add(evidence, FindingKind::LostBoundaries, &lost, details, findings);
    let details = format!(
        "{} connections on which an answer is no answer: {}",
        bad.len(),
        words(&bad)
    );
    add(evidence, FindingKind::BadAnswer, &bad, details, findings);
    logins(evidence, findings);
    alerts(evidence, findings);
    clear(evidence, findings);
}

fn add(
    evidence: &Evidence<'_>,
    kind: FindingKind,
    list: &[(&Connection, &UnreadBytes)],
    details: String,
    findings: &mut Findings,
) {
    let mut list = list.to_vec();
    list.sort_by_key(|(_, refusal)| (refusal.time, refusal.frame));
    let (Some(first), Some(last)) = (list.first(), list.last()) else {
        return;
    };
    let mut touched = Touched::default();
    for (connection, _) in &list {
        touched.add(connection);
    }
    let who = match (kind, list.as_slice()) {
        (FindingKind::LostBoundaries, [(connection, _)]) => {
            format!("{} to {}", connection.client, connection.server)
        }
        (FindingKind::BadAnswer, _) => format!("{} to {}", touched.servers(), {
            let clients: Vec<Endpoint> = touched.clients.iter().copied().collect();
            crate::stats::shared::endpoint::names(&clients)
        }),
        _ => touched.clients_to_servers(),
    };
    let finding = Finding {
        count: count(list.len()),
        to: last.1.time,
        until: last.1.time + SECOND,
        failed: count(list.len()),
        is_root: true,
        details,
        ..Finding::new(kind, who, (first.1.time, first.1.frame))
    };
    findings.add(touched.put(evidence, finding));
}

fn logins(evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut failed: BTreeMap<(Endpoint, u32, u8), Vec<_>> = BTreeMap::new();
    // The last login of each client that was taken.
    let mut renewed: BTreeMap<Endpoint, i64> = BTreeMap::new();
    for (connection, request) in evidence.all_requests() {
        if matches!(request.what, RequestKind::Security(_)) && request.result == Some(ResultCode::OK) {
            let last = renewed.entry(connection.client.host()).or_insert(request.begun);
            *last = request.begun.max(*last);
        }
        let (RequestKind::Security(command), Some(result)) = (request.what, request.result) else {
            continue;
        };
        let is_login = matches!(Command(command), Command::LOGIN | Command::AUTHENTICATE);
        // Without security, or without the edition for it, nobody is refused.
        let is_refused = !matches!(result.0, 50..=52) && result.0 >= 50;
        if is_login && is_refused {
            failed
                .entry((connection.client.host(), request.name, result.0))
                .or_default()
                .push((connection, request));
        }
    }
    for ((client, user, result), list) in failed {
        // A session that ran out is renewed: the client logs in again.
        let renewed = renewed.get(&client).copied().unwrap_or(i64::MIN);
        let is_expiry = ResultCode(result) == ResultCode::SEC_ERR_EXPIRED_SESSION;
        if is_expiry && list.iter().all(|(_, request)| request.begun < renewed) {
            continue;
        }
        let (Some(first), Some(last)) = (list.first(), list.last()) else {
            continue;
        };
        let mut touched = Touched::default();
        for (connection, _) in &list {
            touched.add(connection);
        }
        let name = LossyText(evidence.log.names.get(user)).to_string();
        let who = format!(
            "{client}{}{name} to {}",
            if name.is_empty() { "" } else { ", user " },
            touched.servers()
        );
        let finding = Finding {
            count: count(list.len()),
            to: last.1.begun,
            failed: count(list.len()),
            details: format!("{} logins refused: {}", list.len(), ResultCode(result)),
            ..Finding::new(FindingKind::LoginFailed, who, (first.1.begun, first.1.frame))
        };
        findings.add(touched.put(evidence, finding));
    }
}

/// The name of an alert.
///
/// Source: RFC 8446, 6
const fn alert_name(description: u8) -> &'static str {
    match description {
        10 => "unexpected_message",
        20 => "bad_record_mac",
        40 => "handshake_failure",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        109 => "missing_extension",
        112 => "unrecognized_name",
        116 => "certificate_required",
        120 => "no_application_protocol",
        _ => "another alert",
    }
}

/// Connections whose server is a node of ours, or stands at a port of ours.
fn is_near(evidence: &Evidence<'_>, connection: &Connection) -> bool {
    evidence.nodes.contains(&connection.server.host()) || matches!(connection.server.port, 3000 | 4333)
}

fn alerts(evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut by_server: BTreeMap<(Endpoint, u8), Vec<_>> = BTreeMap::new();
    for connection in evidence
        .connections
        .iter()
        .filter(|connection| is_near(evidence, connection) && connection.refusals.is_empty())
    {
        let tls = &evidence.log.connections[connection.number].tls;
        let Some(alert) = tls.alert.filter(|_| !(tls.data[0] && tls.data[1])) else {
            continue;
        };
        let Some(hello) = tls.hello else { continue };
        by_server
            .entry((connection.server, alert.description))
            .or_default()
            .push((connection, hello));
    }
    for ((_, description), list) in by_server {
        let (Some(first), Some(last)) = (list.first(), list.last()) else {
            continue;
        };
        let mut touched = Touched::default();
        for (connection, _) in &list {
            touched.add(connection);
        }
        let finding = Finding {
            count: count(list.len()),
            to: last.1.0,
            failed: count(list.len()),
            details: format!(
                "{} handshakes end with the alert {} ({description})",
                list.len(),
                alert_name(description)
            ),
            ..Finding::new(FindingKind::TlsFailed, touched.clients_to_servers(), first.1)
        };
        findings.add(touched.put(evidence, finding));
    }
}

fn clear(evidence: &Evidence<'_>, findings: &mut Findings) {
    let is_tls = |server: Endpoint| {
        evidence
            .by_server
            .get(&server)
            .into_iter()
            .flatten()
            .filter_map(|index| evidence.connections.get(*index))
            .any(|connection| {
                let tls = &evidence.log.connections[connection.number].tls;
                tls.hello.is_some() && tls.data[1]
            })
    };
    let list: Vec<(&Connection, (i64, u32))> = evidence
        .connections
        .iter()
        .filter_map(|connection| {
            let log = &evidence.log.connections[connection.number];
            let begin = log.begins_clear?;
            let is_alerted = log
                .tls
                .alert
                .is_some_and(|alert| log.ends.get(usize::from(alert.side)) == Some(&connection.server));
            let has_answer = evidence
                .requests_of(connection)
                .iter()
                .any(|request| request.result.is_some());
            (!has_answer
                && (is_alerted || connection.closed_by_server().is_some() && is_tls(connection.server)))
            .then_some((connection, begin))
        })
        .collect();
    let (Some(first), Some(last)) = (list.first(), list.last()) else {
        return;
    };
    let mut touched = Touched::default();
    for (connection, _) in &list {
        touched.add(connection);
    }
    let closed = list.iter().filter(|(one, _)| one.closed_by_server().is_some());
    let finding = Finding {
        count: count(list.len()),
        to: last.1.0,
        failed: count(list.len()),
        details: format!(
            "{} connections begin with a proto header in clear at a port for TLS; the server closes {} of them",
            list.len(),
            closed.count()
        ),
        ..Finding::new(FindingKind::ClearOnTls, touched.clients_to_servers(), first.1)
    };
    findings.add(touched.put(evidence, finding));
}
