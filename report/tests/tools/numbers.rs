//! Numbers of the page, against `-T fields` and `-z`.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use crate::common::{capture, folder, page_of, run, tshark, words};

const CAPTURES: [&str; 4] = [
    "diagnosis/java-server-pauses",
    "scenarios/server-stall",
    "perf-sample-30k",
    "clients/asbench",
];

fn thousands(number: u64) -> String {
    let text = number.to_string();
    let groups: Vec<&str> = text
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap())
        .collect();
    groups.join(",")
}

fn fields(capture: &str, filter: &str, fields: &[&str]) -> Vec<Vec<String>> {
    let mut arguments = vec![
        "-r",
        capture,
        "-Y",
        filter,
        "-T",
        "fields",
        "-E",
        "separator=/t",
        "-E",
        "aggregator=;",
    ];
    fields.iter().for_each(|field| arguments.extend(["-e", field]));
    let lines = tshark(&arguments);
    lines
        .lines()
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect()
}

#[test]
#[ignore = "needs the plugin: tools/test-tools.sh"]
fn requests_and_answers_are_those_of_the_fields() {
    // What nodes say to each other is answered, too, and not counted.
    for name in CAPTURES.into_iter().chain(["cluster-replication-writes-slim"]) {
        let path = capture(name);
        let (page, facts) = page_of("counts", &[&path]);
        let count = |filter: &str| -> u64 {
            let rows = fields(&path, filter, &["aerospike.type"]);
            rows.iter().map(|row| row[0].split(';').count() as u64).sum()
        };
        let (requests, answers) = (
            count("aerospike.request and aerospike.type and not aerospike.duplicate"),
            fields(
                &path,
                "aerospike.response_time and aerospike.type and not aerospike.duplicate",
                &["aerospike.response_time"],
            )
            .iter()
            .map(|row| row[0].split(';').count() as u64)
            .sum::<u64>(),
        );
        let words = words(&page);
        for (what, number) in [("Requests", requests), ("Answers", answers)] {
            assert!(
                words.contains(&format!("{what} {}", thousands(number))),
                "{name}: {what} {number}\n{}",
                &words[..600]
            );
        }
        let counted: u64 = facts["sides"][0]["answers"]["lines"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["answers"].as_u64().unwrap())
            .sum();
        assert_eq!(counted, answers, "{name}");
    }
}

#[test]
#[ignore = "needs the plugin: tools/test-tools.sh"]
fn percentiles_are_those_of_the_fields() {
    for name in CAPTURES {
        let path = capture(name);
        let (_, facts) = page_of("percentiles", &[&path]);
        // Frames with one answer to a single request: what they hold needs no aligning.
        let mut times: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for row in fields(
            &path,
            "aerospike.response_time and aerospike.type and not aerospike.duplicate",
            &["ip.src", "tcp.srcport", "aerospike.response_time"],
        ) {
            for time in row[2].split(';') {
                times
                    .entry(format!("{}:{}", row[0], row[1]))
                    .or_default()
                    .push(time.parse::<f64>().unwrap() * 1e3);
            }
        }
        for (node, mut times) in times {
            times.sort_by(f64::total_cmp);
            let lines: Vec<&Value> = facts["sides"][0]["answers"]["lines"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|line| line["node"] == node.as_str())
                .collect();
            let counted: u64 = lines.iter().map(|line| line["answers"].as_u64().unwrap()).sum();
            assert_eq!(counted, times.len() as u64, "{name} {node}");
            let max = lines
                .iter()
                .filter_map(|line| line["max_ms"].as_f64())
                .fold(0.0, f64::max);
            assert!(
                (max / times[times.len() - 1] - 1.0).abs() < 1e-6,
                "{name} {node}: {max}"
            );
            let mean = lines
                .iter()
                .map(|line| line["mean_ms"].as_f64().unwrap() * line["answers"].as_f64().unwrap())
                .sum::<f64>()
                / times.len() as f64;
            let wanted = times.iter().sum::<f64>() / times.len() as f64;
            assert!(
                (mean / wanted - 1.0).abs() < 1e-6,
                "{name} {node}: {mean} {wanted}"
            );
        }
    }
}

#[test]
#[ignore = "needs the plugin: tools/test-tools.sh"]
fn percentiles_by_operation_are_those_of_the_plugin() {
    for name in CAPTURES {
        let path = capture(name);
        let (_, facts) = page_of("plugin", &[&path]);
        let side = &facts["sides"][0];
        let mut compared = 0;
        for row in side["reports"]["latency"]["Answers"].as_array().unwrap() {
            let line = side["answers"]["lines"].as_array().unwrap().iter().find(|line| {
                line["node"] == row["Server node"]
                    && line["operation"] == row["Operation"]
                    && line["answers"] == row["Answers"]
            });
            let Some(line) = line else { continue };
            for (ours, theirs) in [
                ("p50_ms", "p50 ms"),
                ("p99_ms", "p99 ms"),
                ("mean_ms", "Mean ms"),
                ("max_ms", "Max ms"),
            ] {
                let (Some(ours), Some(theirs)) = (line[ours].as_f64(), row[theirs].as_f64()) else {
                    continue;
                };
                assert!(
                    (ours - theirs).abs() <= theirs * 0.0021 + 1e-6,
                    "{name} {row}: {ours} {theirs}"
                );
                compared += 1;
            }
        }
        assert!(compared >= 8, "{name}: only {compared}");
    }
}

/// Requests by digest, from the fields.
fn digests(path: &str) -> HashMap<String, u64> {
    let mut counts = HashMap::new();
    for row in fields(
        path,
        "aerospike.request and aerospike.type and aerospike.digest and not aerospike.duplicate",
        &["aerospike.digest"],
    ) {
        row[0]
            .split(';')
            .for_each(|digest| *counts.entry(digest.to_owned()).or_default() += 1);
    }
    counts
}

#[test]
#[ignore = "needs the plugin: tools/test-tools.sh"]
fn hot_keys_are_those_of_the_fields_also_over_several_captures() {
    let path = capture("perf-sample-30k");
    let wanted = digests(&path);
    let folder = folder("parts");
    let part = folder.join("part.pcapng").to_str().unwrap().to_owned();
    assert!(run("editcap", &["-c", "9000", &path, &part]).status.success());
    let mut parts: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path().to_str().unwrap().to_owned())
        .collect();
    parts.sort();
    assert_eq!(parts.len(), 4);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    for captures in [&[path.as_str()][..], &parts] {
        let (page, facts) = page_of("keys", captures);
        let side = &facts["sides"][0];
        let hottest = side["hot_keys"]["hottest"].as_array().unwrap();
        assert!(hottest.len() > 100);
        for record in hottest {
            let digest = record["digest"].as_str().unwrap();
            assert_eq!(
                record["requests"].as_u64(),
                wanted.get(digest).copied(),
                "{digest}, {} captures",
                captures.len()
            );
        }
        assert_eq!(
            side["hot_keys"]["requests"].as_u64().unwrap(),
            wanted.values().sum::<u64>()
        );
        let requests: u64 = side["reports"]["timeline"]["By interval"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["Requests"].as_u64().unwrap_or(0))
            .sum();
        assert!(
            words(&page).contains(&format!("Requests {}", thousands(requests))),
            "{requests}"
        );
    }
}

#[test]
#[ignore = "needs the plugin: tools/test-tools.sh"]
fn a_pair_tells_the_packets_that_one_side_lacks() {
    let paths = ["diagnosis/pair-loss-client", "diagnosis/pair-loss-server"].map(capture);
    let (page, facts) = page_of("pair", &[&paths[0], "--against", &paths[1]]);
    let packets = |path: &str, to_server: bool| -> HashSet<Vec<String>> {
        let filter = format!(
            "tcp.len > 0 and tcp.{}port == 3000",
            if to_server { "dst" } else { "src" }
        );
        fields(
            path,
            &filter,
            &["tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.len", "ip.id"],
        )
        .into_iter()
        .collect()
    };
    for (way, to_server, from, to) in [("to_servers", true, 0, 1), ("to_clients", false, 1, 0)] {
        let lost = packets(&paths[from], to_server)
            .difference(&packets(&paths[to], to_server))
            .count();
        assert!(lost > 5, "{way}");
        assert_eq!(
            facts["pair"][way]["lost"].as_array().unwrap().len(),
            lost,
            "{way}"
        );
    }
    // Both were taken on one machine.
    assert!(facts["pair"]["clock_ms"].as_f64().unwrap().abs() < 1.0);
    assert!(
        facts["pair"]["clients_side"]
            .as_str()
            .unwrap()
            .starts_with("pair-loss-client")
    );
    assert!(words(&page).contains("nearer to the clients"));
}
