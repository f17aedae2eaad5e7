//! What handlers take out of requests. What does not fit is answered in our words; nothing that was sent is quoted.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query as AxumQuery, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use stanch_pipeline::IncidentId;

use crate::auth::Person;
use crate::{ApiError, App};

impl FromRequestParts<App> for Person {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        // The guard puts it there. A route without one that asks for a person is answered as if nobody had asked.
        parts.extensions.get::<Self>().cloned().ok_or_else(ApiError::unauthenticated)
    }
}

/// A value in JSON, in a body or as an answer.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        // A page of another origin cannot send this type without asking first.
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(ApiError::new(status, "not-json", "the body has to be `application/json`"));
        }
        let bytes =
            Bytes::from_request(request, app).await.map_err(|_| ApiError::bad_request("the body breaks off"))?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| misread(&error))
    }
}

/// Where a document is not what it should be. The library's own words quote it.
fn misread(error: &serde_json::Error) -> ApiError {
    let (line, column) = (error.line(), error.column());
    let what = if error.is_data() { "does not have the form that is asked for" } else { "is no JSON" };
    ApiError::bad_request(format!("the body {what}, at line {line}, column {column}"))
        .hint("docs/openapi.json describes each form")
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
            Err(error) => ApiError::internal(error).into_response(),
        }
    }
}

/// What stands behind the `?`. A name that is not known is refused, so that a filter with a mistake does not show everything.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let query = AxumQuery::<T>::from_request_parts(parts, app).await;
        query.map(|AxumQuery(value)| Self(value)).map_err(|_| {
            ApiError::bad_request("what stands behind the `?` does not have the form that is asked for")
                .hint("docs/openapi.json describes what each route takes")
        })
    }
}

/// The incident in a path. What is no name of one names none.
#[derive(Debug)]
pub struct Id(pub IncidentId);

impl FromRequestParts<App> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        let id = path.ok().and_then(|Path(text)| text.parse().ok());
        id.map(Self).ok_or_else(|| ApiError::not_found("incident"))
    }
}
