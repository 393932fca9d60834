//! Other protocols on the port: named rightly; a connection whose sides both speak one is its own, without an error.

use crate::common::fields::columns;
use crate::common::host::host;
use crate::common::make::{Endpoint, Maker, record_answer, record_request};

/// Whether the client says it, and what.
type Said<'a> = (bool, &'a [u8]);

const CLIENT: Endpoint = ([10, 0, 0, 9], 41000);
const NODE: Endpoint = ([10, 0, 0, 1], 3000);

/// What scanners send first, and what it is.
const PROBES: [(&[u8], &str); 9] = [
    (b"OPTIONS sip:nm SIP/2.0\r\nVia: SIP/2.0/TCP nm\r\n\r\n", "SIP"),
    (b"OPTIONS / RTSP/1.0\r\n\r\n", "RTSP"),
    (b"OPTIONS / HTTP/1.0\r\n\r\n", "HTTP"),
    (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP"),
    (b"\0\0\0\xa4\xffSMB\x72\0\0\0\0\x08\x01\x40", "SMB"),
    (b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x02\x04\0\x80\0", "LDAP"),
    (b"\0\x0c\0\0\x10\0\0\0\0\0\0\0\0\0", "DNS over TCP"),
    (b"JRMI\0\x02\x4b", "Java RMI"),
    (b"*1\r\n$4\r\nPING\r\n", "Redis"),
];

#[test]
fn probes_are_named() {
    let mut made = Maker::new();
    let mut wanted = Vec::new();
    for (number, (bytes, words)) in PROBES.iter().enumerate() {
        let end = (CLIENT.0, 41000 + number as u16);
        made.connect(end, NODE);
        made.send(end, NODE, bytes);
        wanted.push((made.frames(), format!("look like {words}")));
        made.refuse(NODE, end);
    }
    host().put("made-probes", &made.finish());
    let rows = columns(
        "made-probes",
        &["-2"],
        "aerospike.refused",
        &["frame.number", "aerospike.detail"],
    );
    for (frame, words) in wanted {
        let row = rows.iter().find(|row| row[0] == [frame.to_string()]);
        let said = row.map(|row| row[1].join(",")).unwrap_or_default();
        assert!(said.contains(&words), "frame {frame}: {said}, not {words}");
    }
}

/// Whether errors are left on a later pass.
fn errors(name: &str) -> Vec<String> {
    let filter = "aerospike && _ws.expert.severity == error";
    columns(name, &["-2"], filter, &["frame.number"])
        .concat()
        .concat()
}

#[test]
fn a_connection_of_another_protocol_is_its_own() {
    let cases: [(&str, &[Said<'_>]); 4] = [
        (
            "made-redis",
            &[
                (true, b"*1\r\n$4\r\nPING\r\n"),
                (false, b"+PONG\r\n"),
                (true, b"*1\r\n$4\r\nPING\r\n"),
                (false, b"+PONG\r\n"),
            ],
        ),
        (
            "made-http",
            &[
                (true, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
                (false, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
            ],
        ),
        (
            "made-sip",
            &[
                (true, b"OPTIONS sip:nm SIP/2.0\r\nVia: SIP/2.0/TCP nm\r\n\r\n"),
                (false, b"SIP/2.0 200 OK\r\n\r\n"),
            ],
        ),
        // The server is the first to speak.
        (
            "made-ssh",
            &[
                (false, b"SSH-2.0-OpenSSH_9.2\r\n"),
                (true, b"SSH-2.0-OpenSSH_9.3\r\n"),
            ],
        ),
    ];
    for (name, talk) in cases {
        for is_answered in [true, false] {
            let name = format!("{name}-{is_answered}");
            let mut made = Maker::new();
            made.connect(CLIENT, NODE);
            for (is_client, bytes) in talk.iter().take(if is_answered { talk.len() } else { 1 }) {
                let (from, to) = if *is_client {
                    (CLIENT, NODE)
                } else {
                    (NODE, CLIENT)
                };
                made.send(from, to, bytes);
                made.wait(0.01);
            }
            made.refuse(NODE, CLIENT);
            host().put(&name, &made.finish());
            assert_eq!(
                errors(&name).is_empty(),
                is_answered,
                "{name}: {:?}",
                errors(&name)
            );
        }
    }
}

/// A proxy answers in HTTP what was asked in the protocol: that is no connection of HTTP's.
#[test]
fn an_answer_in_another_protocol_is_an_error() {
    let mut made = Maker::new();
    made.connect(CLIENT, NODE);
    made.send(CLIENT, NODE, &record_request(1, false)); // 4
    made.send(NODE, CLIENT, &record_answer(0)); // 5
    made.send(CLIENT, NODE, &record_request(2, false)); // 6
    made.send(NODE, CLIENT, b"HTTP/1.1 400 Bad Request\r\n\r\n"); // 7
    host().put("made-proxy", &made.finish());
    assert_eq!(errors("made-proxy"), ["7"]);
}
