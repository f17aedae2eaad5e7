//! The whole history of a repository: the main path.

use std::path::Path;

use gix::ObjectId;
use ignore::gitignore::Gitignore;

use crate::scan::{Control, Coverage, Outcome, sort_findings};
use crate::source::git::contents::{Contents, Found};
use crate::source::git::entry::Kind;
use crate::source::git::ledger::Ledger;
use crate::source::git::repository::{Ref, Repository};
use crate::source::git::sieve::{Names, Sieve, Sieved, SievedTrees, Wanted};
use crate::source::git::state::{self, Learner, Memory, Recalled, Recorder, Seen, Stamps, StateOptions};
use crate::source::git::store::Store;
use crate::source::git::tale::Tale;
use crate::source::git::walk::{Objects, Selection};
use crate::source::threads::both;
use crate::source::tree::excluded;
use crate::source::{SourceError, SourceErrorKind};

/// How the history of a repository is scanned.
#[derive(Debug, Clone)]
pub struct HistoryOptions {
    /// Only what this branch, tag or commit reaches.
    pub branch: Option<String>,
    /// Globs of paths that are left out, in the syntax of gitignore.
    pub exclude: Vec<String>,
    /// Every time that a credential came to a path, in place of the first.
    pub every: bool,
    /// For the buffers of objects, over all threads, in bytes. What is larger than a quarter of it and stored as a delta is not read.
    pub memory: u64,
    /// The refs, where git had to be asked for them.
    pub refs: Option<Vec<Ref>>,
    /// Where what was learned before is found. What comes out is the same with it and without.
    pub state: Option<StateOptions>,
}

impl Default for HistoryOptions {
    fn default() -> Self {
        Self { branch: None, exclude: Vec::new(), every: false, memory: 1 << 30, refs: None, state: None }
    }
}

/// Scans every object of the repository at `path`, whether a ref reaches it or not: blobs, and the messages of commits and tags. The
/// working tree is not looked at.
///
/// Each object is decoded once, with up to `control.jobs` threads. Findings tell which commit brought them: one for each credential and path.
///
/// # Errors
/// If there is no repository at the path, or it cannot be opened, or the branch names no commit. What goes wrong with single objects is
/// noted in the outcome.
pub fn scan_history(control: &Control<'_>, path: &Path, options: &HistoryOptions) -> Result<Outcome, SourceError> {
    let repository = Repository::open(path, options.refs.as_deref())?;
    let exclude = excluded(Path::new(""), &options.exclude)?;
    let branch = options.branch.as_deref().map(|name| tip_of(path, name, options.refs.as_deref())).transpose()?;
    let root = path.to_string_lossy();
    let target = Target { control, repository: &repository, root: &root, branch, exclude: &exclude, options };
    Ok(match &options.state {
        Some(state) => state::scan(&target, state),
        None => target.scan_all().0,
    })
}

/// A repository that is open, and what is wanted of it.
pub(super) struct Target<'a> {
    pub(super) control: &'a Control<'a>,
    pub(super) repository: &'a Repository,
    /// Its path, as findings name it.
    pub(super) root: &'a str,
    pub(super) branch: Option<ObjectId>,
    exclude: &'a Gitignore,
    pub(super) options: &'a HistoryOptions,
}

impl Target<'_> {
    /// Scans all objects. If there is a state, what is learned for it comes along.
    pub(super) fn scan_all(&self) -> (Outcome, Option<Memory>) {
        let (store, stamps) = self.open();
        self.scan(store, stamps, None).unwrap_or_default()
    }

    /// Scans the objects that a memory does not know. Nothing comes if the memory does not go with what is here, and nothing new is learned if
    /// it knows all.
    pub(super) fn scan_with(&self, memory: Option<Memory>) -> Option<(Outcome, Option<Memory>)> {
        let memory = memory?;
        let (mut store, stamps) = self.open();
        let recalled = Recalled::new(memory, &mut store, &stamps)?;
        self.scan(store, stamps, Some(&recalled))
    }

    /// The objects, and if there is a state what their files are like.
    fn open(&self) -> (Store, Stamps) {
        let store = Store::open(&self.repository.objects, self.repository.hash);
        let stamps = self.options.state.as_ref().map(|_| Stamps::of(&store)).unwrap_or_default();
        (store, stamps)
    }

    fn scan(&self, store: Store, stamps: Stamps, recalled: Option<&Recalled>) -> Option<(Outcome, Option<Memory>)> {
        let objects = Objects::new(store, self.options.memory, self.control.jobs);
        let store = &objects.store;
        let (mut texts, mut seen) = self.scan_texts(&objects);
        if recalled.is_some_and(|recalled| !recalled.add_texts(store, &mut texts)) {
            return None;
        }
        let (trees, names) = self.read_trees(&objects, &texts, recalled, &mut seen);
        let mut ledger = Ledger::new(self.repository, &objects);
        ledger.note_all(&texts, &trees);
        let coverage = Coverage {
            objects: texts.objects + trees.iter().map(|part| part.objects).sum::<u64>(),
            commits: texts.commits.len() as u64,
            bytes: texts.bytes + trees.iter().map(|part| part.bytes).sum::<u64>(),
            ..Coverage::default()
        };
        let knows_all = recalled.is_some_and(|recalled| recalled.is_all(&seen, &stamps));
        let learns = self.options.state.is_some() && !knows_all;
        let mut learner = learns.then(|| Learner::new(store, seen, recalled, stamps));
        if let Some(learner) = &mut learner {
            learner.texts(&texts);
            learner.parts(&trees);
        }
        let (mut trees, mut tale) = both(
            self.control.jobs,
            || SievedTrees::new(trees, names, store.len()),
            || Tale::new(self.control, self.repository, &objects, self.root, texts),
        );
        if let Some(learner) = &mut learner {
            learner.trees(&mut trees);
        }
        let mut findings = tale.tell(trees, self.branch, self.options.every, &mut ledger);
        ledger.leave_out(&mut findings, self.exclude);
        sort_findings(&mut findings);
        ledger.notes.sort();
        let coverage = Coverage { notes: ledger.notes, interrupted: self.control.stopped(), ..coverage };
        Some((Outcome { findings, coverage }, learner.map(Learner::finish)))
    }

    /// First all objects that hold text.
    fn scan_texts(&self, objects: &Objects) -> (Found, Vec<Seen>) {
        let (control, store) = (self.control, &objects.store);
        let selection = Selection { kinds: |kind| kind != Kind::Tree, memory: self.options.memory };
        let visitor = || self.recorder(Contents::new(control, store, self.root));
        let (mut found, mut seen) = (Found::default(), Vec::new());
        for mut visitor in objects.walk(control, &selection, visitor) {
            seen.append(&mut visitor.seen);
            found.absorb(visitor.inner.found);
        }
        (found, seen)
    }

    /// Then the trees, now that it is known which blobs matter.
    fn read_trees(
        &self,
        objects: &Objects,
        texts: &Found,
        recalled: Option<&Recalled>,
        seen: &mut Vec<Seen>,
    ) -> (Vec<Sieved>, Names) {
        let (control, store) = (self.control, &objects.store);
        let wanted = Wanted::new(store, texts.blobs.iter().map(|(number, _)| *number));
        let names = Names::default();
        let selection = Selection { kinds: |kind| kind == Kind::Tree, memory: self.options.memory };
        let visitor = || self.recorder(Sieve::new(control, store, &wanted, &names));
        let mut parts: Vec<Sieved> = recalled.map(|recalled| recalled.trees(store, &names)).into_iter().collect();
        for mut visitor in objects.walk(control, &selection, visitor) {
            seen.append(&mut visitor.seen);
            parts.push(visitor.inner.finish());
        }
        (parts, names)
    }

    fn recorder<V>(&self, visitor: V) -> Recorder<V> {
        Recorder::new(visitor, self.options.state.is_some())
    }
}

/// The commit that a branch, tag or id names, by the refs that are given if there are any.
fn tip_of(path: &Path, name: &str, refs: Option<&[Ref]>) -> Result<ObjectId, SourceError> {
    let unknown = |error: gix::Error| {
        SourceError::new(SourceErrorKind::BadRevision, format!("`{name}` names no commit")).because(error)
    };
    let repository = gix::open(path).map_err(unknown)?;
    // In the order of <https://git-scm.com/docs/gitrevisions#_specifying_revisions>.
    let full = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"].map(|start| format!("{start}{name}"));
    let given = full.iter().find_map(|full| refs?.iter().find(|known| known.name == *full));
    let name = given.map_or(name, |given| given.target.as_str());
    let found = repository.rev_parse_single(name).and_then(|id| Ok(id.object()?.peel_to_commit()?.id));
    found.map_err(unknown)
}
