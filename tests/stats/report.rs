//! What `tshark -z` prints, as rows of cells.

use crate::common::host::{Ran, host};

/// Runs a statistic on a capture of the set.
pub fn text(capture: &str, statistic: &str, options: &[&str]) -> String {
    let mut args = vec!["-q", "-z", statistic];
    args.extend(options);
    expect_quiet(host().on(capture, &args))
}

/// The output of a tool that ended well and said nothing else.
pub fn expect_quiet(ran: Ran) -> String {
    let ran = ran.expect_success();
    assert!(!ran.stderr.contains("Aerospike"), "{}\n{}", ran.how, ran.stderr);
    ran.text()
}

/// The rows of a table below a line that says `title` alone, up to the next line without `|`.
pub fn rows(text: &str, title: &str) -> Vec<Vec<String>> {
    text.lines()
        .skip_while(|line| *line != title)
        .skip(1)
        .take_while(|line| line.contains('|'))
        .map(|line| line.split('|').map(|cell| cell.trim().to_string()).collect())
        .collect()
}

/// A row of the hot key report.
#[derive(Clone, Debug, PartialEq)]
pub struct HotKey {
    pub rank: u32,
    pub namespace: String,
    pub set: String,
    pub key: String,
    pub digest: String,
    pub requests: u64,
    pub responses: u64,
    pub delta: i64,
    pub reads: u64,
    pub writes: u64,
    pub errors: u64,
    pub mean: f64,
    pub max: f64,
    /// Per cent of all requests.
    pub share: f64,
    pub first_frame: u32,
    pub filter: String,
}

impl HotKey {
    fn of(cells: &[String]) -> HotKey {
        let number = |at: usize| cells[at].parse().unwrap_or_else(|e| panic!("{cells:?}: {e}"));
        let decimal = |at: usize| cells[at].parse().unwrap_or_else(|e| panic!("{cells:?}: {e}"));
        HotKey {
            rank: number(0) as u32,
            requests: number(4),
            share: decimal(5),
            errors: number(6),
            mean: decimal(7),
            max: decimal(8),
            namespace: cells[1].clone(),
            set: cells[2].clone(),
            key: cells[3].clone(),
            reads: number(9),
            writes: number(10),
            responses: number(11),
            delta: cells[12].parse().unwrap_or_else(|e| panic!("{cells:?}: {e}")),
            first_frame: cells
                .get(13)
                .and_then(|cell| cell.parse().ok())
                .unwrap_or_default(),
            digest: cells.get(14).cloned().unwrap_or_default(),
            filter: cells.get(15).cloned().unwrap_or_default(),
        }
    }
}

/// The hot key report: all keys together, the rows of shares, and each key.
pub struct HotKeys {
    pub all: HotKey,
    pub shares: Vec<Vec<String>>,
    pub keys: Vec<HotKey>,
}

impl HotKeys {
    pub fn parse(text: &str) -> HotKeys {
        let mut totals = rows(text, "All keys");
        let all = HotKey::of(&totals.remove(0));
        let keys: Vec<HotKey> = rows(text, "Keys, hottest first")
            .iter()
            .map(|cells| HotKey::of(cells))
            .collect();
        let report = HotKeys {
            all,
            shares: totals,
            keys,
        };
        report.check();
        report
    }

    pub fn on(capture: &str, filter: &str, options: &[&str]) -> HotKeys {
        let statistic = if filter.is_empty() {
            "aerospike,hotkeys".into()
        } else {
            format!("aerospike,hotkeys,{filter}")
        };
        HotKeys::parse(&text(capture, &statistic, options))
    }

    /// What holds for every report.
    fn check(&self) {
        for (place, key) in (1..).zip(&self.keys) {
            assert_eq!(key.rank, place);
            assert_eq!(key.delta, key.requests as i64 - key.responses as i64, "{key:?}");
            assert_eq!(key.reads + key.writes, key.requests, "{key:?}");
            assert!(key.mean <= key.max + 0.001, "{key:?}");
            let all = self.all.requests.max(self.all.responses) as f64;
            let share = key.requests.max(key.responses) as f64 * 100.0 / all;
            assert!((key.share - share).abs() <= 0.06, "{key:?}: {share}");
        }
        let heat = |key: &HotKey| key.requests.max(key.responses);
        assert!(
            self.keys.is_sorted_by(|a, b| heat(a) >= heat(b)),
            "not hottest first"
        );
    }

    /// Where every key is listed: the totals are the sums.
    pub fn check_sums(&self) {
        let sum = |of: fn(&HotKey) -> u64| self.keys.iter().map(of).sum::<u64>();
        assert_eq!(self.all.key, format!("{} keys", self.keys.len()));
        assert_eq!(self.all.requests, sum(|key| key.requests));
        assert_eq!(self.all.responses, sum(|key| key.responses));
        assert_eq!(self.all.reads, sum(|key| key.reads));
        assert_eq!(self.all.writes, sum(|key| key.writes));
        assert_eq!(self.all.errors, sum(|key| key.errors));
        for share in &self.shares {
            let Some(top) = share[1].strip_prefix("top ") else {
                continue;
            };
            let top: usize = top.parse().expect("a number");
            let requests: u64 = self.keys[..top]
                .iter()
                .map(|key| key.requests.max(key.responses))
                .sum();
            let all = self.all.requests.max(self.all.responses);
            assert_eq!(share[4], requests.to_string(), "{share:?}");
            assert_eq!(share[5], format!("{:.1}", requests as f64 * 100.0 / all as f64));
        }
    }
}

/// Bytes of the operations that name a bin, from the fields of a message: `aerospike.op.size` is without its own four
/// bytes, and what names no bin (a touch) has four and no value.
pub fn bytes_of_bins(sizes: &[String], bins: &[String]) -> u64 {
    let all: u64 = sizes
        .iter()
        .map(|size| size.parse::<u64>().expect("a number") + 4)
        .sum();
    all - 8 * (sizes.len() - bins.len()) as u64
}
