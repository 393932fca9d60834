//! The tshark of this machine: where it is, what it can do, and how it is asked.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Error, Result};

/// The plugin's reports that a page is made of, without `aerospike,`.
pub const REPORTS: &[&str] = &[
    "diagnosis",
    "timeline",
    "latency",
    "hotkeys",
    "connections",
    "records",
    "cluster",
];
/// Without these there is nothing to tell.
const NEEDED: &[&str] = &["diagnosis", "timeline", "latency", "hotkeys"];

/// A tshark that has the plugin.
#[derive(Clone, Debug)]
pub struct Tshark {
    /// The program.
    pub program: PathBuf,
    /// Such as `4.0.17`.
    pub version: String,
    /// Those of [`REPORTS`] that the plugin has.
    pub reports: Vec<&'static str>,
    /// Tells how many packets a capture has; it comes with tshark.
    capinfos: Option<PathBuf>,
}

/// What the user gives to tshark.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Preferences (`-o`).
    pub preferences: Vec<String>,
    /// What is on which port (`-d`).
    pub decode_as: Vec<String>,
    /// TLS secrets.
    pub keys: Option<PathBuf>,
}

/// What a capture holds, before it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// How many.
    pub packets: Option<u64>,
    /// When the first and the last were captured, in nanoseconds since 1970.
    pub times: Option<(i64, i64)>,
}

impl Tshark {
    /// The tshark that is named, or that of the environment's `TSHARK`, or of `PATH`; with the plugin.
    ///
    /// # Errors
    /// It is not there, it is too old, it has no plugin or one that is too old.
    pub fn find(named: Option<&Path>) -> Result<Self> {
        let named = named
            .map(Path::to_path_buf)
            .or_else(|| std::env::var_os("TSHARK").map(PathBuf::from));
        let program = named.unwrap_or_else(|| "tshark".into());
        let version = version(&program)?;
        let mut found = Self {
            capinfos: beside(&program, "capinfos"),
            program,
            version,
            reports: Vec::new(),
        };
        found.reports = found.find_reports()?;
        Ok(found)
    }

    fn find_reports(&self) -> Result<Vec<&'static str>> {
        let (said, words) = run(Command::new(&self.program).args(["-z", "help"]))
            .map_err(|error| Error::of_file(&self.program, &error))?;
        let said = said + &words;
        let has = |report: &str| {
            said.lines()
                .any(|line| line.trim().strip_prefix("aerospike,") == Some(report))
        };
        if !said.contains("aerospike,") {
            return Err(self.no_plugin(&words));
        }
        let missing: Vec<&str> = NEEDED.iter().copied().filter(|report| !has(report)).collect();
        if !missing.is_empty() {
            return Err(Error::new(
                format!(
                    "The Aerospike plugin that {} loads is too old: it has no {}.",
                    self.program.display(),
                    missing.join(", ")
                ),
                "Install the one that came with this program: \"make install\" in the project's folder, or the package.",
            ));
        }
        Ok(REPORTS.iter().copied().filter(|report| has(report)).collect())
    }

    /// No plugin: why not is in tshark's words, or follows from who we are.
    fn no_plugin(&self, words: &str) -> Error {
        let why: Vec<&str> = words.lines().filter(|line| line.contains("aerospike")).collect();
        let mut advice = why.join("\n");
        if !advice.is_empty() {
            advice.push('\n');
        }
        advice += "Install it: \"make install\" in the project's folder, or the package for this version.\n\
                   As root, Wireshark reads the plugins installed for everyone alone; \"tshark -G folders\" names the folders.";
        Error::new(
            format!(
                "{} (Wireshark {}) does not load the Aerospike plugin.",
                self.program.display(),
                self.version
            ),
            advice,
        )
    }

    /// A command that reads a capture, with the user's settings and no names looked up.
    #[must_use]
    pub fn command(&self, settings: &Settings) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("-n").stdin(Stdio::null());
        for preference in &settings.preferences {
            command.arg("-o").arg(preference);
        }
        for rule in &settings.decode_as {
            command.arg("-d").arg(rule);
        }
        if let Some(keys) = &settings.keys {
            let mut preference = std::ffi::OsString::from("tls.keylog_file:");
            preference.push(keys);
            command.arg("-o").arg(preference);
        }
        command
    }

    /// The names of all values of all fields.
    #[must_use]
    pub fn values(&self) -> String {
        run(Command::new(&self.program).args(["-G", "values"]))
            .map(|(said, _)| said)
            .unwrap_or_default()
    }

    /// How much there is in a capture, as far as can be known.
    #[must_use]
    pub fn extent(&self, capture: &Path) -> Extent {
        let Some(capinfos) = &self.capinfos else {
            return self.extent_by_reading(capture);
        };
        // Damaged files are told by tshark.
        let Ok((said, _)) = run(Command::new(capinfos)
            .args(["-TmQ", "-S", "-r", "-a", "-e", "-c"])
            .arg(capture))
        else {
            return Extent::default();
        };
        let extent = parse_extent(&said);
        match extent.times {
            None if extent.packets != Some(0) => self.extent_by_reading(capture),
            _ => extent,
        }
    }

    /// The first packet's time alone.
    fn extent_by_reading(&self, capture: &Path) -> Extent {
        let mut command = self.command(&Settings::default());
        command
            .args(["-c", "1", "-T", "fields", "-e", "frame.time_epoch", "-r"])
            .arg(capture);
        let first = run(&mut command)
            .ok()
            .and_then(|(said, _)| nanoseconds(said.trim()));
        Extent {
            packets: None,
            times: first.map(|first| (first, first)),
        }
    }
}

/// A line `"file","packets","first","last"`.
fn parse_extent(line: &str) -> Extent {
    let mut cells = line.trim().rsplit(',').map(|cell| cell.trim_matches('"'));
    let last = cells.next().and_then(nanoseconds);
    let first = cells.next().and_then(nanoseconds);
    Extent {
        packets: cells.next().and_then(|cell| cell.parse().ok()),
        times: first.zip(last),
    }
}

/// Seconds with decimals, exactly.
#[must_use]
pub fn nanoseconds(seconds: &str) -> Option<i64> {
    let (sign, digits) = match seconds.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, seconds),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(decimals) {
        return None;
    }
    let decimals: i64 = format!("{decimals:0<9}").get(..9)?.parse().ok()?;
    let whole: i64 = whole.parse().ok()?;
    Some(sign * whole.checked_mul(1_000_000_000)?.checked_add(decimals)?)
}

fn version(program: &Path) -> Result<String> {
    let missing = |error: std::io::Error| {
        Error::new(
            format!("{}: {error}", program.display()),
            "This program reads captures by tshark, which comes with Wireshark: install it (on Debian: apt-get install tshark), \
             or name it with --tshark or in the environment's TSHARK.",
        )
    };
    let (said, words) = run(Command::new(program).arg("--version")).map_err(missing)?;
    let version = parse_version(&said).ok_or_else(|| {
        Error::new(
            format!("{} does not say its version.", program.display()),
            words.trim(),
        )
    })?;
    let mut numbers = version
        .split('.')
        .map(|number| number.parse::<u32>().unwrap_or(0));
    if numbers.next().unwrap_or(0) < 4 {
        return Err(Error::new(
            format!(
                "{} is of Wireshark {version}, which is too old.",
                program.display()
            ),
            "Wireshark 4.0 or later is needed.",
        ));
    }
    Ok(version)
}

/// Of a line such as `TShark (Wireshark) 4.0.17 (Git v4.0.17 …).`.
fn parse_version(said: &str) -> Option<String> {
    let is_version =
        |word: &&str| word.starts_with(|letter: char| letter.is_ascii_digit()) && word.contains('.');
    let version = said.lines().next()?.split(' ').find(is_version)?;
    Some(version.trim_end_matches('.').to_owned())
}

/// Another program of Wireshark: in the folder of this one, or in `PATH`.
fn beside(program: &Path, name: &str) -> Option<PathBuf> {
    let folder = program.parent().filter(|folder| !folder.as_os_str().is_empty());
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let folders = folder
        .map(Path::to_path_buf)
        .into_iter()
        .chain(std::env::split_paths(&paths));
    folders
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// What a command wrote, and its words.
fn run(command: &mut Command) -> std::io::Result<(String, String)> {
    let output = command.stdin(Stdio::null()).env("LC_ALL", "C.UTF-8").output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((text(&output.stdout), text(&output.stderr)))
}

/// tshark's words that mean something to the user, without its name before them.
#[must_use]
pub fn meaning(words: &str) -> Vec<String> {
    let is_noise =
        |line: &&str| line.is_empty() || line.starts_with("Running as user") || line.contains("** (");
    let name = |line: &str| line.strip_prefix("tshark: ").unwrap_or(line).to_owned();
    words
        .lines()
        .map(str::trim)
        .filter(|line| !is_noise(line))
        .map(name)
        .collect()
}

/// The shell's form of a command, for what the page says of how it was made.
#[must_use]
pub fn shown(arguments: &[&OsStr]) -> String {
    let quote = |argument: &&OsStr| {
        let text = argument.to_string_lossy();
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:,=+".contains(letter);
        if text.chars().all(is_plain) {
            text.into_owned()
        } else {
            format!("'{}'", text.replace('\'', "'\\''"))
        }
    };
    arguments.iter().map(quote).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_exact() {
        assert_eq!(nanoseconds("1795375121.450922"), Some(1_795_375_121_450_922_000));
        assert_eq!(nanoseconds("0.000014000"), Some(14_000));
        assert_eq!(nanoseconds("-1.5"), Some(-1_500_000_000));
        for text in ["", "n/a", "1.x", ".", "1.-2"] {
            assert_eq!(nanoseconds(text), None, "{text}");
        }
    }

    #[test]
    fn versions_are_read_as_tshark_says_them() {
        let said = "TShark (Wireshark) 4.0.17 (Git v4.0.17 packaged as 4.0.17-0+deb12u1).\n\nCopyright";
        assert_eq!(parse_version(said).as_deref(), Some("4.0.17"));
        assert_eq!(
            parse_version("TShark (Wireshark) 4.4.2.\n").as_deref(),
            Some("4.4.2")
        );
        assert_eq!(parse_version("something else"), None);
    }

    #[test]
    fn an_extent_is_read_from_the_end_of_its_line() {
        let extent = parse_extent("\"a, b.pcap\",\"3\",\"1.5\",\"2.000000001\"\n");
        assert_eq!(extent.packets, Some(3));
        assert_eq!(extent.times, Some((1_500_000_000, 2_000_000_001)));
        let empty = parse_extent("\"a\",\"0\",\"n/a\",\"n/a\"\n");
        assert_eq!((empty.packets, empty.times), (Some(0), None));
        assert_eq!(parse_extent(""), Extent::default());
    }

    #[test]
    fn words_without_meaning_are_left_out() {
        let words = "Running as user \"root\" and group \"root\". This could be dangerous.\ntshark: The file is cut.\n\n";
        assert_eq!(meaning(words), ["The file is cut."]);
    }
}
