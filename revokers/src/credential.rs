//! A leaked credential with all that came with it.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex_automata::meta::Regex;
use sha2::Digest as _;
use stanch_model::{Fingerprint, RuleId, Secret};
use zeroize::Zeroizing;

use crate::config::Config;
use crate::kind::{Digest, Kind, Part};
use crate::{Values, Why, pointer};

/// Who told us a part of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Whoever runs stanch, who may name hosts.
    User,
    /// What was scanned, which may not.
    Leak,
}

/// A leaked credential.
#[derive(Clone)]
pub struct Credential {
    /// The secret itself.
    pub secret: Secret,
    /// Its name in all that is written down.
    pub fingerprint: Fingerprint,
    /// Parts that came with it, by name.
    pub given: BTreeMap<String, (Origin, Secret)>,
    /// Other credentials that belong to it, by the rule that found them.
    pub companions: Vec<(RuleId, Secret)>,
    /// Facts that the offline check read out of it, and that stand beside it.
    pub facts: BTreeMap<String, String>,
    /// Whether its provider accepted it a moment ago.
    pub was_alive: bool,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

impl Credential {
    /// A credential of which nothing but the secret is known.
    pub fn new(secret: Secret, fingerprint: Fingerprint) -> Self {
        Self {
            secret,
            fingerprint,
            given: BTreeMap::new(),
            companions: Vec::new(),
            facts: BTreeMap::new(),
            was_alive: false,
        }
    }

    /// Adds a part.
    pub fn give(&mut self, name: impl Into<String>, origin: Origin, value: Secret) {
        self.given.insert(name.into(), (origin, value));
    }

    /// The secret as text.
    ///
    /// # Errors
    /// If it is none.
    pub fn text(&self) -> Result<&str, Why> {
        text(&self.secret).ok_or_else(|| Why::Malformed { part: "secret".to_owned() })
    }

    /// Every text that came with it: the secret, the parts, the companions.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let given = self.given.values().map(|(_, value)| value);
        let companions = self.companions.iter().map(|(_, value)| value);
        std::iter::once(&self.secret).chain(given).chain(companions).filter_map(text)
    }

    /// The secret and every part that the kind names, as far as they are known. A part that is missing is told when a request needs it.
    ///
    /// # Errors
    /// If the secret is no text.
    pub fn values(&self, kind: &Kind, provider: &str, config: &Config) -> Result<Values, Why> {
        let mut values = Values::default();
        values.set("secret", self.text()?.trim());
        for (name, part) in &kind.parts {
            let Some((origin, value)) = self.part(name, part, provider, config) else { continue };
            values.set(name, value.as_str());
            if part.host && origin == Origin::Leak {
                values.mark_leaked_host(name);
            }
            if origin == Origin::Leak && !self.is_within(part, &value) {
                values.mark_stray(name);
            }
            if part.doubt && origin == Origin::Leak && self.stood_near(part, &value) {
                values.mark_doubtful(name);
            }
        }
        Ok(values)
    }

    /// Whether a part's value is read out of the secret itself, and so belongs to it.
    fn is_within(&self, part: &Part, value: &str) -> bool {
        let Some(secret) = text(&self.secret).map(str::trim) else { return false };
        let group = part.secret.as_ref().and_then(|expression| group(expression, secret));
        let member = part.json.as_ref().and_then(|at| member(secret, at));
        let digest = part.digest.map(|digest| digest.of(secret));
        [group, member, digest].into_iter().flatten().any(|within| within == value)
    }

    /// Whether a part's value is the fact that stood near, and the secret itself does not name it.
    fn stood_near(&self, part: &Part, value: &str) -> bool {
        let near = part.fact.as_ref().and_then(|fact| self.facts.get(fact)).is_some_and(|fact| fact == value);
        let within = || group(part.secret.as_ref()?, text(&self.secret)?.trim());
        near && within().is_none()
    }

    /// The value of a part, from the first of its sources that has one.
    fn part(&self, name: &str, part: &Part, provider: &str, config: &Config) -> Option<(Origin, Zeroizing<String>)> {
        let set = part.setting.then(|| config.settings.get(provider)?.get(name)).flatten();
        let user = |value: &String| (Origin::User, Zeroizing::new(value.clone()));
        // What the user has named, too, is the user's word.
        let leak =
            |value: String| (if set == Some(&value) { Origin::User } else { Origin::Leak }, Zeroizing::new(value));
        let given = || {
            self.given
                .get(name)
                .filter(|(origin, _)| !part.ask || *origin == Origin::User)
                .and_then(|(origin, value)| Some((*origin, Zeroizing::new(text(value)?.to_owned()))))
        };
        let companion = || {
            let found =
                self.companions.iter().find(|(rule, _)| part.rules.iter().any(|wanted| wanted == rule.as_str()));
            found.and_then(|(_, value)| text(value)).map(|value| leak(value.to_owned()))
        };
        let fact = || part.fact.as_ref().and_then(|fact| self.facts.get(fact)).map(|value| leak(value.clone()));
        let secret = text(&self.secret)?.trim();
        let within = || part.secret.as_ref().and_then(|expression| group(expression, secret)).map(leak);
        let json = || part.json.as_ref().and_then(|at| member(secret, at)).map(leak);
        let digest = || part.digest.map(|digest| leak(digest.of(secret)));
        let setting = || set.map(user);
        let default = || part.default.as_ref().map(user);
        let empty = || part.optional.then(|| leak(String::new()));
        given()
            .or_else(companion)
            .or_else(fact)
            .or_else(within)
            .or_else(json)
            .or_else(digest)
            .or_else(setting)
            .or_else(default)
            .or_else(empty)
    }
}

#[expect(clippy::disallowed_methods, reason = "the secret goes to its own provider, in a request")]
fn text(secret: &Secret) -> Option<&str> {
    std::str::from_utf8(secret.expose()).ok()
}

/// What the one group of an expression finds in the secret.
fn group(expression: &str, secret: &str) -> Option<String> {
    let regex = Regex::new(expression).ok()?;
    let mut found = regex.create_captures();
    regex.captures(secret, &mut found);
    secret.get(found.get_group(1)?.range()).map(str::to_owned)
}

/// What a pointer finds in a secret that is JSON.
fn member(secret: &str, at: &str) -> Option<String> {
    let document = serde_json::from_str(secret).ok()?;
    pointer::find(&document, at).first().and_then(|value| pointer::scalar(value))
}

impl Digest {
    fn of(self, secret: &str) -> String {
        let bytes = secret.as_bytes();
        match self {
            Self::Sha256Hex => hex(&sha2::Sha256::digest(bytes)),
            Self::Sha256Base64 => STANDARD.encode(sha2::Sha256::digest(bytes)),
            Self::Sha1Hex => hex(&sha1::Sha1::digest(bytes)),
            Self::Md5Hex => hex(&md5::Md5::digest(bytes)),
        }
    }
}

/// Bytes in lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|half| char::from_digit(half.into(), 16)).collect()
}

/// Whether a whole secret matches an expression.
pub(crate) fn has_form(secret: &Secret, expression: &str) -> bool {
    let whole = text(secret).map(str::trim);
    let Ok(regex) = Regex::new(&format!("^(?:{expression})$")) else { return false };
    whole.is_some_and(|whole| regex.is_match(whole))
}

#[cfg(test)]
mod tests {
    use stanch_model::FingerprintKey;

    use super::*;
    use crate::registry;

    fn credential(secret: &str) -> Credential {
        let secret = Secret::new(secret.as_bytes().to_vec());
        let fingerprint = FingerprintKey::from_bytes([1; 32]).fingerprint(&secret);
        Credential::new(secret, fingerprint)
    }

    fn part(text: &str) -> Part {
        toml::from_str(text).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_part_comes_from_the_first_source_that_has_it() {
        let config = Config::parse("settings = { acme = { host = 'own.example.com' } }").unwrap_or_default();
        let mut credential = credential("SG.the-id.the-rest\n");
        let mut get = |name: &str, text: &str, give: Option<&str>| {
            if let Some(value) = give {
                credential.give(name, Origin::Leak, Secret::new(value.as_bytes().to_vec()));
            }
            credential.part(name, &part(text), "acme", &config).map(|(origin, value)| (origin, value.to_string()))
        };
        let is = |origin, value: &str| Some((origin, value.to_owned()));
        assert_eq!(get("id", r"secret = '^SG\.([^.]+)\.'", None), is(Origin::Leak, "the-id"));
        assert_eq!(get("host", "setting = true\ndefault = 'x.example'", None), is(Origin::User, "own.example.com"));
        assert_eq!(get("zone", "setting = true\ndefault = 'x.example'", None), is(Origin::User, "x.example"));
        assert_eq!(get("none", "", None), None);
        assert_eq!(get("empty", "optional = true", None), is(Origin::Leak, ""));
        assert_eq!(get("host", "setting = true", Some("evil.example")), is(Origin::Leak, "evil.example"));
        let mut beside = self::credential("the-secret");
        beside.facts.insert("host".to_owned(), "own.example.com".to_owned());
        let told = |text: &str| {
            beside.part("host", &part(text), "acme", &config).map(|(origin, value)| (origin, value.to_string()))
        };
        assert_eq!(told("fact = 'host'\nsetting = true"), is(Origin::User, "own.example.com"));
        assert_eq!(told("fact = 'host'\ndefault = 'x.example'"), is(Origin::Leak, "own.example.com"));
    }

    #[test]
    fn what_stood_near_is_doubted_and_what_a_person_says_is_not() {
        let kind = registry::by_id("discord.client-secret").unwrap_or_else(|| panic!("there is such a kind")).kind;
        let mut credential = credential("the-secret");
        let doubtful = |credential: &Credential| {
            let values = credential.values(kind, "discord", &Config::default()).unwrap_or_default();
            values.doubtful().map(str::to_owned)
        };
        assert_eq!(doubtful(&credential), None);
        credential.facts.insert("client-id".to_owned(), "112233445566778899".to_owned());
        assert_eq!(doubtful(&credential).as_deref(), Some("client_id"));
        credential.give("client_id", Origin::User, Secret::new(b"112233445566778899".to_vec()));
        assert_eq!(doubtful(&credential), None);
    }

    #[test]
    fn what_came_along_is_no_part_of_the_secret() {
        let kind = registry::by_id("digitalocean.spaces-key").unwrap_or_else(|| panic!("there is such a kind")).kind;
        let mut credential = credential("the-secret");
        let is_stray = |credential: &Credential| {
            credential
                .values(kind, "digitalocean", &Config::default())
                .unwrap_or_default()
                .stray("access_key")
                .is_some()
        };
        assert!(!is_stray(&credential));
        credential.give("access_key", Origin::Leak, Secret::new(b"DO00".to_vec()));
        assert!(is_stray(&credential));
        credential.give("access_key", Origin::User, Secret::new(b"DO00".to_vec()));
        assert!(!is_stray(&credential));
        let digest = Part { digest: Some(Digest::Md5Hex), ..Part::default() };
        assert!(credential.is_within(&digest, &Digest::Md5Hex.of("the-secret")) && !credential.is_within(&digest, "x"));
    }

    #[test]
    fn digests_are_those_of_the_trimmed_secret() {
        assert_eq!(Digest::Md5Hex.of("abc"), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(Digest::Sha1Hex.of("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert!(Digest::Sha256Hex.of("abc").starts_with("ba7816bf8f01cfea"));
    }
}
