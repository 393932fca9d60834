//! Single frames in any order, from sharkd: the way a GUI asks for them, with the data source
//! and the exact position of every item.

use serde_json::{Value, json};

use super::host::host;

/// Identifies what goes before the frames, which go by their own numbers.
const SET_UP: u32 = 1_000_000_000;

/// An item in the tree of a frame.
#[derive(Debug)]
pub struct Node {
    pub label: String,
    /// Name of the field or protocol; empty for text alone.
    pub name: String,
    /// Where its bytes begin, in the data source.
    pub start: usize,
    pub length: usize,
    /// 0 is the frame; then what was reassembled or inflated.
    pub source: u64,
    pub generated: bool,
    pub proto: bool,
    pub children: Vec<Node>,
}

impl Node {
    pub fn walk(&self) -> Box<dyn Iterator<Item = &Node> + '_> {
        Box::new(std::iter::once(self).chain(self.children.iter().flat_map(Node::walk)))
    }

    fn of(value: &Value) -> Node {
        let at = |index: usize| value["h"][index].as_u64().unwrap_or_default() as usize;
        let filter = value["f"].as_str().unwrap_or_default();
        Node {
            label: value["l"].as_str().unwrap_or_default().into(),
            name: filter.split(' ').next().unwrap_or_default().into(),
            start: at(0),
            length: at(1),
            source: value["ds"].as_u64().unwrap_or_default(),
            generated: value["g"].as_bool().unwrap_or_default(),
            proto: value["t"] == "proto",
            children: nodes(&value["n"]),
        }
    }
}

fn nodes(value: &Value) -> Vec<Node> {
    value.as_array().into_iter().flatten().map(Node::of).collect()
}

/// The trees of frames of a capture, in the order asked for, with preferences set as named.
pub fn trees(capture: &str, preferences: &[(&str, &str)], frames: &[u32]) -> Vec<(u32, Vec<Node>)> {
    let path = host().capture(capture);
    let set =
        |(name, value): &(&str, &str)| request(SET_UP, "setconf", json!({ "name": name, "value": value }));
    let mut input: Vec<String> = preferences.iter().map(set).collect();
    input.push(request(SET_UP, "load", json!({ "file": path })));
    for frame in frames {
        input.push(request(*frame, "frame", json!({ "frame": frame, "proto": true })));
    }
    let ran = host()
        .run("sharkd", &["-"], &(input.join("\n") + "\n"))
        .expect_success();
    let mut out = Vec::new();
    for line in ran.text().lines() {
        let Ok(answer) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let id = answer["id"].as_u64().unwrap_or_default() as u32;
        if id == SET_UP {
            assert_eq!(answer["result"]["status"], "OK", "{line}");
        } else {
            out.push((id, nodes(&answer["result"]["tree"])));
        }
    }
    assert_eq!(
        out.len(),
        frames.len(),
        "sharkd did not answer for every frame of {capture}"
    );
    out
}

fn request(id: u32, method: &str, params: Value) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
}

/// The frames that pass each filter, one after the other over a capture that stays loaded: what nobody but the filter
/// asks for is not made.
pub fn passing(capture: &str, filters: &[&str]) -> Vec<Vec<u32>> {
    let path = host().capture(capture);
    let mut input = vec![request(SET_UP, "load", json!({ "file": path }))];
    for (filter, id) in filters.iter().zip(1u32..) {
        input.push(request(id, "frames", json!({ "filter": filter, "column0": "1" })));
    }
    let ran = host()
        .run("sharkd", &["-"], &(input.join("\n") + "\n"))
        .expect_success();
    let mut out = Vec::new();
    for line in ran.text().lines() {
        let Ok(answer) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        if answer["id"] == SET_UP {
            continue;
        }
        let number = |frame: &Value| frame["num"].as_u64().unwrap_or_default() as u32;
        let Some(frames) = answer["result"].as_array() else {
            panic!("{capture}: sharkd says {line}");
        };
        out.push(frames.iter().map(number).collect());
    }
    assert_eq!(
        out.len(),
        filters.len(),
        "sharkd did not answer for every filter of {capture}"
    );
    out
}
