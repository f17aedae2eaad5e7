//! The section `[store]` of the configuration: where the memory of the pipeline is, and where its keys are.

use std::path::PathBuf;

use serde::Deserialize;
use stanch_revokers::config::Source;

use super::postgres::holds_password;
use crate::audit::VerifyingKey;

/// Where the store is. Nothing said is a file of SQLite in the folder of stanch's own state.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// A file of SQLite.
    pub path: Option<PathBuf>,
    /// A database of PostgreSQL, for several servers.
    pub postgres: Option<Address>,
    /// Its password, where the address holds none.
    pub password: Option<Source>,
    /// A PEM file of authorities that are believed besides those of the system.
    pub ca: Option<PathBuf>,
    /// What secrets are sealed with, in the form of the file `store.key`.
    pub key: Option<Source>,
    /// What the log is signed with, in the form of the file `signing.key`.
    pub signing: Option<Source>,
    /// Whose signatures are believed besides: other servers of the same database, and keys that were used before.
    pub trusted: Vec<Trusted>,
    /// For how many days an incident is kept after it was closed. The log keeps its lines.
    pub keep_days: u32,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            path: None,
            postgres: None,
            password: None,
            ca: None,
            key: None,
            signing: None,
            trusted: Vec::new(),
            keep_days: 400,
        }
    }
}

/// The address of a database: in the file if it holds no password, or from where a secret is kept.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub enum Address {
    /// As it stands there.
    Plain(String),
    /// It is read from elsewhere, and may hold a password.
    Kept(Source),
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            // A password may stand in it, though it should not.
            Self::Plain(_) => f.write_str("an address"),
            Self::Kept(source) => write!(f, "an address from the {source:?}"),
        }
    }
}

/// A public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Trusted(pub VerifyingKey);

impl TryFrom<String> for Trusted {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        text.parse().map(Self).map_err(|_| "a public key is 32 bytes in base64url")
    }
}

impl StoreConfig {
    /// Whether it means something. The second text says how to repair it; neither shows what was written.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if self.path.is_some() && self.postgres.is_some() {
            return Err((
                "`store` names a file and a server",
                "a store is in one place: leave `path` or `postgres` out",
            ));
        }
        if self.postgres.is_none() && (self.password.is_some() || self.ca.is_some()) {
            return Err((
                "`store.password` and `store.ca` are for a server, and none is named",
                "`postgres = \"postgres://stanch@db.example.com/stanch\"` names one",
            ));
        }
        match &self.postgres {
            Some(Address::Plain(url)) => match holds_password(url) {
                Some(false) => Ok(()),
                Some(true) => Err((
                    "the address of `store.postgres` holds a password",
                    "`password = { file = \"…\" }` says where it is, and so do `env`, `command` and `keyring`",
                )),
                None => Err((
                    "the address of `store.postgres` cannot be read",
                    "it is written `postgres://user@host/database`",
                )),
            },
            Some(Address::Kept(_)) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<&'static str> {
        let config: StoreConfig = toml::from_str(text).unwrap_or_else(|error| panic!("{error}"));
        config.check().err().map(|(what, _)| what)
    }

    #[test]
    fn one_place_is_named_and_no_password_in_clear() {
        assert_eq!(told(""), None);
        assert_eq!(told("path = '/x/stanch.db'"), None);
        assert_eq!(told("postgres = 'postgres://ann@db/x?sslmode=verify-full'\npassword = { env = 'WORD' }"), None);
        assert_eq!(told("postgres = { file = '/run/secrets/db' }"), None);
        assert!(told("path = 'x'\npostgres = { env = 'DB' }").is_some_and(|why| why.contains("a file and a server")));
        assert!(told("password = { env = 'WORD' }").is_some_and(|why| why.contains("none is named")));
        assert!(told("postgres = 'no address'").is_some_and(|why| why.contains("cannot be read")));
        for clear in ["postgres://ann:hush@db/x", "host=db user=ann password=hush"] {
            assert!(
                told(&format!("postgres = '{clear}'")).is_some_and(|why| why.contains("holds a password")),
                "{clear}"
            );
        }
    }

    #[test]
    fn what_is_no_key_or_unknown_is_refused() {
        assert!(toml::from_str::<StoreConfig>("trusted = ['x']").is_err());
        assert!(toml::from_str::<StoreConfig>("pth = 'x'").is_err());
        let config: StoreConfig = toml::from_str("postgres = 'postgres://ann:hush@db/x'").unwrap_or_default();
        assert!(!format!("{config:?}").contains("hush"));
    }
}
