//! A request as it was received, and where in it values stand.

use std::time::{Duration, Instant};

use serde_json::Value;

/// A request as it was received.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The `Host` header.
    pub host: String,
    /// Path and query, as sent.
    pub target: String,
    /// Names and values of all headers, as sent.
    pub headers: Vec<(String, String)>,
    /// The body, after the transfer encoding was undone.
    pub body: Vec<u8>,
    /// The route that answered it; `None` for a stray.
    pub route: Option<String>,
    /// The status of the answer; `None` if the connection broke without one.
    pub status: Option<u16>,
    /// When its last byte was read.
    pub at: Instant,
    /// How long the answer took from then on.
    pub took: Duration,
}

impl Request {
    /// The path, as sent.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The query, decoded.
    pub fn query(&self) -> Vec<(String, String)> {
        self.target.split_once('?').map(|(_, query)| pairs(query)).unwrap_or_default()
    }

    /// The first header of a name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as JSON, if the content type says that it is.
    pub fn json(&self) -> Option<Value> {
        let is_json = self.header("content-type").is_some_and(|value| value.to_ascii_lowercase().contains("json"));
        is_json.then(|| serde_json::from_slice(&self.body).ok()).flatten()
    }

    /// The body as a form, if the content type says that it is.
    pub fn form(&self) -> Vec<(String, String)> {
        let content = self.header("content-type").unwrap_or_default().to_ascii_lowercase();
        if content.starts_with("application/x-www-form-urlencoded") { pairs(&self.text()) } else { Vec::new() }
    }

    /// The body as a text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A request that no route knows, and why.
#[derive(Debug, Clone)]
pub struct Stray {
    /// The request.
    pub request: Request,
    /// What the nearest route wants, for people.
    pub why: String,
}

/// Where in a request a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// Not in it: the key that asks.
    Caller,
    Path(String),
    Query(String),
    Form(String),
    Json(String),
    Header(String),
    Text,
}

impl Source {
    /// Reads `path:NAME`, `query:NAME`, `form:NAME`, `json:/POINTER`, `header:NAME`, `text` and `caller`.
    ///
    /// # Errors
    /// Says that it is none of them.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (place, name) = text.split_once(':').unwrap_or((text, ""));
        let name = name.to_owned();
        match (place, name.is_empty()) {
            ("caller", true) => Ok(Self::Caller),
            ("text", true) => Ok(Self::Text),
            ("path", false) => Ok(Self::Path(name)),
            ("query", false) => Ok(Self::Query(name)),
            ("form", false) => Ok(Self::Form(name)),
            ("header", false) => Ok(Self::Header(name)),
            ("json", _) if is_pointer(&name) => Ok(Self::Json(name)),
            _ => Err(format!("`{text}` is no place of a request")),
        }
    }

    /// What stands there.
    pub(super) fn values(&self, request: &Request, holes: &super::route::Holes) -> Vec<Value> {
        let named = |pairs: Vec<(String, String)>, name: &str| {
            pairs.into_iter().filter(|(own, _)| own == name).map(|(_, value)| Value::String(value)).collect()
        };
        match self {
            Self::Caller => Vec::new(),
            Self::Path(name) => holes.get(name).map(|value| Value::String(value.clone())).into_iter().collect(),
            Self::Query(name) => named(request.query(), name),
            Self::Form(name) => named(request.form(), name),
            Self::Header(name) => request.header(name).map(Value::from).into_iter().collect(),
            Self::Text => vec![Value::String(request.text())],
            Self::Json(pointer) => request.json().and_then(|body| body.pointer(pointer).cloned()).into_iter().collect(),
        }
    }
}

/// Whether a text is a JSON pointer: <https://www.rfc-editor.org/rfc/rfc6901>
pub(super) fn is_pointer(text: &str) -> bool {
    text.is_empty() || text.starts_with('/')
}

/// The pairs of a query or a form, decoded.
fn pairs(text: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| percent_decoded(text, true);
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// Undoes percent-encoding, and in queries and forms `+` for a blank. What is no encoding stays as it is.
pub(crate) fn percent_decoded(text: &str, plus: bool) -> String {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let pair = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = pair.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte {
            Some(byte) => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None if plus && *first == b'+' => out.push(b' '),
            None => out.push(*first),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Encodes everything but letters, digits and `-._~`.
pub(super) fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_there_and_back() {
        assert_eq!(percent_decoded("a%2Fb+c%zz%4", true), "a/b c%zz%4");
        assert_eq!(percent_decoded("a+b", false), "a+b");
        assert_eq!(percent_encoded("c+1/=="), "c%2B1%2F%3D%3D");
    }

    #[test]
    fn places() {
        assert_eq!(Source::parse("json:/a/0"), Ok(Source::Json("/a/0".to_owned())));
        assert_eq!(Source::parse("caller"), Ok(Source::Caller));
        assert!(["json:a", "path:", "cookie:x", "caller:x"].iter().all(|text| Source::parse(text).is_err()));
    }
}
