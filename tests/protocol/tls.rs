//! TLS with its secrets in the capture: the traffic inside is that of any other port.

use crate::common::batch::check_batches;
use crate::common::fields::columns;
use crate::common::record::check_records;
use crate::common::{capture, captures, Findings};

const CAPTURE: &str = "scenarios/tls-service-13";

#[test]
fn shows_the_calls_inside() {
    let mut findings = Findings::deep();
    for name in captures::present(&[CAPTURE]) {
        let capture = capture(name);
        findings.within(name, |findings| {
            check_records(findings, &capture);
            check_batches(findings, &capture);
        });
    }
    findings.report();
}

#[test]
fn goes_by_its_port_preference() {
    for name in captures::present(&[CAPTURE]) {
        let count = |options: &[&str]| columns(name, options, "aerospike.msg", &["frame.number"]).len();
        assert!(count(&[]) > 30, "{} frames", count(&[]));
        assert_eq!(count(&["-o", "aerospike.tls.port:5333"]), 0);
    }
}
