//! A login at a server of the owner's: an address with user and password, or its parts.

use std::fmt;

use zeroize::Zeroizing;

use crate::credential::hex;
use crate::dial::Place;
use crate::file::File;
use crate::http::Payer;
use crate::kind::Kind;
use crate::{Context, Credential, Identity, Values, Why};

/// How addresses of one kind of server are written.
pub(super) struct Dialect {
    /// Their schemes, without what follows a plus sign.
    pub(super) schemes: &'static [&'static str],
    /// Those of them that ask for TLS.
    pub(super) encrypted: &'static [&'static str],
    /// The usual port.
    pub(super) port: u16,
    /// Parameters that name the user, the password, and how far TLS is wanted, in lower case.
    pub(super) user: &'static [&'static str],
    pub(super) password: &'static [&'static str],
    pub(super) tls: &'static [&'static str],
}

/// How far a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tls {
    /// Not at all.
    Never,
    /// If the server can.
    IfPossible,
    /// Or there is none.
    Always,
}

/// A login at a server.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) place: Place,
    pub(super) user: String,
    pub(super) password: Zeroizing<String>,
    /// The database, or nothing.
    pub(super) database: String,
    pub(super) tls: Tls,
    /// What stands before and behind the password in the credential, so that a successor is written alike.
    around: (Zeroizing<String>, Zeroizing<String>),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Login {
    /// Reads a credential: the whole address, or the password as an address has it, with its parts beside it.
    pub(super) fn of(
        cx: &Context,
        file: &File,
        kind: &Kind,
        dialect: &Dialect,
        credential: &Credential,
    ) -> Result<Self, Why> {
        let values = credential.values(kind, &file.provider, &cx.config)?;
        let secret = values.get("secret").unwrap_or_default();
        match Address::parse(secret) {
            Some(address) => address.login(dialect, &values),
            None => Self::of_parts(dialect, &values, secret),
        }
    }

    fn of_parts(dialect: &Dialect, values: &Values, secret: &str) -> Result<Self, Why> {
        let missing = |part: &str| Why::Missing { part: part.to_owned() };
        let host = values.get("host").ok_or_else(|| missing("host"))?;
        let user = values.get("user").ok_or_else(|| missing("user"))?;
        Ok(Self {
            place: Place::parse(host, dialect.port, values.is_leaked_host("host"))?,
            user: user.to_owned(),
            password: decoded(secret),
            database: values.get("database").unwrap_or_default().to_owned(),
            tls: wanted(values.get("tls").unwrap_or_default()),
            around: Default::default(),
        })
    }

    /// The configured login that may act at the same server, if there is one. A login of ours never goes to a server that only a leak
    /// named, so the responder names its own, and it must be the credential's.
    pub(super) async fn responder(
        cx: &Context,
        file: &File,
        kind: &Kind,
        dialect: &Dialect,
        place: &Place,
    ) -> Result<Option<Self>, Why> {
        let Some(spec) = file.responder(kind).filter(|spec| cx.config.responders.contains_key(&spec.id)) else {
            return Ok(None);
        };
        let fail = |detail: &str| Why::NoResponder { id: spec.id.clone(), detail: detail.to_owned() };
        let one = cx.responders.get(&cx.config, &spec.id, &[place.host.clone(), place.to_string()]).await?;
        let part = |name: &str| one.parts.get(name).map(|value| value.as_str());
        let host = part("host").ok_or_else(|| fail("it names no `host`"))?;
        let own = Place::parse(host, dialect.port, false)?;
        if (&own.host, own.port) != (&place.host, place.port) {
            return Err(fail("it is for another server"));
        }
        Ok(Some(Self {
            place: own,
            user: part("user").unwrap_or_default().to_owned(),
            password: Zeroizing::new(part("secret").ok_or_else(|| fail("it has no `secret`"))?.to_owned()),
            database: part("database").unwrap_or_default().to_owned(),
            tls: wanted(part("tls").unwrap_or_default()),
            around: Default::default(),
        }))
    }

    /// For whom connections are counted.
    pub(super) fn payer(&self, file: &File, kind: &Kind) -> Payer {
        let (provider, per_minute) = (file.provider.clone(), kind.rate.per_minute);
        Payer { provider, account: self.place.to_string(), per_minute, per_hour: None }
    }

    /// The credential with another password, which needs no escape.
    pub(super) fn with(&self, password: &str) -> Zeroizing<String> {
        Zeroizing::new([self.around.0.as_str(), password, self.around.1.as_str()].concat())
    }

    /// Whose it is: the server is the account. A user's name says little without its server.
    pub(super) fn identity(&self, user: &str) -> Identity {
        let mut identity = Identity::default();
        identity.add("account", &*self.place.host);
        identity.add("account", self.place.to_string());
        identity.add("user", format!("{user}@{}", self.place.host));
        identity.add("name", user);
        identity
    }
}

/// A new password of letters and digits, from 32 random bytes.
pub(super) fn new_password() -> Result<Zeroizing<String>, Why> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(|_| Why::Other { detail: "the system has no randomness".to_owned() })?;
    Ok(Zeroizing::new(hex(&*bytes)))
}

/// An address, taken apart, still encoded.
struct Address<'a> {
    scheme: &'a str,
    user: &'a str,
    password: &'a str,
    host: &'a str,
    path: &'a str,
    query: &'a str,
    whole: &'a str,
}

impl<'a> Address<'a> {
    /// Takes an address apart. People forget to encode a password, so the last at sign before the path ends it.
    fn parse(whole: &'a str) -> Option<Self> {
        let text = whole.strip_prefix("jdbc:").unwrap_or(whole);
        let (scheme, rest) = text.split_once("://")?;
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        (!scheme.is_empty() && scheme.chars().all(legal)).then_some(())?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let at = rest.get(..end)?.rfind('@').or_else(|| rest.find('@').filter(|_| !whole.starts_with("jdbc:")));
        let (login, behind) = match at {
            Some(at) => (rest.get(..at)?, rest.get(at + 1..)?),
            None => ("", rest),
        };
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let end = behind.find(['/', '?', '#']).unwrap_or(behind.len());
        let (host, tail) = behind.split_at_checked(end)?;
        let tail = tail.split('#').next().unwrap_or_default();
        let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
        Some(Self { scheme, user, password, host, path: path.trim_start_matches('/'), query, whole })
    }

    fn parameter(&self, names: &[&str]) -> Option<&'a str> {
        let mut pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(name, _)| names.contains(&name.to_ascii_lowercase().as_str())).map(|(_, value)| value)
    }

    fn login(&self, dialect: &Dialect, values: &Values) -> Result<Login, Why> {
        let malformed = || Why::Malformed { part: "secret".to_owned() };
        let scheme = self.scheme.split('+').next().unwrap_or_default().to_ascii_lowercase();
        if !dialect.schemes.contains(&scheme.as_str()) {
            return Err(malformed());
        }
        let or =
            |inside: &'a str, names| Some(inside).filter(|text| !text.is_empty()).or_else(|| self.parameter(names));
        // A parameter that is empty names no password.
        let password = or(self.password, dialect.password).filter(|word| !word.is_empty()).ok_or_else(malformed)?;
        let place = Place::parse(self.host, dialect.port, true)?;
        // Who names the same host beside the address has allowed it.
        let named = values.get("host").filter(|_| !values.is_leaked_host("host"));
        let named = named.and_then(|host| Place::parse(host, dialect.port, false).ok());
        let leaked = named.is_none_or(|named| named.host != place.host);
        let tls = if dialect.encrypted.contains(&scheme.as_str()) {
            Tls::Always
        } else {
            wanted(self.parameter(dialect.tls).unwrap_or_default())
        };
        Ok(Login {
            place: Place { leaked, ..place },
            user: decoded(or(self.user, dialect.user).unwrap_or_default()).to_string(),
            password: decoded(password),
            database: decoded(self.path).to_string(),
            tls,
            around: self.around(password).ok_or_else(malformed)?,
        })
    }

    /// What stands before and behind the password, which is a part of the whole.
    fn around(&self, password: &str) -> Option<(Zeroizing<String>, Zeroizing<String>)> {
        let from = (password.as_ptr() as usize).checked_sub(self.whole.as_ptr() as usize)?;
        let (before, behind) = (self.whole.get(..from)?, self.whole.get(from + password.len()..)?);
        Some((Zeroizing::new(before.to_owned()), Zeroizing::new(behind.to_owned())))
    }
}

/// For the fuzz targets: an address is read or refused, and with its own password it is what it was.
#[cfg(fuzzing)]
pub(crate) fn fuzz(text: &str) {
    let dialect =
        Dialect { schemes: &["a"], encrypted: &[], port: 1, user: &["user"], password: &["password"], tls: &["tls"] };
    let login = Address::parse(text).and_then(|address| address.login(&dialect, &Values::default()).ok());
    if let Some(login) = login {
        assert!(login.with("").len() < text.len() && !login.place.host.is_empty());
    }
}

/// How far TLS is wanted, in the words of libpq and of the drivers of Java.
fn wanted(word: &str) -> Tls {
    match word.to_ascii_lowercase().as_str() {
        "disable" | "disabled" | "false" | "off" | "no" => Tls::Never,
        "require" | "required" | "verify-ca" | "verify-full" | "verify_ca" | "verify_identity" | "true" | "on" => {
            Tls::Always
        }
        _ => Tls::IfPossible,
    }
}

/// A text of an address without its percent signs. What is not encoded rightly is meant as it stands.
pub(super) fn decoded(text: &str) -> Zeroizing<String> {
    let plain = || Zeroizing::new(text.to_owned());
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let digit = |at: usize| behind.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        let (Some(high), Some(low)) = (digit(0), digit(1)) else { return plain() };
        bytes.push((high * 16 + low) as u8);
        rest = behind.get(2..).unwrap_or_default();
    }
    std::str::from_utf8(&bytes).map_or_else(|_| plain(), |text| Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIALECT: Dialect = Dialect {
        schemes: &["postgres"],
        encrypted: &[],
        port: 5432,
        user: &["user"],
        password: &["password"],
        tls: &["sslmode"],
    };

    type Read = (String, String, String, String, Tls, String);

    fn read(text: &str) -> Option<Read> {
        let login = Address::parse(text)?.login(&DIALECT, &Values::default()).ok()?;
        let with = login.with("NEW").to_string();
        Some((login.place.to_string(), login.user, login.password.to_string(), login.database, login.tls, with))
    }

    fn is(place: &str, user: &str, word: &str, database: &str, tls: Tls, with: &str) -> Option<Read> {
        let own = |text: &str| text.to_owned();
        [(own(place), own(user), own(word), own(database), tls, own(with))].into_iter().next()
    }

    #[test]
    fn an_address_is_read_as_it_is_meant() {
        let at = |text: &str| text.replace('~', "@");
        assert_eq!(
            read(&at("postgres://app:a%40b~DB.acme.dev/x?sslmode=require")),
            is(
                "db.acme.dev:5432",
                "app",
                "a@b",
                "x",
                Tls::Always,
                &at("postgres://app:NEW~DB.acme.dev/x?sslmode=require")
            )
        );
        assert_eq!(
            read(&at("postgres+psycopg://app:a~b:c~10.0.0.1:6432/x#y")),
            is(
                "10.0.0.1:6432",
                "app",
                "a@b:c",
                "x",
                Tls::IfPossible,
                &at("postgres+psycopg://app:NEW~10.0.0.1:6432/x#y")
            )
        );
        assert_eq!(
            read("jdbc:postgres://db.acme.dev/x?user=app&password=p%2Fq&sslmode=disable"),
            is(
                "db.acme.dev:5432",
                "app",
                "p/q",
                "x",
                Tls::Never,
                "jdbc:postgres://db.acme.dev/x?user=app&password=NEW&sslmode=disable"
            )
        );
        for text in [
            "",
            "abc",
            "postgres://",
            "mysql://a:b~h",
            "postgres://app~h/x",
            "postgres://a:b~h1,h2/x",
            "postgres://a:b~${H}/x",
            "postgres://app~h/x?password=",
            "postgres://app~h/x?password=&password=b",
        ] {
            assert_eq!(read(&at(text)), None, "{text}");
        }
    }

    #[test]
    fn percent_signs_are_read_only_where_they_are_whole() {
        assert_eq!(*decoded("a%2Fb"), "a/b");
        assert_eq!(*decoded("100%"), "100%");
        assert_eq!(*decoded("%ff"), "%ff");
    }
}
