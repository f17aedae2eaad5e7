//! What goes wrong, in two messages: one for whoever asked, one for the log.

use std::borrow::Cow;
use std::fmt::Display;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use stanch_pipeline::store::StoreError;

/// Why a request was not done. What is said to the client holds nothing of the inside, and nothing of what the client sent.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    hint: Option<Cow<'static, str>>,
    /// Seconds after which it may be tried again.
    retry_after: Option<u32>,
}

/// The error as a client reads it.
#[derive(Serialize)]
struct Told<'a> {
    error: Inner<'a>,
}

#[derive(Serialize)]
struct Inner<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

impl ApiError {
    /// Any error. `code` is what programs read and never changes.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into(), hint: None, retry_after: None }
    }

    /// What the client sent makes no sense.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", message)
    }

    /// Nobody is known to ask.
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "no valid token")
            .hint("send `Authorization: Bearer stanch_…`; `stanch serve token` makes the first one")
    }

    /// Whoever asks may not.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// There is no such thing.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", format!("there is no such {what}"))
    }

    /// It does not fit what is the case by now.
    pub fn conflict(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// The body is larger than the route takes.
    pub fn too_large(most: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", format!("the body may have at most {most} bytes"))
    }

    /// Somebody does it too often, and is to come back after so many seconds.
    pub fn too_many(seconds: u32) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many", "this was tried too often").retry_after(seconds)
    }

    /// There is no room now; the client is to come back after so many seconds.
    pub fn busy(seconds: u32) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "there is too much to do at the moment").retry_after(seconds)
    }

    /// A fault of ours. The cause goes to the log, under the request's id.
    pub fn internal(cause: impl Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong on this side")
            .hint("the log tells more, under the id of this request (`x-request-id`)")
    }

    /// The same with what can be done about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<Cow<'static, str>>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same with the seconds after which it may be tried again.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// The status that is answered.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The message, for pages that are not JSON.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let told = Told { error: Inner { code: self.code, message: &self.message, hint: self.hint.as_deref() } };
        // Texts always have a form in JSON.
        let body = serde_json::to_vec(&told).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"stanch\""));
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(what) => Self::not_found(what),
            StoreError::OtherPlan { .. } => Self::conflict("other-plan", "the plan is another one by now")
                .hint("look at the incident again: an approval is of one plan, named by its digest"),
            StoreError::Closed => Self::conflict("closed", "the incident is closed"),
            StoreError::Busy(_) | StoreError::Gone(_) | StoreError::Full(_) => {
                tracing::warn!(%error, "the store did not take it");
                Self::busy(5)
            }
            error => Self::internal(error),
        }
    }
}
