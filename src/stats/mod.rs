//! What is counted over a whole capture: listeners of the tap, each a menu entry and a `-z`.
#![forbid(unsafe_code)]

pub mod cluster;
pub mod connections;
pub mod diagnosis;
pub mod hotkeys;
pub mod latency;
pub mod records;
pub mod report_files;
pub mod shared;
pub mod srt;
pub mod timeline;
pub mod tree;

use crate::epan::reports::stats;
use crate::epan::taps::windows;
use crate::protocols::AEROSPIKE;
use crate::track::record::{Event, FRAMES, Records, TAP};

/// Registers the tap and all who listen to it.
pub fn register() {
    TAP.register();
    stats::listen();
    stats::after_drawing(report_files::write);
    stats::reports::<_, (hotkeys::HotKeys,)>(&TAP);
    stats::reports::<
        _,
        (
            latency::Latency,
            diagnosis::Diagnosis,
            timeline::Timeline,
            connections::Connections,
        ),
    >(&FRAMES);
    stats::reports::<_, (cluster::Cluster, records::RecordSizes)>(&TAP);
    stats::response_times::<_, srt::Times>(&AEROSPIKE, &TAP);
    windows::endpoints::<Records>(&AEROSPIKE, c"aerospike.digest", |record, each| {
        let is_answer = matches!(record.event, Event::Answered { .. });
        for touch in record.touches {
            each(&touch.digest, is_answer);
        }
    });
    windows::register(&AEROSPIKE);
    stats::counters::<_, tree::Overview>(&TAP, c"aerospike", c"Aerospike", c"Overview");
}
