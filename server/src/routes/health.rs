//! Whether the server lives, whether it is ready, and what it has counted.

use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::time::timeout;

use crate::auth::Role;
use crate::extract::Json;
use crate::{Access, ApiError, App, Routes};

/// The routes that are not of the interface.
pub fn routes() -> Routes {
    Routes::below("").get("/healthz", Access::Open, alive).get("/readyz", Access::Open, ready).get(
        "/metrics",
        Access::Token(Role::Viewer),
        metrics,
    )
}

/// What is well. The words say nothing of the inside: everybody can read them.
#[derive(Debug, Serialize)]
struct Health {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workers: Option<&'static str>,
}

async fn alive() -> Json<Health> {
    Json(Health { status: "ok", store: None, workers: None })
}

/// A store that was opened has the schema of this program; it has to answer as well.
async fn ready(State(app): State<App>) -> Response {
    const WAIT: Duration = Duration::from_secs(2);
    let store = matches!(timeout(WAIT, app.store.head()).await, Ok(Ok(_)));
    let workers = app.is_alive();
    let word = |well: bool| Some(if well { "ok" } else { "away" });
    let all = store && workers;
    let health = Health { status: if all { "ok" } else { "not-ready" }, store: word(store), workers: word(workers) };
    let status = if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health)).into_response()
}

async fn metrics(State(app): State<App>) -> Result<Response, ApiError> {
    let text = app.metrics().text(&app).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}
