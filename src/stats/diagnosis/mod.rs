//! The diagnosis: what only many connections together show.
//!
//! Three steps: [`log`] gathers what the taps hand over, [`evidence`] puts it in order when the tables are drawn, and the
//! [`rules`] make [`findings`] of it, which are tied to causes and weighed.

pub mod evidence;
pub mod findings;
pub mod log;
pub mod rules;

use self::evidence::Evidence;
use self::findings::{Findings, causes};
use self::log::Log;
use crate::epan::reports::stats::{Cell, Column, Report, ReportRow, ReportTables};
use crate::epan::taps::tcp_tap::{Frame, Frames};
use crate::stats::shared::opening::PRESS_APPLY;
use crate::track::record::Records;

/// Rows of a table at most.
const ROWS: usize = 1000;

/// The report.
#[derive(Default)]
pub struct Diagnosis {
    log: Log,
    /// It was opened while the capture was read.
    is_late: bool,
}

impl Report<Frames<Records>> for Diagnosis {
    const NUMBER: u8 = 2;
    const TITLE: &'static core::ffi::CStr = c"Aerospike Diagnosis";
    const CLI: &'static core::ffi::CStr = c"aerospike,diagnosis";
    const COLUMNS: &'static [Column] = &[
        Column::new(c"No.", Cell::Unsigned, 4),
        Column::new(c"Finding", Cell::Text, 22),
        Column::new(c"Who", Cell::Text, 36),
        Column::new(c"Details", Cell::Text, 60),
        Column::new(c"Count", Cell::Unsigned, 7),
        Column::new(c"From (s)", Cell::Decimal(3), 10),
        Column::new(c"To (s)", Cell::Decimal(3), 10),
        Column::new(c"First frame", Cell::Unsigned, 11),
        Column::new(c"Cause", Cell::Text, 5),
        Column::new(c"Filter", Cell::Text, 20),
    ];
    const TABLES: &'static [&'static core::ffi::CStr] = &[c"This capture", c"Findings"];

    fn comes_late(&mut self) {
        self.is_late = true;
    }

    fn on_open(&mut self, tables: &ReportTables) {
        // A row without values is not shown.
        let row = tables.row(0, 0);
        if let Some(row) = row.filter(|_| self.is_late) {
            let nobody = ("", PRESS_APPLY);
            cells(row, 0, "Not diagnosed", nobody, (0, (0.0, 0.0), 0));
            row.text(8, format_args!(""));
            row.text(9, format_args!(""));
        }
    }

    fn packet(&mut self, frame: &Frame<'_, Records>, _: &ReportTables) -> bool {
        self.log.frame(frame);
        true
    }

    fn on_draw(&mut self, tables: &ReportTables) {
        // Half a capture accuses whom the whole one does not.
        if !self.is_late {
            write(&self.log, tables);
        }
    }
}

/// Both tables anew.
fn write(log: &Log, tables: &ReportTables) {
    let evidence = Evidence::of(log);
    let mut findings = Findings::default();
    rules::run(&evidence, &mut findings);
    causes::arrange(&mut findings);
    tables.clear(0);
    tables.clear(1);
    let _ = tables.row(0, 0);
    for (number, note) in (0u32..).zip(findings.notes.iter().take(ROWS)) {
        let Some(row) = tables.row(0, number) else { break };
        let times = (evidence.seconds(note.from), evidence.seconds(note.to));
        cells(
            row,
            number,
            note.notice.name(),
            (&note.who, &note.details),
            (note.count, times, note.frame),
        );
        row.text(8, format_args!(""));
        row.text(9, format_args!("{}", note.filter));
    }
    for (number, finding) in (0u32..).zip(findings.rows.iter().take(ROWS)) {
        let Some(row) = tables.row(1, number) else { break };
        let times = (evidence.seconds(finding.from), evidence.seconds(finding.to));
        let cells_of = (finding.count, times, finding.frame);
        cells(
            row,
            number,
            finding.kind.name(),
            (&finding.who, &finding.details),
            cells_of,
        );
        match finding.cause {
            Some(cause) => row.text(8, format_args!("{}", cause + 1)),
            None => row.text(8, format_args!("")),
        }
        row.text(9, format_args!("{}", finding.filter));
    }
}

fn cells(
    row: ReportRow,
    number: u32,
    name: &str,
    (who, details): (&str, &str),
    (count, times, frame): (u32, (f64, f64), u32),
) {
    row.unsigned(0, number + 1);
    row.text(1, format_args!("{name}"));
    row.text(2, format_args!("{}", who.replace('|', "/")));
    row.text(3, format_args!("{}", details.replace('|', "/")));
    row.unsigned(4, count);
    row.decimal(5, times.0);
    row.decimal(6, times.1);
    row.unsigned(7, frame);
}
