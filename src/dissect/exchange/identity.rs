//! Which record, records or function a message is about.

use core::fmt;

use crate::wire::client::batch::Batch;
use crate::wire::client::digest::{self, Digest, LENGTH};
use crate::wire::client::field::{Field, FieldType, Value};
use crate::wire::client::key::{Key, KeyLiteral};
use crate::wire::ground::input::Malformed;
use crate::wire::ground::text::{Text as Lossy, write_hex4};

/// What the Info column and the tracking need of a message, gathered in one walk over its fields.
#[derive(Clone, Copy, Default)]
pub struct Identity<'a> {
    /// NAMESPACE.
    pub namespace: &'a [u8],
    /// SET.
    pub set: &'a [u8],
    /// KEY.
    pub key: Option<Key<'a>>,
    /// DIGEST_RIPE.
    pub digest: Option<Digest<'a>>,
    /// Rows of BATCH.
    pub rows: Option<u32>,
    /// UDF_FUNCTION.
    pub function: &'a [u8],
}

impl<'a> Identity<'a> {
    /// Of the fields of a message or row.
    pub fn of(fields: impl Iterator<Item = Result<Field<'a>, Malformed<'a>>>) -> Self {
        let mut identity = Self::default();
        for field in fields.flatten() {
            identity.add(&field);
        }
        identity
    }

    fn add(&mut self, field: &Field<'a>) {
        match field.kind {
            FieldType::NAMESPACE => self.namespace = field.data,
            FieldType::SET => self.set = field.data,
            FieldType::UDF_FUNCTION => self.function = field.data,
            FieldType::KEY | FieldType::DIGEST_RIPE | FieldType::BATCH | FieldType::BATCH_WITH_SET => {
                match field.value() {
                    Ok(Value::Key(key)) => self.key = Some(key),
                    Ok(Value::Digest(digest)) => self.digest = Some(digest),
                    Ok(Value::Batch(data)) => {
                        self.rows = Batch::read(data).ok().map(|batch| batch.count).or(self.rows);
                    }
                    _ => {}
                }
            }
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
            Lossy(self.namespace).write_to(out)?;
            if !self.set.is_empty() {
                out.write_str(".")?;
                Lossy(self.set).write_to(out)?;
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
