//! Where captures and their operations lists are, and what is in them.
//!
//! All that the tests read belongs to the project (`captures/`); a test that asks for something that is not there
//! fails. `AEROSPIKE_CAPTURES` names a folder with more of them, laid out the same. The captures of the old Lua plugin
//! are not the project's to give away: they are looked for in `../shared/captures` too, and only
//! `tests/beside` reads them, which lists its tests as ignored where they are not.
//!
//! A capture is `NAME.pcapng` or `NAME.pcap`, a list `NAME.ops.txt`, each as it is or compressed (`.gz`).

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a capture's file may be called, after its name.
const CAPTURE: [&str; 4] = ["pcapng", "pcapng.gz", "pcap", "pcap.gz"];
/// The folder of the set beside the project that is not part of the project.
pub const LUA_PLUGIN: &str = "lua-plugin";

/// The project's own folder.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folders that a file or folder of the set may be in, the project's first.
fn places(name: &str) -> Vec<PathBuf> {
    let mut places = vec![project().join("captures")];
    places.extend(env::var_os("AEROSPIKE_CAPTURES").map(PathBuf::from));
    if name.split('/').next() == Some(LUA_PLUGIN) {
        places.push(project().join("../shared/captures"));
    }
    places
}

/// A file of the set by its whole name (`summary.jsonl`, `scenarios/hot-batch.counts.json`).
pub fn file(name: &str) -> Option<PathBuf> {
    let mut paths = places(name).into_iter().map(|folder| folder.join(name));
    paths.find(|path| path.is_file())
}

/// The file of a capture (`kv-basic`, `hostile/icmp-0`), compressed or not.
pub fn capture_file(name: &str) -> Option<PathBuf> {
    CAPTURE
        .iter()
        .find_map(|ending| file(&format!("{name}.{ending}")))
}

/// A file's bytes, inflated if they were compressed.
pub fn bytes(path: &Path) -> Vec<u8> {
    if path.extension().is_none_or(|ending| ending != "gz") {
        return fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
    let inflated = Command::new("gzip").arg("-dc").arg(path).output();
    let inflated = inflated.unwrap_or_else(|e| panic!("gzip: {e}"));
    let said = String::from_utf8_lossy(&inflated.stderr);
    assert!(inflated.status.success(), "{}: {said}", path.display());
    inflated.stdout
}

/// The bytes of a capture, with what its kind is called: `pcapng` or `pcap`.
pub fn capture_bytes(name: &str) -> (Vec<u8>, &'static str) {
    let path = capture_file(name).unwrap_or_else(|| panic!("no capture {name}"));
    let shown = path.to_string_lossy();
    let kind = if shown.trim_end_matches(".gz").ends_with("pcap") {
        "pcap"
    } else {
        "pcapng"
    };
    (bytes(&path), kind)
}

/// The text of a capture's operations list, if it has one.
pub fn ops_text(name: &str) -> Option<String> {
    let plain = format!("{name}.ops.txt");
    let path = file(&plain).or_else(|| file(&format!("{plain}.gz")))?;
    let text = String::from_utf8(bytes(&path));
    Some(text.unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

/// The names of all captures in a folder of the set (`""`, `scenarios`, `hostile`), sorted.
pub fn all(folder: &str) -> Vec<String> {
    let folders = places(folder).into_iter().map(|place| place.join(folder));
    let entries = folders.flat_map(|path| fs::read_dir(path).into_iter().flatten().flatten());
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let file = entry.file_name().into_string().ok()?;
            let without = |ending| file.strip_suffix(ending)?.strip_suffix('.');
            let stem = CAPTURE.into_iter().find_map(without)?;
            Some(match folder {
                "" => stem.to_string(),
                folder => format!("{folder}/{stem}"),
            })
        })
        .collect();
    names.sort();
    names.dedup();
    names
}
