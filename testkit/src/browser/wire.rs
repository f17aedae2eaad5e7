//! One call of `WebDriver`: a request in JSON on a connection of its own.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// How long the driver may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Calls the driver and gives the value of its answer.
///
/// # Errors
/// If it does not answer, or answers with an error.
pub(super) fn call(port: u16, method: &str, path: &str, body: Option<&Value>) -> io::Result<Value> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let answer = read(&mut stream)?;
    let answer: Value = serde_json::from_slice(&answer)?;
    let value = answer.get("value").cloned().unwrap_or_default();
    match value.get("error").and_then(Value::as_str) {
        Some(error) => Err(io::Error::other(format!("{error}: {}", value["message"].as_str().unwrap_or_default()))),
        None => Ok(value),
    }
}

/// The body of an answer, whose length it tells.
fn read(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 64 << 10]);
    loop {
        if let Some((head, length)) = head(&bytes)?
            && bytes.len() >= head + length
        {
            return Ok(bytes.get(head..head + length).unwrap_or_default().to_vec());
        }
        match stream.read(&mut buffer)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            count => bytes.extend_from_slice(buffer.get(..count).unwrap_or_default()),
        }
    }
}

/// The lengths of an answer's head and body, once the head is there.
fn head(bytes: &[u8]) -> io::Result<Option<(usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut answer = httparse::Response::new(&mut headers);
    match answer.parse(bytes).map_err(io::Error::other)? {
        httparse::Status::Partial => Ok(None),
        httparse::Status::Complete(head) => {
            let length = answer.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
            let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.trim().parse().ok());
            Ok(Some((head, length.ok_or(ErrorKind::InvalidData)?)))
        }
    }
}
