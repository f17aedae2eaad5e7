//! What an address says beside its password: `postgres://user:…@host:5432/database?sslmode=require`, or
//! `jdbc:postgresql://host/database?user=app&password=…` (<https://www.rfc-editor.org/rfc/rfc3986#section-3>).

/// Schemes that ask for TLS by their name alone.
const ENCRYPTED: [&str; 5] = ["rediss", "valkeys", "amqps", "ldaps", "smtps"];
/// The parameters that say how far TLS is wanted.
const TLS: [&str; 5] = ["sslmode", "ssl-mode", "ssl_mode", "tls", "usessl"];
/// What ends an address in a text.
const END: &[u8] = b"\"'`<>\\|)]}";

/// The facts of an address, by name: `scheme`, `host` with its port, `user`, `database`, `tls`. `head` is what stands from its start to the
/// password, `tail` what stands behind it; `cut` says that the tail may go on. What is no plain word, such as a template or a list of hosts, is
/// left out.
pub(crate) fn facts(head: &[u8], tail: &[u8], cut: bool) -> Vec<(&'static str, String)> {
    // The brackets of an IPv6 address belong to it.
    let open =
        tail.starts_with(b"@[").then(|| tail.iter().position(|byte| *byte == b']')).flatten().map_or(0, |at| at + 1);
    let ends = |byte: &u8| !byte.is_ascii_graphic() || END.contains(byte);
    let tail = match tail.iter().skip(open).position(ends) {
        Some(end) => tail.get(..open + end).unwrap_or_default(),
        None if cut => return Vec::new(),
        None => tail,
    };
    let whole = [head, tail].concat();
    let address = std::str::from_utf8(&whole).ok().and_then(Address::parse);
    address.map(|address| address.facts()).unwrap_or_default()
}

/// An address without its password, still encoded.
struct Address<'a> {
    scheme: &'a str,
    user: &'a str,
    host: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Address<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.strip_prefix("jdbc:").unwrap_or(text).split_once("://")?;
        let (rest, _fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let user = login.split(':').next().unwrap_or_default();
        Some(Self { scheme, user, host, path, query })
    }

    fn parameter(&self, names: &[&str]) -> Option<&'a str> {
        let mut pairs = self.query.split(['&', ';']).filter_map(|pair| pair.split_once('='));
        pairs.find(|(name, _)| names.contains(&name.to_ascii_lowercase().as_str())).map(|(_, value)| value)
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let encrypted = ENCRYPTED.contains(&self.scheme.to_ascii_lowercase().as_str());
        let user = Some(self.user).filter(|user| !user.is_empty()).or_else(|| self.parameter(&["user", "username"]));
        let tls = if encrypted { Some("require") } else { self.parameter(&TLS) };
        let all = [
            ("scheme", Some(self.scheme).filter(|scheme| is_of(scheme, "+-."))),
            ("host", Some(self.host).filter(|host| is_host(host))),
            ("user", user),
            ("database", Some(self.path)),
            ("tls", tls.filter(|word| is_of(word, "-_"))),
        ];
        let told = all.into_iter().filter_map(|(name, value)| Some((name, decoded(value?)?)));
        // A template is no name; and of a path with slashes it is not known what it is.
        told.filter(|(name, value)| *name == "host" || is_of(value, "-_.+@ ~")).collect()
    }
}

/// Whether a text is of letters, digits and these.
fn is_of(text: &str, others: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

/// Whether a text is one host, with or without a port.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(inner) => {
            let Some((host, rest)) = inner.split_once(']') else { return false };
            if host.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            ("v6", rest)
        }
        None => text.find(':').and_then(|at| text.split_at_checked(at)).unwrap_or((text, "")),
    };
    let port =
        port.strip_prefix(':').map_or(port.is_empty(), |digits| digits.parse::<u16>().is_ok_and(|port| port > 0));
    port && is_of(host, "-_.")
}

/// A text without its percent signs; `None` if they are not whole or not of text.
fn decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        bytes.push((digit()? * 16 + digit()?) as u8);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The facts of an address whose password is written `PW`, as `name=value`.
    fn told(text: &str) -> String {
        let (head, tail) = text.split_once("PW").unwrap_or((text, ""));
        let facts = facts(head.as_bytes(), tail.replace('~', "@").as_bytes(), false);
        facts.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_an_address_says() {
        for (text, expected) in [
            (
                "postgres://app:PW~db.acme.dev:6432/shop?sslmode=require\" x",
                "scheme=postgres host=db.acme.dev:6432 user=app database=shop tls=require",
            ),
            ("redis://:PW~10.0.0.7:6379/0", "scheme=redis host=10.0.0.7:6379 database=0"),
            ("rediss://app%40x:PW~r.acme.dev", "scheme=rediss host=r.acme.dev user=app@x tls=require"),
            ("amqp://a:PW~[2001:db8::1]:5672/%2f", "scheme=amqp host=[2001:db8::1]:5672 user=a"),
            ("mysql+pymysql://a:PW~h/d'", "scheme=mysql+pymysql host=h user=a database=d"),
            (
                "jdbc:postgresql://db.acme.dev/shop?user=app&password=PW&sslmode=disable",
                "scheme=postgresql host=db.acme.dev user=app database=shop tls=disable",
            ),
            ("mongodb://a:PW~h1,h2/x", "scheme=mongodb user=a database=x"),
            ("postgres://${USER}:PW~${HOST}/db", "scheme=postgres"),
            ("postgres://a:PW~h:99999/a/b", "scheme=postgres user=a"),
            ("a%zz://%zz:PW~h", "host=h"),
            ("nothing", ""),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn what_may_go_on_is_not_told() {
        assert_eq!(facts(b"redis://:", b"@host:63", true), []);
        assert_eq!(facts(b"redis://:", b"@host:63 ", true).len(), 2);
    }
}
