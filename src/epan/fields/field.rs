//! Fields, bit sets and expert items as data: declared as statics beside the dissector that fills them,
//! registered in one go.

use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, Ordering};

use libc::{c_int, c_uint};
use once_cell::sync::OnceCell;

use super::ref_type::{RefType, RefTypes};
use crate::epan::guard::sys;
use crate::epan::memory::scope;
use crate::wire::client::proto::Order;
use crate::wire::ground::table::TableRow;

/// What a field holds; the narrowest type that is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A heading without a value.
    None,
    /// Yes or no; with a mask, a bit of an integer.
    Boolean,
    /// Unsigned, 1 byte.
    U8,
    /// Unsigned, 2 bytes.
    U16,
    /// Unsigned, 4 bytes.
    U32,
    /// Unsigned, 5 bytes.
    U40,
    /// Unsigned, 6 bytes.
    U48,
    /// Unsigned, 7 bytes.
    U56,
    /// Unsigned, 8 bytes.
    U64,
    /// Signed, 4 bytes.
    I32,
    /// Signed, 8 bytes.
    I64,
    /// IEEE 754, 8 bytes.
    Double,
    /// UTF-8 text.
    String,
    /// Raw bytes.
    Bytes,
    /// A link to another frame that holds this request's answer.
    Response,
    /// A link to another frame that holds this answer's request.
    Request,
    /// A link to another frame, of no particular kind.
    Frame,
    /// A point in time.
    AbsoluteTime,
    /// A span of time.
    RelativeTime,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// An Ethernet address.
    Ether,
}

impl FieldKind {
    pub(crate) const fn ftype(self) -> sys::ftenum {
        match self {
            Self::None => sys::FT_NONE,
            Self::Boolean => sys::FT_BOOLEAN,
            Self::U8 => sys::FT_UINT8,
            Self::U16 => sys::FT_UINT16,
            Self::U32 => sys::FT_UINT32,
            Self::U40 => sys::FT_UINT40,
            Self::U48 => sys::FT_UINT48,
            Self::U56 => sys::FT_UINT56,
            Self::U64 => sys::FT_UINT64,
            Self::I32 => sys::FT_INT32,
            Self::I64 => sys::FT_INT64,
            Self::Double => sys::FT_DOUBLE,
            Self::String => sys::FT_STRING,
            Self::Bytes => sys::FT_BYTES,
            Self::Response | Self::Request | Self::Frame => sys::FT_FRAMENUM,
            Self::AbsoluteTime => sys::FT_ABSOLUTE_TIME,
            Self::RelativeTime => sys::FT_RELATIVE_TIME,
            Self::Ipv4 => sys::FT_IPv4,
            Self::Ipv6 => sys::FT_IPv6,
            Self::Ether => sys::FT_ETHER,
        }
    }

    /// Whether the bytes of the packet are the value, in an order that an encoding names.
    pub(crate) const fn is_text(self) -> bool {
        matches!(self, Self::String)
    }

    pub(crate) const fn is_integer(self) -> bool {
        matches!(
            self,
            Self::U8
                | Self::U16
                | Self::U32
                | Self::U40
                | Self::U48
                | Self::U56
                | Self::U64
                | Self::I32
                | Self::I64
        )
    }
}

/// How an integer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// Decimal.
    Dec,
    /// Hexadecimal.
    Hex,
    /// Decimal, then hexadecimal.
    DecHex,
}

/// A field of the display filter: a static, filled with its id when Wireshark starts.
pub struct Field {
    pub(crate) id: AtomicI32,
    pub(crate) ett: AtomicI32,
    pub(crate) ref_type: RefType,
    pub(crate) abbrev: &'static str,
    pub(crate) name: &'static str,
    pub(crate) blurb: &'static str,
    pub(crate) kind: FieldKind,
    pub(crate) base: Base,
    pub(crate) values: &'static [TableRow],
    /// What stands behind the number one, and behind others.
    pub(crate) unit: Option<[&'static str; 2]>,
}

impl Field {
    /// A field by its filter name, its name in the tree and what it means.
    #[must_use]
    pub const fn new(kind: FieldKind, abbrev: &'static str, name: &'static str, blurb: &'static str) -> Self {
        Self {
            id: AtomicI32::new(-1),
            ett: AtomicI32::new(-1),
            ref_type: RefType::new(),
            abbrev,
            name,
            blurb,
            kind,
            base: Base::Dec,
            values: &[],
            unit: None,
        }
    }

    /// Printed in hexadecimal.
    #[must_use]
    pub const fn hex(mut self) -> Self {
        self.base = Base::Hex;
        self
    }

    /// Printed in decimal and hexadecimal.
    #[must_use]
    pub const fn dec_hex(mut self) -> Self {
        self.base = Base::DecHex;
        self
    }

    /// Printed with the names of a table.
    #[must_use]
    pub const fn values(mut self, rows: &'static [TableRow]) -> Self {
        self.values = rows;
        self
    }

    /// Printed as a number of bytes.
    #[must_use]
    pub const fn bytes(mut self) -> Self {
        self.unit = Some([" byte", " bytes"]);
        self
    }

    /// Printed as a number of milliseconds.
    #[must_use]
    pub const fn milliseconds(mut self) -> Self {
        self.unit = Some([" ms", " ms"]);
        self
    }

    /// The name in display filters.
    #[must_use]
    pub const fn abbrev(&self) -> &'static str {
        self.abbrev
    }

    /// What it holds.
    #[must_use]
    pub const fn kind(&self) -> FieldKind {
        self.kind
    }

    /// The name in the tree.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn id(&self) -> c_int {
        self.id.load(Ordering::Relaxed)
    }

    pub(crate) fn ett(&self) -> c_int {
        self.ett.load(Ordering::Relaxed)
    }
}

/// One bit (or group of bits) of a [`BitSet`].
#[derive(Clone, Copy, Debug)]
pub struct Bit {
    /// The server's constant without its prefix.
    pub name: &'static str,
    /// Where it is.
    pub mask: u64,
}

/// An integer of flags: one field for the whole and one for each bit, added by one call.
///
/// The bits come from the `bitflags` type of the wire layer, so they are written once; the field of a bit is
/// the set's filter name, a dot and the constant's name in lower case.
pub struct BitSet {
    pub(crate) whole: Field,
    pub(crate) bits: fn(&mut dyn FnMut(Bit)),
    /// Names of what a group of several bits says.
    pub(crate) groups: &'static [TableRow],
    pub(crate) ids: AtomicPtr<*mut c_int>,
    /// One for each bit: the statics of a set are made at registration.
    pub(crate) ref_types: OnceCell<&'static [RefType]>,
    asked: RefTypes,
    pub(crate) width: u8,
}

impl BitSet {
    /// A set of `kind` (its width decides where bits are drawn) over the flags that `bits` lists.
    #[must_use]
    pub const fn new(whole: Field, bits: fn(&mut dyn FnMut(Bit))) -> Self {
        let width = match whole.kind {
            FieldKind::U8 => 8,
            FieldKind::U16 => 16,
            _ => 32,
        };
        Self {
            whole,
            bits,
            groups: &[],
            ids: AtomicPtr::new(core::ptr::null_mut()),
            ref_types: OnceCell::new(),
            asked: RefTypes::new(),
            width,
        }
    }

    /// The field of the whole.
    #[must_use]
    pub const fn whole(&self) -> &Field {
        &self.whole
    }

    /// With names for what a group of several bits says.
    #[must_use]
    pub const fn groups(mut self, groups: &'static [TableRow]) -> Self {
        self.groups = groups;
        self
    }

    /// The notes of the whole and of its bits, once registered.
    pub(crate) fn each_ref_type(&self, each: &mut dyn FnMut(*const c_int)) {
        each(self.whole.ref_type.as_ptr());
        for bit in self.ref_types.get().copied().unwrap_or_default() {
            each(bit.as_ptr());
        }
    }

    /// Whether somebody asks for the whole or for one of its bits.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.asked.any(|each| self.each_ref_type(each))
    }

    /// The items that it makes: the whole and each bit.
    pub(crate) fn items(&self) -> u32 {
        let bits = self.ref_types.get().map_or(0, |bits| bits.len());
        u32::try_from(bits).unwrap_or(0).saturating_add(1)
    }

    /// The field of the whole integer.
    #[must_use]
    pub const fn field(&self) -> &Field {
        &self.whole
    }
}

/// Lists the constants of a `bitflags` type for a [`BitSet`].
pub fn bits_of<F>(each: &mut dyn FnMut(Bit))
where
    F: bitflags::Flags,
    F::Bits: Into<u64> + Copy,
{
    let bits = || {
        F::FLAGS.iter().map(|flag| Bit {
            name: flag.name(),
            mask: flag.value().bits().into(),
        })
    };
    let singles = bits()
        .filter(|bit| bit.mask.count_ones() == 1)
        .fold(0, |all, bit| all | bit.mask);
    for bit in bits() {
        // A flag without a name only says that unknown bits are legal; one of bits that all have names of
        // their own is a word for text.
        let is_word = bit.mask.count_ones() > 1 && bit.mask & !singles == 0;
        if !bit.name.is_empty() && !is_word {
            each(bit);
        }
    }
}

/// How bad an expert item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// A remark.
    Comment,
    /// Worth knowing.
    Note,
    /// Something is wrong, though the protocol is kept.
    Warning,
    /// The protocol is broken.
    Error,
}

/// Which of Wireshark's groups an expert item belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// A violation of the protocol.
    Protocol,
    /// Requests and answers out of step.
    Sequence,
    /// An answer that says no.
    ResponseCode,
    /// Bytes that do not fit their structure.
    Malformed,
    /// Not decoded, or not all of it.
    Undecoded,
    /// A remark.
    Comment,
}

/// An expert item: a static, filled with its id when Wireshark starts.
pub struct Expert {
    pub(crate) ids: [AtomicI32; 2],
    /// The capture in which it was said last.
    said: AtomicU32,
    pub(crate) ref_type: RefType,
    pub(crate) abbrev: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) severity: Severity,
    pub(crate) group: Group,
}

impl Expert {
    /// By its filter name, how bad it is and what it says.
    #[must_use]
    pub const fn new(severity: Severity, group: Group, abbrev: &'static str, summary: &'static str) -> Self {
        Self {
            ids: [AtomicI32::new(-1), AtomicI32::new(-1)],
            said: AtomicU32::new(0),
            ref_type: RefType::new(),
            abbrev,
            summary,
            severity,
            group,
        }
    }

    /// The name in display filters.
    #[must_use]
    pub const fn abbrev(&self) -> &'static str {
        self.abbrev
    }

    /// What it says.
    #[must_use]
    pub const fn summary(&self) -> &'static str {
        self.summary
    }

    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// Whether it was said in this capture before; it is now.
    pub(crate) fn was_said(&self) -> bool {
        let file = scope::current();
        let said = self.said.load(Ordering::Relaxed) == file;
        self.said.store(file, Ordering::Relaxed);
        said
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::expert_field {
        // SAFETY: expert_field is two C ints, as this array is; Wireshark writes them at registration and
        // reads them later, through the same atomics' cells.
        self.ids.as_ptr().cast_mut().cast()
    }
}

/// How Wireshark is told the order of bytes.
pub(in crate::epan) const fn encoding(order: Order) -> c_uint {
    match order {
        Order::Big => sys::ENC_BIG_ENDIAN,
        Order::Little => sys::ENC_LITTLE_ENDIAN,
    }
}

/// Declares fields as statics and collects them in `FIELDS`, so that none is forgotten at registration.
///
/// `fields! { /// doc NAMESPACE: String, "aerospike.namespace", "Namespace", "what it is"; … }`, with calls of
/// [`Field`]'s builders behind where wanted (`.values(ResultCode::TABLE)`).
#[macro_export]
macro_rules! fields {
    ($(
        $(#[$meta:meta])*
        $NAME:ident : $kind:ident, $abbrev:literal, $name:literal, $blurb:literal $( .$builder:ident($($argument:expr),*) )* ;
    )*) => {
        $(
            $(#[$meta])*
            #[doc = concat!("`", $abbrev, "`: ", $blurb)]
            pub static $NAME: $crate::epan::Field =
                $crate::epan::Field::new($crate::epan::fields::field::FieldKind::$kind, $abbrev, $name, $blurb)
                    $( .$builder($($argument),*) )*;
        )*
        /// Every field declared here.
        pub static FIELDS: &[&$crate::epan::Field] = &[$(&$NAME),*];
    };
}

/// Declares bit sets over `bitflags` types and collects them in `BIT_SETS`.
#[macro_export]
macro_rules! bit_sets {
    ($(
        $NAME:ident : $kind:ident of $flags:ty, $abbrev:literal, $name:literal, $blurb:literal $( .$builder:ident($($argument:expr),*) )* ;
    )*) => {
        $(
            #[doc = concat!("`", $abbrev, "`: ", $blurb)]
            pub static $NAME: $crate::epan::BitSet = $crate::epan::BitSet::new(
                $crate::epan::Field::new($crate::epan::fields::field::FieldKind::$kind, $abbrev, $name, $blurb).hex(),
                $crate::epan::fields::field::bits_of::<$flags>,
            )
            $( .$builder($($argument),*) )*;
        )*
        /// Every bit set declared here.
        pub static BIT_SETS: &[&$crate::epan::BitSet] = &[$(&$NAME),*];
    };
}

/// Declares expert items and collects them in `EXPERTS`.
#[macro_export]
macro_rules! experts {
    ($(
        $NAME:ident : $severity:ident $group:ident, $abbrev:literal, $summary:literal;
    )*) => {
        $(
            #[doc = concat!("`", $abbrev, "`: ", $summary)]
            pub static $NAME: $crate::epan::Expert = $crate::epan::Expert::new(
                $crate::epan::fields::field::Severity::$severity,
                $crate::epan::fields::field::Group::$group,
                $abbrev,
                $summary,
            );
        )*
        /// Every expert item declared here.
        pub static EXPERTS: &[&$crate::epan::Expert] = &[$(&$NAME),*];
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::values::tables::cdt_ops::MapOrder;

    #[test]
    fn a_word_for_several_bits_is_no_bit_of_its_own() {
        let mut names = Vec::new();
        bits_of::<MapOrder>(&mut |bit| names.push(bit.name));
        assert_eq!(
            names,
            ["KEY_ORDERED", "VALUE_ORDERED", "PRESERVE_ORDER", "PERSIST_INDEX"]
        );
    }
}
