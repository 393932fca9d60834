//! The info protocol: commands and answers line by line.

use crate::dissect::exchange::body::{RequestBody, ResponseBody};
use crate::dissect::exchange::context::MessageContext;
use crate::dissect::exchange::{self, outcome, verdicts};
use crate::dissect::info::line::{Brief, Reason, RequestList, ResponseList, request_line, response_line};
use crate::dissect::info::value::{self, Names};
use crate::dissect::shared::common::{self, DATA, NAMESPACE, SET};
use crate::dissect::shared::index::INDEX_NAME;
use crate::dissect::shared::{column, result};
use crate::epan::fields::group::FieldGroup;
use crate::epan::taps::windows;
use crate::epan::{Guarded, Tree};
use crate::protocols::INFO;
use crate::track::client::stream;
use crate::track::cluster::builds;
use crate::track::cluster::partitions::{self, Ends};
use crate::wire::client::message::result_code::Weight;
use crate::wire::exchange::matching::EndFacts;
use crate::wire::ground::at::Cover;
use crate::wire::ground::base64;
use crate::wire::ground::text::LossyText;
use crate::wire::info::cluster::Replicas;
use crate::wire::info::message::{
    CommandOutcome, Failure, InfoAnswer, InfoCommand, Pairs, answers, commands, outcome,
};

fields! {
    LINE: String, "aerospike.info.line", "Line", "One command and its value, shortened: build = 8.1.0.3";
    NAME: String, "aerospike.info.name", "Name", "A command as it was sent, with its arguments and parameters";
    VALUE: String, "aerospike.info.value", "Value", "What the server answers to a command";
    COMMAND: String, "aerospike.info.command", "Command", "The name of a command alone";
    ARGUMENT: String, "aerospike.info.argument", "Argument", "What stands between the slashes of a command";
    PARAM_NAME: String, "aerospike.info.param.name", "Parameter name", "Name of a command's parameter";
    PARAM_VALUE: String, "aerospike.info.param.value", "Parameter value", "Value of a command's parameter";
    ERROR: String, "aerospike.info.error", "Error", "What went wrong, in the server's words";
    ERROR_CODE: U32, "aerospike.info.error_code", "Error code", "Result code in an error" .values(crate::wire::client::message::result_code::ResultCode::TABLE);
}

experts! {
    IGNORED: Note Protocol, "aerospike.expert.info_ignored", "An info command that gets no line of the answer";
    NO_NAMESPACE: Note Protocol, "aerospike.expert.info_replicas", "A partition map without a namespace: the client finds no node for any record of it";
}

/// All that an info message fills.
static CONTENT: FieldGroup = FieldGroup::new(
    &[FIELDS, value::FIELDS, common::FIELDS, &[&INDEX_NAME]],
    &[],
    &[common::EXPERTS, EXPERTS],
);

static PARAM: Names = Names {
    name: &PARAM_NAME,
    value: &PARAM_VALUE,
};

/// The body of an info message. `top` is the proto header's item.
///
/// # Errors
/// What Wireshark threw.
pub fn body<'p>(context: &MessageContext<'p>, tree: &Tree<'p>, top: &Tree<'p>) -> Guarded {
    let body = context.body;
    let is_cut = tree.source().is_cut();
    if windows::are_objects_wanted() {
        objects(context, body);
    }
    if context.is_request {
        let asked = exchange::on_request(context, &RequestBody::Info(body));
        column::line(context.packet, |out| {
            request_line(out, body)?;
            outcome::request_marks(out, context, asked.as_ref())
        });
        if tree.exists() {
            requests(tree, top, body, is_cut)?;
        }
        asked.map_or(Ok(()), |transaction| outcome::request(context, top, &transaction))
    } else {
        if !context.packet.is_visited() {
            note_build(context, body);
        }
        let linked = exchange::on_response(
            context,
            &ResponseBody::Info(body),
            EndFacts::default(),
            0,
            true,
            is_cut,
        );
        if let Some(stream) = context
            .stream
            .zip(context.conversation.map(stream::reference))
            .filter(|_| context.is_tracked)
        {
            let ends = Ends::of(context.packet, false);
            partitions::note_answer(context.packet, &ends, stream, body, is_cut);
        }
        column::line(context.packet, |out| {
            response_line(out, answers(body))?;
            outcome::response_marks(out, context.packet, linked.as_ref())
        });
        responses(tree, top, body)?;
        if let Some(answer) = linked.filter(|_| !is_cut) {
            missing_lines(top, answer.transaction.records, body)?;
        }
        verdicts::info_limit(top, body.len() as u64)?;
        outcome::response(context, top, linked.as_ref())
    }
}

/// Remembers the build that the server says it is.
fn note_build(context: &MessageContext<'_>, body: &[u8]) {
    for answer in answers(body) {
        if answer.echo.is_some_and(|command| command.text == b"build") {
            builds::note(context.packet, answer.value);
        }
    }
}

/// An answer has fewer lines than its request had commands.
fn missing_lines(top: &Tree<'_>, commands: u32, body: &[u8]) -> Guarded {
    if commands == 0 || !top.wants_expert(&IGNORED) {
        return Ok(());
    }
    let mut lines = 0u32;
    for answer in answers(body) {
        if answer.echo.is_none() {
            // It is about the request as a whole.
            return Ok(());
        }
        lines = lines.saturating_add(1);
    }
    if lines >= commands {
        return Ok(());
    }
    top.expert(&IGNORED, format_args!("{lines} lines answer {commands} commands"))
}

/// UDF modules that are stored or fetched, for those who export objects.
fn objects(context: &MessageContext<'_>, body: &[u8]) {
    let packet = context.packet;
    let found = |name: Option<&[u8]>, content: Option<&[u8]>| {
        if let (Some(name), Some(content)) = (name, content) {
            let most = content.len().saturating_mul(3) / 4;
            windows::object(packet, name, packet.gather(most, base64::decode(content)));
        }
    };
    if context.is_request {
        for command in commands(body).filter(|command| command.name == b"udf-put") {
            found(command.parameter(b"filename"), command.parameter(b"content"));
        }
        return;
    }
    for answer in answers(body) {
        if let Some(command) = answer.echo.filter(|command| command.name == b"udf-get") {
            let mut pairs = Pairs::new(answer.value, b';', b'=');
            let content = pairs.find(|pair| pair.name == b"content");
            found(
                command.parameter(b"filename"),
                content.and_then(|pair| pair.value),
            );
        }
    }
}

/// The info protocol's item over `body`; `None` if it is switched off: then the bytes are shown.
fn heading<'p>(tree: &Tree<'p>, top: &Tree<'p>, body: &'p [u8]) -> Guarded<Option<Tree<'p>>> {
    if INFO.is_enabled() {
        return tree.protocol(&INFO, body).map(Some);
    }
    if !body.is_empty() {
        top.add(&DATA, body)?;
    }
    Ok(None)
}

fn requests<'p>(tree: &Tree<'p>, top: &Tree<'p>, body: &'p [u8], is_cut: bool) -> Guarded {
    let Some(info) = heading(tree, top, body)? else {
        return Ok(());
    };
    info.item().label(format_args!(
        "Aerospike Info Protocol, request: {}",
        RequestList(body)
    ));
    if !info.wants_any(&CONTENT) {
        return Ok(());
    }
    for command in commands(body) {
        request(&info, &command, is_cut)?;
    }
    Ok(())
}

/// A command of a request.
///
/// # Errors
/// What Wireshark threw.
pub fn request<'p>(tree: &Tree<'p>, command: &InfoCommand<'p>, is_cut: bool) -> Guarded {
    let mut cover = Cover::new(command.bytes);
    let item = name(tree, command)?;
    if !command.terminated && !is_cut {
        item.append(format_args!(" (no line feed: the server ignores it)"));
        common::at(tree, item).expert(
            &IGNORED,
            format_args!("It ends without a line feed: the server does not read it"),
        )?;
    }
    cover.through(command.text);
    value::separator(tree, cover.rest())
}

fn responses<'p>(tree: &Tree<'p>, top: &Tree<'p>, body: &'p [u8]) -> Guarded {
    let Some(info) = heading(tree, top, body)? else {
        return Ok(());
    };
    if !info.wants_any(&CONTENT) {
        // An error is noted even if nobody looks.
        for answer in answers(body) {
            if let CommandOutcome::Failed(failure) = outcome(answer.value) {
                verdict(&info, answer.echo.as_ref(), &failure)?;
            }
        }
        return Ok(());
    }
    info.item().label(format_args!(
        "Aerospike Info Protocol, response: {}",
        ResponseList(body)
    ));
    for answer in answers(body) {
        response(&info, &answer)?;
    }
    Ok(())
}

/// An answer: its line, the echo and the value.
///
/// # Errors
/// What Wireshark threw.
pub fn response<'p>(tree: &Tree<'p>, answer: &InfoAnswer<'p>) -> Guarded {
    let mut cover = Cover::new(answer.bytes);
    // What was not captured of a value is not known, which is not to say that it is empty.
    let unknown = if answer.terminated { "" } else { "…" };
    let brief = Brief(answer.value, 160);
    let line = match &answer.echo {
        Some(echo) => {
            let command = LossyText(echo.text);
            let item = tree.text(&LINE, answer.bytes, format_args!("{command} = {brief}{unknown}"))?;
            item.label(format_args!("{command} = {brief}{unknown}"));
            let line = tree.under(item, &LINE)?;
            name(&line, echo)?;
            cover.through(echo.text);
            value::separator(&line, cover.until(answer.value))?;
            line
        }
        None => {
            let item = tree.text(&LINE, answer.bytes, format_args!("{brief}{unknown}"))?;
            item.label(format_args!("{brief}{unknown}"));
            tree.under(item, &LINE)?
        }
    };
    if !answer.terminated && answer.value.is_empty() {
        return value::separator(&line, cover.rest());
    }
    let command = answer.echo.as_ref();
    let item = line.add(&VALUE, answer.value)?;
    let value = line.under(item, &VALUE)?;
    match outcome(answer.value) {
        CommandOutcome::Done => {}
        CommandOutcome::Failed(failure) => {
            add_failure(&value, command, answer.value, &failure)?;
            verdict(&value, command, &failure)?;
        }
        CommandOutcome::Value => {
            value::pieces(&value, command, answer.value)?;
            let is_map = command.is_some_and(|command| command.name.starts_with(b"replicas"));
            if is_map && answer.terminated {
                partition_map(&value, answer.value)?;
            }
        }
    }
    cover.through(answer.value);
    value::separator(&line, cover.rest())
}

/// What clients make of a partition map that names no namespace.
fn partition_map(tree: &Tree<'_>, value: &[u8]) -> Guarded {
    let mut namespaces = 0u32;
    for row in Replicas::new(value) {
        if row.namespace.is_empty() {
            return tree.expert(&NO_NAMESPACE, format_args!("A row of the map names none"));
        }
        namespaces = namespaces.saturating_add(1);
    }
    if namespaces == 0 {
        return tree.expert(&NO_NAMESPACE, format_args!("The map is empty"));
    }
    Ok(())
}

/// A command's text, and its parts below.
fn name<'p>(tree: &Tree<'p>, command: &InfoCommand<'p>) -> Guarded<crate::epan::Item<'p>> {
    let item = tree.add(&NAME, command.text)?;
    let node = tree.under(item, &NAME)?;
    let mut cover = Cover::new(command.text);
    let part = cover.through(command.name);
    node.text(&COMMAND, part, format_args!("{}", LossyText(command.name)))?;
    for argument in command.arguments() {
        let part = cover.through(argument);
        node.text(&ARGUMENT, part, format_args!("{}", LossyText(argument)))?;
    }
    for pair in command.parameters() {
        value::pair(&node, &mut cover, Some(command), &pair, &PARAM)?;
    }
    let rest = cover.rest();
    if rest.contains(&0) {
        let item = node.add(&DATA, rest)?;
        item.append(format_args!(" (behind a NUL: the server does not read it)"));
    } else {
        value::separator(&node, rest)?;
    }
    scope(&node, command)?;
    Ok(item)
}

/// What the command is about, under the names that everything else has for it.
fn scope(tree: &Tree<'_>, command: &InfoCommand<'_>) -> Guarded {
    let fields: [&'static crate::epan::Field; 2] = match command.name {
        b"namespace" | b"sets" | b"bins" | b"truncate-namespace" => [&NAMESPACE, &SET],
        b"sindex" => [&NAMESPACE, &INDEX_NAME],
        _ => {
            for pair in command.parameters() {
                let field = match pair.name {
                    b"namespace" | b"ns" => &NAMESPACE,
                    b"set" => &SET,
                    b"indexname" => &INDEX_NAME,
                    _ => continue,
                };
                if let Some(value) = pair.value.filter(|value| !value.is_empty()) {
                    tree.add(field, value)?.set_generated();
                }
            }
            return Ok(());
        }
    };
    for (field, argument) in fields.into_iter().zip(command.arguments()) {
        if !argument.is_empty() {
            tree.add(field, argument)?.set_generated();
        }
    }
    Ok(())
}

/// An error's code and text under its value.
fn add_failure<'p>(
    tree: &Tree<'p>,
    command: Option<&InfoCommand<'p>>,
    value: &'p [u8],
    failure: &Failure<'p>,
) -> Guarded {
    let end = value.get(value.len()..).unwrap_or_default();
    let text = if failure.text.is_empty() {
        end
    } else {
        failure.text
    };
    let mut cover = Cover::new(value);
    let before = cover.until(text);
    match failure.code {
        Some(code) => {
            let item = tree.uint(&ERROR_CODE, before, code)?;
            if failure.digits.is_none() {
                item.append(format_args!(" (none is sent)"));
            }
        }
        None => value::separator(tree, before)?,
    }
    if let Some(result) = failure.result() {
        let part = failure.digits.unwrap_or(before);
        tree.uint(&common::RESULT, part, u32::from(result.0))?
            .set_generated()
            .set_hidden();
    }
    let error = tree.sub(&ERROR, text)?;
    if text.starts_with(b"error=") {
        value::failure(&error, command, text)?;
    }
    Ok(())
}

/// The expert item of an error.
fn verdict(tree: &Tree<'_>, command: Option<&InfoCommand<'_>>, failure: &Failure<'_>) -> Guarded {
    let expert = match failure.result() {
        Some(code) => result::expert(code),
        None if failure.text.ends_with(b"type=unknown") || failure.text == b"hist-unavailable" => {
            result::of_weight(Weight::Note)
        }
        None => result::of_weight(Weight::Warning),
    };
    let name = command.map_or(&b"info"[..], |command| command.text);
    match expert {
        Some(expert) => tree.expert(expert, format_args!("{}: {}", Brief(name, 80), Reason(failure))),
        None => Ok(()),
    }
}
