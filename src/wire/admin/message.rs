//! Security (admin) messages.
//!
//! Source: client-protocol 11

use core::ops::Range;

use nom::Parser as _;
use nom::combinator::{consumed, rest};

use crate::wire::client::message::result_code::ResultCode;
use crate::wire::ground::at::At;
use crate::wire::ground::at::before;
use crate::wire::ground::input::{self, Malformed, Parse};

use super::privilege::Privileges;

/// Length of the header.
pub const HEADER: usize = 16;
/// Place of the scheme.
pub const SCHEME_AT: Range<usize> = 0..1;
/// Place of the result.
pub const RESULT_AT: Range<usize> = 1..2;
/// Place of the command.
pub const COMMAND_AT: Range<usize> = 2..3;
/// Place of the number of fields.
pub const N_FIELDS_AT: Range<usize> = 3..4;
/// Place of the reserved bytes.
pub const RESERVED_AT: Range<usize> = 4..16;
/// Place of the size in a field.
pub const FIELD_SIZE_AT: Range<usize> = 0..4;
/// Place of the id in a field.
pub const FIELD_ID_AT: Range<usize> = 4..5;

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

impl Command {
    /// Whether the answer may have several messages, ended by result 50.
    #[must_use]
    pub const fn is_query(self) -> bool {
        matches!(self, Self::QUERY_USERS | Self::QUERY_ROLES)
    }
}

table! {
    /// What a security field holds, one byte.
    ///
    /// Source: client-protocol 11.3
    pub FieldId: u8 {
        0 => USER,
        1 => PASSWORD: "bcrypt text, as good as the password",
        2 => OLD_PASSWORD: "bcrypt text, as good as the password",
        3 => CREDENTIAL: "bcrypt text, as good as the password",
        4 => CLEAR_PASSWORD,
        5 => SESSION_TOKEN,
        6 => SESSION_TTL,
        10 => ROLES,
        11 => ROLE,
        12 => PRIVILEGES,
        13 => WHITELIST,
        14 => READ_QUOTA: "since 5.6",
        15 => WRITE_QUOTA: "since 5.6",
        16 => READ_INFO: "since 5.6",
        17 => WRITE_INFO: "since 5.6",
        18 => CONNECTIONS: "since 5.6",
    }
}

impl FieldId {
    /// Whether the data gives access to whoever reads it: to be masked.
    #[must_use]
    pub const fn is_sensitive(self) -> bool {
        matches!(
            self,
            Self::PASSWORD
                | Self::OLD_PASSWORD
                | Self::CREDENTIAL
                | Self::CLEAR_PASSWORD
                | Self::SESSION_TOKEN
        )
    }
}

/// One security message: u8 scheme, u8 result, u8 command, u8 n_fields, 12 bytes reserved, fields.
///
/// Source: client-protocol 11.1
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The whole message; to the end of the input where [`Message::fault`] is set.
    pub bytes: &'a [u8],
    /// 0.
    pub scheme: u8,
    /// The result; 0 in requests.
    pub result: ResultCode,
    /// The command; 0 in responses.
    pub command: Command,
    /// Number of fields.
    pub n_fields: u8,
    /// Twelve bytes, all 0.
    pub reserved: &'a [u8],
    /// Why the fields cannot be read to their end.
    pub fault: Option<Malformed<'a>>,
    content: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads the header and walks over the fields to find the end.
    ///
    /// # Errors
    /// Fewer than 16 bytes; what is wrong after them is in [`Message::fault`].
    pub fn parse(input: &'a [u8]) -> Parse<'a, Self> {
        let mut header = (
            input::u8("security scheme"),
            input::u8("security result").map(ResultCode),
            input::u8("security command").map(Command),
            input::u8("security n_fields"),
            input::bytes("security header", "its fixed width", 12),
        );
        let (content, (scheme, result, command, n_fields, reserved)) = header.parse(input)?;
        let mut fields = Fields {
            left: n_fields,
            rest: content,
        };
        let fault = fields.find_map(Result::err);
        let rest = match fault {
            None => fields.rest,
            Some(_) => input.get(input.len()..).unwrap_or_default(),
        };
        let message = Self {
            bytes: before(input, rest),
            scheme,
            result,
            command,
            n_fields,
            reserved,
            fault,
            content,
        };
        Ok((rest, message))
    }

    /// The fields.
    #[must_use]
    pub const fn fields(&self) -> Fields<'a> {
        Fields {
            left: self.n_fields,
            rest: self.content,
        }
    }

    /// Whether this is a request, where the message itself tells. Command 0 is AUTHENTICATE in a request and nothing
    /// in a response, so that the fields decide: a token or credential alone or after a user asks.
    #[must_use]
    pub fn is_request(&self) -> Option<bool> {
        if self.command != Command::AUTHENTICATE {
            return Some(true);
        }
        if self.result != ResultCode::OK || self.n_fields == 0 {
            return Some(false);
        }
        let mut proves = None;
        for field in self.fields().flatten() {
            match field.id {
                FieldId::CREDENTIAL => proves = Some(true),
                FieldId::SESSION_TOKEN => proves = proves.or(Some(true)),
                FieldId::USER => {}
                _ => return Some(false),
            }
        }
        proves
    }
}

/// The messages of one body: one in a request, one for each user or role in a response.
#[derive(Clone, Copy, Debug)]
pub struct Messages<'a> {
    rest: &'a [u8],
}

impl<'a> Messages<'a> {
    /// The messages in `body`, all of it.
    #[must_use]
    pub const fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, Malformed<'a>>;

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.rest.len().div_ceil(HEADER)))
    }

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match Message::parse(self.rest) {
            Ok((rest, message)) => {
                self.rest = rest;
                Some(Ok(message))
            }
            Err(error) => {
                self.rest = &[];
                Some(Err(input::reason(error)))
            }
        }
    }
}

/// One field: u32 size (of id and data), u8 id, data, big endian.
///
/// Source: client-protocol 11.1
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The whole field.
    pub bytes: &'a [u8],
    /// Bytes after the size, at least 1.
    pub size: u32,
    /// What the data is.
    pub id: FieldId,
    /// The data, size - 1 bytes.
    pub data: &'a [u8],
}

/// The data of a security field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminValue<'a> {
    /// USER, ROLE, WHITELIST: text.
    Text(&'a [u8]),
    /// Passwords, credentials and tokens: not to be shown.
    Secret(&'a [u8]),
    /// SESSION_TTL: u32, seconds.
    Seconds(u32),
    /// READ_QUOTA, WRITE_QUOTA, CONNECTIONS: u32.
    Number(u32),
    /// ROLES: u8 number, each u8 length and name.
    Roles(Roles<'a>),
    /// PRIVILEGES: u8 number, each u8 code and for some its scope.
    Privileges(Privileges<'a>),
    /// READ_INFO, WRITE_INFO: u8 number, each u32.
    Numbers(Numbers<'a>),
    /// An id that nobody knows.
    Unknown(&'a [u8]),
}

impl<'a> Field<'a> {
    /// Reads one field.
    ///
    /// # Errors
    /// A size of 0 or one that exceeds the bytes left.
    pub fn parse(input: &'a [u8]) -> Parse<'a, Self> {
        const WHAT: &str = "security field";
        let size = input::be_u32("security field size");
        let size = input::legal(WHAT, "size must not be 0", size, |size| *size != 0);
        let content = |size: u32| {
            input::bytes(WHAT, "its size", size as usize)
                .and_then((input::u8("security field id").map(FieldId), rest))
                .map(move |(id, data)| (size, id, data))
        };
        consumed(size.flat_map(content))
            .map(|(bytes, (size, id, data))| Self {
                bytes,
                size,
                id,
                data,
            })
            .parse(input)
    }

    /// Decodes the data.
    ///
    /// # Errors
    /// A number that has not 4 bytes, a list without its count.
    pub fn value(&self) -> Result<AdminValue<'a>, Malformed<'a>> {
        let count = || input::u8("security list count")(self.data).map_err(input::reason);
        Ok(match self.id {
            FieldId::USER | FieldId::ROLE | FieldId::WHITELIST => AdminValue::Text(self.data),
            id if id.is_sensitive() => AdminValue::Secret(self.data),
            FieldId::SESSION_TTL => AdminValue::Seconds(self.number()?),
            FieldId::READ_QUOTA | FieldId::WRITE_QUOTA | FieldId::CONNECTIONS => {
                AdminValue::Number(self.number()?)
            }
            FieldId::ROLES => {
                let (content, count) = count()?;
                AdminValue::Roles(Roles { count, content })
            }
            FieldId::PRIVILEGES => {
                let (content, count) = count()?;
                AdminValue::Privileges(Privileges { count, content })
            }
            FieldId::READ_INFO | FieldId::WRITE_INFO => {
                let (content, count) = count()?;
                AdminValue::Numbers(Numbers { count, content })
            }
            _ => AdminValue::Unknown(self.data),
        })
    }

    fn number(&self) -> Result<u32, Malformed<'a>> {
        let what = self.id.name().unwrap_or("security field");
        let number = input::whole(input::be_u32(what), self.data);
        number.ok_or_else(|| Malformed::illegal(what, self.data, "length not legal for the field id"))
    }
}

/// The fields of a message; ends at the first error.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    left: u8,
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        match Field::parse(self.rest) {
            Ok((rest, field)) => {
                self.rest = rest;
                Some(Ok(field))
            }
            Err(error) => {
                self.left = 0;
                Some(Err(input::reason(error)))
            }
        }
    }
}

/// Names of roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles<'a> {
    /// Number announced.
    pub count: u8,
    content: &'a [u8],
}

impl<'a> Roles<'a> {
    /// The names; ends at the first error.
    pub fn iter(&self) -> impl Iterator<Item = Result<&'a [u8], Malformed<'a>>> {
        input::short_strings("role", self.count, self.content).map(|role| role.map(|role| role.text))
    }
}

/// Numbers of READ_INFO and WRITE_INFO: quota, single-record and query rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers<'a> {
    /// Number announced.
    pub count: u8,
    content: &'a [u8],
}

impl<'a> Numbers<'a> {
    /// The numbers that are there, each with its 4 bytes.
    pub fn iter(&self) -> impl Iterator<Item = At<'a, u32>> {
        input::each(input::be_u32("security number"), self.content).take(usize::from(self.count))
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
