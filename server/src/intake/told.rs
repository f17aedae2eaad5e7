//! Credentials that others found: which of our rules each belongs to.

use std::sync::atomic::AtomicBool;

use stanch_model::{Confidence, Finding, FingerprintKey};
use stanch_pipeline::intake::Found;
use stanch_revokers::registry;
use stanch_scanner::{Control, Engine, Foreign, Recogniser};

use super::hide::Hide;

/// A credential as it was told.
pub(super) struct Leak<'a> {
    /// What they call its kind, or a rule or kind of ours.
    pub(super) kind: &'a str,
    pub(super) secret: &'a str,
    /// What findings call the source.
    pub(super) source: &'a str,
    /// Where in it.
    pub(super) path: &'a str,
    /// The line there; 0 if nobody says.
    pub(super) line: u64,
    pub(super) commit: Option<&'a str>,
    /// A page that shows it.
    pub(super) url: Option<&'a str>,
}

/// What was told, as findings. What is no credential at all (empty, or longer than any) is left, and counted in the log.
pub(super) fn found(engine: &Engine, key: &FingerprintKey, leaks: &[Leak<'_>]) -> Found {
    let stop = AtomicBool::new(false);
    let control = Control { engine, key, stop: &stop, events: &(), jobs: 1 };
    let mut recogniser = Recogniser::new(&control);
    let mut findings = Vec::new();
    for leak in leaks {
        match finding(&mut recogniser, leak) {
            Ok(finding) => findings.push(finding),
            Err(why) => tracing::warn!(why, kind = leak.kind, "something that was told is no credential"),
        }
    }
    Hide::new(engine, key, &findings).places(&mut findings);
    Found { findings, ..Found::default() }
}

fn finding(recogniser: &mut Recogniser<'_>, leak: &Leak<'_>) -> Result<Finding, String> {
    let rule = rule_of(leak.kind);
    let foreign = Foreign {
        kind: rule.unwrap_or(leak.kind),
        secret: leak.secret,
        context: None,
        more: Vec::new(),
        path: leak.path,
        line: leak.line,
    };
    let found = recogniser.findings(&foreign)?.into_iter().next();
    let mut finding = found.ok_or("it is nothing")?;
    // The configuration knows better than the form of a value that any rule could have.
    if let Some(rule) = rule.filter(|_| finding.confidence < Confidence::High) {
        let Finding { path, location, .. } = finding;
        finding = Finding { path, location, ..recogniser.made_of(rule, leak.secret.trim()) };
    }
    // Whoever issued or hosts it says so.
    finding.confidence = Confidence::High;
    finding.suppression = None;
    finding.locator.root = Some(leak.source.to_owned());
    finding.permalink = leak.url.map(str::to_owned);
    finding.git = leak
        .commit
        .map(|commit| stanch_model::GitPlace { commit: Some(commit.to_owned()), ..stanch_model::GitPlace::default() });
    Ok(finding)
}

/// The rule that a name is, or the first one of the kind that it is.
fn rule_of(name: &str) -> Option<&str> {
    if registry::knows_rule(name) || stanch_rules::RuleSet::builtin().get(name).is_some() {
        return Some(name);
    }
    registry::by_id(name)?.kind.rules.first().map(String::as_str)
}
