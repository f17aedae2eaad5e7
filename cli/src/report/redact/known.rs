//! Looking for secrets that were found.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use stanch_model::{Finding, Secret};
use zeroize::Zeroizing;

/// Shorter secrets count only where they stand alone.
const SHORT: usize = 4;
/// Plain words of fewer bytes are weak.
const WORD: usize = 12;
/// A line of a longer secret is looked for by itself from this length on.
const LINE: usize = 24;

/// The secrets of findings, ready to be looked for.
pub(super) struct Known {
    secrets: Vec<(Secret, String)>,
    /// The strong secrets by their first bytes, the longest first.
    strong: HashMap<[u8; SHORT], Vec<usize>>,
    /// Those that count only where they stand alone, by the hash of all their bytes.
    weak: HashMap<u64, Vec<usize>>,
    hasher: RandomState,
    /// The lengths that weak secrets have; all are short.
    weak_lengths: BTreeSet<usize>,
}

impl Known {
    #[expect(
        clippy::disallowed_methods,
        reason = "to take a secret out of a text it has to be seen; the copies are secrets themselves"
    )]
    pub(super) fn new(findings: &[Finding]) -> Self {
        let mut known = Self {
            secrets: Vec::new(),
            strong: HashMap::new(),
            weak: HashMap::new(),
            hasher: RandomState::new(),
            weak_lengths: BTreeSet::new(),
        };
        // Copies of a file have the same ones.
        let mut seen = HashSet::new();
        for finding in findings {
            let bytes = finding.secret.expose();
            if !seen.insert(bytes) {
                continue;
            }
            known.add(bytes.to_vec(), &finding.preview);
            if let Some(unescaped) = unescaped(bytes) {
                known.add(unescaped, &finding.preview);
            }
            for line in lines(bytes) {
                known.add(line.to_vec(), &finding.preview);
            }
            for encoded in base64_forms(bytes) {
                known.add(encoded, &finding.preview);
            }
        }
        known.sort();
        known
    }

    #[expect(clippy::disallowed_methods, reason = "secrets are ordered by length and grouped by their first bytes")]
    fn add(&mut self, bytes: Vec<u8>, preview: &str) {
        let secret = Secret::new(bytes);
        let index = self.secrets.len();
        match secret.expose().first_chunk::<SHORT>() {
            _ if weak(secret.expose()) => {
                self.weak.entry(self.hasher.hash_one(secret.expose())).or_default().push(index);
                self.weak_lengths.insert(secret.len());
            }
            Some(first) => self.strong.entry(*first).or_default().push(index),
            None => return,
        }
        self.secrets.push((secret, preview.to_owned()));
    }

    /// The longest first, each once.
    fn sort(&mut self) {
        let secrets = &self.secrets;
        for group in self.strong.values_mut().chain(self.weak.values_mut()) {
            group.sort_by_key(|index| std::cmp::Reverse(secrets.get(*index).map_or(0, |(secret, _)| secret.len())));
            group.dedup_by(|a, b| secrets.get(*a).map(|s| &s.0) == secrets.get(*b).map(|s| &s.0));
        }
    }

    /// Tells where known secrets stand in a text; the weak ones only if `words`.
    pub(super) fn find(&self, text: &[u8], words: bool, mut hide: impl FnMut(Range<usize>, &str)) {
        for start in 0..text.len() {
            let rest = text.get(start..).unwrap_or_default();
            let strong = rest.first_chunk::<SHORT>().and_then(|first| self.strong.get(first));
            if let Some((length, preview)) = strong.and_then(|group| self.longest(group, rest)) {
                hide(start..start + length, preview);
            } else if words
                && !is_word(start.checked_sub(1).and_then(|before| text.get(before)))
                && let Some((length, preview)) = self.weak_word(rest)
            {
                hide(start..start + length, preview);
            }
        }
    }

    /// The weak secret that stands alone at the start of the text.
    fn weak_word(&self, rest: &[u8]) -> Option<(usize, &str)> {
        let words = self.weak_lengths.iter().rev().filter_map(|length| rest.get(..*length));
        let mut alone = words.filter(|word| !is_word(rest.get(word.len())));
        alone.find_map(|word| self.longest(self.weak.get(&self.hasher.hash_one(word))?, word))
    }

    #[expect(clippy::disallowed_methods, reason = "the secret is compared with the text")]
    fn longest(&self, group: &[usize], rest: &[u8]) -> Option<(usize, &str)> {
        let all = group.iter().filter_map(|index| self.secrets.get(*index));
        let mut fitting = all.filter(|(secret, _)| rest.starts_with(secret.expose()));
        fitting.next().map(|(secret, preview)| (secret.len(), preview.as_str()))
    }
}

/// Whether a secret says so little that it stands in innocent text by chance: a few bytes, or a plain word.
pub(crate) fn weak(secret: &[u8]) -> bool {
    let one_kind = |kind: fn(&u8) -> bool| secret.iter().all(kind);
    let word = one_kind(u8::is_ascii_lowercase) || one_kind(u8::is_ascii_uppercase) || one_kind(u8::is_ascii_digit);
    secret.len() < SHORT || (word && secret.len() < WORD)
}

fn is_word(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// A secret that was found in escaped text, as it is in plain text.
fn unescaped(bytes: &[u8]) -> Option<Vec<u8>> {
    if !bytes.contains(&b'\\') {
        return None;
    }
    let quoted = [b"\"", bytes, b"\""].concat();
    serde_json::from_slice::<String>(&quoted).ok().map(String::into_bytes)
}

/// The lines of a secret that has several, written as such or escaped; not those that frame it.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let parts =
        bytes.split(|byte| matches!(byte, b'\n' | b'\r' | b'\\')).map(|line| line.strip_prefix(b"n").unwrap_or(line));
    parts
        .map(<[u8]>::trim_ascii)
        .filter(move |line| line.len() >= LINE && line.len() < bytes.len() && !line.starts_with(b"-----"))
}

/// What all base64 texts that hold the secret have in common, for each of the three ways in which it may fall on groups of three bytes. The
/// characters at the ends, which depend on the neighbours too, are left out.
fn base64_forms(secret: &[u8]) -> Vec<Vec<u8>> {
    /// Below this length what is left could stand in a text by chance.
    const LEAST: usize = 9;
    if secret.len() < LEAST {
        return Vec::new();
    }
    let mut forms = Vec::new();
    for (before, skip) in [(0, 0), (1, 2), (2, 3)] {
        let bytes = Zeroizing::new([&[0; 2][..before], secret].concat());
        let inner = |text: String| {
            let end = text.len() - usize::from(!bytes.len().is_multiple_of(3));
            Zeroizing::new(text.into_bytes()).get(skip..end).map(<[u8]>::to_vec)
        };
        let (standard, url) = (inner(STANDARD_NO_PAD.encode(&*bytes)), inner(URL_SAFE_NO_PAD.encode(&*bytes)));
        forms.extend(url.filter(|url| standard.as_ref() != Some(url)));
        forms.extend(standard);
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_known_at_every_alignment() {
        let secret = b"correct?horse>battery";
        let forms = base64_forms(secret);
        for before in ["", "a", "ab", "abc", "user:"] {
            for after in ["", "z", "zz"] {
                let text = [before.as_bytes(), secret, after.as_bytes()].concat();
                for encoded in [STANDARD_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                    let known = forms.iter().any(|form| memmem(encoded.as_bytes(), form));
                    assert!(known, "{before}…{after}");
                }
            }
        }
    }

    fn memmem(text: &[u8], part: &[u8]) -> bool {
        text.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn plain_words_and_scraps_are_weak() {
        for weak_one in ["a1!", "postgres", "ROOT", "123456"] {
            assert!(weak(weak_one.as_bytes()), "{weak_one}");
        }
        for strong in ["hunter2", "Passw0rd", "correcthorsebatterystaple"] {
            assert!(!weak(strong.as_bytes()), "{strong}");
        }
    }

    #[test]
    fn the_lines_of_a_key_are_known_and_its_frame_is_not() {
        let (frame, body) = (concat!("-----BEGIN ", "THING-----"), "A".repeat(64));
        for break_ in ["\n", "\\n", "\r\n"] {
            let key = [frame, &body, frame].join(break_);
            assert_eq!(lines(key.as_bytes()).collect::<Vec<_>>(), [body.as_bytes()], "{break_:?}");
        }
    }
}
