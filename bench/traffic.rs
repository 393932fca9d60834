//! Makes captures for the benchmark, of any length: `traffic KIND COUNT > FILE.pcap`.
//!
//! The kinds: `mixed` (COUNT packets, about: many connections, small gets and puts, batches, info, heartbeats, fabric),
//! and COUNT exchanges of one kind each on one connection: `small`, `batches` (300 rows), `records` (1 MB), `scans`
//! (3,000 records), `fabric` (messages between nodes). `every`: COUNT times some of each of these, each kind on one
//! connection.
//!
//! `traffic again COUNT < FILE.pcap` makes COUNT packets of those of a file; `traffic cql < FILE.pcap` puts CQL of the
//! same sizes in the place of its messages.

use std::io::{self, BufWriter, Read, Write};

// Tests that make traffic have it twice.
#[allow(dead_code, clippy::duplicate_mod)]
#[path = "../tests/common/make.rs"]
mod make;

#[allow(dead_code)]
mod again;

use make::{Endpoint, Maker};

/// As much as an Ethernet segment carries.
const SEGMENT: usize = 1448;
const SERVER: Endpoint = ([10, 0, 0, 1], 3000);

fn client(number: u16) -> Endpoint {
    ([10, 0, 1, (number % 200) as u8 + 1], 40_000 + number)
}

/// A message with its proto header, in segments.
fn send(maker: &mut Maker, from: Endpoint, to: Endpoint, kind: u8, body: &[u8]) {
    let mut message = vec![2, kind];
    message.extend(&(body.len() as u64).to_be_bytes()[2..]);
    message.extend(body);
    for part in message.chunks(SEGMENT) {
        maker.send(from, to, part);
    }
}

fn field(kind: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = (data.len() as u32 + 1).to_be_bytes().to_vec();
    bytes.push(kind);
    bytes.extend(data);
    bytes
}

fn op(code: u8, particle: u8, name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut bytes = ((4 + name.len() + value.len()) as u32).to_be_bytes().to_vec();
    bytes.extend([code, particle, 0, name.len() as u8]);
    bytes.extend(name);
    bytes.extend(value);
    bytes
}

/// Header, fields and operations: info1 to info3, result, generation.
fn message(info: [u8; 3], result: u8, generation: u32, fields: &[Vec<u8>], ops: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![22, info[0], info[1], info[2], 0, result];
    bytes.extend(generation.to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(1000u32.to_be_bytes());
    bytes.extend((fields.len() as u16).to_be_bytes());
    bytes.extend((ops.len() as u16).to_be_bytes());
    bytes.extend(fields.concat());
    bytes.extend(ops.concat());
    bytes
}

/// A digest of the hot ones among a few thousand.
fn digest(number: u32) -> [u8; 20] {
    let record = number.wrapping_mul(2_654_435_761) % (1 << (number % 12));
    let mut digest = [0x5a; 20];
    for (place, byte) in record.wrapping_mul(40_503).to_be_bytes().into_iter().enumerate() {
        digest[place] = byte;
        digest[19 - place] = byte ^ 0xc3;
    }
    digest
}

fn record(number: u32) -> Vec<Vec<u8>> {
    vec![field(0, b"test"), field(1, b"demo"), field(4, &digest(number))]
}

fn get(maker: &mut Maker, from: Endpoint, number: u32, size: usize) {
    send(
        maker,
        from,
        SERVER,
        3,
        &message([3, 0, 0], 0, 0, &record(number), &[]),
    );
    maker.wait(0.0002);
    let found = number % 10 != 0;
    let ops = [
        op(1, 1, b"count", &u64::from(number).to_be_bytes()),
        op(1, 3, b"name", &vec![b'x'; size]),
    ];
    let body = message(
        [0; 3],
        if found { 0 } else { 2 },
        number % 5 + 1,
        &[],
        if found { &ops } else { &[] },
    );
    send(maker, SERVER, from, 3, &body);
}

fn put(maker: &mut Maker, from: Endpoint, number: u32) {
    let ops = [
        op(2, 1, b"count", &u64::from(number).to_be_bytes()),
        op(2, 3, b"name", b"a name of a record"),
    ];
    send(
        maker,
        from,
        SERVER,
        3,
        &message([0, 1, 0], 0, 0, &record(number), &ops),
    );
    maker.wait(0.0003);
    send(
        maker,
        SERVER,
        from,
        3,
        &message([0; 3], 0, number % 5 + 2, &[], &[]),
    );
}

fn batch(maker: &mut Maker, from: Endpoint, number: u32, rows: u32) {
    let mut list = rows.to_be_bytes().to_vec();
    list.push(1);
    for index in 0..rows {
        list.extend(index.to_be_bytes());
        list.extend(digest(number.wrapping_add(index)));
        if index == 0 {
            list.extend([0, 3, 0, 2, 0, 0]);
            list.extend(field(0, b"test"));
            list.extend(field(1, b"demo"));
        } else {
            list.push(1);
        }
    }
    send(
        maker,
        from,
        SERVER,
        3,
        &message([9, 0, 0], 0, 0, &[field(41, &list)], &[]),
    );
    maker.wait(0.001);
    let mut answer = Vec::new();
    for index in 0..rows {
        let row = op(1, 1, b"count", &u64::from(index).to_be_bytes());
        let mut body = message([0; 3], 0, 1, &[], &[row]);
        body[14..18].copy_from_slice(&index.to_be_bytes());
        answer.extend(body);
    }
    answer.extend(message([0, 0, 1], 0, 0, &[], &[]));
    send(maker, SERVER, from, 3, &answer);
}

fn scan(maker: &mut Maker, from: Endpoint, number: u32, records: u32) {
    let fields = [
        field(0, b"test"),
        field(1, b"demo"),
        field(7, &u64::from(number).to_be_bytes()),
    ];
    send(maker, from, SERVER, 3, &message([3, 0, 0], 0, 0, &fields, &[]));
    let names = |index| [field(0, b"test"), field(4, &digest(index)), field(1, b"demo")];
    for first in (0..records).step_by(100) {
        let each = (first..(first + 100).min(records))
            .map(|index| message([0; 3], 0, 1, &names(index), &[op(1, 1, b"count", &[0; 8])]));
        send(maker, SERVER, from, 3, &each.collect::<Vec<_>>().concat());
    }
    send(maker, SERVER, from, 3, &message([0, 0, 1], 0, 0, &[], &[]));
}

fn info(maker: &mut Maker, from: Endpoint) {
    send(maker, from, SERVER, 1, b"node\npartition-generation\nfeatures\n");
    maker.wait(0.0001);
    send(
        maker,
        SERVER,
        from,
        1,
        b"node\tBB9020011AC4202\npartition-generation\t4096\nfeatures\tbatch-any;cdt-list;pipelining\n",
    );
}

const NODES: [Endpoint; 2] = [([10, 0, 0, 1], 47_000), ([10, 0, 0, 2], 3001)];
const BEATS: [Endpoint; 2] = [([10, 0, 0, 1], 48_000), ([10, 0, 0, 2], 3002)];

fn replicate(maker: &mut Maker, number: u32) {
    maker.send(NODES[0], NODES[1], &make::write(number, number as u8, 0));
    maker.wait(0.0001);
    maker.send(NODES[1], NODES[0], &make::ack(number, number as u8));
}

fn fabric(maker: &mut Maker) {
    maker.connect(NODES[0], NODES[1]);
    maker.send(NODES[0], NODES[1], &make::hello(0x0bb9_0200_11ac_4202, 1));
}

/// About as many packets as asked for.
fn mix(maker: &mut Maker, packets: u32) {
    const CLIENTS: u16 = 200;
    for number in 0..CLIENTS {
        maker.connect(client(number), SERVER);
    }
    fabric(maker);
    maker.connect(BEATS[0], BEATS[1]);
    for number in 0..packets.saturating_sub(3 * u32::from(CLIENTS)) / 2 {
        let from = client((number.wrapping_mul(7919) % u32::from(CLIENTS)) as u16);
        match number % 100 {
            0 => batch(maker, from, number, 10),
            1 => info(maker, from),
            2..=6 => replicate(maker, number),
            7 => {
                maker.send(BEATS[0], BEATS[1], &make::pulse(0x0bb9_0200_11ac_4202, 3001));
            }
            8..=39 => put(maker, from, number),
            _ => get(maker, from, number, 30),
        }
        maker.wait(0.0005);
    }
}

/// One exchange of a kind that a client has.
fn exchange(maker: &mut Maker, from: Endpoint, kind: &str, number: u32) {
    match kind {
        "small" => get(maker, from, number, 30),
        "batches" => batch(maker, from, number, 300),
        "records" => get(maker, from, 10 * number + 1, 1 << 20),
        "scans" => scan(maker, from, number, 3000),
        other => panic!("no kind of traffic: {other}"),
    }
    maker.wait(0.001);
}

/// So many times some of every kind, each on a connection of its own.
fn every(maker: &mut Maker, count: u32) {
    fabric(maker);
    (0..200 * count).for_each(|number| replicate(maker, number));
    for (number, (kind, some)) in (0..).zip([("small", 200), ("batches", 2), ("records", 1), ("scans", 1)]) {
        let from = client(number);
        maker.connect(from, SERVER);
        (0..some * count).for_each(|number| exchange(maker, from, kind, number));
    }
}

/// A capture with so many of a kind.
///
/// # Panics
/// A kind that is none.
pub fn capture(kind: &str, count: u32) -> Vec<u8> {
    let mut maker = Maker::new();
    let from = client(0);
    match kind {
        "mixed" => mix(&mut maker, count),
        "every" => every(&mut maker, count),
        "fabric" => {
            fabric(&mut maker);
            (0..count).for_each(|number| replicate(&mut maker, number));
        }
        kind => {
            maker.connect(from, SERVER);
            (0..count).for_each(|number| exchange(&mut maker, from, kind, number));
        }
    }
    maker.finish()
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut out = BufWriter::new(io::stdout());
    let input = || -> io::Result<Vec<u8>> {
        let mut file = Vec::new();
        io::stdin().read_to_end(&mut file)?;
        Ok(file)
    };
    match arguments[..] {
        ["cql"] => again::cql(&input()?, &mut out)?,
        ["again", count] => again::again(&input()?, count.parse().expect("COUNT is a number"), &mut out)?,
        [kind, count] => out.write_all(&capture(kind, count.parse().expect("COUNT is a number")))?,
        _ => panic!("usage: traffic mixed|every|small|batches|records|scans|fabric|again COUNT, traffic cql"),
    }
    out.flush()
}
