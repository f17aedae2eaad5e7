//! The pages for people.

use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};

use crate::auth::Person;
use crate::{ApiError, App, Routes};

/// The pages.
pub fn routes() -> Routes {
    Routes::below("")
}

/// Who is signed in, or the answer for somebody who is not. It may leave more than the person in the request's extensions.
#[expect(clippy::unused_async, reason = "sessions are looked up in the store")]
pub(crate) async fn enter(_app: &App, _parts: &mut Parts) -> Result<Person, Response> {
    Err(ApiError::unauthenticated().into_response())
}
