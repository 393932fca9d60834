//! Reads Python literals, cut ones included.

use std::fmt;

use super::literal::Lit;

/// Why a text is no literal, and where.
#[derive(Debug)]
pub struct BadLiteral {
    pub at: usize,
    pub why: String,
}

impl fmt::Display for BadLiteral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at character {}", self.why, self.at)
    }
}

/// Reads literals one after the other from a text.
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    cut: bool,
}

/// `None`: the value was cut before anything of it was known.
type Read = Result<Option<Lit>, BadLiteral>;

impl<'a> Reader<'a> {
    pub fn new(text: &'a str) -> Self {
        Reader {
            text,
            at: 0,
            cut: false,
        }
    }

    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub fn skip_spaces(&mut self) {
        let trimmed = self.rest().trim_start_matches(' ');
        self.at = self.text.len() - trimmed.len();
    }

    /// Takes the token if it is next.
    pub fn take(&mut self, token: &str) -> bool {
        let next = self.rest().starts_with(token);
        if next {
            self.at += token.len();
        }
        next
    }

    pub fn bad<T>(&self, why: &str) -> Result<T, BadLiteral> {
        Err(BadLiteral {
            at: self.at,
            why: why.into(),
        })
    }

    /// One whole value; the mark of a cut behind it is consumed with it.
    pub fn value(&mut self) -> Result<Lit, BadLiteral> {
        let value = self.any()?;
        if self.cut || self.cut_here().is_some() {
            self.cut = false;
            self.at += self.cut_here().unwrap_or(0);
            return match value {
                Some(partial @ Lit::Partial(_)) => Ok(partial),
                Some(known) => Ok(Lit::Partial(Box::new(known))),
                None => Ok(Lit::Partial(Box::new(Lit::None))),
            };
        }
        match value {
            Some(value) => Ok(value),
            None => self.bad("no value"),
        }
    }

    /// `name(arg, name=arg)`: the arguments, the opening parenthesis being consumed already.
    #[allow(clippy::type_complexity)]
    pub fn arguments(&mut self) -> Result<(Vec<Lit>, Vec<(String, Lit)>), BadLiteral> {
        let (mut plain, mut named) = (Vec::new(), Vec::new());
        loop {
            self.skip_spaces();
            if self.take(")") {
                return Ok((plain, named));
            }
            match self.keyword() {
                Some(name) => named.push((name, self.value()?)),
                None => plain.push(self.value()?),
            }
            self.skip_spaces();
            if !self.take(",") && !self.rest().starts_with(')') {
                return self.bad("expected , or )");
            }
        }
    }

    fn keyword(&mut self) -> Option<String> {
        let name: String = self
            .rest()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        let after = &self.rest()[name.len()..];
        if name.is_empty() || !after.starts_with('=') {
            return None;
        }
        self.at += name.len() + 1;
        Some(name)
    }

    /// Length of the mark of a cut, if it is next.
    fn cut_here(&self) -> Option<usize> {
        let inner = self.rest().strip_prefix("...<")?;
        let digits = inner.find(|c: char| !c.is_ascii_digit())?;
        let sha = inner[digits..].strip_prefix(" chars, sha1 of repr ")?;
        let hex = sha.find(|c: char| !c.is_ascii_hexdigit())?;
        let whole = digits > 0 && hex == 12 && sha[hex..].starts_with('>');
        whole.then(|| self.rest().len() - sha.len() + hex + 1)
    }

    fn any(&mut self) -> Read {
        if self.cut_here().is_some() {
            self.cut = true;
            return Ok(None);
        }
        let rest = self.rest();
        match rest.chars().next() {
            Some('(') => self.sequence(")", Lit::Tuple),
            Some('[') => self.sequence("]", Lit::List),
            Some('{') => self.dictionary(),
            Some('<') => self.object(),
            Some('\'' | '"') => self.string(),
            Some('b') if rest[1..].starts_with(['\'', '"']) => self.byte_string(),
            Some(c) if c.is_ascii_digit() || "-+.".contains(c) => self.number(),
            Some(c) if c.is_alphabetic() => self.word(),
            _ => self.bad("expected a value"),
        }
    }

    fn sequence(&mut self, end: &str, make: fn(Vec<Lit>) -> Lit) -> Read {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.skip_spaces();
            if self.take(end) {
                return Ok(Some(make(items)));
            }
            items.extend(self.any()?);
            if self.stops() {
                return Ok(Some(Lit::Partial(Box::new(make(items)))));
            }
            self.skip_spaces();
            if self.take(",") {
                continue;
            }
            if self.stops() {
                return Ok(Some(Lit::Partial(Box::new(make(items)))));
            }
            if !self.rest().starts_with(end) {
                return self.bad("expected , or the end of a sequence");
            }
        }
    }

    /// Whether the text is cut here.
    fn stops(&mut self) -> bool {
        self.cut = self.cut || self.cut_here().is_some();
        self.cut
    }

    fn dictionary(&mut self) -> Read {
        self.at += 1;
        let mut pairs = Vec::new();
        loop {
            self.skip_spaces();
            if self.take("}") {
                return Ok(Some(Lit::Dict(pairs)));
            }
            let key = self.any()?;
            if !self.stops() {
                if !self.take(":") {
                    return self.bad("expected : in a dictionary");
                }
                self.skip_spaces();
                let value = self.any()?;
                pairs.extend(key.zip(value));
                self.skip_spaces();
            }
            if self.stops() {
                return Ok(Some(Lit::Partial(Box::new(Lit::Dict(pairs)))));
            }
            if !self.take(",") && !self.rest().starts_with('}') {
                return self.bad("expected , or } in a dictionary");
            }
        }
    }

    /// `<module.Class object at 0x7f1dce3a49d0>`
    fn object(&mut self) -> Read {
        let Some(end) = self.rest().find('>') else {
            return self.bad("object without an end");
        };
        let inside = &self.rest()[1..end];
        let class = inside.split(' ').next().unwrap_or_default();
        self.at += end + 1;
        Ok(Some(Lit::Object(class.into())))
    }

    fn string(&mut self) -> Read {
        let (chars, cut) = self.read_quoted()?;
        let text: String = chars.into_iter().filter_map(char::from_u32).collect();
        Ok(Some(self.maybe_partial(Lit::Str(text), cut)))
    }

    fn byte_string(&mut self) -> Read {
        self.at += 1;
        let (chars, cut) = self.read_quoted()?;
        let bytes: Vec<u8> = chars.into_iter().map(|c| c as u8).collect();
        Ok(Some(self.maybe_partial(Lit::Bytes(bytes), cut)))
    }

    fn maybe_partial(&mut self, value: Lit, cut: bool) -> Lit {
        self.cut = self.cut || cut;
        match cut {
            true => Lit::Partial(Box::new(value)),
            false => value,
        }
    }

    /// Code points between quotes, and whether the text was cut among them.
    fn read_quoted(&mut self) -> Result<(Vec<u32>, bool), BadLiteral> {
        let Some(quote) = self.rest().chars().next() else {
            return self.bad("expected a quote");
        };
        self.at += 1;
        let mut out = Vec::new();
        loop {
            if self.cut_here().is_some() {
                return Ok((out, true));
            }
            let Some(c) = self.rest().chars().next() else {
                return self.bad("string without an end");
            };
            self.at += c.len_utf8();
            if c == quote {
                return Ok((out, false));
            }
            if c != '\\' {
                out.push(c as u32);
            } else if !self.escape(&mut out)? {
                return Ok((out, true));
            }
        }
    }

    /// One escape after its backslash; false if the text is cut inside it.
    fn escape(&mut self, out: &mut Vec<u32>) -> Result<bool, BadLiteral> {
        if self.cut_here().is_some() {
            return Ok(false);
        }
        let Some(c) = self.rest().chars().next() else {
            return self.bad("escape without an end");
        };
        self.at += c.len_utf8();
        let digits = match c {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => {
                out.push(match c {
                    'n' => 10,
                    'r' => 13,
                    't' => 9,
                    '\\' | '\'' | '"' => c as u32,
                    _ => return self.bad("unknown escape"),
                });
                return Ok(true);
            }
        };
        let mut code = 0;
        for _ in 0..digits {
            if self.cut_here().is_some() {
                return Ok(false);
            }
            let Some(digit) = self.rest().chars().next().and_then(|c| c.to_digit(16)) else {
                return self.bad("bad hexadecimal escape");
            };
            self.at += 1;
            code = code * 16 + digit;
        }
        out.push(code);
        Ok(true)
    }

    fn number(&mut self) -> Read {
        let start = self.at;
        while let Some(c) = self.rest().chars().next() {
            let part = c.is_ascii_digit() || "+-.e".contains(c) || self.rest().starts_with("inf");
            if self.cut_here().is_some() || !part {
                break;
            }
            self.at += if c == 'i' { 3 } else { 1 };
        }
        if self.cut_here().is_some() {
            // Digits may be missing: nothing is known about the number.
            self.cut = true;
            return Ok(None);
        }
        let text = &self.text[start..self.at];
        if let Ok(n) = text.parse() {
            return Ok(Some(Lit::Int(n)));
        }
        match text.parse() {
            Ok(n) => Ok(Some(Lit::Float(n))),
            Err(_) => self.bad("bad number"),
        }
    }

    fn word(&mut self) -> Read {
        let word: String = self
            .rest()
            .chars()
            .take_while(|c| c.is_alphanumeric() || "_.".contains(*c))
            .collect();
        let word = word.trim_end_matches('.');
        self.at += word.len();
        if self.cut_here().is_some() {
            self.cut = true;
            return Ok(None);
        }
        if self.take("(") {
            return self.read_constructed(word);
        }
        match word {
            "None" => Ok(Some(Lit::None)),
            "True" => Ok(Some(Lit::Bool(true))),
            "False" => Ok(Some(Lit::Bool(false))),
            "inf" => Ok(Some(Lit::Float(f64::INFINITY))),
            "nan" => Ok(Some(Lit::Float(f64::NAN))),
            _ => self.bad("unknown word"),
        }
    }

    /// `bytearray(b'..')` or another constructor, after its parenthesis.
    fn read_constructed(&mut self, name: &str) -> Read {
        self.at -= 1;
        let inside = self.sequence(")", Lit::Tuple)?;
        let (partial, args) = match &inside {
            Some(lit) => (lit.is_partial(), lit.items().to_vec()),
            None => (true, Vec::new()),
        };
        let value = match args.first().and_then(Lit::bytes) {
            Some(bytes) if name == "bytearray" => Lit::ByteArray(bytes.to_vec()),
            _ => Lit::Call(name.into(), args),
        };
        Ok(Some(if partial {
            Lit::Partial(Box::new(value))
        } else {
            value
        }))
    }
}

/// The whole text as one literal.
pub fn parse(text: &str) -> Result<Lit, BadLiteral> {
    let mut reader = Reader::new(text);
    let value = reader.value()?;
    reader.skip_spaces();
    if !reader.rest().is_empty() {
        return reader.bad("text after the value");
    }
    Ok(value)
}
