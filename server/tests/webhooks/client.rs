//! Both ends of HTTP, as far as these tests need them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::bench::must;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Sends a message and reads the answer whole.
pub(crate) fn send(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut stream = must(TcpStream::connect(to));
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    must(stream.write_all(format!("{head}\r\n").as_bytes()));
    // Whoever refuses a message need not read it to its end.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

/// A host that answers each path with some JSON, and remembers who asked for what.
pub(crate) struct Host {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Host {
    pub(crate) fn start(pages: Vec<(String, u16, String)>) -> Self {
        let listener = must(TcpListener::bind("127.0.0.1:0"));
        let address = must(listener.local_addr());
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let asked = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = answer(&stream, &pages, &asked);
            }
        });
        Self { address, seen }
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The heads of the requests until now.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn answer(stream: &TcpStream, pages: &[(String, u16, String)], seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let (mut lines, mut head) = (BufReader::new(stream), String::new());
    while lines.read_line(&mut head)? > 2 {}
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(head);
    let page = pages.iter().find(|(name, ..)| *name == path);
    let (status, body) = page.map_or((404, "{}"), |(_, status, body)| (*status, body.as_str()));
    let kind = "Content-Type: application/json\r\nConnection: close";
    write!(&*stream, "HTTP/1.1 {status} X\r\n{kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}
