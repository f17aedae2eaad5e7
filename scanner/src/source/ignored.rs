//! What git ignores: asked for files with findings only, as their folders' `.gitignore` files have to be read for it.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gix::bstr::ByteSlice;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::source::file::{Links, open};

/// Tells which files of a folder git ignores. Tracked files are never ignored. The user's own global excludes do not count, so that the
/// answer is the same on every machine.
pub(crate) struct Ignored {
    folder: PathBuf,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    /// The folder without symbolic links on the way, once it is needed.
    real: Option<PathBuf>,
    /// For folders, the top of the work tree that they are in.
    tops: HashMap<PathBuf, PathBuf>,
    work_trees: HashMap<PathBuf, WorkTree>,
    /// For folders, their `.gitignore`.
    files: HashMap<PathBuf, Gitignore>,
    /// For folders, whether they are ignored.
    folders: HashMap<PathBuf, bool>,
}

/// The top of a work tree, or the scanned folder if it is in none.
struct WorkTree {
    exclude: Gitignore,
    index: Option<gix::index::File>,
}

impl Ignored {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf(), cache: Mutex::default() }
    }

    /// Whether a file in the folder is ignored.
    pub(crate) fn is_ignored(&self, file: &Path) -> bool {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.is_ignored(&self.folder, file).unwrap_or(false)
    }
}

impl Cache {
    fn is_ignored(&mut self, folder: &Path, file: &Path) -> Option<bool> {
        let relative = file.strip_prefix(folder).ok()?;
        let real = self.real(folder)?;
        let file = real.join(relative);
        let top = self.top(&real, file.parent()?);
        let ignored = self.is_folder_ignored(&top, file.parent()?) || self.matches(&top, &file, false);
        Some(ignored && !self.is_tracked(&top, &file))
    }

    fn real(&mut self, folder: &Path) -> Option<PathBuf> {
        if self.real.is_none() {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            self.real = folder.canonicalize().ok();
        }
        self.real.clone()
    }

    /// The top of the work tree that a folder is in; the scanned folder if it is in none.
    fn top(&mut self, scanned: &Path, folder: &Path) -> PathBuf {
        if let Some(top) = self.tops.get(folder) {
            return top.clone();
        }
        let top = folder.ancestors().find_map(|folder| Some((folder, WorkTree::at(folder)?)));
        let (top, work_tree) = top.unwrap_or_else(|| (scanned, WorkTree { exclude: Gitignore::empty(), index: None }));
        self.work_trees.entry(top.to_path_buf()).or_insert(work_tree);
        self.tops.insert(folder.to_path_buf(), top.to_path_buf());
        top.to_path_buf()
    }

    /// Whether a folder below the top, or one above it, is ignored; everything in it then is.
    fn is_folder_ignored(&mut self, top: &Path, folder: &Path) -> bool {
        let below: Vec<&Path> =
            folder.ancestors().take_while(|folder| *folder != top && folder.starts_with(top)).collect();
        // From the top down, so that the folders above are known.
        let mut ignored = false;
        for folder in below.into_iter().rev() {
            ignored = match self.folders.get(folder) {
                Some(known) => *known,
                None => ignored || self.matches(top, folder, true),
            };
            self.folders.insert(folder.to_path_buf(), ignored);
        }
        ignored
    }

    /// What the patterns say of a path itself: the nearest file's word counts, and in it the last.
    fn matches(&mut self, top: &Path, path: &Path, is_folder: bool) -> bool {
        for folder in path.ancestors().skip(1).take_while(|folder| folder.starts_with(top)) {
            let file =
                self.files.entry(folder.to_path_buf()).or_insert_with(|| patterns(folder, &folder.join(".gitignore")));
            let matched = file.matched(path, is_folder);
            if !matched.is_none() {
                return matched.is_ignore();
            }
        }
        self.work_trees.get(top).is_some_and(|work_tree| work_tree.exclude.matched(path, is_folder).is_ignore())
    }

    fn is_tracked(&self, top: &Path, file: &Path) -> bool {
        let index = self.work_trees.get(top).and_then(|work_tree| work_tree.index.as_ref());
        let relative = file.strip_prefix(top).ok().and_then(|path| gix::path::into_bstr(path).ok());
        let relative = relative.map(|path| gix::path::to_unix_separators_on_windows(path).into_owned());
        index.zip(relative).is_some_and(|(index, path)| index.entry_range(path.as_bstr()).is_some())
    }
}

impl WorkTree {
    /// The work tree whose top is this folder, if it is one.
    fn at(folder: &Path) -> Option<Self> {
        let dot_git = folder.join(".git");
        dot_git.symlink_metadata().ok()?;
        // Isolated: neither the environment nor the user's configuration changes what is read.
        let options = gix::open::Options::isolated().open_path_as_is(true);
        let repository = gix::open_opts(dot_git, options).ok()?;
        let exclude = patterns(folder, &repository.common_dir().join("info").join("exclude"));
        Some(Self { exclude, index: repository.open_index().ok() })
    }
}

/// The patterns of a file, for what is in a folder; none if it cannot be read.
fn patterns(folder: &Path, path: &Path) -> Gitignore {
    let mut builder = GitignoreBuilder::new(folder);
    for line in read_text(path).trim_start_matches('\u{feff}').lines() {
        // A pattern that makes no sense matches nothing, in git too.
        let _bad = builder.add_line(None, line);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

fn read_text(path: &Path) -> String {
    const MOST: u64 = 8 << 20;
    let Ok(opened) = open(path, Links::Refuse) else { return String::new() };
    let mut bytes = Vec::new();
    let _partial = opened.file.take(MOST).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
