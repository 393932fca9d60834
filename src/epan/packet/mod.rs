//! The packet that is being dissected.

pub mod level;
pub mod segment;
pub mod source;

use core::cell::Cell;
use core::ffi::CStr;
use core::marker::PhantomData;
use core::ptr::NonNull;

use libc::{c_int, c_void};

use super::fields::field::Field;
use super::fields::protocol::Protocol;
use super::guard::{Guarded, check, sys};
use super::memory::file::{File, FileRef};
use super::memory::text::Text;
use super::memory::{self, Answered, FrameState};
use source::Source;

/// How a TCP connection ended, as far as the capture shows it.
pub type ConnectionEnd = sys::as_connection_end;

/// The packet that is being dissected (`packet_info`). Lives as long as the dissection of the frame.
#[derive(Clone, Copy)]
pub struct Packet<'p> {
    pub(crate) info: NonNull<sys::packet_info>,
    pub(crate) state: &'p FrameState,
}

impl<'p> Packet<'p> {
    /// # Safety
    /// `info` is the packet that Wireshark dissects for as long as `'p`.
    pub(crate) unsafe fn new(info: NonNull<sys::packet_info>) -> Self {
        Self {
            info,
            state: memory::frame_state(info),
        }
    }

    /// Whether somebody asks for expert items as such: a table of them, or a field of theirs.
    pub(crate) fn experts_are_heard(self) -> bool {
        let heard = &self.state.experts_heard;
        if matches!(heard.get(), Answered::Unasked) {
            // SAFETY: asks for a tap that always exists.
            let yes = unsafe { sys::as_experts_heard() != 0 };
            heard.set(if yes { Answered::Yes } else { Answered::No });
        }
        matches!(heard.get(), Answered::Yes)
    }

    /// That a capture is open.
    #[must_use]
    pub const fn file(self) -> File<'p> {
        File::new()
    }

    /// The frame's number.
    #[must_use]
    pub fn frame(self) -> u32 {
        self.state.facts().number
    }

    /// Whether what is remembered must not change now: on later passes, and of quoted bytes.
    #[must_use]
    pub fn is_visited(self) -> bool {
        self.state.facts().visited != 0 || self.state.again.get() > 0
    }

    /// Whether these bytes are no segment or datagram of their own: an error message of the network quotes them, or
    /// another dissector found them inside a message of ours. They are shown, and that is all.
    #[must_use]
    pub fn is_aside(self) -> bool {
        self.state.facts().quoted != 0 || self.state.again.get() > 0
    }

    /// Where the next record for taps is the last that the frame can have: how many more there would be, complete when
    /// listeners get it.
    #[must_use]
    pub fn last_of_taps(self) -> Option<&'p Cell<u32>> {
        (self.state.tapped.get() + 1 == memory::MOST_TAPPED).then_some(&self.state.missing)
    }

    /// Takes `count` items from the frame's budget; counts one as refused where there are not so many left.
    pub(crate) fn afford(self, count: u32) -> bool {
        let items = &self.state.items;
        let sum = items.get().saturating_add(count);
        if sum > memory::ITEM_BUDGET {
            self.state.refuse();
            return false;
        }
        items.set(sum);
        true
    }

    /// When the frame was captured: seconds and nanoseconds since 1970.
    #[must_use]
    pub fn time(self) -> (i64, i32) {
        let facts = self.state.facts();
        (facts.seconds, facts.nanoseconds)
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub fn nanoseconds(self) -> i64 {
        let (seconds, nanoseconds) = self.time();
        seconds
            .wrapping_mul(1_000_000_000)
            .wrapping_add(i64::from(nanoseconds))
    }

    /// Whether a port of the packet is one at which TLS is expected, and nothing in clear.
    #[must_use]
    pub fn is_for_tls(self) -> bool {
        // SAFETY: the packet is alive for 'p.
        unsafe { sys::as_is_for_tls(self.info.as_ptr()) != 0 }
    }

    /// Source port and destination port.
    #[must_use]
    pub fn ports(self) -> (u32, u32) {
        // SAFETY: the packet is alive for 'p.
        unsafe {
            (
                sys::as_source_port(self.info.as_ptr()),
                sys::as_destination_port(self.info.as_ptr()),
            )
        }
    }

    /// Source address as bytes (4 for IPv4, 16 for IPv6).
    #[must_use]
    pub fn source_address(self) -> &'p [u8] {
        let mut length = 0;
        // SAFETY: the address lives as long as the packet.
        unsafe {
            let data = sys::as_source_address(self.info.as_ptr(), &mut length);
            memory::slice(data, length)
        }
    }

    /// Destination address as bytes (4 for IPv4, 16 for IPv6).
    #[must_use]
    pub fn destination_address(self) -> &'p [u8] {
        let mut length = 0;
        // SAFETY: the address lives as long as the packet.
        unsafe {
            let data = sys::as_destination_address(self.info.as_ptr(), &mut length);
            memory::slice(data, length)
        }
    }

    /// Tells those who list credentials that `user` proves itself by what `field` shows; they are never told what
    /// that is.
    pub fn credential<const N: usize>(self, field: &Field, user: &Text<N>, info: &'static CStr) {
        // SAFETY: the packet is alive for 'p, the texts end with NUL and are copied.
        unsafe { sys::as_credential(self.info.as_ptr(), field.id(), user.as_ptr(), info.as_ptr()) };
    }

    /// Asks TCP to hand over the bytes from `offset` on again, together with those of one more segment; `false`
    /// where it cannot: then no more will come.
    #[must_use]
    pub fn wait_for_more(self, offset: usize) -> bool {
        let offset = c_int::try_from(offset).unwrap_or(c_int::MAX);
        // SAFETY: the packet is alive for 'p.
        unsafe { sys::as_wait_for_more(self.info.as_ptr(), offset) != 0 }
    }

    /// Whether somebody looks at the Info column.
    #[must_use]
    pub fn has_columns(self) -> bool {
        // SAFETY: the packet is alive for 'p.
        unsafe { sys::as_columns(self.info.as_ptr()) != 0 }
    }

    /// Whether Wireshark's TCP says that the segment came after later ones.
    #[must_use]
    pub fn is_out_of_order(self) -> bool {
        // SAFETY: the packet is alive.
        unsafe { sys::as_out_of_order(self.info.as_ptr()) != 0 }
    }

    /// Whether the column of the worst expert item is shown.
    pub(crate) fn has_expert_column(self) -> bool {
        // SAFETY: the packet is alive for 'p.
        unsafe { sys::as_has_expert_column(self.info.as_ptr()) != 0 }
    }

    /// Sets the Protocol column.
    pub fn set_protocol_column(self, text: &'static CStr) {
        // SAFETY: the packet is alive, the text is static.
        unsafe { sys::as_column_set_protocol(self.info.as_ptr(), text.as_ptr()) };
    }

    /// Writes to the Info column, in place of what stands behind its last fence.
    pub fn set_info<const N: usize>(self, text: &Text<N>) {
        // SAFETY: the packet is alive, the text ends with NUL and is copied.
        unsafe { sys::as_column_set_info(self.info.as_ptr(), text.as_ptr()) };
    }

    /// Nothing before this point is cleared by later messages of the frame.
    pub fn fence_info(self) {
        // SAFETY: the packet is alive for 'p.
        unsafe { sys::as_column_fence_info(self.info.as_ptr()) };
    }

    /// Counters of this dissection of the frame.
    #[must_use]
    pub fn state(self) -> &'p FrameState {
        self.state
    }

    /// A new data source (a tab of the bytes pane) under `parent`, over bytes that live as long as the packet.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn new_source(
        self,
        parent: Source<'p>,
        bytes: &'p [u8],
        reported: usize,
        name: &'static CStr,
    ) -> Guarded<Source<'p>> {
        let mut tvb = core::ptr::null_mut();
        let captured = u32::try_from(bytes.len()).unwrap_or(0);
        let reported = u32::try_from(reported.max(bytes.len())).unwrap_or(captured);
        // SAFETY: `bytes` lives as long as the packet, which frees the child with the parent.
        check(unsafe {
            sys::as_child_source(
                self.info.as_ptr(),
                parent.tvb.as_ptr(),
                bytes.as_ptr(),
                captured,
                reported,
                name.as_ptr(),
                &mut tvb,
            )
        })?;
        let tvb = NonNull::new(tvb).unwrap_or(parent.tvb);
        // SAFETY: the buffer was just made over `bytes`.
        Ok(unsafe { Source::new(tvb) })
    }

    /// `length` zeroed bytes that live as long as the dissection of the frame.
    #[must_use]
    pub fn scratch(self, length: usize) -> &'p mut [u8] {
        // SAFETY: the pool aborts rather than return NULL; the memory is ours alone until the packet is done.
        unsafe {
            let data: *mut u8 = sys::as_packet_alloc(self.info.as_ptr(), length.max(1)).cast();
            core::ptr::write_bytes(data, 0, length);
            core::slice::from_raw_parts_mut(data, length)
        }
    }

    /// The first `most` of `values`, for as long as the dissection of the frame lives.
    #[must_use]
    pub fn gather<T: Copy>(self, most: usize, values: impl Iterator<Item = T>) -> &'p mut [T] {
        const { memory::fits::<T>() };
        let size = most.saturating_mul(size_of::<T>());
        // SAFETY: the pool aborts rather than return NULL; fresh memory of the right size and alignment, of which no
        // more than was written is lent.
        unsafe {
            let data: *mut T = sys::as_packet_alloc(self.info.as_ptr(), size.max(1)).cast();
            let mut count = 0;
            for value in values.take(most) {
                data.add(count).write(value);
                count += 1;
            }
            core::slice::from_raw_parts_mut(data, count)
        }
    }

    /// A copy of `values` that lives as long as the dissection of the frame, its taps included.
    #[must_use]
    pub fn keep<T: Copy>(self, values: &[T]) -> &'p [T] {
        const { memory::fits::<T>() };
        if values.is_empty() {
            return &[];
        }
        // SAFETY: the pool aborts rather than return NULL; fresh memory of the right size and alignment, written
        // before it is read.
        unsafe {
            let data: *mut T = sys::as_packet_alloc(self.info.as_ptr(), size_of_val(values)).cast();
            core::ptr::copy_nonoverlapping(values.as_ptr(), data, values.len());
            core::slice::from_raw_parts(data, values.len())
        }
    }

    /// What is remembered of this frame under `protocol` and `key`.
    #[must_use]
    pub fn recall<T: 'static>(self, protocol: &Protocol, key: u32) -> Option<&'p T> {
        // SAFETY: file scope outlives the packet; the tag is checked.
        unsafe { memory::untag(sys::as_frame_data(self.info.as_ptr(), protocol.id(), key)) }
    }

    /// Remembers `value` for this frame until the file is closed.
    pub fn remember<T: 'static>(self, protocol: &Protocol, key: u32, value: T) -> &'p T {
        let (raw, reference) = memory::tag(self.file(), value);
        // SAFETY: file-scope memory, never freed before the file is closed.
        unsafe { sys::as_set_frame_data(self.info.as_ptr(), protocol.id(), key, raw) };
        reference
    }

    /// Remembers that this frame is the copy of one before.
    pub fn mark_copy(self, protocol: &Protocol) {
        self.remember(protocol, sys::AS_COPY_KEY, IsCopy(true));
    }

    /// Whether [`Packet::mark_copy`] was called for the frame.
    #[must_use]
    pub fn is_copy(self, protocol: &Protocol) -> bool {
        self.recall::<IsCopy>(protocol, sys::AS_COPY_KEY)
            .is_some_and(|mark| mark.0)
    }

    /// Remembers that TCP kept new bytes of this frame to itself.
    pub fn mark_hidden(self, protocol: &Protocol, hidden: Hidden) {
        self.remember(protocol, sys::AS_HIDDEN_KEY, hidden);
    }

    /// What [`Packet::mark_hidden`] remembered of the frame.
    #[must_use]
    pub fn hidden_bytes(self, protocol: &Protocol) -> Option<Hidden> {
        self.recall::<Hidden>(protocol, sys::AS_HIDDEN_KEY).copied()
    }

    /// Whether a dissector of that protocol had the frame.
    #[must_use]
    pub fn has_layer(self, protocol: &'static CStr) -> bool {
        // SAFETY: the packet is alive for 'p, the name is static.
        unsafe { sys::as_has_layer(self.info.as_ptr(), protocol.as_ptr()) != 0 }
    }

    /// The round trip of the connection's handshake in nanoseconds, where that is in the capture.
    #[must_use]
    pub fn round_trip(self) -> Option<i64> {
        // SAFETY: the packet is alive for 'p.
        let time = unsafe { sys::as_round_trip(self.info.as_ptr()) };
        (time > 0).then_some(time)
    }

    /// The latest time of all frames that were dissected so far, nanoseconds since 1970.
    #[must_use]
    pub fn latest_time(self) -> i64 {
        // SAFETY: returns a number.
        unsafe { sys::as_latest_time() }
    }

    /// How the TCP connection of this packet ended, as far as the capture shows; complete on later passes.
    #[must_use]
    pub fn connection_end(self) -> Option<ConnectionEnd> {
        let mut end = sys::as_connection_end {
            acknowledged: 0,
            received: 0,
            closed_by: 0,
            completeness: 0,
        };
        // SAFETY: the packet is alive; C fills the struct.
        let known = unsafe { sys::as_connection_ended(self.info.as_ptr(), &mut end) };
        (known != 0).then_some(end)
    }
}

/// Whether a frame is the copy of another that was captured before.
struct IsCopy(bool);

/// TCP kept new bytes of a frame to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// Bytes of the segment.
    pub length: u32,
    /// It came after later ones; else it was sent again.
    pub is_late: bool,
}

/// The conversation (for TCP: the connection) that a packet belongs to.
#[derive(Clone, Copy)]
pub struct Conversation<'p> {
    pub(crate) raw: NonNull<sys::conversation_t>,
    pub(crate) _life: PhantomData<&'p Cell<()>>,
}

impl<'p> Conversation<'p> {
    /// What `protocol` keeps of the conversation, made by `T::default` at the first call.
    #[must_use]
    pub fn state<T: Default + 'static>(self, protocol: &Protocol) -> &'p T {
        self.state_of(protocol).1
    }

    /// What `protocol` keeps of the conversation, if there is anything.
    #[must_use]
    pub fn known_state<T: 'static>(self, protocol: &Protocol) -> Option<&'p T> {
        // SAFETY: the conversation is alive.
        let raw = unsafe { sys::as_conversation_data(self.raw.as_ptr(), protocol.id()) };
        // SAFETY: file scope outlives the packet; the tag is checked.
        unsafe { memory::untag(raw) }
    }

    /// The same, as a reference that other remembered things may hold.
    #[must_use]
    pub fn state_ref<T: Default + 'static>(self, protocol: &Protocol) -> FileRef<T> {
        let (raw, _) = self.state_of::<T>(protocol);
        // SAFETY: made by `tag`, in the file that the packet of this conversation belongs to.
        unsafe { FileRef::new(File::new(), raw) }
    }

    fn state_of<T: Default + 'static>(self, protocol: &Protocol) -> (*mut c_void, &'p T) {
        // SAFETY: the conversation is alive.
        let raw = unsafe { sys::as_conversation_data(self.raw.as_ptr(), protocol.id()) };
        // SAFETY: file scope outlives the packet; the tag is checked.
        if let Some(known) = unsafe { memory::untag(raw) } {
            return (raw, known);
        }
        // A conversation is known of a packet under dissection alone: a file is open.
        let (raw, reference) = memory::tag(File::new(), T::default());
        // SAFETY: file-scope memory, never freed before the file is closed.
        unsafe { sys::as_set_conversation_data(self.raw.as_ptr(), protocol.id(), raw) };
        (raw, reference)
    }
}
