//! A server with a story in its store, and whoever visits it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use stanch_model::FingerprintKey;
use stanch_pipeline::audit::SigningKey;
use stanch_pipeline::store::{Options, Place, Store, StoreKey};
use stanch_pipeline::{IncidentId, Owner};
use stanch_server::auth::{Role, make_token};
use stanch_server::config::Listen;
use stanch_server::{Parts, Server, ServerConfig};
use stanch_testkit::Browser;
use tempfile::TempDir;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::story::{self, Story};

/// What time it is in these tests.
pub(crate) fn now() -> Timestamp {
    "2026-11-21T16:40:00Z".parse().unwrap_or_default()
}

/// Unwraps what a test cannot go on without.
pub(crate) fn must<T, E: std::fmt::Display>(result: Result<T, E>, what: &str) -> T {
    result.unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// A running server. It stops when it is dropped.
pub(crate) struct Stage {
    pub(crate) address: SocketAddr,
    pub(crate) store: Store,
    pub(crate) story: Story,
    viewer: Zeroizing<String>,
    approver: Zeroizing<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _folder: TempDir,
}

impl Stage {
    /// Starts one on a free port of loopback.
    pub(crate) fn start() -> Self {
        let folder = must(TempDir::new(), "a folder");
        let file = folder.path().join("stanch.db");
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = must(tokio::runtime::Builder::new_current_thread().enable_all().build(), "a runtime");
            runtime.block_on(async {
                let key = StoreKey::from_bytes(Zeroizing::new([7; 32]));
                let options = Options::new(Place::Sqlite(file), key, must(SigningKey::fresh(), "a key"));
                let store = must(Store::open(options).await, "a store");
                let story = story::tell(&store, now()).await;
                let (viewer, approver) =
                    (token(&store, "vera", Role::Viewer).await, token(&store, "ada", Role::Approver).await);
                let server = must(Server::bind(parts(store.clone())).await, "a server");
                let address = server.address().unwrap_or_else(|| panic!("it listens at an address"));
                must(tell.send((address, store, story, viewer, approver)), "the test waits");
                server.run(Vec::new(), async { drop(stopped.await) }).await;
            });
        });
        let (address, store, story, viewer, approver) = must(told.recv(), "the server starts");
        let (stop, thread) = (Some(stop), Some(thread));
        Self { address, store, story, viewer, approver, stop, thread, _folder: folder }
    }

    /// The address of a page.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The page of an incident.
    pub(crate) fn page_of(id: &IncidentId) -> String {
        format!("/console/incidents/{id}")
    }

    /// Somebody who may approve, signed in.
    pub(crate) fn approver(&self) -> Browser {
        self.visitor(&self.approver)
    }

    /// Somebody who may look, signed in.
    pub(crate) fn viewer(&self) -> Browser {
        self.visitor(&self.viewer)
    }

    fn visitor(&self, token: &str) -> Browser {
        let browser = Browser::start();
        browser.looks((1280, 900), "light");
        browser.goto(&self.at("/"));
        browser.arrives("/console/sign-in?back=%2Fconsole%2Fincidents");
        Self::sign_in(&browser, token);
        browser
    }

    /// Signs in with a token, by the keyboard: the field has the focus.
    pub(crate) fn sign_in(browser: &Browser, token: &str) {
        browser.fill("#token", token);
        browser.press("Enter");
        browser.arrives("/console/incidents");
    }

    /// The token of somebody who may approve.
    pub(crate) fn approver_token(&self) -> &str {
        &self.approver
    }

    /// The token of somebody who may look.
    pub(crate) fn viewer_token(&self) -> &str {
        &self.viewer
    }

    /// Asks something of the store.
    pub(crate) fn ask<T>(question: impl Future<Output = T>) -> T {
        let runtime = must(tokio::runtime::Builder::new_current_thread().build(), "a runtime");
        runtime.block_on(question)
    }

    /// A request without a browser: the status, the head and the body of the answer.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String, String) {
        let mut stream = must(TcpStream::connect(self.address), "a connection");
        must(stream.set_read_timeout(Some(Duration::from_secs(20))), "a time");
        let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let headers = headers.concat();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}", self.address);
        let form = if body.is_empty() {
            String::new()
        } else {
            "Content-Type: application/x-www-form-urlencoded\r\n".to_owned()
        };
        must(write!(stream, "{head}{form}Content-Length: {}\r\n\r\n{body}", body.len()), "a request");
        let mut answer = String::new();
        must(stream.read_to_string(&mut answer), "an answer");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        (status, head.to_owned(), body.to_owned())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || !matches!(ended, Some(Err(_))), "the server ended by a panic");
    }
}

async fn token(store: &Store, name: &str, role: Role) -> Zeroizing<String> {
    must(make_token(store, name, role, None, "test", now()).await, "a token").1
}

fn parts(store: Store) -> Parts {
    let owner = |_: &_, _: &_| Owner {
        name: "security@example.com".to_owned(),
        found_by: "fallback".to_owned(),
        business: None,
    };
    Parts {
        store: Arc::new(store),
        wake: Arc::new(|| {}),
        policies: policies(),
        owner: Arc::new(owner),
        config: ServerConfig {
            listen: Listen::Tcp(SocketAddr::from(([127, 0, 0, 1], 0))),
            groups: [("security", "grace"), ("team-payments", "ada")]
                .map(|(group, person)| (group.to_owned(), vec![person.to_owned()]))
                .into(),
            ..ServerConfig::default()
        },
        clock: Arc::new(now),
        fingerprints: FingerprintKey::from_bytes([7; 32]),
    }
}

/// Policies in the form in which they are shown.
fn policies() -> Vec<serde_json::Value> {
    let policy = |id: &str, why: &str, forbids, actions: &[&str], terms, line: usize, text: &str| json!({ "id": id, "why": why, "forbids": forbids, "actions": actions, "terms": terms, "file": "default.cedar", "line": line, "text": text });
    vec![
        policy(
            "default.dead",
            "its provider refuses it already; it only has to leave the place where it stands",
            false,
            &["notify"],
            json!({}),
            9,
            "@id(\"default.dead\")\npermit (principal, action == Action::\"notify\", resource)\nwhen { resource.verification == Verification::\"inactive\" };",
        ),
        policy(
            "production.two",
            "two people look before production loses a key",
            false,
            &["ask"],
            json!({ "approvals": 2, "approvers": ["security", "team-payments"], "wait": 3600, "approval_lasts": 86400 }),
            20,
            "@id(\"production.two\")\npermit (principal, action == Action::\"ask\", resource);",
        ),
        policy(
            "default.proven-alive",
            "nothing is done at once to what is not proven alive",
            true,
            &["act"],
            json!({}),
            14,
            "@id(\"default.proven-alive\")\nforbid (principal, action == Action::\"act\", resource)\nunless { resource.verification == Verification::\"active\" };",
        ),
    ]
}
