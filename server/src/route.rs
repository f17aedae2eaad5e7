//! Routes, each with who may use it. A path gets to the router only through here, so that none is open by an oversight.

use std::fmt;
use std::time::Duration;

use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::App;
use crate::auth::Role;

/// The most that a body without further ado may have, in bytes.
pub const SMALL: usize = 64 << 10;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Everybody. For what tells nothing: whether the server lives, the page where one signs in.
    Open,
    /// Whoever has a token of at least this role.
    Token(Role),
    /// Whoever is signed in to the console with a token of at least this role.
    Session(Role),
    /// Whoever signed the body, or knows the token of a sender. The handler checks it before it looks at anything else.
    Signed,
}

/// What is said of a route before anybody uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The method. `HEAD` is answered wherever `GET` is.
    pub method: Method,
    /// The path, with `{names}`.
    pub path: String,
    /// Who may use it.
    pub access: Access,
    /// The most bytes that a body may have. 0 refuses any.
    pub most: usize,
    /// How long an answer may take.
    pub time: Duration,
}

/// Some routes with what answers them.
#[derive(Default)]
pub struct Routes {
    prefix: &'static str,
    pub(crate) all: Vec<(Route, MethodRouter<App>)>,
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all.iter().map(|(route, _)| route)).finish()
    }
}

impl Routes {
    /// No routes yet; all that are added stand below `prefix`, which has no `/` at its end.
    pub fn below(prefix: &'static str) -> Self {
        Self { prefix, all: Vec::new() }
    }

    /// Answers `GET` and `HEAD`.
    #[must_use]
    pub fn get<H: Handler<T, App>, T: 'static>(self, path: &str, access: Access, handler: H) -> Self {
        self.add((Method::GET, MethodFilter::GET), path, access, 0, handler)
    }

    /// Answers `POST` with a body of at most so many bytes.
    #[must_use]
    pub fn post<H: Handler<T, App>, T: 'static>(self, path: &str, access: Access, most: usize, handler: H) -> Self {
        self.add((Method::POST, MethodFilter::POST), path, access, most, handler)
    }

    /// Answers `DELETE`, without a body.
    #[must_use]
    pub fn delete<H: Handler<T, App>, T: 'static>(self, path: &str, access: Access, handler: H) -> Self {
        self.add((Method::DELETE, MethodFilter::DELETE), path, access, 0, handler)
    }

    /// The answer of the route that was added last may take so long.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        if let Some((route, _)) = self.all.last_mut() {
            route.time = time;
        }
        self
    }

    /// These and others.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.all.extend(others.all);
        self
    }

    /// What is said of each.
    pub fn declared(&self) -> impl Iterator<Item = &Route> {
        self.all.iter().map(|(route, _)| route)
    }

    fn add<H: Handler<T, App>, T: 'static>(
        mut self,
        (method, filter): (Method, MethodFilter),
        path: &str,
        access: Access,
        most: usize,
        handler: H,
    ) -> Self {
        /// What nobody waits longer for.
        const TIME: Duration = Duration::from_secs(30);
        let path = format!("{}{path}", self.prefix);
        self.all.push((Route { method, path, access, most, time: TIME }, on(filter, handler)));
        self
    }
}
