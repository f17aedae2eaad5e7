//! GitLab's webhooks: pushes of branches and tags.
//!
//! <https://docs.gitlab.com/user/project/integrations/webhook_events/#push-events>; who sends is told by a secret token
//! (<https://docs.gitlab.com/user/project/integrations/webhooks/>) or, better, by a signature.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use stanch_pipeline::Exposure;
use stanch_pipeline::git::event::{Asked, asked};
use stanch_pipeline::intake::{Arrival, Forge, Push, Repository};

use super::signature::{self, Standard};
use super::{Webhooks, forged, header, key, malformed, told, webhooks};
use crate::intake::config::GitlabConfig;
use crate::{ApiError, App};

/// Takes a delivery in.
pub(super) async fn receive(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Result<Response, ApiError> {
    let (hooks, now) = (webhooks(&app)?, app.now());
    let Some(gitlab) = &hooks.config.gitlab else { return Err(ApiError::not_found("webhook")) };
    hooks.of_gitlab(gitlab, &headers, &body, now).await?;
    let event = header(&headers, "x-gitlab-event").unwrap_or_default();
    let arrival = match event {
        "Push Hook" | "Tag Push Hook" | "System Hook" => hooks.pushed(&body, now)?,
        _ => None,
    };
    let Some(arrival) = arrival else { return Ok(told(StatusCode::OK, "nothing to do")) };
    hooks.accept(&key("gitlab", "push", &body), &arrival, now).await
}

impl Webhooks {
    /// Whether the message is signed by a signing token, or shows a secret one. A signature that is wrong is not made good by a token.
    async fn of_gitlab(
        &self,
        gitlab: &GitlabConfig,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), ApiError> {
        const ROUTE: &str = "/webhooks/gitlab";
        let signed =
            (header(headers, "webhook-id"), header(headers, "webhook-timestamp"), header(headers, "webhook-signature"));
        if let (Some(id), Some(timestamp), Some(signatures)) = signed
            && !gitlab.signing.is_empty()
        {
            let given = Standard { id, timestamp, signatures };
            let proves = |secrets: &signature::Secrets| signature::standard(body, &given, secrets, now);
            return self.proven(ROUTE, &gitlab.signing, proves).await;
        }
        let Some(given) = header(headers, "x-gitlab-token") else { return Err(forged(ROUTE)) };
        self.proven(ROUTE, &gitlab.secrets, |secrets| signature::token(given, secrets)).await
    }

    fn pushed(&self, body: &[u8], now: Timestamp) -> Result<Option<Arrival>, ApiError> {
        let message: Message = serde_json::from_slice(body).map_err(|_| malformed())?;
        let (Some(project), "push" | "tag_push") = (message.project, message.object_kind.as_str()) else {
            return Ok(None);
        };
        self.host(Forge::GitLab, &project.path_with_namespace)?;
        // The same event in the words of the other host.
        let payload = json!({
            "before": message.before,
            "after": message.after,
            "ref": message.name,
            "repository": { "default_branch": project.default_branch },
            "commits": vec![(); message.total_commits_count.min(10_000)],
        });
        let exposure = if project.visibility_level == PUBLIC { Exposure::Public } else { Exposure::Internal };
        let repository = Repository { forge: Forge::GitLab, name: project.path_with_namespace, exposure };
        match asked("push", &payload).map_err(|_| malformed())? {
            Asked::New(new) => Ok(Some(Arrival::Pushed(Push { repository, new, at: now }))),
            Asked::Nothing { .. } | Asked::Everything { .. } => Ok(None),
        }
    }
}

/// The visibility of a project that everybody can read: <https://docs.gitlab.com/api/projects/>.
const PUBLIC: u64 = 20;

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    object_kind: String,
    before: Option<String>,
    after: Option<String>,
    #[serde(rename = "ref")]
    name: Option<String>,
    #[serde(default)]
    total_commits_count: usize,
    project: Option<Project>,
}

#[derive(Deserialize)]
struct Project {
    path_with_namespace: String,
    #[serde(default)]
    visibility_level: u64,
    default_branch: Option<String>,
}
