//! JSON that holds secrets and is wiped when it is dropped.

use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroize;

/// A document whose texts are wiped.
pub(super) struct Wiped(pub(super) Value);

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl Wiped {
    /// The text at a pointer (RFC 6901).
    pub(super) fn text(&self, at: &str) -> Option<&str> {
        self.0.pointer(at)?.as_str()
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A body of a request, written without a copy that stays behind where `room` bytes are enough for what is secret in it.
pub(super) fn body(document: &impl Serialize, room: usize) -> Option<String> {
    const REST: usize = 4096;
    // A byte is six of JSON at most.
    let mut bytes = Vec::with_capacity(room.saturating_mul(6).saturating_add(REST));
    serde_json::to_writer(&mut bytes, document).ok()?;
    String::from_utf8(bytes).ok()
}
