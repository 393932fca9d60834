//! Between libwireshark and Rust: calls that can throw go through C, where the exception is caught and kept.

#[cfg(feature = "soundness")]
pub mod soundness;
pub(super) mod sys;

/// An exception of Wireshark's is on its way: the guard keeps it, the entry throws it again.
///
/// Nothing but returning is allowed now, so it is passed on with `?`.
#[derive(Debug)]
#[must_use = "an exception is pending: return it to the entry"]
pub struct Thrown(());

/// The result of a guarded call.
pub type Guarded<T = ()> = Result<T, Thrown>;

/// What a guard returned: 0 done, 1 thrown and kept.
pub(crate) fn check(status: libc::c_int) -> Guarded {
    if status == 0 {
        Ok(())
    } else {
        #[cfg(feature = "soundness")]
        soundness::thrown();
        Err(Thrown(()))
    }
}
