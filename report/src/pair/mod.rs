//! Two captures of the same minute, at two places: aligned by the packets they share, they tell where one was lost or late.
//!
//! A packet is known again by its addresses, ports, sequence number, length and IP identification: where the network or a
//! card changes these (address translation, segmentation by the card), fewer are shared, and that is said.

pub mod aligned;
mod packets;
pub mod told;

use std::collections::HashSet;

use self::aligned::Pair;
use crate::error::Result;
use crate::side::Side;
use crate::source::Source;
use crate::tshark::{Settings, Tshark};

/// Whether the two were captured at the same time, or nearly: clocks differ.
#[must_use]
pub fn overlaps(one: &Side, other: &Side) -> bool {
    let slack = 10_000_000_000;
    one.origin > 0 && other.origin > 0 && one.origin <= other.end + slack && other.origin <= one.end + slack
}

/// Aligns two sides; none if they share too few packets.
///
/// # Errors
/// tshark cannot be run.
pub fn align(tshark: &Tshark, settings: &Settings, one: &Side, other: &Side) -> Result<Option<Pair>> {
    let nodes: HashSet<&str> = one
        .grid
        .lines
        .keys()
        .chain(other.grid.lines.keys())
        .map(|(node, _)| node.as_str())
        .collect();
    let mut packets = [Vec::new(), Vec::new()];
    for (side, packets) in [one, other].iter().zip(&mut packets) {
        for source in &side.sources {
            packets::read(tshark, settings, source, &nodes, packets)?;
        }
    }
    let name = |side: &Side| side.sources.first().map_or(String::new(), Source::name);
    Ok(aligned::compare(
        packets,
        [one.origin, other.origin],
        [name(one), name(other)],
    ))
}
