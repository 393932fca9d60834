//! The tables of string operations, known from a client only (client-protocol 6.9).

use bitflags::bitflags;

table! {
    /// An operation on a string (ops 17 and 18). What the arguments mean is not known.
    ///
    /// Source: client-protocol 6.9.
    pub StringOp: u8 {
        0 => STRLEN as "string_strlen",
        1 => SUBSTR as "string_substr",
        2 => CHAR_AT as "string_char_at",
        3 => FIND as "string_find",
        4 => CONTAINS as "string_contains",
        5 => STARTS_WITH as "string_starts_with",
        6 => ENDS_WITH as "string_ends_with",
        7 => TO_INTEGER as "string_to_integer",
        8 => TO_DOUBLE as "string_to_double",
        9 => BYTE_LENGTH as "string_byte_length",
        10 => IS_NUMERIC as "string_is_numeric",
        11 => IS_UPPER as "string_is_upper",
        12 => IS_LOWER as "string_is_lower",
        13 => TO_BLOB as "string_to_blob",
        14 => SPLIT as "string_split",
        15 => B64_DECODE as "string_b64_decode",
        16 => REGEX_COMPARE as "string_regex_compare",
        50 => INSERT as "string_insert",
        51 => OVERWRITE as "string_overwrite",
        52 => CONCAT as "string_concat",
        53 => SNIP as "string_snip",
        54 => REPLACE as "string_replace",
        55 => REPLACE_ALL as "string_replace_all",
        56 => UPPER as "string_upper",
        57 => LOWER as "string_lower",
        58 => CASE_FOLD as "string_case_fold",
        59 => NORMALIZE_NFC as "string_normalize_nfc",
        60 => TRIM_START as "string_trim_start",
        61 => TRIM_END as "string_trim_end",
        62 => TRIM as "string_trim",
        63 => PAD_START as "string_pad_start",
        64 => PAD_END as "string_pad_end",
        65 => REPEAT as "string_repeat",
        66 => REGEX_REPLACE as "string_regex_replace",
        67 => APPEND as "string_append",
        68 => PREPEND as "string_prepend"
    }
}

bitflags! {
    /// Write flags of string operations.
    ///
    /// Source: client-protocol 6.9.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct StringFlags: u32 {
        /// A refusal is no error.
        const NO_FAIL = 0x04;
    }

    /// Flags of the regular expressions of string operations.
    ///
    /// Source: client-protocol 6.9.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct StringRegexFlags: u32 {
        /// Case does not matter.
        const CASE_INSENSITIVE = 0x01;
        /// `^` and `$` match at every line.
        const MULTILINE = 0x02;
        /// `.` matches the end of a line.
        const DOTALL = 0x04;
        /// Lines end in LF alone.
        const UNIX_LINES = 0x08;
        /// Every match, not the first alone.
        const GLOBAL = 0x10;
    }
}
