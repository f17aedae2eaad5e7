//! What can be asked and revoked.

use serde::Serialize;
use stanch_revokers::{Summary, registry};

use super::V1;
use crate::auth::Role;
use crate::extract::Json;
use crate::{Access, Routes};

pub(super) fn routes() -> Routes {
    Routes::below(V1).get("/providers", Access::Token(Role::Viewer), list)
}

#[derive(Debug, Serialize)]
struct List {
    kinds: Vec<Summary>,
}

async fn list() -> Json<List> {
    Json(List { kinds: registry::entries().map(|entry| Summary::of(&entry)).collect() })
}
