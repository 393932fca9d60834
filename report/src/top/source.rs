//! Where packets come from: a file, a pipe, or an interface, through tshark.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::fields::{AGGREGATOR, FIELDS, TELLING};
use crate::error::{Error, Result};
use crate::scratch;
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

/// How long tshark may take to end.
const PATIENCE: Duration = Duration::from_secs(3);

/// A tshark that runs until it is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// What it says.
    pub said: Receiver<Said>,
    /// Where a capture is written to, which grows as long as it lasts.
    _folder: Option<TempDir>,
}

impl Running {
    /// Ends it; its last words, such as how many packets the capture dropped.
    #[must_use]
    pub fn stop(mut self) -> Vec<String> {
        ask_to_end(&self.child);
        let until = Instant::now() + PATIENCE;
        let mut last = Vec::new();
        while let Ok(said) = (self.said).recv_timeout(until.saturating_duration_since(Instant::now())) {
            match said {
                Said::Line(_) => {}
                Said::Words(words) => last.push(words),
                Said::End => return last,
            }
        }
        // It is far behind, and its capture has ended.
        let _ = self.child.kill();
        last
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that is killed leaves its dumpcap behind, which goes on capturing.
        ask_to_end(&self.child);
        let until = Instant::now() + PATIENCE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks a program to end, where systems can.
fn ask_to_end(child: &Child) {
    #[cfg(unix)]
    if let Ok(number) = i32::try_from(child.id()) {
        // It may have ended by itself; it is not waited for before, so that nobody else has its number.
        let _ = nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(number),
            nix::sys::signal::Signal::SIGTERM,
        );
    }
    #[cfg(not(unix))]
    let _ = child;
}

/// Starts tshark.
///
/// # Errors
/// It cannot be started.
pub fn start(tshark: &Tshark, settings: &Settings, source: &Source) -> Result<Running> {
    let mut command = command(tshark, settings, source);
    let folder = match source {
        Source::Live { .. } => Some(scratch::folder()?),
        Source::File { .. } => None,
    };
    if let Some(folder) = &folder {
        command.env("TMPDIR", folder.path());
    }
    let mut child = (command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn())
        .map_err(|error| Error::of_file(&tshark.program, &error))?;
    let (sender, said) = sync_channel(WAITING);
    let is_paced = matches!(source, Source::File { is_paced: true, .. });
    if let (Some(lines), Some(words)) = (child.stdout.take(), child.stderr.take()) {
        let sender_of_words = sender.clone();
        let words = std::thread::spawn(move || {
            for word in BufReader::new(words).lines().map_while(io_ok) {
                for word in meaning(&word) {
                    if is_news(&word) && sender_of_words.send(Said::Words(word)).is_err() {
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
    Ok(Running {
        child,
        said,
        _folder: folder,
    })
}

/// Whether tshark's words say more than that it captures, and how much it did.
fn is_news(words: &str) -> bool {
    let is_count = words.parse::<u64>().is_ok() || words.ends_with(" captured");
    !(is_count || words == "tshark:" || words.starts_with("Capturing on"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_news() {
        let words = [
            "Capturing on 'lo'",
            "7",
            "tshark:",
            "4020 packets captured",
            "1 packet captured",
        ];
        assert!(!words.into_iter().any(is_news));
        assert!(is_news("212 packets dropped from lo"));
    }
}
