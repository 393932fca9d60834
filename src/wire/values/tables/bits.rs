//! The tables of bit operations on blobs (client-protocol 6.7).

use bitflags::bitflags;

use super::arg::{Arg, NumberTable, operations};

const OFFSET: Arg = Arg::value("bit offset");
const SIZE: Arg = Arg::value("bit size");
const BYTE_OFFSET: Arg = Arg::value("byte offset");
const BYTE_SIZE: Arg = Arg::value("byte size");
const BLOB: Arg = Arg::value("blob");
const SHIFT: Arg = Arg::value("shift");
const VALUE: Arg = Arg::value("value");
const SEARCH: Arg = Arg::value("search for");
const FLAGS: Arg = Arg::code("write flags", NumberTable::BitFlags).optional();
const RESIZE: Arg = Arg::code("resize flags", NumberTable::ResizeFlags).optional();
const INVERT: Arg = Arg::value("invert size").optional();
const INT: Arg = Arg::code("integer flags", NumberTable::IntFlags).optional();
const SIGN: Arg = Arg::code("sign", NumberTable::Sign).optional();

operations! {
    /// An operation on the bits of a blob (ops 12 and 13). Offsets may be negative: from the end.
    ///
    /// Source: client-protocol 6.7.
    pub BitOp: u8 {
        0 => RESIZE as "bit_resize" (BYTE_SIZE, FLAGS, RESIZE),
        1 => INSERT as "bit_insert" (BYTE_OFFSET, BLOB, FLAGS),
        2 => REMOVE as "bit_remove" (BYTE_OFFSET, BYTE_SIZE, FLAGS),
        3 => SET as "bit_set" (OFFSET, SIZE, BLOB, FLAGS),
        4 => OR as "bit_or" (OFFSET, SIZE, BLOB, FLAGS),
        5 => XOR as "bit_xor" (OFFSET, SIZE, BLOB, FLAGS),
        6 => AND as "bit_and" (OFFSET, SIZE, BLOB, FLAGS),
        7 => NOT as "bit_not" (OFFSET, SIZE, FLAGS),
        8 => LSHIFT as "bit_lshift" (OFFSET, SIZE, SHIFT, FLAGS),
        9 => RSHIFT as "bit_rshift" (OFFSET, SIZE, SHIFT, FLAGS),
        10 => ADD as "bit_add": "at most 64 bits" (OFFSET, SIZE, VALUE, FLAGS, INT),
        11 => SUBTRACT as "bit_subtract": "at most 64 bits" (OFFSET, SIZE, VALUE, FLAGS, INT),
        12 => SET_INT as "bit_set_int" (OFFSET, SIZE, VALUE, FLAGS),
        50 => GET as "bit_get" (OFFSET, SIZE),
        51 => COUNT as "bit_count" (OFFSET, SIZE),
        52 => LSCAN as "bit_lscan" (OFFSET, SIZE, SEARCH),
        53 => RSCAN as "bit_rscan" (OFFSET, SIZE, SEARCH),
        54 => GET_INT as "bit_get_int" (OFFSET, SIZE, SIGN),
        55 => B64_ENCODE as "bit_b64_encode": "since 8.2" (OFFSET.optional(), SIZE.optional(), INVERT)
    }
}

bitflags! {
    /// Write flags of bit operations.
    ///
    /// Source: client-protocol 6.7.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct BitFlags: u32 {
        /// The bin must not exist.
        const CREATE_ONLY = 0x01;
        /// The bin must exist.
        const UPDATE_ONLY = 0x02;
        /// A refusal is no error.
        const NO_FAIL = 0x04;
        /// What lies inside the blob is done.
        const PARTIAL = 0x08;
    }

    /// Flags of `bit_resize`.
    ///
    /// Source: client-protocol 6.7.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ResizeFlags: u32 {
        /// Bytes are added or taken at the front.
        const FROM_FRONT = 0x01;
        /// Never shrink.
        const GROW_ONLY = 0x02;
        /// Never grow.
        const SHRINK_ONLY = 0x04;
    }

    /// Flags of `bit_add` and `bit_subtract`.
    ///
    /// Source: client-protocol 6.7.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct IntFlags: u32 {
        /// The bits are a signed integer.
        const SIGNED = 0x01;
        /// An overflow stays at the limit.
        const SATURATE = 0x02;
        /// An overflow wraps round.
        const WRAP = 0x04;
    }

    /// Flag of `bit_get_int`.
    ///
    /// Source: client-protocol 6.7.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Sign: u32 {
        /// The bits are a signed integer.
        const SIGNED = 0x01;
    }
}
