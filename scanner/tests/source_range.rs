//! Ranges of commits, in repositories that git itself makes and reads.

mod sources;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use sources::{control, gaps, git, git_command, line, snapshot, write};
use stanch_model::{Finding, ObjectKind, Source};
use stanch_scanner::{
    Commits, Control, RangeOptions, RangeOutcome, Since, SourceError, SourceErrorKind, file_at, scan_range,
};
use tempfile::TempDir;

const ZEROS: &str = "0000000000000000000000000000000000000000";

/// A repository whose clock goes on by a minute with each commit.
struct Repo {
    folder: TempDir,
    clock: Cell<i64>,
}

/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600;

impl Repo {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(options: &[&str]) -> Self {
        let repo = Self { folder: tempfile::tempdir().expect("a temporary folder"), clock: Cell::new(START) };
        git(repo.path(), &[&["init", "--quiet", "--initial-branch=main"], options].concat());
        repo.write("README", "read me\n");
        repo.commit("the first");
        repo
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        write(&self.path().join(path), content);
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(self.path(), arguments).trim().to_owned()
    }

    /// Commits everything and gives the id.
    fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.dated(&["commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn dated(&self, arguments: &[&str]) {
        self.clock.set(self.clock.get() + 60);
        let date = format!("{} +0100", self.clock.get());
        let mut command = git_command(self.path());
        let output = command.args(arguments).env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date).output();
        let output = output.expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Merges without committing, whatever the conflicts; the working tree is then made as it should be.
    fn merge(&self, others: &[&str], message: &str, resolve: impl FnOnce()) -> String {
        let arguments = [&["merge", "--quiet", "--no-ff", "--no-commit", "--strategy=ours"], others].concat();
        let _conflicts = git_command(self.path()).args(&arguments).output().expect("git runs");
        resolve();
        self.commit(message)
    }

    fn checkout(&self, branch: &str, at: &str) {
        self.git(&["checkout", "--quiet", "-B", branch, at]);
    }

    fn range(&self, range: &str) -> RangeOutcome {
        scan(self.path(), range)
    }
}

fn try_scan(path: &Path, commits: Commits) -> Result<RangeOutcome, SourceError> {
    scan_range(&control(2), path, &RangeOptions { commits })
}

fn scan(path: &Path, range: &str) -> RangeOutcome {
    try_scan(path, Commits::Between(range.to_owned())).expect("the range can be scanned")
}

fn refused(path: &Path, range: &str) -> SourceError {
    try_scan(path, Commits::Between(range.to_owned())).expect_err("the range cannot be scanned")
}

fn commit_of(finding: &Finding) -> String {
    finding.git.as_ref().and_then(|git| git.commit.clone()).unwrap_or_default()
}

/// Path, line, and commit of each finding.
fn found(range: &RangeOutcome) -> Vec<(String, u64, String)> {
    let findings = range.outcome.findings.iter();
    findings.map(|finding| (finding.path.clone(), finding.location.line, commit_of(finding))).collect()
}

fn expected(places: &[(&str, u64, &String)]) -> Vec<(String, u64, String)> {
    places.iter().map(|(path, line, commit)| ((*path).to_owned(), *line, (*commit).clone())).collect()
}

fn in_head(range: &RangeOutcome) -> Vec<Option<bool>> {
    range.outcome.findings.iter().map(|finding| finding.in_head).collect()
}

#[test]
fn each_commit_counts_and_not_only_the_last() {
    let repo = Repo::new();
    let top = repo.path();
    repo.write("old.rs", line(1));
    let base = repo.commit("base");
    repo.write("src/a.rs", ["\n\n".to_owned(), line(2)].concat());
    let first = repo.commit("adds a\n\nwith a body");
    repo.write("src/a.rs", "gone\n");
    repo.write("b.rs", line(3));
    let second = repo.commit("adds b, removes a");
    repo.write("old.rs", ["// moved down\n".to_owned(), line(1)].concat());
    repo.commit("an edit");
    let range = repo.range(&format!("{base}..HEAD"));
    assert_eq!(found(&range), expected(&[("b.rs", 1, &second), ("src/a.rs", 3, &first)]));
    assert_eq!(in_head(&range), [Some(true), Some(false)]);
    assert_eq!((range.outcome.coverage.commits, range.outcome.coverage.files), (3, 4), "{:?}", range.outcome.coverage);
    assert_eq!((gaps(&range.outcome), range.base.as_ref()), (vec![], Some(&base)));

    let finding = &range.outcome.findings[1];
    let place = finding.git.as_ref().expect("it is in history");
    let blob = git(top, &["rev-parse", &format!("{first}:src/a.rs")]).trim().to_owned();
    assert_eq!((place.object, &place.blob, place.reachable), (ObjectKind::Blob, &blob, Some(true)));
    assert_eq!((finding.locator.source, finding.locator.blob.as_ref()), (Source::Object, Some(&blob)));
    assert_eq!(finding.locator.root.as_deref(), top.to_str());
    let told = git(top, &["log", "-1", "--format=%an%n%ae%n%aI%n%cn%n%ce%n%cI%n%s", &first]);
    let own = [&place.author, &place.email, &place.date, &place.committer, &place.committer_email, &place.committed];
    let own: Vec<&str> = own.into_iter().chain([&place.subject]).map(|field| field.as_deref().unwrap_or("")).collect();
    assert_eq!(own, told.lines().collect::<Vec<_>>(), "as git tells it");
    let column = "github_token = \"".len() as u64 + 1;
    assert_eq!((finding.location.column, finding.location.end_line), (column, 3));
    let bytes = git(top, &["cat-file", "blob", &blob]);
    let secret = &bytes[finding.locator.start as usize..finding.locator.end as usize];
    assert!(line(2).contains(secret) && secret.len() == 40);

    assert_eq!(found(&repo.range(&format!("{second}..HEAD"))), []);
    assert_eq!(found(&repo.range(&format!("{base}..{first}"))), expected(&[("src/a.rs", 3, &first)]));
    assert_eq!(found(&repo.range("HEAD~2..")), expected(&[("b.rs", 1, &second)]), "an empty side is HEAD");
    let back = repo.range("..main~3");
    assert_eq!((found(&back), back.outcome.coverage.commits), (vec![], 0));
}

#[test]
fn one_line_for_a_credential_at_a_path() {
    let repo = Repo::new();
    repo.write("a.rs", line(1));
    let first = repo.commit("adds it");
    repo.write("a.rs", ["\n".to_owned(), line(1), line(2)].concat());
    let second = repo.commit("another");
    repo.write("a.rs", "");
    repo.commit("removes both");
    repo.git(&["revert", "--no-edit", "HEAD"]);
    repo.write("b.rs", line(1));
    let copied = repo.commit("copies it");
    let range = repo.range("HEAD~5..HEAD");
    assert_eq!(found(&range), expected(&[("a.rs", 1, &first), ("a.rs", 3, &second), ("b.rs", 1, &copied)]));
    assert_eq!(in_head(&range), [Some(true); 3]);
    // What stood there before the range and comes back in it is added by it.
    let range = repo.range(&format!("{second}..HEAD~1"));
    let reverted = repo.git(&["rev-parse", "HEAD~1"]);
    assert_eq!(found(&range), expected(&[("a.rs", 2, &reverted), ("a.rs", 3, &reverted)]));
}

#[test]
fn what_moves_is_not_new() {
    let repo = Repo::new();
    repo.write("a.rs", ["fn a() {}\n".repeat(5), line(1)].concat());
    repo.write("b.rs", line(2));
    repo.commit("base");
    repo.git(&["mv", "a.rs", "c.rs"]);
    repo.commit("a rename");
    repo.write("b.rs", "");
    repo.write("deep/d.rs", ["fn d() {}\n".to_owned(), line(2)].concat());
    repo.commit("moved");
    repo.write("e.rs", line(2));
    let copied = repo.commit("copied");
    assert_eq!(found(&repo.range("HEAD~3..HEAD")), expected(&[("e.rs", 1, &copied)]));
}

#[test]
fn a_merge_adds_only_its_own() {
    let repo = Repo::new();
    repo.write("shared.rs", "fn shared() {}\n");
    let base = repo.commit("base");
    repo.checkout("topic", "HEAD");
    repo.write("topic.rs", line(1));
    repo.write("shared.rs", line(2));
    let topic = repo.commit("topic");
    repo.checkout("main", &base);
    repo.write("main.rs", line(3));
    repo.write("shared.rs", line(4));
    let main = repo.commit("main");
    let merge = repo.merge(&["topic"], "an evil merge", || {
        repo.write("topic.rs", line(1));
        repo.write("shared.rs", [line(4), line(2), line(5)].concat());
        repo.write("evil.rs", line(6));
    });
    let range = repo.range(&format!("{base}..HEAD"));
    let all = [
        ("evil.rs", 1, &merge),
        ("main.rs", 1, &main),
        ("shared.rs", 1, &topic),
        ("shared.rs", 1, &main),
        ("shared.rs", 3, &merge),
        ("topic.rs", 1, &topic),
    ];
    let mut places = found(&range);
    places.sort();
    let mut all = expected(&all);
    all.sort();
    assert_eq!((places, range.outcome.coverage.commits), (all, 3));
    // The topic was merged, so its commits are no part of what the merge adds over it.
    let range = repo.range("topic..HEAD^{commit}");
    assert_eq!(range.outcome.coverage.commits, 2);
    assert_eq!(
        found(&range),
        expected(&[("evil.rs", 1, &merge), ("main.rs", 1, &main), ("shared.rs", 1, &main), ("shared.rs", 3, &merge)])
    );
    let reverse = repo.range(&format!("{main}..HEAD"));
    assert_eq!(reverse.outcome.coverage.commits, 2);
}

#[test]
fn a_merge_that_renames_what_the_other_side_changed() {
    let repo = Repo::new();
    let body = "fn a() {}\n".repeat(30);
    repo.write("a.rs", &body);
    let base = repo.commit("base");
    repo.checkout("topic", "HEAD");
    repo.write("a.rs", [body.clone(), line(1)].concat());
    let topic = repo.commit("adds to a");
    repo.checkout("main", &base);
    repo.git(&["mv", "a.rs", "b.rs"]);
    repo.write("b.rs", ["// b\n", &body].concat());
    repo.commit("a is b");
    repo.dated(&["merge", "--quiet", "--no-edit", "topic"]);
    assert!(repo.git(&["show", "HEAD:b.rs"]).contains(line(1).trim()), "git has followed the rename");
    assert_eq!(found(&repo.range(&format!("{base}..HEAD"))), expected(&[("a.rs", 1 + 30, &topic)]));
    assert_eq!(found(&repo.range("topic..HEAD")), []);
}

#[test]
fn an_octopus() {
    let repo = Repo::new();
    let base = repo.commit("base");
    for n in 0..4_u64 {
        repo.checkout(&format!("arm{n}"), &base);
        repo.write(&format!("arm{n}.rs"), line(n));
        repo.write("all.rs", line(10 + n));
        repo.commit("an arm");
    }
    repo.checkout("main", "arm0");
    let merge = repo.merge(&["arm1", "arm2", "arm3"], "all arms", || {
        for n in 1..4_u64 {
            repo.write(&format!("arm{n}.rs"), line(n));
        }
        repo.write("all.rs", [line(10), line(11), line(12), line(13), line(14)].concat());
    });
    assert_eq!(repo.git(&["rev-list", "--parents", "-1", "HEAD"]).split(' ').count(), 5);
    let of_merge: Vec<_> = found(&repo.range("arm0..main")).into_iter().filter(|place| place.2 == merge).collect();
    assert_eq!(of_merge, expected(&[("all.rs", 5, &merge)]));
    let range = repo.range(&format!("{base}..main"));
    assert_eq!((sources::found(&range.outcome).len(), range.outcome.coverage.commits), (9, 5));
}

#[test]
fn messages_and_tags() {
    let repo = Repo::new();
    let base = repo.git(&["rev-parse", "HEAD"]);
    let commit = repo.commit(&format!("a subject\n\nwith\n{}", line(1)));
    repo.dated(&["tag", "--annotate", "--message", &format!("one\n\n{}", line(2)), "v1"]);
    repo.dated(&["tag", "--annotate", "--message", &line(3), "v1-signed", "v1"]);
    let (tag, signed) = (repo.git(&["rev-parse", "v1"]), repo.git(&["rev-parse", "v1-signed"]));
    let message = format!("commit/{commit}");
    let range = repo.range(&format!("{base}..HEAD"));
    assert_eq!(found(&range), expected(&[(&message, 4, &commit)]));
    let range = repo.range(&format!("{base}..v1-signed"));
    let mut all = vec![(format!("tag/{tag}"), 3, String::new()), (format!("tag/{signed}"), 1, String::new())];
    all.sort();
    all.insert(0, (message, 4, commit.clone()));
    assert_eq!(found(&range), all);
    for finding in &range.outcome.findings {
        let place = finding.git.as_ref().expect("it is in an object");
        let kind = if place.object == ObjectKind::Tag { "tag" } else { "commit" };
        let raw = git(repo.path(), &["cat-file", kind, &place.blob]);
        let secret = &raw[finding.locator.start as usize..finding.locator.end as usize];
        assert!(secret.starts_with("ghp_") && secret.len() == 40);
        assert_eq!((place.author.as_deref(), finding.in_head), (Some("A Tester"), None));
        assert_eq!(place.date.as_ref().map(|date| &date[19..]), Some("+01:00"));
    }
}

#[test]
fn a_branch_that_is_new() {
    let repo = Repo::new();
    repo.write("old.rs", line(1));
    let base = repo.commit("base");
    repo.checkout("topic", "HEAD");
    repo.write("new.rs", line(2));
    let first = repo.commit("new");
    repo.write("newer.rs", line(3));
    let second = repo.commit("newer");
    let topic = repo.range(&format!("{ZEROS}..topic"));
    assert_eq!(found(&topic), expected(&[("new.rs", 1, &first), ("newer.rs", 1, &second)]));
    assert_eq!(topic.base, Some(base), "where it leaves the others");
    // A stash, and the merge that a host makes of a pull request, have the branch behind them and are none.
    let child = repo.git(&["commit-tree", "-p", &second, "-m", "x", "HEAD^{tree}"]);
    for others in [
        &["branch", "same"][..],
        &["tag", "--annotate", "--message=x", "here"],
        &["update-ref", "refs/stash", &child],
        &["update-ref", "refs/pull/1/merge", &child],
    ] {
        repo.git(others);
        assert_eq!(
            found(&repo.range(&format!("{ZEROS}..{second}"))),
            found(&topic),
            "{others:?} has nothing of its own"
        );
    }
    repo.git(&["tag", "before", &first]);
    assert_eq!(found(&repo.range(&format!("{ZEROS}..topic"))), expected(&[("newer.rs", 1, &second)]));
    let gone = repo.range(&format!("topic..{ZEROS}"));
    assert_eq!((gone.outcome.coverage.commits, gone.base), (0, None), "a branch that is deleted");

    let alone = Repo::new();
    alone.write("a.rs", line(1));
    let commit = alone.commit("all there is");
    let range = alone.range(&format!("{ZEROS}..main"));
    assert_eq!((found(&range), range.outcome.coverage.commits), (expected(&[("a.rs", 1, &commit)]), 2));
    assert_eq!(range.base, None);
}

#[test]
fn ranges_that_cannot_be_known() {
    let repo = Repo::new();
    let unknown = "1234567890123456789012345678901234567890";
    let blob = repo.git(&["rev-parse", "HEAD:README"]);
    let cases = [
        (format!("{unknown}..HEAD"), SourceErrorKind::MissingCommit),
        (format!("HEAD..{unknown}"), SourceErrorKind::MissingCommit),
        ("nowhere..HEAD".to_owned(), SourceErrorKind::BadRevision),
        ("HEAD...nowhere".to_owned(), SourceErrorKind::BadRevision),
        (format!("{blob}..HEAD"), SourceErrorKind::BadRevision),
        ("HEAD:README..HEAD".to_owned(), SourceErrorKind::BadRevision),
        ("--all..HEAD".to_owned(), SourceErrorKind::BadRevision),
        ("HEAD".to_owned(), SourceErrorKind::BadRange),
        ("..".to_owned(), SourceErrorKind::BadRange),
        ("...".to_owned(), SourceErrorKind::BadRange),
        (String::new(), SourceErrorKind::BadRange),
    ];
    for (range, kind) in cases {
        let error = refused(repo.path(), &range);
        assert_eq!(error.kind(), kind, "{range}: {error}");
    }
    let error = refused(repo.path(), &format!("{unknown}..HEAD"));
    let fetch = format!("git fetch origin {unknown}");
    assert!(error.to_string().contains(unknown) && error.advice().is_some_and(|advice| advice.contains(&fetch)));
    for range in ["HEAD..HEAD", "HEAD..", "..HEAD", "main...HEAD"] {
        let empty = repo.range(range);
        assert_eq!((empty.outcome.coverage.commits, found(&empty)), (0, vec![]), "{range}");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    assert_eq!(refused(folder.path(), "a..b").kind(), SourceErrorKind::NotARepository);
    git(folder.path(), &["init", "--quiet"]);
    assert_eq!(refused(folder.path(), "a..").kind(), SourceErrorKind::BadRevision, "no commit yet");
}

#[test]
fn histories_that_have_nothing_in_common() {
    let repo = Repo::new();
    repo.write("a.rs", line(1));
    repo.commit("main");
    repo.git(&["checkout", "--quiet", "--orphan", "other"]);
    repo.write("b.rs", line(2));
    let other = repo.commit("other");
    for range in ["main..other", "main...other"] {
        let outcome = repo.range(range);
        assert_eq!(found(&outcome), expected(&[("a.rs", 1, &other), ("b.rs", 1, &other)]), "a root adds all it has");
        assert_eq!(outcome.base.is_some(), range == "main..other");
    }
}

#[test]
fn shallow_clones() {
    let repo = Repo::new();
    repo.write("old.rs", line(1));
    repo.commit("old");
    let base = repo.commit("base");
    repo.write("new.rs", line(2));
    let new = repo.commit("new");
    let clones = tempfile::tempdir().expect("a temporary folder");
    let clone = |depth: usize| {
        let url = format!("file://{}", repo.path().display());
        let name = format!("depth-{depth}");
        git(clones.path(), &["clone", "--quiet", &format!("--depth={depth}"), &url, &name]);
        clones.path().join(name)
    };
    let enough = clone(2);
    let range = scan(&enough, &format!("{base}..HEAD"));
    assert_eq!((found(&range), range.outcome.coverage.commits), (expected(&[("new.rs", 1, &new)]), 1));
    let short = clone(1);
    let error = refused(&short, &format!("{base}..HEAD"));
    assert_eq!(error.kind(), SourceErrorKind::MissingCommit);
    assert!(error.advice().is_some_and(|advice| advice.contains("--deepen") && advice.contains("fetch-depth: 0")));
    let error = refused(&enough, "HEAD~2..HEAD");
    assert_eq!(error.kind(), SourceErrorKind::BadRevision);
    assert!(error.advice().is_some_and(|advice| advice.contains("--deepen")), "{error}");
    assert_eq!(refused(&enough, &format!("{ZEROS}..HEAD")).kind(), SourceErrorKind::Shallow);
    git(&short, &["fetch", "--quiet", "--deepen=1"]);
    assert_eq!(found(&scan(&short, &format!("{base}..HEAD"))), expected(&[("new.rs", 1, &new)]));
    let since = |path: &Path, time| {
        try_scan(path, Commits::Since { since: Since::Time(time), branch: Some("main".to_owned()) })
    };
    let time = repo.clock.get();
    assert_eq!(since(&enough, time).map(|range| range.outcome.coverage.commits).ok(), Some(1));
    assert_eq!(since(&enough, time - 60).expect_err("the parents are not here").kind(), SourceErrorKind::Shallow);
}

#[test]
fn partial_clones() {
    let repo = Repo::new();
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    repo.commit("base");
    repo.write("a.rs", line(1));
    repo.commit("adds");
    repo.write("a.rs", "clean\n");
    repo.write("b.rs", line(2));
    let last = repo.commit("removes");
    let clones = tempfile::tempdir().expect("a temporary folder");
    let url = format!("file://{}", repo.path().display());
    git(clones.path(), &["clone", "--quiet", "--filter=blob:none", &url, "clone"]);
    let range = scan(&clones.path().join("clone"), "HEAD~2..HEAD");
    assert_eq!(found(&range), expected(&[("b.rs", 1, &last)]));
    assert_eq!(gaps(&range.outcome), [("a.rs".to_owned(), "promised")]);
    let notes = &range.outcome.coverage.notes;
    assert!(notes.iter().all(|note| note.gap.limits() && !note.gap.failed()));
    git(clones.path(), &["clone", "--quiet", "--filter=tree:0", "--no-checkout", &url, "bare-bones"]);
    let range = scan(&clones.path().join("bare-bones"), "HEAD~2..HEAD");
    assert_eq!((found(&range), range.outcome.coverage.commits), (vec![], 2));
    assert!(!gaps(&range.outcome).is_empty() && gaps(&range.outcome).iter().all(|(_, gap)| *gap == "promised"));
}

fn object(repo: &Path, id: &str) -> PathBuf {
    let (folder, name) = id.split_at(2);
    repo.join(".git/objects").join(folder).join(name)
}

#[test]
fn objects_that_are_missing_or_damaged() {
    let repo = Repo::new();
    let base = repo.git(&["rev-parse", "HEAD"]);
    repo.write("a.rs", line(1));
    repo.write("b.rs", line(2));
    repo.write("sub/c.rs", line(3));
    let first = repo.commit("first");
    repo.write("d.rs", line(4));
    let second = repo.commit("second");
    let id = |name: &str| repo.git(&["rev-parse", name]);
    let (a, b, sub) = (id("HEAD:a.rs"), id("HEAD:b.rs"), id("HEAD:sub"));
    fs::remove_file(object(repo.path(), &a)).expect("it is loose");
    fs::remove_file(object(repo.path(), &b)).expect("it is loose");
    write(&object(repo.path(), &b), "no zlib stream");
    fs::remove_file(object(repo.path(), &sub)).expect("it is loose");
    let range = repo.range(&format!("{base}..HEAD"));
    assert_eq!(found(&range), expected(&[("d.rs", 1, &second)]));
    let notes = [("a.rs", "missing"), ("b.rs", "corrupt"), ("sub", "missing")];
    assert_eq!(gaps(&range.outcome), notes.map(|(path, gap)| (path.to_owned(), gap)));
    assert_eq!(range.outcome.coverage.commits, 2);

    // Without its parent the last commit is compared with nothing.
    fs::remove_file(object(repo.path(), &first)).expect("it is loose");
    let range = repo.range(&format!("{base}..HEAD"));
    assert_eq!((found(&range), range.outcome.coverage.commits), (expected(&[("d.rs", 1, &second)]), 1));
    assert!(gaps(&range.outcome).contains(&(format!("commit/{first}"), "missing")));
    fs::remove_file(object(repo.path(), &second)).expect("it is loose");
    assert_eq!(refused(repo.path(), &format!("{base}..{second}")).kind(), SourceErrorKind::MissingCommit);
    assert_eq!(refused(repo.path(), &format!("{base}..HEAD")).kind(), SourceErrorKind::BadRevision);
}

#[test]
fn repositories_of_all_kinds() {
    for options in [&[][..], &["--object-format=sha256"], &["--ref-format=reftable"]] {
        let repo = Repo::with(options);
        repo.write("a.rs", line(1));
        let base = repo.commit("base");
        repo.write("b.rs", line(2));
        let last = repo.commit("last");
        let ids = format!("{base}..{last}");
        repo.git(&["worktree", "add", "--quiet", "--detach", "linked"]);
        repo.git(&["clone", "--quiet", "--bare", ".", "bare.git"]);
        repo.write("sub/deep/x", "x");
        for place in ["", "sub/deep", "linked", "bare.git"] {
            let range = scan(&repo.path().join(place), &ids);
            assert_eq!(found(&range), expected(&[("b.rs", 1, &last)]), "{options:?} {place}");
        }
        repo.git(&["pack-refs", "--all"]);
        repo.git(&["gc", "--quiet"]);
        let before = snapshot(repo.path());
        assert_eq!(found(&repo.range(&ids)), expected(&[("b.rs", 1, &last)]), "{options:?}, packed");
        assert!(snapshot(repo.path()) == before, "the repository is as it was");
        if options == ["--ref-format=reftable"] {
            for names in ["HEAD~1..HEAD", "main~1..main", &format!("{ZEROS}..{last}")] {
                let error = refused(repo.path(), names);
                assert!(error.advice().is_some_and(|advice| advice.contains("git rev-parse")), "{names}: {error}");
            }
        } else {
            assert_eq!(found(&repo.range("main~1..main")), found(&repo.range(&ids)));
            let short = format!("{}..{}", &base[..9], &last[..9]);
            assert_eq!(found(&repo.range(&short)), found(&repo.range(&ids)));
        }
    }
}

#[test]
fn nothing_stands_in_for_a_commit() {
    let repo = Repo::new();
    let base = repo.commit("base");
    repo.write("a.rs", line(1));
    let leak = repo.commit("leak");
    repo.checkout("other", &base);
    let clean = repo.commit("clean");
    repo.git(&["replace", &leak, &clean]);
    repo.write(".git/info/grafts", format!("{leak}\n"));
    let range = repo.range(&format!("{base}..{leak}"));
    assert_eq!((found(&range), range.outcome.coverage.commits), (expected(&[("a.rs", 1, &leak)]), 1));
}

#[test]
fn since_a_commit_or_a_date() {
    let repo = Repo::new();
    repo.write("a.rs", line(1));
    let first = repo.commit("first");
    let time = repo.clock.get();
    repo.write("b.rs", line(2));
    let second = repo.commit("second");
    repo.checkout("side", &first);
    repo.write("c.rs", line(3));
    let side = repo.commit("side");
    repo.git(&["tag", "main", &first]);
    let since = |since: Since, branch: Option<&str>| {
        let range = try_scan(repo.path(), Commits::Since { since, branch: branch.map(ToOwned::to_owned) });
        range.expect("it can be scanned")
    };
    let revision = |name: &str| Since::Revision(name.to_owned());
    let both = expected(&[("b.rs", 1, &second), ("c.rs", 1, &side)]);
    let range = since(revision(&first), None);
    assert_eq!((found(&range), in_head(&range)), (both.clone(), vec![Some(false), Some(true)]));
    assert_eq!(range.base.as_ref(), Some(&first));
    assert_eq!(
        found(&since(revision(&first), Some("main"))),
        expected(&[("b.rs", 1, &second)]),
        "the branch, not the tag"
    );
    let range = since(Since::Time(time + 1), None);
    assert_eq!((found(&range), range.base), (both.clone(), Some(first.clone())));
    let range = since(Since::Time(time), None);
    assert_eq!(range.outcome.findings.len(), 3);
    assert_eq!(since(Since::Time(time + 600), None).outcome.coverage.commits, 0);
    let range = since(Since::Time(0), Some("side"));
    assert_eq!((range.outcome.coverage.commits, range.base), (3, None));
}

#[test]
fn the_configuration_is_that_of_the_base() {
    let repo = Repo::new();
    repo.write(".stanchignore", "before\n");
    repo.commit("base");
    repo.checkout("topic", "HEAD");
    repo.write(".stanchignore", "topic\n");
    repo.commit("topic");
    repo.checkout("main", "HEAD~1");
    repo.write(".stanchignore", "main\n");
    repo.commit("main");
    let configuration = |range: &str| {
        let base = repo.range(range).base.expect("there is a base");
        let bytes = file_at(repo.path(), &base, ".stanchignore").expect("it can be read").expect("it is there");
        String::from_utf8(bytes).expect("it is text")
    };
    assert_eq!(configuration("main..topic"), "main\n");
    assert_eq!(configuration("main...topic"), "before\n");
    assert_eq!(configuration("topic...main"), "before\n");
    assert_eq!(configuration(&format!("{ZEROS}..topic")), "before\n");
}

#[test]
fn many_commits_over_many_threads() {
    let repo = Repo::new();
    let base = repo.git(&["rev-parse", "HEAD"]);
    for n in 0..60_u64 {
        repo.write(&format!("{}.rs", n % 7), [line(n), line(n % 11)].concat());
        if n == 30 {
            for file in 0..1500 {
                repo.write(
                    &format!("many/{file}"),
                    if file % 100 == 0 { line(1000 + file) } else { format!("{file}\n") },
                );
            }
        }
        repo.commit(&format!("commit {n}\n\n{}", line(500 + n)));
    }
    let scan = |jobs| {
        let options = RangeOptions { commits: Commits::Between(format!("{base}..HEAD")) };
        let range = scan_range(&control(jobs), repo.path(), &options).expect("it can be scanned");
        (found(&range), in_head(&range), range.outcome.coverage)
    };
    let one = scan(1);
    assert_eq!((one.2.commits, one.2.notes.len(), one.0.len() > 130), (60, 0, true));
    for jobs in [2, 8] {
        assert!(scan(jobs) == one, "the same with {jobs} jobs");
    }
}

#[test]
fn a_scan_that_is_stopped() {
    let repo = Repo::new();
    repo.write("a.rs", line(1));
    repo.commit("leak");
    let stop = AtomicBool::new(true);
    let options = RangeOptions { commits: Commits::Between("HEAD~1..HEAD".to_owned()) };
    let range = scan_range(&Control { stop: &stop, ..control(2) }, repo.path(), &options).expect("it ends in peace");
    assert!(range.outcome.coverage.interrupted);
    assert_eq!(range.outcome.findings.len(), 0);
}

/// A commit of a random history.
#[derive(Debug, Clone)]
struct Node {
    /// Parents, as steps back.
    parents: Vec<usize>,
    minutes: i64,
    /// Which content stands at which path; none deletes it.
    files: Vec<(usize, Option<u64>)>,
}

const PATHS: [&str; 4] = ["a", "b", "d/a", "d/e/f"];

fn nodes() -> impl Strategy<Value = Vec<Node>> {
    let files = prop::collection::vec((0..PATHS.len(), prop::option::weighted(0.8, 0_u64..5)), 0..4);
    let node = (prop::collection::vec(1_usize..5, 0..4), -30_i64..60, files);
    prop::collection::vec(node.prop_map(|(parents, minutes, files)| Node { parents, minutes, files }), 2..24)
}

/// Makes the history: branch `n` is commit `n`. Each message has a credential of its own.
fn import(folder: &Path, nodes: &[Node]) {
    let mut stream = Vec::new();
    let mut time = START;
    for (n, node) in nodes.iter().enumerate() {
        time += node.minutes * 60;
        let message = line(100 + n as u64);
        let head = format!("commit refs/heads/n{n}\nmark :{}\ncommitter A <a@x.org> {time} +0000\n", n + 1);
        stream.extend(format!("{head}data {}\n{message}\n", message.len()).bytes());
        let mut parents: Vec<usize> = node.parents.iter().filter_map(|back| n.checked_sub(*back)).collect();
        parents.dedup();
        for (which, parent) in parents.iter().enumerate() {
            stream.extend(format!("{} :{}\n", if which == 0 { "from" } else { "merge" }, parent + 1).bytes());
        }
        for (path, content) in &node.files {
            let path = PATHS[*path];
            match content.map(line) {
                Some(text) => stream.extend(format!("M 100644 inline {path}\ndata {}\n{text}\n", text.len()).bytes()),
                None => stream.extend(format!("D {path}\n").bytes()),
            }
        }
    }
    let mut command = git_command(folder);
    let mut child = command.args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().expect("git runs");
    child.stdin.take().expect("it is piped").write_all(&stream).expect("git reads");
    assert!(child.wait().expect("git ends").success());
}

/// A blob that a commit has at a path where none of its parents has it, by git; and how often each content stood in what it changed or
/// deleted, for each parent.
fn by_git(folder: &Path, commit: &str) -> BTreeSet<(String, String)> {
    let raw = git(
        folder,
        &["diff-tree", "-r", "-c", "--root", "--raw", "--no-renames", "--no-abbrev", "--no-commit-id", commit],
    );
    let change = |line: &str| {
        let (change, path) = line.split_once('\t').expect("a path");
        let fields: Vec<&str> = change.trim_start_matches(':').split(' ').collect();
        // Modes and ids of the parents, then those of the commit, then the status.
        let id = fields[fields.len() - 2];
        (!id.starts_with("000000000")).then(|| (path.to_owned(), id.to_owned()))
    };
    raw.lines().filter_map(change).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_same_commits_and_blobs_as_git(nodes in nodes(), ends in (0_usize..24, 0_usize..24)) {
        let folder = tempfile::tempdir()?;
        let top = folder.path();
        git(top, &["init", "--quiet", "--initial-branch=n0"]);
        import(top, &nodes);
        let (from, to) = (format!("n{}", ends.0 % nodes.len()), format!("n{}", ends.1 % nodes.len()));
        let listed = git(top, &["rev-list", &format!("{from}..{to}")]);
        let commits: BTreeSet<&str> = listed.lines().collect();
        let range = scan(top, &format!("{from}..{to}"));
        let findings = &range.outcome.findings;
        let scanned: BTreeSet<&str> = findings.iter().filter_map(|finding| finding.path.strip_prefix("commit/")).collect();
        prop_assert_eq!(&scanned, &commits, "{}..{}", from, to);
        prop_assert_eq!(range.outcome.coverage.commits as usize, commits.len());

        let symmetric = scan(top, &format!("{from}...{to}"));
        prop_assert_eq!(found(&symmetric), found(&range));
        let bases = git_command(top).args(["merge-base", "--all", &from, &to]).output()?;
        let bases = String::from_utf8_lossy(&bases.stdout).into_owned();
        prop_assert_eq!(symmetric.base.is_some(), !bases.is_empty());
        prop_assert!(symmetric.base.is_none_or(|base| bases.lines().any(|line| line == base)), "one of {}", bases);

        let new = git(top, &["rev-list", &to, "--not", "--exclude", &to, "--branches"]);
        let others = git(top, &["for-each-ref", "--format=%(refname:short)", "--points-at", &to]);
        if others.lines().count() == 1 {
            let branch = scan(top, &format!("{ZEROS}..{to}"));
            prop_assert_eq!(branch.outcome.coverage.commits as usize, new.lines().count());
        }

        // Every finding stands in a blob that git says is the commit's own, and each blob whose credential is nowhere in the parents' changed
        // files has led to one.
        let own: BTreeMap<&str, BTreeSet<(String, String)>> =
            commits.iter().map(|commit| (*commit, by_git(top, commit))).collect();
        let files: Vec<&Finding> = findings.iter().filter(|finding| !finding.path.starts_with("commit/")).collect();
        for finding in &files {
            let blob = finding.git.as_ref().map(|git| git.blob.clone()).unwrap_or_default();
            let commit = commit_of(finding);
            prop_assert!(own[commit.as_str()].contains(&(finding.path.clone(), blob)), "{} {}", commit, finding.path);
        }
        for (commit, blobs) in &own {
            let before: BTreeSet<String> = git(top, &["show", "--format=%P", "--no-patch", commit])
                .split_whitespace()
                .flat_map(|parent| {
                    let tree = git(top, &["ls-tree", "-r", parent]);
                    tree.lines().filter_map(|line| Some(line.split_once(" blob ")?.1[..40].to_owned())).collect::<Vec<_>>()
                })
                .collect();
            for (path, blob) in blobs.iter().filter(|(_, blob)| !before.contains(blob)) {
                let reported = files.iter().any(|finding| {
                    finding.path == *path && finding.git.as_ref().is_some_and(|git| git.blob == *blob)
                });
                prop_assert!(reported, "{path} of {commit}");
            }
        }
    }
}
