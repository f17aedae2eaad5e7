//! What a value of a request must be like.

use serde::Deserialize;
use serde_json::Value;

use super::key::text;
use super::template::Scope;

/// A condition on one value.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Value")]
pub(super) enum Condition {
    Is(Value),
    OneOf(Vec<Value>),
    Exists(bool),
    Contains(String),
    Starts(String),
    Not(Value),
}

impl TryFrom<Value> for Condition {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let fields = match value {
            Value::Array(values) => return Ok(Self::OneOf(values)),
            Value::Object(fields) => fields,
            other => return Ok(Self::Is(other)),
        };
        let mut fields = fields.into_iter();
        match (fields.next(), fields.next()) {
            (Some((name, value)), None) => match (name.as_str(), value) {
                ("exists", Value::Bool(wanted)) => Ok(Self::Exists(wanted)),
                ("contains", Value::String(part)) => Ok(Self::Contains(part)),
                ("starts", Value::String(start)) => Ok(Self::Starts(start)),
                ("not", value) => Ok(Self::Not(value)),
                (name, _) => Err(format!("`{name}` is no condition")),
            },
            _ => Err("a condition is a value, a list, or one of `exists`, `contains`, `starts`, `not`".to_owned()),
        }
    }
}

impl Condition {
    /// Whether one of the values that stand at a place fulfils it.
    pub(super) fn holds(&self, values: &[Value], typed: bool, scope: &Scope<'_>) -> bool {
        let filled = |template: &Value| scope.json(template).unwrap_or(Value::Null);
        // Queries and forms have no types.
        let same = |value: &Value, wanted: &Value| if typed { value == wanted } else { text(value) == text(wanted) };
        let is_null = |value: &&Value| value.is_null();
        match self {
            Self::Is(wanted) => values.iter().any(|value| same(value, &filled(wanted))),
            Self::OneOf(all) => values.iter().any(|value| all.iter().any(|wanted| same(value, &filled(wanted)))),
            Self::Exists(wanted) => values.iter().any(|value| !is_null(&value)) == *wanted,
            Self::Contains(part) => values.iter().any(|value| holds_text(value, &scope.text(part).unwrap_or_default())),
            Self::Starts(start) => {
                let start = scope.text(start).unwrap_or_default();
                values.iter().any(|value| value.as_str().is_some_and(|value| value.starts_with(&start)))
            }
            Self::Not(unwanted) => values.iter().any(|value| !same(value, &filled(unwanted))),
        }
    }

    /// The texts in it.
    pub(super) fn templates(&self) -> Vec<Value> {
        match self {
            Self::Is(value) | Self::Not(value) => vec![value.clone()],
            Self::OneOf(values) => values.clone(),
            Self::Contains(part) | Self::Starts(part) => vec![Value::String(part.clone())],
            Self::Exists(_) => Vec::new(),
        }
    }
}

/// Whether a text holds a part, or a list has it.
fn holds_text(value: &Value, part: &str) -> bool {
    match value {
        Value::String(whole) => whole.contains(part),
        Value::Array(items) => items.iter().any(|item| text(item) == part),
        _ => false,
    }
}
