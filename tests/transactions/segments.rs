//! What TCP does to messages: sent again with more, overlapping, kept alive, with a closed window, beyond the end of the
//! circle of numbers, on a connection with the numbers of an earlier one. Links are right, and nothing is called
//! unanswered that was answered; what Wireshark's settings hide is said, with their names.

use crate::common::fields::columns;
use crate::common::host::host;
use crate::common::make::{Endpoint, Maker, proto, record_answer, record_request};

const CLIENT: Endpoint = ([10, 0, 0, 9], 41000);
const NODE: Endpoint = ([10, 0, 0, 1], 3000);
const NONE: [[String; 2]; 0] = [];

/// Request and answer frames that are linked, as the requests say.
fn links(name: &str, options: &[&str]) -> Vec<[u32; 2]> {
    let options = [&["-2"], options].concat();
    let rows = columns(
        name,
        &options,
        "aerospike.response_in",
        &["frame.number", "aerospike.response_in"],
    );
    let number = |text: &String| text.parse::<u32>().expect("a number");
    rows.iter()
        .flat_map(|row| row[1].iter().map(|answer| [number(&row[0][0]), number(answer)]))
        .collect()
}

/// Frames with an expert item, and what it says of its case.
fn said(name: &str, options: &[&str], expert: &str) -> Vec<[String; 2]> {
    let options = [&["-2"], options].concat();
    let filter = format!("aerospike.expert.{expert}");
    columns(name, &options, &filter, &["frame.number", "aerospike.detail"])
        .into_iter()
        .map(|row| [row[0].concat(), row[1].join(",")])
        .collect()
}

/// What must be so however TCP cut the stream.
fn is_calm(name: &str, options: &[&str]) {
    for verdict in [
        "no_response",
        "incomplete_answer",
        "malformed",
        "unsupported_version",
    ] {
        assert_eq!(said(name, options, verdict), NONE, "{name} {options:?} {verdict}");
    }
}

const HANDED_OVER: [&str; 2] = ["-o", "tcp.no_subdissector_on_error:FALSE"];

#[test]
fn sent_again_together_with_the_next() {
    let mut made = Maker::new();
    made.connect(CLIENT, NODE);
    let (first, second) = (record_request(1, true), record_request(2, true));
    made.send(CLIENT, NODE, &first); // 4
    made.wait(0.2);
    made.send_at(CLIENT, NODE, 0, &[&first[..], &second].concat()); // 5
    made.send(NODE, CLIENT, &[record_answer(0), record_answer(0)].concat()); // 6
    made.close(CLIENT, NODE);
    let name = "made-again-with-more";
    host().put(name, &made.finish());
    // Wireshark's own setting hides the second request: nothing else is wrong with it.
    assert_eq!(links(name, &[]), [[4, 6]]);
    let [hidden] = &said(name, &[], "not_handed_over")[..] else {
        panic!("{:?}", said(name, &[], "not_handed_over"))
    };
    assert_eq!(hidden[0], "5");
    for words in ["sent again", "tcp.no_subdissector_on_error"] {
        assert!(hidden[1].contains(words), "{hidden:?}");
    }
    is_calm(name, &[]);
    // With the other setting that it names both are there.
    let in_order = ["-o", "tcp.reassemble_out_of_order:TRUE"];
    assert_eq!(links(name, &in_order), [[4, 6], [5, 6]]);
    is_calm(name, &in_order);
    assert_eq!(said(name, &in_order, "not_handed_over"), NONE);
    // What is sent again alone hides nothing.
    let mut plain = Maker::new();
    plain.connect(CLIENT, NODE);
    let request = plain.send(CLIENT, NODE, &first);
    plain.wait(0.2);
    plain.again(request);
    plain.send(NODE, CLIENT, &record_answer(0));
    host().put("made-again-alone", &plain.finish());
    assert_eq!(links("made-again-alone", &[]), [[4, 6]]);
    assert_eq!(said("made-again-alone", &[], "not_handed_over"), NONE);
}

#[test]
fn overlapping_segments() {
    let mut made = Maker::new();
    made.connect(CLIENT, NODE);
    let (first, second) = (record_request(1, false), record_request(2, false));
    made.send(CLIENT, NODE, &first); // 4
    made.send(NODE, CLIENT, &record_answer(0)); // 5
    made.wait(0.2);
    // Ten bytes of the first come again in front of the second.
    let overlap = [&first[first.len() - 10..], &second].concat();
    made.send_at(CLIENT, NODE, first.len() as u32 - 10, &overlap); // 6
    made.send(NODE, CLIENT, &record_answer(0)); // 7
    made.close(CLIENT, NODE);
    host().put("made-overlap", &made.finish());
    for options in [&[][..], &HANDED_OVER] {
        let found = links("made-overlap", options);
        assert!(found.contains(&[4, 5]), "{options:?}: {found:?}");
        let wrong: Vec<_> = found
            .iter()
            .filter(|link| ![[4, 5], [6, 7]].contains(link))
            .collect();
        assert!(wrong.is_empty(), "{options:?}: {wrong:?}");
        is_calm("made-overlap", options);
    }
}

#[test]
fn kept_alive() {
    for (name, probe) in [("made-alive", &[][..]), ("made-alive-byte", &[0][..])] {
        let mut made = Maker::new();
        made.connect(CLIENT, NODE);
        let request = record_request(1, false);
        made.send(CLIENT, NODE, &request); // 4
        made.send(NODE, CLIENT, &record_answer(0)); // 5
        for _ in 0..2 {
            made.wait(15.0);
            made.send_at(CLIENT, NODE, request.len() as u32 - 1, probe); // 6, 8
            made.acknowledge(NODE, CLIENT); // 7, 9
        }
        made.send(CLIENT, NODE, &request); // 10
        made.send(NODE, CLIENT, &record_answer(0)); // 11
        made.close(CLIENT, NODE);
        host().put(name, &made.finish());
        for options in [&[][..], &HANDED_OVER] {
            assert_eq!(links(name, options), [[4, 5], [10, 11]], "{name} {options:?}");
            is_calm(name, options);
        }
        assert_eq!(said(name, &[], "not_handed_over"), NONE, "{name}");
    }
}

#[test]
fn a_window_that_is_closed_for_a_while() {
    let mut made = Maker::new();
    made.connect(CLIENT, NODE);
    let (first, second) = (record_request(1, false), record_request(2, false));
    made.send(CLIENT, NODE, &first); // 4
    made.send(NODE, CLIENT, &record_answer(0)); // 5
    made.is_full(NODE, CLIENT); // 6
    let begin = first.len() as u32;
    for _ in 0..2 {
        made.wait(0.3);
        made.send_at(CLIENT, NODE, begin, &second[..1]); // 7, 9: one byte, not taken
        made.is_full(NODE, CLIENT); // 8, 10
    }
    made.wait(0.3);
    made.acknowledge(NODE, CLIENT); // 11
    made.send_at(CLIENT, NODE, begin, &second); // 12
    made.send(NODE, CLIENT, &record_answer(0)); // 13
    made.close(CLIENT, NODE);
    host().put("made-window-0", &made.finish());
    for options in [&[][..], &HANDED_OVER] {
        let found = links("made-window-0", options);
        assert!(found.contains(&[4, 5]), "{options:?}: {found:?}");
        assert!(
            found.iter().all(|link| [[4, 5], [12, 13]].contains(link)),
            "{options:?}: {found:?}"
        );
        is_calm("made-window-0", options);
    }
}

#[test]
fn numbers_that_begin_anew() {
    // The circle of sequence numbers ends inside of the first request, of an answer, and between messages.
    let request = record_request(1, false);
    for (name, client, server) in [
        ("made-wrap-request", u32::MAX - 20, 5000),
        ("made-wrap-answer", 5000, u32::MAX - 10),
        ("made-wrap-between", u32::MAX - request.len() as u32, 7),
    ] {
        let mut made = Maker::new();
        made.starts(CLIENT, NODE, client);
        made.starts(NODE, CLIENT, server);
        made.connect(CLIENT, NODE);
        for digest in 1..5 {
            made.send(CLIENT, NODE, &record_request(digest, false)); // 4, 6, 8, 10
            made.send(NODE, CLIENT, &record_answer(0));
        }
        made.close(CLIENT, NODE);
        host().put(name, &made.finish());
        for options in [&[][..], &["-o", "tcp.relative_sequence_numbers:FALSE"]] {
            assert_eq!(
                links(name, options),
                [[4, 5], [6, 7], [8, 9], [10, 11]],
                "{name} {options:?}"
            );
            is_calm(name, options);
        }
    }
}

#[test]
fn the_same_addresses_and_ports_again() {
    let mut made = Maker::new();
    for pause in [0.0, 61.0] {
        made.wait(pause);
        made.connect(CLIENT, NODE);
        made.send(CLIENT, NODE, &record_request(1, false)); // 4, 12
        made.send(NODE, CLIENT, &record_answer(0)); // 5, 13
        made.close(CLIENT, NODE);
    }
    // The second time the client gives up.
    made.wait(61.0);
    made.connect(CLIENT, NODE);
    made.send(CLIENT, NODE, &record_request(1, false)); // 20
    made.acknowledge(NODE, CLIENT);
    made.wait(2.0);
    made.close(CLIENT, NODE);
    host().put("made-same-ends", &made.finish());
    assert_eq!(links("made-same-ends", &[]), [[4, 5], [12, 13]]);
    let [unanswered] = &said("made-same-ends", &[], "no_response")[..] else {
        panic!("{:?}", said("made-same-ends", &[], "no_response"))
    };
    assert_eq!(unanswered[0], "20");
}

/// A response of several segments whose second comes late, or not at all.
fn check_swapped(name: &str, comes: bool) {
    let mut made = Maker::new();
    made.connect(CLIENT, NODE);
    let request = record_request(1, true);
    let mut large = request.clone();
    // Three segments of bytes that are no header.
    large.extend([0x55; 300]);
    made.send(CLIENT, NODE, &record_request(3, true)); // 4
    let begin = request.len() as u32;
    made.send(NODE, CLIENT, &record_answer(0)); // 5
    made.send_at(CLIENT, NODE, begin + 100, &[0x55; 200]); // 6: too early
    if comes {
        made.send_at(CLIENT, NODE, begin, &[0x55; 100]); // 7
    }
    made.acknowledge(NODE, CLIENT);
    host().put(name, &made.finish());
}

#[test]
fn out_of_order_is_told_from_lost() {
    check_swapped("made-swapped", true);
    check_swapped("made-lost", false);
    let of = |name: &str| {
        let all = said(name, &[], "continuation");
        all.into_iter()
            .find(|said| said[0] == "6")
            .unwrap_or_else(|| panic!("{name}: nothing is said of frame 6"))
    };
    let late = of("made-swapped");
    for words in ["only out of order", "tcp.reassemble_out_of_order"] {
        assert!(late[1].contains(words), "{late:?}");
    }
    let frame = columns(
        "made-swapped",
        &["-2"],
        "aerospike.comes_in",
        &["aerospike.comes_in"],
    );
    assert_eq!(frame.concat().concat(), ["7"]);
    // That of 4.6 takes it for sent again.
    let filter = "frame.number == 7 && tcp.analysis.out_of_order";
    let is_overtaken = !columns("made-swapped", &["-2"], filter, &["frame.number"]).is_empty();
    let why = if is_overtaken {
        "out of order"
    } else {
        "sent again"
    };
    let hidden = said("made-swapped", &[], "not_handed_over");
    assert!(
        matches!(&hidden[..], [one] if one[0] == "7" && one[1].contains(why)),
        "{hidden:?}"
    );
    let lost = of("made-lost");
    assert!(lost[1].contains("not in the capture"), "{lost:?}");
    assert!(!lost[1].contains("out of order"), "{lost:?}");
}

/// Records in messages of their own, each across the border of two segments: TCP hands over what it has put together,
/// and then the rest of the segment. The answer has no end.
#[test]
fn a_scan_that_is_reset_between_messages() {
    let message = {
        let mut body = vec![22];
        body.resize(22, 0);
        body[19] = 2;
        body.extend([0, 0, 0, 5, 0, b't', b'e', b's', b't', 0, 0, 0, 21, 4]);
        body.extend([9; 20]);
        proto(3, &body)
    };
    let scan = {
        let mut body = vec![22, 1, 0, 4];
        body.resize(22, 0);
        body[19] = 2;
        body.extend([0, 0, 0, 5, 0, b't', b'e', b's', b't', 0, 0, 0, 3, 11, 1, 0]);
        proto(3, &body)
    };
    let mut made = Maker::new();
    made.connect(CLIENT, NODE);
    made.send(CLIENT, NODE, &scan); // 4
    let all: Vec<u8> = std::iter::repeat_n(message, 100).flatten().collect();
    made.send(NODE, CLIENT, &all);
    made.acknowledge(CLIENT, NODE);
    made.wait(1.0);
    made.refuse(NODE, CLIENT);
    host().put("made-scan-reset", &made.finish());
    let broken = said("made-scan-reset", &[], "incomplete_answer");
    assert!(
        matches!(&broken[..], [one] if one[0] == "4" && one[1].contains("no last message")),
        "{broken:?}"
    );
    assert_eq!(said("made-scan-reset", &[], "continuation"), NONE);
    let answers = columns(
        "made-scan-reset",
        &["-2"],
        "aerospike.request_in",
        &["aerospike.request_in"],
    );
    assert_eq!(answers.concat().concat(), vec!["4".to_string(); 100]);
}
