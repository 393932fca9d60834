//! The privileges of a role.

use nom::Parser as _;
use nom::combinator::{cond, consumed};

use crate::wire::ground::input::{self, Malformed, Parse};

table! {
    /// A privilege of a role, one byte.
    ///
    /// Source: client-protocol 11.3
    pub Privilege: u8 {
        0 => USER_ADMIN as "user-admin",
        1 => SYS_ADMIN as "sys-admin",
        2 => DATA_ADMIN as "data-admin",
        3 => UDF_ADMIN as "udf-admin",
        4 => SINDEX_ADMIN as "sindex-admin",
        10 => READ as "read",
        11 => READ_WRITE as "read-write",
        12 => READ_WRITE_UDF as "read-write-udf",
        13 => WRITE as "write",
        14 => TRUNCATE as "truncate",
        15 => MASKING_ADMIN as "masking-admin": "since 8.1",
        16 => READ_MASKED as "read-masked": "since 8.1",
        17 => WRITE_MASKED as "write-masked": "since 8.1",
    }
}

impl Privilege {
    /// Whether a namespace and a set follow the code.
    #[must_use]
    pub const fn has_scope(self) -> bool {
        self.0 >= 10
    }
}

/// Privileges of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Privileges<'a> {
    /// Number announced.
    pub count: u8,
    pub(super) content: &'a [u8],
}

/// A privilege and what it is limited to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant<'a> {
    /// Code and scope.
    pub bytes: &'a [u8],
    /// The privilege.
    pub privilege: Privilege,
    /// Namespace, empty for all; `None` for a global privilege.
    pub namespace: Option<&'a [u8]>,
    /// Set, empty for all; `None` for a global privilege.
    pub set: Option<&'a [u8]>,
}

impl<'a> Grant<'a> {
    fn parse(input: &'a [u8]) -> Parse<'a, Self> {
        let name = |what| input::sized_bytes(what, "its length byte", input::u8(what));
        let grant = |privilege: Privilege| {
            let scope = (name("privilege namespace"), name("privilege set"));
            cond(privilege.has_scope(), scope).map(move |scope| (privilege, scope.unzip()))
        };
        let code = input::u8("privilege code").map(Privilege);
        consumed(code.flat_map(grant))
            .map(|(bytes, (privilege, (namespace, set)))| Self {
                bytes,
                privilege,
                namespace,
                set,
            })
            .parse(input)
    }
}

impl<'a> Privileges<'a> {
    /// The privileges; ends at the first error.
    pub fn iter(&self) -> impl Iterator<Item = Result<Grant<'a>, Malformed<'a>>> {
        let (mut left, mut rest) = (self.count, self.content);
        core::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            match Grant::parse(rest) {
                Ok((tail, grant)) => {
                    rest = tail;
                    Some(Ok(grant))
                }
                Err(error) => {
                    left = 0;
                    Some(Err(input::reason(error)))
                }
            }
        })
    }
}
