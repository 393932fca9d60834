//! Messages cut out of a stream by Wireshark, and bytes handed to other dissectors.

use core::ffi::CStr;

use libc::c_int;

use crate::epan::guard::{Guarded, check, sys};
use crate::epan::packet::Packet;
use crate::epan::packet::segment::{Framing, SegmentContext};
use crate::epan::packet::source::Source;
use crate::epan::tree::Tree;

/// What goes through `tcp_dissect_pdus` to each message.
pub(crate) struct PduData<'l, 'p> {
    pub(crate) packet: Packet<'p>,
    pub(crate) context: &'l SegmentContext<'p>,
}

impl<'p> Packet<'p> {
    /// Cuts the bytes of `tree` into messages by `framing` and dissects each.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn dissect_pdus(self, framing: Framing, tree: &Tree<'p>, context: &SegmentContext<'p>) -> Guarded {
        #[cfg(feature = "soundness")]
        let _alive = crate::epan::guard::soundness::Alive::new();
        let data = PduData {
            packet: self,
            context,
        };
        // SAFETY: packet, buffer and tree are alive; `data` is lent until the guard returns, and read only by
        // the entry of this framing.
        check(unsafe {
            sys::as_dissect_pdus(
                framing as c_int,
                tree.source().tvb.as_ptr(),
                self.info.as_ptr(),
                tree.node_ptr(),
                core::ptr::from_ref(&data).cast_mut().cast(),
            )
        })
    }

    /// Hands `source` to another dissector of Wireshark's; `claim` gives it the conversation from now on.
    ///
    /// # Errors
    /// What that dissector threw.
    pub fn call_dissector(
        self,
        name: &'static CStr,
        source: Source<'p>,
        tree: &Tree<'p>,
        claim: bool,
    ) -> Guarded {
        #[cfg(feature = "soundness")]
        let _alive = crate::epan::guard::soundness::Alive::new();
        // SAFETY: packet, buffer and tree are alive, the name is static.
        check(unsafe {
            sys::as_call_named(
                name.as_ptr(),
                source.tvb.as_ptr(),
                self.info.as_ptr(),
                tree.node_ptr(),
                c_int::from(claim),
            )
        })
    }
}
