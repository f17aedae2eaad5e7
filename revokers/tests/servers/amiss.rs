//! What goes wrong between a client and a stand-in: the same faults as those of the doubles.

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use stanch_testkit::double::Fault;

use crate::stand_in::{HEADERS, Reply, written};

/// A fault that strikes one request, or all from one on.
pub(crate) struct Strike {
    left: usize,
    lasts: bool,
    fault: Fault,
}

impl Strike {
    pub(crate) fn new(nth: usize, fault: Fault) -> Self {
        Self { left: nth, lasts: false, fault }
    }

    /// A fault of every request from now on.
    pub(crate) fn lasting(fault: Fault) -> Self {
        Self { left: 1, lasts: true, fault }
    }

    /// What strikes the request that comes now.
    pub(crate) fn next(&mut self) -> Option<Fault> {
        let hit = self.left == 1;
        if !self.lasts {
            self.left = self.left.saturating_sub(1);
        }
        hit.then(|| self.fault.clone())
    }
}

/// Whether the request is done all the same.
pub(crate) fn is_served(fault: &Fault) -> bool {
    use Fault::{LostAnswer, NotJson, Oversized, ResetMidBody, Slow, WrongType};
    matches!(fault, ResetMidBody | LostAnswer | Slow(_) | Oversized(_) | NotJson | WrongType)
}

/// Sends what a fault makes of an answer; nothing, where the connection breaks off.
pub(crate) fn send_amiss(stream: &mut impl Write, fault: &Fault, reply: Option<Reply>) -> io::Result<()> {
    let page = |status: u16| {
        let page = "<!doctype html><html><body>Please sign in</body></html>";
        let head = format!("HTTP/1.1 {status} .\r\ncontent-type: text/html\r\nconnection: close");
        format!("{head}\r\ncontent-length: {}\r\n\r\n{page}", page.len()).into_bytes()
    };
    let plain = |status: u16, headers: Value| written((status, json!({ HEADERS: headers })));
    let (status, body) = reply.unwrap_or((200, Value::Null));
    let bytes = match fault {
        Fault::Status(status, after) => {
            let headers = after.map_or(json!({}), |seconds| json!({ "retry-after": seconds.to_string() }));
            plain(*status, headers)
        }
        Fault::Html403 => page(403),
        Fault::Portal200 => page(200),
        Fault::Loose403 => written((403, json!({ "message": "Forbidden" }))),
        Fault::Accepted202NoEffect => plain(202, json!({})),
        Fault::Redirect(to) => plain(302, json!({ "location": to })),
        Fault::ResetBefore | Fault::LostAnswer => return Ok(()),
        Fault::ResetMidBody => {
            let whole = written((status, if body.is_null() { json!({}) } else { body }));
            whole.get(..whole.len() - 1).unwrap_or_default().to_vec()
        }
        Fault::Slow(wait) => {
            thread::sleep(*wait);
            written((status, body))
        }
        Fault::Oversized(size) => oversized(status, &body, *size),
        Fault::NotJson => no_json(status, &body),
        Fault::WrongType => written((status, other_types(body))),
    };
    stream.write_all(&bytes)
}

/// The right body, then blanks.
fn oversized(status: u16, body: &Value, size: usize) -> Vec<u8> {
    let mut body = body.to_string().into_bytes();
    body.resize(size, b' ');
    let head = format!("HTTP/1.1 {status} .\r\ncontent-type: application/json\r\nconnection: close");
    [format!("{head}\r\ncontent-length: {size}\r\n\r\n").into_bytes(), body].concat()
}

fn no_json(status: u16, body: &Value) -> Vec<u8> {
    let text = format!("{{{body}");
    let head = format!("HTTP/1.1 {status} .\r\ncontent-type: application/json\r\nconnection: close");
    format!("{head}\r\ncontent-length: {}\r\n\r\n{text}", text.len()).into_bytes()
}

/// The same fields with values of other types.
fn other_types(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| if name == HEADERS { (name, value) } else { (name, other_types(value)) })
            .collect(),
        Value::Array(items) => items.into_iter().map(other_types).collect(),
        Value::String(_) => json!(7),
        Value::Null => Value::Null,
        Value::Bool(_) | Value::Number(_) => json!("text"),
    }
}

/// What is tried with every kind, and its name. `trap` is the address of a server that nobody may call.
pub(crate) fn faults(trap: &str) -> Vec<(&'static str, Fault)> {
    vec![
        ("401", Fault::Status(401, None)),
        ("403", Fault::Status(403, None)),
        ("404", Fault::Status(404, None)),
        ("429 with Retry-After", Fault::Status(429, Some(3600))),
        ("500", Fault::Status(500, None)),
        ("403 that could be anybody's", Fault::Loose403),
        ("403 of a firewall", Fault::Html403),
        ("200 of a captive portal", Fault::Portal200),
        ("redirect", Fault::Redirect(format!("{trap}/elsewhere"))),
        ("reset before the answer", Fault::ResetBefore),
        ("reset in the body", Fault::ResetMidBody),
        ("lost answer", Fault::LostAnswer),
        ("slow", Fault::Slow(SLOWNESS)),
        ("oversized", Fault::Oversized((8 << 20) + 1024)),
        ("202 without effect", Fault::Accepted202NoEffect),
        ("no JSON", Fault::NotJson),
        ("other types", Fault::WrongType),
    ]
}

/// Longer than a client waits that is told of it.
pub(crate) const SLOWNESS: Duration = Duration::from_millis(900);
