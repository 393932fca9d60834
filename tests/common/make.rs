//! Captures made here: TCP connections that carry what a test says.

use std::io::Write;
use std::process::{Command, Stdio};

/// What the times of a capture count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    Microseconds,
    Nanoseconds,
}

/// A classic capture file of Ethernet: of each packet when it came, what was captured, and how long it was.
pub fn pcap<'a>(clock: Clock, packets: impl Iterator<Item = (u64, &'a [u8], usize)>) -> Vec<u8> {
    const VERSION: u32 = 0x0004_0002;
    const SNAP_LENGTH: u32 = 262_144;
    const ETHERNET: u32 = 1;
    let (magic, second) = match clock {
        Clock::Microseconds => (0xa1b2_c3d4, 1_000_000),
        Clock::Nanoseconds => (0xa1b2_3c4d, 1_000_000_000),
    };
    let mut bytes = Vec::new();
    let words =
        |bytes: &mut Vec<u8>, words: &[u32]| bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    words(&mut bytes, &[magic, VERSION, 0, 0, SNAP_LENGTH, ETHERNET]);
    for (time, frame, length) in packets {
        let (seconds, rest) = (time / second, time % second);
        words(
            &mut bytes,
            &[seconds as u32, rest as u32, frame.len() as u32, length as u32],
        );
        bytes.extend(frame);
    }
    bytes
}

/// An address and a port.
pub type Endpoint = ([u8; 4], u16);

/// A capture in the making. Actors may be written one after another: packets are put in the order of time at last.
pub struct Maker {
    /// When, what was captured, and how long it was.
    packets: Vec<(u64, Vec<u8>, usize)>,
    microseconds: u64,
    /// The next sequence number of each direction, and when the last one was used.
    next: std::collections::HashMap<(Endpoint, Endpoint), (u32, u64)>,
}

/// A packet, whose number is known when all are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(usize);

pub const FIN: u8 = 1;
pub const SYN: u8 = 2;
pub const RST: u8 = 4;
pub const PUSH: u8 = 8;
pub const ACK: u8 = 16;
/// An ordinary window.
const WINDOW: u16 = 0xff00;
const START: u64 = 1_700_000_000_000_000;

impl Maker {
    pub fn new() -> Maker {
        Maker {
            packets: Vec::new(),
            microseconds: START,
            next: Default::default(),
        }
    }

    /// The file.
    pub fn finish(mut self) -> Vec<u8> {
        self.packets.sort_by_key(|(time, ..)| *time);
        let packets = self.packets.iter();
        pcap(
            Clock::Microseconds,
            packets.map(|(time, frame, length)| (*time, frame.as_slice(), *length)),
        )
    }

    /// The number of a packet in the file, as long as no more come before it.
    pub fn number(&self, mark: Mark) -> u32 {
        let (time, ..) = self.packets[mark.0];
        let earlier = |(index, packet): &(usize, &(u64, Vec<u8>, usize))| (packet.0, *index) < (time, mark.0);
        1 + self.packets.iter().enumerate().filter(earlier).count() as u32
    }

    /// Lets time pass.
    pub fn wait(&mut self, seconds: f64) {
        self.microseconds += (seconds * 1e6) as u64;
    }

    /// Goes on at that second of the capture, also an earlier one.
    pub fn at(&mut self, seconds: f64) -> &mut Maker {
        self.microseconds = START + (seconds * 1e6).round() as u64;
        self
    }

    /// A segment with that window; sequence numbers follow from what went before.
    pub fn segment(&mut self, from: Endpoint, to: Endpoint, flags: u8, window: u16, data: &[u8]) -> Mark {
        self.microseconds += 10;
        let (acknowledged, _) = self.next.get(&(to, from)).copied().unwrap_or_default();
        let (sequence, latest) = self.next.entry((from, to)).or_insert((1000, 0));
        assert!(
            *latest <= self.microseconds,
            "{from:?} to {to:?}: back in time on a connection"
        );
        *latest = self.microseconds;
        let mut ip = vec![0x45, 0];
        ip.extend((40 + data.len() as u16).to_be_bytes());
        ip.extend([0, 0, 0, 0, 64, 6, 0, 0]);
        ip.extend(from.0);
        ip.extend(to.0);
        ip.extend(from.1.to_be_bytes());
        ip.extend(to.1.to_be_bytes());
        ip.extend(sequence.to_be_bytes());
        ip.extend(acknowledged.to_be_bytes());
        ip.extend([0x50, flags]);
        ip.extend(window.to_be_bytes());
        ip.extend([0, 0, 0, 0]);
        ip.extend(data);
        *sequence = sequence.wrapping_add(data.len() as u32 + u32::from(flags & (SYN | FIN) != 0));
        let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
        frame.extend(ip);
        let length = frame.len();
        self.packets.push((self.microseconds, frame, length));
        Mark(self.packets.len() - 1)
    }

    fn packet(&mut self, from: Endpoint, to: Endpoint, flags: u8, data: &[u8]) -> Mark {
        self.segment(from, to, flags, WINDOW, data)
    }

    /// A datagram between two ends.
    pub fn datagram(&mut self, from: Endpoint, to: Endpoint, data: &[u8]) -> Mark {
        let mut udp = from.1.to_be_bytes().to_vec();
        udp.extend(to.1.to_be_bytes());
        udp.extend((8 + data.len() as u16).to_be_bytes());
        udp.extend([0, 0]);
        udp.extend(data);
        self.internet(17, from.0, to.0, &udp)
    }

    /// A host says that it could not be reached: its error message quotes the packet whole.
    pub fn quote(&mut self, mark: Mark) -> Mark {
        let ip = self.packets[mark.0].1[14..].to_vec();
        let address = |at: usize| [ip[at], ip[at + 1], ip[at + 2], ip[at + 3]];
        let unreachable_port = [3, 3, 0, 0, 0, 0, 0, 0];
        let (from, to) = (address(16), address(12));
        self.internet(1, from, to, &[&unreachable_port[..], &ip].concat())
    }

    /// A packet of IPv4 with another protocol in it than TCP.
    fn internet(&mut self, protocol: u8, from: [u8; 4], to: [u8; 4], content: &[u8]) -> Mark {
        self.microseconds += 10;
        let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0];
        frame.extend((20 + content.len() as u16).to_be_bytes());
        frame.extend([0, 0, 0, 0, 64, protocol, 0, 0]);
        frame.extend(from);
        frame.extend(to);
        frame.extend(content);
        let length = frame.len();
        self.packets.push((self.microseconds, frame, length));
        Mark(self.packets.len() - 1)
    }

    /// The same packet once more, as TCP sends it again.
    pub fn again(&mut self, mark: Mark) -> Mark {
        self.microseconds += 10;
        let (_, frame, length) = self.packets[mark.0].clone();
        self.packets.push((self.microseconds, frame, length));
        Mark(self.packets.len() - 1)
    }

    /// The number with which a direction begins; before its SYN.
    pub fn starts(&mut self, from: Endpoint, to: Endpoint, sequence: u32) {
        self.next.insert((from, to), (sequence, 0));
    }

    /// A SYN alone. A later one between these ends is another connection.
    pub fn syn(&mut self, from: Endpoint, to: Endpoint) -> Mark {
        self.packet(from, to, SYN, &[])
    }

    /// The answer of a host where nobody listens, or where the connection is unknown.
    pub fn refuse(&mut self, from: Endpoint, to: Endpoint) -> Mark {
        self.segment(from, to, RST | ACK, 0, &[])
    }

    pub fn acknowledge(&mut self, from: Endpoint, to: Endpoint) -> Mark {
        self.packet(from, to, ACK, &[])
    }

    /// An acknowledgement that leaves no room for more.
    pub fn is_full(&mut self, from: Endpoint, to: Endpoint) -> Mark {
        self.segment(from, to, ACK, 0, &[])
    }

    /// One end sends no more.
    pub fn end(&mut self, from: Endpoint, to: Endpoint) -> Mark {
        self.packet(from, to, FIN | ACK, &[])
    }

    pub fn connect(&mut self, from: Endpoint, to: Endpoint) -> Mark {
        let syn = self.packet(from, to, SYN, &[]);
        self.packet(to, from, SYN | ACK, &[]);
        self.packet(from, to, ACK, &[]);
        syn
    }

    pub fn close(&mut self, from: Endpoint, to: Endpoint) {
        self.packet(from, to, FIN | ACK, &[]);
        self.packet(to, from, FIN | ACK, &[]);
        self.packet(from, to, ACK, &[]);
    }

    /// Sends data; the first segment of it.
    pub fn send(&mut self, from: Endpoint, to: Endpoint, data: &[u8]) -> Mark {
        let first = Mark(self.packets.len());
        for part in data.chunks(1448) {
            self.packet(from, to, PUSH | ACK, part);
        }
        first
    }

    /// A segment of which the capture lacks the last bytes.
    pub fn send_cut(&mut self, from: Endpoint, to: Endpoint, data: &[u8], missing: usize) {
        let mark = self.packet(from, to, PUSH | ACK, data);
        let frame = &mut self.packets[mark.0].1;
        frame.truncate(frame.len() - missing);
    }

    /// A segment at a place of its own: so many bytes behind the begin of the stream.
    pub fn send_at(&mut self, from: Endpoint, to: Endpoint, offset: u32, data: &[u8]) {
        let begin = 1001 + offset;
        let next = self.next.insert((from, to), (begin, 0));
        self.packet(from, to, PUSH | ACK, data);
        let end = begin + data.len() as u32;
        let latest = self.microseconds;
        let next = next.map_or(end, |(next, _)| next.max(end));
        self.next.insert((from, to), (next, latest));
    }

    /// How many packets there are.
    pub fn frames(&self) -> u32 {
        self.packets.len() as u32
    }

    /// Bytes that the capture does not hold.
    pub fn lose(&mut self, from: Endpoint, to: Endpoint, length: u32) {
        self.next.entry((from, to)).or_insert((1000, 0)).0 += length;
    }
}

pub fn uint32(id: u16, value: u32) -> Vec<u8> {
    [&id.to_be_bytes()[..], &[1], &value.to_be_bytes()].concat()
}

pub fn uint64(id: u16, value: u64) -> Vec<u8> {
    [&id.to_be_bytes()[..], &[3], &value.to_be_bytes()].concat()
}

pub fn buf(id: u16, value: &[u8]) -> Vec<u8> {
    sized_field(id, 6, value)
}

pub fn sized_field(id: u16, wire: u8, value: &[u8]) -> Vec<u8> {
    let size = (value.len() as u32).to_be_bytes();
    [&id.to_be_bytes()[..], &[wire], &size, value].concat()
}

pub fn msg(kind: u16, fields: &[Vec<u8>]) -> Vec<u8> {
    let body = fields.concat();
    [&(body.len() as u32).to_be_bytes()[..], &kind.to_be_bytes(), &body].concat()
}

pub fn hello(node: u64, channel: u32) -> Vec<u8> {
    msg(0, &[uint64(0, node), uint32(5, channel)])
}

/// A replica write that drops a record, with flags.
pub fn write(tid: u32, digest: u8, info: u32) -> Vec<u8> {
    let fields = [
        uint32(0, 8),
        uint32(3, 0),
        uint32(10, tid),
        uint32(12, info),
        buf(2, b"test"),
        buf(5, &[digest; 20]),
    ];
    msg(7, &fields)
}

pub fn ack(tid: u32, digest: u8) -> Vec<u8> {
    let fields = [
        uint32(0, 2),
        uint32(1, 0),
        uint32(3, 0),
        uint32(10, tid),
        buf(5, &[digest; 20]),
    ];
    msg(7, &fields)
}

/// A pulse of a node whose fabric service is on a port of 127.0.0.1.
pub fn pulse(node: u64, port: u16) -> Vec<u8> {
    let [low, high] = port.to_le_bytes();
    let fields = [
        uint32(0, 0x6864),
        uint32(1, 0),
        uint64(2, node),
        uint64(4, 0x01a2_04ac_f49a_0000),
        buf(9, &[1, 0, 1, low, high, 127, 0, 0, 1]),
        buf(10, &[]),
    ];
    msg(5, &fields)
}

/// A client's message before or after another node passed it on: the header of a proxy request is little endian.
pub fn proxy_message(op: u32, tid: u32, digest: u8, message: &[u8]) -> Vec<u8> {
    let mut fields = vec![uint32(0, op), uint32(1, tid)];
    if op == 1 {
        fields.push(buf(2, &[digest; 20]));
    }
    fields.push(buf(4, message));
    msg(4, &fields)
}

/// A message with its proto header: 1 info, 3 message.
pub fn proto(kind: u8, body: &[u8]) -> Vec<u8> {
    let size = (body.len() as u64).to_be_bytes();
    [&[2, kind], &size[2..], body].concat()
}

/// The body of a batch read of all bins in the namespace "test": rows by index and digest.
pub fn batch_read(rows: impl ExactSizeIterator<Item = (u32, [u8; 20])>) -> Vec<u8> {
    let mut field = (rows.len() as u32).to_be_bytes().to_vec();
    field.push(1);
    for (number, (index, digest)) in rows.enumerate() {
        field.extend(index.to_be_bytes());
        field.extend(digest);
        if number == 0 {
            // info1 READ and GET_ALL, one field, no operation.
            field.extend([0, 3, 0, 1, 0, 0, 0, 0, 0, 5, 0]);
            field.extend(b"test");
        } else {
            field.push(1);
        }
    }
    let mut body = vec![22, 8];
    body.resize(18, 0);
    body.extend([0, 1, 0, 0]);
    body.extend((field.len() as u32 + 1).to_be_bytes());
    body.push(41);
    body.extend(field);
    body
}

/// Bytes as a zlib stream, made by gzip of whose file it is the middle.
pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = Command::new("gzip")
        .args(["-9", "-n", "-c"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip");
    let mut input = gzip.stdin.take().expect("piped");
    let file = std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(bytes).expect("gzip reads all"));
        gzip.wait_with_output().expect("gzip").stdout
    });
    [&[0x78, 0xda], &file[10..file.len() - 8], &adler(bytes)].concat()
}

/// A zlib stream of stored blocks (RFC 1950, 1951).
pub fn store(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        stream.push(blocks.peek().is_none().into());
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    stream.extend(adler(bytes));
    stream
}

/// The checksum at the end of a zlib stream.
fn adler(bytes: &[u8]) -> [u8; 4] {
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    (high << 16 | low).to_be_bytes()
}

/// What a client asks of the record `test.demo` with a digest of twenty times `digest`.
pub fn record_request(digest: u8, writes: bool) -> Vec<u8> {
    proto(
        3,
        &record_body(digest, writes, u32::to_be_bytes, u16::to_be_bytes),
    )
}

/// The same as a node passes it on: swapped in its memory.
pub fn swapped_request(digest: u8, writes: bool) -> Vec<u8> {
    let body = record_body(digest, writes, u32::to_le_bytes, u16::to_le_bytes);
    let size = (body.len() as u64).to_le_bytes();
    [&[2, 3], &size[..6], &body[..]].concat()
}

fn record_body(digest: u8, writes: bool, long: fn(u32) -> [u8; 4], short: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let (info1, info2) = if writes { (0, 1) } else { (3, 0) };
    let mut body = vec![22, info1, info2, 0, 0, 0];
    for number in [0, 0, 1000] {
        body.extend(long(number));
    }
    body.extend(short(3));
    body.extend(short(writes.into()));
    for (kind, data) in [(0, &b"test"[..]), (1, b"demo"), (4, &[digest; 20])] {
        body.extend(long(data.len() as u32 + 1));
        body.push(kind);
        body.extend(data);
    }
    if writes {
        body.extend(long(13));
        body.extend([2, 1, 0, 1, b'v', 0, 0, 0, 0, 0, 0, 0, 1]);
    }
    body
}

/// The answer to it: a result and nothing else.
pub fn record_answer(result: u8) -> Vec<u8> {
    let mut body = vec![22, 0, 0, 0, 0, result, 0, 0, 0, 1];
    body.resize(22, 0);
    proto(3, &body)
}
