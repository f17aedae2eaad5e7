//! Who asks.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use stanch_pipeline::store::Token;

use super::Role;
use crate::http::Peer;
use crate::{ApiError, App};

/// Who asks. Handlers of routes with [`crate::Access::Token`] or [`crate::Access::Session`] find one in the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// What the log calls them: the name of their token.
    pub name: String,
    /// The id of their token.
    pub token: String,
    /// What they may do.
    pub role: Role,
}

impl Person {
    /// Whose token it is. `None` if its role is not one of ours.
    pub fn of(token: &Token) -> Option<Self> {
        let role = token.role.parse().ok()?;
        Some(Self { name: token.name.clone(), token: token.id.clone(), role })
    }

    /// Whether they may do what a role may.
    ///
    /// # Errors
    /// If they may not.
    pub fn must_be(&self, role: Role) -> Result<(), ApiError> {
        if self.role >= role {
            return Ok(());
        }
        Err(ApiError::forbidden(format!("this needs a token of the role `{role}`")))
    }
}

/// Who sent a token of at least a role with a request. A peer that keeps sending wrong ones is told to wait.
pub(crate) async fn bearer(app: &App, parts: &Parts, role: Role) -> Result<Person, ApiError> {
    let Some(value) = sent(&parts.headers) else { return Err(ApiError::unauthenticated()) };
    let peer = parts.extensions.get::<Peer>().map(Peer::key).unwrap_or_default();
    let token = app.store.token(value, app.now()).await?;
    let Some(person) = token.as_ref().and_then(Person::of) else {
        app.metrics().refused();
        return Err(app.failures().failed(peer).map_or_else(ApiError::unauthenticated, ApiError::too_many));
    };
    person.must_be(role)?;
    Ok(person)
}

/// The token in a request, if there is exactly one. What says it twice may mean different people to a proxy and to us.
fn sent(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (first, None) = (all.next()?, all.next()) else { return None };
    let (scheme, value) = first.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(value)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn one_token_is_read() {
        assert_eq!(sent(&headers(&["Bearer a"])), Some("a"));
        assert_eq!(sent(&headers(&["bearer a"])), Some("a"));
        assert_eq!(sent(&headers(&[])), None);
        assert_eq!(sent(&headers(&["Basic a"])), None);
        assert_eq!(sent(&headers(&["Bearer"])), None);
        assert_eq!(sent(&headers(&["Bearer a", "Bearer a"])), None);
    }
}
