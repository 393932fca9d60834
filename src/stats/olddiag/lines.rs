//! The lines of findings that one segment makes.

use super::finding::{Finding, Findings, Key, Kind};
use super::segment::End;

/// A receive buffer was full from `full` (time and frame) to now.
pub fn slow_reader(reader: End, writer: End, full: (i64, u32), now: i64, findings: &mut Findings) {
    let key = Key {
        kind: Kind::SlowReader,
        ends: (reader, writer),
        more: Vec::new(),
    };
    let made = || Finding {
        kind: Kind::SlowReader,
        who: format!("{reader} from {writer}"),
        from: full.0,
        to: now,
        count: 1,
        frame: full.1,
        details: "its TCP window is 0: it does not read what it gets, and the sender has to wait".into(),
    };
    if let Some((_, finding)) = findings.at(key, made) {
        if finding.to < full.0 {
            finding.count += 1;
        }
        finding.to = now;
    }
}

/// A SYN was answered by RST.
pub fn refused(client: End, server: End, syn: (i64, u32), now: i64, findings: &mut Findings) {
    let key = Key {
        kind: Kind::Refused,
        ends: (End::default(), server),
        more: Vec::new(),
    };
    let made = || Finding {
        kind: Kind::Refused,
        who: format!("{server}"),
        from: syn.0,
        to: now,
        count: 0,
        frame: syn.1,
        details: format!(
            "SYN answered by RST: nobody listens there, or a firewall rejects; first asked by {}",
            client.host()
        ),
    };
    findings.count(key, now, made);
}
