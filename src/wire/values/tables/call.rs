//! The tables of operations together: which one a call names, and what a number in it means.
//!
//! A number and the [`NumberTable`] that explains it are a [`Coded`], which prints itself: `INVERTED|VALUE`.

use core::fmt;

use super::arg::{Arg, NumberTable, write_flags};
use super::bits::{BitFlags, BitOp, IntFlags, ResizeFlags, Sign};
use super::cdt_ops::{
    CdtOp, ContextType, ListFlags, ListOrder, MapFlags, MapOrder, ReturnType, SelectFlags, Selected,
    SortFlags,
};
use super::expression_ops::{ExpFlags, ExpOp, LoopVariable, RegexFlags, ResultType, System};
use super::hll::{HllFlags, HllOp};
use super::string_ops::StringOp;
use crate::wire::ground::time::{EPOCH, NANOSECONDS, Utc};
use crate::wire::ground::version::ServerVersion;
use crate::wire::values::particle::ParticleType;

/// Which operations a call names.
///
/// Source: client-protocol 5.1, 7.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallFamily {
    /// List and map operations: ops 3, 4; system 0.
    Cdt,
    /// Bit operations: ops 12, 13; system 1.
    Bits,
    /// HyperLogLog operations: ops 15, 16; system 2.
    Hll,
    /// String operations: ops 17, 18; system 3.
    String,
    /// Conversion to text, of unknown content: op 19; system 4.
    Text,
}

impl CallFamily {
    /// The calls that an op of a message carries, by its op code.
    #[must_use]
    pub const fn of_op(op: u8) -> Option<Self> {
        match op {
            3 | 4 => Some(Self::Cdt),
            12 | 13 => Some(Self::Bits),
            15 | 16 => Some(Self::Hll),
            17 | 18 => Some(Self::String),
            19 => Some(Self::Text),
            _ => None,
        }
    }

    /// The calls of a system number in an expression; the modify bit is ignored.
    #[must_use]
    pub const fn of_system(system: i64) -> Option<Self> {
        match system & !(System::MODIFY as i64) {
            0 => Some(Self::Cdt),
            1 => Some(Self::Bits),
            2 => Some(Self::Hll),
            3 => Some(Self::String),
            4 => Some(Self::Text),
            _ => None,
        }
    }

    /// Whether a call in a context may stand without a list of its own.
    ///
    /// Source: client-protocol 6.9.
    #[must_use]
    pub const fn may_be_flat(self) -> bool {
        matches!(self, Self::String | Self::Text)
    }

    /// The table that names the family's operations.
    #[must_use]
    pub const fn table(self) -> NumberTable {
        match self {
            Self::Cdt => NumberTable::CdtOp,
            Self::Bits => NumberTable::BitOp,
            Self::Hll => NumberTable::HllOp,
            Self::String => NumberTable::StringOp,
            Self::Text => NumberTable::TextOp,
        }
    }

    /// What the operation takes; nothing for one that nobody knows.
    #[must_use]
    pub fn args(self, op: i64) -> Option<&'static [Arg]> {
        let op = u8::try_from(op).ok()?;
        match self {
            Self::Cdt => CdtOp(op).args(),
            Self::Bits => BitOp(op).args(),
            Self::Hll => HllOp(op).args(),
            Self::String | Self::Text => None,
        }
    }
}

/// A number and what explains it; prints its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coded {
    /// What explains it.
    pub table: NumberTable,
    /// The number.
    pub value: i64,
}

impl Coded {
    /// Whether a table has a name for it; one that nobody knows is printed with its number.
    #[must_use]
    pub fn is_known(self) -> bool {
        let Ok(bits) = u32::try_from(self.value) else {
            return false;
        };
        let code = u8::try_from(bits).ok();
        match self.table {
            NumberTable::CdtOp => code.is_some_and(|op| CdtOp(op).name().is_some()),
            NumberTable::BitOp => code.is_some_and(|op| BitOp(op).name().is_some()),
            NumberTable::HllOp => code.is_some_and(|op| HllOp(op).name().is_some()),
            NumberTable::StringOp => code.is_some_and(|op| StringOp(op).name().is_some()),
            NumberTable::TextOp => false,
            NumberTable::ExpOp => code.is_some_and(|op| ExpOp(op).name().is_some()),
            NumberTable::ReturnType => ReturnType(bits).return_type().name().is_some(),
            NumberTable::SelectFlags => Selected(bits & 0x0f).name().is_some(),
            NumberTable::ResultType | NumberTable::BinType | NumberTable::KeyType | NumberTable::LoopType => {
                code.is_some_and(|kind| ResultType(kind).name().is_some())
            }
            NumberTable::LoopVariable => code.is_some_and(|part| LoopVariable(part).name().is_some()),
            NumberTable::System => code.is_some_and(|system| System(system).runner().name().is_some()),
            _ => true,
        }
    }

    /// The server's version that knew an operation or a return type first.
    #[must_use]
    pub fn since(self) -> Option<ServerVersion> {
        let bits = u32::try_from(self.value).ok()?;
        let code = u8::try_from(bits).ok();
        match self.table {
            NumberTable::CdtOp => CdtOp(code?).since(),
            NumberTable::BitOp => BitOp(code?).since(),
            NumberTable::HllOp => HllOp(code?).since(),
            NumberTable::ExpOp => ExpOp(code?).since(),
            NumberTable::ReturnType => ReturnType(bits).return_type().since(),
            _ => None,
        }
    }

    /// Whether a set of flags or an order is the one that stands for "nothing special".
    #[must_use]
    pub const fn is_default(self) -> bool {
        self.value == 0
    }
}

impl fmt::Display for Coded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value;
        let code = u8::try_from(value).ok();
        match self.table {
            NumberTable::CdtOp => match value {
                0..64 => write_name(f, code.and_then(|op| CdtOp(op).name()), "list_op_", value),
                _ => write_name(f, code.and_then(|op| CdtOp(op).name()), "map_op_", value),
            },
            NumberTable::BitOp => write_name(f, code.and_then(|op| BitOp(op).name()), "bit_op_", value),
            NumberTable::HllOp => write_name(f, code.and_then(|op| HllOp(op).name()), "hll_op_", value),
            NumberTable::StringOp => {
                write_name(f, code.and_then(|op| StringOp(op).name()), "string_op_", value)
            }
            NumberTable::TextOp => write_name(f, None, "to_string_op_", value),
            NumberTable::ExpOp => write_name(f, code.and_then(|op| ExpOp(op).name()), "exp_op_", value),
            NumberTable::ListOrder => set::<ListOrder>(f, value, "UNORDERED"),
            NumberTable::MapOrder => set::<MapOrder>(f, value, "UNORDERED"),
            NumberTable::ListFlags => set::<ListFlags>(f, value, "DEFAULT"),
            NumberTable::MapFlags => set::<MapFlags>(f, value, "DEFAULT"),
            NumberTable::SortFlags => set::<SortFlags>(f, value, "DEFAULT"),
            NumberTable::ReturnType => match u32::try_from(value) {
                Ok(bits) => ReturnType(bits).fmt(f),
                Err(_) => write!(f, "Unknown ({value})"),
            },
            NumberTable::ContextType => match u32::try_from(value) {
                Ok(bits) => ContextType(bits).fmt(f),
                Err(_) => write!(f, "Unknown ({value})"),
            },
            NumberTable::SelectFlags => match u32::try_from(value) {
                Ok(bits) => SelectFlags(bits).fmt(f),
                Err(_) => write!(f, "Unknown ({value})"),
            },
            NumberTable::BitFlags => set::<BitFlags>(f, value, "DEFAULT"),
            NumberTable::ResizeFlags => set::<ResizeFlags>(f, value, "DEFAULT"),
            NumberTable::IntFlags => set::<IntFlags>(f, value, "UNSIGNED"),
            NumberTable::Sign => set::<Sign>(f, value, "UNSIGNED"),
            NumberTable::HllFlags => set::<HllFlags>(f, value, "DEFAULT"),
            NumberTable::ExpFlags => set::<ExpFlags>(f, value, "DEFAULT"),
            NumberTable::RegexFlags => set::<RegexFlags>(f, value, "DEFAULT"),
            NumberTable::ResultType | NumberTable::BinType | NumberTable::KeyType | NumberTable::LoopType => {
                write_name(f, code.and_then(|kind| ResultType(kind).name()), "type_", value)
            }
            NumberTable::LoopVariable => write_name(
                f,
                code.and_then(|part| LoopVariable(part).name()),
                "variable_",
                value,
            ),
            NumberTable::ParticleType => match code.and_then(|kind| ParticleType(kind).name()) {
                Some(name) => f.write_str(name),
                None => write!(f, "{value}"),
            },
            NumberTable::Nanoseconds => match u64::try_from(value) {
                // A number that is too small for a time of a record is one of another meaning: never, an offset.
                Ok(time) if time >= EPOCH.saturating_mul(NANOSECONDS) => Utc(time).fmt(f),
                _ => write!(f, "{value}"),
            },
            NumberTable::System => match code {
                Some(system) => System(system).fmt(f),
                None => write!(f, "Unknown ({value})"),
            },
        }
    }
}

/// The name, or a prefix and the number.
fn write_name(f: &mut fmt::Formatter<'_>, name: Option<&str>, prefix: &str, value: i64) -> fmt::Result {
    match name {
        Some(name) => f.write_str(name),
        None => write!(f, "{prefix}{value}"),
    }
}

/// The names of the flags joined by `|`, unknown bits in hexadecimal, or the word for none.
fn set<F: bitflags::Flags<Bits = u32>>(f: &mut fmt::Formatter<'_>, value: i64, none: &str) -> fmt::Result {
    match u32::try_from(value) {
        Ok(bits) => write_flags::<F>(f, bits, none),
        Err(_) => write!(f, "Unknown ({value})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(table: NumberTable, value: i64) -> String {
        Coded { table, value }.to_string()
    }

    #[test]
    fn numbers_print_their_names() {
        assert_eq!(text(NumberTable::ReturnType, 65543), "INVERTED|VALUE");
        assert_eq!(text(NumberTable::ReturnType, 8), "KEY_VALUE_MAP");
        assert_eq!(text(NumberTable::ReturnType, 14), "Unknown (14)");
        assert_eq!(text(NumberTable::ListFlags, 5), "ADD_UNIQUE|NO_FAIL");
        assert_eq!(text(NumberTable::ListFlags, 0x24), "NO_FAIL|0x20");
        assert_eq!(text(NumberTable::MapFlags, 0), "DEFAULT");
        assert_eq!(text(NumberTable::MapOrder, 3), "KEY_VALUE_ORDERED");
        assert_eq!(text(NumberTable::MapOrder, 1), "KEY_ORDERED");
        assert_eq!(text(NumberTable::MapOrder, 0x11), "KEY_ORDERED|PERSIST_INDEX");
        assert_eq!(text(NumberTable::MapOrder, 8), "PRESERVE_ORDER");
        assert_eq!(text(NumberTable::ListOrder, 0x11), "ORDERED|PERSIST_INDEX");
        assert_eq!(text(NumberTable::ListOrder, -1), "Unknown (-1)");
        assert_eq!(text(NumberTable::System, 64), "CDT|MODIFY");
        assert_eq!(text(NumberTable::System, 9), "Unknown (9)");
        assert_eq!(text(NumberTable::ParticleType, 3), "STRING");
        assert_eq!(text(NumberTable::ParticleType, 99), "99");
        assert_eq!(text(NumberTable::Nanoseconds, 0), "0");
        assert_eq!(
            text(NumberTable::Nanoseconds, 1_795_945_422_500_000_000),
            "2026-11-29T09:43:42.5Z"
        );
        assert_eq!(text(NumberTable::SelectFlags, 0x11), "LEAF_VALUES|NO_FAIL");
    }

    #[test]
    fn unknown_operations_keep_their_number() {
        assert_eq!(text(NumberTable::CdtOp, 14), "list_op_14");
        assert_eq!(text(NumberTable::CdtOp, 71), "map_op_71");
        assert_eq!(text(NumberTable::CdtOp, -1), "map_op_-1");
        assert_eq!(text(NumberTable::BitOp, 99), "bit_op_99");
        assert_eq!(text(NumberTable::ExpOp, 200), "exp_op_200");
    }

    #[test]
    fn a_code_is_known_where_it_has_a_name() {
        let known = |table, value| Coded { table, value }.is_known();
        assert!(known(NumberTable::SelectFlags, 0x14) && !known(NumberTable::SelectFlags, 5));
        assert!(known(NumberTable::ReturnType, 65543) && !known(NumberTable::ReturnType, 14));
        assert!(
            known(NumberTable::CdtOp, 28) && !known(NumberTable::CdtOp, 29) && !known(NumberTable::CdtOp, -1)
        );
        assert!(known(NumberTable::System, 65) && !known(NumberTable::System, 9));
    }

    #[test]
    fn argument_lists_know_how_many_they_take() {
        let append = CdtOp::LIST_APPEND.args().unwrap();
        assert_eq!(
            [0, 1, 2, 3, 4].map(|n| Arg::fits(append, n)),
            [false, true, true, true, false]
        );
        let and = ExpOp::AND.args().unwrap();
        assert!(Arg::fits(and, 50));
        assert_eq!(Arg::at(and, 50), Arg::at(and, 0));
        assert_eq!(Arg::at(append, 3), None);
    }
}
