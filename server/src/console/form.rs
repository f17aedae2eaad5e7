//! Forms, taken only from pages of ours.
//!
//! The session's cookie is `SameSite=Strict`, so no other site can send a form with it. That alone trusts the browser and every neighbour on the
//! same site; so a form also carries a value that is bound to the session and that only our pages show, and a browser that says where a form
//! comes from must say that it is here.

use axum::Form;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use stanch_pipeline::store::Session;

use super::page::Trouble;
use crate::App;

/// A form of a page of ours, sent by whoever is signed in.
pub(super) struct Ours<T>(pub(super) T);

/// A form that says no more than that it was sent.
#[derive(Deserialize)]
pub(super) struct Nothing {}

/// A form with its proof.
#[derive(Deserialize)]
struct Proven<T> {
    csrf: String,
    #[serde(flatten)]
    rest: T,
}

impl<T: DeserializeOwned> FromRequest<App> for Ours<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let wanted = request.extensions().get::<Session>().map(|session| session.csrf.clone());
        let wanted = wanted.ok_or_else(|| Trouble::refused("Nobody is signed in.").into_response())?;
        read(request, app, &wanted).await.map(Self).map_err(Trouble::into_response)
    }
}

/// The form of a request, if it is one of ours.
pub(super) async fn read<T: DeserializeOwned>(request: Request, app: &App, wanted: &str) -> Result<T, Trouble> {
    if !is_from_here(request.headers()) {
        return Err(Trouble::refused("The form was sent by a page of another site. Nothing was done."));
    }
    let form = Form::<Proven<T>>::from_request(request, app).await;
    let Form(form) = form.map_err(|_| Trouble::refused("The form is not complete. Nothing was done."))?;
    if !same(&form.csrf, wanted) {
        return Err(Trouble::refused(
            "The form is of another session, or too old. Nothing was done; load its page again.",
        ));
    }
    Ok(form.rest)
}

/// Whether the browser says that the form comes from here. Not every browser says it; what it says must be right.
fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text("sec-fetch-site").is_none_or(|site| site == "same-origin");
    let origin = text(ORIGIN.as_str()).is_none_or(|origin| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_some() && host == text(HOST.as_str())
    });
    site && origin
}

/// Whether two texts are the same, in a time that does not tell where they differ.
pub(super) fn same(one: &str, other: &str) -> bool {
    let differ = one.bytes().zip(other.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b));
    !other.is_empty() && one.len() == other.len() && differ == 0
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        let header = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        all.iter().map(header).collect()
    }

    #[test]
    fn a_form_of_another_site_is_told_by_what_the_browser_says() {
        let here = ("host", "127.0.0.1:8470");
        assert!(is_from_here(&headers(&[here])));
        assert!(is_from_here(&headers(&[
            here,
            ("origin", "http://127.0.0.1:8470"),
            ("sec-fetch-site", "same-origin")
        ])));
        for other in ["http://127.0.0.1:8471", "null", "https://evil.example", "127.0.0.1:8470"] {
            assert!(!is_from_here(&headers(&[here, ("origin", other)])), "{other}");
        }
        for other in ["cross-site", "same-site", "none", "?"] {
            assert!(!is_from_here(&headers(&[here, ("sec-fetch-site", other)])), "{other}");
        }
    }

    #[test]
    fn only_the_same_text_is_the_same() {
        assert!(same("abc", "abc"));
        for (one, other) in [("abc", "abd"), ("abc", "ab"), ("ab", "abc"), ("", "")] {
            assert!(!same(one, other), "{one:?} {other:?}");
        }
    }
}
