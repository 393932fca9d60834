//! Lines of the tree that are items of values: a filter or column made of the line is one on its field.

use core::fmt;

use super::Tree;
use super::item::{Item, LABEL};
use crate::epan::fields::field::{Field, FieldKind};
use crate::epan::guard::Guarded;
use crate::epan::memory::text::Text;

impl<'p> Tree<'p> {
    /// The line of something with parts: an item of a text field whose value is the line's text as far as a line holds it,
    /// so that a filter made of the line is one on the field; and the subtree below.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn heading(&self, field: &Field, part: &[u8], text: fmt::Arguments<'_>) -> Guarded<Self> {
        self.add_line(field, part, text, |item, text| item.label(format_args!("{text}")))
    }

    /// As [`Tree::heading`]; the line is `name: text`, the value the text.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn line(
        &self,
        field: &Field,
        part: &[u8],
        name: impl fmt::Display,
        text: fmt::Arguments<'_>,
    ) -> Guarded<Self> {
        self.add_line(field, part, text, |item, text| {
            item.label(format_args!("{name}: {text}"))
        })
    }

    fn add_line(
        &self,
        field: &Field,
        part: &[u8],
        text: fmt::Arguments<'_>,
        label: impl FnOnce(Item<'p>, &str) -> Item<'p>,
    ) -> Guarded<Self> {
        if !self.wants(field) {
            return Ok(*self);
        }
        let text = Text::<LABEL>::of(text);
        let item = label(self.add_text(field, part, &text)?, text.as_str());
        self.under(item, field)
    }

    /// An unsigned value of the width that the field has, computed from `part`.
    ///
    /// # Errors
    /// What Wireshark threw.
    pub fn number(&self, field: &Field, part: &[u8], value: u64) -> Guarded<Item<'p>> {
        match field.kind {
            FieldKind::U40 | FieldKind::U48 | FieldKind::U56 | FieldKind::U64 => {
                self.uint64(field, part, value)
            }
            _ => self.uint(field, part, u32::try_from(value).unwrap_or(u32::MAX)),
        }
    }
}
