//! The fields of security messages. What gives access is covered, but printed only on demand.

use crate::dissect::admin::line::{Scope, Scoped};
use crate::dissect::shared::common::{self, DATA, NAMESPACE, SET};
use crate::epan::plugin::register::preference;
use crate::epan::{Guarded, Item, Tree};
use crate::wire::admin::message::{AdminValue, FIELD_ID_AT, FIELD_SIZE_AT, Field, FieldId, Numbers, Roles};
use crate::wire::admin::privilege::{Grant, Privilege, Privileges};
use crate::wire::ground::at::{Cover, part};
use crate::wire::ground::input::Malformed;
use crate::wire::ground::text::LossyText;

fields! {
    FIELD: String, "aerospike.admin.field", "Field", "Name of a field of a security message that has no single value: its line";
    FIELD_SIZE: U32, "aerospike.admin.field.size", "Field size", "Length of id and data";
    FIELD_ID: U8, "aerospike.admin.field.id", "Field id", "What the data is" .values(FieldId::TABLE);
    FIELD_DATA: Bytes, "aerospike.admin.field.data", "Field data", "Data of a field that is not decoded further";
    USER: String, "aerospike.admin.user", "User", "Name of a user";
    HIDDEN: U32, "aerospike.admin.hidden", "Hidden", "Length of a password, credential or token, which is not shown unless aerospike.show_credentials is on" .bytes();
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

/// One field: its heading, size, id and data.
///
/// # Errors
/// What Wireshark threw.
pub fn field<'p>(tree: &Tree<'p>, field: &Field<'p>) -> Guarded {
    let id = field.id;
    let value = field.value();
    let heading = match &value {
        Ok(value) => heading(tree, field, value)?,
        Err(_) => tree.under(add_named(tree, field)?, &FIELD)?,
    };
    match &value {
        Ok(AdminValue::Text(text)) => heading.item().label(format_args!("{id}: {}", LossyText(text))),
        Ok(AdminValue::Seconds(seconds)) => heading.item().label(format_args!("{id}: {seconds} s")),
        Ok(AdminValue::Number(number)) => heading.item().label(format_args!("{id}: {number}")),
        _ => heading
            .item()
            .label(format_args!("{id}: {} bytes", field.data.len())),
    };
    heading.add(&FIELD_SIZE, part(field.bytes, FIELD_SIZE_AT))?;
    heading.add(&FIELD_ID, part(field.bytes, FIELD_ID_AT))?;
    match value {
        Ok(value) => data(&heading, field, &value),
        Err(error) => {
            if !field.data.is_empty() && error.at.as_ptr() != field.data.as_ptr() {
                heading.add(&FIELD_DATA, field.data)?;
            }
            common::add_error(&heading, &error)
        }
    }
}

/// The field's own line: the item of its value, where it has one that may be shown.
fn heading<'p>(tree: &Tree<'p>, field: &Field<'p>, value: &AdminValue<'p>) -> Guarded<Tree<'p>> {
    let (id, whole) = (field.id, field.bytes);
    let (item, of) = match *value {
        AdminValue::Text(text) => {
            let of = match id {
                FieldId::USER => &USER,
                FieldId::ROLE => &ROLE,
                _ => &WHITELIST,
            };
            (tree.text(of, whole, format_args!("{}", LossyText(text)))?, of)
        }
        AdminValue::Seconds(seconds) => (
            tree.time(&SESSION_TTL, whole, i64::from(seconds), 0)?,
            &SESSION_TTL,
        ),
        AdminValue::Number(number) => {
            let of = match id {
                FieldId::READ_QUOTA => &READ_QUOTA,
                FieldId::WRITE_QUOTA => &WRITE_QUOTA,
                _ => &CONNECTIONS,
            };
            (tree.uint(of, whole, number)?, of)
        }
        _ => (add_named(tree, field)?, &FIELD),
    };
    tree.under(item, of)
}

fn data<'p>(heading: &Tree<'p>, field: &Field<'p>, value: &AdminValue<'p>) -> Guarded {
    match *value {
        // In the heading.
        AdminValue::Text(_) | AdminValue::Seconds(_) | AdminValue::Number(_) => {}
        AdminValue::Secret(secret) => return hide(heading, field.id, secret),
        AdminValue::Roles(list) => return roles(heading, field, &list),
        AdminValue::Privileges(list) => return privileges(heading, field, &list),
        AdminValue::Numbers(list) => return numbers(heading, field, &list),
        AdminValue::Unknown(data) => {
            if !data.is_empty() {
                heading.add(&FIELD_DATA, data)?;
            }
        }
    }
    Ok(())
}

/// The line of a field without a single value.
fn add_named<'p>(tree: &Tree<'p>, field: &Field<'_>) -> Guarded<Item<'p>> {
    tree.text(&FIELD, field.bytes, format_args!("{}", field.id))
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// What gives access to whoever reads it.
fn hide(heading: &Tree<'_>, id: FieldId, secret: &[u8]) -> Guarded {
    if !preference::show_credentials() {
        heading.item().label(format_args!(
            "{id}: {} bytes, hidden (preference aerospike.show_credentials)",
            secret.len()
        ));
        heading
            .uint(&HIDDEN, secret, length(secret))?
            .label(format_args!("{id}: {} bytes, hidden", secret.len()));
        return Ok(());
    }
    heading.add(secret_field(id), secret)?;
    Ok(())
}

/// The field that shows what gives access, as the preference is set.
#[must_use]
pub fn secret_field(id: FieldId) -> &'static crate::epan::Field {
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
///
/// # Errors
/// What Wireshark threw.
pub fn add_broken<'p>(
    tree: &Tree<'p>,
    cover: &mut Cover<'p>,
    field: &'static crate::epan::Field,
    error: &Malformed<'p>,
) -> Guarded {
    let read = cover.until(error.at);
    if !read.is_empty() {
        tree.add(field, read)?;
    }
    common::add_error(tree, error)
}

/// What a list leaves of its field.
fn leftover(tree: &Tree<'_>, rest: &[u8]) -> Guarded {
    common::leftover(tree, "security field", rest)
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
                item.append(format_args!(" {}", LossyText(name)));
            }
            Err(error) => return add_broken(heading, &mut cover, &FIELD_DATA, &error),
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
            Err(error) => return add_broken(heading, &mut cover, &FIELD_DATA, &error),
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
        return common::add_error(heading, &error);
    }
    leftover(heading, cover.rest())
}

/// Bytes that may hold what gives access.
///
/// # Errors
/// What Wireshark threw.
pub fn opaque<'p>(tree: &Tree<'p>, bytes: &[u8]) -> Guarded<Item<'p>> {
    if preference::show_credentials() {
        return tree.add(&DATA, bytes);
    }
    let item = tree.uint(&HIDDEN, bytes, length(bytes))?;
    Ok(item.label(format_args!(
        "{} bytes, hidden (preference aerospike.show_credentials)",
        bytes.len()
    )))
}

/// As [`common::add_malformed`], for bytes that may hold what gives access.
///
/// # Errors
/// What Wireshark threw.
pub fn unreadable(tree: &Tree<'_>, error: &Malformed<'_>) -> Guarded {
    let item = opaque(tree, error.at)?;
    common::add_malformed(tree, item, error)
}
