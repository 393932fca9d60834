//! Captures made up for a test: packets of one TCP connection in a classic pcap file.

/// A capture in the making.
pub struct Pcap {
    bytes: Vec<u8>,
    /// Next sequence number of the client and of the server.
    next: [u32; 2],
    microseconds: u32,
}

impl Pcap {
    /// A connection to port 3000 with its handshake.
    pub fn new() -> Pcap {
        let mut bytes = Vec::new();
        for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 262_144, 1] {
            bytes.extend(word.to_le_bytes());
        }
        let mut pcap = Pcap {
            bytes,
            next: [100, 500],
            microseconds: 0,
        };
        pcap.packet(0, 0x02, &[]);
        pcap.next[0] += 1;
        pcap.packet(1, 0x12, &[]);
        pcap.next[1] += 1;
        pcap.packet(0, 0x10, &[]);
        pcap
    }

    /// A message of the client or of the server, with its proto header.
    pub fn message(&mut self, from_server: bool, body: &[u8]) {
        let mut message = vec![2, 3];
        message.extend(&(body.len() as u64).to_be_bytes()[2..]);
        message.extend(body);
        let side = usize::from(from_server);
        for part in message.chunks(32_000) {
            self.packet(side, 0x18, part);
            self.next[side] += part.len() as u32;
        }
    }

    fn packet(&mut self, side: usize, flags: u8, payload: &[u8]) {
        self.microseconds += 50;
        let ports: [u16; 2] = if side == 0 { [40_000, 3000] } else { [3000, 40_000] };
        let hosts: [u8; 2] = if side == 0 { [1, 2] } else { [2, 1] };
        let mut packet = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0];
        packet.extend((40 + payload.len() as u16).to_be_bytes());
        packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, hosts[0], 10, 0, 0, hosts[1]]);
        packet.extend(ports[0].to_be_bytes());
        packet.extend(ports[1].to_be_bytes());
        packet.extend(self.next[side].to_be_bytes());
        let acknowledged = if flags == 0x02 { 0 } else { self.next[1 - side] };
        packet.extend(acknowledged.to_be_bytes());
        packet.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        packet.extend(payload);
        let length = packet.len() as u32;
        let time = [
            1_700_000_000 + self.microseconds / 1_000_000,
            self.microseconds % 1_000_000,
        ];
        for word in [time[0], time[1], length, length] {
            self.bytes.extend(word.to_le_bytes());
        }
        self.bytes.extend(packet);
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
