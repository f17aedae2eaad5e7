//! What a git URL says: an address for git, and perhaps a credential that git must not see in it.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use stanch_model::Secret;
use stanch_pipeline::git::Login;

use crate::exit::CliError;

/// A repository somewhere else.
#[derive(Debug)]
pub(crate) struct Remote {
    /// The URL as git is given it and as reports name it. It has no userinfo, but for the account name that ssh needs.
    pub(super) address: String,
    pub(super) credential: Option<Credential>,
}

/// The userinfo of a URL, and whom it is for.
#[derive(Debug)]
pub(super) struct Credential {
    pub(super) login: Login,
    /// What git and servers may quote: the parts of the userinfo, as typed and as they are sent.
    quotes: Vec<Secret>,
}

/// How git reaches a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Ssh,
    Git,
    File,
}

const SCHEMES: &[(&str, Scheme)] = &[
    ("https", Scheme::Http),
    ("http", Scheme::Http),
    ("ssh", Scheme::Ssh),
    ("git+ssh", Scheme::Ssh),
    ("ssh+git", Scheme::Ssh),
    ("git", Scheme::Git),
    ("file", Scheme::File),
];

/// Whether a target is written as a repository somewhere else, and nothing here has that name.
pub(crate) fn is_remote(target: &Path) -> bool {
    kind(target).is_some()
}

/// A target as reports name it: a URL without userinfo, anything else as it is.
pub(crate) fn name(target: &Path) -> String {
    let shown = target.display().to_string();
    match kind(target) {
        Some(Kind::Url { scheme, rest }) => named(&scheme.to_ascii_lowercase(), rest),
        Some(Kind::Scp { .. }) | None => shown,
        Some(Kind::Helper { helper }) => format!("{helper}::…"),
        Some(Kind::ScpWithPassword) => "an ssh address".to_owned(),
    }
}

/// A URL without its userinfo; an account name for ssh stays, as nothing is reached without it.
fn named(scheme: &str, rest: &str) -> String {
    let ssh = scheme_of(scheme) == Some(Scheme::Ssh);
    let (userinfo, host) = split_userinfo(scheme, rest);
    let account = userinfo.filter(|userinfo| ssh && !userinfo.is_empty()).map(|userinfo| without_password(userinfo).0);
    account.map_or_else(|| format!("{scheme}://{host}"), |account| format!("{scheme}://{account}@{host}"))
}

/// How a target is written that is no path.
#[derive(Debug, PartialEq, Eq)]
enum Kind<'a> {
    /// `scheme://…`.
    Url { scheme: &'a str, rest: &'a str },
    /// `helper::…`, for a program named `git-remote-helper`.
    Helper { helper: &'a str },
    /// `user@host:path`.
    Scp { host: &'a str },
    /// `user:password@host:path`, which ssh cannot use.
    ScpWithPassword,
}

fn kind(target: &Path) -> Option<Kind<'_>> {
    let text = target.to_str()?;
    if std::fs::symlink_metadata(target).is_ok() {
        return None;
    }
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
    };
    if let Some((helper, _)) = text.split_once("::").filter(|(helper, _)| word(helper)) {
        return Some(Kind::Helper { helper });
    }
    if let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| word(scheme)) {
        return Some(Kind::Url { scheme, rest });
    }
    scp(text)
}

/// An address of ssh without a scheme. Its account has to be named, so that a mistyped path is no host.
fn scp(text: &str) -> Option<Kind<'_>> {
    let (account, place) = text.split_once('@')?;
    if account.is_empty() || account.contains('/') {
        return None;
    }
    // The host ends at the first colon, but for the colons of an IPv6 address in brackets.
    let end = if place.starts_with('[') { place.find("]:")? + 1 } else { place.find(':')? };
    let host = place.get(..end).filter(|host| !host.is_empty() && !host.contains('/'))?;
    Some(if account.contains(':') { Kind::ScpWithPassword } else { Kind::Scp { host } })
}

fn scheme_of(name: &str) -> Option<Scheme> {
    SCHEMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, scheme)| *scheme)
}

/// The userinfo of a URL's rest, and the rest without it. The last `@` before the path ends it, so that nothing of an unescaped one stays.
fn split_userinfo<'a>(scheme: &str, rest: &'a str) -> (Option<&'a str>, &'a str) {
    if scheme_of(scheme) == Some(Scheme::File) {
        return (None, rest);
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest.get(..end).and_then(|authority| authority.rfind('@')) {
        Some(at) => (rest.get(..at), rest.get(at + 1..).unwrap_or_default()),
        None => (None, rest),
    }
}

fn without_password(userinfo: &str) -> (&str, Option<&str>) {
    userinfo.split_once(':').map_or((userinfo, None), |(name, password)| (name, Some(password)))
}

impl Remote {
    /// What a target says, if it is a repository somewhere else.
    pub(super) fn of(target: &Path) -> Result<Option<Self>, CliError> {
        let remote = match kind(target) {
            None => return Ok(None),
            Some(Kind::Helper { helper }) => {
                return Err(CliError::new(format!("`{helper}::` would run a program of its own, and is not used"))
                    .hint("name the repository by https://, ssh://, git:// or file://"));
            }
            Some(Kind::ScpWithPassword) => return Err(no_ssh_password()),
            Some(Kind::Scp { host }) => {
                check_host(host)?;
                Self { address: target.display().to_string(), credential: None }
            }
            Some(Kind::Url { scheme, rest }) => Self::of_url(scheme, rest)?,
        };
        if remote.address.chars().any(char::is_control) {
            return Err(CliError::new("the URL holds a control character"));
        }
        Ok(Some(remote))
    }

    fn of_url(scheme: &str, rest: &str) -> Result<Self, CliError> {
        let protocol = scheme.to_ascii_lowercase();
        let address = named(&protocol, rest);
        let Some(kind) = scheme_of(&protocol) else {
            return Err(CliError::new(format!("repositories cannot be fetched by `{protocol}://`"))
                .hint("stanch knows https://, http://, ssh://, git://, file:// and git@host:path"));
        };
        let (userinfo, below) = split_userinfo(&protocol, rest);
        let host = below.split(['/', '?', '#']).next().unwrap_or_default();
        if kind != Scheme::File {
            check_host(host)?;
        }
        let credential = match (kind, userinfo.filter(|userinfo| !userinfo.is_empty())) {
            (_, None) | (Scheme::File, _) => None,
            (Scheme::Http, Some(userinfo)) => Some(Credential::of(&protocol, host, userinfo)?),
            (Scheme::Ssh, Some(userinfo)) if without_password(userinfo).1.is_none() => {
                check_host(userinfo)?;
                None
            }
            (Scheme::Ssh, Some(_)) => return Err(no_ssh_password()),
            (Scheme::Git, Some(_)) => return Err(CliError::new("git:// knows no users, so the URL can name none")),
        };
        Ok(Self { address, credential })
    }
}

fn no_ssh_password() -> CliError {
    CliError::new("ssh takes no password from a URL")
        .hint("use a key or an agent, and name the account alone: git@host:path")
}

/// Refuses hosts and accounts that ssh would take for options.
fn check_host(host: &str) -> Result<(), CliError> {
    if host.is_empty() {
        return Err(CliError::new("the URL names no host"));
    }
    if host.starts_with('-') {
        return Err(CliError::new("a host or account that starts with `-` would be taken for an option"));
    }
    Ok(())
}

impl Credential {
    fn of(protocol: &str, host: &str, userinfo: &str) -> Result<Self, CliError> {
        let (name, password) = without_password(userinfo);
        let (username, password_bytes) = (decoded(name)?, decoded(password.unwrap_or_default())?);
        let mut pair = username.clone();
        pair.push(b':');
        pair.extend(&password_bytes);
        let mut quotes = vec![name.as_bytes().to_vec(), STANDARD.encode(&pair).into_bytes()];
        quotes.extend([username.clone(), password_bytes.clone()]);
        quotes.extend(password.map(|password| password.as_bytes().to_vec()));
        let _wiped = Secret::new(pair);
        let login = Login {
            protocol: protocol.to_owned(),
            host: host.to_owned(),
            username: Secret::new(username),
            password: Secret::new(password_bytes),
        };
        Ok(Self { login, quotes: quotes.into_iter().map(Secret::new).collect() })
    }

    /// Whether the URL says who, and leaves open by what.
    pub(super) fn has_no_password(&self) -> bool {
        self.login.password.is_empty()
    }

    /// Whether what is sent can be read by everybody on the way.
    pub(super) fn goes_in_clear(&self) -> bool {
        let host = self.login.host.to_ascii_lowercase();
        let bare = host.strip_prefix('[').and_then(|host| host.split(']').next());
        let bare = bare.unwrap_or_else(|| host.split(':').next().unwrap_or_default());
        let here = bare == "localhost" || bare == "::1" || bare.starts_with("127.");
        self.login.protocol == "http" && !here
    }

    /// A text without anything of the userinfo.
    pub(super) fn scrub(&self, text: &str) -> String {
        /// A shorter name (`git`, `ann`) says nothing, and taking it out would tear words apart.
        const SHORT: usize = 5;
        let mut text = text.to_owned();
        for quote in self.quotes.iter().filter(|quote| quote.len() >= SHORT) {
            #[expect(clippy::disallowed_methods, reason = "to take a secret out of a text it has to be seen")]
            let quote = String::from_utf8_lossy(quote.expose());
            text = text.replace(quote.as_ref(), "********");
        }
        text
    }
}

/// Percent-encoded text as bytes: <https://datatracker.ietf.org/doc/html/rfc3986#section-2.1>. A line break would end a line of what git is
/// answered, and so could say more than a name.
fn decoded(text: &str) -> Result<Vec<u8>, CliError> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut digit =
            || bytes.next().and_then(|byte| char::from(byte).to_digit(16)).and_then(|d| u8::try_from(d).ok());
        match byte {
            b'%' => {
                let (Some(high), Some(low)) = (digit(), digit()) else {
                    return Err(CliError::new("the user name or password in the URL has a `%` without two hex digits")
                        .hint("write `%` itself as %25"));
                };
                out.push(high << 4 | low);
            }
            byte => out.push(byte),
        }
    }
    if out.iter().any(u8::is_ascii_control) {
        let _wiped = Secret::new(out);
        return Err(CliError::new("the user name or password in the URL holds a control character"));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(target: &str) -> Result<Option<Remote>, String> {
        Remote::of(Path::new(target)).map_err(|error| error.to_string())
    }

    fn of(target: &str) -> Remote {
        remote(target).ok().flatten().unwrap_or_else(|| panic!("{target} is remote"))
    }

    #[expect(clippy::disallowed_methods, reason = "made-up credentials")]
    fn credential(target: &str) -> Option<(String, String, String)> {
        let credential = of(target).credential?.login;
        let text = |secret: &Secret| String::from_utf8_lossy(secret.expose()).into_owned();
        Some((credential.host.clone(), text(&credential.username), text(&credential.password)))
    }

    #[test]
    fn paths_are_no_urls() {
        for target in
            [".", "-", "/etc", "a/b@c:d", "C:\\repo", "a:b", "host:path", "@x:y", "mail@example.com", "a b://c"]
        {
            assert!(matches!(remote(target), Ok(None)), "{target}");
            assert_eq!(name(Path::new(target)), target);
        }
    }

    #[test]
    fn addresses_lose_their_userinfo() {
        for (target, address) in [
            ("https://example.com/a/b.git", "https://example.com/a/b.git"),
            ("HTTPS://me:pw@example.com:8443/a", "https://example.com:8443/a"),
            ("https://token@example.com/a@b", "https://example.com/a@b"),
            ("https://me:p@ss@example.com/a", "https://example.com/a"),
            ("https://@example.com/a", "https://example.com/a"),
            ("ssh://git@example.com:22/a", "ssh://git@example.com:22/a"),
            ("ssh://example.com/a", "ssh://example.com/a"),
            ("git@example.com:a/b.git", "git@example.com:a/b.git"),
            ("git@[::1]:a", "git@[::1]:a"),
            ("git://example.com/a", "git://example.com/a"),
            ("file:///srv/a@b", "file:///srv/a@b"),
        ] {
            assert_eq!(of(target).address, address, "{target}");
            assert_eq!(name(Path::new(target)), address, "{target}");
        }
    }

    #[test]
    fn credentials_are_taken_apart() {
        let of = |host: &str, name: &str, password: &str| Some((host.to_owned(), name.to_owned(), password.to_owned()));
        assert_eq!(credential("https://me:p%40ss%25@example.com:8443/a"), of("example.com:8443", "me", "p@ss%"));
        assert_eq!(credential("http://me@[::1]:80/a"), of("[::1]:80", "me", ""));
        assert_eq!(credential("https://me:a:b@example.com"), of("example.com", "me", "a:b"));
        assert_eq!(credential("https://example.com/me:pw@x"), None);
    }

    #[test]
    fn what_could_run_or_say_something_else_is_refused_without_being_quoted() {
        for (target, why) in [
            ("ext::sh -c id", "program of its own"),
            ("fd::17", "program of its own"),
            ("https::https://example.com", "program of its own"),
            ("ftp://example.com/a", "`ftp://`"),
            ("ssh://-oProxyCommand=id/a", "option"),
            ("git@-oProxyCommand=id:a", "option"),
            ("ssh://-l@example.com/a", "option"),
            ("ssh://me:hunter2@example.com/a", "no password"),
            ("me:hunter2@example.com:a", "no password"),
            ("git://me:hunter2@example.com/a", "no users"),
            ("https://me:hunter2%0ahost=x@example.com/a", "control"),
            ("https://me:hunter2%0@example.com/a", "two hex digits"),
            ("https://me:hunter2@/a", "no host"),
            ("https://me:hunter2@example.com/\na", "control"),
        ] {
            let error = remote(target).err().unwrap_or_default();
            assert!(error.contains(why) && !error.contains("hunter2"), "{target}: {error}");
            assert!(!name(Path::new(target)).contains("hunter2"), "{target}");
        }
    }

    #[test]
    fn quotes_are_scrubbed() {
        let remote = of("https://oauth:s3cr%65t-word@example.com/a");
        let scrubbed =
            remote.credential.map(|c| c.scrub("no s3cr%65t-word, s3cret-word, b2F1dGg6czNjcmV0LXdvcmQ= here"));
        assert_eq!(scrubbed.as_deref(), Some("no ********, ********, ******** here"));
    }

    #[test]
    fn only_http_to_elsewhere_is_in_clear() {
        let clear = |target: &str| of(target).credential.map(|credential| credential.goes_in_clear());
        assert_eq!(clear("http://me:pw@example.com/a"), Some(true));
        for target in [
            "https://me:pw@example.com/a",
            "http://me:pw@localhost:80/a",
            "http://me:pw@[::1]/",
            "http://me:pw@127.0.0.1/",
        ] {
            assert_eq!(clear(target), Some(false), "{target}");
        }
    }
}
