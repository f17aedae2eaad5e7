//! The outermost of what is done with a request: its id, its limits, what is counted, and the headers of its answer.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, HOST, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use tracing::Instrument as _;

use super::{Peer, target};
use crate::metrics::known;
use crate::{ApiError, App};

/// The name of a request, in the log and in its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    fn new() -> Self {
        let mut bytes = [0_u8; 16];
        // Without chance the name is not unique, which is no reason not to answer.
        let _ = getrandom::fill(&mut bytes);
        Self(format!("req_{:032x}", u128::from_be_bytes(bytes)))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Answers a request. A handler that panics fails its own request and no other.
pub(crate) async fn edge(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let (id, begun) = (RequestId::new(), Instant::now());
    let from = request.extensions().get::<Peer>().copied().unwrap_or(Peer(None));
    let peer = from.behind(request.headers(), &app.config);
    request.extensions_mut().insert(peer);
    request.extensions_mut().insert(id.clone());
    // The path as it was declared: what a client wrote may be a secret at the wrong place.
    let path =
        request.extensions().get::<MatchedPath>().map_or_else(|| "-".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().clone();
    // Of a body without a length a proxy may see another end than we do. What would come after it is not listened to.
    let last = request.headers().contains_key(TRANSFER_ENCODING);
    let span = tracing::info_span!("request", %id, %peer, method = known(&method), path);
    let answered = AssertUnwindSafe(answer(&app, request, next)).catch_unwind().instrument(span.clone()).await;
    let mut response = answered.unwrap_or_else(|_| {
        let _in = span.enter();
        ApiError::internal("a handler panicked").into_response()
    });
    app.metrics().request(&method, &path, response.status(), begun.elapsed());
    tracing::debug!(parent: &span, status = response.status().as_u16(), "answered");
    secure(response.headers_mut(), &id, app.config.tls.is_some());
    if last {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn answer(app: &App, request: Request, next: Next) -> Response {
    let sound = target::check(request.uri()).and_then(|()| one_host(request.headers()));
    if let Err(error) = sound {
        return error.into_response();
    }
    match app.room().request() {
        Ok(_held) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// Two names of the host may be two hosts to a proxy and to us.
fn one_host(headers: &HeaderMap) -> Result<(), ApiError> {
    if headers.get_all(HOST).iter().count() > 1 {
        Err(ApiError::bad_request("the request names several hosts"))
    } else {
        Ok(())
    }
}

/// The headers that each answer has. A handler that set one of them knows better; the policy of the interface for programs allows nothing at all.
fn secure(headers: &mut HeaderMap, id: &RequestId, tls: bool) {
    let standard = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in standard {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if tls {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        headers.insert("x-request-id", value);
    }
}
