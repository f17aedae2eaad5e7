//! Finds out which rule of ours a secret belongs to.

use std::borrow::Cow;

use stanch_model::{Category, Companion, Evidence, Finding, Location, Locator, RuleId, Secret, Source};
use stanch_rules::{Rule, normalise};
use zeroize::Zeroizing;

use super::{Foreign, names};
use crate::engine::Scratch;
use crate::scan::Control;
use crate::source::scan_bytes;

/// The rule of a secret that nobody knows.
const UNKNOWN: &str = "unknown";
/// The longest secret that is looked at, in bytes: a key file with its certificates.
const LONGEST: usize = 1 << 20;

/// The engine, asked about single secrets.
pub struct Recogniser<'a> {
    control: &'a Control<'a>,
    scratch: Scratch,
}

impl std::fmt::Debug for Recogniser<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recogniser").finish_non_exhaustive()
    }
}

impl<'a> Recogniser<'a> {
    /// Asks the engine of a scan.
    pub fn new(control: &'a Control<'a>) -> Self {
        Self { control, scratch: Scratch::default() }
    }

    /// Scans a text.
    pub fn scan(&mut self, path: &str, bytes: &[u8]) -> Vec<Finding> {
        scan_bytes(self.control, path, bytes, Source::File, None, &mut self.scratch)
    }

    /// The finding of a secret, and after it those of what belongs to it. There is always one.
    ///
    /// # Errors
    /// If the secret is empty, or longer than any; the text says so.
    pub fn findings(&mut self, foreign: &Foreign<'_>) -> Result<Vec<Finding>, String> {
        let mut main = self.finding(foreign.kind, foreign.secret, foreign.context, foreign)?;
        let mut rest = Vec::new();
        for (name, value) in &foreign.more {
            // The name of the part says more than that of the whole.
            let kind = format!("{} {name}", foreign.kind);
            let kind = if names::rule(name).is_some() { name } else { kind.as_str() };
            let Ok(mut other) = self.finding(kind, value, None, foreign) else { continue };
            other.evidence.companions.push(companion(&main));
            main.evidence.companions.push(companion(&other));
            rest.push(other);
        }
        rest.insert(0, main);
        Ok(rest)
    }

    fn finding(
        &mut self,
        kind: &str,
        secret: &str,
        context: Option<&str>,
        foreign: &Foreign<'_>,
    ) -> Result<Finding, String> {
        let secret = secret.trim();
        if secret.is_empty() || secret.len() > LONGEST {
            return Err("the secret is empty, or longer than any".to_owned());
        }
        let found = self.recognise(kind, secret, context).unwrap_or_else(|| self.made(kind, secret));
        let location = Location { line: foreign.line, column: 1, end_line: foreign.line, end_column: 1 };
        let locator = Locator { source: Source::File, root: None, blob: None, start: 0, end: 0, decode: Vec::new() };
        // Companions of the line that was made up are none.
        let evidence = Evidence { companions: Vec::new(), ..found.evidence };
        Ok(Finding { path: foreign.path.to_owned(), location, locator, evidence, ..found })
    }

    /// The most specific rule whose match is the whole secret: alone, in the text that the tool shows, or after a name.
    fn recognise(&mut self, kind: &str, secret: &str, context: Option<&str>) -> Option<Finding> {
        let name = |kind: &str| {
            let word: String = kind.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            Zeroizing::new(format!("{word} = \"{secret}\"\n"))
        };
        let one_line = !secret.contains('\n');
        let table = names::rule(kind).filter(|_| one_line).map(name);
        let named = Some(kind).filter(|kind| one_line && !kind.is_empty()).map(name);
        let texts = [Some(Cow::Borrowed(secret)), context.map(Cow::Borrowed)];
        let texts = texts.into_iter().flatten().map(|text| Zeroizing::new(text.into_owned()));
        let texts: Vec<Zeroizing<String>> = texts.chain(table).chain(named).collect();
        let mut best: Option<Finding> = None;
        for text in texts {
            let found = self.scan("", text.as_bytes()).into_iter().filter(|finding| is(&finding.secret, secret));
            let found = found.max_by_key(|finding| self.rank(finding));
            let better = |finding: &Finding| self.rank(finding) > best.as_ref().map_or(0, |best| self.rank(best));
            best = found.filter(better).or(best);
            // A provider's own form leaves nothing to be asked of the context.
            if best.as_ref().is_some_and(|best| self.rank(best) >= OWN_FORM) {
                break;
            }
        }
        best.filter(|best| best.category != Category::Generic || names::rule(kind).is_none())
    }

    pub(super) fn rank(&self, finding: &Finding) -> u32 {
        self.rule(finding.rule.as_str()).map_or(0, |rule| rule.specificity().saturating_add(1))
    }

    pub(super) fn rule(&self, id: &str) -> Option<&'a Rule> {
        self.control.engine.rules().get(id)
    }

    /// A finding by the tool's word alone.
    pub fn made(&self, kind: &str, secret: &str) -> Finding {
        let id = names::rule(kind).unwrap_or(UNKNOWN);
        self.made_of(id, secret)
    }

    /// A finding of a rule; of an unknown one if there is none, or its secrets have another form.
    pub fn made_of(&self, id: &str, secret: &str) -> Finding {
        let bytes = secret.as_bytes();
        let rule = self.rule(id).filter(|rule| rule.has_form(secret.trim().as_bytes()) != Some(false));
        let normal = normalise(bytes);
        let secret = Secret::new(bytes.to_vec());
        let fingerprint = self.control.key.fingerprint(&normal);
        let Some(rule) = rule else {
            let unknown = Finding::named(RuleId::new(UNKNOWN), secret, fingerprint);
            return Finding { title: "Credential of an unknown kind".into(), ..unknown };
        };
        Finding {
            title: rule.title.to_string().into(),
            provider: rule.provider.to_string().into(),
            category: rule.category,
            sensitivity: rule.sensitivity,
            severity: rule.severity,
            preview: secret.preview(rule.public_prefix(bytes).len()),
            ..Finding::named(RuleId::new(id.to_owned()), secret, fingerprint)
        }
    }
}

/// The rank from which on a match goes by a provider's own form, and not by a name or a general form.
pub(super) const OWN_FORM: u32 = 1500;

fn companion(finding: &Finding) -> Companion {
    Companion { rule: finding.rule.clone(), fingerprint: finding.fingerprint, line: finding.location.line }
}

/// Whether a secret that was found is this text, whole.
#[expect(clippy::disallowed_methods, reason = "two secrets of the user are compared")]
fn is(found: &Secret, text: &str) -> bool {
    found.expose() == text.as_bytes() || found.expose().trim_ascii() == text.as_bytes()
}
