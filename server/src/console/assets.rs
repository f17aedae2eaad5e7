//! What the pages are drawn with. It is the same for everybody and tells nothing.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

const STYLE: &str = include_str!("style.css");
const ICON: &str = include_str!("icon.svg");

/// The name of the style's content, so that a browser keeps it for exactly as long as it is the same.
pub(super) static STYLE_NAME: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    STYLE.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
});

pub(super) async fn style() -> Response {
    kept("text/css; charset=utf-8", STYLE)
}

pub(super) async fn icon() -> Response {
    kept("image/svg+xml", ICON)
}

fn kept(kind: &'static str, content: &'static str) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")], content).into_response()
}
