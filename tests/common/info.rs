//! The Info column.

use super::host::host;

/// The Info column of a capture's Aerospike frames, with what a second pass knows.
pub fn info_column(capture: &str) -> Vec<String> {
    let format = "gui.column.format:\"Info\",\"%i\"";
    let args = ["-2", "-o", format, "-Y", "aerospike"];
    let text = host().on(capture, &args).expect_success().text();
    text.lines().map(|line| line.trim().to_string()).collect()
}
