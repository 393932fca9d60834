//! Fields of the calls of lists, maps, bits, HLLs and strings.

use crate::wire::values::tables::bits::{BitFlags, IntFlags, ResizeFlags};
use crate::wire::values::tables::cdt_ops::{
    ContextBase, ListFlags, ListOrder, MapFlags, MapOrder, Returned, Selected, SortFlags,
};
use crate::wire::values::tables::hll::HllFlags;

fields! {
    CDT_OP: String, "aerospike.cdt.op", "Operation", "Name of the list, map, bit or HLL operation";
    CDT_TEXT: String, "aerospike.cdt.text", "Call", "The whole call as text";
    CALL: String, "aerospike.cdt", "Call", "Call of a list, map, bit or HLL operation";
    IN_CONTEXT: Boolean, "aerospike.cdt.context_eval", "In a context", "The call that follows works inside a context";
    CONTEXT: String, "aerospike.cdt.context", "Context", "Where inside the bin a call works";
    CONTEXT_TEXT: String, "aerospike.cdt.context.text", "Context", "The context as text";
    LEVEL: String, "aerospike.cdt.context.level", "Level", "A level of the context, outermost first";
    CONTEXT_TYPE: U16, "aerospike.cdt.context.type", "Type", "How the level is chosen, in what, and what is created if it is missing" .hex();
    CONTEXT_BASE: U8, "aerospike.cdt.context.base", "Chosen by", "How the level is chosen" .values(ContextBase::TABLE);
    CONTEXT_CREATE: String, "aerospike.cdt.context.create", "Create", "Order of what is created if the level is missing";
    CONTEXT_PERSIST_INDEX: Boolean, "aerospike.cdt.context.persist_index", "Persist index", "What is created keeps a stored index";
    RETURN_TYPE: U16, "aerospike.cdt.return_type", "Return type", "What the operation answers" .values(Returned::TABLE);
    INVERTED: Boolean, "aerospike.cdt.return_type.inverted", "Inverted", "All elements but the ones selected";
    SELECT_FLAGS: U8, "aerospike.cdt.select_flags", "Select flags", "What a path selection gives" .values(Selected::TABLE);
    SELECT_NO_FAIL: Boolean, "aerospike.cdt.select_flags.no_fail", "NO_FAIL", "An unknown filter result counts as false";
}

bit_sets! {
    LIST_ORDER: U8 of ListOrder, "aerospike.cdt.order", "Order", "Order of a list";
    MAP_ORDER: U8 of MapOrder, "aerospike.cdt.order", "Order", "Order of a map";
    LIST_FLAGS: U8 of ListFlags, "aerospike.cdt.write_flags", "Write flags", "Write flags of a list operation";
    MAP_FLAGS: U8 of MapFlags, "aerospike.cdt.write_flags", "Write flags", "Write flags of a map operation";
    BIT_FLAGS: U8 of BitFlags, "aerospike.cdt.write_flags", "Write flags", "Write flags of a bit operation";
    HLL_FLAGS: U8 of HllFlags, "aerospike.cdt.write_flags", "Write flags", "Write flags of an HLL operation";
    SORT_FLAGS: U8 of SortFlags, "aerospike.cdt.sort_flags", "Sort flags", "Flags of list_sort";
    RESIZE_FLAGS: U8 of ResizeFlags, "aerospike.cdt.resize_flags", "Resize flags", "Flags of bit_resize";
    INT_FLAGS: U8 of IntFlags, "aerospike.cdt.int_flags", "Integer flags", "How bits are an integer";
}
