//! Programs that a test starts and stops. Whatever goes wrong ends the test.

#![expect(clippy::missing_panics_doc, reason = "each of them ends the test when something is not as it has to be")]

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a program is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// Unwraps what a test cannot go on without.
pub fn must<T, E: std::fmt::Display>(result: Result<T, E>, what: &str) -> T {
    result.unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// A program of the system: on the path, or where Debian has it.
pub fn program(name: &str) -> PathBuf {
    let path = std::process::Command::new("sh").args(["-c", "printf %s \"$PATH\""]).output();
    let path = path.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let places = std::env::split_paths(&path)
        .chain(versions.map(|version| version.path().join("bin")))
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from));
    let found = places.map(|dir| dir.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("`{name}` is missing: `need_servers` of .ci/tools installs it"))
}

/// Whether the tests run as the user who may do everything, whom many servers refuse.
pub fn is_root() -> bool {
    let id = must(Command::new("id").arg("-u").output(), "id");
    id.stdout.trim_ascii() == b"0"
}

/// A command that runs as another user where this one is root.
pub fn command_as(user: &str, name: &str) -> Command {
    let program = program(name);
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new(self::program("setpriv"));
    command.args([&format!("--reuid={user}"), &format!("--regid={user}"), "--clear-groups"]).arg(program);
    command
}

/// A folder for a server, that its user may write to.
pub fn folder(user: &str) -> TempDir {
    let dir = must(TempDir::new(), "a folder");
    if is_root() {
        run(Command::new("chown").arg(user).arg(dir.path()));
    }
    dir
}

/// Ports that no system hands out by itself: whoever connects, or listens at port 0, gets a higher one (Linux from 32,768, others from 49,152).
const OURS: Range<u16> = 16_384..32_768;

/// A port of loopback that is free, and that no other test gets while this one's process lives.
///
/// A server takes its port seconds after it was chosen for it. So what is chosen is nothing that a connection could be given meanwhile, and
/// the same port of UDP, which is never let go, tells the tests of other processes that it is taken.
pub fn free_port() -> u16 {
    static NEXT: Mutex<Option<u16>> = Mutex::new(None);
    let mut next = NEXT.lock().unwrap_or_else(PoisonError::into_inner);
    // Processes begin at places of their own, so that they seldom ask for the same.
    let place = std::process::id().wrapping_mul(61) % u32::from(OURS.end - OURS.start);
    let begin = next.unwrap_or_else(|| OURS.start + u16::try_from(place).unwrap_or_default());
    for port in (begin..OURS.end).chain(OURS.start..begin) {
        let Ok(mark) = UdpSocket::bind(("127.0.0.1", port)) else { continue };
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            std::mem::forget(mark);
            *next = Some(if port + 1 == OURS.end { OURS.start } else { port + 1 });
            return port;
        }
    }
    panic!("no port of {OURS:?} is free");
}

/// Runs a command to its end, and shows what it said if that is a bad one.
pub fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = must(command.stdin(Stdio::null()).output(), "a command");
    assert!(status.success(), "{command:?}: {status}\n{}", String::from_utf8_lossy(&stderr));
    String::from_utf8_lossy(&stdout).into_owned()
}

/// Whether a command ends well.
pub fn succeeds(command: &mut Command) -> bool {
    must(command.stdin(Stdio::null()).output(), "a command").status.success()
}

/// Waits until something holds.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "not within a minute: {what}");
        sleep(Duration::from_millis(50));
    }
}

/// A running program. It is stopped when it is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    log: PathBuf,
    signal: &'static str,
}

impl Running {
    /// Starts a command; what it says goes to a file.
    pub fn start(command: &mut Command, log: &Path) -> Self {
        let file = must(fs::File::create(log), "a log");
        let again = must(file.try_clone(), "the log");
        let child = must(command.stdin(Stdio::null()).stdout(file).stderr(again).spawn(), "a server");
        Self { child, log: log.to_owned(), signal: "-TERM" }
    }

    /// Stops it by another signal.
    #[must_use]
    pub fn stopped_by(mut self, signal: &'static str) -> Self {
        self.signal = signal;
        self
    }

    /// What it said.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The last of what it said: there stands why it ended, and of a long log others show only the beginning.
    fn last_lines(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// Waits until it listens.
    pub fn listens(&mut self, port: u16) {
        let at = SocketAddr::from(([127, 0, 0, 1], port));
        let begun = Instant::now();
        while TcpStream::connect_timeout(&at, Duration::from_secs(1)).is_err() {
            if let Some(status) = self.ended() {
                panic!("the server ended, {status}, and said last:\n{}", self.last_lines());
            }
            assert!(begun.elapsed() < PATIENCE, "the server does not listen, and said last:\n{}", self.last_lines());
            sleep(Duration::from_millis(50));
        }
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        must(self.child.try_wait(), "a child")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        let _ = Command::new("kill").arg(self.signal).arg(self.child.id().to_string()).status();
        let begun = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if begun.elapsed() > Duration::from_secs(10) {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            sleep(Duration::from_millis(20));
        }
    }
}

/// A certificate for loopback by an authority of its own, in PEM.
#[derive(Debug)]
pub struct Certified {
    /// The authority's certificate.
    pub ca: PathBuf,
    /// The server's certificate.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Makes a certificate for loopback, readable by a server's user.
pub fn certified(dir: &Path, user: &str) -> Certified {
    let at = |name: &str| dir.join(name);
    let openssl = |arguments: &[&str]| {
        run(Command::new(program("openssl")).current_dir(dir).args(arguments));
    };
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let ca = ["req", "-x509", "-subj", "/CN=Test authority", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem"];
    openssl(&[&ca[..], &key[..]].concat());
    let request = ["req", "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr"];
    openssl(&[&request[..], &key[..]].concat());
    must(fs::write(at("names"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n"), "names");
    let sign =
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem";
    openssl(&sign.split(' ').collect::<Vec<_>>());
    if is_root() {
        run(Command::new("chown").arg(user).args([at("server.key"), at("server.pem")]));
    }
    run(Command::new("chmod").arg("600").arg(at("server.key")));
    Certified { ca: at("ca.pem"), certificate: at("server.pem"), key: at("server.key") }
}

/// A connection of another client that stays open, in its own words.
#[derive(Debug)]
pub struct Line(TcpStream);

impl Line {
    /// Connects.
    pub fn open(port: u16) -> Self {
        let stream = must(TcpStream::connect(("127.0.0.1", port)), "a connection");
        must(stream.set_read_timeout(Some(Duration::from_secs(5))), "a time-out");
        Self(stream)
    }

    /// Sends words and gives what comes back; `None` if the connection is closed.
    pub fn say(&mut self, words: &str) -> Option<String> {
        self.0.write_all(words.as_bytes()).ok()?;
        let mut buffer = [0; 4096];
        match self.0.read(&mut buffer) {
            Ok(0) => None,
            Ok(read) => Some(String::from_utf8_lossy(buffer.get(..read)?).into_owned()),
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => None,
            Err(error) => panic!("no answer: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_once_and_is_none_that_a_connection_gets() {
        let ports: Vec<u16> = (0..100).map(|_| free_port()).collect();
        let distinct: std::collections::BTreeSet<_> = ports.iter().collect();
        assert_eq!(distinct.len(), ports.len());
        for port in ports {
            assert!(OURS.contains(&port), "{port}");
            assert!(UdpSocket::bind(("127.0.0.1", port)).is_err(), "another process would get {port} too");
            assert!(TcpListener::bind(("127.0.0.1", port)).is_ok(), "a server would not get {port}");
        }
    }
}
