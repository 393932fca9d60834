//! Of the old plugin's captures no byte is left without a field, and nothing is unknown.

use crate::common::Findings;
use crate::common::captures::{LUA_PLUGIN, all};
use crate::common::whole;

fn each(check: impl Fn(&mut Findings, &str)) {
    let mut findings = Findings::default();
    let names = all(LUA_PLUGIN);
    assert!(names.len() > 10, "only {} captures", names.len());
    for name in names {
        check(&mut findings, &name);
    }
    findings.report();
}

#[test]
#[ignore = "of captures beside the project"]
fn every_byte_has_a_field() {
    each(whole::every_byte_has_a_field);
}

#[test]
#[ignore = "of captures beside the project"]
fn nothing_is_unknown_or_malformed() {
    each(whole::nothing_is_unknown_or_malformed);
}
