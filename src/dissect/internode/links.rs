//! Requests and answers between nodes: links, times, and the verdicts that follow from them.

use super::container::ShownMessage;
use crate::dissect::exchange::links::{self, Milliseconds};
use crate::epan::plugin::register::preference;
use crate::epan::{Guarded, Packet, Tree};
use crate::track::internode::fabric::{self, Exchange, ExchangePart, ExchangeState, Linked};

/// Links between a request and its answer, and the verdicts that follow from them.
///
/// # Errors
/// What Wireshark threw.
pub fn exchange_links(top: &Tree<'_>, message: &ShownMessage<'_, '_>, linked: &Linked) -> Guarded {
    let packet = message.packet;
    let Some((part, exchange)) = &linked.exchange else {
        return Ok(());
    };
    match part {
        ExchangePart::Request | ExchangePart::Again => request(top, packet, message.end, *part, exchange),
        ExchangePart::Answer | ExchangePart::AnswerAgain => {
            top.uint(&links::REQUEST_IN, &[], exchange.request_frame)?
                .set_generated();
            if *part == ExchangePart::AnswerAgain {
                return Ok(());
            }
            let taken = exchange.response_time();
            links::response_time(top, taken)?;
            let threshold = i64::from(preference::slow_threshold()).saturating_mul(1_000_000);
            if threshold > 0 && taken > threshold {
                top.expert(
                    &links::SLOW,
                    format_args!("Answered after {}", Milliseconds(taken)),
                )?;
            }
            Ok(())
        }
    }
}

fn request(
    top: &Tree<'_>,
    packet: Packet<'_>,
    end: Option<u32>,
    part: ExchangePart,
    exchange: &Exchange,
) -> Guarded {
    if part == ExchangePart::Again {
        top.uint(&links::RETRY_OF, &[], exchange.request_frame)?
            .set_generated();
        top.expert(
            &links::RETRY,
            format_args!(
                "Sent again: the same request in frame {} is not answered yet",
                exchange.request_frame
            ),
        )?;
    }
    if !packet.is_visited() {
        return Ok(());
    }
    if part == ExchangePart::Request && exchange.asked_again_in != 0 {
        top.uint(&links::RETRIED_IN, &[], exchange.asked_again_in)?
            .set_generated();
    }
    if exchange.state == ExchangeState::Answered {
        top.uint(&links::RESPONSE_IN, &[], exchange.answer_frame)?
            .set_generated();
        return Ok(());
    }
    if part == ExchangePart::Again || exchange.state != ExchangeState::Open {
        return Ok(());
    }
    let Some(ending) = packet.connection_end() else {
        return Ok(());
    };
    if fabric::of(packet).is_unanswered(exchange, ending.completeness & links::ENDED != 0) {
        top.expert(
            &links::NO_RESPONSE,
            format_args!(
                "No answer to a write that wants one{}",
                links::Ending(&ending, end)
            ),
        )?;
    }
    Ok(())
}
