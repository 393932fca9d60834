//! Proof of the guard: values with a destructor in every frame of ours that Wireshark can be called from, and faults
//! to inject there. Built with the feature `soundness` alone, never for release.
//!
//! `AEROSPIKE_FAULT` names a fault, with `@N` where it strikes: the Nth time its point is passed, each time for
//! `@0`; `@1` is the default. A longjmp over a Rust frame leaves the values of that frame alive: each entry compares
//! how many live before and after, and when the file is closed a line on stderr tells the sum.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use libc::c_int;
use once_cell::sync::OnceCell;

use super::sys;

#[cfg(not(debug_assertions))]
compile_error!("the feature `soundness` injects faults: it is not for release");

static ENTRIES: AtomicU64 = AtomicU64::new(0);
static MADE: AtomicU64 = AtomicU64::new(0);
static ALIVE: AtomicU64 = AtomicU64::new(0);
static LEFT: AtomicU64 = AtomicU64::new(0);
static THROWN: AtomicU64 = AtomicU64::new(0);
static ALIVE_AT_THROW: AtomicU64 = AtomicU64::new(0);
static FIRED: AtomicU64 = AtomicU64::new(0);

/// A field id that nobody has registered.
const NO_FIELD: c_int = 0x00ba_dbad;

/// A value whose destructor must run.
pub struct Alive(());

impl Alive {
    /// One more is alive.
    #[must_use]
    pub fn new() -> Self {
        MADE.fetch_add(1, Relaxed);
        ALIVE.fetch_add(1, Relaxed);
        Self(())
    }
}

impl Default for Alive {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Relaxed);
    }
}

/// An entry, outside the place where panics are caught: as many values live after it as before.
pub struct Entered(u64);

impl Entered {
    /// Notes how many are alive.
    #[must_use]
    pub fn new() -> Self {
        ENTRIES.fetch_add(1, Relaxed);
        Self(ALIVE.load(Relaxed))
    }
}

impl Default for Entered {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        LEFT.fetch_add(ALIVE.load(Relaxed).saturating_sub(self.0), Relaxed);
    }
}

/// A guard has caught an exception.
pub fn thrown() {
    THROWN.fetch_add(1, Relaxed);
    ALIVE_AT_THROW.fetch_max(ALIVE.load(Relaxed), Relaxed);
}

/// Where a fault can strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The entry for a segment or datagram.
    Segment,
    /// The entry for one message.
    Message,
    /// The callback that tells a message's length.
    Length,
    /// A heuristic.
    Heuristic,
    /// A listener of a tap.
    Tap,
    /// An item of the tree.
    Item,
    /// The callback for a capture that is opened.
    Open,
}

/// What a fault does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::epan) enum Fault {
    Panic,
    /// An item of a field that is not registered.
    BadField,
    /// An item beyond the bytes there are.
    Beyond,
    /// More items than `gui.max_tree_items`.
    Items,
    /// Deeper than `gui.max_tree_depth`.
    Depth,
    /// Another dissector throws.
    Subdissector,
    /// A byte behind a piece of memory is read: the sanitizer and valgrind have to see it.
    Overread,
    /// A throw that no guard catches: the counter has to see it.
    Unguarded,
}

const FAULTS: [(&str, Point, Fault); 14] = [
    ("panic-segment", Point::Segment, Fault::Panic),
    ("panic-message", Point::Message, Fault::Panic),
    ("panic-length", Point::Length, Fault::Panic),
    ("panic-heuristic", Point::Heuristic, Fault::Panic),
    ("panic-tap", Point::Tap, Fault::Panic),
    ("panic-item", Point::Item, Fault::Panic),
    ("panic-open", Point::Open, Fault::Panic),
    ("bad-field", Point::Item, Fault::BadField),
    ("beyond", Point::Item, Fault::Beyond),
    ("items", Point::Message, Fault::Items),
    ("depth", Point::Message, Fault::Depth),
    ("subdissector", Point::Message, Fault::Subdissector),
    ("overread", Point::Message, Fault::Overread),
    ("unguarded", Point::Message, Fault::Unguarded),
];

struct Chosen {
    point: Point,
    fault: Fault,
    /// Which passing of the point; 0 is each.
    at: u64,
    passed: AtomicU64,
}

fn choice() -> Option<&'static Chosen> {
    static CHOSEN: OnceCell<Option<Chosen>> = OnceCell::new();
    let chosen = CHOSEN.get_or_init(|| {
        let text = std::env::var("AEROSPIKE_FAULT").ok()?;
        let (name, at) = text.split_once('@').unwrap_or((&text, "1"));
        let (_, point, fault) = FAULTS.iter().find(|(known, _, _)| *known == name)?;
        Some(Chosen {
            point: *point,
            fault: *fault,
            at: at.parse().ok()?,
            passed: AtomicU64::new(0),
        })
    });
    chosen.as_ref()
}

/// Whether the chosen fault, if it is one of `which` at `point`, strikes this time.
pub(in crate::epan) fn strikes(point: Point, which: impl Fn(Fault) -> bool) -> Option<Fault> {
    let chosen = choice().filter(|chosen| chosen.point == point && which(chosen.fault))?;
    let passed = chosen.passed.fetch_add(1, Relaxed) + 1;
    (chosen.at == 0 || chosen.at == passed).then(|| {
        FIRED.fetch_add(1, Relaxed);
        chosen.fault
    })
}

/// Passes a point: a value that lives as long as the frame there, or the panic that was asked for.
#[must_use]
pub fn pass(point: Point) -> Alive {
    let alive = Alive::new();
    if strikes(point, |fault| fault == Fault::Panic).is_some() {
        let place = format!("{point:?}").to_lowercase();
        panic!("an injected panic ({place})");
    }
    alive
}

/// Field and position of an item, or wrong ones where that was asked for.
#[must_use]
pub fn place(field: c_int, start: c_int) -> (c_int, c_int) {
    let known = |fault| matches!(fault, Fault::BadField | Fault::Beyond);
    match strikes(Point::Item, known) {
        Some(Fault::BadField) => (NO_FIELD, start),
        Some(_) => (field, c_int::MAX / 2),
        None => (field, start),
    }
}

/// How many entries a table may hold, where `AEROSPIKE_LIMIT` says it.
#[must_use]
pub fn limit() -> Option<u32> {
    static LIMIT: OnceCell<Option<u32>> = OnceCell::new();
    *LIMIT.get_or_init(|| std::env::var("AEROSPIKE_LIMIT").ok()?.parse().ok())
}

/// Registers what the faults need.
pub fn register() {
    // SAFETY: called once, where dissectors are registered.
    unsafe { sys::as_fault_register() };
}

/// Says what is alive now that the file is closed.
pub fn report() {
    let all = [
        ("entries", &ENTRIES),
        ("values", &MADE),
        ("thrown", &THROWN),
        ("alive_at_throw", &ALIVE_AT_THROW),
        ("fired", &FIRED),
        ("left", &LEFT),
        ("alive", &ALIVE),
    ];
    let line: Vec<String> = all
        .iter()
        .map(|(name, count)| format!("{name}={}", count.load(Relaxed)))
        .collect();
    eprintln!("aerospike soundness: {}", line.join(" "));
}
