//! SMD: items of system metadata.

use crate::dissect::internode::container::{CLUSTER_KEY, string};
use crate::epan::plugin::register::preference;
use crate::epan::{Field, Guarded, Tree};
use crate::wire::ground::text::LossyText;
use crate::wire::internode::container::list::Element;
use crate::wire::internode::fabric::smd::{Action, ModuleId};

fields! {
    TID: U64, "aerospike.fabric.smd.tid", "Transaction id", "Of a request, or of the contents of a module";
    TRID: U64, "aerospike.fabric.smd.trid", "Fabric transaction id", "Top byte: 1 request, 2 response; up to 4.5.0" .hex();
    MODULE: U32, "aerospike.fabric.smd.module", "Module", "Whose metadata it is" .values(ModuleId::TABLE);
    MODULE_NAME: String, "aerospike.fabric.smd.module_name", "Module name", "Whose metadata it is, up to 4.5.0";
    KEY: String, "aerospike.fabric.smd.key", "Key", "Key of an item of system metadata";
    VALUE: String, "aerospike.fabric.smd.value", "Value", "Value of an item of system metadata";
    SECRET: U32, "aerospike.fabric.smd.secret", "Secret", "Length of a key or value of the module SECURITY" .bytes();
    GENERATION: U32, "aerospike.fabric.smd.generation", "Item generation", "Generation of an item of system metadata";
    TIMESTAMP: AbsoluteTime, "aerospike.fabric.smd.timestamp", "Item timestamp", "When the item was set";
    ACTION: U32, "aerospike.fabric.smd.action", "Action", "What is done to an item, up to 4.5.0" .values(Action::TABLE);
    NUM_ITEMS: U32, "aerospike.fabric.smd.num_items", "Number of items", "Items in the message, up to 4.5.0";
}

/// Whether only the length is shown.
#[must_use]
pub fn is_hidden(is_secret: bool) -> bool {
    is_secret && !preference::show_credentials()
}

/// A key or value in a list; of a module with secrets only its length, unless the user wants to see it. `part` are its
/// bytes with what belongs to them.
///
/// # Errors
/// What Wireshark threw.
pub fn text(tree: &Tree<'_>, field: &Field, is_secret: bool, part: &[u8], text: &[u8]) -> Guarded {
    if is_hidden(is_secret) {
        tree.uint(&SECRET, part, u32::try_from(text.len()).unwrap_or(u32::MAX))?;
        return Ok(());
    }
    if part.as_ptr() == text.as_ptr() {
        string(tree, field, part, text)?;
    } else {
        // The length before an element of a list belongs to it.
        tree.text(field, part, format_args!("{}", LossyText(text)))?;
    }
    tree.item().append(format_args!(": {}", LossyText(text)));
    Ok(())
}

/// One number of the triples module, cluster key, transaction.
///
/// # Errors
/// What Wireshark threw.
pub fn version(tree: &Tree<'_>, element: &Element<'_>, place: u32, value: u64) -> Guarded {
    match place {
        0 => tree.uint(&MODULE, element.bytes, u32::try_from(value).unwrap_or(u32::MAX))?,
        1 => tree.uint64(&CLUSTER_KEY, element.bytes, value)?,
        _ => tree.uint64(&TID, element.bytes, value)?,
    };
    Ok(())
}
