//! Scans what holds text: blobs, and the messages of commits and tags. On the way the links of commits and tags are noted.
//!
//! Under which paths a blob stands is not known yet, so of a blob only *sightings* are kept: which credential, by which rule, with which
//! score. The findings are made when the paths are known.

use std::collections::HashMap;
use std::io::Read;

use gix::ObjectId;
use stanch_model::{Finding, Fingerprint, GitPlace, Source};
use stanch_rules::{Rule, normalise};

use crate::allow;
use crate::engine::{Candidate, Scratch};
use crate::hits::{Hits, Origin, SHORTEST_COPY};
use crate::lines::Lines;
use crate::place::{MOST_BELIEVED, PathClass, place};
use crate::scan::{Control, Document, Excerpt, Findings, Gap, findings};
use crate::source::described::{Links, describe, describe_tag, message_start, tag_target};
use crate::source::file::{Closed, closed};
use crate::source::git::entry::Kind;
use crate::source::git::graph::RawCommit;
use crate::source::git::store::{Number, Store};
use crate::source::git::walk::{Base, Object, Visit};
use crate::source::part::Sizes;
use crate::source::reader::scan_stream;

/// A credential in a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) fingerprint: Fingerprint,
    /// The index of the rule.
    pub(crate) rule: u32,
    /// What the bytes say, without the place.
    pub(crate) score: i16,
    /// Whether markers in the blob allow it, wherever it stands there.
    pub(crate) allowed: bool,
}

/// What one thread, or all of them, found.
#[derive(Default)]
pub(crate) struct Found {
    /// Blobs with credentials that may be reported.
    pub(crate) blobs: Vec<(Number, Vec<Sighting>)>,
    /// Credentials in messages.
    pub(crate) messages: Vec<(Number, Vec<Finding>)>,
    pub(crate) commits: Vec<RawCommit>,
    /// The annotated tags, and what they are of.
    pub(crate) tags: Vec<(Number, ObjectId)>,
    /// Objects that could not be decoded.
    pub(crate) failed: Vec<(Number, Closed)>,
    /// Objects that commits and tags name and that are not here.
    pub(crate) missing: Vec<ObjectId>,
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
}

/// Looks at objects for one thread.
pub(crate) struct Contents<'a> {
    control: &'a Control<'a>,
    store: &'a Store,
    root: &'a str,
    scratch: Scratch,
    hits: Hits,
    /// Those of objects that are done with, for their memory.
    spare: Vec<Hits>,
    pub(crate) found: Found,
}

impl Found {
    /// Takes over what another thread found.
    pub(crate) fn absorb(&mut self, mut other: Self) {
        self.blobs.append(&mut other.blobs);
        self.messages.append(&mut other.messages);
        self.commits.append(&mut other.commits);
        self.tags.append(&mut other.tags);
        self.failed.append(&mut other.failed);
        self.missing.append(&mut other.missing);
        self.objects += other.objects;
        self.bytes += other.bytes;
    }
}

impl<'a> Contents<'a> {
    pub(crate) fn new(control: &'a Control<'a>, store: &'a Store, root: &'a str) -> Self {
        Self {
            control,
            store,
            root,
            scratch: Scratch::default(),
            hits: Hits::default(),
            spare: Vec::new(),
            found: Found::default(),
        }
    }

    fn blob(&mut self, object: Object<'_>, base: Option<Base<'_, Hits>>) -> Option<Hits> {
        let engine = self.control.engine;
        let origin = base.map(|base| Origin { length: base.bytes.len(), hits: base.carried, runs: base.runs });
        self.hits.has_heirs = object.has_heirs;
        self.hits.find(engine, object.bytes, origin);
        let candidates = engine.scan_hits(object.bytes, &mut self.hits, &mut self.scratch);
        if !candidates.is_empty() {
            let sightings = sightings(self.control, object.bytes, candidates);
            if !sightings.is_empty() {
                self.found.blobs.push((object.number, sightings));
            }
        }
        object.has_heirs.then(|| self.hits.replaced_by(self.spare.pop().unwrap_or_default()))
    }

    fn commit(&mut self, number: Number, bytes: &[u8]) {
        let id = self.store.id(number);
        let links = Links::of(bytes);
        let mut here = |id: &ObjectId| {
            let number = self.store.number(id);
            if number.is_none() {
                self.found.missing.push(*id);
            }
            number
        };
        if links.tree.is_none() {
            self.found.failed.push((number, (Gap::Corrupt, "the commit names no tree".to_owned())));
        }
        let tree = links.tree.as_ref().and_then(&mut here);
        let parents = links.parents.iter().filter_map(here).collect();
        self.found.commits.push(RawCommit { number, tree, parents, time: links.committed });
        self.message(number, &format!("commit/{id}"), bytes, || describe(&id, bytes));
    }

    fn tag(&mut self, number: Number, bytes: &[u8]) {
        let id = self.store.id(number);
        match tag_target(bytes) {
            Some(target) => self.found.tags.push((number, target)),
            None => self.found.failed.push((number, (Gap::Corrupt, "the tag names no object".to_owned()))),
        }
        self.message(number, &format!("tag/{id}"), bytes, || describe_tag(&id, bytes));
    }

    /// Lines count from the first one of the message, bytes from the start of the object.
    fn message(&mut self, number: Number, path: &str, bytes: &[u8], place: impl FnOnce() -> GitPlace) {
        let start = message_start(bytes);
        let message = bytes.get(start..).unwrap_or_default();
        let candidates = self.control.engine.scan(message, &mut self.scratch);
        if candidates.is_empty() {
            return;
        }
        let candidates: Vec<Candidate> = candidates.iter().map(|candidate| moved(candidate, start)).collect();
        let git = Some(place());
        let document = Document { path, source: Source::Object, root: Some(self.root), git, ignored: false };
        let mut findings = Findings::new(*self.control, document);
        findings.add(&[Excerpt { bytes: message, offset: start, line: 1, column: 1 }], &candidates);
        let findings = findings.finish();
        if !findings.is_empty() {
            self.found.messages.push((number, findings));
        }
    }
}

impl Visit for Contents<'_> {
    type Carried = Hits;
    const SHORTEST_COPY: usize = SHORTEST_COPY;

    fn weight(carried: &Hits) -> usize {
        carried.weight()
    }

    fn object(&mut self, object: Object<'_>, base: Option<Base<'_, Hits>>) -> Option<Hits> {
        self.found.objects += 1;
        self.found.bytes += object.bytes.len() as u64;
        self.control.events.scanned(1, object.bytes.len() as u64);
        match object.kind {
            Kind::Blob => return self.blob(object, base),
            Kind::Commit => self.commit(object.number, object.bytes),
            Kind::Tag => self.tag(object.number, object.bytes),
            Kind::Tree => {}
        }
        None
    }

    fn recycle(&mut self, carried: Hits) {
        const MOST_SPARE: usize = 8;
        const MOST_BYTES: usize = 256 << 10;
        if self.spare.len() < MOST_SPARE && carried.weight() <= MOST_BYTES {
            self.spare.push(carried);
        }
    }

    fn stream(&mut self, number: Number, _size: u64, content: &mut dyn Read) -> Result<(), Closed> {
        let streamed = stream(self.control, content, MOST_BELIEVED, self.root, None, &mut self.scratch);
        self.found.objects += 1;
        self.found.bytes += streamed.bytes;
        self.control.events.scanned(1, 0);
        let sightings = collected(streamed.findings.iter().map(|finding| self.sighting(finding)).collect());
        if !sightings.is_empty() {
            self.found.blobs.push((number, sightings));
        }
        match streamed.error {
            Some(error) if error.kind() == std::io::ErrorKind::InvalidData => Err((Gap::Corrupt, error.to_string())),
            Some(error) => Err(closed(&error)),
            None if streamed.cut => Err((Gap::TooLargeForDocumentRules, String::new())),
            None => Ok(()),
        }
    }

    fn failed(&mut self, number: Number, gap: Closed) {
        self.found.failed.push((number, gap));
    }
}

impl Contents<'_> {
    /// What a finding at the path that is believed most says of a blob.
    fn sighting(&self, finding: &Finding) -> Sighting {
        let rules: &[Rule] = self.control.engine.rules();
        let rule = rules.iter().position(|rule| rule.id == finding.rule.as_str()).unwrap_or_default();
        let points = rules.get(rule).map_or(0, |rule| PathClass::of(MOST_BELIEVED).points(rule));
        Sighting {
            fingerprint: finding.fingerprint,
            rule: rule as u32,
            score: finding.evidence.score - points,
            allowed: finding.suppression.is_some(),
        }
    }
}

/// Scans a blob that is too large to be held.
pub(crate) fn stream(
    control: &Control<'_>,
    content: &mut dyn Read,
    path: &str,
    root: &str,
    git: Option<GitPlace>,
    scratch: &mut Scratch,
) -> crate::source::reader::Streamed {
    let document = Document { path, source: Source::Object, root: Some(root), git, ignored: false };
    scan_stream(control, content, document, Sizes::of(control.engine), scratch)
}

/// The credentials of a blob.
fn sightings(control: &Control<'_>, bytes: &[u8], candidates: &[Candidate]) -> Vec<Sighting> {
    let lines = Lines::new(bytes, 1, 1);
    let rules: &[Rule] = control.engine.rules();
    let best = PathClass::of(MOST_BELIEVED);
    let mut marked = false;
    let mut all = Vec::new();
    for candidate in candidates {
        let Some(secret) = bytes.get(candidate.secret.clone()) else { continue };
        let believed = rules.get(candidate.rule).and_then(|rule| place(candidate.verdict.score, best, rule).0);
        if believed.is_none() {
            continue;
        }
        let line = lines.line_around(candidate.secret.start, allow::LINE);
        marked |= allow::has_marker(bytes.get(line).unwrap_or_default());
        all.push(Sighting {
            fingerprint: control.key.fingerprint(&normalise(secret)),
            rule: candidate.rule as u32,
            score: candidate.verdict.score,
            allowed: false,
        });
    }
    if marked {
        // Which credential a marker is for takes all that is on its line.
        let document = Document { path: MOST_BELIEVED, source: Source::Object, root: None, git: None, ignored: false };
        let open: Vec<Finding> = findings(control, &document, bytes, candidates);
        for sighting in &mut all {
            let mut same = open.iter().filter(|finding| finding.fingerprint == sighting.fingerprint).peekable();
            sighting.allowed = same.peek().is_some() && same.all(|finding| finding.suppression.is_some());
        }
    }
    collected(all)
}

/// One sighting for each credential and rule, with the best score.
fn collected(all: Vec<Sighting>) -> Vec<Sighting> {
    let mut best: HashMap<(Fingerprint, u32), usize> = HashMap::new();
    let mut kept: Vec<Sighting> = Vec::new();
    for sighting in all {
        let at = *best.entry((sighting.fingerprint, sighting.rule)).or_insert(kept.len());
        match kept.get_mut(at) {
            Some(known) => {
                known.score = known.score.max(sighting.score);
                known.allowed &= sighting.allowed;
            }
            None => kept.push(sighting),
        }
    }
    kept
}

/// A candidate, so many bytes further on.
fn moved(candidate: &Candidate, by: usize) -> Candidate {
    let shift = |range: &std::ops::Range<usize>| range.start + by..range.end + by;
    Candidate {
        span: shift(&candidate.span),
        secret: shift(&candidate.secret),
        companions: candidate.companions.iter().map(|(rule, span)| (*rule, shift(span))).collect(),
        ..candidate.clone()
    }
}
