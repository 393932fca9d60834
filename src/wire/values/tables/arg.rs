//! How the tables of operations are written down: names and arguments.
//!
//! Lists, maps, bits, HLLs, strings and expressions all call `[op, argument, …]`. One line of a
//! table gives the operation's number, its name and its arguments; every argument has a name and,
//! if it is a code or a set of flags, the [`NumberTable`] that explains it.

use core::fmt;

/// One argument of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arg {
    /// Its name, for people.
    pub name: &'static str,
    /// How its bytes are to be read.
    pub content: ArgContent,
    /// Whether it must be there.
    pub presence: Presence,
}

/// How the bytes of an argument are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgContent {
    /// Any value.
    Value,
    /// An integer that the table explains.
    Code(NumberTable),
    /// A string without type byte.
    Raw(RawName),
    /// A value or an expression.
    Expression,
}

/// What a string without type byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawName {
    /// The name of a bin.
    Bin,
    /// The name of a variable.
    Variable,
    /// A regular expression.
    Pattern,
    /// A condition in the Aerospike expression language.
    Ael,
}

/// Whether an argument must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Once.
    Required,
    /// It and all after it may be missing.
    Optional,
    /// As often as there are elements.
    Repeated,
}

impl Arg {
    const fn new(name: &'static str, content: ArgContent) -> Self {
        Self {
            name,
            content,
            presence: Presence::Required,
        }
    }

    /// Any value.
    #[must_use]
    pub const fn value(name: &'static str) -> Self {
        Self::new(name, ArgContent::Value)
    }

    /// A code or a set of flags.
    #[must_use]
    pub const fn code(name: &'static str, table: NumberTable) -> Self {
        Self::new(name, ArgContent::Code(table))
    }

    /// A string without type byte.
    #[must_use]
    pub const fn raw(name: &'static str, is: RawName) -> Self {
        Self::new(name, ArgContent::Raw(is))
    }

    /// A value or an expression.
    #[must_use]
    pub const fn expression(name: &'static str) -> Self {
        Self::new(name, ArgContent::Expression)
    }

    /// The same, but it may be missing.
    #[must_use]
    pub const fn optional(self) -> Self {
        Self {
            presence: Presence::Optional,
            ..self
        }
    }

    /// The same, as often as there are elements.
    #[must_use]
    pub const fn variadic(self) -> Self {
        Self {
            presence: Presence::Repeated,
            ..self
        }
    }

    /// The argument at place `n` of `args`; the last one again if it is repeated.
    #[must_use]
    pub fn at(args: &'static [Self], n: usize) -> Option<Self> {
        args.get(n)
            .or_else(|| args.last().filter(|last| last.presence == Presence::Repeated))
            .copied()
    }

    /// Whether `count` arguments are as many as `args` allows.
    #[must_use]
    pub fn fits(args: &[Self], count: usize) -> bool {
        let required = args
            .iter()
            .filter(|arg| arg.presence == Presence::Required)
            .count();
        let repeated = args.iter().any(|arg| arg.presence == Presence::Repeated);
        required <= count && (repeated || count <= args.len())
    }
}

/// What explains a number: the type of that name holds its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberTable {
    /// List and map operations.
    CdtOp,
    /// Bit operations.
    BitOp,
    /// HLL operations.
    HllOp,
    /// String operations.
    StringOp,
    /// Conversions to text, which have no known operations.
    TextOp,
    /// Opcodes of expressions.
    ExpOp,
    /// Order of a list: metadata and argument alike.
    ListOrder,
    /// Order of a map: metadata and argument alike.
    MapOrder,
    /// Write flags of list operations.
    ListFlags,
    /// Write flags of map operations.
    MapFlags,
    /// Flags of `list_sort`.
    SortFlags,
    /// What a list or map operation answers.
    ReturnType,
    /// Type of one level of a context.
    ContextType,
    /// Flags of a path selection.
    SelectFlags,
    /// Write flags of bit operations.
    BitFlags,
    /// Flags of `bit_resize`.
    ResizeFlags,
    /// Flags of `bit_add` and `bit_subtract`.
    IntFlags,
    /// Flag of `bit_get_int`.
    Sign,
    /// Write flags of HLL operations.
    HllFlags,
    /// Flags of expression operations.
    ExpFlags,
    /// Flags of a regular expression.
    RegexFlags,
    /// Result type of a call in an expression.
    ResultType,
    /// `ResultType` under which an expression reads a bin.
    BinType,
    /// `ResultType` under which an expression reads the record's key.
    KeyType,
    /// `ResultType` of a loop variable.
    LoopType,
    /// What a loop variable stands for.
    LoopVariable,
    /// Who runs a call in an expression.
    System,
    /// Particle type that the type of a bin is compared with.
    ParticleType,
    /// Nanoseconds since 1970 that a time of the record is compared with.
    Nanoseconds,
}

/// The names of the flags joined by `|`, unknown bits in hexadecimal, or the word for none.
pub(super) fn write_flags<F: bitflags::Flags<Bits = u32>>(
    f: &mut fmt::Formatter<'_>,
    bits: u32,
    none: &str,
) -> fmt::Result {
    if bits == 0 {
        return f.write_str(none);
    }
    let set = F::from_bits_retain(bits);
    let mut names = set.iter_names();
    let mut between = "";
    for (name, _) in names.by_ref() {
        write!(f, "{between}{name}")?;
        between = "|";
    }
    match names.remaining().bits() {
        0 => Ok(()),
        unknown => write!(f, "{between}0x{unknown:x}"),
    }
}

/// Declares a table of operations: `table!` with the arguments of each operation.
///
/// `operations! { /// doc pub RawName: u8 { 1 => APPEND as "list_append" (VALUE, ORDER.optional()), } }`
/// gives what `table!` gives and `RawName::args`.
macro_rules! operations {
    (
        $(#[$meta:meta])*
        pub $Name:ident : $int:ty {
            $( $value:literal => $CONST:ident as $shown:literal $(: $remark:literal)? ( $($arg:expr),* ) ),* $(,)?
        }
    ) => {
        $crate::table! {
            $(#[$meta])*
            pub $Name: $int { $( $value => $CONST as $shown $(: $remark)? ),* }
        }

        impl $Name {
            /// What the operation takes, in order; `None` for one that nobody knows.
            #[must_use]
            pub const fn args(self) -> Option<&'static [$crate::wire::values::tables::arg::Arg]> {
                match self.0 {
                    $( $value => {
                        const ARGS: &[$crate::wire::values::tables::arg::Arg] = &[$($arg),*];
                        Some(ARGS)
                    } )*
                    _ => None,
                }
            }
        }
    };
}
pub(super) use operations;
