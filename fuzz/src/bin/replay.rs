//! The fuzz targets without a fuzzer, on any Rust: each reads the pieces that it would start from, and each of them
//! spoiled in some places. What is changed follows from the piece
//! alone.
//!
//! `replay SECONDS FAILED` reads packets on its standard input (`aerospike_fuzz::seeds`), stays at each target for so long,
//! and prints a line a target; the first input at which one panics is written to the file FAILED.

use std::collections::hash_map::DefaultHasher;
use std::env;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::panic;
use std::time::{Duration, Instant};

use aerospike_fuzz::TARGETS;
use aerospike_fuzz::seeds::Seeds;

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn of(piece: &[u8]) -> Random {
        let mut hasher = DefaultHasher::new();
        piece.hash(&mut hasher);
        Random(hasher.finish() | 1)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// A few bytes set, a piece doubled or left out, the end cut off.
fn spoil(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        if bytes.is_empty() {
            return;
        }
        let at = random.below(bytes.len());
        let to = (at + 1 + random.below(16)).min(bytes.len());
        match random.below(5) {
            0 => bytes[at] = random.below(256) as u8,
            1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
            2 => bytes.truncate(at),
            3 => bytes.extend_from_within(at..to),
            _ => drop(bytes.drain(at..to)),
        }
    }
}

fn main() {
    let mut arguments = env::args().skip(1);
    let seconds = arguments.next().and_then(|text| text.parse().ok());
    let seconds = Duration::from_secs(seconds.expect("seconds a target"));
    let failed = arguments.next().expect("a file for what fails");
    let seeds = Seeds::read(io::stdin().lock()).0;
    let all: Vec<_> = seeds.values().flatten().collect();
    for (name, target) in TARGETS {
        // Those that make their input of any bytes take the pieces of all others.
        let own = seeds
            .get(name)
            .map_or_else(|| all.clone(), |own| own.iter().collect());
        let start = Instant::now();
        let mut runs = 0_u64;
        let mut pieces: Vec<(Vec<u8>, Random)> = own
            .into_iter()
            .map(|piece| (piece.clone(), Random::of(piece)))
            .collect();
        assert!(pieces.len() > 50, "{name}: only {} pieces", pieces.len());
        'rounds: for round in 0.. {
            for (bytes, random) in &mut pieces {
                runs += 1;
                if panic::catch_unwind(|| target(bytes)).is_err() {
                    fs::write(&failed, &bytes).unwrap_or_else(|error| panic!("{failed}: {error}"));
                    panic!("{name} fails on {failed}");
                }
                spoil(bytes, random);
                // All of them once, however long that takes.
                if round > 0 && start.elapsed() > seconds {
                    break 'rounds;
                }
            }
        }
        println!("replayed {name}: {} pieces, {runs} inputs", pieces.len());
    }
}
