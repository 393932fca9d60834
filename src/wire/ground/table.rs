//! One way to write down the protocol's tables of codes.
//!
//! A table is written once: it gives the constants, the names Wireshark shows and the rows that
//! the reference documentation prints.

/// One row of a table: a code, the server's name of it and, where there is one, a remark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableRow {
    /// The code on the wire.
    pub value: u32,
    /// The server's constant without its prefix.
    pub name: &'static str,
    /// Version or meaning, for the documentation; may be empty.
    pub remark: &'static str,
}

/// Declares an open enumeration: a newtype over the wire integer with a constant for each known code.
///
/// `table! { /// doc pub Name: u8 { 0 => OK, 1 => ERR as "shown name": "remark", } }` gives
/// `Name::OK`, `Name::TABLE`, `Name(7).name()` and a `Display` that prints `Unknown (7)` for what
/// nobody knows.
#[macro_export]
macro_rules! table {
    (
        $(#[$meta:meta])*
        pub $Name:ident : $int:ty {
            $( $value:literal => $CONST:ident $(as $shown:literal)? $(: $remark:literal)? ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $Name(pub $int);

        impl $Name {
            $(
                #[doc = concat!("`", stringify!($value), "`" $(, ": ", $remark)?)]
                pub const $CONST: Self = Self($value);
            )*

            /// Every known code, in the order of the protocol reference.
            pub const TABLE: &'static [$crate::wire::ground::table::TableRow] = &[
                $( $crate::wire::ground::table::TableRow {
                    value: $value as u32,
                    name: $crate::table!(@name $CONST $(as $shown)?),
                    remark: $crate::table!(@remark $($remark)?),
                } ),*
            ];

            /// The server's name of the code, or `None` for one that nobody knows.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $( $value => Some($crate::table!(@name $CONST $(as $shown)?)), )*
                    _ => None,
                }
            }

            /// The server's version that knew it first, where the table says so.
            #[must_use]
            pub fn since(self) -> Option<$crate::wire::ground::version::ServerVersion> {
                let row = Self::TABLE.iter().find(|row| row.value == self.0 as u32)?;
                $crate::wire::ground::version::ServerVersion::since(row.remark)
            }
        }

        impl $Name {
            /// Writes the name; a `write!` costs several times as much.
            ///
            /// # Errors
            /// Those of `out`.
            pub fn write_to(self, out: &mut dyn core::fmt::Write) -> core::fmt::Result {
                match self.name() {
                    Some(name) => out.write_str(name),
                    None => write!(out, "Unknown ({})", self.0),
                }
            }
        }

        impl core::fmt::Display for $Name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.write_to(f)
            }
        }
    };
    (@name $CONST:ident) => { stringify!($CONST) };
    (@name $CONST:ident as $shown:literal) => { $shown };
    (@remark) => { "" };
    (@remark $remark:literal) => { $remark };
}

#[cfg(test)]
mod tests {
    table! {
        /// For the test.
        pub Sample: u8 {
            0 => OK,
            7 => READ_WRITE as "read-write": "since 1.0",
        }
    }

    #[test]
    fn constants_names_and_rows_come_from_one_place() {
        assert_eq!(Sample::READ_WRITE, Sample(7));
        assert_eq!(Sample(7).name(), Some("read-write"));
        assert_eq!(Sample(8).name(), None);
        assert_eq!(Sample(8).to_string(), "Unknown (8)");
        assert_eq!(Sample::TABLE[1].remark, "since 1.0");
        assert_eq!(Sample::TABLE[0].name, Sample::OK.name().unwrap());
        assert_eq!(Sample::READ_WRITE.since().map(|since| since.0), Some(1));
        assert_eq!(Sample::OK.since(), None);
    }
}
