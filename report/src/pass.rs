//! One pass of tshark over one capture: all reports of the plugin as CSV.
//!
//! Nothing is asked of single packets: for fields, columns of fields or a display filter tshark makes the tree of every packet,
//! which doubles its work. The numbers of the packets, which say how far it is, cost next to nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};

use crate::error::{Error, Result};
use crate::grid::Grid;
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
    /// Milliseconds of a row of what is told by interval; 0: the plugin chooses.
    pub interval: u32,
    /// The time of the first packet, in nanoseconds since 1970.
    pub first: i64,
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
    /// Packets that it read.
    pub packets: u64,
}

impl Told {
    /// From the first packet to the last, in nanoseconds.
    #[must_use]
    pub fn length(&self) -> Option<i64> {
        let timeline = self.tables.get("timeline")?;
        nanoseconds(timeline.of("All of the capture").next()?.text("To (s)"))
    }
}

/// The packet's number alone.
const COLUMNS: &str = r#"gui.column.format:"n","%m""#;
/// Beside the report of latency.
const BY_INTERVAL: &str = "latency_by_interval.csv";
/// The table of the cluster's report that is not about it.
const CLIENTS: &str = "Clients and applications, as they say (times)";

/// Runs tshark over a capture and adds its answers to `grid`. `progress` gets the numbers of frames as they come.
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
    command.arg("-o").arg(COLUMNS).args(["-T", "tabs"]);
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
        packets: 0,
    };
    let mut progress = |number| {
        told.packets = number;
        progress(number);
    };
    let read = child
        .stdout
        .take()
        .map_or(Ok(()), |lines| read_numbers(lines, &mut progress));
    let ended = child.wait().and_then(|status| read.map(|()| status));
    let status = ended.map_err(|error| Error::of_file(&tshark.program, &error))?;
    told.words = meaning(&words.join().unwrap_or_default());
    told.is_whole = status.success();
    let is_there = told.read_reports(tshark, request)?;
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
    if what.contains("unknown preference") {
        return Error::of_old_plugin(what);
    }
    Error::new(what, "")
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

/// The lines of the packets; the tables of the reports follow them.
fn read_numbers(from: impl Read, progress: &mut impl FnMut(u64)) -> std::io::Result<()> {
    let mut reader = BufReader::with_capacity(1 << 16, from);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        let number = std::str::from_utf8(&line).map(|line| line.trim().parse());
        if let Ok(Ok(number)) = number {
            progress(number);
        }
        line.clear();
    }
    Ok(())
}

impl Told {
    /// Whether there was any.
    fn read_reports(&mut self, tshark: &Tshark, request: &Request<'_>) -> Result<bool> {
        let mut is_there = false;
        for report in &tshark.reports {
            let path = request.folder.join(format!("{report}.csv"));
            if !path.exists() {
                continue;
            }
            is_there = true;
            let failed = |error: std::io::Error| Error::of_file(&path, &error);
            if *report == "hotkeys" {
                self.hot_keys.read(&path).map_err(failed)?;
                continue;
            }
            let mut table = Table::read(&path).map_err(failed)?;
            if *report == "cluster" {
                self.clients = take_clients(&mut table);
            }
            self.tables.insert((*report).to_owned(), table);
        }
        self.read_answers(request)?;
        Ok(is_there)
    }

    fn read_answers(&mut self, request: &Request<'_>) -> Result<()> {
        let path = request.folder.join(BY_INTERVAL);
        if path.exists() {
            let read = File::open(&path).and_then(|file| self.grid.read(file, request.first));
            return read.map_err(|error| Error::of_file(&path, &error));
        }
        let latency = self.tables.get("latency");
        if latency.is_some_and(|table| table.all().any(|row| row.count("Answers") > 0)) {
            let what = format!("The Aerospike plugin writes no {BY_INTERVAL}.");
            return Err(Error::of_old_plugin(what));
        }
        Ok(())
    }
}

/// What clients say they are is no news of the cluster.
fn take_clients(cluster: &mut Table) -> BTreeSet<(String, String, String)> {
    let clients = cluster.of(CLIENTS).map(|row| {
        let [address, library, application] =
            ["Node", "What", "With"].map(|column| row.text(column).to_owned());
        (address, library, application)
    });
    let clients = clients.collect();
    cluster.rows.retain(|row| row.table != CLIENTS);
    clients
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_told_from_tables() {
        let lines = "    1\n    2\n10.77.0.11:3000          |info                 |       22 |\n     1 |test         |load\n====\n";
        let mut numbers = Vec::new();
        read_numbers(lines.as_bytes(), &mut |number| numbers.push(number)).unwrap();
        assert_eq!(numbers, [1, 2]);
    }

    #[test]
    fn clients_are_taken_out_of_the_cluster() {
        let csv = format!(
            "Table,No.,Node,With,What\nAll nodes (pulses and answers),1,a1,,build 8.1\n\"{CLIENTS}\",1,10.0.0.9,shop,c-7.3.0\n"
        );
        let mut cluster = Table::parse(csv.as_bytes()).unwrap();
        let clients = take_clients(&mut cluster);
        let client = ["10.0.0.9", "c-7.3.0", "shop"].map(str::to_owned);
        assert_eq!(clients.into_iter().collect::<Vec<_>>(), [client.into()]);
        assert_eq!(cluster.rows.len(), 1);
    }
}
