//! The whole history of a repository: the main path.

use std::path::Path;

use gix::ObjectId;

use crate::scan::{Control, Coverage, Outcome, sort_findings};
use crate::source::git::contents::{Contents, Found};
use crate::source::git::entry::Kind;
use crate::source::git::ledger::Ledger;
use crate::source::git::repository::{Ref, Repository};
use crate::source::git::sieve::{Names, Sieve, Sieved, SievedTrees, Wanted};
use crate::source::git::store::Store;
use crate::source::git::tale::Tale;
use crate::source::git::walk::{Objects, Selection};
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
}

impl Default for HistoryOptions {
    fn default() -> Self {
        Self { branch: None, exclude: Vec::new(), every: false, memory: 1 << 30, refs: None }
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
    let root = path.to_string_lossy().into_owned();
    let objects = Objects::new(Store::open(&repository.objects, repository.hash));
    let texts = scan_texts(control, &objects, &root, options);
    let (trees, names) = read_trees(control, &objects, &texts, options);
    let mut ledger = Ledger::new(&repository, &objects);
    ledger.note_all(&texts, &trees);
    let coverage = Coverage {
        objects: texts.objects + trees.iter().map(|part| part.objects).sum::<u64>(),
        commits: texts.commits.len() as u64,
        bytes: texts.bytes + trees.iter().map(|part| part.bytes).sum::<u64>(),
        ..Coverage::default()
    };
    let trees = SievedTrees::new(trees, names, objects.store.len());
    let mut tale = Tale::new(control, &repository, &objects, &root, texts);
    let mut findings = tale.tell(trees, branch, options.every, &mut ledger);
    ledger.leave_out(&mut findings, &exclude);
    sort_findings(&mut findings);
    ledger.notes.sort();
    let coverage = Coverage { notes: ledger.notes, interrupted: control.stopped(), ..coverage };
    Ok(Outcome { findings, coverage })
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

/// First all objects that hold text.
fn scan_texts(control: &Control<'_>, objects: &Objects, root: &str, options: &HistoryOptions) -> Found {
    let selection = Selection { kinds: |kind| kind != Kind::Tree, memory: options.memory };
    let visitors = objects.walk(control, &selection, || Contents::new(control, &objects.store, root));
    let mut found = Found::default();
    for visitor in visitors {
        found.absorb(visitor.found);
    }
    found
}

/// Then the trees, now that it is known which blobs matter.
fn read_trees(
    control: &Control<'_>,
    objects: &Objects,
    texts: &Found,
    options: &HistoryOptions,
) -> (Vec<Sieved>, Names) {
    let wanted = Wanted::new(&objects.store, texts.blobs.iter().map(|(number, _)| *number));
    let names = Names::default();
    let selection = Selection { kinds: |kind| kind == Kind::Tree, memory: options.memory };
    let visitors = objects.walk(control, &selection, || Sieve::new(control, &objects.store, &wanted, &names));
    (visitors.into_iter().map(|visitor| visitor.finish()).collect(), names)
}
