//! The Wireshark that runs against the one whose headers the plugin was built with.
//!
//! Wireshark itself refuses a plugin of another minor version (4.0, 4.4). Within one, its libraries keep their
//! name and take additions only: a plugin built with 4.4.1 finds in 4.4.9 all it knows. In 4.4.0 it may not,
//! such as a field that was added to what TCP remembers of a connection, whose layout is in the headers.

use core::fmt;

use crate::epan::guard::sys;
use crate::epan::memory::text::Text;

/// A micro version that is not the one of the headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// What runs is older: said aloud, since it may lack something.
    Older,
    /// What runs is newer: said to who asks for it (`--log-level info`).
    Newer,
}

/// Major, minor and micro version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub [u32; 3]);

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, micro] = self.0;
        write!(out, "{major}.{minor}.{micro}")
    }
}

impl Version {
    /// The Wireshark whose headers the plugin was built with.
    pub const BUILT: Self = Self([
        number(env!("AEROSPIKE_WIRESHARK_MAJOR")),
        number(env!("AEROSPIKE_WIRESHARK_MINOR")),
        number(env!("AEROSPIKE_WIRESHARK_MICRO")),
    ]);

    /// The Wireshark that runs.
    #[must_use]
    pub fn running() -> Self {
        let mut parts = [0; 3];
        let [major, minor, micro] = &mut parts;
        // SAFETY: three integers of ours, filled during the call; it does not throw.
        unsafe { sys::as_running_version(major, minor, micro) };
        Self(parts.map(|part| u32::try_from(part).unwrap_or(0)))
    }

    /// How a Wireshark that runs differs from this one, which the plugin was built with.
    #[must_use]
    pub fn differs(self, running: Self) -> Option<Difference> {
        match running.0.cmp(&self.0) {
            core::cmp::Ordering::Less => Some(Difference::Older),
            core::cmp::Ordering::Equal => None,
            core::cmp::Ordering::Greater => Some(Difference::Newer),
        }
    }
}

/// Says in Wireshark's log, once, where the versions differ.
pub(crate) fn log_difference() {
    let (built, running) = (Version::BUILT, Version::running());
    let Some(difference) = built.differs(running) else {
        return;
    };
    let text = Text::<200>::of(format_args!(
        "Aerospike plugin: built with Wireshark {built}, running in {running}"
    ));
    // SAFETY: a text that ends with NUL, alive during the call; logging does not throw.
    unsafe {
        match difference {
            Difference::Older => sys::as_log(text.as_c().as_ptr()),
            Difference::Newer => sys::as_log_quietly(text.as_c().as_ptr()),
        }
    }
}

/// A decimal number that the build script wrote.
const fn number(text: &str) -> u32 {
    let bytes = text.as_bytes();
    let mut value = 0;
    let mut at = 0;
    while at < bytes.len() {
        value = value * 10 + (bytes[at] - b'0') as u32;
        at += 1;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::{Difference, Version};

    #[test]
    fn only_an_older_wireshark_is_worth_a_word_to_everyone() {
        let built = Version([4, 4, 9]);
        assert_eq!(built.differs(Version([4, 4, 9])), None);
        assert_eq!(built.differs(Version([4, 4, 8])), Some(Difference::Older));
        assert_eq!(built.differs(Version([4, 4, 10])), Some(Difference::Newer));
    }

    #[test]
    fn versions_read_as_wireshark_writes_them() {
        assert_eq!(Version([4, 0, 17]).to_string(), "4.0.17");
    }
}
