use proptest::prelude::*;

use super::exchange::{CompatibilityId, PartitionVersions};
use super::hello::Hello;
use super::links::{Class, Expect, Link, LinkKey, Role, link};
use super::proxy::byte_order;
use super::*;
use crate::wire::client::proto::Order;
use crate::wire::internode::cluster::Nodes;
use crate::wire::internode::container::MsgValue;
use crate::wire::internode::container::list::Item;
use crate::wire::internode::container::samples::{self, hex};

fn msg(bytes: &[u8]) -> Msg<'_> {
    Msg::read(bytes).unwrap().1
}

fn ids(msg: &Msg<'_>) -> Vec<u16> {
    msg.fields().map(|field| field.unwrap().id).collect()
}

fn link_of(bytes: &[u8]) -> Option<Link> {
    let msg = msg(bytes);
    link(&msg, &FabricFacts::of(&msg))
}

fn list<'a>(msg: &Msg<'a>, id: u16) -> Vec<Item<'a>> {
    match msg.field(id).unwrap().value().unwrap() {
        MsgValue::List(list) => list.items().map(|element| element.unwrap().item).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn tables_are_ascending_and_have_an_op_where_they_name_ops() {
    for table in TABLES {
        assert!(
            table.fields.windows(2).all(|pair| pair[0].id < pair[1].id),
            "{}",
            table.name
        );
        let ops = table
            .fields
            .iter()
            .filter(|spec| spec.kind == ContentKind::Op)
            .count();
        assert_eq!(ops, usize::from(!table.ops.is_empty()), "{}", table.name);
        assert!(table.fields.iter().all(|spec| spec.id <= 40));
    }
}

#[test]
fn example_e() {
    let bytes = samples::e();
    let hello = Hello::of(&msg(&bytes)).unwrap();
    assert_eq!(hello.node, NodeId(0xa1));
    assert_eq!(hello.channel, Some(Channel::RW));
    assert_eq!(link_of(&bytes), None);
    let old = samples::old_hello();
    let hello = Hello::of(&msg(&old)).unwrap();
    assert_eq!(hello.node, NodeId(0x0bb9_2e2d_6727_0008));
    assert_eq!(hello.channel, Some(Channel::CTRL));
    assert_eq!(Hello::of(&msg(&samples::h())), None);
}

#[test]
fn example_f() {
    let bytes = samples::f();
    let (rest, first) = Msg::read(&bytes).unwrap();
    assert_eq!((first.bytes.len(), rest.len()), (76, 65));
    let facts = FabricFacts::of(&first);
    assert_eq!(facts.op_name(), Some("PAXOS_LEARN"));
    assert_eq!(facts.sequence, Some(Hlc(0x01a2_04ac_f916_0000)));
    assert_eq!(facts.cluster_key, Some(ClusterKey(0x989a_edce_3827)));
    let succession = Nodes(first.field(clustering::Fields::SUCCESSION_LIST).unwrap().data);
    let nodes: Vec<_> = succession.into_iter().map(|(_, node)| node.0).collect();
    assert_eq!(nodes, [0xa2, 0xa1]);
    assert_eq!(link(&first, &facts), None);

    let second = msg(rest);
    let facts = FabricFacts::of(&second);
    assert_eq!(facts.op_name(), Some("CLUSTER_CHANGE_APPLIED"));
    assert_eq!(facts.sequence, None);
    assert_eq!(facts.cluster_key, Some(ClusterKey(0x989a_edce_3827)));
}

#[test]
fn example_g() {
    let bytes = samples::g();
    let msg = msg(&bytes);
    assert_eq!(ids(&msg), [0, 1, 2, 12, 3, 4, 5, 13], "integers first");
    let facts = FabricFacts::of(&msg);
    assert_eq!(facts.op_name(), Some("DATA"));
    assert_eq!(
        msg.uint(exchange::Fields::COMPATIBILITY_ID),
        Some(CompatibilityId::L15.0.into())
    );
    assert_eq!(CompatibilityId::L15.to_string(), "7.2, 8.0, 8.1");
    assert_eq!(
        list(&msg, exchange::Fields::NAMESPACES),
        [Item::Bytes(b"test"), Item::Bytes(b"bar")]
    );
    for item in list(&msg, exchange::Fields::NS_PARTITION_VERSIONS) {
        let Item::Bytes(blob) = item else { panic!() };
        let versions = PartitionVersions::read(blob).unwrap();
        assert_eq!(versions.count, 0);
        assert!(versions.groups().next().is_none() && versions.groups().rest().is_empty());
    }
    assert_eq!(
        list(&msg, exchange::Fields::NS_RACK_IDS),
        [Item::Uint(0), Item::Uint(0)]
    );
    assert_eq!(
        list(&msg, exchange::Fields::NS_REPLICATION_FACTORS),
        [Item::Uint(2), Item::Uint(2)]
    );
    let link = link(&msg, &facts).unwrap();
    assert!(link.expects_answer());
    assert_eq!(link.key.class, Class::Exchange);
    assert_eq!(link.key.id, 0x989a_edce_3827);
}

#[test]
fn example_g_a_populated_blob() {
    let mut blob = hex("01 00 00 00 36 7c f7 ad a8 6b 00 20 00 10 00 00");
    blob.extend((0..4096u16).flat_map(u16::to_le_bytes));
    let versions = PartitionVersions::read(&blob).unwrap();
    let group = versions.groups().next().unwrap().unwrap();
    assert_eq!(group.version.to_string(), "6ba8adf77c36.0.mp-");
    assert_eq!(group.count, 4096);
    assert_eq!(group.partitions().last(), Some(4095));
}

#[test]
fn example_h() {
    let bytes = samples::h();
    let request = msg(&bytes);
    assert_eq!(ids(&request), [0, 3, 10, 2, 6]);
    let facts = FabricFacts::of(&request);
    assert_eq!(facts.op_name(), Some("REPL_WRITE"));
    assert_eq!((facts.tid, facts.namespace_index), (Some(0), Some(0)));
    assert_eq!(facts.namespace, Some(&b"test"[..]));
    assert_eq!(facts.partition(), Some(2836), "the digest is inside the record");
    assert_eq!(facts.record, Some(&bytes[0x2d..]));
    assert_eq!(facts.digest, Digest::exactly(&bytes[0x35..0x49]));
    assert!(!facts.old_integers);
    let record = FlatRecord::read(facts.record.unwrap()).unwrap();
    assert_eq!(record.bytes.len(), 67);

    let ack = samples::h_ack();
    let answer = FabricFacts::of(&msg(&ack));
    assert_eq!(answer.op_name(), Some("WRITE_ACK"));
    assert_eq!(answer.result, Some(0));
    assert_eq!(answer.digest, facts.digest);
    let (request, answer) = (link_of(&bytes).unwrap(), link_of(&ack).unwrap());
    assert!(request.expects_answer() && request.is_request());
    assert_eq!(answer.role, Role::Answer { last: true });
    assert_eq!(request.key, answer.key);
}

#[test]
fn example_i() {
    let bytes = samples::i();
    let facts = FabricFacts::of(&msg(&bytes));
    assert_eq!(facts.op_name(), Some("DUP"));
    assert_eq!(facts.tid, Some(329));
    assert_eq!(msg(&bytes).uint(rw::Fields::GENERATION), Some(2));
    assert_eq!(
        msg(&bytes).uint(rw::Fields::LAST_UPDATE_TIME),
        Some(0x7c_1d80_ffdd)
    );
    assert_eq!(facts.partition(), Some(0x404));
    let link = link_of(&bytes).unwrap();
    assert_eq!(
        link.key,
        LinkKey {
            class: Class::Dup,
            id: 329,
            sub: 0
        }
    );
    let ack = hex(
        "00 00 00 1c 00 07 00 00 01 00 00 00 04 00 01 01 00 00 00 05 00 03 01 00 00 00 00
                   00 0a 01 00 00 01 49",
    );
    assert_eq!(link_of(&ack).unwrap().key, link.key);
}

#[test]
fn example_j() {
    let bytes = samples::j();
    let request = msg(&bytes);
    let facts = FabricFacts::of(&request);
    assert_eq!(facts.op_name(), Some("REQUEST"));
    assert_eq!(facts.tid, Some(0));
    assert_eq!(facts.digest, Digest::exactly(&bytes[0x1b..0x2f]));
    let proto = facts.proto.unwrap();
    assert_eq!((proto.len(), proto.as_ptr()), (90, bytes[0x36..].as_ptr()));
    assert_eq!(byte_order(proto, proto.len()), Some(Order::Little));

    let response = samples::j_response();
    let answer = FabricFacts::of(&msg(&response));
    assert_eq!(answer.op_name(), Some("RESPONSE"));
    let proto = answer.proto.unwrap();
    assert_eq!(byte_order(proto, proto.len()), Some(Order::Big));

    let back = samples::j_return();
    let sent_back = FabricFacts::of(&msg(&back));
    assert_eq!(sent_back.op_name(), Some("RETURN_TO_SENDER"));
    assert_eq!(sent_back.node, Some(NodeId(0xa3)));

    let key = link_of(&bytes).unwrap().key;
    assert_eq!(link_of(&response).unwrap().key, key);
    assert_eq!(link_of(&response).unwrap().role, Role::Answer { last: true });
    assert_eq!(link_of(&back).unwrap().key, key);
    assert_eq!(link_of(&back).unwrap().role, Role::Answer { last: false });
}

#[test]
fn example_k() {
    let bytes = samples::k();
    let msg = msg(&bytes);
    let facts = FabricFacts::of(&msg);
    assert_eq!(facts.op_name(), Some("SET_FROM_PR"));
    assert_eq!(facts.tid, Some(1));
    assert_eq!(facts.cluster_key.unwrap().to_string(), "358ab4fcf673");
    assert_eq!(facts.module, Some(ModuleId::SINDEX));
    assert_eq!(facts.smd_key, Some(&b"test|smdset|i|.|I"[..]));
    assert_eq!(msg.uint(smd::Fields::SINGLE_GENERATION), Some(1));
    assert_eq!(msg.uint(smd::Fields::SINGLE_TIMESTAMP), Some(0x7c_1d7e_fe31));
    assert_eq!(msg.field(smd::Fields::SINGLE_VALUE).unwrap().text(), b"smd_idx_i");
    let ack = hex(
        "00 00 00 24 00 0f 00 00 03 00 00 00 00 00 00 00 01 00 02 03 00 00 35 8a b4 fc f6 73
                   00 03 01 00 00 00 04 00 04 01 00 00 00 03",
    );
    let request = link_of(&bytes).unwrap();
    assert!(request.expects_answer());
    assert_eq!(link_of(&ack).unwrap().key, request.key);
    assert!(!link_of(&ack).unwrap().is_request());
}

#[test]
fn example_l() {
    let bytes = samples::l();
    let facts = FabricFacts::of(&msg(&bytes));
    assert_eq!(facts.op_name(), Some("INSERT_ACK"));
    assert_eq!((facts.emig_id, facts.insert_id), (Some(14765), Some(0)));
    let insert = hex(
        "00 00 00 20 00 03 00 00 01 00 00 00 07 00 02 01 00 00 39 ad 00 1d 03 00 00 00 00 00 00 00 00
                      00 07 06 00 00 00 00",
    );
    let request = link_of(&insert).unwrap();
    assert_eq!(FabricFacts::of(&msg(&insert)).op_name(), Some("INSERT"));
    assert!(request.expects_answer());
    assert_eq!(link_of(&bytes).unwrap().key, request.key);
}

#[test]
fn every_truncation_still_gives_the_facts_before_it() {
    for sample in samples::all() {
        let whole = FabricFacts::of(&msg(&sample));
        for end in 6..sample.len() {
            let cut = msg(&sample[..end]);
            let facts = FabricFacts::of(&cut);
            assert!(facts.op.is_none() || facts.op == whole.op);
            assert!(facts.tid.is_none() || facts.tid == whole.tid);
            let _ = (facts.op_name(), facts.partition(), link(&cut, &facts));
        }
    }
}

#[test]
fn a_write_that_wants_no_ack() {
    let mut bytes = samples::h();
    let info = hex("00 0c 01 00 00 00 02");
    bytes.splice(0x1b..0x1b, info);
    bytes[3] += 7;
    let link = link_of(&bytes).unwrap();
    assert_eq!(link.role, Role::Request(Expect::Nothing));
    assert!(link.is_request() && !link.expects_answer());
}

#[test]
fn numbers_with_another_meaning_in_old_servers() {
    let old = hex("00 00 00 16 00 07 00 00 02 00 00 00 04 00 00 00 05 00 0a 02 00 00 00 04 00 00 00 01");
    assert_eq!(FabricFacts::of(&msg(&old)).op_name(), Some("MULTI"));
    assert_eq!(link_of(&old).unwrap().key.class, Class::Multi);
    let new = hex("00 00 00 0e 00 07 00 00 01 00 00 00 05 00 0a 01 00 00 00 01");
    assert_eq!(FabricFacts::of(&msg(&new)).op_name(), Some("REPL_CONFIRM"));
    assert_eq!(link_of(&new), None);
    let done = hex("00 00 00 16 00 03 00 00 02 00 00 00 04 00 00 00 07 00 02 02 00 00 00 04 00 00 00 09");
    assert_eq!(
        FabricFacts::of(&msg(&done)).op_name(),
        Some("START_ACK_ALREADY_DONE")
    );
    let link = link_of(&done).unwrap();
    assert_eq!((link.key.class, link.is_request()), (Class::MigrateStart, false));
}

#[test]
fn fabric_transactions_of_old() {
    let message = |code: &str| {
        hex(&format!(
            "00 00 00 25 00 0f 00 00 04 00 00 00 08 {code} 00 00 00 00 00 00 07
             00 01 02 00 00 00 04 00 00 12 3b 00 03 02 00 00 00 04 00 00 00 03"
        ))
    };
    let request = link_of(&message("01")).unwrap();
    assert_eq!((request.key.class, request.key.id), (Class::SmdOld, 7));
    let answer = link_of(&message("02")).unwrap();
    assert_eq!(request.key, answer.key);
    assert!(request.is_request() && !answer.is_request());
    assert_eq!(link_of(&message("03")), None);
}

#[test]
fn heartbeat_questions() {
    let request = link_of(&samples::d_request()).unwrap();
    assert_eq!(request.role, Role::Request(Expect::Perhaps));
    assert_eq!(link_of(&samples::d_reply()).unwrap().key, request.key);
    assert_eq!(link_of(&samples::a()), None);
}

#[test]
fn types_that_nobody_knows_have_no_table() {
    for kind in [10u8, 11, 12, 13, 99] {
        let bytes = [0, 0, 0, 7, 0, kind, 0, 0, 1, 0, 0, 0, 1];
        assert!(table(&msg(&bytes)).is_none());
        assert_eq!(FabricFacts::of(&msg(&bytes)).op, None);
        assert_eq!(link_of(&bytes), None);
    }
}

#[test]
fn half_a_name_is_no_name() {
    let bytes = samples::h();
    assert_eq!(FabricFacts::of(&msg(&bytes[..0x25])).namespace, None);
    assert_eq!(
        FabricFacts::of(&msg(&bytes[..0x26])).namespace,
        Some(&b"test"[..])
    );
    assert_eq!(FabricFacts::of(&msg(&bytes[..0x48])).digest, None);
    assert_eq!(
        FabricFacts::of(&msg(&bytes[..0x49])).digest,
        Digest::exactly(&bytes[0x35..0x49])
    );
}

proptest! {
    #[test]
    fn any_blob_comes_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(versions) = PartitionVersions::read(&bytes) {
            prop_assert!(versions.groups().count() <= bytes.len());
            let ids: usize = versions.groups().flatten().map(|group| group.partitions().count()).sum();
            prop_assert!(ids <= bytes.len());
        }
        if let Ok(list) = crate::wire::internode::container::list::List::read(&bytes) {
            prop_assert!(smd::versions(&list).count() <= bytes.len());
        }
        if let Ok(pickle) = crate::wire::internode::record::pickle::Pickle::read(&bytes) {
            prop_assert!(pickle.bins().count() <= bytes.len());
        }
        prop_assert!(info::services(&bytes).count() <= bytes.len());
        let _ = (byte_order(&bytes, bytes.len()), paxos::Change::read(&bytes));
    }
}
