//! What the capture can and cannot prove. What each row silences stands at the rules that it silences.

use crate::stats::diagnosis::evidence::Evidence;
use crate::stats::diagnosis::evidence::connection::Connection;
use crate::stats::diagnosis::evidence::statistics::duration;
use crate::stats::diagnosis::findings::{Findings, Note, Notice};
use crate::stats::shared::endpoint::{Endpoint, names};

fn note(notice: Notice, count: u32, details: String, at: (i64, i64, u32)) -> Note {
    Note {
        notice,
        who: String::new(),
        details,
        count,
        from: at.0,
        to: at.1,
        frame: at.2,
        filter: String::new(),
    }
}

/// Writes the rows of *This capture*.
pub fn run(evidence: &Evidence<'_>, findings: &mut Findings) {
    let log = evidence.log;
    let Some((first, last, _)) = log.times else { return };
    let notes = &mut findings.notes;
    let capture = &evidence.capture;
    if capture.understood == 0 && log.cluster.is_empty() {
        notes.push(note(
            Notice::NoAerospike,
            u32::try_from(log.connections.len()).unwrap_or(u32::MAX),
            "no message was understood on any connection: a port alone proves nothing (another port: -o aerospike.tcp.port:…)".into(),
            (first, last, 1),
        ));
    }
    let of = |wanted: &dyn Fn(&Connection) -> bool| -> Vec<&Connection> {
        evidence
            .connections
            .iter()
            .filter(|connection| evidence.is_ours(connection) && wanted(connection))
            .collect()
    };
    let mut about = |notice, connections: &[&Connection], count: u32, details: String| {
        let Some(one) = connections.first() else { return };
        let mut servers: Vec<Endpoint> = connections.iter().map(|connection| connection.server).collect();
        servers.sort_unstable();
        servers.dedup();
        let last = connections.iter().map(|connection| connection.last).max();
        notes.push(Note {
            who: names(&servers),
            ..note(
                notice,
                count,
                details,
                (one.first, last.unwrap_or(one.last), one.frame),
            )
        });
    };
    let number = |list: &[&Connection]| u32::try_from(list.len()).unwrap_or(u32::MAX);
    let one_way = of(&|connection| connection.is_one_way);
    about(
        Notice::OneDirection,
        &one_way,
        number(&one_way),
        format!(
            "{} connections of which one direction has no packet: silence, stalls, loss and retries of them are not known",
            one_way.len()
        ),
    );
    let copied = of(&|connection| connection.copies.0 > 0);
    if capture.is_doubled || capture.copies.0 >= 3 && capture.copies.0 * 20 >= capture.carrying {
        about(
            Notice::Twice,
            &copied,
            capture.copies.0,
            format!(
                "{} packets are copies of others a moment before: they are left out",
                capture.copies.0
            ),
        );
    }
    let holes = of(&|connection| connection.has_holes());
    let missing: u64 = holes
        .iter()
        .map(|connection| u64::from(connection.of_client.missing) + u64::from(connection.of_server.missing))
        .sum();
    about(
        Notice::Missing,
        &holes,
        number(&holes),
        format!(
            "{missing} bytes of {} connections were acknowledged or followed but never captured: what stands in them is not known, counts are \"at least\"",
            holes.len()
        ),
    );
    let swapped = of(&|connection| connection.swapped.0 > 0);
    let frames: u32 = swapped.iter().map(|connection| connection.swapped.0).sum();
    about(
        Notice::OutOfOrder,
        &swapped,
        frames,
        format!(
            "{frames} frames stand before what they answer or follow: TCP's numbers are followed, not the order of the frames"
        ),
    );
    let joined = of(&|connection| connection.is_joined);
    about(
        Notice::Joined,
        &joined,
        number(&joined),
        format!(
            "{} connections were there before the capture: what was before is not known",
            joined.len()
        ),
    );
    if capture.is_data_only {
        notes.push(note(
            Notice::DataOnly,
            1,
            "no acknowledgement, SYN or FIN at all (a capture filter?): whether packets arrive is not known"
                .into(),
            (first, last, 1),
        ));
    }
    if log.cut.0 > 0 {
        notes.push(note(
            Notice::Cut,
            log.cut.0,
            format!(
                "{} packets were cut by the snap length: what stands behind the cut is not known",
                log.cut.0
            ),
            (first, last, log.cut.1),
        ));
    }
    let mut nodes: Vec<Endpoint> = evidence.services.iter().copied().collect();
    nodes.sort_unstable();
    if nodes.len() > 1 && log.cluster.is_empty() {
        notes.push(Note {
            who: names(&nodes),
            ..note(
                Notice::NothingBetween,
                u32::try_from(nodes.len()).unwrap_or(u32::MAX),
                format!("{} nodes and nothing that they say to each other (ports 3001, 3002): a node's silence about writes may be its replica's", nodes.len()),
                (first, last, 1),
            )
        });
    }
    tls(evidence, findings);
    times(evidence, findings);
}

fn tls(evidence: &Evidence<'_>, findings: &mut Findings) {
    let secret: Vec<&Connection> = evidence
        .connections
        .iter()
        .filter(|connection| {
            let log = &evidence.log.connections[connection.number];
            log.tls.data[0]
                && log.tls.data[1]
                && log.messages.is_empty()
                && (evidence.nodes.contains(&connection.server.host())
                    || matches!(connection.server.port, 4333 | 3000))
        })
        .collect();
    let Some(one) = secret.first() else { return };
    let mut servers: Vec<Endpoint> = secret.iter().map(|connection| connection.server).collect();
    servers.sort_unstable();
    servers.dedup();
    findings.notes.push(Note {
        who: names(&servers),
        ..note(
            Notice::TlsSecret,
            u32::try_from(secret.len()).unwrap_or(u32::MAX),
            format!(
                "{} connections of TLS without its secrets: what is inside is not known",
                secret.len()
            ),
            (one.first, one.last, one.frame),
        )
    });
}

fn times(evidence: &Evidence<'_>, findings: &mut Findings) {
    let log = evidence.log;
    if let Some((step, frame)) = log.backwards.filter(|(step, _)| *step < -1_000_000_000) {
        findings.notes.push(note(
            Notice::ClockStep,
            1,
            format!(
                "the clock steps back by {}: durations across it are not known",
                duration(-step)
            ),
            (log.start, log.start, frame),
        ));
    }
    for gap in evidence.capture.gaps.iter().take(20) {
        findings.notes.push(note(
            Notice::Gap,
            1,
            format!(
                "nothing from anyone for {} in a busy capture: {}",
                duration(gap.to - gap.from),
                if gap.is_lossy {
                    "packets are missing behind it, it was not captured"
                } else {
                    "no packet is missing behind it, so that the clock jumped or nothing was sent"
                }
            ),
            (gap.from, gap.to, gap.frame),
        ));
    }
    if log.dropped.0 > 0 || log.cluster.is_full {
        findings.notes.push(note(
            Notice::Dropped,
            log.dropped.0,
            format!(
                "more than is kept in memory: of {} connections all or the older half was dropped, up to {:.3} s",
                log.dropped.0,
                evidence.seconds(log.dropped.1)
            ),
            (log.start, log.dropped.1, 1),
        ));
    }
}
