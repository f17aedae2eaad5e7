//! Which commits a range has, and whose configuration counts.

use crate::sources::{git, line};
use stanch_scanner::{Commits, Since, SourceErrorKind, file_at};

use super::repo::{Repo, ZEROS, expected, found, in_head, refused, try_scan};

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
