//! The info protocol: text, line by line.

use aerospike::wire::ground::base64::{Encoded, decode, is_encoded};
use aerospike::wire::ground::text::{Hex, LossyText, decimal, hexadecimal};
use aerospike::wire::info::cluster::{Bitmap, Histories, HostPort, Latencies, Peers, Replicas, UserAgent};
use aerospike::wire::info::message as info;
use aerospike::wire::info::message::{Command, Outcome, Pairs};
use aerospike::wire::info::text_port::{Line, is_text};
use aerospike::wire::info::value as info_value;
use aerospike::wire::info::value::{Rows, Table, Value};
use aerospike::wire::values::text::value_text::write_escaped;

use crate::sight::Sight;

pub fn all<'a>(sight: &mut Sight<'a>, bytes: &'a [u8]) {
    body(sight, bytes);
    let mut rest = bytes;
    while let Some(line) = Line::next(rest) {
        assert!(!line.bytes.is_empty(), "a line of nothing");
        sight.see(line.text);
        command(sight, &line.command());
        rest = &rest[line.bytes.len()..];
    }
    let _ = bytes.first().map(|byte| is_text(*byte));
    for as_this in [
        Value::Rows(Rows::new(bytes, b':')),
        Value::Table(Table::new(bytes)),
        Value::Replicas(Replicas::new(bytes)),
        Value::Latencies(Latencies::new(bytes)),
        Value::Histories(Histories::new(bytes)),
        Peers::parse(bytes).map_or(Value::Scalar(bytes), Value::Peers),
    ] {
        value(sight, as_this);
    }
    sight.text(bytes, Encoded(bytes));
    assert!(decode(bytes).count() <= bytes.len());
    let _ = (is_encoded(bytes), decimal(bytes), hexadecimal(bytes));
    let mut text = String::new();
    for quotes in [false, true] {
        text.clear();
        write_escaped(&mut text, bytes, quotes).expect("a String takes everything");
        assert!(
            text.len() <= bytes.len() * 8,
            "{} bytes of {}",
            text.len(),
            bytes.len()
        );
        assert!(!text.chars().any(char::is_control), "a control character is left");
    }
    sight.text(bytes, format_args!("{} {}", LossyText(bytes), Hex(bytes)));
    let agent = UserAgent(bytes);
    for part in 0..4 {
        sight.text(bytes, agent.part(part));
    }
}

pub fn body<'a>(sight: &mut Sight<'a>, body: &'a [u8]) {
    let _ = info::is_response(body);
    sight.each(info::commands(body), |sight, each| command(sight, &each));
    sight.each(info::answers(body), |sight, answer| {
        sight.see(answer.bytes);
        sight.see(answer.value);
        match &answer.echo {
            Some(echo) => {
                command(sight, echo);
                value(sight, info_value::value(echo, answer.value));
            }
            None => value(sight, info_value::guess(answer.value)),
        }
        match info::outcome(answer.value) {
            Outcome::Failed(failure) => {
                sight.see(failure.text);
                sight.see(failure.digits.unwrap_or_default());
                let _ = failure.result();
                pairs(sight, info_value::failure_pairs(failure.text));
            }
            other => sight.text(answer.value, format_args!("{other:?}")),
        }
    });
}

fn command<'a>(sight: &mut Sight<'a>, command: &Command<'a>) {
    for piece in [command.bytes, command.text, command.name] {
        sight.see(piece);
    }
    sight.each(command.arguments(), |sight, argument| sight.see(argument));
    pairs(sight, command.parameters());
    let _ = command.parameter(b"id");
}

fn pairs<'a>(sight: &mut Sight<'a>, pairs: Pairs<'a>) {
    sight.each(pairs, |sight, pair| {
        assert!(!pair.bytes.is_empty(), "a pair of nothing");
        sight.see(pair.bytes);
        sight.see(pair.name);
        sight.see(pair.value.unwrap_or_default());
    });
}

fn value<'a>(sight: &mut Sight<'a>, value: Value<'a>) {
    match value {
        Value::Scalar(text) => sight.see(text),
        Value::List(list) => sight.each(list, |sight, piece| sight.see(piece)),
        Value::Map(map) => pairs(sight, map),
        Value::Rows(rows) => sight.each(rows, |sight, row| {
            sight.see(row.bytes);
            pairs(sight, row.pairs());
        }),
        Value::Table(table) => {
            sight.see(table.names());
            sight.each(table, |sight, row| {
                sight.see(row.bytes);
                sight.each(row.cells(), |sight, (name, cell)| {
                    sight.inside(name);
                    sight.see(cell);
                });
            });
        }
        Value::Peers(peers) => {
            sight.see(peers.generation);
            sight.see(peers.default_port);
            sight.each(peers.iter(), |sight, peer| {
                for piece in [peer.bytes, peer.node, peer.tls_name, peer.endpoints] {
                    sight.see(piece);
                }
                let _ = peer.node_id();
                sight.each(peer.endpoints(), endpoint);
            });
        }
        Value::Replicas(rows) => sight.each(rows, |sight, row| {
            sight.see(row.bytes);
            sight.see(row.namespace);
            let _ = row.numbers();
            sight.each(row.columns(), bitmap);
        }),
        Value::Latencies(rows) => sight.each(rows, |sight, row| {
            for piece in [row.bytes, row.name, row.unit, row.rate] {
                sight.see(piece);
            }
            sight.each(row.buckets(), |sight, (_, share)| sight.see(share));
        }),
        Value::Histories(rows) => sight.each(rows, |sight, row| {
            sight.see(row.bytes);
            sight.see(row.name);
            sight.each(row.cells(), |sight, (name, cell)| {
                sight.inside(name);
                sight.see(cell);
            });
        }),
    }
}

fn endpoint<'a>(sight: &mut Sight<'a>, endpoint: HostPort<'a>) {
    sight.see(endpoint.bytes);
    sight.see(endpoint.host);
    sight.see(endpoint.port.unwrap_or_default());
}

fn bitmap<'a>(sight: &mut Sight<'a>, bitmap: Bitmap<'a>) {
    sight.see(bitmap.0);
    let partitions = bitmap.partitions().count();
    assert_eq!(partitions, bitmap.count());
    let in_runs: usize = bitmap
        .runs()
        .map(|(first, last)| usize::from(last - first) + 1)
        .sum();
    assert_eq!(partitions, in_runs);
}
