//! Bit sets in the tree: the whole integer and each of its bits, by one call.

use core::ptr;
use core::sync::atomic::Ordering;

use libc::c_int;

use super::Tree;
use super::item::Item;
use crate::epan::fields::field::{BitSet, encoding};
use crate::epan::guard::{Guarded, check, sys};
use crate::wire::client::proto::Order;

/// Longer encodings of an integer show no single bits.
const MAX_LENGTH: usize = 8;

impl<'p> Tree<'p> {
    /// Whether the set or one of its bits would be seen by anybody.
    #[must_use]
    pub fn wants_bits(&self, set: &BitSet) -> bool {
        let is_registered = !set.ids.load(Ordering::Relaxed).is_null();
        self.exists() && is_registered && (self.visible || set.is_asked_for())
    }

    /// A bit set: the whole integer and each of its bits.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn bits(&self, set: &BitSet, part: &[u8], order: Order) -> Guarded<Item<'p>> {
        let (start, _) = self.source.locate(part);
        let tvb = self.source.tvb.as_ptr();
        // SAFETY: tree and buffer are alive, the integer lies inside the buffer, the array is NULL-terminated.
        self.make_bits(set, |ids, out| unsafe {
            let (whole, ett) = (set.whole.id(), set.whole.ett());
            sys::as_bitmask(self.node, tvb, start, whole, ett, ids, encoding(order), out)
        })
    }

    /// A bit set whose value is encoded in `part` in some way of its own.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn bits_of(&self, set: &BitSet, part: &[u8], value: u32) -> Guarded<Item<'p>> {
        if part.len() > MAX_LENGTH {
            return self.uint(&set.whole, part, value);
        }
        let (start, length) = self.source.locate(part);
        let tvb = self.source.tvb.as_ptr();
        // SAFETY: as above.
        self.make_bits(set, |ids, out| unsafe {
            let (whole, ett) = (set.whole.id(), set.whole.ett());
            sys::as_bitmask_value(self.node, tvb, start, length, whole, ett, ids, value, out)
        })
    }

    /// The bits of a set, below an item that has the value.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn bits_below(&self, set: &BitSet, part: &[u8], value: u32) -> Guarded {
        if part.len() > MAX_LENGTH || !self.wants_bits(set) || !self.afford(set.items()) {
            return Ok(());
        }
        let (start, length) = self.source.locate(part);
        let (tvb, ids) = (self.source.tvb.as_ptr(), set.ids.load(Ordering::Relaxed));
        // SAFETY: as above.
        check(unsafe { sys::as_bits(self.node, tvb, start, length, ids, value) })
    }

    fn make_bits(
        &self,
        set: &BitSet,
        call: impl FnOnce(*mut *mut c_int, &mut *mut sys::proto_item) -> c_int,
    ) -> Guarded<Item<'p>> {
        if !self.wants_bits(set) || !self.afford(set.items()) {
            return Ok(self.nothing());
        }
        let mut node = ptr::null_mut();
        check(call(set.ids.load(Ordering::Relaxed), &mut node))?;
        Ok(Item { node, ..self.item() })
    }
}
