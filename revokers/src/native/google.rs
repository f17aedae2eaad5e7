//! Google: a service account's key is exchanged for an access token by a token that it signs (RFC 7523,
//! <https://developers.google.com/identity/protocols/oauth2/service-account>).
//!
//! The `token_uri` of a key file is not read: whoever wrote the file chose it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::crypto::{RsaKey, sha256_hex};
use super::signer::{Deriving, Signer, need};
use crate::http::{Call, Payer, Repeat};
use crate::{Context, Doing, Why};

const TOKEN: &str = "https://oauth2.googleapis.com/token";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Derives, of a leaked key: `{assertion}`, a signed request for a token; `{project}` and `{owner}` out of the account's address;
/// `{key_id}`, looked up by its public half. And `{token}`: of our responder, or else of the leaked key itself.
#[derive(Debug)]
pub(crate) struct ServiceAccount;

/// Derives `{responder.token}`, of our responder.
#[derive(Debug)]
pub(crate) struct ByResponder;

impl Signer for ServiceAccount {
    fn derives(&self) -> &'static [&'static str] {
        &["assertion", "owner", "project", "key_id", "token"]
    }

    fn finds(&self) -> &'static [&'static str] {
        &["key_id", "project"]
    }

    fn by_responder(&self) -> bool {
        true
    }

    fn derive<'a>(&'a self, what: Deriving<'a>) -> Doing<'a, Result<(), Why>> {
        Box::pin(derive(what))
    }
}

impl Signer for ByResponder {
    fn derives(&self) -> &'static [&'static str] {
        &["responder.token"]
    }

    fn derive<'a>(&'a self, what: Deriving<'a>) -> Doing<'a, Result<(), Why>> {
        Box::pin(async move {
            if what.wants("responder.token") {
                let secret = Zeroizing::new(need(what.values, "responder")?.to_owned());
                let token = responder_token(what.cx, what.payer, &secret).await?;
                what.values.set("responder.token", token.as_str());
            }
            Ok(())
        })
    }
}

async fn derive(what: Deriving<'_>) -> Result<(), Why> {
    let email = need(what.values, "client_email")?.to_owned();
    let key = Key { pem: Zeroizing::new(need(what.values, "private_key")?.to_owned()), email };
    if let Some(owner) = project_of(&key.email) {
        what.values.set("owner", owner);
    }
    if what.wants("project") {
        let project = project_of(&key.email).or_else(|| what.values.get("project_id")).map(str::to_owned);
        what.values.set("project", project.ok_or(Why::Missing { part: "project_id".to_owned() })?);
    }
    if what.wants("assertion") {
        what.values.set("assertion", key.assertion()?.as_str());
    }
    if what.wants("key_id") {
        let id = key.id(what.cx, what.payer).await?;
        what.values.set("key_id", id);
    }
    if what.acts && what.wants("token") {
        let ours = what.values.get("responder").map(|secret| Zeroizing::new(secret.to_owned()));
        let token = match ours {
            Some(secret) => responder_token(what.cx, what.payer, &secret).await?,
            None => key.exchange(what.cx, what.payer).await?,
        };
        what.values.set("token", token.as_str());
    }
    Ok(())
}

/// The project that an account's address names, which nobody but Google can choose
/// (<https://cloud.google.com/iam/docs/service-account-types>).
fn project_of(email: &str) -> Option<&str> {
    let (name, domain) = email.split_once('@')?;
    match domain {
        "appspot.gserviceaccount.com" => Some(name),
        "developer.gserviceaccount.com" => name.strip_suffix("-compute"),
        _ => domain.strip_suffix(".iam.gserviceaccount.com"),
    }
    .filter(|project| !project.is_empty())
}

/// What a responder's secret gives: it is a token, or a key file that is exchanged for one.
pub(crate) async fn responder_token(cx: &Context, payer: &Payer, secret: &str) -> Result<Zeroizing<String>, Why> {
    if !secret.starts_with('{') {
        return Ok(Zeroizing::new(secret.to_owned()));
    }
    let fail = |detail: &str| Why::NoResponder { id: "gcp".to_owned(), detail: detail.to_owned() };
    let file: Value = serde_json::from_str(secret).map_err(|_| fail("it is no JSON"))?;
    let field =
        |name: &str| file.get(name).and_then(Value::as_str).ok_or_else(|| fail("it is no service account's key file"));
    let key = Key { pem: Zeroizing::new(field("private_key")?.to_owned()), email: field("client_email")?.to_owned() };
    key.exchange(cx, payer).await
}

/// A service account's key.
struct Key {
    pem: Zeroizing<String>,
    email: String,
}

impl Key {
    /// The signed request for a token.
    fn assertion(&self) -> Result<Zeroizing<String>, Why> {
        const GOOD: i64 = 600;
        let now = Timestamp::now().as_second();
        let claims = json!({ "iss": self.email, "scope": SCOPE, "aud": TOKEN, "iat": now, "exp": now + GOOD });
        RsaKey::from_pem(&self.pem, "private_key")?.token(&json!({ "alg": "RS256", "typ": "JWT" }), &claims)
    }

    /// An access token, kept for a while: a key that is disabled can still delete itself by the token that it was given before.
    async fn exchange(&self, cx: &Context, payer: &Payer) -> Result<Zeroizing<String>, Why> {
        const GOOD: Duration = Duration::from_mins(50);
        let name = sha256_hex(Zeroizing::new(format!("google {} {}", self.email, *self.pem)).as_bytes());
        if let Some(token) = cx.responders.session(&name).await {
            return Ok(token);
        }
        let assertion = self.assertion()?;
        let mut call = Call::new(Method::POST, address(TOKEN)?);
        let form = format!("grant_type={}&assertion={}", GRANT.replace(':', "%3A"), *assertion);
        call.body("application/x-www-form-urlencoded", form)?;
        let answer = cx.http.send(&call, payer, Repeat::Safe).await?;
        let token = answer.json().and_then(|json| Some(Zeroizing::new(json.get("access_token")?.as_str()?.to_owned())));
        let token = token.filter(|_| answer.status == 200).ok_or(Why::Answer { status: answer.status })?;
        cx.responders.keep(name, token.clone(), GOOD).await;
        Ok(token)
    }

    /// The id under which Google publishes the certificate of this very key
    /// (<https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob>). The id that a leaked file
    /// claims may be another key's.
    async fn id(&self, cx: &Context, payer: &Payer) -> Result<String, Why> {
        let key = RsaKey::from_pem(&self.pem, "private_key")?;
        let mut url = address("https://www.googleapis.com/service_accounts/v1/metadata/x509/")?;
        url.path_segments_mut().map_err(|()| Why::Redirect)?.pop_if_empty().push(&self.email);
        let answer = cx.http.send(&Call::new(Method::GET, url), payer, Repeat::Safe).await?;
        let certificates =
            answer.json().filter(|_| answer.status == 200).ok_or(Why::Answer { status: answer.status })?;
        let is = |pem: &Value| pem.as_str().and_then(decode).is_some_and(|der| holds(&der, key.public()));
        let mut ids = certificates.as_object().into_iter().flatten().filter(|(_, pem)| is(pem)).map(|(id, _)| id);
        ids.next().cloned().ok_or(Why::NotListed)
    }
}

/// The bytes of a PEM document.
fn decode(pem: &str) -> Option<Vec<u8>> {
    let text: String = pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    STANDARD.decode(text).ok()
}

/// Whether a certificate holds a public key. Modulus and exponent of 2048 bits stand nowhere by chance.
fn holds(certificate: &[u8], key: &[u8]) -> bool {
    !key.is_empty() && certificate.windows(key.len()).any(|window| window == key)
}

fn address(text: &str) -> Result<Url, Why> {
    Url::parse(text).map_err(|_| Why::Malformed { part: "address".to_owned() })
}
