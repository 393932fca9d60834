//! Calls on single records, from the operations lists: what was asked and what came back stands
//! in the right frame under the right field.

use crate::common::record::check_records;
use crate::common::{Findings, capture, capture_with};

fn check(names: &[&str]) {
    let mut findings = Findings::default();
    for name in names.iter().copied() {
        findings.within(name, |findings| check_records(findings, &capture(name)));
    }
    findings.report();
}

#[test]
fn of_keys_and_values() {
    check(&["kv-basic", "kv-all-types", "kv-any-sll2", "loopback-lo-any"]);
}

#[test]
fn with_policies_and_errors() {
    check(&["kv-policies-errors"]);
}

#[test]
fn with_keys_of_every_type() {
    check(&["keys-send-key-types"]);
}

#[test]
fn with_several_operations() {
    check(&["operate-basic"]);
}

#[test]
fn with_large_values() {
    check(&["large-100k"]);
}

#[test]
fn on_another_port_by_decode_as() {
    let name = "nonstandard-port-4333";
    let mut findings = Findings::default();
    check_records(
        &mut findings,
        &capture_with(name, &["-d", "tcp.port==4333,aerospike"]),
    );
    findings.report();
}
