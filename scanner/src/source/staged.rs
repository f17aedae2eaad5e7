//! What is staged in git's index, or stands between two commits.
//!
//! Only what a change adds is reported: a credential that stood in a changed or deleted file before counts as known there, as often as
//! it stood. So moves, renames and edits elsewhere in a file stop no commit, while a second copy of a known credential does.
//!
//! Everything is read only; the index is not refreshed and nothing is locked.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use gix::bstr::{BString, ByteSlice};
use gix::{ObjectId, ThreadSafeRepository};
use stanch_model::{Finding, GitPlace, Source};

use crate::engine::Scratch;
use crate::scan::{Control, Gap, Note, Outcome, sort_findings};
use crate::source::changes::{Changes, Folder, Place, compare};
use crate::source::file::Closed;
use crate::source::known::only_new;
use crate::source::{SourceError, SourceErrorKind, scan_bytes};

/// A blob is held in memory as a whole, so there is a limit to its size.
const MOST_BYTES: u64 = 1 << 30;
/// So many blobs are worth a thread.
const BLOBS_A_THREAD: usize = 16;

/// What of the staged changes is scanned.
#[derive(Debug, Clone, Default)]
pub struct StagedOptions {
    /// Only these files and folders, if there are any. They are absolute or relative to the folder that is scanned.
    pub paths: Vec<PathBuf>,
}

/// Scans what staging adds: the index against `HEAD`. The repository is the one that `path` is in, unless git's own variables
/// (`GIT_DIR`, `GIT_WORK_TREE`, `GIT_INDEX_FILE`) say otherwise, as they do in hooks.
///
/// The index counts, not the files. Entries that are only meant to be added and submodules are left out; of a conflict both sides are
/// scanned. Findings name paths relative to the top of the working tree.
///
/// # Errors
/// If `path` is in no repository with a working tree, one of the paths is outside of it, or the index or `HEAD` cannot be read.
/// Blobs that cannot be read are noted in the outcome.
pub fn scan_staged(control: &Control<'_>, path: &Path, options: &StagedOptions) -> Result<Outcome, SourceError> {
    let opened = Opened::at(path)?;
    let (top, changes) = opened.staged(control, path)?;
    let paths = opened.relative_to(&top, &options.paths)?;
    Ok(opened.scan(control, Source::Index, changes, &paths))
}

/// The files that [`scan_staged`] would scan, relative to the top of the working tree, in order.
///
/// # Errors
/// As [`scan_staged`].
pub fn staged_paths(control: &Control<'_>, path: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let (_, changes) = Opened::at(path)?.staged(control, path)?;
    let mut paths: Vec<PathBuf> = changes
        .new
        .iter()
        .filter_map(|place| gix::path::from_bstr(place.path.as_bstr()).ok())
        .map(Cow::into_owned)
        .collect();
    paths.sort();
    paths.dedup();
    Ok(paths)
}

/// The top of the working tree that `path` is in.
///
/// # Errors
/// If `path` is in no repository with a working tree.
pub fn worktree_top(path: &Path) -> Result<PathBuf, SourceError> {
    let opened = Opened::at(path)?;
    opened.local.workdir().map(Path::to_path_buf).ok_or_else(|| bare(path))
}

/// The content of a file in the tree of a revision; `None` if there is none. A revision of zeros only has no files.
///
/// # Errors
/// If `repo` is in no repository, or the revision names no commit or tree, or the file cannot be read.
pub fn file_at(repo: &Path, revision: &str, file: &str) -> Result<Option<Vec<u8>>, SourceError> {
    if is_nothing(revision) {
        return Ok(None);
    }
    let opened = Opened::at(repo)?;
    let corrupt = |error: gix::Error| {
        SourceError::new(SourceErrorKind::Corrupt, format!("cannot read `{file}` at `{revision}`")).because(error)
    };
    let tree = opened.local.find_tree(opened.tree_of(revision)?).map_err(corrupt)?;
    let Some(entry) = tree.lookup_entry_by_path(file).map_err(corrupt)? else { return Ok(None) };
    let blob = entry.object().map_err(corrupt)?;
    Ok(Some(blob.data.clone()))
}

/// The revision that stands for nothing, as git's hooks write it for a new branch.
fn is_nothing(revision: &str) -> bool {
    revision.len() >= 40 && revision.bytes().all(|byte| byte == b'0')
}

fn bare(path: &Path) -> SourceError {
    let message = format!("`{}` is a bare repository, which has nothing staged", path.display());
    SourceError::new(SourceErrorKind::Bare, message)
}

/// Scans what the tree of the revision `to` adds over that of `from`: the same comparison as [`scan_staged`], in any repository. A
/// `from` of zeros only, as git's hooks have it for a new branch, stands for nothing at all. If there are `paths`, which are those of
/// [`StagedOptions`], only these are scanned.
///
/// # Errors
/// If `repo` is in no repository, a revision names no commit or tree, or one of the paths is outside of the repository.
pub fn scan_range_trees(
    control: &Control<'_>,
    repo: &Path,
    from: &str,
    to: &str,
    paths: &[PathBuf],
) -> Result<Outcome, SourceError> {
    let opened = Opened::at(repo)?;
    let top = opened.local.workdir().unwrap_or(&opened.folder).to_path_buf();
    let paths = opened.relative_to(&top, paths)?;
    let old = if is_nothing(from) { None } else { Some(opened.tree_of(from)?) };
    let new = opened.tree_of(to)?;
    let changes = compare(control, &opened.local, Some(Folder::Tree(new)), old.map(Folder::Tree));
    Ok(opened.scan(control, Source::Object, changes, &paths))
}

/// A repository that is open.
struct Opened {
    shared: ThreadSafeRepository,
    local: gix::Repository,
    /// The folder that was given, without symbolic links.
    folder: PathBuf,
    /// How findings call it.
    root: String,
}

impl Opened {
    fn at(path: &Path) -> Result<Self, SourceError> {
        let given = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let folder = given.canonicalize().map_err(|error| SourceError::io(path, error))?;
        let shared = ThreadSafeRepository::discover_with_environment_overrides(&folder).map_err(|error| {
            let (kind, what) = if error.is_not_found() {
                (SourceErrorKind::NotARepository, "is in no git repository")
            } else {
                (SourceErrorKind::Corrupt, "is in a git repository that cannot be opened")
            };
            SourceError::new(kind, format!("`{}` {what}", path.display())).because(error)
        })?;
        let local = shared.to_thread_local();
        Ok(Self { shared, local, folder, root: path.to_string_lossy().into_owned() })
    }

    /// The top of the working tree, and what staging changes in it. `path` is for messages.
    fn staged(&self, control: &Control<'_>, path: &Path) -> Result<(PathBuf, Changes), SourceError> {
        let top = self.local.workdir().ok_or_else(|| bare(path))?;
        let corrupt = |what: &str, error: gix::Error| {
            let message = format!("cannot read {what} of `{}`", path.display());
            SourceError::new(SourceErrorKind::Corrupt, message).because(error)
        };
        let index = self.local.index_or_empty().map_err(|error| corrupt("the index", error))?;
        let head = self.head().map_err(|error| corrupt("`HEAD`", error))?;
        let changes = compare(control, &self.local, Some(Folder::index(&index)), head.map(Folder::Tree));
        Ok((top.to_path_buf(), changes))
    }

    /// The tree of `HEAD`; none before the first commit.
    fn head(&self) -> gix::Result<Option<ObjectId>> {
        let mut head = self.local.head()?;
        if head.is_unborn() {
            return Ok(None);
        }
        Ok(Some(head.peel_to_commit()?.tree_id()?.detach()))
    }

    fn tree_of(&self, revision: &str) -> Result<ObjectId, SourceError> {
        let tree = self.local.rev_parse_single(revision).and_then(|id| Ok(id.object()?.peel_to_tree()?.id));
        tree.map_err(|error| {
            SourceError::new(SourceErrorKind::BadRevision, format!("`{revision}` names no commit")).because(error)
        })
    }

    /// The user's paths as the repository writes them.
    fn relative_to(&self, top: &Path, paths: &[PathBuf]) -> Result<Vec<BString>, SourceError> {
        let top = top.canonicalize().map_err(|error| SourceError::io(top, error))?;
        let relative = |path: &PathBuf| {
            let inside = inside(&top, &self.folder.join(path))
                .and_then(|path| gix::path::into_bstr(path).ok().map(Cow::into_owned));
            let path = inside.map(|path| gix::path::to_unix_separators_on_windows(path).into_owned());
            path.ok_or_else(|| SourceError::new(SourceErrorKind::NotFound, "a path is outside of the repository"))
        };
        paths.iter().map(relative).collect()
    }

    /// Scans the new blobs, and the old ones if there is something to compare with them.
    fn scan(&self, control: &Control<'_>, source: Source, changes: Changes, paths: &[BString]) -> Outcome {
        let Changes { mut new, old, gaps } = changes;
        new.retain(|place| selects(paths, &place.path));
        let mut outcome = self.scan_blobs(control, source, &new);
        if !outcome.findings.is_empty() {
            // What was there before is only looked at for comparison and not counted as scanned.
            let known = self.scan_blobs(control, source, &old);
            outcome.coverage.notes.extend(known.coverage.notes);
            outcome.findings = only_new(outcome.findings, known.findings);
        }
        outcome.coverage.notes.extend(gaps.into_iter().map(|(path, gap)| note(&path, gap)));
        outcome.coverage.notes.sort();
        outcome.coverage.interrupted = control.stopped();
        outcome
    }

    fn scan_blobs(&self, control: &Control<'_>, source: Source, places: &[Place]) -> Outcome {
        let work =
            Work { control, root: &self.root, source, places, next: AtomicUsize::new(0), done: Mutex::default() };
        let helpers = control.jobs.min(places.len() / BLOBS_A_THREAD).saturating_sub(1);
        if helpers == 0 {
            work.run(&self.local);
        } else {
            let (work, shared) = (&work, &self.shared);
            std::thread::scope(|scope| {
                for _ in 0..helpers {
                    scope.spawn(|| work.run(&shared.to_thread_local()));
                }
                work.run(&self.local);
            });
        }
        let mut done = work.done.into_inner().unwrap_or_else(PoisonError::into_inner);
        // Which thread found what is chance.
        sort_findings(&mut done.findings);
        done
    }
}

/// Blobs that several threads scan.
struct Work<'a> {
    control: &'a Control<'a>,
    root: &'a str,
    source: Source,
    places: &'a [Place],
    next: AtomicUsize,
    done: Mutex<Outcome>,
}

impl Work<'_> {
    fn run(&self, repository: &gix::Repository) {
        let mut scratch = Scratch::default();
        let mut own = Outcome::default();
        while let Some(place) = self.places.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if self.control.stopped() {
                break;
            }
            match self.scan(repository, place, &mut scratch) {
                Ok((findings, bytes)) => {
                    own.findings.extend(findings);
                    own.coverage.files += 1;
                    own.coverage.bytes += bytes;
                    self.control.events.scanned(1, bytes);
                }
                Err(gap) => own.coverage.notes.push(note(&place.path, gap)),
            }
        }
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.findings.append(&mut own.findings);
        done.coverage.files += own.coverage.files;
        done.coverage.bytes += own.coverage.bytes;
        done.coverage.notes.append(&mut own.coverage.notes);
    }

    fn scan(
        &self,
        repository: &gix::Repository,
        place: &Place,
        scratch: &mut Scratch,
    ) -> Result<(Vec<Finding>, u64), Closed> {
        let unreadable = |error: gix::Error| (Gap::Unreadable, error.to_string());
        let size = repository.find_header(place.blob).map_err(unreadable)?.size();
        if size > MOST_BYTES {
            return Err((Gap::TooLarge, format!("{size} bytes")));
        }
        let blob = repository.find_blob(place.blob).map_err(unreadable)?;
        let git = GitPlace { blob: place.blob.to_string(), ..GitPlace::default() };
        let mut findings =
            scan_bytes(self.control, &place.path.to_str_lossy(), &blob.data, self.source, Some(git), scratch);
        for finding in &mut findings {
            finding.locator.root = Some(self.root.to_owned());
        }
        Ok((findings, blob.data.len() as u64))
    }
}

fn note(path: &BString, (gap, detail): Closed) -> Note {
    let path = path.to_str_lossy();
    Note { path: path.strip_suffix('/').unwrap_or(&path).to_owned(), gap, detail }
}

/// Whether one of the paths is this one or a folder above it. No paths select all.
fn selects(paths: &[BString], path: &BString) -> bool {
    let within = |folder: &BString| match path.strip_prefix(folder.as_slice()) {
        Some(rest) => rest.is_empty() || folder.is_empty() || rest.starts_with(b"/"),
        None => false,
    };
    paths.is_empty() || paths.iter().any(within)
}

/// A path relative to the top, if it is inside. It need not exist: deleted files have paths too.
fn inside(top: &Path, path: &Path) -> Option<PathBuf> {
    let plain = without_dots(path);
    if let Ok(relative) = plain.strip_prefix(top) {
        return Some(relative.to_path_buf());
    }
    // A symbolic link may stand on the way to the repository.
    let real = plain.parent()?.canonicalize().ok()?.join(plain.file_name()?);
    real.strip_prefix(top).ok().map(Path::to_path_buf)
}

/// The path with `.` and `..` taken away.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}
