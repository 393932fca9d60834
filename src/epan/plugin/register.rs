//! Registration: what is declared as data becomes Wireshark's. Runs once, at start; the only place where this
//! layer allocates, for as long as the program lives.

use core::ffi::CStr;
use core::ptr;
use core::sync::atomic::Ordering;
use std::ffi::CString;

use libc::{c_char, c_int, c_void};

use crate::epan::fields::field::{Base, Bit, BitSet, Expert, Field, FieldKind, Group, Severity};
use crate::epan::fields::protocol::Protocol;
use crate::epan::fields::ref_type::RefType;
use crate::epan::guard::sys;
use crate::epan::packet::segment::{Entry, Heuristic};
use crate::wire::ground::table::TableRow;

/// Leaked for as long as the program lives, as Wireshark keeps the pointer.
fn forever(text: &str) -> *const c_char {
    CString::new(text).unwrap_or_default().into_raw()
}

fn value_strings(rows: &[TableRow]) -> *const c_void {
    let mut table: Vec<sys::_value_string> = rows
        .iter()
        .map(|row| sys::_value_string {
            value: row.value,
            strptr: forever(row.name),
        })
        .collect();
    table.push(sys::_value_string {
        value: 0,
        strptr: ptr::null(),
    });
    Box::leak(table.into_boxed_slice()).as_ptr().cast()
}

fn display(field: &Field) -> (c_int, *const c_void) {
    let base = match field.base {
        Base::Dec => sys::BASE_DEC,
        Base::Hex => sys::BASE_HEX,
        Base::DecHex => sys::BASE_DEC_HEX,
    };
    let framenum = |kind: sys::ft_framenum_type| (sys::BASE_NONE as c_int, kind as usize as *const c_void);
    match field.kind {
        FieldKind::Response => framenum(sys::FT_FRAMENUM_RESPONSE),
        FieldKind::Request => framenum(sys::FT_FRAMENUM_REQUEST),
        FieldKind::Frame => framenum(sys::FT_FRAMENUM_NONE),
        FieldKind::AbsoluteTime => (sys::ABSOLUTE_TIME_UTC as c_int, ptr::null()),
        kind if kind.is_integer() && !field.values.is_empty() => (base as c_int, value_strings(field.values)),
        kind if kind.is_integer() => match field.unit {
            Some(names) => {
                // unit_name_string: singular, plural.
                let unit: &'static [*const c_char; 2] = Box::leak(Box::new(names.map(forever)));
                let base = base | sys::BASE_UNIT_STRING as sys::field_display_e;
                (base as c_int, unit.as_ptr().cast())
            }
            None => (base as c_int, ptr::null()),
        },
        _ => (sys::BASE_NONE as c_int, ptr::null()),
    }
}

fn register_field(protocol: &Protocol, field: &'static Field) {
    let (display, strings) = display(field);
    // SAFETY: the id cell is static; strings live for ever; the type constant is this Wireshark's own.
    unsafe {
        let note = sys::as_register_field(
            protocol.id(),
            field.id.as_ptr(),
            forever(field.name),
            forever(field.abbrev),
            field.kind.ftype() as c_int,
            display,
            strings,
            0,
            forever(field.blurb),
        );
        field.ref_type.set(note);
        sys::as_register_subtree(field.ett.as_ptr());
    }
}

fn register_bit(protocol: &Protocol, set: &BitSet, bit: Bit) -> (*mut c_int, RefType) {
    let id: &'static mut c_int = Box::leak(Box::new(-1));
    let single = bit.mask.count_ones() == 1;
    let (kind, display) = if single {
        (sys::FT_BOOLEAN, c_int::from(set.width))
    } else {
        (set.whole.kind.ftype(), sys::BASE_DEC as c_int)
    };
    let abbrev = format!("{}.{}", set.whole.abbrev, bit.name.to_lowercase());
    let strings = match (single, set.groups) {
        (false, groups @ [_, ..]) => value_strings(groups),
        _ => ptr::null(),
    };
    let ref_type = RefType::new();
    // SAFETY: the id is leaked, so it lives for ever, as the strings do.
    unsafe {
        ref_type.set(sys::as_register_field(
            protocol.id(),
            id,
            forever(bit.name),
            forever(&abbrev),
            kind as c_int,
            display,
            strings,
            bit.mask,
            forever(&format!("{} of {}", bit.name, set.whole.name)),
        ));
    }
    (id, ref_type)
}

/// Registers fields under `protocol`.
pub fn fields(protocol: &Protocol, fields: &[&'static Field]) {
    for field in fields {
        register_field(protocol, field);
    }
}

/// Registers bit sets, each with a field a bit, under `protocol`.
pub fn bit_sets(protocol: &Protocol, sets: &[&'static BitSet]) {
    for set in sets {
        register_field(protocol, &set.whole);
        let mut ids: Vec<*mut c_int> = Vec::new();
        let mut ref_types = Vec::new();
        (set.bits)(&mut |bit| {
            let (id, ref_type) = register_bit(protocol, set, bit);
            ids.push(id);
            ref_types.push(ref_type);
        });
        ids.push(ptr::null_mut());
        let _ = set.ref_types.set(Box::leak(ref_types.into_boxed_slice()));
        set.ids
            .store(Box::leak(ids.into_boxed_slice()).as_mut_ptr(), Ordering::Relaxed);
    }
}

/// Registers expert items under `protocol` (the same one for all).
pub fn experts(protocol: &Protocol, experts: &[&'static Expert]) {
    for expert in experts {
        let group = match expert.group {
            Group::Protocol => sys::PI_PROTOCOL,
            Group::Sequence => sys::PI_SEQUENCE,
            Group::ResponseCode => sys::PI_RESPONSE_CODE,
            Group::Malformed => sys::PI_MALFORMED,
            Group::Undecoded => sys::PI_UNDECODED,
            Group::Comment => sys::PI_COMMENTS_GROUP,
        };
        let severity = match expert.severity {
            Severity::Comment => sys::PI_COMMENT,
            Severity::Note => sys::PI_NOTE,
            Severity::Warning => sys::PI_WARN,
            Severity::Error => sys::PI_ERROR,
        };
        // SAFETY: the expert's cells are static, the strings live for ever.
        unsafe {
            expert.ref_type.set(sys::as_register_expert(
                protocol.id(),
                expert.as_ptr(),
                forever(expert.abbrev),
                group as c_int,
                severity as c_int,
                forever(expert.summary),
            ));
        }
    }
}

/// Registers a dissector by name, so that Decode As and other dissectors find it.
///
/// Without a description it has the protocol's short name: by that Wireshark finds the dissector of a
/// standard port preference, and with a description of its own the preference's name would end in `name` (4.4).
pub fn dissector(entry: Entry, protocol: &Protocol, name: &'static CStr, description: Option<&'static CStr>) {
    let description = description.map_or(core::ptr::null(), CStr::as_ptr);
    // SAFETY: static strings, or NULL for the description; a registered protocol.
    unsafe { sys::as_register_dissector(entry as c_int, protocol.id(), name.as_ptr(), description) };
}

/// Has [`Plugin::on_frame`](super::entry::Plugin::on_frame) called for connections of which the protocol keeps something.
pub fn on_frame(protocol: &'static Protocol) {
    // SAFETY: takes a protocol id that was registered.
    unsafe { sys::as_register_passed(protocol.id()) };
}

/// Puts a dissector on ports, with Wireshark's standard preference for them.
pub fn ports(entry: Entry, table: &'static CStr, range: &'static CStr) {
    // SAFETY: static strings; the dissector was registered.
    unsafe { sys::as_register_ports(entry as c_int, table.as_ptr(), range.as_ptr()) };
}

/// Registers a heuristic dissector, off by default but for that of clients at a port for TLS.
pub fn heuristic(
    heuristic: Heuristic,
    protocol: &Protocol,
    table: &'static CStr,
    display: &'static CStr,
    name: &'static CStr,
) {
    // SAFETY: static strings, a registered protocol.
    unsafe {
        sys::as_register_heuristic(
            heuristic as c_int,
            protocol.id(),
            table.as_ptr(),
            display.as_ptr(),
            name.as_ptr(),
        );
    }
}

/// Registers the preferences under `protocol`.
pub fn preferences(protocol: &Protocol) {
    // SAFETY: takes a registered protocol.
    unsafe { sys::as_register_pref_module(protocol.id()) };
}

/// Registers the conversation filter of the GUI: the messages of a packet's connection.
pub fn conversation_filter(protocol: &Protocol, name: &'static CStr) {
    // SAFETY: static strings; the callbacks are the guard's own.
    unsafe { sys::as_register_conversation_filter(protocol.filter().as_ptr(), name.as_ptr()) };
}

/// Puts the dissectors with range preferences of their own on their ports.
pub fn handoff() {
    // SAFETY: called once, in the handoff phase, after `preferences`.
    unsafe { sys::as_handoff() };
}

/// The preferences as the user has them now.
pub mod preference {
    use core::ffi::CStr;
    use std::path::PathBuf;

    use libc::c_char;

    use super::sys;

    /// What is not UTF-8 is no path of a preference.
    fn path(text: *const c_char) -> Option<PathBuf> {
        // SAFETY: the guard's preference, which changes between packets alone; never NULL.
        let text = unsafe { CStr::from_ptr(text) }.to_str().ok()?;
        (!text.is_empty()).then(|| text.into())
    }

    /// What nodes are called, as the user wrote it.
    pub fn node_names<T>(read: impl FnOnce(&str) -> T) -> T {
        // SAFETY: the guard's preference, which changes between packets alone; never NULL.
        let text = unsafe { CStr::from_ptr(sys::as_pref_node_names()) };
        read(text.to_str().unwrap_or_default())
    }

    macro_rules! preference {
        ($($(#[$meta:meta])* $name:ident -> $type:ty = $call:ident $(, $map:expr)?;)*) => {$(
            $(#[$meta])*
            #[must_use]
            pub fn $name() -> $type {
                // SAFETY: reads a variable of the guard; dissection is single-threaded.
                let value = unsafe { sys::$call() };
                $( let value = $map(value); )?
                value
            }
        )*};
    }

    preference! {
        /// Reassemble messages over TCP segments.
        desegment -> bool = as_pref_desegment, |v| v != 0;
        /// Show passwords and tokens.
        show_credentials -> bool = as_pref_show_credentials, |v| v != 0;
        /// Milliseconds beyond which an answer is slow; 0 is off.
        slow_threshold -> u32 = as_pref_slow_threshold;
        /// Count the records of scans as hot-key reads.
        hotkeys_scans -> bool = as_pref_hotkeys_scans, |v| v != 0;
        /// Show on answers what their requests asked for.
        context_on_answers -> bool = as_pref_context_on_answers, |v| v != 0;
        /// Rows of the hot key table; 0 is all.
        hotkeys_rows -> u32 = as_pref_hotkeys_rows;
        /// Requests a second below which a key is not listed; 0 is none.
        hotkeys_least -> u32 = as_pref_hotkeys_least;
        /// Milliseconds of a row of the timeline; 0 is by itself.
        timeline_interval -> u32 = as_pref_timeline_interval;
        /// The folder for reports as CSV, if one is set.
        report_folder -> Option<PathBuf> = as_pref_report_folder, path;
    }
}

/// Tells the user something that no window shows: a line on standard error.
pub fn log(text: &CStr) {
    // SAFETY: C copies the text; logging does not throw.
    unsafe { sys::as_log(text.as_ptr()) };
}
