//! Values behind a telling name: is what stands after `password =` a secret, or code, a reference, a word for one?

use super::letters::{Letters, letters};
use super::name::Name;
use super::placeholder::is_template;
use super::words::{holds_word, made_of_stock};

/// A value and what stands beside it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Assigned<'a> {
    /// From the naming word to the value: the rest of the name, the operator, an opening quote.
    pub(crate) head: &'a [u8],
    /// The value.
    pub(crate) value: &'a [u8],
    /// What follows the value on its line.
    pub(crate) after: &'a [u8],
}

impl Assigned<'_> {
    fn is_quoted(&self) -> bool {
        let entity = [&b"&quot;"[..], b"&#34;", b"&#39;", b"&apos;"].iter().any(|entity| self.head.ends_with(entity));
        entity || matches!(self.head.last(), Some(b'"' | b'\'' | b'`'))
    }

    /// Whether the value stands without quotes and is no literal.
    fn is_code(&self) -> bool {
        let (value, after) = (self.value, self.after);
        // A colon without a blank, twice: `group:artifact:version`, `user:password@host`.
        let joined = self.head.last() == Some(&b':') && value.contains(&b':');
        // With a blank after the operator this is a statement or a field; `Password=…;` of connection strings and addresses has none.
        let spaced = self.head.last().is_some_and(u8::is_ascii_whitespace);
        let plain = value.iter().all(|b| b.is_ascii_alphabetic() || *b == b'_');
        let ends = matches!(after.first(), Some(b',' | b')' | b'}'));
        let statement = spaced
            && (after.first() == Some(&b';')
                || plain && (ends || is_constant(value) || value.iter().all(u8::is_ascii_uppercase)));
        joined || statement || is_number(value) || is_expression(value, after)
    }

    /// Whether the name is a function and the value its argument.
    fn is_argument(&self) -> bool {
        let name = self
            .head
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
            .count();
        self.head.get(name) == Some(&b'(')
    }
}

/// What speaks against a value being a secret; `None` if nothing does.
pub(crate) fn no_secret(name: &Name<'_>, it: &Assigned<'_>) -> Option<&'static str> {
    let value = it.value;
    let quoted = it.is_quoted();
    if is_template(value) || is_reference(value) || value.first() == Some(&b'$') && !quoted {
        return Some("the value is a variable");
    }
    if name.is_about() {
        return Some("the name is of something about a secret, not of a secret");
    }
    if name.is_derived() || is_hash(value) {
        return Some("what is named or written here is derived from a secret");
    }
    if it.is_argument() && name.asks() {
        return Some("the name is of a function that asks for something");
    }
    if is_stock_word(value) {
        return Some("the value is a stock word");
    }
    let code = if quoted { is_spliced(value) || is_constant(value) } else { it.is_code() };
    if code {
        return Some("the value is code");
    }
    if is_path_or_url(value) {
        return Some("the value is a path or an address");
    }
    if is_version(value) {
        return Some("the value is a version, a date or a number with dots");
    }
    if is_name_with_version(value) {
        return Some("the value is a name with a version or date in it");
    }
    if value.iter().any(|byte| !(0x20..0x7f).contains(byte)) {
        return Some("the value has control or non-ASCII bytes");
    }
    if is_prose(value) {
        return Some("the value is prose");
    }
    if is_structure(value) {
        return Some("the value is a structure without a secret in it");
    }
    None
}

/// Words that stand for a value.
fn is_stock_word(value: &[u8]) -> bool {
    const STOCK: &[&str] = &[
        "true",
        "false",
        "null",
        "none",
        "nil",
        "undefined",
        "string",
        "str",
        "bytes",
        "text",
        "password",
        "passwd",
        "secret",
        "token",
        "default",
        "required",
        "optional",
        "disabled",
        "enabled",
        "yes",
        "no",
        "on",
        "off",
        "value",
        "unknown",
        "empty",
        "anonymous",
        "username",
        "user",
        "hidden",
        "any",
        "object",
        "number",
        "boolean",
        "varchar",
        "char",
        "function",
        "self",
        "this",
        "env",
        "prompt",
        "changeit",
        "email",
        "bearer",
        "basic",
        "key",
        "credentials",
        "include",
        "omit",
        "same-origin",
        "nullable",
        "plaintext",
        "encrypted",
        "masked",
        "deprecated",
        "confirmed",
        "integer",
        "uuid",
        "identifier",
    ];
    STOCK.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
        || value.iter().all(|b| !b.is_ascii_alphanumeric())
}

/// Where the secret is to be found: a variable, a vault's path, an encrypted value's wrapper, a parameter of a statement.
fn is_reference(value: &[u8]) -> bool {
    const SCHEMES: &[&[u8]] = &[
        b"env:",
        b"file:",
        b"vault:",
        b"op://",
        b"arn:",
        b"!vault",
        b"!ref",
        b"!sub",
        b"secretref:",
        b"keyvault:",
        b"ssm:",
        b"enc(",
        b"sops:",
        b"env.",
        b"process.env",
        b"secrets.",
    ];
    let variable = |rest: &[u8]| {
        !rest.is_empty()
            && rest.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':'))
            && rest.iter().all(|b| !b.is_ascii_digit())
    };
    let constant = |rest: &[u8]| {
        !rest.is_empty() && rest.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_')
    };
    match value {
        [b'$', rest @ ..] if constant(rest) => true,
        [b'$' | b':' | b'@' | b'%', rest @ ..] if variable(rest) => true,
        [b'(', .., b')'] | [b'_', b'_', .., b'_', b'_'] | [b'@', .., b'@'] => true,
        _ => {
            SCHEMES.iter().any(|scheme| value.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme)))
        }
    }
}

/// Hashes as they are stored: `$2b$10$…`, `{SSHA}…`, `pbkdf2:…`, the star and forty digits of `MySQL`, and checksums with their name.
fn is_hash(value: &[u8]) -> bool {
    const HEADS: &[&[u8]] = &[
        b"$1$", b"$2a$", b"$2b$", b"$2x$", b"$2y$", b"$5$", b"$6$", b"$apr1$", b"$argon2", b"$pbkdf2", b"$scrypt",
        b"$y$", b"{sha", b"{ssha", b"{md5", b"{bcrypt", b"pbkdf2", b"scrypt:", b"sha1", b"sha256", b"sha384",
        b"sha512", b"md5:", b"bcrypt",
    ];
    let mysql = value.len() == 41 && value[0] == b'*' && value[1..].iter().all(u8::is_ascii_hexdigit);
    mysql || HEADS.iter().any(|head| value.get(..head.len()).is_some_and(|start| start.eq_ignore_ascii_case(head)))
}

/// The middle of a string that code puts together: `" + password + "`, `", token, "`.
fn is_spliced(value: &[u8]) -> bool {
    let trimmed = value.trim_ascii();
    let joins = |byte: Option<&u8>| matches!(byte, Some(b'+' | b',' | b'.' | b'&'));
    trimmed.len() + 1 < value.len() && joins(trimmed.first()) && joins(trimmed.last())
}

/// A bare value that is no string: a call, an index, a type, a name, all of which go on as code does.
fn is_expression(value: &[u8], after: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(value, needle).is_some();
    let identifier = value.iter().all(|b| {
        b.is_ascii_alphanumeric()
            || matches!(b, b'_' | b'.' | b':' | b'?' | b'!' | b'&' | b'*' | b'-' | b'>' | b'@' | b'~')
    });
    let random = letters(value) == Letters::Random || digits(value) > 3;
    let goes_on = matches!(after.first(), Some(b'(' | b'[' | b'<' | b'{' | b'>')) && !after.starts_with(b"</");
    let separated = matches!(after.first(), Some(b',' | b';' | b')' | b'}' | b']'));
    has(b"(")
        || has(b"[")
        || has(b"::")
        || has(b"->")
        || matches!(value.first(), Some(b'&' | b'@' | b'*' | b'-' | b':' | b'!' | b'+' | b'=' | b'{'))
        || identifier && (goes_on || is_member(value) || is_camel(value) || !random && (separated || has(b"_")))
}

/// Names in capitals: `DB_PASSWORD`, the name of an environment variable, and bare `LPCWSTR`.
fn is_constant(value: &[u8]) -> bool {
    value.contains(&b'_') && value.iter().all(|b| b.is_ascii_uppercase() || *b == b'_')
}

/// `0x80090033`, `16384u32`, `4_096`: numbers as only code writes them.
fn is_number(value: &[u8]) -> bool {
    const SUFFIXES: [&[u8]; 14] =
        [b"", b"u8", b"u16", b"u32", b"u64", b"usize", b"i8", b"i16", b"i32", b"i64", b"u", b"l", b"ul", b"ull"];
    let (rest, hex) = match value {
        [b'0', b'x' | b'X', rest @ ..] => (rest, true),
        rest => (rest, false),
    };
    let belongs = |b: &u8| b.is_ascii_digit() || *b == b'_' || hex && b.is_ascii_hexdigit();
    let (digits, suffix) = rest.split_at(rest.iter().take_while(|b| belongs(b)).count());
    let known = SUFFIXES.iter().any(|known| suffix.eq_ignore_ascii_case(known));
    !digits.is_empty() && known && (hex || !suffix.is_empty() || digits.contains(&b'_'))
}

/// `user.password`, `2.days.ago`, `passwordField.text!`: names with dots between.
fn is_member(value: &[u8]) -> bool {
    let mut parts = value.split(|byte| *byte == b'.').skip(1).peekable();
    parts.peek().is_some()
        && parts.all(|part| {
            part.len() > 1
                && part.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'!' | b'?'))
                && letters(part) != Letters::Random
        })
}

/// `TextField`, `passwordHandler`: letters only, each capital inside followed by small letters.
fn is_camel(value: &[u8]) -> bool {
    let small = |at: usize| value.get(at).is_some_and(u8::is_ascii_lowercase);
    let capital = |at: &usize| value[*at].is_ascii_uppercase();
    let mut inner = (1..value.len()).filter(capital).peekable();
    let letters = value.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'!' | b'?'));
    let acronym = |at: usize| value.get(at + 1).is_some_and(u8::is_ascii_uppercase);
    letters && inner.peek().is_some() && inner.all(|at| small(at + 1) && small(at + 2) || acronym(at))
}

fn is_path_or_url(value: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(value, needle).is_some();
    has(b"://")
        || value.starts_with(b"/") && memchr::memchr_iter(b'/', value).nth(1).is_some()
        || value.starts_with(b"./")
        || value.starts_with(b"../")
        || value.starts_with(b"~/")
        || matches!(value, [drive, b':', b'\\', ..] if drive.is_ascii_alphabetic())
        || has_extension(value)
}

/// `keys/server.pem`, `secrets.yaml`: ends in the extension of a kind of file that secrets are kept in.
fn has_extension(value: &[u8]) -> bool {
    const KEPT_IN: &[&str] = &[
        "pem",
        "key",
        "crt",
        "cer",
        "p12",
        "pfx",
        "jks",
        "json",
        "yaml",
        "yml",
        "txt",
        "xml",
        "html",
        "js",
        "ts",
        "py",
        "rb",
        "go",
        "java",
        "php",
        "conf",
        "env",
        "sh",
        "md",
        "properties",
    ];
    let Some(dot) = value.iter().rposition(|byte| *byte == b'.') else { return false };
    KEPT_IN.iter().any(|ending| value[dot + 1..].eq_ignore_ascii_case(ending.as_bytes()))
}

/// `1.2.840.113549.1.9.7`, `0.11.0-rc1`, `2021-04-01`, `10.0.0.1:80`.
fn is_version(value: &[u8]) -> bool {
    let mut parts = value.split(|byte| *byte == b'.');
    let number = |part: Option<&[u8]>| {
        part.is_some_and(|part| !part.is_empty() && part.len() < 4 && part.iter().all(u8::is_ascii_digit))
    };
    if number(parts.next())
        && number(parts.next())
        && parts.next().is_some_and(|part| part.first().is_some_and(u8::is_ascii_digit))
    {
        return true;
    }
    let marks = value.iter().filter(|b| matches!(b, b'.' | b'-' | b':')).count();
    marks >= 2
        && value
            .iter()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b':' | b'/' | b'T' | b'Z' | b' ' | b'v'))
}

/// `cpython-3.12.2-linux-aarch64-gnu`, `v0-build-cache-20260715a`: short words, and a version or date among them. A passphrase has neither.
fn is_name_with_version(value: &[u8]) -> bool {
    let version = |part: &[u8]| {
        let major = part.strip_prefix(b"v").unwrap_or(part);
        let digits = major.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (1..4).contains(&digits) && major.get(digits) == Some(&b'.') && part.len() <= 12
    };
    let date = |part: &[u8]| {
        let digits = part.iter().take_while(|byte| byte.is_ascii_digit()).count();
        digits == 8 && part.len() <= 9 && (part.starts_with(b"19") || part.starts_with(b"20"))
    };
    let word = |part: &[u8]| {
        let digits = part.iter().filter(|byte| byte.is_ascii_digit()).count();
        let plain = part.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        plain && part.len() <= 12 && digits <= 3
    };
    let parts = || value.split(|byte| matches!(byte, b'-' | b'_'));
    let dated = parts().filter(|part| version(part) || date(part)).count();
    dated > 0 && parts().count() >= dated + 2 && parts().all(|part| version(part) || date(part) || word(part))
}

/// Several words of letters.
fn is_prose(value: &[u8]) -> bool {
    let words = value.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (plain, all) = words.fold((0, 0), |(plain, all), word| {
        let is_plain = word.iter().all(|b| {
            b.is_ascii_alphabetic() || matches!(b, b'.' | b',' | b'\'' | b'!' | b'?' | b':' | b'-' | b'(' | b')')
        });
        (plain + usize::from(is_plain), all + 1)
    });
    all >= 2 && plain * 2 >= all && letters(value) != Letters::Random
}

/// JSON and the like in a string. A token may be written so (`{"id": "…", "signature": "…"}`), but then a part of it is long.
fn is_structure(value: &[u8]) -> bool {
    const LONG: usize = 20;
    let has_long = value.split(|b| !b.is_ascii_alphanumeric()).any(|part| part.len() >= LONG && digits(part) > 3);
    matches!(value.first(), Some(b'{' | b'[')) && !has_long
}

fn digits(value: &[u8]) -> usize {
    value.iter().filter(|byte| byte.is_ascii_digit()).count()
}

/// Points for how much like a chosen or issued secret the value looks, with the reason.
pub(crate) fn strength(name: &Name<'_>, it: &Assigned<'_>) -> (i16, &'static str) {
    const NAMES: [&[u8]; 5] = [b"password", b"passwd", b"secret", b"token", b"credential"];
    if counts(it.value) {
        return (-20, "it counts up or down");
    }
    if made_of_stock(it.value) || NAMES.iter().any(|word| holds_word(it.value, word)) {
        return (-20, "the value is made of words that stand for one");
    }
    if name.is_plain_key() && (is_uuid(it.value) || it.value.starts_with(b"AAAA")) {
        return (-20, "the identifier of something, or a public key");
    }
    if name.is_chosen() { chosen(it.value) } else { issued(it.value) }
}

/// `123456`, `abcdef1234`, `112233`: nearly every character is the last one's neighbour.
fn counts(value: &[u8]) -> bool {
    let steps = value.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) <= 1).count();
    value.len() > 1 && steps * 4 >= (value.len() - 1) * 3
}

fn is_uuid(value: &[u8]) -> bool {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    let groups = value.split(|byte| *byte == b'-');
    let hex = |group: &[u8], length: usize| group.len() == length && group.iter().all(u8::is_ascii_hexdigit);
    groups.clone().count() == GROUPS.len() && groups.zip(GROUPS).all(|(group, length)| hex(group, length))
}

/// How many of the four kinds of characters there are: small and capital letters, digits, signs.
fn kinds(value: &[u8]) -> usize {
    let classes: [fn(&u8) -> bool; 4] =
        [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit, u8::is_ascii_punctuation];
    classes.iter().filter(|class| value.iter().any(class)).count()
}

/// Passwords: what counts is that it is no word of a language or of code.
fn chosen(value: &[u8]) -> (i16, &'static str) {
    const SHORT: usize = 8;
    let short = value.len() < SHORT;
    match (kinds(value), letters(value)) {
        (4, _) if !short => (15, "letters in both cases, digits and signs"),
        (3, _) if !short => (10, "three kinds of characters"),
        (_, Letters::Random) => (0, "letters that spell nothing"),
        (_, Letters::Wordy) if digits(value) == 0 => (-10, "letters that spell words"),
        (_, _) if short => (-5, "a short value"),
        (_, _) if digits(value) > 0 => (0, "a value with digits"),
        _ => (-5, "one kind of characters"),
    }
}

/// Keys and tokens: what counts is that chance made it.
fn issued(value: &[u8]) -> (i16, &'static str) {
    const LONG: usize = 20;
    const SHORT: usize = 12;
    let count = digits(value);
    match (kinds(value), letters(value)) {
        (_, Letters::Wordy) if count * 5 < value.len() => (-20, "letters that spell words"),
        (1, _) if count > 0 => (-20, "a number"),
        _ if value.contains(&b' ') && !value.starts_with(b"{") => (-20, "blanks between"),
        (_, _) if value.len() >= LONG && count > 1 => (10, "a long value with digits"),
        (3.., _) if value.len() >= SHORT && count > 0 => (10, "three kinds of characters"),
        (_, Letters::Random) => (0, "letters that spell nothing"),
        (_, _) if value.len() >= SHORT && count > 1 => (0, "a value with digits"),
        _ => (-10, "a short or plain value"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Any bytes may stand behind a name, and be part of it.
        #[test]
        fn no_panic(head in proptest::collection::vec(any::<u8>(), 0..60), value in value()) {
            let name = Name::around(&head, head.len() / 2);
            let it = Assigned { head: &head, value: &value, after: &head };
            prop_assert!((-20..=15).contains(&strength(&name, &it).0));
            let _ = no_secret(&name, &it);
        }
    }

    fn value() -> impl Strategy<Value = Vec<u8>> {
        let dense = "[$_.:%@a-zA-Z0-9{}() -]{0,60}".prop_map(String::into_bytes);
        prop_oneof![proptest::collection::vec(any::<u8>(), 0..80), dense]
    }

    /// The name and the parts of a line; the value stands between `⟦` and `⟧`.
    fn judged(text: &str) -> (Option<&'static str>, i16) {
        let (head, rest) = text.split_once('⟦').unwrap_or((text, ""));
        let (value, after) = rest.split_once('⟧').unwrap_or((rest, ""));
        let lower = head.to_ascii_lowercase();
        let at = ["pass", "pwd", "token", "secret", "key"]
            .iter()
            .filter_map(|word| lower.find(word))
            .min()
            .unwrap_or_default();
        let name = Name::around(head.as_bytes(), at);
        let it = Assigned { head: &head.as_bytes()[at..], value: value.as_bytes(), after: after.as_bytes() };
        (no_secret(&name, &it), strength(&name, &it).0)
    }

    #[test]
    fn no_secrets() {
        for text in [
            "password = ⟦${DB_PASSWORD}⟧",
            "password = ⟦$DB_PASSWORD⟧",
            "password = \"⟦$authToken⟧\"",
            "password: '⟦:password⟧'",
            "password: ⟦((db_password))⟧",
            "password: '⟦ENC(G6N718UuyPE5bHyWKyuLQSm02auQPUtm)⟧'",
            "token: ⟦vault:secret/data/app#token⟧",
            "password = ⟦os.environ⟧[",
            "password = ⟦getPassword⟧()",
            "password_policy = \"⟦strong123⟧\"",
            "passwordField: '⟦input42⟧'",
            "password: ⟦string⟧",
            "password = \"⟦please enter your password⟧\"",
            "secret_path: \"⟦/run/secrets/db⟧\"",
            "hashed_token: \"⟦9f86d081884c7d659a2feaa0c55ad015a3bf4f1b⟧\"",
            "password: '⟦$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy⟧'",
            "getPassword(\"⟦kT8mmPqx⟧\")",
            "password: ⟦UITextField⟧",
            "password: ⟦LPCWSTR⟧,",
            "const PASSWORD: u32 = ⟦0x80090033⟧;",
            "PASSWORD = ⟦16384u32⟧",
            "password = ⟦kT8mmPqx⟧;",
            "token = \"⟦HF_AUTH_NAME⟧\"",
            "secrets:⟦1.13.5-no-vault⟧",
            "password = \"⟦$PART1⟧\"",
            "io.jsonwebtoken:⟦jjwt-api:0.11.2⟧'",
            "password = ⟦pkcrypt-⟧>password;",
            "credentials = ⟦jdbcTemplate⟧",
            "password = ⟦2.days.ago⟧",
            "password = ⟦user.password⟧",
            "password: ⟦pw1⟧,",
            "token=\"⟦ + token + ⟧\"",
            "passwordOid = '⟦1.2.840.113549.1.9.7⟧'",
            "secret = \"⟦certs/server.pem⟧\"",
            "secret = '⟦C:\\\\temp⟧'",
            "token: '⟦{\\\"kind\\\": 1}⟧'",
            "password = \"⟦wrong credentials⟧\"",
            "password: '⟦secretsmanager/prod/db.json⟧'",
        ] {
            assert!(judged(text).0.is_some(), "{text}");
        }
    }

    #[test]
    fn secrets() {
        for text in [
            "password = \"⟦hunter2!Wz⟧\"",
            "password: ⟦kT8#mmPq⟧",
            "Password=⟦kT8mmPqx⟧;",
            "password=⟦16384⟧",
            "password = \"⟦rgr? cnx zx⟧\"",
            "setPassword(\"⟦kT8mmPqx⟧\")",
            "token = \"⟦{\\\"id\\\":\\\"427d6803b78311e68afd0242ac130006\\\"}⟧\"",
            "password: ⟦wqkzvb⟧",
            "password=⟦tqkvdlpx⟧,",
        ] {
            assert_eq!(judged(text).0, None, "{text}");
        }
    }

    #[test]
    fn strengths() {
        for (text, least, most) in [
            ("password = \"⟦hunter2!Wz⟧\"", 10, 20),
            ("password = \"⟦qkzvbxw⟧\"", 0, 0),
            ("password = \"⟦dragonfly⟧\"", -10, -10),
            ("password = \"⟦admin123⟧\"", -20, -20),
            ("password = \"⟦123456⟧\"", -20, -20),
            ("secret = \"⟦abcdef1234⟧\"", -20, -10),
            ("key = \"⟦550e8400-e29b-41d4-a716-446655440000⟧\"", -20, -20),
            ("token = \"⟦acme-base-uncased-vocabulary⟧\"", -20, -20),
            ("token = \"⟦f89a01f43bd10e⟧\"", 0, 0),
            ("token = \"⟦67062674⟧\"", -20, -20),
            ("secret = \"⟦cjkbqwvxzpqkwjzx⟧\"", 0, 0),
            ("api_key = \"⟦9f86d081884c7d659a2feaa0c55ad015⟧\"", 10, 10),
        ] {
            let points = judged(text).1;
            assert!((least..=most).contains(&points), "{text}: {points}");
        }
    }
}
