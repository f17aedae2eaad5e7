//! The policies that decide.

use axum::extract::State;
use serde::Serialize;
use serde_json::Value;

use super::V1;
use crate::auth::Role;
use crate::extract::Json;
use crate::{Access, App, Routes};

pub(super) fn routes() -> Routes {
    Routes::below(V1).get("/policies", Access::Token(Role::Viewer), list)
}

#[derive(Debug, Serialize)]
struct List {
    policies: Vec<Value>,
}

async fn list(State(app): State<App>) -> Json<List> {
    Json(List { policies: app.policies().as_ref().clone() })
}
