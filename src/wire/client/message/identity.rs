//! Which record, records or function a message is about.

use core::fmt;

use crate::wire::client::fields::digest::{self, Digest, LENGTH};
use crate::wire::client::fields::extent;
use crate::wire::client::fields::field::{Field, FieldType};
use crate::wire::client::fields::key::{KeyLiteral, UserKey};
use crate::wire::ground::input;
use crate::wire::ground::text::{LossyText, write_hex4};

/// What the fields of a message or row say of its record, gathered in the walk that reads them.
///
/// Source: client-protocol 4
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity<'a> {
    /// NAMESPACE.
    pub namespace: &'a [u8],
    /// SET.
    pub set: &'a [u8],
    /// KEY.
    pub key: Option<UserKey<'a>>,
    /// DIGEST_RIPE.
    pub digest: Option<Digest<'a>>,
    /// Rows of BATCH.
    pub rows: Option<u32>,
    /// UDF_FUNCTION.
    pub function: &'a [u8],
}

impl<'a> Identity<'a> {
    /// Of no field.
    pub(super) const NONE: Self = Self {
        namespace: &[],
        set: &[],
        key: None,
        digest: None,
        rows: None,
        function: &[],
    };

    /// Adds what the next field says.
    pub(super) fn add(&mut self, field: &Field<'a>) {
        let data = field.data;
        match field.kind {
            FieldType::NAMESPACE => self.namespace = data,
            FieldType::SET => self.set = data,
            FieldType::UDF_FUNCTION => self.function = data,
            FieldType::KEY => self.key = input::front(UserKey::parse, data).ok().or(self.key),
            FieldType::DIGEST_RIPE => self.digest = Digest::exactly(data).or(self.digest),
            FieldType::BATCH | FieldType::BATCH_WITH_SET => self.rows = extent::rows(data).or(self.rows),
            _ => {}
        }
    }
}

impl Identity<'_> {
    /// The digest, computed from set and key where the message has none.
    #[must_use]
    pub fn record(&self) -> Option<[u8; LENGTH]> {
        match (self.digest, &self.key) {
            (Some(digest), _) => Some(*digest.0),
            (None, Some(key)) if key.has_digest() => Some(digest::compute(self.set, key)),
            _ => None,
        }
    }

    /// Whether nothing of a record is known.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.namespace.is_empty() && self.key.is_none() && self.digest.is_none()
    }

    /// Writes it as its [`Display`](fmt::Display) does.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_to(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        if !self.namespace.is_empty() {
            out.write_str(" ")?;
            LossyText(self.namespace).write_to(out)?;
            if !self.set.is_empty() {
                out.write_str(".")?;
                LossyText(self.set).write_to(out)?;
            }
        }
        if let Some(key) = &self.key {
            write!(out, " {}", KeyLiteral(key))
        } else if let Some(digest) = &self.digest {
            out.write_str(" ")?;
            write_hex4(out, digest.0.first_chunk().copied().unwrap_or_default())
        } else {
            Ok(())
        }
    }
}

/// ` test.demo "kv-1"` or ` test.demo e3db4872`.
impl fmt::Display for Identity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f)
    }
}
