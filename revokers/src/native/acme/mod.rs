//! Keys of certificates of authorities that speak ACME. Whoever has the certificate's own key may revoke it
//! (<https://www.rfc-editor.org/rfc/rfc8555#section-7.6>), so that the leaked key signs its own death.
//!
//! ACME has no question for whether a certificate is revoked. Before, the authority's word on renewal is asked
//! (<https://www.rfc-editor.org/rfc/rfc9773>), which lies in the past once a certificate is revoked. After, the revocation is asked for once
//! more: that the authority then calls it revoked already is the proof, which this process keeps.

mod certificate;
mod key;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use reqwest::{Method, Url};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use self::certificate::Certificate;
use self::key::Key;
use crate::file::File;
use crate::http::{Answer, Call, Payer, Repeat};
use crate::interface::StepKind;
use crate::kind::Kind;
use crate::{
    Context, Credential, Doing, Hidden, Identity, Liveness, Outcome, Probe, Revoker, Step, Target, Why, pointer,
};

/// Directories of public authorities, by the organisation in the certificates that they issue
/// (<https://letsencrypt.org/docs/acme-protocol-updates/>, <https://zerossl.com/documentation/acme/>,
/// <https://pki.goog/>).
const DIRECTORIES: [(&str, &str); 3] = [
    ("Let's Encrypt", "https://acme-v02.api.letsencrypt.org/directory"),
    ("ZeroSSL", "https://acme.zerossl.com/v2/DV90"),
    ("Google Trust Services", "https://dv.acme-v02.api.pki.goog/directory"),
];

/// The reason `keyCompromise` (<https://www.rfc-editor.org/rfc/rfc5280#section-5.3.1>).
const KEY_COMPROMISE: u8 = 1;

/// How many nonces are tried: under load, an authority forgets those that it gave out.
const NONCES: usize = 5;

/// Certificates that their authorities called revoked while this process ran, by the SHA-256 of their DER.
static REVOKED: Mutex<BTreeSet<[u8; 32]>> = Mutex::new(BTreeSet::new());

/// For the fuzz targets: a certificate and a key are read, or refused.
#[cfg(fuzzing)]
pub(crate) fn fuzz(data: &[u8]) {
    if let Some(certificate) = certificate::Certificate::parse(data) {
        let _ = certificate.renewal_id();
    }
    let inside = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, data);
    for label in ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"] {
        let pem = format!("-----BEGIN {label}-----\n{inside}\n-----END {label}-----\n");
        assert!(key::Key::read(&pem, b"of nobody").is_err());
    }
}

/// The key of a certificate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Acme {
    pub(super) file: &'static File,
    pub(super) kind: &'static Kind,
}

/// What one credential is made of.
struct Leaked {
    der: Vec<u8>,
    certificate: Certificate,
    key: Key,
    directory: Url,
    foreign_host: bool,
}

/// The addresses of an authority that are needed.
struct Directory {
    nonce: Url,
    revoke: Url,
    renewal: Option<Url>,
}

fn unknown(why: Why) -> Outcome {
    Outcome::Unknown { why }
}

fn digest(der: &[u8]) -> [u8; 32] {
    <sha2::Sha256 as sha2::Digest>::digest(der).into()
}

impl Leaked {
    fn is_known_dead(&self) -> bool {
        REVOKED.lock().unwrap_or_else(PoisonError::into_inner).contains(&digest(&self.der))
    }

    fn remember_dead(&self) {
        REVOKED.lock().unwrap_or_else(PoisonError::into_inner).insert(digest(&self.der));
    }

    fn identity(&self) -> Identity {
        let mut identity = Identity::default();
        for name in &self.certificate.names {
            identity.add("account", name);
        }
        identity.add("name", format!("certificate by {}", self.certificate.issuer));
        identity.add("key_id", self.certificate.serial_hex());
        identity.add("expires", self.certificate.until.to_string());
        identity
    }
}

impl Acme {
    fn read(self, cx: &Context, credential: &Credential) -> Result<Leaked, Why> {
        let values = credential.values(self.kind, &self.file.provider, &cx.config)?;
        let missing = |part: &str| Why::Missing { part: part.to_owned() };
        let malformed = |part: &str| Why::Malformed { part: part.to_owned() };
        let secret = values.get("secret").unwrap_or_default();
        // A file may hold both, the key and its certificate.
        let beside = Some(secret).filter(|text| text.contains("-----BEGIN CERTIFICATE-----"));
        let pem = values.get("certificate").or(beside).ok_or_else(|| missing("certificate"))?.replace("\\n", "\n");
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| malformed("certificate"))?.to_vec();
        let certificate = Certificate::parse(&der).ok_or_else(|| malformed("certificate"))?;
        let key = Key::read(secret, &certificate.key)?;
        let known = DIRECTORIES.iter().find(|(issuer, _)| *issuer == certificate.issuer).map(|(_, url)| *url);
        let named = values.get("directory");
        let directory = named.or(known).ok_or_else(|| missing("directory of the authority"))?;
        let directory = Url::parse(directory).map_err(|_| malformed("directory"))?;
        let foreign_host = named.is_some() && values.is_leaked_host("directory");
        Ok(Leaked { der, certificate, key, directory, foreign_host })
    }

    fn payer(self, leaked: &Leaked) -> Payer {
        let account = leaked.directory.host_str().unwrap_or_default().to_owned();
        Payer { provider: self.file.provider.clone(), account, per_minute: self.kind.rate.per_minute, per_hour: None }
    }

    async fn get(self, cx: &Context, leaked: &Leaked, method: Method, url: Url) -> Result<Answer, Why> {
        let mut call = Call::new(method, url);
        call.leaked_host = leaked.foreign_host;
        cx.http.send(&call, &self.payer(leaked), Repeat::Safe).await
    }

    async fn directory(self, cx: &Context, leaked: &Leaked) -> Result<Directory, Why> {
        let answer = self.get(cx, leaked, Method::GET, leaked.directory.clone()).await?;
        let json = answer.json().filter(|_| answer.status == 200).ok_or(Why::Answer { status: answer.status })?;
        // An authority is one host: what its directory names elsewhere is not followed.
        let own = |url: &Url| url.origin() == leaked.directory.origin();
        let at = |name: &str| json.get(name).and_then(Value::as_str).and_then(|url| Url::parse(url).ok()).filter(own);
        let missing = |name: &str| Why::Other { detail: format!("the directory of the authority has no `{name}`") };
        Ok(Directory {
            nonce: at("newNonce").ok_or_else(|| missing("newNonce"))?,
            revoke: at("revokeCert").ok_or_else(|| missing("revokeCert"))?,
            renewal: at("renewalInfo"),
        })
    }

    async fn ask(self, cx: &Context, credential: &Credential) -> Result<Probe, Why> {
        let leaked = self.read(cx, credential)?;
        if cx.http.is_offline() {
            return Err(Why::Offline);
        }
        if leaked.is_known_dead() || leaked.certificate.until < Timestamp::now() {
            return Ok(Probe { identity: leaked.identity(), ..Probe::of(Liveness::Inactive) });
        }
        let why = match self.renewal(cx, &leaked).await {
            Ok(()) => return Ok(Probe::active(leaked.identity())),
            Err(why) => why,
        };
        // Whose it is stands in the certificate, whatever the authority says.
        Ok(Probe { identity: leaked.identity(), ..Probe::unknown(why) })
    }

    /// Whether the authority takes the certificate for one that lives.
    async fn renewal(self, cx: &Context, leaked: &Leaked) -> Result<(), Why> {
        let no_way = || Why::NoWay { provider: leaked.certificate.issuer.clone() };
        let directory = self.directory(cx, leaked).await?;
        let (base, id) = directory.renewal.zip(leaked.certificate.renewal_id()).ok_or_else(no_way)?;
        let url = Url::parse(&format!("{}/{id}", base.as_str().trim_end_matches('/'))).map_err(|_| no_way())?;
        let answer = self.get(cx, leaked, Method::GET, url).await?;
        let json = answer.json().filter(|_| answer.status == 200).ok_or(Why::Answer { status: answer.status })?;
        let end = pointer::find(&json, "/suggestedWindow/end").first().and_then(|value| value.as_str());
        let end: Timestamp = end.and_then(|end| end.parse().ok()).ok_or(Why::Answer { status: answer.status })?;
        if end > Timestamp::now() {
            return Ok(());
        }
        Err(Why::Other { detail: "the authority wants it renewed at once, as it does when it is revoked".to_owned() })
    }

    /// Asks for the revocation, once. A stale nonce changes nothing and is replaced by the one that came with the refusal.
    async fn revoke(self, cx: &Context, leaked: &Leaked) -> Result<Outcome, Why> {
        let directory = self.directory(cx, leaked).await?;
        let nonce_of = |answer: &Answer| {
            answer
                .header("replay-nonce")
                .ok_or_else(|| Why::Other { detail: "the authority gives no nonce".to_owned() })
        };
        let mut nonce = nonce_of(&self.get(cx, leaked, Method::HEAD, directory.nonce.clone()).await?)?;
        for _ in 0..NONCES {
            let mut call = Call::new(Method::POST, directory.revoke.clone());
            call.leaked_host = leaked.foreign_host;
            call.body("application/jose+json", message(leaked, &directory.revoke, &nonce)?)?;
            let answer = cx.http.send(&call, &self.payer(leaked), Repeat::Never).await?;
            match meaning(&answer)? {
                Some(outcome) => return Ok(outcome),
                None => nonce = nonce_of(&answer)?,
            }
        }
        Err(Why::Other { detail: "the authority refuses its own nonces".to_owned() })
    }

    async fn act(self, cx: &Context, credential: &Credential) -> Result<Outcome, Why> {
        let leaked = self.read(cx, credential)?;
        let outcome = self.revoke(cx, &leaked).await?;
        let dead = match outcome {
            Outcome::AlreadyDead => true,
            // Asked once more, the authority says what it has written down.
            Outcome::Accepted => matches!(self.revoke(cx, &leaked).await, Ok(Outcome::AlreadyDead)),
            _ => false,
        };
        if dead {
            leaked.remember_dead();
        }
        Ok(outcome)
    }

    fn find(self, cx: &Context, credential: &Credential) -> Result<Target, Outcome> {
        let leaked = self.read(cx, credential).map_err(unknown)?;
        let bound = BTreeMap::from([
            ("serial".to_owned(), leaked.certificate.serial_hex()),
            ("names".to_owned(), leaked.certificate.names.join(", ")),
            ("host".to_owned(), leaked.directory.host_str().unwrap_or_default().to_owned()),
        ]);
        let found_by = "by the certificate, which is of this key".to_owned();
        Ok(Target { bound, hidden: Hidden::default(), found_by, listed: false, alive: None })
    }

    fn steps_of(target: &Target) -> Vec<Step> {
        let get = |name: &str| target.bound.get(name).map_or("", String::as_str);
        vec![Step {
            index: 0,
            name: "revoke".to_owned(),
            kind: StepKind::Final,
            target: format!("certificate {} for {}", get("serial"), get("names")),
            request: format!("POST {} revokeCert, signed with the certificate's key", get("host")),
            settle: 5,
        }]
    }
}

/// The signed request (<https://www.rfc-editor.org/rfc/rfc7515#section-7.2.2>).
fn message(leaked: &Leaked, url: &Url, nonce: &str) -> Result<String, Why> {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let head = json!({ "alg": leaked.key.algorithm(), "jwk": leaked.key.jwk(), "nonce": nonce, "url": url.as_str() });
    let body = json!({ "certificate": encode(&leaked.der), "reason": KEY_COMPROMISE });
    let (head, body) = (encode(head.to_string().as_bytes()), encode(body.to_string().as_bytes()));
    let signature = encode(&leaked.key.sign(format!("{head}.{body}").as_bytes())?);
    Ok(json!({ "protected": head, "payload": body, "signature": signature }).to_string())
}

/// What the authority says to a revocation; `None` if it wants another nonce.
fn meaning(answer: &Answer) -> Result<Option<Outcome>, Why> {
    if let Some(why) = answer.proves_nothing() {
        return Err(why);
    }
    let problem = answer.json().and_then(|json| json.get("type")?.as_str().map(str::to_owned)).unwrap_or_default();
    let denied = |code: &str| Outcome::NotPermitted { why: format!("the authority answers {code}") };
    match (answer.status, problem.strip_prefix("urn:ietf:params:acme:error:").unwrap_or_default()) {
        (200, _) => Ok(Some(Outcome::Accepted)),
        (_, "alreadyRevoked") => Ok(Some(Outcome::AlreadyDead)),
        (_, "badNonce") => Ok(None),
        (403, code @ "unauthorized") => Ok(Some(denied(code))),
        (status, _) => Err(Why::Answer { status }),
    }
}

impl Revoker for Acme {
    fn issuer(&self) -> &str {
        &self.file.name
    }

    fn probe<'a>(&'a self, cx: &'a Context, credential: &'a Credential) -> Doing<'a, Probe> {
        Box::pin(async move { self.ask(cx, credential).await.unwrap_or_else(Probe::unknown) })
    }

    fn locate<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        _seen: &'a Probe,
    ) -> Doing<'a, Result<Target, Outcome>> {
        Box::pin(std::future::ready(self.find(cx, credential)))
    }

    fn steps<'a>(
        &'a self,
        _cx: &'a Context,
        _credential: &'a Credential,
        target: &'a Target,
    ) -> Doing<'a, Result<Vec<Step>, Outcome>> {
        Box::pin(std::future::ready(Ok(Self::steps_of(target))))
    }

    fn perform<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        _target: &'a Target,
        _step: &'a Step,
    ) -> Doing<'a, Outcome> {
        Box::pin(async move { self.act(cx, credential).await.unwrap_or_else(unknown) })
    }
}
