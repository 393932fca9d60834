//! The ways to read a capture.

use crate::random::Random;

const STATISTICS: [&str; 5] = [
    "aerospike,hotkeys",
    "aerospike,srt",
    "aerospike,latency",
    "aerospike,diagnosis",
    "aerospike,tree",
];
/// Filters of a statistic or of the packets: they make Wireshark ask for fields and build trees.
const FILTERS: [&str; 6] = [
    "aerospike",
    "aerospike.response",
    "aerospike.key == \"1\"",
    "aerospike.expert.malformed",
    "tcp.port == 3000",
    "aerospike.value contains \"a\"",
];
const PREFERENCES: [&str; 12] = [
    "aerospike.desegment:FALSE",
    "aerospike.slow_threshold:1",
    "aerospike.show_credentials:TRUE",
    "aerospike.hotkeys_scans:TRUE",
    "aerospike.hotkeys_rows:3",
    "aerospike.tcp.port:1-65535",
    "aerospike.fabric.tcp.port:3000-3003",
    "aerospike.heartbeat.tcp.port:3000-3003",
    "aerospike.info_text.tcp.port:3000-3008",
    "tcp.desegment_tcp_streams:FALSE",
    "tcp.analyze_sequence_numbers:FALSE",
    "ip.defragment:FALSE",
];

/// Arguments of tshark, but for the file.
pub struct Way(Vec<&'static str>, String);

impl Way {
    pub fn choose(random: &mut Random) -> Way {
        let mut statistic = String::new();
        let mut arguments: Vec<&str> = match random.below(8) {
            0 | 1 => vec!["-Vx"],
            2 => vec![],
            3 => vec!["-2"],
            4 => {
                statistic = (*random.pick(&STATISTICS)).into();
                if random.once_in(3) {
                    statistic = format!("{statistic},{}", random.pick(&FILTERS));
                }
                vec!["-q"]
            }
            5 => vec!["-T", "pdml"],
            6 => vec!["-T", "json"],
            _ => vec!["-2", "-V"],
        };
        if random.once_in(8) {
            arguments.extend(["-Y", *random.pick(&FILTERS)]);
        }
        if random.once_in(4) {
            arguments.extend(["-o", "tcp.reassemble_out_of_order:TRUE"]);
        }
        while random.once_in(3) {
            arguments.extend(["-o", *random.pick(&PREFERENCES)]);
        }
        if random.once_in(12) {
            arguments.extend(["--enable-heuristic", "aerospike_tcp"]);
        }
        Way(arguments, statistic)
    }

    pub fn arguments<'a>(&'a self, path: &'a str) -> Vec<&'a str> {
        let mut all = self.0.clone();
        if !self.1.is_empty() {
            all.extend(["-z", &self.1]);
        }
        all.extend(["-n", "-r", path]);
        all
    }
}
