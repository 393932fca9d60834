//! Result codes of messages, security replies and info errors.

table! {
    /// The result of a request or of one part of it, one byte.
    ///
    /// Names are the server's without `AS_` and, but for security, without `ERR_`; the remark gives the
    /// client's name where it differs, and history.
    ///
    /// Source: client-protocol 3.4
    pub ResultCode: u8 {
        0 => OK,
        1 => UNKNOWN: "client: ERR_SERVER",
        2 => NOT_FOUND: "client: ERR_RECORD_NOT_FOUND",
        3 => GENERATION: "client: ERR_RECORD_GENERATION",
        4 => PARAMETER: "client: ERR_REQUEST_INVALID",
        5 => RECORD_EXISTS,
        6 => BIN_EXISTS: "unused 4.0 to 4.5",
        7 => CLUSTER_KEY_MISMATCH: "client: ERR_CLUSTER_CHANGE",
        8 => OUT_OF_SPACE: "client: ERR_SERVER_FULL",
        9 => TIMEOUT: "on the server",
        10 => ALWAYS_FORBIDDEN: "up to 4.9; 3.x: NOXDR",
        11 => UNAVAILABLE: "client: ERR_CLUSTER; partition unavailable",
        12 => INCOMPATIBLE_TYPE: "client: ERR_BIN_INCOMPATIBLE_TYPE",
        13 => RECORD_TOO_BIG,
        14 => KEY_BUSY: "client: ERR_RECORD_BUSY; hot key",
        15 => QUERY_ABORT: "client: ERR_SCAN_ABORTED; SCAN_ABORT up to 5.7",
        16 => UNSUPPORTED_FEATURE,
        17 => BIN_NOT_FOUND: "unused 4.0 to 4.5",
        18 => DEVICE_OVERLOAD,
        19 => KEY_MISMATCH: "client: ERR_RECORD_KEY_MISMATCH",
        20 => NAMESPACE: "client: ERR_NAMESPACE_NOT_FOUND",
        21 => BIN_NAME,
        22 => FORBIDDEN: "client: ERR_FAIL_FORBIDDEN; temporarily",
        23 => ELEMENT_NOT_FOUND: "list or map",
        24 => ELEMENT_EXISTS: "list or map",
        25 => ENTERPRISE_ONLY,
        26 => OP_NOT_APPLICABLE: "since 4.6",
        27 => FILTERED_OUT: "since 4.7",
        28 => LOST_CONFLICT: "since 5.4; XDR",
        29 => INVALID_ENCODING: "only in C client 7.5",
        32 => XDR_KEY_BUSY: "since 7.2",
        50 => SEC_OK_LAST: "client: QUERY_END; end of a security answer of several messages",
        51 => SEC_ERR_NOT_SUPPORTED: "client: SECURITY_NOT_SUPPORTED; Community edition",
        52 => SEC_ERR_NOT_CONFIGURED: "client: SECURITY_NOT_ENABLED; NOT_ENABLED up to 5.6",
        53 => SEC_ERR_SCHEME: "client: SECURITY_SCHEME_NOT_SUPPORTED",
        54 => SEC_ERR_COMMAND: "client: INVALID_COMMAND",
        55 => SEC_ERR_FIELD: "client: INVALID_FIELD",
        56 => SEC_ERR_STATE: "client: ILLEGAL_STATE",
        60 => SEC_ERR_USER: "client: INVALID_USER",
        61 => SEC_ERR_USER_EXISTS: "client: USER_ALREADY_EXISTS",
        62 => SEC_ERR_PASSWORD: "client: INVALID_PASSWORD",
        63 => SEC_ERR_EXPIRED_PASSWORD,
        64 => SEC_ERR_FORBIDDEN_PASSWORD,
        65 => SEC_ERR_CREDENTIAL: "client: INVALID_CREDENTIAL",
        66 => SEC_ERR_EXPIRED_SESSION: "since 4.1",
        70 => SEC_ERR_ROLE: "client: INVALID_ROLE",
        71 => SEC_ERR_ROLE_EXISTS: "before 3.5: PRIVILEGE",
        72 => SEC_ERR_PRIVILEGE,
        73 => SEC_ERR_WHITELIST: "since 4.6",
        74 => SEC_ERR_QUOTAS_NOT_ENABLED: "since 5.6",
        75 => SEC_ERR_QUOTA: "since 5.6",
        80 => SEC_ERR_NOT_AUTHENTICATED,
        81 => SEC_ERR_ROLE_VIOLATION,
        82 => SEC_ERR_NOT_WHITELISTED: "since 4.6",
        83 => SEC_ERR_QUOTA_EXCEEDED: "since 5.6",
        90 => SEC_ERR_LDAP_NOT_CONFIGURED: "since 4.1; LDAP_NOT_ENABLED up to 5.6",
        91 => SEC_ERR_LDAP_SETUP: "since 4.1",
        92 => SEC_ERR_LDAP_TLS_SETUP: "since 4.1",
        93 => SEC_ERR_LDAP_AUTHENTICATION: "since 4.1",
        94 => SEC_ERR_LDAP_QUERY: "since 4.1",
        100 => UDF_EXECUTION: "client: ERR_UDF; text in bin FAILURE",
        120 => MRT_BLOCKED: "since 8.0",
        121 => MRT_VERSION_MISMATCH: "since 8.0",
        122 => MRT_EXPIRED: "since 8.0",
        123 => MRT_TOO_MANY_WRITES: "since 8.0",
        124 => MRT_COMMITTED: "since 8.0",
        125 => MRT_ABORTED: "since 8.0; up to 3.14: COLLECTION_ITEM_NOT_FOUND",
        126 => MRT_ALREADY_LOCKED: "since 8.0",
        127 => MRT_MONITOR_EXISTS: "since 8.0",
        150 => BATCH_DISABLED,
        151 => BATCH_MAX_REQUESTS: "not in 6.4 and 7.0",
        152 => BATCH_QUEUES_FULL,
        160 => GEO_INVALID_GEOJSON,
        200 => SINDEX_FOUND: "client: INDEX_ALREADY_EXISTS",
        201 => SINDEX_NOT_FOUND,
        202 => SINDEX_OOM: "never used since 6.0",
        203 => SINDEX_NOT_READABLE,
        204 => SINDEX_GENERIC: "client: ERR_INDEX",
        205 => SINDEX_NAME: "client: INDEX_NAME_MAXLEN",
        206 => SINDEX_MAX_COUNT,
        210 => QUERY_USER_ABORT: "up to 5.7; client: ERR_QUERY_ABORTED",
        211 => QUERY_QUEUE_FULL: "up to 5.7",
        212 => QUERY_TIMEOUT: "up to 5.7",
        213 => QUERY_CB: "up to 5.7; client: ERR_QUERY",
        214 => QUERY_NET_IO: "up to 5.7",
        215 => QUERY_DUPLICATE: "up to 5.7",
    }
}

/// How much attention a result deserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Success.
    None,
    /// What healthy applications meet: no such record, a filter, a condition of the write not met.
    Note,
    /// An error.
    Warning,
}

impl Default for ResultCode {
    fn default() -> Self {
        Self::OK
    }
}

impl ResultCode {
    /// How much attention this result deserves: an answer that applications ask for on purpose is a note.
    #[must_use]
    pub const fn weight(self) -> Weight {
        match self {
            Self::OK | Self::SEC_OK_LAST => Weight::None,
            Self::NOT_FOUND
            | Self::GENERATION
            | Self::RECORD_EXISTS
            | Self::BIN_EXISTS
            | Self::INCOMPATIBLE_TYPE
            | Self::BIN_NOT_FOUND
            | Self::ELEMENT_NOT_FOUND
            | Self::ELEMENT_EXISTS
            | Self::OP_NOT_APPLICABLE
            | Self::FILTERED_OUT
            | Self::LOST_CONFLICT
            | Self::SEC_ERR_NOT_SUPPORTED
            | Self::SEC_ERR_NOT_CONFIGURED
            | Self::SINDEX_FOUND => Weight::Note,
            _ => Weight::Warning,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_servers_names() {
        assert_eq!(ResultCode(14).to_string(), "KEY_BUSY");
        assert_eq!(ResultCode(51).name(), Some("SEC_ERR_NOT_SUPPORTED"));
        assert_eq!(ResultCode(30).to_string(), "Unknown (30)");
        assert!(
            ResultCode::TABLE
                .windows(2)
                .all(|pair| pair[0].value < pair[1].value)
        );
    }

    #[test]
    fn a_missing_record_is_no_warning() {
        assert_eq!(ResultCode::NOT_FOUND.weight(), Weight::Note);
        assert_eq!(ResultCode::KEY_BUSY.weight(), Weight::Warning);
        assert_eq!(ResultCode(250).weight(), Weight::Warning);
    }
}
