//! `aerospike-top`: the hottest keys and the nodes, from a file, a pipe or an interface.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use aerospike_tools::error::{ALL_WELL, Error, IN_PART, NOTHING, Result};
use aerospike_tools::top::fields::{self, operations};
use aerospike_tools::top::model::{Filter, Model, Sort};
use aerospike_tools::top::screen::{self, View};
use aerospike_tools::top::script;
use aerospike_tools::top::source::{Running, Said, Source, start};
use aerospike_tools::tshark::{Settings, Tshark};
use clap::Parser;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// Shows the hottest keys of Aerospike traffic by requests and bytes a second, operations by node with rate, p50, p99, errors and
/// timeouts, and what is found, from a capture file, a pipe or an interface. It is made by tshark with the Aerospike plugin.
#[derive(Debug, Parser)]
#[command(name = "aerospike-top", version, max_term_width = 100)]
struct Arguments {
    /// A capture file, or - for a pipe: ssh host tcpdump -U -w - tcp port 3000 | aerospike-top -
    #[arg(
        value_name = "FILE",
        required_unless_present = "interface",
        conflicts_with = "interface"
    )]
    file: Option<PathBuf>,
    /// Capture on this interface
    #[arg(short, long, value_name = "NAME")]
    interface: Option<String>,
    /// A capture filter for the interface; empty: all
    #[arg(short = 'f', long, default_value = "tcp", value_name = "FILTER")]
    capture_filter: String,
    /// Show a file as fast as it was captured
    #[arg(long)]
    paced: bool,
    /// Count so many seconds of the capture, or all there is, print the tables, and end
    #[arg(long, value_name = "SECONDS")]
    once: Option<f64>,
    /// With --once: as CSV [the only form there is]
    #[arg(long, requires = "once")]
    csv: bool,
    /// Rows of keys that --once prints
    #[arg(long, default_value_t = 100, value_name = "N")]
    rows: usize,
    /// What the keys are sorted by: requests, bytes, size, errors, total
    #[arg(long, default_value = "requests", value_parser = sort)]
    sort: Sort,
    /// Show only what has all these words in its namespace, set, key, digest or node
    #[arg(long, default_value = "", value_name = "WORDS")]
    filter: String,
    /// A preference for tshark
    #[arg(short = 'o', value_name = "PREFERENCE")]
    preferences: Vec<String>,
    /// What is on which port, for tshark
    #[arg(short = 'd', value_name = "RULE")]
    decode_as: Vec<String>,
    /// TLS secrets (a key log file)
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// The tshark to use [default: that of the environment's TSHARK, or of PATH]
    #[arg(long, value_name = "FILE")]
    tshark: Option<PathBuf>,
}

fn sort(name: &str) -> std::result::Result<Sort, String> {
    match name {
        "requests" => Ok(Sort::Requests),
        "bytes" => Ok(Sort::Bytes),
        "size" => Ok(Sort::Size),
        "errors" => Ok(Sort::Errors),
        "total" => Ok(Sort::Total),
        _ => Err("requests, bytes, size, errors or total".to_owned()),
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("aerospike-top: {error}");
            ExitCode::from(NOTHING)
        }
    }
}

fn run(arguments: &Arguments) -> Result<u8> {
    let tshark = Tshark::find(arguments.tshark.as_deref())?;
    let settings = Settings {
        preferences: arguments.preferences.clone(),
        decode_as: arguments.decode_as.clone(),
        keys: arguments.keys.clone(),
    };
    let source = source(arguments)?;
    let model = Model::new(operations(&tshark));
    let running = start(&tshark, &settings, &source)?;
    match arguments.once {
        Some(seconds) => once(arguments, running, model, seconds),
        None => watch(arguments, running, model),
    }
}

fn source(arguments: &Arguments) -> Result<Source> {
    match (&arguments.file, &arguments.interface) {
        (Some(path), _) => {
            if path.as_os_str() != "-" {
                std::fs::File::open(path).map_err(|error| Error::of_file(path, &error))?;
            }
            Ok(Source::File {
                path: path.clone(),
                is_paced: arguments.paced,
            })
        }
        (None, Some(interface)) => Ok(Source::Live {
            interface: interface.clone(),
            filter: arguments.capture_filter.clone(),
        }),
        (None, None) => Err(Error::new("name a file, - for a pipe, or an interface", "")),
    }
}

/// Counts, prints, ends.
fn once(arguments: &Arguments, running: Running, mut model: Model, seconds: f64) -> Result<u8> {
    let mut status = ALL_WELL;
    let mut complain = |words: &str| {
        eprintln!("aerospike-top: {words}");
        status = IN_PART;
    };
    // An interface on which nothing comes has no time of its own.
    let end = Instant::now() + Duration::from_secs_f64(seconds.clamp(0.0, 1e9));
    let is_live = arguments.interface.is_some();
    loop {
        let said = if is_live {
            match running
                .said
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(said) => said,
                Err(_) => break,
            }
        } else {
            running.said.recv().unwrap_or(Said::End)
        };
        match said {
            Said::Line(line) => {
                let Some(packet) = fields::parse(&line) else {
                    continue;
                };
                let since = model.times.map_or(0, |(first, _)| packet.at - first) as f64 / 1e9;
                if since > seconds {
                    break;
                }
                model.add(&packet);
            }
            Said::Words(words) => complain(&words),
            Said::End => break,
        }
    }
    running.stop().iter().for_each(|words| complain(words));
    let filter = Filter(arguments.filter.clone());
    // Over all the time that was counted, not the last seconds of it.
    let sort = if arguments.sort == Sort::Requests {
        Sort::Total
    } else {
        arguments.sort
    };
    script::write(std::io::stdout().lock(), &model, sort, &filter, arguments.rows)
        .map_err(|error| Error::new(format!("the output: {error}"), ""))?;
    Ok(if model.packets == 0 && status != ALL_WELL {
        NOTHING
    } else {
        status
    })
}

/// The terminal, until the user has seen enough.
fn watch(arguments: &Arguments, running: Running, mut model: Model) -> Result<u8> {
    let name = arguments
        .interface
        .clone()
        .or_else(|| arguments.file.as_ref().map(|file| file.display().to_string()));
    let mut view = View {
        source: name.unwrap_or_default(),
        sort: arguments.sort,
        filter: Filter(arguments.filter.clone()),
        ..View::default()
    };
    let mut terminal = ratatui::try_init()
        .map_err(|error| Error::new(format!("the terminal: {error}"), "Without one: --once 60 --csv"))?;
    let ended = show(&mut terminal, &running, &mut model, &mut view);
    ratatui::restore();
    let last = running.stop();
    ended.map_err(|error| Error::new(format!("the terminal: {error}"), ""))?;
    for words in [view.words].iter().chain(&last).filter(|words| !words.is_empty()) {
        eprintln!("aerospike-top: {words}");
    }
    Ok(ALL_WELL)
}

fn show(
    terminal: &mut ratatui::DefaultTerminal,
    running: &Running,
    model: &mut Model,
    view: &mut View,
) -> std::io::Result<()> {
    const EVERY: Duration = Duration::from_millis(500);
    let mut frozen = None;
    loop {
        let until = Instant::now() + EVERY;
        // While it is paused the counts go on, and what is shown stays.
        if view.is_paused && frozen.is_none() {
            frozen = Some(model.clone());
        } else if !view.is_paused {
            frozen = None;
        }
        let shown = frozen.as_ref().unwrap_or(model);
        terminal.draw(|frame| screen::draw(frame, shown, view))?;
        while Instant::now() < until {
            while event::poll(Duration::ZERO)? {
                match event::read()? {
                    Event::Key(key) if key.kind == KeyEventKind::Press => {
                        if press(key, view) {
                            return Ok(());
                        }
                        let shown = frozen.as_ref().unwrap_or(model);
                        terminal.draw(|frame| screen::draw(frame, shown, view))?;
                    }
                    _ => {}
                }
            }
            match running.said.recv_timeout(Duration::from_millis(20)) {
                Ok(Said::Line(line)) => {
                    if let Some(packet) = fields::parse(&line) {
                        model.add(&packet);
                    }
                }
                Ok(Said::Words(words)) => view.words = words,
                Ok(Said::End) => view.is_over = true,
                Err(_) if view.is_over => std::thread::sleep(Duration::from_millis(50)),
                Err(_) => {}
            }
        }
    }
}

/// Whether that was enough.
fn press(key: KeyEvent, view: &mut View) -> bool {
    if let Some(typed) = &mut view.typing {
        match key.code {
            KeyCode::Char(letter) => typed.push(letter),
            KeyCode::Backspace => {
                typed.pop();
            }
            KeyCode::Enter => view.filter = Filter(view.typing.take().unwrap_or_default()),
            KeyCode::Esc => view.typing = None,
            _ => {}
        }
        return false;
    }
    match key.code {
        KeyCode::Char('q') | KeyCode::Esc => return true,
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return true,
        KeyCode::Char('p' | ' ') => view.is_paused = !view.is_paused,
        KeyCode::Char('r') => view.sort = Sort::Requests,
        KeyCode::Char('b') => view.sort = Sort::Bytes,
        KeyCode::Char('s') => view.sort = Sort::Size,
        KeyCode::Char('e') => view.sort = Sort::Errors,
        KeyCode::Char('t') => view.sort = Sort::Total,
        KeyCode::Char('f' | '/') => view.typing = Some(view.filter.0.clone()),
        KeyCode::Char('c') => view.filter = Filter::default(),
        _ => {}
    }
    false
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
    fn the_manual_has_every_option() {
        let manual = include_str!("../../man/aerospike-top.1").replace('\\', "");
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
