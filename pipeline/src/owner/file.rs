//! The user's own file of owners: the first entry that fits says who.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::pattern::{PathPattern, fits};
use super::{Facts, line};
use crate::config::{ConfigError, List};

/// Owners by what a credential is and where it stands.
#[derive(Debug, Clone, Default)]
pub struct OwnershipFile {
    entries: Vec<Entry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    owner: Vec<Spanned<Entry>>,
}

/// One entry. Every field that is there has to fit; of a list, one pattern. `*` is any run of characters, `?` any one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Entry {
    /// Who repairs it.
    technical: Option<String>,
    /// Who bears the damage.
    business: Option<String>,
    provider: List,
    kind: List,
    /// The account or organisation that the provider names, or the label `account`.
    account: List,
    /// The user, address or name that the provider names.
    user: List,
    /// The same, or the label `service-account`.
    service_account: List,
    /// The label `connector`.
    connector: List,
    /// The agent in whose log it stands, or the label `agent`.
    agent: List,
    /// The source in which it stands.
    repository: List,
    /// The path in that source, as in a `.gitignore`.
    path: List,
    /// Any other labels.
    label: BTreeMap<String, List>,
}

impl OwnershipFile {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// If it is no TOML or says something unknown, if an entry names nobody, or fits everything.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        let raw: Raw = toml::from_str(text).map_err(|error| ConfigError::toml(file, text, &error))?;
        let mut entries = Vec::new();
        for entry in raw.owner {
            let start = entry.span().start;
            let entry = entry.into_inner();
            entry.check().map_err(|(message, hint)| ConfigError::at(file, text, start, message).hint(hint))?;
            entries.push(entry);
        }
        Ok(Self { entries })
    }

    /// Who repairs it, and who bears the damage: each by the first entry that fits and says so.
    pub(super) fn find(&self, facts: &Facts<'_>) -> (Option<String>, Option<String>) {
        let fitting = || self.entries.iter().filter(|entry| entry.fits(facts));
        let technical = fitting().find_map(|entry| entry.technical.as_deref()).map(line);
        let business = fitting().find_map(|entry| entry.business.as_deref()).map(line);
        (technical, business)
    }
}

impl Entry {
    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let named = |name: &Option<String>| name.as_ref().is_some_and(|name| !line(name).is_empty());
        if !named(&self.technical) && !named(&self.business) {
            return Err(("this entry names nobody", "give it `technical` or `business`"));
        }
        let lists = [
            &self.provider,
            &self.kind,
            &self.account,
            &self.user,
            &self.service_account,
            &self.connector,
            &self.agent,
            &self.repository,
            &self.path,
        ];
        if self.label.is_empty() && lists.iter().all(|list| list.is_empty()) {
            return Err(("this entry fits everything", "say for what it is; the last resort is `ownership.fallback`"));
        }
        Ok(())
    }

    fn fits(&self, facts: &Facts<'_>) -> bool {
        let label = |name: &str| facts.labels.get(name).map(String::as_str);
        let told = |fields: &[&str]| {
            let identity = facts.probe.map(|probe| &probe.identity);
            let values = |field: &&str| identity.map_or(&[][..], |identity| identity.of(field)).to_vec();
            fields.iter().flat_map(values).collect::<Vec<String>>()
        };
        let agents = facts.occurrences.iter().filter_map(|one| one.agent.as_deref());
        one(&self.provider, [facts.provider])
            && one(&self.kind, facts.kind)
            && one(&self.account, told(&["account", "organization"]).iter().map(String::as_str).chain(label("account")))
            && one(&self.user, told(&["user", "email", "name"]).iter().map(String::as_str))
            && one(
                &self.service_account,
                told(&["user", "email", "name"]).iter().map(String::as_str).chain(label("service-account")),
            )
            && one(&self.connector, label("connector"))
            && one(&self.agent, agents.chain(label("agent")))
            && self.label.iter().all(|(name, list)| one(list, label(name)))
            && self.stands(facts)
    }

    /// Whether one occurrence is in the repository and at the path.
    fn stands(&self, facts: &Facts<'_>) -> bool {
        let at = |path: &str| {
            self.path.is_empty()
                || self.path.iter().filter_map(|own| PathPattern::gitignore(own)).any(|own| own.fits(path))
        };
        let stands =
            facts.occurrences.iter().any(|place| one(&self.repository, [place.source.as_str()]) && at(place.path()));
        let nowhere = self.path.is_empty() && one(&self.repository, facts.labels.get("repository").map(String::as_str));
        stands || nowhere
    }
}

/// Whether one of the values fits one of the patterns. No pattern fits whatever there is.
fn one<'a>(list: &List, values: impl IntoIterator<Item = &'a str>) -> bool {
    list.is_empty() || values.into_iter().any(|value| list.iter().any(|pattern| fits(pattern, value)))
}

#[cfg(test)]
mod tests {
    use stanch_revokers::{Identity, Probe};

    use super::*;
    use crate::Occurrence;

    fn place(source: &str, place: &str) -> Occurrence {
        Occurrence {
            source: source.to_owned(),
            place: place.to_owned(),
            commit: None,
            author: None,
            url: None,
            agent: Some("claude-code".to_owned()),
            since: None,
        }
    }

    fn found(text: &str) -> (Option<String>, Option<String>) {
        let mut identity = Identity::default();
        identity.add("account", "123456789012");
        identity.add("user", "deploy");
        let probe = Probe::active(identity);
        let labels = BTreeMap::from([
            ("connector".to_owned(), "github".to_owned()),
            ("environment".to_owned(), "prod".to_owned()),
            ("service-account".to_owned(), "ci-runner".to_owned()),
        ]);
        let places = [place("github.com/acme/pay", "src/db/x.rs:10:3"), place("github.com/acme/web", "web/y.js:1")];
        let facts = Facts {
            provider: "aws",
            kind: Some("aws.access-key"),
            labels: &labels,
            occurrences: &places,
            probe: Some(&probe),
        };
        OwnershipFile::parse("owners.toml", text).unwrap_or_else(|error| panic!("{error}")).find(&facts)
    }

    #[test]
    fn each_field_counts() {
        let fits = [
            "provider = 'AWS'",
            "kind = ['x', 'aws.*']",
            "account = '1234*'",
            "user = 'dep*'",
            "service_account = 'ci-*'",
            "connector = 'github'",
            "agent = 'claude*'",
            "repository = '*/acme/*'",
            "path = 'src/db/'",
            "path = '*.js'",
            "label = { environment = 'prod' }",
            "repository = '*/pay'\npath = '/src/'",
        ];
        for field in fits {
            let (technical, _) = found(&format!("[[owner]]\ntechnical = '@t'\n{field}"));
            assert_eq!(technical.as_deref(), Some("@t"), "{field}");
        }
        let misses = [
            "provider = 'gcp'",
            "account = '9*'",
            "provider = 'aws'\nconnector = 'gitlab'",
            "repository = '*/pay'\npath = '*.js'",
            "label = { environment = 'test' }",
        ];
        for field in misses {
            assert_eq!(found(&format!("[[owner]]\ntechnical = '@t'\n{field}")), (None, None), "{field}");
        }
    }

    #[test]
    fn the_two_owners_may_come_of_two_entries() {
        let text = "[[owner]]\nprovider = 'gcp'\ntechnical = '@no'\n[[owner]]\nprovider = 'aws'\nbusiness = 'cfo@x.org'\n\
                    [[owner]]\nprovider = '*'\ntechnical = '@sec'\nbusiness = 'late@x.org'";
        assert_eq!(found(text), (Some("@sec".to_owned()), Some("cfo@x.org".to_owned())));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let told =
            |text: &str| OwnershipFile::parse("o.toml", text).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(told("\n[[owner]]\nprovider = 'a'").starts_with("o.toml:2: this entry names nobody"));
        assert!(told("[[owner]]\ntechnical = 'a'").starts_with("o.toml:1: this entry fits everything"));
        assert!(told("[[owner]]\ntechnical = 'a'\nprovidr = 'x'").starts_with("o.toml:3: unknown field `providr`"));
    }
}
