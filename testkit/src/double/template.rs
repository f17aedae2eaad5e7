//! Texts with placeholders, `{key.id}`, and what they stand for.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::key::{Key, Mask, Scalars, text};

/// One piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

/// What placeholders can stand for where a text is filled in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    /// The key that is meant, if one is.
    pub(super) key: Option<&'a Key>,
    /// The account it belongs to; else the caller's.
    pub(super) owner: &'a Scalars,
    /// The same for all keys.
    pub(super) settings: &'a Settings,
    /// What the holes of the route's path and host took.
    pub(super) holes: Option<&'a BTreeMap<String, String>>,
    /// How many items a list has.
    pub(super) total: Option<usize>,
    /// What `{key.…}` is where no key is meant: a mistake while files are checked, `null` while a test runs (an administrator at a route for
    /// either).
    pub(super) strict: bool,
}

/// What is the same for all keys of a stage.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    pub(super) fixed: Scalars,
    pub(super) admin: BTreeMap<String, String>,
    pub(super) mask: Mask,
}

impl<'a> Scope<'a> {
    /// A scope of settings and an owner alone.
    pub(super) const fn new(settings: &'a Settings, owner: &'a Scalars) -> Self {
        Self { key: None, owner, settings, holes: None, total: None, strict: true }
    }

    /// What a placeholder stands for.
    fn find(&self, name: &str) -> Result<Value, String> {
        let unknown = || format!("nothing is known as {{{name}}} here");
        let (root, rest) = name.split_once('.').unwrap_or((name, ""));
        match root {
            "null" if rest.is_empty() => Ok(Value::Null),
            _ if rest.is_empty() => self.bare(name).ok_or_else(unknown),
            "key" => match self.key {
                Some(key) => key_field(key, rest, &self.settings.mask).ok_or_else(unknown),
                None if self.strict => Err(format!("{{{name}}} stands where no key is meant")),
                None => Ok(Value::Null),
            },
            "owner" => self.owner.get(rest).cloned().ok_or_else(unknown),
            "fixed" => self.settings.fixed.get(rest).cloned().ok_or_else(unknown),
            "admin" => self.settings.admin.get(rest).cloned().map(Value::String).ok_or_else(unknown),
            "path" => self.hole(rest).ok_or_else(unknown),
            "list" if rest == "total" => self.total.map(Value::from).ok_or_else(unknown),
            _ => Err(unknown()),
        }
    }

    /// A name without a root: a hole of the path, something fixed, or a field of the key.
    fn bare(&self, name: &str) -> Option<Value> {
        let fixed = || self.settings.fixed.get(name).cloned();
        let field = || self.key.and_then(|key| key_field(key, name, &self.settings.mask));
        self.hole(name).or_else(fixed).or_else(field)
    }

    fn hole(&self, name: &str) -> Option<Value> {
        self.holes.and_then(|holes| holes.get(name)).cloned().map(Value::String)
    }

    /// The text with its placeholders filled in.
    ///
    /// # Errors
    /// Names a placeholder that stands for nothing.
    pub(super) fn text(&self, template: &str) -> Result<String, String> {
        self.text_with(template, str::to_owned)
    }

    /// As [`text`](Self::text), with each value (not the text around it) changed on its way.
    pub(super) fn text_with(&self, template: &str, change: impl Fn(&str) -> String) -> Result<String, String> {
        let mut out = String::new();
        for piece in pieces(template) {
            match piece {
                Piece::Text(plain) => out.push_str(plain),
                Piece::Name(name) => out.push_str(&change(&text(&self.value(name)?))),
            }
        }
        Ok(out)
    }

    /// What a placeholder stands for, as `{number:…}` and `{key.live:yes|no}` want it.
    fn value(&self, name: &str) -> Result<Value, String> {
        if let Some(inner) = name.strip_prefix("number:") {
            let found = self.value(inner)?;
            // Nobody's id is no number either.
            if found.is_null() {
                return Ok(found);
            }
            return text(&found).parse::<i64>().map(Value::from).map_err(|_| format!("{{{name}}} is no number"));
        }
        self.find(name)
    }

    /// JSON with the placeholders of its texts filled in. A text that is one placeholder takes its type, too.
    ///
    /// # Errors
    /// Names a placeholder that stands for nothing.
    pub(super) fn json(&self, template: &Value) -> Result<Value, String> {
        Ok(match template {
            Value::String(string) => match pieces(string).as_slice() {
                [Piece::Name(name)] => self.value(name)?,
                _ => Value::String(self.text(string)?),
            },
            Value::Array(items) => Value::Array(items.iter().map(|item| self.json(item)).collect::<Result<_, _>>()?),
            Value::Object(fields) => {
                let filled = fields.iter().map(|(name, value)| Ok((self.text(name)?, self.json(value)?)));
                Value::Object(filled.collect::<Result<_, String>>()?)
            }
            other => other.clone(),
        })
    }
}

/// A field of a key, by what stands after `key.`.
fn key_field(key: &Key, name: &str, mask: &Mask) -> Option<Value> {
    if let Some(part) = key.parts.get(name) {
        return Some(Value::String(part.clone()));
    }
    let (field, argument) = name.split_once(':').unwrap_or((name, ""));
    let chars = || argument.parse::<usize>().ok();
    let string = match field {
        "live" if !argument.is_empty() => {
            let (yes, no) = argument.split_once('|')?;
            (if key.is_live() { yes } else { no }).to_owned()
        }
        "live" => return Some(Value::Bool(key.is_live())),
        "dead" => return Some(Value::Bool(!key.is_live())),
        "head" => head(&key.value, chars()?).to_owned(),
        "tail" => tail(&key.value, chars()?).to_owned(),
        "id" => key.id.clone(),
        "value" => key.value.clone(),
        "name" => key.name.clone(),
        "mask" => mask.of(&key.value),
        "sha256" => hex(&Sha256::digest(key.value.as_bytes())),
        _ => return None,
    };
    // Fields that take no argument.
    if matches!(field, "id" | "value" | "name" | "mask" | "sha256") && !argument.is_empty() {
        return None;
    }
    Some(Value::String(string))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        out.push_str(&format!("{byte:02x}"));
        out
    })
}

/// The first characters.
pub(super) fn head(value: &str, chars: usize) -> &str {
    let end = value.char_indices().nth(chars).map_or(value.len(), |(at, _)| at);
    value.get(..end).unwrap_or(value)
}

/// The last characters.
pub(super) fn tail(value: &str, chars: usize) -> &str {
    let start = value.chars().count().saturating_sub(chars);
    let at = value.char_indices().nth(start).map_or(value.len(), |(at, _)| at);
    value.get(at..).unwrap_or(value)
}

/// The placeholders of a text, without their braces.
pub(super) fn names(template: &str) -> Vec<&str> {
    let named = |piece| match piece {
        Piece::Name(name) => Some(name),
        Piece::Text(_) => None,
    };
    pieces(template).into_iter().filter_map(named).collect()
}

/// Splits a text at its placeholders.
fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(open) = template.get(at..).and_then(|rest| rest.find('{')).map(|n| at + n) {
        let close = template.get(open..).and_then(|rest| rest.find('}')).map(|n| open + n);
        let name = close.and_then(|close| template.get(open + 1..close)).filter(|name| is_name(name));
        at = open + 1;
        if let Some(name) = name {
            pieces.push(Piece::Text(template.get(from..open).unwrap_or_default()));
            pieces.push(Piece::Name(name));
            at = open + 1 + name.len() + 1;
            from = at;
        }
    }
    pieces.push(Piece::Text(template.get(from..).unwrap_or_default()));
    pieces.retain(|piece| *piece != Piece::Text(""));
    pieces
}

/// Whether what stands in braces is a placeholder: a word, or words with a dot after one of the roots. Classes of recipes (`{hex:8}`) and
/// the braces of other languages are none.
fn is_name(inside: &str) -> bool {
    let inside = inside.strip_prefix("number:").unwrap_or(inside);
    let (path, argument) = inside.split_once(':').map_or((inside, None), |(path, argument)| (path, Some(argument)));
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    };
    let starts = path.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    starts && path.split('.').all(is_word) && (argument.is_none() || path.starts_with("key."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_other_braces() {
        assert_eq!(
            names("a {key.id} {hex:8} {} {/x} {{x}} {key.head:4} {number:key.id}"),
            ["key.id", "x", "key.head:4", "number:key.id"]
        );
        assert!(names("{[a-z]:4}{@uuid} {\"k\": 1}").is_empty());
    }

    #[test]
    fn heads_and_tails_are_of_characters() {
        assert_eq!((head("äbc", 1), tail("abö", 1), tail("ab", 9), head("ab", 9)), ("ä", "ö", "ab", "ab"));
    }

    #[test]
    fn what_is_unknown_is_named() {
        let (settings, owner) = (Settings::default(), Scalars::default());
        let scope = Scope::new(&settings, &owner);
        assert_eq!(scope.text("x {owner.email}"), Err("nothing is known as {owner.email} here".to_owned()));
        assert_eq!(scope.text("{key.id}"), Err("{key.id} stands where no key is meant".to_owned()));
        assert_eq!(scope.json(&Value::String("{null}".to_owned())), Ok(Value::Null));
    }
}
