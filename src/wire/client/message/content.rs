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
    /// Walks over `fields` and the operations behind them: what follows these, and what they say. Nothing follows what
    /// is broken.
    #[must_use]
    pub fn walk(fields: Fields<'a>) -> (&'a [u8], Self) {
        #[cfg(feature = "count-allocations")]
        crate::wire::ground::count::WALKS.add_one();
        let mut content = Self {
            identity: Identity::default(),
            evidence: RequestTraits::default(),
            fault: None,
            fields,
            ops: Ops::new(Order::Big, 0, &[]),
        };
        let input = fields.rest();
        let mut left = fields;
        for field in left.by_ref() {
            match field {
                Ok(field) => {
                    content.identity.add(&field);
                    content.evidence.add_field(&field);
                }
                Err(fault) => content.fault = Some(fault),
            }
        }
        if content.fault.is_some() {
            content.evidence.add_broken(left.rest());
        } else {
            content.ops = left.following_ops();
            let mut ops = content.ops;
            for op in ops.by_ref() {
                match op {
                    Ok(op) => content.evidence.add_op(op.code),
                    Err(fault) => content.fault = Some(fault),
                }
            }
            if content.fault.is_none() {
                return (ops.rest(), content);
            }
        }
        // The end of the input, not just any empty slice: positions are taken from it.
        (input.get(input.len()..).unwrap_or_default(), content)
    }
}
