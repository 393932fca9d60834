//! The protocol tree: items from the packet's bytes, items from computed values, subtrees, expert items.
//!
//! Nothing is done that nobody looks at: without a tree no call is made, and in a tree that is only filtered
//! on, fields that no one asks for are skipped (their children go to the parent). A frame has a budget of
//! items; beyond it calls do nothing but count.

pub(super) mod bits;
pub mod item;
pub(super) mod line;
pub(super) mod wants;

use core::fmt;
use core::marker::PhantomData;
use core::ptr;

use libc::c_int;

use super::fields::field::{Expert, Field, FieldKind, encoding};
use super::fields::protocol::Protocol;
use super::guard::{Guarded, check, sys};
use super::memory::text::Text;
use super::packet::Packet;
use super::packet::source::Source;
use crate::wire::client::proto::Order;
use crate::wire::ground::text::LossyText;
use item::Item;

/// How often a frame says that its budget is used up: each costs items, too.
const REPORTS: u32 = 1000;

/// Bytes of a text or of bytes that an item holds at most, in which filters search: as long as a record can be.
pub const LONGEST: usize = 8 << 20;

/// Bytes that a generated text holds.
pub const GENERATED_TEXT: usize = 4096;

/// A node of the tree to hang items under, with the bytes they come from. Without a tree every call is free.
#[derive(Clone, Copy)]
pub struct Tree<'p> {
    pub(super) node: *mut sys::proto_tree,
    pub(super) visible: bool,
    pub(super) source: Source<'p>,
    packet: Packet<'p>,
}

impl<'p> Tree<'p> {
    /// # Safety
    /// `node` is NULL or a tree that lives for `'p`.
    pub(crate) unsafe fn new(node: *mut sys::proto_tree, source: Source<'p>, packet: Packet<'p>) -> Self {
        Self {
            node,
            // SAFETY: the caller's promise: NULL or alive.
            visible: unsafe { sys::as_visible(node) } != 0,
            source,
            packet,
        }
    }

    pub(crate) fn node_ptr(&self) -> *mut sys::proto_tree {
        self.node
    }

    /// The bytes that items here come from.
    #[must_use]
    pub const fn source(&self) -> Source<'p> {
        self.source
    }

    /// The packet.
    #[must_use]
    pub const fn packet(&self) -> Packet<'p> {
        self.packet
    }

    /// The same node, for items from another data source.
    #[must_use]
    pub const fn over(self, source: Source<'p>) -> Self {
        Self { source, ..self }
    }

    /// Whether there is a tree at all.
    #[must_use]
    pub const fn exists(&self) -> bool {
        !self.node.is_null()
    }

    /// Whether a person (or `-V`) sees it.
    #[must_use]
    pub const fn is_visible(&self) -> bool {
        self.visible
    }

    /// This node as an item.
    #[must_use]
    pub const fn item(&self) -> Item<'p> {
        Item {
            node: self.node,
            visible: self.visible,
            packet: self.packet,
            _life: PhantomData,
        }
    }

    pub(super) const fn nothing(&self) -> Item<'p> {
        Item {
            node: ptr::null_mut(),
            visible: false,
            packet: self.packet,
            _life: PhantomData,
        }
    }

    /// Takes `count` items from the frame's budget.
    pub(super) fn afford(&self, count: u32) -> bool {
        self.packet.afford(count)
    }

    /// Takes an item with a value of so many bytes from the frame's budget.
    fn afford_value(&self, bytes: usize) -> bool {
        let state = self.packet.state;
        if !state.holds(bytes) {
            state.refuse();
            return false;
        }
        self.afford(1)
    }

    fn make(
        &self,
        field: &Field,
        part: &[u8],
        call: impl FnOnce(c_int, c_int, c_int, &mut *mut sys::proto_item) -> c_int,
    ) -> Guarded<Item<'p>> {
        if !self.afford(1) {
            return Ok(self.nothing());
        }
        self.make_afforded(field, part, call)
    }

    fn make_afforded(
        &self,
        field: &Field,
        part: &[u8],
        call: impl FnOnce(c_int, c_int, c_int, &mut *mut sys::proto_item) -> c_int,
    ) -> Guarded<Item<'p>> {
        let (start, length) = self.source.locate(part);
        let mut node = ptr::null_mut();
        let id = field.id();
        #[cfg(feature = "soundness")]
        let (_alive, (id, start)) = (
            super::guard::soundness::pass(super::guard::soundness::Point::Item),
            super::guard::soundness::place(id, start),
        );
        check(call(id, start, length, &mut node))?;
        Ok(Item {
            node,
            visible: self.visible,
            packet: self.packet,
            _life: PhantomData,
        })
    }

    /// An item whose value is `part` itself, integers in network order.
    ///
    /// # Errors
    /// What Wireshark threw, as for all of this type.
    #[inline]
    pub fn add(&self, field: &Field, part: &[u8]) -> Guarded<Item<'p>> {
        self.add_in(field, part, Order::Big)
    }

    /// An item whose value is `part` itself, integers in the order given.
    ///
    /// # Errors
    /// What Wireshark threw.
    #[inline]
    pub fn add_in(&self, field: &Field, part: &[u8], order: Order) -> Guarded<Item<'p>> {
        if !self.wants(field) {
            return Ok(self.nothing());
        }
        self.add_wanted(field, part, order)
    }

    fn add_wanted(&self, field: &Field, part: &[u8], order: Order) -> Guarded<Item<'p>> {
        if field.kind.is_text() && part.contains(&0) {
            // Wireshark's strings end at a NUL, and it would complain about the rest.
            return self.text(field, part, format_args!("{}", LossyText(part)));
        }
        let encoding = if field.kind.is_text() {
            sys::ENC_UTF_8
        } else {
            encoding(order)
        };
        let whole = part;
        let part = part.get(..LONGEST).unwrap_or(part);
        let is_affordable = if field.kind.is_text() {
            // A byte that is no text becomes three, in a buffer that doubles as it grows.
            let copies = if core::str::from_utf8(part).is_ok() { 2 } else { 8 };
            self.afford_value(part.len().saturating_mul(copies))
        } else if matches!(field.kind, FieldKind::Bytes) {
            self.afford_value(part.len())
        } else {
            self.afford(1)
        };
        if !is_affordable {
            return Ok(self.nothing());
        }
        let tvb = self.source.tvb.as_ptr();
        // SAFETY: tree and buffer are alive, `part` was located inside the buffer.
        let item = self.make_afforded(field, part, |hf, start, length, out| unsafe {
            sys::as_item(self.node, hf, tvb, start, length, encoding, out)
        })?;
        Ok(if part.len() < whole.len() {
            item.set_length(whole.len())
        } else {
            item
        })
    }

    /// The one item that stands for all that the budget refused since it was last asked for, with an expert item of
    /// their number; not more than `REPORTS` times a frame.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn beyond_budget(&self, field: &Field, part: &[u8], expert: &Expert) -> Guarded {
        let state = self.packet.state;
        let refused = state.refused.replace(0);
        if refused == 0 || state.reported.get() >= REPORTS {
            return Ok(());
        }
        state.reported.set(state.reported.get() + 1);
        let said = self.beside_budget(|| {
            let item = self.add(field, part)?;
            let at = if item.exists() { item } else { self.item() };
            at.expert(expert, format_args!("{refused} more items are not expanded"))
        });
        state.refused.set(0);
        said
    }

    /// Adds what must be said even where the frame's budget is used up; the budget is what it was.
    ///
    /// # Errors
    /// What `add` gave.
    pub fn beside_budget(&self, add: impl FnOnce() -> Guarded) -> Guarded {
        let state = self.packet.state;
        let used = state.items.replace(0);
        let content = state.content.replace(0);
        let said = add();
        state.items.set(used);
        state.content.set(content);
        said
    }

    /// A protocol's item over `part`, and its subtree.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn protocol(&self, protocol: &Protocol, part: &[u8]) -> Guarded<Self> {
        if !self.wants_protocol(protocol) {
            return Ok(*self);
        }
        if !self.afford(1) {
            // A text for it must not become this node's.
            return Ok(Self {
                visible: false,
                ..*self
            });
        }
        let (start, length) = self.source.locate(part);
        let mut node = ptr::null_mut();
        // SAFETY: tree and buffer are alive, `part` was located inside the buffer.
        check(unsafe {
            sys::as_item(
                self.node,
                protocol.id(),
                self.source.tvb.as_ptr(),
                start,
                length,
                sys::ENC_NA,
                &mut node,
            )
        })?;
        self.below(node, protocol.ett())
    }

    fn below(&self, item: *mut sys::proto_item, ett: c_int) -> Guarded<Self> {
        #[cfg(feature = "soundness")]
        let _alive = super::guard::soundness::Alive::new();
        let mut node = ptr::null_mut();
        // SAFETY: the item is alive or NULL.
        check(unsafe { sys::as_subtree(item, ett, &mut node) })?;
        Ok(Self {
            node: if node.is_null() { self.node } else { node },
            ..*self
        })
    }

    /// An item over `part` with a subtree under it; where nobody wants the item, this node again.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn sub(&self, field: &Field, part: &[u8]) -> Guarded<Self> {
        let item = self.add(field, part)?;
        self.under(item, field)
    }

    /// The subtree of an item of `field` that was made here.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn under(&self, item: Item<'p>, field: &Field) -> Guarded<Self> {
        if item.node.is_null() {
            // Nobody wants it, or the budget is used up: a text for it must not become this node's.
            return Ok(Self {
                visible: false,
                ..*self
            });
        }
        self.below(item.node, field.ett())
    }

    /// An unsigned value of up to 32 bits (also a link to a frame), computed from `part`.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn uint(&self, field: &Field, part: &[u8], value: u32) -> Guarded<Item<'p>> {
        if !self.wants(field) {
            return Ok(self.nothing());
        }
        let tvb = self.source.tvb.as_ptr();
        // SAFETY: as in `add_in`.
        self.make(field, part, |hf, start, length, out| unsafe {
            sys::as_uint(self.node, hf, tvb, start, length, value, out)
        })
    }

    /// An unsigned value of more than 32 bits, computed from `part`.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn uint64(&self, field: &Field, part: &[u8], value: u64) -> Guarded<Item<'p>> {
        if !self.wants(field) {
            return Ok(self.nothing());
        }
        let tvb = self.source.tvb.as_ptr();
        // SAFETY: as in `add_in`.
        self.make(field, part, |hf, start, length, out| unsafe {
            sys::as_uint64(self.node, hf, tvb, start, length, value, out)
        })
    }

    /// A signed 64-bit value, computed from `part`.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn int64(&self, field: &Field, part: &[u8], value: i64) -> Guarded<Item<'p>> {
        if !self.wants(field) {
            return Ok(self.nothing());
        }
        let tvb = self.source.tvb.as_ptr();
        // SAFETY: as in `add_in`.
        self.make(field, part, |hf, start, length, out| unsafe {
            sys::as_int64(self.node, hf, tvb, start, length, value, out)
        })
    }

    /// A floating-point value, computed from `part`.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn double(&self, field: &Field, part: &[u8], value: f64) -> Guarded<Item<'p>> {
        if !self.wants(field) {
            return Ok(self.nothing());
        }
        let tvb = self.source.tvb.as_ptr();
        // SAFETY: as in `add_in`.
        self.make(field, part, |hf, start, length, out| unsafe {
            sys::as_double(self.node, hf, tvb, start, length, value, out)
        })
    }

    /// A truth value, computed from `part`.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn boolean(&self, field: &Field, part: &[u8], value: bool) -> Guarded<Item<'p>> {
        if !self.wants(field) {
            return Ok(self.nothing());
        }
        let tvb = self.source.tvb.as_ptr();
        // SAFETY: as in `add_in`.
        self.make(field, part, |hf, start, length, out| unsafe {
            sys::as_boolean(self.node, hf, tvb, start, length, c_int::from(value), out)
        })
    }

    /// Bytes that are not (or not here) in the packet.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn bytes(&self, field: &Field, part: &[u8], value: &[u8]) -> Guarded<Item<'p>> {
        if !self.wants(field) {
            return Ok(self.nothing());
        }
        let tvb = self.source.tvb.as_ptr();
        let size = c_int::try_from(value.len()).unwrap_or(0);
        if !self.afford_value(value.len()) {
            return Ok(self.nothing());
        }
        // SAFETY: as in `add_in`; Wireshark copies the value.
        self.make_afforded(field, part, |hf, start, length, out| unsafe {
            sys::as_bytes(self.node, hf, tvb, start, length, value.as_ptr(), size, out)
        })
    }

    /// An Ethernet address that does not stand like this in the packet.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn ether(&self, field: &Field, part: &[u8], address: [u8; 6]) -> Guarded<Item<'p>> {
        if !self.wants(field) {
            return Ok(self.nothing());
        }
        let tvb = self.source.tvb.as_ptr();
        // SAFETY: as in `add_in`; Wireshark copies the 6 bytes.
        self.make(field, part, |hf, start, length, out| unsafe {
            sys::as_ether(self.node, hf, tvb, start, length, address.as_ptr(), out)
        })
    }

    /// A point in time or a span: seconds and nanoseconds.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn time(&self, field: &Field, part: &[u8], seconds: i64, nanoseconds: i32) -> Guarded<Item<'p>> {
        if !self.wants(field) {
            return Ok(self.nothing());
        }
        let tvb = self.source.tvb.as_ptr();
        // SAFETY: as in `add_in`.
        self.make(field, part, |hf, start, length, out| unsafe {
            sys::as_time(self.node, hf, tvb, start, length, seconds, nanoseconds, out)
        })
    }

    /// Text computed from `part`; formatted only if somebody wants it.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn text(&self, field: &Field, part: &[u8], text: fmt::Arguments<'_>) -> Guarded<Item<'p>> {
        if !self.wants(field) {
            return Ok(self.nothing());
        }
        self.add_text(field, part, &Text::<GENERATED_TEXT>::of(text))
    }

    /// Text computed from `part` that is wanted for more than the item.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn add_text<const N: usize>(&self, field: &Field, part: &[u8], text: &Text<N>) -> Guarded<Item<'p>> {
        if !self.wants(field) {
            return Ok(self.nothing());
        }
        if !self.afford_value(text.as_str().len()) {
            return Ok(self.nothing());
        }
        let tvb = self.source.tvb.as_ptr();
        // SAFETY: as in `add_in`; the text ends with NUL and Wireshark copies it.
        self.make_afforded(field, part, |hf, start, length, out| unsafe {
            sys::as_string(self.node, hf, tvb, start, length, text.as_ptr(), out)
        })
    }

    /// An expert item at this node: see [`Item::expert`].
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn expert(&self, expert: &Expert, detail: fmt::Arguments<'_>) -> Guarded {
        self.item().expert(expert, detail)
    }
}
