//! What is staged in git's index, or stands between two commits.
//!
//! Only what a change adds is reported: a credential that stood in a changed or deleted file before counts as known there, as often as
//! it stood. So moves, renames and edits elsewhere in a file stop no commit, while a second copy of a known credential does.
//!
//! Everything is read only; the index is not refreshed and nothing is locked.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use gix::bstr::{BString, ByteSlice};
use stanch_model::Source;

use crate::scan::{Control, Outcome};
use crate::source::blobs::{Blobs, Purpose, note};
use crate::source::changes::{Changes, Folder, compare};
use crate::source::known::only_new;
use crate::source::repository::{Opened, is_nothing, read};
use crate::source::{SourceError, SourceErrorKind};

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
    Staged::at(control, path)?.scan(control, options)
}

/// The files that [`scan_staged`] would scan, relative to the top of the working tree, in order.
///
/// # Errors
/// As [`scan_staged`].
pub fn staged_paths(control: &Control<'_>, path: &Path) -> Result<Vec<PathBuf>, SourceError> {
    Ok(Staged::at(control, path)?.paths())
}

/// What is staged, compared with `HEAD` once: for who wants to know the files before they are scanned.
pub struct Staged {
    opened: Opened,
    top: PathBuf,
    changes: Changes,
}

impl Staged {
    /// Reads the index and compares it. `path` is as for [`scan_staged`].
    ///
    /// # Errors
    /// As [`scan_staged`].
    pub fn at(control: &Control<'_>, path: &Path) -> Result<Self, SourceError> {
        let opened = Opened::at(path)?;
        let (top, changes) = opened.staged(control, path)?;
        Ok(Self { opened, top, changes })
    }

    /// The changed and added files, relative to the top of the working tree, in order.
    pub fn paths(&self) -> Vec<PathBuf> {
        let new = self.changes.new.iter();
        let mut paths: Vec<PathBuf> =
            new.filter_map(|place| gix::path::from_bstr(place.path.as_bstr()).ok()).map(Cow::into_owned).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// Scans them, as [`scan_staged`] does.
    ///
    /// # Errors
    /// If one of the paths is outside of the working tree.
    pub fn scan(self, control: &Control<'_>, options: &StagedOptions) -> Result<Outcome, SourceError> {
        let paths = self.opened.relative_to(&self.top, &options.paths)?;
        Ok(self.opened.scan(control, Source::Index, self.changes, &paths))
    }
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

/// The content of an object by its id; `None` if the repository has no such object, or the text is no id.
///
/// # Errors
/// If `repo` is in no repository, or the object cannot be read or is too large to be held in memory.
pub fn object_at(repo: &Path, id: &str) -> Result<Option<Vec<u8>>, SourceError> {
    let Ok(id) = gix::ObjectId::from_hex(id.as_bytes()) else { return Ok(None) };
    let opened = Opened::at(repo)?;
    let Ok(header) = opened.local.find_header(id) else { return Ok(None) };
    let failed = |(_, detail): crate::source::file::Closed| SourceError::new(SourceErrorKind::Corrupt, detail);
    read(&opened.local, &id, header.kind()).map(Some).map_err(failed)
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

impl Opened {
    /// The top of the working tree, and what staging changes in it. `path` is for messages.
    fn staged(&self, control: &Control<'_>, path: &Path) -> Result<(PathBuf, Changes), SourceError> {
        let top = self.local.workdir().ok_or_else(|| bare(path))?;
        let corrupt = |what: &str, error: gix::Error| {
            let message = format!("cannot read {what} of `{}`", path.display());
            SourceError::new(SourceErrorKind::Corrupt, message).because(error)
        };
        let index = self.index().map_err(|error| corrupt("the index", error))?;
        let head = self.head().map_err(|error| corrupt("`HEAD`", error))?;
        let changes = compare(control, &self.local, Some(Folder::index(&index)), head.map(Folder::Tree));
        Ok((top.to_path_buf(), changes))
    }

    /// Scans the new blobs, and the old ones if there is something to compare with them.
    fn scan(&self, control: &Control<'_>, source: Source, changes: Changes, paths: &[BString]) -> Outcome {
        let Changes { mut new, old, gaps } = changes;
        new.retain(|place| selects(paths, &place.path));
        let blobs = Blobs { control, shared: &self.shared, root: &self.root, source, seen: None };
        let mut outcome = blobs.scan(&self.local, &new, Purpose::Report);
        if !outcome.findings.is_empty() {
            // What was there before is only looked at for comparison and not counted as scanned.
            let known = blobs.scan(&self.local, &old, Purpose::Compare);
            outcome.coverage.notes.extend(known.coverage.notes);
            outcome.findings = only_new(outcome.findings, known.findings);
        }
        outcome.coverage.notes.extend(gaps.into_iter().map(|(path, gap)| note(&path, gap)));
        outcome.coverage.notes.sort();
        outcome.coverage.interrupted = control.stopped();
        outcome
    }
}

/// Whether one of the paths is this one or a folder above it. No paths select all.
fn selects(paths: &[BString], path: &BString) -> bool {
    let within = |folder: &BString| match path.strip_prefix(folder.as_slice()) {
        Some(rest) => rest.is_empty() || folder.is_empty() || rest.starts_with(b"/"),
        None => false,
    };
    paths.is_empty() || paths.iter().any(within)
}
