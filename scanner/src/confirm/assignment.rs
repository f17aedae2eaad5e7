//! Assignments: a naming word, the rest of its name, an operator, a value.
//!
//! `db_password = "…"`, `"password": "…"`, `PASSWORD=…`, `password: String = "…"`, `--password …`, `<password>…</password>`,
//! `define('DB_PASSWORD', '…')`.

use std::ops::Range;

use stanch_rules::{Assignment, Look};

use crate::confirm::Match;

/// What may follow of the name after the word, in bytes.
const NAME_TAIL: usize = 40;
/// The blanks that may stand between name, operator and value.
const BLANKS: usize = 24;

/// The match of an assignment whose naming word starts at `start`.
pub(super) fn assignment_match(look: &Look, input: &[u8], start: usize) -> Option<Match> {
    let Look::Assignment(assignment) = look else { return None };
    let word = longest_word(assignment, input.get(start..)?)?;
    let mut cursor = Cursor { input, at: start + word };
    let name_end = cursor.name_tail();
    let name = Name { quoted: false, flag: is_flag(input, start), end: name_end };
    let name = cursor.close_name(name);
    cursor.operator(&name)?;
    let value = cursor.value(assignment.max as usize)?;
    let length = value.range.len();
    (length >= assignment.min as usize).then(|| Match {
        span: start..value.range.end,
        secret: value.range,
        truncated: value.truncated,
        glued_right: false,
    })
}

fn longest_word(assignment: &Assignment, text: &[u8]) -> Option<usize> {
    let stands = |word: &&str| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()));
    assignment.words.iter().map(AsRef::as_ref).filter(stands).map(str::len).max()
}

/// Whether the name that the word is part of starts with a hyphen, as options of commands do.
fn is_flag(input: &[u8], word: usize) -> bool {
    let head = &input[word.saturating_sub(NAME_TAIL)..word];
    let name = head.iter().rposition(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'-' | b'_')).map_or(0, |n| n + 1);
    head.get(name..).is_some_and(|name| name.starts_with(b"-"))
}

struct Name {
    /// A quote or bracket closed it.
    quoted: bool,
    /// It is an option of a command.
    flag: bool,
    end: usize,
}

struct Value {
    range: Range<usize>,
    truncated: bool,
}

struct Cursor<'a> {
    input: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    fn rest(&self) -> &[u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, most: usize, wanted: impl Fn(u8) -> bool) -> usize {
        let count = self.rest().iter().take(most).take_while(|&&byte| wanted(byte)).count();
        self.at += count;
        count
    }

    fn blanks(&mut self) -> usize {
        self.skip(BLANKS, |byte| byte == b' ' || byte == b'\t')
    }

    fn name_tail(&mut self) -> usize {
        self.skip(NAME_TAIL, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
        self.at
    }

    /// Quotes and brackets that close the name: `"password"`, `config['password']`, `\"password\"`.
    fn close_name(&mut self, name: Name) -> Name {
        let closers = self.skip(4, |byte| matches!(byte, b'"' | b'\'' | b'`' | b']' | b'\\'));
        Name { quoted: closers > 0, ..name }
    }

    /// The operator between name and value; `None` if there is none.
    fn operator(&mut self, name: &Name) -> Option<()> {
        let blanks = self.blanks();
        for operator in [":=", "=>", "->", "<-", "===", "==", "!=", "=", ":", ">"] {
            if self.rest().starts_with(operator.as_bytes()) {
                self.at += operator.len();
                self.blanks();
                return self.after_type();
            }
        }
        if self.peek() == Some(b',') && name.quoted {
            self.at += 1;
            self.blanks();
            // `define('DB_PASSWORD', …)`: the value is quoted too, or this is a list of names.
            return matches!(self.peek(), Some(b'"' | b'\'' | b'`')).then_some(());
        }
        (name.flag && blanks > 0 && self.at > name.end).then_some(())
    }

    /// `password: String = "…"`: what stands after the colon is a type if an equals sign follows it.
    fn after_type(&mut self) -> Option<()> {
        const TYPE: usize = 32;
        let is_type = |byte: u8| byte.is_ascii_alphanumeric() || b" _<>&?:.'[]".contains(&byte);
        let start = self.at;
        let opens = self.peek().is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'&' | b'?' | b'['));
        if opens && self.skip(TYPE, is_type) > 1 && self.peek() == Some(b'=') {
            let blank_before = self.at.checked_sub(1).and_then(|at| self.input.get(at)) == Some(&b' ');
            if blank_before && self.rest().get(1) != Some(&b'=') {
                self.at += 1;
                self.blanks();
                return Some(());
            }
        }
        self.at = start;
        Some(())
    }

    /// The value, without its quotes.
    fn value(&mut self, max: usize) -> Option<Value> {
        // Prefixes of string literals: r"…", b'…', @"…", $"…".
        let prefix = self.rest().iter().take(3).position(|&byte| byte == b'"' || byte == b'\'');
        if let Some(n @ 1..) = prefix
            && self.rest()[..n].iter().all(|byte| matches!(byte, b'r' | b'b' | b'u' | b'f' | b'L' | b'@' | b'$' | b'\\'))
        {
            self.at += n;
        }
        match self.peek()? {
            quote @ (b'"' | b'\'' | b'`') => self.quoted(quote, max),
            _ => self.bare(max),
        }
    }

    fn quoted(&mut self, quote: u8, max: usize) -> Option<Value> {
        let escaped_quote = self.at > 0 && self.input[self.at - 1] == b'\\';
        while self.peek() == Some(quote) && self.rest().get(1) == Some(&quote) && self.rest().get(2) == Some(&quote) {
            self.at += 2;
        }
        let start = self.at + 1;
        let mut end = start;
        while let Some(&byte) = self.input.get(end) {
            if end - start >= max {
                return Some(Value { range: start..end, truncated: true });
            }
            match byte {
                b'\n' | b'\r' => return None,
                b'\\' if escaped_quote && self.input.get(end + 1) == Some(&quote) => break,
                b'\\' => end += 1,
                _ if byte == quote => break,
                _ => {}
            }
            end += 1;
        }
        // A quote that is never closed is no string.
        (end < self.input.len()).then_some(Value { range: start..end, truncated: false })
    }

    fn bare(&mut self, max: usize) -> Option<Value> {
        let start = self.at;
        let ends = |byte: u8| {
            byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b',' | b';' | b')' | b']' | b'}' | b'<' | b'>' | b'|')
        };
        let length = self.rest().iter().take(max).take_while(|&&byte| !ends(byte)).count();
        let truncated = length == max && self.input.get(start + length).is_some_and(|&byte| !ends(byte));
        (length > 0).then_some(Value { range: start..start + length, truncated })
    }
}

#[cfg(test)]
mod tests {
    use stanch_rules::{List, Str};

    use super::*;

    fn value(text: &str) -> Option<&str> {
        let words = List::Owned(vec![Str::Borrowed("password"), Str::Borrowed("pass")]);
        let look = Look::Assignment(Assignment { words, min: 3, max: 20 });
        let start = text.to_ascii_lowercase().find("pass")?;
        let found = assignment_match(&look, text.as_bytes(), start)?;
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
                let _ = assignment_match(&look, &text[..end], start);
            }
        }
    }
}
