//! What the tests on captures share.
//!
//! [`captures`] says where captures are, [`ops`] reads what was done to make them, [`host`] runs
//! Wireshark's tools with the plugin, [`pdml`] reads their output, [`exchange`] puts requests
//! and answers together, and this file keeps one dump of each capture a test process.

#![allow(dead_code)]

pub mod batch;
pub mod captures;
pub mod cover;
pub mod diagnosis;
pub mod document;
pub mod exchange;
pub mod expect;
pub mod fields;
pub mod host;
pub mod info;
pub mod instructions;
pub mod literal;
pub mod literal_reader;
pub mod make;
pub mod ops;
pub mod pdml;
pub mod record;
pub mod sharkd;
pub mod whole;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use host::{host, lock};
use ops::OpsList;
use pdml::Frame;

/// A capture as the plugin shows it.
#[derive(Debug)]
pub struct Capture {
    pub name: String,
    pub frames: Vec<Frame>,
    /// What tshark said on stderr.
    pub stderr: String,
}

/// The dump of a capture with Wireshark's own settings; made once a test process.
pub fn capture(name: &str) -> Arc<Capture> {
    capture_with(name, &[])
}

/// The dump of a capture with options such as `-o aerospike.tcp.port:4333`.
pub fn capture_with(name: &str, options: &[&str]) -> Arc<Capture> {
    type Slot = Arc<OnceLock<Arc<Capture>>>;
    static DUMPS: OnceLock<Mutex<HashMap<String, Slot>>> = OnceLock::new();
    let key = format!("{name} {}", options.join(" "));
    let slot = lock(DUMPS.get_or_init(Mutex::default))
        .entry(key)
        .or_default()
        .clone();
    let dump = slot.get_or_init(|| Arc::new(dump(name, options)));
    dump.clone()
}

fn dump(name: &str, options: &[&str]) -> Capture {
    let mut args = options.to_vec();
    args.extend(["-T", "pdml"]);
    let ran = host().on(name, &args).expect_success();
    Capture {
        name: name.into(),
        frames: pdml::parse(&ran.text()),
        stderr: ran.stderr,
    }
}

impl Capture {
    /// The frames in which this plugin shows something.
    pub fn ours(&self) -> impl Iterator<Item = &Frame> {
        self.frames
            .iter()
            .filter(|frame| frame.aerospike().next().is_some())
    }
}

/// The operations list of a capture.
pub fn ops_of(name: &str) -> OpsList {
    let text = captures::ops_text(name).unwrap_or_else(|| panic!("{name}: no operations list"));
    OpsList::parse(&text).unwrap_or_else(|bad| panic!("{name}: {bad}"))
}

/// What was found wrong, said all at once.
#[derive(Default)]
pub struct Findings {
    list: Vec<String>,
    /// How deep values are looked at.
    pub depth: expect::Depth,
}

impl Findings {
    /// Findings of a look at every element of lists and maps, and at texts.
    pub fn deep() -> Findings {
        Findings {
            list: Vec::new(),
            depth: expect::Depth::Elements,
        }
    }

    pub fn add(&mut self, finding: impl Into<String>) {
        self.list.push(finding.into());
    }

    pub fn extend(&mut self, findings: impl IntoIterator<Item = String>) {
        self.list.extend(findings);
    }

    /// Notes the finding if the condition does not hold.
    pub fn check(&mut self, holds: bool, finding: impl FnOnce() -> String) {
        if !holds {
            self.list.push(finding());
        }
    }

    /// The findings made while a closure ran get a prefix.
    pub fn within(&mut self, prefix: &str, look: impl FnOnce(&mut Findings)) {
        let mut inner = Findings {
            list: Vec::new(),
            depth: self.depth,
        };
        look(&mut inner);
        self.list.extend(
            inner
                .list
                .into_iter()
                .map(|finding| format!("{prefix}: {finding}")),
        );
    }

    /// Fails the test if there are any.
    pub fn report(self) {
        if self.list.is_empty() {
            return;
        }
        let shown: Vec<&str> = self.list.iter().take(40).map(String::as_str).collect();
        panic!("{} findings\n{}", self.list.len(), shown.join("\n"));
    }
}
