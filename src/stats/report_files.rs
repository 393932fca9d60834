//! Open reports as CSV, for programs: a file for each, written whenever it is drawn (preference `report_folder`).
//!
//! The first column is the table, the others are the report's, cells whole: numbers with all their digits, texts quoted
//! where that is needed (RFC 4180). A file is written beside and renamed: who reads it never sees half of one.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::epan::Text;
use crate::epan::plugin::register::{log, preference};
use crate::epan::reports::stats::{CellValue, DrawnReport};

/// The folder of which the user was told that nothing can be written there.
static TOLD: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Writes a report's file, if there is a folder for it.
pub fn write(report: &DrawnReport) {
    let cli = report.cli.to_str().unwrap_or_default();
    let name = cli.rsplit(',').next().unwrap_or(cli);
    write_file(name, |file| table(file, report));
}

/// Writes `NAME.csv`, if there is a folder for it.
pub fn write_file(name: &str, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) {
    let Some(folder) = preference::report_folder() else {
        return;
    };
    if let Err(error) = replace(&folder, name, write) {
        let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
        if told.as_ref() != Some(&folder) {
            let text = Text::<1024>::of(format_args!(
                "Aerospike reports cannot be written to {}: {error}",
                folder.display()
            ));
            log(text.as_c());
            *told = Some(folder);
        }
    }
}

/// Writes `NAME.csv` beside, and puts it in the place of the old one.
fn replace(
    folder: &Path,
    name: &str,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let beside = folder.join(format!("{name}.csv.{}", std::process::id()));
    let written = create(&beside).and_then(|file| {
        let mut file = BufWriter::new(file);
        write(&mut file)?;
        file.flush()
    });
    let replaced = written.and_then(|()| fs::rename(&beside, folder.join(format!("{name}.csv"))));
    if replaced.is_err() {
        // What is not there need not be removed.
        let _ = fs::remove_file(&beside);
    }
    replaced
}

/// A new file: nothing that a link of that name leads to is written over.
fn create(path: &Path) -> io::Result<File> {
    match File::create_new(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // Left behind by a program that is gone: it had our number.
            fs::remove_file(path)?;
            File::create_new(path)
        }
        made => made,
    }
}

fn table(out: &mut impl Write, report: &DrawnReport) -> io::Result<()> {
    let mut line = String::from("Table");
    for column in report.columns {
        line.push(',');
        push(&mut line, column.name());
    }
    line.push_str("\r\n");
    out.write_all(line.as_bytes())?;
    for (table, title) in (0..).zip(report.headings) {
        for row in 0..report.tables.rows(table) {
            line.clear();
            push(&mut line, title.to_str().unwrap_or_default());
            let mut is_there = false;
            for column in (0..).take(report.columns.len()) {
                line.push(',');
                is_there |= report
                    .tables
                    .read((table, row, column), |value| cell(&mut line, value));
            }
            line.push_str("\r\n");
            // A row without values is not shown either.
            if is_there {
                out.write_all(line.as_bytes())?;
            }
        }
    }
    Ok(())
}

/// Whether there was anything.
fn cell(line: &mut String, value: CellValue<'_>) -> bool {
    // Writing to a `String` does not fail.
    let _ = match value {
        CellValue::None => return false,
        CellValue::Unsigned(number) => write!(line, "{number}"),
        CellValue::Signed(number) => write!(line, "{number}"),
        CellValue::Decimal(number) => write!(line, "{number}"),
        CellValue::Text(text) => {
            push(line, text);
            Ok(())
        }
    };
    true
}

/// Adds a text to a line, in quotes where it needs them.
pub fn push(line: &mut String, text: &str) {
    let is_plain = |letter: char| !matches!(letter, '"' | ',' | '\r' | '\n');
    if text.chars().all(is_plain) && text.trim() == text {
        line.push_str(text);
        return;
    }
    line.push('"');
    line.push_str(&text.replace('"', "\"\""));
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_need_it() {
        let mut line = String::new();
        for text in ["plain", "", "a,b", "say \"x\"", "two\nlines", " blank"] {
            push(&mut line, text);
            line.push(';');
        }
        assert_eq!(
            line,
            "plain;;\"a,b\";\"say \"\"x\"\"\";\"two\nlines\";\" blank\";"
        );
        line.clear();
        assert!(cell(&mut line, CellValue::Decimal(0.1)) && cell(&mut line, CellValue::Signed(-3)));
        assert!(!cell(&mut line, CellValue::None));
        assert_eq!(line, "0.1-3");
    }
}
