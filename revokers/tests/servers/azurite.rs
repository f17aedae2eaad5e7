//! Azure Storage as azurite plays it, which checks the signature of every request. Azure Resource Manager, which azurite does not play, is a
//! stand-in that starts it anew with the regenerated key. `bash .ci/test tests` installs azurite.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::stand_in::{Ask, Reply, Scene, StandIn};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use stanch_revokers::act::{Goal, Ownership};
use stanch_revokers::{Liveness, Outcome};

const ACCOUNT: &str = "contosobackup";
const BLOB: &str = "contosobackup.blob.core.windows.net";
const RESOURCE: &str =
    "/subscriptions/sub-2/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/contosobackup";

/// A running azurite with two keys, until it is dropped.
struct Azurite {
    child: Child,
    port: u16,
    keys: [String; 2],
}

impl Drop for Azurite {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program, as `.ci/tools` installs it.
fn program() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "the table of variables is the product's; this one is the test's")]
    let named = std::env::var_os("STANCH_AZURITE").map(PathBuf::from);
    let installed =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tools/azurite-3.35.0/node_modules/.bin/azurite-blob");
    let program = named.unwrap_or(installed);
    assert!(program.exists(), "azurite is not installed at {}: run this by `bash .ci/test tests`", program.display());
    program
}

fn key(seed: u8) -> String {
    let bytes: Vec<u8> = (0..64_u8).map(|at| at.wrapping_mul(37).wrapping_add(seed)).collect();
    STANDARD.encode(bytes)
}

fn start(port: u16, keys: &[String; 2]) -> Child {
    let child = Command::new(program())
        .args(["--inMemoryPersistence", "--silent", "--disableTelemetry", "--blobHost", "127.0.0.1", "--blobPort"])
        .arg(port.to_string())
        .env("AZURITE_ACCOUNTS", format!("{ACCOUNT}:{}:{}", keys[0], keys[1]))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let child = child.unwrap_or_else(|error| panic!("azurite does not start: {error}"));
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_mins(1), "azurite does not listen");
        thread::sleep(Duration::from_millis(100));
    }
    child
}

impl Azurite {
    fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.unwrap_or_else(|error| panic!("{error}")).port();
        let keys = [key(1), key(2)];
        Self { child: start(port, &keys), port, keys }
    }

    /// Another key in the place of one, as Azure makes it.
    fn regenerate(&mut self, slot: usize) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.keys[slot] = key(200);
        self.child = start(self.port, &self.keys);
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }
}

/// Resource Manager as documented: two subscriptions, of which the second has the account, on the second page.
fn manager(ask: &Ask, azurite: &Mutex<Azurite>) -> Reply {
    if ask.host == "login.microsoftonline.com" {
        let known = ask.field("client_secret") == "our-secret" && ask.field("grant_type") == "client_credentials";
        let scope = ask.field("scope") == "https://management.azure.com/.default";
        return if known && scope {
            (200, json!({ "access_token": "arm-token" }))
        } else {
            (401, json!({ "error": "invalid_client" }))
        };
    }
    if ask.header("authorization") != "Bearer arm-token" {
        return (401, json!({ "error": { "code": "AuthenticationFailed" } }));
    }
    let mut azurite = azurite.lock().unwrap_or_else(|error| panic!("{error}"));
    let name = |slot: usize| format!("key{}", slot + 1);
    let keys = |azurite: &Azurite| {
        let key = |slot: usize| json!({ "keyName": name(slot), "value": azurite.keys[slot], "permissions": "FULL" });
        json!({ "keys": [key(0), key(1)] })
    };
    match (ask.method.as_str(), ask.path()) {
        ("GET", "/subscriptions") => {
            (200, json!({ "value": [{ "subscriptionId": "sub-1" }, { "subscriptionId": "sub-2" }] }))
        }
        ("GET", "/subscriptions/sub-1/providers/Microsoft.Storage/storageAccounts") => (200, json!({ "value": [] })),
        ("GET", path @ "/subscriptions/sub-2/providers/Microsoft.Storage/storageAccounts") => {
            let other = json!({ "id": RESOURCE.replace(ACCOUNT, "other"), "name": "other" });
            let next = format!("https://management.azure.com{path}?api-version=2023-05-01&page=2");
            let second = json!({ "value": [{ "id": RESOURCE, "name": ACCOUNT }] });
            (200, if ask.field("page") == "2" { second } else { json!({ "value": [other], "nextLink": next }) })
        }
        ("POST", path) if path == format!("{RESOURCE}/listKeys") => (200, keys(&azurite)),
        ("POST", path) if path == format!("{RESOURCE}/regenerateKey") => {
            let body: Value = serde_json::from_str(&ask.body).unwrap_or_default();
            let slot = (0..2).find(|slot| body["keyName"] == name(*slot)).unwrap_or_else(|| panic!("no such key"));
            azurite.regenerate(slot);
            (200, keys(&azurite))
        }
        _ => (404, json!({ "error": { "code": "ResourceNotFound" } })),
    }
}

#[test]
fn an_account_key_is_regenerated_in_its_own_slot() {
    let azurite = Azurite::start();
    let (leaked, other, blob) = (azurite.keys[1].clone(), azurite.keys[0].clone(), azurite.address());
    let azurite = Arc::new(Mutex::new(azurite));
    let inside = Arc::clone(&azurite);
    let server = StandIn::start(move |ask| manager(ask, &inside));
    let hosts = [(BLOB, blob), ("login.microsoftonline.com", server.address), ("management.azure.com", server.address)];
    let ours = json!({ "tenant": { "value": "00000000-0000-0000-0000-000000000001" }, "client_id": { "value": "app" }, "secret": { "value": "our-secret" } });
    // Azurite takes a while to start anew.
    let config = json!({ "responders": { "azure": ours }, "http": { "per_minute": 1_000_000, "backoff_ms": 1, "timeout_ms": 60_000 } });
    let string = format!(
        "DefaultEndpointsProtocol=https;AccountName={ACCOUNT};AccountKey={leaked};EndpointSuffix=core.windows.net"
    );
    let scene = Scene::new("azure.storage-account-key", &string, &[], &hosts, &config);
    assert_eq!(scene.probe().liveness, Liveness::Active);
    let made_up = Scene::new("azure.storage-account-key", &key(77), &[("account", ACCOUNT)], &hosts, &config);
    assert_eq!(made_up.probe().liveness, Liveness::Inactive);
    let plan = scene.plan().unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(
        (plan.ownership.clone(), plan.target.bound.get("slot").map(String::as_str)),
        (Ownership::Listed, Some("key2"))
    );
    let report = scene.revoke(&plan, Goal::Dead);
    assert_eq!((report.outcome, report.complete), (Outcome::Revoked, true));
    let survivor = Scene::new("azure.storage-account-key", &other, &[("account", ACCOUNT)], &hosts, &config);
    assert_eq!(survivor.probe().liveness, Liveness::Active);
    assert!(!scene.written().contains(&leaked) && !scene.written().contains("arm-token"));
    // What is in no slot any more is not called dead by that alone, and nothing is regenerated again.
    assert!(scene.plan().is_err());
    let regenerations = server.asked().iter().filter(|ask| ask.ends_with("/regenerateKey")).count();
    assert_eq!(regenerations, 1);
}
