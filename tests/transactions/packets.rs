//! Captures with packets lost, swapped or left out, made of captures of the set.

use crate::common::captures;
use crate::common::host::host;

const ENHANCED_PACKET: u32 = 6;

/// A variant of a capture, and which frames of the whole capture it holds, in its order.
pub struct Variant {
    pub name: String,
    pub frames: Vec<u32>,
}

/// Makes a variant of a capture: `arrange` turns the frame numbers of the whole into those that are left.
pub fn variant(capture: &str, what: &str, arrange: impl FnOnce(Vec<u32>) -> Vec<u32>) -> Variant {
    let (bytes, _) = captures::capture_bytes(capture);
    let (mut out, mut packets) = (Vec::new(), Vec::new());
    let mut rest = &bytes[..];
    while rest.len() >= 12 {
        let word = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().expect("four bytes"));
        let (kind, length) = (word(0), word(4) as usize);
        let (block, after) = rest.split_at(length);
        rest = after;
        if kind == ENHANCED_PACKET {
            packets.push(block);
        } else if packets.is_empty() {
            // What follows the packets (statistics) is of no use here.
            out.extend(block);
        }
    }
    let frames = arrange((1..=packets.len() as u32).collect());
    for frame in &frames {
        out.extend(packets[*frame as usize - 1]);
    }
    let name = format!("{capture}--{what}");
    host().put(&name, &out);
    Variant { name, frames }
}

/// Numbers that look random and are the same in every run.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            let other = self.below(at + 1);
            list.swap(at, other);
        }
    }
}
