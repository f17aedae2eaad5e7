//! The forms in which a text may hold a secret: as it is, percent-encoded, JSON-escaped, with invisible characters in between.

use std::borrow::Cow;
use std::ops::Range;

use super::Hidden;
use super::visible::invisible;

/// What the start of a text stands for, and how long that start is.
type Decoded = (Vec<u8>, usize);

/// A text with one encoding undone, and where each byte came from.
pub(super) struct Form<'t> {
    bytes: Cow<'t, [u8]>,
    /// For each byte, where the text that it came from starts; then the end of the text. Empty if nothing was undone.
    starts: Vec<usize>,
}

impl<'t> Form<'t> {
    /// The text itself and, where it holds what looks encoded, its other forms.
    pub(super) fn all(text: &'t str) -> Vec<Self> {
        let mut forms = vec![Self { bytes: Cow::Borrowed(text.as_bytes()), starts: Vec::new() }];
        if text.contains('%') {
            forms.push(Self::undone(text, percent));
        }
        if text.contains('\\') {
            forms.push(Self::undone(text, escape));
        }
        if text.contains(invisible) {
            forms.push(Self::undone(text, unseen));
        }
        forms
    }

    /// Undoes an encoding. `read` gives what the start of a text stands for and its length, if it is encoded.
    fn undone(text: &str, read: fn(&str) -> Option<Decoded>) -> Self {
        let (mut bytes, mut starts) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len() + 1));
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let start = text.len() - rest.len();
            let (decoded, length) =
                read(rest).unwrap_or_else(|| (rest.as_bytes()[..c.len_utf8()].to_vec(), c.len_utf8()));
            starts.extend(std::iter::repeat_n(start, decoded.len()));
            bytes.extend(decoded);
            rest = &rest[length..];
        }
        starts.push(text.len());
        Self { bytes: Cow::Owned(bytes), starts }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What to hide in the text, for a span of the form.
    pub(super) fn original(&self, span: &Range<usize>, preview: &str) -> Hidden {
        let at = |offset: usize| {
            if self.starts.is_empty() { offset } else { self.starts.get(offset).copied().unwrap_or(usize::MAX) }
        };
        Hidden { span: at(span.start)..at(span.end), preview: preview.to_owned() }
    }
}

/// `%41`.
fn percent(text: &str) -> Option<Decoded> {
    let digits = text.strip_prefix('%')?.get(..2)?;
    let byte = u8::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    Some((vec![byte], 3))
}

/// `\n`, `\/`, `\u0041` and their like.
fn escape(text: &str) -> Option<Decoded> {
    let kind = text.strip_prefix('\\')?.chars().next()?;
    let byte = match kind {
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        '/' | '"' | '\'' | '\\' => kind as u8,
        'u' => return unicode(text),
        _ => return None,
    };
    Some((vec![byte], 2))
}

fn unicode(text: &str) -> Option<Decoded> {
    let digits = text.strip_prefix("\\u")?.get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
    Some((c.to_string().into_bytes(), 6))
}

/// Characters that nobody sees stand for nothing.
fn unseen(text: &str) -> Option<Decoded> {
    text.chars().next().filter(|c| invisible(*c)).map(|c| (Vec::new(), c.len_utf8()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The forms as text, and the whole of each mapped back.
    fn forms(text: &str) -> Vec<(String, Range<usize>)> {
        let all = Form::all(text);
        all.iter()
            .map(|f| (String::from_utf8_lossy(f.bytes()).into_owned(), f.original(&(0..f.bytes().len()), "").span))
            .collect()
    }

    #[test]
    fn each_encoding_is_undone_and_mapped_back() {
        assert_eq!(forms("abc"), [("abc".to_owned(), 0..3)]);
        assert_eq!(forms("a%2Fb%2")[1], ("a/b%2".to_owned(), 0..7));
        assert_eq!(forms(r"a\nb\u0041\q")[1], ("a\nbA\\q".to_owned(), 0..12));
        assert_eq!(forms("a\u{200b}b")[1], ("ab".to_owned(), 0..5));
        let form = Form::undone("x%41%42y", percent);
        assert_eq!(form.original(&(1..2), "").span, 1..4);
        assert_eq!(form.original(&(2..3), "").span, 4..7);
    }
}
