//! What can be asked and revoked.

use serde::Serialize;
use stanch_revokers::registry::{self, Entry};

use super::V1;
use crate::auth::Role;
use crate::extract::Json;
use crate::{Access, Routes};

pub(super) fn routes() -> Routes {
    Routes::below(V1).get("/providers", Access::Token(Role::Viewer), list)
}

/// One kind of credential.
#[derive(Debug, Serialize)]
struct Kind {
    id: &'static str,
    provider: &'static str,
    title: &'static str,
    authority: &'static str,
    verify: bool,
    revoke: bool,
    rotate: bool,
    reversible: bool,
    tested_against: &'static str,
    rules: &'static [String],
    docs: &'static [String],
}

impl Kind {
    fn of(entry: &Entry) -> Self {
        let kind = entry.kind;
        Self {
            id: &kind.id,
            provider: &entry.file.provider,
            title: &kind.title,
            authority: kind.authority.as_str(),
            verify: kind.verifies(),
            revoke: kind.revokes(),
            rotate: kind.rotates(),
            reversible: kind.revokes() && kind.reversible(),
            tested_against: registry::tested_against(&kind.id),
            rules: &kind.rules,
            docs: &kind.docs,
        }
    }
}

#[derive(Debug, Serialize)]
struct List {
    kinds: Vec<Kind>,
}

async fn list() -> Json<List> {
    Json(List { kinds: registry::entries().map(|entry| Kind::of(&entry)).collect() })
}
