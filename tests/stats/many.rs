//! More keys than the report lists: the hottest are kept, with their exact counts.

use crate::common::host::host;
use crate::common::make::{Endpoint, Maker, batch_read, proto};
use crate::report::{HotKeys, expect_quiet};

const CLIENT: Endpoint = ([10, 0, 0, 1], 40_000);
const SERVER: Endpoint = ([10, 0, 0, 2], 3000);
const LISTED: usize = 100_000;
const ROWS: u32 = 1000;
const KEYS: u32 = 101_000;

/// A batch read of `rows` by number of the record.
fn batch(rows: &[u32]) -> Vec<u8> {
    batch_read(rows.iter().enumerate().map(|(index, record)| {
        let mut digest = [0xab; 20];
        digest[..4].copy_from_slice(&record.to_be_bytes());
        (index as u32, digest)
    }))
}

fn answer(rows: usize) -> Vec<u8> {
    let mut body = Vec::new();
    for index in 0..rows as u32 {
        body.push(22);
        body.extend([0; 13]);
        body.extend(index.to_be_bytes());
        body.extend([0; 4]);
    }
    body
}

fn last() -> Vec<u8> {
    let mut body = vec![22, 0, 0, 1];
    body.resize(22, 0);
    body
}

#[test]
fn the_hottest_are_kept() {
    let mut made = Maker::new();
    made.connect(CLIENT, SERVER);
    let mut ask = |rows: &[u32]| {
        made.send(CLIENT, SERVER, &proto(3, &batch(rows)));
        made.send(SERVER, CLIENT, &proto(3, &answer(rows.len())));
        made.send(SERVER, CLIENT, &proto(3, &last()));
    };
    for from in (0..KEYS).step_by(ROWS as usize) {
        let rows: Vec<u32> = (from..from + ROWS).collect();
        ask(&rows);
    }
    // The latest, which found no room in the list, become the hottest.
    let late: Vec<u32> = (KEYS - 10..KEYS).collect();
    for _ in 0..20 {
        ask(&late);
    }
    let path = host().scratch("many-keys.pcap", &made.finish());
    let path = path.to_str().expect("a path in UTF-8");
    let text = expect_quiet(host().tshark(&["-n", "-r", path, "-q", "-z", "aerospike,hotkeys"]));
    let report = HotKeys::parse(&text);
    assert_eq!(report.keys.len(), LISTED);
    assert_eq!(report.all.key, format!("{KEYS} keys"));
    let all = u64::from(KEYS) + 200;
    assert_eq!((report.all.requests, report.all.responses), (all, all));
    for key in &report.keys[..10] {
        assert_eq!(
            (key.requests, key.responses, key.namespace.as_str()),
            (21, 21, "test")
        );
        let record = u32::from_str_radix(&key.digest[..8], 16).expect("hexadecimal");
        assert!(late.contains(&record), "{key:?}");
    }
    assert!(
        report.keys[10..]
            .iter()
            .all(|key| key.requests == 1 && key.delta == 0)
    );
    let dropped = report.shares.iter().find(|row| row[1] == "not listed");
    let dropped = dropped.expect("the report says that keys are not listed");
    assert_eq!((dropped[3].as_str(), dropped[4].as_str()), ("1000 keys", "1000"));
}
