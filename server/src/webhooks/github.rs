//! GitHub's webhooks: pushes, pull requests, alerts of its secret scanning.
//!
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads>

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use stanch_pipeline::Exposure;
use stanch_pipeline::git::event::{Asked, asked};
use stanch_pipeline::intake::{Alert, Arrival, Forge, Push, Repository, Text};

use super::{Webhooks, header, key, malformed, signature, told, webhooks};
use crate::{ApiError, App};

/// Takes a delivery in.
pub(super) async fn receive(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Result<Response, ApiError> {
    let (hooks, now) = (webhooks(&app)?, app.now());
    let Some(github) = &hooks.config.github else { return Err(ApiError::not_found("webhook")) };
    let given = header(&headers, "x-hub-signature-256").unwrap_or_default();
    let signed = |secrets: &signature::Secrets| signature::github(&body, given, secrets);
    hooks.proven("/webhooks/github", &github.secrets, signed).await?;
    let (Some(event), Some(delivery)) = (header(&headers, "x-github-event"), header(&headers, "x-github-delivery"))
    else {
        return Err(malformed().hint("`X-GitHub-Event` and `X-GitHub-Delivery` say what it is"));
    };
    let kind = header(&headers, "content-type").unwrap_or_default();
    if !kind.starts_with("application/json") {
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", "the message is not JSON")
            .hint("set the content type of the webhook to `application/json`"));
    }
    let arrival = match event {
        "ping" => return Ok(told(StatusCode::OK, "pong")),
        "push" | "pull_request" => hooks.commits(event, &body, now)?,
        "secret_scanning_alert" => hooks.alert(&body, now)?,
        _ => None,
    };
    let Some(arrival) = arrival else { return Ok(told(StatusCode::OK, "nothing to do")) };
    let delivery: String = delivery.chars().filter(char::is_ascii_graphic).take(64).collect();
    tracing::info!(event, delivery, "a message of GitHub");
    hooks.accept(&key("github", event, &body), &arrival, now).await
}

impl Webhooks {
    fn commits(&self, event: &str, body: &[u8], now: Timestamp) -> Result<Option<Arrival>, ApiError> {
        let payload: Value = serde_json::from_slice(body).map_err(|_| malformed())?;
        let repository = repository(&payload)?;
        self.host(Forge::GitHub, &repository.name)?;
        if event == "pull_request" && !brings_commits(&payload) {
            return Ok(None);
        }
        let at = if event == "push" { "/repository/pushed_at" } else { "/pull_request/updated_at" };
        let at = self.time(payload.pointer(at).and_then(time), now)?;
        match asked(event, &payload).map_err(|_| malformed())? {
            Asked::New(new) => Ok(Some(Arrival::Pushed(Push { repository, new, at }))),
            Asked::Nothing { .. } | Asked::Everything { .. } => Ok(None),
        }
    }

    /// An alert. It holds no secret by its documentation; where one has it all the same, nobody has to be asked.
    fn alert(&self, body: &[u8], now: Timestamp) -> Result<Option<Arrival>, ApiError> {
        const NEW: [&str; 3] = ["created", "reopened", "publicly_leaked"];
        let message: Message = serde_json::from_slice(body).map_err(|_| malformed())?;
        let mut repository =
            repository(&Value::Object([("repository".to_owned(), message.repository)].into_iter().collect()))?;
        self.host(Forge::GitHub, &repository.name)?;
        if !NEW.contains(&message.action.as_str()) {
            return Ok(None);
        }
        if message.alert.publicly_leaked {
            repository.exposure = Exposure::Public;
        }
        let at = self.time(message.alert.updated_at.or(message.alert.created_at), now)?;
        Ok(Some(Arrival::Alert(Alert {
            repository,
            number: message.alert.number,
            kind: message.alert.secret_type,
            secret: message.alert.secret,
            url: message.alert.html_url,
            at,
        })))
    }
}

#[derive(Deserialize)]
struct Message {
    action: String,
    alert: About,
    repository: Value,
}

#[derive(Deserialize)]
struct About {
    number: u64,
    #[serde(default)]
    secret_type: String,
    secret: Option<Text>,
    html_url: Option<String>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    #[serde(default)]
    publicly_leaked: bool,
}

/// The repository of a message, and who can read it.
fn repository(payload: &Value) -> Result<Repository, ApiError> {
    let name = payload.pointer("/repository/full_name").and_then(Value::as_str).ok_or_else(malformed)?;
    let visibility = payload.pointer("/repository/visibility").and_then(Value::as_str);
    let private = payload.pointer("/repository/private").and_then(Value::as_bool);
    let public = visibility.map_or(private == Some(false), |visibility| visibility == "public");
    let exposure = if public { Exposure::Public } else { Exposure::Internal };
    Ok(Repository { forge: Forge::GitHub, name: name.to_owned(), exposure })
}

/// Whether a request is new, or has new commits.
fn brings_commits(payload: &Value) -> bool {
    let action = payload.pointer("/action").and_then(Value::as_str);
    matches!(action, Some("opened" | "reopened" | "synchronize" | "ready_for_review"))
}

/// A time as GitHub has it: text, or in messages of pushes seconds.
fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(seconds) => Timestamp::from_second(seconds.as_i64()?).ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}
