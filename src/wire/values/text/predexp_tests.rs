use super::*;
use proptest::prelude::*;

fn put(out: &mut Vec<u8>, tag: u16, data: &[u8]) {
    out.extend(tag.to_be_bytes());
    out.extend((data.len() as u32).to_be_bytes());
    out.extend(data);
}

/// `age > 30 and (s matches "u.*" or NOT void_time == 0)`.
fn sample() -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, 100, b"age");
    put(&mut out, 10, &30i64.to_be_bytes());
    put(&mut out, 202, b"");
    put(&mut out, 101, b"s");
    put(&mut out, 11, b"u.*");
    put(&mut out, 212, &2u32.to_be_bytes());
    put(&mut out, 152, b"");
    put(&mut out, 10, &0i64.to_be_bytes());
    put(&mut out, 200, b"");
    put(&mut out, 3, b"");
    put(&mut out, 2, &[0, 2]);
    put(&mut out, 1, &[0, 2]);
    out
}

#[test]
fn postfix_becomes_prefix() {
    assert_eq!(
        PredexpText(&sample()).to_string(),
        "and(gt(int_bin(\"age\"), 30), or(regex_compare(ICASE, str_bin(\"s\"), \"u.*\"), \
         not(eq(void_time(), 0))))"
    );
}

#[test]
fn iteration_geojson_and_digest() {
    let mut out = Vec::new();
    put(&mut out, 121, b"x");
    put(&mut out, 11, b"a");
    put(&mut out, 210, b"");
    put(&mut out, 103, b"l");
    put(&mut out, 250, b"x");
    put(&mut out, 102, b"loc");
    put(&mut out, 12, b"\0\0\0{}");
    put(&mut out, 220, b"");
    put(&mut out, 153, &3i32.to_be_bytes());
    put(&mut out, 10, &1i64.to_be_bytes());
    put(&mut out, 200, b"");
    put(&mut out, 1, &[0, 3]);
    assert_eq!(
        PredexpText(&out).to_string(),
        "and(list_or(\"x\", eq(str_var(\"x\"), \"a\"), list_bin(\"l\")), \
         geo_within(geo_bin(\"loc\"), geo({})), eq(digest_modulo(3), 1))"
    );
}

#[test]
fn what_makes_no_tree_stays_in_order() {
    let mut out = Vec::new();
    put(&mut out, 10, &5i64.to_be_bytes());
    put(&mut out, 200, b"");
    put(&mut out, 1, &[0, 9]);
    put(&mut out, 77, &[1]);
    assert_eq!(PredexpText(&out).to_string(), "5 eq and(9) predexp_77(0x01)");
    out.truncate(out.len() - 1);
    assert_eq!(PredexpText(&out).to_string(), "5 eq and(9) …");
}

#[test]
fn deep_and_long_predicates_stay_in_order() {
    let mut deep = Vec::new();
    put(&mut deep, 152, b"");
    for _ in 0..40 {
        put(&mut deep, 3, b"");
    }
    assert!(PredexpText(&deep).to_string().starts_with("void_time() not not"));
    let mut long = Vec::new();
    for _ in 0..200 {
        put(&mut long, 152, b"");
    }
    put(&mut long, 1, &[0, 200]);
    assert!(PredexpText(&long).to_string().ends_with("void_time() and(200)"));
}

#[test]
fn a_cut_item_says_what_it_needed() {
    let input = sample();
    for cut in 1..input.len() {
        let items = Items(&input[..cut]).collect::<Vec<_>>();
        let read: usize = items.iter().flatten().map(|item| item.bytes.len()).sum();
        assert_eq!(read == cut, items.iter().all(Result::is_ok));
        let _ = PredexpText(&input[..cut]).to_string();
    }
    let error = Items(&input[..8]).next().unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "predexp data: its length needs 3 bytes, 2 left"
    );
}

proptest! {
    #[test]
    fn any_bytes(input in proptest::collection::vec(any::<u8>(), 0..128)) {
        let _ = PredexpText(&input).to_string();
    }

    #[test]
    fn any_items(items in proptest::collection::vec(
        (prop::sample::select(PredexpTag::TABLE), proptest::collection::vec(0u8..4, 0..9)), 0..140)
    ) {
        let mut out = Vec::new();
        for (row, data) in &items {
            put(&mut out, row.value as u16, data);
        }
        prop_assert_eq!(Items(&out).count(), items.len());
        let _ = PredexpText(&out).to_string();
    }
}
