//! A page, from what it shows to what is sent.

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, context};
use serde::Serialize;
use stanch_pipeline::State;
use stanch_pipeline::store::{Session, StoreError};

use super::assets::STYLE_NAME;
use super::span::When;
use super::words::Tone;
use crate::auth::Person;
use crate::{ApiError, App};

/// The templates. Their names end in `.html`, by which every value in them is escaped.
pub(super) const TEMPLATES: [(&str, &str); 11] = [
    ("approvals.html", include_str!("templates/approvals.html")),
    ("audit.html", include_str!("templates/audit.html")),
    ("base.html", include_str!("templates/base.html")),
    ("incident.html", include_str!("templates/incident.html")),
    ("incidents.html", include_str!("templates/incidents.html")),
    ("parts.html", include_str!("templates/parts.html")),
    ("policies.html", include_str!("templates/policies.html")),
    ("providers.html", include_str!("templates/providers.html")),
    ("sign_in.html", include_str!("templates/sign_in.html")),
    ("times.html", include_str!("templates/times.html")),
    ("trouble.html", include_str!("templates/trouble.html")),
];

/// What a page may do: be drawn by our style, and send forms to us.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

static PAGES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut pages = Environment::new();
    // A name that a page does not have is a mistake of ours, not an empty place.
    pages.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, text) in TEMPLATES {
        if let Err(error) = pages.add_template(name, text) {
            unreachable!("a template that is built in is one: {error}");
        }
    }
    pages
});

/// The places that the top of each page leads to.
const PLACES: [(&str, &str); 6] = [
    ("Incidents", "/console/incidents"),
    ("Approvals", "/console/approvals"),
    ("Time to dead", "/console/times"),
    ("Providers", "/console/providers"),
    ("Policies", "/console/policies"),
    ("Audit", "/console/audit"),
];

/// What every page shows around its own.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Frame {
    style: &'static str,
    version: &'static str,
    user: Option<String>,
    role: &'static str,
    until: Option<When>,
    csrf: String,
    places: Vec<Place>,
    said: Option<Said>,
}

#[derive(Debug, Clone, Serialize)]
struct Place {
    name: &'static str,
    path: &'static str,
    here: bool,
    /// How many wait there.
    count: u64,
}

/// A word on what was just done.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Said {
    pub(super) tone: Tone,
    pub(super) text: &'static str,
}

impl Frame {
    /// The frame for somebody who is not signed in. `csrf` is what the form has to carry.
    pub(super) fn outside(csrf: &str) -> Self {
        Self { style: &STYLE_NAME, csrf: csrf.to_owned(), ..Self::default() }
    }

    /// The frame for somebody who is signed in.
    pub(super) fn of(person: &Person, session: &Session, waiting: u64, now: Timestamp) -> Self {
        let place = |(name, path): (&'static str, &'static str)| Place {
            name,
            path,
            here: false,
            count: if name == "Approvals" { waiting } else { 0 },
        };
        Self {
            style: &STYLE_NAME,
            version: env!("CARGO_PKG_VERSION"),
            user: Some(person.name.clone()),
            role: person.role.as_str(),
            until: Some(When::of(session.expires, now)),
            csrf: session.csrf.clone(),
            places: PLACES.map(place).to_vec(),
            said: None,
        }
    }

    /// The same at one of the places.
    pub(super) fn at(mut self, path: &str) -> Self {
        for place in &mut self.places {
            place.here = place.path == path;
        }
        self
    }

    /// The same with a word on what was just done.
    pub(super) fn saying(mut self, said: Option<Said>) -> Self {
        self.said = said;
        self
    }
}

/// What a handler needs to show a page: who asks, and the frame for them.
pub(super) struct Viewer {
    pub(super) person: Person,
    pub(super) session: Session,
}

impl Viewer {
    /// Their frame at one of the places.
    pub(super) async fn frame(&self, app: &App, path: &str) -> Result<Frame, Trouble> {
        let waiting = app.store.counts().await?.get(&State::Waiting).copied().unwrap_or(0);
        Ok(Frame::of(&self.person, &self.session, waiting, app.now()).at(path))
    }
}

/// A page as it is sent.
pub(super) fn render(name: &str, frame: &Frame, page: impl Serialize) -> Response {
    show(StatusCode::OK, name, frame, page)
}

/// A page with another status.
pub(super) fn show(status: StatusCode, name: &str, frame: &Frame, page: impl Serialize) -> Response {
    let context = context! { frame => Serde(frame), page => Serde(page) };
    let made = PAGES.get_template(name).and_then(|template| template.render(context));
    match made {
        Ok(html) => (status, headers(), html).into_response(),
        Err(error) => ApiError::internal(format!("{error:#}")).into_response(),
    }
}

fn headers() -> [(HeaderName, &'static str); 4] {
    [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        // Our own forms tell where they come from; nobody else is told anything.
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ]
}

/// Why a page is not shown, or a thing not done.
#[derive(Debug)]
pub(super) struct Trouble {
    status: StatusCode,
    why: Cow<'static, str>,
}

impl Trouble {
    /// There is no such page.
    pub(super) const NOT_FOUND: Self =
        Self { status: StatusCode::NOT_FOUND, why: Cow::Borrowed("There is no such page, or it was removed.") };

    /// A form is not taken.
    pub(super) const fn refused(why: &'static str) -> Self {
        Self { status: StatusCode::FORBIDDEN, why: Cow::Borrowed(why) }
    }
}

impl From<ApiError> for Trouble {
    fn from(error: ApiError) -> Self {
        let why = format!("{}.", capital(error.message()));
        Self { status: error.status(), why: why.into() }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        ApiError::from(error).into()
    }
}

/// What is said of a trouble.
#[derive(Serialize)]
struct Told<'a> {
    title: &'static str,
    why: &'a str,
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let title = match self.status {
            StatusCode::NOT_FOUND => "Not found",
            StatusCode::CONFLICT => "Nothing was done",
            status if status.is_client_error() => "Not taken",
            _ => "Not now",
        };
        show(self.status, "trouble.html", &Frame::outside(""), Told { title, why: &self.why })
    }
}

/// An error as a page.
pub(crate) fn trouble(error: ApiError) -> Response {
    Trouble::from(error).into_response()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// On to another page, after something was done.
pub(super) fn onward(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// A text as a part of an address.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => quoted.push(char::from(byte)),
            _ => quoted.push_str(&format!("%{byte:02X}")),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_template_has_a_way_around_escaping() {
        for (name, text) in TEMPLATES {
            assert!(
                std::path::Path::new(name).extension().is_some_and(|end| end == "html"),
                "{name}: the ending decides that values are escaped"
            );
            for way in ["safe", "autoescape", "={{", "<script", " style=", "onclick", "http://", "https://"] {
                assert!(!text.contains(way), "{name} has {way}");
            }
        }
    }

    #[test]
    fn what_a_template_is_not_given_is_a_fault_and_no_empty_place() {
        let response = render("trouble.html", &Frame::outside(""), context! { title => "x" });
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn values_in_addresses_end_nowhere_but_at_their_end() {
        assert_eq!(quoted("a b&c=\"ü/?"), "a%20b%26c%3D%22%C3%BC%2F%3F");
    }
}
