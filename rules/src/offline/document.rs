//! JSON as the checks read it: bounded, and only ever looked into.

use serde_json::{Map, Value};

/// Longest JSON text that is parsed, in bytes. `serde_json` itself stops at 128 levels.
const JSON_MAX: usize = 16 * 1024;

/// A JSON object.
pub(super) struct Object(Map<String, Value>);

impl Object {
    /// Parses an object of at most 16 KiB.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > JSON_MAX {
            return None;
        }
        match serde_json::from_slice(text).ok()? {
            Value::Object(map) => Some(Self(map)),
            _ => None,
        }
    }

    /// Parses an object from its base64.
    pub(super) fn parse_base64(text: &[u8]) -> Option<Self> {
        // Three quarters of the text are what is parsed, and white space is rare.
        let bounded = (text.len() <= 2 * JSON_MAX).then_some(text)?;
        Self::parse(&super::codec::base64_decode_lenient(bounded)?)
    }

    /// Whether there is a member of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A member that is a string and not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A member that is a string, a number or a list of strings, as text.
    pub(super) fn plain(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Array(list) => Some(list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")),
            _ => None,
        }
    }

    /// A member that is an object.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        self.0.get(name)?.as_object().cloned().map(Self)
    }

    /// The objects of a member that is a list.
    pub(super) fn objects(&self, name: &str) -> Option<Vec<Self>> {
        let list = self.0.get(name)?.as_array()?;
        Some(list.iter().filter_map(|item| item.as_object().cloned().map(Self)).collect())
    }

    /// Names and values of the members that are objects.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, Self)> {
        self.0.iter().filter_map(|(name, value)| Some((name.as_str(), Self(value.as_object()?.clone()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bounded_objects_are_parsed() {
        assert!(Object::parse(br#"{"a":"b"}"#).is_some());
        assert!(Object::parse(b"[1]").is_none());
        assert!(Object::parse(&[b"[".repeat(2000), b"]".repeat(2000)].concat()).is_none());
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(JSON_MAX));
        assert!(Object::parse(long.as_bytes()).is_none());
    }

    #[test]
    fn members_are_read_by_kind() {
        let object = Object::parse(br#"{"s":"x","n":7,"l":["a","b"],"o":{"k":"v"},"e":""}"#).expect("object");
        assert_eq!(object.text("s"), Some("x"));
        assert_eq!(object.text("e"), None);
        assert_eq!(object.plain("n").as_deref(), Some("7"));
        assert_eq!(object.plain("l").as_deref(), Some("a b"));
        assert_eq!(object.object("o").and_then(|o| o.plain("k")).as_deref(), Some("v"));
        assert!(object.has("l") && !object.has("z"));
    }
}
