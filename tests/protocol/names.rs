//! Names of the whole client protocol.

use crate::common::Findings;
use crate::common::fields::registered_fields;

const FIELDS: [(&str, &str); 14] = [
    ("aerospike.info.param.name", "FT_STRING"),
    ("aerospike.info.param.value", "FT_STRING"),
    ("aerospike.info.item.name", "FT_STRING"),
    ("aerospike.info.item.value", "FT_STRING"),
    ("aerospike.value", "FT_STRING"),
    ("aerospike.cdt.op", "FT_STRING"),
    ("aerospike.cdt.text", "FT_STRING"),
    ("aerospike.exp.text", "FT_STRING"),
    ("aerospike.admin.command", "FT_UINT8"),
    ("aerospike.admin.result_code", "FT_UINT8"),
    ("aerospike.admin.user", "FT_STRING"),
    ("aerospike.expert.result", ""),
    ("aerospike.expert.digest_mismatch", ""),
    ("aerospike.expert.not_expanded", ""),
];

#[test]
fn of_the_client_protocol() {
    let (fields, _) = registered_fields();
    let mut findings = Findings::default();
    for (name, kind) in FIELDS {
        let found = fields.get(name).map(|field| field.kind.as_str());
        findings.check(
            found.is_some() && (kind.is_empty() || found == Some(kind)),
            || format!("{name} is {found:?}"),
        );
    }
    findings.report();
}
