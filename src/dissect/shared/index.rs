//! What names a secondary index, in messages and in info commands.

fields! {
    INDEX_NAME: String, "aerospike.index.name", "Index name", "Name of the secondary index";
}
