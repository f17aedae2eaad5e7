//! Requests as bytes, and answers read back.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header, if there is exactly one of its name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter().filter(|(one, _)| one == name);
        let (first, None) = (all.next()?, all.next()) else { return None };
        Some(&first.1)
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The code of an error.
    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// All of it, as it came.
    pub(crate) fn all(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for text in self.headers.iter().flat_map(|(name, value)| [name, value]) {
            all.extend_from_slice(text.as_bytes());
            all.push(b'\n');
        }
        all.extend_from_slice(&self.body);
        all
    }
}

/// A connection that waits at most so long for anything.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server accepts");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket takes a time-out");
    stream.set_write_timeout(Some(Duration::from_secs(20))).expect("a socket takes a time-out");
    stream
}

/// Sends bytes, and reads what comes back until the server ends the connection.
pub(crate) fn exchange(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = connect(address);
    // A server that refuses early may end the connection while we write.
    let _ = stream.write_all(request);
    read_all(&mut stream)
}

/// What comes until the end.
pub(crate) fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let (mut all, mut part) = (Vec::new(), [0; 16 << 10]);
    loop {
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return all,
            Ok(length) => all.extend_from_slice(part.get(..length).unwrap_or_default()),
        }
    }
}

/// A request, as it should be.
pub(crate) fn request(method: &str, target: &str, token: Option<&str>, body: Option<&Value>) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    if let Some(token) = token {
        text.push_str(&format!("authorization: Bearer {token}\r\n"));
    }
    let body = body.map(Value::to_string).unwrap_or_default();
    if !body.is_empty() {
        text.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()));
    }
    format!("{text}\r\n{body}").into_bytes()
}

/// The first answer in some bytes, and what comes after it. `None` if there is none.
pub(crate) fn answer(bytes: &[u8]) -> Option<(Answer, &[u8])> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, rest) = (bytes.get(..end)?, bytes.get(end + 4..)?);
    let head = String::from_utf8_lossy(head).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let pair = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: Vec<(String, String)> = lines.filter_map(pair).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, length)| length.parse().ok());
    let length = length.unwrap_or(0).min(rest.len());
    let (body, rest) = rest.split_at(length);
    Some((Answer { status, headers, body: body.to_vec() }, rest))
}

/// Every answer in some bytes.
pub(crate) fn answers(mut bytes: &[u8]) -> Vec<Answer> {
    let mut all = Vec::new();
    while let Some((one, rest)) = answer(bytes) {
        all.push(one);
        bytes = rest;
    }
    all
}
