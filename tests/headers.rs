//! The C side against headers that differ from this machine's: what it reads of Wireshark's own structures is checked when
//! it is built (`src/epan/guard/inside.h`), and the structure of credentials is the headers' where they have one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Flags of pkg-config for a library.
fn flags(library: &str) -> Vec<String> {
    let ran = Command::new("pkg-config")
        .args(["--cflags", library])
        .output()
        .expect("pkg-config runs");
    assert!(ran.status.success(), "pkg-config does not know {library}");
    String::from_utf8(ran.stdout)
        .expect("flags are text")
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

/// The folder of Wireshark's headers.
fn headers() -> PathBuf {
    if let Some(folder) = env::var_os("AEROSPIKE_WIRESHARK_INCLUDE") {
        return folder.into();
    }
    flags("wireshark")
        .iter()
        .filter_map(|flag| flag.strip_prefix("-I"))
        .map(PathBuf::from)
        .find(|folder| folder.join("ws_version.h").exists())
        .expect("ws_version.h among the folders of pkg-config")
}

/// A folder of headers that come before the machine's own.
struct Changed(PathBuf);

impl Changed {
    fn new(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join("headers")
            .join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for headers");
        Self(folder)
    }

    fn write(&self, header: &str, text: &str) {
        let path = self.0.join(header);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for a header");
        fs::write(path, text).expect("a header can be written");
    }

    /// A header of the machine with one declaration instead of another.
    fn replace(&self, header: &str, was: &[&str], is: &str) {
        let text = fs::read_to_string(headers().join(header)).expect("the header can be read");
        let was = was
            .iter()
            .find(|was| text.contains(**was))
            .unwrap_or_else(|| panic!("{header} has none of {was:?}"));
        self.write(header, &text.replacen(was, is, 1));
    }

    /// What the compiler says of a file of `src/epan`; nothing if it takes it.
    fn compile(&self, file: &str) -> String {
        let compiler = env::var("CC").unwrap_or_else(|_| "cc".to_owned());
        let ran = Command::new(compiler)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
            .args(["-fsyntax-only", "-Wall", "-Wextra", "-Werror"])
            .arg(format!("-I{}", self.0.display()))
            .arg(format!("-I{}", headers().display()))
            // Headers name those beside them.
            .arg("-iquote")
            .arg(headers().join("epan"))
            .args(flags("glib-2.0"))
            .arg(format!("src/epan/{file}"))
            .output()
            .expect("the C compiler runs");
        let words = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(ran.status.success(), words.is_empty(), "{words}");
        words
    }
}

const FILES: [&str; 8] = [
    "guard/guard.c",
    "guard/plain.c",
    "packet/segment.c",
    "plugin/preferences.c",
    "plugin/register.c",
    "reports/taps.c",
    "taps/tcptap.c",
    "taps/windows.c",
];

#[test]
fn the_headers_of_this_machine_are_as_they_are_read() {
    let changed = Changed::new("none");
    for file in FILES {
        assert_eq!(changed.compile(file), "", "{file}");
    }
}

#[test]
fn a_member_of_another_type_stops_the_build_by_name() {
    let changed = Changed::new("tcp");
    let header = "epan/dissectors/packet-tcp.h";
    changed.replace(
        header,
        &["guint32 base_seq;", "uint32_t base_seq;"],
        "uint64_t base_seq;",
    );
    let words = changed.compile("packet/segment.c");
    assert!(
        words.contains("tcp_flow_t has no uint32_t base_seq: see src/epan/guard/inside.h"),
        "{words}"
    );
}

#[test]
fn a_member_that_is_gone_stops_the_build_by_name() {
    let changed = Changed::new("tree");
    changed.replace("epan/stats_tree_priv.h", &["*parents;"], "*elders;");
    let words = changed.compile("reports/taps.c");
    assert!(
        words.contains("'parents'") || words.contains("‘parents’"),
        "{words}"
    );
}

/// As `epan/credentials.h` of Wireshark 4.7 has it, with the type of its first member to choose.
fn credentials(number: &str) -> String {
    format!(
        "#pragma once\ntypedef struct tap_credential {{\n    {number} num;\n    unsigned username_num;\n    unsigned \
         password_hf_id;\n    char *username;\n    const char *proto;\n    char *info;\n}} tap_credential_t;\n"
    )
}

#[test]
fn credentials_are_as_the_headers_say() {
    let changed = Changed::new("credentials");
    changed.write("epan/credentials.h", &credentials("unsigned"));
    assert_eq!(changed.compile("guard/plain.c"), "");
    changed.write("epan/credentials.h", &credentials("unsigned long"));
    let words = changed.compile("guard/plain.c");
    assert!(words.contains("tap_credential_t has no unsigned num"), "{words}");
}
