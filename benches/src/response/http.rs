//! One request to the server, as a program sends it: a connection each.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use crate::error::BenchError;

/// Sends a request and gives the status and the body of its answer.
///
/// # Errors
/// If no whole answer comes.
pub(super) fn ask(
    address: &str,
    head: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<(u16, Value), BenchError> {
    let failed = |error: std::io::Error| BenchError::new(format!("{head}: {error}"));
    let mut stream = TcpStream::connect(address).map_err(failed)?;
    let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let (headers, length) = (headers.concat(), body.len());
    let mut request =
        format!("{head} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n")
            .into_bytes();
    request.extend_from_slice(body);
    stream.write_all(&request).map_err(failed)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(failed)?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| BenchError::new(format!("{head}: no answer of HTTP")))?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((status, serde_json::from_str(body).unwrap_or_default()))
}
