//! `stanch serve` as it is run: with a configuration and a token, until it is told to stop.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stanch_testkit::Sandbox;
use stanch_testkit::server::until;

use crate::{BINARY, token};

/// A server that runs, and is ended whatever happens.
pub(crate) struct Serving {
    pub(crate) child: Child,
    address: String,
    said: Arc<Mutex<Vec<String>>>,
}

impl Serving {
    pub(crate) fn start(sandbox: &Sandbox, config: &std::path::Path) -> Self {
        Self::with(sandbox, config, &[])
    }

    /// With more arguments.
    pub(crate) fn with(sandbox: &Sandbox, config: &std::path::Path, more: &[&str]) -> Self {
        let mut command = sandbox.stanch(["serve", "--listen", "127.0.0.1:0", "--config"]);
        command.arg(config).args(more).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{error}"));
        let mut lines = BufReader::new(child.stderr.take().unwrap_or_else(|| panic!("no stderr"))).lines();
        let mut before = Vec::new();
        let line = lines.by_ref().map_while(Result::ok).find(|line| {
            before.push(line.clone());
            line.contains("stanch serves at")
        });
        let line = line.unwrap_or_else(|| panic!("it does not serve"));
        // What else it says has to be taken from it, or it would wait.
        let said = Arc::new(Mutex::new(before));
        let kept = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        let address = line.split("serves at ").nth(1).and_then(|rest| rest.split(';').next()).unwrap_or_default();
        Self { address: address.to_owned(), child, said }
    }

    /// What it said on stderr.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// Sends it a signal.
    fn signal(&self, name: &str) {
        let told = Command::new("kill").arg(name).arg(self.child.id().to_string()).status();
        assert!(told.is_ok_and(|status| status.success()));
    }

    /// The status and the body of an answer.
    pub(crate) fn ask(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap_or_else(|error| panic!("{error}"));
        let body = body.map(ToString::to_string).unwrap_or_default();
        let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{token}{kind}", self.address);
        let sent = write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len());
        sent.unwrap_or_else(|error| panic!("{error}"));
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap_or_else(|error| panic!("{error}"));
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
    }

    /// Tells it to stop, and waits for its end.
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.signal("-TERM");
        let begun = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return status.code(),
                _ if begun.elapsed() > Duration::from_mins(2) => panic!("it does not stop"),
                _ => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn made(sandbox: &Sandbox, name: &str, role: &str) -> String {
    made_in(sandbox, &[], name, role)
}

/// A token in the store of a configuration.
pub(crate) fn made_in(sandbox: &Sandbox, config: &[&str], name: &str, role: &str) -> String {
    let run = sandbox.run([&["serve", "token", "create", name, "--role", role], config].concat());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    run.stdout.trim().to_owned()
}

#[test]
fn it_serves_whom_it_knows_and_stops_when_told() {
    let sandbox = Sandbox::new(BINARY);
    let config = sandbox.root().join("config.toml");
    std::fs::write(&config, "[ownership]\nfallback = 'security@example.com'\n")
        .unwrap_or_else(|error| panic!("{error}"));
    let (viewer, responder) = (made(&sandbox, "ada", "viewer"), made(&sandbox, "ci", "responder"));
    let serving = Serving::start(&sandbox, &config);
    assert_eq!(serving.ask("GET", "/healthz", None, None).0, 200);
    assert_eq!(serving.ask("GET", "/readyz", None, None).0, 200);
    assert_eq!(serving.ask("GET", "/api/v1/incidents", None, None).0, 401);
    let canary = token(7);
    let secret = canary.secret();
    let found = json!({ "findings": [{ "rule": "github.pat", "secret": secret, "path": "app.env", "line": 1, "source": "shop" }] });
    let (status, said) = serving.ask("POST", "/api/v1/findings", Some(&viewer), Some(&found));
    assert_eq!(status, 403, "{said}");
    let (status, said) = serving.ask("GET", "/api/v1/incidents", Some(&viewer), None);
    assert_eq!(status, 200, "{said}");
    let (status, said) = serving.ask("GET", "/api/v1/me", Some(&responder), None);
    assert!(status == 200 && said.contains("ci"), "{status} {said}");
    assert_eq!(serving.stop(), Some(0));
    let audit = sandbox.run(["audit", "verify"]);
    assert_eq!(audit.code, Some(0), "{}{}", audit.stdout, audit.stderr);
    let log = sandbox.run(["audit", "show"]).stdout;
    assert!(log.contains("started") && log.contains("policy-loaded"), "{log}");
}

#[test]
fn a_token_that_was_revoked_counts_no_more_and_no_configuration_is_no_server() {
    let sandbox = Sandbox::new(BINARY);
    let value = made(&sandbox, "ada", "admin");
    let listed = sandbox.run(["serve", "token", "list"]).stdout;
    assert!(listed.contains("ada") && !listed.contains(&value), "{listed}");
    let id = listed.split_whitespace().next().unwrap_or_default().to_owned();
    assert_eq!(sandbox.run(["serve", "token", "revoke", &id]).code, Some(0));
    assert!(sandbox.run(["serve", "token", "list"]).stdout.contains("revoked"));
    assert_eq!(sandbox.run(["serve", "token", "create", "Not A Name"]).code, Some(2));
    let missing = sandbox.run(["serve"]);
    assert!(missing.code == Some(2) && missing.stderr.contains("needs a configuration"), "{}", missing.stderr);
    let named = sandbox.run(["serve", "--config", "nowhere.toml"]);
    assert!(named.code == Some(2) && named.stderr.contains("nowhere.toml"), "{}", named.stderr);
    let config = sandbox.root().join("config.toml");
    std::fs::write(&config, "[serve]\nlisten = '127.0.0.1:0'\n").unwrap_or_else(|error| panic!("{error}"));
    let ownerless = sandbox.run(["serve", "--config", &config.display().to_string()]);
    assert!(ownerless.code == Some(2) && ownerless.stderr.contains("ownership"), "{}", ownerless.stderr);
}

#[test]
fn a_secret_that_cannot_be_read_is_named_at_the_start() {
    let sandbox = Sandbox::new(BINARY);
    let config = sandbox.write(
        "config.toml",
        "[ownership]\nfallback = 'security@example.com'\n[notify.webhook.soc]\nurl = { env = 'NO_SUCH_URL' }\n\
         secret = { command = ['printf', 'a-secret-of-24-bytes-and-more'] }\n[[notify.route]]\nto = ['webhook.soc']\n\
         [intake.github]\nrepositories = ['acme/*']\nsecrets = [{ file = '/no/such/file' }]\n",
    );
    let serving = Serving::with(&sandbox, &config, &[]);
    let said = serving.said();
    for name in ["`notify.webhook.soc.url` cannot be read", "NO_SUCH_URL", "`intake.github.secrets` cannot be read"] {
        assert!(said.contains(name), "{name}: {said}");
    }
    assert!(!said.contains("notify.webhook.soc.secret"), "{said}");
    assert_eq!(serving.ask("GET", "/api/v1/policies", None, None).0, 401);
    assert_eq!(serving.stop(), Some(0));
}

#[test]
fn what_is_read_again_holds_and_what_is_wrong_changes_nothing() {
    let sandbox = Sandbox::new(BINARY);
    let config = sandbox.write("config.toml", "[ownership]\nfallback = 'security@example.com'\n");
    let policy = |id: &str| {
        format!("@id(\"mine.{id}\") @why(\"a test\") permit (principal, action == Action::\"ask\", resource);\n")
    };
    sandbox.write("mine.cedar", policy("first"));
    let viewer = made(&sandbox, "ada", "viewer");
    let serving = Serving::with(&sandbox, &config, &["--policy", "mine.cedar"]);
    let shown = |id: &str| {
        let (status, body) = serving.ask("GET", "/api/v1/policies", Some(&viewer), None);
        assert_eq!(status, 200, "{body}");
        body.contains(&format!("mine.{id}\""))
    };
    assert!(shown("first") && !shown("second"));

    sandbox.write("mine.cedar", policy("second"));
    serving.signal("-HUP");
    until("the new policy holds", || shown("second"));
    assert!(!shown("first"));
    until("it says so", || serving.said().contains("were read again"));

    sandbox.write("mine.cedar", "permit (principal, action == Action::\"aks\", resource);");
    serving.signal("-HUP");
    until("it says what is wrong", || serving.said().contains("what was read before holds"));
    assert!(serving.said().contains("mine.cedar"), "{}", serving.said());
    assert!(shown("second"));

    sandbox.write("mine.cedar", policy("third"));
    sandbox.write(
        "config.toml",
        "[ownership]\nfallback = 'security@example.com'\n[notify.slack.x]\nurl = { env = 'X' }\n",
    );
    serving.signal("-HUP");
    until("a wrong configuration is told, too", || serving.said().contains("no route leads to `slack.x`"));
    assert!(shown("second") && !shown("third"), "nothing of it holds");
    assert_eq!(serving.stop(), Some(0));

    let log = sandbox.run(["audit", "show"]).stdout;
    assert_eq!(log.matches("policy-loaded").count(), 2, "{log}");
}
