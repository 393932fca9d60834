//! Where an answer's time went, against what follows from the times of the frames.

use crate::common::fields::columns;
use crate::common::host::host;
use crate::common::make::{Endpoint, Maker, proto, record_answer, record_request};

const CLIENT: Endpoint = ([10, 0, 0, 9], 41000);
const NODE: Endpoint = ([10, 0, 0, 1], 3000);
const SEGMENT: usize = 1448;

/// The time of each frame in microseconds; frame 1 is at index 1.
fn clock(name: &str) -> Vec<i64> {
    let rows = columns(name, &[], "frame", &["frame.time_epoch"]);
    let mut all = vec![0];
    all.extend(rows.iter().map(|row| microseconds(&row[0][0])));
    all
}

/// `1700000000.000010000`, `0.000010000`.
fn microseconds(text: &str) -> i64 {
    let (seconds, part) = text.split_once('.').expect("a fraction");
    let sign = if seconds.starts_with('-') { -1 } else { 1 };
    let number = |text: &str| text.parse::<i64>().expect("digits");
    sign * (number(seconds).abs() * 1_000_000 + number(&part[..6]))
}

/// A time field of a frame.
fn time(name: &str, frame: u32, field: &str) -> Option<i64> {
    let field = format!("aerospike.{field}");
    let rows = columns(name, &["-2"], &format!("frame.number == {frame}"), &[&field]);
    rows.first()?.first()?.first().map(|text| microseconds(text))
}

/// A write of a blob of that length.
fn large_request(length: usize) -> Vec<u8> {
    let small = record_request(7, true);
    // The operation is 17 bytes.
    let mut body = small[8..small.len() - 17].to_vec();
    body.extend((length as u32 + 5).to_be_bytes());
    body.extend([2, 4, 0, 1, b'v']);
    body.resize(body.len() + length, 7);
    proto(3, &body)
}

/// A record with a blob of that length.
fn large_answer(length: usize) -> Vec<u8> {
    let mut body = vec![22];
    body.resize(22, 0);
    body[21] = 1;
    body.extend((length as u32 + 5).to_be_bytes());
    body.extend([1, 4, 0, 1, b'v']);
    body.resize(body.len() + length, 7);
    proto(3, &body)
}

/// Sends it segment by segment, with pauses.
fn slowly(made: &mut Maker, from: Endpoint, to: Endpoint, data: &[u8], pause: f64) {
    for (number, part) in data.chunks(SEGMENT).enumerate() {
        if number > 0 {
            made.wait(pause);
        }
        made.send(from, to, part);
    }
}

#[test]
fn of_messages_of_several_segments() {
    let name = "made-times";
    let mut made = Maker::new();
    made.syn(CLIENT, NODE); // 1
    made.wait(0.003);
    made.segment(NODE, CLIENT, 2 | 16, 0xff00, &[]); // 2
    made.wait(0.002);
    made.acknowledge(CLIENT, NODE); // 3
    slowly(&mut made, CLIENT, NODE, &large_request(4000), 0.001); // 4, 5, 6
    made.wait(0.007);
    slowly(&mut made, NODE, CLIENT, &large_answer(3000), 0.002); // 7, 8, 9
    made.wait(0.05);
    made.send(CLIENT, NODE, &record_request(1, false)); // 10
    made.wait(0.004);
    made.send(NODE, CLIENT, &record_answer(0)); // 11
    host().put(name, &made.finish());
    let at = clock(name);
    assert_eq!(time(name, 9, "time.request"), Some(at[6] - at[4]));
    assert_eq!(time(name, 9, "time.server"), Some(at[7] - at[6]));
    assert_eq!(time(name, 9, "time.answer"), Some(at[9] - at[7]));
    assert_eq!(time(name, 9, "response_time"), Some(at[9] - at[6]));
    assert_eq!(time(name, 9, "rtt"), Some(at[3] - at[1]));
    // The three parts and nothing else.
    for none in ["time.retransmission", "time.delayed_ack", "time.given_up"] {
        assert_eq!(time(name, 9, none), None, "{none}");
    }
    assert_eq!(time(name, 10, "time.client"), Some(at[10] - at[9]));
    assert_eq!(time(name, 4, "time.client"), None, "nothing was answered before");
    assert_eq!(time(name, 11, "time.request"), Some(0));
    assert_eq!(time(name, 11, "time.server"), Some(at[11] - at[10]));
    assert_eq!(time(name, 11, "time.answer"), Some(0));
}

#[test]
fn of_what_tcp_sends_again() {
    let name = "made-times-again";
    let mut made = Maker::new();
    made.connect(CLIENT, NODE);
    let request = made.send(CLIENT, NODE, &record_request(1, false)); // 4
    made.wait(0.2);
    made.again(request); // 5
    made.wait(0.4);
    made.again(request); // 6
    made.wait(0.003);
    made.send(NODE, CLIENT, &record_answer(0)); // 7
    host().put(name, &made.finish());
    let at = clock(name);
    // A part of the service time: up to the last repetition.
    assert_eq!(time(name, 7, "time.retransmission"), Some(at[6] - at[4]));
    assert_eq!(time(name, 7, "time.server"), Some(at[7] - at[4]));
}

#[test]
fn of_a_rest_that_waits_for_a_delayed_ack() {
    for (name, waited, is_delayed) in [
        ("made-times-nagle", 0.04, true),
        ("made-times-quick-ack", 0.001, false),
    ] {
        let mut made = Maker::new();
        made.connect(CLIENT, NODE);
        let request = large_request(2000);
        made.send(CLIENT, NODE, &request[..SEGMENT]); // 4
        made.wait(waited);
        made.acknowledge(NODE, CLIENT); // 5
        made.send(CLIENT, NODE, &request[SEGMENT..]); // 6
        made.wait(0.001);
        made.send(NODE, CLIENT, &record_answer(0)); // 7
        host().put(name, &made.finish());
        let at = clock(name);
        let wanted = is_delayed.then(|| at[5] - at[4]);
        assert_eq!(time(name, 7, "time.delayed_ack"), wanted, "{name}");
        assert_eq!(time(name, 7, "time.request"), Some(at[6] - at[4]), "{name}");
    }
}

#[test]
fn of_a_client_that_gave_up() {
    let name = "made-times-given-up";
    let mut made = Maker::new();
    made.connect(CLIENT, NODE);
    made.send(CLIENT, NODE, &record_request(1, false)); // 4
    made.wait(0.08);
    made.end(CLIENT, NODE); // 5
    made.wait(0.015);
    made.send(NODE, CLIENT, &record_answer(0)); // 6
    host().put(name, &made.finish());
    let at = clock(name);
    for frame in [4, 6] {
        assert_eq!(time(name, frame, "time.given_up"), Some(at[6] - at[5]), "{frame}");
    }
    assert_eq!(time(name, 6, "time.server"), Some(at[6] - at[4]));
}

/// The whole of a real capture: the parts of each answer's time add up to what the frames say.
#[test]
fn add_up_in_a_real_capture() {
    let name = "kv-all-types";
    let at = clock(name);
    let fields = [
        "frame.number",
        "aerospike.request_in",
        "aerospike.response_time",
        "aerospike.time.server",
        "aerospike.time.answer",
    ];
    let rows = columns(
        name,
        &["-2"],
        "aerospike.time.server && !aerospike.first_response_time",
        &fields,
    );
    let mut count = 0;
    for row in rows.iter().filter(|row| row.iter().all(|cell| cell.len() == 1)) {
        let frame = |cell: usize| row[cell][0].parse::<usize>().expect("a frame");
        let time = |cell: usize| microseconds(&row[cell][0]);
        let (answer, request) = (frame(0), frame(1));
        // Of parts of a microsecond one may be left.
        let near = |one: i64, other: i64| (one - other).abs() <= 2;
        assert!(near(time(2), at[answer] - at[request]), "{answer}");
        assert!(near(time(3) + time(4), time(2)), "{answer}");
        count += 1;
    }
    assert!(count > 50, "{count} answers");
}
