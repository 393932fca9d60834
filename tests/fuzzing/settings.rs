//! What to run, from the environment; `tools/fuzz-plugin.sh` sets it.

use std::env;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use crate::common::captures;
use crate::common::host::{Ran, host};

/// Seconds of CPU time for each started MB of a capture.
const CPU_A_MEGABYTE: usize = 10;
/// Bytes of address space: an inflated message may have 128 MiB.
const MEMORY: usize = 2 << 30;

pub struct Settings {
    /// Of the kind of run, in the log.
    pub name: String,
    pub seed: u64,
    pub start: u64,
    pub runs: u64,
    pub jobs: usize,
    /// Where captures that failed are kept.
    pub failures: PathBuf,
    log: Option<PathBuf>,
    /// Words before `tshark`, such as `valgrind -q`.
    under: Vec<String>,
    /// How much longer a run may take under these, or under a sanitizer.
    slower: usize,
    /// Neither these nor a sanitizer.
    pub plain: bool,
}

impl Settings {
    pub fn from_environment() -> Settings {
        let number = |name: &str| {
            let text = env::var(format!("AEROSPIKE_FUZZ_{name}")).ok()?;
            (!text.is_empty()).then(|| {
                text.parse::<u64>()
                    .unwrap_or_else(|e| panic!("{name}={text}: {e}"))
            })
        };
        let text = |name: &str| env::var(format!("AEROSPIKE_FUZZ_{name}")).unwrap_or_default();
        let log = env::var_os("AEROSPIKE_FUZZ_LOG").map(PathBuf::from);
        let name = match text("NAME") {
            name if name.is_empty() => "plugin".into(),
            name => name,
        };
        let seed = number("SEED").unwrap_or(1);
        let mut settings = Settings {
            start: 0,
            runs: number("RUNS").unwrap_or(200),
            jobs: number("JOBS").unwrap_or(2) as usize,
            failures: captures::project().join("target/fuzz-failures"),
            under: text("UNDER").split_whitespace().map(str::to_string).collect(),
            slower: number("SLOWER").unwrap_or(1) as usize,
            plain: true,
            name,
            seed,
            log,
        };
        settings.plain = settings.under.is_empty() && env::var_os("AEROSPIKE_SANITIZER").is_none();
        settings.start = number("START").unwrap_or_else(|| settings.log_length());
        settings
    }

    /// The run after the last one in the log.
    fn log_length(&self) -> u64 {
        let text = self
            .log
            .as_ref()
            .and_then(|path| fs::read_to_string(path).ok())
            .unwrap_or_default();
        let begin = format!("{} seed={} from=", self.name, self.seed);
        let ends = text
            .lines()
            .filter(|line| line.starts_with(&begin))
            .filter_map(|line| {
                let to = line.split(" to=").nth(1)?.split(' ').next()?;
                to.parse::<u64>().ok()
            });
        ends.max().map_or(0, |last| last + 1)
    }

    pub fn log(&self, line: &str) {
        let Some(path) = &self.log else { return };
        let file = fs::OpenOptions::new().create(true).append(true).open(path);
        let done = file.and_then(|mut file| writeln!(file, "{line}"));
        done.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }

    /// tshark within the limits for a capture of this size, with Wireshark's own checks switched on: it ends at a
    /// dissector bug.
    pub fn tshark(&self, size: usize, arguments: &[&str]) -> Ran {
        let strict = [
            ("WIRESHARK_ABORT_ON_DISSECTOR_BUG", "1"),
            ("WIRESHARK_ABORT_ON_TOO_MANY_ITEMS", "1"),
        ];
        self.run(&strict, size, arguments)
    }

    /// tshark with a fault injected into the plugin; only one that is built to have them (`soundness`) obeys.
    pub fn faulty(&self, fault: &str, arguments: &[&str]) -> Ran {
        self.run(&[("AEROSPIKE_FAULT", fault)], 1 << 20, arguments)
    }

    /// The same, but it goes on after a dissector bug, which it shows.
    pub fn lenient(&self, size: usize, arguments: &[&str]) -> Ran {
        self.run(&[], size, arguments)
    }

    fn run(&self, strict: &[(&str, &str)], size: usize, arguments: &[&str]) -> Ran {
        let seconds = CPU_A_MEGABYTE * size.div_ceil(1 << 20).max(1) * self.slower;
        let mut limits = vec![format!("--cpu={seconds}"), "--core=0".into()];
        if self.plain {
            limits.push(format!("--as={MEMORY}"));
        }
        limits.extend(self.under.iter().cloned());
        limits.push("tshark".into());
        let mut all: Vec<&str> = limits.iter().map(String::as_str).collect();
        all.extend(arguments);
        // Blocks of memory with canaries; under a sanitizer each block by malloc, so that it sees them all.
        let memory = if self.plain { "strict" } else { "simple" };
        let mut variables = vec![
            ("WIRESHARK_DEBUG_WMEM_OVERRIDE", memory),
            ("G_SLICE", "always-malloc"),
        ];
        variables.extend(strict);
        host().run_with(&variables, "prlimit", &all, "")
    }
}
