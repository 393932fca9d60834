//! The info protocol: text, line by line.

use aerospike::wire::ground::base64::{Encoded, decode, is_encoded};
use aerospike::wire::ground::text::{Hex, LossyText, decimal, hexadecimal};
use aerospike::wire::info;
use aerospike::wire::info::cluster::{Bitmap, Histories, HostPort, Latencies, PeerList, Replicas, UserAgent};
use aerospike::wire::info::message::{self, CommandOutcome, InfoCommand, Pairs};
use aerospike::wire::info::text_port::{Line, is_text};
use aerospike::wire::info::value::{InfoRows, InfoTable, InfoValue, failure_pairs, guess};
use aerospike::wire::values::text::value_text::write_escaped;

use crate::account::Account;

pub fn all<'a>(account: &mut Account<'a>, bytes: &'a [u8]) {
    body(account, bytes);
    let mut rest = bytes;
    while let Some(line) = Line::next(rest) {
        assert!(!line.bytes.is_empty(), "a line of nothing");
        account.see(line.text);
        command(account, &line.command());
        rest = &rest[line.bytes.len()..];
    }
    let _ = bytes.first().map(|byte| is_text(*byte));
    for as_this in [
        InfoValue::Rows(InfoRows::new(bytes, b':')),
        InfoValue::Table(InfoTable::new(bytes)),
        InfoValue::Replicas(Replicas::new(bytes)),
        InfoValue::Latencies(Latencies::new(bytes)),
        InfoValue::Histories(Histories::new(bytes)),
        PeerList::parse(bytes).map_or(InfoValue::Scalar(bytes), InfoValue::Peers),
    ] {
        value(account, as_this);
    }
    account.text(bytes, Encoded(bytes));
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
    account.text(bytes, format_args!("{} {}", LossyText(bytes), Hex(bytes)));
    let agent = UserAgent(bytes);
    for part in 0..4 {
        account.text(bytes, agent.part(part));
    }
}

pub fn body<'a>(account: &mut Account<'a>, body: &'a [u8]) {
    let _ = message::is_response(body);
    account.each(message::commands(body), |account, each| command(account, &each));
    account.each(message::answers(body), |account, answer| {
        account.see(answer.bytes);
        account.see(answer.value);
        match &answer.echo {
            Some(echo) => {
                command(account, echo);
                value(account, info::value::value(echo, answer.value));
            }
            None => value(account, guess(answer.value)),
        }
        match message::outcome(answer.value) {
            CommandOutcome::Failed(failure) => {
                account.see(failure.text);
                account.see(failure.digits.unwrap_or_default());
                let _ = failure.result();
                pairs(account, failure_pairs(failure.text));
            }
            other => account.text(answer.value, format_args!("{other:?}")),
        }
    });
}

fn command<'a>(account: &mut Account<'a>, command: &InfoCommand<'a>) {
    for piece in [command.bytes, command.text, command.name] {
        account.see(piece);
    }
    account.each(command.arguments(), |account, argument| account.see(argument));
    pairs(account, command.parameters());
    let _ = command.parameter(b"id");
}

fn pairs<'a>(account: &mut Account<'a>, pairs: Pairs<'a>) {
    account.each(pairs, |account, pair| {
        assert!(!pair.bytes.is_empty(), "a pair of nothing");
        account.see(pair.bytes);
        account.see(pair.name);
        account.see(pair.value.unwrap_or_default());
    });
}

fn value<'a>(account: &mut Account<'a>, value: InfoValue<'a>) {
    match value {
        InfoValue::Scalar(text) => account.see(text),
        InfoValue::List(list) => account.each(list, |account, piece| account.see(piece)),
        InfoValue::Map(map) => pairs(account, map),
        InfoValue::Rows(rows) => account.each(rows, |account, row| {
            account.see(row.bytes);
            pairs(account, row.pairs());
        }),
        InfoValue::Table(table) => {
            account.see(table.names());
            account.each(table, |account, row| {
                account.see(row.bytes);
                account.each(row.cells(), |account, (name, cell)| {
                    account.inside(name);
                    account.see(cell);
                });
            });
        }
        InfoValue::Peers(peers) => {
            account.see(peers.generation);
            account.see(peers.default_port);
            account.each(peers.iter(), |account, peer| {
                for piece in [peer.bytes, peer.node, peer.tls_name, peer.endpoints] {
                    account.see(piece);
                }
                let _ = peer.node_id();
                account.each(peer.endpoints(), endpoint);
            });
        }
        InfoValue::Replicas(rows) => account.each(rows, |account, row| {
            account.see(row.bytes);
            account.see(row.namespace);
            let _ = row.numbers();
            account.each(row.columns(), bitmap);
        }),
        InfoValue::Latencies(rows) => account.each(rows, |account, row| {
            for piece in [row.bytes, row.name, row.unit, row.rate] {
                account.see(piece);
            }
            account.each(row.buckets(), |account, (_, share)| account.see(share));
        }),
        InfoValue::Histories(rows) => account.each(rows, |account, row| {
            account.see(row.bytes);
            account.see(row.name);
            account.each(row.cells(), |account, (name, cell)| {
                account.inside(name);
                account.see(cell);
            });
        }),
    }
}

fn endpoint<'a>(account: &mut Account<'a>, endpoint: HostPort<'a>) {
    account.see(endpoint.bytes);
    account.see(endpoint.host);
    account.see(endpoint.port.unwrap_or_default());
}

fn bitmap<'a>(account: &mut Account<'a>, bitmap: Bitmap<'a>) {
    account.see(bitmap.0);
    let partitions = bitmap.partitions().count();
    assert_eq!(partitions, bitmap.count());
    let in_runs: usize = bitmap
        .runs()
        .map(|(first, last)| usize::from(last - first) + 1)
        .sum();
    assert_eq!(partitions, in_runs);
}
