//! Payloads that real clients sent, from captures of a server 8.1 and the Python client, each with
//! the text that the list of what was done confirms.

use super::*;

/// The text of a payload of the kind that the first letter says: a list or map call, a bit call, an
/// HLL call, an expression, an expression operation, a value.
fn text(kind: char, hex: &str) -> String {
    let bytes = (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
        .collect::<Vec<_>>();
    match kind {
        'c' => CallText(CallFamily::Cdt, &bytes).to_string(),
        'b' => CallText(CallFamily::Bits, &bytes).to_string(),
        'h' => CallText(CallFamily::Hll, &bytes).to_string(),
        'e' => ExpressionText(&bytes).to_string(),
        'x' => EvaluationText(&bytes).to_string(),
        _ => ValueText(&bytes).to_string(),
    }
}

fn check(rows: &[(char, &str, &str)]) {
    for (kind, hex, expected) in rows {
        assert_eq!(text(*kind, hex), *expected, "{hex}");
    }
}

#[test]
#[rustfmt::skip]
fn operate_list() {
    check(&[
        ('v', "950503090107", "[5,3,9,1,7]"),
        ('v', "939301020381a603696e6e6572931e0a1492920908920706", r#"[[1,2,3],{"inner":[30,10,20]},[[9,8],[7,6]]]"#),
        ('c', "92010b", "list_append(11)"),
        ('c', "920293a20361cb4004000000000000a20401", r#"list_append_items(["a",2.5,0x01])"#),
        ('c', "930300ff", "list_insert(0, -1)"),
        ('c', "930401926465", "list_insert_items(1, [100,101])"),
        ('c', "9110", "list_size()"),
        ('c', "921102", "list_get(2)"),
        ('c', "93120103", "list_get_range(1, 3)"),
        ('v', "93646505", "[100,101,5]"),
        ('c', "931307ff", "list_get_by_index(VALUE, -1)"),
        ('c', "9418070103", "list_get_by_index_range(VALUE, 1, 3)"),
        ('c', "9418ce000100070103", "list_get_by_index_range(INVERTED|VALUE, 1, 3)"),
        ('v', "99ff030901070ba20361cb4004000000000000a20401", r#"[-1,3,9,1,7,11,"a",2.5,0x01]"#),
        ('c', "93180504", "list_get_by_index_range(COUNT, 4)"),
        ('c', "93150700", "list_get_by_rank(VALUE, 0)"),
        ('c', "941a07fd03", "list_get_by_rank_range(VALUE, -3, 3)"),
        ('v', "93a20361a20401cb4004000000000000", r#"["a",0x01,2.5]"#),
        ('c', "931a0300", "list_get_by_rank_range(RANK, 0)"),
        ('v', "9c000102030405060708090a0b", "[0,1,2,3,4,5,6,7,8,9,10,11]"),
        ('c', "93160109", "list_get_all_by_value(INDEX, 9)"),
        ('v', "9105", "[5]"),
        ('c', "931703930507a20361", r#"list_get_all_by_value_list(RANK, [5,7,"a"])"#),
        ('v', "93030409", "[3,4,9]"),
        ('c', "9419070309", "list_get_by_value_interval(VALUE, 3, 9)"),
        ('v', "93050307", "[5,3,7]"),
        ('c', "941902c009", "list_get_by_value_interval(REVINDEX, nil, 9)"),
        ('v', "950b08070504", "[11,8,7,5,4]"),
        ('c', "94190d05d4ff01", "list_get_by_value_interval(EXISTS, 5, INF)"),
        ('c', "93160d09", "list_get_all_by_value(EXISTS, 9)"),
        ('c', "951b07050002", "list_get_by_value_rel_rank_range(VALUE, 5, 0, 2)"),
        ('v', "920705", "[7,5]"),
        ('c', "93160591d4ff00", "list_get_all_by_value(COUNT, [WILDCARD])"),
        ('c', "930c000a", "list_increment(0, 10)"),
        ('c', "930c00cb3fe0000000000000", "list_increment(0, 0.5)"),
        ('c', "930900a50373657430", r#"list_set(0, "set0")"#),
        ('c', "920d02", "list_sort(DROP_DUPLICATES)"),
        ('c', "920001", "list_set_type(ORDERED)"),
        ('v', "9dc7000101030507090b6465a20361a50373657430a20401cb4004000000000000", r#"[1,3,5,7,9,11,100,101,"a","set0",0x01,2.5]"#),
        ('c', "9401060105", "list_append(6, ORDERED, ADD_UNIQUE|NO_FAIL)"),
        ('c', "9401060001", "list_append(6, ADD_UNIQUE)"),
        ('c', "93230506", "list_remove_all_by_value(COUNT, 6)"),
        ('c', "932407926465", "list_remove_all_by_value_list(VALUE, [100,101])"),
        ('v', "926465", "[100,101]"),
        ('c', "9426070306", "list_remove_by_value_interval(VALUE, 3, 6)"),
        ('v', "920305", "[3,5]"),
        ('c', "93200700", "list_remove_by_index(VALUE, 0)"),
        ('c', "9425000001", "list_remove_by_index_range(NONE, 0, 1)"),
        ('c', "932207ff", "list_remove_by_rank(VALUE, -1)"),
        ('c', "9427070001", "list_remove_by_rank_range(VALUE, 0, 1)"),
        ('v', "9109", "[9]"),
        ('c', "952807050001", "list_remove_by_value_rel_rank_range(VALUE, 5, 0, 1)"),
        ('v', "910b", "[11]"),
        ('c', "920000", "list_set_type(UNORDERED)"),
        ('c', "920296000102030405", "list_append_items([0,1,2,3,4,5])"),
        ('c', "920500", "list_pop(0)"),
        ('c', "93060002", "list_pop_range(0, 2)"),
        ('v', "92a50373657430a20401", r#"["set0",0x01]"#),
        ('c', "920700", "list_remove(0)"),
        ('c', "93080001", "list_remove_range(0, 1)"),
        ('c', "930a0002", "list_trim(0, 2)"),
        ('v', "920203", "[2,3]"),
        ('c', "910b", "list_clear()"),
        ('c', "93ccff921000920104", "list_append(4) @ list_index(0)"),
        ('c', "93ccff94100122a603696e6e657293150700", r#"list_get_by_rank(VALUE, 0) @ list_index(1)/map_key("inner")"#),
        ('c', "93ccff94100122a603696e6e6572920d00", r#"list_sort() @ list_index(1)/map_key("inner")"#),
        ('c', "93ccff9410ff1100930c0105", "list_increment(1, 5) @ list_index(-1)/list_rank(0)"),
        ('c', "93ccff941002139209089110", "list_size() @ list_index(2)/list_value([9,8])"),
        ('c', "93ccff92cc90039201a5036d616465", r#"list_append("made") @ list_index_create(3, UNORDERED_UNBOUNDED)"#),
        ('v', "94940102030481a603696e6e6572930a141e9292090892070b91a5036d616465", r#"[[1,2,3,4],{"inner":[10,20,30]},[[9,8],[7,11]],["made"]]"#),
        ('c', "920011", "list_set_type(ORDERED|PERSIST_INDEX)"),
        ('v', "91c70001", "[]"),
        ('c', "920101", "list_append(1)"),
        ('c', "920102", "list_append(2)"),
        ('v', "920102", "[1,2]"),
        ('c', "921163", "list_get(99)"),
        ('c', "93ccff921007920101", "list_append(1) @ list_index(7)"),
    ]);
}

#[test]
#[rustfmt::skip]
fn operate_map() {
    check(&[
        ('c', "9443a203610100", r#"map_put("a", 1)"#),
        ('c', "9443a2036292010201", r#"map_put("b", [1,2], KEY_ORDERED)"#),
        ('c', "93448507a603736576656ea2036303a20364cb4012000000000000a20365a50466697665a2036681a2037881a203790100", r#"map_put_items({7:"seven","c":3,"d":4.5,"e":0x66697665,"f":{"x":{"y":1}}})"#),
        ('c', "9543a20361090005", r#"map_put("a", 9, NO_OVERWRITE|NO_FAIL)"#),
        ('c', "9543a20361090001", r#"map_put("a", 9, NO_OVERWRITE)"#),
        ('c', "9543a3037a7a090002", r#"map_put("zz", 9, NO_CREATE)"#),
        ('c', "9449a203610a00", r#"map_increment("a", 10)"#),
        ('c', "944aa203610300", r#"map_decrement("a", 3)"#),
        ('c', "9160", "map_size()"),
        ('c', "924003", "map_set_type(KEY_VALUE_ORDERED)"),
        ('v', "88c70003c007a603736576656ea2036108a20362920102a2036303a20364cb4012000000000000a20365a50466697665a2036681a2037881a2037901", r#"{7:"seven","a":8,"b":[1,2],"c":3,"d":4.5,"e":0x66697665,"f":{"x":{"y":1}}}"#),
        ('c', "936107a20361", r#"map_get_by_key(VALUE, "a")"#),
        ('c', "936107a5036e6f7065", r#"map_get_by_key(VALUE, "nope")"#),
        ('c', "93610da20361", r#"map_get_by_key(EXISTS, "a")"#),
        ('c', "946708a20361a20364", r#"map_get_by_key_interval(KEY_VALUE_MAP, "a", "d")"#),
        ('v', "84c70008c0a2036108a20362920102a2036303", r#"{"a":8,"b":[1,2],"c":3}"#),
        ('c', "946706a20362d4ff01", r#"map_get_by_key_interval(KEY, "b", INF)"#),
        ('c', "936b0893a20361a2036307", r#"map_get_by_key_list(KEY_VALUE_MAP, ["a","c",7])"#),
        ('v', "84c70008c007a603736576656ea2036108a2036303", r#"{7:"seven","a":8,"c":3}"#),
        ('c', "936b1192a20361a20363", r#"map_get_by_key_list(ORDERED_MAP, ["a","c"])"#),
        ('v', "83c70001c0a2036108a2036303", r#"{"a":8,"c":3}"#),
        ('c', "936b1092a20361a20363", r#"map_get_by_key_list(UNORDERED_MAP, ["a","c"])"#),
        ('c', "93660603", "map_get_all_by_value(KEY, 3)"),
        ('c', "9469030109", "map_get_by_value_interval(RANK, 1, 9)"),
        ('c', "936c019203cb4012000000000000", "map_get_by_value_list(INDEX, [3,4.5])"),
        ('c', "936cce000100059203cb4012000000000000", "map_get_by_value_list(INVERTED|COUNT, [3,4.5])"),
        ('c', "93620800", "map_get_by_index(KEY_VALUE_MAP, 0)"),
        ('v', "82c70008c007a603736576656e", r#"{7:"seven"}"#),
        ('c', "946808fe02", "map_get_by_index_range(KEY_VALUE_MAP, -2, 2)"),
        ('v', "83c70008c0a20365a50466697665a2036681a2037881a2037901", r#"{"e":0x66697665,"f":{"x":{"y":1}}}"#),
        ('c', "936408ff", "map_get_by_rank(KEY_VALUE_MAP, -1)"),
        ('v', "82c70008c0a20364cb4012000000000000", r#"{"d":4.5}"#),
        ('c', "946a080003", "map_get_by_rank_range(KEY_VALUE_MAP, 0, 3)"),
        ('v', "84c70008c0a2036303a203610807a603736576656e", r#"{"c":3,"a":8,7:"seven"}"#),
        ('c', "956e08030002", "map_get_by_value_rel_rank_range(KEY_VALUE_MAP, 3, 0, 2)"),
        ('v', "83c70008c0a2036303a2036108", r#"{"c":3,"a":8}"#),
        ('c', "956d08a203620002", r#"map_get_by_key_rel_index_range(KEY_VALUE_MAP, "b", 0, 2)"#),
        ('v', "83c70008c0a20362920102a2036303", r#"{"b":[1,2],"c":3}"#),
        ('c', "93ccff9422a2036622a203789443a503646565700200", r#"map_put("deep", 2) @ map_key("f")/map_key("x")"#),
        ('c', "93ccff9422a203662000936107a20379", r#"map_get_by_key(VALUE, "y") @ map_key("f")/map_index(0)"#),
        ('c', "93ccff92cca2a5036d6164659443a2036e0100", r#"map_put("n", 1) @ map_key_create("made", KEY_ORDERED)"#),
        ('c', "93ccff9221ff9160", "map_size() @ map_rank(-1)"),
        ('c', "93ccff9223920102920103", "list_append(3) @ map_value([1,2])"),
        ('v', "89c70003c007a603736576656ea2036108a2036293010203a2036303a20364cb4012000000000000a20365a50466697665a2036681a2037882a5036465657002a2037901a5036d61646581a2036e01", r#"{7:"seven","a":8,"b":[1,2,3],"c":3,"d":4.5,"e":0x66697665,"f":{"x":{"deep":2,"y":1}},"made":{"n":1}}"#),
        ('c', "934c07a20363", r#"map_remove_by_key(VALUE, "c")"#),
        ('c', "93510893a20364a20365a5036e6f7065", r#"map_remove_by_key_list(KEY_VALUE_MAP, ["d","e","nope"])"#),
        ('v', "83c70008c0a20364cb4012000000000000a20365a50466697665", r#"{"d":4.5,"e":0x66697665}"#),
        ('c', "945405a20366a20367", r#"map_remove_by_key_interval(COUNT, "f", "g")"#),
        ('c', "935206a603736576656e", r#"map_remove_all_by_value(KEY, "seven")"#),
        ('c', "93448a000001010204030904100519062407310840095100", "map_put_items({0:0,1:1,2:4,3:9,4:16,5:25,6:36,7:49,8:64,9:81})"),
        ('c', "935306921019", "map_remove_by_value_list(KEY, [16,25])"),
        ('c', "9456080005", "map_remove_by_value_interval(KEY_VALUE_MAP, 0, 5)"),
        ('v', "84c70008c0000001010204", "{0:0,1:1,2:4}"),
        ('c', "934d0800", "map_remove_by_index(KEY_VALUE_MAP, 0)"),
        ('v', "82c70008c00309", "{3:9}"),
        ('c', "9455080001", "map_remove_by_index_range(KEY_VALUE_MAP, 0, 1)"),
        ('v', "82c70008c00624", "{6:36}"),
        ('c', "934f0800", "map_remove_by_rank(KEY_VALUE_MAP, 0)"),
        ('v', "82c70008c0a2036108", r#"{"a":8}"#),
        ('c', "9457080001", "map_remove_by_rank_range(KEY_VALUE_MAP, 0, 1)"),
        ('v', "82c70008c00731", "{7:49}"),
        ('c', "955908010001", "map_remove_by_value_rel_rank_range(KEY_VALUE_MAP, 1, 0, 1)"),
        ('v', "82c70008c00840", "{8:64}"),
        ('c', "955808a203610001", r#"map_remove_by_key_rel_index_range(KEY_VALUE_MAP, "a", 0, 1)"#),
        ('v', "82c70008c0a2036293010203", r#"{"b":[1,2,3]}"#),
        ('v', "83c70003c00951a5036d61646581a2036e01", r#"{9:81,"made":{"n":1}}"#),
        ('c', "914b", "map_clear()"),
        ('v', "81c70003c0", "{}"),
        ('c', "924011", "map_set_type(KEY_ORDERED|PERSIST_INDEX)"),
        ('c', "924000", "map_set_type(UNORDERED)"),
        ('c', "9443a203620200", r#"map_put("b", 2)"#),
        ('c', "946a080002", "map_get_by_rank_range(KEY_VALUE_MAP, 0, 2)"),
        ('v', "83c70008c0a2036101a2036202", r#"{"a":1,"b":2}"#),
        ('c', "93ccfe9204c300", "cdt_select(MATCHING_TREE) @ all_children(true)"),
    ]);
}

#[test]
#[rustfmt::skip]
fn operate_bit() {
    check(&[
        ('b', "9332040c", "bit_get(4, 12)"),
        ('b', "9436001001", "bit_get_int(0, 16, SIGNED)"),
        ('b', "93330040", "bit_count(0, 64)"),
        ('b', "94340040c3", "bit_lscan(0, 64, true)"),
        ('b', "94350040c2", "bit_rscan(0, 64, false)"),
        ('b', "94000c0000", "bit_resize(12)"),
        ('b', "94000a0001", "bit_resize(10, FROM_FRONT)"),
        ('b', "940101a304dead00", "bit_insert(1, 0xdead)"),
        ('b', "9402000100", "bit_remove(0, 1)"),
        ('b', "9503030aa304ffff00", "bit_set(3, 10, 0xffff)"),
        ('b', "950c0810cd123400", "bit_set_int(8, 16, 4660)"),
        ('b', "95040008a2048100", "bit_or(0, 8, 0x81)"),
        ('b', "95050008a204ff00", "bit_xor(0, 8, 0xff)"),
        ('b', "95060008a2040f00", "bit_and(0, 8, 0x0f)"),
        ('b', "9407001000", "bit_not(0, 16)"),
        ('b', "950800200300", "bit_lshift(0, 32, 3)"),
        ('b', "950900200200", "bit_rshift(0, 32, 2)"),
        ('b', "960a0010cd01f40004", "bit_add(0, 16, 500, WRAP)"),
        ('b', "960b0010070003", "bit_subtract(0, 16, 7, SIGNED|SATURATE)"),
        ('b', "9503030aa304ffff06", "bit_set(3, 10, 0xffff, UPDATE_ONLY|NO_FAIL)"),
        ('b', "93330008", "bit_count(0, 8)"),
        ('b', "9332cd270f08", "bit_get(9999, 8)"),
        ('b', "93320008", "bit_get(0, 8)"),
    ]);
}

#[test]
#[rustfmt::skip]
fn operate_hll() {
    check(&[
        ('h', "940008ff00", "hll_init(8, -1)"),
        ('h', "950193a3037531a3037532a303763108ff00", r#"hll_add(["u1","u2","v1"], 8, -1)"#),
        ('h', "9400060800", "hll_init(6, 8)"),
        ('h', "9132", "hll_count()"),
        ('h', "9137", "hll_describe()"),
        ('h', "9103", "hll_refresh_count()"),
        ('h', "920406", "hll_fold(6)"),
        ('h', "940063ff00", "hll_init(99, -1)"),
    ]);
}

#[test]
#[rustfmt::skip]
fn expressions_record() {
    check(&[
        ('e', "9301935102a1690a", r#"eq(int_bin("i"), 10)"#),
        ('e', "9301935102a1690b", r#"eq(int_bin("i"), 11)"#),
        ('e', "94109303935102a169059306935107a164cb40040000000000009302935103a173a20378", r#"and(gt(int_bin("i"), 5), le(float_bin("d"), 2.5), ne(str_bin("s"), "x"))"#),
        ('e', "94119212935101a17493029252a37a7a7a0093019252a17303", r#"or(not(bool_bin("t")), ne(bin_type("zzz"), NULL), eq(bin_type("s"), STRING))"#),
        ('e', "940702a548454c2e2a935103a173", r#"regex_compare(ICASE, "HEL.*", str_bin("s"))"#),
        ('e', "9308935108a167d940177b2274797065223a20224165726f436972636c65222c2022636f6f7264696e61746573223a205b5b2d3132322e302c2033372e355d2c203130303030305d7d", r#"geo_compare(geo_bin("g"), geo({"type": "AeroCircle", "coordinates": [[-122.0, 37.5], 100000]}))"#),
        ('e', "9a1093019146a50364656d6f93049145ff9303914200930491430091479301925003a50365782d319212914893049144ff930492400300", r#"and(eq(set_name(), "demo"), ge(ttl(), -1), gt(last_update(), 0), ge(since_update(), 0), key_exists(), eq(str_key(), "ex-1"), not(is_tombstone()), ge(void_time(), -1), ge(digest_modulo(3), 0))"#),
        ('e', "9303914a00", "gt(record_size(), 0)"),
        ('e', "9304914100", "ge(device_size(), 0)"),
        ('e', "9304914900", "ge(memory_size(), 0)"),
        ('e', "93019414935102a169050716", r#"eq(add(int_bin("i"), 5, 7), 22)"#),
        ('e', "930394339316935102a169029315935102a16901921bfd931a1105", r#"gt(max(mul(int_bin("i"), 2), sub(int_bin("i"), 1), abs(-3)), mod(17, 5))"#),
        ('e', "93039318935107a164cb4000000000000000921c9319935107a164cb4000000000000000", r#"gt(pow(float_bin("d"), 2.0), floor(log(float_bin("d"), 2.0)))"#),
        ('e', "9301921e935107a16402", r#"eq(to_int(float_bin("d")), 2)"#),
        ('e', "967da1789314935102a16901a1799316927ca178029303927ca179927ca178", r#"let(def("x", add(int_bin("i"), 1)), def("y", mul(var("x"), 2)), gt(var("y"), var("x")))"#),
        ('e', "967b9301935102a16901930101019303935102a169059301020293010304", r#"cond(eq(int_bin("i"), 1), eq(1, 1), gt(int_bin("i"), 5), eq(2, 2), eq(3, 4))"#),
        ('e', "93139301935102a1690a9301935102a1690b", r#"exclusive(eq(int_bin("i"), 10), eq(int_bin("i"), 11))"#),
        ('e', "9301957f02009110935104a16c03", r#"eq(list_size(list_bin("l")), 3)"#),
        ('e', "9301957f0200931507ff935104a16c03", r#"eq(list_get_by_rank(VALUE, -1, list_bin("l")), 3)"#),
        ('e', "9301957f0200936107a20361935105a16d01", r#"eq(map_get_by_key(VALUE, "a", map_bin("m")), 1)"#),
        ('e', "9301957f02009160957f05409343a3037a7a01935105a16d03", r#"eq(map_size(map_put("zz", 1, map_bin("m"))), 3)"#),
        ('e', "9301935104a16c927e93030102", r#"eq(list_bin("l"), [3,1,2])"#),
        ('e', "9301935105a16d82a2036101a2036202", r#"eq(map_bin("m"), {"a":1,"b":2})"#),
        ('e', "9301957f020193330020935106a16205", r#"eq(bit_count(0, 32, blob_bin("b")), 5)"#),
        ('e', "9301935106a162a50401020304", r#"eq(blob_bin("b"), 0x01020304)"#),
        ('e', "9301935102a46e6f706501", r#"eq(int_bin("nope"), 1)"#),
        ('x', "929314935102a1692000", r#"add(int_bin("i"), 32)"#),
        ('x', "929301935103a173a60368656c6c6f00", r#"eq(str_bin("s"), "hello")"#),
        ('x', "929316935102a1690300", r#"mul(int_bin("i"), 3)"#),
        ('x', "92910010", "unknown(), EVAL_NO_FAIL"),
        ('x', "929316935102a46e6f70650300", r#"mul(int_bin("nope"), 3)"#),
        ('x', "92a40374787401", r#""txt", CREATE_ONLY"#),
        ('e', "93019320935102a1690202", r#"eq(int_and(int_bin("i"), 2), 2)"#),
        ('e', "93019324935102a1690228", r#"eq(int_lshift(int_bin("i"), 2), 40)"#),
        ('e', "93019227935102a16902", r#"eq(int_count(int_bin("i")), 2)"#),
    ]);
}

#[test]
#[rustfmt::skip]
fn expressions_query_scan() {
    check(&[
        ('e', "9305935102a16907", r#"lt(int_bin("i"), 7)"#),
        ('e', "93109301935103a46e616d65a6036e616d65339304935107a164cb4024000000000000", r#"and(eq(str_bin("name"), "name3"), ge(float_bin("d"), 10.0))"#),
    ]);
}
