//! `aerospike-report`: a page for the ticket, from captures of Aerospike traffic.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use aerospike_tools::error::{ALL_WELL, Error, IN_PART, NOTHING, Result};
use aerospike_tools::hide::{Hidden, Hider};
use aerospike_tools::page::{
    self,
    about::{About, Named},
};
use aerospike_tools::pair::{self, aligned::Pair, told};
use aerospike_tools::progress::Bar;
use aerospike_tools::side::{Side, Wanted, gather};
use aerospike_tools::tshark::{Settings, Tshark};
use aerospike_tools::{compare, facts, moment, write};
use clap::Parser;
use serde_json::{Value, json};
use time::UtcOffset;

/// Makes one HTML page of captures of Aerospike traffic: what is wrong, what the captures can prove, response times by node and
/// operation over time, hot keys, connections, records, the cluster, and the software seen. It has no values in it, and needs
/// no network and no script. It is made by tshark with the Aerospike plugin.
#[derive(Debug, Parser)]
#[command(name = "aerospike-report", version, max_term_width = 100)]
struct Arguments {
    /// Captures that belong together, such as those of a ring buffer
    #[arg(required = true, value_name = "CAPTURE")]
    captures: Vec<PathBuf>,
    /// Where the page goes; - is the standard output [default: the first capture's name with .html]. NAME.NAME:VALUE is a
    /// preference for tshark instead, as its own -o takes it, such as aerospike.tcp.port:3100
    #[arg(short, long, value_name = "FILE|PREFERENCE")]
    output: Vec<String>,
    /// Compare with these: the page has both side by side, and what changed; of the same minute, what was lost between them
    #[arg(long, value_name = "CAPTURE", num_args = 1..)]
    against: Vec<PathBuf>,
    /// Write the facts for programs to FILE; - is the standard output. Without --output no page is written
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The page's heading
    #[arg(long)]
    title: Option<String>,
    /// A paragraph below it, such as the ticket's question
    #[arg(long, default_value = "")]
    note: String,
    /// Replace these by names that are the same throughout the page
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    hide: Vec<Hidden>,
    /// Count only packets that this display filter finds
    #[arg(short = 'Y', long, value_name = "FILTER")]
    filter: Option<String>,
    /// Count from here on: seconds since the first packet, or a time such as 12:30:05 or 2026-11-29T12:30:05Z
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Count up to here
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Show times in UTC, not in this machine's zone
    #[arg(long)]
    utc: bool,
    /// What is on which port, for tshark, such as tcp.port==3100,aerospike
    #[arg(short = 'd', value_name = "RULE")]
    decode_as: Vec<String>,
    /// TLS secrets (a key log file)
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Captures that are read at once [default: the number of processors]
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,
    /// The tshark to use [default: that of the environment's TSHARK, or of PATH]
    #[arg(long, value_name = "FILE")]
    tshark: Option<PathBuf>,
    /// Say nothing but errors
    #[arg(short, long)]
    quiet: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Before there are threads: the zone cannot be asked for later.
    let zone = if arguments.utc {
        UtcOffset::UTC
    } else {
        UtcOffset::current_local_offset().unwrap_or(UtcOffset::UTC)
    };
    match run(&arguments, zone) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("aerospike-report: {error}");
            ExitCode::from(NOTHING)
        }
    }
}

fn run(arguments: &Arguments, zone: UtcOffset) -> Result<u8> {
    let tshark = Tshark::find(arguments.tshark.as_deref())?;
    let folder = aerospike_tools::scratch::folder()?;
    let (output, json_output) = outputs(arguments);
    let mut hider = Hider::new(&arguments.hide);
    let groups: Vec<&[PathBuf]> = [&arguments.captures[..], &arguments.against[..]]
        .into_iter()
        .filter(|group| !group.is_empty())
        .collect();
    let mut sides = Vec::new();
    for (number, captures) in groups.iter().enumerate() {
        let folder = folder.path().join(format!("side-{number}"));
        std::fs::create_dir(&folder).map_err(|error| Error::of_file(&folder, &error))?;
        let wanted = wanted(arguments, &tshark, captures, zone)?;
        let bar = Bar::new(arguments.quiet);
        sides.push(gather(&tshark, captures, &wanted, &folder, &bar)?);
        bar.finish();
    }
    let mut shared = match &sides[..] {
        [one, other] if pair::overlaps(one, other) => pair::align(&tshark, &settings(arguments), one, other)?,
        _ => None,
    };
    sides.iter_mut().for_each(|side| hider.hide(side));
    if let Some(shared) = &mut shared {
        shared.hide(&mut hider);
    }
    let about = about(arguments, &tshark, zone, &sides);
    if let Some(path) = &output {
        write::whole(path, &page(&about, &sides, shared.as_ref())?)?;
    }
    if let Some(path) = &json_output {
        let text =
            serde_json::to_string_pretty(&all_facts(&about, &sides, shared.as_ref())).unwrap_or_default();
        write::whole(path, &(text + "\n"))?;
    }
    Ok(say(arguments, &sides, output.as_deref()))
}

/// The page, and the facts.
fn outputs(arguments: &Arguments) -> (Option<PathBuf>, Option<PathBuf>) {
    let default = || {
        let mut name = arguments.captures[0]
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        for end in [".gz", ".pcapng", ".pcap", ".cap"] {
            name.truncate(name.strip_suffix(end).map_or(name.len(), str::len));
        }
        PathBuf::from(format!("{name}.html"))
    };
    let named = arguments
        .output
        .iter()
        .rfind(|value| !is_preference(value))
        .map(PathBuf::from);
    let output = named.or_else(|| arguments.json.is_none().then(default));
    (output, arguments.json.clone())
}

/// Whether tshark is meant by this `-o`: a name with dots, a colon, a value.
fn is_preference(value: &str) -> bool {
    let is_name = |name: &str| {
        name.contains('.')
            && name
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter))
    };
    value.split_once(':').is_some_and(|(name, _)| is_name(name))
}

fn settings(arguments: &Arguments) -> Settings {
    Settings {
        preferences: arguments
            .output
            .iter()
            .filter(|value| is_preference(value))
            .cloned()
            .collect(),
        decode_as: arguments.decode_as.clone(),
        keys: arguments.keys.clone(),
    }
}

fn wanted(arguments: &Arguments, tshark: &Tshark, captures: &[PathBuf], zone: UtcOffset) -> Result<Wanted> {
    let day = || {
        captures
            .iter()
            .filter_map(|capture| tshark.extent(capture).times)
            .map(|(first, _)| first)
            .min()
    };
    let read = |text: &Option<String>| {
        text.as_ref()
            .map(|text| moment::parse(text, day(), zone))
            .transpose()
            .map_err(|what| Error::new(what, ""))
    };
    Ok(Wanted {
        settings: settings(arguments),
        filter: arguments.filter.clone(),
        times: (read(&arguments.from)?, read(&arguments.to)?),
        jobs: arguments
            .jobs
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
    })
}

fn about(arguments: &Arguments, tshark: &Tshark, zone: UtcOffset, sides: &[Side]) -> About {
    let names: Vec<String> = sides
        .iter()
        .filter_map(|side| side.sources.first())
        .map(|source| source.name())
        .collect();
    let mut part: Vec<String> = arguments
        .filter
        .iter()
        .map(|filter| format!("what {filter} finds"))
        .collect();
    part.extend(arguments.from.iter().map(|from| format!("from {from}")));
    part.extend(arguments.to.iter().map(|to| format!("up to {to}")));
    About {
        title: arguments
            .title
            .clone()
            .unwrap_or_else(|| format!("Aerospike traffic: {}", names.join(" and "))),
        note: arguments.note.clone(),
        zone,
        hidden: arguments
            .hide
            .iter()
            .map(|hidden| hidden.name().to_owned())
            .collect(),
        made_by: format!(
            "Made by aerospike-report {} with Wireshark {} and its Aerospike plugin.",
            env!("CARGO_PKG_VERSION"),
            tshark.version
        ),
        part: part.join(", "),
    }
}

fn names(sides: &[Side], shared: Option<&Pair>) -> [&'static str; 2] {
    const CLIENTS_FIRST: [&str; 2] = ["At the clients' side", "At the servers' side"];
    let first = sides
        .first()
        .and_then(|side| side.sources.first())
        .map(aerospike_tools::source::Source::name);
    match shared {
        _ if sides.len() == 1 => ["", ""],
        Some(shared) if first.as_ref() == Some(&shared.captures[0]) => CLIENTS_FIRST,
        Some(_) => [CLIENTS_FIRST[1], CLIENTS_FIRST[0]],
        None => ["Before", "After"],
    }
}

fn page(about: &About, sides: &[Side], shared: Option<&Pair>) -> Result<String> {
    let named = names(sides, shared);
    let named: Vec<Named<'_>> = sides
        .iter()
        .zip(named)
        .map(|(side, name)| Named { name, side })
        .collect();
    let mut extra: Vec<Value> = shared.map(told::section).into_iter().collect();
    if let [before, after] = sides {
        let places = names(sides, shared).map(|name| name.trim_start_matches("At the "));
        let places = places.map(|place| format!("at the {place}"));
        extra.push(compare::section(
            before,
            after,
            shared.map(|_| [&*places[0], &*places[1]]),
        ));
    }
    page::render(about, &named, extra)
}

fn all_facts(about: &About, sides: &[Side], shared: Option<&Pair>) -> Value {
    let mut all = json!({
        "title": about.title,
        "note": about.note,
        "hidden": about.hidden,
        "made_by": about.made_by,
        "only": about.part,
        "sides": sides.iter().map(facts::of_side).collect::<Vec<_>>(),
    });
    if let [before, after] = sides {
        all["changes"] = compare::to_json(before, after);
    }
    if let Some(shared) = shared {
        all["pair"] = shared.to_json();
    }
    all
}

/// Problems, and where the page is; the exit status.
fn say(arguments: &Arguments, sides: &[Side], output: Option<&Path>) -> u8 {
    let mut status = ALL_WELL;
    for source in sides.iter().flat_map(|side| &side.sources) {
        for problem in &source.problems {
            eprintln!("aerospike-report: {}: {problem}", source.name());
            status = IN_PART;
        }
    }
    if let Some(path) = output.filter(|path| !arguments.quiet && path.as_os_str() != "-") {
        // A closed pipe is no error of ours.
        let _ = writeln!(std::io::stdout(), "{}", path.display());
    }
    status
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_file_and_a_preference_are_told_apart() {
        for value in ["aerospike.tcp.port:3100", "tls.keylog_file:/tmp/keys"] {
            assert!(is_preference(value), "{value}");
        }
        for value in ["report.html", "-", "/tmp/a.b:c", "report", "C:report"] {
            assert!(!is_preference(value), "{value}");
        }
    }
    #[test]
    fn the_manual_has_every_option() {
        let manual = include_str!("../../man/aerospike-report.1").replace('\\', "");
        for argument in Arguments::command()
            .get_arguments()
            .filter(|argument| !argument.is_positional())
        {
            for long in argument.get_long_and_visible_aliases().into_iter().flatten() {
                assert!(manual.contains(&format!("--{long}")), "--{long}");
            }
            if let (None, Some(short)) = (argument.get_long(), argument.get_short()) {
                assert!(manual.contains(&format!("fB-{short}")), "-{short}");
            }
        }
    }
}
