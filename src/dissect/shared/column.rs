//! The Info column: one line a message, several of a frame joined by ` | `.

use core::fmt::{self, Write as _};

use crate::epan::taps::windows;
use crate::epan::{Packet, Text};

/// Messages of a frame that are written out; of the others only the number is.
const SHOWN: u32 = 8;

/// Bytes of the column's text for one message.
pub const WIDTH: usize = 512;

/// Adds the line of one message, if somebody looks; `protocol` is what the Protocol column says.
pub fn line(packet: Packet<'_>, write: impl FnOnce(&mut Text<WIDTH>) -> fmt::Result) {
    if windows::is_followed() {
        let mut text = Text::<WIDTH>::new();
        // The buffer takes what fits.
        let _ = write(&mut text);
        follow(packet, format_args!("{text}"));
        in_column(packet, |out| out.write_str(text.as_str()));
    } else {
        in_column(packet, write);
    }
}

fn in_column(packet: Packet<'_>, write: impl FnOnce(&mut Text<WIDTH>) -> fmt::Result) {
    if !packet.has_columns() {
        return;
    }
    let state = packet.state();
    let is_detail = state.line_is_open.replace(0) != 0;
    if is_detail && state.lines.get() > SHOWN {
        return;
    }
    let index = state.lines.get();
    if !is_detail {
        state.lines.set(index.saturating_add(1));
    }
    if index == 0 {
        packet.set_protocol_column(c"Aerospike");
    }
    // What stands behind the last fence is not ours, or the tail.
    if !is_detail && index >= SHOWN {
        packet.set_info(&Text::<32>::of(format_args!(
            " | … and {} more",
            index - SHOWN + 1
        )));
        return;
    }
    let mut text = Text::<WIDTH>::new();
    if is_detail {
        let _ = text.write_str(": ");
    } else if index > 0 {
        let _ = text.write_str(" | ");
    }
    // The buffer takes what fits.
    let _ = write(&mut text);
    packet.set_info(&text);
    packet.fence_info();
}

/// A line of the stream that somebody follows.
pub fn follow(packet: Packet<'_>, text: fmt::Arguments<'_>) {
    let text = Text::<{ WIDTH + 2 }>::of(format_args!("{text}"));
    windows::follow(packet, packet.state().is_answer.get() != 0, text.as_str());
}

/// As [`line()`], of a message that carries another: that one's line goes behind it.
pub fn line_around(packet: Packet<'_>, write: impl FnOnce(&mut Text<WIDTH>) -> fmt::Result) {
    line(packet, write);
    if packet.has_columns() {
        packet.state().line_is_open.set(1);
    }
}
