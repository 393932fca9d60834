use proptest::prelude::*;

use super::*;
use super::{cdt, expression};
use crate::wire::values::tables::call::CallFamily;
use crate::wire::values::text::value_text::{
    CallText, EvaluationText, ExpressionText, RawValueText, ValueText,
};

/// Keeps a line a node, and checks that the nodes lie inside and behind each other.
#[derive(Default)]
struct Record {
    lines: Vec<String>,
    /// Address where an open node begins, and where its last part ended.
    open: Vec<(usize, usize)>,
    events: usize,
    /// Fail at this event.
    fail_at: Option<usize>,
    /// Step over nodes with this label.
    over: Option<&'static str>,
    wrong: Vec<String>,
}

impl Record {
    fn event(&mut self) -> Result<(), usize> {
        self.events += 1;
        match self.fail_at {
            Some(at) if at == self.events => Err(at),
            _ => Ok(()),
        }
    }

    fn line(&mut self, node: &Node<'_>) {
        let kind = match node.kind {
            NodeKind::Coded(coded) => coded.to_string(),
            kind => format!("{kind:?}").split([' ', '{']).next().unwrap().to_owned(),
        };
        let depth = "  ".repeat(self.open.len());
        self.lines
            .push(format!("{depth}{} {}: {kind}", node.index, node.role.label()));
    }

    /// `bytes` begin behind what was told before.
    fn behind(&mut self, bytes: &[u8]) {
        let start = bytes.as_ptr() as usize;
        if let Some((_, end)) = self.open.last_mut() {
            assert!(start >= *end);
            *end = start + bytes.len();
        }
    }
}

impl<'a> Sink<'a> for Record {
    type Error = usize;

    fn open(&mut self, node: &Node<'a>) -> Result<Visit, usize> {
        self.event()?;
        self.line(node);
        let start = node.bytes.as_ptr() as usize;
        assert!(self.open.last().is_none_or(|(_, end)| start >= *end));
        self.open.push((start, start));
        match self.over {
            Some(label) if label == node.role.label() => Ok(Visit::Over),
            _ => Ok(Visit::Into),
        }
    }

    fn close(&mut self, node: &Node<'a>) -> Result<(), usize> {
        self.event()?;
        let (start, end) = self.open.pop().unwrap();
        assert_eq!(start, node.bytes.as_ptr() as usize);
        assert!(end <= start + node.bytes.len());
        self.behind(node.bytes);
        Ok(())
    }

    fn leaf(&mut self, node: &Node<'a>) -> Result<(), usize> {
        self.event()?;
        assert!(!node.bytes.is_empty());
        self.line(node);
        self.behind(node.bytes);
        Ok(())
    }

    fn wrong(&mut self, why: &Malformed<'a>) -> Result<(), usize> {
        self.wrong.push(why.to_string());
        Ok(())
    }
}

/// Source: client-protocol 17.9, `[255, [34, "addr"], [67, "city", "Oslo", 1, 0]]`.
const PUT_IN_CONTEXT: &[u8] = b"\x93\xcc\xff\x92\x22\xa5\x03addr\x95\x43\xa5\x03city\xa5\x03Oslo\x01\x00";

/// Source: client-protocol 17.22.
const NESTED_CALL: &[u8] = b"\x93\x01\x95\x7f\x02\x00\x91\x60\x95\x7f\x05\x40\x93\x43\xa3\x03zz\x01\
    \x93\x51\x05\xa1m\x03";

#[test]
fn a_call_in_a_context_is_told_part_by_part() {
    let mut record = Record::default();
    assert_eq!(
        cdt::call(CallFamily::Cdt, PUT_IN_CONTEXT, &mut record),
        Ok(&[][..])
    );
    assert_eq!(
        record.lines,
        [
            "0 value: InContext(Call",
            "  0 operation: context_eval",
            "  0 context: Context",
            "    0 level: Level(ContextType(34))",
            "      0 type: map_key",
            "      1 value: String([97,",
            "  1 call: Call(Call",
            "    0 operation: map_put",
            "    0 key: String([99,",
            "    1 value: String([79,",
            "    2 order: KEY_ORDERED",
            "    3 write flags: DEFAULT",
        ]
    );
    assert!(record.wrong.is_empty());
}

#[test]
fn an_expression_with_nested_calls_is_told_part_by_part() {
    let mut record = Record::default();
    assert_eq!(expression::expression(NESTED_CALL, &mut record), Ok(&[][..]));
    assert_eq!(
        record.lines,
        [
            "0 value: Expression",
            "  0 opcode: eq",
            "  0 left: Expression",
            "    0 opcode: call",
            "    0 result type: int",
            "    1 system: CDT",
            "    2 call: Call(Call",
            "      0 operation: map_size",
            "    3 bin or value: Expression",
            "      0 opcode: call",
            "      0 result type: map",
            "      1 system: CDT|MODIFY",
            "      2 call: Call(Call",
            "        0 operation: map_put",
            "        0 key: String([122,",
            "        1 value: Int(1)",
            "      3 bin or value: Expression",
            "        0 opcode: bin",
            "        0 bin type: map",
            "        1 bin name: Raw([109])",
            "  1 right: Int(3)",
        ]
    );
}

#[test]
fn metadata_are_told_but_not_counted() {
    let mut record = Record::default();
    // Source: client-protocol 6.2.
    value(b"\x82\xc7\x00\x01\xc0\xa2\x03k\xc3", &mut record).unwrap();
    assert_eq!(
        record.lines,
        [
            "0 value: Map",
            "  0 order: KEY_ORDERED",
            "  0 pair: Pair",
            "    0 key: String([107])",
            "    1 value: Bool(true)",
        ]
    );
}

#[test]
fn the_error_of_a_sink_ends_the_walk() {
    let mut whole = Record::default();
    cdt::call(CallFamily::Cdt, PUT_IN_CONTEXT, &mut whole).unwrap();
    for at in 1..=whole.events {
        let mut record = Record {
            fail_at: Some(at),
            ..Record::default()
        };
        assert_eq!(
            cdt::call(CallFamily::Cdt, PUT_IN_CONTEXT, &mut record),
            Err(Stop::Sink(at))
        );
        assert_eq!(record.events, at);
    }
}

#[test]
fn a_node_can_be_stepped_over() {
    for over in ["value", "context", "level", "call", "pair"] {
        let mut record = Record {
            over: Some(over),
            ..Record::default()
        };
        assert_eq!(
            cdt::call(CallFamily::Cdt, PUT_IN_CONTEXT, &mut record),
            Ok(&[][..])
        );
        assert_eq!(value(b"\x82\x01\x92\x02\x03\x04\x05", &mut record), Ok(&[][..]));
        // The legacy form runs to the end of what there is.
        assert_eq!(
            cdt::call(CallFamily::Cdt, b"\x00\x01\x91\x05", &mut record),
            Ok(&[][..])
        );
    }
}

#[test]
fn nesting_ends_at_32_levels_and_all_before_it_is_told() {
    let mut input = vec![0x91; 32];
    input.push(1);
    let mut record = Record::default();
    assert_eq!(value(&input, &mut record), Ok(&[][..]));
    assert_eq!(record.lines.len(), 33);

    input.insert(0, 0x91);
    let mut record = Record::default();
    let Err(Stop::Malformed(why)) = value(&input, &mut record) else {
        panic!("33 levels");
    };
    assert_eq!(why.to_string(), "msgpack value: nested deeper than 32 levels");
    assert_eq!(why.at.len(), 2);
    assert_eq!(record.lines.len(), 32);

    let deep = b"\x92\x12".repeat(40);
    let mut record = Record::default();
    assert!(expression::expression(&deep, &mut record).is_err());
    assert_eq!(record.lines.len(), 64);
}

#[test]
fn what_stands_before_a_cut_is_told_and_is_not_called_wrong() {
    for (input, expression) in [(PUT_IN_CONTEXT, false), (NESTED_CALL, true)] {
        let mut last = 0;
        for cut in 0..input.len() {
            let mut record = Record::default();
            let walked = if expression {
                expression::expression(&input[..cut], &mut record)
            } else {
                cdt::call(CallFamily::Cdt, &input[..cut], &mut record)
            };
            assert!(matches!(walked, Err(Stop::Malformed(why)) if why.needed > 0));
            assert_eq!(record.wrong, [""; 0]);
            let leaves = record.lines.len();
            assert!(leaves >= last, "cut at {cut}");
            last = leaves;
        }
    }
}

#[test]
fn a_count_that_lies_is_told_with_what_there_is() {
    let mut record = Record::default();
    let Err(Stop::Malformed(why)) = value(&[0xDD, 255, 255, 255, 255, 1, 2], &mut record) else {
        panic!("4 billion elements");
    };
    assert_eq!(
        why.to_string(),
        "msgpack list: its count needs 4294967293 bytes, 0 left"
    );
    assert_eq!(record.lines.len(), 3);
}

#[test]
fn what_is_not_as_it_should_be_is_shown_all_the_same() {
    for (input, why) in [
        (&b"\x05"[..], "call: not a list that begins with an operation"),
        (b"\x91\xc0", "call: not a list that begins with an operation"),
        (b"\x90", "call: not a list that begins with an operation"),
        (
            b"\x92\x60\x01",
            "call: not as many arguments as its operation takes",
        ),
        (b"\x91\x43", "call: not as many arguments as its operation takes"),
        (b"\x93\x13\xc0\x00", "return type: not an integer"),
        (b"\x92\xcc\xff\x90", "call in a context: not three elements"),
        (b"\x93\xcc\xff\x05\x91\x60", "context: not a list"),
        (
            b"\x93\xcc\xff\x91\x10\x91\x60",
            "context: a type without its value",
        ),
        (b"\x92\xcc\xfe\x90", "CDT select: not three or four elements"),
        (b"\x00\x01\x05", "CDT call: its arguments are not a list"),
    ] {
        let mut record = Record::default();
        assert_eq!(
            cdt::call(CallFamily::Cdt, input, &mut record),
            Ok(&[][..]),
            "{why}"
        );
        assert_eq!(record.wrong, [why]);
        assert!(!record.lines.is_empty());
    }
    for input in [
        &b"\x90"[..],
        b"\x91\x01",
        b"\x93\x51\xc0\xa1a",
        b"\x92\x7f\x01",
        b"\x95\x7f\x02\x0b\x91\x60\x01",
        b"\x93\x7b\xc3\x01",
    ] {
        let mut record = Record::default();
        assert_eq!(expression::expression(input, &mut record), Ok(&[][..]));
        assert_eq!(
            record.wrong,
            ["expression: not an opcode with the arguments it takes"]
        );
    }
    let mut record = Record::default();
    assert_eq!(expression::evaluation(b"\x90", &mut record), Ok(&[][..]));
    assert_eq!(record.wrong.len(), 1);
}

#[test]
fn the_operation_is_found_without_a_walk() {
    let name = |family, input| cdt::operation_of(family, input).map(|op| op.to_string());
    assert_eq!(name(CallFamily::Cdt, PUT_IN_CONTEXT).unwrap(), "map_put");
    assert_eq!(name(CallFamily::Cdt, b"\x91\x10").unwrap(), "list_size");
    assert_eq!(name(CallFamily::Cdt, b"\x00\x05\x91\x00").unwrap(), "list_pop");
    assert_eq!(name(CallFamily::Bits, b"\x93\x32\x04\x0c").unwrap(), "bit_get");
    assert_eq!(
        name(CallFamily::String, b"\x93\xcc\xff\x90\x38").unwrap(),
        "string_upper"
    );
    assert_eq!(
        name(CallFamily::Cdt, b"\x93\xcc\xfe\x92\x04\xc3\x00").unwrap(),
        "cdt_select"
    );
    assert_eq!(name(CallFamily::Hll, b"\x05"), None);
    assert_eq!(name(CallFamily::Cdt, b""), None);
}

/// A value with the text it must have.
fn valid() -> impl Strategy<Value = (Vec<u8>, String)> {
    let leaf = prop_oneof![
        Just((vec![0xC0], "nil".to_owned())),
        any::<bool>().prop_map(|value| (vec![0xC2 + u8::from(value)], value.to_string())),
        any::<i64>().prop_map(|value| {
            let mut bytes = vec![0xD3];
            bytes.extend(value.to_be_bytes());
            (bytes, value.to_string())
        }),
        (-32i8..=127).prop_map(|value| (vec![value as u8], value.to_string())),
        (0.0..1e9f64).prop_map(|value| {
            let mut bytes = vec![0xCB];
            bytes.extend(value.to_be_bytes());
            (bytes, format!("{value:?}"))
        }),
        "[a-z \"\\\\\u{e9}]{0,20}".prop_map(|text| {
            let mut bytes = vec![0xD9, text.len() as u8 + 1, 3];
            bytes.extend(text.as_bytes());
            (bytes, serde_json::to_string(&text).unwrap())
        }),
        Just((vec![0xD4, 0xFF, 0], "WILDCARD".to_owned())),
        Just((vec![0xC4, 2, 4, 0xAB], "0xab".to_owned())),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        let list =
            (any::<bool>(), proptest::collection::vec(inner.clone(), 0..8)).prop_map(|(ordered, items)| {
                let count = items.len() as u16 + u16::from(ordered);
                let mut bytes = vec![0xDC];
                bytes.extend(count.to_be_bytes());
                if ordered {
                    bytes.extend([0xC7, 0, 1]);
                }
                bytes.extend(items.iter().flat_map(|(bytes, _)| bytes));
                let texts = items.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>();
                (bytes, format!("[{}]", texts.join(",")))
            });
        let pairs = proptest::collection::vec((inner.clone(), inner), 0..6);
        let map = (any::<bool>(), pairs).prop_map(|(ordered, pairs)| {
            let count = pairs.len() as u32 + u32::from(ordered);
            let mut bytes = vec![0xDF];
            bytes.extend(count.to_be_bytes());
            if ordered {
                bytes.extend([0xC7, 0, 3, 0xC0]);
            }
            bytes.extend(pairs.iter().flat_map(|(key, value)| key.0.iter().chain(&value.0)));
            let texts = pairs.iter().map(|(key, value)| format!("{}:{}", key.1, value.1));
            (bytes, format!("{{{}}}", texts.collect::<Vec<_>>().join(",")))
        });
        prop_oneof![list, map]
    })
}

fn every_walk(input: &[u8], record: impl Fn() -> Record) -> usize {
    let mut events = 0;
    for family in [
        CallFamily::Cdt,
        CallFamily::Bits,
        CallFamily::Hll,
        CallFamily::String,
        CallFamily::Text,
    ] {
        let mut sink = record();
        let _ = cdt::call(family, input, &mut sink);
        events = events.max(sink.events);
        let _ = CallText(family, input).to_string();
        let _ = cdt::operation_of(family, input);
    }
    for walk in [
        value,
        raw_value,
        cdt::context,
        expression::expression,
        expression::evaluation,
    ] {
        let mut sink = record();
        let _ = walk(input, &mut sink);
        events = events.max(sink.events);
    }
    let _ = ValueText(input).to_string();
    let _ = RawValueText(input).to_string();
    let _ = ExpressionText(input).to_string();
    let _ = EvaluationText(input).to_string();
    events
}

/// Bytes that are likelier to be calls and expressions than any bytes.
fn likely() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        (0u8..16).prop_map(|n| vec![0x90 | n]),
        (0u8..8).prop_map(|n| vec![0x80 | n]),
        (0u8..128).prop_map(|n| vec![n]),
        Just(vec![0xCC, 0xFF]),
        Just(vec![0xCC, 0xFE]),
        prop::sample::select(&[81u8, 123, 124, 125, 126, 127][..]).prop_map(|op| vec![0x90 | 5, op]),
        Just(vec![0x95, 127, 2, 0]),
        Just(vec![0xC7, 0, 1]),
        Just(b"\xA3\x03ab".to_vec()),
        any::<u8>().prop_map(|byte| vec![byte]),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_walked_without_harm(input in proptest::collection::vec(any::<u8>(), 0..128)) {
        every_walk(&input, Record::default);
    }

    #[test]
    fn likely_bytes_are_walked_without_harm(input in likely(), over in prop::option::of(
        prop::sample::select(&["context", "call", "left", "value", "element", "pair", "level"][..])
    )) {
        let events = every_walk(&input, || Record { over, ..Record::default() });
        // A leaf has a byte of its own; a list, a pair, a level or a definition has two events.
        prop_assert!(events <= 6 * input.len() + 2);
    }

    #[test]
    fn valid_values_have_their_text_and_end_where_they_end((bytes, text) in valid()) {
        prop_assert_eq!(ValueText(&bytes).to_string(), text);
        let mut record = Record::default();
        prop_assert_eq!(value(&bytes, &mut record), Ok(&[][..]));
        prop_assert!(record.open.is_empty());
        let skipped = crate::wire::values::particle::msgpack::skip(&bytes);
        prop_assert!(matches!(skipped, Ok((&[], ()))));
        for cut in 0..bytes.len() {
            prop_assert!(value(&bytes[..cut], &mut Record::default()).is_err());
        }
    }
}
