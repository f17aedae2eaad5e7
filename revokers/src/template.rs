//! Text with `{names}` in it, and how values get into it without becoming more than values.

use std::fmt;

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{Values, Why};

/// Text with names in braces; `{{` and `}}` are braces themselves. A plus before the name keeps the slashes of a value in a path, as in
/// RFC 6570.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Name(String),
    /// A path of several segments.
    Path(String),
}

/// How a value is written where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escape {
    /// As it is.
    None,
    /// A segment of a path or a value of a query: everything but unreserved characters is percent-encoded.
    Percent,
    /// Segments of a path, each percent-encoded.
    Path,
    /// A header: control characters are refused.
    Header,
    /// A host, or one label of it: letters, digits, hyphens, dots, a port.
    Host,
}

/// A brace that is not closed, or a name that is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}`: braces hold a name of lower-case letters, digits, `_` and `.`")]
pub struct TemplateError(String);

impl TryFrom<String> for Template {
    type Error = TemplateError;

    fn try_from(text: String) -> Result<Self, TemplateError> {
        let fail = || TemplateError(text.clone());
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
                plain.push_str(&from[..1]);
                rest = after;
                continue;
            }
            let (name, after) = from.strip_prefix('{').and_then(|inner| inner.split_once('}')).ok_or_else(fail)?;
            let (path, name) = name.strip_prefix('+').map_or((false, name), |name| (true, name));
            if name.is_empty()
                || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.".contains(&b))
            {
                return Err(fail());
            }
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(if path { Piece::Path(name.to_owned()) } else { Piece::Name(name.to_owned()) });
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }
}

impl Template {
    /// The names that it asks for.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Name(name) | Piece::Path(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The text, if it asks for nothing.
    pub fn fixed(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The text with its values.
    pub(crate) fn render(&self, values: &Values, escape: Escape) -> Result<Zeroizing<String>, Why> {
        let mut text = Zeroizing::new(String::new());
        for piece in &self.0 {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Name(name) => {
                    let value = values.get(name).ok_or_else(|| Why::Missing { part: name.clone() })?;
                    escape.write(value, &mut text).ok_or_else(|| Why::Malformed { part: name.clone() })?;
                }
                Piece::Path(name) => {
                    let value = values.get(name).ok_or_else(|| Why::Missing { part: name.clone() })?;
                    let escape = if escape == Escape::Percent { Escape::Path } else { escape };
                    escape.write(value, &mut text).ok_or_else(|| Why::Malformed { part: name.clone() })?;
                }
            }
        }
        Ok(text)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(text),
            Piece::Name(name) => write!(f, "{{{name}}}"),
            Piece::Path(name) => write!(f, "{{+{name}}}"),
        })
    }
}

impl Escape {
    fn write(self, value: &str, out: &mut String) -> Option<()> {
        match self {
            Self::Percent => percent(value, out)?,
            Self::Path => segments(value, out)?,
            Self::Header if value.bytes().any(|b| b.is_ascii_control()) => return None,
            Self::None | Self::Header => out.push_str(value),
            Self::Host => out.push_str(is_host(value).then_some(value)?),
        }
        Some(())
    }
}

/// Percent-encodes. A value that is a dot segment would be taken for a step up the path.
fn percent(value: &str, out: &mut String) -> Option<()> {
    if matches!(value, "" | "." | "..") {
        return None;
    }
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    Some(())
}

/// A path as some providers name their things: `projects/1/keys/2`, or with a slash before it. No segment is empty or a step up.
fn segments(value: &str, out: &mut String) -> Option<()> {
    for (at, segment) in value.strip_prefix('/').unwrap_or(value).split('/').enumerate() {
        if at > 0 {
            out.push('/');
        }
        percent(segment, out)?;
    }
    Some(())
}

/// Whether a value is a host name, maybe with a port, and nothing more.
fn is_host(value: &str) -> bool {
    let (name, port) = value.split_once(':').map_or((value, None), |(name, port)| (name, Some(port)));
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label) && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|p| p > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(template: &str, value: &str, escape: Escape) -> Result<String, Why> {
        let mut values = Values::default();
        values.set("x", value);
        let template = Template::try_from(template.to_owned()).map_err(|e| Why::Other { detail: e.to_string() })?;
        template.render(&values, escape).map(|text| text.to_string())
    }

    #[test]
    fn values_stay_values() {
        assert_eq!(
            render("/keys/{x}/a", "../../users?y=1#", Escape::Percent).as_deref(),
            Ok("/keys/..%2F..%2Fusers%3Fy%3D1%23/a")
        );
        assert_eq!(render("{{\"a\": {x}}}", "1", Escape::None).as_deref(), Ok("{\"a\": 1}"));
        for (value, escape) in [
            ("..", Escape::Percent),
            ("", Escape::Percent),
            ("a\r\nHost: evil", Escape::Header),
            ("evil.example/path", Escape::Host),
            ("user@evil.example", Escape::Host),
            ("evil.example:0", Escape::Host),
            ("a..b", Escape::Host),
            ("-a.b", Escape::Host),
        ] {
            assert_eq!(render("{x}", value, escape), Err(Why::Malformed { part: "x".into() }), "{value}");
        }
        assert_eq!(
            render("/v2/{+x}:undelete", "projects/1/keys/a b", Escape::Percent).as_deref(),
            Ok("/v2/projects/1/keys/a%20b:undelete")
        );
        assert_eq!(render("/{+x}", "/a/b", Escape::Percent).as_deref(), Ok("/a/b"));
        for value in ["a/../b", "a//b", "//evil.example", "..", ""] {
            assert!(render("/{+x}", value, Escape::Percent).is_err(), "{value}");
        }
        assert_eq!(render("{x}", "gitlab.example.com:8443", Escape::Host).as_deref(), Ok("gitlab.example.com:8443"));
    }

    #[test]
    fn braces_that_are_no_names_are_refused() {
        for text in ["{", "}", "{}", "{a b}", "{A}", "{a"] {
            assert!(Template::try_from(text.to_owned()).is_err(), "{text}");
        }
        let template = Template::try_from("a{b}c{d.e}".to_owned());
        assert_eq!(
            template.map(|t| t.names().map(str::to_owned).collect::<Vec<_>>()),
            Ok(vec!["b".to_owned(), "d.e".to_owned()])
        );
    }
}
