//! Every store takes a successor, shows that it has it, and tells nobody what it was given.

mod rotation;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_box::SecretKey;
use crypto_box::aead::OsRng;
use serde_json::{Value, json};
use stanch_model::{FingerprintKey, Secret};
use stanch_revokers::act::{self, Consent, Journal, Line, Rotation};
use stanch_revokers::config::Config;
use stanch_revokers::http::Client;
use stanch_revokers::registry::{self, Entry};
use stanch_revokers::responder::Responders;
use stanch_revokers::{
    Context, Credential, Doing, Identity, Liveness, Outcome, Probe, Revoker, Step, StepKind, Successor, Target, Why,
    successor,
};

/// The new secret of every test: text that no quoting leaves as it is by chance.
const NEW: &str = concat!("new-Secret_", "of #the$ test", "0123456789");
/// The responder's own.
const TOKEN: &str = "token-of-the-responder";

/// A request as the server read it.
struct Asked {
    method: String,
    target: String,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Asked {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    fn is(&self, method: &str, target: &str) -> bool {
        self.method == method && self.target == target
    }
}

type Reply = (u16, Value);

/// A server on loopback that answers one request a connection.
struct Server {
    origin: String,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(mut answer: impl FnMut(&Asked) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
        let origin = listener.local_addr().map(|at| format!("http://{at}")).unwrap_or_default();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::Acquire) {
                    return;
                }
                let _ = serve(stream, &mut answer);
            }
        });
        Self { origin, stop, thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        drop(TcpStream::connect(self.origin.trim_start_matches("http://")));
        drop(self.thread.take().map(JoinHandle::join));
    }
}

fn serve(mut stream: TcpStream, answer: &mut impl FnMut(&Asked) -> Reply) -> io::Result<()> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break head + 4;
        }
        more(&mut stream, &mut bytes)?;
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let mut lines = text.lines();
    let mut words = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while bytes.len() < head + length {
        more(&mut stream, &mut bytes)?;
    }
    let body = String::from_utf8_lossy(&bytes[head..]).into_owned();
    let (status, document) = answer(&Asked { method, target, headers, body });
    if status == 0 {
        // The answer is lost.
        return Ok(());
    }
    let body = if document.is_null() { String::new() } else { document.to_string() };
    let date = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT");
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nDate: {date}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut buffer = [0; 4096];
    match stream.read(&mut buffer)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        count => {
            bytes.extend_from_slice(&buffer[..count]);
            Ok(())
        }
    }
}

fn context(hosts: &[&str], server: Option<&Server>) -> Context {
    let origin = server.map_or("", |server| &server.origin);
    let endpoints = hosts.iter().map(|host| format!("'{host}' = '{origin}'")).collect::<Vec<_>>().join("\n");
    let config = format!(
        "[endpoints]\n{endpoints}\n[http]\nattempts = 1\nbackoff_ms = 1\npatience = 0.0\n\
         [responders.vault]\nhost = {{ value = 'vault.example.com' }}\nsecret = {{ value = '{TOKEN}' }}\n\
         [responders.gcp]\nsecret = {{ value = '{TOKEN}' }}\n\
         [responders.github]\nsecret = {{ value = '{TOKEN}' }}\n\
         [responders.kubernetes]\nhost = {{ value = 'k8s.example.com' }}\nsecret = {{ value = '{TOKEN}' }}\n\
         [responders.aws]\nkey_id = {{ value = 'the-id' }}\nsecret = {{ value = '{TOKEN}' }}\n\
         [[responders.gitlab]]\naccount = 'com'\nsecret = {{ value = 'another-token' }}\n\
         [[responders.gitlab]]\naccount = 'own'\nhost = {{ value = 'git.example.com' }}\nsecret = {{ value = '{TOKEN}' }}\n"
    );
    let config = Config::parse(&config).unwrap_or_else(|error| panic!("{error}"));
    let http = Client::new(&config, false).unwrap_or_else(|error| panic!("{error}"));
    Context { http, config, responders: Responders::new(|_| None) }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap_or_else(|error| panic!("{error}")).block_on(future)
}

fn new(secret: &str) -> Successor {
    let parts = BTreeMap::from([("key_id".to_owned(), "the-new-id".to_owned())]);
    Successor { secret: Secret::new(secret.as_bytes().to_vec()), id: Some("id-2".to_owned()), parts, killed_old: false }
}

/// Hands a successor over, and checks it.
fn hand_over(cx: &Context, to: &str) -> Result<(), String> {
    let sink = successor::parse(to).map_err(|error| error.to_string())?;
    let outcome = block_on(async {
        sink.store(cx, &new(NEW)).await?;
        sink.check(cx, &new(NEW)).await
    });
    let said = format!("{sink:?} {} {outcome:?}", sink.name());
    assert!(!said.contains(NEW) && !said.contains(TOKEN), "{said}");
    outcome.map_err(|error| error.to_string())
}

fn shared<T>(value: T) -> (Arc<Mutex<T>>, Arc<Mutex<T>>) {
    let one = Arc::new(Mutex::new(value));
    (Arc::clone(&one), one)
}

fn with<T, R>(state: &Mutex<T>, look: impl FnOnce(&mut T) -> R) -> R {
    look(&mut state.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A Vault that holds one secret. `meddle` is how often somebody else writes between a reading and a writing.
fn vault(asked: &Asked, state: &mut (u64, Value), meddle: &mut u32) -> Reply {
    if asked.headers.get("x-vault-token").map(String::as_str) != Some(TOKEN) {
        return (403, json!({ "errors": ["permission denied"] }));
    }
    if asked.is("GET", "/v1/kv/data/team/app") {
        let metadata = json!({ "version": state.0, "deletion_time": "", "destroyed": false });
        return match state {
            (0, _) => (404, json!({ "errors": [] })),
            (_, Value::Null) => (404, json!({ "data": { "data": null, "metadata": metadata } })),
            (_, data) => (200, json!({ "data": { "data": data, "metadata": metadata } })),
        };
    }
    assert!(asked.is("POST", "/v1/kv/data/team/app"), "{} {}", asked.method, asked.target);
    if *meddle > 0 {
        *meddle -= 1;
        state.0 += 1;
        state.1 = json!({ "other": "theirs" });
    }
    let body = asked.json();
    if body.pointer("/options/cas").and_then(Value::as_u64) != Some(state.0) {
        return (400, json!({ "errors": ["check-and-set parameter did not match the current version"] }));
    }
    *state = (state.0 + 1, body.get("data").cloned().unwrap_or_default());
    (200, json!({ "data": { "version": state.0 } }))
}

#[test]
fn vault_keeps_other_fields_and_what_others_write_meanwhile() {
    for (before, meddle, after) in [
        ((0, Value::Null), 0, json!({ "token": NEW })),
        ((7, Value::Null), 0, json!({ "token": NEW })),
        (
            (3, json!({ "token": "old", "n": 1, "deep": { "a": [null] } })),
            0,
            json!({ "token": NEW, "n": 1, "deep": { "a": [null] } }),
        ),
        ((3, json!({ "token": "old", "n": 1 })), 2, json!({ "token": NEW, "other": "theirs" })),
    ] {
        let (state, inside) = shared(before);
        let mut meddle = meddle;
        let server = Server::start(move |asked| with(&inside, |state| vault(asked, state, &mut meddle)));
        let cx = context(&["vault.example.com"], Some(&server));
        assert_eq!(hand_over(&cx, "vault:kv/team/app#token"), Ok(()));
        assert_eq!(with(&state, |state| state.1.clone()), after);
    }
}

#[test]
fn a_vault_in_which_others_write_all_the_time_is_given_up() {
    let (state, inside) = shared((1, json!({ "token": "old" })));
    let mut meddle = 100;
    let server = Server::start(move |asked| with(&inside, |state| vault(asked, state, &mut meddle)));
    let failed = hand_over(&context(&["vault.example.com"], Some(&server)), "vault:kv/team/app#token");
    assert_eq!(failed, Err("others write there all the time".to_owned()));
    assert_eq!(with(&state, |state| state.1.clone()), json!({ "other": "theirs" }));
}

#[test]
fn a_lost_answer_is_looked_up_before_it_counts_as_failed() {
    for (stores, wanted) in [(true, Ok(())), (false, Err("does not show the new value"))] {
        let (state, inside) = shared((1, json!({})));
        let server = Server::start(move |asked| {
            with(&inside, |state| {
                if asked.method != "POST" {
                    return vault(asked, state, &mut 0);
                }
                if stores {
                    vault(asked, state, &mut 0);
                }
                (0, Value::Null)
            })
        });
        let outcome = hand_over(&context(&["vault.example.com"], Some(&server)), "vault:kv/team/app#token");
        assert_eq!(outcome.is_ok(), wanted.is_ok(), "{outcome:?}");
        assert!(outcome.err().unwrap_or_default().contains(wanted.err().unwrap_or_default()));
        assert_eq!(with(&state, |state| state.1.get("token").is_some()), stores);
    }
}

#[test]
fn google_gets_a_new_version() {
    let (state, inside) = shared(vec![STANDARD.encode("old")]);
    let server = Server::start(move |asked| {
        assert_eq!(asked.headers.get("authorization"), Some(&format!("Bearer {TOKEN}")));
        with(&inside, |versions| match (asked.method.as_str(), asked.target.as_str()) {
            ("POST", "/v1/projects/p-1/secrets/app:addVersion") => {
                let data = asked.json().pointer("/payload/data").and_then(Value::as_str).unwrap_or_default().to_owned();
                versions.push(data);
                (200, json!({ "name": "projects/1/secrets/app/versions/2", "state": "ENABLED" }))
            }
            ("GET", "/v1/projects/p-1/secrets/app/versions/latest:access") => {
                (200, json!({ "payload": { "data": versions.last() } }))
            }
            other => panic!("{other:?}"),
        })
    });
    let cx = context(&["secretmanager.googleapis.com"], Some(&server));
    assert_eq!(hand_over(&cx, "gcp-secret:projects/p-1/secrets/app"), Ok(()));
    assert_eq!(with(&state, |versions| versions.clone()), [STANDARD.encode("old"), STANDARD.encode(NEW)]);
}

#[test]
fn only_the_repository_can_open_what_github_gets() {
    let secret = SecretKey::generate(&mut OsRng);
    let public = STANDARD.encode(secret.public_key().as_bytes());
    let (state, inside) = shared((None::<String>, "2020-01-01T00:00:00Z".to_owned()));
    let server = Server::start(move |asked| {
        assert_eq!(asked.headers.get("authorization"), Some(&format!("Bearer {TOKEN}")));
        assert_eq!(asked.headers.get("x-github-api-version").map(String::as_str), Some("2022-11-28"));
        with(&inside, |state| match (asked.method.as_str(), asked.target.as_str()) {
            ("GET", "/repos/acme/app/actions/secrets/public-key") => (200, json!({ "key_id": "k-1", "key": public })),
            ("PUT", "/repos/acme/app/actions/secrets/DEPLOY") => {
                let body = asked.json();
                assert_eq!(body.get("key_id"), Some(&json!("k-1")));
                state.0 = body.get("encrypted_value").and_then(Value::as_str).map(str::to_owned);
                state.1 = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
                (204, Value::Null)
            }
            ("GET", "/repos/acme/app/actions/secrets/DEPLOY") => {
                (200, json!({ "name": "DEPLOY", "updated_at": state.1 }))
            }
            other => panic!("{other:?}"),
        })
    });
    let cx = context(&["api.github.com"], Some(&server));
    // A second time within the same second, the time that GitHub shows does not change.
    assert_eq!(hand_over(&cx, "github-actions:acme/app/DEPLOY"), Ok(()));
    assert_eq!(hand_over(&cx, "github-actions:acme/app/DEPLOY"), Ok(()));
    let sealed =
        with(&state, |state| state.0.clone()).and_then(|sealed| STANDARD.decode(sealed).ok()).unwrap_or_default();
    assert_eq!(secret.unseal(&sealed).ok().as_deref(), Some(NEW.as_bytes()));
}

#[test]
fn a_secret_that_github_did_not_write_fails_the_check() {
    let public = STANDARD.encode(SecretKey::generate(&mut OsRng).public_key().as_bytes());
    let server = Server::start(move |asked| match (asked.method.as_str(), asked.target.rsplit('/').next()) {
        ("GET", Some("public-key")) => (200, json!({ "key_id": "k-1", "key": public })),
        ("PUT", _) => (204, Value::Null),
        _ => (200, json!({ "name": "DEPLOY", "updated_at": "2020-01-01T00:00:00Z" })),
    });
    let failed = hand_over(&context(&["api.github.com"], Some(&server)), "github-actions:acme/app/DEPLOY");
    assert_eq!(failed, Err("the store does not show that it was written".to_owned()));
}

#[test]
fn gitlab_changes_a_variable_or_makes_a_masked_one() {
    for exists in [true, false] {
        let (state, inside) =
            shared(exists.then(|| json!({ "key": "TOKEN", "value": "old", "protected": true, "hidden": false })));
        let server = Server::start(move |asked| {
            assert_eq!(asked.headers.get("private-token").map(String::as_str), Some(TOKEN));
            with(&inside, |state| match (asked.method.as_str(), asked.target.as_str()) {
                ("PUT", "/api/v4/projects/acme%2Fteam%2Fapp/variables/TOKEN?filter%5Benvironment_scope%5D=prod") => {
                    let Some(variable) = state else { return (404, json!({ "message": "404 Variable Not Found" })) };
                    assert_eq!(asked.json().as_object().map(serde_json::Map::len), Some(1));
                    variable["value"] = asked.json()["value"].clone();
                    (200, variable.clone())
                }
                ("POST", "/api/v4/projects/acme%2Fteam%2Fapp/variables") => {
                    *state = Some(asked.json());
                    (201, asked.json())
                }
                ("GET", _) => (200, state.clone().unwrap_or_default()),
                other => panic!("{other:?}"),
            })
        });
        let cx = context(&["git.example.com"], Some(&server));
        assert_eq!(hand_over(&cx, "gitlab-ci:git.example.com/acme/team/app/TOKEN#prod"), Ok(()));
        let after = with(&state, |state| state.clone()).unwrap_or_default();
        assert_eq!(after.get("value"), Some(&json!(NEW)));
        let made = json!({ "key": "TOKEN", "value": NEW, "masked": true, "raw": true, "environment_scope": "prod" });
        assert!(exists || after == made, "{after}");
    }
}

#[test]
fn no_instance_of_gitlab_is_shown_the_token_of_another() {
    let server = Server::start(|asked| panic!("{} {}", asked.method, asked.target));
    let cx = context(&["git.evil.example"], Some(&server));
    let failed = hand_over(&cx, "gitlab-ci:git.evil.example/acme/app/TOKEN").err().unwrap_or_default();
    assert!(failed.contains("none is configured for git.evil.example"), "{failed}");
}

#[test]
fn kubernetes_gets_one_key_patched() {
    let (state, inside) = shared(json!({ "token": STANDARD.encode("old"), "other": STANDARD.encode("stays") }));
    let server = Server::start(move |asked| {
        assert_eq!(asked.headers.get("authorization"), Some(&format!("Bearer {TOKEN}")));
        if asked.target != "/api/v1/namespaces/prod/secrets/app" {
            return (404, json!({ "kind": "Status" }));
        }
        with(&inside, |data| {
            if asked.method == "PATCH" {
                assert_eq!(asked.headers.get("content-type").map(String::as_str), Some("application/merge-patch+json"));
                for (key, value) in asked.json()["data"].as_object().into_iter().flatten() {
                    data[key] = value.clone();
                }
            }
            (200, json!({ "kind": "Secret", "data": data }))
        })
    });
    let cx = context(&["k8s.example.com"], Some(&server));
    assert_eq!(hand_over(&cx, "kubernetes:prod/app#token"), Ok(()));
    let wanted = json!({ "token": STANDARD.encode(NEW), "other": STANDARD.encode("stays") });
    assert_eq!(with(&state, |data| data.clone()), wanted);
    let failed = hand_over(&cx, "kubernetes:prod/apq#token").err().unwrap_or_default();
    assert!(failed.contains("no such Secret"), "{failed}");
}

#[test]
fn aws_gets_a_signed_request() {
    let (state, inside) = shared(String::new());
    let server = Server::start(move |asked| {
        assert!(
            asked.is("POST", "/")
                && asked.headers.get("content-type").map(String::as_str) == Some("application/x-amz-json-1.1")
        );
        let signed = asked.headers.get("authorization").cloned().unwrap_or_default();
        assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=the-id/"), "{signed}");
        assert!(signed.contains("/eu-west-1/secretsmanager/aws4_request, "), "{signed}");
        assert!(signed.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-target, "), "{signed}");
        let body = asked.json();
        assert_eq!(body["SecretId"], json!("prod/app"));
        with(&inside, |state| match asked.headers.get("x-amz-target").map(String::as_str) {
            Some("secretsmanager.PutSecretValue") => {
                assert_eq!(body["ClientRequestToken"].as_str().map(str::len), Some(32));
                *state = body["SecretString"].as_str().unwrap_or_default().to_owned();
                (200, json!({ "Name": "prod/app", "VersionStages": ["AWSCURRENT"] }))
            }
            Some("secretsmanager.GetSecretValue") => (200, json!({ "Name": "prod/app", "SecretString": *state })),
            other => panic!("{other:?}"),
        })
    });
    let cx = context(&["secretsmanager.eu-west-1.amazonaws.com"], Some(&server));
    assert_eq!(hand_over(&cx, "aws-secrets:eu-west-1/prod/app"), Ok(()));
    assert_eq!(with(&state, |state| state.clone()), NEW);
}

#[test]
fn what_a_store_repeats_is_told_to_nobody_and_fails() {
    const STORES: [(&str, &str); 6] = [
        ("vault:kv/team/app#token", "vault.example.com"),
        ("aws-secrets:eu-west-1/app", "secretsmanager.eu-west-1.amazonaws.com"),
        ("gcp-secret:projects/p/secrets/s", "secretmanager.googleapis.com"),
        ("github-actions:acme/app/DEPLOY", "api.github.com"),
        ("gitlab-ci:git.example.com/acme/app/TOKEN", "git.example.com"),
        ("kubernetes:prod/app#token", "k8s.example.com"),
    ];
    for (store, host) in STORES {
        for status in [400, 401, 403, 409, 422, 429, 500, 503] {
            let server = Server::start(move |asked| {
                (status, json!({ "message": format!("bad request: {} {:?}", asked.body, asked.headers) }))
            });
            // `hand_over` asserts that neither secret stands in what is said.
            let failed = hand_over(&context(&[host], Some(&server)), store);
            assert!(failed.is_err(), "{store} {status}");
        }
        let offline = Config::default();
        let http = Client::new(&offline, true).unwrap_or_else(|error| panic!("{error}"));
        let cx = Context { http, config: context(&[], None).config, responders: Responders::new(|_| None) };
        assert!(hand_over(&cx, store).is_err_and(|error| error.contains("offline")), "{store}");
    }
}

#[cfg(unix)]
mod files {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).map_or(0, |meta| meta.mode() & 0o777)
    }

    #[test]
    fn a_line_of_a_file_changes_at_once_and_for_its_owner_only() {
        let dir = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let path = dir.path().join(".env");
        let to = |name: &str| format!("env-file:{}#{name}", path.display());
        let cx = context(&[], None);
        fs::write(&path, "# mine\nA='1'\nexport TOKEN=\"old\" # why\r\nB=2").unwrap_or_default();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap_or_default();
        assert_eq!(hand_over(&cx, &to("TOKEN")), Ok(()));
        let text = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(text, format!("# mine\nA='1'\nexport TOKEN='{NEW}' # why\r\nB=2"));
        assert_eq!(mode(&path), 0o600);
        // A part, in a line that was not there.
        assert_eq!(block_on(deliver(&cx, &format!("key_id={}", to("KEY_ID")))), Ok(()));
        assert!(fs::read_to_string(&path).is_ok_and(|text| text.ends_with("B=2\r\nKEY_ID=the-new-id\r\n")));
        // Nothing else was left in the folder.
        assert_eq!(fs::read_dir(dir.path()).map_or(0, Iterator::count), 1);
        // The shell reads the same.
        let script = format!(". '{}' && printf %s \"$TOKEN\"", path.display());
        fs::write(&path, text.replace('\r', "")).unwrap_or_default();
        let output = std::process::Command::new("sh").args(["-c", &script]).output();
        assert_eq!(output.map(|output| output.stdout).unwrap_or_default(), NEW.as_bytes());
    }

    async fn deliver(cx: &Context, to: &str) -> Result<(), String> {
        let sink = successor::parse(to).map_err(|error| error.to_string())?;
        sink.store(cx, &new(NEW)).await.map_err(|error| error.to_string())?;
        sink.check(cx, &new(NEW)).await.map_err(|error| error.to_string())
    }

    #[test]
    fn a_link_stays_one_and_a_new_file_is_private() {
        let dir = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let (real, link, fresh) = (dir.path().join("real"), dir.path().join("link"), dir.path().join("fresh"));
        fs::write(&real, "TOKEN=old\n").unwrap_or_default();
        symlink(&real, &link).unwrap_or_default();
        let cx = context(&[], None);
        assert_eq!(hand_over(&cx, &format!("env-file:{}#TOKEN", link.display())), Ok(()));
        assert!(fs::symlink_metadata(&link).is_ok_and(|meta| meta.is_symlink()));
        assert!(fs::read_to_string(&real).is_ok_and(|text| text == format!("TOKEN='{NEW}'\n")));
        assert_eq!(hand_over(&cx, &format!("env-file:{}#TOKEN", fresh.display())), Ok(()));
        assert_eq!(mode(&fresh), 0o600);
    }

    #[test]
    fn a_file_that_cannot_be_changed_safely_is_left_alone() {
        let dir = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let path = dir.path().join(".env");
        let twice = "TOKEN=1\nTOKEN=2\n";
        fs::write(&path, twice).unwrap_or_default();
        let failed = hand_over(&context(&[], None), &format!("env-file:{}#TOKEN", path.display()));
        assert!(failed.is_err_and(|error| error.contains("more than once")));
        assert!(fs::read_to_string(&path).is_ok_and(|text| text == twice));
        let failed = hand_over(&context(&[], None), &format!("env-file:{}/none/.env#TOKEN", dir.path().display()));
        assert!(failed.is_err());
    }

    #[test]
    fn a_command_gets_the_secret_on_its_standard_input_and_nowhere_else() {
        let dir = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let path = |name: &str| dir.path().join(name);
        let script = format!(
            "#!/bin/sh\ncat > '{0}/in'\ntr '\\0' ' ' < /proc/$$/cmdline > '{0}/args'\nenv > '{0}/env'\ncat '{0}/in'\ncat '{0}/in' >&2\n",
            dir.path().display()
        );
        fs::write(path("store"), script).unwrap_or_default();
        fs::set_permissions(path("store"), fs::Permissions::from_mode(0o700)).unwrap_or_default();
        let cx = context(&[], None);
        assert_eq!(hand_over(&cx, &format!("command:{} 'an argument'", path("store").display())), Ok(()));
        let read = |name: &str| fs::read_to_string(path(name)).unwrap_or_default();
        assert_eq!(read("in"), NEW);
        assert!(read("args").contains("an argument") && !read("args").contains(NEW));
        assert!(!read("env").is_empty() && !read("env").contains(NEW));
        for failing in ["command:false", "command:/nowhere/at/all"] {
            assert!(hand_over(&cx, failing).is_err(), "{failing}");
        }
    }
}
