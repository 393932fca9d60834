//! One side of a report: all that is known of one or more captures that belong together, such as a ring buffer.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::error::{Error, Result};
use crate::grid::{Grid, SHORTEST};
use crate::hotkeys::HotKeys;
use crate::merge;
use crate::pass::{self, Told};
use crate::source::Source;
use crate::table::Table;
use crate::tshark::{Settings, Tshark};

/// What is asked of a side.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// For tshark.
    pub settings: Settings,
    /// A display filter.
    pub filter: Option<String>,
    /// From and to: what is not in between is not counted.
    pub times: (Option<Moment>, Option<Moment>),
    /// How many tsharks at once.
    pub jobs: usize,
}

/// A time as the user says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Nanoseconds since the first packet.
    Relative(i64),
    /// Nanoseconds since 1970.
    Absolute(i64),
}

/// All that is known.
#[derive(Clone, Debug)]
pub struct Side {
    /// The captures, by time.
    pub sources: Vec<Source>,
    /// The first packet's time, in nanoseconds since 1970; 0 if there is no packet.
    pub origin: i64,
    /// The last packet's.
    pub end: i64,
    /// The plugin's reports, added up.
    pub tables: BTreeMap<String, Table>,
    /// Records.
    pub hot_keys: HotKeys,
    /// Answers.
    pub grid: Grid,
    /// Clients that say what they are: address, library and version, application.
    pub clients: BTreeSet<(String, String, String)>,
}

/// Says how far it is: frames done of how many, if that is known, and what is read now.
pub trait Progress: Sync {
    /// So many packets there are in all.
    fn total(&self, packets: Option<u64>);
    /// So many are done.
    fn done(&self, packets: u64);
    /// What is done now.
    fn says(&self, what: &str);
}

impl Side {
    /// Whether there is no packet at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sources.iter().all(|source| source.extent.packets == Some(0))
    }

    /// Whether anything of Aerospike was understood.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        let of = |report: &str| self.tables.get(report).into_iter().flat_map(Table::all);
        let has = |report: &str, columns: &[&str]| {
            let mut rows = of(report);
            rows.any(|row| columns.iter().any(|column| row.count(column) > 0))
        };
        has("timeline", &["Requests", "Answers"]) || has("cluster", &["Count"])
    }
}

/// Reads captures, several at once.
///
/// # Errors
/// None of them is a capture; tshark cannot be run; the settings are none of tshark's.
pub fn gather(
    tshark: &Tshark,
    captures: &[PathBuf],
    wanted: &Wanted,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<Side> {
    let mut sources: Vec<Source> = captures
        .iter()
        .map(|path| Source::find(tshark, path))
        .collect::<Result<_>>()?;
    sources.sort_by_key(|source| source.extent.times);
    let times: Vec<(i64, i64)> = sources.iter().filter_map(|source| source.extent.times).collect();
    let origin = times.iter().map(|(first, _)| *first).min().unwrap_or(0);
    let end = times.iter().map(|(_, last)| *last).max().unwrap_or(0).max(origin);
    let packets: Option<Vec<u64>> = sources.iter().map(|source| source.extent.packets).collect();
    progress.total(packets.map(|packets| packets.iter().sum()));
    let filter = filter_with_times(wanted, origin);
    let interval = match sources[..] {
        [_] => 0,
        _ => interval(end - origin),
    };
    let grid = match sources[..] {
        [_] => Grid::of_one(origin, SHORTEST),
        _ => Grid::of_several(origin, i64::from(interval) * 1_000_000),
    };
    let reader = Reader {
        tshark,
        wanted,
        filter: filter.as_deref(),
        interval,
        origin,
        grid: grid.clone(),
        folder,
        progress,
        next: AtomicUsize::new(0),
        done: AtomicU64::new(0),
        sums: Mutex::new(Sums {
            grid,
            ..Sums::default()
        }),
    };
    reader.read_all(&sources)?;
    let mut sums = reader
        .sums
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    for read in std::mem::take(&mut sums.ends) {
        if let Some(source) = sources.get_mut(read.number) {
            read.tell(source);
        }
    }
    let lasts = sources.iter().filter_map(|source| source.extent.times);
    let end = lasts.map(|(_, last)| last).max().unwrap_or(0).max(origin);
    if sources.iter().all(|source| !source.is_read) {
        let words: Vec<String> = sources
            .iter()
            .flat_map(|source| source.problems.clone())
            .collect();
        return Err(Error::new(words.join("\n"), sums.advice));
    }
    sums.tables.sort_by_key(|(number, _)| *number);
    Ok(Side {
        tables: merge::tables(&sources, origin, sums.tables),
        sources,
        origin,
        end,
        hot_keys: sums.hot_keys,
        grid: sums.grid,
        clients: sums.clients,
    })
}

/// Milliseconds of a row of the timeline, such as the plugin chooses for one capture of this length.
fn interval(length: i64) -> u32 {
    let milliseconds = length / 1_000_000;
    let steps = [1, 2, 5]
        .into_iter()
        .flat_map(|step| (0..9).map(move |power| step * 10_i64.pow(power)));
    let mut steps: Vec<i64> = steps.collect();
    steps.sort_unstable();
    let fitting = steps.into_iter().find(|step| milliseconds / step < 100);
    fitting
        .and_then(|step| u32::try_from(step).ok())
        .unwrap_or(1_000_000_000)
}

fn filter_with_times(wanted: &Wanted, origin: i64) -> Option<String> {
    let bound = |moment: Moment, sign: &str| {
        let at = match moment {
            Moment::Relative(since) => origin + since,
            Moment::Absolute(at) => at,
        };
        format!(
            "frame.time_epoch {sign} {}.{:09}",
            at.div_euclid(1_000_000_000),
            at.rem_euclid(1_000_000_000)
        )
    };
    let from = wanted.times.0.map(|moment| bound(moment, ">="));
    let to = wanted.times.1.map(|moment| bound(moment, "<="));
    let filter = wanted.filter.as_ref().map(|filter| format!("({filter})"));
    let parts: Vec<String> = [from, to, filter].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" and "))
}

#[derive(Default)]
struct Sums {
    tables: Vec<(usize, BTreeMap<String, Table>)>,
    hot_keys: HotKeys,
    grid: Grid,
    clients: BTreeSet<(String, String, String)>,
    ends: Vec<End>,
    advice: String,
}

/// What became of a capture.
#[derive(Default)]
struct End {
    /// Its place.
    number: usize,
    /// What is wrong with it.
    problems: Vec<String>,
    is_read: bool,
    packets: u64,
    length: Option<i64>,
}

impl End {
    fn tell(self, source: &mut Source) {
        source.problems = self.problems;
        source.is_read = self.is_read;
        // A damaged one does not tell before it is read.
        if self.is_read && source.extent.packets.is_none() {
            source.extent.packets = Some(self.packets);
            let first = source.extent.times.map(|(first, _)| first);
            source.extent.times = first.map(|first| (first, first + self.length.unwrap_or(0)));
        }
    }
}

struct Reader<'r> {
    tshark: &'r Tshark,
    wanted: &'r Wanted,
    filter: Option<&'r str>,
    interval: u32,
    origin: i64,
    /// An empty one.
    grid: Grid,
    folder: &'r Path,
    progress: &'r dyn Progress,
    next: AtomicUsize,
    done: AtomicU64,
    sums: Mutex<Sums>,
}

impl Reader<'_> {
    fn read_all(&self, sources: &[Source]) -> Result<()> {
        let jobs = self.wanted.jobs.clamp(1, sources.len().max(1));
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(|| self.work(sources))).collect();
            workers.into_iter().try_for_each(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
        })
    }

    fn work(&self, sources: &[Source]) -> Result<()> {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(source) = sources.get(number) else {
                return Ok(());
            };
            self.progress.says(&source.name());
            self.read(number, source)?;
        }
    }

    fn read(&self, number: usize, source: &Source) -> Result<()> {
        let folder = self.folder.join(number.to_string());
        std::fs::create_dir(&folder).map_err(|error| Error::of_file(&folder, &error))?;
        let request = pass::Request {
            capture: &source.path,
            settings: &self.wanted.settings,
            filter: self.filter,
            folder: &folder,
            interval: self.interval,
            first: source.extent.times.map_or(self.origin, |(first, _)| first),
        };
        let mut last = 0;
        let told = pass::run(self.tshark, &request, self.grid.clone(), |frame| {
            if frame > last + 500 {
                self.advance(frame - last);
                last = frame;
            }
        });
        self.advance(source.extent.packets.unwrap_or(last).saturating_sub(last));
        // Its rows are in memory; a day of captures would fill a disk.
        let _ = std::fs::remove_dir_all(&folder);
        self.keep(number, told)
    }

    fn advance(&self, packets: u64) {
        let done = self.done.fetch_add(packets, Ordering::Relaxed) + packets;
        self.progress.done(done);
    }

    /// A setting that is none fails for every capture; what is no capture is said of it alone.
    fn keep(&self, number: usize, told: Result<Told>) -> Result<()> {
        let mut sums = self
            .sums
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match told {
            Ok(told) => {
                let (packets, length) = (told.packets, told.length());
                sums.tables.push((number, told.tables));
                sums.hot_keys.merge(told.hot_keys, number);
                sums.grid.merge(told.grid);
                sums.clients.extend(told.clients);
                let problems = if told.is_whole { Vec::new() } else { told.words };
                sums.ends.push(End {
                    number,
                    problems,
                    is_read: true,
                    packets,
                    length,
                });
                Ok(())
            }
            Err(error)
                if error.what.contains("isn't a capture file")
                    || error.what.contains("damaged or corrupt") =>
            {
                sums.advice = error.advice;
                sums.ends.push(End {
                    number,
                    problems: vec![error.what],
                    ..End::default()
                });
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_the_timeline_is_as_long_as_a_hundred_allow() {
        let seconds = |seconds: i64| seconds * 1_000_000_000;
        assert_eq!(interval(0), 1);
        assert_eq!(interval(seconds(10)), 200);
        assert_eq!(interval(seconds(3600)), 50_000);
    }

    #[test]
    fn times_become_a_filter() {
        let wanted = Wanted {
            filter: Some("ip.addr == 10.0.0.1 or udp".to_owned()),
            times: (
                Some(Moment::Relative(1_500_000_000)),
                Some(Moment::Absolute(9_000_000_000)),
            ),
            ..Wanted::default()
        };
        assert_eq!(
            filter_with_times(&wanted, 5_000_000_000).as_deref(),
            Some(
                "frame.time_epoch >= 6.500000000 and frame.time_epoch <= 9.000000000 and (ip.addr == 10.0.0.1 or udp)"
            )
        );
        assert_eq!(filter_with_times(&Wanted::default(), 0), None);
    }
}
