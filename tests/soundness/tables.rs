//! Tables that are full: what they hold goes on being found, what comes later is not remembered, and nothing breaks.
//! `AEROSPIKE_LIMIT` sets a limit that a test can reach.

use ripemd::{Digest as _, Ripemd160};

use crate::common::Findings;
use crate::common::host::{Ran, host};
use crate::common::make::{Maker, proto};
use crate::{Report, STRICT};

const RECORDS: u32 = 60;
const LIMIT: u32 = 40;

fn read(capture: &str, limit: &str, options: &[&str]) -> Ran {
    let path = host().capture(capture);
    let mut args = vec!["-n", "-r", path.to_str().expect("a path in UTF-8")];
    args.extend(options);
    host().run_with(&[STRICT, ("AEROSPIKE_LIMIT", limit)], "tshark", &args, "")
}

/// A read of the record with an integer key, by key and digest or by digest alone.
fn request(number: u32, with_key: bool) -> Vec<u8> {
    let key = [&[1][..], &u64::from(number).to_be_bytes()].concat();
    let digest = Ripemd160::digest([&b"demo"[..], &key].concat());
    let mut fields: Vec<(u8, &[u8])> = vec![(0, b"test"), (1, b"demo"), (4, &digest)];
    if with_key {
        fields.push((2, &key));
    }
    let mut body = vec![22, 3];
    body.resize(18, 0);
    body.extend((fields.len() as u16).to_be_bytes());
    body.extend([0, 0]);
    for (kind, data) in fields {
        body.extend((data.len() as u32 + 1).to_be_bytes());
        body.push(kind);
        body.extend(data);
    }
    proto(3, &body)
}

#[test]
fn a_full_table_keeps_what_it_has() {
    let (from, to) = (([10, 1, 0, 1], 20_000), ([10, 0, 0, 2], 3000));
    let mut made = Maker::new();
    made.connect(from, to);
    for with_key in [true, false] {
        for number in 0..RECORDS {
            made.send(from, to, &request(number, with_key));
        }
    }
    host().put("made-keys", &made.finish());
    // The three packets of the handshake, then each record by key, then each by digest.
    let first = 3 + RECORDS + 1;
    for (limit, found) in [("", RECORDS), (&LIMIT.to_string(), LIMIT)] {
        let fields = [
            "-T",
            "fields",
            "-e",
            "frame.number",
            "-e",
            "aerospike.key.seen_in",
        ];
        let filter = ["-Y", "aerospike.key.seen_in"];
        let ran = read("made-keys", limit, &[&filter[..], &fields].concat()).expect_success();
        let expected: Vec<String> = (0..found)
            .map(|number| format!("{}\t{}", first + number, 4 + number))
            .collect();
        let text = ran.text();
        assert_eq!(text.lines().collect::<Vec<_>>(), expected, "limit {limit:?}");
    }
}

/// With room for three entries in each table, what is on the wire is shown as ever.
#[test]
fn full_tables_break_nothing() {
    let names = [
        "kv-basic",
        "batch-all",
        "info-basic",
        "capture-loss-kv-all-types",
        "heartbeat-mesh-steady",
        "cluster-replication-writes-slim",
    ];
    let mut findings = Findings::default();
    let fields = ["-T", "fields", "-e", "frame.number", "-e", "aerospike.type"];
    let wire = ["-e", "aerospike.msg.result_code", "-e", "aerospike.fabric.type"];
    let options = [&fields[..], &wire].concat();
    for name in names {
        let whole = read(name, "", &options).expect_success();
        for more in [&[][..], &["-2"], &["-V"], &["-z", "aerospike,hotkeys"]] {
            findings.within(&format!("{name} {more:?}"), |findings| {
                let full = read(name, "3", &[&options[..], more].concat());
                findings.check(full.success, || full.stderr.clone());
                match Report::of(&full) {
                    Some(report) => report.check(findings),
                    None => findings.add(format!("no report: {}", full.stderr)),
                }
                let same = more.contains(&"-z") || full.text() == whole.text();
                findings.check(same, || "shows another thing".into());
                findings.check(!full.text().contains("Dissector bug"), || {
                    "a dissector bug".into()
                });
            });
        }
    }
    findings.report();
}
