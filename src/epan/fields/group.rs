//! Fields that are filled together: whether somebody asks for any of them is one quick question.
//!
//! Wireshark notes that in each field, for each packet anew. Ours lie side by side in the order of their registration,
//! so that a list of fields is one walk over memory.

use super::expert::DETAIL;
use super::field::{BitSet, Expert, Field};
use super::ref_type::RefTypes;

/// Several lists of fields that are filled together, and the expert items that come with them.
pub struct FieldGroup {
    fields: &'static [&'static [&'static Field]],
    sets: &'static [&'static [&'static BitSet]],
    experts: &'static [&'static [&'static Expert]],
    ref_types: RefTypes,
}

impl FieldGroup {
    /// Of lists of fields, of bit sets and of expert items.
    #[must_use]
    pub const fn new(
        fields: &'static [&'static [&'static Field]],
        sets: &'static [&'static [&'static BitSet]],
        experts: &'static [&'static [&'static Expert]],
    ) -> Self {
        Self {
            fields,
            sets,
            experts,
            ref_types: RefTypes::new(),
        }
    }

    /// Whether somebody asks for any of them.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.ref_types.any(|each| {
            for field in self.fields.iter().copied().flatten() {
                each(field.ref_type.as_ptr());
            }
            for set in self.sets.iter().copied().flatten() {
                set.each_ref_type(each);
            }
            for expert in self.experts.iter().copied().flatten() {
                each(expert.ref_type.as_ptr());
                // What an expert item says of its case stands below it.
                each(DETAIL.ref_type.as_ptr());
            }
        })
    }
}
