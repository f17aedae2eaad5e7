//! Tokens: who may use the interface.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stanch_pipeline::store::Token;
use zeroize::Zeroizing;

use super::V1;
use crate::auth::{Person, Role, check_name, make_token};
use crate::extract::Json;
use crate::route::SMALL;
use crate::{Access, ApiError, App, Routes};

pub(super) fn routes() -> Routes {
    let admin = Access::Token(Role::Admin);
    Routes::below(V1)
        .get("/me", Access::Token(Role::Viewer), me)
        .get("/tokens", admin, list)
        .post("/tokens", admin, SMALL, make)
        .delete("/tokens/{id}", admin, revoke)
}

/// A token as it is shown.
#[derive(Debug, Serialize)]
struct Shown {
    id: String,
    name: String,
    role: String,
    created: Timestamp,
    expires: Option<Timestamp>,
    revoked: Option<Timestamp>,
    last_used: Option<Timestamp>,
}

impl From<Token> for Shown {
    fn from(token: Token) -> Self {
        let Token { id, name, role, created, expires, revoked, last_used } = token;
        Self { id, name, role, created, expires, revoked, last_used }
    }
}

#[derive(Debug, Serialize)]
struct List {
    tokens: Vec<Shown>,
}

/// Whoever asks.
#[derive(Debug, Serialize)]
struct Me {
    name: String,
    role: Role,
}

/// A token that is wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    role: Role,
    /// Days for which it counts; without them for ever.
    days: Option<u32>,
}

/// A token that was made. The one answer that holds a secret: it is the only time that it is seen.
#[derive(Serialize)]
struct Made {
    token: Shown,
    value: Zeroizing<String>,
}

async fn me(person: Person) -> Json<Me> {
    Json(Me { name: person.name, role: person.role })
}

async fn list(State(app): State<App>) -> Result<Json<List>, ApiError> {
    let tokens = app.store.tokens().await?.into_iter().map(Shown::from).collect();
    Ok(Json(List { tokens }))
}

async fn make(
    State(app): State<App>,
    person: Person,
    Json(wanted): Json<Wanted>,
) -> Result<(StatusCode, Json<Made>), ApiError> {
    check_name(&wanted.name).map_err(|error| ApiError::bad_request(error.to_string()))?;
    let lasts = wanted.days.map(|days| Duration::from_secs(u64::from(days) * 24 * 60 * 60));
    let made = make_token(&app.store, &wanted.name, wanted.role, lasts, &person.name, app.now()).await?;
    Ok((StatusCode::CREATED, Json(Made { token: made.0.into(), value: made.1 })))
}

async fn revoke(State(app): State<App>, person: Person, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    app.store.revoke_token(&id, &person.name, app.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
