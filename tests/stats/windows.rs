//! What Wireshark's own windows show of the protocol, by what tshark has of them.

use std::fs;

use crate::common::fields;
use crate::common::host::host;
use crate::report::HotKeys;

/// Records among the endpoints: their addresses are values for a filter.
#[test]
fn endpoints_are_records() {
    for capture in ["batch-all", "kv-basic"] {
        let text = host()
            .on(capture, &["-q", "-z", "endpoints,aerospike"])
            .expect_success()
            .text();
        let report = HotKeys::on(capture, "", &[]);
        assert!(!report.keys.is_empty());
        let mut rows = 0;
        for line in text
            .lines()
            .filter(|line| line.split(' ').next().is_some_and(|word| word.len() == 40))
        {
            let mut cells = line.split_whitespace();
            let digest = cells.next().expect("an address");
            let packets: u64 = cells.next().and_then(|cell| cell.parse().ok()).expect("packets");
            let key = report.keys.iter().filter(|key| key.digest == digest);
            let wanted: u64 = key.map(|key| key.requests + key.responses).sum();
            assert_eq!(packets, wanted, "{capture}: {line}");
            let found = fields::columns(
                capture,
                &[],
                &format!("aerospike.digest=={digest}"),
                &["frame.number"],
            );
            assert!(!found.is_empty(), "{capture}: {line}");
            rows += 1;
        }
        let mut digests: Vec<&str> = report.keys.iter().map(|key| key.digest.as_str()).collect();
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(rows, digests.len(), "{capture}: {text}");
    }
}

/// A stream as text: the lines of the Info column, each side's own, and the values.
#[test]
fn a_stream_is_followed_as_text() {
    let streams = fields::columns("kv-basic", &[], "aerospike.msg", &["tcp.stream"]);
    let stream = &streams[0][0][0];
    let statistic = format!("follow,aerospike,ascii,{stream}");
    let text = host()
        .on("kv-basic", &["-q", "-z", &statistic])
        .expect_success()
        .text();
    for line in [
        "Node 0: 10.77.0.101:",
        "Node 1: 10.77.0.11:3000",
        "\nRequest write test.demo e3db4872 bins a, b, c\n",
        "\n    a = 1\n",
        "\n    b = \"two\"\n",
        "\nResponse delete test.demo e3db4872 NOT_FOUND (",
    ] {
        assert!(text.contains(line), "no {line:?} in\n{text}");
    }
    let filter = format!("tcp.stream == {stream} && aerospike");
    let count =
        |name| fields::columns("kv-basic", &[], &format!("{filter} && {name}"), &["frame.number"]).len();
    assert_eq!(text.matches("\nRequest ").count(), count("aerospike.request"));
    assert_eq!(text.matches("\nResponse ").count(), count("aerospike.response"));
    // Another stream has nothing of it.
    let other = host()
        .on("kv-basic", &["-q", "-z", "follow,aerospike,ascii,9999"])
        .expect_success()
        .text();
    assert!(!other.contains("Request"), "{other}");
}

/// UDF modules that were put and fetched, as files.
#[test]
fn modules_are_exported() {
    let folder = host().scratch_folder("exported-modules");
    let argument = format!("aerospike,{}", folder.display());
    host()
        .on("udf-put-apply", &["-q", "--export-objects", &argument])
        .expect_success();
    let module = fs::read_to_string(folder.join("lab.lua")).expect("the module");
    assert!(
        module.contains("function echo(rec, arg) return arg end"),
        "{module}"
    );
    assert_eq!(
        fs::read(folder.join("bad.lua")).expect("the other module"),
        b"function oops( return 1\n"
    );
    // A capture without modules has no objects.
    let folder = host().scratch_folder("exported-nothing");
    let argument = format!("aerospike,{}", folder.display());
    host()
        .on("kv-basic", &["-q", "--export-objects", &argument])
        .expect_success();
    assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 0);
}
