//! Values that people choose: is what stands after `password =` a secret, or code, a reference, a word for one?

use super::placeholder::is_template;
use super::words::holds_word;

/// What speaks against a value being a secret; `None` if nothing does.
///
/// `name` is what stands between the naming word's start and the value, `after` what follows the value.
pub(crate) fn no_secret(name: &[u8], value: &[u8], after: &[u8]) -> Option<&'static str> {
    let quoted = matches!(name.last(), Some(b'"' | b'\'' | b'`'));
    if is_template(value) || value.first() == Some(&b'$') && !quoted {
        return Some("the value is a variable");
    }
    if names_something_else(name) {
        return Some("the name is of something about a secret, not of a secret");
    }
    if is_stock_word(value) {
        return Some("the value is a stock word");
    }
    if !quoted && is_code(value, after) {
        return Some("the value is code");
    }
    if is_path_or_url(value) {
        return Some("the value is a path or an address");
    }
    if value.iter().any(|byte| !(0x20..0x7f).contains(byte)) {
        return Some("the value has control or non-ASCII bytes");
    }
    if is_prose(value) {
        return Some("the value is prose");
    }
    None
}

/// `password_policy`, `tokenType`, `secret_name`: the last word of the name says that its value is about a secret.
fn names_something_else(name: &[u8]) -> bool {
    const ABOUT: &[&str] = &[
        "algorithm", "attempt", "charset", "class", "column", "confirm", "count", "enabled", "encoding", "endpoint", "error", "expires",
        "expiration", "expiry", "field", "file", "format", "header", "hint", "id", "index", "input", "label", "length", "limit", "max",
        "message", "method", "min", "mode", "name", "param", "parameter", "path", "pattern", "placeholder", "policy", "prefix", "prompt",
        "provider", "ref", "regex", "required", "reset", "rule", "rules", "scope", "size", "status", "strength", "suffix", "text", "title", "ttl", "type", "uri",
        "url", "usage", "validator", "version", "arn", "selector", "schema",
    ];
    let end = name.iter().rposition(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'-').map_or(0, |at| at + 1);
    let end = name.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))).unwrap_or(end);
    let name = &name[..end];
    let lower = name.to_ascii_lowercase();
    ABOUT.iter().any(|word| {
        let word = word.as_bytes();
        lower.ends_with(word) && lower.len() > word.len() && {
            let at = lower.len() - word.len();
            // A word of the name ends here: snake case, kebab case or a capital in camel case.
            matches!(lower[at - 1], b'_' | b'-' | b'.') || name[at].is_ascii_uppercase()
        }
    })
}

/// Words that stand for a value.
fn is_stock_word(value: &[u8]) -> bool {
    const STOCK: &[&str] = &[
        "true", "false", "null", "none", "nil", "undefined", "string", "str", "bytes", "text", "password", "passwd", "secret", "token", "default", "required",
        "optional", "disabled", "enabled", "yes", "no", "on", "off", "value", "unknown", "empty", "anonymous", "username", "user", "hidden", "any",
        "object", "number", "boolean", "varchar", "char", "function", "self", "this", "env", "prompt", "changeit", "email", "bearer", "basic", "key", "credentials",
    ];
    STOCK.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes())) || value.iter().all(|b| !b.is_ascii_alphanumeric())
}

/// A call, an index, a member, a type: `os.environ["X"]`, `getPassword(`, `self.password`, `Option<String>`.
fn is_code(value: &[u8], after: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(value, needle).is_some();
    let identifier = value.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'.' | b':' | b'?' | b'!' | b'&' | b'*' | b'-' | b'>'));
    let called = matches!(after.first(), Some(b'(' | b'[' | b'<' | b'{' | b'"' | b'\'' | b')'));
    has(b"(") || has(b"[") || has(b"::") || has(b"->") || has(b"()") || called && identifier || value.starts_with(b"&") || value.starts_with(b"@")
        || identifier && (has(b".") || has(b"_"))
}

fn is_path_or_url(value: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(value, needle).is_some();
    has(b"://") || value.starts_with(b"/") && value.iter().filter(|b| **b == b'/').count() > 1 || value.starts_with(b"./") || value.starts_with(b"../")
        || value.starts_with(b"~/")
}

/// Several words of letters.
fn is_prose(value: &[u8]) -> bool {
    let words = value.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (plain, all) = words.fold((0, 0), |(plain, all), word| {
        let is_plain = word.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'.' | b',' | b'\'' | b'!' | b'?' | b':' | b'-'));
        (plain + usize::from(is_plain), all + 1)
    });
    all >= 3 && plain * 2 >= all
}

/// Points for how much like a chosen or random secret the value looks, with the reason.
pub(crate) fn strength(value: &[u8]) -> (i16, &'static str) {
    let any = |wanted: fn(&u8) -> bool| value.iter().any(wanted);
    let kinds = usize::from(any(u8::is_ascii_lowercase))
        + usize::from(any(u8::is_ascii_uppercase))
        + usize::from(any(u8::is_ascii_digit))
        + usize::from(any(u8::is_ascii_punctuation));
    if holds_word(value, b"password") || holds_word(value, b"secret") {
        return (-10, "the value names what it is");
    }
    match (kinds, value.len()) {
        (4, 8..) => (15, "letters in both cases, digits and signs"),
        (3, 8..) => (10, "three kinds of characters"),
        (_, 20..) if any(u8::is_ascii_digit) => (10, "a long value with digits"),
        (2, 8..) if any(u8::is_ascii_digit) => (0, "two kinds of characters"),
        (_, ..8) => (-10, "a short value"),
        _ => (-10, "one kind of characters"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secrets() {
        for (name, value, after) in [
            ("password = ", "${DB_PASSWORD}", ""),
            ("password = ", "$DB_PASSWORD", ""),
            ("password = ", "os.environ", "["),
            ("password = ", "getPassword", "()"),
            ("password_policy = \"", "strong123", "\""),
            ("passwordField: '", "input42", "'"),
            ("password: ", "string", ""),
            ("password = \"", "please enter your password", "\""),
            ("secret_path: \"", "/run/secrets/db", "\""),
        ] {
            assert!(no_secret(name.as_bytes(), value.as_bytes(), after.as_bytes()).is_some(), "{name}{value}");
        }
    }

    #[test]
    fn secrets() {
        for (name, value) in [("password = \"", "hunter2!Wz"), ("password: ", "kT8#mmPq"), ("passwordname=", "a1b2c3d4")] {
            assert_eq!(no_secret(name.as_bytes(), value.as_bytes(), b""), None, "{name}{value}");
        }
    }
}
