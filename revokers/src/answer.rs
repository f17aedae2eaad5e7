//! What the provider's answers mean: lines of conditions, of which the first that fits decides.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::http::Answer;
use crate::{Why, pointer};

/// One line: a status, conditions, a meaning.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The statuses that it is for.
    pub status: OneOrMany<u16>,
    /// What must hold of headers and body.
    #[serde(default, rename = "where")]
    pub conditions: BTreeMap<String, Condition>,
    /// Whether it counts only for a credential that the same question showed alive a moment ago. Some refusals are said of a living
    /// one, too (from another address, of another region); of one that was just accepted they mean that it died.
    #[serde(default)]
    pub after_alive: bool,
    /// What it means then.
    pub means: Means,
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// The credential is accepted.
    Active,
    /// The credential is refused.
    Inactive,
    /// What was asked for is done.
    Done,
    /// It will be done.
    Accepted,
    /// There is no such thing, or it is dead.
    Gone,
    /// We may not.
    Denied,
}

/// One value or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// One.
    One(T),
    /// Any of these.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// As a list.
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// What must hold of a value.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Condition {
    /// One of the words of a rule.
    Test(Test),
    /// Equal to one of these scalars.
    Equal(OneOrMany<Scalar>),
}

/// A scalar of a condition.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// A truth value.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
}

impl Scalar {
    fn text(&self) -> String {
        match self {
            Self::Bool(truth) => truth.to_string(),
            Self::Int(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }

    /// Whether a JSON value is of the same type.
    fn is_like(&self, value: &Value) -> bool {
        match self {
            Self::Bool(_) => value.is_boolean(),
            Self::Int(_) => value.is_number(),
            Self::Text(_) => value.is_string(),
        }
    }

    /// Whether a JSON value is this, of the same type.
    fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Bool(truth), Value::Bool(value)) => truth == value,
            (Self::Int(number), Value::Number(value)) => value.as_i64() == Some(*number),
            (Self::Text(text), Value::String(value)) => text == value,
            _ => false,
        }
    }
}

/// A condition other than equality.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Test {
    /// Something other than null is found, or is not.
    Exists(bool),
    /// A text that holds it, or a list that has it.
    Contains(String),
    /// A text that starts with it.
    Starts(String),
    /// Found, and not equal.
    Not(Scalar),
}

/// What the lines say of an answer; what no line fits proves nothing.
pub(crate) fn read(lines: &[Line], answer: &Answer) -> Result<Means, Why> {
    read_of(lines, answer, false)
}

/// The same of a credential that was alive a moment ago, or not.
pub(crate) fn read_of(lines: &[Line], answer: &Answer, was_alive: bool) -> Result<Means, Why> {
    let status = answer.status;
    let json = answer.json();
    let fits = |line: &&Line| {
        (was_alive || !line.after_alive)
            && line.status.as_slice().contains(&status)
            && holds(&line.conditions, answer, json.as_ref())
    };
    if let Some(why) = answer.proves_nothing() {
        // Some providers count requests of live keys only; the file must say so.
        let counted =
            matches!(why, Why::Throttled { .. }) && lines.iter().any(|line| line.means == Means::Active && fits(&line));
        return if counted { Ok(Means::Active) } else { Err(why) };
    }
    lines.iter().find(fits).map(|line| line.means).ok_or(Why::Answer { status })
}

/// Whether all conditions hold.
fn holds(conditions: &BTreeMap<String, Condition>, answer: &Answer, json: Option<&Value>) -> bool {
    conditions.iter().all(|(place, condition)| match place.as_str() {
        "text" => condition.holds_in_text(&answer.text()),
        place => match place.strip_prefix("header:") {
            Some(name) => condition.holds(&answer.header(name).map(Value::String).into_iter().collect::<Vec<_>>()),
            None => json.is_some_and(|json| {
                condition.holds(&pointer::find(json, place).into_iter().cloned().collect::<Vec<_>>())
            }),
        },
    })
}

/// Whether all conditions hold of a JSON value, such as an item of a list.
pub(crate) fn holds_of(conditions: &BTreeMap<String, Condition>, item: &Value) -> bool {
    conditions
        .iter()
        .all(|(place, condition)| condition.holds(&pointer::find(item, place).into_iter().cloned().collect::<Vec<_>>()))
}

/// Whether a JSON value has, in the documented form, what the conditions look at: only then their failing says something.
pub(crate) fn tells(conditions: &BTreeMap<String, Condition>, item: &Value) -> bool {
    conditions.iter().all(|(place, condition)| {
        let found: Vec<&Value> = pointer::find(item, place).into_iter().filter(|value| !value.is_null()).collect();
        condition.is_told_by(&found)
    })
}

impl Condition {
    fn is_told_by(&self, found: &[&Value]) -> bool {
        let same = |scalar: &Scalar| found.iter().any(|value| scalar.is_like(value));
        match self {
            Self::Equal(scalars) => scalars.as_slice().iter().any(same),
            Self::Test(Test::Not(scalar)) => same(scalar),
            Self::Test(Test::Contains(_)) => found.iter().any(|value| value.is_string() || value.is_array()),
            Self::Test(Test::Starts(_)) => found.iter().any(|value| value.is_string()),
            Self::Test(Test::Exists(_)) => !found.iter().any(|value| value.is_array() || value.is_object()),
        }
    }

    fn holds(&self, found: &[Value]) -> bool {
        let found: Vec<&Value> = found.iter().filter(|value| !value.is_null()).collect();
        match self {
            Self::Equal(scalars) => found.iter().any(|value| scalars.as_slice().iter().any(|scalar| scalar.is(value))),
            Self::Test(Test::Exists(wanted)) => found.is_empty() != *wanted,
            Self::Test(Test::Contains(word)) => found.iter().any(|value| contains(value, word)),
            Self::Test(Test::Starts(word)) => {
                found.iter().any(|v| v.as_str().is_some_and(|text| text.starts_with(word)))
            }
            Self::Test(Test::Not(scalar)) => !found.is_empty() && found.iter().all(|value| !scalar.is(value)),
        }
    }

    fn holds_in_text(&self, text: &str) -> bool {
        match self {
            Self::Equal(scalars) => scalars.as_slice().iter().any(|scalar| text.contains(&scalar.text())),
            Self::Test(Test::Exists(wanted)) => text.trim().is_empty() != *wanted,
            Self::Test(Test::Contains(word)) => text.contains(word),
            Self::Test(Test::Starts(word)) => text.trim_start().starts_with(word),
            Self::Test(Test::Not(scalar)) => !text.contains(&scalar.text()),
        }
    }
}

fn contains(value: &Value, word: &str) -> bool {
    match value {
        Value::String(text) => text.contains(word),
        Value::Array(items) => items.iter().any(|item| item.as_str() == Some(word)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Line> {
        #[derive(Deserialize)]
        struct Lines {
            answers: Vec<Line>,
        }
        toml::from_str::<Lines>(text).map_or_else(|error| panic!("{error}"), |lines| lines.answers)
    }

    #[test]
    fn a_field_of_another_type_tells_nothing() {
        let of = |text: &str, item: &str| {
            let conditions: BTreeMap<String, Condition> = toml::from_str(text).unwrap_or_default();
            let item = serde_json::from_str(item).unwrap_or_default();
            (tells(&conditions, &item), holds_of(&conditions, &item))
        };
        assert_eq!(of("'/revoked' = false", r#"{"revoked": false}"#), (true, true));
        assert_eq!(of("'/revoked' = false", r#"{"revoked": true}"#), (true, false));
        assert_eq!(of("'/revoked' = false", r#"{"revoked": {}}"#), (false, false));
        assert_eq!(of("'/revoked' = false", "{}"), (false, false));
        assert_eq!(of("'/status' = ['on', 'idle']", r#"{"status": "off"}"#), (true, false));
        assert_eq!(of("'/status' = ['on', 'idle']", r#"{"status": 7}"#), (false, false));
        assert_eq!(of("'/ended' = { exists = false }", r#"{"ended": "today"}"#), (true, false));
        assert_eq!(of("'/ended' = { exists = false }", r#"{"ended": null}"#), (true, true));
        assert_eq!(of("'/ended' = { exists = false }", r#"{"ended": []}"#), (false, false));
    }

    #[test]
    fn the_first_line_that_fits_decides_and_nothing_else_proves() {
        let lines = lines(
            r#"answers = [
                { status = 200, where = { "/ok" = false, "/error" = ["revoked", "expired"] }, means = "inactive" },
                { status = 200, where = { "/ok" = true, "/user/id" = { exists = true } }, means = "active" },
                { status = [401, 403], where = { "header:www-authenticate" = { contains = "invalid_token" } }, means = "inactive" },
                { status = 429, where = { "/error" = "quota" }, means = "active" },
            ]"#,
        );
        let json = |status, body: &str| Answer::fake(status, &[("content-type", "application/json")], body);
        assert_eq!(read(&lines, &json(200, r#"{"ok":false,"error":"expired"}"#)), Ok(Means::Inactive));
        assert_eq!(read(&lines, &json(200, r#"{"ok":true,"user":{"id":7}}"#)), Ok(Means::Active));
        assert_eq!(read(&lines, &json(200, r#"{"ok":true,"user":{"id":null}}"#)), Err(Why::Answer { status: 200 }));
        assert_eq!(read(&lines, &json(200, r#"{"ok":"true","user":{"id":7}}"#)), Err(Why::Answer { status: 200 }));
        assert_eq!(read(&lines, &json(401, "{}")), Err(Why::Answer { status: 401 }));
        let told = Answer::fake(401, &[("www-authenticate", "Bearer error=\"invalid_token\"")], "");
        assert_eq!(read(&lines, &told), Ok(Means::Inactive));
        let page = Answer::fake(401, &[("www-authenticate", "invalid_token"), ("content-type", "text/html")], "<html>");
        assert_eq!(read(&lines, &page), Err(Why::Page { status: 401 }));
        assert_eq!(read(&lines, &json(429, r#"{"error":"quota"}"#)), Ok(Means::Active));
        assert_eq!(read(&lines, &json(429, "{}")), Err(Why::Throttled { after: None }));
        assert_eq!(read(&lines, &json(500, r#"{"ok":true,"user":{"id":7}}"#)), Err(Why::Answer { status: 500 }));
    }
}
