//! The tables as CSV, for scripts (`--once SECONDS --csv`).

use std::io::{self, Write};

use super::model::{Filter, Model, Sort};
use crate::grid::millis;

/// Writes keys, nodes and findings, the first column telling which, as the plugin's own files do.
///
/// # Errors
/// Those of the writer.
pub fn write(out: impl Write, model: &Model, sort: Sort, filter: &Filter, count: usize) -> io::Result<()> {
    let mut out = csv::WriterBuilder::new().flexible(true).from_writer(out);
    let seconds = model.length().max(1e-9);
    out.write_record([
        "Table",
        "Rank",
        "Namespace",
        "Set",
        "Key",
        "Digest",
        "Node",
        "Requests",
        "Requests/s",
        "Answers",
        "Bytes",
        "Bytes/s",
        "Mean size",
        "Errors",
    ])?;
    for (place, (digest, record)) in model.top(sort, filter, count).into_iter().enumerate() {
        let messages = (record.requests + record.answers).max(1);
        out.write_record([
            "Keys",
            &(place + 1).to_string(),
            &record.namespace,
            &record.set,
            &record.key,
            digest,
            &record.node,
            &record.requests.to_string(),
            &format!("{:.3}", record.requests as f64 / seconds),
            &record.answers.to_string(),
            &record.bytes.to_string(),
            &format!("{:.0}", record.bytes as f64 / seconds),
            &(record.bytes / messages).to_string(),
            &record.errors.to_string(),
        ])?;
    }
    out.write_record([
        "Table",
        "Node",
        "Operation",
        "Requests",
        "Requests/s",
        "p50 ms",
        "p99 ms",
        "Errors",
        "Timeouts",
    ])?;
    for ((name, operation), node) in model.by_node(filter) {
        let percentile = |share| {
            node.all
                .quantile(share)
                .map_or(String::new(), |time| format!("{:.3}", millis(time)))
        };
        out.write_record([
            "Nodes",
            name,
            operation,
            &node.requests.to_string(),
            &format!("{:.3}", node.requests as f64 / seconds),
            &percentile(0.5),
            &percentile(0.99),
            &node.errors.to_string(),
            &node.timeouts.to_string(),
        ])?;
    }
    out.write_record(["Table", "Finding", "Client", "Node", "Count", "First frame"])?;
    for found in &model.found {
        out.write_record([
            "Findings",
            found.name,
            &found.who.0,
            &found.who.1,
            &found.count.to_string(),
            &found.first.1.to_string(),
        ])?;
    }
    out.write_record([
        "Table",
        "Seconds",
        "Packets",
        "Requests",
        "Segments missing",
        "Records forgotten",
    ])?;
    out.write_record([
        "Capture",
        &format!("{seconds:.6}"),
        &model.packets.to_string(),
        &model.requests.to_string(),
        &model.missing.to_string(),
        &model.forgotten.to_string(),
    ])?;
    out.flush()
}
