use proptest::prelude::*;

use super::bin::BinValue;
use super::*;

/// Example H of the reference: the record of a replica write.
pub(crate) const RECORD: [u8; 67] = [
    0x01, 0xf2, 0x7a, 0x03, 0x04, 0x00, 0x70, 0x04, 0x14, 0xfb, 0x80, 0xdd, 0x83, 0xda, 0x90, 0x33, 0x64,
    0x46, 0x1f, 0x78, 0x62, 0x5f, 0xdc, 0x7d, 0x5a, 0x9a, 0xbd, 0x9d, 0x4a, 0xdf, 0x7e, 0x1d, 0x7c, 0x01,
    0x00, 0x04, 0x64, 0x65, 0x6d, 0x6f, 0x06, 0x03, 0x72, 0x65, 0x70, 0x2d, 0x31, 0x02, 0x01, 0x69, 0x01,
    0x01, 0x01, 0x01, 0x73, 0x03, 0x07, 0x00, 0x00, 0x00, 0x76, 0x61, 0x6c, 0x75, 0x65, 0x2d, 0x31,
];

/// Example H with other flags and other bytes behind the head.
fn record(flags: RecordFlags, tail: &[u8]) -> Vec<u8> {
    let mut bytes = RECORD[..35].to_vec();
    bytes[4..8].copy_from_slice(&flags.bits().to_le_bytes());
    bytes.extend(tail);
    bytes
}

fn parts(bytes: &[u8]) -> Vec<Result<PartAt<'_>, Malformed<'_>>> {
    FlatRecord::read(bytes).unwrap().parts().collect()
}

#[test]
fn example_h() {
    let record = FlatRecord::read(&RECORD).unwrap();
    assert_eq!(record.layout, Layout(0x0470_0004));
    assert_eq!(record.layout.n_rblocks(), 4);
    assert_eq!(Layout::n_rblocks_for(RECORD.len()), 4);
    assert_eq!(record.layout.tree_id(), 1);
    assert_eq!(
        record.layout.flags(),
        RecordFlags::HAS_SET | RecordFlags::HAS_KEY | RecordFlags::HAS_BINS
    );
    assert_eq!(record.digest.0, &RECORD[FlatRecord::DIGEST]);
    assert_eq!(record.digest.partition(), 2836);
    assert_eq!(record.last_update_time, UpdateTime(533_070_798_666));
    assert_eq!(record.generation, 1);
    assert_eq!(record.set(), Some(&b"demo"[..]));
    assert_eq!(record.key(), Some((ParticleType::STRING, &b"rep-1"[..])));
    assert_eq!(record.void_time(), None);

    let parts: Vec<_> = record.parts().map(Result::unwrap).collect();
    assert_eq!(parts.len(), 5);
    assert_eq!(parts[0].bytes, b"\x04demo");
    assert_eq!(parts[1].bytes, b"\x06\x03rep-1");
    assert_eq!(parts[2].part, RecordPart::BinCount(2));
    let bins: Vec<_> = record.bins().collect();
    assert_eq!((bins[0].name, bins[0].value), (&b"i"[..], BinValue::Integer(1)));
    assert_eq!(
        (bins[1].name, bins[1].value),
        (&b"s"[..], BinValue::Bytes(b"value-1"))
    );
    let whole: usize = 35 + parts.iter().map(|part| part.bytes.len()).sum::<usize>();
    assert_eq!(whole, RECORD.len());
}

#[test]
fn every_truncation_ends_with_a_reason() {
    for end in 0..RECORD.len() {
        match FlatRecord::read(&RECORD[..end]) {
            Err(error) => assert!(end < 35 && error.needed > error.at.len()),
            Ok(record) => {
                let last = record.parts().last().unwrap();
                assert!(last.is_err(), "cut at {end}: {last:?}");
            }
        }
    }
}

#[test]
fn only_one_magic() {
    let mut dirty = RECORD;
    dirty[0] = 2;
    assert!(FlatRecord::read(&dirty).is_err());
    assert!(!FlatRecord::is_flat(&dirty));
    assert_eq!(FlatRecord::digest_of(&dirty), None);
    assert_eq!(FlatRecord::digest_of(&RECORD), Digest::exactly(&RECORD[8..28]));
    assert_eq!(FlatRecord::digest_of(&RECORD[..27]), None);
}

#[test]
fn a_tombstone_that_expires() {
    let flags = RecordFlags::HAS_EXTRA_FLAGS | RecordFlags::HAS_VOID_TIME;
    let bytes = record(flags, &[1, 0x22, 0x2b, 0x0a, 0x0f]);
    let parts: Vec<_> = parts(&bytes).into_iter().map(|at| at.unwrap().part).collect();
    assert_eq!(
        parts,
        [
            RecordPart::ExtraFlags(ExtraFlags::XDR_TOMBSTONE),
            RecordPart::VoidTime(VoidTime(0x0f0a_2b22))
        ]
    );
    assert_eq!(
        FlatRecord::read(&bytes).unwrap().void_time(),
        Some(VoidTime(0x0f0a_2b22))
    );
}

#[test]
fn what_only_the_enterprise_edition_knows_stops_the_reading() {
    let flags = RecordFlags::HAS_EXTRA_FLAGS | RecordFlags::HAS_SET;
    for (extra, why) in [
        (0x08, Why::Transaction),
        (0x10, Why::Transaction),
        (0x20, Why::Flags),
    ] {
        let bytes = record(flags, &[extra, 1, 2, 3]);
        let parts = parts(&bytes);
        assert_eq!(parts.len(), 2);
        let last = parts[1].unwrap();
        assert_eq!((last.part, last.bytes), (RecordPart::Opaque(why), &bytes[36..]));
    }
    let flags = RecordFlags::HAS_BINS | RecordFlags::IS_COMPRESSED;
    let bytes = record(flags, &[3, 9, 9, 9]);
    let parts = parts(&bytes);
    assert_eq!(parts[0].unwrap().part, RecordPart::BinCount(3));
    assert_eq!(parts[1].unwrap().part, RecordPart::Opaque(Why::Compressed));
    assert_eq!(parts.len(), 2);
}

#[test]
fn a_bin_that_cannot_be_read_hides_those_after_it() {
    let bytes = record(RecordFlags::HAS_BINS, b"\x02\x01a\x11\x01\x01b\x82\x07\x11\x01");
    let parts = parts(&bytes);
    assert_eq!(parts.len(), 3);
    let last = parts[2].unwrap();
    assert_eq!(last.part, RecordPart::Opaque(Why::SourceId));
    assert_eq!(last.bytes, b"\x01b\x82\x07\x11\x01");
}

#[test]
fn padding_is_at_most_15_bytes() {
    let mut bytes = record(RecordFlags::HAS_BINS, b"\x01\x01a\x11\x01");
    let length = bytes.len();
    bytes.extend([0xee; 15]);
    let last = parts(&bytes).pop().unwrap().unwrap();
    assert_eq!((last.part, last.bytes.len()), (RecordPart::Padding, 15));
    bytes.push(0xee);
    let last = parts(&bytes).pop().unwrap();
    assert_eq!(last.unwrap_err().at.as_ptr(), bytes[length..].as_ptr());
}

#[test]
fn lengths_that_are_not_legal() {
    for tail in [&b"\0"[..], b"\x40xxx", b"\x05ab"] {
        let bytes = record(RecordFlags::HAS_SET, tail);
        assert!(parts(&bytes)[0].is_err());
    }
    for tail in [&b"\0"[..], b"\x80\x01x", b"\x05ab", b"\xff\xff\xff\xff\x7f"] {
        let bytes = record(RecordFlags::HAS_KEY, tail);
        assert!(parts(&bytes)[0].is_err());
    }
}

#[test]
fn variable_length_integers() {
    let read = |bytes: &[u8]| uintvar("x")(bytes).map(|(_, n)| n).ok();
    assert_eq!(read(&[0]), Some(0));
    assert_eq!(read(&[0x7f]), Some(127));
    assert_eq!(read(&[0x82, 0x2c]), Some(300));
    assert_eq!(read(&[0x8f, 0xff, 0xff, 0xff, 0x7f]), Some(u32::MAX));
    assert_eq!(read(&[0x90, 0x80, 0x80, 0x80, 0x00]), None);
    assert_eq!(read(&[0x80, 0x01]), None);
    assert_eq!(read(&[0x82]), None);
}

proptest! {
    #[test]
    fn any_bytes_come_to_an_end(
        flags in any::<u32>(),
        tail in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let bytes = record(RecordFlags::from_bits_retain(flags), &tail);
        let record = FlatRecord::read(&bytes).unwrap();
        prop_assert!(record.parts().count() <= tail.len() + 2);
        let read: usize = record.parts().flatten().map(|part| part.bytes.len()).sum();
        prop_assert!(read <= tail.len());
        let _ = (record.set(), record.key(), record.void_time(), record.bins().count());
    }

    #[test]
    fn any_integer_is_read_back(value in any::<u32>()) {
        let groups: Vec<u8> = (0..5).rev().map(|n| (value >> (7 * n)) as u8 & 0x7f).collect();
        let start = groups.iter().position(|byte| *byte != 0).unwrap_or(4);
        let mut bytes = groups[start..].to_vec();
        let last = bytes.len() - 1;
        bytes[..last].iter_mut().for_each(|byte| *byte |= 0x80);
        let (rest, read) = uintvar("x")(&bytes).unwrap();
        prop_assert!(rest.is_empty());
        prop_assert_eq!(read, value);
    }
}
