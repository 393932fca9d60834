//! Captures made here: TCP connections that carry what a test says.

/// An address and a port.
pub type End = ([u8; 4], u16);

/// A capture in the making.
pub struct Maker {
    bytes: Vec<u8>,
    microseconds: u64,
    frames: u32,
    next: std::collections::HashMap<(End, End), u32>,
}

const SYN: u8 = 2;
const ACK: u8 = 16;
const PUSH: u8 = 8;
const FIN: u8 = 1;

impl Maker {
    pub fn new() -> Maker {
        let mut bytes = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
        bytes.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0]);
        Maker {
            bytes,
            microseconds: 1_700_000_000_000_000,
            frames: 0,
            next: Default::default(),
        }
    }

    /// The file.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// Lets time pass.
    pub fn wait(&mut self, seconds: f64) {
        self.microseconds += (seconds * 1e6) as u64;
    }

    fn packet(&mut self, from: End, to: End, flags: u8, data: &[u8]) {
        self.cut_packet(from, to, flags, data, 0);
    }

    /// A packet of which the capture lacks the last bytes.
    fn cut_packet(&mut self, from: End, to: End, flags: u8, data: &[u8], missing: usize) {
        self.microseconds += 10;
        self.frames += 1;
        let acknowledged = self.next.get(&(to, from)).copied().unwrap_or(0);
        let sequence = self.next.entry((from, to)).or_insert(1000);
        let mut ip = vec![0x45, 0];
        ip.extend((40 + data.len() as u16).to_be_bytes());
        ip.extend([0, 0, 0, 0, 64, 6, 0, 0]);
        ip.extend(from.0);
        ip.extend(to.0);
        ip.extend(from.1.to_be_bytes());
        ip.extend(to.1.to_be_bytes());
        ip.extend(sequence.to_be_bytes());
        ip.extend(acknowledged.to_be_bytes());
        ip.extend([0x50, flags, 0xff, 0, 0, 0, 0, 0]);
        ip.extend(data);
        *sequence += data.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
        frame.extend(ip);
        let (seconds, rest) = (self.microseconds / 1_000_000, self.microseconds % 1_000_000);
        for word in [
            seconds as u32,
            rest as u32,
            (frame.len() - missing) as u32,
            frame.len() as u32,
        ] {
            self.bytes.extend(word.to_le_bytes());
        }
        self.bytes.extend(&frame[..frame.len() - missing]);
    }

    /// Number of the last frame.
    pub fn frames(&self) -> u32 {
        self.frames
    }

    /// A segment of which the capture lacks the last bytes.
    pub fn send_cut(&mut self, from: End, to: End, data: &[u8], missing: usize) {
        self.cut_packet(from, to, PUSH | ACK, data, missing);
    }

    /// A segment at a place of its own: so many bytes behind the begin of the stream.
    pub fn send_at(&mut self, from: End, to: End, offset: u32, data: &[u8]) {
        let next = self.next.insert((from, to), 1001 + offset);
        self.packet(from, to, PUSH | ACK, data);
        let end = 1001 + offset + data.len() as u32;
        self.next
            .insert((from, to), next.map_or(end, |next| next.max(end)));
    }

    pub fn connect(&mut self, from: End, to: End) {
        self.packet(from, to, SYN, &[]);
        self.packet(to, from, SYN | ACK, &[]);
        self.packet(from, to, ACK, &[]);
    }

    pub fn close(&mut self, from: End, to: End) {
        self.packet(from, to, FIN | ACK, &[]);
        self.packet(to, from, FIN | ACK, &[]);
        self.packet(from, to, ACK, &[]);
    }

    pub fn send(&mut self, from: End, to: End, data: &[u8]) {
        for part in data.chunks(1448) {
            self.packet(from, to, PUSH | ACK, part);
        }
    }

    /// Bytes that the capture does not hold.
    pub fn lose(&mut self, from: End, to: End, length: u32) {
        *self.next.entry((from, to)).or_insert(1000) += length;
    }
}

pub fn uint32(id: u16, value: u32) -> Vec<u8> {
    [&id.to_be_bytes()[..], &[1], &value.to_be_bytes()].concat()
}

pub fn uint64(id: u16, value: u64) -> Vec<u8> {
    [&id.to_be_bytes()[..], &[3], &value.to_be_bytes()].concat()
}

pub fn buf(id: u16, value: &[u8]) -> Vec<u8> {
    sized(id, 6, value)
}

pub fn sized(id: u16, wire: u8, value: &[u8]) -> Vec<u8> {
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
