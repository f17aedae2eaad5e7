//! Brings together what was seen in a repository and where it came from: the findings.

use std::cmp::Reverse;
use std::collections::HashMap;

use gix::ObjectId;
use gix::bstr::ByteSlice;
use stanch_model::{Finding, Fingerprint, GitPlace, ObjectKind, Source, Suppression, SuppressionKind};

use crate::engine::Scratch;
use crate::scan::{Control, Document, Gap, findings};
use crate::source::described::describe;
use crate::source::file::Closed;
use crate::source::git::contents::{Found, Sighting, stream};
use crate::source::git::graph::{CommitIndex, Graph};
use crate::source::git::ledger::Ledger;
use crate::source::git::provenance::{History, Introduction, Standing};
use crate::source::git::repository::Repository;
use crate::source::git::sieve::SievedTrees;
use crate::source::git::store::{Buffers, MOST_HEADER, Number, Store};
use crate::source::git::walk::Objects;

/// Brings what was seen, and where it came from, together.
pub(super) struct Tale<'a> {
    control: &'a Control<'a>,
    repository: &'a Repository,
    store: &'a Store,
    root: &'a str,
    sightings: HashMap<Number, Vec<Sighting>>,
    messages: Vec<(Number, Vec<Finding>)>,
    graph: Graph,
    tags: HashMap<Number, ObjectId>,
    buffers: Buffers,
    bytes: Vec<u8>,
    scratch: Scratch,
}

impl<'a> Tale<'a> {
    pub(super) fn new(
        control: &'a Control<'a>,
        repository: &'a Repository,
        objects: &'a Objects,
        root: &'a str,
        texts: Found,
    ) -> Self {
        Self {
            control,
            repository,
            store: &objects.store,
            root,
            sightings: texts.blobs.into_iter().collect(),
            messages: texts.messages,
            graph: Graph::new(texts.commits),
            tags: texts.tags.into_iter().collect(),
            buffers: Buffers::default(),
            bytes: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// The findings of a repository, or of a branch of it if one is named: each credential once a path, or every time that it came there.
    pub(super) fn tell(
        &mut self,
        trees: SievedTrees,
        branch: Option<ObjectId>,
        every: bool,
        ledger: &mut Ledger<'_>,
    ) -> Vec<Finding> {
        let tips: Vec<(String, Number)> = self
            .repository
            .tips
            .iter()
            .filter_map(|tip| Some((tip.name.clone(), self.store.number(&tip.target)?)))
            .collect();
        let commits: Vec<(&str, CommitIndex)> = tips
            .iter()
            .filter_map(|(name, number)| Some((name.as_str(), self.graph.find(self.peeled(*number))?)))
            .collect();
        let reachable = self.graph.reachable(commits.iter().map(|(_, commit)| *commit));
        let all = self.graph.order(self.store, &reachable);
        let mut order = all.clone();
        let within =
            branch.and_then(|id| self.graph.find(self.store.number(&id)?)).map(|tip| self.graph.reachable([tip]));
        if let Some(within) = &within {
            order.retain(|commit| within.get(*commit as usize).copied().unwrap_or_default());
        }
        let sightings = std::mem::take(&mut self.sightings);
        let graph = std::mem::take(&mut self.graph);
        let mut history = History::new(self.control, &graph, trees, &sightings);
        let mut introductions = history.introductions(&order, every);
        let head = self.repository.head.and_then(|id| graph.find(self.store.number(&id)?));
        let in_head = head.map(|head| history.of_commit(head));
        if within.is_none() {
            introductions.extend(history.of_trees(&self.named(&tips), &introductions));
        }
        if history.cut() {
            ledger.note("trees".to_owned(), (Gap::TooLarge, "too many paths".to_owned()));
        }
        let mut lost: Vec<Number> = sightings.keys().copied().filter(|blob| !history.placed.contains(blob)).collect();
        lost.sort_unstable();
        drop(history);
        self.graph = graph;
        let mut findings = self.of_blobs(introductions, &reachable, ledger);
        if within.is_none() {
            findings.extend(self.of_lost_blobs(&lost, &tips, ledger));
        }
        // What was not read yet may have it.
        let stopped = self.control.stopped();
        if !stopped {
            mark_head(&mut findings, in_head);
        }
        findings.extend(self.of_messages(&reachable, within.as_deref(), &tips));
        self.name_refs(&mut findings, &all, &commits);
        if stopped || self.repository.notes.iter().any(|note| note.gap == Gap::NoRefs) {
            // A ref that could not be read may reach it.
            let places = findings.iter_mut().filter_map(|finding| finding.git.as_mut());
            places.filter(|place| place.reachable == Some(false)).for_each(|place| place.reachable = None);
        }
        findings
    }

    /// What a tag is of in the end.
    fn peeled(&self, number: Number) -> Number {
        let mut number = number;
        // Tags of tags of tags end somewhere, or in a circle that only a damaged repository has.
        for _ in 0..64 {
            match self.tags.get(&number).and_then(|target| self.store.number(target)) {
                Some(target) => number = target,
                None => break,
            }
        }
        number
    }

    /// What refs are of in the end, in order, each with its refs.
    fn named(&self, tips: &[(String, Number)]) -> Vec<(Number, Vec<String>)> {
        let mut named: Vec<(Number, Vec<String>)> = Vec::new();
        let mut places = HashMap::new();
        for (name, number) in tips {
            let number = self.peeled(*number);
            let place = *places.entry(number).or_insert(named.len());
            match named.get_mut(place) {
                Some((_, names)) => names.push(name.clone()),
                None => named.push((number, vec![name.clone()])),
            }
        }
        named
    }

    /// Looks at the blobs once more, now under their paths.
    fn of_blobs(
        &mut self,
        mut introductions: Vec<Introduction>,
        reachable: &[bool],
        ledger: &mut Ledger<'_>,
    ) -> Vec<Finding> {
        introductions.sort_by(|a, b| (a.blob, &a.path, a.commit).cmp(&(b.blob, &b.path, b.commit)));
        let mut places: HashMap<CommitIndex, GitPlace> = HashMap::new();
        let mut findings = Vec::new();
        for same in introductions.chunk_by(|a, b| (a.blob, &a.path) == (b.blob, &b.path)) {
            let Some(first) = same.first() else { continue };
            let path = first.path.to_str_lossy();
            let there = match self.scan_at(first.blob, &path) {
                Ok(there) => best_of(there),
                Err(gap) => {
                    ledger.note(format!("object/{}", self.store.id(first.blob)), gap);
                    continue;
                }
            };
            for introduction in same {
                let git = match introduction.commit {
                    Some(commit) => places.entry(commit).or_insert_with(|| self.describe(commit, reachable)).clone(),
                    None => named_by(&introduction.refs),
                };
                let Some(best) = there.get(&introduction.fingerprint) else { continue };
                let blob = self.store.id(introduction.blob).to_string();
                findings.push(
                    self.linked(Finding {
                        git: Some(GitPlace { object: ObjectKind::Blob, blob, ..git }),
                        ..best.clone()
                    }),
                );
            }
        }
        findings
    }

    /// Blobs that no commit has: dangling ones, those of the index, and what a tag is of.
    fn of_lost_blobs(&mut self, lost: &[Number], tips: &[(String, Number)], ledger: &mut Ledger<'_>) -> Vec<Finding> {
        let named: HashMap<Number, Vec<String>> = self.named(tips).into_iter().collect();
        // A tree that is not here may have them.
        let sure = !ledger.lacks_objects();
        let mut findings = Vec::new();
        for blob in lost {
            let id = self.store.id(*blob);
            match self.scan_at(*blob, &format!("blob/{id}")) {
                Ok(there) => {
                    let refs = named.get(blob).map(Vec::as_slice).unwrap_or_default();
                    let place = named_by(refs);
                    let reachable = place.reachable.filter(|reachable| *reachable || sure);
                    let git = GitPlace { blob: id.to_string(), reachable, ..place };
                    let there = best_of(there).into_values();
                    findings.extend(there.map(|finding| Finding { git: Some(git.clone()), ..finding }));
                }
                Err(gap) => ledger.note(format!("object/{id}"), gap),
            }
        }
        findings
    }

    fn scan_at(&mut self, blob: Number, path: &str) -> Result<Vec<Finding>, Closed> {
        /// What is larger is read as a stream.
        const MOST_HELD: u64 = 64 << 20;
        let id = self.store.id(blob);
        let git = Some(GitPlace { blob: id.to_string(), ..GitPlace::default() });
        match self.store.read(&id, MOST_HELD, &mut self.buffers, &mut self.bytes) {
            Ok(_) => {
                let document = Document { path, source: Source::Object, root: Some(self.root), git, ignored: false };
                let candidates = self.control.engine.scan(&self.bytes, &mut self.scratch);
                Ok(findings(self.control, &document, &self.bytes, candidates))
            }
            Err((Gap::TooLarge, _)) => {
                let mut content = self.store.stream(&id)?;
                Ok(stream(self.control, &mut content, path, self.root, git, &mut self.scratch).findings)
            }
            Err(gap) => Err(gap),
        }
    }

    /// Who made a commit, and when.
    fn describe(&mut self, commit: CommitIndex, reachable: &[bool]) -> GitPlace {
        let id = self.graph.number(commit).map(|number| self.store.id(number));
        let Some(id) = id else { return GitPlace::default() };
        let read = self.store.read(&id, MOST_HEADER, &mut self.buffers, &mut self.bytes);
        let bytes = if read.is_ok() { self.bytes.as_slice() } else { &[] };
        GitPlace { reachable: reachable.get(commit as usize).copied(), ..describe(&id, bytes) }
    }

    /// What stands in the messages of commits and tags.
    fn of_messages(&mut self, reachable: &[bool], within: Option<&[bool]>, tips: &[(String, Number)]) -> Vec<Finding> {
        let mut all = Vec::new();
        for (number, findings) in std::mem::take(&mut self.messages) {
            let commit = self.graph.find(number);
            let of_branch = |within: &[bool]| commit.is_some_and(|commit| within.get(commit as usize) == Some(&true));
            if within.is_some_and(|within| !of_branch(within)) {
                continue;
            }
            let named = || -> Vec<String> {
                tips.iter().filter(|(_, tip)| self.leads_to(*tip, number)).map(|(name, _)| name.clone()).collect()
            };
            let reached = match commit {
                Some(commit) => GitPlace { reachable: reachable.get(commit as usize).copied(), ..GitPlace::default() },
                None => named_by(&named()),
            };
            for finding in best_of(findings).into_values() {
                let git = finding.git.clone().unwrap_or_default();
                let GitPlace { reachable, refs, more_refs, .. } = reached.clone();
                let git = Some(GitPlace { reachable, refs, more_refs, ..git });
                all.push(self.linked(Finding { git, ..finding }));
            }
        }
        all
    }

    /// Whether a tag is the other one, or a tag of it.
    fn leads_to(&self, tip: Number, tag: Number) -> bool {
        let mut number = tip;
        for _ in 0..64 {
            if number == tag {
                return true;
            }
            match self.tags.get(&number).and_then(|target| self.store.number(target)) {
                Some(target) => number = target,
                None => return false,
            }
        }
        false
    }

    /// The finding with a link to its page at the repository's host.
    fn linked(&self, mut finding: Finding) -> Finding {
        finding.permalink = self.repository.forge.as_ref().and_then(|forge| forge.page(&finding));
        finding
    }

    /// Adds the refs that still reach each finding's commit.
    fn name_refs(&self, findings: &mut [Finding], order: &[CommitIndex], tips: &[(&str, CommitIndex)]) {
        /// So many commits are looked for at a time.
        const BLOCK: usize = 512;
        let commit_of = |finding: &Finding| {
            let id = finding.git.as_ref()?.commit.as_ref()?;
            self.graph.find(self.store.number(&ObjectId::from_hex(id.as_bytes()).ok()?)?)
        };
        let mut commits: Vec<CommitIndex> = findings.iter().filter_map(commit_of).collect();
        commits.sort_unstable();
        commits.dedup();
        let targets: Vec<CommitIndex> = tips.iter().map(|(_, commit)| *commit).collect();
        for block in commits.chunks(BLOCK) {
            let reached = self.graph.reached_by(order, block, &targets);
            for finding in findings.iter_mut() {
                let Some(at) = commit_of(finding).and_then(|commit| block.binary_search(&commit).ok()) else {
                    continue;
                };
                let reaches = |row: &Vec<u64>| row.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1);
                let names: Vec<&str> =
                    tips.iter().zip(&reached).filter(|(_, row)| reaches(row)).map(|((name, _), _)| *name).collect();
                if let Some(git) = &mut finding.git {
                    git.more_refs = names.len().saturating_sub(MOST_NAMED) as u64;
                    git.refs = names.into_iter().take(MOST_NAMED).map(ToOwned::to_owned).collect();
                }
            }
        }
    }
}

/// So many refs are named with a finding.
const MOST_NAMED: usize = 10;

/// Of each credential the place that tells most: not allowed, sure, and first.
fn best_of(findings: Vec<Finding>) -> HashMap<Fingerprint, Finding> {
    let key = |finding: &Finding| (finding.suppression.is_some(), Reverse(finding.confidence), finding.locator.start);
    let mut best: HashMap<Fingerprint, Finding> = HashMap::new();
    for finding in findings {
        match best.get_mut(&finding.fingerprint) {
            Some(known) if key(known) <= key(&finding) => {}
            Some(known) => *known = finding,
            None => drop(best.insert(finding.fingerprint, finding)),
        }
    }
    best
}

/// The place of what no commit has, but perhaps some refs name.
fn named_by(refs: &[String]) -> GitPlace {
    GitPlace {
        reachable: Some(!refs.is_empty()),
        refs: refs.iter().take(MOST_NAMED).cloned().collect(),
        more_refs: refs.len().saturating_sub(MOST_NAMED) as u64,
        ..GitPlace::default()
    }
}

/// Whether a credential still stands at its path in what is checked out. Who allows it there allows it in the history of the file.
fn mark_head(findings: &mut [Finding], in_head: Option<Standing>) {
    let Some(in_head) = in_head else { return };
    // Findings have text for paths.
    let in_head: HashMap<_, _> =
        in_head.iter().map(|((print, path), allowed)| ((*print, path.to_str_lossy()), allowed)).collect();
    for finding in findings.iter_mut().filter(|finding| has_path(finding)) {
        let there = in_head.get(&(finding.fingerprint, finding.path.as_str().into()));
        finding.in_head = Some(there.is_some());
        if there == Some(&&true) {
            finding.suppression.get_or_insert_with(|| Suppression {
                kind: SuppressionKind::Inline,
                reason: Some("a marker on its line today".to_owned()),
                owner: None,
                expires: None,
            });
        }
    }
}

/// Whether a finding stands in a file of a commit, or of a tree that a ref points to.
pub(super) fn has_path(finding: &Finding) -> bool {
    let git = finding.git.as_ref().filter(|git| git.object == ObjectKind::Blob);
    git.is_some_and(|git| finding.path.strip_prefix("blob/") != Some(git.blob.as_str()))
}
