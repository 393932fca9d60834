use super::*;
use crate::wire::admin::privilege::Privilege;
use crate::wire::examples;
use proptest::prelude::*;

fn field(id: u8, data: &'static [u8]) -> Field<'static> {
    Field {
        bytes: data,
        size: 0,
        id: FieldId(id),
        data,
    }
}

#[test]
fn a_login_and_its_answer() {
    // 17.15
    let body = &examples::bytes("17.15")[8..];
    let (rest, login) = Message::parse(body).unwrap();
    assert!(rest.is_empty() && login.fault.is_none() && login.is_request() == Some(true));
    assert_eq!(
        (login.scheme, login.command, login.n_fields),
        (0, Command::LOGIN, 2)
    );
    let fields: Vec<_> = login.fields().map(Result::unwrap).collect();
    assert_eq!(
        (fields[0].size, fields[0].value()),
        (6, Ok(AdminValue::Text(b"admin")))
    );
    assert_eq!(fields[1].id, FieldId::CREDENTIAL);
    assert!(matches!(fields[1].value(), Ok(AdminValue::Secret(secret)) if secret.len() == 22));
    // 17.16
    let (_, answer) = Message::parse(&examples::bytes("17.16")[8..]).unwrap();
    assert_eq!(answer.is_request(), Some(false));
    let fields: Vec<_> = answer.fields().map(Result::unwrap).collect();
    assert_eq!(fields[0].value(), Ok(AdminValue::Secret(b"TOKEN-BYTES")));
    assert_eq!(fields[1].value(), Ok(AdminValue::Seconds(86400)));
    // 17.17
    let (_, refused) = Message::parse(&examples::bytes("17.17")[8..]).unwrap();
    assert_eq!(refused.result, ResultCode::SEC_ERR_NOT_SUPPORTED);
    assert_eq!(refused.is_request(), Some(false));
    for cut in 0..body.len() {
        match Message::parse(&body[..cut]) {
            Ok((_, message)) => assert!(message.fault.is_some()),
            Err(_) => assert!(cut < HEADER),
        }
    }
}

#[test]
fn privileges_have_a_scope_from_10_on() {
    let data = b"\x03\0\x0a\x04test\x03set\x0d\0\0";
    let Ok(AdminValue::Privileges(list)) = field(12, data).value() else {
        panic!("no privileges")
    };
    let grants: Vec<_> = list.iter().map(Result::unwrap).collect();
    assert_eq!(grants[0].privilege, Privilege::USER_ADMIN);
    assert_eq!(grants[0].namespace, None);
    assert_eq!(grants[1].privilege.to_string(), "read");
    assert_eq!(
        (grants[1].namespace, grants[1].set),
        (Some(&b"test"[..]), Some(&b"set"[..]))
    );
    assert_eq!(
        (grants[2].namespace, grants[2].set),
        (Some(&b""[..]), Some(&b""[..]))
    );
    assert_eq!(grants[2].bytes.len(), 3);
}

#[test]
fn lists_stop_at_their_first_error() {
    let Ok(AdminValue::Roles(roles)) = field(10, b"\x02\x04read\x09wr").value() else {
        panic!("no roles")
    };
    let mut roles = roles.iter();
    assert_eq!(roles.next(), Some(Ok(&b"read"[..])));
    assert!(roles.next().unwrap().is_err() && roles.next().is_none());
    let Ok(AdminValue::Numbers(numbers)) = field(16, b"\x03\0\0\0\x01\0\0\0\x02\0").value() else {
        panic!("no numbers")
    };
    assert!(numbers.iter().map(|n| n.value).eq([1, 2]));
    assert!(field(14, b"\0").value().is_err());
}

#[test]
fn several_users_in_one_body() {
    let user = b"\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02\0a";
    let mut body = user.to_vec();
    body.extend(user);
    assert_eq!(
        Messages::new(&body)
            .filter(|m| m.as_ref().is_ok_and(|m| m.fault.is_none()))
            .count(),
        2
    );
}

#[test]
fn secrets_are_marked() {
    let secret: Vec<u32> = FieldId::TABLE
        .iter()
        .filter(|row| FieldId(row.value as u8).is_sensitive())
        .map(|row| row.value)
        .collect();
    assert_eq!(secret, [1, 2, 3, 4, 5]);
}

#[test]
fn authenticate_is_told_from_answers() {
    let is_request = |n, fields: &[u8]| {
        let mut body = vec![0; 16];
        body[3] = n;
        body.extend(fields);
        Message::parse(&body).unwrap().1.is_request()
    };
    assert_eq!(is_request(2, b"\0\0\0\x02\0a\0\0\0\x02\x05t"), Some(true));
    assert_eq!(is_request(2, b"\0\0\0\x02\0a\0\0\0\x02\x0a\0"), Some(false));
    assert_eq!(is_request(1, b"\0\0\0\x02\0a"), None);
}

proptest! {
    #[test]
    fn messages_progress_and_end(body: Vec<u8>) {
        prop_assert!(Messages::new(&body).count() <= body.len() / HEADER + 1);
    }

    #[test]
    fn no_value_panics(id in 0u8..20, data: Vec<u8>) {
        let field = Field { bytes: &data, size: 0, id: FieldId(id), data: &data };
        match field.value() {
            Ok(AdminValue::Roles(roles)) => prop_assert!(roles.iter().count() <= 255),
            Ok(AdminValue::Privileges(list)) => prop_assert!(list.iter().count() <= 255),
            Ok(AdminValue::Numbers(numbers)) => prop_assert!(numbers.iter().count() <= 255),
            _ => {}
        }
    }
}
