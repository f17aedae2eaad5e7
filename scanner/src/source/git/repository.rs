//! A repository on disk: where its objects lie, what its refs point to, and what is special about it.

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::bstr::ByteSlice;

use crate::scan::{Gap, Note};
use crate::source::file::{self, Links};
use crate::source::permalink::{Forge, forge_of};
use crate::source::repository::is_partial;
use crate::source::{SourceError, SourceErrorKind};

/// A ref and the object that it points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ref {
    /// Its full name, as in `refs/heads/main`, or `HEAD`.
    pub name: String,
    /// The object's id in hex digits.
    pub target: String,
}

/// No log of stashes is longer.
const MOST_LOG: u64 = 64 << 20;

/// A repository that is open.
pub(crate) struct Repository {
    pub(crate) hash: gix::hash::Kind,
    pub(crate) objects: PathBuf,
    /// What refs point to: branches first, then those of remotes, tags, others.
    pub(crate) tips: Vec<Tip>,
    /// The commit that is checked out.
    pub(crate) head: Option<ObjectId>,
    /// Commits whose parents were left at the remote.
    pub(crate) shallow: HashSet<ObjectId>,
    /// Whether objects may be left at the remote.
    pub(crate) partial: bool,
    pub(crate) forge: Option<Forge>,
    pub(crate) notes: Vec<Note>,
}

/// What a ref points to.
#[derive(Debug, Clone)]
pub(crate) struct Tip {
    pub(crate) name: String,
    pub(crate) target: ObjectId,
}

/// Whether a folder is itself a repository: the top of a working tree, or bare. Nothing above it is looked at.
pub fn is_repository(path: &Path) -> bool {
    // What gix opens may still be a folder with a broken `.git`, which is an error to be told and no plain folder.
    path.join(".git").exists() || (path.join("HEAD").is_file() && path.join("objects").is_dir())
}

/// Whether a repository keeps its refs in a reftable, which is read by git only.
///
/// # Errors
/// If there is no repository at the path, or it cannot be opened.
pub fn uses_reftable(path: &Path) -> Result<bool, SourceError> {
    open(path).map(|repository| reftable(&repository))
}

fn open(path: &Path) -> Result<gix::Repository, SourceError> {
    // With a number of slots of our own gix does not look at packs and alternates yet, which may be damaged.
    let options = gix::open::Options::default().object_store_slots(gix::odb::store::init::Slots::Given(1));
    gix::open_opts(path, options).map_err(|error| {
        let (kind, what) = if !path.exists() {
            (SourceErrorKind::NotFound, "does not exist")
        } else if is_repository(path) {
            (SourceErrorKind::Corrupt, "is a git repository that cannot be opened")
        } else {
            (SourceErrorKind::NotARepository, "is no git repository")
        };
        SourceError::new(kind, format!("`{}` {what}", path.display())).because(error)
    })
}

fn reftable(repository: &gix::Repository) -> bool {
    let storage = repository.config_snapshot().string("extensions.refStorage");
    storage.is_some_and(|storage| storage.trim_ascii().eq_ignore_ascii_case(b"reftable"))
}

impl Repository {
    /// Opens the repository at a path, whose refs are those given, if any are.
    pub(crate) fn open(path: &Path, refs: Option<&[Ref]>) -> Result<Self, SourceError> {
        let repository = open(path)?;
        let objects = repository.common_dir().join("objects");
        let mut opened = Self {
            hash: repository.object_hash(),
            partial: is_partial(&repository) || has_promisor_packs(&objects),
            objects,
            tips: Vec::new(),
            head: None,
            shallow: HashSet::new(),
            forge: forge_of(&repository),
            notes: Vec::new(),
        };
        match refs {
            Some(refs) => opened.take_refs(refs),
            None if reftable(&repository) => opened.note("refs", Gap::NoRefs, "they are in a reftable".to_owned()),
            None => opened.find_refs(&repository),
        }
        opened.tips.sort_by(|a, b| (rank(&a.name), &a.name).cmp(&(rank(&b.name), &b.name)));
        opened.find_cuts(&repository);
        Ok(opened)
    }

    fn note(&mut self, path: &str, gap: Gap, detail: String) {
        self.notes.push(Note { path: path.to_owned(), gap, detail });
    }

    fn tip(&mut self, name: String, target: ObjectId) {
        if name == "HEAD" {
            self.head = Some(target);
        }
        self.tips.push(Tip { name, target });
    }

    fn take_refs(&mut self, refs: &[Ref]) {
        for given in refs {
            match ObjectId::from_hex(given.target.as_bytes()) {
                Ok(target) => self.tip(given.name.clone(), target),
                Err(error) => self.note(&given.name, Gap::NoRefs, error.to_string()),
            }
        }
    }

    /// Refs that cannot be read are told; the others count.
    fn find_refs(&mut self, repository: &gix::Repository) {
        match repository.references().and_then(|refs| refs.all().map(Iterator::collect::<Vec<_>>)) {
            Ok(all) => {
                for found in all {
                    match found {
                        // A symbolic ref points to another one, which counts itself.
                        Ok(found) => {
                            if let Some(target) = found.target().try_id() {
                                self.tip(found.name().as_bstr().to_str_lossy().into_owned(), target.to_owned());
                            }
                        }
                        Err(error) => self.note("refs", Gap::NoRefs, error.to_string()),
                    }
                }
            }
            Err(error) => self.note("refs", Gap::NoRefs, error.to_string()),
        }
        self.find_heads(repository);
        self.find_stashes(repository);
    }

    /// What is checked out here and in linked working trees, which may be no branch.
    fn find_heads(&mut self, repository: &gix::Repository) {
        match head_of(repository) {
            Ok(Some(id)) => self.tip("HEAD".to_owned(), id),
            Ok(None) => {}
            Err(error) => self.note("HEAD", Gap::NoRefs, error.to_string()),
        }
        let mut others = Vec::new();
        if repository.git_dir() != repository.common_dir() {
            // As git calls it.
            others.push(("main-worktree/HEAD".to_owned(), repository.main_repo()));
        }
        for linked in repository.worktrees().unwrap_or_default() {
            let name = linked.id().map(|id| id.to_str_lossy().into_owned()).unwrap_or_default();
            others.push((format!("worktrees/{name}/HEAD"), linked.into_repo_with_possibly_inaccessible_worktree()));
        }
        for (name, other) in others {
            match other.and_then(|other| head_of(&other)) {
                Ok(Some(target)) => self.tips.push(Tip { name, target }),
                Ok(None) => {}
                Err(error) => self.note(&name, Gap::NoRefs, error.to_string()),
            }
        }
    }

    /// The stashes but for the last one, which only the log of their ref knows.
    fn find_stashes(&mut self, repository: &gix::Repository) {
        let mut log = Vec::new();
        match file::open(&repository.common_dir().join("logs/refs/stash"), Links::Follow) {
            Ok(opened) => {
                if let Err(error) = opened.file.take(MOST_LOG).read_to_end(&mut log) {
                    self.note("refs/stash", Gap::NoRefs, error.to_string());
                }
            }
            Err((Gap::Vanished, _)) => {}
            Err((_, detail)) => self.note("refs/stash", Gap::NoRefs, detail),
        }
        let ids = log.lines().filter_map(|line| line.split(|&byte| byte == b' ').nth(1));
        let ids: Vec<ObjectId> = ids.filter_map(|hex| ObjectId::from_hex(hex).ok()).collect();
        for (n, target) in ids.into_iter().rev().enumerate().skip(1) {
            self.tips.push(Tip { name: format!("refs/stash@{{{n}}}"), target });
        }
    }

    /// Where the history is cut off or mended by hand.
    fn find_cuts(&mut self, repository: &gix::Repository) {
        match repository.shallow_commits() {
            Ok(commits) => self.shallow = commits.iter().flat_map(|commits| commits.iter().copied()).collect(),
            Err(error) => self.note("shallow", Gap::Unreadable, error.to_string()),
        }
        let mut cut: Vec<String> = self.shallow.iter().map(|id| format!("commit/{id}")).collect();
        cut.sort();
        for path in &cut {
            self.note(path, Gap::Shallow, String::new());
        }
        if repository.common_dir().join("info/grafts").exists() {
            self.note("info/grafts", Gap::Grafted, String::new());
        }
        if self.tips.iter().any(|tip| tip.name.starts_with("refs/replace/")) {
            self.note("refs/replace", Gap::Grafted, String::new());
        }
    }
}

/// What a repository has checked out, unless that is a branch without commits.
fn head_of(repository: &gix::Repository) -> Result<Option<ObjectId>, gix::Error> {
    let mut next = repository.try_find_reference("HEAD")?;
    for _ in 0..8 {
        let Some(head) = next else { return Ok(None) };
        if let Some(id) = head.target().try_id() {
            return Ok(Some(id.to_owned()));
        }
        let Some(name) = head.target().try_name().map(ToOwned::to_owned) else { break };
        next = repository.try_find_reference(name.as_ref())?;
    }
    Ok(None)
}

/// Packs that came from a promisor are marked by a file beside them.
fn has_promisor_packs(objects: &Path) -> bool {
    let entries = std::fs::read_dir(objects.join("pack")).into_iter().flatten();
    entries.flatten().any(|entry| entry.path().extension().is_some_and(|extension| extension == "promisor"))
}

/// The order in which refs are named.
fn rank(name: &str) -> u8 {
    match name {
        name if name.starts_with("refs/heads/") => 0,
        "HEAD" => 1,
        name if name.starts_with("refs/remotes/") => 2,
        name if name.starts_with("refs/tags/") => 3,
        _ => 4,
    }
}
