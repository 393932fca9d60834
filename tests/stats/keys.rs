//! A digest is shown with the user key that an earlier frame told.

use std::collections::HashMap;

use crate::common::fields;

const NAMES: [&str; 6] = [
    "frame.number",
    "aerospike.digest",
    "aerospike.key",
    "aerospike.key.type",
    "aerospike.key.seen_in",
    "aerospike.batch.index",
];

#[test]
fn keys_that_were_seen_earlier() {
    for capture in ["hot-keys-zipf", "keys-send-key-types"] {
        // Of requests on one record: the digest with the key that stands beside it, or else an earlier one.
        let mut told: HashMap<String, (u32, String)> = HashMap::new();
        let mut shown = 0;
        for row in fields::columns(capture, &[], "aerospike.digest && !aerospike.batch", &NAMES) {
            let frame: u32 = row[0][0].parse().expect("a number");
            let ([digest], []) = (&row[1][..], &row[5][..]) else {
                continue;
            };
            // A key may be the empty text.
            let key = row[2].first().cloned().unwrap_or_default();
            match (told.get(digest), row[3].is_empty(), &row[4][..]) {
                (Some(earlier), false, [seen_in]) => {
                    shown += 1;
                    assert_eq!(
                        (earlier.0.to_string(), &earlier.1),
                        (seen_in.clone(), &key),
                        "{frame}"
                    );
                }
                (Some(_), has_none, _) => assert!(!has_none, "{capture}: no key in frame {frame}"),
                (None, false, []) => {
                    told.insert(digest.clone(), (frame, key));
                }
                (None, has_none, _) => assert!(has_none, "{capture}: a key out of nothing in {frame}"),
            }
        }
        assert!(shown > 10, "{capture}: {shown}");
    }
}

#[test]
fn the_same_in_every_pass() {
    for capture in ["hot-keys-zipf", "batch-all"] {
        let once = fields::columns(capture, &[], "aerospike.digest", &NAMES);
        let twice = fields::columns(capture, &["-2"], "aerospike.digest", &NAMES);
        assert_eq!(once, twice, "{capture}");
    }
}

#[test]
fn answers_of_batches_say_whose_they_are() {
    for capture in ["batch-all", "scenarios/hot-batch"] {
        let names = [
            "aerospike.batch.index",
            "aerospike.digest",
            "aerospike.namespace",
            "aerospike.request_in",
        ];
        let mut asked: HashMap<String, HashMap<String, (String, String)>> = HashMap::new();
        let requests = ["frame.number", names[0], names[1], names[2]];
        for row in fields::columns(capture, &[], "aerospike.batch.count", &requests) {
            let rows = row[1].iter().zip(row[2].iter().zip(&row[3]));
            let rows = rows.map(|(index, (digest, place))| (index.clone(), (digest.clone(), place.clone())));
            asked.insert(row[0][0].clone(), rows.collect());
        }
        let mut answered = 0;
        for row in fields::columns(
            capture,
            &[],
            "aerospike.batch.index && aerospike.response",
            &names,
        ) {
            let rows = &asked[&row[3][0]];
            assert_eq!(
                (row[0].len(), row[0].len()),
                (row[1].len(), row[2].len()),
                "{capture}"
            );
            for (index, (digest, place)) in row[0].iter().zip(row[1].iter().zip(&row[2])) {
                assert_eq!(rows[index], (digest.clone(), place.clone()), "{capture}");
                answered += 1;
            }
        }
        assert!(answered > 50, "{capture}: {answered} rows");
    }
}
