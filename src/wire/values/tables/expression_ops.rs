//! The tables of expressions: opcodes with their arguments, types and flags (client-protocol 7.3–7.5).
//!
//! The names are those of the clients' builders in snake case: `eq`, `int_bin`, `digest_modulo`.

use core::fmt;

use bitflags::bitflags;

use super::arg::{Arg, NumberTable, RawName, operations};

const LEFT: Arg = Arg::expression("left");
const RIGHT: Arg = Arg::expression("right");
const EACH: Arg = Arg::expression("operand").variadic();
const VALUE: Arg = Arg::expression("value");
const SHIFT: Arg = Arg::expression("shift");
const SEARCH: Arg = Arg::expression("search for");
const LIST: Arg = Arg::expression("list");
const MAP: Arg = Arg::expression("map");
const PATTERN: Arg = Arg::raw("pattern", RawName::Pattern);
const BIN: Arg = Arg::raw("bin name", RawName::Bin);

operations! {
    /// The operation of an expression `[opcode, argument, …]`.
    ///
    /// Source: client-protocol 7.4.
    pub ExpOp: u8 {
        0 => UNKNOWN as "unknown": "since 5.6" (),
        1 => EQ as "eq" (LEFT, RIGHT),
        2 => NE as "ne" (LEFT, RIGHT),
        3 => GT as "gt" (LEFT, RIGHT),
        4 => GE as "ge" (LEFT, RIGHT),
        5 => LT as "lt" (LEFT, RIGHT),
        6 => LE as "le" (LEFT, RIGHT),
        7 => CMP_REGEX as "regex_compare"
            (Arg::code("regex flags", NumberTable::RegexFlags), PATTERN, Arg::expression("string")),
        8 => CMP_GEO as "geo_compare" (LEFT, RIGHT),
        9 => IN_LIST as "in_list": "since 8.1.2" (VALUE, LIST),
        16 => AND as "and" (EACH),
        17 => OR as "or" (EACH),
        18 => NOT as "not" (VALUE),
        19 => EXCLUSIVE as "exclusive": "since 5.6" (EACH),
        20 => ADD as "add": "since 5.6" (EACH),
        21 => SUB as "sub": "since 5.6" (EACH),
        22 => MUL as "mul": "since 5.6" (EACH),
        23 => DIV as "div": "since 5.6" (EACH),
        24 => POW as "pow": "since 5.6" (Arg::expression("base"), Arg::expression("exponent")),
        25 => LOG as "log": "since 5.6" (VALUE, Arg::expression("base")),
        26 => MOD as "mod": "since 5.6" (Arg::expression("dividend"), Arg::expression("divisor")),
        27 => ABS as "abs": "since 5.6" (VALUE),
        28 => FLOOR as "floor": "since 5.6" (VALUE),
        29 => CEIL as "ceil": "since 5.6" (VALUE),
        30 => TO_INT as "to_int": "since 5.6" (VALUE),
        31 => TO_FLOAT as "to_float": "since 5.6" (VALUE),
        32 => INT_AND as "int_and": "since 5.6" (EACH),
        33 => INT_OR as "int_or": "since 5.6" (EACH),
        34 => INT_XOR as "int_xor": "since 5.6" (EACH),
        35 => INT_NOT as "int_not": "since 5.6" (VALUE),
        36 => INT_LSHIFT as "int_lshift": "since 5.6" (VALUE, SHIFT),
        37 => INT_RSHIFT as "int_rshift": "since 5.6" (VALUE, SHIFT),
        38 => INT_ARSHIFT as "int_arshift": "since 5.6" (VALUE, SHIFT),
        39 => INT_COUNT as "int_count": "since 5.6" (VALUE),
        40 => INT_LSCAN as "int_lscan": "since 5.6" (VALUE, SEARCH),
        41 => INT_RSCAN as "int_rscan": "since 5.6" (VALUE, SEARCH),
        50 => MIN as "min": "since 5.6" (EACH),
        51 => MAX as "max": "since 5.6" (EACH),
        64 => META_DIGEST_MOD as "digest_modulo" (Arg::value("modulus")),
        65 => META_DEVICE_SIZE as "device_size": "deprecated 7.0" (),
        66 => META_LAST_UPDATE as "last_update": "ns since 1970" (),
        67 => META_SINCE_UPDATE as "since_update": "ms" (),
        68 => META_VOID_TIME as "void_time" (),
        69 => META_TTL as "ttl" (),
        70 => META_SET_NAME as "set_name" (),
        71 => META_KEY_EXISTS as "key_exists" (),
        72 => META_IS_TOMBSTONE as "is_tombstone" (),
        73 => META_MEMORY_SIZE as "memory_size": "since 5.3, deprecated 7.0" (),
        74 => META_RECORD_SIZE as "record_size": "since 7.0" (),
        80 => REC_KEY as "key" (Arg::code("key type", NumberTable::KeyType)),
        81 => BIN as "bin" (Arg::code("bin type", NumberTable::BinType), BIN),
        82 => BIN_TYPE as "bin_type": "gives a particle type" (BIN),
        99 => TO_STRING as "to_string": "since 8.2" (VALUE),
        100 => RESULT_REMOVE as "result_remove": "only when a path is applied, since 8.1.1" (),
        101 => MAP_KEYS as "map_keys": "since 8.1.2" (MAP),
        102 => MAP_VALUES as "map_values": "since 8.1.2" (MAP),
        122 => VAR_BUILTIN as "loopvar": "since 8.1.1"
            (Arg::code("variable type", NumberTable::LoopType), Arg::code("variable", NumberTable::LoopVariable)),
        123 => COND as "cond": "condition, result, …, default; since 5.6" (EACH),
        124 => VAR as "var": "since 5.6" (Arg::raw("variable name", RawName::Variable)),
        125 => LET as "let": "name, value, …, result; since 5.6" (EACH),
        126 => QUOTE as "quote" (Arg::value("list")),
        127 => CALL as "call"
            (Arg::code("result type", NumberTable::ResultType), Arg::code("system", NumberTable::System),
             Arg::value("call"), Arg::expression("bin or value")),
        128 => AEL as "ael": "text that the server compiles, since 8.2" (Arg::raw("text", RawName::Ael))
    }
}

table! {
    /// A type in an expression.
    ///
    /// Source: client-protocol 7.3.
    pub ResultType: u8 {
        0 => NIL as "nil",
        1 => BOOL as "bool",
        2 => INT as "int",
        3 => STR as "str",
        4 => LIST as "list",
        5 => MAP as "map",
        6 => BLOB as "blob",
        7 => FLOAT as "float",
        8 => GEO as "geo",
        9 => HLL as "hll"
    }
}

table! {
    /// What a loop variable of a path selection stands for.
    ///
    /// Source: client-protocol 7.4.
    pub LoopVariable: u8 {
        0 => KEY,
        1 => VALUE,
        2 => INDEX
    }
}

table! {
    /// Who runs a call of an expression.
    ///
    /// Source: client-protocol 7.5.
    pub Runner: u8 {
        0 => CDT,
        1 => BITS,
        2 => HLL,
        3 => STRING: "only in C client 7.5",
        4 => REPR: "only in C client 7.5"
    }
}

/// Who runs a call of an expression, and whether on a copy that it changes.
///
/// Source: client-protocol 7.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct System(pub u8);

impl System {
    /// The call changes a copy of its operand and returns it.
    pub const MODIFY: u8 = 0x40;

    /// Who runs it.
    #[must_use]
    pub const fn runner(self) -> Runner {
        Runner(self.0 & !Self::MODIFY)
    }

    /// Whether it changes a copy.
    #[must_use]
    pub const fn modifies(self) -> bool {
        self.0 & Self::MODIFY != 0
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.runner().fmt(f)?;
        f.write_str(if self.modifies() { "|MODIFY" } else { "" })
    }
}

bitflags! {
    /// Flags of an expression operation (ops 7 and 8).
    ///
    /// Source: client-protocol 7.5.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ExpFlags: u32 {
        /// The bin must not exist.
        const CREATE_ONLY = 0x01;
        /// The bin must exist.
        const UPDATE_ONLY = 0x02;
        /// A result of nil deletes the bin.
        const ALLOW_DELETE = 0x04;
        /// A refusal by the flags above is no error.
        const POLICY_NO_FAIL = 0x08;
        /// An unknown result is no error. The only flag of reads.
        const EVAL_NO_FAIL = 0x10;
    }

    /// Flags of a regular expression (POSIX).
    ///
    /// Source: client-protocol 7.4.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RegexFlags: u32 {
        /// Extended syntax.
        const EXTENDED = 0x01;
        /// Case does not matter.
        const ICASE = 0x02;
        /// Matches are not reported.
        const NOSUB = 0x04;
        /// A new line ends what `.` and `^` see.
        const NEWLINE = 0x08;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opcodes_have_the_numbers_of_the_reference() {
        assert_eq!(ExpOp(64), ExpOp::META_DIGEST_MOD);
        assert_eq!(ExpOp(127).args().map(<[Arg]>::len), Some(4));
        assert_eq!(ExpOp(99).name(), Some("to_string"));
        assert_eq!(ExpOp(98).name(), None);
        assert_eq!(ExpOp::TABLE.len(), 63);
    }

    #[test]
    fn the_systems_print() {
        assert_eq!(System(2).to_string(), "HLL");
        assert_eq!(System(0x41).to_string(), "BITS|MODIFY");
        assert_eq!(System(7).to_string(), "Unknown (7)");
    }
}
