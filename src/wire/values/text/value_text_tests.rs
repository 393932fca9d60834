use super::*;
use crate::wire::values::text::predexp::PredexpText;

fn value(bytes: &[u8]) -> String {
    ValueText(bytes).to_string()
}

fn call(bytes: &[u8]) -> String {
    CallText(CallFamily::Cdt, bytes).to_string()
}

fn exp(bytes: &[u8]) -> String {
    ExpressionText(bytes).to_string()
}

#[test]
fn the_reference_s_examples() {
    // Source: client-protocol 6.1, 6.2, 17.18.
    assert_eq!(value(b"\xA4\x03abc"), r#""abc""#);
    assert_eq!(value(b"\x94\xC7\x00\x01\x01\x02\x03"), "[1,2,3]");
    assert_eq!(value(b"\x82\xC7\x00\x01\xC0\xA2\x03k\xC3"), r#"{"k":true}"#);
    // 17.9
    assert_eq!(
        exp(b"\x93\x04\x93\x51\x02\xa3age\x15"),
        r#"ge(int_bin("age"), 21)"#
    );
    assert_eq!(
        call(b"\x93\xcc\xff\x92\x22\xa5\x03addr\x95\x43\xa5\x03city\xa5\x03Oslo\x01\x00"),
        r#"map_put("city", "Oslo", KEY_ORDERED) @ map_key("addr")"#
    );
    assert_eq!(
        call(b"\x93\x61\x07\xa5\x03name"),
        r#"map_get_by_key(VALUE, "name")"#
    );
    // 17.20: error details, whose strings have no type byte.
    let details = b"\x82\x01\x01\x02\xa7bad ttl";
    assert_eq!(RawValueText(details).to_string(), r#"{1:1,2:"bad ttl"}"#);
    // 17.21
    assert_eq!(
        call(b"\x93\xcc\xff\x94\x10\xff\x11\x00\x93\x0c\x01\x05"),
        "list_increment(1, 5) @ list_index(-1)/list_rank(0)"
    );
    // 17.22
    assert_eq!(
        exp(b"\x93\x01\x95\x7f\x02\x00\x91\x60\x95\x7f\x05\x40\x93\x43\xa3\x03zz\x01\x93\x51\x05\xa1m\x03"),
        r#"eq(map_size(map_put("zz", 1, map_bin("m"))), 3)"#
    );
}

#[test]
fn every_kind_of_value() {
    assert_eq!(
        value(b"\xCF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"),
        "18446744073709551615"
    );
    assert_eq!(value(b"\xCB\x40\x00\x00\x00\x00\x00\x00\x00"), "2.0");
    assert_eq!(value(b"\xC4\x03\x04\x00\xFF"), "0x00ff");
    assert_eq!(value(b"\xA3\x09\x80\x02"), "0x8002");
    assert_eq!(value(b"\xC4\x02\xEE\xFF"), "0xeeff");
    assert_eq!(value(b"\xA0"), r#""""#);
    assert_eq!(value(b"\xA1\x03"), r#""""#);
    assert_eq!(value(b"\xA3age"), r#""age""#);
    assert_eq!(value(b"\xA4\x17{ }"), "geo({ })");
    assert_eq!(value(b"\xC7\x01\x05\xAA"), "ext(5,0xaa)");
    assert_eq!(value(b"\x92\xD4\xFF\x00\xD4\xFF\x01"), "[WILDCARD,INF]");
    assert_eq!(
        value(b"\xAC\x12\x00\x08\x0A\x31\x00\x00\x00\x00\x00\x00\x00"),
        "hll(index_bits=8,minhash_bits=10,count=49)"
    );
    assert_eq!(value(b"\xA3\x12\x00\x08"), "hll(0x0008)");
    assert_eq!(value(b"\x92\x90\x80"), "[[],{}]");
    assert_eq!(value(b"\x81\x91\x01\x91\x02"), "{[1]:[2]}");
}

#[test]
fn what_is_no_text_is_a_blob() {
    // Clients send blobs with the type byte of a string.
    assert_eq!(value(b"\xa3\x03\x01\x02"), "0x0102");
    assert_eq!(value(b"\xa2\x03\x09"), "\"\\t\"");
    assert_eq!(value(b"\xa6\x03\xff\xfeabc"), "0xfffe616263");
    assert_eq!(value(b"\xa5\x03ab\xc3c"), "\"ab\\xc3c\"");
    assert_eq!(value(b"\xa1\x03"), "\"\"");
}

#[test]
fn text_stays_one_harmless_line() {
    let mut out = String::new();
    write_quoted(&mut out, b"a\"b\\c\n\r\t\x00\x1b\x7f\xff\xc3\xa9\xe2\x80\xae").unwrap();
    assert_eq!(
        out,
        "\"a\\\"b\\\\c\\n\\r\\t\\u0000\\u001b\\u007f\\xff\u{e9}\\u202e\""
    );
    // Cut in the middle of a character.
    assert_eq!(value(b"\xA3\x03a\xC3"), r#""a\xc3""#);
    assert_eq!(value(b"\xA5\x17\"\x00\xC2\x85"), "geo(\"\\u0000\\u0085)");
}

#[test]
fn what_cannot_be_read_ends_the_text() {
    assert_eq!(value(b""), "…");
    assert_eq!(value(b"\x93\x01\x81\xA2\x03a"), r#"[1,{"a"…"#);
    assert_eq!(call(b"\x93\xcc\xff\x92\x22"), "…");
    assert_eq!(call(b"\x93\x43\xA2\x03a"), r#"map_put("a"…"#);
    assert_eq!(exp(b"\x93\x01\x93\x51\x02"), "eq(int_bin(…");
}

#[test]
fn forms_of_calls() {
    assert_eq!(call(b"\x00\x05\x91\x00"), "list_pop(0)");
    assert_eq!(call(b"\x00\x10"), "list_size()");
    assert_eq!(call(b"\x92\x0e\x01"), "list_op_14(1)");
    // Source: client-protocol 6.6, constructed.
    assert_eq!(
        call(b"\x93\xcc\xfe\x94\x22\xA2\x03a\x04\x93\x03\x93\x7a\x02\x01\x05\x11"),
        r#"cdt_select(LEAF_VALUES|NO_FAIL) @ map_key("a")/all_children(gt(int_loopvar(VALUE), 5))"#
    );
    assert_eq!(
        call(b"\x94\xcc\xfe\x92\x04\xc3\x04\x91\x64"),
        "cdt_select(APPLY, result_remove()) @ all_children(true)"
    );
    assert_eq!(
        ContextText(b"\x94\x2a\x92\x01\x02\xcd\x02\x04\xc3").to_string(),
        "map_key_list([1,2])/and_filter(true)"
    );
    assert_eq!(
        call(b"\x93\xcc\xff\x92\xcd\x01\xa2\xA2\x03a\x91\x60"),
        r#"map_size() @ map_key_create("a", KEY_ORDERED, PERSIST_INDEX)"#
    );
    // Source: client-protocol 6.9: the context of a string operation stands in the same list.
    assert_eq!(
        CallText(CallFamily::String, b"\x94\xcc\xff\x92\x10\x00\x43\xA2\x03x").to_string(),
        r#"string_append("x") @ list_index(0)"#
    );
    assert_eq!(
        CallText(CallFamily::Text, b"\x91\x00").to_string(),
        "to_string_op_0()"
    );
}

#[test]
fn hll_calls_with_hlls() {
    let hll = b"\xAC\x12\x00\x04\x00\x07\x00\x00\x00\x00\x00\x00\x00";
    let mut union = b"\x93\x02\x92".to_vec();
    union.extend(hll);
    union.extend(hll);
    union.push(8);
    assert_eq!(
        CallText(CallFamily::Hll, &union).to_string(),
        "hll_set_union([hll(index_bits=4,minhash_bits=0,count=7),\
         hll(index_bits=4,minhash_bits=0,count=7)], ALLOW_FOLD)"
    );
}

#[test]
fn calls_inside_expressions() {
    // A context stands behind the operand; a list among the arguments is an expression.
    assert_eq!(
        exp(
            b"\x93\x01\x95\x7f\x02\x00\x93\xcc\xff\x94\x22\xA2\x03f\x10\x00\x93\x61\x07\x92\x7c\xa1k\
              \x93\x51\x05\xa1m\x01"
        ),
        r#"eq(map_get_by_key(VALUE, var("k"), map_bin("m")) @ map_key("f")/list_index(0), 1)"#
    );
    assert_eq!(
        exp(b"\x95\x7f\x04\x40\x92\x02\x92\x7e\x92\x01\x02\x93\x51\x04\xa1l"),
        r#"list_append_items([1,2], list_bin("l"))"#
    );
    // Nothing but the operand: no comma before it.
    assert_eq!(
        exp(b"\x95\x7f\x04\x40\x92\x0d\x00\x93\x51\x04\xa1l"),
        r#"list_sort(list_bin("l"))"#
    );
    assert_eq!(
        exp(b"\x95\x7f\x04\x00\x93\xcc\xfe\x92\x04\xc3\x01\x93\x51\x05\xa1m"),
        r#"cdt_select(LEAF_VALUES, map_bin("m")) @ all_children(true)"#
    );
}

#[test]
fn forms_of_expressions() {
    assert_eq!(
        exp(b"\x93\x08\x93\x51\x08\xa1g\xA3\x17{}"),
        r#"geo_compare(geo_bin("g"), geo({}))"#
    );
    assert_eq!(exp(b"\x92\x50\x02"), "int_key()");
    assert_eq!(exp(b"\x92\x50\x0c"), "type_12_key()");
    assert_eq!(
        exp(b"\x94\x07\x00\xa3\x03.*\x93\x51\x03\xa1s"),
        "regex_compare(\"\\u0003.*\", str_bin(\"s\"))"
    );
    assert_eq!(exp(b"\x92\xcc\xc8\x01"), "exp_op_200(1)");
    assert_eq!(exp(b"\x92\x7e\x90"), "[]");
    assert_eq!(exp(b"\xc3"), "true");
    assert_eq!(EvaluationText(b"\x91\x91\x00").to_string(), "unknown()");
    assert_eq!(
        EvaluationText(b"\x92\x91\x00\x11").to_string(),
        "unknown(), CREATE_ONLY|EVAL_NO_FAIL"
    );
}

#[test]
fn a_full_buffer_is_the_writers_error() {
    struct Full(usize);
    impl Write for Full {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 = self.0.checked_sub(text.len()).ok_or(fmt::Error)?;
            Ok(())
        }
    }
    let list = [&[0xDC, 0xFF, 0xFF][..], &[1; 0xFFFF]].concat();
    assert!(write!(Full(100), "{}", ValueText(&list)).is_err());
    assert!(write!(Full(200_000), "{}", ValueText(&list)).is_ok());
    let item = [0, 11, 0, 0, 0, 3, b'a', b'b', b'c'];
    assert!(write!(Full(2), "{}", PredexpText(&item)).is_err());
}

#[test]
fn a_bin_has_the_text_that_it_would_have_in_a_list() {
    use crate::wire::values::particle::ParticleType;
    let text = |kind, bytes| BinText(&Value::parse(kind, bytes).unwrap()).to_string();
    assert_eq!(text(ParticleType::NULL, b""), "nil");
    assert_eq!(text(ParticleType::INTEGER, b"\xff"), "255");
    assert_eq!(text(ParticleType::FLOAT, b"\x40\x04\0\0\0\0\0\0"), "2.5");
    assert_eq!(text(ParticleType::BOOL, b"\x01"), "true");
    assert_eq!(text(ParticleType::STRING, b"a\"b"), r#""a\"b""#);
    assert_eq!(text(ParticleType::BLOB, b"\x0a"), "0x0a");
    assert_eq!(text(ParticleType::LIST, b"\x92\x01\xc0"), "[1,nil]");
    assert_eq!(text(ParticleType::GEOJSON, b"\0\0\0{}"), "geo({})");
    let hll = b"\0\x08\0\x31\0\0\0\0\0\0\0";
    assert_eq!(
        text(ParticleType::HLL, hll),
        "hll(index_bits=8,minhash_bits=0,count=49)"
    );
}
