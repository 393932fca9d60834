//! Users and roles: commands by name with their fields, results, and no secrets.

use crate::common::host::host;
use crate::common::literal::Lit;
use crate::common::ops::{Call, Outcome};
use crate::common::pdml::{Frame, Item};
use crate::common::record::check_records;
use crate::common::{Capture, Findings, capture, capture_with, ops_of};

const CAPTURES: [&str; 2] = ["security-auth-ce", "scenarios/security-login-ok"];
const AUTHENTICATE: i128 = 0;
const LOGIN: i128 = 20;

fn command(call: &Call) -> Option<i128> {
    Some(match call.name.strip_prefix("admin_")? {
        "create_user" => 1,
        "drop_user" => 2,
        "set_password" => 3,
        "change_password" => 4,
        "grant_roles" => 5,
        "revoke_roles" => 6,
        "query_users_info" | "query_user_info" => 9,
        "create_role" => 10,
        "drop_role" => 11,
        "grant_privileges" => 12,
        "revoke_privileges" => 13,
        "set_whitelist" => 14,
        "set_quotas" => 15,
        "query_roles" | "get_role" | "get_roles" => 16,
        _ => return None,
    })
}

/// A command with the results that came for it.
struct Command<'a> {
    frame: &'a Frame,
    code: i128,
    results: Vec<i128>,
    answers: Vec<&'a Frame>,
}

fn commands(capture: &Capture) -> Vec<Command<'_>> {
    let mut out: Vec<Command<'_>> = Vec::new();
    for frame in capture.frames.iter().filter(|frame| frame.has("aerospike.admin")) {
        if frame.is_request() {
            let codes = frame.all("aerospike.admin.command").filter_map(Item::int);
            out.extend(codes.map(|code| Command {
                frame,
                code,
                results: Vec::new(),
                answers: Vec::new(),
            }));
        } else if let Some(last) = out.last_mut() {
            last.results
                .extend(frame.all("aerospike.admin.result_code").filter_map(Item::int));
            last.answers.push(frame);
        }
    }
    out
}

/// Administration alone: connections begin with a login of their own.
fn administration(capture: &Capture) -> Vec<Command<'_>> {
    let mut all = commands(capture);
    all.retain(|command| command.code != LOGIN && command.code != AUTHENTICATE);
    all
}

#[test]
fn commands_have_their_names_fields_and_results() {
    let mut findings = Findings::default();
    for name in CAPTURES {
        let (list, capture) = (ops_of(name), capture(name));
        let calls: Vec<&Call> = list
            .calls()
            .filter(|c| command(c).is_some() && !c.stayed_home())
            .collect();
        let commands = administration(&capture);
        findings.check(calls.len() == commands.len(), || {
            format!("{name}: {} calls, but {} commands", calls.len(), commands.len())
        });
        for (call, found) in calls.iter().zip(&commands) {
            let place = format!(
                "{name} line {} {}, frame {}",
                call.line, call.name, found.frame.number
            );
            findings.within(&place, |findings| check_command(findings, call, found));
        }
    }
    findings.report();
}

fn check_command(findings: &mut Findings, call: &Call, found: &Command<'_>) {
    findings.check(Some(found.code) == command(call), || {
        format!("command {}", found.code)
    });
    let item = |text: &str| {
        found
            .frame
            .walk()
            .any(|i| i.show == text || i.show.split(',').any(|part| part == text))
    };
    let of_user = matches!(found.code, 1..=6 | 9) && !call.args.is_empty();
    if of_user {
        let user = found.frame.first("aerospike.admin.user").map(|i| i.show.as_str());
        findings.check(user == call.args[0].str(), || format!("user {user:?}"));
    }
    // A password is the second argument, and must not be looked for.
    let secret = matches!(found.code, 1 | 3 | 4);
    for (at, arg) in call
        .args
        .iter()
        .enumerate()
        .filter(|(at, _)| !(secret && *at == 1))
    {
        for text in texts(arg) {
            findings.check(item(&text), || {
                format!("argument {at}: {text:?} is not in\n{}", found.frame.outline())
            });
        }
    }
    for (name, arg) in &call.named {
        for text in texts(arg) {
            findings.check(item(&text), || {
                format!("{name}: {text:?} is not in\n{}", found.frame.outline())
            });
        }
    }
    let code = match &call.outcome {
        Outcome::Error { code, .. } => i128::from(*code),
        _ if matches!(found.code, 9 | 16) => 50,
        _ => 0,
    };
    findings.check(found.results.last() == Some(&code), || {
        format!("results {:?}, not {code}", found.results)
    });
    if let Outcome::Value(value) = &call.outcome {
        check_listing(findings, value, found);
    }
}

/// Users and roles returned: their names and those of their roles.
fn check_listing(findings: &mut Findings, value: &Lit, found: &Command<'_>) {
    if value.is_partial() {
        return;
    }
    let roles = value.get("roles").map(Lit::items).unwrap_or_default();
    for text in roles.iter().filter_map(Lit::str) {
        let shown = found
            .answers
            .iter()
            .any(|frame| frame.walk().any(|i| i.show == text));
        findings.check(shown, || format!("role {text} is not in the answer"));
    }
}

/// Strings and numbers of an argument; codes of privileges have names.
fn texts(arg: &Lit) -> Vec<String> {
    match arg {
        Lit::Str(s) => vec![s.clone()],
        Lit::Int(n) => vec![n.to_string()],
        Lit::List(items) => items.iter().flat_map(texts).collect(),
        Lit::Dict(pairs) => pairs.iter().flat_map(|(_, value)| texts(value)).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn logins_and_authentications_are_named() {
    let name = "scenarios/security-login-ok";
    let capture = capture(name);
    let all = commands(&capture);
    let count = |code| all.iter().filter(|command| command.code == code).count();
    assert!(
        count(LOGIN) >= 3,
        "{} logins: admin, bob and reader",
        count(LOGIN)
    );
    assert!(
        count(AUTHENTICATE) >= 4,
        "{} authentications",
        count(AUTHENTICATE)
    );
    let users: Vec<&str> = all
        .iter()
        .filter_map(|c| c.frame.first("aerospike.admin.user"))
        .map(|i| i.show.as_str())
        .collect();
    for user in ["admin", "bob", "reader"] {
        assert!(users.contains(&user), "{user} never logs in");
    }
}

const SECRETS: [&str; 4] = ["bobpw", "newpw", "$2a$", "243261"];

#[test]
fn secrets_are_not_shown() {
    let mut findings = Findings::default();
    for name in CAPTURES {
        for frame in capture(name)
            .frames
            .iter()
            .filter(|frame| frame.has("aerospike.admin"))
        {
            for item in frame.aerospike().flat_map(Item::walk) {
                for secret in SECRETS {
                    let shown = item.show.replace(':', "").contains(secret) || item.showname.contains(secret);
                    findings.check(!shown, || {
                        format!("{name} frame {}: {} shows {secret}", frame.number, item.name)
                    });
                }
            }
        }
    }
    findings.report();
}

#[test]
fn secrets_are_shown_where_the_preference_says_so() {
    let name = "security-auth-ce";
    let capture = capture_with(name, &["-o", "aerospike.show_credentials:TRUE"]);
    let shows = |item: &Item| item.show.contains("$2a$") || item.show.replace(':', "").contains("243261");
    assert!(
        capture.ours().any(|frame| frame.walk().any(shows)),
        "no credential is shown"
    );
}

/// `-z credentials` lists who logs in, with the frame; what proves it is not told.
#[test]
fn who_logs_in_is_listed() {
    let name = "scenarios/security-login-ok";
    let said = host()
        .on(name, &["-q", "-z", "credentials"])
        .expect_success()
        .text();
    let rows: Vec<Vec<&str>> = said
        .lines()
        .map(|line| line.split_whitespace().collect())
        .filter(|row: &Vec<&str>| row.get(1) == Some(&"Aerospike"))
        .collect();
    for (user, count) in [("admin", 1), ("bob", 1), ("reader", 1)] {
        let logins = rows.iter().filter(|row| row[2..] == [user, "login"]).count();
        assert_eq!(logins, count, "{user}\n{said}");
    }
    assert_eq!(rows.len(), 12, "{said}");
}

/// A part that is switched off is not taken apart, and gives nothing away either.
#[test]
fn switched_off_it_is_bytes() {
    let name = "scenarios/security-login-ok";
    let capture = capture_with(name, &["--disable-protocol", "aerospike.admin"]);
    let shown = |frame: &Frame| frame.has("aerospike.admin.command") || frame.has("aerospike.admin.user");
    assert!(!capture.frames.iter().any(shown));
    assert!(capture.ours().any(|frame| frame.has("aerospike.admin.hidden")));
}

/// Records read and written between the commands.
#[test]
fn records_are_as_ever() {
    let mut findings = Findings::default();
    for name in CAPTURES {
        findings.within(name, |findings| check_records(findings, &capture(name)));
    }
    findings.report();
}
