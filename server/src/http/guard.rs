//! Stands before each handler: nobody passes who may not, and the handler finds the whole body.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::body::{self, Taken};
use super::room::Sender;
use crate::{Access, ApiError, App, Route, auth, console};

/// What the guard of one route knows.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    pub(crate) app: App,
    pub(crate) access: Access,
    pub(crate) most: usize,
    pub(crate) time: Duration,
}

impl Guard {
    pub(crate) fn new(app: App, route: &Route) -> Self {
        Self { app, access: route.access, most: route.most, time: route.time }
    }

    /// Who asks is known before anything of the body is read.
    async fn admit(&self, request: &mut Request) -> Result<(), Response> {
        let (mut parts, body) = std::mem::take(request).into_parts();
        let person = match self.access {
            // Nobody's body is waited for where nobody reads it.
            Access::Signed if self.app.webhooks().is_none() => {
                return Err(ApiError::not_found("webhook").into_response());
            }
            Access::Open | Access::Signed => None,
            Access::Token(role) => {
                Some(auth::bearer(&self.app, &parts, role).await.map_err(IntoResponse::into_response)?)
            }
            Access::Session(role) => {
                let person = console::enter(&self.app, &mut parts).await?;
                person.must_be(role).map_err(|error| self.tell(error))?;
                Some(person)
            }
        };
        if let Some(person) = person {
            parts.extensions.insert(person);
        }
        *request = Request::from_parts(parts, body);
        Ok(())
    }

    /// An error as whoever asks reads it: a person a page, a program JSON.
    fn tell(&self, error: ApiError) -> Response {
        match self.access {
            Access::Session(_) => console::trouble(error),
            Access::Open | Access::Signed | Access::Token(_) => error.into_response(),
        }
    }

    fn sender(&self) -> Sender {
        match self.access {
            Access::Open | Access::Signed => Sender::Stranger,
            Access::Token(_) | Access::Session(_) => Sender::Known,
        }
    }

    async fn body(&self, request: Request) -> Result<(Request, Vec<super::room::Held>), ApiError> {
        let (parts, body) = request.into_parts();
        let within = self.app.config.limits.body();
        let room = (self.app.room(), self.sender());
        let Taken { body, held } = body::take(&parts.headers, body, self.most, within, room).await?;
        Ok((Request::from_parts(parts, body), held))
    }
}

/// Lets a request pass, or answers it.
pub(crate) async fn guard(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    if let Err(refusal) = guard.admit(&mut request).await {
        return refusal;
    }
    let (request, _held) = match guard.body(request).await {
        Ok(request) => request,
        Err(error) => return guard.tell(error),
    };
    if let Ok(response) = tokio::time::timeout(guard.time, next.run(request)).await {
        return response;
    }
    let slow = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "too-slow", "this took too long");
    guard.tell(slow.retry_after(5))
}
