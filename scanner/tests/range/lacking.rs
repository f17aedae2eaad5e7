//! Clones that lack something, and repositories of other kinds.

use std::fs;
use std::path::{Path, PathBuf};

use crate::sources::{gaps, git, line, snapshot, write};
use stanch_scanner::{Commits, Since, SourceErrorKind};

use super::repo::{Repo, ZEROS, expected, found, refused, scan, try_scan};

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
