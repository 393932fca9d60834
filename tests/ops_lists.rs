//! The readers of the operations lists, tried on every list there is.

#[path = "common/mod.rs"]
mod common;

use common::captures;
use common::literal::Lit;
use common::literal_reader::parse;
use common::ops::{Call, Kind, OpsList, Outcome};

fn s(text: &str) -> Lit {
    Lit::Str(text.into())
}

#[test]
fn literals_of_every_kind() {
    let cases = [
        ("None", Lit::None),
        ("True", Lit::Bool(true)),
        ("-9223372036854775808", Lit::Int(i64::MIN.into())),
        ("18322433999430019042", Lit::Int(18_322_433_999_430_019_042)),
        ("-0.25", Lit::Float(-0.25)),
        ("1e+22", Lit::Float(1e22)),
        ("-inf", Lit::Float(f64::NEG_INFINITY)),
        ("''", s("")),
        (r#""it's""#, s("it's")),
        (r"'a\n\x01\u0142\\\''", s("a\n\u{1}ł\\'")),
        ("'日本 🚀'", s("日本 🚀")),
        (r"b'\x00\xffa\t\''", Lit::Bytes(b"\0\xffa\t'".to_vec())),
        ("bytearray(b'abc')", Lit::ByteArray(b"abc".to_vec())),
        ("('a',)", Lit::Tuple(vec![s("a")])),
        ("[]", Lit::List(vec![])),
        (
            "[1, [2, ()]]",
            Lit::List(vec![
                Lit::Int(1),
                Lit::List(vec![Lit::Int(2), Lit::Tuple(vec![])]),
            ]),
        ),
        (
            "{'k': 1, 5: None}",
            Lit::Dict(vec![(s("k"), Lit::Int(1)), (Lit::Int(5), Lit::None)]),
        ),
        (
            "<aerospike.null object at 0x7f1d>",
            Lit::Object("aerospike.null".into()),
        ),
        (
            "HyperLogLog(b'ab')",
            Lit::Call("HyperLogLog".into(), vec![Lit::Bytes(b"ab".to_vec())]),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text).expect(text), expected, "{text}");
    }
}

#[test]
fn no_literal_is_an_error() {
    for text in [
        "", "(", "[1", "{'a'}", "{'a': 1", "'a", r"'\q'", "nope", "1 2", "b'", "(1 2)", "--1",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn what_was_cut_is_known_up_to_the_cut() {
    const CUT: &str = "...<294021 chars, sha1 of repr 20397eacaa2f>";
    let partial = |inner: Lit| Lit::Partial(Box::new(inner));
    let cases = [
        ("'abc", partial(s("abc"))),
        (r"b'a\x0", partial(Lit::Bytes(b"a".to_vec()))),
        ("[1, 23", partial(Lit::List(vec![Lit::Int(1)]))),
        ("[1, 'a", partial(Lit::List(vec![Lit::Int(1), partial(s("a"))]))),
        ("[1, 'a'", partial(Lit::List(vec![Lit::Int(1), s("a")]))),
        (
            "{'l': [1, Tru",
            partial(Lit::Dict(vec![(s("l"), partial(Lit::List(vec![Lit::Int(1)])))])),
        ),
        ("{'l': 1, 'm", partial(Lit::Dict(vec![(s("l"), Lit::Int(1))]))),
        ("{'l': 1, ", partial(Lit::Dict(vec![(s("l"), Lit::Int(1))]))),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(&format!("{text}{CUT}")).expect(text), expected, "{text}");
    }
    assert_eq!(parse("'...<5 chars'").expect("no mark"), s("...<5 chars"));
}

fn only_call(text: &str) -> Call {
    let list = OpsList::parse(text).expect("a list");
    match list.lines.into_iter().next().map(|line| line.kind) {
        Some(Kind::Call(call)) => call,
        other => panic!("no call: {other:?}"),
    }
}

#[test]
fn a_call_with_policy_digest_and_record() {
    let call = only_call(
        "0030 get(('test', 'demo', 'pol-1'), policy={'read_touch_ttl_percent': 80}) [digest ed67384f] => \
         (('test', 'demo', None, bytearray(b'\\xedg8O')), {'ttl': 4294967295, 'gen': 12}, {'c': 10})",
    );
    assert_eq!(call.name, "get");
    assert_eq!(call.policy("read_touch_ttl_percent"), Some(&Lit::Int(80)));
    assert_eq!(call.known_digest(), Some(vec![0xed, 0x67, 0x38, 0x4f]));
    assert_eq!(call.result_code(), 0);
    assert_eq!(call.record_meta().and_then(|m| m.get("gen")), Some(&Lit::Int(12)));
    assert_eq!(call.record_bins().and_then(|b| b.get("c")), Some(&Lit::Int(10)));
    let key = call.key().expect("a key");
    assert_eq!(
        (key.namespace, key.set, key.user_key),
        ("test", Some("demo"), &s("pol-1"))
    );
}

#[test]
fn errors_of_the_server_and_of_the_client() {
    let served =
        only_call("0001 get(('t', 's', 1)) => ERROR code=2 RecordNotFound: 10.77.0.11:3000 NOT_FOUND");
    assert!(!served.stayed_home());
    assert_eq!(served.result_code(), 2);
    let own =
        only_call("0065 put(('t', 's', 1), {'b': 1}) => ERROR code=21 BinNameError: should not exceed 15");
    assert!(own.stayed_home());
    let own = only_call("0011 admin_change_password('b', 'p') => ERROR code=-2 ParamError: invalid");
    assert!(own.stayed_home());
}

#[test]
fn lines_that_are_no_calls() {
    let text = "0001 # a comment\n\
                0002 raw type 0: sent '0200' => received b'\\x02<EOF>'\n\
                0003 scan page 0 => 25 records\n\
                0004 info_all('no-such') => ERROR code=4 InvalidRequest: unrecognized command\n\
                sindex-list: from 10.77.0.11:3000\n";
    let list = OpsList::parse(text).expect("a list");
    assert_eq!(list.lines.len(), 4);
    assert!(matches!(&list.lines[0].kind, Kind::Comment(c) if c == "a comment"));
    assert!(
        matches!(&list.lines[1].kind, Kind::Raw { what, sent, .. } if what == "type 0" && sent == &[2, 0])
    );
    assert!(matches!(&list.lines[2].kind, Kind::Text { result, .. } if result == "25 records"));
    let Kind::Call(call) = &list.lines[3].kind else {
        panic!("no call")
    };
    assert!(matches!(&call.outcome, Outcome::Error { text, .. } if text.ends_with(":3000")));
}

#[test]
fn every_list_is_read_and_its_calls_are_understood() {
    let names: Vec<String> = ["", "scenarios"].into_iter().flat_map(captures::all).collect();
    let (mut lists, mut calls) = (0, 0);
    for name in &names {
        let Some(text) = captures::ops_text(name) else {
            continue;
        };
        let list = OpsList::parse(&text).unwrap_or_else(|bad| panic!("{name}: {bad}"));
        lists += 1;
        for call in list.calls() {
            calls += 1;
            let understood = !matches!(call.outcome, Outcome::Other(_)) || call.name.starts_with("udf_get");
            let words = ["scan", "scan_apply"].contains(&call.name.as_str());
            assert!(understood || words, "{name} line {}: {}", call.line, call.source);
            let keyed = ["put", "get", "remove", "operate", "exists", "touch"].contains(&call.name.as_str());
            assert!(
                !keyed || call.key().is_some(),
                "{name} line {}: no key",
                call.line
            );
            if let Some(digest) = &call.digest {
                assert_eq!(digest.len(), 20, "{name} line {}", call.line);
            }
        }
    }
    assert!(lists > 50 && calls > 700, "{lists} lists, {calls} calls");
}
