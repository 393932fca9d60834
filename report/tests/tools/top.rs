//! `aerospike-top --once --csv`, against `-z aerospike,hotkeys` as CSV and the fields.

use std::collections::HashMap;

use crate::common::{capture, folder, run, said, top};

fn keys_of_the_plugin(path: &str) -> HashMap<(String, String), String> {
    let folder = folder("hotkeys");
    let preference = format!("aerospike.report_folder:{}", folder.display());
    assert!(
        run(
            "tshark",
            &[
                "-n",
                "-q",
                "-r",
                path,
                "-o",
                &preference,
                "-z",
                "aerospike,hotkeys"
            ]
        )
        .status
        .success()
    );
    let mut reader = csv::Reader::from_path(folder.join("hotkeys.csv")).unwrap();
    let place =
        |name: &str, headers: &csv::StringRecord| headers.iter().position(|header| header == name).unwrap();
    let headers = reader.headers().unwrap().clone();
    let columns = ["Namespace", "Digest", "Requests", "Responses"].map(|name| place(name, &headers));
    let rows = reader
        .records()
        .map(Result::unwrap)
        .filter(|row| row[columns[1]].len() == 40);
    rows.map(|row| {
        (
            (row[columns[0]].to_owned(), row[columns[1]].to_owned()),
            format!("{} {}", &row[columns[2]], &row[columns[3]]),
        )
    })
    .collect()
}

#[test]
#[ignore = "needs the plugin: tools/test-tools.sh"]
fn its_keys_are_those_of_the_report() {
    for name in ["perf-sample-30k", "batch-all", "diagnosis/java-server-pauses"] {
        let path = capture(name);
        let output = top(&["--once", "600", "--csv", "--rows", "100000", &path]);
        assert!(output.status.success(), "{}", said(&output));
        let mut ours = HashMap::new();
        for row in csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(&output.stdout[..])
            .records()
        {
            let row = row.unwrap();
            if &row[0] == "Keys" {
                ours.insert(
                    (row[2].to_owned(), row[5].to_owned()),
                    format!("{} {}", &row[7], &row[9]),
                );
            }
        }
        let theirs = keys_of_the_plugin(&path);
        assert!(theirs.len() > 5, "{name}");
        let differing = theirs.iter().find(|(key, counts)| ours.get(*key) != Some(counts));
        assert_eq!(
            differing.map(|(key, counts)| (key, counts, ours.get(key))),
            None,
            "{name}"
        );
        assert_eq!(ours.len(), theirs.len(), "{name}");
    }
}

#[test]
#[ignore = "needs the plugin: tools/test-tools.sh"]
fn it_reads_a_pipe_and_ends_when_the_time_is_over() {
    let path = capture("diagnosis/java-server-pauses");
    let program = env!("CARGO_BIN_EXE_aerospike-top");
    let line =
        format!("tshark -r {path} -w - -F pcap | {program} - --once 2 --csv --rows 5 --filter 10.77.0.11");
    let output = run("sh", &["-c", &line]);
    let text = String::from_utf8(output.stdout).unwrap();
    let end: Vec<&str> = text.lines().last().unwrap().split(',').collect();
    let seconds: f64 = end[1].parse().unwrap();
    assert!(end[0] == "Capture" && (1.8..=2.0).contains(&seconds), "{text}");
    let nodes: Vec<&str> = text.lines().filter(|line| line.starts_with("Nodes,")).collect();
    assert!(
        !nodes.is_empty() && nodes.iter().all(|line| line.contains("10.77.0.11:3000")),
        "{text}"
    );
    assert!(nodes.iter().any(|line| line.contains(",write,")), "{text}");
}
