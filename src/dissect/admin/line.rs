//! Security messages in a line: for the Info column and for headings. Never what gives access.

use core::fmt::{self, Write as _};

use crate::wire::admin::message::{AdminValue, Command, FieldId, Message};
use crate::wire::admin::privilege::Grant;
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::ground::text::LossyText;

/// A command as words are written: `login`, `create_user`.
pub struct Lower(pub Command);

impl fmt::Display for Lower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.name() {
            Some(name) => name
                .chars()
                .try_for_each(|letter| f.write_char(letter.to_ascii_lowercase())),
            None => write!(f, "security command {}", self.0.0),
        }
    }
}

/// ` on test.demo`, of a privilege that is limited.
pub struct Scope<'g, 'a>(pub &'g Grant<'a>);

impl fmt::Display for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [self.0.namespace, self.0.set];
        let mut separator = " on ";
        for name in names.into_iter().flatten().filter(|name| !name.is_empty()) {
            write!(f, "{separator}{}", LossyText(name))?;
            separator = ".";
        }
        Ok(())
    }
}

/// `[read on test.demo]`.
pub struct Scoped<'g, 'a>(pub &'g Grant<'a>);

impl fmt::Display for Scoped<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}{}]", self.0.privilege, Scope(self.0))
    }
}

/// Whom or what a message is about: ` user "bob" roles read-write`. Never what gives access.
pub struct Subject<'m, 'a>(pub &'m Message<'a>);

impl fmt::Display for Subject<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for field in self.0.fields().flatten() {
            match (field.id, field.value()) {
                (FieldId::USER, Ok(AdminValue::Text(name))) => write!(f, " user \"{}\"", LossyText(name))?,
                (FieldId::ROLE, Ok(AdminValue::Text(name))) => write!(f, " role \"{}\"", LossyText(name))?,
                (FieldId::WHITELIST, Ok(AdminValue::Text(list))) => {
                    write!(f, " whitelist {}", LossyText(list))?
                }
                (FieldId::READ_QUOTA, Ok(AdminValue::Number(quota))) => write!(f, " read quota {quota}")?,
                (FieldId::WRITE_QUOTA, Ok(AdminValue::Number(quota))) => write!(f, " write quota {quota}")?,
                (FieldId::SESSION_TTL, Ok(AdminValue::Seconds(seconds))) => {
                    write!(f, " session {seconds} s")?;
                }
                (FieldId::ROLES, Ok(AdminValue::Roles(roles))) => {
                    let mut separator = " roles ";
                    for role in roles.iter().flatten() {
                        write!(f, "{separator}{}", LossyText(role))?;
                        separator = ", ";
                    }
                }
                (FieldId::PRIVILEGES, Ok(AdminValue::Privileges(list))) => {
                    let mut separator = " privileges ";
                    for grant in list.iter().flatten() {
                        write!(f, "{separator}{}{}", grant.privilege, Scope(&grant))?;
                        separator = ", ";
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// `Request login user "app"`.
///
/// # Errors
/// Those of `out`.
pub fn request_line(out: &mut dyn fmt::Write, message: &Message<'_>) -> fmt::Result {
    write!(out, "Request {}{}", Lower(message.command), Subject(message))
}

/// What the messages of a response say together.
#[derive(Default)]
pub struct SecuritySummary<'a> {
    /// Messages.
    pub count: u32,
    /// Messages that describe a user or role.
    pub records: u32,
    /// The last error.
    pub worst: Option<ResultCode>,
    /// The end of a list is among them.
    pub is_last: bool,
    /// The last message.
    pub last: Option<Message<'a>>,
}

impl<'a> SecuritySummary<'a> {
    /// Adds a message.
    pub fn add(&mut self, message: Message<'a>) {
        self.count = self.count.saturating_add(1);
        match message.result {
            ResultCode::OK if message.n_fields > 0 => self.records = self.records.saturating_add(1),
            ResultCode::OK => {}
            ResultCode::SEC_OK_LAST => self.is_last = true,
            error => self.worst = Some(error),
        }
        self.last = Some(message);
    }
}

/// `Response login OK`, `Response query_users 3 messages, last`, `Response create_user SEC_ERR_USER_EXISTS`.
///
/// # Errors
/// Those of `out`.
pub fn response_line(
    out: &mut dyn fmt::Write,
    answer: &SecuritySummary<'_>,
    command: Option<Command>,
) -> fmt::Result {
    match command {
        Some(command) => write!(out, "Response {}", Lower(command))?,
        None => write!(out, "Response security")?,
    }
    match (&answer.last, answer.count) {
        (None, _) => Ok(()),
        (Some(message), 1) => write!(out, " {}{}", message.result, Subject(message)),
        (Some(_), count) => {
            write!(out, " {count} messages")?;
            if let Some(error) = answer.worst {
                write!(out, ", {error}")?;
            }
            if answer.is_last {
                write!(out, ", last")?;
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::examples;

    fn message(bytes: &[u8]) -> Message<'_> {
        Message::parse(bytes).unwrap().1
    }

    #[test]
    fn the_column_names_the_user_and_no_secret() {
        let bytes = examples::bytes("17.15");
        let mut text = String::new();
        request_line(&mut text, &message(&bytes[8..])).unwrap();
        assert!(text.starts_with("Request login user \""), "{text}");
        assert!(!text.contains('$'), "{text}");
    }

    #[test]
    fn a_response_is_named_by_its_request() {
        let bytes = examples::bytes("17.17");
        let mut answer = SecuritySummary::default();
        answer.add(message(&bytes[8..]));
        let mut text = String::new();
        response_line(&mut text, &answer, Some(Command::LOGIN)).unwrap();
        assert_eq!(text, "Response login SEC_ERR_NOT_SUPPORTED");
        text.clear();
        response_line(&mut text, &answer, None).unwrap();
        assert_eq!(text, "Response security SEC_ERR_NOT_SUPPORTED");
    }
}
