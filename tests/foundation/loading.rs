//! The plugin as a file and as a guest: loaded once, silent, linked to nothing.

use crate::common::fields::registered_fields;
use crate::common::host::{build_id, host, readelf};

#[test]
fn loaded_from_its_own_folder_with_its_version() {
    let host = host();
    assert_eq!(host.plugin_version, env!("CARGO_PKG_VERSION"));
    assert!(build_id(&host.built).is_some(), "no build id");
}

#[test]
fn nothing_is_said_at_start() {
    let (fields, stderr) = registered_fields();
    assert!(!fields.is_empty());
    assert_eq!(stderr, "");
    for report in ["protocols", "values", "decodes", "defaultprefs"] {
        let ran = host().tshark(&["-G", report]).expect_success();
        assert_eq!(ran.stderr, "", "-G {report}");
    }
}

#[test]
fn nothing_is_said_about_a_capture() {
    for name in ["kv-basic", "batch-all", "info-basic", "heartbeat-mesh-steady"] {
        for args in [&["-q"][..], &["-V"], &["-2", "-T", "json"]] {
            let ran = host().on(name, args).expect_success();
            assert_eq!(ran.stderr, "", "{}", ran.how);
        }
    }
}

#[test]
fn protocols_can_be_switched_off_each() {
    let ran = host().tshark(&["-G", "protocols"]).expect_success();
    let text = ran.text();
    let names: Vec<&str> = text.lines().filter_map(|line| line.split('\t').nth(2)).collect();
    let ours = [
        "aerospike",
        "aerospike.info",
        "aerospike.admin",
        "aerospike.msg",
        "aerospike.batch",
        "aerospike.heartbeat",
    ];
    for name in ours {
        assert!(names.contains(&name), "{name} is no protocol");
    }
    for name in ["aerospike.msg", "aerospike.info", "aerospike"] {
        let ran = host()
            .on("kv-basic", &["--disable-protocol", name, "-Y", name])
            .expect_success();
        assert_eq!(ran.text(), "", "{name} is shown though switched off");
    }
    let ran = host().on(
        "kv-basic",
        &["--disable-protocol", "aerospike.msg", "-Y", "aerospike.type == 3"],
    );
    assert_ne!(ran.text(), "", "the proto header is gone with the message");
}

#[test]
fn links_nothing_but_libc_and_libgcc() {
    let text = readelf("-d", &host().built);
    let needed = text.lines().filter(|line| line.contains("(NEEDED)"));
    for line in needed {
        let library = line.split(['[', ']']).nth(1).unwrap_or_default();
        let allowed = ["libc.so", "libgcc_s.so", "ld-linux"]
            .iter()
            .any(|name| library.starts_with(name));
        assert!(allowed, "needs {library}");
    }
    assert!(text.contains("(NEEDED)"), "{text}");
}

#[test]
fn exports_what_wireshark_looks_up_and_nothing_else() {
    let text = readelf("--dyn-syms", &host().built);
    let defined = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut names: Vec<String> = defined
        .filter(|cells| cells.len() >= 8 && cells[6] != "UND" && cells[4] == "GLOBAL")
        .map(|cells| cells[7].to_string())
        .collect();
    names.sort();
    let expected = [
        "plugin_describe",
        "plugin_reg_handoff",
        "plugin_register",
        "plugin_version",
        "plugin_want_major",
        "plugin_want_minor",
    ];
    assert_eq!(names, expected);
}

/// Where in the file an exported number lies.
fn offset_of(symbol: &str) -> usize {
    let hexadecimal =
        |text: &str| usize::from_str_radix(text.trim_start_matches("0x"), 16).expect("a number");
    let path = &host().built;
    let symbols = readelf("--dyn-syms", path);
    let line = symbols.lines().find(|line| line.ends_with(symbol));
    let address = hexadecimal(
        line.and_then(|line| line.split_whitespace().nth(1))
            .expect("its address"),
    );
    let segments = readelf("-l", path);
    // LOAD, offset in the file, address, physical address, size in the file
    let loaded = segments
        .lines()
        .filter(|line| line.trim_start().starts_with("LOAD"));
    loaded
        .map(|line| {
            line.split_whitespace()
                .skip(1)
                .take(4)
                .map(hexadecimal)
                .collect::<Vec<_>>()
        })
        .find_map(|part| {
            (part[1]..part[1] + part[3])
                .contains(&address)
                .then(|| address - part[1] + part[0])
        })
        .expect("a part of the file that holds it")
}

/// tshark with a copy of the plugin that a test has changed, and nothing else.
fn start_with(name: &str, plugin: &[u8]) -> crate::common::host::Ran {
    let host = host();
    let copy = host.scratch(name, plugin);
    let script = "mkdir -p $TMPDIR/$0/$1/epan && cp \"$2\" $TMPDIR/$0/$1/epan/aerospike.so \
                  && WIRESHARK_PLUGIN_DIR=$TMPDIR/$0 exec tshark -G plugins";
    let copy = copy.to_str().expect("a path in UTF-8");
    host.run("sh", &["-c", script, name, &host.series, copy], "")
}

#[test]
fn another_minor_version_refuses_it_with_a_clear_line() {
    let mut plugin = std::fs::read(&host().built).expect("the plugin");
    let (_, minor) = host().series.split_once('.').expect("4.0");
    let minor: u32 = minor.parse().expect("a number");
    let at = offset_of("plugin_want_minor");
    let wanted = plugin.get_mut(at..at + 4).expect("four bytes");
    assert_eq!(wanted, minor.to_le_bytes());
    wanted.copy_from_slice(&(minor + 2).to_le_bytes());
    let ran = start_with("other-minor", &plugin).expect_success();
    assert!(!ran.text().contains("aerospike.so"), "it was loaded");
    let line = format!(
        "The plugin 'aerospike.so' was compiled for Wireshark version 4.{}",
        minor + 2
    );
    assert!(ran.stderr.contains(&line), "{}", ran.stderr);
    let same = start_with("same-minor", &std::fs::read(&host().built).expect("the plugin"));
    assert!(
        same.expect_success().text().contains("aerospike.so"),
        "the same way it is not loaded at all"
    );
}

/// Wireshark's own statistics see every layer, although no filter names one.
#[test]
fn the_protocol_hierarchy_has_our_layers() {
    let text = host()
        .on("batch-all", &["-q", "-z", "io,phs"])
        .expect_success()
        .text();
    for layer in ["aerospike", "aerospike.info", "aerospike.msg"] {
        let shown = text
            .lines()
            .any(|line| line.split_whitespace().next() == Some(layer));
        assert!(shown, "{layer} is missing\n{text}");
    }
}
