//! Takes secrets out of what is kept in clear beside them: a path, an author, an address may hold one.

use std::sync::atomic::AtomicBool;

use stanch_model::{Finding, FingerprintKey, Secret, Source};
use stanch_scanner::{Control, Engine, Scratch, scan_bytes};

/// What stands in place of a secret.
const STARS: &str = "********";
/// A shorter secret says little, and taking it out would tear words apart.
const SHORT: usize = 6;
/// So many secrets of one arrival are looked for by their value; any further one is found by its form alone.
const MOST: usize = 1000;

/// Knows the secrets of one arrival, and the forms of all others.
pub(super) struct Hide<'a> {
    engine: &'a Engine,
    key: &'a FingerprintKey,
    known: Vec<Secret>,
}

impl<'a> Hide<'a> {
    pub(super) fn new(engine: &'a Engine, key: &'a FingerprintKey, findings: &[Finding]) -> Self {
        let known = findings.iter().map(|finding| finding.secret.clone()).take(MOST).collect();
        Self { engine, key, known }
    }

    /// The same findings, with nothing secret in what says where they stand.
    pub(super) fn places(&self, findings: &mut [Finding]) {
        let hide = |text: &mut String| *text = self.text(text);
        for finding in findings {
            hide(&mut finding.path);
            let git = finding.git.as_mut().map(|git| [&mut git.author, &mut git.email]);
            for text in git.into_iter().flatten().chain([&mut finding.permalink]).flatten() {
                hide(text);
            }
        }
    }

    /// A text without secrets.
    pub(super) fn text(&self, text: &str) -> String {
        let stop = AtomicBool::new(false);
        let control = Control { engine: self.engine, key: self.key, stop: &stop, events: &(), jobs: 1 };
        let found = scan_bytes(&control, "", text.as_bytes(), Source::File, None, &mut Scratch::default());
        let secrets = found.iter().map(|finding| &finding.secret).chain(&self.known);
        let mut hidden = text.to_owned();
        for secret in secrets.filter(|secret| secret.len() >= SHORT) {
            #[expect(clippy::disallowed_methods, reason = "to take a secret out of a text it has to be seen")]
            if let Ok(secret) = std::str::from_utf8(secret.expose()) {
                hidden = hidden.replace(secret, STARS);
            }
        }
        hidden
    }
}

#[cfg(test)]
mod tests {
    use stanch_rules::{RuleSet, mint};

    use super::*;

    #[test]
    fn a_path_that_holds_a_secret_is_kept_without_it() {
        let (engine, key) = (Engine::new(RuleSet::builtin()), FingerprintKey::from_bytes([1; 32]));
        let token = mint("{{ghp_{base62:30}|github-crc32}}", 1).map(|minted| minted.text).unwrap_or_default();
        let token = String::from_utf8(token).unwrap_or_default();
        let hide = Hide::new(&engine, &key, &[]);
        assert_eq!(hide.text(&format!("keys/{token}.txt")), "keys/********.txt");
        assert_eq!(hide.text("src/main.rs"), "src/main.rs");
    }
}
