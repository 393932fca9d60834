//! Security messages: logins, users, roles, privileges.

pub mod message;
pub mod privilege;
