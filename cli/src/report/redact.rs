//! The one redactor over every string that is printed.
//!
//! A path, a subject or an error's words may hold a secret: one that was found, or one that nobody looked for there. Both are
//! replaced by their preview. What is left is made safe to look at: characters that move the cursor, turn the direction of the text or
//! cannot be seen are written as escapes.

mod form;
mod known;
mod visible;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::Range;

use stanch_model::{Confidence, Finding};
use stanch_scanner::{Engine, Scratch, confidence};

use form::Form;
use known::Known;
pub(crate) use known::weak;
pub(super) use visible::{invisible, visible};

/// Replaces secrets in text, and makes text safe to look at.
pub(crate) struct Redactor<'a> {
    engine: &'a Engine,
    known: Known,
    scratch: RefCell<Scratch>,
    /// Texts that hide nothing, without and with a look for plain words: a report has the same ones again and again.
    clean: [RefCell<HashSet<String>>; 2],
}

/// Bytes of a text to be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hidden {
    span: Range<usize>,
    preview: String,
}

impl<'a> Redactor<'a> {
    /// A redactor that knows the secrets of `findings` (pass all of them, also those that are not reported) and what the
    /// engine finds.
    pub(crate) fn new(engine: &'a Engine, findings: &[Finding]) -> Self {
        Self { engine, known: Known::new(findings), scratch: RefCell::default(), clean: Default::default() }
    }

    /// A text as it may be shown.
    pub(crate) fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        map(self.hide(text), visible)
    }

    /// A name (of a file, a rule, a person) as it may be shown. A password that is a plain word stays where it is part of a
    /// name: `docker/postgres/init.sql` tells nothing, and a gap in it would point at the password.
    pub(crate) fn name<'t>(&self, text: &'t str) -> Cow<'t, str> {
        map(self.hide_name(text), visible)
    }

    /// As [`Redactor::redact`], for formats that escape what cannot be seen in their own way.
    pub(crate) fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.replace(text, true)
    }

    /// As [`Redactor::name`], for formats that escape what cannot be seen in their own way.
    pub(crate) fn hide_name<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.replace(text, false)
    }

    fn replace<'t>(&self, text: &'t str, words: bool) -> Cow<'t, str> {
        /// So many are remembered, of so many bytes.
        const MOST: usize = 1 << 12;
        const LONGEST: usize = 1 << 8;
        let mut clean = self.clean[usize::from(words)].borrow_mut();
        if clean.contains(text) {
            return Cow::Borrowed(text);
        }
        let mut hidden = Vec::new();
        for form in Form::all(text) {
            self.known.find(form.bytes(), words, |span, preview| hidden.push(form.original(&span, preview)));
            self.found(form.bytes(), |span, preview| hidden.push(form.original(&span, preview)));
        }
        if !hidden.is_empty() {
            return Cow::Owned(without(text, hidden));
        }
        if text.len() <= LONGEST && clean.len() < MOST {
            clean.insert(text.to_owned());
        }
        Cow::Borrowed(text)
    }

    /// What the engine finds in a text with medium confidence and more.
    fn found(&self, bytes: &[u8], mut hide: impl FnMut(Range<usize>, &str)) {
        let mut scratch = self.scratch.borrow_mut();
        for candidate in self.engine.scan(bytes, &mut scratch) {
            if confidence(candidate.verdict.score) < Some(Confidence::Medium) {
                continue;
            }
            let secret = candidate.secret(bytes);
            let rule = &self.engine.rules()[candidate.rule];
            let prefix = rule.public_prefix(bytes.get(candidate.secret.clone()).unwrap_or_default()).len();
            hide(candidate.secret.clone(), &secret.preview(prefix));
        }
    }
}

fn map(text: Cow<'_, str>, with: impl Fn(&str) -> Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => with(text),
        Cow::Owned(text) => Cow::Owned(with(&text).into_owned()),
    }
}

/// The text with previews in place of what is hidden; what overlaps goes under the preview that starts first, the longest of equals.
fn without(text: &str, mut hidden: Vec<Hidden>) -> String {
    hidden.sort_by(|a, b| a.span.start.cmp(&b.span.start).then(b.span.end.cmp(&a.span.end)));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for Hidden { span, preview } in hidden {
        let start = text.floor_char_boundary(span.start);
        let end = text.ceil_char_boundary(span.end);
        if start >= at {
            out.push_str(text.get(at..start).unwrap_or_default());
            out.push_str(&preview);
        }
        at = at.max(end);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}
