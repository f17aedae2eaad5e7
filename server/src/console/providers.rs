//! What can be done with which kind of credential.

use axum::extract::{Query, State as Reach};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use stanch_revokers::file::File;
use stanch_revokers::kind::{Authority, Kind};
use stanch_revokers::registry;

use super::page::{Trouble, Viewer, render};
use crate::App;

const PATH: &str = "/console/providers";

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    text: String,
}

#[derive(Serialize)]
struct View {
    kinds: usize,
    figures: Vec<Figure>,
    text: String,
    providers: Vec<Provider>,
}

#[derive(Serialize)]
struct Figure {
    name: &'static str,
    count: usize,
}

#[derive(Serialize)]
struct Provider {
    name: &'static str,
    kinds: Vec<KindView>,
}

#[derive(Serialize)]
struct KindView {
    id: &'static str,
    title: &'static str,
    verify: &'static str,
    revoke: &'static str,
    first: &'static str,
    rotate: &'static str,
    tested: &'static str,
}

/// The page of providers.
pub(super) async fn show(
    Reach(app): Reach<App>,
    viewer: Viewer,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let wanted = asked.text.trim().to_lowercase();
    let providers: Vec<Provider> = registry::files().filter_map(|file| Provider::of(file, &wanted)).collect();
    let kinds: Vec<&Kind> = registry::files().flat_map(|file| &file.kinds).collect();
    let count = |name, fits: fn(&Kind) -> bool| Figure { name, count: kinds.iter().filter(|kind| fits(kind)).count() };
    let figures = vec![
        Figure { name: "kinds", count: kinds.len() },
        count("can be verified", Kind::verifies),
        count("can be revoked", Kind::revokes),
        count("of these by themselves", |kind| kind.revokes() && kind.authority == Authority::Own),
        count("can be rotated", Kind::rotates),
    ];
    let view = View { kinds: providers.iter().map(|one| one.kinds.len()).sum(), figures, text: asked.text, providers };
    let frame = viewer.frame(&app, PATH).await?;
    Ok(render("providers.html", &frame, view))
}

impl Provider {
    /// What is shown of a provider; nothing if neither it nor a kind of it has the text that is wanted.
    fn of(file: &'static File, wanted: &str) -> Option<Self> {
        let has = |text: &str| text.to_lowercase().contains(wanted);
        let all = has(&file.name) || has(&file.provider);
        let kinds: Vec<KindView> =
            file.kinds.iter().filter(|kind| all || has(&kind.title) || has(&kind.id)).map(KindView::of).collect();
        (!kinds.is_empty()).then(|| Self { name: &file.name, kinds })
    }
}

impl KindView {
    fn of(kind: &'static Kind) -> Self {
        Self {
            id: &kind.id,
            title: &kind.title,
            verify: if kind.verifies() { "yes" } else { "no call" },
            revoke: match (kind.revokes(), kind.authority) {
                (false, _) => "a person",
                (true, Authority::Own) => "by itself",
                (true, Authority::Admin | Authority::None) => "by a responder",
            },
            first: match (kind.revokes(), kind.reversible()) {
                (false, _) => "–",
                (true, true) => "can be undone",
                (true, false) => "final",
            },
            rotate: if kind.rotates() { "yes" } else { "no call" },
            tested: registry::tested_against(&kind.id),
        }
    }
}
