//! The outcome of a scan, kept to be told again. Of each finding everything is kept but the secret, which is read from its place anew.

use std::collections::HashMap;
use std::io::Read;

use gix::ObjectId;
use stanch_model::{
    Checksum, Companion, Confidence, Evidence, Fact, Finding, Fingerprint, GitPlace, Location, Locator, ObjectKind,
    Reason, RuleId, Secret, Source, Suppression, SuppressionKind, Verification,
};
use stanch_rules::{Rule, RuleSet, normalise};

use crate::scan::{Control, Coverage, Gap, Note, Outcome};
use crate::source::git::state::bytes::{In, Out, Stored};
use crate::source::git::store::{Buffers, Store};

/// What is larger is read as a stream.
const MOST_HELD: u64 = 64 << 20;

/// A finding without its secret, and what else of an outcome is told again.
pub(super) struct Answer {
    /// What the outcome depends on, in a few bytes.
    circumstances: [u8; 32],
    findings: Vec<Finding>,
    coverage: Coverage,
}

/// Writes an outcome; none if it has something that cannot be kept.
pub(super) fn write(circumstances: &[u8; 32], outcome: &Outcome) -> Option<Vec<u8>> {
    let mut out = Out::default();
    circumstances.write(&mut out);
    (outcome.findings.len() as u64).write(&mut out);
    outcome.findings.iter().try_for_each(|finding| write_finding(finding, &mut out))?;
    write_coverage(&outcome.coverage, &mut out)?;
    Some(out.0)
}

impl Answer {
    /// Reads what [`write`] wrote. Findings are those of a repository that is named `root` now.
    pub(super) fn read(bytes: &[u8], rules: &RuleSet, root: &str) -> Option<Self> {
        let mut from = In(bytes);
        let circumstances = Stored::read(&mut from)?;
        let count = from.length(1)?;
        let mut findings = Vec::new();
        for _ in 0..count {
            findings.push(read_finding(&mut from, rules, root)?);
        }
        let coverage = read_coverage(&mut from)?;
        from.is_empty().then_some(Self { circumstances, findings, coverage })
    }

    /// How many findings it has.
    #[cfg(fuzzing)]
    pub(super) fn len(&self) -> usize {
        self.findings.len()
    }

    /// Whether it is the answer to what is asked now.
    pub(super) fn is_of(&self, circumstances: &[u8; 32]) -> bool {
        self.circumstances == *circumstances
    }

    /// The outcome with its secrets, each read from its object; none if one of them is not there any more.
    pub(super) fn tell(mut self, control: &Control<'_>, store: &Store) -> Option<Outcome> {
        let mut by_object: HashMap<ObjectId, Vec<&mut Finding>> = HashMap::new();
        for finding in &mut self.findings {
            let id = ObjectId::from_hex(finding.locator.blob.as_ref()?.as_bytes()).ok()?;
            by_object.entry(id).or_default().push(finding);
        }
        let mut objects: Vec<(ObjectId, Vec<&mut Finding>)> = by_object.into_iter().collect();
        // A part for each thread.
        let part = objects.len().div_ceil(control.jobs.max(1)).max(1);
        let all = std::thread::scope(|scope| {
            let parts: Vec<_> =
                objects.chunks_mut(part).map(|part| scope.spawn(move || fill_all(control, store, part))).collect();
            parts.into_iter().all(|part| matches!(part.join(), Ok(Some(()))))
        });
        all.then_some(Outcome { findings: self.findings, coverage: self.coverage })
    }
}

fn fill_all(control: &Control<'_>, store: &Store, objects: &mut [(ObjectId, Vec<&mut Finding>)]) -> Option<()> {
    let (mut buffers, mut bytes) = (Buffers::default(), Vec::new());
    for (id, findings) in objects {
        match store.read(id, MOST_HELD, &mut buffers, &mut bytes) {
            Ok(_) => findings.iter_mut().try_for_each(|finding| {
                let (start, end) = (finding.locator.start as usize, finding.locator.end as usize);
                fill(control, finding, bytes.get(start..end)?)
            })?,
            Err((Gap::TooLarge, _)) => findings.iter_mut().try_for_each(|finding| {
                let secret = streamed(store, id, &finding.locator)?;
                fill(control, finding, &secret)
            })?,
            Err(_) => return None,
        }
    }
    Some(())
}

/// The bytes at a place of an object that is too large to be held.
fn streamed(store: &Store, id: &ObjectId, at: &Locator) -> Option<Vec<u8>> {
    let length = at.end.checked_sub(at.start).filter(|length| *length <= MOST_HELD)?;
    let mut content = store.stream(id).ok()?;
    std::io::copy(&mut content.by_ref().take(at.start), &mut std::io::sink()).ok()?;
    let mut secret = Vec::new();
    content.take(length).read_to_end(&mut secret).ok()?;
    (secret.len() as u64 == length).then_some(secret)
}

/// Puts the secret into its finding, if it is the one.
fn fill(control: &Control<'_>, finding: &mut Finding, bytes: &[u8]) -> Option<()> {
    let rule = control.engine.rules().get(finding.rule.as_str())?;
    if control.key.fingerprint(&normalise(bytes)) != finding.fingerprint {
        return None;
    }
    finding.secret = Secret::new(bytes.to_vec());
    finding.preview = finding.secret.preview(rule.public_prefix(bytes).len());
    Some(())
}

fn write_finding(finding: &Finding, out: &mut Out) -> Option<()> {
    let git = finding.git.as_ref()?;
    // What stands behind a decoding, in a file or with a provider's answer is nothing that a history has.
    let plain = finding.locator.source == Source::Object
        && finding.locator.decode.is_empty()
        && finding.verification == Verification::NotAttempted
        && !finding.ignored;
    if !plain {
        return None;
    }
    finding.rule.as_str().to_owned().write(out);
    place_in(Confidence::ALL, &finding.confidence)?.write(out);
    finding.fingerprint.write(out);
    finding.path.write(out);
    finding.location.write(out);
    finding.locator.blob.write(out);
    finding.locator.start.write(out);
    finding.locator.end.write(out);
    git.write(out);
    finding.in_head.write(out);
    finding.permalink.write(out);
    finding.evidence.write(out);
    finding.suppression.write(out);
    finding.line_hash.write(out);
    Some(())
}

fn read_finding(from: &mut In<'_>, rules: &RuleSet, root: &str) -> Option<Finding> {
    let rule: &Rule = rules.get(&String::read(from)?)?;
    Some(Finding {
        rule: RuleId::new(rule.id.clone()),
        title: rule.title.clone(),
        provider: rule.provider.clone(),
        category: rule.category,
        sensitivity: rule.sensitivity,
        severity: rule.severity,
        confidence: member(Confidence::ALL, from)?,
        fingerprint: Stored::read(from)?,
        secret: Secret::new(Vec::new()),
        preview: String::new(),
        path: Stored::read(from)?,
        location: Stored::read(from)?,
        locator: Locator {
            source: Source::Object,
            root: Some(root.to_owned()),
            blob: Stored::read(from)?,
            start: Stored::read(from)?,
            end: Stored::read(from)?,
            decode: Vec::new(),
        },
        git: Some(Stored::read(from)?),
        ignored: false,
        in_head: Stored::read(from)?,
        permalink: Stored::read(from)?,
        evidence: Stored::read(from)?,
        verification: Verification::NotAttempted,
        suppression: Stored::read(from)?,
        line_hash: Stored::read(from)?,
    })
}

/// Every gap that an answer can tell of.
const GAPS: &[Gap] = &[
    Gap::Unreadable,
    Gap::Vanished,
    Gap::Shrank,
    Gap::Excluded,
    Gap::Special,
    Gap::Symlink,
    Gap::GitDir,
    Gap::TooLargeForDocumentRules,
    Gap::TooLarge,
    Gap::Promised,
    Gap::Corrupt,
    Gap::Missing,
    Gap::Shallow,
    Gap::Grafted,
    Gap::NoRefs,
];

fn write_coverage(coverage: &Coverage, out: &mut Out) -> Option<()> {
    let Coverage { objects, commits, files, bytes, notes, interrupted: false } = coverage else { return None };
    for number in [objects, commits, files, bytes] {
        number.write(out);
    }
    (notes.len() as u64).write(out);
    for note in notes {
        note.path.write(out);
        place_in(GAPS, &note.gap)?.write(out);
        note.detail.write(out);
    }
    Some(())
}

fn read_coverage(from: &mut In<'_>) -> Option<Coverage> {
    let mut coverage = Coverage {
        objects: Stored::read(from)?,
        commits: Stored::read(from)?,
        files: Stored::read(from)?,
        bytes: Stored::read(from)?,
        ..Coverage::default()
    };
    for _ in 0..from.length(1)? {
        let note = Note { path: Stored::read(from)?, gap: member(GAPS, from)?, detail: Stored::read(from)? };
        coverage.notes.push(note);
    }
    Some(coverage)
}

/// The place of a value among all that there are.
fn place_in<T: PartialEq>(all: &[T], value: &T) -> Option<u8> {
    all.iter().position(|other| other == value).and_then(|at| u8::try_from(at).ok())
}

fn member<T: Copy>(all: &[T], from: &mut In<'_>) -> Option<T> {
    all.get(usize::from(u8::read(from)?)).copied()
}

impl Stored for Fingerprint {
    fn write(&self, out: &mut Out) {
        self.as_bytes().write(out);
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        Stored::read(from).map(Self::from_bytes)
    }
}

impl Stored for Location {
    fn write(&self, out: &mut Out) {
        for number in [self.line, self.column, self.end_line, self.end_column] {
            number.write(out);
        }
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        Some(Self {
            line: Stored::read(from)?,
            column: Stored::read(from)?,
            end_line: Stored::read(from)?,
            end_column: Stored::read(from)?,
        })
    }
}

const OBJECT_KINDS: &[ObjectKind] = &[ObjectKind::Blob, ObjectKind::Commit, ObjectKind::Tag];

impl Stored for GitPlace {
    fn write(&self, out: &mut Out) {
        place_in(OBJECT_KINDS, &self.object).unwrap_or(u8::MAX).write(out);
        self.blob.write(out);
        for text in [&self.commit, &self.author, &self.email, &self.date] {
            text.write(out);
        }
        for text in [&self.committer, &self.committer_email, &self.committed, &self.subject] {
            text.write(out);
        }
        self.reachable.write(out);
        self.refs.write(out);
        self.more_refs.write(out);
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        Some(Self {
            object: member(OBJECT_KINDS, from)?,
            blob: Stored::read(from)?,
            commit: Stored::read(from)?,
            author: Stored::read(from)?,
            email: Stored::read(from)?,
            date: Stored::read(from)?,
            committer: Stored::read(from)?,
            committer_email: Stored::read(from)?,
            committed: Stored::read(from)?,
            subject: Stored::read(from)?,
            reachable: Stored::read(from)?,
            refs: Stored::read(from)?,
            more_refs: Stored::read(from)?,
        })
    }
}

impl Stored for Checksum {
    fn write(&self, out: &mut Out) {
        (*self as u8).write(out);
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        member(&[Self::Valid, Self::Invalid, Self::Absent], from)
    }
}

impl Stored for Fact {
    fn write(&self, out: &mut Out) {
        out.bytes(self.name.as_bytes());
        self.value.write(out);
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        Some(Self { name: String::read(from)?.into(), value: Stored::read(from)? })
    }
}

impl Stored for Reason {
    fn write(&self, out: &mut Out) {
        self.points.write(out);
        out.bytes(self.text.as_bytes());
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        Some(Self { points: Stored::read(from)?, text: String::read(from)?.into() })
    }
}

impl Stored for Companion {
    fn write(&self, out: &mut Out) {
        out.bytes(self.rule.as_str().as_bytes());
        self.fingerprint.write(out);
        self.line.write(out);
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        Some(Self {
            rule: RuleId::new(String::read(from)?),
            fingerprint: Stored::read(from)?,
            line: Stored::read(from)?,
        })
    }
}

impl Stored for Evidence {
    fn write(&self, out: &mut Out) {
        self.score.write(out);
        self.entropy.write(out);
        self.checksum.write(out);
        self.context.write(out);
        self.facts.write(out);
        self.decoded.write(out);
        self.truncated.write(out);
        self.reasons.write(out);
        self.companions.write(out);
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        Some(Self {
            score: Stored::read(from)?,
            entropy: Stored::read(from)?,
            checksum: Stored::read(from)?,
            context: Stored::read(from)?,
            facts: Stored::read(from)?,
            decoded: Stored::read(from)?,
            truncated: Stored::read(from)?,
            reasons: Stored::read(from)?,
            companions: Stored::read(from)?,
        })
    }
}

impl Stored for Suppression {
    fn write(&self, out: &mut Out) {
        (self.kind as u8).write(out);
        for text in [&self.reason, &self.owner, &self.expires] {
            text.write(out);
        }
    }

    fn read(from: &mut In<'_>) -> Option<Self> {
        Some(Self {
            kind: member(&[SuppressionKind::Inline, SuppressionKind::Ignored, SuppressionKind::Baseline], from)?,
            reason: Stored::read(from)?,
            owner: Stored::read(from)?,
            expires: Stored::read(from)?,
        })
    }
}
