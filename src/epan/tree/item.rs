//! Items of the tree: their texts and marks, and expert items at them.

use core::fmt;
use core::marker::PhantomData;
use core::sync::atomic::Ordering;

use libc::{c_char, c_int};

use crate::epan::fields::expert::DETAIL;
use crate::epan::fields::field::Expert;
use crate::epan::guard::{Guarded, check, sys};
use crate::epan::memory::text::Text;
use crate::epan::packet::Packet;

/// Items that Wireshark makes of an expert item: itself, its text, severity and group, what filters by its
/// name, and the detail below it.
const EXPERT_ITEMS: u32 = 7;

/// Bytes that a label holds (Wireshark's `ITEM_LABEL_LENGTH`).
pub(super) const LABEL: usize = 240;

/// An item of the tree; calls on one that was not made do nothing.
#[derive(Clone, Copy)]
pub struct Item<'p> {
    pub(super) node: *mut sys::proto_item,
    pub(super) visible: bool,
    pub(super) packet: Packet<'p>,
    pub(super) _life: PhantomData<&'p ()>,
}

impl<'p> Item<'p> {
    /// Whether the item was made: somebody wants it, and the budget allowed it.
    #[must_use]
    pub const fn exists(&self) -> bool {
        !self.node.is_null()
    }

    /// Marks a value that the plugin computed.
    pub fn set_generated(self) -> Self {
        if self.visible {
            // SAFETY: the item is alive or NULL.
            unsafe { sys::as_generated(self.node) };
        }
        self
    }

    /// Keeps an item out of sight; filters still find it.
    pub fn set_hidden(self) -> Self {
        if self.visible {
            // SAFETY: the item is alive or NULL.
            unsafe { sys::as_hidden(self.node) };
        }
        self
    }

    /// Sets the item's text.
    pub fn label(self, text: fmt::Arguments<'_>) -> Self {
        self.write(text, sys::as_set_text)
    }

    /// Appends to the item's text.
    pub fn append(self, text: fmt::Arguments<'_>) -> Self {
        self.write(text, sys::as_append_text)
    }

    fn write(
        self,
        text: fmt::Arguments<'_>,
        call: unsafe extern "C" fn(*mut sys::proto_item, *const c_char),
    ) -> Self {
        if self.visible && !self.node.is_null() {
            let text = Text::<LABEL>::of(text);
            // SAFETY: the item is alive, the text ends with NUL and is copied.
            unsafe { call(self.node, text.as_ptr()) };
        }
        self
    }

    /// Makes the item cover `length` bytes.
    pub fn set_length(self, length: usize) -> Self {
        if self.visible && !self.node.is_null() {
            // SAFETY: the item is alive.
            unsafe { sys::as_set_length(self.node, c_int::try_from(length).unwrap_or(0)) };
        }
        self
    }

    /// An expert item at this item: its text is that of all of its kind, `detail` (if any) stands below it.
    /// Works without a tree too, for the expert tap.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn expert(self, expert: &Expert, detail: fmt::Arguments<'_>) -> Guarded {
        if !self.node.is_null() && !self.packet.afford(EXPERT_ITEMS) {
            return Ok(());
        }
        let is_read = self.visible || expert.ref_type.is_set() || DETAIL.ref_type.is_set();
        // Where nobody reads it, what counts is that it happened, once a capture: Wireshark keeps the worst.
        if !is_read
            && !self.packet.experts_are_heard()
            && expert.was_said()
            && !self.packet.has_expert_column()
        {
            return Ok(());
        }
        let text = (is_read && detail.as_str() != Some("")).then(|| Text::<512>::of(detail));
        let text = text.as_ref().map_or(core::ptr::null(), Text::as_ptr);
        let (id, ett) = (
            DETAIL.id.load(Ordering::Relaxed),
            DETAIL.ett.load(Ordering::Relaxed),
        );
        // SAFETY: packet, item and expert are alive; the text is NULL, or ends with NUL and is copied.
        check(unsafe {
            sys::as_expert(
                self.packet.info.as_ptr(),
                self.node,
                expert.as_ptr(),
                id,
                ett,
                text,
            )
        })
    }
}
