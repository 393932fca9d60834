//! Versions of servers.

use core::fmt;

/// A server's version: `8.1.2` of the build `8.1.2.0-rc1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerVersion(pub u8, pub u8, pub u8);

impl ServerVersion {
    /// Of a text that begins with two numbers and a dot between them, or three.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (major, rest) = number(text)?;
        let (minor, rest) = number(rest.strip_prefix(b".")?)?;
        let patch = rest
            .strip_prefix(b".")
            .and_then(number)
            .map_or(0, |(patch, _)| patch);
        Some(Self(major, minor, patch))
    }

    /// The first one that a remark of a table names: `since 8.1.2`.
    #[must_use]
    pub fn since(remark: &'static str) -> Option<Self> {
        let (_, behind) = remark.split_once("since ")?;
        Self::parse(behind.as_bytes())
    }
}

/// A number below 256 and what follows it.
fn number(text: &[u8]) -> Option<(u8, &[u8])> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(length)?;
    Some((core::str::from_utf8(digits).ok()?.parse().ok()?, rest))
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(major, minor, patch) = *self;
        write!(f, "{major}.{minor}")?;
        if patch == 0 { Ok(()) } else { write!(f, ".{patch}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_and_remarks_are_read() {
        assert_eq!(ServerVersion::parse(b"8.1.2.0-rc1"), Some(ServerVersion(8, 1, 2)));
        assert_eq!(ServerVersion::parse(b"4.9"), Some(ServerVersion(4, 9, 0)));
        for text in [
            &b""[..],
            b"8",
            b"8.",
            b"x.1",
            b"300.1",
            b"ERROR:4:unrecognized command",
        ] {
            assert_eq!(ServerVersion::parse(text), None, "{text:?}");
        }
        assert_eq!(
            ServerVersion::since("path select or apply, since 8.1.1"),
            Some(ServerVersion(8, 1, 1))
        );
        assert_eq!(ServerVersion::since("ns since 1970"), None);
        assert_eq!(ServerVersion::since("deprecated 7.0"), None);
        assert!(ServerVersion(8, 2, 0) > ServerVersion(8, 1, 2));
        assert_eq!(ServerVersion(8, 2, 0).to_string(), "8.2");
    }
}
