//! Under valgrind: no error, and no lost memory, in whose stack the plugin stands.

use std::fs;

use crate::Report;
use crate::common::Findings;
use crate::common::host::host;

/// Wireshark's pools as plain memory, so that valgrind sees each piece.
const PLAIN: [(&str, &str); 2] = [
    ("G_SLICE", "always-malloc"),
    ("WIRESHARK_DEBUG_WMEM_OVERRIDE", "simple"),
];

/// The errors that valgrind writes in XML, in whose stack a frame of the plugin is: tshark has its own.
fn errors_of_ours(xml: &str) -> Vec<String> {
    let mut found = Vec::new();
    for error in xml.split("<error>").skip(1) {
        let error = error.split("</error>").next().unwrap_or_default();
        if !error.contains("aerospike.so</obj>") {
            continue;
        }
        let functions = error.split("<fn>").skip(1);
        let names: Vec<&str> = functions.filter_map(|rest| rest.split("</fn>").next()).collect();
        // tshark closes no statistic: the tables are its own.
        if names.contains(&"stat_tap_add_table") {
            continue;
        }
        // Fields, preferences and the like are registered once and live as long as the program.
        let registers =
            |name: &&str| name.starts_with("as_register_") || name.ends_with("::register_protocols");
        if names.iter().any(registers) && error.contains("<kind>Leak_") {
            continue;
        }
        let kind = error
            .split("<kind>")
            .nth(1)
            .and_then(|rest| rest.split("</kind>").next());
        found.push(format!("{}: {}", kind.unwrap_or_default(), names.join(" < ")));
    }
    found
}

fn run(fault: &str, capture: &str, options: &[&str]) -> Vec<String> {
    let log = host().writable(&format!("valgrind-{}-{capture}.xml", fault.replace('@', "-")));
    let log_option = format!("--xml-file={}", log.display());
    let path = host().capture(capture);
    let mut args = vec![
        "--quiet",
        "--xml=yes",
        &log_option,
        "--leak-check=full",
        "--show-leak-kinds=definite",
        "--num-callers=40",
        "--keep-debuginfo=yes",
        "tshark",
        "-n",
        "-r",
        path.to_str().expect("a path in UTF-8"),
    ];
    args.extend(options);
    let variables = [&PLAIN[..], &[("AEROSPIKE_FAULT", fault)]].concat();
    let ran = host().run_with(&variables, "valgrind", &args, "");
    let mut findings = Vec::new();
    if !ran.success {
        findings.push(format!("{}\n{}", ran.how, ran.stderr));
    }
    match Report::of(&ran) {
        Some(report) if report.get("alive") == 0 => {}
        _ => findings.push(format!("values stay alive, or no report: {}", ran.stderr)),
    }
    let xml = fs::read_to_string(&log).unwrap_or_default();
    if !xml.contains("</valgrindoutput>") {
        findings.push(format!("{}: valgrind did not end", log.display()));
    }
    findings.extend(errors_of_ours(&xml));
    findings
}

#[test]
#[ignore = "needs valgrind, and minutes: make soundness"]
fn no_error_of_ours_under_valgrind() {
    let mut findings = Findings::default();
    let taps = &[
        "-q",
        "-z",
        "aerospike,hotkeys",
        "-z",
        "aerospike,diagnosis",
        "-z",
        "aerospike,tree",
    ][..];
    for (fault, capture, options) in [
        ("", "kv-all-types", &["-2", "-V"][..]),
        ("", "snaplen128-kv-all-types", &["-V"]),
        ("", "malformed-proto", &["-V"]),
        ("", "compressed-both-ways", taps),
        ("panic-message@5", "kv-basic", &["-V"]),
        ("panic-length@5", "kv-basic", &["-V"]),
        ("panic-item@100", "kv-basic", &["-V"]),
        ("panic-tap@3", "kv-basic", taps),
        ("bad-field@100", "kv-basic", &["-V"]),
        ("beyond@1", "kv-basic", &["-V"]),
        ("depth@5", "kv-basic", &["-V"]),
        ("subdissector@5", "kv-basic", &["-V"]),
    ] {
        findings.within(&format!("{fault} {capture} {options:?}"), |inner| {
            inner.extend(run(fault, capture, options));
        });
    }
    findings.report();
}

/// What is looked for is found where it is.
#[test]
#[ignore = "needs valgrind: make soundness"]
fn an_injected_read_beyond_the_end_is_seen() {
    let found = run("overread@5", "kv-basic", &["-V"]);
    assert!(
        found.len() == 1 && found[0].starts_with("InvalidRead: as_fault_overread"),
        "{found:?}"
    );
}
