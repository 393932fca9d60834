//! TLS with its secrets in the capture: the traffic inside is that of any other port.

use crate::common::batch::check_batches;
use crate::common::record::check_records;
use crate::common::{Findings, capture};

const CAPTURE: &str = "scenarios/tls-service-13";

#[test]
fn shows_the_calls_inside() {
    let mut findings = Findings::deep();
    let capture = capture(CAPTURE);
    findings.within(CAPTURE, |findings| {
        check_records(findings, &capture);
        check_batches(findings, &capture);
    });
    findings.report();
}
