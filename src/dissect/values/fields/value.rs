//! Fields of values and of what they are made of.

use crate::wire::values::particle::ParticleType;

fields! {
    VALUE: String, "aerospike.value", "Value", "A value of any type as compact text";
    INTEGER: I64, "aerospike.value.integer", "Integer", "Integer value";
    UNSIGNED: U64, "aerospike.value.unsigned", "Unsigned", "Integer value from 2^63 on";
    FLOAT: Double, "aerospike.value.float", "Float", "Floating-point value";
    STRING: String, "aerospike.value.string", "String", "String value";
    BYTES: Bytes, "aerospike.value.bytes", "Bytes", "Value as bytes";
    BOOL: Boolean, "aerospike.value.bool", "Bool", "Boolean value";
    NIL: Boolean, "aerospike.value.nil", "Nil", "No value";
    WILDCARD: Boolean, "aerospike.value.wildcard", "Wildcard", "Matches any value; only in requests";
    INFINITY: Boolean, "aerospike.value.infinity", "Infinity", "Greater than any value; only in requests";
    EXT: Bytes, "aerospike.value.ext", "Ext", "MessagePack ext of unknown type";
    GEOJSON: String, "aerospike.value.geojson", "GeoJSON", "GeoJSON text";
    GEO_FLAGS: U8, "aerospike.value.geo_flags", "Geo flags", "1: a region, not a point" .hex();
    GEO_CELLS: U16, "aerospike.value.geo_cell_count", "Number of cells", "S2 cells that follow";
    GEO_CELL: U64, "aerospike.value.geo_cell", "Cell", "S2 cell id" .hex();
    LIST: String, "aerospike.value.list", "List", "List";
    MAP: String, "aerospike.value.map", "Map", "Map";
    PAIR: String, "aerospike.value.pair", "Pair", "Key and value of a map";
    ELEMENT: String, "aerospike.value.element", "Element", "A string or blob inside a list, map or call that is too long for its line, or a sketch";
    COUNT: U32, "aerospike.value.count", "Count", "Elements of a list or pairs of a map";
    TYPE: U8, "aerospike.value.type", "Type", "Particle type of a string or blob inside a list, map or call, with the MessagePack length in front of it" .values(ParticleType::TABLE);
    LENGTH: U32, "aerospike.value.length", "Length", "MessagePack length of a string or blob without type";
    INDEX: Bytes, "aerospike.value.index", "Index", "Stored index of an ordered list or map";
    HLL_FLAGS: U8, "aerospike.value.hll_flags", "HLL flags", "0" .hex();
    HLL_INDEX_BITS: U8, "aerospike.value.hll_index_bits", "Index bits", "4 to 16";
    HLL_MINHASH_BITS: U8, "aerospike.value.hll_minhash_bits", "Minhash bits", "0, or 4 to 51";
    HLL_COUNT: U64, "aerospike.value.hll_count", "Cached count", "0: not computed";
    HLL_REGISTERS: Bytes, "aerospike.value.hll_registers", "Registers", "Bit-packed registers";
}
