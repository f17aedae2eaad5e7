//! Shapes: literal bytes and byte classes in a row, matched without backtracking.

use crate::class::ByteClass;
use crate::rule::{List, Str};

/// What a credential looks like, byte by byte.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// The text it was written as.
    pub source: Str,
    /// Its parts in order.
    pub parts: List<Part>,
    /// The parts that are the secret: from the first to before the second.
    pub secret: (u16, u16),
}

/// One part of a shape.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// These very bytes.
    Literal(List<u8>),
    /// Between `min` and `max` bytes of a class, as many as there are.
    Class {
        /// The bytes allowed.
        class: ByteClass,
        /// At least so many.
        min: u32,
        /// At most so many.
        max: u32,
        /// Whether the count is open (`20+`) and only the rule's bound ends it.
        open: bool,
    },
}

/// A literal at a fixed distance from the start of a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedLiteral<'a> {
    /// How many bytes into the shape it stands.
    pub offset: usize,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// A mistake in a shape, at a byte of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeError {
    /// Where.
    pub at: usize,
    /// What.
    pub message: String,
}

/// The most bytes that a shape may match.
pub const MAX_BOUND: u32 = 65_536;

impl Shape {
    /// Reads a shape. `bound` is the rule's bound, which an open count (`{base62:20+}`) runs up to.
    ///
    /// # Errors
    /// Says where the text is no shape, or could match in two ways.
    pub fn parse(text: &str, bound: Option<u32>) -> Result<Self, ShapeError> {
        let mut parser = Parser { text: text.as_bytes(), at: 0, bound, parts: Vec::new(), starts: Vec::new() };
        let secret = parser.shape()?;
        let shape = Self { source: Str::Owned(text.to_owned()), parts: List::Owned(parser.parts), secret };
        shape.refuse_ambiguity(&parser.starts)?;
        Ok(shape)
    }

    /// The fewest and the most bytes it matches.
    pub fn lengths(&self) -> (u32, u32) {
        self.parts.iter().fold((0, 0), |(low, high), part| {
            let (min, max) = part.lengths();
            (low.saturating_add(min), high.saturating_add(max))
        })
    }

    /// The literals at a fixed distance from the start.
    pub fn fixed_literals(&self) -> Vec<FixedLiteral<'_>> {
        let mut found = Vec::new();
        let mut offset = 0;
        for part in self.parts.iter() {
            match part {
                Part::Literal(bytes) => {
                    found.push(FixedLiteral { offset, bytes });
                    offset += bytes.len();
                }
                Part::Class { min, max, .. } if min == max => offset += *min as usize,
                Part::Class { .. } => break,
            }
        }
        found
    }

    /// The literal by which a hit finder looks for the shape: the longest at a fixed distance, the first of equals.
    pub fn anchor(&self) -> Option<FixedLiteral<'_>> {
        let longest = self.fixed_literals().into_iter().rev().max_by_key(|literal| literal.bytes.len())?;
        (longest.bytes.len() >= 3).then_some(longest)
    }

    /// The literal that it starts with; empty if it starts with a class.
    pub fn prefix(&self) -> &[u8] {
        match self.parts.first() {
            Some(Part::Literal(bytes)) => bytes,
            _ => &[],
        }
    }

    /// A class of variable length takes all it can and gives nothing back, so what follows must not start inside it. Where what follows may be
    /// empty, what comes after that counts too.
    fn refuse_ambiguity(&self, starts: &[usize]) -> Result<(), ShapeError> {
        for (index, part) in self.parts.iter().enumerate() {
            let Part::Class { class, min, max, .. } = part else { continue };
            if min == max {
                continue;
            }
            for (next, following) in self.parts.iter().enumerate().skip(index + 1) {
                let clash = match following {
                    Part::Literal(bytes) => bytes.first().is_some_and(|&byte| class.contains(byte)),
                    Part::Class { class: other, .. } => class.bytes().any(|byte| other.contains(byte)),
                };
                if clash {
                    return Err(ShapeError {
                        at: starts.get(next).copied().unwrap_or_default(),
                        message: "ambiguous: what stands before has no fixed length and could take this too; \
                                  write alternatives of fixed length, or a pattern"
                            .to_owned(),
                    });
                }
                if following.lengths().0 > 0 {
                    break;
                }
            }
        }
        Ok(())
    }
}

impl Part {
    /// The fewest and the most bytes it matches.
    pub fn lengths(&self) -> (u32, u32) {
        match self {
            Self::Literal(bytes) => (bytes.len() as u32, bytes.len() as u32),
            Self::Class { min, max, .. } => (*min, *max),
        }
    }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    bound: Option<u32>,
    parts: Vec<Part>,
    /// Where in the text each part starts.
    starts: Vec<usize>,
}

impl Parser<'_> {
    fn shape(&mut self) -> Result<(u16, u16), ShapeError> {
        let mut open = None;
        let mut secret = None;
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'{' => self.class()?,
                b'(' if open.is_none() && secret.is_none() => {
                    open = Some(self.parts.len() as u16);
                    self.at += 1;
                }
                b')' if open.is_some() && secret.is_none() => {
                    secret = open.map(|from| (from, self.parts.len() as u16));
                    self.at += 1;
                }
                b'(' | b')' | b'}' => return Err(self.error("write `\\` before a bracket that is meant literally")),
                _ => self.literal()?,
            }
        }
        match (open, secret) {
            (Some(_), None) => Err(self.error("the bracket of the secret is not closed")),
            (_, Some((from, to))) if from == to => Err(self.error("the secret is empty")),
            _ if self.parts.is_empty() => Err(self.error("a shape needs at least one part")),
            _ => Ok(secret.unwrap_or((0, self.parts.len() as u16))),
        }
    }

    /// Literal bytes up to the next bracket.
    fn literal(&mut self) -> Result<(), ShapeError> {
        let start = self.at;
        let mut bytes = Vec::new();
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'{' | b'}' | b'(' | b')' => break,
                b'\\' => {
                    let escaped = self.text.get(self.at + 1).copied();
                    let Some(escaped) = escaped.filter(|b| b"{}()\\".contains(b)) else {
                        return Err(self.error("a backslash stands before `{`, `}`, `(`, `)` or `\\` only"));
                    };
                    bytes.push(escaped);
                    self.at += 2;
                }
                _ => {
                    bytes.push(byte);
                    self.at += 1;
                }
            }
        }
        self.starts.push(start);
        self.parts.push(Part::Literal(List::Owned(bytes)));
        Ok(())
    }

    /// `{class:count}`.
    fn class(&mut self) -> Result<(), ShapeError> {
        let start = self.at;
        self.at += 1;
        let class = if self.text.get(self.at) == Some(&b'[') { self.bracket_class()? } else { self.named_class()? };
        if self.text.get(self.at) != Some(&b':') {
            return Err(self.error("a class is followed by `:` and its count, as in `{base62:36}`"));
        }
        self.at += 1;
        let end = self.until(b'}', "the brace of the class is not closed")?;
        let count = String::from_utf8_lossy(&self.text[self.at..end]).into_owned();
        let (min, max) = self.count(&count)?;
        self.at = end + 1;
        self.starts.push(start);
        self.parts.push(Part::Class { class, min, max, open: count.ends_with('+') });
        Ok(())
    }

    fn bracket_class(&mut self) -> Result<ByteClass, ShapeError> {
        let mut end = self.at + 1;
        while let Some(&byte) = self.text.get(end) {
            match byte {
                b']' => {
                    let class =
                        ByteClass::ranges(&self.text[self.at + 1..end]).map_err(|message| self.error(message))?;
                    self.at = end + 1;
                    return Ok(class);
                }
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        Err(self.error("the bracket of the class is not closed"))
    }

    fn named_class(&mut self) -> Result<ByteClass, ShapeError> {
        let end = self.until(b':', "a class is followed by `:` and its count, as in `{base62:36}`")?;
        let name = String::from_utf8_lossy(&self.text[self.at..end]).into_owned();
        let class = ByteClass::named(&name).ok_or_else(|| self.error(&format!("unknown class `{name}`")))?;
        self.at = end;
        Ok(class)
    }

    fn until(&self, byte: u8, otherwise: &str) -> Result<usize, ShapeError> {
        let found = self.text.iter().skip(self.at).position(|&b| b == byte);
        found.map(|n| self.at + n).ok_or_else(|| self.error(otherwise))
    }

    fn count(&self, text: &str) -> Result<(u32, u32), ShapeError> {
        let number = |digits: &str| {
            let n = digits.parse::<u32>().map_err(|_| self.error("a count is `n`, `n-m` or `n+`"))?;
            if n > MAX_BOUND { Err(self.error("a count is at most 65536")) } else { Ok(n) }
        };
        let (min, max) = if let Some(min) = text.strip_suffix('+') {
            let bound = self.bound.ok_or_else(|| self.error("an open count needs the rule's `bound`"))?;
            (number(min)?, bound)
        } else if let Some((min, max)) = text.split_once('-') {
            (number(min)?, number(max)?)
        } else {
            let n = number(text)?;
            (n, n)
        };
        if max == 0 || max < min {
            return Err(self.error("a count runs from the lower to the higher number, and past 0"));
        }
        Ok((min, max))
    }

    fn error(&self, message: &str) -> ShapeError {
        ShapeError { at: self.at.min(self.text.len()), message: message.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Shape, String> {
        Shape::parse(text, None).map_err(|e| format!("{}: {}", e.at, e.message))
    }

    #[test]
    fn parts_lengths_and_secret() {
        let shape = parse("Key=({base64:86}==)").unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(shape.lengths(), (92, 92));
        assert_eq!(shape.secret, (1, 3));
        assert_eq!(shape.prefix(), b"Key=");
    }

    #[test]
    fn the_longest_fixed_literal_is_the_anchor() {
        let shape = parse("sk-{base62:20}T3Blbk{base62:20}").unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(shape.anchor(), Some(FixedLiteral { offset: 23, bytes: b"T3Blbk" }));
        let shape = parse("xox-{digit:1-2}-much-longer").unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(shape.anchor(), Some(FixedLiteral { offset: 0, bytes: b"xox-" }));
        assert_eq!(parse("ab{hex:4}").map(|s| s.anchor().is_none()), Ok(true));
    }

    #[test]
    fn ambiguity_is_refused_where_it_is() {
        assert!(parse("{base62:8-20}.{base62:43}").is_ok());
        assert!(parse("{base62:8}X").is_ok());
        let error = parse("abc{base62:8-20}X").map(|_| ()).unwrap_err();
        assert!(error.starts_with("16: ambiguous"), "{error}");
        let error = parse("{lower:1-5}{digit:0-2}xyz").map(|_| ()).unwrap_err();
        assert!(error.contains("ambiguous"), "{error}");
    }

    #[test]
    fn mistakes_point_at_their_byte() {
        for (text, at) in [
            ("abc{base63:4}", 4),
            ("abc{base62}", 4),
            ("abc{base62:x}", 11),
            ("abc{base62:20+}", 11),
            ("abc(d", 5),
            ("a}", 1),
            ("", 0),
            ("a\\b", 1),
            ("a{[z-a]:3}", 2),
            ("a{digit:5-3}", 8),
        ] {
            let error = Shape::parse(text, None).map(|_| ()).unwrap_err();
            assert_eq!(error.at, at, "{text}: {}", error.message);
        }
    }

    #[test]
    fn open_counts_run_to_the_bound() {
        let shape = Shape::parse("x-y{base62:20+}", Some(100)).map(|s| s.lengths());
        assert_eq!(shape, Ok((23, 103)));
    }
}
