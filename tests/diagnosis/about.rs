//! `docs/diagnosis.md` says of each finding what its rule says.

use std::fmt::Write;
use std::{env, fs};

use crate::common::captures::project;
use aerospike::stats::diagnosis::findings::Notice;
use aerospike::stats::diagnosis::rules;
use aerospike::stats::diagnosis::rules::rule::About;

const BEGIN: &str = "<!-- rules -->\n";
const END: &str = "<!-- end -->";

fn write_all() -> String {
    let mut abouts: Vec<&About> = rules::RULES.iter().flat_map(|rule| rule.about).collect();
    abouts.sort_by_key(|about| about.kind);
    let mut text = String::new();
    for about in abouts {
        write!(
            text,
            "\n### {}\n\n{}\n\n* **Evidence**: {}\n* **Silenced by**: {}\n* **Next**: {}\n",
            about.kind.name(),
            about.claim,
            about.evidence,
            about.silenced,
            about.next
        )
        .expect("text");
    }
    text + "\n"
}

#[test]
fn the_document_is_that_of_the_rules() {
    let path = project().join("docs/diagnosis.md");
    let document = fs::read_to_string(&path).expect("docs/diagnosis.md");
    let (head, rest) = document.split_once(BEGIN).expect("the beginning of the rules");
    let (found, tail) = rest.split_once(END).expect("the end of the rules");
    let wanted = write_all();
    if env::var_os("BLESS").is_some() && found != wanted {
        fs::write(&path, format!("{head}{BEGIN}{wanted}{END}{tail}")).expect("docs/diagnosis.md");
        return;
    }
    assert_eq!(found, wanted, "make docs");
}

#[test]
fn every_row_of_this_capture_is_in_the_document() {
    let document = fs::read_to_string(project().join("docs/diagnosis.md")).expect("docs/diagnosis.md");
    for notice in Notice::ALL {
        let row = format!("| `{}` |", notice.name());
        assert!(document.contains(&row), "{row}");
    }
}

#[test]
fn every_finding_has_one_rule() {
    for kind in aerospike::stats::diagnosis::findings::FindingKind::ALL {
        let rules = rules::RULES
            .iter()
            .flat_map(|rule| rule.about)
            .filter(|about| about.kind == *kind);
        assert_eq!(rules.count(), 1, "{}", kind.name());
    }
}
