//! Values and rows, in the few types that both databases share.

use jiff::Timestamp;

use super::error::{Result, StoreError};

/// A value in a statement or a row.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing.
    Null,
    /// A number; times are milliseconds since 1970.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.as_millisecond())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The values of a statement, in order: `$1`, `$2` and so on.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::store::value::Value::from($value)),*] };
}
pub(crate) use values;

/// A row of an answer.
#[derive(Clone)]
pub(crate) struct Row(pub(crate) Vec<Value>);

impl Row {
    fn get(&self, at: usize) -> &Value {
        self.0.get(at).unwrap_or(&Value::Null)
    }

    /// A number.
    pub(crate) fn int(&self, at: usize) -> Result<i64> {
        self.maybe_int(at)?.ok_or_else(|| unlike(at))
    }

    /// A number, or nothing.
    pub(crate) fn maybe_int(&self, at: usize) -> Result<Option<i64>> {
        match self.get(at) {
            Value::Null => Ok(None),
            Value::Int(value) => Ok(Some(*value)),
            Value::Text(_) | Value::Bytes(_) => Err(unlike(at)),
        }
    }

    /// A text.
    pub(crate) fn text(&self, at: usize) -> Result<&str> {
        self.maybe_text(at)?.ok_or_else(|| unlike(at))
    }

    /// A text, or nothing.
    pub(crate) fn maybe_text(&self, at: usize) -> Result<Option<&str>> {
        match self.get(at) {
            Value::Null => Ok(None),
            Value::Text(value) => Ok(Some(value)),
            Value::Int(_) | Value::Bytes(_) => Err(unlike(at)),
        }
    }

    /// Bytes.
    pub(crate) fn bytes(&self, at: usize) -> Result<&[u8]> {
        match self.get(at) {
            Value::Bytes(value) => Ok(value),
            Value::Null | Value::Int(_) | Value::Text(_) => Err(unlike(at)),
        }
    }

    /// Bytes of a known length.
    pub(crate) fn array<const N: usize>(&self, at: usize) -> Result<[u8; N]> {
        self.bytes(at)?.try_into().map_err(|_| unlike(at))
    }

    /// A time.
    pub(crate) fn time(&self, at: usize) -> Result<Timestamp> {
        time(self.int(at)?)
    }

    /// A time, or nothing.
    pub(crate) fn maybe_time(&self, at: usize) -> Result<Option<Timestamp>> {
        self.maybe_int(at)?.map(time).transpose()
    }
}

fn unlike(at: usize) -> StoreError {
    StoreError::Corrupt(format!("column {} of an answer is not what it should be", at + 1))
}

/// A time of the database.
pub(crate) fn time(millis: i64) -> Result<Timestamp> {
    Timestamp::from_millisecond(millis).map_err(StoreError::corrupt)
}

/// A time as it is stored: whole milliseconds, so that what is folded at once and what is read later are the same.
pub(crate) fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// A span in milliseconds.
pub(crate) fn millis(span: std::time::Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX / 4)
}
