//! A picture of a folder, to see whether anything in it was touched.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Everything below a folder, by path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<PathBuf, Entry>);

/// What is compared of a file, folder or link.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    kind: fs::FileType,
    modified: Option<SystemTime>,
    /// Read-only or not, and on Unix all of the mode.
    permissions: fs::Permissions,
    /// The bytes of a file, or the target of a link.
    content: Vec<u8>,
}

impl Snapshot {
    /// Takes the picture. Special files are seen but not opened.
    ///
    /// # Panics
    /// If something cannot be read.
    pub fn of(folder: &Path) -> Self {
        let mut entries = BTreeMap::new();
        let mut ahead = vec![folder.to_owned()];
        while let Some(path) = ahead.pop() {
            let meta = fs::symlink_metadata(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            if meta.is_dir() {
                let below = fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                ahead.extend(below.flatten().map(|entry| entry.path()));
            }
            let content = content(&path, meta.file_type());
            let entry = Entry {
                kind: meta.file_type(),
                modified: meta.modified().ok(),
                permissions: meta.permissions(),
                content,
            };
            entries.insert(path.strip_prefix(folder).unwrap_or(&path).to_owned(), entry);
        }
        Self(entries)
    }

    /// What differs in a later picture, one line each.
    pub fn changes(&self, later: &Self) -> Vec<String> {
        let gone =
            self.0.keys().filter(|path| !later.0.contains_key(*path)).map(|path| format!("{}: gone", path.display()));
        let new =
            later.0.keys().filter(|path| !self.0.contains_key(*path)).map(|path| format!("{}: new", path.display()));
        let changed = self.0.iter().filter_map(|(path, before)| {
            let after = later.0.get(path)?;
            let what = match () {
                () if before.kind != after.kind => "another kind",
                () if before.content != after.content => "other content",
                () if before.permissions != after.permissions => "other permissions",
                () if before.modified != after.modified => "another time of change",
                () => return None,
            };
            Some(format!("{}: {what}", path.display()))
        });
        gone.chain(new).chain(changed).collect()
    }

    /// How many files, folders and links it shows.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it shows nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn content(path: &Path, kind: fs::FileType) -> Vec<u8> {
    if kind.is_symlink() {
        return fs::read_link(path).map(|target| target.into_os_string().into_encoded_bytes()).unwrap_or_default();
    }
    if !kind.is_file() {
        return Vec::new();
    }
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_change_shows() {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let write = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).unwrap_or_else(|error| panic!("{error}"));
        };
        write("gone", "1");
        write("other", "1");
        write("touched", "1");
        let before = Snapshot::of(folder.path());
        assert_eq!(before.changes(&Snapshot::of(folder.path())), Vec::<String>::new());
        fs::remove_file(folder.path().join("gone")).unwrap_or_else(|error| panic!("{error}"));
        write("new", "1");
        write("other", "2");
        let touched = fs::File::options().write(true).open(folder.path().join("touched"));
        let touched = touched.and_then(|file| file.set_modified(SystemTime::UNIX_EPOCH));
        touched.unwrap_or_else(|error| panic!("{error}"));
        let changes = before.changes(&Snapshot::of(folder.path()));
        assert_eq!(changes[..2], ["gone: gone", "new: new"]);
        assert!(changes.contains(&"other: other content".to_owned()), "{changes:?}");
        assert!(changes.contains(&"touched: another time of change".to_owned()), "{changes:?}");
    }
}
