//! msgpack: values, calls, contexts, expressions; and what came before expressions.

use aerospike::wire::ground::input::Malformed;
use aerospike::wire::values::particle::msgpack;
use aerospike::wire::values::tables::call::CallFamily;
use aerospike::wire::values::text::predexp::{self, Items, PredexpText};
use aerospike::wire::values::text::value_text::{
    CallText, ContextText, EvaluationText, ExpressionText, RawValueText, ValueText,
};
use aerospike::wire::values::walk::node::Node;
use aerospike::wire::values::walk::{self, Sink, Stop, Visit, Walked, cdt, expression};

use crate::account::Account;

pub const FAMILIES: [CallFamily; 5] = [
    CallFamily::Cdt,
    CallFamily::Bits,
    CallFamily::Hll,
    CallFamily::String,
    CallFamily::Text,
];

pub fn all<'a>(account: &mut Account<'a>, bytes: &'a [u8]) {
    if let Some((rest, ())) = account.parse(bytes, msgpack::skip(bytes)) {
        assert!(rest.len() < bytes.len(), "a value of nothing");
    }
    walk(account, bytes, |sink| walk::value(bytes, sink));
    walk(account, bytes, |sink| walk::raw_value(bytes, sink));
    walk(account, bytes, |sink| cdt::context(bytes, sink));
    walk(account, bytes, |sink| expression::expression(bytes, sink));
    walk(account, bytes, |sink| expression::evaluation(bytes, sink));
    for family in FAMILIES {
        walk(account, bytes, |sink| cdt::call(family, bytes, sink));
        account.text(bytes, CallText(family, bytes));
        if let Some(coded) = cdt::operation_of(family, bytes) {
            account.text(bytes, coded);
        }
    }
    account.text(bytes, ValueText(bytes));
    account.text(bytes, RawValueText(bytes));
    account.text(bytes, ContextText(bytes));
    account.text(bytes, ExpressionText(bytes));
    account.text(bytes, EvaluationText(bytes));
    old(account, bytes);
}

fn old<'a>(account: &mut Account<'a>, bytes: &'a [u8]) {
    let _ = expression::is_predexp(bytes);
    account.every(Items(bytes), |account, item| {
        assert!(!item.bytes.is_empty(), "an item of nothing");
        account.see(item.bytes);
        account.see(item.data);
        account.text(item.bytes, item.tag);
        let _ = (item.value().map_err(|fault| fault.to_string()), item.operands());
    });
    if let Some((rest, _)) = account.parse(bytes, predexp::item(bytes)) {
        assert!(rest.len() < bytes.len());
    }
    account.text(bytes, PredexpText(bytes));
}

/// Walks twice: through everything, and past what it can go past at the top. Both end at the same place.
fn walk<'a>(
    account: &mut Account<'a>,
    bytes: &'a [u8],
    walk: impl Fn(&mut Looking<'_, 'a>) -> Walked<'a, ()>,
) {
    let mut ends = [None, None];
    for (end, into) in ends.iter_mut().zip([true, false]) {
        let mut looking = Looking {
            account,
            open: Vec::new(),
            into,
        };
        match walk(&mut looking) {
            Ok(rest) => {
                assert!(looking.open.is_empty(), "a node is still open");
                account.rest(bytes, rest);
                *end = Some(rest.len());
            }
            Err(Stop::Malformed(fault)) => account.fault(&fault),
            Err(Stop::Sink(())) => unreachable!("the sink takes everything"),
        }
    }
    if let [Some(through), Some(past)] = ends {
        // A call in the old form takes what is left of its value.
        assert!(
            through == past || bytes.first() == Some(&0),
            "{through} and {past} bytes are left"
        );
    }
}

struct Looking<'s, 'a> {
    account: &'s mut Account<'a>,
    open: Vec<*const u8>,
    into: bool,
}

impl<'a> Sink<'a> for Looking<'_, 'a> {
    type Error = ();

    fn open(&mut self, node: &Node<'a>) -> Result<Visit, ()> {
        self.account.see(node.bytes);
        self.open.push(node.bytes.as_ptr());
        assert!(self.open.len() <= 4 * msgpack::LEVELS, "deeper than the limit");
        Ok(if self.into { Visit::Into } else { Visit::Over })
    }

    fn close(&mut self, node: &Node<'a>) -> Result<(), ()> {
        self.account.see(node.bytes);
        assert_eq!(
            self.open.pop(),
            Some(node.bytes.as_ptr()),
            "another node is closed than was opened"
        );
        let (head, _) = node.header();
        self.account.see(head);
        let _ = node.role.label();
        Ok(())
    }

    fn leaf(&mut self, node: &Node<'a>) -> Result<(), ()> {
        assert!(!node.bytes.is_empty(), "a leaf of nothing");
        self.account.text(node.bytes, node.role.label());
        self.account
            .see(node.prefix(node.bytes.get(1..).unwrap_or_default()));
        Ok(())
    }

    fn wrong(&mut self, why: &Malformed<'a>) -> Result<(), ()> {
        self.account.fault(why);
        Ok(())
    }
}
