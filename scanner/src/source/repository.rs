//! Repositories that are open for reading, and why an object of theirs is not read.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

use gix::bstr::BString;
use gix::hash::oid;
use gix::objs::Kind;
use gix::{ObjectId, Repository, ThreadSafeRepository};

use crate::scan::Gap;
use crate::source::file::Closed;
use crate::source::{SourceError, SourceErrorKind, is_repository};

/// An object is held in memory as a whole, so there is a limit to its size.
const MOST_BYTES: u64 = 1 << 30;

/// A repository that is open.
pub(crate) struct Opened {
    pub(crate) shared: ThreadSafeRepository,
    pub(crate) local: Repository,
    /// The folder that was given, without symbolic links.
    pub(crate) folder: PathBuf,
    /// How findings call it.
    pub(crate) root: String,
}

impl Opened {
    /// Opens the repository that a path is in, unless git's own variables say otherwise.
    pub(crate) fn at(path: &Path) -> Result<Self, SourceError> {
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
        let shared = named(&folder, &shared).unwrap_or(shared);
        let local = for_thread(&shared);
        Ok(Self { shared, local, folder, root: path.to_string_lossy().into_owned() })
    }

    /// The tree of `HEAD`; none before the first commit.
    pub(crate) fn head(&self) -> gix::Result<Option<ObjectId>> {
        let mut head = self.local.head()?;
        if head.is_unborn() {
            return Ok(None);
        }
        Ok(Some(head.peel_to_commit()?.tree_id()?.detach()))
    }

    /// The index; an empty one if there is none.
    ///
    /// Its checksum is not held against its bytes, as git does not do so either: of a large index that took longer than all else
    /// together. An id that is damaged names no object, and so is noted.
    pub(crate) fn index(&self) -> gix::Result<gix::index::File> {
        let options = gix::index::decode::Options { thread_limit: Some(1), ..Default::default() };
        gix::index::File::at_or_default(self.local.index_path(), self.local.object_hash(), true, options)
    }

    /// The tree that a revision names or has.
    pub(crate) fn tree_of(&self, revision: &str) -> Result<ObjectId, SourceError> {
        let tree = self.local.rev_parse_single(revision).and_then(|id| Ok(id.object()?.peel_to_tree()?.id));
        tree.map_err(|error| {
            SourceError::new(SourceErrorKind::BadRevision, format!("`{revision}` names no commit")).because(error)
        })
    }

    /// The user's paths as the repository writes them.
    pub(crate) fn relative_to(&self, top: &Path, paths: &[PathBuf]) -> Result<Vec<BString>, SourceError> {
        let top = top.canonicalize().map_err(|error| SourceError::io(top, error))?;
        let relative = |path: &PathBuf| {
            let inside = inside(&top, &self.folder.join(path))
                .and_then(|path| gix::path::into_bstr(path).ok().map(Cow::into_owned));
            let path = inside.map(|path| gix::path::to_unix_separators_on_windows(path).into_owned());
            path.ok_or_else(|| SourceError::new(SourceErrorKind::NotFound, "a path is outside of the repository"))
        };
        paths.iter().map(relative).collect()
    }
}

/// A bare repository that is named itself is meant, also where git's variables are about another, as in a hook.
fn named(folder: &Path, found: &ThreadSafeRepository) -> Option<ThreadSafeRepository> {
    let is_bare = is_repository(folder) && !folder.join(".git").exists();
    let elsewhere = || found.git_dir().canonicalize().is_ok_and(|found| found != folder);
    if is_bare && elsewhere() { ThreadSafeRepository::open(folder).ok() } else { None }
}

/// A handle of one thread's own. What is read is what is stored under an id: nothing may stand in for it, as git's replacements do.
pub(crate) fn for_thread(shared: &ThreadSafeRepository) -> Repository {
    let mut local = shared.to_thread_local();
    local.objects.ignore_replacements = true;
    local
}

/// The revision that stands for nothing, as git's hooks write it for a new branch.
pub(crate) fn is_nothing(revision: &str) -> bool {
    revision.len() >= 40 && revision.bytes().all(|byte| byte == b'0')
}

/// The bytes of an object of a kind.
pub(crate) fn read(repository: &Repository, id: &oid, kind: Kind) -> Result<Vec<u8>, Closed> {
    let failed = |error: gix::Error| closed(repository, id, &error);
    let header = repository.find_header(id).map_err(failed)?;
    if header.kind() != kind {
        return Err((Gap::Corrupt, format!("object {id} is a {}, not a {kind}", header.kind())));
    }
    if header.size() > MOST_BYTES {
        return Err((Gap::TooLarge, format!("{} bytes", header.size())));
    }
    Ok(repository.find_object(id).map_err(failed)?.detach().data)
}

/// What an error of reading an object means for the ledger.
pub(crate) fn closed(repository: &Repository, id: &oid, error: &gix::Error) -> Closed {
    let gap = match () {
        () if repository.has_object(id) => Gap::Corrupt,
        () if is_partial(repository) => Gap::Promised,
        () => Gap::Missing,
    };
    (gap, error.to_string())
}

/// Whether a repository is a partial clone, which gets what it lacks from its remote when git needs it. We ask no remote.
pub(crate) fn is_partial(repository: &Repository) -> bool {
    let config = repository.config_snapshot();
    let remotes = config.plumbing().sections_by_name("remote").into_iter().flatten();
    config.string("extensions.partialClone").is_some()
        || remotes
            .into_iter()
            .any(|remote| remote.value("promisor").is_some_and(|value| !value.eq_ignore_ascii_case(b"false")))
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
