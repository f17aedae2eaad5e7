//! Connection addresses with a password: <https://www.rfc-editor.org/rfc/rfc3986#section-3.2>.

use super::check::{Check, Checked, Holds, parsed};

/// Longest address that is looked at, in bytes.
const URI_MAX: usize = 8 * 1024;
/// Schemes of which the user is a name. Of others it may itself be the credential (`https://<token>@…`).
const NAMED: &[&str] = &[
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "mongodb",
    "mongodb+srv",
    "redis",
    "rediss",
    "amqp",
    "amqps",
    "mssql",
    "sqlserver",
    "clickhouse",
    "cockroachdb",
    "ldap",
    "ldaps",
    "smtp",
    "smtps",
    "nats",
];

/// Scheme, user, password, host.
pub(super) const URI: Check = Check::structure("connection-uri", |uri| parsed(address(uri)))
    .about("scheme://user:password@host with a password that is not empty", "https://www.rfc-editor.org/rfc/rfc3986");

/// Takes the address apart. Passwords in the wild hold `/`, `?`, `#` and `@` unescaped, so the host starts
/// after the last `@` that can be one.
fn address(uri: &[u8]) -> Option<Checked> {
    let text = std::str::from_utf8(uri).ok().filter(|text| text.len() <= URI_MAX)?;
    let text = text.strip_prefix("jdbc:").unwrap_or(text);
    let (scheme, rest) = text.split_once("://")?;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    (scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(legal)).then_some(())?;
    let authority = rest.find(['/', '?', '#']).map_or(rest, |end| rest.get(..end).unwrap_or(rest));
    let at = authority.rfind('@').or_else(|| rest.find('@'))?;
    let (user, password) = rest.get(..at)?.split_once(':')?;
    let host = rest.get(at + 1..)?;
    let host = host.get(..host.find(['/', '?', '#']).unwrap_or(host.len()))?;
    let named = NAMED.contains(&scheme.to_ascii_lowercase().as_str());
    let checked = Checked::of(hosted(host, rest)).with("scheme", scheme).with("host", host);
    (!password.is_empty()).then(|| if named { checked.with("user", user) } else { checked })
}

/// Whether `host` can be one: names, addresses and ports joined by commas. It is empty for sockets given in
/// the query; with other characters it is a template, and nothing is known.
fn hosted(host: &str, rest: &str) -> Holds {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | ',' | '[' | ']' | '%');
    match host.chars().all(legal) {
        true if host.is_empty() && !rest.contains("host=") => Holds::No,
        true => Holds::Yes,
        false => Holds::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::fact;
    use super::*;

    /// Puts a password into a template.
    fn uri(template: &str) -> String {
        template.replace("PW", "s3cr3t!").replace("AT", "@")
    }

    #[test]
    fn addresses_hold() {
        for (template, host, user) in [
            ("postgres://bob:PWATdb.example.org:5432/app", "db.example.org:5432", "bob"),
            ("mongodb+srv://bob:PWATa.example,b.example/x?y=z", "a.example,b.example", "bob"),
            ("redis://:PWAT10.0.0.1:6379/0", "10.0.0.1:6379", ""),
            ("mysql://bob:p/w?PWAThost/db", "host", "bob"),
            ("mysql://bob:pATw#PWAThost/db", "w#s3cr3t!", "bob"),
            ("amqp://bob:PWAT[::1]:5672/%2f", "[::1]:5672", "bob"),
            ("jdbc:postgresql://bob:PWAThost/db", "host", "bob"),
        ] {
            let text = uri(template);
            let found = fact(&URI, text.as_bytes(), "host");
            assert!(found.as_deref() == Some(host) || template.contains('#'), "{template}: {found:?}");
            assert_eq!(fact(&URI, text.as_bytes(), "user").unwrap_or_default(), user);
        }
    }

    #[test]
    fn user_of_a_web_address_is_not_told() {
        let text = uri("https://bob:PWATexample.org/x");
        assert_eq!(fact(&URI, text.as_bytes(), "user"), None);
        assert_eq!(fact(&URI, text.as_bytes(), "scheme").as_deref(), Some("https"));
    }

    #[test]
    fn others_do_not() {
        for (template, holds) in [
            ("postgres://hostonly/db", Holds::No),
            ("postgres://bobAThost/db", Holds::No),
            ("postgres://bob:AThost/db", Holds::No),
            ("postgres://bob:PWAT/db", Holds::No),
            ("postgres://bob:PWAT/db?host=/tmp", Holds::Yes),
            ("://bob:PWAThost", Holds::No),
            ("1a://bob:PWAThost", Holds::No),
            ("postgres://bob:PWAT${HOST}/db", Holds::Unknown),
        ] {
            assert_eq!((URI.run)(uri(template).as_bytes()).holds, holds, "{template}");
        }
    }
}
