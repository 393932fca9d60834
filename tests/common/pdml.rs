//! Frames as trees of items, from `tshark -T pdml`: it keeps order, nesting and positions.

use std::iter;

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

/// The frames of a PDML document.
pub fn parse(document: &str) -> Vec<Frame> {
    let mut frames = Vec::new();
    // The items that are open, outermost first; the first one stands for the packet.
    let mut open: Vec<Item> = Vec::new();
    let mut rest = document;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let end = tag_end(rest);
        let tag = &rest[..end];
        rest = &rest[end..];
        let name = tag.split([' ', '/', '\n']).next().unwrap_or_default();
        match name {
            "packet" => open = vec![Item::default()],
            "field" | "proto" => {
                let item = Item {
                    proto: name == "proto",
                    ..attributes(tag)
                };
                match open.last_mut() {
                    Some(parent) if tag.ends_with('/') => parent.children.push(item),
                    _ => open.push(item),
                }
            }
            _ if tag == "/field" || tag == "/proto" => {
                if let Some(item) = open.pop() {
                    if let Some(parent) = open.last_mut() {
                        parent.children.push(item);
                    }
                }
            }
            _ if tag == "/packet" => frames.extend(open.pop().map(frame_of)),
            _ => {}
        }
    }
    frames
}

/// Where a tag ends: the first `>` outside of quotes.
fn tag_end(text: &str) -> usize {
    let mut quoted = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

fn attributes(tag: &str) -> Item {
    let mut item = Item::default();
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once("=\"") {
        let Some((value, next)) = after.split_once('"') else {
            break;
        };
        match before.rsplit(' ').next().unwrap_or_default() {
            "name" => item.name = unescape(value),
            "showname" => item.showname = unescape(value),
            "show" => item.show = unescape(value),
            "value" => item.value = value.into(),
            "pos" => item.pos = value.parse().unwrap_or_default(),
            "size" => item.size = value.parse().unwrap_or_default(),
            "hide" => item.hidden = value == "yes",
            _ => {}
        }
        rest = next;
    }
    item
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').map_or(rest.len(), |end| end + 1);
        match &rest[..end] {
            "&amp;" => out.push('&'),
            "&lt;" => out.push('<'),
            "&gt;" => out.push('>'),
            "&quot;" => out.push('"'),
            "&apos;" => out.push('\''),
            code => {
                let hex = code
                    .strip_prefix("&#x")
                    .and_then(|c| u32::from_str_radix(c.trim_end_matches(';'), 16).ok());
                match hex.and_then(char::from_u32) {
                    Some(c) => out.push(c),
                    None => out.push_str(code),
                }
            }
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
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
