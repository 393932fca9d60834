//! Results that are not OK as expert items: one name, and a summary for each result, so that each is a group of its own
//! in Wireshark's lists.

use crate::epan::{Expert, Guarded, Tree};
use crate::wire::client::message::result_code::{ResultCode, Weight};

experts! {
    UNKNOWN: Warning ResponseCode, "aerospike.expert.result", "UNKNOWN (1): an error that has no code of its own";
    NOT_FOUND: Note ResponseCode, "aerospike.expert.result", "NOT_FOUND (2): there is no such record";
    GENERATION: Note ResponseCode, "aerospike.expert.result", "GENERATION (3): the record's generation is not the one expected";
    PARAMETER: Warning ResponseCode, "aerospike.expert.result", "PARAMETER (4): the server refuses what the request asks";
    RECORD_EXISTS: Note ResponseCode, "aerospike.expert.result", "RECORD_EXISTS (5): the record is there already";
    BIN_EXISTS: Note ResponseCode, "aerospike.expert.result", "BIN_EXISTS (6): the bin is there already";
    CLUSTER_KEY_MISMATCH: Warning ResponseCode, "aerospike.expert.result", "CLUSTER_KEY_MISMATCH (7): the cluster changed meanwhile";
    OUT_OF_SPACE: Warning ResponseCode, "aerospike.expert.result", "OUT_OF_SPACE (8): the server has no room for writes";
    TIMEOUT: Warning ResponseCode, "aerospike.expert.result", "TIMEOUT (9): the server gave up the request";
    ALWAYS_FORBIDDEN: Warning ResponseCode, "aerospike.expert.result", "ALWAYS_FORBIDDEN (10): never allowed";
    UNAVAILABLE: Warning ResponseCode, "aerospike.expert.result", "UNAVAILABLE (11): the partition is not available";
    INCOMPATIBLE_TYPE: Note ResponseCode, "aerospike.expert.result", "INCOMPATIBLE_TYPE (12): the bin has another type";
    RECORD_TOO_BIG: Warning ResponseCode, "aerospike.expert.result", "RECORD_TOO_BIG (13): the record would be too large";
    KEY_BUSY: Warning ResponseCode, "aerospike.expert.result", "KEY_BUSY (14): too many requests for one record at once";
    QUERY_ABORT: Warning ResponseCode, "aerospike.expert.result", "QUERY_ABORT (15): the scan or query was aborted";
    UNSUPPORTED_FEATURE: Warning ResponseCode, "aerospike.expert.result", "UNSUPPORTED_FEATURE (16): the server does not know this kind of request";
    BIN_NOT_FOUND: Note ResponseCode, "aerospike.expert.result", "BIN_NOT_FOUND (17): there is no such bin";
    DEVICE_OVERLOAD: Warning ResponseCode, "aerospike.expert.result", "DEVICE_OVERLOAD (18): the device does not keep up with writes";
    KEY_MISMATCH: Warning ResponseCode, "aerospike.expert.result", "KEY_MISMATCH (19): another key has this digest";
    NAMESPACE: Warning ResponseCode, "aerospike.expert.result", "NAMESPACE (20): the node has no such namespace";
    BIN_NAME: Warning ResponseCode, "aerospike.expert.result", "BIN_NAME (21): the bin's name is not allowed";
    FORBIDDEN: Warning ResponseCode, "aerospike.expert.result", "FORBIDDEN (22): not allowed at present";
    ELEMENT_NOT_FOUND: Note ResponseCode, "aerospike.expert.result", "ELEMENT_NOT_FOUND (23): the list or map has no such element";
    ELEMENT_EXISTS: Note ResponseCode, "aerospike.expert.result", "ELEMENT_EXISTS (24): the list or map has the element already";
    ENTERPRISE_ONLY: Warning ResponseCode, "aerospike.expert.result", "ENTERPRISE_ONLY (25): only the Enterprise edition can";
    OP_NOT_APPLICABLE: Note ResponseCode, "aerospike.expert.result", "OP_NOT_APPLICABLE (26): the operation does not apply to this value";
    FILTERED_OUT: Note ResponseCode, "aerospike.expert.result", "FILTERED_OUT (27): the filter does not let the record through";
    LOST_CONFLICT: Note ResponseCode, "aerospike.expert.result", "LOST_CONFLICT (28): a later update won";
    INVALID_ENCODING: Warning ResponseCode, "aerospike.expert.result", "INVALID_ENCODING (29): the text is not encoded as it should be";
    XDR_KEY_BUSY: Warning ResponseCode, "aerospike.expert.result", "XDR_KEY_BUSY (32): the record is being shipped";
    SEC_ERR_NOT_SUPPORTED: Note ResponseCode, "aerospike.expert.result", "SEC_ERR_NOT_SUPPORTED (51): the Community edition has no users";
    SEC_ERR_NOT_CONFIGURED: Note ResponseCode, "aerospike.expert.result", "SEC_ERR_NOT_CONFIGURED (52): the cluster has no users";
    SEC_ERR_USER: Warning ResponseCode, "aerospike.expert.result", "SEC_ERR_USER (60): there is no such user";
    SEC_ERR_PASSWORD: Warning ResponseCode, "aerospike.expert.result", "SEC_ERR_PASSWORD (62): the password is wrong";
    SEC_ERR_EXPIRED_PASSWORD: Warning ResponseCode, "aerospike.expert.result", "SEC_ERR_EXPIRED_PASSWORD (63): the password has expired";
    SEC_ERR_CREDENTIAL: Warning ResponseCode, "aerospike.expert.result", "SEC_ERR_CREDENTIAL (65): the password or token is wrong";
    SEC_ERR_EXPIRED_SESSION: Warning ResponseCode, "aerospike.expert.result", "SEC_ERR_EXPIRED_SESSION (66): the session has expired";
    SEC_ERR_NOT_AUTHENTICATED: Warning ResponseCode, "aerospike.expert.result", "SEC_ERR_NOT_AUTHENTICATED (80): nobody is logged in on the connection";
    SEC_ERR_ROLE_VIOLATION: Warning ResponseCode, "aerospike.expert.result", "SEC_ERR_ROLE_VIOLATION (81): the user's roles do not allow it";
    SEC_ERR_NOT_WHITELISTED: Warning ResponseCode, "aerospike.expert.result", "SEC_ERR_NOT_WHITELISTED (82): the user may not come from this address";
    SEC_ERR_QUOTA_EXCEEDED: Warning ResponseCode, "aerospike.expert.result", "SEC_ERR_QUOTA_EXCEEDED (83): the user's quota is used up";
    UDF_EXECUTION: Warning ResponseCode, "aerospike.expert.result", "UDF_EXECUTION (100): the function failed";
    MRT_BLOCKED: Warning ResponseCode, "aerospike.expert.result", "MRT_BLOCKED (120): another transaction holds the record";
    MRT_VERSION_MISMATCH: Warning ResponseCode, "aerospike.expert.result", "MRT_VERSION_MISMATCH (121): the record changed during the transaction";
    MRT_EXPIRED: Warning ResponseCode, "aerospike.expert.result", "MRT_EXPIRED (122): the transaction has expired";
    MRT_TOO_MANY_WRITES: Warning ResponseCode, "aerospike.expert.result", "MRT_TOO_MANY_WRITES (123): the transaction has too many writes";
    MRT_COMMITTED: Warning ResponseCode, "aerospike.expert.result", "MRT_COMMITTED (124): the transaction is committed already";
    MRT_ABORTED: Warning ResponseCode, "aerospike.expert.result", "MRT_ABORTED (125): the transaction is aborted already";
    MRT_ALREADY_LOCKED: Warning ResponseCode, "aerospike.expert.result", "MRT_ALREADY_LOCKED (126): the transaction holds the record already";
    MRT_MONITOR_EXISTS: Warning ResponseCode, "aerospike.expert.result", "MRT_MONITOR_EXISTS (127): the transaction's monitor record is there already";
    BATCH_DISABLED: Warning ResponseCode, "aerospike.expert.result", "BATCH_DISABLED (150): the server takes no batches";
    BATCH_MAX_REQUESTS: Warning ResponseCode, "aerospike.expert.result", "BATCH_MAX_REQUESTS (151): the batch has too many rows for the server";
    BATCH_QUEUES_FULL: Warning ResponseCode, "aerospike.expert.result", "BATCH_QUEUES_FULL (152): the server has too many batches to do";
    GEO_INVALID_GEOJSON: Warning ResponseCode, "aerospike.expert.result", "GEO_INVALID_GEOJSON (160): the GeoJSON cannot be read";
    SINDEX_FOUND: Note ResponseCode, "aerospike.expert.result", "SINDEX_FOUND (200): the index is there already";
    SINDEX_NOT_FOUND: Warning ResponseCode, "aerospike.expert.result", "SINDEX_NOT_FOUND (201): there is no such index";
    SINDEX_NOT_READABLE: Warning ResponseCode, "aerospike.expert.result", "SINDEX_NOT_READABLE (203): the index is not built yet";
    SINDEX_GENERIC: Warning ResponseCode, "aerospike.expert.result", "SINDEX_GENERIC (204): an error of the index";
    OTHER_NOTE: Note ResponseCode, "aerospike.expert.result", "Another result that is not OK";
    OTHER: Warning ResponseCode, "aerospike.expert.result", "Another result that is not OK";
}

/// The expert item of a result; `None` for success.
#[must_use]
pub fn expert(code: ResultCode) -> Option<&'static Expert> {
    Some(match code {
        ResultCode::UNKNOWN => &UNKNOWN,
        ResultCode::NOT_FOUND => &NOT_FOUND,
        ResultCode::GENERATION => &GENERATION,
        ResultCode::PARAMETER => &PARAMETER,
        ResultCode::RECORD_EXISTS => &RECORD_EXISTS,
        ResultCode::BIN_EXISTS => &BIN_EXISTS,
        ResultCode::CLUSTER_KEY_MISMATCH => &CLUSTER_KEY_MISMATCH,
        ResultCode::OUT_OF_SPACE => &OUT_OF_SPACE,
        ResultCode::TIMEOUT => &TIMEOUT,
        ResultCode::ALWAYS_FORBIDDEN => &ALWAYS_FORBIDDEN,
        ResultCode::UNAVAILABLE => &UNAVAILABLE,
        ResultCode::INCOMPATIBLE_TYPE => &INCOMPATIBLE_TYPE,
        ResultCode::RECORD_TOO_BIG => &RECORD_TOO_BIG,
        ResultCode::KEY_BUSY => &KEY_BUSY,
        ResultCode::QUERY_ABORT => &QUERY_ABORT,
        ResultCode::UNSUPPORTED_FEATURE => &UNSUPPORTED_FEATURE,
        ResultCode::BIN_NOT_FOUND => &BIN_NOT_FOUND,
        ResultCode::DEVICE_OVERLOAD => &DEVICE_OVERLOAD,
        ResultCode::KEY_MISMATCH => &KEY_MISMATCH,
        ResultCode::NAMESPACE => &NAMESPACE,
        ResultCode::BIN_NAME => &BIN_NAME,
        ResultCode::FORBIDDEN => &FORBIDDEN,
        ResultCode::ELEMENT_NOT_FOUND => &ELEMENT_NOT_FOUND,
        ResultCode::ELEMENT_EXISTS => &ELEMENT_EXISTS,
        ResultCode::ENTERPRISE_ONLY => &ENTERPRISE_ONLY,
        ResultCode::OP_NOT_APPLICABLE => &OP_NOT_APPLICABLE,
        ResultCode::FILTERED_OUT => &FILTERED_OUT,
        ResultCode::LOST_CONFLICT => &LOST_CONFLICT,
        ResultCode::INVALID_ENCODING => &INVALID_ENCODING,
        ResultCode::XDR_KEY_BUSY => &XDR_KEY_BUSY,
        ResultCode::SEC_ERR_NOT_SUPPORTED => &SEC_ERR_NOT_SUPPORTED,
        ResultCode::SEC_ERR_NOT_CONFIGURED => &SEC_ERR_NOT_CONFIGURED,
        ResultCode::SEC_ERR_USER => &SEC_ERR_USER,
        ResultCode::SEC_ERR_PASSWORD => &SEC_ERR_PASSWORD,
        ResultCode::SEC_ERR_EXPIRED_PASSWORD => &SEC_ERR_EXPIRED_PASSWORD,
        ResultCode::SEC_ERR_CREDENTIAL => &SEC_ERR_CREDENTIAL,
        ResultCode::SEC_ERR_EXPIRED_SESSION => &SEC_ERR_EXPIRED_SESSION,
        ResultCode::SEC_ERR_NOT_AUTHENTICATED => &SEC_ERR_NOT_AUTHENTICATED,
        ResultCode::SEC_ERR_ROLE_VIOLATION => &SEC_ERR_ROLE_VIOLATION,
        ResultCode::SEC_ERR_NOT_WHITELISTED => &SEC_ERR_NOT_WHITELISTED,
        ResultCode::SEC_ERR_QUOTA_EXCEEDED => &SEC_ERR_QUOTA_EXCEEDED,
        ResultCode::UDF_EXECUTION => &UDF_EXECUTION,
        ResultCode::MRT_BLOCKED => &MRT_BLOCKED,
        ResultCode::MRT_VERSION_MISMATCH => &MRT_VERSION_MISMATCH,
        ResultCode::MRT_EXPIRED => &MRT_EXPIRED,
        ResultCode::MRT_TOO_MANY_WRITES => &MRT_TOO_MANY_WRITES,
        ResultCode::MRT_COMMITTED => &MRT_COMMITTED,
        ResultCode::MRT_ABORTED => &MRT_ABORTED,
        ResultCode::MRT_ALREADY_LOCKED => &MRT_ALREADY_LOCKED,
        ResultCode::MRT_MONITOR_EXISTS => &MRT_MONITOR_EXISTS,
        ResultCode::BATCH_DISABLED => &BATCH_DISABLED,
        ResultCode::BATCH_MAX_REQUESTS => &BATCH_MAX_REQUESTS,
        ResultCode::BATCH_QUEUES_FULL => &BATCH_QUEUES_FULL,
        ResultCode::GEO_INVALID_GEOJSON => &GEO_INVALID_GEOJSON,
        ResultCode::SINDEX_FOUND => &SINDEX_FOUND,
        ResultCode::SINDEX_NOT_FOUND => &SINDEX_NOT_FOUND,
        ResultCode::SINDEX_NOT_READABLE => &SINDEX_NOT_READABLE,
        ResultCode::SINDEX_GENERIC => &SINDEX_GENERIC,
        code => return of_weight(code.weight()),
    })
}

/// The expert item of a result without a code, by how much attention it deserves.
#[must_use]
pub const fn of_weight(weight: Weight) -> Option<&'static Expert> {
    match weight {
        Weight::None => None,
        Weight::Note => Some(&OTHER_NOTE),
        Weight::Warning => Some(&OTHER),
    }
}

/// Says that a result is not OK.
///
/// # Errors
/// What Wireshark threw.
pub fn say(tree: &Tree<'_>, code: ResultCode) -> Guarded {
    let Some(said) = expert(code) else {
        return Ok(());
    };
    // The summary of those that have no item of their own does not name them.
    if core::ptr::eq(said, &OTHER) || core::ptr::eq(said, &OTHER_NOTE) {
        match code.name() {
            Some(name) => tree.expert(said, format_args!("{name} ({})", code.0)),
            None => tree.expert(said, format_args!("{code}")),
        }
    } else {
        tree.expert(said, format_args!(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epan::fields::field::Severity;

    #[test]
    fn each_result_has_the_severity_of_its_weight() {
        for code in (0..=255).map(ResultCode) {
            let severity = match code.weight() {
                Weight::None => None,
                Weight::Note => Some(Severity::Note),
                Weight::Warning => Some(Severity::Warning),
            };
            assert_eq!(expert(code).map(Expert::severity), severity, "{code}");
        }
    }

    #[test]
    fn a_summary_names_its_result() {
        for code in (0..=255).map(ResultCode) {
            let Some(said) = expert(code).filter(|said| !said.summary().starts_with("Another")) else {
                continue;
            };
            assert!(
                said.summary().starts_with(&format!("{code} ({}): ", code.0)),
                "{code}"
            );
        }
    }
}
