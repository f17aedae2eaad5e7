//! Brings together what was seen in a repository and where it came from: the findings.

use std::cmp::Reverse;
use std::collections::HashMap;

use gix::ObjectId;
use gix::bstr::ByteSlice;
use stanch_model::{Finding, Fingerprint, GitPlace, ObjectKind, Suppression, SuppressionKind};

use crate::scan::{Control, Gap};
use crate::source::file::Closed;
use crate::source::git::contents::{Found, Sighting};
use crate::source::git::graph::{CommitIndex, Graph};
use crate::source::git::ledger::Ledger;
use crate::source::git::look::Look;
use crate::source::git::provenance::{History, Introduction, Standing};
use crate::source::git::repository::Repository;
use crate::source::git::sieve::SievedTrees;
use crate::source::git::store::{Number, Store};
use crate::source::git::walk::Objects;
use crate::source::threads::each;

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
    /// The refs, with what they are of.
    tips: Vec<(String, Number)>,
    /// Which commits a ref reaches.
    reachable: Vec<bool>,
    /// All commits, each after its parents.
    order: Vec<CommitIndex>,
}

impl<'a> Tale<'a> {
    pub(super) fn new(
        control: &'a Control<'a>,
        repository: &'a Repository,
        objects: &'a Objects,
        root: &'a str,
        texts: Found,
    ) -> Self {
        let store = &objects.store;
        let tips = repository.tips.iter().filter_map(|tip| Some((tip.name.clone(), store.number(&tip.target)?)));
        let mut tale = Self {
            control,
            repository,
            store,
            root,
            sightings: texts.blobs.into_iter().collect(),
            messages: texts.messages,
            graph: Graph::new(texts.commits),
            tags: texts.tags.into_iter().collect(),
            tips: tips.collect(),
            reachable: Vec::new(),
            order: Vec::new(),
        };
        tale.reachable = tale.graph.reachable(tale.commits().into_iter().map(|(_, commit)| commit));
        tale.order = tale.graph.order(store, &tale.reachable);
        tale
    }

    /// The findings of a repository, or of a branch of it if one is named: each credential once a path, or every time that it came there.
    pub(super) fn tell(
        &mut self,
        trees: SievedTrees,
        branch: Option<ObjectId>,
        every: bool,
        ledger: &mut Ledger<'_>,
    ) -> Vec<Finding> {
        let mut order = self.order.clone();
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
            introductions.extend(history.of_trees(&self.named(), &introductions));
        }
        if history.cut() {
            ledger.note("trees".to_owned(), (Gap::TooLarge, "too many paths".to_owned()));
        }
        let mut lost: Vec<Number> = sightings.keys().copied().filter(|blob| !history.placed.contains(blob)).collect();
        lost.sort_unstable();
        drop(history);
        self.graph = graph;
        let mut findings = self.of_blobs(introductions, ledger);
        if within.is_none() {
            findings.extend(self.of_lost_blobs(&lost, ledger));
        }
        // What was not read yet may have it.
        let stopped = self.control.stopped();
        if !stopped {
            mark_head(&mut findings, in_head);
        }
        findings.extend(self.of_messages(within.as_deref()));
        self.name_refs(&mut findings);
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

    /// The refs that are of commits in the end.
    fn commits(&self) -> Vec<(&str, CommitIndex)> {
        let commit = |number| self.graph.find(self.peeled(number));
        self.tips.iter().filter_map(|(name, number)| Some((name.as_str(), commit(*number)?))).collect()
    }

    /// What refs are of in the end, in order, each with its refs.
    fn named(&self) -> Vec<(Number, Vec<String>)> {
        let mut named: Vec<(Number, Vec<String>)> = Vec::new();
        let mut places = HashMap::new();
        for (name, number) in &self.tips {
            let number = self.peeled(*number);
            let place = *places.entry(number).or_insert(named.len());
            match named.get_mut(place) {
                Some((_, names)) => names.push(name.clone()),
                None => named.push((number, vec![name.clone()])),
            }
        }
        named
    }

    /// Looks at many objects, in their order.
    fn look_at<T: Sync, R: Send>(&self, items: &[T], look: impl Fn(&mut Look<'a>, &T) -> R + Sync) -> Vec<R> {
        each(self.control.jobs, items, || Look::new(self.control, self.store, self.root), look)
    }

    /// Looks at the blobs once more, now under their paths.
    fn of_blobs(&self, mut introductions: Vec<Introduction>, ledger: &mut Ledger<'_>) -> Vec<Finding> {
        introductions.sort_by(|a, b| (a.blob, &a.path, a.commit).cmp(&(b.blob, &b.path, b.commit)));
        let places = self.places(&introductions);
        let at_one: Vec<&[Introduction]> =
            introductions.chunk_by(|a, b| (a.blob, &a.path) == (b.blob, &b.path)).collect();
        let all = self.look_at(&at_one, |look, same| {
            let Some(first) = same.first() else { return Ok(Vec::new()) };
            let there = look.scan_at(first.blob, &first.path.to_str_lossy()).map(best_of);
            let there = there.map_err(|gap| (format!("object/{}", self.store.id(first.blob)), gap))?;
            let brought = same.iter().filter_map(|introduction| {
                let git = match &introduction.commit {
                    Some(commit) => places.get(commit).cloned().unwrap_or_default(),
                    None => named_by(&introduction.refs),
                };
                let best = there.get(&introduction.fingerprint)?;
                let blob = self.store.id(introduction.blob).to_string();
                let git = Some(GitPlace { object: ObjectKind::Blob, blob, ..git });
                Some(self.linked(Finding { git, ..best.clone() }))
            });
            Ok(brought.collect())
        });
        told(all, ledger)
    }

    /// Who made the commits that brought something, and when.
    fn places(&self, introductions: &[Introduction]) -> HashMap<CommitIndex, GitPlace> {
        let mut commits: Vec<CommitIndex> = introductions.iter().filter_map(|new| new.commit).collect();
        commits.sort_unstable();
        commits.dedup();
        let places = self.look_at(&commits, |look, commit| {
            let Some(number) = self.graph.number(*commit) else { return GitPlace::default() };
            let reachable = self.reachable.get(*commit as usize).copied();
            GitPlace { reachable, ..look.describe(&self.store.id(number)) }
        });
        commits.into_iter().zip(places).collect()
    }

    /// Blobs that no commit has: dangling ones, those of the index, and what a tag is of.
    fn of_lost_blobs(&self, lost: &[Number], ledger: &mut Ledger<'_>) -> Vec<Finding> {
        let named: HashMap<Number, Vec<String>> = self.named().into_iter().collect();
        // A tree that is not here may have them.
        let sure = !ledger.lacks_objects();
        let all = self.look_at(lost, |look, blob| {
            let id = self.store.id(*blob);
            let there = look.scan_at(*blob, &format!("blob/{id}")).map_err(|gap| (format!("object/{id}"), gap))?;
            let place = named_by(named.get(blob).map(Vec::as_slice).unwrap_or_default());
            let reachable = place.reachable.filter(|reachable| *reachable || sure);
            let git = GitPlace { blob: id.to_string(), reachable, ..place };
            let there = best_of(there).into_values();
            Ok(there.map(|finding| Finding { git: Some(git.clone()), ..finding }).collect())
        });
        told(all, ledger)
    }

    /// What stands in the messages of commits and tags.
    fn of_messages(&mut self, within: Option<&[bool]>) -> Vec<Finding> {
        let mut all = Vec::new();
        for (number, findings) in std::mem::take(&mut self.messages) {
            let commit = self.graph.find(number);
            let of_branch = |within: &[bool]| commit.is_some_and(|commit| within.get(commit as usize) == Some(&true));
            if within.is_some_and(|within| !of_branch(within)) {
                continue;
            }
            let named = || -> Vec<String> {
                let tips = self.tips.iter().filter(|(_, tip)| self.leads_to(*tip, number));
                tips.map(|(name, _)| name.clone()).collect()
            };
            let reached = match commit {
                Some(commit) => {
                    GitPlace { reachable: self.reachable.get(commit as usize).copied(), ..GitPlace::default() }
                }
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
    fn name_refs(&self, findings: &mut [Finding]) {
        /// So many commits are looked for at a time.
        const BLOCK: usize = 512;
        let commit_of = |finding: &Finding| {
            let id = finding.git.as_ref()?.commit.as_ref()?;
            self.graph.find(self.store.number(&ObjectId::from_hex(id.as_bytes()).ok()?)?)
        };
        let mut commits: Vec<CommitIndex> = findings.iter().filter_map(commit_of).collect();
        commits.sort_unstable();
        commits.dedup();
        let tips = self.commits();
        let targets: Vec<CommitIndex> = tips.iter().map(|(_, commit)| *commit).collect();
        for block in commits.chunks(BLOCK) {
            let reached = self.graph.reached_by(&self.order, block, &targets);
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

/// The findings of all objects, and a note of each that could not be read.
fn told(all: Vec<Result<Vec<Finding>, (String, Closed)>>, ledger: &mut Ledger<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for of_object in all {
        match of_object {
            Ok(found) => findings.extend(found),
            Err((path, gap)) => ledger.note(path, gap),
        }
    }
    findings
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
