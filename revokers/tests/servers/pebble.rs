//! An ACME authority: Let's Encrypt's own for tests. The certificate is had by a client of the test's own.

use std::path::PathBuf;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as URL;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use stanch_revokers::act::{Consent, Goal, Refusal};
use stanch_revokers::{Liveness, Outcome, Why};
use tempfile::TempDir;

use crate::bench::{Bench, credential, why, with_parts};
use crate::server::{Certified, Running, certified, free_port, must, program, run};

const KIND: &str = "tls.acme-certificate-key";
const ASSERTED: Consent = Consent { ours: true, unproven: true };

struct Pebble {
    running: Running,
    dir: TempDir,
    port: u16,
    tls: Certified,
}

impl Pebble {
    fn start() -> Self {
        let dir = must(TempDir::new(), "a folder");
        let tls = certified(dir.path(), "root");
        let (port, management) = (free_port(), free_port());
        let config = json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{port}"), "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": tls.certificate, "privateKey": tls.key, "httpPort": free_port(), "tlsPort": free_port(),
        } });
        let file = dir.path().join("pebble.json");
        must(std::fs::write(&file, config.to_string()), "a configuration");
        let mut command = Command::new(program("pebble"));
        command.arg("-config").arg(&file).env("PEBBLE_VA_ALWAYS_VALID", "1").env("PEBBLE_VA_NOSLEEP", "1");
        // Of its nonces it refuses some on purpose, as a busy authority does.
        command.env("PEBBLE_WFE_NONCEREJECT", "20");
        let mut running = Running::start(&mut command, &dir.path().join("log"));
        running.listens(port);
        Self { running, dir, port, tls }
    }

    fn directory(&self) -> String {
        format!("https://127.0.0.1:{}/dir", self.port)
    }

    fn config(&self) -> String {
        let ca = self.tls.ca.display();
        format!(
            "hosts = {{ private = ['127.0.0.1'] }}\nhttp = {{ ca = '{ca}' }}\nsettings = {{ tls = {{ directory = '{}' }} }}\n",
            self.directory()
        )
    }

    fn openssl(&self, arguments: &str) {
        run(Command::new(program("openssl")).current_dir(self.dir.path()).args(arguments.split(' ')));
    }

    fn file(&self, name: &str) -> String {
        must(std::fs::read_to_string(self.path(name)), name)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A certificate for a new key, both in PEM.
    fn issue(&self, name: &str, key: &str) -> (String, String) {
        self.openssl(&format!("genpkey -out {name}.key {key}"));
        self.openssl(&format!(
            "req -new -key {name}.key -subj / -addext subjectAltName=DNS:{name}.acme.dev -outform DER -out {name}.csr"
        ));
        let csr = must(std::fs::read(self.path(&format!("{name}.csr"))), "the request");
        let runtime = must(tokio::runtime::Builder::new_current_thread().enable_all().build(), "a runtime");
        let certificate = runtime.block_on(Client::order(self, &format!("{name}.acme.dev"), &csr));
        (self.file(&format!("{name}.key")), certificate)
    }
}

/// A client that knows no more of ACME than to get one certificate.
struct Client {
    http: reqwest::Client,
    key: EcdsaKeyPair,
    directory: Value,
    account: Option<String>,
}

impl Client {
    async fn order(server: &Pebble, name: &str, csr: &[u8]) -> String {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let ca = must(reqwest::Certificate::from_pem(server.file("ca.pem").as_bytes()), "the authority");
        let http = must(reqwest::Client::builder().no_proxy().tls_certs_only([ca]).build(), "a client");
        let random = SystemRandom::new();
        let pkcs8 = must(EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random), "a key");
        let key = must(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random), "a key");
        let directory = must(http.get(server.directory()).send().await, "the directory");
        let directory = must(serde_json::from_str(&must(directory.text().await, "the directory")), "the directory");
        let mut client = Self { http, key, directory, account: None };
        let of = |value: &Value, at: &str| value.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (_, account) =
            client.post(&of(&client.directory, "/newAccount"), &json!({ "termsOfServiceAgreed": true })).await;
        client.account = account;
        let ids = json!({ "identifiers": [{ "type": "dns", "value": name }] });
        let (order, at) = client.post(&of(&client.directory, "/newOrder"), &ids).await;
        let at = at.unwrap_or_default();
        let (authorization, _) = client.post(&of(&order, "/authorizations/0"), &Value::Null).await;
        client.post(&of(&authorization, "/challenges/0/url"), &json!({})).await;
        client.until(&at, "ready").await;
        client.post(&of(&order, "/finalize"), &json!({ "csr": URL.encode(csr) })).await;
        let order = client.until(&at, "valid").await;
        let (text, _) = client.post(&of(&order, "/certificate"), &Value::Null).await;
        of(&text, "")
    }

    async fn until(&self, order: &str, status: &str) -> Value {
        for _ in 0..100 {
            let (order, _) = self.post(order, &Value::Null).await;
            if order["status"] == status {
                return order;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("the order never became {status}")
    }

    /// Posts a signed message until its nonce is taken; gives the body and the `Location`. What is no JSON comes as a text.
    async fn post(&self, url: &str, payload: &Value) -> (Value, Option<String>) {
        for _ in 0..20 {
            let nonce =
                must(self.http.head(self.directory["newNonce"].as_str().unwrap_or_default()).send().await, "a nonce");
            let nonce = nonce.headers().get("replay-nonce").and_then(|nonce| nonce.to_str().ok()).unwrap_or_default();
            let answer = self
                .http
                .post(url)
                .header("content-type", "application/jose+json")
                .body(self.sign(url, nonce, payload));
            let answer = must(answer.send().await, "an answer");
            let at = answer.headers().get("location").and_then(|at| at.to_str().ok()).map(str::to_owned);
            let status = answer.status();
            let text = must(answer.text().await, "a body");
            let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
            if body["type"] != "urn:ietf:params:acme:error:badNonce" {
                assert!(status.is_success(), "{url}: {status}: {body}");
                return (body, at);
            }
        }
        panic!("no nonce is taken")
    }

    fn sign(&self, url: &str, nonce: &str, payload: &Value) -> String {
        let public = self.key.public_key().as_ref();
        let mut head = json!({ "alg": "ES256", "nonce": nonce, "url": url });
        head[if self.account.is_some() { "kid" } else { "jwk" }] = match &self.account {
            Some(account) => json!(account),
            None => {
                json!({ "kty": "EC", "crv": "P-256", "x": URL.encode(&public[1..33]), "y": URL.encode(&public[33..]) })
            }
        };
        let head = URL.encode(head.to_string());
        let body = if payload.is_null() { String::new() } else { URL.encode(payload.to_string()) };
        let signature = self.key.sign(&SystemRandom::new(), format!("{head}.{body}").as_bytes());
        let signature = must(signature.map_err(|_| "unsigned"), "a signature");
        json!({ "protected": head, "payload": body, "signature": URL.encode(signature.as_ref()) }).to_string()
    }
}

#[test]
fn the_key_of_a_certificate_revokes_it() {
    let server = Pebble::start();
    let keys = [
        ("p256", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"),
        ("p384", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384"),
        ("rsa", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"),
    ];
    let bench = Bench::new(KIND, &server.config());
    for (name, key) in keys {
        let (key, certificate) = server.issue(name, key);
        let leaked = with_parts(&key, &[("certificate", &certificate)]);
        let probe = bench.probe(&leaked);
        assert!(matches!(probe.liveness, Liveness::Unknown { why: Why::NoWay { .. } }), "{name}: {probe:?}");
        assert_eq!(probe.identity.of("account"), [format!("{name}.acme.dev")]);
        assert!(matches!(bench.plan(&leaked), Err(Refusal::NotProven(_))), "{name}");
        let plan = bench.plan_with(&leaked, ASSERTED).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        let report = bench.carry_out(&leaked, &plan, Goal::Dead);
        assert_eq!((&report.outcome, report.complete), (&Outcome::Revoked, true), "{name}");
        assert_eq!(bench.plan_with(&leaked, ASSERTED), Err(Refusal::Dead), "{name}");
        assert_eq!(
            bench.carry_out(&leaked, &plan, Goal::Dead).outcome,
            Outcome::Revoked,
            "{name}: a second time does no harm"
        );
    }
    let line = "Revoked certificate";
    assert!(server.running.log().to_lowercase().matches(&line.to_lowercase()).count() <= keys.len());
}

#[test]
fn another_key_and_another_authority_do_nothing() {
    let server = Pebble::start();
    let curve = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";
    let (key, certificate) = server.issue("one", curve);
    let (other, _) = server.issue("two", curve);
    let bench = Bench::new(KIND, &server.config());
    let told = why(&bench.probe(&with_parts(&other, &[("certificate", &certificate)])));
    assert!(told.to_string().contains("of another key"), "{told}");
    assert_eq!(why(&bench.probe(&credential(&key))), Why::Missing { part: "certificate".to_owned() });
    assert!(why(&bench.probe(&with_parts(&key, &[("certificate", "no PEM")]))).to_string().contains("certificate"));
    let leaked = with_parts(&key, &[("certificate", &certificate)]);
    assert_eq!(why(&Bench::offline(KIND, &server.config()).probe(&leaked)), Why::Offline);
    assert!(matches!(
        bench.plan_with(&leaked, Consent { ours: false, unproven: true }),
        Err(Refusal::NotOurs(_) | Refusal::OwnerUnknown)
    ));
    let nowhere = Bench::new(KIND, "");
    assert!(matches!(why(&nowhere.probe(&leaked)), Why::Missing { .. }), "its issuer is no public authority");
    let named = with_parts(&key, &[("certificate", &certificate), ("directory", &server.directory())]);
    assert!(matches!(why(&Bench::new(KIND, "hosts = { private = ['127.0.0.1'] }").probe(&named)), Why::Host { .. }));
    let stolen = server.issue("three", curve).1;
    let bundle = credential(&format!("{key}\n{certificate}"));
    assert_eq!(bench.probe(&bundle).identity.of("account"), ["one.acme.dev"]);
    assert!(why(&bench.probe(&with_parts(&key, &[("certificate", &stolen)]))).to_string().contains("of another key"));
}
