//! No secret in clear reaches an answer, the log, or a file.

use std::fs;
use std::path::Path;

use serde_json::json;
use stanch_server::auth::Role;

use crate::house::{House, PANICS, logged};
use crate::incidents::minted;
use crate::wire::{answers, exchange, request};

/// The bytes of every file below a folder.
fn files(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        all.extend(if path.is_dir() { files(&path) } else { fs::read(path).expect("a file") });
    }
    all
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// What is sent by whom, with a secret at every place where one could be put by mistake.
fn requests(house: &House, secret: &str) -> Vec<Vec<u8>> {
    let (responder, admin) = (Some(house.token(Role::Responder)), Some(house.token(Role::Admin)));
    let findings = |body| request("POST", "/api/v1/findings", responder, Some(&body));
    let (id, digest) = house.waiting(&format!("fp-{}", secret.len()), &[]);
    let on = |verb: &str, body| request("POST", &format!("/api/v1/incidents/{id}/{verb}"), admin, Some(&body));
    vec![
        findings(json!({ "secret": secret })),
        findings(json!({ "secret": secret, "parts": { "key": secret } })),
        findings(json!({ "secret": secret, "rule": secret })),
        findings(json!({ "secret": secret, "exposure": secret })),
        findings(json!({ "secret": secret, secret: 1 })),
        findings(json!({ "secret": secret, "labels": { PANICS: "1" } })),
        findings(json!({ "secret": secret, "occurrences": [{ "source": secret, "place": "a" }] })),
        findings(json!([secret])),
        findings(json!(secret)),
        on("note", json!({ "text": secret })),
        on("deny", json!({ "why": format!("see {secret}") })),
        on("approve", json!({ "digest": secret })),
        on("approve", json!({ "digest": digest, "more": secret })),
        request("GET", &format!("/api/v1/incidents?provider={secret}"), admin, None),
        request("GET", &format!("/api/v1/incidents?{secret}=1"), admin, None),
        request("GET", &format!("/api/v1/incidents/{secret}"), admin, None),
        request("GET", &format!("/{secret}"), admin, None),
        request("GET", "/api/v1/me", Some(secret), None),
        request("POST", "/api/v1/tokens", admin, Some(&json!({ "name": secret, "role": "viewer" }))),
        request("DELETE", &format!("/api/v1/tokens/{secret}"), admin, None),
        format!("GET /api/v1/me HTTP/1.1\r\nhost: {secret}\r\ncookie: a={secret}\r\nx-request-id: {secret}\r\nconnection: close\r\n\r\n").into_bytes(),
        format!("POST /api/v1/findings HTTP/1.1\r\nauthorization: Bearer {secret}\r\nconnection: close\r\n\r\n{secret}").into_bytes(),
        format!("{secret} / HTTP/1.1\r\n\r\n").into_bytes(),
    ]
}

#[test]
fn a_secret_stays_where_it_was_put() {
    let mut house = House::new();
    let secret = minted(99);
    let mut heard = Vec::new();
    for ask in requests(&house, &secret) {
        let bytes = exchange(house.address, &ask);
        assert!(
            !answers(&bytes).is_empty() || ask.ends_with(b"HTTP/1.1\r\n\r\n"),
            "{}",
            String::from_utf8_lossy(&ask).replace(&secret, "*")
        );
        heard.extend(bytes);
    }
    for target in ["incidents", "audit?limit=1000", "stats", "tokens"] {
        heard.extend(house.ask(Role::Admin, "GET", &format!("/api/v1/{target}"), None).all());
    }
    heard.extend(house.ask(Role::Viewer, "GET", "/metrics", None).all());
    assert!(heard.len() > 10_000, "there was something to search");
    assert!(!holds(&heard, &secret), "an answer holds it");
    let tokens: Vec<String> = Role::ALL.into_iter().map(|role| house.token(role).to_owned()).collect();
    house.stop();
    let log = logged();
    assert!(log.len() > 1000, "the log says something: {}", String::from_utf8_lossy(&log));
    let kept = files(house.folder.path());
    assert!(holds(&kept, "acme.token"), "the files are those of the store");
    for one in tokens.iter().chain([&secret]) {
        assert!(!holds(&log, one), "the log holds it");
        assert!(!holds(&kept, one), "a file holds it");
    }
}
