//! Which environment a credential belongs to, by where it stands.

use serde::Deserialize;

use crate::Occurrence;
use crate::config::List;
use crate::owner::pattern::{PathPattern, fits};

/// Says of some places which environment they belong to. What is not said fits everything.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// What it is called in policies: `production`, `staging`, `test`.
    pub name: String,
    /// Names of repositories; `*` is any run of characters.
    #[serde(default)]
    pub repository: List,
    /// Paths in them, as in a `.gitignore`.
    #[serde(default)]
    pub path: List,
}

/// The environment of a credential: of the first entry that fits one of its places.
pub(super) fn of<'a>(all: &'a [Environment], repository: Option<&str>, places: &[Occurrence]) -> Option<&'a str> {
    all.iter().find(|one| one.fits(repository, places)).map(|one| one.name.as_str())
}

impl Environment {
    fn fits(&self, repository: Option<&str>, places: &[Occurrence]) -> bool {
        let here = repository.unwrap_or_default();
        let patterns = || self.path.iter().filter_map(|pattern| PathPattern::gitignore(pattern));
        (self.repository.is_empty() || self.repository.iter().any(|pattern| fits(pattern, here)))
            && (self.path.is_empty() || patterns().any(|pattern| places.iter().any(|place| pattern.fits(place.path()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_entry_that_fits_a_place_decides() {
        let all: Vec<Environment> = serde_json::from_value(serde_json::json!([
            { "name": "test", "path": ["tests/"] },
            { "name": "production", "repository": "acme/*-prod", "path": "/deploy/**" },
            { "name": "staging", "repository": ["acme/x", "acme/y"] },
        ]))
        .unwrap_or_else(|error| panic!("{error}"));
        let place = |path: &str| Occurrence {
            source: String::new(),
            place: format!("{path}:1"),
            commit: None,
            author: None,
            url: None,
            agent: None,
            since: None,
        };
        let found = |repository, path: &str| of(&all, Some(repository), &[place(path)]);
        assert_eq!(found("acme/shop-prod", "deploy/eu/key.env"), Some("production"));
        assert_eq!(found("acme/shop-prod", "tests/key.env"), Some("test"));
        assert_eq!(found("acme/shop-prod", "src/key.env"), None);
        assert_eq!(found("acme/y", "src/key.env"), Some("staging"));
        assert_eq!(of(&all, None, &[place("a")]), None);
        assert_eq!(of(&all, Some("acme/z"), &[place("a"), place("x/tests/b")]), Some("test"));
    }
}
