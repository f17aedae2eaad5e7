//! What other systems tell us of their own accord: pushes, alerts, credentials that they found.
//!
//! Each message is believed only if its sender proves who it is, over the bytes as they came. What is accepted is durable before it is answered, and
//! the same bytes are the same message however often they come: they are what is signed, while the id of a delivery is not.

mod github;
mod gitlab;
mod partner;
mod revocation;
mod signature;

use std::fmt;
use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde_json::json;
use stanch_pipeline::intake::{Arrival, Forge, Intake};
use stanch_revokers::Context;
use stanch_revokers::config::Source;

use crate::extract::Json;
use crate::intake::config::{Host, is_name};
use crate::intake::{IntakeConfig, Secrets};
use crate::{Access, ApiError, App, Routes};

/// The most bytes of a message. GitHub sends none that is larger:
/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap>.
const MOST: usize = 25 << 20;

/// The routes below `/webhooks`.
pub fn routes() -> Routes {
    Routes::below("/webhooks")
        .post("/github", Access::Signed, MOST, github::receive)
        .post("/github/partner", Access::Signed, MOST, partner::receive)
        .post("/gitlab", Access::Signed, MOST, gitlab::receive)
        .get("/gitlab/v1/revocable_token_types", Access::Signed, revocation::types)
        .post("/gitlab/v1/revoke_tokens", Access::Signed, MOST, revocation::revoke)
}

/// What the routes need.
pub struct Webhooks {
    intake: Intake,
    config: Arc<IntakeConfig>,
    secrets: Secrets,
    keys: partner::Keys,
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks").finish_non_exhaustive()
    }
}

impl Webhooks {
    /// Webhooks that hand to an intake what a configuration lets in.
    pub fn new(intake: Intake, config: Arc<IntakeConfig>, cx: Arc<Context>) -> Self {
        let keys = partner::Keys::new(Arc::clone(&cx));
        Self { intake, config, secrets: Secrets::new(cx), keys }
    }

    /// The code host of a repository, if that may be looked at. Only what is allowed is ever fetched or asked about.
    fn host(&self, forge: Forge, name: &str) -> Result<Host<'_>, ApiError> {
        if !is_name(name) {
            return Err(ApiError::bad_request("the message names no repository"));
        }
        self.config.host(forge).filter(|host| host.allows(name)).ok_or_else(|| {
            ApiError::forbidden("this repository is not among those of the configuration")
                .hint("`repositories` of `[intake.github]` or `[intake.gitlab]` names those that are looked at")
        })
    }

    /// Refuses what is so old that its key may have been forgotten, and gives the time since when it is so.
    fn time(&self, told: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, ApiError> {
        let Some(told) = told else { return Ok(now) };
        let age = now.as_second().saturating_sub(told.as_second());
        if age > i64::try_from(self.config.max_age().as_secs()).unwrap_or(i64::MAX) {
            return Err(ApiError::new(StatusCode::BAD_REQUEST, "too-old", "the message is older than `max_age_hours`"));
        }
        Ok(told.min(now))
    }

    /// Whether one of the secrets of some places proves who sent a message. Where one that might have done so could not be read just now, the sender is to
    /// come back: what is refused for good is lost.
    async fn proven(
        &self,
        route: &'static str,
        sources: &[Source],
        proves: impl Fn(&signature::Secrets) -> bool,
    ) -> Result<(), ApiError> {
        for newest in [false, true] {
            let known = self.secrets.known(sources, newest).await;
            if proves(&known.values) {
                return Ok(());
            }
            if known.sure {
                return Err(forged(route));
            }
        }
        tracing::warn!(route, "a message cannot be checked, as a secret cannot be read");
        Err(ApiError::busy(30))
    }

    /// Keeps a message and answers that it is kept.
    async fn accept(&self, key: &str, arrival: &Arrival, now: Timestamp) -> Result<Response, ApiError> {
        let new = self.intake.accept(key, arrival, now).await?;
        Ok(if new { told(StatusCode::ACCEPTED, "accepted") } else { told(StatusCode::OK, "known") })
    }
}

/// The webhooks of a server; nobody hears of them where none are configured.
fn webhooks(app: &App) -> Result<&Webhooks, ApiError> {
    app.webhooks().ok_or_else(|| ApiError::not_found("webhook"))
}

/// By what a message is known: who sent it, and its bytes.
fn key(sender: &str, event: &str, body: &[u8]) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(event.as_bytes()).update(&[0]).update(body);
    let hash = hash.finalize().to_hex();
    format!("{sender}/{}", hash.get(..32).unwrap_or_default())
}

fn told(status: StatusCode, what: &str) -> Response {
    (status, Json(json!({ "status": what }))).into_response()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The message does not prove who sent it. What is wrong with the proof is not told.
fn forged(route: &'static str) -> ApiError {
    tracing::warn!(route, "a message without a valid proof of its sender was refused");
    ApiError::new(StatusCode::UNAUTHORIZED, "unsigned", "the message does not prove who sent it")
}

fn malformed() -> ApiError {
    ApiError::bad_request("the message does not have the form of its kind")
}
