//! Batch calls, from the operations lists.

use crate::common::batch::check_batches;
use crate::common::{Findings, capture};

fn check(names: &[&str]) {
    let mut findings = Findings::default();
    for name in names.iter().copied() {
        findings.within(name, |findings| check_batches(findings, &capture(name)));
    }
    findings.report();
}

#[test]
fn of_every_kind() {
    check(&["batch-all"]);
}

#[test]
fn with_flags() {
    check(&["batch-flags", "kv-any-sll2", "loopback-lo-any"]);
}
