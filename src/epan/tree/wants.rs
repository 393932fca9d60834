//! Who looks: whether an item would be seen by anybody.

use super::Tree;
use crate::epan::fields::expert::DETAIL;
use crate::epan::fields::field::{Expert, Field};
use crate::epan::fields::group::FieldGroup;
use crate::epan::fields::protocol::Protocol;
use crate::epan::guard::sys;

impl Tree<'_> {
    /// Whether an item of `field` would be seen by anybody.
    #[must_use]
    #[inline]
    pub fn wants(&self, field: &Field) -> bool {
        self.visible || (self.exists() && field.ref_type.is_set())
    }

    /// Whether an item of any field of `group` would be seen by anybody.
    #[must_use]
    pub fn wants_fields(&self, group: &FieldGroup) -> bool {
        self.visible || (self.exists() && group.is_asked_for())
    }

    /// Whether an item of the protocol as such would be seen by anybody: one of its fields does not need it.
    #[must_use]
    pub fn wants_protocol(&self, protocol: &Protocol) -> bool {
        // SAFETY: the tree is alive or NULL, the id is registered.
        self.visible || unsafe { sys::as_wants_protocol(self.node, protocol.id()) != 0 }
    }

    /// Whether an item of any field of `group`, or an expert item, would be seen by anybody.
    #[must_use]
    pub fn wants_any(&self, group: &FieldGroup) -> bool {
        self.wants_fields(group) || self.packet().experts_are_heard()
    }

    /// Whether an expert item would be seen by anybody; a table of them needs no tree.
    #[must_use]
    pub fn wants_expert(&self, expert: &Expert) -> bool {
        let is_asked_for = expert.ref_type.is_set() || DETAIL.ref_type.is_set();
        self.visible || (self.exists() && is_asked_for) || self.packet().experts_are_heard()
    }
}
