//! A finding as the machine formats write it: `docs/schema/finding.schema.json`.
//!
//! Nothing here depends on the machine or the time, but for the fingerprints, which are keyed by the installation.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use stanch_model::{
    Category, Checksum, Companion, Confidence, Finding, Fingerprint, GitPlace, Locator, ObjectKind, Sensitivity,
    Severity, Source, SuppressionKind, Verification,
};

use super::{Redactor, Report};

/// The version of the shape. Fields may be added to it; none changes its meaning or goes.
pub(super) const SCHEMA: &str = "stanch.finding/1";

#[derive(Serialize)]
pub(super) struct Record<'a> {
    schema: &'static str,
    rule: &'a str,
    title: Cow<'a, str>,
    provider: Cow<'a, str>,
    category: Category,
    sensitivity: Sensitivity,
    confidence: Confidence,
    severity: Severity,
    fingerprint: Fingerprint,
    secret: Cow<'a, str>,
    path: Cow<'a, str>,
    line: u64,
    column: u64,
    end_line: u64,
    end_column: u64,
    line_hash: &'a str,
    git: Option<Git<'a>>,
    ignored: bool,
    in_head: Option<bool>,
    evidence: Evidence<'a>,
    verification: Verified<'a>,
    suppression: Option<Suppressed<'a>>,
    locator: Place<'a>,
    permalink: Option<Cow<'a, str>>,
    revocation: Revocation<'a>,
}

#[derive(Serialize)]
struct Git<'a> {
    object: ObjectKind,
    blob: &'a str,
    commit: Option<&'a str>,
    author: Option<Cow<'a, str>>,
    email: Option<Cow<'a, str>>,
    date: Option<&'a str>,
    committer: Option<Cow<'a, str>>,
    committer_email: Option<Cow<'a, str>>,
    committed: Option<&'a str>,
    subject: Option<Cow<'a, str>>,
    reachable: Option<bool>,
    refs: Vec<Cow<'a, str>>,
    more_refs: u64,
}

#[derive(Serialize)]
struct Evidence<'a> {
    score: i16,
    entropy: f64,
    checksum: Option<Checksum>,
    context: Vec<Cow<'a, str>>,
    facts: Vec<Fact<'a>>,
    decoded: &'a [String],
    truncated: bool,
    reasons: Vec<Reason<'a>>,
    companions: &'a [Companion],
}

#[derive(Serialize)]
struct Fact<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, str>,
}

#[derive(Serialize)]
struct Reason<'a> {
    points: i16,
    text: Cow<'a, str>,
}

#[derive(Serialize)]
struct Verified<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    identity: BTreeMap<&'a str, Vec<Cow<'a, str>>>,
}

#[derive(Serialize)]
struct Suppressed<'a> {
    kind: SuppressionKind,
    reason: Option<Cow<'a, str>>,
    owner: Option<Cow<'a, str>>,
    expires: Option<&'a str>,
}

#[derive(Serialize)]
struct Place<'a> {
    source: Source,
    root: Option<Cow<'a, str>>,
    blob: Option<&'a str>,
    start: u64,
    end: u64,
    decode: &'a [String],
}

/// Who can verify and revoke it, and how a person does.
#[derive(Serialize)]
struct Revocation<'a> {
    verify: Option<&'a str>,
    revoke: Option<&'a str>,
    url: Option<&'a str>,
    runbook: Option<&'a str>,
}

impl<'a> Record<'a> {
    pub(super) fn new(finding: &'a Finding, report: &'a Report<'_>) -> Self {
        let redactor = report.redactor;
        let location = finding.location;
        Self {
            schema: SCHEMA,
            rule: finding.rule.as_str(),
            title: redactor.hide_name(&finding.title),
            provider: redactor.hide_name(&finding.provider),
            category: finding.category,
            sensitivity: finding.sensitivity,
            confidence: finding.confidence,
            severity: finding.severity,
            fingerprint: finding.fingerprint,
            secret: secret(finding, report.reveal),
            path: redactor.hide_name(&finding.path),
            line: location.line,
            column: location.column,
            end_line: location.end_line,
            end_column: location.end_column,
            line_hash: &finding.line_hash,
            git: finding.git.as_ref().map(|git| Git::new(git, redactor)),
            ignored: finding.ignored,
            in_head: finding.in_head,
            evidence: Evidence::new(&finding.evidence, redactor),
            verification: Verified::new(&finding.verification, redactor),
            suppression: finding.suppression.as_ref().map(|suppression| Suppressed {
                kind: suppression.kind,
                reason: suppression.reason.as_deref().map(|reason| redactor.hide(reason)),
                owner: suppression.owner.as_deref().map(|owner| redactor.hide_name(owner)),
                expires: suppression.expires.as_deref(),
            }),
            locator: Place::new(&finding.locator, redactor),
            permalink: finding.permalink.as_deref().map(|link| redactor.hide(link)),
            revocation: Revocation::new(finding, report),
        }
    }
}

/// The secret as this report shows it: its preview, or itself where that was asked for.
pub(super) fn secret(finding: &Finding, reveal: bool) -> Cow<'_, str> {
    if !reveal {
        return Cow::Borrowed(&finding.preview);
    }
    #[expect(clippy::disallowed_methods, reason = "the user asked for this output to show secrets")]
    String::from_utf8_lossy(finding.secret.expose())
}

impl<'a> Git<'a> {
    fn new(git: &'a GitPlace, redactor: &Redactor<'_>) -> Self {
        let name = |text: &'a Option<String>| text.as_deref().map(|text| redactor.hide_name(text));
        Self {
            object: git.object,
            blob: &git.blob,
            commit: git.commit.as_deref(),
            author: name(&git.author),
            email: name(&git.email),
            date: git.date.as_deref(),
            committer: name(&git.committer),
            committer_email: name(&git.committer_email),
            committed: git.committed.as_deref(),
            subject: git.subject.as_deref().map(|subject| redactor.hide(subject)),
            reachable: git.reachable,
            refs: git.refs.iter().map(|name| redactor.hide_name(name)).collect(),
            more_refs: git.more_refs,
        }
    }
}

impl<'a> Evidence<'a> {
    fn new(evidence: &'a stanch_model::Evidence, redactor: &Redactor<'_>) -> Self {
        let facts = evidence.facts.iter();
        Self {
            score: evidence.score,
            // Logarithms differ in their last bits between machines.
            entropy: (f64::from(evidence.entropy) * 100.0).round() / 100.0,
            checksum: evidence.checksum,
            context: evidence.context.iter().map(|word| redactor.hide_name(word)).collect(),
            facts: facts
                .map(|fact| Fact { name: redactor.hide_name(&fact.name), value: redactor.hide(&fact.value) })
                .collect(),
            decoded: &evidence.decoded,
            truncated: evidence.truncated,
            reasons: evidence
                .reasons
                .iter()
                .map(|reason| Reason { points: reason.points, text: redactor.hide_name(&reason.text) })
                .collect(),
            companions: &evidence.companions,
        }
    }
}

impl<'a> Verified<'a> {
    fn new(verification: &'a Verification, redactor: &Redactor<'_>) -> Self {
        match verification {
            Verification::NotAttempted => Self::of("not-attempted"),
            Verification::Active { identity } => Self {
                identity: identity.iter().map(|(name, values)| (name.as_str(), hidden(values, redactor))).collect(),
                ..Self::of("active")
            },
            Verification::Inactive => Self::of("inactive"),
            Verification::Unknown { why } => Self { why: Some(redactor.hide(why)), ..Self::of("unknown") },
        }
    }
}

impl Verified<'_> {
    fn of(status: &'static str) -> Self {
        Self { status, why: None, identity: BTreeMap::new() }
    }
}

fn hidden<'a>(values: &'a [String], redactor: &Redactor<'_>) -> Vec<Cow<'a, str>> {
    values.iter().map(|value| redactor.hide(value)).collect()
}

impl<'a> Place<'a> {
    fn new(locator: &'a Locator, redactor: &Redactor<'_>) -> Self {
        Self {
            source: locator.source,
            root: locator.root.as_deref().map(|root| redactor.hide_name(root)),
            blob: locator.blob.as_deref(),
            start: locator.start,
            end: locator.end,
            decode: &locator.decode,
        }
    }
}

impl<'a> Revocation<'a> {
    fn new(finding: &Finding, report: &'a Report<'_>) -> Self {
        let rule = report.rules.get(finding.rule.as_str());
        Self {
            verify: rule.and_then(|rule| rule.verify.as_deref()),
            revoke: rule.and_then(|rule| rule.revoke.as_deref()),
            url: rule.and_then(|rule| rule.manual.url.as_deref()),
            runbook: rule.map(|rule| &*rule.manual.runbook),
        }
    }
}
