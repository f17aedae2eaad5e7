//! What people say: yes, no, again.

use axum::extract::{Path, State as Reach};
use axum::response::Response;
use serde::Deserialize;
use stanch_pipeline::IncidentId;

use super::form::{Nothing, Ours};
use super::page::{Trouble, Viewer, onward};
use crate::{App, people};

#[derive(Deserialize)]
pub(super) struct Yes {
    digest: String,
}

#[derive(Deserialize)]
pub(super) struct No {
    why: String,
}

/// Approves of a plan, by its digest.
pub(super) async fn approve(
    Reach(app): Reach<App>,
    viewer: Viewer,
    Path(id): Path<String>,
    Ours(yes): Ours<Yes>,
) -> Result<Response, Trouble> {
    people::approve(&app, &viewer.person, &named(&id)?, &yes.digest).await?;
    Ok(onward("/console/approvals?said=approved"))
}

/// Says no to what would be done.
pub(super) async fn deny(
    Reach(app): Reach<App>,
    viewer: Viewer,
    Path(id): Path<String>,
    Ours(no): Ours<No>,
) -> Result<Response, Trouble> {
    people::deny(&app, &viewer.person, &named(&id)?, no.why.trim()).await?;
    Ok(onward("/console/approvals?said=denied"))
}

/// Has it tried again.
pub(super) async fn retry(
    Reach(app): Reach<App>,
    viewer: Viewer,
    Path(id): Path<String>,
    Ours(Nothing {}): Ours<Nothing>,
) -> Result<Response, Trouble> {
    let id = named(&id)?;
    people::retry(&app, &viewer.person, &id).await?;
    Ok(onward(&format!("/console/incidents/{id}?said=again")))
}

fn named(id: &str) -> Result<IncidentId, Trouble> {
    id.parse().map_err(|_| Trouble::NOT_FOUND)
}
