//! Security messages: logins, users, roles. What gives access is covered, but printed only on demand.

use core::fmt::{self, Write as _};

use super::client::{Details, Path};
use super::common::{self, DATA, NAMESPACE, RESULT, SET};
use super::{column, links};
use crate::epan::register::preference;
use crate::epan::{Guarded, Item, Packet, Text, Tree};
use crate::protocols::ADMIN;
use crate::track::transactions::{Transaction, What};
use crate::wire::admin::{
    Command, Field, FieldId, Grant, Message, Messages, Numbers, Privileges, Roles, Value, COMMAND_AT,
    FIELD_ID_AT, FIELD_SIZE_AT, N_FIELDS_AT, RESULT_AT, SCHEME_AT,
};
use crate::wire::at::{part, Cover};
use crate::wire::input::Malformed;
use crate::wire::matching::{Expected, Facts};
use crate::wire::privilege::Privilege;
use crate::wire::proto::ProtoType;
use crate::wire::result_code::ResultCode;
use crate::wire::text::Text as Lossy;

fields! {
    SCHEME: U8, "aerospike.admin.scheme", "Scheme", "0";
    RESULT_CODE: U8, "aerospike.admin.result_code", "Result code", "Result of a security request" .values(ResultCode::TABLE);
    COMMAND: U8, "aerospike.admin.command", "Command", "What a security request asks for" .values(Command::TABLE);
    N_FIELDS: U8, "aerospike.admin.n_fields", "Number of fields", "Fields that follow the header";
    RESERVED: Bytes, "aerospike.admin.reserved", "Reserved", "Unused bytes, 0";
    FIELD: None, "aerospike.admin.field", "Field", "A field of a security message";
    FIELD_SIZE: U32, "aerospike.admin.field.size", "Field size", "Length of id and data";
    FIELD_ID: U8, "aerospike.admin.field.id", "Field id", "What the data is" .values(FieldId::TABLE);
    FIELD_DATA: Bytes, "aerospike.admin.field.data", "Field data", "Data of a field that is not decoded further";
    USER: String, "aerospike.admin.user", "User", "Name of a user";
    HIDDEN: None, "aerospike.admin.hidden", "Hidden", "A password, credential or token, not shown unless aerospike.show_credentials is on";
    PASSWORD: String, "aerospike.admin.password", "Password", "Hash of a password, as good as the password";
    OLD_PASSWORD: String, "aerospike.admin.old_password", "Old password", "Hash of a password, as good as the password";
    CREDENTIAL: String, "aerospike.admin.credential", "Credential", "Hash of a password, as good as the password";
    CLEAR_PASSWORD: String, "aerospike.admin.clear_password", "Clear password", "Password in clear text";
    SESSION_TOKEN: Bytes, "aerospike.admin.session_token", "Session token", "Proof of a login";
    SESSION_TTL: RelativeTime, "aerospike.admin.session_ttl", "Session TTL", "How long the session token is good";
    ROLE: String, "aerospike.admin.role", "Role", "Name of a role";
    COUNT: U8, "aerospike.admin.count", "Number of elements", "Elements that follow in the field";
    NAME_LENGTH: U8, "aerospike.admin.name_length", "Name length", "Length of the name that follows";
    PRIVILEGE: U8, "aerospike.admin.privilege", "Privilege", "What a role allows" .values(Privilege::TABLE);
    WHITELIST: String, "aerospike.admin.whitelist", "Whitelist", "Addresses from which the role may be used";
    READ_QUOTA: U32, "aerospike.admin.read_quota", "Read quota", "Reads per second; 0 is without limit";
    WRITE_QUOTA: U32, "aerospike.admin.write_quota", "Write quota", "Writes per second; 0 is without limit";
    READ_INFO: U32, "aerospike.admin.read_info", "Read info", "Quota and current rates of a user's reads";
    WRITE_INFO: U32, "aerospike.admin.write_info", "Write info", "Quota and current rates of a user's writes";
    CONNECTIONS: U32, "aerospike.admin.connections", "Connections", "Open connections of a user";
}

/// The body of a security message. `top` is the proto header's item.
///
/// # Errors
/// What Wireshark threw.
pub fn body<'p>(path: &Path<'p>, tree: &Tree<'p>, top: &Tree<'p>, body: &'p [u8]) -> Guarded {
    if path.is_request {
        request_body(path, tree, top, body)
    } else {
        response_body(path, tree, top, body)
    }
}

fn request_body<'p>(path: &Path<'p>, tree: &Tree<'p>, top: &Tree<'p>, body: &'p [u8]) -> Guarded {
    let first = Messages::new(body).next().and_then(Result::ok);
    let what = first.map_or(What::Other, |message| What::Security(message.command.0));
    let expected = Expected::of_body(ProtoType::SECURITY, body);
    let asked = path.asked(what, expected, body, Details::default());
    column::line(path.packet, |out| match &first {
        Some(message) => request_line(out, message),
        None if tree.source().is_cut() => write!(out, "Request security"),
        None => write!(out, "Request security, malformed"),
    });
    if let Some(message) = &first {
        credential(path.packet, message);
    }
    messages(path, tree, top, body, None)?;
    asked.map_or(Ok(()), |transaction| links::request(path, top, &transaction))
}

/// Who logs in, for Wireshark's list of credentials.
fn credential(packet: Packet<'_>, message: &Message<'_>) {
    let info = match message.command {
        Command::LOGIN => c"login",
        Command::AUTHENTICATE => c"authenticate",
        _ => return,
    };
    let mut user = None;
    let mut proof = None;
    for field in message.fields().flatten() {
        match field.id {
            FieldId::USER => user = Some(field.data),
            id if id.is_sensitive() => proof = proof.or(Some(id)),
            _ => {}
        }
    }
    if let (Some(user), Some(proof)) = (user, proof) {
        let user = Text::<256>::of(format_args!("{}", Lossy(user)));
        packet.credential(secret_field(proof), &user, info);
    }
}

fn response_body<'p>(path: &Path<'p>, tree: &Tree<'p>, top: &Tree<'p>, body: &'p [u8]) -> Guarded {
    let mut facts = Facts::default();
    let mut answer = Summary::default();
    for message in Messages::new(body).flatten() {
        facts.add_security(&message);
        answer.add(message);
    }
    let is_ok = answer.worst.is_none();
    let linked = path.answered(facts, answer.records, is_ok, tree.source().is_cut());
    let command = linked.as_ref().and_then(|linked| command_of(&linked.transaction));
    column::line(path.packet, |out| {
        response_line(out, &answer, command)?;
        if answer.last.is_none() && !tree.source().is_cut() {
            write!(out, ", malformed")?;
        }
        match linked.filter(|linked| linked.is_last) {
            Some(linked) => write!(
                out,
                " ({})",
                links::Milliseconds(linked.transaction.response_time())
            ),
            None => Ok(()),
        }
    });
    messages(path, tree, top, body, command)?;
    linked.map_or(Ok(()), |linked| links::response(path, top, &linked))
}

fn command_of(transaction: &Transaction) -> Option<Command> {
    match transaction.what {
        What::Security(command) => Some(Command(command)),
        _ => None,
    }
}

/// The messages of a body, one in a request; `command` is what was asked, where that is known.
fn messages<'p>(
    path: &Path<'p>,
    tree: &Tree<'p>,
    top: &Tree<'p>,
    body: &'p [u8],
    command: Option<Command>,
) -> Guarded {
    let is_shown = ADMIN.is_enabled();
    if !is_shown && !body.is_empty() {
        opaque(top, body)?;
    }
    let most = if path.is_request { 1 } else { usize::MAX };
    let mut cover = Cover::new(body);
    for message in Messages::new(body).take(most) {
        match message {
            Ok(message) => {
                if tree.exists() && is_shown {
                    one(path, tree, &message, command)?;
                } else if !path.is_request {
                    common::result(top, message.result)?;
                }
                cover.through(message.bytes);
            }
            Err(error) if is_shown => {
                let part = tree.protocol(&ADMIN, cover.rest())?;
                broken(&part, &mut cover, &DATA, &error)?;
                return Ok(());
            }
            Err(_) => return Ok(()),
        }
    }
    let rest = cover.rest();
    if rest.is_empty() || !is_shown {
        return Ok(());
    }
    let error = Malformed::illegal("security message", rest, "bytes follow its end");
    unreadable(top, &error)
}

fn one<'p>(path: &Path<'p>, tree: &Tree<'p>, message: &Message<'p>, command: Option<Command>) -> Guarded {
    let top = tree.protocol(&ADMIN, message.bytes)?;
    let bytes = message.bytes;
    top.add(&SCHEME, part(bytes, SCHEME_AT))?;
    if path.is_request {
        top.item().label(format_args!(
            "Aerospike Security Protocol, {}{}",
            Lower(message.command),
            Subject(message)
        ));
        top.add(&RESERVED, part(bytes, RESULT_AT))?
            .label(format_args!("Result code: none in a request"));
        top.add(&COMMAND, part(bytes, COMMAND_AT))?;
    } else {
        top.item().label(format_args!(
            "Aerospike Security Protocol, {}{}",
            message.result,
            Subject(message)
        ));
        top.add(&RESULT_CODE, part(bytes, RESULT_AT))?;
        top.uint(&RESULT, part(bytes, RESULT_AT), u32::from(message.result.0))?
            .generated()
            .hidden();
        top.add(&RESERVED, part(bytes, COMMAND_AT))?
            .label(format_args!("Command: none in a response"));
        if let Some(command) = command {
            top.uint(&COMMAND, &[], u32::from(command.0))?.generated();
        }
    }
    top.add(&N_FIELDS, part(bytes, N_FIELDS_AT))?;
    top.add(&RESERVED, message.reserved)?;
    if !path.is_request {
        common::result(&top, message.result)?;
    }
    let mut cover = Cover::new(bytes);
    cover.through(message.reserved);
    for item in message.fields().flatten() {
        field(&top, &item)?;
        cover.through(item.bytes);
    }
    match &message.fault {
        Some(fault) => {
            let size = cover.until(fault.at);
            if !size.is_empty() {
                top.add(&FIELD_SIZE, size)?;
            }
            unreadable(&top, fault)
        }
        None => Ok(()),
    }
}

/// Bytes that may hold what gives access.
fn opaque<'p>(tree: &Tree<'p>, bytes: &[u8]) -> Guarded<Item<'p>> {
    if preference::show_credentials() {
        return tree.add(&DATA, bytes);
    }
    let item = tree.add(&HIDDEN, bytes)?;
    Ok(item.label(format_args!(
        "{} bytes, hidden (preference aerospike.show_credentials)",
        bytes.len()
    )))
}

/// As [`common::malformed`], for bytes that may hold what gives access.
fn unreadable(tree: &Tree<'_>, error: &Malformed<'_>) -> Guarded {
    let item = opaque(tree, error.at)?;
    common::accuse(tree, item, error)
}

fn field<'p>(tree: &Tree<'p>, field: &Field<'p>) -> Guarded {
    let heading = tree.sub(&FIELD, field.bytes)?;
    let id = field.id;
    heading
        .item()
        .label(format_args!("{id}: {} bytes", field.data.len()));
    heading.add(&FIELD_SIZE, part(field.bytes, FIELD_SIZE_AT))?;
    heading.add(&FIELD_ID, part(field.bytes, FIELD_ID_AT))?;
    match field.value() {
        Ok(value) => data(&heading, field, &value),
        Err(error) => {
            if !field.data.is_empty() && error.at.as_ptr() != field.data.as_ptr() {
                heading.add(&FIELD_DATA, field.data)?;
            }
            common::malformed(&heading, &error)
        }
    }
}

fn data<'p>(heading: &Tree<'p>, field: &Field<'p>, value: &Value<'p>) -> Guarded {
    let (id, bytes) = (field.id, field.data);
    let item = heading.item();
    match *value {
        Value::Text(text) => {
            let of = match id {
                FieldId::USER => &USER,
                FieldId::ROLE => &ROLE,
                _ => &WHITELIST,
            };
            heading.add(of, text)?;
            item.label(format_args!("{id}: {}", Lossy(text)));
        }
        Value::Secret(secret) => return hidden(heading, id, secret),
        Value::Seconds(seconds) => {
            heading.time(&SESSION_TTL, bytes, i64::from(seconds), 0)?;
            item.label(format_args!("{id}: {seconds} s"));
        }
        Value::Number(number) => {
            let of = match id {
                FieldId::READ_QUOTA => &READ_QUOTA,
                FieldId::WRITE_QUOTA => &WRITE_QUOTA,
                _ => &CONNECTIONS,
            };
            heading.add(of, bytes)?;
            item.label(format_args!("{id}: {number}"));
        }
        Value::Roles(list) => return roles(heading, field, &list),
        Value::Privileges(list) => return privileges(heading, field, &list),
        Value::Numbers(list) => return numbers(heading, field, &list),
        Value::Unknown(data) => {
            if !data.is_empty() {
                heading.add(&FIELD_DATA, data)?;
            }
        }
    }
    Ok(())
}

/// What gives access to whoever reads it.
fn hidden(heading: &Tree<'_>, id: FieldId, secret: &[u8]) -> Guarded {
    if !preference::show_credentials() {
        heading.item().label(format_args!(
            "{id}: {} bytes, hidden (preference aerospike.show_credentials)",
            secret.len()
        ));
        heading
            .add(&HIDDEN, secret)?
            .label(format_args!("{id}: {} bytes, hidden", secret.len()));
        return Ok(());
    }
    heading.add(secret_field(id), secret)?;
    Ok(())
}

/// The field that shows what gives access, as the preference is set.
fn secret_field(id: FieldId) -> &'static crate::epan::Field {
    match id {
        _ if !preference::show_credentials() => &HIDDEN,
        FieldId::PASSWORD => &PASSWORD,
        FieldId::OLD_PASSWORD => &OLD_PASSWORD,
        FieldId::CREDENTIAL => &CREDENTIAL,
        FieldId::CLEAR_PASSWORD => &CLEAR_PASSWORD,
        _ => &SESSION_TOKEN,
    }
}

/// The length byte in front of `name`.
fn name_length(tree: &Tree<'_>, cover: &mut Cover<'_>, name: &[u8]) -> Guarded {
    tree.add(&NAME_LENGTH, cover.until(name)).map(|_| ())
}

/// What cannot be read further: what was read of it, and where that ended.
fn broken<'p>(
    tree: &Tree<'p>,
    cover: &mut Cover<'p>,
    field: &'static crate::epan::Field,
    error: &Malformed<'p>,
) -> Guarded {
    let read = cover.until(error.at);
    if !read.is_empty() {
        tree.add(field, read)?;
    }
    common::malformed(tree, error)
}

/// What a list leaves of its field.
fn leftover(tree: &Tree<'_>, rest: &[u8]) -> Guarded {
    super::message::leftover(tree, "security field", rest)
}

fn roles<'p>(heading: &Tree<'p>, field: &Field<'p>, list: &Roles<'p>) -> Guarded {
    let item = heading.item();
    item.label(format_args!("{}:", field.id));
    let mut cover = Cover::new(field.data);
    heading.add(&COUNT, cover.through(part(field.data, 0..1)))?;
    for role in list.iter() {
        match role {
            Ok(name) => {
                name_length(heading, &mut cover, name)?;
                heading.add(&ROLE, cover.through(name))?;
                item.append(format_args!(" {}", Lossy(name)));
            }
            Err(error) => return broken(heading, &mut cover, &FIELD_DATA, &error),
        }
    }
    leftover(heading, cover.rest())
}

fn privileges<'p>(heading: &Tree<'p>, field: &Field<'p>, list: &Privileges<'p>) -> Guarded {
    let item = heading.item();
    item.label(format_args!("{}:", field.id));
    let mut cover = Cover::new(field.data);
    heading.add(&COUNT, cover.through(part(field.data, 0..1)))?;
    for grant in list.iter() {
        match grant {
            Ok(grant) => {
                item.append(format_args!(" {}", Scoped(&grant)));
                privilege(heading, &grant)?;
                cover.through(grant.bytes);
            }
            Err(error) => return broken(heading, &mut cover, &FIELD_DATA, &error),
        }
    }
    leftover(heading, cover.rest())
}

fn privilege<'p>(tree: &Tree<'p>, grant: &Grant<'p>) -> Guarded {
    let code = part(grant.bytes, 0..1);
    let item = tree.add(&PRIVILEGE, code)?;
    let mut cover = Cover::new(grant.bytes);
    cover.through(code);
    for (field, name) in [(&NAMESPACE, grant.namespace), (&SET, grant.set)] {
        if let Some(name) = name {
            name_length(tree, &mut cover, name)?;
            let name = cover.through(name);
            if !name.is_empty() {
                tree.add(field, name)?;
            }
        }
    }
    item.append(format_args!("{}", Scope(grant)));
    Ok(())
}

fn numbers<'p>(heading: &Tree<'p>, field: &Field<'p>, list: &Numbers<'p>) -> Guarded {
    let item = heading.item();
    item.label(format_args!("{}:", field.id));
    let of = if field.id == FieldId::READ_INFO {
        &READ_INFO
    } else {
        &WRITE_INFO
    };
    let meanings = [
        "quota",
        "single-record operations/s",
        "queries, records/s",
        "queries without limit",
    ];
    let mut meanings = meanings.into_iter();
    let mut cover = Cover::new(field.data);
    heading.add(&COUNT, cover.through(part(field.data, 0..1)))?;
    let mut missing = usize::from(list.count);
    for number in list.iter() {
        missing = missing.saturating_sub(1);
        let node = heading.add(of, cover.through(number.bytes))?;
        if let Some(meaning) = meanings.next() {
            node.append(format_args!(" ({meaning})"));
        }
        item.append(format_args!(" {}", number.value));
    }
    if missing > 0 {
        let error = Malformed::short(
            "security list",
            cover.rest(),
            missing.saturating_mul(4),
            "its count",
        );
        return common::malformed(heading, &error);
    }
    leftover(heading, cover.rest())
}

/// A command as words are written: `login`, `create_user`.
struct Lower(Command);

impl fmt::Display for Lower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.name() {
            Some(name) => name
                .chars()
                .try_for_each(|letter| f.write_char(letter.to_ascii_lowercase())),
            None => write!(f, "security command {}", self.0 .0),
        }
    }
}

/// ` on test.demo`, of a privilege that is limited.
struct Scope<'g, 'a>(&'g Grant<'a>);

impl fmt::Display for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [self.0.namespace, self.0.set];
        let mut separator = " on ";
        for name in names.into_iter().flatten().filter(|name| !name.is_empty()) {
            write!(f, "{separator}{}", Lossy(name))?;
            separator = ".";
        }
        Ok(())
    }
}

/// `read on test.demo`, with a comma before the next.
struct Scoped<'g, 'a>(&'g Grant<'a>);

impl fmt::Display for Scoped<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}{}]", self.0.privilege, Scope(self.0))
    }
}

/// Whom or what a message is about: ` user "bob" roles read-write`. Never what gives access.
struct Subject<'m, 'a>(&'m Message<'a>);

impl fmt::Display for Subject<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for field in self.0.fields().flatten() {
            match (field.id, field.value()) {
                (FieldId::USER, Ok(Value::Text(name))) => write!(f, " user \"{}\"", Lossy(name))?,
                (FieldId::ROLE, Ok(Value::Text(name))) => write!(f, " role \"{}\"", Lossy(name))?,
                (FieldId::WHITELIST, Ok(Value::Text(list))) => write!(f, " whitelist {}", Lossy(list))?,
                (FieldId::READ_QUOTA, Ok(Value::Number(quota))) => write!(f, " read quota {quota}")?,
                (FieldId::WRITE_QUOTA, Ok(Value::Number(quota))) => write!(f, " write quota {quota}")?,
                (FieldId::SESSION_TTL, Ok(Value::Seconds(seconds))) => {
                    write!(f, " session {seconds} s")?;
                }
                (FieldId::ROLES, Ok(Value::Roles(roles))) => {
                    let mut separator = " roles ";
                    for role in roles.iter().flatten() {
                        write!(f, "{separator}{}", Lossy(role))?;
                        separator = ", ";
                    }
                }
                (FieldId::PRIVILEGES, Ok(Value::Privileges(list))) => {
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
fn request_line(out: &mut dyn fmt::Write, message: &Message<'_>) -> fmt::Result {
    write!(out, "Request {}{}", Lower(message.command), Subject(message))
}

/// What the messages of a response say together.
#[derive(Default)]
struct Summary<'a> {
    count: u32,
    records: u32,
    worst: Option<ResultCode>,
    is_last: bool,
    last: Option<Message<'a>>,
}

impl<'a> Summary<'a> {
    fn add(&mut self, message: Message<'a>) {
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
fn response_line(out: &mut dyn fmt::Write, answer: &Summary<'_>, command: Option<Command>) -> fmt::Result {
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
        let mut answer = Summary::default();
        answer.add(message(&bytes[8..]));
        let mut text = String::new();
        response_line(&mut text, &answer, Some(Command::LOGIN)).unwrap();
        assert_eq!(text, "Response login SEC_ERR_NOT_SUPPORTED");
        text.clear();
        response_line(&mut text, &answer, None).unwrap();
        assert_eq!(text, "Response security SEC_ERR_NOT_SUPPORTED");
    }
}
