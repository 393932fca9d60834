//! Python literals, as the operations lists write keys, bins, policies and results.
//!
//! The lists cut a long value after some characters of its `repr` and say so:
//! `...<294021 chars, sha1 of repr 20397eacaa2f>`. What stands before the cut is kept and
//! marked [`Lit::Partial`], on the value that was cut and on everything around it, so that a
//! test compares what is known and nothing more.

/// A value as Python's `repr` writes it.
#[derive(Clone, Debug, PartialEq)]
pub enum Lit {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(String),
    Bytes(Vec<u8>),
    /// `bytearray(b'..')`: as bytes on the wire, but another kind of key for the Python client.
    ByteArray(Vec<u8>),
    Tuple(Vec<Lit>),
    List(Vec<Lit>),
    Dict(Vec<(Lit, Lit)>),
    /// `HyperLogLog(b'..')` and errors: a name and its arguments.
    Call(String, Vec<Lit>),
    /// `<aerospike.CDTInfinite object at 0x..>`: the name of its class.
    Object(String),
    /// The value was cut: what is here is its beginning.
    Partial(Box<Lit>),
}

impl Lit {
    /// The value without the mark that it was cut.
    pub fn known(&self) -> &Lit {
        match self {
            Lit::Partial(inner) => inner.known(),
            other => other,
        }
    }

    pub fn is_partial(&self) -> bool {
        matches!(self, Lit::Partial(_))
    }

    pub fn int(&self) -> Option<i128> {
        match self.known() {
            Lit::Int(n) => Some(*n),
            Lit::Bool(b) => Some(i128::from(*b)),
            _ => None,
        }
    }

    pub fn str(&self) -> Option<&str> {
        match self.known() {
            Lit::Str(s) => Some(s),
            _ => None,
        }
    }

    pub fn bytes(&self) -> Option<&[u8]> {
        match self.known() {
            Lit::Bytes(b) | Lit::ByteArray(b) => Some(b),
            _ => None,
        }
    }

    /// The elements of a list or a tuple.
    pub fn items(&self) -> &[Lit] {
        match self.known() {
            Lit::Tuple(items) | Lit::List(items) => items,
            _ => &[],
        }
    }

    /// The pairs of a dictionary.
    pub fn pairs(&self) -> &[(Lit, Lit)] {
        match self.known() {
            Lit::Dict(pairs) => pairs,
            _ => &[],
        }
    }

    /// The value of a dictionary under a string key.
    pub fn get(&self, key: &str) -> Option<&Lit> {
        let found = self.pairs().iter().find(|(k, _)| k.str() == Some(key));
        found.map(|(_, value)| value)
    }

    /// Whether this is an object of the class named, such as `aerospike.null`.
    pub fn is_object(&self, class: &str) -> bool {
        matches!(self.known(), Lit::Object(name) if name == class)
    }
}
