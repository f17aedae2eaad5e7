//! A web server of one folder of repositories, on a free port of this machine: git's own `http-backend` answers, behind Basic authentication.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// What a request showed.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Whether it came with any credential.
    pub(crate) credential: bool,
    /// Whether the credential was the right one.
    pub(crate) authorized: bool,
}

/// How those who may come in are answered.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// By git, from a folder.
    Git(PathBuf),
    /// Sent elsewhere, with the path they asked for.
    Redirect(String),
    /// Refused, with some words for people.
    Refuse(String),
}

pub(crate) struct Server {
    host: String,
    shared: Arc<Shared>,
}

struct Shared {
    reply: Reply,
    /// The value of the header that lets in.
    expected: Option<String>,
    seen: Mutex<Vec<Seen>>,
    done: AtomicBool,
}

impl Server {
    /// Serves the repositories of a folder to those who know the name and password.
    pub(crate) fn start(folder: PathBuf, account: Option<(&str, &str)>) -> Self {
        Self::replying(Reply::Git(folder), account)
    }

    pub(crate) fn replying(reply: Reply, account: Option<(&str, &str)>) -> Self {
        let expected = account.map(|(name, password)| format!("Basic {}", base64(&format!("{name}:{password}"))));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
        let host = listener.local_addr().unwrap_or_else(|error| panic!("{error}")).to_string();
        let shared = Arc::new(Shared { reply, expected, seen: Mutex::default(), done: AtomicBool::new(false) });
        let served = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if served.done.load(Ordering::SeqCst) {
                    return;
                }
                let served = Arc::clone(&served);
                thread::spawn(move || served.answer(stream));
            }
        });
        Self { host, shared }
    }

    /// Its address and port.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The requests until now.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.done.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(&self.host);
    }
}

/// A request, as far as git makes them.
#[derive(Default)]
struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn read(stream: &TcpStream) -> Option<Self> {
        let mut lines = BufReader::new(stream);
        let mut request = Self::default();
        let mut line = String::new();
        lines.read_line(&mut line).ok()?;
        let mut words = line.split(' ');
        (request.method, request.target) = (words.next()?.to_owned(), words.next()?.to_owned());
        loop {
            line.clear();
            lines.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            request.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        assert_eq!(request.header("transfer-encoding"), None, "the questions of these tests are short");
        let length: u64 = request.header("content-length").map_or(Some(0), |length| length.parse().ok())?;
        lines.take(length).read_to_end(&mut request.body).ok()?;
        Some(request)
    }

    fn header(&self, wanted: &str) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }
}

impl Shared {
    fn answer(&self, mut stream: TcpStream) {
        let Some(request) = Request::read(&stream) else { return };
        let credential = request.header("authorization");
        let authorized = self.expected.as_deref().is_none_or(|expected| credential == Some(expected));
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Seen { credential: credential.is_some(), authorized });
        let reply = match &self.reply {
            _ if !authorized => {
                b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"test\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    .to_vec()
            }
            Reply::Redirect(to) => {
                let target = &request.target;
                format!("HTTP/1.1 302 Found\r\nLocation: {to}{target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    .into_bytes()
            }
            Reply::Refuse(words) => {
                let length = words.len();
                format!(
                    "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{words}"
                )
                .into_bytes()
            }
            Reply::Git(folder) => backend(folder.clone(), &request),
        };
        // A client that has gone needs no answer.
        let _ = stream.write_all(&reply);
    }
}

/// git's answer, by the Common Gateway Interface: <https://git-scm.com/docs/git-http-backend>.
fn backend(folder: PathBuf, request: &Request) -> Vec<u8> {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let mut command = Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("REQUEST_METHOD", &request.method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", request.header("content-type").unwrap_or_default())
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    for (header, variable) in [("content-encoding", "HTTP_CONTENT_ENCODING"), ("git-protocol", "GIT_PROTOCOL")] {
        if let Some(value) = request.header(header) {
            command.env(variable, value);
        }
    }
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{error}"));
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(&request.body);
    }
    let said = child.wait_with_output().unwrap_or_else(|error| panic!("{error}")).stdout;
    let end = said.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(said.len());
    let head = String::from_utf8_lossy(&said[..end]).into_owned();
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK").to_owned();
    [format!("HTTP/1.1 {status}\r\nConnection: close\r\n").as_bytes(), &said].concat()
}

pub(crate) fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
