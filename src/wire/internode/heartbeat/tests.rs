use super::endpoint::Capabilities;
use super::state::ClusteringId;
use super::*;
use crate::wire::internode::cluster::ClusterKey;
use crate::wire::internode::container::MsgValue;
use crate::wire::internode::container::samples::{self, hex};

fn msg(bytes: &[u8]) -> Msg<'_> {
    Msg::read(bytes).unwrap().1
}

fn ids(msg: &Msg<'_>) -> Vec<u16> {
    msg.fields().map(|field| field.unwrap().id).collect()
}

fn only_endpoint(field: &MsgField<'_>) -> String {
    let list = endpoints(field.data).unwrap();
    let mut items = list.items();
    let text = items.next().unwrap().unwrap().to_string();
    assert!(items.next().is_none() && items.rest().is_empty());
    text
}

#[test]
fn example_a() {
    let bytes = samples::a();
    let msg = msg(&bytes);
    assert_eq!((msg.header.size, msg.header.kind), (122, MsgType::HEARTBEAT));
    assert_eq!(ids(&msg), [0, 1, 2, 4, 5, 9, 10, 11]);
    assert!(core::ptr::eq(table(&msg).unwrap(), &TABLE_V3));
    assert_eq!(msg.uint(V3::MSG_ID), Some(ProtocolId::V3.0.into()));
    let summary = HeartbeatSummary::of(&msg);
    assert_eq!(summary.kind, Some(HeartbeatType::PULSE));
    assert_eq!(summary.node.unwrap().to_string(), "bb92e2d67270008");
    assert_eq!(summary.cluster_name, None);
    assert_eq!(summary.hlc.unwrap().unix(), (1_517_921_473, 738_000_000));
    assert_eq!(summary.wall_clock, None);
    assert_eq!(summary.nodes.unwrap().count(), 0);
    assert_eq!(
        only_endpoint(&msg.field(V3::ENDPOINTS).unwrap()),
        "10.0.0.11:3002"
    );
    assert_eq!(
        only_endpoint(&msg.field(V3::FABRIC_DATA).unwrap()),
        "10.0.0.11:3001"
    );
    let list = endpoints(msg.field(V3::ENDPOINTS).unwrap().data).unwrap();
    let endpoint = list.items().next().unwrap().unwrap();
    assert_eq!(endpoint.capabilities, Capabilities::empty());
    assert_eq!(endpoint.bytes.as_ptr(), bytes[0x32..].as_ptr());

    let state = summary.state.unwrap();
    assert_eq!(state.protocol, ClusteringId::CLUSTERING);
    let clustering = state.clustering.unwrap();
    assert_eq!(clustering.cluster_key.to_string(), "c3ac8147e8f2");
    assert_eq!(clustering.sequence.0, 0x0161_6b2b_4b62_0000);
    assert_eq!(clustering.sequence.unix(), (1_517_921_454, 946_000_000));
    assert_eq!(clustering.preferred_principal, None);
    assert_eq!(clustering.succession_length, 1);
    assert_eq!(state.succession.first(), Some(NodeId(0x0bb9_2e2d_6727_0008)));
    assert_eq!(state.complaint(), None);
    assert_eq!(
        state.bytes[PaxosData::CLUSTER_KEY].as_ptr(),
        bytes[0x5c..].as_ptr()
    );
    assert_eq!(state.bytes[PaxosData::SEQUENCE].as_ptr(), bytes[0x64..].as_ptr());
    assert_eq!(
        state.bytes[PaxosData::PREFERRED_PRINCIPAL].as_ptr(),
        bytes[0x6c..].as_ptr()
    );
    assert_eq!(
        state.bytes[PaxosData::SUCCESSION_LENGTH].as_ptr(),
        bytes[0x74..].as_ptr()
    );
}

#[test]
fn example_b() {
    let bytes = samples::b();
    let msg = msg(&bytes);
    assert_eq!(ids(&msg), [0, 1, 2, 4, 9, 10, 11], "multicast has no ENDPOINTS");
    let list = endpoints(msg.field(V3::FABRIC_DATA).unwrap().data).unwrap();
    let texts: Vec<_> = list.items().map(|item| item.unwrap().to_string()).collect();
    assert_eq!(texts, ["10.0.2.15:3001", "10.0.0.13:3001"]);
    let summary = HeartbeatSummary::of(&msg);
    let adjacent: Vec<_> = summary
        .nodes
        .unwrap()
        .into_iter()
        .map(|(_, node)| node.to_string())
        .collect();
    assert_eq!(adjacent, ["bb98963cc270008", "bb92e2d67270008"]);
    let state = summary.state.unwrap();
    let clustering = state.clustering.unwrap();
    assert_eq!(clustering.cluster_key, ClusterKey(0x9274_fd8d_2d60));
    assert_eq!(clustering.sequence, Hlc(0x0161_74f3_9584_0002));
    assert_eq!(clustering.sequence.counter(), 2);
    let succession: Vec<_> = state
        .succession
        .into_iter()
        .map(|(_, node)| node.to_string())
        .collect();
    assert_eq!(
        succession,
        ["bb98963cc270008", "bb93a83a5270008", "bb92e2d67270008"]
    );
    assert!(state.succession.contains(summary.node.unwrap()));
}

#[test]
fn example_c() {
    let bytes = samples::c();
    let msg = msg(&bytes);
    assert_eq!(ids(&msg), [0, 1, 2, 3, 4, 5, 9, 10, 11, 12]);
    let summary = HeartbeatSummary::of(&msg);
    assert_eq!(summary.node, Some(NodeId(0xa1)));
    assert_eq!(summary.cluster_name, Some(&b"lab"[..]));
    assert_eq!(
        msg.field(V3::CLUSTER_NAME).unwrap().value(),
        Ok(MsgValue::Str(b"lab"))
    );
    assert_eq!(summary.nodes.unwrap().first(), Some(NodeId(0xa2)));
    assert_eq!(summary.wall_clock, Some(0x01a2_04ac_f49a));
    assert_eq!(summary.hlc.unwrap().ahead_of(summary.wall_clock.unwrap()), 0);
    assert_eq!(summary.compressed, None);
}

#[test]
fn example_d() {
    let bytes = samples::d_request();
    let summary = HeartbeatSummary::of(&msg(&bytes));
    assert_eq!(bytes.len(), 73);
    assert_eq!(summary.kind, Some(HeartbeatType::INFO_REQUEST));
    assert_eq!(summary.node, Some(NodeId(0xa2)));
    assert_eq!(summary.nodes.unwrap().first(), Some(NodeId(0xa3)));

    let bytes = samples::d_reply();
    assert_eq!(bytes.len(), 82);
    let msg = msg(&bytes);
    assert_eq!(HeartbeatSummary::of(&msg).kind, Some(HeartbeatType::INFO_REPLY));
    let field = msg.field(V3::INFO_REPLY).unwrap();
    let mut replies = info_reply(field.data);
    let reply = replies.next().unwrap().unwrap();
    assert_eq!(reply.node, NodeId(0xa3));
    let endpoint = reply.endpoints.items().next().unwrap().unwrap();
    assert_eq!(endpoint.to_string(), "10.77.0.13:3002");
    assert!(replies.next().is_none());
}

#[test]
fn every_truncation_of_every_buffer_ends_with_a_reason() {
    for sample in [samples::a(), samples::b(), samples::c(), samples::d_reply()] {
        let msg = msg(&sample);
        let table = table(&msg).unwrap();
        for field in msg.fields().flatten() {
            for end in 0..field.data.len() {
                let cut = &field.data[..end];
                match table.of(&field).unwrap().kind {
                    ContentKind::Endpoints => {
                        let bad = endpoints(cut).map_or(true, |list| list.items().any(|item| item.is_err()));
                        assert!(bad);
                    }
                    ContentKind::PaxosData => {
                        let bad = PaxosData::read(cut).map_or(true, |data| data.complaint().is_some());
                        assert!(bad);
                    }
                    ContentKind::InfoReply if end > 0 => {
                        let bad = info_reply(cut).any(|reply| {
                            reply.map_or(true, |reply| reply.endpoints.items().any(|item| item.is_err()))
                        });
                        assert!(bad, "cut at {end}");
                    }
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn the_layout_of_3_9_1() {
    let bytes = hex("00 00 00 31 00 05 00 00 02 00 00 00 04 00 00 68 64
                     00 03 06 00 00 00 10 00 00 00 00 00 00 00 00 00 00 ff ff 0a 00 00 01
                     00 04 02 00 00 00 04 00 00 0b ba");
    let msg = msg(&bytes);
    let table = table(&msg).unwrap();
    assert_eq!(table.name, "HEARTBEAT (3.9.1)");
    assert_eq!(table.of(&msg.field(3).unwrap()).unwrap().kind, ContentKind::Ipv6);
    assert_eq!(table.of(&msg.field(4).unwrap()).unwrap().kind, ContentKind::Port);
}

#[test]
fn both_wrappers() {
    let new = hex("00 00 00 0b 00 05 00 06 06 00 00 00 04 78 da 03 00");
    assert_eq!(compressed_field(&msg(&new)).unwrap().data, [0x78, 0xda, 3, 0]);
    assert_eq!(HeartbeatSummary::of(&msg(&new)).compressed.unwrap().len(), 4);
    assert_eq!(HeartbeatSummary::of(&msg(&new)).kind, None);
    let old = hex("00 00 00 0b 00 05 00 0a 06 00 00 00 04 78 da 03 00");
    assert_eq!(compressed_field(&msg(&old)).unwrap().data, [0x78, 0xda, 3, 0]);
    assert_eq!(compressed_field(&msg(&samples::a())), None);
}

#[test]
fn the_layout_of_v2() {
    let bytes = hex(
        "00 00 00 37 00 01 00 00 02 00 00 00 04 00 00 68 63 00 01 02 00 00 00 04 00 00 00 00
                     00 02 04 00 00 00 08 0b b9 2e 2d 67 27 00 08 00 03 02 00 00 00 04 01 00 00 0a
                     00 06 02 00 00 00 04 00 00 00 20",
    );
    let msg = msg(&bytes);
    let table = table(&msg).unwrap();
    assert_eq!(table.name, "HEARTBEAT_V2");
    let address = msg.field(V2::ADDR).unwrap();
    assert_eq!(table.of(&address).unwrap().kind, ContentKind::ReversedIpv4);
    assert_eq!(
        reversed_ipv4(address.uint32().unwrap()),
        Ipv4Addr::new(10, 0, 0, 1)
    );
    assert_eq!(
        HeartbeatSummary::of(&msg).node,
        Some(NodeId(0x0bb9_2e2d_6727_0008))
    );
}
