//! The report of the cluster, against what the packets' fields say.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::common::fields::columns;
use crate::report;

const HEARS: &str = "Who hears whom (pulses)";
const MEMBERS: &str = "Members, as each node says (pulses)";
const PARTITIONS: &str = "Partitions (partitions)";
const MIGRATIONS: &str = "Migrations (partitions begun)";
const NODES: &str = "All nodes (pulses and answers)";
const CLIENTS: &str = "Clients and applications, as they say (times)";
const TOLD: &str = "Told to clients: addresses (times)";

fn cluster(capture: &str, options: &[&str]) -> String {
    report::text(capture, "aerospike,cluster", options)
}

/// The id at the beginning of a cell: `a1 (10.77.0.11)`.
fn id(cell: &str) -> &str {
    cell.split(' ').next().unwrap_or_default()
}

fn bare(id: &str) -> String {
    id.trim_start_matches("0x").trim_start_matches('0').to_string()
}

#[test]
fn who_hears_whom() {
    for capture in [
        "heartbeat-mesh-steady",
        "heartbeat-multicast-steady",
        "cluster-node-rejoin-migration-slim",
    ] {
        // The tree of a pulse: the sender, those it hears, those in its cluster.
        let frames = crate::common::capture(capture);
        let (mut hears, mut runs) = (
            HashMap::<(String, String), u32>::new(),
            BTreeMap::<String, Vec<String>>::new(),
        );
        for frame in frames.ours() {
            let pulses = frame
                .items
                .iter()
                .flat_map(|item| item.all("aerospike.heartbeat"));
            for pulse in pulses.filter(|pulse| pulse.int_of("aerospike.heartbeat.type") == Some(0)) {
                // Field 10 is HB_DATA.
                let list = pulse
                    .all("aerospike.container.field")
                    .find(|field| field.int_of("aerospike.container.field.id") == Some(10));
                let others: Vec<String> = list
                    .map(|list| list.all("aerospike.node").map(|node| bare(&node.show)).collect())
                    .unwrap_or_default();
                let sender = bare(pulse.text_of("aerospike.node").expect("a sender"));
                for other in others {
                    *hears.entry((sender.clone(), other)).or_default() += 1;
                }
                let size = pulse
                    .text_of("aerospike.heartbeat.cluster_size")
                    .unwrap_or_default();
                let key = pulse.text_of("aerospike.cluster_key").unwrap_or_default();
                let run = runs.entry(sender).or_default();
                let now = format!("{} of {size}", bare(key));
                if run.last() != Some(&now) {
                    run.push(now);
                }
            }
        }
        assert!(!hears.is_empty(), "{capture}");
        let text = cluster(capture, &[]);
        let rows = report::rows(&text, HEARS);
        assert_eq!(rows.len(), hears.len(), "{capture}: {text}");
        for row in rows {
            let pair = (id(&row[1]).to_string(), id(&row[2]).to_string());
            assert_eq!(row[4], hears[&pair].to_string(), "{capture}: {row:?}");
        }
        let mut shown: BTreeMap<String, usize> = BTreeMap::new();
        for row in report::rows(&text, MEMBERS) {
            *shown.entry(id(&row[1]).to_string()).or_default() += 1;
        }
        let wanted: BTreeMap<String, usize> =
            runs.iter().map(|(node, run)| (node.clone(), run.len())).collect();
        assert_eq!(shown, wanted, "{capture}: {text}");
    }
}

#[test]
fn partitions_that_nodes_own() {
    for capture in [
        "diagnosis/go-rolling-restart",
        "cluster-split-heal-dupres-slim",
        "perf-sample-30k",
    ] {
        let names = [
            "ip.src",
            "aerospike.namespace",
            "aerospike.info.replicas.columns",
            "aerospike.info.replicas.partitions",
            "aerospike.info.replicas.ranges",
        ];
        // The newest answer of each node: masters, and copies where it is not the master.
        let mut newest: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
        let filter = "aerospike.response && aerospike.info.replicas.partitions";
        for row in columns(capture, &[], filter, &names) {
            let (mut counts, mut ranges) = (row[3].iter(), row[4].iter());
            for (namespace, columns) in row[1].iter().zip(&row[2]) {
                let columns: usize = columns.parse().expect("a number");
                let mut sets = counts.by_ref().take(columns).map(|count| {
                    let count: usize = count.parse().expect("a number");
                    let mut set: BTreeSet<u16> = BTreeSet::new();
                    while set.len() < count {
                        let range = ranges.next().expect("a range").trim();
                        let (first, last) = range.split_once('-').unwrap_or((range, range));
                        set.extend(first.parse::<u16>().expect("a number")..=last.parse().expect("a number"));
                    }
                    set
                });
                let masters = sets.next().expect("masters");
                let copies: BTreeSet<u16> = sets.flatten().collect();
                let own = (masters.len(), copies.difference(&masters).count());
                newest.insert((namespace.clone(), row[0][0].clone()), own);
            }
        }
        assert!(!newest.is_empty(), "{capture}");
        let text = cluster(capture, &[]);
        let rows = report::rows(&text, PARTITIONS);
        for ((namespace, node), counts) in &newest {
            let find = |what: &str| {
                let is_it = |row: &&Vec<String>| {
                    row[2] == *namespace && row[1].contains(node.as_str()) && row[3].starts_with(what)
                };
                rows.iter()
                    .find(is_it)
                    .unwrap_or_else(|| panic!("{capture}: no {what} of {node}: {text}"))
            };
            assert_eq!(find("master,")[4], counts.0.to_string(), "{capture}: {node}");
            assert_eq!(find("copy,")[4], counts.1.to_string(), "{capture}: {node}");
        }
    }
}

#[test]
fn partitions_without_a_master_are_named() {
    let text = cluster("diagnosis/partitions-1194-1195", &[]);
    let rows = report::rows(&text, PARTITIONS);
    let without: Vec<_> = rows.iter().filter(|row| row[3].starts_with("without")).collect();
    let [row] = &without[..] else { panic!("{text}") };
    assert_eq!(
        (row[3].as_str(), row[4].as_str()),
        ("without a master: 1194-1195", "2")
    );
    for capture in [
        "diagnosis/go-rolling-restart",
        "perf-sample-30k",
        "info-basic",
        "clients/asadm",
    ] {
        let text = cluster(capture, &[]);
        assert!(!text.contains("without a master"), "{capture}: {text}");
    }
}

#[test]
fn migrations_by_pair() {
    for capture in [
        "cluster-node-rejoin-migration-slim",
        "cluster-split-heal-dupres-slim",
    ] {
        let mut records: HashMap<(String, String), BTreeSet<(String, String)>> = HashMap::new();
        let filter = "aerospike.fabric.type == 3 && aerospike.fabric.op == 7";
        let frames = crate::common::capture(capture);
        let found = columns(capture, &[], filter, &["frame.number", "ip.src", "ip.dst"]);
        let ends: HashMap<String, (String, String)> = found
            .into_iter()
            .map(|row| (row[0][0].clone(), (row[1][0].clone(), row[2][0].clone())))
            .collect();
        for frame in frames.ours() {
            let Some(pair) = ends.get(&frame.number.to_string()) else {
                continue;
            };
            for message in frame.items.iter().flat_map(|item| item.all("aerospike.fabric")) {
                if message.int_of("aerospike.fabric.op") != Some(7) {
                    continue;
                }
                let field = |name: &str| message.text_of(name).unwrap_or_default().to_string();
                let one = (
                    field("aerospike.fabric.emig_id"),
                    field("aerospike.fabric.emig_insert_id"),
                );
                records.entry(pair.clone()).or_default().insert(one);
            }
        }
        let text = cluster(capture, &[]);
        let mut shown: HashMap<(String, String), usize> = HashMap::new();
        for row in report::rows(&text, MIGRATIONS) {
            let address = |cell: &str| cell.split(['(', ')']).nth(1).unwrap_or(cell).to_string();
            let count: usize = row[5].parse().expect("a number");
            if count > 0 {
                *shown.entry((address(&row[1]), address(&row[2]))).or_default() += count;
            }
        }
        let wanted: HashMap<(String, String), usize> = records
            .into_iter()
            .map(|(pair, records)| (pair, records.len()))
            .collect();
        assert!(!wanted.is_empty(), "{capture}");
        assert_eq!(shown, wanted, "{capture}: {text}");
    }
}

#[test]
fn nodes_by_what_they_say() {
    let text = cluster("diagnosis/go-rolling-restart", &[]);
    let nodes = report::rows(&text, NODES);
    for (node, address) in [("a1", "10.77.0.11"), ("a2", "10.77.0.12"), ("a3", "10.77.0.13")] {
        let row = nodes.iter().find(|row| id(&row[1]) == node).expect("a node");
        assert_eq!(row[1], format!("{node} ({address})"));
        assert_eq!(row[2], format!("{address}:3000"));
        assert!(row[3].contains("build 8.1"), "{row:?}");
        let told = report::rows(&text, TOLD);
        assert!(
            told.iter()
                .any(|row| id(&row[1]) == node && row[2] == format!("{address}:3000")),
            "{text}"
        );
    }
    // Names by preference, in tables and in the tree.
    let option = ["-o", "aerospike.node_names:a1=db-1,0xa3=db-3"];
    let text = cluster("diagnosis/go-rolling-restart", &option);
    assert!(text.contains("a1 (db-1)") && text.contains("a3 (db-3)") && text.contains("a2 (10.77.0.12)"));
}

/// A node's id has its address beside it from the frame on that tells it, in every pass alike.
#[test]
fn ids_become_names() {
    use crate::common::host::host;
    let shown = |options: &[&str]| {
        let mut args = vec!["-O", "aerospike.heartbeat,aerospike.info"];
        args.extend(options);
        let text = host().on("heartbeat-mesh-steady", &args).expect_success().text();
        let lines = text
            .lines()
            .filter(|line| line.trim_start().starts_with("Node: 0x"));
        lines.map(str::to_string).collect::<Vec<_>>()
    };
    let once = shown(&[]);
    assert!(once.iter().any(|line| line.contains("(10.77.0.11)")), "{once:?}");
    assert!(!once[0].contains("10.77.0.") || once[0].matches("10.77.0.").count() == 1);
    assert_eq!(once, shown(&["-2"]));
    let named = shown(&["-o", "aerospike.node_names:a1=db-1"]);
    assert!(named.iter().any(|line| line.contains("(db-1)")));
    assert_eq!(named.len(), once.len());
}

#[test]
fn clients_say_what_they_are() {
    let names = [
        "ip.src",
        "aerospike.info.user_agent.client",
        "aerospike.info.user_agent.application",
    ];
    for capture in ["clients/asbench", "perf-sample-30k", "kv-basic"] {
        let mut wanted: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        let filter = "aerospike.request and aerospike.info.user_agent.client";
        for row in columns(capture, &[], filter, &names) {
            let client = row.iter().map(|cells| cells[0].clone()).collect();
            *wanted.entry(client).or_default() += 1;
        }
        let text = cluster(capture, &[]);
        let rows = report::rows(&text, CLIENTS);
        let shown: BTreeMap<Vec<String>, usize> = rows
            .iter()
            .map(|row| {
                let client = [1, 3, 2].map(|cell| row[cell].clone()).to_vec();
                (client, row[4].parse().expect("a number"))
            })
            .collect();
        assert!(!shown.is_empty(), "{capture}: {text}");
        assert_eq!(shown, wanted, "{capture}");
    }
}

#[test]
fn a_client_whose_request_was_not_captured_is_known_from_the_echo() {
    let text = cluster("oneway-server-to-client-kv-all-types", &[]);
    let rows = report::rows(&text, CLIENTS);
    let [row] = &rows[..] else { panic!("{text}") };
    assert_eq!((row[3].as_str(), row[2].as_str()), ("python-19.3.0", "not-set"));
    assert_ne!(row[1], "10.77.0.11", "that is the node");
}
