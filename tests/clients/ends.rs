//! Answers that end before their end, and what is out of order: what is said, and where.

use crate::common::fields::columns;
use crate::common::host::host;
use crate::common::make::{Endpoint, Maker, proto, record_request};

/// A scan's messages of 100 kB: the client resets the connection in the middle of one.
#[test]
fn a_scan_broken_off_in_the_middle_of_a_message() {
    let name = "clients/ruby-scan";
    let fields = [
        "frame.number",
        "aerospike.answer.bytes",
        "aerospike.answer.size",
        "aerospike.closed_by",
    ];
    let rows = columns(name, &["-2"], "aerospike.expert.incomplete_answer", &fields);
    let said: Vec<Vec<String>> = rows.into_iter().map(|row| row.concat_cells()).collect();
    for (frame, bytes, size) in [
        ("2675", 14336, 32100),
        ("2776", 31464, 55527),
        ("3547", 31057, 49821),
    ] {
        let row = said.iter().find(|row| row[0] == frame);
        let wanted = [
            frame.to_string(),
            bytes.to_string(),
            size.to_string(),
            "the client (RST)".into(),
        ];
        assert_eq!(row.map(Vec::as_slice), Some(&wanted[..]), "frame {frame}");
    }
    // Nothing of it is called no answer, and scans that end are not called broken off.
    let unanswered = columns(name, &["-2"], "aerospike.expert.no_response", &["frame.number"]);
    assert!(unanswered.is_empty(), "{unanswered:?}");
    let whole = "aerospike.expert.incomplete_answer && aerospike.response_in";
    assert!(columns(name, &["-2"], whole, &["frame.number"]).is_empty());
}

/// A value of which the capture lacks the end, or all, is not shown as an empty one, nor as a whole one.
#[test]
fn a_cut_value_is_shown_as_cut() {
    const CLIENT: Endpoint = ([10, 0, 0, 9], 41000);
    const NODE: Endpoint = ([10, 0, 0, 1], 3000);
    let text = b"a text of some length";
    let mut body = vec![22];
    body.resize(22, 0);
    body[21] = 1;
    body.extend((text.len() as u32 + 5).to_be_bytes());
    body.extend([1, 3, 0, 1, b'b']);
    body.extend(text);
    for (missing, name) in [
        (text.len(), "made-cut-all"),
        (5, "made-cut-some"),
        (0, "made-cut-none"),
    ] {
        let mut made = Maker::new();
        made.connect(CLIENT, NODE);
        made.send(CLIENT, NODE, &record_request(1, false)); // 4
        made.send_cut(NODE, CLIENT, &proto(3, &body), missing); // 5
        host().put(name, &made.finish());
        let info = columns(name, &[], "frame.number == 5", &["_ws.col.Info"])
            .concat()
            .concat()
            .join(",");
        let tree = host()
            .on(name, &["-V", "-Y", "frame.number == 5"])
            .expect_success()
            .text();
        for shown in [&info, &tree] {
            assert!(!shown.contains("= \"\""), "{name}: {shown}");
            assert_eq!(
                shown.contains("a text of some length\""),
                missing == 0 && shown == &tree,
                "{name}: {shown}"
            );
        }
    }
    // The answer to an info command that ends behind the tab.
    let answer = proto(1, b"build\t8.1.2.0\n");
    let mut made = Maker::new();
    made.connect(CLIENT, NODE);
    made.send(CLIENT, NODE, &proto(1, b"build\n"));
    made.send_cut(NODE, CLIENT, &answer, 8); // 5
    host().put("made-cut-info", &made.finish());
    let tree = host()
        .on("made-cut-info", &["-V", "-Y", "frame.number == 5"])
        .expect_success()
        .text();
    assert!(tree.contains("build = …"), "{tree}");
}

trait Cells {
    fn concat_cells(self) -> Vec<String>;
}

impl Cells for Vec<Vec<String>> {
    fn concat_cells(self) -> Vec<String> {
        self.into_iter().map(|cell| cell.join(",")).collect()
    }
}
