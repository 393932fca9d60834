//! The tables of a report: rows of cells, which are Wireshark's.

use core::ffi::CStr;

use libc::{c_int, c_uint};

use crate::epan::guard::sys;
use crate::epan::memory::text::Text;

/// Bytes of a text at most.
const TEXT: usize = 4096;

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CellValue<'c> {
    /// Nothing was written.
    None,
    /// An unsigned number.
    Unsigned(u32),
    /// A signed number.
    Signed(i32),
    /// A number with decimals.
    Decimal(f64),
    /// Text.
    Text(&'c str),
}

/// The tables of a report.
pub struct ReportTables(pub(super) c_int);

/// A row of a table.
#[derive(Clone, Copy)]
pub struct ReportRow {
    report: c_int,
    table: c_uint,
    row: c_uint,
}

impl ReportTables {
    /// A row, made if it is the next one; rows are numbered from 0.
    #[must_use]
    pub fn row(&self, table: u32, row: u32) -> Option<ReportRow> {
        // SAFETY: C checks the numbers.
        (unsafe { sys::as_table_row(self.0, table, row) } != 0).then_some(ReportRow {
            report: self.0,
            table,
            row,
        })
    }

    /// Takes all rows out of a table.
    pub fn clear(&self, table: u32) {
        // SAFETY: C checks the numbers.
        unsafe { sys::as_table_clear(self.0, table) };
    }

    /// How many rows a table has.
    #[must_use]
    pub fn rows(&self, table: u32) -> u32 {
        // SAFETY: C checks the numbers.
        unsafe { sys::as_table_rows(self.0, table) }
    }

    /// Hands over what a cell holds.
    pub fn read<T>(&self, (table, row, column): (u32, u32, u32), read: impl FnOnce(CellValue<'_>) -> T) -> T {
        let mut raw = sys::as_cell_value {
            cell: -1,
            uint_value: 0,
            int_value: 0,
            float_value: 0.0,
            text: core::ptr::null(),
        };
        // SAFETY: C checks the numbers, and writes all of the value.
        unsafe { sys::as_table_read(self.0, table, row, column, &mut raw) };
        read(match u32::try_from(raw.cell) {
            Ok(sys::AS_CELL_UINT) => CellValue::Unsigned(raw.uint_value),
            Ok(sys::AS_CELL_INT) => CellValue::Signed(raw.int_value),
            Ok(sys::AS_CELL_FLOAT) => CellValue::Decimal(raw.float_value),
            Ok(sys::AS_CELL_TEXT) if !raw.text.is_null() => {
                // SAFETY: a cell's text ends with NUL, was written from UTF-8, and stays while `read` has it: what that
                // gets borrows no tables to write into.
                CellValue::Text(unsafe { CStr::from_ptr(raw.text) }.to_str().unwrap_or_default())
            }
            _ => CellValue::None,
        })
    }
}

impl ReportRow {
    /// Sets an unsigned cell.
    pub fn unsigned(self, column: u32, value: u32) {
        // SAFETY: C checks the numbers, as in the others.
        unsafe { sys::as_table_uint(self.report, self.table, self.row, column, value) };
    }

    /// Sets a signed cell.
    pub fn signed(self, column: u32, value: i32) {
        // SAFETY: as above.
        unsafe { sys::as_table_int(self.report, self.table, self.row, column, value) };
    }

    /// Sets a cell with decimals.
    pub fn decimal(self, column: u32, value: f64) {
        // SAFETY: as above.
        unsafe { sys::as_table_float(self.report, self.table, self.row, column, value) };
    }

    /// Sets a text.
    pub fn text(self, column: u32, text: core::fmt::Arguments<'_>) {
        let text = Text::<TEXT>::of(text);
        // SAFETY: as above; C copies the text, which ends with NUL.
        unsafe { sys::as_table_text(self.report, self.table, self.row, column, text.as_ptr()) };
    }
}
