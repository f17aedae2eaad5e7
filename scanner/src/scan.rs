//! What every source of a scan shares: its control, its outcome, its ledger, and how a candidate becomes a finding.

use std::sync::atomic::{AtomicBool, Ordering};

use stanch_model::{Companion, Evidence, Finding, FingerprintKey, GitPlace, Locator, RuleId, Source, Verification};
use stanch_rules::normalise;

use crate::allow;
use crate::engine::{Candidate, Engine};
use crate::lines::Lines;
use crate::place::{PathClass, place};

/// What a scan needs and cannot choose itself.
#[derive(Clone, Copy)]
pub struct Control<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// The key of the fingerprints.
    pub key: &'a FingerprintKey,
    /// Set from outside to end the scan early, with what was found.
    pub stop: &'a AtomicBool,
    /// Told of what goes on.
    pub events: &'a dyn Events,
    /// How many threads may work; at least 1.
    pub jobs: usize,
}

impl Control<'_> {
    /// Whether the scan has been asked to end.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Told of what goes on in a scan, from any of its threads.
pub trait Events: Sync {
    /// So many more bytes and files have been scanned.
    fn scanned(&self, files: u64, bytes: u64);
}

/// Nobody listens.
impl Events for () {
    fn scanned(&self, _files: u64, _bytes: u64) {}
}

/// What a scan gave.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The findings of low confidence and more, in order of path and place.
    pub findings: Vec<Finding>,
    /// What was read and what was not.
    pub coverage: Coverage,
}

/// The ledger: nothing is skipped in silence.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Files or objects scanned.
    pub files: u64,
    /// Bytes scanned.
    pub bytes: u64,
    /// What was not scanned, in order of path.
    pub notes: Vec<Note>,
    /// Whether the scan was ended early.
    pub interrupted: bool,
}

/// Something that was not scanned, or not wholly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// Where, as the findings write paths.
    pub path: String,
    /// Why.
    pub gap: Gap,
    /// More of it, such as the system's own words; never bytes of a file.
    pub detail: String,
}

/// Why something was not scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gap {
    /// It could not be opened or read.
    Unreadable,
    /// It was there when the folder was listed and gone when it was opened.
    Vanished,
    /// It became shorter while it was read.
    Shrank,
    /// The user's globs exclude it.
    Excluded,
    /// A pipe, socket or device.
    Special,
    /// A symbolic link; what it points to is scanned where it stands, if it is inside of the target.
    Symlink,
    /// A folder of a git repository's own data.
    GitDir,
    /// Too large for the rules that look at whole documents; the others saw it.
    TooLargeForDocumentRules,
}

impl Gap {
    /// Whether something failed, which makes a scan end with an error; otherwise it was limited by design.
    pub const fn failed(self) -> bool {
        matches!(self, Self::Unreadable | Self::Vanished | Self::Shrank)
    }

    /// The word for it in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Vanished => "vanished",
            Self::Shrank => "shrank",
            Self::Excluded => "excluded",
            Self::Special => "special",
            Self::Symlink => "symlink",
            Self::GitDir => "git-dir",
            Self::TooLargeForDocumentRules => "too-large-for-document-rules",
        }
    }
}

/// A document of which candidates become findings.
#[derive(Debug, Clone)]
pub(crate) struct Document<'a> {
    /// Its path, as findings write it.
    pub(crate) path: &'a str,
    pub(crate) source: Source,
    pub(crate) root: Option<&'a str>,
    pub(crate) git: Option<GitPlace>,
    pub(crate) ignored: bool,
}

/// Bytes of a document around some candidates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Excerpt<'a> {
    pub(crate) bytes: &'a [u8],
    /// Where in the document the bytes start; a line starts there, or the document.
    pub(crate) offset: u64,
    /// The number of the line that starts there.
    pub(crate) line: u64,
}

/// Turns resolved candidates, in order of place, into findings. The candidates' offsets are those of the excerpt. Candidates that
/// do not reach low confidence at this path are left out.
pub(crate) fn findings(control: &Control<'_>, document: &Document<'_>, excerpt: Excerpt<'_>, candidates: &[Candidate]) -> Vec<Finding> {
    let class = PathClass::of(document.path);
    let mut lines = Lines::new(excerpt.bytes, excerpt.line);
    let mut findings = Vec::new();
    let mut allowances = allow::Allowances::default();
    for candidate in candidates {
        let location = lines.locate(&candidate.secret);
        let line = lines.line_around(candidate.secret.start, allow::LINE);
        let Some(mut finding) = finding(control, document, excerpt, candidate, location, class) else { continue };
        let texts = (&excerpt.bytes[line.start..candidate.secret.start], excerpt.bytes.get(candidate.secret.end..line.end).unwrap_or_default());
        finding.line_hash = allow::line_hash(&finding, texts);
        allowances.note(findings.len(), &finding, line.start, texts);
        findings.push(finding);
    }
    allowances.apply(&mut findings);
    findings
}

fn finding(
    control: &Control<'_>,
    document: &Document<'_>,
    excerpt: Excerpt<'_>,
    candidate: &Candidate,
    location: stanch_model::Location,
    class: PathClass,
) -> Option<Finding> {
    let rule = &control.engine.rules()[candidate.rule];
    let verdict = &candidate.verdict;
    let (confidence, reason) = place(verdict.score, class, rule);
    let confidence = confidence?;
    let bytes = excerpt.bytes.get(candidate.secret.clone())?;
    let secret = candidate.secret(excerpt.bytes);
    let mut reasons = verdict.reasons.clone();
    let score = verdict.score + reason.as_ref().map_or(0, |r| r.points);
    reasons.extend(reason);
    let companions = candidate.companions.iter().filter_map(|(other, span)| {
        let bytes = excerpt.bytes.get(span.clone())?;
        let before = excerpt.bytes.get(..span.start)?;
        Some(Companion {
            rule: RuleId::new(control.engine.rules()[*other].id.clone()),
            fingerprint: control.key.fingerprint(&normalise(bytes)),
            line: excerpt.line + memchr::memchr_iter(b'\n', before).count() as u64,
        })
    });
    Some(Finding {
        rule: RuleId::new(rule.id.clone()),
        title: rule.title.clone(),
        provider: rule.provider.clone(),
        category: rule.category,
        sensitivity: rule.sensitivity,
        severity: rule.severity,
        confidence,
        fingerprint: control.key.fingerprint(&normalise(bytes)),
        preview: secret.preview(rule.public_prefix(bytes).len()),
        secret,
        path: document.path.to_owned(),
        location,
        locator: Locator {
            source: document.source,
            root: document.root.map(ToOwned::to_owned),
            blob: document.git.as_ref().map(|git| git.blob.clone()),
            start: excerpt.offset + candidate.secret.start as u64,
            end: excerpt.offset + candidate.secret.end as u64,
            decode: Vec::new(),
        },
        git: document.git.clone(),
        ignored: document.ignored,
        in_head: None,
        evidence: Evidence {
            score,
            entropy: if verdict.entropy > 0.0 { verdict.entropy } else { crate::evidence::entropy::shannon(bytes) },
            checksum: verdict.checksum,
            context: verdict.context.iter().map(ToString::to_string).collect(),
            facts: verdict.facts.clone(),
            decoded: Vec::new(),
            truncated: candidate.truncated,
            reasons,
            companions: companions.collect(),
        },
        verification: Verification::NotAttempted,
        suppression: None,
        line_hash: String::new(),
    })
}

/// Orders findings as every report does: by path, place and rule; never by anything keyed.
pub fn sort_findings(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let place = |f: &Finding| (f.locator.start, f.locator.end);
        a.path.cmp(&b.path).then_with(|| place(a).cmp(&place(b))).then_with(|| a.rule.cmp(&b.rule))
    });
}
