//! HTTP/1.1 over a socket, as much of it as a test needs.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::fault::{Delivery, End};
use super::request::Request;

/// The most bytes of a request's head and body.
const MAX_HEAD: usize = 64 << 10;
const MAX_BODY: usize = 4 << 20;

/// How long a connection may take for one request.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long a client may leave an answer unread.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a waiting connection looks whether the stage has stopped.
const TICK: Duration = Duration::from_millis(50);

/// Says to all connections that the stage has stopped.
#[derive(Debug, Default)]
pub(super) struct Curtain {
    fallen: Mutex<bool>,
    bell: Condvar,
}

impl Curtain {
    pub(super) fn fall(&self) {
        *self.fallen.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.bell.notify_all();
    }

    pub(super) fn has_fallen(&self) -> bool {
        *self.fallen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits so long, or until the stage stops.
    fn wait(&self, time: Duration) {
        let fallen = self.fallen.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.bell.wait_timeout_while(fallen, time, |fallen| !*fallen));
    }
}

/// A connection, which ends in time.
pub(super) struct Connection<'a> {
    stream: TcpStream,
    curtain: &'a Curtain,
    end: Instant,
    read: Vec<u8>,
}

impl<'a> Connection<'a> {
    pub(super) fn new(stream: TcpStream, curtain: &'a Curtain) -> io::Result<Self> {
        stream.set_read_timeout(Some(TICK))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, curtain, end: Instant::now() + DEADLINE, read: Vec::new() })
    }

    /// Reads more. `false` at the end.
    fn more(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 16 << 10];
        while Instant::now() < self.end && !self.curtain.has_fallen() {
            match self.stream.read(&mut buffer) {
                Ok(count) => {
                    self.read.extend_from_slice(buffer.get(..count).unwrap_or_default());
                    return Ok(count > 0);
                }
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                }
                Err(error) => return Err(error),
            }
        }
        Err(ErrorKind::TimedOut.into())
    }

    /// Reads a request; `None` if the client went away before it sent anything.
    pub(super) fn request(&mut self) -> io::Result<Option<Request>> {
        self.end = Instant::now() + DEADLINE;
        let (mut request, head) = loop {
            if let Some(parsed) = parse(&self.read)? {
                break parsed;
            }
            if self.read.len() > MAX_HEAD {
                return Err(ErrorKind::InvalidData.into());
            }
            if !self.more()? {
                return if self.read.is_empty() { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
        };
        self.read.drain(..head);
        if request.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        request.body = self.body(&request)?;
        request.at = Instant::now();
        Ok(Some(request))
    }

    fn body(&mut self, request: &Request) -> io::Result<Vec<u8>> {
        if request.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            return self.chunks();
        }
        let length = match request.header("content-length") {
            Some(text) => text.trim().parse::<usize>().map_err(|_| io::Error::from(ErrorKind::InvalidData))?,
            None => 0,
        };
        self.take(length)
    }

    /// <https://www.rfc-editor.org/rfc/rfc9112#section-7.1>
    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| io::Error::from(ErrorKind::InvalidData))?;
            if size == 0 {
                while !self.line()?.is_empty() {}
                return Ok(body);
            }
            body.extend(self.take(size)?);
            self.take(2)?;
            if body.len() > MAX_BODY {
                return Err(ErrorKind::InvalidData.into());
            }
        }
    }

    fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.read.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.read.drain(..end + 2).take(end).collect();
                return String::from_utf8(line).map_err(|_| ErrorKind::InvalidData.into());
            }
            if self.read.len() > MAX_HEAD || !self.more()? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    fn take(&mut self, count: usize) -> io::Result<Vec<u8>> {
        if count > MAX_BODY {
            return Err(ErrorKind::InvalidData.into());
        }
        while self.read.len() < count {
            if !self.more()? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.read.drain(..count).collect())
    }

    /// Sends an answer. Whether another request may follow; if not, the connection is to be dropped.
    pub(super) fn deliver(&mut self, delivery: &Delivery, method: &str) -> io::Result<bool> {
        self.curtain.wait(delivery.wait);
        let Some(response) = &delivery.response else {
            return if delivery.end == End::Reset { self.reset() } else { Ok(false) };
        };
        let has_body = method != "HEAD" && !matches!(response.status, 100..200 | 204 | 304);
        let length = response.body.len() + delivery.padding;
        let mut head = format!("HTTP/1.1 {} {}\r\n", response.status, reason(response.status));
        if delivery.end != End::Stay {
            head.push_str("Connection: close\r\n");
        }
        for (name, value) in &response.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if has_body {
            head.push_str(&format!("Content-Length: {length}\r\n"));
        }
        head.push_str("\r\n");
        self.stream.write_all(head.as_bytes())?;
        if has_body && delivery.end == End::Cut {
            self.stream.write_all(response.body.get(..response.body.len() / 2).unwrap_or_default())?;
            // What was sent must be there before the reset, which overtakes what is still on its way.
            self.curtain.wait(TICK);
            return self.reset();
        }
        if has_body {
            self.stream.write_all(&response.body)?;
            self.pad(delivery.padding)?;
        }
        if delivery.end == End::Stay {
            return Ok(true);
        }
        self.stream.shutdown(Shutdown::Write)?;
        self.drain();
        Ok(false)
    }

    /// Waits until the client has closed, too: a socket that is closed with unread bytes in it resets the connection, and with it what the
    /// client did not read yet.
    fn drain(&mut self) {
        self.end = self.end.min(Instant::now() + TICK * 10);
        while matches!(self.more(), Ok(true)) {
            self.read.clear();
        }
    }

    fn pad(&mut self, count: usize) -> io::Result<()> {
        let blanks = [b' '; 16 << 10];
        let mut left = count;
        while left > 0 && Instant::now() < self.end && !self.curtain.has_fallen() {
            let now = left.min(blanks.len());
            self.stream.write_all(blanks.get(..now).unwrap_or_default())?;
            left -= now;
        }
        Ok(())
    }

    #[cfg(unix)]
    fn reset(&self) -> io::Result<bool> {
        // A socket that does not linger is closed with a reset.
        rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO))?;
        Ok(false)
    }

    #[cfg(not(unix))]
    fn reset(&self) -> io::Result<bool> {
        self.stream.shutdown(Shutdown::Both).map(|()| false)
    }
}

/// The head of a request, and how long it is; `None` if it is not all there.
fn parse(bytes: &[u8]) -> io::Result<Option<(Request, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 100];
    let mut head = httparse::Request::new(&mut headers);
    let status = head.parse(bytes).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
    let httparse::Status::Complete(length) = status else { return Ok(None) };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers: Vec<(String, String)> =
        head.headers.iter().map(|header| (header.name.to_owned(), text(header.value))).collect();
    let mut request = Request {
        method: head.method.unwrap_or_default().to_owned(),
        host: String::new(),
        target: head.path.unwrap_or_default().to_owned(),
        headers,
        body: Vec::new(),
        route: None,
        status: None,
        at: Instant::now(),
        took: Duration::ZERO,
    };
    request.host = request.header("host").unwrap_or_default().to_owned();
    Ok(Some((request, length)))
}

const fn reason(status: u16) -> &'static str {
    match status {
        200..300 => "Fine",
        300..400 => "Elsewhere",
        400..500 => "Your Mistake",
        _ => "Our Mistake",
    }
}
