//! What is scanned in comparisons: repositories as they are, and what is made of them, the same each time.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};

use stanch_rules::corpus;

use crate::corpora::{Corpus, corpus_named, is_whole};
use crate::error::BenchError;
use crate::git::{git, git_reading, objects};
use crate::statistics::grouped;

/// How many files the large tree has.
pub const TREE_FILES: usize = 50_000;

/// How many bytes the large file has.
pub const FILE_BYTES: usize = 250_000_000;

/// How many files are staged.
pub const STAGED_FILES: usize = 20;

/// How many bytes the small file has.
pub const SMALL_BYTES: usize = 4096;

/// Makes inputs.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// Where the corpora stand.
    pub corpora: PathBuf,
    /// Where what is made of them is put. It may be removed at any time.
    pub work: PathBuf,
}

/// Something to be scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Where it stands.
    pub path: PathBuf,
    /// What it is, in words.
    pub about: String,
    /// How many bytes it has; 0 if that is not what the time depends on.
    pub bytes: u64,
}

impl Inputs {
    /// A bare repository with everything that the one of a corpus holds. Its packs are the same files, by hard links.
    ///
    /// # Errors
    /// If the corpus has not been fetched with its history.
    pub fn history(&self, name: &str) -> Result<Input, BenchError> {
        let (corpus, from) = (corpus_named(name)?, self.corpora.join(name));
        if !is_whole(&from) {
            let what =
                format!("{name}: no whole history at {}: run `stanch-benches fetch --history {name}`", from.display());
            return Err(BenchError::new(what));
        }
        let path = self.work.join(format!("{name}.git"));
        self.made(&path, &format!("{} with {} objects", from.display(), objects(&from)?), |path| {
            let (from, path) = (from.display().to_string(), path.display().to_string());
            git(&self.work, &["clone", "--quiet", "--mirror", "--local", &from, &path]).map(drop)
        })?;
        let (short, count) = (shortly(&corpus), grouped(objects(&path)?, ','));
        Ok(Input { path, about: format!("{short} with its history, {count} objects"), bytes: 0 })
    }

    /// A folder of 50,000 files: those of git/git, again and again. Each copy but the first has a line more, so that no two are the same.
    ///
    /// # Errors
    /// If the corpus has not been fetched.
    pub fn tree(&self) -> Result<Input, BenchError> {
        let path = self.work.join("tree");
        let (about, commit) = source()?;
        self.made(&path, &format!("{TREE_FILES} files of {commit}"), |path| {
            let blobs = self.blobs(&commit)?;
            for number in 0..TREE_FILES {
                let (copy, blob) = (number / blobs.len().max(1), blobs.get(number % blobs.len().max(1)));
                let Some(Blob { name, bytes }) = blob else { break };
                let to = path.join(format!("{copy:02}")).join(name);
                let mut bytes = bytes.clone();
                if copy > 0 {
                    bytes.extend(format!("\ncopy {copy}\n").into_bytes());
                }
                create(&to, &bytes)?;
            }
            Ok(())
        })?;
        let bytes = files(&path)?.iter().map(|(_, bytes)| bytes).sum();
        let megabytes = bytes / 1_000_000;
        let count = grouped(TREE_FILES as u64, ',');
        Ok(Input { path, about: format!("{count} files of {megabytes} MB: those of {about}, again and again"), bytes })
    }

    /// A file of 250 MB: the text of git/git, again and again.
    ///
    /// # Errors
    /// If the corpus has not been fetched.
    pub fn file(&self) -> Result<Input, BenchError> {
        let folder = self.work.join("file");
        let path = folder.join("text.txt");
        let (about, commit) = source()?;
        self.made(&folder, &format!("{FILE_BYTES} bytes of {commit}"), |_| {
            // What git takes for text: no zero among the first 8,000 bytes.
            let text = |blob: &Blob| !blob.bytes.iter().take(8000).any(|&byte| byte == 0);
            let once: Vec<u8> = self.blobs(&commit)?.into_iter().filter(text).flat_map(|blob| blob.bytes).collect();
            let bytes: Vec<u8> = once.iter().copied().cycle().take(FILE_BYTES).collect();
            create(&path, &bytes)
        })?;
        let about = format!("one file of 250 MB: the text of {about}, again and again");
        Ok(Input { path, about, bytes: FILE_BYTES as u64 })
    }

    /// A repository of 50,000 files, with a change of 20 of them staged.
    ///
    /// # Errors
    /// If the corpus has not been fetched, or git fails.
    pub fn staged(&self) -> Result<Input, BenchError> {
        let (path, tree) = (self.work.join("staged"), self.tree()?.path);
        self.made(&path, &format!("of {}, {STAGED_FILES} staged by A", source()?.1), |path| {
            let all = files(&tree)?;
            for (name, _) in &all {
                let bytes = fs::read(tree.join(name)).map_err(BenchError::at(name))?;
                create(&path.join(name), &bytes)?;
            }
            git(path, &["init", "--quiet"])?;
            // Kingfisher commits what is staged before it scans it, and without a name finds nothing to scan.
            git(path, &["config", "user.name", "A"])?;
            git(path, &["config", "user.email", "a@example.com"])?;
            git(path, &["-c", "core.fsync=none", "-c", "core.autocrlf=false", "add", "--force", "."])?;
            git(path, &["-c", "gc.auto=0", "commit", "--quiet", "--message", "all of it"])?;
            // Deltas are of no account here, and looking for them takes long.
            git(path, &["repack", "-a", "-d", "--quiet", "--window=0"])?;
            for (name, _) in all.iter().step_by(all.len().div_ceil(STAGED_FILES).max(1)) {
                let mut bytes = fs::read(path.join(name)).map_err(BenchError::at(name))?;
                bytes.extend(b"\na line more\n");
                create(&path.join(name), &bytes)?;
            }
            git(path, &["add", "--update", "."]).map(drop)
        })?;
        let staged = git(&path, &["diff", "--cached", "--name-only"])?;
        let staged = String::from_utf8_lossy(&staged).lines().count();
        let count = grouped(TREE_FILES as u64, ',');
        let about = format!("a repository of {count} files with changes of {staged} of them staged");
        Ok(Input { path, about, bytes: 0 })
    }

    /// One small file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn small(&self) -> Result<Input, BenchError> {
        let path = self.work.join("small.txt");
        create(&path, corpus().get(..SMALL_BYTES).unwrap_or_default())?;
        Ok(Input { path, about: "one file of 4 KiB of the reference corpus".to_owned(), bytes: 0 })
    }

    /// The files of a commit of git/git, in order of path. Links are left out.
    fn blobs(&self, commit: &str) -> Result<Vec<Blob>, BenchError> {
        let at = self.corpora.join("git");
        let listed = git(&at, &["ls-tree", "-r", "-z", commit])
            .map_err(|error| BenchError::new(format!("{error}; run `stanch-benches fetch git`")))?;
        let mut names = VecDeque::new();
        let mut ids = String::new();
        for entry in String::from_utf8_lossy(&listed).split_terminator('\0') {
            let Some((head, name)) = entry.split_once('\t') else { continue };
            let mut head = head.split(' ');
            if head.next().is_some_and(|mode| mode.starts_with("100")) {
                ids.push_str(head.next_back().unwrap_or_default());
                ids.push('\n');
                names.push_back(name.to_owned());
            }
        }
        let list = self.work.join("ids");
        create(&list, ids.as_bytes())?;
        Ok(batch(&git_reading(&at, &["cat-file", "--batch"], &list)?, names))
    }

    /// Makes something anew, unless it was made by this recipe before.
    fn made(
        &self,
        path: &Path,
        recipe: &str,
        make: impl FnOnce(&Path) -> Result<(), BenchError>,
    ) -> Result<(), BenchError> {
        fs::create_dir_all(&self.work).map_err(BenchError::at(&self.work))?;
        let stamp = path.with_extension("made");
        if fs::read_to_string(&stamp).is_ok_and(|made| made == recipe) && path.exists() {
            return Ok(());
        }
        if path.exists() {
            fs::remove_dir_all(path).map_err(BenchError::at(path))?;
        }
        make(path)?;
        fs::write(&stamp, recipe).map_err(BenchError::at(&stamp))
    }
}

/// Where the files of the large inputs are from: in words, and the commit.
fn source() -> Result<(String, String), BenchError> {
    let corpus = corpus_named("git")?;
    Ok((shortly(&corpus), corpus.commit))
}

/// A corpus in a few words.
fn shortly(corpus: &Corpus) -> String {
    let url = corpus.url.strip_prefix("https://").unwrap_or(&corpus.url);
    format!("{url} at {}", corpus.commit.get(..12).unwrap_or_default())
}

/// A file of a commit.
struct Blob {
    name: String,
    bytes: Vec<u8>,
}

/// Reads what `git cat-file --batch` prints: for each object a line that ends with its size, then its bytes and a line break.
fn batch(mut printed: &[u8], mut names: VecDeque<String>) -> Vec<Blob> {
    let mut blobs = Vec::new();
    while let Some(name) = names.pop_front() {
        let Some(end) = printed.iter().position(|&byte| byte == b'\n') else { break };
        let (head, rest) = printed.split_at(end);
        let size = String::from_utf8_lossy(head).rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
        let Some(bytes) = size.and_then(|size| rest.get(1..=size)) else { break };
        blobs.push(Blob { name, bytes: bytes.to_vec() });
        printed = rest.get(bytes.len() + 2..).unwrap_or_default();
    }
    blobs
}

/// Writes a file, with the folders above it.
fn create(path: &Path, bytes: &[u8]) -> Result<(), BenchError> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(BenchError::at(folder))?;
    fs::write(path, bytes).map_err(BenchError::at(path))
}

/// The files below a folder and their sizes, in order of path.
fn files(folder: &Path) -> Result<Vec<(PathBuf, u64)>, BenchError> {
    let mut found = Vec::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(at) = ahead.pop() {
        for entry in fs::read_dir(&at).map_err(BenchError::at(&at))? {
            let entry = entry.map_err(BenchError::at(&at))?;
            let metadata = entry.metadata().map_err(BenchError::at(&at))?;
            if metadata.is_dir() {
                ahead.push(entry.path());
            } else {
                let path = entry.path();
                found.push((path.strip_prefix(folder).unwrap_or(&path).to_owned(), metadata.len()));
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_cut_by_its_sizes() {
        let names = ["a", "b", "c", "d"].map(str::to_owned).into();
        let blobs = batch(b"1234 blob 3\na\nb\n1235 blob 0\n\n1236 blob 2\ncd\n1237 blob 9\ncut", names);
        let told: Vec<(&str, &[u8])> = blobs.iter().map(|blob| (blob.name.as_str(), &blob.bytes[..])).collect();
        assert_eq!(told, [("a", &b"a\nb"[..]), ("b", b""), ("c", b"cd")]);
    }

    #[test]
    fn what_is_there_is_made_once() {
        let work = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let inputs = Inputs { corpora: work.path().join("none"), work: work.path().to_owned() };
        let path = work.path().join("x");
        let mut made = Vec::new();
        for recipe in ["a", "a", "b"] {
            inputs
                .made(&path, recipe, |path| {
                    made.push(recipe);
                    create(&path.join("folder/file"), recipe.as_bytes())
                })
                .unwrap_or_else(|error| panic!("{error}"));
        }
        assert_eq!(made, ["a", "b"]);
        assert_eq!(files(&path).ok(), Some(vec![("folder/file".into(), 1)]));
        let told = inputs.tree().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(told.contains("fetch git"), "{told}");
        assert!(inputs.history("uv").is_err_and(|error| error.to_string().contains("fetch --history uv")));
    }
}
