//! OpenSSH's own tools say which public half a private key has, and its server whether it still lets the key in. The list of a service's keys is
//! a few lines of HTTP: what matters is that the right one is found.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use stanch_revokers::act::{Goal, Refusal};
use stanch_revokers::{Liveness, Outcome, Why};
use tempfile::TempDir;

use crate::bench::{Bench, credential, why};
use crate::server::{must, program, run};
#[cfg(unix)]
use crate::stand_in::{Ask, Reply, StandIn};

/// A service that lists keys by id and deletes them.
struct Service {
    port: u16,
    keys: Arc<Mutex<Vec<(u64, String)>>>,
}

impl Service {
    fn start(keys: Vec<(u64, String)>) -> Self {
        let listener = must(TcpListener::bind("127.0.0.1:0"), "a port");
        let port = must(listener.local_addr(), "its address").port();
        let keys = Arc::new(Mutex::new(keys));
        let shared = Arc::clone(&keys);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(&stream);
                let mut head = String::new();
                while reader.read_line(&mut head).is_ok_and(|read| read > 2) {}
                let mut keys = shared.lock().unwrap_or_else(PoisonError::into_inner);
                let path = head.split(' ').nth(1).unwrap_or_default();
                let id = path.rsplit('/').next().and_then(|id| id.parse::<u64>().ok());
                let before = keys.len();
                let (status, body) = if head.starts_with("DELETE ") {
                    keys.retain(|(known, _)| Some(*known) != id);
                    if keys.len() < before {
                        ("204 No Content", String::new())
                    } else {
                        ("404 Not Found", json!({ "message": "Not Found" }).to_string())
                    }
                } else {
                    let all: Vec<_> = keys.iter().map(|(id, key)| json!({ "id": id, "key": key })).collect();
                    ("200 OK", json!(all).to_string())
                };
                let mut answer =
                    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n");
                let _ = write!(answer, "content-length: {}\r\n\r\n{body}", body.len());
                let _ = (&stream).write_all(answer.as_bytes());
            }
        });
        Self { port, keys }
    }

    fn left(&self) -> Vec<u64> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(id, _)| *id).collect()
    }
}

/// A key of a type: the private half, and the public one without its comment.
fn key(dir: &TempDir, kind: &str, phrase: &str) -> (String, String) {
    let file = dir.path().join(kind);
    run(Command::new(program("ssh-keygen")).args(["-q", "-t", kind, "-N", phrase, "-C", "somebody", "-f"]).arg(&file));
    let public = must(std::fs::read_to_string(file.with_extension("pub")), "the public half");
    let line = public.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    (must(std::fs::read_to_string(&file), "the private half"), line)
}

#[test]
fn a_key_is_found_by_its_public_half_and_only_it_is_deleted() {
    let dir = must(TempDir::new(), "a folder");
    let keys = [key(&dir, "ed25519", ""), key(&dir, "ecdsa", ""), key(&dir, "rsa", "with a phrase")];
    let listed = keys.iter().zip(1..).map(|((_, public), id)| (id, public.clone())).collect();
    let service = Service::start(listed);
    let config = format!("endpoints = {{ 'api.github.com' = 'http://127.0.0.1:{}' }}\n", service.port);
    let responding = format!("{config}[responders.github]\nsecret = {{ value = 'made-up' }}\n");
    let bench = Bench::new("ssh.private-key-github", &responding);
    let alone = Bench::new("ssh.private-key-github", &config);
    let mut left = vec![1, 2, 3];
    for (private, _) in &keys {
        let leaked = credential(private);
        assert!(matches!(alone.plan(&leaked), Err(Refusal::NotProven(Why::NoResponder { .. }))));
        assert_eq!(why(&Bench::offline("ssh.private-key-github", &responding).probe(&leaked)), Why::Offline);
        assert_eq!(bench.probe(&leaked).liveness, Liveness::Active);
        let report = bench.revoke(&leaked, Goal::Dead);
        assert_eq!((&report.outcome, report.complete), (&Outcome::Revoked, true), "{report:?}");
        left.remove(0);
        assert_eq!(service.left(), left);
        assert_eq!(why(&bench.probe(&leaked)), Why::NotListed);
    }
}

/// GitLab as documented: an administrator finds a key by its fingerprint, and deletes it at its user.
#[cfg(unix)]
fn gitlab(ask: &Ask, keys: &Mutex<Vec<(u64, String)>>) -> Reply {
    let mut keys = keys.lock().unwrap_or_else(PoisonError::into_inner);
    if ask.header("private-token") != "made-up" {
        return (401, json!({ "message": "401 Unauthorized" }));
    }
    let missing = || (404, json!({ "message": "404 Key Not Found" }));
    match (ask.method.as_str(), ask.path()) {
        ("GET", "/api/v4/keys") => match keys.iter().find(|(_, print)| *print == ask.field("fingerprint")) {
            Some((id, _)) => (200, json!({ "id": id, "user": { "id": 7, "username": "ada" } })),
            None => missing(),
        },
        ("DELETE", path) => {
            let id = path.strip_prefix("/api/v4/users/7/keys/").and_then(|id| id.parse::<u64>().ok());
            let before = keys.len();
            keys.retain(|(known, _)| Some(*known) != id);
            if keys.len() < before { (204, Value::Null) } else { missing() }
        }
        _ => missing(),
    }
}

/// What OpenSSH calls a key.
#[cfg(unix)]
fn fingerprint(dir: &TempDir, kind: &str) -> String {
    let told = Command::new(program("ssh-keygen"))
        .args(["-l", "-f"])
        .arg(dir.path().join(kind).with_extension("pub"))
        .output();
    let told = String::from_utf8_lossy(&must(told, "ssh-keygen").stdout).into_owned();
    told.split_whitespace().nth(1).unwrap_or_default().to_owned()
}

#[cfg(unix)]
#[test]
fn gitlab_is_asked_by_the_fingerprint_that_openssh_tells() {
    let dir = must(TempDir::new(), "a folder");
    let kinds = ["ed25519", "ecdsa"];
    let made = kinds.map(|kind| key(&dir, kind, ""));
    let keys = Arc::new(Mutex::new(kinds.iter().zip(1..).map(|(kind, id)| (id, fingerprint(&dir, kind))).collect()));
    let shared = Arc::clone(&keys);
    let server = StandIn::start(move |ask| gitlab(ask, &shared));
    let config = format!(
        "endpoints = {{ 'gitlab.com' = 'http://{}' }}\n[responders.gitlab]\nsecret = {{ value = 'made-up' }}\n",
        server.address
    );
    let bench = Bench::new("ssh.private-key-gitlab", &config);
    let leaked = credential(&made[0].0);
    assert_eq!(bench.probe(&leaked).liveness, Liveness::Active);
    let report = bench.revoke(&leaked, Goal::Dead);
    assert_eq!((&report.outcome, report.complete), (&Outcome::Revoked, true), "{report:?}");
    let left: Vec<u64> =
        keys.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(id, _): &(u64, String)| *id).collect();
    assert_eq!(left, [2]);
    assert_ne!(bench.probe(&leaked).liveness, Liveness::Active);
}
