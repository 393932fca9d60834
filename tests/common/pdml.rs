//! Frames as trees of items, from `tshark -T pdml`: it keeps order, nesting and positions.

use std::iter;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

/// A protocol or a field in the tree of a frame.
#[derive(Debug, Default)]
pub struct Item {
    /// Whether it is a protocol of its own.
    pub proto: bool,
    /// Filter name, such as `aerospike.msg.result_code`; empty for text alone.
    pub name: String,
    /// The line as the packet details show it.
    pub showname: String,
    /// The value as a filter would see it.
    pub show: String,
    /// The bytes it covers, in hexadecimal.
    pub value: String,
    pub pos: usize,
    pub size: usize,
    pub hidden: bool,
    pub children: Vec<Item>,
}

/// A packet of a capture.
#[derive(Debug)]
pub struct Frame {
    pub number: u32,
    /// Seconds since 1970.
    pub time: f64,
    /// The protocols, outermost first.
    pub items: Vec<Item>,
}

impl Item {
    /// This item and everything below it, in the order shown.
    pub fn walk(&self) -> Box<dyn Iterator<Item = &Item> + '_> {
        Box::new(iter::once(self).chain(self.children.iter().flat_map(Item::walk)))
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Item> {
        self.walk().filter(move |item| item.name == name)
    }

    pub fn first(&self, name: &str) -> Option<&Item> {
        self.walk().find(|item| item.name == name)
    }

    pub fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// What the first field of this name shows.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.first(name).map(|item| item.show.as_str())
    }

    /// The number of the first field of this name.
    pub fn int_of(&self, name: &str) -> Option<i128> {
        self.first(name).and_then(Item::int)
    }

    /// Whether the bit of this name is there and set.
    pub fn is_set(&self, name: &str) -> bool {
        self.first(name)
            .is_some_and(|item| ["1", "True"].contains(&item.show.as_str()))
    }

    /// The number shown, decimal or hexadecimal.
    pub fn int(&self) -> Option<i128> {
        match self.show.strip_prefix("0x") {
            Some(hex) => i128::from_str_radix(hex, 16).ok(),
            None => self.show.parse().ok(),
        }
    }

    /// The bytes covered.
    pub fn bytes(&self) -> Vec<u8> {
        super::ops::from_hex(&self.value)
    }

    /// The tree as text, for messages.
    pub fn outline(&self) -> String {
        let mut out = String::new();
        self.write_outline(0, &mut out);
        out
    }

    fn write_outline(&self, depth: usize, out: &mut String) {
        let line: String = self.showname.chars().take(150).collect();
        let line = if line.is_empty() {
            self.show.chars().take(150).collect()
        } else {
            line
        };
        out.push_str(&format!(
            "{:depth$}{} @{}+{}: {line}\n",
            "",
            self.name,
            self.pos,
            self.size,
            depth = depth * 2
        ));
        for child in &self.children {
            child.write_outline(depth + 1, out);
        }
    }
}

impl Frame {
    pub fn walk(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().flat_map(Item::walk)
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Item> {
        self.walk().filter(move |item| item.name == name)
    }

    pub fn first(&self, name: &str) -> Option<&Item> {
        self.walk().find(|item| item.name == name)
    }

    pub fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// The top items of this plugin's protocols.
    pub fn aerospike(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| is_ours(&item.name))
    }

    /// The tree of this plugin's protocols as text, for messages.
    pub fn outline(&self) -> String {
        let trees: String = self.aerospike().map(Item::outline).collect();
        format!("frame {}\n{trees}", self.number)
    }
}

/// Whether a field or protocol name is of this plugin.
pub fn is_ours(name: &str) -> bool {
    name == "aerospike" || name.starts_with("aerospike.")
}

/// The frames of a PDML document, which has to be well-formed as far as it goes.
pub fn parse(document: &str) -> Vec<Frame> {
    let mut frames = Vec::new();
    // The items that are open, outermost first; the first one stands for the packet.
    let mut open: Vec<Item> = Vec::new();
    let mut reader = Reader::from_str(document);
    loop {
        let event = reader.read_event();
        match event.unwrap_or_else(|e| panic!("PDML at byte {}: {e}", reader.error_position())) {
            Event::Start(tag) => match tag.name().as_ref() {
                b"packet" => open = vec![Item::default()],
                b"field" | b"proto" => open.push(item(&tag)),
                _ => {}
            },
            Event::Empty(tag) => {
                if let (b"field" | b"proto", Some(parent)) = (tag.name().as_ref(), open.last_mut()) {
                    parent.children.push(item(&tag));
                }
            }
            Event::End(tag) => match tag.name().as_ref() {
                b"packet" => frames.extend(open.pop().map(frame_of)),
                b"field" | b"proto" => {
                    if let (Some(item), Some(parent)) = (open.pop(), open.last_mut()) {
                        parent.children.push(item);
                    }
                }
                _ => {}
            },
            Event::Eof => return frames,
            _ => {}
        }
    }
}

fn item(tag: &BytesStart<'_>) -> Item {
    let mut item = Item {
        proto: tag.name().as_ref() == b"proto",
        ..Item::default()
    };
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.unwrap_or_else(|e| panic!("{tag:?}: {e}"));
        let text = || {
            let raw = std::str::from_utf8(&attribute.value).expect("UTF-8");
            let text = unescape(raw).unwrap_or_else(|e| panic!("{raw}: {e}"));
            text.into_owned()
        };
        match attribute.key.as_ref() {
            b"name" => item.name = text(),
            b"showname" => item.showname = text(),
            b"show" => item.show = text(),
            b"value" => item.value = text(),
            b"pos" => item.pos = text().parse().unwrap_or_default(),
            b"size" => item.size = text().parse().unwrap_or_default(),
            b"hide" => item.hidden = text() == "yes",
            _ => {}
        }
    }
    item
}

/// A packet with its number and time; protocols below TCP and UDP are left out.
fn frame_of(packet: Item) -> Frame {
    let number = packet.int_of("frame.number").unwrap_or_default() as u32;
    let time = packet
        .text_of("frame.time_epoch")
        .and_then(|t| t.parse().ok())
        .unwrap_or_default();
    let below = ["geninfo", "frame", "eth", "sll", "sll2", "null", "ip", "ipv6"];
    let mut items = packet.children;
    items.retain(|item| !below.contains(&item.name.as_str()));
    Frame { number, time, items }
}

#[test]
fn a_packet_of_pdml_becomes_a_tree() {
    let text = "<pdml>\n<packet>\n<proto name=\"frame\"><field name=\"frame.number\" show=\"7\"/></proto>\
        <proto name=\"a\" showname=\"A &lt;b&gt;\" size=\"3\" pos=\"4\">\n\
        <field name=\"a.x\" hide=\"yes\" show=\"0x1f\" value=\"001f\" pos=\"5\" size=\"2\">\
        <field name=\"\" show=\"it&#x27;s &amp; > &quot;\"/></field></proto></packet></pdml>";
    let frames = parse(text);
    let [frame] = &frames[..] else {
        panic!("{frames:?}")
    };
    assert_eq!((frame.number, frame.items.len()), (7, 1));
    let x = frame.first("a.x").expect("a.x");
    assert_eq!(
        (x.int(), x.bytes(), x.hidden, x.pos, x.size),
        (Some(31), vec![0, 31], true, 5, 2)
    );
    assert_eq!(x.children[0].show, "it's & > \"");
    assert_eq!(frame.items[0].showname, "A <b>");
}
