//! Security (admin) messages.

table! {
    /// What a security request asks for, one byte; responses have 0.
    ///
    /// Source: client-protocol 11.2
    pub Command: u8 {
        0 => AUTHENTICATE,
        1 => CREATE_USER,
        2 => DROP_USER,
        3 => SET_PASSWORD,
        4 => CHANGE_PASSWORD,
        5 => GRANT_ROLES,
        6 => REVOKE_ROLES,
        9 => QUERY_USERS,
        10 => CREATE_ROLE,
        11 => DROP_ROLE,
        12 => GRANT_PRIVILEGES,
        13 => REVOKE_PRIVILEGES,
        14 => SET_WHITELIST,
        15 => SET_QUOTAS,
        16 => QUERY_ROLES,
        20 => LOGIN: "since 4.1",
    }
}
