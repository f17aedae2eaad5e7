//! A server with its store, a code host of one repository, and what a test does with them in few words.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use jiff::Timestamp;
use ring::hmac::{HMAC_SHA256, Key, sign};
use serde_json::{Value, json};
use stanch_model::FingerprintKey;
use stanch_pipeline::audit::SigningKey;
use stanch_pipeline::config::Ownership;
use stanch_pipeline::intake::{Intake, Pace, Rules};
use stanch_pipeline::owner::Sources;
use stanch_pipeline::store::{Actor, Filter, Options, Page, Place, Store, StoreKey};
use stanch_pipeline::{Incident, Owner};
use stanch_revokers::Context;
use stanch_revokers::config::Config;
use stanch_revokers::http::Client;
use stanch_revokers::responder::Responders;
use stanch_rules::{RuleSet, mint};
use stanch_scanner::Engine;
use stanch_server::intake::{IntakeConfig, Scan};
use stanch_server::webhooks::Webhooks;
use stanch_server::{Parts, Server, ServerConfig};
use stanch_testkit::Sandbox;
use zeroize::Zeroizing;

use crate::client::{Answer, send};

/// The secret of the webhook, and the one before it.
pub(crate) const SECRET: &str = "made-up webhook secret";
const OLD: &str = "made-up old secret";
/// The secret token of GitLab's webhook.
pub(crate) const TOKEN: &str = "made-up gitlab token";
/// The signing token of GitLab's webhook: 32 bytes of 7.
pub(crate) const SIGNING: &str = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
pub(crate) const NONE: &str = "0000000000000000000000000000000000000000";

pub(crate) fn must<T, E: Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    must(tokio::runtime::Builder::new_current_thread().enable_all().build()).block_on(test)
}

/// A token of GitHub's that was never issued.
pub(crate) fn minted(seed: u64) -> String {
    must(String::from_utf8(must(mint("{{ghp_{base62:30}|github-crc32}}", seed)).text))
}

/// What a test wants otherwise.
#[derive(Default)]
pub(crate) struct Wanted {
    /// Where `api.github.com` is.
    pub(crate) api: Option<String>,
    /// How many jobs may wait.
    pub(crate) depth: Option<u64>,
    /// Where the secrets of GitHub's and GitLab's webhooks are.
    pub(crate) secrets: Option<Value>,
}

/// A server, and a code host with the repository `acme/shop`.
pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    pub(crate) address: SocketAddr,
    pub(crate) store: Arc<Store>,
    intake: Intake,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    server: Option<thread::JoinHandle<()>>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(&Wanted::default())
    }

    pub(crate) fn with(wanted: &Wanted) -> Self {
        let sandbox = Sandbox::repository("");
        let forge = sandbox.root().join("forge");
        sandbox.git(&["clone", "--quiet", "--bare", ".", &forge.join("acme/shop.git").display().to_string()]);
        let bare = forge.join("acme/shop.git").display().to_string();
        sandbox.git(&["--git-dir", &bare, "config", "uploadpack.allowAnySHA1InWant", "true"]);
        sandbox.git(&["remote", "add", "origin", &bare]);
        let config = Arc::new(config(&sandbox, wanted.secrets.as_ref()));
        let cx = Arc::new(context(wanted.api.as_deref()));
        let store = Arc::new(run(open(&sandbox, wanted.depth)));
        let engine = Arc::new(Engine::new(RuleSet::builtin()));
        let key = Arc::new(FingerprintKey::from_bytes([5; 32]));
        let folder = sandbox.root().join("state/repositories");
        let scan = Scan::new(engine, key, Arc::clone(&cx), Arc::clone(&config), folder);
        let rules = Rules { least: config.least_confidence, environments: config.environment.clone() };
        let intake = Intake::new(Arc::clone(&store), Arc::new(scan), Arc::new(owners()), rules, Arc::new(|| {}));
        let hooks = Arc::new(Webhooks::new(intake.clone(), config, cx));
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let parts = parts(Arc::clone(&store));
        let server = thread::spawn(move || {
            run(async {
                let server = must(Server::bind(parts).await);
                server.app().hear(hooks);
                must(tell.send(server.address()));
                server.run(Vec::new(), async { drop(stopped.await) }).await;
            });
        });
        let address = must(told.recv()).unwrap_or_else(|| panic!("it listens at an address"));
        Self { sandbox, address, store, intake, stop: Some(stop), server: Some(server) }
    }

    /// Writes a file, commits it, pushes it to a branch, and gives the commit.
    pub(crate) fn push(&self, path: &str, content: &str, branch: &str) -> String {
        self.sandbox.write(path, content);
        self.sandbox.commit("a change");
        self.sandbox.git(&["push", "--quiet", "--force", "origin", &format!("HEAD:refs/heads/{branch}")]);
        self.head()
    }

    pub(crate) fn head(&self) -> String {
        self.sandbox.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// A message of GitHub's, signed by the secret.
    pub(crate) fn github(&self, event: &str, delivery: &str, payload: &Value) -> Answer {
        self.github_bytes(event, delivery, payload.to_string().as_bytes())
    }

    pub(crate) fn github_bytes(&self, event: &str, delivery: &str, body: &[u8]) -> Answer {
        self.github_signed(event, delivery, body, &signature(SECRET, body))
    }

    pub(crate) fn github_signed(&self, event: &str, delivery: &str, body: &[u8], signature: &str) -> Answer {
        let headers = [
            ("Content-Type", "application/json"),
            ("X-GitHub-Event", event),
            ("X-GitHub-Delivery", delivery),
            ("X-Hub-Signature-256", signature),
        ];
        let present = headers.iter().filter(|(_, value)| !value.is_empty()).copied().collect::<Vec<_>>();
        self.post("/webhooks/github", &present, body)
    }

    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        send(self.address, "POST", path, headers, body)
    }

    /// Does what was accepted.
    pub(crate) fn settle(&self) {
        let actor = Actor { host: "here".to_owned(), pid: 1, started: 7 };
        must(run(self.intake.settle(&actor, &Pace::default())));
    }

    pub(crate) fn incidents(&self) -> Vec<Incident> {
        must(run(self.store.incidents(&Filter::default(), &Page::default())))
    }

    /// How many jobs wait, and how many were given up.
    pub(crate) fn depth(&self) -> (u64, u64) {
        let depths = must(run(self.store.depths()));
        depths.get("intake").map_or((0, 0), |depth| (depth.waiting, depth.gave_up))
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.sandbox.root().join("state")
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

/// The header by which GitHub proves that it sent a body.
pub(crate) fn signature(secret: &str, body: &[u8]) -> String {
    let tag = sign(&Key::new(HMAC_SHA256, secret.as_bytes()), body);
    format!("sha256={}", tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat())
}

pub(crate) fn old_signature(body: &[u8]) -> String {
    signature(OLD, body)
}

/// A push to the repository, as GitHub tells it.
pub(crate) fn push(before: &str, after: &str, branch: &str) -> Value {
    json!({
        "ref": branch,
        "before": before,
        "after": after,
        "deleted": after == NONE,
        "commits": [{}],
        "repository": {
            "full_name": "acme/shop",
            "private": false,
            "visibility": "public",
            "default_branch": "main",
            "pushed_at": Timestamp::now().as_second(),
        },
    })
}

fn config(sandbox: &Sandbox, secrets: Option<&Value>) -> IntakeConfig {
    let secret = |name: &str, text: &str| {
        let path = sandbox.root().join(name);
        must(std::fs::write(&path, text));
        #[cfg(unix)]
        must(std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)));
        json!({ "file": path })
    };
    let url = format!("file://{}", sandbox.root().join("forge").display());
    must(serde_json::from_value(json!({
        "environment": [{ "name": "production", "path": "/deploy/" }],
        "github": {
            "url": url,
            "repositories": ["acme/*"],
            "secrets": secrets.cloned().unwrap_or_else(|| json!([secret("old", OLD), secret("new", SECRET)])),
            "token": secret("api-token", "made-up-api-token"),
            "partner": { "types": { "acme_token": "github.personal-access-token" } },
        },
        "gitlab": {
            "url": url,
            "repositories": ["acme/*"],
            "secrets": secrets.cloned().unwrap_or_else(|| json!([secret("gitlab", TOKEN)])),
            "signing": [secret("signing", SIGNING)],
            "revocation": {
                "tokens": secrets.cloned().unwrap_or_else(|| json!([secret("revocation", "made-up revocation token")])),
            },
        },
    })))
}

fn context(api: Option<&str>) -> Context {
    let endpoints = api.map(|api| format!("[endpoints]\n'api.github.com' = '{api}'\n")).unwrap_or_default();
    let config = must(Config::parse(&format!("{endpoints}[http]\nattempts = 1\n")));
    let http = must(Client::new(&config, api.is_none()));
    Context { http, config, responders: Responders::new(|_| None) }
}

async fn open(sandbox: &Sandbox, depth: Option<u64>) -> Store {
    let place = Place::Sqlite(sandbox.root().join("state/stanch.db"));
    let key = StoreKey::from_bytes(Zeroizing::new([1; 32]));
    let mut options = Options::new(place, key, must(SigningKey::from_seed(&Zeroizing::new([2; 32]))));
    options.depth = depth.unwrap_or(options.depth);
    must(Store::open(options).await)
}

fn owners() -> Sources {
    let fallback = Ownership { fallback: "security@example.com".to_owned(), business_fallback: None, file: None };
    must(Sources::load(&fallback, std::path::Path::new("/")))
}

fn parts(store: Arc<Store>) -> Parts {
    let config = ServerConfig { listen: must("127.0.0.1:0".parse()), ..ServerConfig::default() };
    Parts {
        store,
        wake: Arc::new(|| {}),
        policies: Vec::new(),
        owner: Arc::new(|_, _| Owner::default()),
        config,
        clock: Arc::new(Timestamp::now),
        fingerprints: FingerprintKey::from_bytes([5; 32]),
    }
}
