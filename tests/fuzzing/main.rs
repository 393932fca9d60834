//! The whole plugin on damaged captures, as Wireshark's own `fuzz-test.sh` does: every run takes a capture, damages it,
//! and has tshark read it in one of the ways that users do. All of a run follows from the seed and its number.
//!
//! `cargo test` does 200 runs. `make fuzz-plugin` does as many as are asked for, goes on where it stopped, and writes
//! what was run to a log.

#[path = "../common/mod.rs"]
mod common;

mod damage;
mod random;
mod settings;
mod way;

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use common::host::{Ran, host, lock};
use damage::{Damaged, Source};
use random::Random;
use settings::Settings;
use way::Way;

/// Runs between two lines of the log.
const LOGGED: u64 = 100;

/// Faults of Wireshark 4.0 itself, which the same captures bring about without the plugin (docs/reliability.md):
/// * TCP, told to put segments in order, looks for a fragment that it did not keep because the capture has only part
///   of the segment;
/// * TLS, on the second pass, looks for a fragment that it did not note on the first.
const KNOWN: [(&str, &str); 2] = [("packet-tcp.c", "fd_head"), ("packet-tls.c", "frag_info")];

fn is_known(line: &str) -> bool {
    KNOWN
        .iter()
        .any(|(file, assertion)| line.contains(file) && line.contains(assertion))
}

/// A run that did not end as it should.
struct Failure {
    run: u64,
    why: String,
    kept: PathBuf,
}

#[test]
fn damaged_captures_do_no_harm() {
    let settings = Settings::from_environment();
    let sources = damage::sources();
    prove(&settings);
    let end = settings.start + settings.runs;
    let mut failures = Vec::new();
    let mut first = settings.start;
    while first < end {
        let last = (first + LOGGED).min(end);
        let started = Instant::now();
        let captures = Mutex::new(vec![false; sources.len()]);
        let next = AtomicU64::new(first);
        let bytes = AtomicUsize::new(0);
        let known = AtomicUsize::new(0);
        let found = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..settings.jobs {
                scope.spawn(|| {
                    loop {
                        let run = next.fetch_add(1, Ordering::Relaxed);
                        if run >= last {
                            return;
                        }
                        let done = one(&settings, &sources, run);
                        lock(&captures)[done.source] = true;
                        bytes.fetch_add(done.size, Ordering::Relaxed);
                        known.fetch_add(usize::from(done.known), Ordering::Relaxed);
                        lock(&found).extend(done.failure);
                    }
                });
            }
        });
        let found = found.into_inner().unwrap();
        let used = captures
            .into_inner()
            .unwrap()
            .iter()
            .filter(|used| **used)
            .count();
        settings.log(&format!(
            "{} seed={} from={first} to={} runs={} captures={used} of={} bytes={} seconds={:.1} known={} failures={}",
            settings.name,
            settings.seed,
            last - 1,
            last - first,
            sources.len(),
            bytes.into_inner(),
            started.elapsed().as_secs_f64(),
            known.into_inner(),
            found.len(),
        ));
        for Failure { run, why, kept } in &found {
            settings.log(&format!(
                "{} FAILED seed={} run={run} kept={}: {}",
                settings.name,
                settings.seed,
                kept.display(),
                one_line(why)
            ));
        }
        failures.extend(found);
        first = last;
    }
    let all: Vec<String> = failures
        .iter()
        .map(|failure| {
            format!(
                "run {} ({}), again with: make fuzz-plugin MODE={} SEED={} START={} RUNS=1\n{}",
                failure.run,
                failure.kept.display(),
                settings.name,
                settings.seed,
                failure.run,
                failure.why
            )
        })
        .collect();
    assert!(
        all.is_empty(),
        "{} of {} runs failed\n{}",
        all.len(),
        settings.runs,
        all.join("\n")
    );
}

/// Nothing is tested where the plugin, or what watches it, is not at work, so that is seen first: under the same limits
/// and tools.
fn prove(settings: &Settings) {
    let path = host().capture("kv-basic");
    let path = path.to_str().expect("a path in UTF-8");
    let ran = settings.tshark(
        1 << 20,
        &["-nr", path, "-T", "fields", "-e", "aerospike.namespace"],
    );
    assert!(
        ran.success && ran.text().contains("test"),
        "the plugin shows nothing: {}\n{}",
        ran.how,
        ran.stderr
    );
    if !settings.plain {
        let ran = settings.faulty("overread@5", &["-Vnr", path]);
        assert!(
            wrong(&ran).is_some() && ran.stderr.contains("as_fault_overread"),
            "a read beyond the end is not seen: {}\n{}",
            ran.how,
            ran.stderr
        );
    }
}

/// A run, done.
struct Done {
    /// Number of the capture, and how much of it was left.
    source: usize,
    size: usize,
    /// Wireshark's own fault was met.
    known: bool,
    failure: Option<Failure>,
}

fn one(settings: &Settings, sources: &[Source], run: u64) -> Done {
    let mut random = Random::of(settings.seed, run);
    let number = random.below(sources.len());
    let source = &sources[number];
    let name = format!("fuzz-{}-{run}.pcapng", settings.seed);
    let damaged = Damaged::make(source, &mut random, &name);
    let way = Way::choose(&mut random);
    let path = damaged.path.to_str().expect("a path in UTF-8");
    let mut ran = settings.tshark(damaged.size, &way.arguments(path));
    let mut why = wrong(&ran);
    let known = is_known(&ran.stderr);
    if known {
        // Wireshark ends itself at its own fault when told to; what comes after it is looked at without.
        ran = settings.lenient(damaged.size, &way.arguments(path));
        why = wrong(&ran);
    }
    let failure = why.map(|why| {
        let kept = settings.failures.join(&name);
        let _ = fs::create_dir_all(&settings.failures);
        let _ = fs::copy(&damaged.path, &kept);
        let text = format!(
            "{}: {}\n{}\n{why}\n{}",
            source.name, damaged.how, ran.how, ran.stderr
        );
        let _ = fs::write(kept.with_extension("txt"), &text);
        Failure { run, why: text, kept }
    });
    let _ = fs::remove_file(&damaged.path);
    Done {
        source: number,
        size: damaged.size,
        known,
        failure,
    }
}

/// What a run must not show. Anything on stderr is a complaint: of GLib, of Wireshark's log, of a sanitizer.
fn wrong(ran: &Ran) -> Option<String> {
    let is_report =
        |line: &str| line.starts_with("aerospike soundness: ") && line.contains(" left=0 alive=0");
    let mut complaints = ran
        .stderr
        .lines()
        .filter(|line| !line.trim().is_empty() && !is_known(line) && !is_report(line));
    if let Some(line) = complaints.next() {
        return Some(format!("complained: {line}"));
    }
    if !ran.success {
        return Some("ended badly".into());
    }
    let text = ran.text();
    let bug = |line: &&str| line.contains("Dissector bug") || line.contains("panicked at");
    let line = text.lines().find(|line| bug(line) && !is_known(line))?;
    Some(format!("showed: {line}"))
}

fn one_line(text: &str) -> String {
    text.lines().take(4).collect::<Vec<_>>().join(" / ")
}
