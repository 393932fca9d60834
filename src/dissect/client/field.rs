//! Fields of a message or batch row.

use core::fmt;

use crate::dissect::exchange::context::MessageContext;
use crate::dissect::shared::common::{self, BIN_NAME, DIGEST, KEY, NAMESPACE, PARTITION, SET};
use crate::dissect::shared::hint;
use crate::dissect::shared::index::INDEX_NAME;
use crate::dissect::values::fields::expression::EXP_TEXT;
use crate::dissect::values::fields::{cdt, value};
use crate::dissect::values::{bin, predexp};
use crate::epan::{Guarded, Item, Tree};
use crate::wire::client::fields::field::{DIGEST_RIPE_ARRAY, Field, FieldType, FieldValue, SIZE_AT, TYPE_AT};
use crate::wire::client::fields::key::KeyLiteral;
use crate::wire::client::fields::query::{IndexRange, IndexType, Partitions, ScanOptions, UdfOp, WhereFlags};
use crate::wire::client::proto::Order;
use crate::wire::ground::input::Malformed;
use crate::wire::ground::text::LossyText;
use crate::wire::ground::time::UpdateTime;
use crate::wire::values::particle::{ParticleType, Value};
use crate::wire::values::tables::expression_ops::ResultType;
use crate::wire::values::text::predexp::PredexpText;
use crate::wire::values::text::value_text::{
    BinText, ContextText, ExpressionText, RawValueText, ValueText, geo,
};
use crate::wire::values::walk::expression::result_type;

fields! {
    FIELD: String, "aerospike.field", "Field", "Name of a field of a message that has no single value: its line; that of any other is its value's";
    FIELD_SIZE: U32, "aerospike.field.size", "Field size", "Length of type and data";
    FIELD_TYPE: U8, "aerospike.field.type", "Field type", "What the data is" .values(FieldType::TABLE);
    FIELD_DATA: Bytes, "aerospike.field.data", "Field data", "Data of a field that is not decoded further";
    RECORD_VERSION: U56, "aerospike.field.record_version", "Record version", "Version of a record in a transaction";
    MRT_ID: U64, "aerospike.field.mrt_id", "Transaction id", "Multi-record transaction that the request belongs to" .hex();
    MRT_DEADLINE: AbsoluteTime, "aerospike.field.mrt_deadline", "Transaction deadline", "When the transaction expires";
    TRID: U64, "aerospike.trid", "Transaction id", "Id of the scan or query";
    SCAN_FLAGS: U8, "aerospike.field.scan_flags", "Scan flags", "Priority and flags of an old scan" .hex();
    SCAN_PRIORITY: U8, "aerospike.field.scan_priority", "Scan priority", "Priority of an old scan" .values(crate::wire::client::fields::query::ScanPriority::TABLE);
    SCAN_FAIL_ON_CLUSTER_CHANGE: Boolean, "aerospike.field.scan_fail_on_cluster_change", "Fail on cluster change", "The scan ends when the cluster changes";
    SCAN_DISCONNECTED_JOB: Boolean, "aerospike.field.scan_disconnected_job", "Disconnected job", "The scan goes on without its client";
    SCAN_PERCENT: U8, "aerospike.field.scan_percent", "Scan percent", "Share of the partitions to scan";
    SOCKET_TIMEOUT: U32, "aerospike.field.socket_timeout", "Socket timeout", "How long the server waits for the client's socket; 0 is for ever" .milliseconds();
    RECS_PER_SEC: U32, "aerospike.field.recs_per_sec", "Records per second", "Limit of a scan or query";
    PID_COUNT: U16, "aerospike.field.pid_count", "Number of partitions", "Partitions that are asked for";
    PID_RANGE: String, "aerospike.field.pid_range", "Partitions", "Consecutive partitions that are asked for";
    DIGEST_COUNT: U32, "aerospike.field.digest_count", "Number of digests", "Digests in the field";
    SAMPLE_MAX: U64, "aerospike.field.sample_max", "Maximum records", "How many records a node may return";
    LUT: AbsoluteTime, "aerospike.field.lut", "Last update time", "When the record was updated at its source";
    BVAL: I64, "aerospike.field.bval", "Index value", "Value of the index at which the query goes on";
    INDEX_TYPE: U8, "aerospike.index.type", "Index type", "What of the bin is indexed" .values(IndexType::TABLE);
    INDEX_RANGES: U8, "aerospike.index.ranges", "Number of ranges", "Always 1";
    INDEX_NAME_SIZE: U8, "aerospike.index.bin_size", "Bin name length", "Length of the bin name";
    INDEX_PARTICLE: U8, "aerospike.index.particle_type", "Range type", "Particle type of start and end" .values(ParticleType::TABLE);
    INDEX_START_SIZE: U32, "aerospike.index.start_size", "Start length", "Length of the start of the range";
    INDEX_START: String, "aerospike.index.start", "Start", "First value of the range";
    INDEX_END_SIZE: U32, "aerospike.index.end_size", "End length", "Length of the end of the range";
    INDEX_END: String, "aerospike.index.end", "End", "Last value of the range";
    INDEX_CONTEXT: String, "aerospike.index.context", "Index context", "Where inside the bin the index is";
    UDF_FILENAME: String, "aerospike.udf.filename", "UDF module", "Module of the function, without .lua";
    UDF_FUNCTION: String, "aerospike.udf.function", "UDF function", "Function that is called";
    UDF_ARGLIST: String, "aerospike.udf.arglist", "UDF arguments", "Arguments of the function";
    UDF_OP: U8, "aerospike.udf.op", "UDF operation", "How the function is applied" .values(UdfOp::TABLE);
    BINLIST_COUNT: U8, "aerospike.field.bin_count", "Number of bins", "Bins that an old query asks for";
    BINLIST_NAME_SIZE: U8, "aerospike.field.bin_size", "Bin name length", "Length of a bin name that an old query asks for";
    WHERE_TEXT: String, "aerospike.where", "Condition", "What records have to fulfil, as the client writes it";
    ERROR_DETAILS: String, "aerospike.field.error_details", "Error details", "Subcode and message";
}

bit_sets! {
    WHERE_FLAGS: U8 of WhereFlags, "aerospike.where.flags", "Condition flags", "How the server is to treat the condition";
}

/// One field: its heading, size, type and data; of a batch without the rows.
///
/// # Errors
/// What Wireshark threw.
pub fn field<'p>(
    context: &MessageContext<'p>,
    tree: &Tree<'p>,
    field: &Field<'p>,
    value: &Result<FieldValue<'p>, Malformed<'p>>,
) -> Guarded {
    let (item, of) = match value {
        Ok(value) => heading(tree, field, value)?,
        Err(_) => (add_named(tree, field)?, &FIELD),
    };
    let heading = tree.under(item, of)?;
    label(&heading, field, value.as_ref().ok());
    size_and_type(context, &heading, field)?;
    let is_older = field.is_digest_array() || matches!(value, Ok(FieldValue::Predexp(_)));
    if context.is_request && !is_older {
        hint::too_new(&heading, field.kind, field.kind.since())?;
    }
    match value {
        Ok(value) => data(&heading, field, value),
        Err(error) => common::malformed_in(&heading, field.data, error),
    }
}

/// What stands in front of the data.
///
/// # Errors
/// What Wireshark threw.
pub fn size_and_type(context: &MessageContext<'_>, heading: &Tree<'_>, field: &Field<'_>) -> Guarded {
    heading.add_in(&FIELD_SIZE, &field.bytes[SIZE_AT], context.order)?;
    let kind = heading.add(&FIELD_TYPE, &field.bytes[TYPE_AT])?;
    if field.is_digest_array() {
        kind.label(format_args!("Field type: {DIGEST_RIPE_ARRAY} ({})", field.kind.0));
    }
    Ok(())
}

/// The field's own line: the item of its value, so that a filter or column made of the line is on that. What has no
/// single value is a [`FIELD`].
fn heading<'p>(
    tree: &Tree<'p>,
    field: &Field<'p>,
    value: &FieldValue<'p>,
) -> Guarded<(Item<'p>, &'static crate::epan::Field)> {
    let whole = field.bytes;
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(match *value {
        FieldValue::Text(text) => {
            let of = text_field(field.kind);
            (tree.text(of, whole, format_args!("{}", LossyText(text)))?, of)
        }
        FieldValue::Key(key) => (tree.text(&KEY, whole, format_args!("{key}"))?, &KEY),
        FieldValue::RecordVersion(version) => {
            (tree.uint64(&RECORD_VERSION, whole, version)?, &RECORD_VERSION)
        }
        FieldValue::Digest(digest) => (tree.bytes(&DIGEST, whole, digest.0)?, &DIGEST),
        FieldValue::MrtId(id) => (tree.uint64(&MRT_ID, whole, id)?, &MRT_ID),
        FieldValue::MrtDeadline(deadline) => {
            let seconds = deadline.unix_seconds().unwrap_or(0);
            let seconds = i64::try_from(seconds).unwrap_or(0);
            (tree.time(&MRT_DEADLINE, whole, seconds, 0)?, &MRT_DEADLINE)
        }
        FieldValue::Digests(digests) => (
            tree.uint(&DIGEST_COUNT, whole, count(digests.count()))?,
            &DIGEST_COUNT,
        ),
        FieldValue::Trid(id) => (tree.uint64(&TRID, whole, id)?, &TRID),
        FieldValue::SocketTimeout(time) => (tree.uint(&SOCKET_TIMEOUT, whole, time)?, &SOCKET_TIMEOUT),
        FieldValue::RecordsPerSecond(limit) => (tree.uint(&RECS_PER_SEC, whole, limit)?, &RECS_PER_SEC),
        FieldValue::Partitions(partitions) => (
            tree.uint(&PID_COUNT, whole, count(partitions.count()))?,
            &PID_COUNT,
        ),
        FieldValue::SampleMax(limit) => (tree.uint64(&SAMPLE_MAX, whole, limit)?, &SAMPLE_MAX),
        FieldValue::Lut(time) => (update_time(tree, whole, time)?, &LUT),
        FieldValue::IndexRange(range) if !range.bin.is_empty() => (
            tree.text(&BIN_NAME, whole, format_args!("{}", LossyText(range.bin)))?,
            &BIN_NAME,
        ),
        FieldValue::IndexType(kind) => (tree.uint(&INDEX_TYPE, whole, u32::from(kind.0))?, &INDEX_TYPE),
        FieldValue::UdfOp(kind) => (tree.uint(&UDF_OP, whole, u32::from(kind.0))?, &UDF_OP),
        FieldValue::Expression(input) => (
            tree.text(&EXP_TEXT, whole, format_args!("{}", ExpressionText(input)))?,
            &EXP_TEXT,
        ),
        FieldValue::Predexp(input) => (
            tree.text(&predexp::TEXT, whole, format_args!("{}", PredexpText(input)))?,
            &predexp::TEXT,
        ),
        FieldValue::Where(condition) => (
            tree.text(&WHERE_TEXT, whole, format_args!("{}", LossyText(condition.text)))?,
            &WHERE_TEXT,
        ),
        FieldValue::UdfArguments(list @ [_, ..]) => (
            tree.text(&value::VALUE, whole, format_args!("{}", ValueText(list)))?,
            &value::VALUE,
        ),
        FieldValue::IndexContext(list) => (
            tree.text(&cdt::CONTEXT_TEXT, whole, format_args!("{}", ContextText(list)))?,
            &cdt::CONTEXT_TEXT,
        ),
        FieldValue::ErrorDetails(map) => (
            tree.text(&value::VALUE, whole, format_args!("{}", RawValueText(map)))?,
            &value::VALUE,
        ),
        _ => (add_named(tree, field)?, &FIELD),
    })
}

/// The line of a field without a single value.
fn add_named<'p>(tree: &Tree<'p>, field: &Field<'_>) -> Guarded<Item<'p>> {
    tree.text(&FIELD, field.bytes, format_args!("{}", field.kind))
}

const fn text_field(kind: FieldType) -> &'static crate::epan::Field {
    match kind {
        FieldType::NAMESPACE => &NAMESPACE,
        FieldType::SET => &SET,
        FieldType::INDEX_NAME => &INDEX_NAME,
        FieldType::UDF_FILENAME => &UDF_FILENAME,
        _ => &UDF_FUNCTION,
    }
}

/// The heading's text: the field's type by its name, and the value.
fn label(heading: &Tree<'_>, field: &Field<'_>, value: Option<&FieldValue<'_>>) {
    if !heading.is_visible() {
        return;
    }
    let (item, kind) = (heading.item(), field.kind);
    match value {
        Some(FieldValue::Text(text)) => item.label(format_args!("{kind}: {}", LossyText(text))),
        Some(FieldValue::Key(key)) => item.label(format_args!("KEY: {} ({})", KeyLiteral(key), key.kind)),
        Some(FieldValue::RecordVersion(version)) => item.label(format_args!("RECORD_VERSION: {version}")),
        Some(FieldValue::Digest(digest)) => item.label(format_args!(
            "DIGEST_RIPE: {digest} (partition {})",
            digest.partition()
        )),
        Some(FieldValue::MrtId(id)) => item.label(format_args!("MRT_ID: {id:#018x}")),
        Some(FieldValue::Digests(digests)) => {
            let name = match kind {
                FieldType::MRT_DEADLINE => DIGEST_RIPE_ARRAY,
                kind => kind.name().unwrap_or_default(),
            };
            item.label(format_args!("{name}: {} digests", digests.count()))
        }
        Some(FieldValue::Trid(id)) => item.label(format_args!("TRID: {id}")),
        Some(FieldValue::SocketTimeout(time)) => item.label(format_args!("SOCKET_TIMEOUT: {time} ms")),
        Some(FieldValue::RecordsPerSecond(limit)) => item.label(format_args!("RECS_PER_SEC: {limit}")),
        Some(FieldValue::Partitions(partitions)) => {
            item.label(format_args!("PID_ARRAY: {} partitions", partitions.count()))
        }
        Some(FieldValue::SampleMax(limit)) => item.label(format_args!("SAMPLE_MAX: {limit}")),
        Some(FieldValue::Bvals(bvals)) => item.label(format_args!("BVAL_ARRAY: {} values", bvals.count())),
        Some(FieldValue::IndexRange(range)) => item.label(format_args!(
            "INDEX_RANGE: {}{}",
            LossyText(range.bin),
            Range(range)
        )),
        Some(FieldValue::IndexType(of)) => item.label(format_args!("INDEX_TYPE: {of}")),
        Some(FieldValue::UdfOp(of)) => item.label(format_args!("UDF_OP: {of}")),
        Some(FieldValue::Expression(input)) => item.label(format_args!("{kind}: {}", ExpressionText(input))),
        Some(FieldValue::Predexp(input)) => item.label(format_args!("{kind}: {}", PredexpText(input))),
        Some(FieldValue::UdfArguments(list @ [_, ..])) => {
            item.label(format_args!("UDF_ARGLIST: {}", ValueText(list)))
        }
        Some(FieldValue::IndexContext(list)) => {
            item.label(format_args!("INDEX_CONTEXT: {}", ContextText(list)))
        }
        Some(FieldValue::ErrorDetails(map)) => {
            item.label(format_args!("ERROR_DETAILS: {}", RawValueText(map)))
        }
        Some(FieldValue::MrtDeadline(_) | FieldValue::Lut(_)) => item,
        _ => item.label(format_args!("{kind}: {} bytes", field.data.len())),
    };
}

/// What stands below the heading besides size and type.
fn data<'p>(heading: &Tree<'p>, field: &Field<'p>, value: &FieldValue<'p>) -> Guarded {
    let bytes = field.data;
    match *value {
        FieldValue::Key(_) => common::key_type(heading, bytes)?,
        FieldValue::Digest(digest) => common::partition(heading, digest)?,
        FieldValue::Digests(digests) => {
            for digest in digests.iter() {
                common::digest(heading, digest)?;
            }
        }
        FieldValue::ScanOptions(options) => scan_options(heading, bytes, options)?,
        FieldValue::Partitions(partitions) => pids(heading, &partitions)?,
        FieldValue::Bvals(bvals) => {
            for bval in bvals.iter() {
                heading.add_in(&BVAL, bval.bytes, Order::Little)?;
            }
        }
        FieldValue::IndexRange(range) => index_range(heading, bytes, &range)?,
        FieldValue::BinList(list) => {
            heading.add(&BINLIST_COUNT, bytes.get(..1).unwrap_or_default())?;
            for name in list.iter() {
                match name {
                    Ok(name) => {
                        heading.add(&BINLIST_NAME_SIZE, &name.bytes[..1])?;
                        heading.add(&BIN_NAME, name.text)?;
                    }
                    Err(error) => common::add_error(heading, &error)?,
                }
            }
        }
        FieldValue::Batch(_) => {
            heading.add(&FIELD_DATA, bytes)?;
        }
        FieldValue::UdfArguments(list) => bin::arguments(heading, &UDF_ARGLIST, list)?,
        FieldValue::IndexContext(list) => bin::context(heading, &INDEX_CONTEXT, list)?,
        FieldValue::Expression(input) => {
            bin::expression(heading, input)?;
            let is_filter = field.kind == FieldType::PREDEXP;
            let given = result_type(input).filter(|given| is_filter && *given != ResultType::BOOL);
            if let Some(given) = given {
                heading.expert(&hint::NOT_BOOLEAN, format_args!("It gives {given}"))?;
            }
        }
        FieldValue::Predexp(input) => predexp::predexp(heading, input)?,
        FieldValue::Where(_) => heading
            .bits(&WHERE_FLAGS, bytes.get(..1).unwrap_or_default(), Order::Big)
            .map(|_| ())?,
        FieldValue::ErrorDetails(map) => bin::error_details(heading, &ERROR_DETAILS, map)?,
        FieldValue::Unknown(data) => {
            if !data.is_empty() {
                heading.add(&FIELD_DATA, data)?;
            }
        }
        FieldValue::Text(_)
        | FieldValue::RecordVersion(_)
        | FieldValue::MrtId(_)
        | FieldValue::MrtDeadline(_)
        | FieldValue::Trid(_)
        | FieldValue::SocketTimeout(_)
        | FieldValue::RecordsPerSecond(_)
        | FieldValue::SampleMax(_)
        | FieldValue::Lut(_)
        | FieldValue::IndexType(_)
        | FieldValue::UdfOp(_) => {}
    }
    Ok(())
}

/// A last-update time: milliseconds since 2010.
///
/// # Errors
/// What Wireshark threw.
pub fn update_time<'p>(tree: &Tree<'p>, part: &[u8], time: UpdateTime) -> Guarded<Item<'p>> {
    let (seconds, nanoseconds) = time.unix();
    tree.time(
        &LUT,
        part,
        i64::try_from(seconds).unwrap_or(0),
        i32::try_from(nanoseconds).unwrap_or(0),
    )
}

fn scan_options(tree: &Tree<'_>, bytes: &[u8], options: ScanOptions) -> Guarded {
    let (flags, percent) = bytes.split_at(1);
    tree.add(&SCAN_FLAGS, flags)?;
    tree.uint(&SCAN_PRIORITY, flags, u32::from(options.priority().0))?;
    tree.boolean(
        &SCAN_FAIL_ON_CLUSTER_CHANGE,
        flags,
        options.flags & ScanOptions::FAIL_ON_CLUSTER_CHANGE != 0,
    )?;
    tree.boolean(
        &SCAN_DISCONNECTED_JOB,
        flags,
        options.flags & ScanOptions::DISCONNECTED_JOB != 0,
    )?;
    tree.add(&SCAN_PERCENT, percent)?;
    Ok(())
}

/// Partition ids: a run of consecutive ones is one item, a single one stands for itself.
pub fn pids(tree: &Tree<'_>, partitions: &Partitions<'_>) -> Guarded {
    for run in partitions.runs() {
        if run.first == run.last {
            tree.add_in(&PARTITION, run.bytes, Order::Little)?;
        } else {
            tree.text(&PID_RANGE, run.bytes, format_args!("{}-{}", run.first, run.last))?;
            // In sight the range is enough; filters and lists of fields find each of them all the same.
            if tree.wants(&PARTITION) {
                for id in run.bytes.chunks_exact(2) {
                    tree.add_in(&PARTITION, id, Order::Little)?.set_hidden();
                }
            }
        }
    }
    Ok(())
}

fn index_range<'p>(tree: &Tree<'p>, bytes: &'p [u8], range: &IndexRange<'p>) -> Guarded {
    tree.add(&INDEX_RANGES, range.n_ranges.bytes)?;
    tree.add(&INDEX_NAME_SIZE, bytes.get(1..2).unwrap_or_default())?;
    tree.add(&INDEX_PARTICLE, range.kind.bytes)?;
    let size_before = |part: &[u8]| {
        let at = (part.as_ptr() as usize).wrapping_sub(bytes.as_ptr() as usize);
        bytes.get(at.wrapping_sub(4)..at).unwrap_or_default()
    };
    tree.add(&INDEX_START_SIZE, size_before(range.start))?;
    match range.start() {
        Ok(start) => tree.text(
            &INDEX_START,
            range.start,
            format_args!("{}", Bound(range, &start)),
        )?,
        Err(error) => return common::add_error(tree, &error),
    };
    tree.add(&INDEX_END_SIZE, size_before(range.end))?;
    match range.end() {
        Ok(end) => tree.text(&INDEX_END, range.end, format_args!("{}", Bound(range, &end)))?,
        Err(error) => return common::add_error(tree, &error),
    };
    Ok(())
}

/// The type of a place in GeoJSON.
const POINT: &[u8] = b"\"Point\"";

/// A range behind the name of its bin or index: ` = 30`, ` 20 to 30`.
pub struct Range<'r, 'a>(pub &'r IndexRange<'a>);

impl fmt::Display for Range<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(range) = *self;
        match (range.start(), range.end()) {
            // A point asks for the regions that contain it, a region for the points within.
            (Ok(Value::Text(json)), _) if range.kind.value == ParticleType::GEOJSON => {
                let is_point = json.windows(POINT.len()).any(|part| part == POINT);
                f.write_str(if is_point { " contains " } else { " within " })?;
                geo(f, json)
            }
            (Ok(start), Ok(_)) if range.start == range.end => write!(f, " = {}", Bound(range, &start)),
            (Ok(start), Ok(end)) => write!(f, " {} to {}", Bound(range, &start), Bound(range, &end)),
            _ => Ok(()),
        }
    }
}

/// The start or end of a range; GeoJSON stands there as mere text.
struct Bound<'r, 'a>(&'r IndexRange<'a>, &'r Value<'a>);

impl fmt::Display for Bound<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.kind.value, self.1) {
            (ParticleType::GEOJSON, Value::Text(json)) => geo(f, json),
            (_, value) => BinText(value).fmt(f),
        }
    }
}
