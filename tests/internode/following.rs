//! One filter follows a record from the client through the cluster; what nodes pass on is read as clients' messages
//! are; system metadata carry the names that were created.

use std::collections::{BTreeMap, BTreeSet};

use super::counts::counted_captures;
use crate::common::Findings;
use crate::common::fields::columns;

/// The operations between nodes in the frames of each digest.
fn operations_by_digest(name: &str) -> BTreeMap<String, BTreeSet<String>> {
    let fields = [
        "aerospike.digest",
        "aerospike.fabric.op.name",
        "aerospike.fabric.rw_info.no_repl_ack",
    ];
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in columns(name, &["-2"], "aerospike.digest && aerospike.fabric", &fields) {
        for digest in &row[0] {
            let ops = found.entry(digest.clone()).or_default();
            ops.extend(row[1].iter().cloned());
            if row[2].iter().any(|flag| flag == "1") {
                ops.insert("NO_REPL_ACK".into());
            }
        }
    }
    found
}

/// The digests of the clients' own writes.
fn client_writes(name: &str) -> BTreeSet<String> {
    let filter = "aerospike.msg.info2.write == 1 && !aerospike.fabric && aerospike.digest";
    let rows = columns(name, &[], filter, &["aerospike.digest"]);
    rows.into_iter().flatten().flatten().collect()
}

#[test]
fn from_the_client_to_the_replica_and_back() {
    let name = "cluster-replication-writes-slim";
    let mut findings = Findings::default();
    let found = operations_by_digest(name);
    let writes = client_writes(name);
    assert!(writes.len() > 20, "{} writes", writes.len());
    for digest in writes {
        let ops = found.get(&digest).cloned().unwrap_or_default();
        let acked = ops.contains("WRITE_ACK") || ops.contains("NO_REPL_ACK");
        findings.check(ops.contains("REPL_WRITE") && acked, || {
            format!("{digest}: {ops:?}")
        });
    }
    findings.report();
}

#[test]
fn from_the_client_to_the_node_that_has_the_record() {
    let name = "cluster-proxy-slim";
    let found = operations_by_digest(name);
    let proxied = found.values().filter(|ops| ops.contains("REQUEST"));
    let mut count = 0;
    for ops in proxied {
        assert!(ops.contains("RESPONSE"), "{ops:?}");
        count += 1;
    }
    assert!(count >= 3, "{count} records were proxied");
}

/// Requests are little endian, answers big endian; both are read as messages of clients are.
#[test]
fn proxied_messages_are_read() {
    let mut findings = Findings::default();
    for (name, counts) in counted_captures() {
        if counts["proxy_orders"].is_null() {
            continue;
        }
        let fields = [
            "aerospike.fabric.op.name",
            "aerospike.msg.header_size",
            "aerospike.namespace",
            "aerospike.msg.transaction_ttl",
        ];
        let rows = columns(&name, &[], "aerospike.fabric.type == 4", &fields);
        assert!(!rows.is_empty());
        for row in rows {
            let op = row[0].first().map_or("", String::as_str);
            let header = row[1].first().map_or("", String::as_str);
            findings.check(op == "RETURN_TO_SENDER" || header == "22", || {
                format!("{name}: {op} {header}")
            });
            if op == "REQUEST" {
                let timeout = row[3].first().and_then(|text| text.parse::<u32>().ok());
                let sane = timeout.is_some_and(|timeout| timeout <= 60_000);
                findings.check(sane && row[2] == ["test"], || format!("{name}: {row:?}"));
            }
        }
    }
    findings.report();
}

#[test]
fn system_metadata_have_the_names_that_were_created() {
    let name = "cluster-smd-slim";
    let of = |op: &str, field: &str| -> BTreeSet<String> {
        let filter = format!("aerospike.fabric.op.name == \"{op}\" && {field}");
        let rows = columns(name, &[], &filter, &[field]);
        rows.into_iter().flatten().flatten().collect()
    };
    for op in ["SET_TO_PR", "SET_FROM_PR"] {
        let values = of(op, "aerospike.fabric.smd.value");
        for index in ["smd_idx_i", "smd_idx_name"] {
            assert!(values.contains(index), "{op}: no {index} in {values:?}");
        }
        let keys = of(op, "aerospike.fabric.smd.key");
        for key in ["test|smdset|i|.|I", "lab.lua", "test|smdset"] {
            assert!(keys.contains(key), "{op}: no {key} in {keys:?}");
        }
    }
}

/// The cluster does not form: heartbeats say that nobody else is in it, and fabric is refused.
#[test]
fn a_cluster_that_does_not_form() {
    let name = "scenarios/cluster-fabric-refused";
    let sizes = columns(
        name,
        &[],
        "aerospike.heartbeat && aerospike.node == 0xa2 && aerospike.heartbeat.adjacent == 1",
        &["aerospike.cluster_key", "aerospike.cluster_size"],
    );
    let alone = sizes.iter().filter(|row| row[1] == ["0"]).count();
    assert!(
        alone > 20,
        "{alone} pulses of a node that hears another and has no cluster"
    );
    let refused = columns(
        name,
        &[],
        "tcp.srcport == 3001 && tcp.flags.reset == 1",
        &["tcp.srcport"],
    );
    assert!(refused.len() >= 80, "{} connections refused", refused.len());
}

/// What was inflated has a data source of its own and is not opened again.
#[test]
fn compressed_heartbeats_are_inflated() {
    let name = "scenarios/heartbeat-compressed-mesh";
    let fields = [
        "aerospike.heartbeat.compressed",
        "aerospike.heartbeat.type",
        "aerospike.heartbeat.cluster_name",
    ];
    let rows = columns(name, &[], "aerospike.heartbeat", &fields);
    let wrappers: usize = rows.iter().map(|row| row[0].len()).sum();
    let pulses = rows
        .iter()
        .filter(|row| row[1] == ["0"] && row[2] == ["lab"])
        .count();
    assert_eq!((wrappers, pulses), (266, 264));
}
