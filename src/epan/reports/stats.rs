//! Listeners of a tap: tables that are a menu entry and a `-z` alike, service response times, the counter tree.
//!
//! Wireshark calls them outside any TRY, so only calls that cannot throw are behind these handles, and a panic ends
//! at the trampoline. What a table counts is Rust's and is dropped when its window is closed; what it shows is
//! copied into Wireshark's rows.

use core::ffi::CStr;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use libc::{c_char, c_int, c_uint, c_void};
use once_cell::sync::OnceCell;

use crate::epan::fields::protocol::Protocol;
use crate::epan::guard::sys;
use crate::epan::latest_frame;
use crate::epan::memory::text::Text;
use crate::epan::plugin::entry::caught;
use crate::epan::taps::tap::{Payload, Tap, payload};

pub use super::column::{Cell, Column};
pub use super::tables::{CellValue, ReportRow, ReportTables};

/// A report of one or two tables with the same columns. Windows share one and its state; it is made when the first
/// is opened.
pub trait Report<P: Payload>: Default + Send + 'static {
    /// Its place among the reports, from 0.
    const NUMBER: u8;
    /// The menu entry.
    const TITLE: &'static CStr;
    /// What stands behind `-z`.
    const CLI: &'static CStr;
    /// The columns; the last one is text or aligned to the left.
    const COLUMNS: &'static [Column];
    /// The headings of the tables. The first always has a row.
    const TABLES: &'static [&'static CStr];

    /// Packets were read before it is opened, and may not come again (the file is still loaded): says so. To be called
    /// before [`Report::on_open`].
    fn comes_late(&mut self) {}
    /// The tables are empty: writes the rows that are always there.
    fn on_open(&mut self, tables: &ReportTables);
    /// Counts a record; whether the tables changed.
    fn packet(&mut self, record: &P::At<'_>, tables: &ReportTables) -> bool;
    /// Records came since, and the tables are about to be drawn: writes what is not written at every record.
    fn on_draw(&mut self, _: &ReportTables) {}
    /// The window is closed: no table of it is there any more.
    fn on_close() {}
}

/// A report whose record type is forgotten.
trait Open: Send {
    fn on_open(&mut self, is_late: bool, tables: &ReportTables);
    /// # Safety
    /// `record` was queued to the tap of the report.
    unsafe fn packet(&mut self, record: *const c_void, tables: &ReportTables) -> bool;
    fn on_draw(&mut self, tables: &ReportTables);
}

struct Of<P, R>(R, PhantomData<fn() -> P>);

impl<P: Payload, R: Report<P>> Open for Of<P, R> {
    fn on_open(&mut self, is_late: bool, tables: &ReportTables) {
        if is_late {
            self.0.comes_late();
        }
        self.0.on_open(tables);
    }

    unsafe fn packet(&mut self, record: *const c_void, tables: &ReportTables) -> bool {
        // SAFETY: the caller's promise.
        let record = unsafe { payload::<P>(record) };
        record.is_some_and(|record| self.0.packet(&record, tables))
    }

    fn on_draw(&mut self, tables: &ReportTables) {
        self.0.on_draw(tables);
    }
}

struct Slot {
    make: OnceCell<fn() -> Box<dyn Open>>,
    on_close: OnceCell<fn()>,
    /// The `-z` name, the columns and the headings.
    shape: OnceCell<(&'static CStr, &'static [Column], &'static [&'static CStr])>,
    /// The tables changed since they were handed on.
    has_news: AtomicBool,
    state: Mutex<Option<Box<dyn Open>>>,
}

impl Slot {
    /// Puts a state in the place of another, which is to be dropped when nothing is locked any more.
    fn replace(&self, state: Option<Box<dyn Open>>) -> Option<Box<dyn Open>> {
        let mut place = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        core::mem::replace(&mut place, state)
    }
}

static SLOTS: [Slot; sys::AS_MAX_REPORTS as usize] = [const {
    Slot {
        make: OnceCell::new(),
        on_close: OnceCell::new(),
        shape: OnceCell::new(),
        has_news: AtomicBool::new(false),
        state: Mutex::new(None),
    }
}; sys::AS_MAX_REPORTS as usize];

/// All reports of a tap, as a tuple of their types.
pub trait Reports<P: Payload> {
    /// Their numbers.
    const NUMBERS: &'static [u8];

    /// Registers each.
    fn register(tap: &'static Tap<P>);
}

macro_rules! tuples {
    ($(($($R:ident),*))*) => {$(
        impl<P: Payload, $($R: Report<P>),*> Reports<P> for ($($R,)*) {
            const NUMBERS: &'static [u8] = &[$($R::NUMBER),*];

            fn register(tap: &'static Tap<P>) {
                $( const { assert!($R::TABLES.len() <= sys::AS_MAX_TABLES as usize, "more than C keeps") };
                report::<P, $R>(tap); )*
            }
        }
    )*};
}

tuples! { (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, F) }

/// Whether there is a place for each, and for no two the same.
const fn are_places(numbers: &[u8]) -> bool {
    let mut at = 0;
    while at < numbers.len() {
        let mut later = at + 1;
        while later < numbers.len() {
            if numbers[later] == numbers[at] {
                return false;
            }
            later += 1;
        }
        if numbers[at] as u32 >= sys::AS_MAX_REPORTS {
            return false;
        }
        at += 1;
    }
    true
}

/// Registers reports: for each a menu entry under Statistics and a `-z`. Two with one number do not compile.
pub fn reports<P: Payload, R: Reports<P>>(tap: &'static Tap<P>) {
    const {
        assert!(
            are_places(R::NUMBERS),
            "each report has a number of its own, from 0 on"
        )
    };
    R::register(tap);
}

fn report<P: Payload, R: Report<P>>(tap: &'static Tap<P>) {
    let Some(slot) = SLOTS.get(usize::from(R::NUMBER)) else {
        return;
    };
    let make: fn() -> Box<dyn Open> = || Box::new(Of::<P, R>(R::default(), PhantomData));
    if slot.make.set(make).is_err() {
        // Another tap's report has the number.
        return;
    }
    let _ = slot.on_close.set(R::on_close);
    let _ = slot.shape.set((R::CLI, R::COLUMNS, R::TABLES));
    let columns: Vec<sys::as_column> = R::COLUMNS
        .iter()
        .map(|column| {
            let (cell, decimals) = match column.cell {
                Cell::Unsigned => (sys::AS_CELL_UINT, 0),
                Cell::Signed => (sys::AS_CELL_INT, 0),
                Cell::Decimal(decimals) => (sys::AS_CELL_FLOAT, c_int::from(decimals)),
                Cell::Text => (sys::AS_CELL_TEXT, 0),
            };
            sys::as_column {
                cell: cell as c_int,
                right: c_int::from(column.cell != Cell::Text),
                width: c_int::from(column.width),
                decimals,
                name: column.name.as_ptr(),
            }
        })
        .collect();
    let tables: Vec<*const c_char> = R::TABLES.iter().map(|title| title.as_ptr()).collect();
    // Wireshark keeps the headings' pointers.
    let tables: &'static [*const c_char] = Vec::leak(tables);
    // SAFETY: static strings; C copies the columns.
    unsafe {
        sys::as_register_report(
            c_int::from(R::NUMBER),
            tap.name().as_ptr(),
            R::TITLE.as_ptr(),
            R::CLI.as_ptr(),
            columns.as_ptr(),
            c_uint::try_from(columns.len()).unwrap_or(0),
            tables.as_ptr(),
            c_uint::try_from(tables.len()).unwrap_or(0),
        );
    }
}

/// Whether the program has windows; text output has no use for a limit of rows.
#[must_use]
pub fn has_windows() -> bool {
    // SAFETY: looks for a symbol.
    unsafe { sys::as_has_windows() != 0 }
}

/// The tables of service response times of one window.
pub struct Srt {
    tables: *mut sys::GArray,
    info: *mut sys::packet_info,
}

impl Srt {
    /// Adds a table: its name, the heading of its first column, and the field whose value a row's index is, so that the
    /// window's menu makes filters of rows. Only when opened.
    pub fn table(&self, name: &'static CStr, column: &'static CStr, field: Option<&'static CStr>) {
        let field = field.map_or(core::ptr::null(), CStr::as_ptr);
        // SAFETY: the array is alive during the callback; Wireshark keeps the names' pointers and copies the field's.
        unsafe { sys::as_srt_table(self.tables, name.as_ptr(), column.as_ptr(), field) };
    }

    /// How many tables there are.
    #[must_use]
    pub fn tables(&self) -> u32 {
        // SAFETY: as above.
        unsafe { sys::as_srt_tables(self.tables) }
    }

    /// The row of that name, made where there is none; `index` is the value of the table's field.
    #[must_use]
    pub fn row(&self, table: u32, index: Option<u8>, name: core::fmt::Arguments<'_>) -> i32 {
        let name = Text::<80>::of(name);
        // SAFETY: as above; Wireshark copies the name.
        unsafe { sys::as_srt_row(self.tables, table, index.map_or(-1, c_int::from), name.as_ptr()) }
    }

    /// Counts an answer in this packet to what was asked then (nanoseconds since 1970).
    pub fn count(&self, table: u32, row: i32, asked: i64) {
        if !self.info.is_null() {
            let (seconds, rest) = (asked.div_euclid(1_000_000_000), asked.rem_euclid(1_000_000_000));
            let rest = c_int::try_from(rest).unwrap_or(0);
            // SAFETY: as above; the packet is alive during the callback.
            unsafe { sys::as_srt_add(self.tables, table, row, seconds, rest, self.info) };
        }
    }
}

/// A counter tree of one window.
pub struct Counters(*mut sys::stats_tree);

impl Counters {
    /// A heading below the root. Only when opened.
    pub fn heading(&self, name: &'static CStr) {
        // SAFETY: the tree is alive during the callback; Wireshark copies the name.
        unsafe { sys::as_tree_node(self.0, name.as_ptr()) };
    }

    /// Counts at the node of that name below `parent` (0: the root), made where there is none; returns its number if
    /// it can have children.
    pub fn count(&self, parent: i32, name: core::fmt::Arguments<'_>, has_children: bool, by: u32) -> i32 {
        let name = Text::<96>::of(name);
        let by = c_int::try_from(by).unwrap_or(c_int::MAX);
        // SAFETY: as above.
        unsafe { sys::as_tree_count(self.0, name.as_ptr(), parent, c_int::from(has_children), by) }
    }
}

/// A listener that keeps nothing of its own: what it counts is in the handle `H` of the window.
pub trait Listener<P: Payload, H>: 'static {
    /// The window is new.
    fn on_open(handle: &H);
    /// Counts a record; whether anything changed.
    fn packet(record: &P::At<'_>, handle: &H) -> bool;
}

/// A listener whose record type is forgotten.
struct Erased<H: 'static> {
    on_open: fn(&H),
    /// To be called with what was queued to the listener's tap.
    packet: unsafe fn(*const c_void, &H) -> bool,
}

impl<H> Erased<H> {
    fn of<P: Payload, L: Listener<P, H>>() -> Self {
        Self {
            on_open: L::on_open,
            packet: |record, handle| {
                // SAFETY: the caller's promise.
                unsafe { payload::<P>(record) }.is_some_and(|record| L::packet(&record, handle))
            },
        }
    }
}

static SRT: OnceCell<Erased<Srt>> = OnceCell::new();
static TREE: OnceCell<Erased<Counters>> = OnceCell::new();

/// Registers the service response times of `protocol`.
pub fn response_times<P: Payload, L: Listener<P, Srt>>(protocol: &Protocol, tap: &'static Tap<P>) {
    if SRT.set(Erased::of::<P, L>()).is_ok() {
        // SAFETY: a registered protocol, a static name.
        unsafe { sys::as_register_srt(protocol.id(), tap.name().as_ptr()) };
    }
}

/// Registers the counter tree `-z abbreviation,tree`, in the menu as `name` under `menu`.
pub fn counters<P: Payload, L: Listener<P, Counters>>(
    tap: &'static Tap<P>,
    abbreviation: &'static CStr,
    menu: &'static CStr,
    name: &'static CStr,
) {
    if TREE.set(Erased::of::<P, L>()).is_ok() {
        // SAFETY: static names.
        unsafe {
            let tap = tap.name().as_ptr();
            sys::as_register_tree(tap, abbreviation.as_ptr(), menu.as_ptr(), name.as_ptr());
        }
    }
}

/// Hands the callbacks to C. Once, before anything is registered here.
pub fn listen() {
    let listeners = sys::as_listeners {
        on_table_open: Some(on_table_open),
        on_table_close: Some(on_table_close),
        on_table_packet: Some(on_table_packet),
        on_table_draw: Some(on_table_draw),
        on_all_drawn: Some(on_all_drawn),
        on_srt_open: Some(on_srt_open),
        on_srt_packet: Some(on_srt_packet),
        on_tree_open: Some(on_tree_open),
        on_tree_packet: Some(on_tree_packet),
        latest_frame: Some(latest),
    };
    // SAFETY: C copies the table.
    unsafe { sys::as_register_listeners(&listeners) };
}

fn slot(report: c_int) -> Option<&'static Slot> {
    SLOTS.get(usize::try_from(report).ok()?)
}

unsafe extern "C" fn latest() -> u32 {
    latest_frame()
}

unsafe extern "C" fn on_table_open(report: c_int, is_late: c_int) {
    caught(false, || {
        let Some((slot, make)) = slot(report).and_then(|slot| Some((slot, slot.make.get()?))) else {
            return false;
        };
        // The old state goes before there is a new one.
        drop(slot.replace(None));
        let mut state = make();
        state.on_open(is_late != 0, &ReportTables(report));
        drop(slot.replace(Some(state)));
        slot.has_news.store(true, Ordering::Relaxed);
        true
    });
}

unsafe extern "C" fn on_table_close(report: c_int) {
    caught(false, || {
        let Some(slot) = slot(report) else { return false };
        let state = slot.replace(None);
        if let (Some(_), Some(on_close)) = (&state, slot.on_close.get()) {
            on_close();
        }
        state.is_some()
    });
}

unsafe extern "C" fn on_table_packet(report: c_int, record: *const c_void) -> c_int {
    c_int::from(caught(false, || {
        #[cfg(feature = "soundness")]
        let _alive = crate::epan::guard::soundness::pass(crate::epan::guard::soundness::Point::Tap);
        let Some(slot) = slot(report) else { return false };
        let mut state = slot.state.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: C's listener of this report hears only its tap; the record lives during the call.
        let changed = state
            .as_mut()
            .is_some_and(|state| unsafe { state.packet(record, &ReportTables(report)) });
        if changed {
            slot.has_news.store(true, Ordering::Relaxed);
        }
        changed
    }))
}

unsafe extern "C" fn on_table_draw(report: c_int) {
    caught((), || {
        let Some(slot) = slot(report) else { return };
        let mut state = slot.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = state.as_mut() {
            state.on_draw(&ReportTables(report));
            slot.has_news.store(true, Ordering::Relaxed);
        }
    });
}

/// A report that is open and has changed since it was drawn before.
pub struct DrawnReport {
    /// What stands behind `-z`.
    pub cli: &'static CStr,
    /// The columns.
    pub columns: &'static [Column],
    /// The headings of the tables.
    pub headings: &'static [&'static CStr],
    /// The tables.
    pub tables: ReportTables,
}

/// Who is handed each report after it was drawn.
static READER: OnceCell<fn(&DrawnReport)> = OnceCell::new();

/// Has every open report handed over after it was drawn, if it changed; only where a folder for them is set.
pub fn after_drawing(read: fn(&DrawnReport)) {
    let _ = READER.set(read);
}

unsafe extern "C" fn on_all_drawn() {
    caught((), || {
        let Some(read) = READER.get() else { return };
        for (report, slot) in (0..).zip(&SLOTS) {
            let is_open = slot
                .state
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .is_some();
            let shape = slot.shape.get().filter(|_| is_open);
            if let Some((cli, columns, headings)) = shape {
                if slot.has_news.swap(false, Ordering::Relaxed) {
                    read(&DrawnReport {
                        cli,
                        columns,
                        headings,
                        tables: ReportTables(report),
                    });
                }
            }
        }
    });
}

unsafe extern "C" fn on_srt_open(tables: *mut sys::GArray) {
    caught((), || {
        if let Some(listener) = SRT.get() {
            (listener.on_open)(&Srt {
                tables,
                info: core::ptr::null_mut(),
            });
        }
    });
}

unsafe extern "C" fn on_srt_packet(
    tables: *mut sys::GArray,
    info: *mut sys::packet_info,
    record: *const c_void,
) -> c_int {
    c_int::from(caught(false, || {
        #[cfg(feature = "soundness")]
        let _alive = crate::epan::guard::soundness::pass(crate::epan::guard::soundness::Point::Tap);
        // SAFETY: C's listener hears only the tap; record, tables and packet live during the call.
        SRT.get()
            .is_some_and(|listener| unsafe { (listener.packet)(record, &Srt { tables, info }) })
    }))
}

unsafe extern "C" fn on_tree_open(tree: *mut sys::stats_tree) {
    caught((), || {
        if let Some(listener) = TREE.get() {
            (listener.on_open)(&Counters(tree));
        }
    });
}

unsafe extern "C" fn on_tree_packet(tree: *mut sys::stats_tree, record: *const c_void) -> c_int {
    c_int::from(caught(false, || {
        #[cfg(feature = "soundness")]
        let _alive = crate::epan::guard::soundness::pass(crate::epan::guard::soundness::Point::Tap);
        // SAFETY: as above.
        TREE.get()
            .is_some_and(|listener| unsafe { (listener.packet)(record, &Counters(tree)) })
    }))
}
