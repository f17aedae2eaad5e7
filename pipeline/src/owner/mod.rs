//! Who answers for a credential. Five sources are asked, the surest first; the last of them, the fallback of the configuration, always answers.

mod author;
mod codeowners;
mod file;
pub(crate) mod pattern;
mod provider;

use std::collections::BTreeMap;
use std::path::Path;

use stanch_revokers::Probe;

pub use codeowners::{Codeowners, Dialect};
pub use file::OwnershipFile;

use crate::config::{ConfigError, Ownership};
use crate::{Detected, Incident, Occurrence, Owner};

/// What is known of a credential when its owner is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Who issued it.
    pub provider: &'a str,
    /// Its kind, if revokers know it.
    pub kind: Option<&'a str>,
    /// What else is known, by name.
    pub labels: &'a BTreeMap<String, String>,
    /// Where it stands.
    pub occurrences: &'a [Occurrence],
    /// What its provider says.
    pub probe: Option<&'a Probe>,
}

impl<'a> Facts<'a> {
    /// Of a credential that was just found.
    pub fn found(what: &'a Detected, occurrences: &'a [Occurrence]) -> Self {
        Self { provider: &what.provider, kind: what.kind.as_deref(), labels: &what.labels, occurrences, probe: None }
    }

    /// Of an incident that goes on.
    pub fn of(incident: &'a Incident) -> Self {
        Self {
            provider: &incident.provider,
            kind: incident.kind.as_deref(),
            labels: &incident.labels,
            occurrences: &incident.occurrences,
            probe: incident.probe.as_ref(),
        }
    }
}

/// Where owners are looked for.
#[derive(Debug, Clone)]
pub struct Sources {
    file: OwnershipFile,
    codeowners: BTreeMap<String, Codeowners>,
    fallback: String,
    business_fallback: Option<String>,
}

impl Sources {
    /// The sources of a configuration. A relative path of the ownership file begins at `folder`, which is that of the configuration.
    ///
    /// # Errors
    /// If the ownership file cannot be read, or says what it cannot mean.
    pub fn load(config: &Ownership, folder: &Path) -> Result<Self, ConfigError> {
        let file = match &config.file {
            Some(path) => {
                let path = folder.join(path);
                let name = path.display().to_string();
                let text = std::fs::read_to_string(&path).map_err(|error| ConfigError::file(&name, &error))?;
                OwnershipFile::parse(&name, &text)?
            }
            None => OwnershipFile::default(),
        };
        Ok(Self {
            file,
            codeowners: BTreeMap::new(),
            fallback: line(&config.fallback),
            business_fallback: config.business_fallback.as_deref().map(line),
        })
    }

    /// Takes the CODEOWNERS of a source from whoever has its files. The name is that of its occurrences.
    pub fn codeowners(&mut self, source: &str, file: Codeowners) {
        self.codeowners.insert(source.to_owned(), file);
    }

    /// Who answers for a credential. Somebody always does.
    pub fn find(&self, facts: &Facts<'_>) -> Owner {
        let (technical, business) = self.file.find(facts);
        let identity = facts.probe.map(|probe| &probe.identity);
        let found = technical
            .map(|name| (name, "ownership-file"))
            .or_else(|| self.by_path(facts).map(|name| (name, "codeowners")))
            .or_else(|| author::find(facts.occurrences).map(|name| (name, "author")))
            .or_else(|| identity.and_then(provider::find).map(|name| (name, "provider")));
        let (name, found_by) = found.unwrap_or_else(|| (self.fallback.clone(), "fallback"));
        Owner { name, found_by: found_by.to_owned(), business: business.or_else(|| self.business_fallback.clone()) }
    }

    /// The owners of the first place that has some.
    fn by_path(&self, facts: &Facts<'_>) -> Option<String> {
        facts.occurrences.iter().find_map(|place| {
            let owners = self.codeowners.get(&place.source)?.owners(place.path());
            (!owners.is_empty()).then(|| owners.join(" "))
        })
    }
}

impl Occurrence {
    /// The path of its place, without line and column.
    pub fn path(&self) -> &str {
        let mut path = self.place.as_str();
        for _ in 0..2 {
            match path.rsplit_once(':') {
                Some((rest, number)) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => path = rest,
                _ => break,
            }
        }
        path
    }
}

/// Text of others as a name: one line, bounded.
fn line(text: &str) -> String {
    const LONGEST: usize = 200;
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use stanch_revokers::Identity;

    use super::*;

    fn sources() -> Sources {
        Sources {
            file: OwnershipFile::parse("o", "[[owner]]\nprovider = 'aws'\ntechnical = '@cloud'").unwrap_or_default(),
            codeowners: BTreeMap::from([("repo".to_owned(), Codeowners::parse("/src/ @src @two", Dialect::GitHub))]),
            fallback: "security@example.com".to_owned(),
            business_fallback: Some("ciso@example.com".to_owned()),
        }
    }

    fn place(place: &str, author: Option<&str>) -> Occurrence {
        Occurrence {
            source: "repo".to_owned(),
            place: place.to_owned(),
            commit: None,
            author: author.map(str::to_owned),
            url: None,
            agent: None,
            since: None,
        }
    }

    #[test]
    fn the_surest_source_answers_and_the_last_always_does() {
        let labels = BTreeMap::new();
        let mut identity = Identity::default();
        identity.add("email", "ann@example.com");
        let probe = Probe::active(identity);
        let find = |provider, places: &[Occurrence], probe| {
            let owner = sources().find(&Facts { provider, kind: None, labels: &labels, occurrences: places, probe });
            (owner.name, owner.found_by)
        };
        let told = |name: &str, by: &str| (name.to_owned(), by.to_owned());
        let (owned, other) = (place("src/a:1", Some("A <a@x.org>")), place("b:1", Some("B <b@x.org>")));
        assert_eq!(find("aws", std::slice::from_ref(&owned), None), told("@cloud", "ownership-file"));
        assert_eq!(find("x", &[owned], None), told("@src @two", "codeowners"));
        assert_eq!(find("x", &[other], Some(&probe)), told("b@x.org", "author"));
        assert_eq!(find("x", &[place("b:1", None)], Some(&probe)), told("ann@example.com", "provider"));
        assert_eq!(find("x", &[], None), told("security@example.com", "fallback"));
    }

    #[test]
    fn a_place_has_a_path() {
        for (text, path) in [("a/b.rs:10", "a/b.rs"), ("a:b.rs:10:3", "a:b.rs"), ("a", "a"), ("c:/x:", "c:/x:")] {
            assert_eq!(place(text, None).path(), path);
        }
    }
}
