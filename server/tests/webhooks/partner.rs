//! GitHub's partner programme, with a key that is made here and shown by a host on this machine.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;

use crate::bench::{Bench, Wanted, minted};
use crate::client::{Answer, Host};

const KEYS: &str = "/meta/public_keys/secret_scanning";
const ROUTE: &str = "/webhooks/github/partner";

/// A key, and its public half as GitHub shows it.
fn key() -> (EcdsaKeyPair, String) {
    let random = SystemRandom::new();
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random);
    let made = made.unwrap_or_else(|error| panic!("{error}"));
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, made.as_ref(), &random);
    let pair = pair.unwrap_or_else(|error| panic!("{error}"));
    let head = STANDARD.decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgA=").unwrap_or_default();
    let der = [head.as_slice(), pair.public_key().as_ref()].concat();
    (pair, format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der)))
}

fn shown(id: &str, key: &str) -> (String, u16, String) {
    let keys = json!({ "public_keys": [{ "key_identifier": id, "key": key, "is_current": true }] });
    (KEYS.to_owned(), 200, keys.to_string())
}

fn send(bench: &Bench, id: &str, pair: &EcdsaKeyPair, signed: &[u8], body: &[u8]) -> Answer {
    let signature = pair.sign(&SystemRandom::new(), signed).unwrap_or_else(|error| panic!("{error}"));
    let signature = STANDARD.encode(signature.as_ref());
    let headers = [("Github-Public-Key-Identifier", id), ("Github-Public-Key-Signature", signature.as_str())];
    bench.post(ROUTE, &headers, body)
}

#[test]
fn what_github_signed_becomes_public_exposures() {
    let (pair, public) = key();
    let host = Host::start(vec![shown("k1", &public)]);
    let bench = Bench::with(&Wanted { api: Some(host.origin()), ..Wanted::default() });
    let url = "https://github.com/octo/hello/blob/0123/foo.txt";
    let body = json!([
        { "token": minted(21), "type": "acme_token", "url": url, "source": "content" },
        { "token": minted(22), "type": "another", "url": "", "source": "issue_comment" },
    ])
    .to_string();
    let body = body.as_bytes();
    assert_eq!(send(&bench, "k1", &pair, body, body).status, 202);
    assert_eq!(send(&bench, "k1", &pair, body, body).status, 200, "known");
    bench.settle();
    let mut found: Vec<(String, String, Option<String>)> = bench
        .incidents()
        .iter()
        .map(|incident| {
            let place = &incident.occurrences[0];
            (incident.exposure.as_str().to_owned(), place.place.clone(), place.url.clone())
        })
        .collect();
    found.sort();
    let public = |place: &str, url: Option<&str>| ("public".to_owned(), place.to_owned(), url.map(str::to_owned));
    assert_eq!(found, [public(url, Some(url)), public("issue_comment", None)]);
    assert_eq!(host.seen().len(), 1, "the keys are asked for once");
}

#[test]
fn what_somebody_else_signed_is_refused_and_github_is_not_bothered() {
    let ((pair, public), (other, _)) = (key(), key());
    let host = Host::start(vec![shown("k1", &public)]);
    let bench = Bench::with(&Wanted { api: Some(host.origin()), ..Wanted::default() });
    let body = b"[{\"token\":\"x\",\"type\":\"y\"}]";
    assert_eq!(send(&bench, "k1", &other, body, body).status, 401);
    assert_eq!(send(&bench, "k1", &pair, b"[]", body).status, 401);
    assert_eq!(send(&bench, "k2", &pair, body, body).status, 401, "a key that GitHub does not show");
    for _ in 0..5 {
        assert_eq!(send(&bench, "k3", &pair, body, body).status, 503, "GitHub is not asked about each");
    }
    assert_eq!(bench.post(ROUTE, &[], body).status, 401);
    assert_eq!(bench.depth(), (0, 0));
    assert_eq!(host.seen().len(), 2);
}

#[test]
fn while_github_cannot_be_asked_nobody_is_believed_and_nobody_is_turned_away_for_good() {
    let (pair, _) = key();
    let host = Host::start(Vec::new());
    let bench = Bench::with(&Wanted { api: Some(host.origin()), ..Wanted::default() });
    let answer = send(&bench, "k1", &pair, b"[]", b"[]");
    assert_eq!((answer.status, answer.head.contains("retry-after: ")), (503, true));
}
