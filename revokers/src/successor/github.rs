//! GitHub Actions secrets of a repository (<https://docs.github.com/en/rest/actions/secrets>). GitHub takes them sealed for the repository's
//! public key and never shows them again, so that the check is the time at which it last wrote the secret.

use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_box::PublicKey;
use crypto_box::aead::OsRng;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::{Method, Url};
use serde::Serialize;
use zeroize::Zeroizing;

use super::ask::{Asker, document, part, responder, unexpected};
use super::{Failure, Store, is_name, segments};
use crate::http::Answer;
use crate::{Context, Doing};

const HOST: &str = "api.github.com";
/// The most that GitHub takes, in bytes.
const MOST: usize = 48 << 10;

/// A secret of a repository.
#[derive(Debug)]
pub(super) struct Actions {
    owner: String,
    repository: String,
    name: String,
    written: Mutex<Option<Written>>,
}

/// What is known of the moment in which the secret was put there.
#[derive(Debug, Clone, Copy)]
struct Written {
    /// When it had been written last before.
    before: Option<Timestamp>,
    /// When it was, by the clock of GitHub.
    at: Option<Timestamp>,
}

#[derive(Serialize)]
struct Sealed<'a> {
    encrypted_value: &'a str,
    key_id: &'a str,
}

impl Actions {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parts = segments(text).and_then(|parts| <[String; 3]>::try_from(parts).ok());
        let [owner, repository, name] = parts.ok_or("owner, repository and name are needed")?;
        if !is_name(&name) || name.to_ascii_uppercase().starts_with("GITHUB_") {
            return Err("the name is letters, digits and underscores, and does not start with GITHUB_".to_owned());
        }
        Ok(Self { owner, repository, name, written: Mutex::new(None) })
    }

    /// Of an Enterprise Server, the responder says the host.
    async fn asker<'a>(&self, cx: &'a Context) -> Result<(Asker<'a>, bool), Failure> {
        let responder = responder(cx, "github", std::slice::from_ref(&self.owner)).await?;
        let server = responder.parts.get("host").map(|host| host.as_str());
        let bearer = Zeroizing::new(format!("Bearer {}", part(&responder, "github", "secret")?));
        let asker = Asker::new(cx, &responder, "github", server.unwrap_or(HOST))?
            .with("authorization", bearer.as_str())
            .with("accept", "application/vnd.github+json")
            .with("x-github-api-version", "2022-11-28");
        Ok((asker, server.is_some()))
    }

    fn at(&self, (asker, server): &(Asker<'_>, bool), last: &str) -> Result<Url, Failure> {
        let prefix: &[&str] = if *server { &["api", "v3"] } else { &[] };
        asker.at(prefix.iter().chain(&["repos", &self.owner, &self.repository, "actions", "secrets", last]))
    }

    /// When the secret was last written; `None` if there is none.
    async fn updated(&self, asker: &(Asker<'_>, bool)) -> Result<Option<Timestamp>, Failure> {
        let answer = asker.0.get(self.at(asker, &self.name)?).await?;
        if answer.status == 404 && answer.proves_nothing().is_none() {
            return Ok(None);
        }
        let document = document(&answer, &[200])?;
        let at = document.text("/updated_at").and_then(|text| text.parse().ok());
        at.map(Some).ok_or_else(|| Failure::Unknown("the store does not say when the secret was written".to_owned()))
    }

    fn remember(&self, written: Written) {
        *self.written.lock().unwrap_or_else(PoisonError::into_inner) = Some(written);
    }
}

impl Store for Actions {
    fn name(&self) -> String {
        format!("GitHub Actions secret {} of {}/{}", self.name, self.owner, self.repository)
    }

    fn ready<'a>(&'a self, cx: &'a Context) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move { self.asker(cx).await.map(drop) })
    }

    fn put<'a>(&'a self, cx: &'a Context, value: &'a str) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move {
            if value.len() > MOST {
                return Err(Failure::not("the value is larger than GitHub takes"));
            }
            let asker = self.asker(cx).await?;
            let certain = |(Failure::Unknown(detail) | Failure::Not(detail))| Failure::Not(detail);
            let before = self.updated(&asker).await.map_err(certain)?;
            let answer = asker.0.get(self.at(&asker, "public-key")?).await.map_err(certain)?;
            let key = document(&answer, &[200]).map_err(certain)?;
            let (Some(id), Some(public)) = (key.text("/key_id"), key.text("/key")) else {
                return Err(Failure::not("the store gives no public key"));
            };
            let sealed = seal(public, value).ok_or_else(|| Failure::not("the store's public key is none"))?;
            let sealed = Sealed { encrypted_value: &sealed, key_id: id };
            self.remember(Written { before, at: None });
            let answer =
                asker.0.send(Method::PUT, self.at(&asker, &self.name)?, "application/json", &sealed, 0).await?;
            self.remember(Written { before, at: date(&answer) });
            if matches!(answer.status, 201 | 204) { Ok(()) } else { Err(unexpected(&answer)) }
        })
    }

    fn holds<'a>(&'a self, cx: &'a Context, _: &'a str) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move {
            let written = *self.written.lock().unwrap_or_else(PoisonError::into_inner);
            let now = self.updated(&self.asker(cx).await?).await?;
            let fresh = written.zip(now).is_some_and(|(written, now)| written.shows(now));
            if fresh { Ok(()) } else { Err(Failure::not("the store does not show that it was written")) }
        })
    }
}

impl Written {
    /// Whether the time that GitHub shows is the one of our writing: it has changed, or it is the very second of the answer.
    fn shows(self, now: Timestamp) -> bool {
        let changed = self.before.is_none_or(|before| now > before);
        changed || self.at.is_some_and(|at| now.as_second() >= at.as_second())
    }
}

fn date(answer: &Answer) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(answer.header("date")?).ok()
}

/// A sealed box (<https://doc.libsodium.org/public-key_cryptography/sealed_boxes>) in base64.
fn seal(public: &str, value: &str) -> Option<String> {
    let public: [u8; 32] = STANDARD.decode(public).ok()?.try_into().ok()?;
    let sealed = PublicKey::from(public).seal(&mut OsRng, value.as_bytes()).ok()?;
    Some(STANDARD.encode(sealed))
}
