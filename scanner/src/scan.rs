//! What every source of a scan shares: its control, its outcome, its ledger, and how a candidate becomes a finding.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use stanch_model::{
    Companion, Evidence, Finding, FingerprintKey, GitPlace, Location, Locator, RuleId, Secret, Source, Verification,
};
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

impl Outcome {
    /// Takes over what another target or part gave.
    pub fn absorb(&mut self, other: Self) {
        self.findings.extend(other.findings);
        let Coverage { objects, commits, files, bytes, notes, interrupted } = other.coverage;
        self.coverage.objects += objects;
        self.coverage.commits += commits;
        self.coverage.files += files;
        self.coverage.bytes += bytes;
        self.coverage.notes.extend(notes);
        self.coverage.interrupted |= interrupted;
    }
}

/// The ledger: nothing is skipped in silence.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Objects of repositories that were decoded, of every kind.
    pub objects: u64,
    /// Commits whose changes and messages were scanned.
    pub commits: u64,
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
    /// An object of a repository that is too large to be held in memory.
    TooLarge,
    /// An object that a partial clone leaves with its remote.
    Promised,
    /// An object, pack or index that is damaged.
    Corrupt,
    /// An object that others name and that is not there.
    Missing,
    /// Commits before this one are cut off: the clone is shallow.
    Shallow,
    /// The repository pretends other parents or objects than the true ones, which are what is scanned.
    Grafted,
    /// Refs cannot be read, so what they reach is not known.
    NoRefs,
}

impl Gap {
    /// Whether something failed, which makes a scan end with an error; otherwise it was limited by design.
    pub const fn failed(self) -> bool {
        matches!(self, Self::Unreadable | Self::Vanished | Self::Shrank | Self::Corrupt | Self::Missing)
    }

    /// Whether something that belongs to the target was left out. Git's own data is no part of a tree, and what a link points to is
    /// scanned where it stands.
    pub const fn limits(self) -> bool {
        !matches!(self, Self::GitDir | Self::Symlink | Self::Grafted)
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
            Self::TooLarge => "too-large",
            Self::Promised => "promised",
            Self::Corrupt => "corrupt",
            Self::Missing => "missing",
            Self::Shallow => "shallow",
            Self::Grafted => "grafted",
            Self::NoRefs => "no-refs",
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

/// A document's bytes around some candidates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Excerpt<'a> {
    pub(crate) bytes: &'a [u8],
    /// Where in the document the bytes start. A code point may start there.
    pub(crate) offset: usize,
    /// The line and column of the first byte.
    pub(crate) line: u64,
    pub(crate) column: u64,
}

impl<'a> Excerpt<'a> {
    /// A document that is there as a whole.
    pub(crate) const fn whole(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0, line: 1, column: 1 }
    }

    /// A range of the document as one of the bytes, if all of it is here.
    fn local(&self, range: &Range<usize>) -> Option<Range<usize>> {
        let (start, end) = (range.start.checked_sub(self.offset)?, range.end.checked_sub(self.offset)?);
        (start <= end && end <= self.bytes.len()).then_some(start..end)
    }
}

/// The findings of one document. Candidates that do not reach low confidence at its path are left out.
pub(crate) struct Findings<'a> {
    control: Control<'a>,
    document: Document<'a>,
    class: PathClass,
    found: Vec<Finding>,
    allowances: allow::Allowances,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(control: Control<'a>, document: Document<'a>) -> Self {
        let class = PathClass::of(document.path);
        Self { control, document, class, found: Vec::new(), allowances: allow::Allowances::default() }
    }

    /// Adds resolved candidates, in order of place and after those added before. The excerpts, in order of place, hold each
    /// candidate's secret with what [`allow::LINE`] asks for around it; offsets are those of the document.
    pub(crate) fn add(&mut self, excerpts: &[Excerpt<'_>], candidates: &[Candidate]) {
        let mut rest = candidates;
        for (at, excerpt) in excerpts.iter().enumerate() {
            let next = excerpts.get(at + 1).map_or(usize::MAX, |next| next.offset);
            let (here, after) = rest.split_at(rest.partition_point(|candidate| candidate.secret.start < next));
            rest = after;
            let mut lines = Lines::new(excerpt.bytes, excerpt.line, excerpt.column);
            for candidate in here {
                self.add_one(excerpts, excerpt, &mut lines, candidate);
            }
        }
    }

    fn add_one(
        &mut self,
        excerpts: &[Excerpt<'_>],
        excerpt: &Excerpt<'_>,
        lines: &mut Lines<'_>,
        candidate: &Candidate,
    ) {
        let Some(secret) = excerpt.local(&candidate.secret) else { return };
        let location = lines.locate(&secret);
        let line = lines.line_around(secret.start, allow::LINE);
        let place = Place { excerpts, excerpt, location, class: self.class };
        let Some(mut finding) = finding(&self.control, &self.document, &place, candidate) else { return };
        let before = excerpt.bytes.get(line.start..secret.start).unwrap_or_default();
        let after = excerpt.bytes.get(secret.end..line.end).unwrap_or_default();
        finding.line_hash = allow::line_hash(&finding, before);
        self.allowances.note(self.found.len(), &finding, (before, after));
        self.found.push(finding);
    }

    /// All findings, with the markers on their lines applied.
    pub(crate) fn finish(mut self) -> Vec<Finding> {
        self.allowances.apply(&mut self.found);
        self.found
    }
}

/// Turns the resolved candidates of a whole document, in order of place, into findings.
pub(crate) fn findings(
    control: &Control<'_>,
    document: &Document<'_>,
    bytes: &[u8],
    candidates: &[Candidate],
) -> Vec<Finding> {
    if candidates.is_empty() {
        return Vec::new();
    }
    let mut findings = Findings::new(*control, document.clone());
    findings.add(&[Excerpt::whole(bytes)], candidates);
    findings.finish()
}

/// Where a candidate stands.
struct Place<'a> {
    excerpts: &'a [Excerpt<'a>],
    /// The one that it stands in.
    excerpt: &'a Excerpt<'a>,
    location: Location,
    class: PathClass,
}

impl Place<'_> {
    /// A companion, which may stand in another excerpt.
    fn companion(
        &self,
        control: &Control<'_>,
        candidate: &Candidate,
        rule: usize,
        span: &Range<usize>,
    ) -> Option<Companion> {
        let at = self.excerpts.partition_point(|excerpt| excerpt.offset <= span.start).checked_sub(1)?;
        let excerpt = self.excerpts.get(at)?;
        let bytes = excerpt.bytes.get(excerpt.local(span)?)?;
        let newlines = |range: Range<usize>| {
            let between = excerpt.local(&range).and_then(|range| excerpt.bytes.get(range)).unwrap_or_default();
            memchr::memchr_iter(b'\n', between).count() as u64
        };
        let secret = &candidate.secret;
        // In the same excerpt only what stands between is looked at: an excerpt may be a whole document.
        let line = match (excerpt.offset == self.excerpt.offset, span.start >= secret.start) {
            (true, true) => self.location.line + newlines(secret.start..span.start),
            (true, false) => self.location.line.saturating_sub(newlines(span.start..secret.start)),
            (false, _) => excerpt.line + newlines(excerpt.offset..span.start),
        };
        let rule = &control.engine.rules()[rule];
        Some(Companion {
            rule: RuleId::new(rule.id.clone()),
            fingerprint: control.key.fingerprint(&normalise(bytes)),
            line,
        })
    }
}

fn finding(control: &Control<'_>, document: &Document<'_>, at: &Place<'_>, candidate: &Candidate) -> Option<Finding> {
    let rule = &control.engine.rules()[candidate.rule];
    let verdict = &candidate.verdict;
    let (confidence, reason) = place(verdict.score, at.class, rule);
    let confidence = confidence?;
    let bytes = at.excerpt.bytes.get(at.excerpt.local(&candidate.secret)?)?;
    let secret = Secret::new(bytes.to_vec());
    let mut reasons = verdict.reasons.clone();
    let score = verdict.score + reason.as_ref().map_or(0, |r| r.points);
    reasons.extend(reason);
    let companions =
        candidate.companions.iter().filter_map(|(other, span)| at.companion(control, candidate, *other, span));
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
        location: at.location,
        locator: Locator {
            source: document.source,
            root: document.root.map(ToOwned::to_owned),
            blob: document.git.as_ref().map(|git| git.blob.clone()),
            start: candidate.secret.start as u64,
            end: candidate.secret.end as u64,
            decode: Vec::new(),
        },
        git: document.git.clone(),
        ignored: document.ignored,
        in_head: None,
        permalink: None,
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

/// Orders findings as every report does: by path, place, rule and object; never by anything keyed.
pub fn sort_findings(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let place = |f: &Finding| (f.locator.start, f.locator.end);
        a.path
            .cmp(&b.path)
            .then_with(|| place(a).cmp(&place(b)))
            .then_with(|| a.rule.cmp(&b.rule))
            .then_with(|| a.git.cmp(&b.git))
    });
}
