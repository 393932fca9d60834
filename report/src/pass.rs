//! One pass of tshark over one capture: all reports of the plugin as CSV, and a line for each answer.
//!
//! The lines are columns of the packet list, not `-T fields`: for fields tshark makes the whole tree of every packet, for
//! columns what they ask for alone, which costs a third.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};

use crate::error::{Error, Result};
use crate::grid::{Answer, Grid, PARTS};
use crate::hotkeys::HotKeys;
use crate::table::Table;
use crate::tshark::{Settings, Tshark, meaning, nanoseconds};

/// What is asked of a pass.
#[derive(Clone, Debug)]
pub struct Request<'r> {
    /// The capture.
    pub capture: &'r Path,
    /// For tshark.
    pub settings: &'r Settings,
    /// A display filter; only packets that pass are counted.
    pub filter: Option<&'r str>,
    /// An empty folder for the reports.
    pub folder: &'r Path,
    /// Milliseconds of a row of the timeline; 0: the plugin chooses.
    pub interval: u32,
}

/// What a pass tells.
#[derive(Debug)]
pub struct Told {
    /// The reports, by name.
    pub tables: BTreeMap<String, Table>,
    /// Records, which may be many.
    pub hot_keys: HotKeys,
    /// The answers.
    pub grid: Grid,
    /// Clients that say what they are: address, library and version, application.
    pub clients: BTreeSet<(String, String, String)>,
    /// What tshark said; an end that is not a good one is in here, too.
    pub words: Vec<String>,
    /// Whether tshark read the capture to its end.
    pub is_whole: bool,
}

/// The columns after the number, the time, the source and its port.
const COLUMNS: [(&str, &str); 11] = [
    ("aerospike.operation", ":0:R"),
    // Of a batch: the last one is the message's, after its rows', and is seen when the list of all is cut.
    ("aerospike.operation", ":-1:R"),
    ("aerospike.type", ":0:U"),
    ("aerospike.response_time", ":0:U"),
    (PARTS[0].0, ":0:U"),
    (PARTS[1].0, ":0:U"),
    (PARTS[2].0, ":0:U"),
    (PARTS[3].0, ":0:U"),
    (PARTS[4].0, ":0:U"),
    ("aerospike.info.user_agent.client", ":1:U"),
    ("aerospike.info.user_agent.application", ":1:U"),
];
const FIRST: usize = 4;
const ALL: usize = FIRST + COLUMNS.len();

/// The packets that have something to tell: messages of clients and their answers (those between nodes have no such type). A
/// copy of a packet has no response time of its own.
const TELLING: &str = "(aerospike.response_time and aerospike.type and not aerospike.duplicate) or aerospike.info.user_agent.client";

fn column_format() -> String {
    let mut format =
        String::from(r#"gui.column.format:"n","%m","t","%Cus:frame.time_epoch:0:U","s","%us","p","%uS""#);
    for (number, (field, how)) in COLUMNS.iter().enumerate() {
        format += &format!(r#","c{number}","%Cus:{field}{how}""#);
    }
    format
}

/// Runs tshark over a capture. `progress` gets the numbers of frames as they come.
///
/// # Errors
/// tshark cannot be started, knows no such preference or filter, or does not take the file for a capture.
pub fn run(
    tshark: &Tshark,
    request: &Request<'_>,
    grid: Grid,
    mut progress: impl FnMut(u64),
) -> Result<Told> {
    let mut command = tshark.command(request.settings);
    command
        .arg("-o")
        .arg(format!("aerospike.report_folder:{}", request.folder.display()));
    command
        .arg("-o")
        .arg(format!("aerospike.timeline_interval:{}", request.interval));
    command.arg("-o").arg(column_format()).args(["-T", "tabs"]);
    let filter = request.filter.map(|filter| format!("({TELLING}) and ({filter})"));
    command.arg("-Y").arg(filter.as_deref().unwrap_or(TELLING));
    for report in &tshark.reports {
        let with_filter = request
            .filter
            .map_or(String::new(), |filter| format!(",{filter}"));
        command.arg("-z").arg(format!("aerospike,{report}{with_filter}"));
    }
    command.arg("-r").arg(request.capture);
    let mut child = (command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn())
        .map_err(|error| Error::of_file(&tshark.program, &error))?;
    let words = collect_words(&mut child);
    let mut told = Told {
        tables: BTreeMap::new(),
        hot_keys: HotKeys::default(),
        grid,
        clients: BTreeSet::new(),
        words: Vec::new(),
        is_whole: false,
    };
    let read = child
        .stdout
        .take()
        .map_or(Ok(()), |lines| told.read_lines(lines, &mut progress));
    let ended = child.wait().and_then(|status| read.map(|()| status));
    let status = ended.map_err(|error| Error::of_file(&tshark.program, &error))?;
    told.words = meaning(&words.join().unwrap_or_default());
    told.is_whole = status.success();
    let is_there = told.read_reports(tshark, request.folder)?;
    if !is_there {
        return Err(refused(request.capture, &told.words, status));
    }
    if !status.success() && told.words.is_empty() {
        told.words.push(format!("tshark ended early ({status})"));
    }
    Ok(told)
}

/// tshark wrote no report at all.
fn refused(capture: &Path, words: &[String], status: std::process::ExitStatus) -> Error {
    let what = words
        .first()
        .cloned()
        .unwrap_or_else(|| format!("{}: tshark ended with {status}", capture.display()));
    let advice = if what.contains("unknown preference") {
        "The Aerospike plugin is older than this program: install both from one place."
    } else {
        ""
    };
    Error::new(what, advice)
}

fn collect_words(child: &mut Child) -> std::thread::JoinHandle<String> {
    let mut from = child.stderr.take();
    std::thread::spawn(move || {
        let mut words = Vec::new();
        if let Some(from) = &mut from {
            // A megabyte of complaints is enough; the rest is read and dropped, as tshark must not wait for us.
            let _ = from.by_ref().take(1 << 20).read_to_end(&mut words);
            let _ = std::io::copy(from, &mut std::io::sink());
        }
        String::from_utf8_lossy(&words).into_owned()
    })
}

impl Told {
    fn read_lines(&mut self, from: impl Read, progress: &mut impl FnMut(u64)) -> std::io::Result<()> {
        let mut reader = BufReader::with_capacity(1 << 16, from);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            let text = String::from_utf8_lossy(&line);
            if let Some(frame) = self.read_line(text.trim_end_matches(['\r', '\n'])) {
                progress(frame);
            }
            line.clear();
        }
        Ok(())
    }

    /// The frame's number, if it is a line of ours: the tables of the reports follow them.
    fn read_line(&mut self, line: &str) -> Option<u64> {
        let mut cells = [""; ALL];
        let mut given = line.split('\t');
        for cell in &mut cells {
            *cell = given.next()?.trim();
        }
        let frame = cells[0].parse().ok()?;
        let [_, at, source, port, all, last, types, times, ..] = cells;
        // Of a tunnel the innermost is shown.
        let at = nanoseconds(at.split(',').next()?)?;
        if !times.is_empty() {
            let node = endpoint(source, port);
            let parts: [Vec<u64>; PARTS.len()] = std::array::from_fn(|part| numbers(cells[FIRST + 4 + part]));
            let times = numbers(times);
            for (place, time) in times.iter().enumerate() {
                self.grid.add(&Answer {
                    at,
                    node: &node,
                    operation: operation((all, last, types), place, times.len()),
                    time: *time,
                    parts: std::array::from_fn(|part| aligned(&parts[part], place, times.len())),
                });
            }
        } else if !cells[ALL - 2].is_empty() {
            self.clients.insert((
                source.to_owned(),
                cells[ALL - 2].to_owned(),
                cells[ALL - 1].to_owned(),
            ));
        }
        Some(frame)
    }

    /// Whether there was any.
    fn read_reports(&mut self, tshark: &Tshark, folder: &Path) -> Result<bool> {
        let mut is_there = false;
        for report in &tshark.reports {
            let path = folder.join(format!("{report}.csv"));
            if !path.exists() {
                continue;
            }
            is_there = true;
            let failed = |error: std::io::Error| Error::of_file(&path, &error);
            if *report == "hotkeys" {
                self.hot_keys.read(&path).map_err(failed)?;
            } else {
                self.tables
                    .insert((*report).to_owned(), Table::read(&path).map_err(failed)?);
            }
        }
        Ok(is_there)
    }
}

/// `address:port`, as the plugin's reports name a node.
fn endpoint(address: &str, port: &str) -> String {
    if address.contains(':') {
        format!("[{address}]:{port}")
    } else {
        format!("{address}:{port}")
    }
}

/// All times of a cell, in nanoseconds.
fn numbers(cell: &str) -> Vec<u64> {
    let numbers = cell.split(',').filter_map(nanoseconds);
    numbers.map(|number| u64::try_from(number).unwrap_or(0)).collect()
}

/// A part of the answer at that place; parts that the plugin does not give for every answer of a frame are the only one's.
fn aligned(parts: &[u64], place: usize, answers: usize) -> u64 {
    let place = if parts.len() == answers {
        Some(place)
    } else {
        (answers == 1).then_some(0)
    };
    place.and_then(|place| parts.get(place)).copied().unwrap_or(0)
}

/// The operation of the answer at that place, of all and the last one. Info and security have none, but their type; a batch has
/// those of its rows, too.
fn operation<'c>((all, last, types): (&'c str, &'c str, &str), place: usize, answers: usize) -> &'c str {
    if all.is_empty() {
        let kind = types.split(',').nth(place).unwrap_or(types);
        return if kind == "2" { "security" } else { "info" };
    }
    if answers == 1 {
        return last;
    }
    let count = all.split(',').count();
    if count == answers {
        all.split(',').nth(place).unwrap_or(last)
    } else {
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &str) -> Told {
        let mut told = Told {
            tables: BTreeMap::new(),
            hot_keys: HotKeys::default(),
            grid: Grid::new(0, None),
            clients: BTreeSet::new(),
            words: Vec::new(),
            is_whole: true,
        };
        told.read_lines(lines.as_bytes(), &mut |_| ()).unwrap();
        told
    }

    fn count(told: &Told, node: &str, operation: &str) -> u64 {
        let line = told.grid.lines.get(&(node.to_owned(), operation.to_owned()));
        line.map_or(0, |line| line.all.count())
    }

    #[test]
    fn answers_of_one_frame_are_told_apart() {
        let told = told(concat!(
            "   12\t1.5\t 10.0.0.1\t3000\tget,write\twrite\t3,3\t0.001,0.002\t0.0,0.0\t0.001,0.0015\t0.0,0.0005\t\t\t\t\n",
            "   13\t1.6\t 10.0.0.1\t3000\tget,get,batch\tbatch\t3\t0.003\t0.001\t0.002\t0.0\t\t\t\t\n",
            "   14\t1.7\t ::1\t3000\t\t\t1\t0.004\t0.0\t0.004\t0.0\t\t\t\t\n",
        ));
        assert_eq!(count(&told, "10.0.0.1:3000", "get"), 1);
        assert_eq!(count(&told, "10.0.0.1:3000", "batch"), 1);
        assert_eq!(count(&told, "[::1]:3000", "info"), 1);
        let write = &told.grid.lines[&("10.0.0.1:3000".to_owned(), "write".to_owned())];
        assert_eq!(write.parts, [0, 1_500_000, 500_000, 0, 0]);
    }

    #[test]
    fn tables_and_clients_are_no_answers() {
        let told = told(concat!(
            "   3\t1.5\t 10.0.0.9\t4000\t\t\t1\t\t\t\t\t\t\tc-7.3.0\tshop\n",
            "10.77.0.11:3000          |info                 |       22 |\n",
            "     1 |test         |load\n",
        ));
        assert!(told.grid.lines.is_empty());
        let client = told.clients.first().unwrap();
        assert_eq!(
            (client.0.as_str(), client.1.as_str(), client.2.as_str()),
            ("10.0.0.9", "c-7.3.0", "shop")
        );
    }
}
