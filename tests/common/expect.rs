//! Values of the operations lists against values in the tree.

use serde_json::Value;

use super::literal::Lit;
use super::pdml::Item;

const TYPED: [&str; 6] = [
    "aerospike.value.integer",
    "aerospike.value.float",
    "aerospike.value.string",
    "aerospike.value.bytes",
    "aerospike.value.bool",
    "aerospike.value.geojson",
];

/// Particle types by the kind of value.
pub mod particle {
    pub const NULL: i128 = 0;
    pub const MAP: i128 = 19;
    pub const LIST: i128 = 20;
    pub const HLL: i128 = 18;
}

/// How deep values are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Depth {
    /// Scalars; of lists and maps the particle type.
    #[default]
    Scalars,
    /// Every element, and the text of the whole.
    Elements,
}

/// Why an operation does not show this value.
pub fn value_problems(op: &Item, expected: &Lit, depth: Depth) -> Vec<String> {
    let mut problems: Vec<String> = scalar_problem(op, expected).into_iter().collect();
    if depth == Depth::Elements && matches!(expected.known(), Lit::List(_) | Lit::Tuple(_) | Lit::Dict(_)) {
        let missing = missing_scalars(op, expected);
        if !missing.is_empty() {
            problems.push(format!("{missing:?} is not shown in\n{}", op.outline()));
        }
        problems.extend(text_problem(op, expected));
    }
    problems
}

/// Why the typed values of an operation are not the value expected; lists and maps are only
/// looked at by their particle type. `None` if all is well.
pub fn scalar_problem(op: &Item, expected: &Lit) -> Option<String> {
    let kind = op.int_of("aerospike.op.particle_type");
    let wanted_kind = match expected.known() {
        Lit::None | Lit::Object(_) => Some(particle::NULL),
        Lit::List(_) | Lit::Tuple(_) => Some(particle::LIST),
        Lit::Dict(_) => Some(particle::MAP),
        Lit::Call(name, _) if name == "HyperLogLog" => Some(particle::HLL),
        _ => None,
    };
    if let Lit::Call(_, bytes) = expected.known() {
        if let Some(problem) = hll_problem(op, bytes) {
            return Some(problem);
        }
    }
    if let Some(wanted) = wanted_kind {
        return (kind != Some(wanted))
            .then(|| format!("particle type {kind:?}, not {wanted}\n{}", op.outline()));
    }
    let found = op.walk().find(|item| TYPED.contains(&item.name.as_str()));
    match found {
        Some(item) if is_scalar(item, expected) => None,
        _ => Some(format!("{expected:?} is not in\n{}", op.outline())),
    }
}

/// Why an HLL is not the one whose bytes these are: by its numbers of index and minhash bits.
pub fn hll_problem(item: &Item, arguments: &[Lit]) -> Option<String> {
    let [_, index, minhash, ..] = arguments.first()?.bytes()? else {
        return None;
    };
    let shown = [
        item.int_of("aerospike.value.hll_index_bits"),
        item.int_of("aerospike.value.hll_minhash_bits"),
    ];
    let wanted = [Some(i128::from(*index)), Some(i128::from(*minhash))];
    (shown != wanted).then(|| format!("HLL of {shown:?} bits, not {wanted:?}\n{}", item.outline()))
}

/// Whether a typed field shows this value.
pub fn is_scalar(item: &Item, expected: &Lit) -> bool {
    let starts = |whole: &[u8], part: &[u8]| match expected.is_partial() {
        true => whole.starts_with(part),
        false => whole == part,
    };
    match (item.name.strip_prefix("aerospike.value."), expected.known()) {
        (Some("integer"), Lit::Int(n)) => item.int() == Some(*n),
        (Some("float"), Lit::Float(x)) => is_float(item, *x),
        (Some("string" | "geojson"), Lit::Str(s)) => {
            starts(item.show.as_bytes(), escape(s).as_bytes()) || starts(item.show.as_bytes(), s.as_bytes())
        }
        // The item's bytes have its type and length, too.
        (Some("bytes"), Lit::Bytes(b) | Lit::ByteArray(b)) => {
            starts(&super::ops::from_hex(&item.show.replace(':', "")), b)
        }
        (Some("bool"), Lit::Bool(b)) => {
            let shown = if *b {
                ["1", "True", "true"]
            } else {
                ["0", "False", "false"]
            };
            shown.contains(&item.show.as_str())
        }
        _ => false,
    }
}

fn is_float(item: &Item, x: f64) -> bool {
    let Ok(shown) = item.show.parse::<f64>() else {
        return false;
    };
    let close = shown == x || (shown - x).abs() <= x.abs() * 1e-9;
    close && shown.is_sign_negative() == x.is_sign_negative()
}

/// Control characters as Wireshark writes them.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c => out.push(c),
        }
    }
    out
}

/// The scalars of a value, outermost first, in order; nil has no field.
pub fn scalars(lit: &Lit) -> Vec<&Lit> {
    match lit {
        Lit::Partial(inner) if !matches!(**inner, Lit::Str(_) | Lit::Bytes(_) | Lit::ByteArray(_)) => {
            scalars(inner)
        }
        Lit::None | Lit::Object(_) | Lit::Call(..) => Vec::new(),
        Lit::List(items) | Lit::Tuple(items) => items.iter().flat_map(scalars).collect(),
        Lit::Dict(pairs) => pairs
            .iter()
            .flat_map(|(k, v)| [scalars(k), scalars(v)].concat())
            .collect(),
        scalar => vec![scalar],
    }
}

/// Which scalars of the value have no typed field under the item, whatever their order.
pub fn missing_scalars<'a>(item: &Item, expected: &'a Lit) -> Vec<&'a Lit> {
    let mut typed: Vec<&Item> = item.walk().filter(|i| TYPED.contains(&i.name.as_str())).collect();
    let mut missing = Vec::new();
    for scalar in scalars(expected) {
        match typed.iter().position(|item| is_scalar(item, scalar)) {
            Some(at) => drop(typed.remove(at)),
            None => missing.push(scalar),
        }
    }
    missing
}

/// Why the text of a list or a map (`aerospike.value`) does not say the value: looked at where
/// the value can be written as JSON and is known to its end.
pub fn text_problem(item: &Item, expected: &Lit) -> Option<String> {
    if !json_can_say(expected) {
        return None;
    }
    let mut texts = item.all("aerospike.value").map(|i| i.show.as_str()).peekable();
    if texts.peek().is_none() {
        return Some(format!("no text of {expected:?}"));
    }
    let says =
        texts.any(|text| serde_json::from_str::<Value>(text).is_ok_and(|value| says(&value, expected)));
    let all: Vec<&str> = item
        .all("aerospike.value")
        .map(|i| i.show.as_str())
        .take(5)
        .collect();
    (!says).then(|| format!("{expected:?} is not among the texts {all:?}"))
}

fn json_can_say(lit: &Lit) -> bool {
    match lit {
        Lit::None | Lit::Bool(_) | Lit::Int(_) => true,
        Lit::Float(x) => x.is_finite(),
        Lit::Str(s) => s.chars().all(|c| c >= ' ') && s.len() < 200,
        Lit::List(items) => items.len() < 20 && items.iter().all(json_can_say),
        Lit::Dict(pairs) => pairs.iter().all(|(k, v)| k.str().is_some() && json_can_say(v)),
        _ => false,
    }
}

fn says(value: &Value, lit: &Lit) -> bool {
    match (value, lit) {
        (Value::Null, Lit::None) => true,
        (Value::Bool(a), Lit::Bool(b)) => a == b,
        (Value::Number(a), Lit::Int(b)) => a.to_string() == b.to_string(),
        (Value::Number(a), Lit::Float(b)) => a.as_f64() == Some(*b),
        (Value::String(a), Lit::Str(b)) => a == b,
        (Value::Array(a), Lit::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| says(a, b)),
        (Value::Object(a), Lit::Dict(b)) => {
            let same = |(k, v): &(Lit, Lit)| k.str().and_then(|k| a.get(k)).is_some_and(|a| says(a, v));
            a.len() == b.len() && b.iter().all(same)
        }
        _ => false,
    }
}

/// A user key as the plugin shows it: `42`, `user-1`, `0a0b0c`.
pub fn key_text(key: &Lit) -> Option<String> {
    match key.known() {
        Lit::Int(n) => Some(n.to_string()),
        Lit::Str(s) => Some(s.clone()),
        // The Python client takes `bytes` for a C string, and a bytearray for a blob.
        Lit::Bytes(b) => Some(String::from_utf8_lossy(b.split(|b| *b == 0).next()?).into_owned()),
        Lit::ByteArray(b) => Some(b.iter().map(|b| format!("{b:02x}")).collect()),
        _ => None,
    }
}
