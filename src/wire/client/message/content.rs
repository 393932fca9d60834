//! The one walk over the fields and operations of a message or row: what it is about, what it asks for, where it ends.

use super::identity::Identity;
use super::request::RequestTraits;
use crate::wire::client::fields::field::Fields;
use crate::wire::client::fields::op::Ops;
use crate::wire::client::proto::Order;
use crate::wire::ground::input::Malformed;

/// What the fields and operations of a message or row say together.
///
/// Source: client-protocol 3, 8.2
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageContent<'a> {
    /// Which record, records or function it is about.
    pub identity: Identity<'a>,
    /// What it says of the kind of a request.
    pub evidence: RequestTraits,
    /// Why fields or operations cannot be read to their end. What comes before can be.
    pub fault: Option<Malformed<'a>>,
    /// The fields.
    pub fields: Fields<'a>,
    /// The operations; none where a field before them is broken.
    pub ops: Ops<'a>,
}

impl<'a> MessageContent<'a> {
    /// What `fields` and the operations behind them say, before the walk.
    #[must_use]
    pub const fn new(fields: Fields<'a>) -> Self {
        Self {
            identity: Identity::NONE,
            evidence: RequestTraits::NONE,
            fault: None,
            fields,
            ops: Ops::new(Order::Big, 0, &[]),
        }
    }

    /// Walks over the fields and the operations behind them, where it is, since it is big: what follows these. Nothing
    /// follows what is broken.
    #[must_use]
    pub fn walk(&mut self) -> &'a [u8] {
        #[cfg(feature = "count-allocations")]
        crate::wire::ground::count::WALKS.add_one();
        let input = self.fields.rest();
        let mut left = self.fields;
        for field in left.by_ref() {
            match field {
                Ok(field) => {
                    self.identity.add(&field);
                    self.evidence.add_field(&field);
                }
                Err(fault) => self.fault = Some(fault),
            }
        }
        if self.fault.is_some() {
            self.evidence.add_broken(left.rest());
        } else {
            self.ops = left.following_ops();
            let mut ops = self.ops;
            for op in ops.by_ref() {
                match op {
                    Ok(op) => self.evidence.add_op(op.code),
                    Err(fault) => self.fault = Some(fault),
                }
            }
            if self.fault.is_none() {
                return ops.rest();
            }
        }
        // The end of the input, not just any empty slice: positions are taken from it.
        input.get(input.len()..).unwrap_or_default()
    }
}
