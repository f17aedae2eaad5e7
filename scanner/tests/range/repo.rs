//! The repositories of these tests, and what is asked of them.

use std::cell::Cell;
use std::path::Path;

use crate::sources::{control, git, git_command, write};
use stanch_model::Finding;
use stanch_scanner::{Commits, RangeOptions, RangeOutcome, SourceError, scan_range};
use tempfile::TempDir;

pub(crate) const ZEROS: &str = "0000000000000000000000000000000000000000";

/// A repository whose clock goes on by a minute with each commit.
pub(crate) struct Repo {
    pub(crate) folder: TempDir,
    pub(crate) clock: Cell<i64>,
}

/// 2026-01-01T00:00:00Z.
pub(crate) const START: i64 = 1_767_225_600;

impl Repo {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(options: &[&str]) -> Self {
        let repo = Self { folder: tempfile::tempdir().expect("a temporary folder"), clock: Cell::new(START) };
        git(repo.path(), &[&["init", "--quiet", "--initial-branch=main"], options].concat());
        repo.write("README", "read me\n");
        repo.commit("the first");
        repo
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        write(&self.path().join(path), content);
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(self.path(), arguments).trim().to_owned()
    }

    /// Commits everything and gives the id.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.dated(&["commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub(crate) fn dated(&self, arguments: &[&str]) {
        self.clock.set(self.clock.get() + 60);
        let date = format!("{} +0100", self.clock.get());
        let mut command = git_command(self.path());
        let output = command.args(arguments).env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date).output();
        let output = output.expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Merges without committing, whatever the conflicts; the working tree is then made as it should be.
    pub(crate) fn merge(&self, others: &[&str], message: &str, resolve: impl FnOnce()) -> String {
        let arguments = [&["merge", "--quiet", "--no-ff", "--no-commit", "--strategy=ours"], others].concat();
        let _conflicts = git_command(self.path()).args(&arguments).output().expect("git runs");
        resolve();
        self.commit(message)
    }

    pub(crate) fn checkout(&self, branch: &str, at: &str) {
        self.git(&["checkout", "--quiet", "-B", branch, at]);
    }

    pub(crate) fn range(&self, range: &str) -> RangeOutcome {
        scan(self.path(), range)
    }
}

pub(crate) fn try_scan(path: &Path, commits: Commits) -> Result<RangeOutcome, SourceError> {
    scan_range(&control(2), path, &RangeOptions { commits })
}

pub(crate) fn scan(path: &Path, range: &str) -> RangeOutcome {
    try_scan(path, Commits::Between(range.to_owned())).expect("the range can be scanned")
}

pub(crate) fn refused(path: &Path, range: &str) -> SourceError {
    try_scan(path, Commits::Between(range.to_owned())).expect_err("the range cannot be scanned")
}

pub(crate) fn commit_of(finding: &Finding) -> String {
    finding.git.as_ref().and_then(|git| git.commit.clone()).unwrap_or_default()
}

/// Path, line, and commit of each finding.
pub(crate) fn found(range: &RangeOutcome) -> Vec<(String, u64, String)> {
    let findings = range.outcome.findings.iter();
    findings.map(|finding| (finding.path.clone(), finding.location.line, commit_of(finding))).collect()
}

pub(crate) fn expected(places: &[(&str, u64, &String)]) -> Vec<(String, u64, String)> {
    places.iter().map(|(path, line, commit)| ((*path).to_owned(), *line, (*commit).clone())).collect()
}

pub(crate) fn in_head(range: &RangeOutcome) -> Vec<Option<bool>> {
    range.outcome.findings.iter().map(|finding| finding.in_head).collect()
}
