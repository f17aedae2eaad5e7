//! One route of a double: what it is for, and whether a request is.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::auth::Auth;
use super::condition::Condition;
use super::file::{List, Reply};
use super::page::Pages;
use super::pattern::Pattern;
use super::request::{Request, Source, is_pointer};
use super::template::{Scope, Settings};

/// What the holes of a path and a host took, by name.
pub(super) type Holes = BTreeMap<String, String>;

/// One route.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Route {
    #[serde(default)]
    pub(super) name: String,
    pub(super) method: Method,
    #[serde(deserialize_with = "host")]
    pub(super) host: (String, Pattern),
    #[serde(deserialize_with = "path")]
    pub(super) path: (String, Pattern),
    #[serde(default)]
    pub(super) auth: Auth,
    pub(super) who: Who,
    #[serde(default)]
    pub(super) query: BTreeMap<String, Condition>,
    #[serde(default, deserialize_with = "body")]
    pub(super) when: Vec<(Source, Condition)>,
    #[serde(default, deserialize_with = "source")]
    pub(super) target: Option<Source>,
    #[serde(default)]
    pub(super) effect: Effect,
    pub(super) reply: Reply,
    pub(super) refused: Option<Reply>,
    pub(super) missing: Option<Reply>,
    pub(super) dead: Option<Reply>,
    pub(super) list: Option<List>,
    pub(super) pages: Option<Pages>,
    #[serde(default)]
    pub(super) delay: u64,
}

/// The verb of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Whose credential a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Who {
    Key,
    Admin,
    Either,
    Nobody,
}

/// What a route does to its target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Nothing.
    #[default]
    None,
    /// It is no longer accepted, and still listed.
    Disable,
    /// It is accepted again.
    Enable,
    /// It is no longer accepted, and no longer listed.
    Delete,
    /// There is a new key.
    Mint,
    /// It dies, and a new one takes its place.
    Replace,
}

/// Why a route is not for a request, the more the nearer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Miss {
    Host,
    Path,
    Method(&'static str),
    Hole(String),
    Query(String),
    Body(String),
}

impl Route {
    /// Whether the route is for a request, and what its holes take.
    pub(super) fn fits(&self, request: &Request, settings: &Settings) -> Result<Holes, Miss> {
        let nobody = super::key::Scalars::default();
        let host = request.host.rsplit_once(':').map_or(request.host.as_str(), |(name, _)| name);
        let whole = self.host.1.fit(&request.host).filter(|holes| self.wrong_hole(holes, settings).is_none());
        let by_name = || self.host.1.fit(host).filter(|holes| self.wrong_hole(holes, settings).is_none());
        let mut holes = whole.or_else(by_name).ok_or(Miss::Host)?;
        holes.extend(self.path.1.fit(request.path()).ok_or(Miss::Path)?);
        if let Some(name) = self.wrong_hole(&holes, settings) {
            return Err(Miss::Hole(name));
        }
        if self.method.name() != request.method {
            return Err(Miss::Method(self.method.name()));
        }
        let scope = Scope { holes: Some(&holes), ..Scope::new(settings, &nobody) };
        let query = request.query();
        for (name, condition) in &self.query {
            let values = query.iter().filter(|(own, _)| own == name).map(|(_, value)| Value::String(value.clone()));
            if !condition.holds(&values.collect::<Vec<_>>(), false, &scope) {
                return Err(Miss::Query(name.clone()));
            }
        }
        for (source, condition) in &self.when {
            let typed = matches!(source, Source::Json(_));
            if !condition.holds(&source.values(request, &holes), typed, &scope) {
                return Err(Miss::Body(format!("{source:?}")));
            }
        }
        Ok(holes)
    }

    /// A hole that took another value than the fixed one of its name.
    fn wrong_hole(&self, holes: &Holes, settings: &Settings) -> Option<String> {
        let is_wrong = |(name, taken): &(&String, &String)| {
            let wanted = name.strip_prefix("fixed.").unwrap_or(name);
            let fixed = settings.fixed.get(wanted).map(super::key::text);
            !self.is_free(name) && fixed.is_some_and(|fixed| !fixed.eq_ignore_ascii_case(taken))
        };
        holes.iter().find(is_wrong).map(|(name, _)| name.clone())
    }

    /// Whether a hole is where the target or a credential stands.
    pub(super) fn is_free(&self, hole: &str) -> bool {
        let is_it = |source: &Source| matches!(source, Source::Path(name) if name == hole);
        let in_auth =
            self.auth.0.iter().any(|element| matches!(&element.place, super::auth::Place::At(at) if is_it(at)));
        in_auth || self.target.as_ref().is_some_and(is_it)
    }

    /// The names of the holes of path and host.
    pub(super) fn holes(&self) -> impl Iterator<Item = &str> {
        self.path.1.holes().chain(self.host.1.holes())
    }

    /// The order in which routes are tried: holes after literal text, few conditions after many.
    pub(super) fn vagueness(&self) -> (usize, std::cmp::Reverse<usize>) {
        (self.holes().count(), std::cmp::Reverse(self.query.len() + self.when.len()))
    }

    /// Whether it is for the same requests as another, so that the credential decides between them.
    pub(super) fn is_alike(&self, other: &Self) -> bool {
        self.method == other.method
            && self.host.1.is_shaped_as(&other.host.1)
            && self.path.1.is_shaped_as(&other.path.1)
            && self.query == other.query
            && self.when == other.when
    }

    /// Whether it may change anything.
    pub(super) fn is_write(&self) -> bool {
        self.effect != Effect::None
    }
}

type Read<'de, D, T> = Result<T, <D as serde::Deserializer<'de>>::Error>;

fn host<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Read<'de, D, (String, Pattern)> {
    let text = String::deserialize(deserializer)?;
    let pattern = Pattern::host(&text).map_err(serde::de::Error::custom)?;
    Ok((text, pattern))
}

fn path<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Read<'de, D, (String, Pattern)> {
    let text = String::deserialize(deserializer)?;
    let pattern = Pattern::path(&text).map_err(serde::de::Error::custom)?;
    Ok((text, pattern))
}

fn source<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Read<'de, D, Option<Source>> {
    let text = String::deserialize(deserializer)?;
    Source::parse(&text).map(Some).map_err(serde::de::Error::custom)
}

/// Conditions on the body: a pointer alone means JSON.
fn body<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Read<'de, D, Vec<(Source, Condition)>> {
    let written = BTreeMap::<String, Condition>::deserialize(deserializer)?;
    let source = |name: &str| {
        if is_pointer(name) { Ok(Source::Json(name.to_owned())) } else { Source::parse(name) }
    };
    let read = written.into_iter().map(|(name, condition)| Ok((source(&name)?, condition)));
    read.collect::<Result<_, String>>().map_err(serde::de::Error::custom)
}
