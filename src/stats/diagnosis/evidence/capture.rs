//! What is so of the capture as a whole.

/// A stretch of time in which nobody was heard.
#[derive(Clone, Copy, Debug)]
pub struct Gap {
    /// Time of the packet before, nanoseconds since 1970.
    pub from: i64,
    /// Time of the one behind.
    pub to: i64,
    /// Its frame.
    pub frame: u32,
    /// Bytes are missing behind it: it was no silence.
    pub is_lossy: bool,
}

/// Facts about the capture.
#[derive(Clone, Debug, Default)]
pub struct CaptureFacts {
    /// Copies, and the frame of the first.
    pub copies: (u32, u32),
    /// Segments that carry something.
    pub carrying: u32,
    /// Copies are everywhere.
    pub is_doubled: bool,
    /// No bare packet of TCP at all.
    pub is_data_only: bool,
    /// Stretches in which nobody was heard, though many were before and after.
    pub gaps: Vec<Gap>,
    /// Frames that stand in the wrong order although their times run forwards.
    pub mistimed: u32,
    /// Connections of which one direction is missing.
    pub one_way: u32,
    /// Connections on which anything of ours was understood.
    pub understood: u32,
}

impl CaptureFacts {
    /// Whether frames have each other's times, here and there: only some of them are noticed, those of one connection.
    /// How long one thing took is unknown then.
    #[must_use]
    pub const fn has_wrong_times(&self) -> bool {
        self.mistimed >= 5 && self.mistimed * 500 >= self.carrying
    }
}
