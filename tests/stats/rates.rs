//! What the hot key report says of rates, sizes and shares, against sums over the packets' fields.

use std::collections::HashMap;

use crate::common::captures;
use crate::common::fields::columns;
use crate::common::host::host;
use crate::report::{self, HotKeys};

/// What is summed up of a key.
#[derive(Default)]
struct Sums {
    requests: u32,
    responses: u32,
    bytes: u64,
    size: u64,
    sent: u32,
    not_found: u32,
    /// Requests by node.
    nodes: HashMap<String, u32>,
}

fn number<T: core::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}

fn near(found: &str, exact: f64, slack: f64) {
    let found: f64 = number(found);
    assert!((found - exact).abs() <= slack, "{found} and {exact}");
}

/// Single requests alone: each frame has one message.
#[test]
fn as_the_fields_add_up() {
    for capture in ["hot-keys-zipf", "kv-all-types", "keys-send-key-types"] {
        let times = columns(capture, &[], "aerospike", &["frame.time_relative"]);
        let times: Vec<f64> = times.iter().map(|row| number(&row[0][0])).collect();
        let seconds =
            times.iter().copied().fold(f64::MIN, f64::max) - times.iter().copied().fold(f64::MAX, f64::min);
        let names = [
            "aerospike.digest",
            "aerospike.size",
            "aerospike.request",
            "aerospike.msg.result_code",
            "aerospike.op.size",
            "aerospike.bin.name",
            "ip.dst",
        ];
        let (mut keys, mut nodes) = (HashMap::<String, Sums>::new(), HashMap::<String, u32>::new());
        for row in columns(capture, &[], "aerospike.msg && aerospike.digest", &names) {
            let [digest] = &row[0][..] else {
                panic!("{capture}: {row:?}")
            };
            let sums = keys.entry(digest.clone()).or_default();
            sums.bytes += number::<u64>(&row[1][0]);
            if row[2].is_empty() {
                sums.responses += 1;
                sums.not_found += u32::from(row[3] == ["2"]);
            } else {
                sums.requests += 1;
                *sums.nodes.entry(row[6][0].clone()).or_default() += 1;
                *nodes.entry(row[6][0].clone()).or_default() += 1;
            }
            if !row[5].is_empty() {
                sums.size += report::bytes_of_bins(&row[4], &row[5]);
                sums.sent += 1;
            }
        }
        let text = report::text(capture, "aerospike,hotkeys", &[]);
        let rows = report::rows(&text, "Keys, hottest first");
        assert_eq!(rows.len(), keys.len(), "{capture}");
        for row in rows {
            let sums = &keys[&row[14]];
            near(&row[16], f64::from(sums.requests) / seconds, 0.06);
            near(&row[17], sums.bytes as f64 / seconds, 0.06);
            near(&row[18], sums.size as f64 / f64::from(sums.sent.max(1)), 0.06);
            near(
                &row[19],
                f64::from(sums.not_found) * 100.0 / f64::from(sums.responses.max(1)),
                0.006,
            );
            let most = sums.nodes.iter().max_by_key(|(_, count)| **count);
            let share = most.map_or(0.0, |(node, count)| {
                f64::from(*count) * 100.0 / f64::from(nodes[node])
            });
            near(&row[20], share, 0.06);
        }
    }
}

/// Rows of batches have their own bytes: those of the row, and those of the message that answers it.
#[test]
fn rows_of_batches_have_their_bytes() {
    let capture = "batch-all";
    let frames = crate::common::capture(capture);
    let mut bytes: HashMap<String, u64> = HashMap::new();
    for frame in frames.ours() {
        for top in frame.aerospike() {
            for message in top.all("aerospike.msg") {
                let rows: Vec<_> = message
                    .all("aerospike.batch.index")
                    .filter(|row| row.has("aerospike.digest") && row.size > 4)
                    .collect();
                if rows.is_empty() {
                    if let Some(digest) = message.first("aerospike.digest") {
                        let digest = digest.show.replace(':', "");
                        *bytes.entry(digest).or_default() += message.size as u64;
                    }
                }
                for row in rows {
                    let digest = row
                        .text_of("aerospike.digest")
                        .expect("a digest")
                        .replace(':', "");
                    *bytes.entry(digest).or_default() += row.size as u64;
                }
            }
        }
    }
    // Since 1970 a double has no room for what is below a quarter of a microsecond.
    let times: Vec<f64> = columns(capture, &[], "aerospike", &["frame.time_relative"])
        .iter()
        .map(|row| number(&row[0][0]))
        .collect();
    let seconds = times[times.len() - 1] - times[0];
    let text = report::text(capture, "aerospike,hotkeys", &[]);
    let mut found: HashMap<String, f64> = HashMap::new();
    for row in report::rows(&text, "Keys, hottest first") {
        *found.entry(row[14].clone()).or_default() += number::<f64>(&row[17]);
    }
    assert_eq!(found.len(), bytes.len());
    for (digest, rate) in found {
        let exact = bytes[&digest] as f64 / seconds;
        assert!(
            (rate - exact).abs() <= 0.2 + exact * 1e-6,
            "{digest}: {rate} and {exact}"
        );
    }
}

/// Keys under the least are counted and not listed, and a second look shows the same.
#[test]
fn the_least_of_a_hot_key() {
    let whole = report::text("hot-keys-zipf", "aerospike,hotkeys", &[]);
    let rows = report::rows(&whole, "Keys, hottest first");
    let rate = |row: &Vec<String>| number::<f64>(&row[16]);
    let middle = rows[rows.len() / 2].clone();
    let least = rate(&middle) as u32;
    let option = format!("aerospike.hotkeys_least:{least}");
    for options in [vec!["-o", &option], vec!["-2", "-o", &option]] {
        let text = report::text("hot-keys-zipf", "aerospike,hotkeys", &options);
        let kept = report::rows(&text, "Keys, hottest first");
        let wanted: Vec<_> = rows
            .iter()
            .filter(|row| rate(row) >= f64::from(least))
            .cloned()
            .collect();
        assert!(kept.len() < rows.len() && !kept.is_empty());
        assert_eq!(kept, wanted);
        let parsed = HotKeys::parse(&text);
        let cooler = parsed.shares.iter().find(|row| row[1] == "cooler");
        let cooler = cooler.expect("what is cooler is said");
        let left: u64 = rows[kept.len()..].iter().map(|row| number::<u64>(&row[4])).sum();
        assert_eq!(cooler[4], left.to_string());
        assert_eq!(
            cooler[3],
            format!("{} keys, less than {least}/s each", rows.len() - kept.len())
        );
    }
}

/// From a pipe, as from `ssh host tcpdump -U -w - …`.
#[test]
fn from_a_pipe() {
    let (bytes, kind) = captures::capture_bytes("hot-keys-zipf");
    let path = host().scratch(&format!("piped.{kind}"), &bytes);
    let path = path.to_str().expect("a path in UTF-8");
    let script = format!("cat {path} | tshark -n -r - -q -z aerospike,hotkeys");
    let piped = report::expect_quiet(host().run("sh", &["-c", &script], ""));
    assert_eq!(piped, report::text("hot-keys-zipf", "aerospike,hotkeys", &[]));
}
