//! What nodes say to each other.

use aerospike::wire::internode::cluster::Nodes;
use aerospike::wire::internode::container::array::{Array, Elements};
use aerospike::wire::internode::container::list::List;
use aerospike::wire::internode::container::{Msg, MsgField, MsgValue, list, plausible};
use aerospike::wire::internode::fabric::hello::Hello;
use aerospike::wire::internode::fabric::{self, FabricFacts, exchange, info, links, paxos, proxy, smd};
use aerospike::wire::internode::heartbeat::state::PaxosData;
use aerospike::wire::internode::heartbeat::{self, Summary, endpoint};
use aerospike::wire::internode::record::pickle::Pickle;
use aerospike::wire::internode::record::{FlatRecord, uintvar};
use aerospike::wire::client::proto::{Header, guess};

use crate::client;
use crate::sight::Sight;

pub fn heartbeat<'a>(sight: &mut Sight<'a>, bytes: &'a [u8]) {
    let _ = (
        plausible::datagram(bytes),
        plausible::cut_datagram(bytes, bytes.len() * 2),
    );
    messages(sight, bytes, plausible::Family::Heartbeat, |sight, msg| {
        let summary = Summary::of(msg);
        for piece in [summary.cluster_name, summary.compressed].into_iter().flatten() {
            sight.see(piece);
        }
        if let Some(table) = heartbeat::table(msg) {
            let _ = summary.kind.and_then(|kind| table.op_name(kind.0));
        }
        if let Some(field) = heartbeat::compressed_field(msg) {
            sight.see(field.data);
        }
        let _ = heartbeat::reversed_ipv4(msg.header.size);
        sight.every(msg.fields(), |sight, field| {
            sight.see(field.bytes);
            nodes(sight, field.data);
            if let Some(list) = sight.take(endpoint::endpoints(field.data)) {
                let mut items = list.items();
                sight.every(items.by_ref(), |sight, endpoint| {
                    sight.text(endpoint.bytes, endpoint)
                });
                sight.rest(field.data, items.rest());
            }
            sight.every(endpoint::info_reply(field.data), |sight, reply| {
                sight.see(reply.bytes);
                sight.see(reply.endpoints.bytes);
                sight.every(reply.endpoints.items(), |sight, endpoint| {
                    sight.see(endpoint.bytes)
                });
            });
            if let Some(state) = sight.take(PaxosData::read(field.data)) {
                sight.see(state.leftover);
                nodes(sight, state.succession.0);
                if let Some(fault) = state.complaint() {
                    sight.fault(&fault);
                }
            }
        });
    });
}

pub fn fabric<'a>(sight: &mut Sight<'a>, bytes: &'a [u8]) {
    messages(sight, bytes, plausible::Family::Fabric, |sight, msg| {
        let facts = FabricFacts::of(msg);
        let texts = [facts.namespace, facts.smd_key, facts.record, facts.proto];
        for piece in texts.into_iter().flatten() {
            sight.see(piece);
        }
        let _ = (
            facts.op_name(),
            facts.partition(),
            Hello::of(msg),
            fabric::table(msg),
        );
        if let Some(link) = links::link(msg, &facts) {
            let _ = (link.is_request(), link.expects_answer());
        }
        if let Some(record) = facts.record {
            records(sight, record);
        }
        if let Some(message) = facts.proto {
            let _ = proxy::byte_order(message, message.len());
            if let Some((body, header)) = sight.parse(message, Header::parse_embedded(message)) {
                client::body(sight, header.kind, header.order, body);
            }
        }
        sight.every(msg.fields(), |sight, field| service(sight, &field));
    });
}

/// The contents of a field, as all that the services have in fields.
fn service<'a>(sight: &mut Sight<'a>, field: &MsgField<'a>) {
    let data = field.data;
    sight.see(field.bytes);
    nodes(sight, data);
    versions(sight, data);
    if let Some(list) = sight.take(List::read(data)) {
        list_of(sight, &list);
        sight.each(smd::versions(&list), |_, _| ());
        sight.each(list.items().flatten(), |sight, element| {
            if let list::Item::Bytes(blob) = element.item {
                sight.see(blob);
                versions(sight, blob);
                nodes(sight, blob);
            }
        });
    }
    if let Some(change) = sight.take(paxos::Change::read(data)) {
        sight.see(change.rest);
    }
    sight.each(info::services(data), |sight, piece| sight.see(piece));
}

fn versions<'a>(sight: &mut Sight<'a>, data: &'a [u8]) {
    let Some(versions) = sight.take(exchange::PartitionVersions::read(data)) else {
        return;
    };
    let mut groups = versions.groups();
    sight.every(groups.by_ref(), |sight, group| {
        sight.text(group.bytes, group.version);
        sight.each(group.partitions(), |_, _| ());
    });
    sight.rest(data, groups.rest());
}

/// The messages of a stream, each field of each as what its wire type says.
fn messages<'a>(
    sight: &mut Sight<'a>,
    bytes: &'a [u8],
    family: plausible::Family,
    mut look: impl FnMut(&mut Sight<'a>, &Msg<'a>),
) {
    let _ = (
        guess::guess_protocol(bytes),
        plausible::fit(bytes),
        plausible::anchored_fit(bytes),
    );
    let _ = plausible::stream(bytes, family);
    if let Some(at) = plausible::resync(bytes, family) {
        assert!(at < bytes.len(), "a message at the end");
    }
    let mut rest = bytes;
    while !rest.is_empty() {
        let Some((tail, msg)) = sight.parse(rest, Msg::read(rest)) else {
            return;
        };
        assert!(tail.len() < rest.len(), "a message of nothing");
        sight.see(msg.bytes);
        sight.see(msg.body);
        sight.text(
            msg.bytes,
            format_args!("{} {:?}", msg.header.kind, msg.header.complaint()),
        );
        let mut fields = msg.fields();
        sight.every(fields.by_ref(), |sight, field| {
            let _ = (
                field.uint(),
                field.uint32(),
                field.is_cut(),
                msg.field(field.id).is_some(),
            );
            sight.text(field.text(), field.wire);
            if let Some(value) = sight.take(field.value()) {
                self::value(sight, &value);
            }
            for elements in [Elements::Strs, Elements::Bufs] {
                if let Some(array) = sight.take(Array::read(field.data, elements)) {
                    self::array(sight, &array);
                }
            }
        });
        sight.rest(msg.body, fields.rest());
        look(sight, &msg);
        rest = tail;
    }
}

fn value<'a>(sight: &mut Sight<'a>, value: &MsgValue<'a>) {
    match value {
        MsgValue::Uint(_) => {}
        MsgValue::Str(data) | MsgValue::Buf(data) => sight.see(data),
        MsgValue::Uints(list) => sight.each(*list, |sight, (bytes, _)| sight.see(bytes)),
        MsgValue::Array(array) => self::array(sight, array),
        MsgValue::List(list) => list_of(sight, list),
    }
}

fn array<'a>(sight: &mut Sight<'a>, array: &Array<'a>) {
    sight.see(array.head());
    sight.see(array.bytes());
    sight.every(array.iter(), |sight, element| {
        sight.see(element.unwrap_or_default())
    });
}

fn list_of<'a>(sight: &mut Sight<'a>, list: &List<'a>) {
    sight.see(list.head);
    let mut items = list.items();
    sight.every(items.by_ref(), |sight, element| sight.see(element.bytes));
    let _ = (list.get(0), list.get(3), items.rest());
}

fn nodes<'a>(sight: &mut Sight<'a>, data: &'a [u8]) {
    let nodes = Nodes(data);
    assert_eq!(nodes.count(), nodes.into_iter().count());
    sight.see(nodes.leftover());
    sight.each(nodes.into_iter(), |sight, (bytes, node)| {
        sight.text(bytes, node);
        if let Some(parts) = node.parts() {
            sight.text(bytes, parts);
        }
    });
}

pub fn records<'a>(sight: &mut Sight<'a>, bytes: &'a [u8]) {
    if let Some((rest, _)) = sight.parse(bytes, uintvar("a number")(bytes)) {
        assert!(rest.len() < bytes.len());
    }
    if let Some(record) = sight.take(FlatRecord::read(bytes)) {
        sight.see(record.bytes);
        sight.see(record.digest.0);
        let mut all = 0;
        sight.every(record.parts(), |sight, at| {
            all += at.bytes.len();
            sight.see(at.bytes);
            let text = format!("{:?}", at.part);
            assert!(text.len() <= 40 * (at.bytes.len() + 16), "{text}");
        });
        assert!(all <= bytes.len(), "parts of {all} bytes in {}", bytes.len());
        let _ = (
            record.set(),
            record.key(),
            record.void_time(),
            FlatRecord::digest_of(bytes),
        );
        sight.each(record.bins(), |sight, bin| {
            sight.see(bin.bytes);
            sight.see(bin.name);
            sight.see(bin.particle_bytes);
        });
    }
    if let Some(pickle) = sight.take(Pickle::read(bytes)) {
        sight.see(pickle.head);
        let mut bins = pickle.bins();
        sight.every(bins.by_ref(), |sight, bin| {
            for piece in [bin.bytes, bin.name, bin.value] {
                sight.see(piece);
            }
        });
        sight.rest(bytes, bins.rest());
    }
}
