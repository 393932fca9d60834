//! What two captures tell together, for the page and for programs.

use serde_json::{Value, json};

use super::aligned::{Lost, Pair};
use crate::page::about;
use crate::text;

/// Rows of a table.
const ROWS: usize = 40;

impl Pair {
    /// In words.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let [clients, servers] = &self.captures;
        let clocks = if self.clock_ms.abs() < 0.001 {
            "Their clocks agree".to_owned()
        } else {
            let side = if self.clock_ms > 0.0 { "ahead" } else { "behind" };
            format!(
                "The clock of the latter is {} {side}",
                text::milliseconds(self.clock_ms.abs())
            )
        };
        let mut out = vec![format!(
            "Both captures have {} with data; {clients} was taken nearer to the clients, {servers} nearer to the servers. {clocks}; \
             between the two a packet is on the way for at least {}.",
            text::counted(self.shared as u64, "packet"),
            text::milliseconds(self.way_ms)
        )];
        for (to, sent, lost) in [
            ("servers", self.sent[0], &self.lost[0]),
            ("clients", self.sent[1], &self.lost[1]),
        ] {
            if lost.is_empty() {
                out.push(format!(
                    "None of {} to the {to} was lost between them.",
                    text::counted(sent as u64, "packet")
                ));
                continue;
            }
            let never = lost.iter().filter(|lost| lost.arrived.is_none()).count();
            let slowest = lost
                .iter()
                .filter_map(|lost| lost.arrived)
                .map(|(_, delay)| delay)
                .fold(0.0, f64::max);
            let again = if slowest > 0.0 {
                format!(
                    "; what was sent again arrived up to {} later",
                    text::milliseconds(slowest)
                )
            } else {
                String::new()
            };
            let gone = if never == 0 {
                String::new()
            } else {
                format!("; the bytes of {} never arrived", text::count(never as u64))
            };
            out.push(format!(
                "{} of {} to the {to} were lost between them ({}), from {} to {}{again}{gone}.",
                text::count(lost.len() as u64),
                text::counted(sent as u64, "packet"),
                text::percent(lost.len() as f64 / sent.max(1) as f64),
                text::at(lost[0].at_s),
                text::at(lost[lost.len() - 1].at_s),
            ));
        }
        if !self.late.is_empty() {
            out.push(format!(
                "{} arrived, but late: they waited on the way.",
                text::counted(self.late.len() as u64, "answer")
            ));
        }
        out
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let list = |list: &[Lost]| {
            list.iter()
                .map(|lost| {
                    json!({
                        "at_s": lost.at_s,
                        "way": lost.way,
                        "operation": lost.operation,
                        "frame": lost.frame,
                        "arrived_frame": lost.arrived.map(|(frame, _)| frame),
                        "arrived_after_ms": lost.arrived.map(|(_, delay)| delay),
                    })
                })
                .collect::<Vec<_>>()
        };
        json!({
            "shared_packets": self.shared,
            "clients_side": self.captures[0],
            "servers_side": self.captures[1],
            "clock_ms": self.clock_ms,
            "way_ms": self.way_ms,
            "to_servers": { "sent": self.sent[0], "lost": list(&self.lost[0]) },
            "to_clients": { "sent": self.sent[1], "lost": list(&self.lost[1]) },
            "late_answers": list(&self.late),
        })
    }
}

/// The section of the page.
#[must_use]
pub fn section(pair: &Pair) -> Value {
    let columns = [
        ("At", true),
        ("Way", false),
        ("Message", false),
        ("Frame sent", true),
        ("Frame arrived", true),
        ("After", true),
    ]
    .map(|(name, number)| json!({ "name": name, "number": number }));
    let table = |caption: &str, list: &[Lost]| {
        let rows: Vec<Value> = list
            .iter()
            .take(ROWS)
            .map(|lost| {
                let number = |text: String| json!({ "text": text, "class": "number" });
                json!([
                    number(text::at(lost.at_s)),
                    { "text": lost.way },
                    { "text": lost.operation },
                    number(lost.frame.to_string()),
                    number(lost.arrived.map_or("never".to_owned(), |(frame, _)| frame.to_string())),
                    number(lost.arrived.map_or(String::new(), |(_, delay)| text::milliseconds(delay))),
                ])
            })
            .collect();
        let left = list.len().saturating_sub(rows.len());
        let more = if left > 0 {
            format!("{} more: --json has them.", text::counted(left as u64, "packet"))
        } else {
            String::new()
        };
        json!({ "closed": format!("{caption} ({})", list.len()), "columns": columns, "rows": rows, "more": more })
    };
    let tables: Vec<Value> = [
        ("Lost on the way to the servers", &pair.lost[0]),
        ("Lost on the way to the clients", &pair.lost[1]),
        ("Late answers", &pair.late),
    ]
    .into_iter()
    .filter(|(_, list)| !list.is_empty())
    .map(|(caption, list)| table(caption, list))
    .collect();
    about::section(
        "pair",
        "Between the two captures",
        vec![json!({ "sentences": pair.sentences(), "tables": tables })],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_said_where_there_are_some() {
        let lost = Lost {
            at_s: 0.02,
            way: "c → n".to_owned(),
            operation: "get".to_owned(),
            frame: 20,
            arrived: None,
        };
        let pair = Pair {
            shared: 187,
            captures: ["c".to_owned(), "s".to_owned()],
            clock_ms: 3.0,
            way_ms: 0.05,
            sent: [89, 88],
            lost: [vec![lost], Vec::new()],
            late: Vec::new(),
        };
        let words = pair.sentences();
        assert!(words[0].contains("3.00 ms ahead"), "{words:?}");
        assert!(
            words[1].starts_with("1 of 89 packets to the servers were lost"),
            "{words:?}"
        );
        assert!(
            words[2].starts_with("None of 88 packets to the clients"),
            "{words:?}"
        );
    }
}
