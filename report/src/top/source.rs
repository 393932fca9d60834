//! Where packets come from: a file, a pipe, or an interface, through tshark.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::fields::{AGGREGATOR, FIELDS, TELLING};
use crate::error::{Error, Result};
use crate::tshark::{Settings, Tshark, meaning, nanoseconds};

/// What is watched.
#[derive(Clone, Debug)]
pub enum Source {
    /// A capture, or `-`: what comes through the standard input.
    File {
        /// Its path.
        path: PathBuf,
        /// As fast as it was captured.
        is_paced: bool,
    },
    /// An interface.
    Live {
        /// Its name.
        interface: String,
        /// A capture filter.
        filter: String,
    },
}

/// What tshark says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A line of fields.
    Line(String),
    /// Words of it, such as how many packets the capture dropped.
    Words(String),
    /// There is no more.
    End,
}

/// Lines that wait to be counted at most: then tshark waits, and the capture drops, which it says.
const WAITING: usize = 10_000;

/// A tshark that runs until it is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// What it says.
    pub said: Receiver<Said>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts tshark.
///
/// # Errors
/// It cannot be started.
pub fn start(tshark: &Tshark, settings: &Settings, source: &Source) -> Result<Running> {
    let mut command = command(tshark, settings, source);
    let mut child = (command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn())
        .map_err(|error| Error::of_file(&tshark.program, &error))?;
    let (sender, said) = sync_channel(WAITING);
    let is_paced = matches!(source, Source::File { is_paced: true, .. });
    if let (Some(lines), Some(words)) = (child.stdout.take(), child.stderr.take()) {
        let sender_of_words = sender.clone();
        let words = std::thread::spawn(move || {
            for word in BufReader::new(words).lines().map_while(io_ok) {
                for word in meaning(&word) {
                    // "Capturing on" and the running count are no news.
                    if !word.starts_with("Capturing on")
                        && word.parse::<u64>().is_err()
                        && sender_of_words.send(Said::Words(word)).is_err()
                    {
                        return;
                    }
                }
            }
        });
        std::thread::spawn(move || {
            read(BufReader::new(lines), &sender, is_paced);
            let _ = words.join();
            // Nobody listens any more: then nobody misses it.
            let _ = sender.send(Said::End);
        });
    }
    Ok(Running { child, said })
}

fn io_ok(line: std::io::Result<String>) -> Option<String> {
    line.ok()
}

fn command(tshark: &Tshark, settings: &Settings, source: &Source) -> Command {
    let mut command = tshark.command(settings);
    match source {
        Source::File { path, .. } => {
            command.arg("-r").arg(path);
            if path.as_os_str() == "-" {
                command.stdin(Stdio::inherit());
            }
        }
        Source::Live { interface, filter } => {
            command.args(["-i", interface]);
            if !filter.is_empty() {
                command.args(["-f", filter]);
            }
        }
    }
    command.args([
        "-l",
        "-Y",
        TELLING,
        "-T",
        "fields",
        "-E",
        "separator=/t",
        "-E",
        "occurrence=a",
    ]);
    command.args(["-E", &format!("aggregator={AGGREGATOR}")]);
    for field in FIELDS {
        command.args(["-e", field]);
    }
    command
}

fn read(mut lines: impl BufRead, sender: &SyncSender<Said>, is_paced: bool) {
    let began = Instant::now();
    let mut first = None;
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line).into_owned();
        if is_paced {
            if let Some(at) = text.split('\t').nth(1).and_then(nanoseconds) {
                let since = u64::try_from(at - *first.get_or_insert(at)).unwrap_or(0);
                std::thread::sleep(Duration::from_nanos(since).saturating_sub(began.elapsed()));
            }
        }
        if sender.send(Said::Line(text)).is_err() {
            return;
        }
        line.clear();
    }
}
