//! The header of a message, and what its numbers mean.

use crate::dissect::exchange::context::MessageContext;
use crate::dissect::shared::common::{PARTITION, RESULT};
use crate::epan::fields::group::FieldGroup;
use crate::epan::{Field, Guarded, Tree};
use crate::wire::client::message::info_bits::ErrorVerbosity;
use crate::wire::client::message::request::Request;
use crate::wire::client::message::result_code::ResultCode;
use crate::wire::client::message::{
    GENERATION_AT, HEADER, HEADER_SIZE_AT, Header, INFO1_AT, INFO2_AT, INFO3_AT, INFO4_AT, Info1, Info2,
    Info3, Info4, N_FIELDS_AT, N_OPS_AT, RECORD_TTL_AT, RESULT_CODE_AT, ResponsePart, TRANSACTION_TTL_AT,
};
use crate::wire::client::proto::Order;
use crate::wire::ground::time::{Ttl, VoidTime};

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

/// The bits of a message's header.
static FLAGS: FieldGroup = FieldGroup::new(&[], &[BIT_SETS], &[]);

/// All that is in the header of a message; `row` is the field of the row that it answers, if it does.
///
/// # Errors
/// What Wireshark threw.
pub fn header(
    context: &MessageContext<'_>,
    top: &Tree<'_>,
    header: &Header<'_>,
    kind: Request,
    row: Option<&'static Field>,
) -> Guarded {
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
        .set_generated();
    }
    let result_code = top.add(&RESULT_CODE, &bytes[RESULT_CODE_AT])?;
    if context.is_request {
        // The byte is there, and means nothing.
        result_code.label(format_args!(
            "Result code: {} (unused in requests)",
            header.result_code.0
        ));
    } else {
        top.uint(&RESULT, &bytes[RESULT_CODE_AT], u32::from(header.result_code.0))?
            .set_generated()
            .set_hidden();
    }
    let partition = match header.part() {
        ResponsePart::PartitionDone(partition) if !context.is_request => Some(partition),
        _ => None,
    };
    match partition {
        Some(partition) => {
            top.add_in(&GENERATION, &bytes[GENERATION_AT], order)?
                .set_hidden();
            top.uint(&PARTITION, &bytes[GENERATION_AT], partition)?;
            top.boolean(&PARTITION_DONE, &bytes[INFO3_AT], true)?
                .set_generated();
        }
        None => {
            top.add_in(&GENERATION, &bytes[GENERATION_AT], order)?;
        }
    }
    let meaning = if context.is_request {
        kind.ttl(header.info2, header.record_ttl)
    } else {
        Ttl::of_response(header.record_ttl)
    };
    record_ttl(top, &bytes[RECORD_TTL_AT], order, meaning)?;
    let timeout = top.add_in(&TRANSACTION_TTL, &bytes[TRANSACTION_TTL_AT], order)?;
    if context.is_request {
        match header.transaction_ttl {
            0 => timeout.append(format_args!(" (server default)")),
            milliseconds => timeout.append(format_args!(" (timeout {milliseconds} ms)")),
        };
    } else if let Some(row) = row {
        // The same bytes, by what they are here.
        timeout.set_hidden();
        top.add_in(row, &bytes[TRANSACTION_TTL_AT], order)?;
    }
    top.add_in(&N_FIELDS, &bytes[N_FIELDS_AT], order)?;
    top.add_in(&N_OPS, &bytes[N_OPS_AT], order)?;
    if usize::from(header.header_size) != HEADER {
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
pub fn record_ttl(tree: &Tree<'_>, part: &[u8], order: Order, meaning: Ttl) -> Guarded {
    let item = tree.add_in(&RECORD_TTL, part, order)?;
    match meaning {
        Ttl::VoidTime(VoidTime(0)) | Ttl::Unused(0) => {}
        Ttl::VoidTime(time) => {
            let seconds = time
                .unix_seconds()
                .and_then(|seconds| i64::try_from(seconds).ok());
            if let Some(seconds) = seconds {
                tree.time(&VOID_TIME, part, seconds, 0)?.set_generated();
            }
        }
        Ttl::Seconds(_) => {
            item.append(format_args!(" seconds"));
        }
        meaning => {
            item.append(format_args!(" ({meaning})"));
        }
    }
    Ok(())
}
