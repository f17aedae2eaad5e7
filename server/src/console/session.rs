//! Signing in and out: a token opens a session, whose value is in a cookie that no script can read and no other site can have sent.

use std::time::Duration;

use axum::extract::{FromRequestParts, Query, Request, State};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use stanch_pipeline::store::Session;
use zeroize::Zeroizing;

use super::form::{self, Nothing, Ours};
use super::page::{Frame, Trouble, Viewer, onward, quoted, show};
use crate::auth::Person;
use crate::http::Peer;
use crate::{ApiError, App};

/// How long a session lasts: a working day's half. It is not prolonged.
const LASTS: Duration = Duration::from_hours(4);
/// How long the page may stand open on which one signs in.
const PATIENCE: Duration = Duration::from_mins(30);

/// The cookie of a session.
const SESSION: &str = "stanch_session";
/// The cookie of the page on which one signs in, where there is no session yet that a form could be bound to.
const GATE: &str = "stanch_gate";

/// The name under which a cookie goes. Where the browser speaks TLS the name forbids it to take the cookie from anybody but this very host.
fn named(app: &App, name: &str) -> String {
    if is_secure(app) { format!("__Host-{name}") } else { name.to_owned() }
}

/// Whether browsers reach this server through TLS: its own, or that of a proxy.
fn is_secure(app: &App) -> bool {
    app.config.tls.is_some() || app.config.public_url.as_ref().is_some_and(|url| url.starts_with("https://"))
}

/// A cookie as it is set; an empty value takes it away.
fn set(app: &App, name: &str, value: &str, lasts: Duration) -> HeaderValue {
    let (name, secure) = (named(app, name), if is_secure(app) { "; Secure" } else { "" });
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{secure}", lasts.as_secs());
    let mut value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

/// The value of a cookie, if there is exactly one of its name.
fn cookie(app: &App, headers: &HeaderMap, name: &str) -> Option<Zeroizing<String>> {
    let name = named(app, name);
    let pairs = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(';'));
    let mut values = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(one, _)| *one == name);
    let (first, None) = (values.next()?, values.next()) else { return None };
    Some(Zeroizing::new(first.1.to_owned()))
}

/// Who is signed in, or the way to the page where one signs in.
pub(crate) async fn enter(app: &App, parts: &mut Parts) -> Result<Person, Response> {
    let session = match cookie(app, &parts.headers, SESSION) {
        Some(value) => {
            app.store.session(&value, app.now()).await.map_err(|error| Trouble::from(error).into_response())?
        }
        None => None,
    };
    let known = session.and_then(|session| Some((Person::of(&session.token)?, session)));
    let Some((person, session)) = known else {
        let path = parts.uri.path_and_query().map(axum::http::uri::PathAndQuery::as_str).unwrap_or_default();
        let back = if parts.method == Method::GET { format!("?back={}", quoted(path)) } else { String::new() };
        return Err(onward(&format!("/console/sign-in{back}")));
    };
    parts.extensions.insert(session);
    Ok(person)
}

impl FromRequestParts<App> for Viewer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let person = Person::from_request_parts(parts, app).await?;
        let session = parts.extensions.get::<Session>().cloned().ok_or_else(ApiError::unauthenticated)?;
        Ok(Self { person, session })
    }
}

/// Where a visit begins.
pub(super) async fn begin() -> Response {
    onward("/console/incidents")
}

/// Where to go after signing in.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Back {
    #[serde(default)]
    back: String,
}

impl Back {
    /// A page of the console, whatever was asked for.
    fn path(&self) -> &str {
        let plain = self.back.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if plain && self.back.starts_with("/console/") { &self.back } else { "/console/incidents" }
    }
}

#[derive(Serialize)]
struct Gate {
    refused: Option<&'static str>,
    back: String,
}

/// The page on which one signs in.
pub(super) async fn ask(State(app): State<App>, Query(back): Query<Back>) -> Response {
    gate(&app, StatusCode::OK, None, &back)
}

fn gate(app: &App, status: StatusCode, refused: Option<&'static str>, back: &Back) -> Response {
    let mut chance = [0; 32];
    if let Err(error) = getrandom::fill(&mut chance) {
        return ApiError::internal(error).into_response();
    }
    let value = BASE64.encode(chance);
    let page = Gate { refused, back: back.path().to_owned() };
    let mut response = show(status, "sign_in.html", &Frame::outside(&value), page);
    response.headers_mut().insert(SET_COOKIE, set(app, GATE, &value, PATIENCE));
    response
}

#[derive(Deserialize)]
struct SignIn {
    token: Zeroizing<String>,
    #[serde(default, flatten)]
    back: Back,
}

/// A token opens a session; what session there was ends.
pub(super) async fn sign_in(State(app): State<App>, request: Request) -> Response {
    let headers = request.headers().clone();
    let peer = request.extensions().get::<Peer>().map(Peer::key).unwrap_or_default();
    let gate_value = cookie(&app, &headers, GATE).unwrap_or_default();
    let Ok(form) = form::read::<SignIn>(request, &app, &gate_value).await else {
        let why = "That page was open for too long, or was not ours. Try again.";
        return gate(&app, StatusCode::FORBIDDEN, Some(why), &Back::default());
    };
    match open(&app, &headers, form.token.trim()).await {
        Ok(Some(cookie)) => {
            let mut response = onward(form.back.path());
            response.headers_mut().append(SET_COOKIE, cookie);
            response.headers_mut().append(SET_COOKIE, set(&app, GATE, "", Duration::ZERO));
            response
        }
        Ok(None) => {
            let (status, why) = match app.failures().failed(peer) {
                Some(_) => (StatusCode::TOO_MANY_REQUESTS, "Too many wrong tokens. Wait a minute."),
                None => (StatusCode::UNAUTHORIZED, "This token is not known, or does not count any more."),
            };
            gate(&app, status, Some(why), &form.back)
        }
        Err(trouble) => trouble.into_response(),
    }
}

/// The cookie of a new session, if the token counts.
async fn open(app: &App, headers: &HeaderMap, token: &str) -> Result<Option<HeaderValue>, Trouble> {
    let now = app.now();
    let token = app.store.token(token, now).await?.filter(|token| Person::of(token).is_some());
    let Some(token) = token else { return Ok(None) };
    if let Some(old) = cookie(app, headers, SESSION) {
        app.store.sign_out(&old, now).await?;
    }
    let (_, value) = app.store.sign_in(&token, LASTS, now).await?;
    Ok(Some(set(app, SESSION, &value, LASTS)))
}

/// Ends the session.
pub(super) async fn sign_out(State(app): State<App>, headers: HeaderMap, Ours(Nothing {}): Ours<Nothing>) -> Response {
    if let Some(value) = cookie(&app, &headers, SESSION)
        && let Err(error) = app.store.sign_out(&value, app.now()).await
    {
        return Trouble::from(error).into_response();
    }
    let mut response = onward("/console/sign-in");
    response.headers_mut().insert(SET_COOKIE, set(&app, SESSION, "", Duration::ZERO));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_comes_back_to_a_page_of_the_console_only() {
        let back = |text: &str| Back { back: text.to_owned() }.path().to_owned();
        assert_eq!(back("/console/incidents?state=waiting"), "/console/incidents?state=waiting");
        for other in ["", "//evil.example", "https://evil.example", "/console/\\evil", "/console/\r\nx: y", "/api"] {
            assert_eq!(back(other), "/console/incidents", "{other:?}");
        }
    }
}
