//! The API to which a GitLab of one's own hands over what its secret detection found:
//! <https://docs.gitlab.com/development/sec/token_revocation_api/>.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;
use stanch_pipeline::Exposure;
use stanch_pipeline::intake::{Arrival, Leak, Text, Told};

use super::{header, key, malformed, signature, webhooks};
use crate::extract::Json;
use crate::intake::config::RevocationConfig;
use crate::{ApiError, App};

/// Types of GitLab's analyser that are known without configuration, with the rules of ours.
const KNOWN: &[(&str, &str)] = &[("gitleaks_rule_id_gitlab_personal_access_token", "gitlab.personal-access-token")];

/// The most credentials of one message.
const MOST: usize = 10_000;

#[derive(Deserialize)]
struct Revoke {
    #[serde(rename = "type")]
    kind: String,
    token: Text,
    location: Option<String>,
}

/// Which types are taken.
pub(super) async fn types(State(app): State<App>, headers: HeaderMap) -> Result<Response, ApiError> {
    let config = allowed(&app, &headers).await?;
    let own = config.types.keys().map(String::as_str);
    let known = KNOWN.iter().map(|(name, _)| *name).filter(|name| !config.types.contains_key(*name));
    let all: Vec<&str> = own.chain(known).collect();
    Ok(Json(json!({ "types": all })).into_response())
}

/// Takes credentials in. 204 says that all of them were accepted, 400 that none was and that nobody should try again, 429 that it should be tried
/// again later.
pub(super) async fn revoke(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Result<Response, ApiError> {
    let (hooks, now) = (webhooks(&app)?, app.now());
    let config = allowed(&app, &headers).await.map_err(throttled)?;
    let all: Vec<Revoke> = serde_json::from_slice(&body).map_err(|_| malformed())?;
    if all.len() > MOST {
        return Err(ApiError::bad_request("a message holds at most 10000 credentials"));
    }
    let leak = |one: Revoke| {
        let rule = rule(config, &one.kind).ok_or_else(|| ApiError::bad_request("one of the types is not supported"))?;
        Ok(Leak { kind: rule.to_owned(), secret: one.token, url: one.location })
    };
    let all = all.into_iter().map(leak).collect::<Result<Vec<Leak>, ApiError>>()?;
    if !all.is_empty() {
        // GitLab hands over what stands where everybody can read it.
        let told = Told { by: "GitLab secret detection".to_owned(), exposure: Exposure::Public, all, at: now };
        let kept = hooks.accept(&key("gitlab-revocation", "", &body), &Arrival::Told(told), now).await;
        kept.map_err(throttled)?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The rule of a type.
fn rule<'a>(config: &'a RevocationConfig, kind: &str) -> Option<&'a str> {
    let known = || KNOWN.iter().find(|(name, _)| *name == kind).map(|(_, rule)| *rule);
    config.types.get(kind).map(String::as_str).or_else(known)
}

/// The configuration, if whoever asks may. GitLab sends the token alone, without a scheme before it.
async fn allowed<'a>(app: &'a App, headers: &HeaderMap) -> Result<&'a RevocationConfig, ApiError> {
    let hooks = webhooks(app)?;
    let config = hooks.config.gitlab.as_ref().and_then(|gitlab| gitlab.revocation.as_ref());
    let config = config.ok_or_else(|| ApiError::not_found("webhook"))?;
    let given = header(headers, "authorization").unwrap_or_default();
    let given = given.strip_prefix("Bearer ").unwrap_or(given);
    let proves = |secrets: &signature::Secrets| signature::token(given, secrets);
    hooks.proven("/webhooks/gitlab/v1", &config.tokens, proves).await?;
    Ok(config)
}

/// The status by which GitLab knows that it should try again.
fn throttled(error: ApiError) -> ApiError {
    if error.status() == StatusCode::SERVICE_UNAVAILABLE {
        return ApiError::new(StatusCode::TOO_MANY_REQUESTS, "busy", "there is too much to do at the moment")
            .retry_after(30);
    }
    error
}
