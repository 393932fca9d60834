//! Names that users type: they stay.

use crate::common::fields::registered_fields;
use crate::common::{Findings, capture};

/// Fields of the first floor, with their types.
const FIELDS: [(&str, &str); 53] = [
    ("aerospike.version", "FT_UINT8"),
    ("aerospike.type", "FT_UINT8"),
    ("aerospike.size", "FT_UINT48"),
    ("aerospike.request", "FT_BOOLEAN"),
    ("aerospike.response", "FT_BOOLEAN"),
    ("aerospike.original_size", "FT_UINT64"),
    ("aerospike.info.name", "FT_STRING"),
    ("aerospike.info.value", "FT_STRING"),
    ("aerospike.info.error", "FT_STRING"),
    ("aerospike.info.error_code", "FT_UINT32"),
    ("aerospike.msg.header_size", "FT_UINT8"),
    ("aerospike.msg.info1", "FT_UINT8"),
    ("aerospike.msg.info2", "FT_UINT8"),
    ("aerospike.msg.info3", "FT_UINT8"),
    ("aerospike.msg.info4", "FT_UINT8"),
    ("aerospike.msg.result_code", "FT_UINT8"),
    ("aerospike.msg.generation", "FT_UINT32"),
    ("aerospike.msg.record_ttl", ""),
    ("aerospike.msg.transaction_ttl", ""),
    ("aerospike.msg.void_time", "FT_ABSOLUTE_TIME"),
    ("aerospike.msg.n_fields", "FT_UINT16"),
    ("aerospike.msg.n_ops", "FT_UINT16"),
    ("aerospike.field.size", "FT_UINT32"),
    ("aerospike.field.type", "FT_UINT8"),
    ("aerospike.namespace", "FT_STRING"),
    ("aerospike.set", "FT_STRING"),
    ("aerospike.key", "FT_STRING"),
    ("aerospike.key.type", "FT_UINT8"),
    ("aerospike.digest", "FT_BYTES"),
    ("aerospike.partition", "FT_UINT16"),
    ("aerospike.trid", "FT_UINT64"),
    ("aerospike.op.size", "FT_UINT32"),
    ("aerospike.op.type", "FT_UINT8"),
    ("aerospike.op.particle_type", "FT_UINT8"),
    ("aerospike.bin.name", "FT_STRING"),
    ("aerospike.value.integer", "FT_INT64"),
    ("aerospike.value.float", "FT_DOUBLE"),
    ("aerospike.value.string", "FT_STRING"),
    ("aerospike.value.bytes", "FT_BYTES"),
    ("aerospike.value.bool", "FT_BOOLEAN"),
    ("aerospike.value.geojson", "FT_STRING"),
    ("aerospike.batch.count", "FT_UINT32"),
    ("aerospike.batch.flags", "FT_UINT8"),
    ("aerospike.batch.index", "FT_UINT32"),
    ("aerospike.batch.repeat", "FT_BOOLEAN"),
    ("aerospike.node", "FT_UINT64"),
    ("aerospike.heartbeat.type", ""),
    ("aerospike.heartbeat.cluster_name", "FT_STRING"),
    ("aerospike.expert.unsupported_version", ""),
    ("aerospike.expert.unsupported_type", ""),
    ("aerospike.expert.invalid_size", ""),
    ("aerospike.expert.continuation", ""),
    ("aerospike.expert.malformed", ""),
];

/// The bits of a message's header, by the server's names.
const BITS: [(&str, &[&str]); 4] = [
    (
        "info1",
        &[
            "read",
            "get_all",
            "short_query",
            "batch",
            "xdr",
            "get_no_bins",
            "consistency_level_all",
            "compress_response",
        ],
    ),
    (
        "info2",
        &[
            "write",
            "delete",
            "generation",
            "generation_gt",
            "durable_delete",
            "create_only",
            "relax_ap_long_query",
            "respond_all_ops",
        ],
    ),
    (
        "info3",
        &[
            "last",
            "commit_level_master",
            "partition_done",
            "update_only",
            "create_or_replace",
            "replace_only",
            "sc_read_type",
            "sc_read_relax",
        ],
    ),
    (
        "info4",
        &[
            "mrt_verify_read",
            "mrt_roll_forward",
            "mrt_roll_back",
            "mrt_on_locking_only",
        ],
    ),
];

#[test]
fn fields_have_their_names_and_types() {
    let (fields, _) = registered_fields();
    let mut findings = Findings::default();
    for (name, kind) in FIELDS {
        match fields.get(name) {
            Some(field) if kind.is_empty() || field.kind == kind => {}
            Some(field) => findings.add(format!("{name} is {}, not {kind}", field.kind)),
            None => findings.add(format!("{name} is missing")),
        }
    }
    findings.report();
}

#[test]
fn bits_of_the_header_have_the_names_of_the_server() {
    let (fields, _) = registered_fields();
    let mut findings = Findings::default();
    for (byte, bits) in BITS {
        for bit in bits {
            let name = format!("aerospike.msg.{byte}.{bit}");
            let kind = fields.get(&name).map(|field| field.kind.as_str());
            findings.check(kind == Some("FT_BOOLEAN"), || format!("{name} is {kind:?}"));
        }
    }
    findings.report();
}

/// A field without a value makes a filter on the bytes of the frame: no line that people click is one. Left are expert
/// items, which Wireshark makes, what is out of sight, and what covers no bytes.
#[test]
fn every_line_has_a_value_for_a_filter() {
    let without: Vec<&str> = registered_fields()
        .0
        .iter()
        .filter(|(name, field)| field.kind == "FT_NONE" && !name.starts_with("aerospike.expert."))
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(without, ["aerospike.info.separator", "aerospike.request_missing"]);
    for name in ["info-basic", "midstream-kv"] {
        for frame in &capture(name).frames {
            for item in frame.walk().filter(|item| without.contains(&item.name.as_str())) {
                assert!(item.hidden || item.size == 0, "{name}: {}", item.name);
            }
        }
    }
}

#[test]
fn names_follow_the_rules() {
    let mut findings = Findings::default();
    for (name, field) in &registered_fields().0 {
        let plain = name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c));
        findings.check(plain, || format!("{name}: not in lower case"));
        findings.check(!field.title.is_empty(), || format!("{name}: no title"));
        let expert =
            name.starts_with("aerospike.expert.") || field.kind.is_empty() || field.kind == "FT_NONE";
        findings.check(expert || !field.blurb.is_empty(), || format!("{name}: no blurb"));
    }
    findings.report();
}
