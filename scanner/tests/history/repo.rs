//! Repositories that git makes, whose clock goes on by a minute with each commit.

use std::cell::Cell;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use stanch_scanner::{HistoryOptions, Outcome, scan_history};
use tempfile::TempDir;

use super::shelf::Shelf;
use crate::sources::{control, git, git_command, write};

/// 2026-01-01T00:00:00Z.
pub(crate) const START: i64 = 1_767_225_600;

pub(crate) struct Repo {
    folder: TempDir,
    name: &'static str,
    clock: Cell<i64>,
}

impl Repo {
    pub(crate) fn new() -> Self {
        Self::with("work", &[])
    }

    /// A repository with the first commit, which holds no credential.
    pub(crate) fn with(name: &'static str, options: &[&str]) -> Self {
        let repo = Self::empty(name, options);
        repo.write("README", "read me\n");
        repo.commit("the first");
        repo
    }

    pub(crate) fn empty(name: &'static str, options: &[&str]) -> Self {
        let repo = Self { folder: tempfile::tempdir().expect("a temporary folder"), name, clock: Cell::new(START) };
        std::fs::create_dir(repo.path()).expect("a folder");
        git(&repo.path(), &[&["init", "--quiet", "--initial-branch=main"], options].concat());
        // Nothing that lasts longer than a command.
        repo.git(&["config", "gc.auto", "0"]);
        repo.git(&["config", "maintenance.auto", "false"]);
        repo
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.beside(self.name)
    }

    /// A path outside of the repository that goes with it.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        write(&self.path().join(path), content);
    }

    pub(crate) fn remove(&self, path: &str) {
        std::fs::remove_file(self.path().join(path)).expect("the file is there");
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.path(), arguments).trim().to_owned()
    }

    /// Commits everything and gives the id.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.dated(&["commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs git a minute later.
    pub(crate) fn dated(&self, arguments: &[&str]) -> String {
        self.clock.set(self.clock.get() + 60);
        self.at(self.clock.get(), arguments)
    }

    /// Runs git at a time.
    pub(crate) fn at(&self, seconds: i64, arguments: &[&str]) -> String {
        let date = format!("{seconds} +0100");
        let mut command = git_command(&self.path());
        let output = command.args(arguments).env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date).output();
        let output = output.expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Merges with the strategy `ours`; the working tree is then made as it should be, and committed.
    pub(crate) fn merge(&self, others: &[&str], message: &str, resolve: impl FnOnce()) -> String {
        let arguments = [&["merge", "--quiet", "--no-ff", "--no-commit", "--strategy=ours"], others].concat();
        self.dated(&arguments);
        resolve();
        self.commit(message)
    }

    pub(crate) fn checkout(&self, branch: &str, at: &str) {
        self.git(&["checkout", "--quiet", "-B", branch, at]);
    }

    /// Writes an object and gives its id.
    pub(crate) fn object(&self, kind: &str, content: impl AsRef<[u8]>) -> String {
        piped(&self.path(), &["hash-object", "-w", "-t", kind, "--stdin", "--literally"], content)
    }

    pub(crate) fn pack_all(&self) {
        self.git(&["repack", "-a", "-d", "-k", "-q", "--depth=250", "--window=50"]);
        self.git(&["prune-packed"]);
    }

    pub(crate) fn scan(&self) -> Outcome {
        scan(&self.path(), &HistoryOptions::default())
    }
}

/// Runs git with some input.
pub(crate) fn piped(folder: &Path, arguments: &[&str], input: impl AsRef<[u8]>) -> String {
    let output = fed(git_command(folder).args(arguments), input.as_ref());
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Runs a command with some input to its end.
pub(crate) fn fed(command: &mut Command, input: &[u8]) -> std::process::Output {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    std::thread::scope(|scope| {
        // A program that ends before it has read everything closes the pipe.
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output().expect("the program ends")
    })
}

/// Scans without a state; with one it must be the same.
pub(crate) fn scan(path: &Path, options: &HistoryOptions) -> Outcome {
    let outcome = scan_history(&control(2), path, options).expect("the repository can be scanned");
    let shelf = Arc::new(Shelf::default());
    shelf.agrees_with(&outcome, path, options);
    shelf.agrees_with(&outcome, path, options);
    outcome
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-R").arg(from).arg(to).status().expect("cp runs");
    assert!(status.success());
}

/// The files below a folder of objects that end so, in order.
pub(crate) fn packs(git_dir: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(git_dir.join("objects/pack")).expect("there are packs");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == ending));
    paths.sort();
    paths
}

/// Makes loose objects of all packs.
pub(crate) fn unpack_all(repository: &Path, git_dir: &Path) {
    for pack in packs(git_dir, "pack") {
        // Git unpacks only what it does not have.
        let away = git_dir.join("away.pack");
        std::fs::rename(&pack, &away).expect("it can be moved");
        for ending in ["idx", "rev", "bitmap"] {
            let _there = std::fs::remove_file(pack.with_extension(ending));
        }
        piped(repository, &["unpack-objects", "-q"], std::fs::read(&away).expect("it can be read"));
        std::fs::remove_file(&away).expect("it can be removed");
    }
}
