//! Trees of files, or one file.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::{DirEntry, WalkBuilder, WalkState};
use stanch_model::{Finding, Source};

use crate::scan::{Control, Coverage, Document, Gap, Note, Outcome, findings, sort_findings};
use crate::source::file::{Closed, Links, Opened, closed, open, read_at, shrank};
use crate::source::ignored::Ignored;
use crate::source::large::{Buffers, Scanned, scan_large};
use crate::source::part::Sizes;
use crate::source::reader::scan_stream;
use crate::source::{SourceError, SourceErrorKind};

/// How a tree is scanned.
#[derive(Debug, Clone, Default)]
pub struct TreeOptions {
    /// Globs of what is left out, in the syntax of gitignore, relative to the root. For a root that is a file they are relative to its
    /// folder.
    pub exclude: Vec<String>,
}

/// Scans a file, or all files below a folder: hidden and ignored ones too, but no git folder and nothing behind a symbolic link,
/// unless the root itself is one. Findings name paths relative to a folder, and a file as it was given.
///
/// Up to `control.jobs` threads work; with one job, or for one small file, none is started. Where all of few cores are given, a few more
/// threads wait for the disk beside them. Memory is bound by a few parts of 1 MiB a thread and what is found, whatever the files' sizes;
/// only rules that look at whole documents make the engine hold up to 64 MiB a job.
///
/// # Errors
/// If the root cannot be read, or a glob not be understood. What goes wrong below the root is noted in the outcome.
pub fn scan_tree(control: &Control<'_>, root: &Path, options: &TreeOptions) -> Result<Outcome, SourceError> {
    scan_tree_in(control, root, options, Sizes::of(control.engine))
}

pub(crate) fn scan_tree_in(
    control: &Control<'_>,
    root: &Path,
    options: &TreeOptions,
    sizes: Sizes,
) -> Result<Outcome, SourceError> {
    let metadata = std::fs::metadata(root).map_err(|error| SourceError::io(root, error))?;
    if metadata.is_dir() {
        std::fs::read_dir(root).map_err(|error| SourceError::io(root, error))?;
        let tree = Tree::new(control, root, root, sizes);
        let skipped = Arc::new(Skipped::new(root, &options.exclude)?);
        tree.walk(&skipped);
        tree.scan_large_files();
        Ok(tree.outcome(&skipped))
    } else if metadata.is_file() {
        let folder = root.parent().unwrap_or(Path::new(""));
        let tree = Tree::new(control, root, folder, sizes);
        let skipped = Skipped::new(folder, &options.exclude)?;
        tree.scan_root_file(&skipped)?;
        Ok(tree.outcome(&skipped))
    } else {
        let message = format!("`{}` is a pipe, socket or device", root.display());
        Err(SourceError::new(SourceErrorKind::Unreadable, message))
    }
}

/// What the walk leaves out.
struct Skipped {
    folder: PathBuf,
    exclude: Gitignore,
    notes: Mutex<Vec<Note>>,
}

impl Skipped {
    fn new(folder: &Path, exclude: &[String]) -> Result<Self, SourceError> {
        Ok(Self { folder: folder.to_path_buf(), exclude: excluded(folder, exclude)?, notes: Mutex::default() })
    }

    /// Whether an entry is left out, which is noted then.
    fn skips(&self, path: &Path, is_folder: bool) -> bool {
        let gap = if path.file_name() == Some(OsStr::new(".git")) {
            Gap::GitDir
        } else if self.exclude.matched(path, is_folder).is_ignore() {
            Gap::Excluded
        } else {
            return false;
        };
        let note = Note { path: name(path, &self.folder).into_owned(), gap, detail: String::new() };
        lock(&self.notes).push(note);
        true
    }
}

/// What globs of the user leave out below a folder.
pub(crate) fn excluded(folder: &Path, globs: &[String]) -> Result<Gitignore, SourceError> {
    let bad = |glob: &str, error| {
        SourceError::new(SourceErrorKind::BadGlob, format!("cannot understand the glob `{glob}`")).because(error)
    };
    let mut builder = GitignoreBuilder::new(folder);
    builder.allow_unclosed_class(false);
    for glob in globs {
        builder.add_line(None, glob).map_err(|error| bad(glob, error))?;
    }
    builder.build().map_err(|error| bad(&globs.join(" "), error))
}

/// A tree that is being scanned, from several threads.
struct Tree<'a> {
    control: &'a Control<'a>,
    sizes: Sizes,
    /// The root as it was given, and how findings call it.
    root: &'a Path,
    root_name: String,
    /// What paths are relative to.
    folder: &'a Path,
    ignored: Ignored,
    files: AtomicU64,
    bytes: AtomicU64,
    interrupted: AtomicBool,
    found: Mutex<Vec<Finding>>,
    notes: Mutex<Vec<Note>>,
    /// Files that are scanned after the walk, each by all threads.
    large: Mutex<Vec<PathBuf>>,
}

impl<'a> Tree<'a> {
    fn new(control: &'a Control<'a>, root: &'a Path, folder: &'a Path, sizes: Sizes) -> Self {
        Self {
            control,
            sizes,
            root,
            root_name: root.to_string_lossy().into_owned(),
            folder,
            ignored: Ignored::new(folder),
            files: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            interrupted: AtomicBool::new(false),
            found: Mutex::default(),
            notes: Mutex::default(),
            large: Mutex::default(),
        }
    }

    /// Visits everything below the folder.
    fn walk(&self, skipped: &Arc<Skipped>) {
        let mut builder = WalkBuilder::new(self.folder);
        let filter = Arc::clone(skipped);
        let keep = move |entry: &DirEntry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            entry.depth() == 0 || !filter.skips(entry.path(), is_folder)
        };
        builder.standard_filters(false).follow_links(false).filter_entry(keep);
        if self.control.jobs <= 1 {
            let mut buffers = Buffers::default();
            let _ended = builder.build().try_for_each(|entry| match self.visit(entry, &mut buffers) {
                WalkState::Quit => Err(()),
                _ => Ok(()),
            });
            return;
        }
        builder.threads(walkers(self.control)).build_parallel().run(|| {
            let mut buffers = Buffers::default();
            Box::new(move |entry| self.visit(entry, &mut buffers))
        });
    }

    fn visit(&self, entry: Result<DirEntry, ignore::Error>, buffers: &mut Buffers) -> WalkState {
        if self.stopped() {
            return WalkState::Quit;
        }
        match entry {
            Ok(entry) => self.visit_entry(&entry, buffers),
            Err(error) => self.note_walk_error(&error),
        }
        WalkState::Continue
    }

    fn visit_entry(&self, entry: &DirEntry, buffers: &mut Buffers) {
        let Some(kind) = entry.file_type() else { return };
        if entry.depth() == 0 || kind.is_dir() {
            return;
        }
        if kind.is_symlink() {
            self.note(entry.path(), (Gap::Symlink, String::new()));
        } else if kind.is_file() {
            self.scan_file(entry.path(), buffers);
        } else {
            self.note(entry.path(), (Gap::Special, String::new()));
        }
    }

    fn scan_file(&self, path: &Path, buffers: &mut Buffers) {
        let opened = match open(path, Links::Refuse) {
            Ok(opened) => opened,
            Err(gap) => return self.note(path, gap),
        };
        if opened.length > self.sizes.alone {
            lock(&self.large).push(path.to_path_buf());
        } else {
            let name = name(path, self.folder);
            self.add(&name, path, self.scan_opened(&name, &opened, buffers));
        }
    }

    fn stopped(&self) -> bool {
        let stopped = self.control.stopped();
        if stopped {
            self.interrupted.store(true, Ordering::Relaxed);
        }
        stopped
    }

    fn scan_large_files(&self) {
        let mut large = std::mem::take(&mut *lock(&self.large));
        large.sort();
        let mut buffers = Buffers::default();
        for path in large {
            if self.stopped() {
                return;
            }
            match open(&path, Links::Refuse) {
                Ok(opened) => {
                    let name = name(&path, self.folder);
                    self.add(&name, &path, self.scan_opened(&name, &opened, &mut buffers));
                }
                Err(gap) => self.note(&path, gap),
            }
        }
    }

    /// The root itself, which is a file. Findings name it as it was given.
    fn scan_root_file(&self, skipped: &Skipped) -> Result<(), SourceError> {
        let name = self.root.to_string_lossy();
        if skipped.exclude.matched(self.root, false).is_ignore() {
            self.note_as(&name, (Gap::Excluded, String::new()));
            return Ok(());
        }
        // The file was there a moment ago, and its path is the user's: what goes wrong is an error, not a gap.
        let opened = open(self.root, Links::Follow).map_err(|(gap, detail)| {
            let kind = if gap == Gap::Vanished { SourceErrorKind::NotFound } else { SourceErrorKind::Unreadable };
            SourceError::new(kind, format!("cannot read `{name}`: {detail}"))
        })?;
        let scanned = self.scan_opened(&name, &opened, &mut Buffers::default());
        self.add(&name, self.root, scanned);
        Ok(())
    }

    fn scan_opened(&self, name: &str, opened: &Opened, buffers: &mut Buffers) -> Scanned {
        let document =
            Document { path: name, source: Source::File, root: Some(&self.root_name), git: None, ignored: false };
        if opened.length == 0 {
            // Empty, or one of the system's own files, which do not say their length.
            let streamed = scan_stream(self.control, &mut &opened.file, document, self.sizes, &mut buffers.scratch);
            let gaps = streamed.error.map(|error| closed(&error)).into_iter().collect();
            return Scanned {
                findings: streamed.findings,
                bytes: streamed.bytes,
                gaps,
                interrupted: streamed.interrupted,
            };
        }
        if opened.length <= self.sizes.whole {
            return scan_small(self.control, opened, &document, buffers);
        }
        // While the walk goes on, the other threads have files of their own.
        let jobs = if opened.length > self.sizes.alone { self.control.jobs } else { 1 };
        let control = Control { jobs, ..*self.control };
        let mut scanned = scan_large(&control, opened, document, self.sizes, buffers);
        if self.control.engine.reach().document {
            scanned.gaps.push((Gap::TooLargeForDocumentRules, String::new()));
        }
        scanned
    }

    /// Adds what came of a file.
    fn add(&self, name: &str, path: &Path, scanned: Scanned) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(scanned.bytes, Ordering::Relaxed);
        self.control.events.scanned(1, 0);
        if scanned.interrupted {
            self.interrupted.store(true, Ordering::Relaxed);
        }
        for gap in scanned.gaps {
            self.note_as(name, gap);
        }
        if !scanned.findings.is_empty() {
            let ignored = self.ignored.is_ignored(path);
            let findings = scanned.findings.into_iter().map(|finding| Finding { ignored, ..finding });
            lock(&self.found).extend(findings);
        }
    }

    fn note(&self, path: &Path, gap: Closed) {
        self.note_as(&name(path, self.folder), gap);
    }

    fn note_as(&self, name: &str, (gap, detail): Closed) {
        lock(&self.notes).push(Note { path: name.to_owned(), gap, detail });
    }

    /// An entry that cannot be listed.
    fn note_walk_error(&self, error: &ignore::Error) {
        let path = failed_path(error).unwrap_or(self.folder);
        let gap = error.io_error().map_or_else(|| (Gap::Unreadable, error.to_string()), closed);
        self.note(path, gap);
    }

    fn outcome(self, skipped: &Skipped) -> Outcome {
        let mut findings = unlock(self.found);
        sort_findings(&mut findings);
        let mut notes = unlock(self.notes);
        notes.append(&mut lock(&skipped.notes));
        notes.sort();
        let (files, bytes) = (self.files.into_inner(), self.bytes.into_inner());
        let interrupted = self.interrupted.into_inner();
        Outcome { findings, coverage: Coverage { files, bytes, notes, interrupted, ..Coverage::default() } }
    }
}

/// How many threads walk: while one waits for the disk, another can work. More than the user wants may work if nobody waits, so there are
/// more only where every core is given; and none may have to hold whole documents, which are large.
fn walkers(control: &Control<'_>) -> usize {
    /// So many reads at once keep a disk busy.
    const BUSY: usize = 4;
    let cores = std::thread::available_parallelism().map_or(usize::MAX, NonZero::get);
    let held_back = control.jobs < cores || control.engine.reach().document;
    if held_back { control.jobs } else { control.jobs.max(BUSY) }
}

/// Scans a file that fits into the buffer.
fn scan_small(control: &Control<'_>, opened: &Opened, document: &Document<'_>, buffers: &mut Buffers) -> Scanned {
    let Buffers { bytes, scratch } = buffers;
    let length = opened.length as usize;
    if bytes.len() < length {
        bytes.resize(length, 0);
    }
    // What is appended while we read came after we looked.
    let room = bytes.get_mut(..length).unwrap_or_default();
    let read = match read_at(&opened.file, room, 0) {
        Ok(read) => read,
        Err(error) => return Scanned { gaps: vec![closed(&error)], ..Scanned::default() },
    };
    let bytes = room.get(..read).unwrap_or_default();
    let gaps = if read < length && shrank(opened) { vec![(Gap::Shrank, String::new())] } else { Vec::new() };
    control.events.scanned(0, read as u64);
    let candidates = control.engine.scan(bytes, scratch);
    Scanned { findings: findings(control, document, bytes, candidates), bytes: read as u64, gaps, interrupted: false }
}

/// The path of an entry relative to the folder, with `/` between its parts, as findings write it.
fn name<'p>(path: &'p Path, folder: &Path) -> Cow<'p, str> {
    let relative = path.strip_prefix(folder).unwrap_or(path);
    if std::path::MAIN_SEPARATOR == '/' {
        return relative.to_string_lossy();
    }
    let parts: Vec<Cow<'_, str>> = relative.iter().map(OsStr::to_string_lossy).collect();
    parts.join("/").into()
}

/// The path that an error of the walk is about.
fn failed_path(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => failed_path(err),
        ignore::Error::Partial(errors) => errors.first().and_then(failed_path),
        _ => None,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a thread that panicked left behind is whole: it was added in one go.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unlock<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}
