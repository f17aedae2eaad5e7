//! The leak check: whether anything that was written shows a secret, in any of the ways it may be written.

use std::collections::HashSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// The bytes of a secret that together give it away. A preview shows four of the tail, so this many are no preview.
const TELLING: usize = 8;

/// A secret that must not be seen.
#[derive(Debug, Clone)]
pub struct Canary {
    secret: String,
    /// Each way to write it, with the number of bytes in a row that give it away.
    forms: Vec<(&'static str, String, usize)>,
    /// How any part of a form that gives it away begins: a text without one of these is quickly done.
    starts: HashSet<[u8; TELLING]>,
}

impl Canary {
    /// A canary of a secret whose first `public` bytes say only what kind it is.
    ///
    /// # Panics
    /// If too little of it is secret to be looked for.
    pub fn new(secret: &str, public: usize) -> Self {
        let body = secret.get(public..).unwrap_or_default();
        assert!(body.len() >= 2 * TELLING, "the canary is long enough to be told from chance");
        let mut forms = vec![
            ("as it is", body.to_owned(), TELLING),
            ("in hex", each(body, |b, out| write!(out, "{b:02x}")), 2 * TELLING),
            ("in upper-case hex", each(body, |b, out| write!(out, "{b:02X}")), 2 * TELLING),
            ("percent-encoded", each(body, |b, out| write!(out, "%{b:02X}")), 3 * TELLING),
            ("percent-encoded in lower case", each(body, |b, out| write!(out, "%{b:02x}")), 3 * TELLING),
            ("as JSON escapes", each(body, |b, out| write!(out, "\\u{b:04x}")), 6 * TELLING),
            ("as numbers", each(body, |b, out| write!(out, "{b}, ")), 3 * TELLING),
            ("as UTF-16", body.chars().flat_map(|c| [c, '\0']).collect(), 2 * TELLING),
        ];
        // Three neighbours shift the groups of six bits; what the first and last bytes give depends on the neighbours.
        for shift in 0..3 {
            let bytes = [&b"\0\0"[..shift], secret.as_bytes()].concat();
            let text = base64(&bytes);
            let inner = text.get(4..text.len() - 4).unwrap_or_default();
            forms.push(("in base64", inner.to_owned(), 2 * TELLING));
        }
        let parts = forms.iter().flat_map(|(_, form, telling)| form.as_bytes().windows((*telling).min(form.len())));
        let starts = parts.filter_map(|part| part.first_chunk::<TELLING>().copied()).collect();
        Self { secret: secret.to_owned(), forms, starts }
    }

    /// The secret, to be planted.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// How a text gives the secret away, if it does.
    pub fn seen_in(&self, text: &[u8]) -> Option<&'static str> {
        let is_start = |part: &[u8]| part.first_chunk::<TELLING>().is_some_and(|start| self.starts.contains(start));
        if !text.windows(TELLING).any(is_start) {
            return None;
        }
        self.forms.iter().find(|(_, form, telling)| shows(text, form.as_bytes(), *telling)).map(|(name, ..)| *name)
    }

    /// Every file below a folder, and every name, that gives the secret away.
    ///
    /// # Panics
    /// If a folder or file cannot be read.
    pub fn seen_below(&self, folder: &Path) -> Vec<String> {
        let mut seen = Vec::new();
        for (path, content) in files(folder) {
            let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
            seen.extend(self.seen_in(name.as_bytes()).map(|how| format!("a name, {how}")));
            seen.extend(self.seen_in(&content).map(|how| format!("{name}, {how}")));
        }
        seen
    }
}

/// Every file below a folder with its content.
fn files(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(path) = ahead.pop() {
        let kind = fs::symlink_metadata(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if kind.is_dir() {
            let entries = fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            ahead.extend(entries.flatten().map(|entry| entry.path()));
        } else if kind.is_file() {
            let content = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            all.push((path, content));
        }
    }
    all
}

/// Whether so many bytes in a row of a form stand somewhere in a text.
fn shows(text: &[u8], form: &[u8], telling: usize) -> bool {
    form.windows(telling.min(form.len())).any(|part| text.windows(part.len()).any(|there| there == part))
}

fn each(text: &str, write: impl Fn(u8, &mut String) -> std::fmt::Result) -> String {
    let mut out = String::new();
    text.bytes().for_each(|byte| write(byte, &mut out).unwrap_or_default());
    out
}

/// Base64 as RFC 4648 has it, without padding; the alphabets differ in two characters that letters and digits seldom make.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        text.extend((0..=group.len()).map(|at| char::from(ALPHABET[(bits >> (18 - 6 * at) & 63) as usize])));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "tok_R7kQ2mZx9LpW4vTs8NbY";

    fn seen(text: &str) -> Option<&'static str> {
        Canary::new(SECRET, 4).seen_in(text.as_bytes())
    }

    #[test]
    fn every_form_is_seen() {
        assert_eq!(seen(&format!("x {SECRET} y")), Some("as it is"));
        assert_eq!(seen("half of it: 2mZx9LpW"), Some("as it is"));
        assert_eq!(seen("52376b51326d5a7839"), Some("in hex"));
        assert_eq!(seen("%52%37%6B%51%32%6D%5A%78"), Some("percent-encoded"));
        assert_eq!(seen("\\u0052\\u0037\\u006b\\u0051\\u0032\\u006d\\u005a\\u0078"), Some("as JSON escapes"));
        for before in ["", "a", "ab", "abc"] {
            assert_eq!(seen(&base64(format!("{before}{SECRET}").as_bytes())), Some("in base64"), "{before}");
        }
    }

    #[test]
    fn a_preview_is_no_leak() {
        assert_eq!(seen("tok_********8NbY"), None);
        assert_eq!(seen("tok_********"), None);
    }

    #[test]
    fn base64_is_that_of_the_standard() {
        // The vectors of RFC 4648, section 10, without their padding.
        for (plain, encoded) in [("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE")]
        {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }
}
