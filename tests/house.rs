//! The house keeps its order: no circle of files, no arrow upwards, `unsafe` in one room, files that one can read.
//!
//! Read are the `use` lines of `src`, the paths that stand in the code, and the macros that are used. What is
//! re-exported belongs to the file that has it. Tests inside of `src` are left out: they may look at everything.
//! Longer than 500 lines: the rules, and the reader of Rust's words that they all need, which nobody else does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The rooms from the ground up, each line a floor. A file uses its own room and what is below its floor.
const FLOORS: &[&[&str]] = &[
    &["wire::ground"],
    &["wire::values::particle"],
    &["wire::values::tables"],
    &["wire::values::walk"],
    &["wire::values::text"],
    &["wire::client::proto"],
    &["wire::client::fields"],
    &["wire::client::message"],
    &["wire::info", "wire::admin"],
    &["wire::exchange"],
    &["wire::internode"],
    &["wire"],
    &["epan::guard"],
    &["epan::memory"],
    &["epan::fields"],
    &["epan::packet"],
    &["epan::tree"],
    &["epan::plugin"],
    &["epan::taps"],
    &["epan::reports"],
    &["epan"],
    &["protocols"],
    &["track::ground"],
    &["track::client", "track::internode"],
    &["track::record"],
    &["track::cluster"],
    &["track"],
    &["dissect::shared"],
    &["dissect::exchange"],
    &["dissect::values", "dissect::info", "dissect::admin"],
    &["dissect::client"],
    &["dissect::internode"],
    &["dissect"],
    &["stats::shared"],
    &["stats::diagnosis"],
    &["stats"],
    &["plugin"],
    &["lib"],
];

/// The only room with `unsafe`.
const UNSAFE_ROOM: &str = "epan";

/// The only file that tells one system from another, and how others could.
const SYSTEMS_FILE: &str = "src/epan/reports/system.c";
const SYSTEMS: [&str; 8] = [
    "_WIN32",
    "__APPLE__",
    "__linux__",
    "__GLIBC__",
    "target_os",
    "target_family",
    "cfg(windows",
    "cfg(unix",
];

/// Lines of a file that one can read; a longer one says in its first comment why it is long.
const LINES: usize = 500;
const REASON: &str = "Longer than 500 lines";

/// A file of `src`: a module.
struct File {
    /// `src/wire/ground/input.rs`
    name: String,
    /// `["wire", "ground", "input"]`
    module: Vec<String>,
    /// Its code without comments, texts and tests.
    code: Vec<Token>,
    text: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Token {
    Word(String),
    /// `::`
    Joint,
    Sign(char),
}

impl Token {
    fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            _ => None,
        }
    }

    fn is(&self, sign: char) -> bool {
        *self == Self::Sign(sign)
    }
}

/// Code as words and signs; comments, texts and characters are left out.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(end) = end_of_text(rest) {
            end
        } else if first.is_alphanumeric() || first == '_' {
            let is_inside = |letter: char| letter.is_alphanumeric() || letter == '_';
            let end = rest.find(|letter| !is_inside(letter)).unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            end
        } else if rest.starts_with("::") {
            tokens.push(Token::Joint);
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(Token::Sign(first));
            }
            first.len_utf8()
        };
        rest = &rest[end..];
    }
    tokens
}

/// Where the text or character ends that begins here.
fn end_of_text(rest: &str) -> Option<usize> {
    let start = rest.trim_start_matches(['b', 'c']);
    let skipped = rest.len() - start.len();
    if skipped > 1 {
        return None;
    }
    if let Some(raw) = start.strip_prefix('r') {
        let marks = raw.len() - raw.trim_start_matches('#').len();
        let inside = raw[marks..].strip_prefix('"')?;
        let close = format!("\"{}", "#".repeat(marks));
        let end = inside.find(&close)? + close.len();
        return Some(rest.len() - inside.len() + end);
    }
    let quote = start.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let mut letters = start.char_indices().skip(1);
    if quote == '\'' {
        // A lifetime has no closing mark behind its first letter.
        let (_, letter) = letters.next()?;
        let (_, next) = letters.clone().next()?;
        if letter != '\\' && next != '\'' {
            return None;
        }
        if letter == '\\' {
            letters.next();
        }
    }
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' {
            letters.next();
        } else if letter == quote {
            return Some(skipped + at + letter.len_utf8());
        }
    }
    None
}

/// The code without what is compiled for tests alone.
fn without_tests(code: &[Token]) -> Vec<Token> {
    let mark = tokens("#[cfg(test)]");
    let mut kept = Vec::new();
    let mut at = 0;
    while at < code.len() {
        if code[at..].starts_with(&mark) {
            at += mark.len();
            let mut depth = 0;
            while at < code.len() {
                match &code[at] {
                    Token::Sign('{') => depth += 1,
                    Token::Sign('}') => depth -= 1,
                    _ => {}
                }
                let ends = depth == 0 && (code[at].is(';') || code[at].is('}'));
                at += 1;
                if ends {
                    break;
                }
            }
        } else {
            kept.push(code[at].clone());
            at += 1;
        }
    }
    kept
}

/// All files of `src` but those that are tests.
fn house() -> Vec<File> {
    crate_in("src")
}

/// Those of the tools.
fn tools() -> Vec<File> {
    crate_in("report/src")
}

fn crate_in(folder: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of the source") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(root).expect("inside").display().to_string();
                let text = fs::read_to_string(&path).expect("readable");
                files.push(File {
                    module: module(&name),
                    code: without_tests(&tokens(&text)),
                    name,
                    text,
                });
            }
        }
    }
    let tests: BTreeSet<_> = files.iter().flat_map(test_files).collect();
    files.retain(|file| !tests.contains(&file.name));
    files.sort_by(|one, other| one.module.cmp(&other.module));
    files
}

fn module(name: &str) -> Vec<String> {
    let path = name.trim_start_matches("report/").trim_start_matches("src/");
    let path = path.trim_end_matches(".rs");
    let mut module: Vec<_> = path.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    module
}

/// The files that `file` has for tests alone: declared there as such.
fn test_files(file: &File) -> Vec<String> {
    let folder = if file.name.ends_with("/mod.rs") || file.name.ends_with("src/lib.rs") {
        file.name.rsplit_once('/').expect("a folder").0.to_owned()
    } else {
        file.name.trim_end_matches(".rs").to_owned()
    };
    let beside = file.name.rsplit_once('/').expect("a folder").0;
    let mut found = Vec::new();
    let mut is_test = false;
    let mut path = None;
    for line in file.text.lines().map(str::trim) {
        if line == "#[cfg(test)]" {
            is_test = true;
        } else if let Some(rest) = line.strip_prefix("#[path = \"") {
            path = Some(format!("{beside}/{}", rest.trim_end_matches("\"]")));
        } else if !line.starts_with("#[") {
            if let Some((_, name)) = line.trim_end_matches(';').rsplit_once("mod ").filter(|_| is_test) {
                found.push(path.take().unwrap_or_else(|| format!("{folder}/{name}.rs")));
            }
            (is_test, path) = (false, None);
        }
    }
    found
}

/// Who uses whom, by the files' names.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// The paths of a `use`, without the word itself: each with the name that it has in the file.
fn imports(code: &[Token], prefix: &[String], found: &mut Vec<(Vec<String>, String)>) {
    let mut path = prefix.to_vec();
    let mut at = 0;
    let mut alias = None;
    while let Some(token) = code.get(at) {
        match token {
            Token::Word(word) if word == "as" => alias = code.get(at + 1).and_then(Token::word),
            Token::Word(word) if alias.is_none() => path.push(word.clone()),
            Token::Sign('*') => path.push("*".to_owned()),
            Token::Sign('{') => {
                let inside = group(&code[at..]);
                for part in parts(inside) {
                    imports(part, &path, found);
                }
                return;
            }
            _ => {}
        }
        at += 1;
    }
    if path.last().is_some_and(|last| last == "self") && path.len() > prefix.len() && path.len() > 1 {
        path.pop();
    }
    let name = alias.or(path.last().map(String::as_str)).unwrap_or_default();
    found.push((path.clone(), name.to_owned()));
}

/// What stands between the bracket that `code` begins with and its end.
fn group(code: &[Token]) -> &[Token] {
    let mut depth = 0;
    for (at, token) in code.iter().enumerate() {
        match token {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &code[1..at];
        }
    }
    &[]
}

/// The parts of a list, at its commas.
fn parts(code: &[Token]) -> Vec<&[Token]> {
    let mut depth = 0;
    let is_comma = |token: &Token| {
        match token {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => depth -= 1,
            _ => {}
        }
        depth == 0 && token.is(',')
    };
    code.split(is_comma).filter(|part| !part.is_empty()).collect()
}

struct Names<'h> {
    files: &'h [File],
    /// What a module re-exports: module and name, and the path behind it.
    exports: BTreeMap<(Vec<String>, String), Vec<String>>,
    /// Which file has a macro.
    macros: BTreeMap<String, String>,
}

impl<'h> Names<'h> {
    fn of(files: &'h [File]) -> Self {
        let mut names = Self {
            files,
            exports: BTreeMap::new(),
            macros: BTreeMap::new(),
        };
        for file in files {
            for (path, name, is_export) in names.uses(file) {
                if is_export {
                    names.exports.insert((file.module.clone(), name), path);
                }
            }
            for window in file.code.windows(3) {
                if let [Token::Word(word), Token::Sign('!'), Token::Word(name)] = window {
                    if word == "macro_rules" {
                        names.macros.insert(name.clone(), file.name.clone());
                    }
                }
            }
        }
        names
    }

    fn is_module(&self, path: &[String]) -> bool {
        self.files.iter().any(|file| file.module.starts_with(path))
    }

    /// A path as it is written in a file, from the root of the crate; none if it is of another crate.
    fn absolute(&self, file: &File, path: &[String]) -> Option<Vec<String>> {
        let mut module = file.module.clone();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => (module, rest) = (Vec::new(), &rest[1..]),
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|first| first == "super") {
                    module.pop();
                    rest = &rest[1..];
                }
            }
            first => {
                module.push(first.to_owned());
                if !self.is_module(&module) {
                    return None;
                }
                rest = &rest[1..];
            }
        }
        module.extend_from_slice(rest);
        Some(module)
    }

    /// The `use`s of a file: the path from the root, the name, and whether it is given on.
    fn uses(&self, file: &File) -> Vec<(Vec<String>, String, bool)> {
        let mut uses = Vec::new();
        for (at, token) in file.code.iter().enumerate() {
            if token.word() != Some("use") {
                continue;
            }
            let end = file.code[at..].iter().position(|token| token.is(';'));
            let Some(end) = end else { continue };
            let mut found = Vec::new();
            imports(&file.code[at + 1..at + end], &[], &mut found);
            let is_export = at > 0 && (file.code[at - 1].word() == Some("pub") || file.code[at - 1].is(')'));
            for (path, name) in found {
                if let Some(path) = self.absolute(file, &path) {
                    uses.push((path, name, is_export));
                }
            }
        }
        uses
    }

    /// The file that has what a path names.
    fn file(&self, path: &[String]) -> Option<&'h File> {
        let known = |length: &usize| self.files.iter().any(|file| file.module == path[..*length]);
        let length = (1..=path.len()).rev().find(known)?;
        let module = &path[..length];
        if let Some(name) = path.get(length) {
            if let Some(real) = self.exports.get(&(module.to_vec(), name.clone())) {
                let mut real = real.clone();
                real.extend_from_slice(&path[length + 1..]);
                return self.file(&real);
            }
        }
        self.files.iter().find(|file| file.module == module)
    }

    /// The files that a file uses.
    fn uses_of(&self, file: &File) -> BTreeSet<String> {
        let uses = self.uses(file);
        let mut paths: Vec<Vec<String>> = Vec::new();
        // What is re-exported is used by those who ask for it.
        for (path, _, _) in uses.iter().filter(|(_, _, is_export)| !is_export) {
            // A module that is imported is used where its name stands.
            if !self.files.iter().any(|file| file.module == *path) {
                paths.push(path.clone());
            }
        }
        for path in paths_in(&file.code) {
            let import = uses.iter().find(|(_, name, _)| *name == path[0]);
            match import {
                Some((import, _, _)) => {
                    let mut whole = import.clone();
                    whole.extend_from_slice(&path[1..]);
                    paths.push(whole);
                }
                None => paths.extend(self.absolute(file, &path)),
            }
        }
        let mut used: BTreeSet<_> = paths
            .iter()
            .filter_map(|path| self.file(path))
            .map(|file| file.name.clone())
            .collect();
        for pair in file.code.windows(2) {
            if let [Token::Word(word), Token::Sign('!')] = pair {
                used.extend(self.macros.get(word).cloned());
            }
        }
        used.remove(&file.name);
        used
    }
}

/// The paths that stand in the code, at least two words each.
fn paths_in(code: &[Token]) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut is_joined = false;
    let mut is_use = false;
    // Who may see something is not who uses it.
    let mut is_visibility = false;
    for (at, token) in code.iter().enumerate() {
        is_use |= token.word() == Some("use");
        is_visibility |= token.word() == Some("in") && at > 1 && code[at - 2].word() == Some("pub");
        match token {
            Token::Word(word) if path.is_empty() || is_joined => path.push(word.clone()),
            Token::Joint if !path.is_empty() && !is_joined => {
                is_joined = true;
                continue;
            }
            _ => {
                if path.len() > 1 && !is_use && !is_visibility {
                    paths.push(std::mem::take(&mut path));
                }
                path.clear();
                path.extend(token.word().map(str::to_owned));
            }
        }
        is_joined = false;
        is_use &= !token.is(';');
        is_visibility &= !token.is(')');
    }
    paths
}

fn uses(files: &[File]) -> Uses {
    let names = Names::of(files);
    files
        .iter()
        .map(|file| (file.name.clone(), names.uses_of(file)))
        .collect()
}

/// The circles: sets of files of which each reaches all others.
fn circles(uses: &Uses) -> Vec<BTreeSet<String>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = uses
        .keys()
        .map(|file| (file.as_str(), reach(uses, file)))
        .collect();
    let mut circles = BTreeSet::new();
    for (file, others) in &reached {
        let circle: BTreeSet<String> = others
            .iter()
            .filter(|other| reached.get(**other).is_some_and(|back| back.contains(file)))
            .map(|other| (*other).to_owned())
            .collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

fn reach<'u>(uses: &'u Uses, from: &'u str) -> BTreeSet<&'u str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        for next in uses.get(file).into_iter().flatten() {
            if reached.insert(next.as_str()) {
                open.push(next);
            }
        }
    }
    reached
}

/// The floor of a file, and its room.
fn room(module: &[String]) -> (usize, &'static str) {
    let path = module.join("::");
    let is_in =
        |room: &str| path == room || path.strip_prefix(room).is_some_and(|rest| rest.starts_with("::"));
    let rooms = FLOORS
        .iter()
        .enumerate()
        .flat_map(|(floor, rooms)| rooms.iter().map(move |room| (floor, *room)));
    rooms
        .filter(|(_, room)| is_in(room))
        .max_by_key(|(_, room)| room.len())
        .unwrap_or_else(|| panic!("{path} is in no room of FLOORS"))
}

#[test]
fn there_is_no_circle_of_files() {
    let mut uses = uses(&house());
    uses.extend(self::uses(&tools()));
    let circles: Vec<String> = circles(&uses)
        .iter()
        .map(|circle| {
            let lines = circle.iter().map(|file| {
                let others: Vec<_> = uses[file].intersection(circle).cloned().collect();
                format!("  {file} uses {}", others.join(", "))
            });
            lines.collect::<Vec<_>>().join("\n")
        })
        .collect();
    assert!(
        circles.is_empty(),
        "{} circles:\n{}",
        circles.len(),
        circles.join("\n\n")
    );
}

#[test]
fn no_file_uses_what_is_above_it() {
    let files = house();
    let module = |name: &str| {
        files
            .iter()
            .find(|file| file.name == name)
            .map(|file| &file.module)
    };
    let mut wrong = Vec::new();
    for (name, others) in uses(&files) {
        let (floor, own) = room(module(&name).expect("a file"));
        for other in others {
            let (below, theirs) = room(module(&other).expect("a file"));
            if own != theirs && below >= floor {
                wrong.push(format!("{name} uses {other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "upwards:\n{}", wrong.join("\n"));
}

#[test]
fn only_one_room_has_unsafe() {
    for file in house().iter().filter(|file| file.module[0] != UNSAFE_ROOM) {
        let found = file.code.iter().any(|token| token.word() == Some("unsafe"));
        assert!(!found, "{} has `unsafe`", file.name);
    }
}

/// The sources in C, by their path and text.
fn sources_in_c() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src")
        .join(UNSAFE_ROOM);
    let inside = |folder: &Path| {
        fs::read_dir(folder)
            .expect("a room")
            .map(|entry| entry.expect("an entry").path())
    };
    let paths = inside(&folder)
        .filter(|path| path.is_dir())
        .flat_map(|room| inside(&room))
        .chain(inside(&folder));
    let is_c = |path: &std::path::PathBuf| {
        path.extension()
            .is_some_and(|ending| ending == "c" || ending == "h")
    };
    let files: Vec<_> = paths
        .filter(is_c)
        .map(|path| {
            let text = fs::read_to_string(&path).expect("readable");
            (path.display().to_string(), text)
        })
        .collect();
    assert!(files.len() > 5, "{} files in C", files.len());
    files
}

#[test]
fn one_file_tells_systems_apart() {
    let rust = house().into_iter().map(|file| (file.name, file.text));
    let found: Vec<String> = rust
        .chain(sources_in_c())
        .filter(|(_, text)| SYSTEMS.iter().any(|word| text.contains(word)))
        .map(|(name, _)| name)
        .collect();
    assert!(
        found.len() == 1 && found[0].ends_with(SYSTEMS_FILE),
        "only {SYSTEMS_FILE} tells systems apart: {found:?}"
    );
}

#[test]
fn long_files_say_why() {
    let is_long = |text: &str, comment: &[&str]| {
        let first = text
            .lines()
            .take_while(|line| comment.iter().any(|start| line.starts_with(start)));
        let mut reasons = first.filter(|line| line.contains(REASON));
        text.lines().count() > LINES && reasons.next().is_none()
    };
    let mut long: Vec<String> = Vec::new();
    for file in house().into_iter().chain(tools()) {
        if is_long(&file.text, &["//!"]) {
            long.push(file.name);
        }
    }
    for (name, text) in sources_in_c() {
        if is_long(&text, &["/*", " *"]) {
            long.push(name);
        }
    }
    assert!(
        long.is_empty(),
        "more than {LINES} lines, and no \"{REASON}\": {long:?}"
    );
}
