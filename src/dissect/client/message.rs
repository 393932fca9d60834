//! Messages (AS_MSG): header, fields, operations; one or many in a body.

use core::fmt::{self, Write as _};

use super::{batch, batch_line, field, line, op};
use crate::dissect::client::stream::{Details, Path};
use crate::dissect::exchange::{first_pass as remember, links};
use crate::dissect::shared::{column, result};
use crate::dissect::shared::common::{self, DATA, OPERATION, PARTITION, RESULT};
use crate::dissect::values::{cdt, expression, predexp, value};
use crate::epan::group::FieldGroup;
use crate::epan::{Guarded, Tree};
use crate::protocols::MESSAGE;
use crate::track::transactions::{Answer, What};
use crate::wire::client::digest::Digest;
use crate::wire::client::field::{Field, FieldType, Value as FieldValue};
use crate::wire::client::key::{Key, KeyLiteral};
use crate::wire::client::info_bits::ErrorVerbosity;
use crate::wire::client::matching::{Expected, Facts};
use crate::wire::client::message::{
    GENERATION_AT, HEADER_SIZE_AT, Header, INFO1_AT, INFO2_AT, INFO3_AT, INFO4_AT, Info1, Info2, Info3,
    Info4, Message, Messages, N_FIELDS_AT, N_OPS_AT, Part, RECORD_TTL_AT, RESULT_CODE_AT, TRANSACTION_TTL_AT,
};
use crate::wire::client::proto::Order;
use crate::wire::client::request::{self, Request};
use crate::wire::client::result_code::ResultCode;
use crate::wire::ground::input::{self, Malformed};
use crate::wire::ground::text::{Text as Lossy, write_decimal, write_hex4};
use crate::wire::ground::time::{Ttl, VoidTime};
use crate::wire::values::particle::ParticleType;

fields! {
    HEADER_SIZE: U8, "aerospike.msg.header_size", "Header size", "22; servers do not check it";
    RESULT_CODE: U8, "aerospike.msg.result_code", "Result code", "Result of the request, record or row" .values(ResultCode::TABLE);
    GENERATION: U32, "aerospike.msg.generation", "Generation", "Expected or actual generation of the record";
    RECORD_TTL: U32, "aerospike.msg.record_ttl", "Record TTL", "Seconds to live, read-touch percentage, or void time";
    VOID_TIME: AbsoluteTime, "aerospike.msg.void_time", "Void time", "When the record expires";
    TRANSACTION_TTL: U32, "aerospike.msg.transaction_ttl", "Transaction TTL", "Request: timeout on the server in milliseconds; batch response: index of the row";
    N_FIELDS: U16, "aerospike.msg.n_fields", "Number of fields", "Fields that follow the header";
    N_OPS: U16, "aerospike.msg.n_ops", "Number of operations", "Operations that follow the fields";
    SC_READ_MODE: String, "aerospike.msg.sc_read_mode", "SC read mode", "Read mode in strong-consistency namespaces";
    PARTITION_DONE: Boolean, "aerospike.msg.partition_done", "Partition done", "The message says that a partition is finished";
}

experts! {
    HEADER_SIZE_ODD: Note Protocol, "aerospike.expert.header_size", "The header size is not 22";
}

bit_sets! {
    INFO1: U8 of Info1, "aerospike.msg.info1", "Info1", "Read bits";
    INFO2: U8 of Info2, "aerospike.msg.info2", "Info2", "Write bits";
    INFO3: U8 of Info3, "aerospike.msg.info3", "Info3", "Other bits";
    INFO4: U8 of Info4, "aerospike.msg.info4", "Info4", "Transaction bits" .groups(ErrorVerbosity::TABLE);
}

/// What fields and operations of every message fill.
static CONTENT: FieldGroup = FieldGroup::new(
    &[common::FIELDS, field::FIELDS, op::FIELDS, value::FIELDS, crate::epan::expert::FIELDS],
    &[op::BIT_SETS, field::BIT_SETS],
    &[common::EXPERTS],
);

/// What only batches, calls, lists, maps and expressions fill.
static RARE_CONTENT: FieldGroup = FieldGroup::new(
    &[cdt::FIELDS, expression::FIELDS, predexp::FIELDS, batch::FIELDS],
    &[cdt::BIT_SETS, expression::BIT_SETS, batch::BIT_SETS],
    &[],
);

/// The bits of a message's header.
static FLAGS: FieldGroup = FieldGroup::new(&[], &[BIT_SETS], &[]);

/// What the rows of a batch fill of a message's header.
static ROW_HEADERS: FieldGroup = FieldGroup::new(&[FIELDS], &[BIT_SETS], &[]);

/// What the Info column and the tracking need of a message, gathered in one walk over its fields.
#[derive(Clone, Copy, Default)]
pub struct Identity<'a> {
    /// NAMESPACE.
    pub namespace: &'a [u8],
    /// SET.
    pub set: &'a [u8],
    /// KEY.
    pub key: Option<Key<'a>>,
    /// DIGEST_RIPE.
    pub digest: Option<Digest<'a>>,
    /// UDF_FUNCTION.
    pub function: &'a [u8],
}

impl<'a> Identity<'a> {
    /// Of the fields of a message or row.
    pub fn of(fields: impl Iterator<Item = Result<Field<'a>, Malformed<'a>>>) -> Self {
        let mut identity = Self::default();
        for field in fields.flatten() {
            identity.add(&field);
        }
        identity
    }

    fn add(&mut self, field: &Field<'a>) {
        match field.kind {
            FieldType::NAMESPACE => self.namespace = field.data,
            FieldType::SET => self.set = field.data,
            FieldType::UDF_FUNCTION => self.function = field.data,
            FieldType::KEY
            | FieldType::DIGEST_RIPE
            => match field.value() {
                Ok(FieldValue::Key(key)) => self.key = Some(key),
                Ok(FieldValue::Digest(digest)) => self.digest = Some(digest),
                _ => {}
            },
            _ => {}
        }
    }
}

impl Identity<'_> {
    fn write_to(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        if !self.namespace.is_empty() {
            out.write_str(" ")?;
            Lossy(self.namespace).write_to(out)?;
            if !self.set.is_empty() {
                out.write_str(".")?;
                Lossy(self.set).write_to(out)?;
            }
        }
        if let Some(key) = &self.key {
            write!(out, " {}", KeyLiteral(key))
        } else if let Some(digest) = &self.digest {
            out.write_str(" ")?;
            write_hex4(out, digest.0.first_chunk().copied().unwrap_or_default())
        } else {
            Ok(())
        }
    }
}

/// ` test.demo "kv-1"` or ` test.demo e3db4872`.
impl fmt::Display for Identity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f)
    }
}

/// The body of a message: one message of a request, one or more of a response. `top` is the proto header's item.
///
/// # Errors
/// What Wireshark threw.
pub fn body<'p>(path: &Path<'p>, tree: &Tree<'p>, top: &Tree<'p>, order: Order, body: &'p [u8]) -> Guarded {
    if !MESSAGE.is_enabled() {
        top.add(&DATA, body)?;
        return Ok(());
    }
    if path.is_request {
        request_body(path, tree, top, order, body)
    } else {
        response_body(path, tree, top, order, body)
    }
}

fn request_body<'p>(
    path: &Path<'p>,
    tree: &Tree<'p>,
    top: &Tree<'p>,
    order: Order,
    body: &'p [u8],
) -> Guarded {
    let (rest, message) = match Message::parse(order, body) {
        Ok(parsed) => parsed,
        Err(error) => {
            let error = input::reason(error);
            column::line(path.packet, |out| write!(out, "Request malformed"));
            let transaction = path.asked(What::Other, Expected::Single, body, Details::default());
            common::malformed(&tree.protocol(&MESSAGE, error.at)?, &error)?;
            return transaction.map_or(Ok(()), |transaction| links::request(path, top, &transaction));
        }
    };
    let kind = request::of_message(&message);
    let identity = Identity::of(message.fields());
    column::line(path.packet, |out| {
        request_line(out, &message, kind, &identity)?;
        if message.fault.is_some() && !tree.source().is_cut() {
            write!(out, " [malformed]")?;
        }
        Ok(())
    });
    let details = Details {
        timeout: if kind.is_query() {
            0
        } else {
            message.header.transaction_ttl
        },
        memory: remember::request(path, &message, kind, &identity),
        counts_twice: counts_twice(&message, kind),
    };
    let transaction = path.asked(What::Message(kind), Expected::of_request(kind), body, details);
    if is_looked_at(tree) {
        one(path, tree, &message, kind)?;
        leftover(top, "request", rest)?;
    } else if let Some(fault) = &message.fault {
        common::malformed(tree, fault)?;
    }
    match transaction {
        Some(transaction) => links::request(path, top, &transaction),
        None => Ok(()),
    }
}

/// Whether the request does more when it is sent twice.
fn counts_twice(message: &Message<'_>, kind: Request) -> bool {
    let changes = |op: crate::wire::client::op::Op<'_>| op.code.counts_twice();
    match kind {
        Request::UDF => true,
        Request::OPERATE | Request::WRITE => message.ops().flatten().any(changes),
        _ => false,
    }
}

fn response_body<'p>(
    path: &Path<'p>,
    tree: &Tree<'p>,
    top: &Tree<'p>,
    order: Order,
    body: &'p [u8],
) -> Guarded {
    let mut answer = Summary::default();
    for message in Messages::new(order, body).flatten() {
        answer.add(&message);
        remember::response(path, &message);
    }
    // Before the tree: whether that can be made must not change what is remembered.
    let linked = path.answered(
        answer.facts,
        answer.records,
        answer.worst == ResultCode::OK,
        tree.source().is_cut(),
    );
    column::line(path.packet, |out| response_line(out, &answer, linked.as_ref()));
    let path = &Path {
        answer: linked,
        ..*path
    };
    for message in Messages::new(order, body) {
        match message {
            Ok(message) => one_of_response(path, tree, &message)?,
            Err(error) if is_looked_at(tree) => {
                common::malformed(&tree.protocol(&MESSAGE, error.at)?, &error)?;
            }
            Err(_) => {}
        }
    }
    if body.is_empty() && !tree.source().is_cut() {
        let error = Malformed::short(
            "message header",
            body,
            crate::wire::client::message::HEADER,
            "its fixed width",
        );
        common::malformed(&tree.protocol(&MESSAGE, body)?, &error)?;
    }
    match linked {
        Some(linked) => links::response(path, top, &linked),
        None => Ok(()),
    }
}

/// What the messages of a response say together.
#[derive(Default)]
pub struct Summary<'a> {
    facts: Facts,
    /// Messages.
    pub count: u32,
    /// Records, rows without an error, values.
    pub records: u32,
    /// Partitions that are said to be done.
    pub partitions: u32,
    /// Messages that only say that the answer ends.
    pub ends: u32,
    worst: ResultCode,
    errors: u32,
    last: Option<Message<'a>>,
}

impl<'a> Summary<'a> {
    fn add(&mut self, message: &Message<'a>) {
        self.facts.add(&message.header);
        self.count = self.count.saturating_add(1);
        let counter = match message.header.part() {
            Part::Record => Some(&mut self.records),
            Part::PartitionDone(_) => Some(&mut self.partitions),
            Part::Fin => Some(&mut self.ends),
            Part::Error => None,
        };
        if let Some(counter) = counter {
            *counter = counter.saturating_add(1);
        }
        if message.header.result_code != ResultCode::OK {
            self.errors = self.errors.saturating_add(1);
            self.worst = message.header.result_code;
        }
        self.last = Some(*message);
    }
}

fn one_of_response<'p>(path: &Path<'p>, tree: &Tree<'p>, message: &Message<'p>) -> Guarded {
    if is_looked_at(tree) {
        one(path, tree, message, Request::INVALID)
    } else {
        result::say(tree, message.header.result_code)
    }
}

/// Whether there is a tree, or a tap that wants to know what is wrong inside of messages.
fn is_looked_at(tree: &Tree<'_>) -> bool {
    tree.exists() || tree.wants_expert(&common::MALFORMED)
}

/// One message: its item, its header, its fields and operations.
fn one<'p>(path: &Path<'p>, tree: &Tree<'p>, message: &Message<'p>, kind: Request) -> Guarded {
    let top = tree.protocol(&MESSAGE, message.bytes)?;
    if path.is_request {
        if top.is_visible() {
            top.item().label(format_args!(
                "Aerospike Message Protocol, {kind}{}",
                Identity::of(message.fields())
            ));
        }
        top.uint(&OPERATION, message.header.bytes, u32::from(kind.0))?
            .generated();
    } else {
        top.item().label(format_args!(
            "Aerospike Message Protocol, {}",
            message.header.result_code
        ));
    }
    header(path, &top, &message.header, kind)?;
    if !path.is_request {
        batch::answered_row(path, &top, &message.header)?;
        result::say(&top, message.header.result_code)?;
    }
    if top.wants_any(&CONTENT)
        || !is_plain(message) && top.wants_any(&RARE_CONTENT)
        || kind == Request::BATCH && top.wants_any(&ROW_HEADERS)
    {
        for field in message.fields().flatten() {
            field::field(path, &top, &field, kind)?;
        }
        other_names(&top, message)?;
        for op in message.ops().flatten() {
            op::op(path, &top, &op)?;
        }
    }
    if let Some(fault) = &message.fault {
        common::malformed(&top, fault)?;
    }
    Ok(())
}

/// Whether a message has none but the simplest fields and values.
fn is_plain(message: &Message<'_>) -> bool {
    let is_field = |kind| {
        matches!(
            kind,
            FieldType::NAMESPACE | FieldType::SET | FieldType::KEY | FieldType::DIGEST_RIPE
        )
    };
    let is_value = |kind| {
        matches!(
            kind,
            ParticleType::NULL | ParticleType::INTEGER | ParticleType::FLOAT | ParticleType::STRING
        )
    };
    message.fields().flatten().all(|field| is_field(field.kind))
        && message
            .ops()
            .flatten()
            .all(|op| is_value(op.particle) && !op.has_call())
}

/// What follows from set and key, or from a digest that was seen with its key, if somebody looks: a walk over the
/// fields first.
fn other_names(top: &Tree<'_>, message: &Message<'_>) -> Guarded {
    let is_wanted = top.wants(&common::DIGEST)
        || top.wants(&PARTITION)
        || top.wants_expert(&common::DIGEST_MISMATCH)
        || common::wants_key(top);
    if message.header.n_fields == 0 || !is_wanted {
        return Ok(());
    }
    let Identity { set, key, digest, .. } = Identity::of(message.fields());
    match (key, digest) {
        (Some(key), digest) => common::digest_of_key(top, set, &key, digest),
        (None, Some(digest)) => common::seen_key(top, digest.0),
        (None, None) => Ok(()),
    }
}


fn header(path: &Path<'_>, top: &Tree<'_>, header: &Header<'_>, kind: Request) -> Guarded {
    let bytes = header.bytes;
    let order = header.order;
    top.add(&HEADER_SIZE, &bytes[HEADER_SIZE_AT])?;
    if top.wants_fields(&FLAGS) {
        top.bits(&INFO1, &bytes[INFO1_AT], Order::Big)?;
        top.bits(&INFO2, &bytes[INFO2_AT], Order::Big)?;
        top.bits(&INFO3, &bytes[INFO3_AT], Order::Big)?;
        top.bits(&INFO4, &bytes[INFO4_AT], Order::Big)?;
    }
    if header
        .info3
        .intersects(Info3::SC_READ_TYPE | Info3::SC_READ_RELAX)
    {
        top.text(
            &SC_READ_MODE,
            &bytes[INFO3_AT],
            format_args!("{}", header.info3.sc_read_mode()),
        )?
        .generated();
    }
    top.add(&RESULT_CODE, &bytes[RESULT_CODE_AT])?;
    if !path.is_request {
        top.uint(&RESULT, &bytes[RESULT_CODE_AT], u32::from(header.result_code.0))?
            .generated()
            .hidden();
    }
    let partition = match header.part() {
        Part::PartitionDone(partition) if !path.is_request => Some(partition),
        _ => None,
    };
    match partition {
        Some(partition) => {
            top.add_in(&GENERATION, &bytes[GENERATION_AT], order)?
                .append(format_args!(" (partition id)"));
            top.uint(&PARTITION, &bytes[GENERATION_AT], partition)?;
            top.boolean(&PARTITION_DONE, &bytes[INFO3_AT], true)?.generated();
        }
        None => {
            top.add_in(&GENERATION, &bytes[GENERATION_AT], order)?;
        }
    }
    let meaning = if path.is_request {
        kind.ttl(header.info2, header.record_ttl)
    } else {
        Ttl::of_response(header.record_ttl)
    };
    record_ttl(
        top,
        &bytes[RECORD_TTL_AT],
        header.record_ttl,
        order,
        meaning,
    )?;
    let timeout = top.add_in(&TRANSACTION_TTL, &bytes[TRANSACTION_TTL_AT], order)?;
    if path.is_request {
        match header.transaction_ttl {
            0 => timeout.append(format_args!(" (server default)")),
            milliseconds => timeout.append(format_args!(" (timeout {milliseconds} ms)")),
        };
    }
    top.add_in(&N_FIELDS, &bytes[N_FIELDS_AT], order)?;
    top.add_in(&N_OPS, &bytes[N_OPS_AT], order)?;
    if usize::from(header.header_size) != crate::wire::client::message::HEADER {
        top.expert(
            &HEADER_SIZE_ODD,
            format_args!(
                "header_sz is {}; servers do not check it and use 22",
                header.header_size
            ),
        )?;
    }
    Ok(())
}

/// `record_ttl` with its meaning; a void time as a date.
///
/// # Errors
/// What Wireshark threw.
pub fn record_ttl(tree: &Tree<'_>, part: &[u8], ttl: u32, order: Order, meaning: Ttl) -> Guarded {
    let item = tree.add_in(&RECORD_TTL, part, order)?;
    match meaning {
        Ttl::VoidTime(VoidTime(0)) | Ttl::Unused(0) => {}
        Ttl::VoidTime(time) => {
            let seconds = time
                .unix_seconds()
                .and_then(|seconds| i64::try_from(seconds).ok());
            if let Some(seconds) = seconds {
                tree.time(&VOID_TIME, part, seconds, 0)?.generated();
            }
        }
        Ttl::Seconds(_) => {
            item.append(format_args!(" seconds"));
        }
        meaning => {
            let _ = ttl;
            item.append(format_args!(" ({meaning})"));
        }
    }
    Ok(())
}

/// `Request put test.demo "k1" bins a, b`, `Request batch read 6 rows test.demo`, `Request explain test.demo where …`.
fn request_line(
    out: &mut dyn fmt::Write,
    message: &Message<'_>,
    kind: Request,
    identity: &Identity<'_>,
) -> fmt::Result {
    out.write_str("Request ")?;
    if kind == Request::BATCH {
        return batch_line::request(out, message);
    }
    line::kind(out, message, kind)?;
    identity.write_to(out)?;
    line::request(out, message, kind, identity)
}

/// `Response OK gen 2 (0.18 ms)`, `Response KEY_BUSY (3.2 ms)`, `Response 60 messages, 3 errors`.
fn response_line(out: &mut dyn fmt::Write, answer: &Summary<'_>, linked: Option<&Answer>) -> fmt::Result {
    let Some(message) = &answer.last else {
        return write!(out, "Response malformed");
    };
    let header = &message.header;
    out.write_str("Response ")?;
    if answer.count > 1 {
        batch_line::contents(out, answer, linked.map(|linked| linked.transaction.what))?;
        match answer.errors {
            0 => {}
            1 => write!(out, ", {}", answer.worst)?,
            errors => write!(out, ", {errors} not OK, last {}", answer.worst)?,
        }
        if header.part() == Part::Fin {
            write!(out, ", last")?;
        }
    } else {
        header.result_code.write_to(out)?;
        match header.part() {
            Part::Fin => out.write_str(" last")?,
            Part::PartitionDone(partition) => write!(out, " partition {partition} done")?,
            Part::Record | Part::Error => {
                if header.generation != 0 {
                    out.write_str(" gen ")?;
                    write_decimal(out, u64::from(header.generation), 1)?;
                }
                Identity::of(message.fields()).write_to(out)?;
            }
        }
        line::bins(out, message)?;
    }
    match linked.filter(|linked| linked.is_last) {
        Some(linked) => {
            out.write_str(" (")?;
            links::Milliseconds(linked.transaction.response_time()).write_to(out)?;
            out.write_str(")")
        }
        None => Ok(()),
    }
}

/// Bytes that follow the last structure of their container.
///
/// # Errors
/// What Wireshark threw.
pub fn leftover(tree: &Tree<'_>, what: &'static str, bytes: &[u8]) -> Guarded {
    if bytes.is_empty() {
        return Ok(());
    }
    let item = tree.add(&DATA, bytes)?;
    common::at(tree, item).expert(
        &common::MALFORMED,
        format_args!("{what}: {} bytes follow its end", bytes.len()),
    )
}
