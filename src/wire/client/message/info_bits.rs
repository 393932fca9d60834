//! The four bytes of bits in a message's header.

use bitflags::bitflags;

bitflags! {
    /// Read bits.
    ///
    /// Source: client-protocol 3.1
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Info1: u8 {
        /// The request reads.
        const READ = 0x01;
        /// All bins.
        const GET_ALL = 0x02;
        /// A short query (6.0).
        const SHORT_QUERY = 0x04;
        /// A batch: the rows are in field 41 or 42.
        const BATCH = 0x08;
        /// Written by XDR.
        const XDR = 0x10;
        /// No bins, metadata alone; also in the records of a scan that asked for it.
        const GET_NO_BINS = 0x20;
        /// Consult all replicas.
        const CONSISTENCY_LEVEL_ALL = 0x40;
        /// The response may be compressed (4.8, Enterprise).
        const COMPRESS_RESPONSE = 0x80;
    }
}

bitflags! {
    /// Write bits.
    ///
    /// Source: client-protocol 3.1
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Info2: u8 {
        /// The request writes.
        const WRITE = 0x01;
        /// The record is deleted.
        const DELETE = 0x02;
        /// The record's generation must equal the given one.
        const GENERATION = 0x04;
        /// The given generation must be newer.
        const GENERATION_GT = 0x08;
        /// A delete leaves a tombstone (Enterprise).
        const DURABLE_DELETE = 0x10;
        /// The record must not exist.
        const CREATE_ONLY = 0x20;
        /// A long query need not be exact in AP mode (7.1).
        const RELAX_AP_LONG_QUERY = 0x40;
        /// One result for each operation, in order.
        const RESPOND_ALL_OPS = 0x80;
    }
}

bitflags! {
    /// Other bits.
    ///
    /// Source: client-protocol 3.1
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Info3: u8 {
        /// The last message of a response of several.
        const LAST = 0x01;
        /// Do not wait for replicas.
        const COMMIT_LEVEL_MASTER = 0x02;
        /// Request: understands partition-done messages. Response: is one (4.9).
        const PARTITION_DONE = 0x04;
        /// The record must exist.
        const UPDATE_ONLY = 0x08;
        /// Create the record or replace it whole.
        const CREATE_OR_REPLACE = 0x10;
        /// Replace the record, which must exist.
        const REPLACE_ONLY = 0x20;
        /// Low bit of the strong-consistency read mode (4.5.2).
        const SC_READ_TYPE = 0x40;
        /// High bit of the strong-consistency read mode (4.5.2).
        const SC_READ_RELAX = 0x80;
    }
}

impl Info3 {
    /// The read mode that SC_READ_TYPE and SC_READ_RELAX say in strong-consistency namespaces.
    #[must_use]
    pub const fn sc_read_mode(self) -> &'static str {
        match (
            self.contains(Self::SC_READ_RELAX),
            self.contains(Self::SC_READ_TYPE),
        ) {
            (false, false) => "session",
            (false, true) => "linearize",
            (true, false) => "allow replica",
            (true, true) => "allow unavailable",
        }
    }
}

bitflags! {
    /// Bits of multi-record transactions (8.0); the byte is unused before.
    ///
    /// Source: client-protocol 3.1
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Info4: u8 {
        /// Verify the version read.
        const MRT_VERIFY_READ = 0x01;
        /// Make the transaction's write permanent.
        const MRT_ROLL_FORWARD = 0x02;
        /// Undo the transaction's write.
        const MRT_ROLL_BACK = 0x04;
        /// From the server's monitor.
        const MRT_MONITOR_DRIVEN = 0x08;
        /// Only if this write locks the record.
        const MRT_ON_LOCKING_ONLY = 0x10;
        /// How much error detail is wanted: see [`ErrorVerbosity`] (clients of 8.2).
        const ERROR_VERBOSITY = 0x60;
        const _ = !0;
    }
}

table! {
    /// How much detail of an error is wanted, two bits of info4.
    ///
    /// Source: client-protocol 3.1
    pub ErrorVerbosity: u8 {
        0 => NONE,
        1 => SUBCODE,
        2 => MESSAGE: "subcode and message",
        3 => EXPRESSION_TRACE: "also where an expression failed",
    }
}

impl Info4 {
    /// What ERROR_VERBOSITY says.
    #[must_use]
    pub const fn error_verbosity(self) -> ErrorVerbosity {
        ErrorVerbosity((self.bits() & Self::ERROR_VERBOSITY.bits()) >> 5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_bits_are_a_read_mode() {
        assert_eq!(Info3::empty().sc_read_mode(), "session");
        assert_eq!(Info3::SC_READ_TYPE.sc_read_mode(), "linearize");
        assert_eq!(Info3::SC_READ_RELAX.sc_read_mode(), "allow replica");
        assert_eq!(
            Info4::from_bits_retain(0x40).error_verbosity(),
            ErrorVerbosity::MESSAGE
        );
    }
}
