//! What nodes say to each other.

use aerospike::wire::client::proto::{Header, guess};
use aerospike::wire::internode::cluster::Nodes;
use aerospike::wire::internode::container::array::{Array, Elements};
use aerospike::wire::internode::container::list::List;
use aerospike::wire::internode::container::{Msg, MsgField, MsgValue, list, plausible};
use aerospike::wire::internode::fabric::hello::Hello;
use aerospike::wire::internode::fabric::{self, FabricFacts, exchange, info, links, paxos, proxy, smd};
use aerospike::wire::internode::heartbeat::state::PaxosData;
use aerospike::wire::internode::heartbeat::{self, HeartbeatSummary, endpoint};
use aerospike::wire::internode::record::pickle::Pickle;
use aerospike::wire::internode::record::{FlatRecord, uintvar};

use crate::account::Account;
use crate::client;

pub fn heartbeat<'a>(account: &mut Account<'a>, bytes: &'a [u8]) {
    let _ = (
        plausible::datagram(bytes),
        plausible::cut_datagram(bytes, bytes.len() * 2),
    );
    messages(
        account,
        bytes,
        plausible::TrafficFamily::Heartbeat,
        |account, msg| {
            let summary = HeartbeatSummary::of(msg);
            for piece in [summary.cluster_name, summary.compressed].into_iter().flatten() {
                account.see(piece);
            }
            if let Some(table) = heartbeat::table(msg) {
                let _ = summary.kind.and_then(|kind| table.op_name(kind.0));
            }
            if let Some(field) = heartbeat::compressed_field(msg) {
                account.see(field.data);
            }
            let _ = heartbeat::reversed_ipv4(msg.header.size);
            account.every(msg.fields(), |account, field| {
                account.see(field.bytes);
                nodes(account, field.data);
                if let Some(list) = account.take(endpoint::endpoints(field.data)) {
                    let mut items = list.items();
                    account.every(items.by_ref(), |account, endpoint| {
                        account.text(endpoint.bytes, endpoint)
                    });
                    account.rest(field.data, items.rest());
                }
                account.every(endpoint::info_reply(field.data), |account, reply| {
                    account.see(reply.bytes);
                    account.see(reply.endpoints.bytes);
                    account.every(reply.endpoints.items(), |account, endpoint| {
                        account.see(endpoint.bytes)
                    });
                });
                if let Some(state) = account.take(PaxosData::read(field.data)) {
                    account.see(state.leftover);
                    nodes(account, state.succession.0);
                    if let Some(fault) = state.complaint() {
                        account.fault(&fault);
                    }
                }
            });
        },
    );
}

pub fn fabric<'a>(account: &mut Account<'a>, bytes: &'a [u8]) {
    messages(
        account,
        bytes,
        plausible::TrafficFamily::Fabric,
        |account, msg| {
            let facts = FabricFacts::of(msg);
            let texts = [facts.namespace, facts.smd_key, facts.record, facts.proto];
            for piece in texts.into_iter().flatten() {
                account.see(piece);
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
                records(account, record);
            }
            if let Some(message) = facts.proto {
                let _ = proxy::byte_order(message, message.len());
                if let Some((body, header)) = account.parse(message, Header::parse_embedded(message)) {
                    client::body(account, header.kind, header.order, body);
                }
            }
            account.every(msg.fields(), |account, field| service(account, &field));
        },
    );
}

/// The contents of a field, as all that the services have in fields.
fn service<'a>(account: &mut Account<'a>, field: &MsgField<'a>) {
    let data = field.data;
    account.see(field.bytes);
    nodes(account, data);
    versions(account, data);
    if let Some(list) = account.take(List::read(data)) {
        list_of(account, &list);
        account.each(smd::versions(&list), |_, _| ());
        account.each(list.items().flatten(), |account, element| {
            if let list::Item::Bytes(blob) = element.item {
                account.see(blob);
                versions(account, blob);
                nodes(account, blob);
            }
        });
    }
    if let Some(change) = account.take(paxos::Change::read(data)) {
        account.see(change.rest);
    }
    account.each(info::services(data), |account, piece| account.see(piece));
}

fn versions<'a>(account: &mut Account<'a>, data: &'a [u8]) {
    let Some(versions) = account.take(exchange::PartitionVersions::read(data)) else {
        return;
    };
    let mut groups = versions.groups();
    account.every(groups.by_ref(), |account, group| {
        account.text(group.bytes, group.version);
        account.each(group.partitions(), |_, _| ());
    });
    account.rest(data, groups.rest());
}

/// The messages of a stream, each field of each as what its wire type says.
fn messages<'a>(
    account: &mut Account<'a>,
    bytes: &'a [u8],
    family: plausible::TrafficFamily,
    mut look: impl FnMut(&mut Account<'a>, &Msg<'a>),
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
        let Some((tail, msg)) = account.parse(rest, Msg::read(rest)) else {
            return;
        };
        assert!(tail.len() < rest.len(), "a message of nothing");
        account.see(msg.bytes);
        account.see(msg.body);
        account.text(
            msg.bytes,
            format_args!("{} {:?}", msg.header.kind, msg.header.complaint()),
        );
        let mut fields = msg.fields();
        account.every(fields.by_ref(), |account, field| {
            let _ = (
                field.uint(),
                field.uint32(),
                field.is_cut(),
                msg.field(field.id).is_some(),
            );
            account.text(field.text(), field.wire);
            if let Some(value) = account.take(field.value()) {
                self::value(account, &value);
            }
            for elements in [Elements::Strs, Elements::Bufs] {
                if let Some(array) = account.take(Array::read(field.data, elements)) {
                    self::array(account, &array);
                }
            }
        });
        account.rest(msg.body, fields.rest());
        look(account, &msg);
        rest = tail;
    }
}

fn value<'a>(account: &mut Account<'a>, value: &MsgValue<'a>) {
    match value {
        MsgValue::Uint(_) => {}
        MsgValue::Str(data) | MsgValue::Buf(data) => account.see(data),
        MsgValue::Uints(list) => account.each(*list, |account, (bytes, _)| account.see(bytes)),
        MsgValue::Array(array) => self::array(account, array),
        MsgValue::List(list) => list_of(account, list),
    }
}

fn array<'a>(account: &mut Account<'a>, array: &Array<'a>) {
    account.see(array.head());
    account.see(array.bytes());
    account.every(array.iter(), |account, element| {
        account.see(element.unwrap_or_default())
    });
}

fn list_of<'a>(account: &mut Account<'a>, list: &List<'a>) {
    account.see(list.head);
    let mut items = list.items();
    account.every(items.by_ref(), |account, element| account.see(element.bytes));
    let _ = (list.get(0), list.get(3), items.rest());
}

fn nodes<'a>(account: &mut Account<'a>, data: &'a [u8]) {
    let nodes = Nodes(data);
    assert_eq!(nodes.count(), nodes.into_iter().count());
    account.see(nodes.leftover());
    account.each(nodes.into_iter(), |account, (bytes, node)| {
        account.text(bytes, node);
        if let Some(parts) = node.parts() {
            account.text(bytes, parts);
        }
    });
}

pub fn records<'a>(account: &mut Account<'a>, bytes: &'a [u8]) {
    if let Some((rest, _)) = account.parse(bytes, uintvar("a number")(bytes)) {
        assert!(rest.len() < bytes.len());
    }
    if let Some(record) = account.take(FlatRecord::read(bytes)) {
        account.see(record.bytes);
        account.see(record.digest.0);
        let mut all = 0;
        account.every(record.parts(), |account, at| {
            all += at.bytes.len();
            account.see(at.bytes);
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
        account.each(record.bins(), |account, bin| {
            account.see(bin.bytes);
            account.see(bin.name);
            account.see(bin.particle_bytes);
        });
    }
    if let Some(pickle) = account.take(Pickle::read(bytes)) {
        account.see(pickle.head);
        let mut bins = pickle.bins();
        account.every(bins.by_ref(), |account, bin| {
            for piece in [bin.bytes, bin.name, bin.value] {
                account.see(piece);
            }
        });
        account.rest(bytes, bins.rest());
    }
}
