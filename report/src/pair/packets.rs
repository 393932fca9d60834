//! The packets of a capture that another may have, too.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::error::{Error, Result};
use crate::source::Source;
use crate::tshark::{Settings, Tshark, nanoseconds};

/// Packets with data that are kept of each side: about 200 MB.
const MOST: usize = 2_000_000;

/// A packet with data, where it was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Packet {
    /// Nanoseconds since 1970.
    pub at: i64,
    /// Its number.
    pub frame: u64,
    /// Of this packet alone, and of its bytes, which may be sent again.
    pub ids: (u64, u64),
    /// It goes to the node.
    pub to_node: bool,
    /// Client and node.
    pub ends: (String, String),
    /// What it answers or asks, if that is known.
    pub operation: String,
    /// It is an answer to a request of the capture.
    pub is_answer: bool,
}

/// Reads those of a capture that come from `nodes` or go there.
///
/// # Errors
/// tshark cannot be run.
pub fn read(
    tshark: &Tshark,
    settings: &Settings,
    source: &Source,
    nodes: &HashSet<&str>,
    packets: &mut Vec<Packet>,
) -> Result<()> {
    let columns = concat!(
        r#"gui.column.format:"n","%m","t","%Cus:frame.time_epoch:0:U","s","%us","p","%uS","d","%ud","q","%uD","#,
        r#""e","%Cus:tcp.seq_raw:1:U","l","%Cus:tcp.len:1:U","i","%Cus:ip.id:-1:U","o","%Cus:aerospike.operation:-1:R","r","%Cus:aerospike.response_time:1:U""#
    );
    let mut command = tshark.command(settings);
    command
        .arg("-o")
        .arg(columns)
        .args(["-T", "tabs", "-Y", "tcp.len > 0", "-r"])
        .arg(&source.path);
    let failed = |error: std::io::Error| Error::of_file(&tshark.program, &error);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    for line in child
        .stdout
        .take()
        .into_iter()
        .flat_map(|lines| BufReader::new(lines).lines())
    {
        if let Some(packet) = packet(&line.map_err(failed)?, nodes).filter(|_| packets.len() < MOST) {
            packets.push(packet);
        }
    }
    // What it thinks of a damaged end was said when the reports were made.
    child.wait().map(|_| ()).map_err(failed)
}

fn packet(line: &str, nodes: &HashSet<&str>) -> Option<Packet> {
    let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
    let [
        frame,
        at,
        from,
        from_port,
        to,
        to_port,
        sequence,
        length,
        id,
        operation,
        time,
    ] = cells[..]
    else {
        return None;
    };
    let end = |address: &str, port: &str| {
        if address.contains(':') {
            format!("[{address}]:{port}")
        } else {
            format!("{address}:{port}")
        }
    };
    let (from, to) = (end(from, from_port), end(to, to_port));
    let to_node = nodes.contains(to.as_str());
    if !to_node && !nodes.contains(from.as_str()) {
        return None;
    }
    let bytes = hash(&(&from, &to, sequence));
    Some(Packet {
        at: nanoseconds(at)?,
        frame: frame.parse().ok()?,
        ids: (hash(&(bytes, length, id)), bytes),
        to_node,
        ends: if to_node { (from, to) } else { (to, from) },
        operation: operation.to_owned(),
        is_answer: !time.is_empty(),
    })
}

fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
