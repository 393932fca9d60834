//! The columns of a report.

use core::ffi::CStr;

/// What the cells of a column hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// An unsigned number.
    Unsigned,
    /// A signed number.
    Signed,
    /// A number with so many decimals.
    Decimal(u8),
    /// Text.
    Text,
}

/// A column of a report.
pub struct Column {
    pub(super) name: &'static CStr,
    pub(super) cell: Cell,
    pub(super) width: u8,
}

impl Column {
    /// By its heading, what it holds and its width in text output.
    #[must_use]
    pub const fn new(name: &'static CStr, cell: Cell, width: u8) -> Self {
        Self { name, cell, width }
    }
    /// Its heading.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name.to_str().unwrap_or_default()
    }
}
