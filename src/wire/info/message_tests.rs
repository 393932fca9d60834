use super::*;
use crate::wire::examples;
use proptest::prelude::*;

fn texts<'a>(items: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    items
        .map(|item| String::from_utf8_lossy(item).into_owned())
        .collect()
}

#[test]
fn three_commands_in_one_request() {
    // 17.1
    let body = &examples::bytes("17.1")[8..];
    assert!(!is_response(body));
    let names = texts(commands(body).map(|command| command.name));
    assert_eq!(names, ["node", "peers-generation", "partition-generation"]);
    assert!(commands(body).all(|command| command.terminated));
    let last = &body[..body.len() - 1];
    assert!(!commands(last).last().unwrap().terminated);
    assert_eq!(commands(b"").count(), 0);
}

#[test]
fn three_answers_in_one_response() {
    // 17.2
    let body = &examples::bytes("17.2")[8..];
    assert!(is_response(body));
    let values = texts(answers(body).map(|answer| answer.value));
    assert_eq!(values, ["BB9B11300000000", "1", "0"]);
    assert_eq!(answers(body).next().unwrap().echo.unwrap().name, b"node");
    let empty = answers(b"services\t\n").next().unwrap();
    assert_eq!((empty.value, empty.terminated), (&b""[..], true));
}

#[test]
fn the_parts_of_a_command() {
    let command = InfoCommand::new(b"get-config:context=namespace;id=test");
    assert_eq!(command.name, b"get-config");
    assert_eq!(command.parameter(b"id"), Some(&b"test"[..]));
    let command = InfoCommand::new(b"sets/test/demo");
    assert_eq!(texts(command.arguments()), ["test", "demo"]);
    assert_eq!(command.parameters, None);
    let command = InfoCommand::new(b"sindex-create:ns=a/b;exp=kxaT=;x;");
    assert_eq!((command.name, command.arguments), (&b"sindex-create"[..], None));
    assert_eq!(command.parameter(b"ns"), Some(&b"a/b"[..]));
    assert_eq!(command.parameter(b"exp"), Some(&b"kxaT="[..]));
    assert_eq!(command.parameters().last().unwrap().value, None);
    let command = InfoCommand::new(b"racks:");
    assert_eq!(
        (command.name, command.parameters),
        (&b"racks"[..], Some(&b""[..]))
    );
    let command = InfoCommand::new(b"bu\0ild");
    assert_eq!((command.name, command.text), (&b"bu"[..], &b"bu\0ild"[..]));
    let command = InfoCommand::new(b"log/0:x=1");
    assert_eq!(
        (command.arguments, command.parameter(b"x")),
        (Some(&b"0"[..]), Some(&b"1"[..]))
    );
}

#[test]
fn a_refused_request_is_one_line_without_echo() {
    let body = b"ERROR:80:not authenticated\n";
    assert!(is_response(body));
    let answer = answers(body).next().unwrap();
    assert_eq!(answer.echo, None);
    let CommandOutcome::Failed(failure) = outcome(answer.value) else {
        panic!("no failure")
    };
    assert_eq!(failure.result(), Some(ResultCode::SEC_ERR_NOT_AUTHENTICATED));
    assert_eq!(
        (failure.digits, failure.text),
        (Some(&b"80"[..]), &b"not authenticated"[..])
    );
}

#[test]
fn errors_in_all_forms() {
    let failure = |value| match outcome(value) {
        CommandOutcome::Failed(failure) => (failure.code, failure.text),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        failure(b"ERROR:4:unrecognized command"),
        (Some(4), &b"unrecognized command"[..])
    );
    assert_eq!(failure(b"ERROR:4:a:b"), (Some(4), &b"a:b"[..]));
    assert_eq!(failure(b"ERROR::bad parameter"), (Some(1), &b"bad parameter"[..]));
    assert_eq!(failure(b"FAIL:201:no index"), (Some(201), &b"no index"[..]));
    assert_eq!(failure(b"ERROR:4"), (Some(4), &b""[..]));
    assert_eq!(
        failure(b"ERROR:unknown namespace"),
        (None, &b"unknown namespace"[..])
    );
    for plain in [
        &b"ERROR"[..],
        b"error",
        b"error-bad-hist-name",
        b"hist-unavailable",
        b"ns_type=unknown",
        b"type=unknown",
        b"error=compile_error;file=bad.lua;line=1;message=PG5hbWU+",
    ] {
        assert_eq!(failure(plain), (None, plain));
    }
    assert_eq!(outcome(b"ok"), CommandOutcome::Done);
    assert_eq!(outcome(b"OK"), CommandOutcome::Done);
    for value in [
        &b""[..],
        b"errors=0",
        b"okay",
        b"failed_best_practices=true;x=1",
        b"ERRORS=1",
    ] {
        assert_eq!(outcome(value), CommandOutcome::Value);
    }
}

proptest! {
    #[test]
    fn lines_fill_the_body(body: Vec<u8>) {
        let total: usize = commands(&body).map(|command| command.bytes.len()).sum();
        prop_assert_eq!(total, body.len());
        let total: usize = answers(&body).map(|answer| answer.bytes.len()).sum();
        prop_assert_eq!(total, body.len());
        for answer in answers(&body) {
            let _ = outcome(answer.value);
            let _ = answer.echo.map(|echo| echo.parameters().count() + echo.arguments().count());
        }
    }
}
