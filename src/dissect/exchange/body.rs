//! What stands in a message, read once: the queue, the column, the tap and the tree are all given the same value.

use crate::dissect::exchange::kept::KeptMessages;
use crate::track::client::transactions::RequestKind;
use crate::wire::admin;
use crate::wire::client::message::{Message, Messages};
use crate::wire::exchange::matching::Expected;
use crate::wire::info::message::{InfoCommand, commands};

/// A request.
#[derive(Clone, Copy)]
pub enum RequestBody<'m, 'p> {
    /// Commands of the info protocol, line by line.
    Info(&'p [u8]),
    /// A security message.
    Security(&'m admin::message::Message<'p>),
    /// A message.
    Message(&'m Message<'p>),
    /// One that cannot be read, with what answers it all the same.
    Unreadable(Expected),
}

impl RequestBody<'_, '_> {
    /// What kind of request it is.
    #[must_use]
    pub const fn kind(&self) -> RequestKind {
        match self {
            Self::Info(_) => RequestKind::Info,
            Self::Security(message) => RequestKind::Security(message.command.0),
            Self::Message(message) => RequestKind::Message(message.request()),
            Self::Unreadable(_) => RequestKind::Other,
        }
    }

    /// What answers it.
    #[must_use]
    pub const fn expected_response(&self) -> Expected {
        match self {
            Self::Info(_) => Expected::Info,
            Self::Security(message) => Expected::of_command(message.command),
            Self::Message(message) => Expected::of_request(message.request()),
            Self::Unreadable(expected) => *expected,
        }
    }

    /// Its own timeout in milliseconds; 0: none.
    #[must_use]
    pub const fn timeout(&self) -> u32 {
        match self {
            // Those of scans and queries count from each answer to the next.
            Self::Message(message) if !message.request().is_query() => message.header.transaction_ttl,
            _ => 0,
        }
    }

    /// How many commands of the info protocol the server answers: each with a line feed.
    #[must_use]
    pub fn commands(&self) -> u32 {
        let Self::Info(lines) = self else { return 0 };
        let answered = |command: &InfoCommand<'_>| command.terminated && !command.text.is_empty();
        u32::try_from(commands(lines).filter(answered).count()).unwrap_or(u32::MAX)
    }

    /// Doing it twice is not the same as doing it once.
    #[must_use]
    pub const fn counts_twice(&self) -> bool {
        match self {
            Self::Message(message) => message.counts_twice(),
            _ => false,
        }
    }
}

/// The messages of an answer of the message protocol.
pub type AnswerMessages<'p> = KeptMessages<'p, Message<'p>, Messages<'p>>;

/// The messages of an answer of the security protocol.
pub type SecurityMessages<'p> = KeptMessages<'p, admin::message::Message<'p>, admin::message::Messages<'p>>;

/// An answer, or one of the bodies that it consists of.
#[derive(Clone, Copy)]
pub enum ResponseBody<'m, 'p> {
    /// Answers of the info protocol, line by line.
    Info(&'p [u8]),
    /// Security messages.
    Security(&'m SecurityMessages<'p>),
    /// Messages.
    Message(&'m AnswerMessages<'p>),
}
