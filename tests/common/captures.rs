//! Where captures and their operations lists are.
//!
//! Small ones belong to the project (`captures/`). The larger set is beside the project
//! (`../shared/captures`, or wherever `AEROSPIKE_CAPTURES` says); a test that needs it says on
//! stderr when it is not there, and passes.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The project's own folder.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The set beside the project, if it is there.
pub fn shared() -> Option<PathBuf> {
    let folder = match env::var_os("AEROSPIKE_CAPTURES") {
        Some(folder) => PathBuf::from(folder),
        None => project().join("../shared/captures"),
    };
    folder.join("summary.jsonl").is_file().then_some(folder)
}

/// The path of a capture (`kv-basic`, `scenarios/sync-loss`), from either place.
pub fn pcapng(name: &str) -> Option<PathBuf> {
    file(&format!("{name}.pcapng"))
}

/// The text of a capture's operations list.
pub fn ops_text(name: &str) -> Option<String> {
    fs::read_to_string(file(&format!("{name}.ops.txt"))?).ok()
}

/// A file of the set, from either place.
pub fn file(name: &str) -> Option<PathBuf> {
    let places = [shared(), Some(project().join("captures"))];
    places
        .into_iter()
        .flatten()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// Those of the captures named that are there; says on stderr what is missing.
pub fn present<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let (here, missing): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| pcapng(name).is_some());
    if !missing.is_empty() {
        eprintln!("not tested, capture not here: {}", missing.join(", "));
    }
    here
}

/// The names of all captures in a folder of the set (`""`, `scenarios`, `lua-plugin`), sorted.
pub fn all(folder: &str) -> Vec<String> {
    let mut names = Vec::new();
    for place in [shared(), Some(project().join("captures"))].into_iter().flatten() {
        for entry in fs::read_dir(place.join(folder)).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|e| e == "pcapng") {
                let stem = path
                    .file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                names.push(if folder.is_empty() {
                    stem
                } else {
                    format!("{folder}/{stem}")
                });
            }
        }
    }
    names.sort();
    names.dedup();
    names
}
