//! Calls and expressions made after the plugin's own tables of operations and arguments, written as msgpack, and then
//! spoiled in a few places: most of what comes out is nearly right, so that a parser goes deep into it.

use aerospike::wire::ground::table::TableRow;
use aerospike::wire::values::tables::arg::{Arg, ArgContent, Presence};
use aerospike::wire::values::tables::bits::BitOp;
use aerospike::wire::values::tables::call::CallFamily;
use aerospike::wire::values::tables::cdt_ops::CdtOp;
use aerospike::wire::values::tables::expression_ops::ExpOp;
use aerospike::wire::values::tables::hll::HllOp;
use arbitrary::{Arbitrary, Result, Unstructured};

/// Deeper than this nothing more is put into anything: beyond the plugin's own limit.
const DEPTH: usize = 40;

/// What was made, in bytes.
#[derive(Debug)]
pub struct Made {
    bytes: Vec<u8>,
    changes: Vec<Change>,
}

/// A byte put elsewhere, left out or added.
#[derive(Debug, Arbitrary)]
pub enum Change {
    Set { at: u16, to: u8 },
    Remove { at: u16 },
    Insert { at: u16, byte: u8 },
    CutAt { at: u16 },
}

impl Made {
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        spoil(&mut bytes, &self.changes);
        bytes
    }
}

/// Makes the changes, one after the other.
pub fn spoil(bytes: &mut Vec<u8>, changes: &[Change]) {
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        let place = |at: &u16| usize::from(*at) % bytes.len();
        match change {
            Change::Set { at, to } => {
                let at = place(at);
                bytes[at] = *to;
            }
            Change::Remove { at } => {
                let at = place(at);
                bytes.remove(at);
            }
            Change::Insert { at, byte } => {
                let at = place(at);
                bytes.insert(at, *byte);
            }
            Change::CutAt { at } => {
                let at = place(at);
                bytes.truncate(at);
            }
        }
    }
}

impl<'a> Arbitrary<'a> for Made {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let n_changes = u.int_in_range(0..=3)?;
        let changes = (0..n_changes)
            .map(|_| Change::arbitrary(u))
            .collect::<Result<_>>()?;
        let mut maker = Maker {
            u,
            out: Vec::new(),
            depth: 0,
        };
        match maker.u.int_in_range(0..=5)? {
            0 => maker.value()?,
            1 => maker.context()?,
            2 => maker.expression()?,
            3 => {
                // An expression operation: [expression, flags].
                maker.out.push(0x92);
                maker.expression()?;
                maker.integer()?;
            }
            4 => maker.legacy()?,
            _ => {
                let family = maker.family()?;
                maker.call(family)?;
            }
        }
        Ok(Made {
            bytes: maker.out,
            changes,
        })
    }
}

struct Maker<'u, 'a> {
    u: &'u mut Unstructured<'a>,
    out: Vec<u8>,
    depth: usize,
}

impl Maker<'_, '_> {
    fn family(&mut self) -> Result<CallFamily> {
        self.u.choose(&crate::values::FAMILIES).copied()
    }

    fn row(&mut self, rows: &[TableRow]) -> Result<u32> {
        Ok(self.u.choose(rows)?.value)
    }

    /// A list's or a map's head, in any of its widths.
    fn head(&mut self, count: usize, small: u8, wide: u8) -> Result<()> {
        match self.u.int_in_range(0..=9)? {
            0 => {
                self.out.push(wide + 1);
                self.out.extend((count as u32).to_be_bytes());
            }
            1 => {
                self.out.push(wide);
                self.out.extend((count as u16).to_be_bytes());
            }
            _ => self.out.push(small | (count.min(15) as u8)),
        }
        Ok(())
    }

    fn list(&mut self, count: usize) -> Result<()> {
        self.head(count, 0x90, 0xdc)
    }

    fn integer(&mut self) -> Result<()> {
        let value: i64 = match self.u.int_in_range(0..=3)? {
            0 => self.u.int_in_range(-3..=70)?,
            1 => self.u.int_in_range(0..=0xffff)?,
            _ => i64::arbitrary(self.u)?,
        };
        self.number(value)
    }

    fn number(&mut self, value: i64) -> Result<()> {
        match value {
            0..=0x7f => self.out.push(value as u8),
            -32..=-1 => self.out.push(value as u8),
            0x80..=0xffff => {
                self.out.push(0xcd);
                self.out.extend((value as u16).to_be_bytes());
            }
            _ => {
                self.out.push(if bool::arbitrary(self.u)? { 0xd3 } else { 0xcf });
                self.out.extend(value.to_be_bytes());
            }
        }
        Ok(())
    }

    /// A string or a blob; of a value its first byte is a particle type.
    fn bytes(&mut self, typed: bool) -> Result<()> {
        let length = self.u.int_in_range(0..=20)?;
        let mut body = Vec::new();
        if typed {
            body.push(*self.u.choose(&[3u8, 3, 3, 4, 18, 23, 7, 99])?);
        }
        body.extend(self.u.bytes(length.min(self.u.len()))?);
        match self.u.int_in_range(0..=4)? {
            0 => self.out.extend([0xc4, body.len() as u8]),
            1 => self.out.extend([0xd9, body.len() as u8]),
            2 => self.out.extend([0xda, 0, body.len() as u8]),
            _ => self.out.push(0xa0 | body.len() as u8),
        }
        self.out.extend(body);
        Ok(())
    }

    /// More may be put into what is being made.
    fn goes_on(&mut self) -> bool {
        self.depth < DEPTH && !self.u.is_empty() && self.out.len() < 4096
    }

    fn nest(&mut self, make: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.depth += 1;
        let made = make(self);
        self.depth -= 1;
        made
    }

    fn value(&mut self) -> Result<()> {
        let most = if self.goes_on() { 11 } else { 7 };
        match self.u.int_in_range(0..=most)? {
            0 => self.out.push(0xc0),
            1 => self.out.push(0xc2 | u8::from(bool::arbitrary(self.u)?)),
            2 => {
                self.out.push(0xcb);
                self.out.extend(f64::arbitrary(self.u)?.to_be_bytes());
            }
            3 => self.out.extend([0xd4, 0xff, u8::arbitrary(self.u)? & 1]),
            4 => self.out.extend([0xc7, 2, u8::arbitrary(self.u)?, 1, 2]),
            5 | 6 => self.bytes(true)?,
            7 | 8 => self.integer()?,
            9 => self.nest(|maker| {
                let count = maker.u.int_in_range(0..=4)?;
                let ordered = maker.u.ratio(1, 4)?;
                maker.list(count + usize::from(ordered))?;
                if ordered {
                    maker.out.extend([0xc7, 0, 1]);
                }
                (0..count).try_for_each(|_| maker.value())
            })?,
            10 => self.nest(|maker| {
                let count = maker.u.int_in_range(0..=4)?;
                let ordered = maker.u.ratio(1, 4)?;
                maker.head(count + usize::from(ordered), 0x80, 0xde)?;
                if ordered {
                    maker.out.extend([0xc7, 0, 1, 0xc0]);
                }
                (0..2 * count).try_for_each(|_| maker.value())
            })?,
            _ => {
                let family = self.family()?;
                self.nest(|maker| maker.call(family))?;
            }
        }
        Ok(())
    }

    /// An operation of a family with the arguments it takes; now and then in a context, or with one too many.
    fn call(&mut self, family: CallFamily) -> Result<()> {
        if self.goes_on() && self.u.ratio(1, 5)? {
            self.list(3)?;
            self.out.extend([0xcc, 0xff]);
            self.context()?;
            return self.nest(|maker| maker.call(family));
        }
        if family == CallFamily::Cdt && self.u.ratio(1, 12)? {
            self.list(4)?;
            self.out.extend([0xcc, 0xfe]);
            self.context()?;
            self.integer()?;
            return self.nest(Self::expression);
        }
        let op = match family {
            CallFamily::Cdt => self.row(CdtOp::TABLE)?,
            CallFamily::Bits => self.row(BitOp::TABLE)?,
            CallFamily::Hll => self.row(HllOp::TABLE)?,
            CallFamily::String | CallFamily::Text => self.u.int_in_range(0..=80)?,
        };
        self.operation(i64::from(op), family.args(i64::from(op)).unwrap_or(&[]))
    }

    fn operation(&mut self, op: i64, args: &'static [Arg]) -> Result<()> {
        let required = args
            .iter()
            .filter(|arg| arg.presence == Presence::Required)
            .count();
        let count = match self.u.int_in_range(0..=5)? {
            0 => self.u.int_in_range(0..=args.len() + 2)?,
            1 => args.len(),
            _ => required + self.u.int_in_range(0..=args.len() - required)?,
        };
        self.list(count + 1)?;
        self.number(op)?;
        for index in 0..count {
            let arg = Arg::at(args, index).map_or(ArgContent::Value, |arg| arg.content);
            self.nest(|maker| maker.argument(arg))?;
        }
        Ok(())
    }

    fn argument(&mut self, content: ArgContent) -> Result<()> {
        if self.u.ratio(1, 16)? {
            return self.value();
        }
        match content {
            ArgContent::Value => self.value(),
            ArgContent::Code(_) => self.integer(),
            ArgContent::Raw(_) => self.bytes(false),
            ArgContent::Expression => self.expression(),
        }
    }

    fn context(&mut self) -> Result<()> {
        let levels = self.u.int_in_range(0..=4)?;
        self.list(2 * levels)?;
        for _ in 0..levels {
            let kind = *self.u.choose(&[
                0x04, 0x10, 0x11, 0x13, 0x20, 0x21, 0x22, 0x23, 0x50, 0x90, 0xd0, 0x110,
            ])?;
            self.number(kind)?;
            if kind == 0x04 {
                self.nest(Self::expression)?;
            } else {
                self.nest(Self::value)?;
            }
        }
        Ok(())
    }

    fn expression(&mut self) -> Result<()> {
        if !self.goes_on() {
            return self.integer();
        }
        match self.u.int_in_range(0..=7)? {
            0 => self.integer(),
            1 => self.bytes(true),
            // A quoted list.
            2 => {
                self.out.extend([0x92, ExpOp::QUOTE.0]);
                self.nest(Self::value)
            }
            // [CALL, result type, system, call, operand]
            3 => {
                self.list(5)?;
                self.out.push(ExpOp::CALL.0);
                let (result, system) = (self.u.int_in_range(0..=9)?, self.u.int_in_range(0..=4)?);
                self.out.extend([result, system]);
                let family = CallFamily::of_system(i64::from(system)).unwrap_or(CallFamily::Cdt);
                self.nest(|maker| maker.call(family))?;
                self.nest(Self::expression)
            }
            // [LET, name, value, …, result]
            4 => {
                let variables = self.u.int_in_range(0..=3)?;
                self.list(2 + 2 * variables)?;
                self.out.push(ExpOp::LET.0);
                for _ in 0..variables {
                    self.bytes(false)?;
                    self.nest(Self::expression)?;
                }
                self.nest(Self::expression)
            }
            _ => {
                let op = ExpOp(self.row(ExpOp::TABLE)? as u8);
                self.operation(i64::from(op.0), op.args().unwrap_or(&[]))
            }
        }
    }

    /// The old form: two bytes of operation, then a list of arguments.
    fn legacy(&mut self) -> Result<()> {
        let op = self.row(CdtOp::TABLE)? as u8;
        self.out.extend([0, op]);
        let count = self.u.int_in_range(0..=4)?;
        self.list(count)?;
        (0..count).try_for_each(|_| self.value())
    }
}
