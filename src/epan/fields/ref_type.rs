//! Who asks for which field: what Wireshark notes in each of them, for each packet anew.

use core::sync::atomic::{AtomicPtr, Ordering};

use libc::{c_int, c_uint};
use once_cell::sync::OnceCell;

use crate::epan::guard::sys;

/// Where Wireshark notes whether somebody (a filter, a column, `-e`) asks for a field in this packet.
pub(crate) struct RefType(AtomicPtr<c_int>);

impl RefType {
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(core::ptr::null_mut()))
    }

    /// `ref_type` is Wireshark's own and lives as long as the program.
    pub(crate) fn set(&self, ref_type: *const c_int) {
        self.0.store(ref_type.cast_mut(), Ordering::Relaxed);
    }

    /// The note; NULL before registration.
    pub(crate) fn as_ptr(&self) -> *const c_int {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether somebody asks.
    pub(crate) fn is_set(&self) -> bool {
        let ref_type = self.0.load(Ordering::Relaxed);
        // SAFETY: NULL, or Wireshark's note of a registered field; dissection is single-threaded.
        !ref_type.is_null() && unsafe { ref_type.read() } != 0
    }
}

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
pub(crate) struct RefTypes(OnceCell<Vec<Run>>);

impl RefTypes {
    pub(crate) const fn new() -> Self {
        Self(OnceCell::new())
    }

    /// Whether somebody asks for any of those that `gather` lists.
    pub(crate) fn any(&self, gather: impl FnOnce(&mut dyn FnMut(*const c_int))) -> bool {
        let runs = self.0.get_or_init(|| {
            let mut ref_types = Vec::new();
            gather(&mut |ref_type| ref_types.push(ref_type));
            // SAFETY: a constant.
            runs(ref_types, unsafe { sys::as_note_distance() })
        });
        // SAFETY: notes of registered fields live as long as the program.
        runs.iter()
            .any(|run| unsafe { sys::as_any_asked(run.first, run.count) != 0 })
    }
}

/// Puts together what lies side by side. A field that was never registered has no note.
fn runs(mut ref_types: Vec<*const c_int>, distance: usize) -> Vec<Run> {
    ref_types.retain(|ref_type| !ref_type.is_null());
    ref_types.sort_unstable();
    ref_types.dedup();
    let mut runs: Vec<Run> = Vec::new();
    for ref_type in ref_types {
        match runs.last_mut() {
            Some(run) if (run.first as usize) + distance * (run.count as usize) == ref_type as usize => {
                run.count += 1;
            }
            _ => runs.push(Run {
                first: ref_type,
                count: 1,
            }),
        }
    }
    runs
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
        let ref_types = vec![
            at(300),
            at(100),
            at(0),
            at(200),
            at(200),
            at(420),
            at(1000),
            at(1100),
        ];
        assert_eq!(runs(ref_types, 100), [run(100, 3), run(420, 1), run(1000, 2)]);
        assert_eq!(runs(Vec::new(), 100), []);
    }
}
