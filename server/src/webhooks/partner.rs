//! GitHub's secret scanning partner programme: GitHub tells whoever issues a kind of credential where it found one.
//!
//! <https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partnership-program/secret-scanning-partner-program>

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use stanch_pipeline::Exposure;
use stanch_pipeline::intake::{Arrival, Leak, Text, Told};
use stanch_revokers::Context;
use stanch_revokers::http::{Call, Payer, Repeat};
use tokio::sync::Mutex;

use super::{forged, header, key, malformed, signature, told, webhooks};
use crate::{ApiError, App};

/// Where GitHub shows its keys. No configuration leads elsewhere.
const KEYS: &str = "https://api.github.com/meta/public_keys/secret_scanning";
/// For how long the keys are believed to be all.
const FRESH: Duration = Duration::from_hours(1);
/// GitHub is asked about keys that it did not show no more often than this, whatever strangers send.
const PAUSE: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
struct Match {
    token: Text,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    source: String,
}

/// Takes a message in.
pub(super) async fn receive(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Result<Response, ApiError> {
    let (hooks, now) = (webhooks(&app)?, app.now());
    let partner = hooks.config.github.as_ref().and_then(|github| github.partner.as_ref());
    let partner = partner.ok_or_else(|| ApiError::not_found("webhook"))?;
    let id = header(&headers, "github-public-key-identifier");
    let given = header(&headers, "github-public-key-signature");
    let (Some(id), Some(given)) = (id, given) else { return Err(forged("/webhooks/github/partner")) };
    let key_of = hooks.keys.get(id).await?.ok_or_else(|| forged("/webhooks/github/partner"))?;
    if !signature::ecdsa(&body, given, &key_of) {
        return Err(forged("/webhooks/github/partner"));
    }
    let all: Vec<Match> = serde_json::from_slice(&body).map_err(|_| malformed())?;
    if all.is_empty() {
        return Ok(told(StatusCode::OK, "nothing to do"));
    }
    let leak = |one: Match| Leak {
        kind: partner.types.get(&one.kind).cloned().unwrap_or(one.kind),
        secret: one.token,
        url: Some(if one.url.is_empty() { one.source } else { one.url }).filter(|place| !place.is_empty()),
    };
    let all = all.into_iter().map(leak).collect();
    let arrival = Told { by: "GitHub secret scanning".to_owned(), exposure: Exposure::Public, all, at: now };
    hooks.accept(&key("github-partner", "", &body), &Arrival::Told(arrival), now).await
}

/// GitHub's keys, as it showed them last.
pub(super) struct Keys {
    cx: Arc<Context>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    keys: Vec<PublicKey>,
    /// When they were had.
    at: Option<Instant>,
    /// When a key was asked for that is not among them, or GitHub did not answer.
    missed: Option<Instant>,
}

#[derive(Deserialize)]
struct Shown {
    public_keys: Vec<PublicKey>,
}

#[derive(Deserialize)]
struct PublicKey {
    key_identifier: String,
    key: String,
}

impl Keys {
    pub(super) fn new(cx: Arc<Context>) -> Self {
        Self { cx, known: Mutex::default() }
    }

    /// The key of an id; `None` if GitHub has none of that id.
    async fn get(&self, id: &str) -> Result<Option<String>, ApiError> {
        let mut known = self.known.lock().await;
        let recent = |at: Option<Instant>, within: Duration| at.is_some_and(|at| at.elapsed() < within);
        let here = known.find(id);
        if here.is_some() && recent(known.at, FRESH) {
            return Ok(here);
        }
        let unknown = || ApiError::busy(30);
        if recent(known.missed, PAUSE) {
            return here.map(Some).ok_or_else(unknown);
        }
        if recent(known.at, FRESH) {
            known.missed = Some(Instant::now());
        }
        match self.ask().await {
            Ok(keys) => (known.keys, known.at) = (keys, Some(Instant::now())),
            Err(why) => {
                tracing::warn!(why, "GitHub does not show its keys");
                known.missed = Some(Instant::now());
                // Whether a key is GitHub's is not known as long as GitHub cannot be asked; one that was shown before still counts.
                return here.map(Some).ok_or_else(unknown);
            }
        }
        Ok(known.find(id))
    }

    async fn ask(&self) -> Result<Vec<PublicKey>, String> {
        let mut call = Call::configured("GET", KEYS).map_err(|why| why.to_string())?;
        call.header("accept", "application/vnd.github+json").map_err(|why| why.to_string())?;
        let payer = Payer { provider: "github".to_owned(), ..Payer::default() };
        let answer = self.cx.http.send(&call, &payer, Repeat::Safe).await.map_err(|why| why.to_string())?;
        if answer.status != 200 {
            return Err(format!("it answers {}", answer.status));
        }
        let shown: Shown = serde_json::from_slice(answer.bytes()).map_err(|_| "its answer holds none".to_owned())?;
        Ok(shown.public_keys)
    }
}

impl Known {
    fn find(&self, id: &str) -> Option<String> {
        self.keys.iter().find(|key| key.key_identifier == id).map(|key| key.key.clone())
    }
}
