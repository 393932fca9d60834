use proptest::prelude::*;

use super::plausible::{self, Confidence, Fit, TrafficFamily, anchored_fit, fit, resync};
use super::samples::{self, hex};
use super::*;
use crate::wire::internode::fabric;

fn msg(bytes: &[u8]) -> Msg<'_> {
    let (rest, msg) = Msg::read(bytes).unwrap();
    assert!(rest.is_empty(), "{} bytes left", rest.len());
    msg
}

fn family(bytes: &[u8]) -> TrafficFamily {
    if Header::read(bytes).unwrap().1.kind.is_heartbeat() {
        TrafficFamily::Heartbeat
    } else {
        TrafficFamily::Fabric
    }
}

#[test]
fn header() {
    let (rest, header) = Header::read(&[0, 0, 0, 0x7a, 0, 5, 1]).unwrap();
    assert_eq!(rest, [1]);
    assert_eq!(
        (header.size, header.kind, header.length()),
        (122, MsgType::HEARTBEAT, 128)
    );
    assert_eq!(header.complaint(), None);
    assert!(
        Header::read(&[0, 0, 0, 1, 0, 18])
            .unwrap()
            .1
            .complaint()
            .is_some()
    );
    assert!(
        Header::read(&[7, 0xff, 0xff, 0xfa, 0, 7])
            .unwrap()
            .1
            .complaint()
            .is_none()
    );
    assert!(
        Header::read(&[7, 0xff, 0xff, 0xfb, 0, 7])
            .unwrap()
            .1
            .complaint()
            .is_some()
    );
    let error = input::reason(Header::read(&[0, 0, 0, 1, 0]).unwrap_err());
    assert_eq!(
        error.to_string(),
        "msg type: its fixed width needs 2 bytes, 1 left"
    );
}

#[test]
fn fields_fill_the_message_and_know_their_bytes() {
    for sample in samples::all() {
        let mut rest = &sample[..];
        while !rest.is_empty() {
            let (after, msg) = Msg::read(rest).unwrap();
            let fields: Vec<_> = msg.fields().map(Result::unwrap).collect();
            let length: usize = fields.iter().map(|field| field.bytes.len()).sum();
            assert_eq!(length, msg.body.len());
            assert_eq!(fields[0].bytes.as_ptr(), rest[6..].as_ptr());
            for field in &fields {
                assert!(!field.is_cut());
                field.value().unwrap();
            }
            rest = after;
        }
    }
}

#[test]
fn every_known_field_has_the_wire_type_of_its_table() {
    for sample in samples::all() {
        let (_, msg) = Msg::read(&sample).unwrap();
        let table = fabric::table(&msg).unwrap();
        for field in msg.fields().flatten() {
            assert!(table.of(&field).is_some(), "{} field {}", table.name, field.id);
        }
    }
}

#[test]
fn every_truncation_shows_the_fields_before_it() {
    for sample in samples::all() {
        let whole = Msg::read(&sample).unwrap().1;
        let fields: Vec<_> = whole.fields().flatten().collect();
        for end in 0..whole.bytes.len() {
            let Ok((_, cut)) = Msg::read(&sample[..end]) else {
                assert!(end < HEADER_SIZE);
                continue;
            };
            assert!(cut.is_cut());
            let mut seen = 0;
            for (here, there) in cut.fields().zip(&fields) {
                match here {
                    Ok(here) => {
                        assert_eq!((here.id, here.size), (there.id, there.size));
                        seen += here.bytes.len();
                    }
                    Err(error) => {
                        assert!(error.needed > error.at.len());
                        seen = cut.body.len();
                    }
                }
            }
            assert_eq!(seen, cut.body.len());
        }
    }
}

#[test]
fn values_by_wire_type() {
    let body = hex("00 00 02 00000004 00000001  00 01 04 00000008 0000000000000002
                    00 02 05 00000003 616200  00 03 07 00000008 0000000100000002
                    00 04 08 00000008 0000000000000003  00 05 0b 00000002 9105
                    00 06 0c 00000001 ff");
    let bytes = [&[0, 0, 0, body.len() as u8, 0, 7], &body[..]].concat();
    let values: Vec<_> = msg(&bytes)
        .fields()
        .map(|f| f.unwrap().value().unwrap())
        .collect();
    assert_eq!(
        values[..3],
        [MsgValue::Uint(1), MsgValue::Uint(2), MsgValue::Str(b"ab")]
    );
    let MsgValue::Uints(uints) = values[3] else {
        panic!()
    };
    assert_eq!(uints.map(|(_, value)| value).collect::<Vec<_>>(), [1, 2]);
    let MsgValue::Uints(uints) = values[4] else {
        panic!()
    };
    assert_eq!(uints.map(|(_, value)| value).collect::<Vec<_>>(), [3]);
    let MsgValue::List(list) = values[5] else { panic!() };
    assert_eq!(list.get(0), Some(list::Item::Uint(5)));
    assert_eq!(values[6], MsgValue::Buf(&[0xff]), "an unknown wire type is sized");
}

#[test]
fn values_that_are_wrong() {
    for (field, why) in [
        ("00 00 02 00000003 000001", "the size is not that of the integer"),
        ("00 00 05 00000002 6162", "a string has no NUL at its end"),
        ("00 00 05 00000000", "a string has no NUL at its end"),
        (
            "00 00 07 00000003 000001",
            "the size is no multiple of the element's",
        ),
        ("00 00 0b 00000001 05", "the value is no list"),
    ] {
        let body = hex(field);
        let bytes = [&[0, 0, 0, body.len() as u8, 0, 7], &body[..]].concat();
        let error = msg(&bytes).fields().next().unwrap().unwrap().value().unwrap_err();
        assert_eq!(error.by, why);
    }
}

#[test]
fn a_field_is_no_longer_than_its_message() {
    let bytes = hex("00 00 00 08 00 07 00 02 06 00 00 00 02 74 65 73 74");
    let (_, msg) = Msg::read(&bytes).unwrap();
    let error = msg.fields().next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "msg field: its size needs 2 bytes, 1 left");
    assert_eq!(msg.fields().count(), 1);
    assert_eq!(fit(&bytes), Fit::No);
    assert_eq!(
        fit(&bytes[..13]),
        Fit::No,
        "the size says so before the value is there"
    );
}

#[test]
fn the_last_of_repeated_fields_counts() {
    let bytes = hex("00 00 00 0e 00 07 00 0a 01 00 00 00 01 00 0a 01 00 00 00 02");
    assert_eq!(msg(&bytes).uint(10), Some(2));
    assert_eq!(msg(&bytes).uint(11), None);
}

#[test]
fn every_sample_is_claimed_and_every_other_thing_is_not() {
    for sample in samples::all() {
        assert_eq!(plausible::stream(&sample, family(&sample)), Confidence::Yes);
        let other = match family(&sample) {
            TrafficFamily::Heartbeat => TrafficFamily::Fabric,
            TrafficFamily::Fabric => TrafficFamily::Heartbeat,
        };
        assert_eq!(plausible::stream(&sample, other), Confidence::No);
    }
    let proto = hex("02 03 00 00 00 00 00 52 16 00 01 00 00 00 00 00 00 00 00 00 00 00 03 e8 00 03 00 01");
    let tls = hex("16 03 01 02 00 01 00 01 fc 03 03 00 00 00 00 00 00 00 00 00 00 00 00 00");
    let embedded = hex("00 00 00 00 00 16 16 00 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 00 00 00");
    for bytes in [
        &proto[..],
        &tls,
        &embedded,
        &[0; 64],
        b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
    ] {
        for family in [TrafficFamily::Heartbeat, TrafficFamily::Fabric] {
            assert_eq!(plausible::stream(bytes, family), Confidence::No);
            assert_eq!(resync(bytes, family), None);
        }
        assert!(!plausible::datagram(bytes));
    }
}

#[test]
fn a_claim_waits_for_what_is_missing() {
    for sample in samples::all() {
        let family = family(&sample);
        for end in 0..sample.len() {
            let claim = plausible::stream(&sample[..end], family);
            assert_ne!(
                claim,
                Confidence::No,
                "{family:?} of type {:?} cut at {end}",
                &sample[4..6]
            );
        }
    }
}

#[test]
fn a_datagram_is_one_message() {
    let mut pulse = samples::b();
    assert!(plausible::datagram(&pulse));
    assert!(!plausible::datagram(&pulse[..100]));
    assert!(plausible::cut_datagram(&pulse[..100], pulse.len()));
    assert!(!plausible::cut_datagram(&pulse[..100], 100));
    pulse.push(0);
    assert!(!plausible::datagram(&pulse));
    assert!(!plausible::datagram(&samples::h()));
}

#[test]
fn a_compressed_heartbeat_is_known_by_its_zlib_header() {
    let wrapper = hex("00 00 00 0b 00 05 00 06 06 00 00 00 04 78 da 03 00");
    assert_eq!(anchored_fit(&wrapper), Fit::Whole(17));
    let other = hex("00 00 00 0b 00 05 00 06 06 00 00 00 04 78 db 03 00");
    assert_eq!(anchored_fit(&other), Fit::No);
}

#[test]
fn old_messages_have_anchors_too() {
    let v2 = hex("00 00 00 16 00 01 00 00 02 00 00 00 04 00 00 68 63 00 01 02 00 00 00 04 00 00 00 00");
    assert_eq!(anchored_fit(&v2), Fit::Whole(28));
    let paxos = hex("00 00 00 0b 00 02 00 00 02 00 00 00 04 00 00 70 7b");
    assert_eq!(anchored_fit(&paxos), Fit::Whole(17));
    let smd = hex("00 00 00 0b 00 0f 00 01 02 00 00 00 04 00 00 12 3b");
    assert_eq!(anchored_fit(&smd), Fit::Whole(17));
    let hello = hex("00 00 00 0f 00 00 00 00 04 00 00 00 08 0b b9 2e 2d 67 27 00 08");
    assert_eq!(
        anchored_fit(&hello),
        Fit::Whole(21),
        "before 3.11: the node alone"
    );
}

#[test]
fn resync_finds_the_next_message() {
    let tail_of_a_record = &samples::h()[60..];
    let bytes = [tail_of_a_record, &samples::h_ack(), &samples::h()].concat();
    assert_eq!(
        resync(&bytes, TrafficFamily::Fabric),
        Some(tail_of_a_record.len())
    );
    // The last one may go on in the next segment.
    assert_eq!(
        resync(&bytes[..bytes.len() - 9], TrafficFamily::Fabric),
        Some(tail_of_a_record.len())
    );
    let only = [tail_of_a_record, &samples::h()[..50]].concat();
    assert_eq!(resync(&only, TrafficFamily::Fabric), Some(tail_of_a_record.len()));
    assert_eq!(resync(&bytes, TrafficFamily::Heartbeat), None);
    let pulses = [&samples::c()[9..], &samples::c(), &samples::a()].concat();
    assert_eq!(
        resync(&pulses, TrafficFamily::Heartbeat),
        Some(samples::c().len() - 9)
    );
    assert_eq!(resync(&[0; 4096], TrafficFamily::Fabric), None);
}

#[test]
fn resync_is_linear() {
    // Headers of the longest sizes everywhere: each place costs a bounded walk.
    let bytes = hex("07 00 00 00 00 07 00 00 01 00 00 00 08").repeat(20_000);
    let start = std::time::Instant::now();
    let _ = resync(&bytes, TrafficFamily::Fabric);
    assert!(start.elapsed().as_secs() < 5);
}

proptest! {
    #[test]
    fn any_bytes_come_to_an_end(kind in 0u16..20, body in proptest::collection::vec(any::<u8>(), 0..300), size in 0u32..400) {
        let mut bytes = size.to_be_bytes().to_vec();
        bytes.extend(kind.to_be_bytes());
        bytes.extend(&body);
        let (rest, msg) = Msg::read(&bytes).unwrap();
        prop_assert_eq!(msg.bytes.len() + rest.len(), bytes.len());
        prop_assert!(msg.fields().count() <= msg.body.len() / 7 + 1);
        for field in msg.fields().flatten() {
            match field.value() {
                Ok(MsgValue::List(list)) => prop_assert!(list.items().count() <= field.data.len() + 1),
                Ok(MsgValue::Array(array)) => prop_assert!(array.iter().count() <= field.data.len()),
                Ok(MsgValue::Uints(uints)) => prop_assert!(uints.count() <= field.data.len()),
                _ => {}
            }
        }
        let facts = fabric::FabricFacts::of(&msg);
        let _ = (facts.op_name(), facts.partition(), fabric::links::link(&msg, &facts));
        let _ = crate::wire::internode::heartbeat::HeartbeatSummary::of(&msg);
        for family in [TrafficFamily::Heartbeat, TrafficFamily::Fabric] {
            let _ = (plausible::stream(&bytes, family), resync(&bytes, family));
        }
    }

    #[test]
    fn any_change_of_a_sample_is_read(which in 0usize..17, at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = samples::all()[which].clone();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let (_, msg) = Msg::read(&bytes).unwrap();
        let facts = fabric::FabricFacts::of(&msg);
        let _ = fabric::links::link(&msg, &facts);
        for field in msg.fields().flatten() {
            let _ = field.value();
            if let Ok(record) = crate::wire::internode::record::FlatRecord::read(field.data) {
                prop_assert!(record.parts().count() <= field.data.len());
            }
            prop_assert!(crate::wire::internode::heartbeat::info_reply(field.data).count() <= field.data.len());
            if let Ok(data) = crate::wire::internode::heartbeat::PaxosData::read(field.data) {
                let _ = data.complaint();
            }
        }
        let _ = resync(&bytes, TrafficFamily::Fabric);
    }

    #[test]
    fn noise_is_never_claimed(bytes in proptest::collection::vec(any::<u8>(), 40..400)) {
        for family in [TrafficFamily::Heartbeat, TrafficFamily::Fabric] {
            prop_assert_ne!(plausible::stream(&bytes, family), Confidence::Yes);
        }
    }
}
