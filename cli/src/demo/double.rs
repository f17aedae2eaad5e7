//! A double of `OpenRouter`: a small server on loopback that keeps keys and answers as the real one is documented to. It is a stand-in, and the demo
//! says so on the screen. `revokers/data/openrouter.toml` names the calls.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use stanch_model::Secret;

/// The host that it stands in for.
pub(super) const HOST: &str = "openrouter.ai";
/// The account that its keys belong to.
pub(super) const ACCOUNT: &str = "user_demo";
const WORKSPACE: &str = "00000000-0000-4000-8000-000000000001";

/// How far a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Alive,
    Disabled,
    Deleted,
}

/// A key of the account.
struct Key {
    secret: Secret,
    hash: String,
    name: &'static str,
    life: Life,
}

struct State {
    admin: Secret,
    keys: Vec<Key>,
}

/// The server, for as long as this lives.
pub(super) struct Double {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Double {
    /// Starts it with the key that leaks and another one of the same account, and the key by which the account is managed.
    pub(super) fn start(leaked: &Secret, other: &Secret, admin: &Secret) -> io::Result<Self> {
        let key = |secret: &Secret, name| Key { secret: secret.clone(), hash: hash(secret), name, life: Life::Alive };
        let keys = vec![key(other, "Website"), key(leaked, "Deploy")];
        let state = Arc::new(Mutex::new(State { admin: admin.clone(), keys }));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let (state, stop) = (Arc::clone(&state), Arc::clone(&stop));
            move || admit(&listener, &state, &stop)
        });
        Ok(Self { address, state, stop, thread: Some(thread) })
    }

    /// Where it is reached.
    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How far each key is: its name and its life.
    pub(super) fn lives(&self) -> Vec<(&'static str, Life)> {
        locked(&self.state).keys.iter().map(|key| (key.name, key.life)).collect()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // The thread waits for a connection; this is one.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A name of a key that tells nothing of it.
#[expect(clippy::disallowed_methods, reason = "only a hash of it is used")]
fn hash(secret: &Secret) -> String {
    blake3::hash(secret.expose()).to_hex().chars().take(16).collect()
}

fn admit(listener: &TcpListener, state: &Arc<Mutex<State>>, stop: &AtomicBool) {
    while let Ok((stream, _)) = listener.accept() {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let state = Arc::clone(state);
        std::thread::spawn(move || serve(&stream, &state));
    }
}

fn serve(stream: &TcpStream, state: &Mutex<State>) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let request = Request::read(stream)?;
    let (status, body) = locked(state).answer(&request);
    let body = body.to_string();
    let mut out = stream;
    write!(
        out,
        "HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    out.flush()
}

/// What is asked.
struct Request {
    method: String,
    path: String,
    bearer: Secret,
    body: Value,
}

impl Request {
    fn read(stream: &TcpStream) -> io::Result<Self> {
        const MOST: u64 = 64 << 10;
        let mut reader = BufReader::new(stream.take(MOST));
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut words = line.split_ascii_whitespace();
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (method, target) = (word(), word());
        let path = target.split('?').next().unwrap_or_default().to_owned();
        let mut request = Self { method, path, bearer: Secret::new(Vec::new()), body: Value::Null };
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "authorization" => {
                    request.bearer = Secret::new(value.trim().trim_start_matches("Bearer ").as_bytes().to_vec());
                }
                "content-length" => length = value.trim().parse().unwrap_or(0),
                _ => {}
            }
        }
        let mut body = Vec::new();
        reader.take(length).read_to_end(&mut body)?;
        request.body = serde_json::from_slice(&body).unwrap_or_default();
        Ok(request)
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> (u16, Value) {
        let path = request.path.strip_prefix("/api/v1/").unwrap_or_default();
        if path == "key" {
            return self.current(request);
        }
        if request.bearer != self.admin {
            return refused();
        }
        match (request.method.as_str(), path.split_once('/')) {
            ("GET", None) if path == "workspaces" => (200, json!({ "data": [{ "id": WORKSPACE, "name": "Default" }] })),
            ("GET", None) if path == "keys" => (200, json!({ "data": self.listed() })),
            ("PATCH", Some(("keys", hash))) => self.disable(hash, &request.body),
            ("DELETE", Some(("keys", hash))) => self.delete(hash),
            _ => missing(),
        }
    }

    /// Whose key it is that asks.
    fn current(&self, request: &Request) -> (u16, Value) {
        let alive = |key: &&Key| key.secret == request.bearer && key.life == Life::Alive;
        self.keys.iter().find(alive).map_or_else(refused, |key| {
            let data = json!({
                "label": key.label(), "usage": 25.5, "limit": 100, "limit_remaining": 74.5,
                "creator_user_id": ACCOUNT, "expires_at": "2027-12-31T23:59:59Z", "is_management_key": false,
            });
            (200, json!({ "data": data }))
        })
    }

    fn listed(&self) -> Vec<Value> {
        self.keys.iter().filter(|key| key.life != Life::Deleted).map(Key::shown).collect()
    }

    fn of(&mut self, hash: &str) -> Option<&mut Key> {
        self.keys.iter_mut().find(|key| key.hash == hash && key.life != Life::Deleted)
    }

    fn disable(&mut self, hash: &str, body: &Value) -> (u16, Value) {
        let Some(key) = self.of(hash) else { return missing() };
        match body.get("disabled").and_then(Value::as_bool) {
            Some(true) => key.life = Life::Disabled,
            Some(false) => key.life = Life::Alive,
            None => {}
        }
        (200, json!({ "data": key.shown() }))
    }

    fn delete(&mut self, hash: &str) -> (u16, Value) {
        let Some(key) = self.of(hash) else { return missing() };
        key.life = Life::Deleted;
        (200, json!({ "deleted": true }))
    }
}

impl Key {
    /// What the account's page shows of it.
    #[expect(clippy::disallowed_methods, reason = "the first and last characters are what the provider shows, too")]
    fn label(&self) -> String {
        let text = String::from_utf8_lossy(self.secret.expose());
        let (head, tail) = (text.get(..12), text.len().checked_sub(4).and_then(|from| text.get(from..)));
        format!("{}...{}", head.unwrap_or_default(), tail.unwrap_or_default())
    }

    fn shown(&self) -> Value {
        json!({
            "hash": self.hash, "name": self.name, "label": self.label(), "disabled": self.life != Life::Alive,
            "creator_user_id": ACCOUNT, "workspace_id": WORKSPACE,
        })
    }
}

fn refused() -> (u16, Value) {
    (401, json!({ "error": { "code": 401, "message": "User not found." } }))
}

fn missing() -> (u16, Value) {
    (404, json!({ "error": { "code": 404, "message": "API key not found" } }))
}
