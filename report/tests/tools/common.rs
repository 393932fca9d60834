//! What the tests share: the tools as they are built, run where tshark has the plugin.
//!
//! `tools/test-tools.sh` makes that place: `AEROSPIKE_RUN` is a command that runs another there, as a user for whom Wireshark
//! loads plugins, and `AEROSPIKE_PLACE` a folder with the captures in which that user may write.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn from_environment(name: &str) -> PathBuf {
    PathBuf::from(
        std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set: run tools/test-tools.sh")),
    )
}

/// A program in that place.
pub fn run(program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(from_environment("AEROSPIKE_RUN"))
        .arg(program)
        .args(arguments)
        .output();
    output.unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// The report's program.
pub fn report(arguments: &[&str]) -> Output {
    run(env!("CARGO_BIN_EXE_aerospike-report"), arguments)
}

/// The top's program.
pub fn top(arguments: &[&str]) -> Output {
    run(env!("CARGO_BIN_EXE_aerospike-top"), arguments)
}

/// What tshark writes, which has to succeed.
pub fn tshark(arguments: &[&str]) -> String {
    let output = run("tshark", &[&["-n"], arguments].concat());
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A capture, compressed or not.
pub fn capture(name: &str) -> String {
    let folder = from_environment("AEROSPIKE_PLACE").join("captures");
    let ends = ["pcapng", "pcapng.gz", "pcap", "pcap.gz"];
    let found = ends
        .iter()
        .map(|end| folder.join(format!("{name}.{end}")))
        .find(|path| path.exists());
    found
        .unwrap_or_else(|| panic!("no capture {name}"))
        .to_str()
        .unwrap()
        .to_owned()
}

/// A new folder in which the tools may write, of this name.
pub fn folder(name: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = from_environment("AEROSPIKE_PLACE").join(format!("test-{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

/// A page with its facts, which has to succeed.
pub fn page_of(name: &str, arguments: &[&str]) -> (String, Value) {
    let folder = folder(name);
    let (page, facts) = (folder.join("page.html"), folder.join("facts.json"));
    let files = [
        "--utc",
        "-o",
        page.to_str().unwrap(),
        "--json",
        facts.to_str().unwrap(),
    ];
    let output = report(&[arguments, &files].concat());
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    (read(&page), serde_json::from_str(&read(&facts)).unwrap())
}

pub fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The page's words, without marks.
pub fn words(page: &str) -> String {
    let body = &page[page.find("<body").unwrap()..];
    let mut out = String::new();
    let mut is_mark = false;
    for letter in body.chars() {
        match letter {
            '<' => is_mark = true,
            '>' => {
                is_mark = false;
                out.push(' ');
            }
            _ if !is_mark => out.push(letter),
            _ => {}
        }
    }
    let out = out
        .replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#x27;", "'");
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}
