//! Where Wireshark comes in: the functions behind the guard's entries. Each begins with `catch_unwind`; a
//! panic becomes a DissectorError with its text.

use core::any::Any;
use core::marker::PhantomData;
use core::ptr::NonNull;
use std::panic::{AssertUnwindSafe, catch_unwind};

use libc::{c_int, c_uint, c_void};
use once_cell::sync::OnceCell;

use super::pdus::PduData;
use crate::epan::guard::{Guarded, sys};
use crate::epan::memory::scope;
use crate::epan::packet::segment::{Entry, Framing, Heuristic, Passed, Segment, SegmentContext, Side};
use crate::epan::packet::source::Source;
use crate::epan::packet::{Conversation, Packet};
use crate::epan::tree::Tree;

#[cfg(not(panic = "unwind"))]
compile_error!("a panic must unwind to the entry: set panic = \"unwind\"");

/// The functions of the plugin behind Wireshark's entries.
pub struct Plugin {
    /// Registers protocols, fields, preferences.
    pub register: fn(),
    /// Puts dissectors on ports.
    pub handoff: fn(),
    /// A segment or datagram; returns how many bytes are ours (0: not our protocol).
    pub dissect: for<'p> fn(Entry, Packet<'p>, Source<'p>, Tree<'p>, Segment<'p>) -> Guarded<usize>,
    /// Messages are nested too deep in each other to go on.
    pub too_deep: for<'p> fn(Source<'p>, Tree<'p>) -> Guarded,
    /// Whether the bytes are of the heuristic's protocol.
    pub heuristic: fn(Heuristic, &[u8], usize) -> bool,
    /// The whole length of the message that begins the bytes; `None`: more bytes are needed to tell, which
    /// is only an answer where the flag says that Wireshark can wait for them.
    pub pdu_length: fn(Framing, &[u8], bool) -> Option<usize>,
    /// One whole message.
    pub pdu: for<'p> fn(Framing, Tree<'p>, &SegmentContext<'p>) -> Guarded,
    /// A frame of a connection of which something is kept has passed: each on the first pass, later those that are
    /// marked as copies or hidden.
    pub on_frame: for<'p> fn(Packet<'p>, &Tree<'p>, &Passed<'p>) -> Guarded,
}

static PLUGIN: OnceCell<&'static Plugin> = OnceCell::new();

/// Hands the plugin's functions to Wireshark. Called once, by `plugin_register`.
pub fn register(plugin: &'static Plugin) {
    let _ = PLUGIN.set(plugin);
    let table = sys::as_vtable {
        dissect: Some(dissect),
        heuristic: Some(heuristic),
        pdu_length: Some(pdu_length),
        pdu: Some(pdu),
        on_frame: Some(on_frame),
        register_protocols: Some(register_protocols),
        register_handoff: Some(register_handoff),
        on_file_open: Some(on_file_open),
        on_file_close: Some(on_file_close),
    };
    // SAFETY: C copies the table.
    unsafe { sys::as_plugin_register(&table) };
    caught((), super::version::log_difference);
}

/// Keeps a panic's text for C to throw as a DissectorError.
fn keep_panic(payload: &(dyn Any + Send)) {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a text");
    // SAFETY: C copies the text.
    unsafe { sys::as_keep_panic(text.as_ptr().cast(), text.len()) };
}

/// Wireshark calls from one thread, on which all that is not made for several rests: cells, and what lives in its
/// memory. A debug build looks whether that is so.
fn assert_one_thread() {
    #[cfg(debug_assertions)]
    {
        static THREAD: OnceCell<std::thread::ThreadId> = OnceCell::new();
        let here = std::thread::current().id();
        assert!(*THREAD.get_or_init(|| here) == here, "called from another thread");
    }
}

/// Runs a function behind an entry inside Wireshark's TRY: nothing but a value comes out.
fn behind_try(run: impl FnOnce(&'static Plugin) -> Guarded<usize>) -> usize {
    let Some(plugin) = PLUGIN.get() else { return 0 };
    #[cfg(feature = "soundness")]
    let _entered = crate::epan::guard::soundness::Entered::new();
    match catch_unwind(AssertUnwindSafe(|| {
        assert_one_thread();
        run(plugin)
    })) {
        Ok(Ok(used)) => used,
        // C keeps the exception and throws it when we are back.
        Ok(Err(_)) => 0,
        Err(payload) => {
            keep_panic(payload.as_ref());
            0
        }
    }
}

/// Runs a callback that Wireshark calls outside any TRY: a panic ends here, in the log.
pub(crate) fn caught<T>(otherwise: T, run: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(|| {
        assert_one_thread();
        run()
    }))
    .unwrap_or_else(|_| {
        // SAFETY: a static text; logging does not throw.
        unsafe { sys::as_log(c"Aerospike plugin: a callback failed; its results are incomplete".as_ptr()) };
        otherwise
    })
}

fn outside_try(run: impl FnOnce(&'static Plugin)) {
    if let Some(plugin) = PLUGIN.get() {
        caught((), || run(plugin));
    }
}

/// # Safety
/// The segment is the guard's, alive during the call.
unsafe fn segment<'p>(raw: *const sys::as_segment) -> Segment<'p> {
    // SAFETY: the caller's promise.
    let raw = unsafe { &*raw };
    Segment {
        conversation: NonNull::new(raw.conversation).map(|raw| Conversation {
            raw,
            _life: PhantomData,
        }),
        sequence: (raw.has_tcp != 0).then_some(raw.seq),
        acknowledged: (raw.has_ack != 0).then_some(raw.ack),
        direction: usize::from(raw.direction & 1),
        is_first: raw.first != 0,
        begins: [0, 1].map(|at| (raw.has_begin[at] != 0).then_some(raw.begin[at])),
        is_reassembled: raw.reassembled != 0,
        is_late: raw.late != 0,
        side: match raw.server {
            0 => Side::Client,
            1 => Side::Server,
            _ => Side::Unknown,
        },
        completeness: raw.completeness,
    }
}

fn count(used: usize) -> c_int {
    c_int::try_from(used).unwrap_or(c_int::MAX)
}

/// # Safety
/// What Wireshark hands to a dissector, alive during the call.
unsafe fn handles<'p>(
    tvb: *mut sys::tvbuff_t,
    info: *mut sys::packet_info,
    tree: *mut sys::proto_tree,
) -> Option<(Packet<'p>, Source<'p>, Tree<'p>)> {
    // SAFETY: the caller's promise, for each of the three.
    let (packet, source) = unsafe { (Packet::new(NonNull::new(info)?), Source::new(NonNull::new(tvb)?)) };
    // SAFETY: as above.
    let tree = unsafe { Tree::new(tree, source, packet) };
    Some((packet, source, tree))
}

unsafe extern "C" fn dissect(
    entry: c_int,
    tvb: *mut sys::tvbuff_t,
    info: *mut sys::packet_info,
    tree: *mut sys::proto_tree,
    raw: *const sys::as_segment,
) -> c_int {
    count(behind_try(|plugin| {
        #[cfg(feature = "soundness")]
        let _alive = crate::epan::guard::soundness::pass(crate::epan::guard::soundness::Point::Segment);
        // SAFETY: Wireshark's handles are alive during this call.
        let handles = unsafe { handles(tvb, info, tree) };
        let (Some(entry), Some((packet, source, tree))) = (Entry::from_c(entry), handles) else {
            return Ok(0);
        };
        let Some(_level) = packet.enter(entry) else {
            return (plugin.too_deep)(source, tree).map(|()| source.bytes().len());
        };
        if !packet.is_visited() {
            scope::read(packet.frame());
        }
        // SAFETY: so is the segment, which is the guard's.
        let segment = unsafe { segment(raw) };
        (plugin.dissect)(entry, packet, source, tree, segment)
    }))
}

unsafe extern "C" fn heuristic(
    entry: c_int,
    tvb: *mut sys::tvbuff_t,
    _: *mut sys::packet_info,
    _: *mut sys::proto_tree,
    _: *const sys::as_segment,
) -> c_int {
    count(behind_try(|plugin| {
        #[cfg(feature = "soundness")]
        let _alive = crate::epan::guard::soundness::pass(crate::epan::guard::soundness::Point::Heuristic);
        let (Some(entry), Some(tvb)) = (Heuristic::from_c(entry), NonNull::new(tvb)) else {
            return Ok(0);
        };
        // SAFETY: the buffer is alive during this call.
        let source = unsafe { Source::new(tvb) };
        Ok(usize::from((plugin.heuristic)(
            entry,
            source.bytes(),
            source.reported_length(),
        )))
    }))
}

unsafe extern "C" fn pdu_length(
    framing: c_int,
    can_wait: c_int,
    tvb: *mut sys::tvbuff_t,
    offset: c_int,
) -> c_uint {
    let length = behind_try(|plugin| {
        #[cfg(feature = "soundness")]
        let _alive = crate::epan::guard::soundness::pass(crate::epan::guard::soundness::Point::Length);
        let (Some(framing), Some(tvb)) = (Framing::from_c(framing), NonNull::new(tvb)) else {
            return Ok(1);
        };
        // SAFETY: the buffer is alive during this call.
        let bytes = unsafe { Source::new(tvb) }.bytes();
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| bytes.get(offset..))
            .unwrap_or(&[]);
        Ok(match (plugin.pdu_length)(framing, rest, can_wait != 0) {
            Some(length) => length.max(1),
            None if can_wait != 0 => 0,
            None => rest.len().max(1),
        })
    });
    c_uint::try_from(length).unwrap_or(c_uint::MAX)
}

unsafe extern "C" fn pdu(
    framing: c_int,
    tvb: *mut sys::tvbuff_t,
    _: *mut sys::packet_info,
    tree: *mut sys::proto_tree,
    data: *mut c_void,
) -> c_int {
    count(behind_try(|plugin| {
        #[cfg(feature = "soundness")]
        let _alive = crate::epan::guard::soundness::pass(crate::epan::guard::soundness::Point::Message);
        // SAFETY: Wireshark's handles are alive during this call; `data` is what `dissect_pdus` lent, for the packet
        // that it was called on.
        let data = unsafe { data.cast::<PduData>().as_ref() };
        let (Some(framing), Some(tvb), Some(PduData { packet, context })) =
            (Framing::from_c(framing), NonNull::new(tvb), data)
        else {
            return Ok(0);
        };
        // SAFETY: as above.
        let source = unsafe { Source::new(tvb) };
        // SAFETY: as above.
        let tree = unsafe { Tree::new(tree, source, *packet) };
        #[cfg(feature = "soundness")]
        super::faults::in_message(*packet, source, &tree)?;
        context
            .used
            .set(context.used.get().saturating_add(source.reported_length()));
        (plugin.pdu)(framing, tree, context)?;
        Ok(source.bytes().len())
    }))
}

unsafe extern "C" fn on_frame(
    tvb: *mut sys::tvbuff_t,
    info: *mut sys::packet_info,
    tree: *mut sys::proto_tree,
    raw: *const sys::as_passed,
) {
    behind_try(|plugin| {
        // SAFETY: Wireshark's handles are alive during this call, and so is what C describes.
        let Some(raw) = (unsafe { raw.as_ref() }) else {
            return Ok(0);
        };
        let (Some(info), Some(tvb)) = (NonNull::new(info), NonNull::new(tvb)) else {
            return Ok(0);
        };
        // SAFETY: as above.
        let (packet, source) = unsafe { (Packet::new(info), Source::unread(tvb)) };
        // SAFETY: as above.
        let tree = unsafe { Tree::new(tree, source, packet) };
        let Some(conversation) = NonNull::new(raw.conversation) else {
            return Ok(0);
        };
        let passed = Passed {
            conversation: Conversation {
                raw: conversation,
                _life: PhantomData,
            },
            time: raw.time,
            range: (raw.end != raw.seq).then_some((raw.seq, raw.end)),
            is_again: raw.again != 0,
            is_overtaken: raw.overtaken != 0,
            is_hidden: raw.hidden != 0,
            acknowledged: raw.ack,
            direction: usize::from(raw.direction & 1),
            completeness: raw.completeness,
        };
        (plugin.on_frame)(packet, &tree, &passed)?;
        Ok(0)
    });
}

unsafe extern "C" fn register_protocols() {
    outside_try(|plugin| (plugin.register)());
}

unsafe extern "C" fn register_handoff() {
    #[cfg(feature = "soundness")]
    crate::epan::guard::soundness::register();
    outside_try(|plugin| (plugin.handoff)());
}

unsafe extern "C" fn on_file_open() {
    scope::next();
    #[cfg(feature = "soundness")]
    outside_try(|_| {
        let _alive = crate::epan::guard::soundness::pass(crate::epan::guard::soundness::Point::Open);
    });
    #[cfg(feature = "count-allocations")]
    crate::epan::memory::count::start();
}

unsafe extern "C" fn on_file_close() {
    scope::next();
    #[cfg(feature = "count-allocations")]
    crate::epan::memory::count::report();
    #[cfg(feature = "soundness")]
    crate::epan::guard::soundness::report();
}
