//! Assignments: a naming word, the rest of its name, an operator, a value.
//!
//! `db_password = "…"`, `"password": "…"`, `PASSWORD=…`, `password: String = "…"`, `--password …`, `<password>…</password>`,
//! `define('DB_PASSWORD', '…')`, `setPassword("…")`, `password = Some("…")`, `<add key="Password" value="…"/>`, `name: DB_PASSWORD` with `value: …` in the next
//! line, `IDENTIFIED BY '…'`, `login me password …`.

use std::ops::Range;

use stanch_rules::{Assignment, Look};

use crate::confirm::Match;

/// What may follow of the name after the word, in bytes.
const NAME_TAIL: usize = 40;
/// The blanks that may stand between name, operator and value.
const BLANKS: usize = 24;
/// How far before the word is looked, less than what the engine hands over of it.
const BEFORE: usize = 48;
/// Words of up to so many letters are part of many others.
const SHORT_WORD: usize = 4;
/// Quotes as HTML writes them.
const ENTITIES: [&[u8]; 4] = [b"&quot;", b"&#34;", b"&#39;", b"&apos;"];

/// The match of an assignment whose naming word starts at `start`, at most `bound` bytes long. `look_to` is told before which byte everything
/// lies that was looked at: most words are followed by nothing that assigns.
pub(super) fn assignment_match(
    look: &Look,
    input: &[u8],
    start: usize,
    bound: usize,
    mut look_to: impl FnMut(usize),
) -> Option<Match> {
    let Look::Assignment(assignment) = look else { return None };
    let longest = assignment.words.iter().map(|word| word.len()).max().unwrap_or_default();
    look_to(start + longest + 1 + NAME_TAIL + 1);
    let word = longest_word(assignment, input, start)?;
    let mut cursor = Cursor { input, at: start + word, seen: start + word };
    let name = cursor.name(start, word);
    let link = cursor.link(&name);
    look_to(cursor.seen);
    let link = link?;
    look_to(start + bound + 2);
    let value = cursor.value(&link, assignment.max as usize)?;
    let long = value.range.len() >= assignment.min as usize;
    long.then_some(Match {
        span: start..value.range.end,
        secret: value.range,
        truncated: value.truncated,
        glued_right: false,
    })
}

fn longest_word(assignment: &Assignment, input: &[u8], start: usize) -> Option<usize> {
    let text = input.get(start..)?;
    let stands = |word: &&str| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()));
    let alone = |word: &&str| {
        ends_word(input, start + word.len()) && (word.len() > SHORT_WORD || stands_alone(input, start, word.len()))
    };
    assignment.words.iter().map(AsRef::as_ref).filter(stands).filter(alone).map(str::len).max()
}

/// Whether a word ends here, or goes on with what makes no other thing of it: `tokens`, `secretkey`, but not `tokenizer`, `passwordless`.
fn ends_word(input: &[u8], end: usize) -> bool {
    const LONGEST: usize = 6;
    const TAILS: [&[u8]; 6] = [b"", b"s", b"key", b"keys", b"value", b"word"];
    let rest = input.get(end..).unwrap_or_default();
    let small = input.get(end.wrapping_sub(1)).is_some_and(u8::is_ascii_lowercase);
    let same_case = |byte: &&u8| if small { byte.is_ascii_lowercase() } else { byte.is_ascii_uppercase() };
    let tail = rest.iter().take(LONGEST).take_while(same_case).count();
    // `APIToken`: the capital before small letters starts the next word.
    let next = !small && tail > 0 && rest.get(tail).is_some_and(u8::is_ascii_lowercase);
    let tail = &rest[..tail - usize::from(next)];
    TAILS.iter().any(|known| tail.eq_ignore_ascii_case(known))
}

/// Whether a short word is the last of its name: `pass`, `DB_PASS`, `dbPass2`, but not `bypass` and `pass_through`.
fn stands_alone(input: &[u8], start: usize, length: usize) -> bool {
    let byte = |at: Option<usize>| at.and_then(|at| input.get(at)).copied().unwrap_or(b' ');
    let (before, first) = (byte(start.checked_sub(1)), byte(Some(start)));
    let camel = first.is_ascii_uppercase() && before.is_ascii_lowercase();
    let rest = input.get(start + length..).unwrap_or_default();
    let number =
        rest.iter().take(NAME_TAIL).take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'-')).count();
    let goes_on = rest.get(number).is_some_and(u8::is_ascii_alphabetic);
    (!before.is_ascii_alphabetic() || camel) && !goes_on
}

/// A name, as far as what comes after it depends on it.
struct Name {
    /// A quote closed it.
    quoted: bool,
    /// It goes on after a dot, so that what is called is not the word's: `password.decode`.
    member: bool,
    /// A value may follow after a blank: it is an option of a command, or stands behind a login in a `.netrc`.
    flag: bool,
    /// A string may follow after a blank, as in SQL.
    keyword: bool,
    /// It is written in capitals, as keywords are.
    capitals: bool,
    /// It is the first argument of a function.
    argument: bool,
}

/// What stands between the name and the value.
struct Link {
    /// Only a string makes it an assignment.
    needs_quote: bool,
    /// What must follow right after the value.
    closes_with: &'static [u8],
}

impl Link {
    const ANY: Self = Self { needs_quote: false, closes_with: b"" };
    const STRING: Self = Self { needs_quote: true, closes_with: b"" };
}

struct Value {
    range: Range<usize>,
    truncated: bool,
    /// Where it goes on after the closing quote.
    after: usize,
}

struct Cursor<'a> {
    input: &'a [u8],
    at: usize,
    /// Before which byte everything lies that was looked at between the word and its value.
    seen: usize,
}

impl Cursor<'_> {
    fn see(&mut self, bytes: usize) {
        self.seen = self.seen.max(self.at + bytes);
    }

    fn peek(&mut self) -> Option<u8> {
        self.see(1);
        self.input.get(self.at).copied()
    }

    fn rest(&self) -> &[u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, most: usize, wanted: impl Fn(u8) -> bool) -> usize {
        let count = self.rest().iter().take(most).take_while(|&&byte| wanted(byte)).count();
        self.at += count;
        self.see(1);
        count
    }

    fn skip_text(&mut self, text: &[u8]) -> bool {
        self.see(text.len());
        let stands = self.rest().get(..text.len()).is_some_and(|head| head.eq_ignore_ascii_case(text));
        self.at += if stands { text.len() } else { 0 };
        stands
    }

    fn blanks(&mut self) -> usize {
        self.skip(BLANKS, |byte| byte == b' ' || byte == b'\t')
    }

    /// The rest of the name, and the quotes and brackets that close it: `"password"`, `config['password']`, `\"password\"`.
    fn name(&mut self, start: usize, word: usize) -> Name {
        let before = &self.input[start.saturating_sub(BEFORE)..start];
        let tail = self.skip(NAME_TAIL, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
        let member = self.input[self.at - tail..self.at].contains(&b'.');
        let written = &self.input[start..start + word];
        let capitals = !written.iter().any(u8::is_ascii_lowercase);
        let keyword = capitals || written.contains(&b' ');
        let mut quoted = self.skip(3, |byte| matches!(byte, b'"' | b'\'' | b'`' | b'\\')) > 0;
        quoted |= ENTITIES.iter().any(|entity| self.skip_text(entity));
        let indexed = self.skip(1, |byte| byte == b']') > 0;
        Name {
            quoted,
            member,
            flag: is_flag(before),
            keyword,
            capitals,
            argument: quoted && !indexed && is_argument(before),
        }
    }

    /// The operator between name and value; `None` if there is none.
    fn link(&mut self, name: &Name) -> Option<Link> {
        let from = self.at;
        let blanks = self.blanks();
        if self.skip_text(b"::") {
            return None;
        }
        for operator in [":=", "=>", "<-", "===", "!==", "==", "!=", "+=", "||=", "??=", "?=", "=", ":"] {
            if self.skip_text(operator.as_bytes()) {
                self.blanks();
                self.skip_type();
                return Some(Link::ANY);
            }
        }
        if self.skip_text(b">") {
            return Some(Link { needs_quote: false, closes_with: b"</" });
        }
        if blanks == 0 && !name.quoted && !name.member && self.skip_text(b"(") {
            return Some(Link { needs_quote: true, closes_with: b")" });
        }
        if self.value_field(from, name) {
            return Some(Link::ANY);
        }
        self.at = from + blanks;
        if name.argument && self.skip_text(b",") {
            self.blanks();
            return Some(Link::STRING);
        }
        // `IDENTIFIED WITH native_password BY '…'`.
        let by = blanks > 0 && (self.skip_text(b"by ") || self.skip_text(b"as "));
        let string = self.peek() == Some(b'\'') || name.capitals && self.peek() == Some(b'"');
        if string && (by || name.keyword && blanks > 0) {
            return Some(Link::STRING);
        }
        (name.flag && blanks > 0).then(|| {
            // Commands of openssl say where a password comes from.
            self.skip_text(b"pass:");
            Link::ANY
        })
    }

    /// The name is a value itself, and its value the next field: `<add key="Password" value="…"/>`, `"key": "password", "value": "…"`, and in YAML
    /// `name: DB_PASSWORD` with `value: …` in the next line.
    fn value_field(&mut self, from: usize, name: &Name) -> bool {
        self.at = from;
        self.skip(1, |byte| byte == b',');
        let start = self.at;
        self.skip(BLANKS + 8, |byte| byte.is_ascii_whitespace());
        let crossed = self.input[start..self.at].contains(&b'\n');
        if self.at == start && self.at == from || !name.quoted && !crossed {
            return false;
        }
        self.skip(2, |byte| matches!(byte, b'"' | b'\'' | b'\\'));
        if !self.skip_text(b"value") {
            return false;
        }
        self.skip(2, |byte| matches!(byte, b'"' | b'\'' | b'\\'));
        self.blanks();
        let operator = self.skip_text(b"=>") || self.skip_text(b"=") || self.skip_text(b":");
        self.blanks();
        operator
    }

    /// `password: String = "…"`: what stands after the colon is a type if an equals sign follows it.
    fn skip_type(&mut self) {
        const TYPE: usize = 32;
        let is_type = |byte: u8| byte.is_ascii_alphanumeric() || b" _<>&?:.'[]".contains(&byte);
        let start = self.at;
        let opens = self.peek().is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'&' | b'?' | b'['));
        if opens && self.skip(TYPE, is_type) > 1 && self.peek() == Some(b'=') {
            let blank_before = self.at.checked_sub(1).and_then(|at| self.input.get(at)) == Some(&b' ');
            if blank_before && !matches!(self.rest().get(1), Some(b'=' | b'>')) {
                self.at += 1;
                self.blanks();
                return;
            }
        }
        self.at = start;
    }

    /// The value, without its quotes.
    fn value(&mut self, link: &Link, max: usize) -> Option<Value> {
        self.skip_wrapper();
        // Prefixes of string literals: r"…", b'…', @"…", $"…".
        let prefix = self.rest().iter().take(3).position(|&byte| byte == b'"' || byte == b'\'');
        if let Some(n @ 1..) = prefix
            && self.rest()[..n].iter().all(|byte| matches!(byte, b'r' | b'b' | b'u' | b'f' | b'L' | b'@' | b'$'))
        {
            self.at += n;
        }
        let value = match self.quote() {
            Some(quote) => self.quoted(quote, max)?,
            None if link.needs_quote => return None,
            None => self.bare(max)?,
        };
        let after = self.input.get(value.after..).unwrap_or_default();
        (link.closes_with.is_empty() || value.truncated || after.starts_with(link.closes_with)).then_some(value)
    }

    /// What may stand around a string without changing what it is: `Some("…")`, `new Password("…")`, `[]byte("…")`, `["…"`. A function of any
    /// other name makes something else of its argument, such as `getenv("…")`.
    fn skip_wrapper(&mut self) {
        const WRAPPER: usize = 40;
        const KEEPS: [&str; 11] =
            ["some", "just", "string", "str", "bytes", "byte", "of", "from", "valueof", "secretstr", "unhexlify"];
        let start = self.at;
        let made = self.skip_text(b"new ");
        let name = self.at;
        self.skip(WRAPPER, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'[' | b']'));
        let name = &self.input[name..self.at];
        let last = name.rsplit(|byte| !byte.is_ascii_alphanumeric()).next().unwrap_or_default();
        // `Base64.decode("…")`, but not `password.decode("utf-8")`.
        let decodes = name.windows(6).any(|part| part.eq_ignore_ascii_case(b"base64"));
        let keeps =
            name == b"[" || decodes || made || KEEPS.iter().any(|keeps| last.eq_ignore_ascii_case(keeps.as_bytes()));
        let opens = name == b"[" || self.skip(1, |byte| byte == b'(') > 0;
        let string = self.rest().iter().take(3).any(|byte| matches!(byte, b'"' | b'\'' | b'`'));
        if !(keeps && opens && string) {
            self.at = start;
        }
    }

    /// The length of the quote that opens here, with the backslashes or as the entity that it is written with.
    fn quote(&self) -> Option<usize> {
        const ESCAPES: usize = 3;
        let rest = self.rest();
        if let Some(entity) = ENTITIES.iter().find(|entity| rest.starts_with(entity)) {
            return Some(entity.len());
        }
        let escapes = rest.iter().take(ESCAPES).take_while(|byte| **byte == b'\\').count();
        let quote = *rest.get(escapes)?;
        let three = escapes == 0 && rest.get(1) == Some(&quote) && rest.get(2) == Some(&quote);
        // Two backticks are a quote in Markdown and reStructuredText.
        let two = quote == b'`' && rest.get(1) == Some(&quote);
        matches!(quote, b'"' | b'\'' | b'`').then_some(if three {
            3
        } else if two {
            2
        } else {
            escapes + 1
        })
    }

    /// The string whose quote is `quote` bytes long. It ends with the same bytes, in the same line.
    fn quoted(&self, quote: usize, max: usize) -> Option<Value> {
        let start = self.at + quote;
        let quote = self.input.get(self.at..start)?;
        let mut end = start;
        loop {
            let rest = self.input.get(end..)?;
            if rest.starts_with(quote) {
                return Some(Value { range: start..end, truncated: false, after: end + quote.len() });
            }
            if end - start >= max {
                return Some(Value { range: start..start + max, truncated: true, after: end });
            }
            match rest.first()? {
                b'\n' | b'\r' => return None,
                // The quote of the string that all this stands in ends it too.
                b'"' | b'\'' if quote.first() == Some(&b'\\') && rest.first() == quote.last() => return None,
                b'\\' if quote.len() == 1 => end += 2,
                _ => end += 1,
            }
        }
    }

    fn bare(&self, max: usize) -> Option<Value> {
        let start = self.at;
        let rest = self.rest();
        let length = (0..rest.len().min(max)).take_while(|at| !ends_bare(&rest[*at..])).count();
        let truncated = length == max && rest.get(length..).is_some_and(|rest| !rest.is_empty() && !ends_bare(rest));
        (length > 0).then_some(Value { range: start..start + length, truncated, after: start + length })
    }
}

/// Whether a value without quotes ends before these bytes.
fn ends_bare(rest: &[u8]) -> bool {
    match rest {
        [b'"' | b'\'' | b'`' | b',' | b';' | b')' | b']' | b'}' | b'<' | b'>' | b'\\', ..] | [] => true,
        [b'&', after @ ..] => {
            is_parameter(after)
                || rest.starts_with(b"&amp;")
                || rest.starts_with(b"&lt;")
                || ENTITIES.iter().any(|entity| rest.starts_with(entity))
        }
        // Some tokens have one inside; tables and pipes have one behind.
        [b'|', after @ ..] => !after.first().is_some_and(u8::is_ascii_alphanumeric),
        [byte, ..] => byte.is_ascii_whitespace(),
    }
}

/// Whether the next parameter of an address starts here: `name=`.
fn is_parameter(rest: &[u8]) -> bool {
    const NAME: usize = 32;
    let name = rest
        .iter()
        .take(NAME)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']'))
        .count();
    name > 0 && rest.get(name) == Some(&b'=')
}

/// Whether the name that ends with these bytes starts with a hyphen, as options of commands do, or a login stands before it.
fn is_flag(before: &[u8]) -> bool {
    let name =
        before.iter().rposition(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'-' | b'_')).map_or(0, |n| n + 1);
    let option = before.get(name..).is_some_and(|name| name.starts_with(b"-"));
    let mut fields = before.rsplit(u8::is_ascii_whitespace).filter(|field| !field.is_empty()).skip(1);
    let login = before.last().is_some_and(u8::is_ascii_whitespace) && fields.next() == Some(b"login");
    option || login
}

/// Whether the quoted name that ends with these bytes is the first argument of a function.
fn is_argument(before: &[u8]) -> bool {
    let name = before.iter().rev().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')).count();
    let before = &before[..before.len() - name];
    matches!(before, [.., b'(', b'"' | b'\'' | b'`'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stanch_rules::{List, Str};

    use super::*;

    /// What stands behind a naming word: the rest of a long name, its quotes, blanks, and what assigns or does not.
    fn behind() -> impl Strategy<Value = String> {
        let tail = "[_a-z]{20,40}";
        let quotes = "[\"'\\\\]{0,2}";
        (tail, quotes, rest()).prop_map(|(tail, quotes, rest)| [tail, quotes, rest].concat())
    }

    fn rest() -> impl Strategy<Value = String> {
        let link = "(=|:|,|>|=>|value=|value: |by |hunter2| \\(|)";
        ("[ ]{0,24}\n?[ ]{0,8}", link, "[ ]{0,3}['\"]?", "(hunter2|h)?['\"]?")
            .prop_map(|(blanks, link, opens, value)| [blanks, link, opens, value].concat())
    }

    proptest! {
        #[test]
        fn what_was_not_looked_at_makes_no_match(word in "(password|PASSWORD|passwd|pass)", text in behind(), other in rest()) {
            let words = List::Owned(vec![Str::Borrowed("password"), Str::Borrowed("passwd"), Str::Borrowed("pass")]);
            let look = Look::Assignment(Assignment { words, min: 3, max: 20 });
            let matched = |text: &[u8]| {
                let mut looked = 0;
                let found = assignment_match(&look, text, 0, 200, |end| looked = looked.max(end));
                (found, looked)
            };
            let text = [word, text].concat().into_bytes();
            let (found, looked) = matched(&text);
            if let Some(known) = text.get(..looked).filter(|_| found.is_none()) {
                prop_assert_eq!(matched(&[known, other.as_bytes()].concat()), (None, looked));
            }
        }
    }

    fn value(text: &str) -> Option<&str> {
        let words = List::Owned(vec![Str::Borrowed("password"), Str::Borrowed("pass")]);
        let look = Look::Assignment(Assignment { words, min: 3, max: 20 });
        let lower = text.to_ascii_lowercase();
        let found = lower
            .match_indices("pass")
            .find_map(|(start, _)| assignment_match(&look, text.as_bytes(), start, 200, |_| ()))?;
        text.get(found.secret)
    }

    #[test]
    fn the_ways_to_write_an_assignment() {
        for (text, expected) in [
            (r#"db_password = "hunter2!""#, Some("hunter2!")),
            ("PASSWORD=hunter2", Some("hunter2")),
            ("PASSWORD=hunter2\nNEXT=1", Some("hunter2")),
            (r#"{"password": "hunter2", "x": 1}"#, Some("hunter2")),
            (r#"{\"password\": \"hunter2\", \"x\": 1}"#, Some("hunter2")),
            ("let password: &'static str = \"hunter2\";", Some("hunter2")),
            ("password: String = 'hunter2'", Some("hunter2")),
            ("define('DB_PASSWORD', 'hunter2');", Some("hunter2")),
            (r#"set("password", "hunter2")"#, Some("hunter2")),
            (r#"["name", "password", "hunter2"]"#, None),
            (r#"{"x": "password", "next": 1}"#, None),
            ("assertEqual(conf['password'], 'hunter2')", None),
            ("setPassword(\"hunter2\");", Some("hunter2")),
            ("setPassword(\"hunter2\", x);", None),
            ("setPassword(hunter2);", None),
            ("password.decode(\"hunter2\")", None),
            ("password = Some(\"hunter2\"),", Some("hunter2")),
            ("password := []byte(\"hunter2\")", Some("hunter2")),
            ("password = new StringCredentialValue(\"hunter2\");", Some("hunter2")),
            ("setPassword(Base64.decode(\"hunter2\"))", Some("hunter2")),
            ("passwords: [\"hunter2\", \"x\"]", Some("hunter2")),
            ("password += 'hunter2'", Some("hunter2")),
            ("password ||= 'hunter2'", Some("hunter2")),
            ("Password::new(x)", None),
            ("{&#34;password&#34;: &#34;hunter2&#34;}", Some("hunter2")),
            ("{&quot;password&quot;:&quot;hunter2&quot;}", Some("hunter2")),
            (r#"<add key="Password" value="hunter2" />"#, Some("hunter2")),
            ("{\"key\": \"password\",\n  \"value\": \"hunter2\"}", Some("hunter2")),
            ("- name: DB_PASSWORD\n  value: hunter2\n", Some("hunter2")),
            ("the password value: hunter2", None),
            ("CREATE ROLE me PASSWORD 'hunter2';", Some("hunter2")),
            ("the password 'hunter2' is wrong", None),
            ("identified with x_password by 'hunter2'", Some("hunter2")),
            ("password: ``hunter2`` or", Some("hunter2")),
            ("password = password.decode('hunter2')", Some("password.decode(")),
            ("IDENTIFIED WITH x_PASSWORD BY 'hunter2'", Some("hunter2")),
            ("machine h login me password hunter2", Some("hunter2")),
            ("openssl genrsa -passout pass:hunter2 2048", Some("hunter2")),
            ("?user=me&password=hunter2&next=1", Some("hunter2")),
            ("password=a&b", Some("a&b")),
            ("\"user=me password=hunter2\\n\"", Some("hunter2")),
            ("<label for=password>Password: <b>", None),
            ("bypass = 'hunter2'", None),
            ("passport = 'hunter2'", None),
            ("compass: hunter2", None),
            ("pass_through: hunter2", None),
            ("passwordless: hunter2", None),
            ("PASSWORDLESS: hunter2", None),
            ("passwordKey2: hunter2", Some("hunter2")),
            ("passwords: hunter2|", Some("hunter2")),
            ("password: hun|ter2", Some("hun|ter2")),
            ("dbPass = 'hunter2'", Some("hunter2")),
            ("['password', x]", None),
            ("mysql --password hunter2 -u root", Some("hunter2")),
            ("the password hunter2", None),
            ("<password>hunter2</password>", Some("hunter2")),
            ("config['password'] = \"hunter2\"", Some("hunter2")),
            ("password := `hunter2`", Some("hunter2")),
            ("password => 'hunter2',", Some("hunter2")),
            (r#"password = "a\"b""#, Some(r#"a\"b"#)),
            ("password = \"unclosed\n", None),
            ("password = ''", None),
            ("password =", None),
            ("password", None),
            ("password = r\"raw-one\"", Some("raw-one")),
            ("password=\"\"\"three quotes\"\"\"", Some("three quotes")),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn a_value_at_its_bound_is_truncated() {
        let text = format!("password = {}", "x".repeat(50));
        assert_eq!(value(&text), Some("xxxxxxxxxxxxxxxxxxxx"));
    }

    #[test]
    fn no_panic_on_any_cut() {
        let text = br#"\"password\": r"""a\"b" -> <x>"#;
        let words = List::Owned(vec![Str::Borrowed("password")]);
        let look = Look::Assignment(Assignment { words, min: 1, max: 9 });
        for end in 0..=text.len() {
            for start in 0..=end {
                let _ = assignment_match(&look, &text[..end], start, 200, |_| ());
            }
        }
    }
}
