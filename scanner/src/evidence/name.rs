//! The name that a value is assigned to.

/// The words of a name, in order: `userPasswordHash`, `user_password_hash` and `user.password-hash` have the same three.
#[derive(Debug)]
pub(crate) struct Name<'a> {
    words: Vec<&'a [u8]>,
    /// Where its last part starts, after a dot: `conf.auth.password`.
    last_part: usize,
}

/// How far a name is followed to the left of its naming word.
const LEFT: usize = 48;

/// Last words of names whose value is about a secret, and is not one.
const ABOUT: &[&str] = &[
    "algorithm",
    "alg",
    "allowed",
    "arn",
    "at",
    "attempt",
    "attr",
    "attribute",
    "authentication",
    "authenticator",
    "audience",
    "bits",
    "button",
    "callback",
    "cell",
    "chars",
    "charset",
    "class",
    "column",
    "controller",
    "count",
    "curve",
    "date",
    "desc",
    "description",
    "dialog",
    "dir",
    "email",
    "enabled",
    "encoder",
    "encoding",
    "endpoint",
    "env",
    "error",
    "exception",
    "expired",
    "factory",
    "field",
    "file",
    "filename",
    "filter",
    "folder",
    "form",
    "format",
    "flow",
    "function",
    "generator",
    "grant",
    "group",
    "handler",
    "hasher",
    "header",
    "help",
    "helper",
    "hint",
    "host",
    "icon",
    "id",
    "image",
    "index",
    "input",
    "interval",
    "issuer",
    "item",
    "kind",
    "label",
    "len",
    "length",
    "level",
    "limit",
    "link",
    "list",
    "location",
    "management",
    "manager",
    "max",
    "message",
    "method",
    "min",
    "mode",
    "model",
    "msg",
    "name",
    "node",
    "option",
    "options",
    "outlet",
    "page",
    "param",
    "parameter",
    "parser",
    "path",
    "paths",
    "pattern",
    "placeholder",
    "policy",
    "port",
    "prefix",
    "prompt",
    "property",
    "provider",
    "question",
    "ref",
    "reference",
    "regex",
    "regexp",
    "region",
    "required",
    "reset",
    "response",
    "role",
    "route",
    "rule",
    "schema",
    "scheme",
    "scope",
    "screen",
    "selector",
    "sent",
    "service",
    "set",
    "size",
    "source",
    "spec",
    "state",
    "status",
    "store",
    "strategy",
    "stream",
    "style",
    "suffix",
    "table",
    "template",
    "text",
    "time",
    "timeout",
    "timestamp",
    "title",
    "tooltip",
    "type",
    "uri",
    "url",
    "usage",
    "user",
    "username",
    "validation",
    "validator",
    "var",
    "variable",
    "version",
    "view",
    "within",
    "word",
];

/// Words anywhere in a name that say that the value is a time or a measure.
const DATED: &[&str] = &[
    "expiration",
    "expire",
    "expires",
    "expiry",
    "length",
    "lifetime",
    "minimum",
    "maximum",
    "seconds",
    "strength",
    "ttl",
];

/// Words anywhere in a name that say that the value cannot be used as the secret: what is left of it, or its public half.
const DERIVED: &[&str] = &[
    "checksum",
    "ciphertext",
    "digest",
    "encrypted",
    "fingerprint",
    "hash",
    "hashed",
    "hashes",
    "public",
    "thumbprint",
    "masked",
    "sealed",
    "wrapped",
    "sha1",
    "sha256",
    "md5",
    "bcrypt",
];

/// First words of functions that do not take a secret to keep it.
const ASKS: &[&str] = &[
    "assert", "check", "clear", "contains", "delete", "fetch", "find", "forgot", "get", "has", "input", "is", "load",
    "lookup", "missing", "new", "parse", "prompt", "read", "remove", "request", "require", "show", "test", "throw",
    "to", "unset", "valid", "validate", "verify",
];

impl<'a> Name<'a> {
    /// The name around `at` in the line, where its naming word starts.
    pub(crate) fn around(line: &'a [u8], at: usize) -> Self {
        let at = at.min(line.len());
        let belongs = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let left = line[..at].iter().rev().take(LEFT).take_while(|byte| belongs(byte)).count();
        let right = line[at..].iter().take_while(|byte| belongs(byte)).count();
        Self::of(&line[at - left..at + right])
    }

    fn of(name: &'a [u8]) -> Self {
        let mut words: Vec<&[u8]> = Vec::new();
        let mut last_part = 0;
        let mut start = 0;
        for at in 0..=name.len() {
            let ends = name.get(at).is_none_or(|byte| !byte.is_ascii_alphanumeric());
            if ends || is_hump(name, at) {
                if at > start {
                    words.push(&name[start..at]);
                }
                start = at + usize::from(ends);
            }
            if name.get(at) == Some(&b'.') && at + 1 < name.len() {
                last_part = words.len();
            }
        }
        Self { words, last_part }
    }

    /// Whether its last word says that the value is about a secret: `password_policy`, `tokenType`.
    pub(crate) fn is_about(&self) -> bool {
        let numbered = |word: &&&[u8]| word.iter().all(u8::is_ascii_digit);
        let last = self.words.iter().rev().find(|word| !numbered(word));
        let plural = |word: &[u8]| word.strip_suffix(b"s").is_some_and(|one| stands_in(ABOUT, one));
        let dated = self.words.iter().any(|word| stands_in(DATED, word));
        self.words.len() > 1 && (dated || last.is_some_and(|word| stands_in(ABOUT, word) || plural(word)))
    }

    /// Whether it names what is derived from a secret: `password_hash`, `public_key_token`.
    pub(crate) fn is_derived(&self) -> bool {
        self.words.iter().any(|word| stands_in(DERIVED, word))
    }

    /// Whether it is a function that asks for something: `getPassword`, `validatePassword`.
    pub(crate) fn asks(&self) -> bool {
        let part = self.words.get(self.last_part..).unwrap_or_default();
        part.len() > 1 && part.first().is_some_and(|word| stands_in(ASKS, word))
    }

    /// Whether it only says that the value is a key, which may be one of a cache or a table: `key`, `sortKey`.
    pub(crate) fn is_plain_key(&self) -> bool {
        const KINDS: &[&str] = &[
            "access",
            "api",
            "app",
            "auth",
            "client",
            "cipher",
            "consumer",
            "encryption",
            "secret",
            "private",
            "signing",
            "service",
            "master",
        ];
        let last = self.words.last().is_some_and(|word| word.eq_ignore_ascii_case(b"key"));
        last && !self.words.iter().any(|word| stands_in(KINDS, word))
    }

    /// Whether people choose the value themselves, as they do with passwords; keys and tokens are issued.
    pub(crate) fn is_chosen(&self) -> bool {
        const CHOSEN: [&[u8]; 6] = [b"pass", b"pwd", b"psw", b"senha", b"contrasena", b"identified"];
        let says = |word: &[u8]| {
            CHOSEN.iter().any(|part| word.windows(part.len()).any(|piece| piece.eq_ignore_ascii_case(part)))
        };
        self.words.iter().any(|word| says(word))
    }
}

/// Whether a new word of camel case starts here: `user|Password`, `API|Token`.
fn is_hump(name: &[u8], at: usize) -> bool {
    let is = |at: Option<usize>, class: fn(&u8) -> bool| at.and_then(|at| name.get(at)).is_some_and(class);
    let before = at.checked_sub(1);
    is(Some(at), u8::is_ascii_uppercase)
        && (is(before, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            || is(before, u8::is_ascii_uppercase) && is(Some(at + 1), u8::is_ascii_lowercase))
}

fn stands_in(list: &[&str], word: &[u8]) -> bool {
    list.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name<'_> {
        Name::around(text.as_bytes(), text.to_ascii_lowercase().find("pass").or(text.find("token")).unwrap_or_default())
    }

    #[test]
    fn words() {
        for (text, expected) in [
            ("x = userPasswordHash=", vec!["user", "Password", "Hash"]),
            ("user_password-hash:", vec!["user", "password", "hash"]),
            ("HTTPPassword2", vec!["HTTP", "Password2"]),
            ("a.b.PASSWORD_2", vec!["a", "b", "PASSWORD", "2"]),
            ("", vec![]),
        ] {
            let words: Vec<_> =
                name(text).words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
            assert_eq!(words, expected, "{text}");
        }
    }

    #[test]
    fn names_about_secrets() {
        for text in [
            "password_policy",
            "tokenType",
            "reset_password_sent_at",
            "UIView passwordButton",
            "password-field",
            "PASSWORD_LENGTH_2",
            "password_expiry_utc",
            "passwordHelpers",
            "to_token_stream",
        ] {
            assert!(name(text).is_about(), "{text}");
        }
        for text in ["db_password", "password", "passwordname", "name.password", "ADMIN_PASSWORD_2", "url_password"] {
            assert!(!name(text).is_about(), "{text}");
        }
    }

    #[test]
    fn names_of_what_is_left_of_secrets() {
        assert!(
            name("hashed_token").is_derived()
                && name("publicKeyToken").is_derived()
                && name("passwordHash").is_derived()
        );
        assert!(!name("republic_password").is_derived());
    }

    #[test]
    fn functions() {
        assert!(name("user.getPassword").asks() && name("validate_password").asks());
        assert!(!name("setPassword").asks() && !name("withPassword").asks() && !name("get.password").asks());
    }

    #[test]
    fn chosen_by_people() {
        assert!(
            name("dbpassword").is_chosen()
                && name("PASS").is_chosen()
                && name("DB_PASS").is_chosen()
                && name("userpass").is_chosen()
        );
        assert!(!name("auth_token").is_chosen());
    }
}
