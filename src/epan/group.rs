//! Fields that are filled together: whether somebody asks for any of them is one quick question.
//!
//! Wireshark notes that in each field, for each packet anew. Ours lie side by side in the order of their registration,
//! so that a list of fields is one walk over memory.

use libc::{c_int, c_uint};
use once_cell::sync::OnceCell;

use super::field::{BitSet, Expert, Field};
use super::sys;

/// Notes of fields at equal distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    first: *const c_int,
    count: c_uint,
}

// SAFETY: notes of registered fields live as long as the program, and are only read here; dissection is
// single-threaded.
unsafe impl Send for Run {}
// SAFETY: as above.
unsafe impl Sync for Run {}

/// Where Wireshark notes who is asked for, gathered at the first question, when all fields are registered.
pub(crate) struct Notes(OnceCell<Vec<Run>>);

impl Notes {
    pub(crate) const fn new() -> Self {
        Self(OnceCell::new())
    }

    /// Whether somebody asks for any of those that `gather` lists.
    pub(crate) fn any(&self, gather: impl FnOnce(&mut dyn FnMut(*const c_int))) -> bool {
        let runs = self.0.get_or_init(|| {
            let mut notes = Vec::new();
            gather(&mut |note| notes.push(note));
            // SAFETY: a constant.
            runs(notes, unsafe { sys::as_note_distance() })
        });
        // SAFETY: notes of registered fields live as long as the program.
        runs.iter()
            .any(|run| unsafe { sys::as_any_asked(run.first, run.count) != 0 })
    }
}

/// Puts together what lies side by side. A field that was never registered has no note.
fn runs(mut notes: Vec<*const c_int>, distance: usize) -> Vec<Run> {
    notes.retain(|note| !note.is_null());
    notes.sort_unstable();
    notes.dedup();
    let mut runs: Vec<Run> = Vec::new();
    for note in notes {
        match runs.last_mut() {
            Some(run) if (run.first as usize) + distance * (run.count as usize) == note as usize => {
                run.count += 1;
            }
            _ => runs.push(Run {
                first: note,
                count: 1,
            }),
        }
    }
    runs
}

/// Several lists of fields that are filled together, and the expert items that come with them.
pub struct FieldGroup {
    fields: &'static [&'static [&'static Field]],
    sets: &'static [&'static [&'static BitSet]],
    experts: &'static [&'static [&'static Expert]],
    notes: Notes,
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
            notes: Notes::new(),
        }
    }

    /// Whether somebody asks for any of them.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.notes.any(|each| {
            for field in self.fields.iter().copied().flatten() {
                each(field.reference.note());
            }
            for set in self.sets.iter().copied().flatten() {
                set.each_note(each);
            }
            for expert in self.experts.iter().copied().flatten() {
                each(expert.reference.note());
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_at_equal_distances_are_one_run() {
        let at = |place: usize| place as *const c_int;
        let run = |place, count| Run {
            first: at(place),
            count,
        };
        let notes = vec![
            at(300),
            at(100),
            at(0),
            at(200),
            at(200),
            at(420),
            at(1000),
            at(1100),
        ];
        assert_eq!(runs(notes, 100), [run(100, 3), run(420, 1), run(1000, 2)]);
        assert_eq!(runs(Vec::new(), 100), []);
    }
}
