//! The tables of HyperLogLog operations (client-protocol 6.8).

use bitflags::bitflags;

use super::arg::{Arg, NumberTable, operations};

const VALUES: Arg = Arg::value("values");
const HLLS: Arg = Arg::value("HLLs");
const INDEX_BITS: Arg = Arg::value("index bits");
const MINHASH_BITS: Arg = Arg::value("minhash bits");
const FLAGS: Arg = Arg::code("write flags", NumberTable::HllFlags).optional();

operations! {
    /// An operation on a HyperLogLog (ops 15 and 16). Bit counts of -1 leave things as they are.
    ///
    /// Source: client-protocol 6.8.
    pub HllOp: u8 {
        0 => INIT as "hll_init" (INDEX_BITS.optional(), MINHASH_BITS.optional(), FLAGS),
        1 => ADD as "hll_add" (VALUES, INDEX_BITS.optional(), MINHASH_BITS.optional(), FLAGS),
        2 => SET_UNION as "hll_set_union" (HLLS, FLAGS),
        3 => REFRESH_COUNT as "hll_refresh_count" (),
        4 => FOLD as "hll_fold" (INDEX_BITS),
        50 => COUNT as "hll_count" (),
        51 => GET_UNION as "hll_get_union" (HLLS),
        52 => UNION_COUNT as "hll_union_count" (HLLS),
        53 => INTERSECT_COUNT as "hll_intersect_count" (HLLS),
        54 => SIMILARITY as "hll_similarity" (HLLS),
        55 => DESCRIBE as "hll_describe": "answers [index bits, minhash bits]" (),
        56 => MAY_CONTAIN as "hll_may_contain": "since 5.2" (VALUES)
    }
}

bitflags! {
    /// Write flags of HLL operations.
    ///
    /// Source: client-protocol 6.8.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct HllFlags: u32 {
        /// The bin must not exist.
        const CREATE_ONLY = 0x01;
        /// The bin must exist.
        const UPDATE_ONLY = 0x02;
        /// A refusal is no error.
        const NO_FAIL = 0x04;
        /// The result may have fewer index bits.
        const ALLOW_FOLD = 0x08;
    }
}
