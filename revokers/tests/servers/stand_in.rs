//! A provider's stand-in of a few lines, for kinds whose requests are signed: it sees them as they came over the wire.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};
use stanch_model::{FingerprintKey, Secret};
use stanch_revokers::act::{self, Consent, Goal, Journal, Line, Plan, Refusal, Report};
use stanch_revokers::config::Config;
use stanch_revokers::http::Client;
use stanch_revokers::registry::{self, Entry};
use stanch_revokers::responder::Responders;
use stanch_revokers::{Context, Credential, Doing, Origin, Probe};
use stanch_testkit::double::Fault;

use crate::amiss::{Strike, is_served, send_amiss};

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ask {
    pub(crate) method: String,
    pub(crate) host: String,
    /// Path and query.
    pub(crate) target: String,
    headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Ask {
    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub(crate) fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// A field of the query or of a form.
    pub(crate) fn field(&self, name: &str) -> String {
        let url = url::Url::parse(&format!("http://x/?{}&{}", self.query(), self.body));
        let url = url.unwrap_or_else(|error| panic!("{error}"));
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    }
}

/// The field of a reply whose fields are headers.
pub(crate) const HEADERS: &str = "#headers";

/// What is answered: a status and a body.
pub(crate) type Reply = (u16, Value);

/// A server on a free port of loopback, until it is dropped.
pub(crate) struct StandIn {
    pub(crate) address: SocketAddr,
    over: Arc<AtomicBool>,
    asked: Arc<Mutex<Vec<Ask>>>,
    strike: Arc<Mutex<Option<Strike>>>,
    thread: Option<JoinHandle<()>>,
}

impl StandIn {
    pub(crate) fn start(mut answer: impl FnMut(&Ask) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("{error}"));
        let (over, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let strike = Arc::new(Mutex::new(None));
        let (ends, seen, strikes) = (Arc::clone(&over), Arc::clone(&asked), Arc::clone(&strike));
        let thread = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ends.load(Ordering::SeqCst) {
                    break;
                }
                // A client that breaks off has its reasons.
                let _ = serve(&stream, &mut answer, &seen, &strikes);
            }
        });
        Self { address, over, asked, strike, thread: Some(thread) }
    }

    /// Lets something go wrong with the nth request from now on, counted from 1, and with no other.
    pub(crate) fn strike(&self, nth: usize, fault: Fault) {
        *self.strike.lock().unwrap_or_else(|error| panic!("{error}")) = Some(Strike::new(nth, fault));
    }

    /// Lets the same go wrong with every request from now on.
    pub(crate) fn strike_all(&self, fault: Fault) {
        *self.strike.lock().unwrap_or_else(|error| panic!("{error}")) = Some(Strike::lasting(fault));
    }

    /// Everything that was asked.
    pub(crate) fn asks(&self) -> Vec<Ask> {
        self.asked.lock().unwrap_or_else(|error| panic!("{error}")).clone()
    }

    /// Everything that was asked, as `METHOD host path`.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap_or_else(|error| panic!("{error}"));
        asked.iter().map(|ask| format!("{} {} {}", ask.method, ask.host, ask.path())).collect()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn serve(
    stream: &TcpStream,
    answer: &mut impl FnMut(&Ask) -> Reply,
    seen: &Mutex<Vec<Ask>>,
    strikes: &Mutex<Option<Strike>>,
) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let ask = read(&mut reader)?;
    let fault = strikes.lock().unwrap_or_else(|error| panic!("{error}")).as_mut().and_then(Strike::next);
    let reply = fault.as_ref().is_none_or(is_served).then(|| answer(&ask));
    seen.lock().unwrap_or_else(|error| panic!("{error}")).push(ask);
    let mut stream = stream;
    match fault {
        Some(fault) => send_amiss(&mut stream, &fault, reply),
        None => reply.map_or(Ok(()), |reply| stream.write_all(&written(reply))),
    }?;
    stream.flush()
}

/// An answer as it goes over the wire.
pub(crate) fn written((status, mut body): Reply) -> Vec<u8> {
    let extra = body.as_object_mut().and_then(|fields| fields.remove(HEADERS)).unwrap_or_default();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut head = format!("HTTP/1.1 {status} .\r\ncontent-type: application/json\r\nconnection: close");
    for (name, value) in extra.as_object().into_iter().flatten() {
        head.push_str(&format!("\r\n{name}: {}", value.as_str().unwrap_or_default()));
    }
    format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn read(reader: &mut BufReader<&TcpStream>) -> io::Result<Ask> {
    let mut ask = Ask::default();
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    words.next().unwrap_or_default().clone_into(&mut ask.method);
    words.next().unwrap_or_default().clone_into(&mut ask.target);
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        ask.headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let host = ask.header("host").to_owned();
    ask.host = host;
    let mut body = vec![0; ask.header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body)?;
    ask.body = String::from_utf8_lossy(&body).into_owned();
    Ok(ask)
}

/// What openssl prints when it is given a text: keys, certificates and digests of another hand.
pub(crate) fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.unwrap_or_else(|error| panic!("openssl does not start, install it: {error}"));
    let stdin = child.stdin.take();
    stdin.map(|mut stdin| stdin.write_all(input)).transpose().unwrap_or_else(|error| panic!("{error}"));
    let output = child.wait_with_output().unwrap_or_else(|error| panic!("{error}"));
    assert!(output.status.success(), "openssl {arguments:?} failed");
    output.stdout
}

/// An RSA key, made up now: PEM, and its public half in DER.
pub(crate) fn rsa_key() -> (String, Vec<u8>) {
    let pem = openssl(&["genrsa", "2048"], b"");
    let public = openssl(&["rsa", "-RSAPublicKey_out", "-outform", "DER"], &pem);
    (String::from_utf8_lossy(&pem).into_owned(), public)
}

/// Whether a signature by RSA and SHA-256 is of a public key.
pub(crate) fn is_signed(public: &[u8], text: &[u8], signature: &[u8]) -> bool {
    let key = ring::signature::UnparsedPublicKey::new(&ring::signature::RSA_PKCS1_2048_8192_SHA256, public);
    key.verify(text, signature).is_ok()
}

/// A journal in memory.
#[derive(Default)]
pub(crate) struct Lines(pub(crate) Mutex<Vec<String>>);

impl Journal for Lines {
    fn record<'a>(&'a self, line: &'a Line) -> Doing<'a, io::Result<()>> {
        Box::pin(async move {
            let text = serde_json::to_string(line)?;
            self.0.lock().map_err(|_| io::Error::other("poisoned"))?.push(text);
            Ok(())
        })
    }
}

/// A kind, a credential of it, and what the verbs need.
pub(crate) struct Scene {
    pub(crate) entry: Entry,
    pub(crate) credential: Credential,
    pub(crate) cx: Context,
    pub(crate) journal: Lines,
    runtime: tokio::runtime::Runtime,
}

impl Scene {
    /// `more` is added to the configuration, in which these hosts are the stand-in.
    pub(crate) fn new(
        kind: &str,
        secret: &str,
        parts: &[(&str, &str)],
        hosts: &[(&str, SocketAddr)],
        more: &Value,
    ) -> Self {
        let ends: serde_json::Map<String, Value> =
            hosts.iter().map(|(host, at)| ((*host).to_owned(), json!(format!("http://{at}")))).collect();
        let mut config =
            json!({ "endpoints": ends, "http": { "per_minute": 1_000_000, "backoff_ms": 1, "patience": 0.05 } });
        for (name, value) in more.as_object().into_iter().flatten() {
            config[name] = value.clone();
        }
        let config: Config = serde_json::from_value(config).unwrap_or_else(|error| panic!("{error}"));
        let secret = Secret::new(secret.as_bytes().to_vec());
        let fingerprint = FingerprintKey::from_bytes([7; 32]).fingerprint(&secret);
        let mut credential = Credential::new(secret, fingerprint);
        let entry = registry::by_id(kind).unwrap_or_else(|| panic!("no such kind"));
        // Where only a list tells of a key, the user says which id is its own.
        let claims = entry.kind.probe.as_ref().is_some_and(|probe| probe.claims);
        let teller = if claims { Origin::User } else { Origin::Leak };
        for (name, value) in parts {
            credential.give(*name, teller, Secret::new(value.as_bytes().to_vec()));
        }
        let http = Client::new(&config, false).unwrap_or_else(|error| panic!("{error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Self {
            entry,
            credential,
            cx: Context { http, config, responders: Responders::new(|_| None) },
            journal: Lines::default(),
            runtime: runtime.unwrap_or_else(|error| panic!("{error}")),
        }
    }

    /// The scene under another configuration.
    pub(crate) fn changed(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.cx.config);
        self.cx.http = Client::new(&self.cx.config, false).unwrap_or_else(|error| panic!("{error}"));
        self.cx.responders = Responders::new(|_| None);
    }

    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub(crate) fn probe(&self) -> Probe {
        self.wait(act::verify(&self.cx, &self.entry, &self.credential))
    }

    pub(crate) fn plan(&self) -> Result<Plan, Refusal> {
        self.wait(act::plan(&self.cx, &self.entry, &self.credential, Consent { ours: true, unproven: false }))
    }

    pub(crate) fn revoke(&self, plan: &Plan, goal: Goal) -> Report {
        let report = self.wait(act::revoke(&self.cx, &self.entry, &self.credential, plan, goal, &self.journal));
        report.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Everything that was written down.
    pub(crate) fn written(&self) -> String {
        self.journal.0.lock().map(|lines| lines.join("\n")).unwrap_or_default()
    }
}
