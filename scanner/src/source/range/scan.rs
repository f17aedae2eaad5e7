//! The scan of a range: its commits by several threads, and then what the last commit still has.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use gix::bstr::{BString, ByteSlice};
use gix::objs::Kind;
use gix::{ObjectId, Repository, ThreadSafeRepository};
use stanch_model::{Finding, Fingerprint, GitPlace, ObjectKind, Source};

use crate::engine::Scratch;
use crate::scan::{Control, Note, Outcome, sort_findings};
use crate::source::blobs::{Blobs, Purpose, Seen};
use crate::source::changes::Place;
use crate::source::described::{Links, describe, describe_tag, message_start};
use crate::source::file::Closed;
use crate::source::permalink::forge_of;
use crate::source::range::added::{Step, tree_of};
use crate::source::range::kept::Kept;
use crate::source::range::select::{RangeOptions, Selection};
use crate::source::repository::{Opened, for_thread, read};
use crate::source::{SourceError, scan_bytes};

/// So many commits are worth a thread.
const COMMITS_A_THREAD: usize = 8;
/// A commit with more changed files than this is scanned by all threads together.
const MANY_FILES: usize = 1024;

/// What the scan of a range gave.
#[derive(Debug)]
pub struct RangeOutcome {
    /// The findings and the ledger, which counts the commits.
    pub outcome: Outcome,
    /// The id of the commit whose configuration counts: what a range adds does not judge itself. `None` if nothing was there before.
    pub base: Option<String>,
}

/// Scans what the commits of a range add: their files and their messages. The repository is the one that `path` is in, unless git's own
/// variables say otherwise.
///
/// There is one finding for each credential at a path, at the first commit that adds it; `in_head` tells whether the last commit still
/// has it. Messages have the path `commit/<id>` or `tag/<id>`. Replacements and grafts are not followed. A range without commits is no
/// error.
///
/// # Errors
/// If `path` is in no repository, the commits are not to be understood or not in this clone, or what they add cannot be known since the
/// clone is shallow. Objects that cannot be read are noted in the outcome.
pub fn scan_range(control: &Control<'_>, path: &Path, options: &RangeOptions) -> Result<RangeOutcome, SourceError> {
    let opened = Opened::at(path)?;
    let selection = Selection::new(control, &opened, &options.commits)?;
    let scan = Scan::new(control, &opened, &selection);
    scan.run(&opened.local);
    let mut outcome = scan.finish(&opened.local);
    if let Some(forge) = forge_of(&opened.local) {
        outcome.findings.iter_mut().for_each(|finding| finding.permalink = forge.page(finding));
    }
    outcome.coverage.notes.extend(selection.notes);
    outcome.coverage.notes.sort();
    outcome.coverage.notes.dedup();
    outcome.coverage.interrupted = control.stopped();
    sort_findings(&mut outcome.findings);
    Ok(RangeOutcome { outcome, base: selection.base.map(|id| id.to_string()) })
}

/// Commits that several threads scan.
struct Scan<'a> {
    control: &'a Control<'a>,
    shared: &'a ThreadSafeRepository,
    root: &'a str,
    commits: &'a [ObjectId],
    tags: &'a [ObjectId],
    head: Option<ObjectId>,
    seen: Seen,
    next: AtomicUsize,
    /// Commits left for all threads together.
    large: Mutex<Vec<usize>>,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    kept: Kept,
    /// The true paths of findings whose paths are no UTF-8.
    paths: HashMap<String, BString>,
    ledger: Outcome,
}

/// A thread's own.
struct Worker<'a> {
    control: Control<'a>,
    local: &'a Repository,
    scratch: Scratch,
}

impl<'a> Scan<'a> {
    fn new(control: &'a Control<'a>, opened: &'a Opened, selection: &'a Selection) -> Self {
        Self {
            control,
            shared: &opened.shared,
            root: &opened.root,
            commits: &selection.commits,
            tags: &selection.tags,
            head: selection.head,
            seen: Seen::default(),
            next: AtomicUsize::new(0),
            large: Mutex::default(),
            found: Mutex::default(),
        }
    }

    fn run(&self, local: &Repository) {
        let helpers = self.control.jobs.min(self.commits.len() / COMMITS_A_THREAD).saturating_sub(1);
        let jobs = if helpers == 0 { self.control.jobs } else { 1 };
        let mut own = self.worker(local, jobs);
        self.tags.iter().for_each(|tag| self.scan_tag(*tag, &mut own));
        std::thread::scope(|scope| {
            for _ in 0..helpers {
                scope.spawn(|| self.work(&mut self.worker(&for_thread(self.shared), jobs)));
            }
            self.work(&mut own);
        });
        own.control.jobs = self.control.jobs;
        let large = std::mem::take(&mut *lock(&self.large));
        for order in large {
            self.scan_commit(order, &mut own);
        }
    }

    fn worker<'b>(&self, local: &'b Repository, jobs: usize) -> Worker<'b>
    where
        'a: 'b,
    {
        Worker { control: Control { jobs, ..*self.control }, local, scratch: Scratch::default() }
    }

    fn work(&self, worker: &mut Worker<'_>) {
        loop {
            let order = self.next.fetch_add(1, Ordering::Relaxed);
            if order >= self.commits.len() || self.control.stopped() {
                break;
            }
            self.scan_commit(order, worker);
        }
    }

    fn scan_commit(&self, order: usize, worker: &mut Worker<'_>) {
        let Some(commit) = self.commits.get(order).filter(|_| !self.control.stopped()) else { return };
        let mut outcome = Outcome::default();
        let added = self.added(order, *commit, worker, &mut outcome);
        if let Err((gap, detail)) = added {
            outcome.coverage.notes.push(Note { path: format!("commit/{commit}"), gap, detail });
        }
        self.add(order, outcome);
    }

    /// Adds to the outcome what a commit and its message bring.
    fn added(
        &self,
        order: usize,
        commit: ObjectId,
        worker: &mut Worker<'_>,
        outcome: &mut Outcome,
    ) -> Result<(), Closed> {
        let raw = read(worker.local, &commit, Kind::Commit)?;
        let step = Step::new(&worker.control, worker.local, &Links::of(&raw), &mut outcome.coverage.notes);
        if self.leaves(order, worker, step.as_ref().map_or(0, Step::len)) {
            return Ok(());
        }
        let place = GitPlace { reachable: Some(true), ..describe(&commit, &raw) };
        outcome.coverage.commits += 1;
        self.scan_message(&raw, &place, worker, outcome);
        let blobs = Blobs {
            control: &worker.control,
            shared: self.shared,
            root: self.root,
            source: Source::Object,
            seen: Some(&self.seen),
        };
        let step = step?;
        let mut brought = step.scan(&blobs, worker.local);
        self.keep_paths(&step, &brought.findings);
        for git in brought.findings.iter_mut().filter_map(|finding| finding.git.as_mut()) {
            let blob = std::mem::take(&mut git.blob);
            *git = GitPlace { object: ObjectKind::Blob, blob, ..place.clone() };
        }
        outcome.absorb(brought);
        Ok(())
    }

    /// Whether a commit is left for later, as all threads can work on it then.
    fn leaves(&self, order: usize, worker: &Worker<'_>, files: usize) -> bool {
        let leaves = files > MANY_FILES && worker.control.jobs < self.control.jobs;
        if leaves {
            lock(&self.large).push(order);
        }
        leaves
    }

    fn scan_tag(&self, tag: ObjectId, worker: &mut Worker<'_>) {
        let mut outcome = Outcome::default();
        match read(worker.local, &tag, Kind::Tag) {
            Ok(raw) => {
                let place = GitPlace { reachable: Some(true), ..describe_tag(&tag, &raw) };
                self.scan_message(&raw, &place, worker, &mut outcome);
            }
            Err((gap, detail)) => outcome.coverage.notes.push(Note { path: format!("tag/{tag}"), gap, detail }),
        }
        self.add(usize::MAX, outcome);
    }

    /// Scans the message of a raw commit or tag.
    fn scan_message(&self, raw: &[u8], place: &GitPlace, worker: &mut Worker<'_>, outcome: &mut Outcome) {
        let start = message_start(raw);
        let message = raw.get(start..).unwrap_or_default();
        let kind = if place.object == ObjectKind::Tag { "tag" } else { "commit" };
        let path = format!("{kind}/{}", place.blob);
        let git = Some(place.clone());
        let mut found = scan_bytes(&worker.control, &path, message, Source::Object, git, &mut worker.scratch);
        for finding in &mut found {
            finding.locator.root = Some(self.root.to_owned());
            finding.locator.start += start as u64;
            finding.locator.end += start as u64;
        }
        outcome.findings.extend(found);
        outcome.coverage.bytes += message.len() as u64;
        self.control.events.scanned(0, message.len() as u64);
    }

    /// Keeps the paths that cannot be had back from the findings.
    fn keep_paths(&self, step: &Step, findings: &[Finding]) {
        let lossy = |finding: &Finding| finding.path.contains(char::REPLACEMENT_CHARACTER);
        if findings.iter().any(lossy) {
            let paths = step.paths().filter(|path| path.to_str().is_err());
            let paths: HashMap<_, _> = paths.map(|path| (path.to_str_lossy(), path)).collect();
            let mut found = lock(&self.found);
            for finding in findings.iter().filter(|finding| lossy(finding)) {
                if let Some(path) = paths.get(finding.path.as_str()) {
                    found.paths.insert(finding.path.clone(), (*path).clone());
                }
            }
        }
    }

    fn add(&self, order: usize, mut outcome: Outcome) {
        let findings = std::mem::take(&mut outcome.findings);
        let mut found = lock(&self.found);
        found.kept.add(order, findings);
        found.ledger.absorb(outcome);
    }

    /// All findings, each with whether the last commit still has it.
    fn finish(self, local: &Repository) -> Outcome {
        let Found { kept, paths, mut ledger } = self.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut findings = kept.into_findings();
        if let Some(tree) = self.head.and_then(|head| tree_of(local, head).ok()) {
            let blobs = Blobs {
                control: self.control,
                shared: self.shared,
                root: self.root,
                source: Source::Object,
                seen: Some(&self.seen),
            };
            let last = Last { local, blobs, tree };
            last.tell(&mut findings, &paths);
        }
        ledger.findings = findings;
        ledger
    }
}

/// The last commit's tree.
struct Last<'a> {
    local: &'a Repository,
    blobs: Blobs<'a>,
    tree: ObjectId,
}

impl Last<'_> {
    /// Tells of each finding in a file whether it still stands at its path.
    fn tell(&self, findings: &mut [Finding], paths: &HashMap<String, BString>) {
        let mut known: HashMap<String, Option<Vec<Fingerprint>>> = HashMap::new();
        for finding in findings {
            if finding.git.as_ref().is_none_or(|git| git.object != ObjectKind::Blob) {
                continue;
            }
            let there = known.entry(finding.path.clone()).or_insert_with(|| {
                let path = paths.get(&finding.path).cloned();
                self.credentials(path.unwrap_or_else(|| finding.path.as_str().into()))
            });
            finding.in_head = there.as_ref().map(|there| there.contains(&finding.fingerprint));
        }
    }

    /// The credentials in a file of the tree; `None` if it cannot be told.
    fn credentials(&self, path: BString) -> Option<Vec<Fingerprint>> {
        let tree = self.local.find_tree(self.tree).ok()?;
        let entry = tree.lookup_entry(path.split_str("/")).ok()?;
        let Some(entry) = entry.filter(|entry| !entry.mode().is_tree() && !entry.mode().is_commit()) else {
            return Some(Vec::new());
        };
        let place = Place { path, blob: entry.object_id() };
        let there = self.blobs.scan(self.local, &[place], Purpose::Compare);
        // The ledger is about what was added, and this was not.
        let complete = there.coverage.notes.is_empty() && !self.blobs.control.stopped();
        complete.then(|| there.findings.iter().map(|finding| finding.fingerprint).collect())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
