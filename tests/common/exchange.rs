//! Messages in the frames of a capture, and requests with their answers.

use super::Capture;
use super::pdml::{Frame, Item};

const HEADER: &str = "aerospike.msg.header_size";

/// One Aerospike message (of proto type 3, or inside type 4).
#[derive(Clone, Copy)]
pub struct Message<'a> {
    pub frame: &'a Frame,
    /// Everything shown of it, and of no other message.
    pub item: &'a Item,
}

/// A request, and what came back before the next request.
pub struct Exchange<'a> {
    pub request: Message<'a>,
    pub answers: Vec<Message<'a>>,
}

impl Frame {
    /// Whether the frame carries requests: all messages of a segment go the same way.
    pub fn is_request(&self) -> bool {
        self.has("aerospike.request")
    }

    /// The messages of type 3 whose header is in this frame, in order.
    pub fn messages(&self) -> Vec<Message<'_>> {
        let mut items = Vec::new();
        for item in self.aerospike() {
            collect(item, &mut items);
        }
        items
            .into_iter()
            .map(|item| Message { frame: self, item })
            .collect()
    }
}

/// The largest items that hold one message each.
fn collect<'a>(item: &'a Item, out: &mut Vec<&'a Item>) {
    let headers = item.all(HEADER).count();
    if headers == 1 {
        out.push(item);
    } else if headers > 1 {
        item.children.iter().for_each(|child| collect(child, out));
    }
}

impl<'a> Message<'a> {
    pub fn result_code(&self) -> Option<i128> {
        self.item.int_of("aerospike.msg.result_code")
    }

    /// The operations: a bin with its value each.
    pub fn ops(&self) -> Vec<&'a Item> {
        groups(self.item, "aerospike.op.size")
    }

    /// The operations on a bin.
    pub fn ops_on(&self, bin: &str) -> Vec<&'a Item> {
        let ops = self.ops();
        ops.into_iter()
            .filter(|op| op.text_of("aerospike.bin.name") == Some(bin))
            .collect()
    }

    /// The fields, with their type.
    pub fn fields(&self) -> Vec<&'a Item> {
        groups(self.item, "aerospike.field.size")
    }

    /// The rows of a batch request.
    pub fn rows(&self) -> Vec<&'a Item> {
        self.item.all("aerospike.batch.index").collect()
    }

    pub fn outline(&self) -> String {
        format!("frame {}\n{}", self.frame.number, self.item.outline())
    }
}

/// The items that have a child of this name.
pub fn groups<'a>(item: &'a Item, child: &str) -> Vec<&'a Item> {
    let has = |item: &&Item| item.children.iter().any(|c| c.name == child);
    item.walk().filter(has).collect()
}

impl Capture {
    /// All messages of type 3 in the order of the capture.
    pub fn messages(&self) -> Vec<Message<'_>> {
        self.frames.iter().flat_map(Frame::messages).collect()
    }

    /// Requests with their answers, in the order of the requests: right for a client that waits
    /// for an answer before it sends the next request.
    pub fn exchanges(&self) -> Vec<Exchange<'_>> {
        let mut exchanges: Vec<Exchange<'_>> = Vec::new();
        for message in self.messages() {
            if message.frame.is_request() {
                exchanges.push(Exchange {
                    request: message,
                    answers: Vec::new(),
                });
            } else if let Some(last) = exchanges.last_mut() {
                last.answers.push(message);
            }
        }
        exchanges
    }
}

impl<'a> Exchange<'a> {
    /// The first answer: the only one of a request on one record.
    pub fn answer(&self) -> Option<&Message<'a>> {
        self.answers.first()
    }
}
