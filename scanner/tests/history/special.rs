//! Repositories that lie elsewhere, in parts, or in another form.

use std::path::Path;

use stanch_scanner::{Control, HistoryOptions, Ref, SourceErrorKind, is_repository, scan_history, uses_reftable};

use super::oracle::{Oracle, Row, agrees, agrees_but_for, agrees_in_all_forms, rows};
use super::repo::{Repo, copy, scan};
use super::stop::StopAfter;
use crate::sources::{control, found, git, line, snapshot, write};

fn text(path: &Path) -> &str {
    path.to_str().expect("it is text")
}

fn heads(rows: &[Row]) -> Vec<Option<bool>> {
    rows.iter().map(|row| row.in_head).collect()
}

#[test]
fn alternates_and_alternates_of_alternates() {
    let repo = Repo::new();
    repo.write("a.env", line(0));
    repo.commit("a");
    repo.git(&["repack", "-a", "-d", "-q"]);
    git(&repo.beside(""), &["clone", "--quiet", "--shared", "work", "second"]);
    let second = repo.beside("second");
    write(&second.join("b.env"), line(1));
    git(&second, &["add", "--all"]);
    git(&second, &["commit", "--quiet", "--message", "b"]);
    git(&repo.beside(""), &["clone", "--quiet", "--shared", "second", "third"]);
    let third = repo.beside("third");
    write(&third.join("c.env"), line(2));
    git(&third, &["add", "--all"]);
    git(&third, &["commit", "--quiet", "--message", "c"]);
    assert_eq!((agrees(&second, 3).len(), agrees(&third, 3).len()), (2, 3));

    // Relative ones count from the folder that names them, in which they are named.
    write(&second.join(".git/objects/info/alternates"), "# a comment\n../../../work/.git/objects\n");
    write(&third.join(".git/objects/info/alternates"), "\"../../../second/.git/o\\142jects\"\n");
    std::fs::create_dir(repo.beside("deeper")).expect("a folder");
    std::fs::rename(&third, repo.beside("deeper/third")).expect("it can be moved");
    let third = repo.beside("deeper/third");
    write(&third.join(".git/objects/info/alternates"), format!("{}\n", text(&second.join(".git/objects"))));
    assert_eq!((agrees(&second, 3).len(), agrees(&third, 3).len()), (2, 3));

    // In a circle, and the same twice.
    let objects = text(&repo.path().join(".git/objects")).to_owned();
    write(&second.join(".git/objects/info/alternates"), format!("{objects}\n{objects}/\n"));
    write(&repo.path().join(".git/objects/info/alternates"), format!("{}\n", text(&third.join(".git/objects"))));
    assert_eq!((agrees(&second, 3).len(), agrees(&third, 3).len()), (3, 3));
}

#[test]
fn alternates_that_are_not_there() {
    let repo = Repo::new();
    repo.write("a.env", line(0));
    repo.commit("a");
    git(&repo.beside(""), &["clone", "--quiet", "--shared", "work", "second"]);
    let second = repo.beside("second");
    write(&second.join("b.env"), line(1));
    git(&second, &["add", "--all"]);
    git(&second, &["commit", "--quiet", "--message", "b"]);
    let whole = rows(&scan(&second, &HistoryOptions::default()), 2);
    let gone = repo.beside("gone");
    let listed = format!("{}\n{}\n", text(&gone), text(&repo.path().join(".git/objects")));
    write(&second.join(".git/objects/info/alternates"), listed);
    assert_eq!(agrees_but_for(&second, 2, &[(text(&gone), "unreadable")]), whole);
    write(&second.join(".git/objects/info/alternates"), format!("{}\n\0\"unclosed\n", text(&gone)));
    let outcome = scan(&second, &HistoryOptions::default());
    assert!(outcome.coverage.notes.iter().any(|note| note.gap.as_str() == "missing"), "{:?}", outcome.coverage.notes);
    assert!(
        outcome.coverage.notes.iter().any(|note| note.gap.as_str() == "unreadable"),
        "{:?}",
        outcome.coverage.notes
    );
    assert_eq!(rows(&outcome, 2).iter().map(|row| row.seed).collect::<Vec<_>>(), [1]);
}

#[test]
fn submodules() {
    let inner = Repo::new();
    inner.write("inner.env", line(0));
    inner.commit("inner");
    let repo = Repo::new();
    let url = text(&inner.path()).to_owned();
    repo.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "sub"]);
    repo.write("outer.env", line(1));
    repo.commit("outer");
    let found = agrees(&repo.path(), 2);
    assert_eq!(
        found.iter().map(|row| row.path.as_str()).collect::<Vec<_>>(),
        ["outer.env"],
        "a gitlink is not missing"
    );
    let checkout = repo.path().join("sub");
    assert!(is_repository(&checkout));
    assert_eq!(agrees(&checkout, 2).len(), 1);
    assert_eq!(heads(&agrees(&checkout, 2)), [Some(true)]);
}

#[test]
fn ids_of_sha256() {
    let repo = Repo::with("work", &["--object-format=sha256"]);
    for n in 0..4 {
        repo.write("f/a.env", ["x = 1\n".repeat(50), line(n)].concat());
        repo.commit(&line(10 + n));
    }
    repo.dated(&["tag", "--annotate", "v1", "--message", &line(20)]);
    repo.object("blob", line(21));
    repo.git(&["checkout", "--quiet", "--detach", "HEAD~1"]);
    let found = agrees_in_all_forms(&repo.path(), 22);
    assert_eq!((found.len(), found[0].object.len()), (10, 64));
    repo.git(&["-c", "repack.useDeltaBaseOffset=false", "repack", "-a", "-d", "-k", "-q", "-f"]);
    assert_eq!(agrees(&repo.path(), 22), found);
}

#[test]
fn shallow_clones() {
    let repo = Repo::new();
    for n in 0..5 {
        repo.write(format!("{n}.env"), line(n));
        repo.commit("next");
    }
    repo.checkout("side", "HEAD~4");
    repo.write("side.env", line(5));
    repo.commit("side");
    let url = format!("file://{}", text(&repo.path()));
    git(&repo.beside(""), &["clone", "--quiet", "--depth=2", "--no-single-branch", &url, "shallow"]);
    let clone = repo.beside("shallow");
    let cut: Vec<String> = std::fs::read_to_string(clone.join(".git/shallow"))
        .expect("it is shallow")
        .lines()
        .map(|id| format!("commit/{id}"))
        .collect();
    assert_eq!(cut.len(), 2);
    let gaps: Vec<(&str, &str)> = cut.iter().map(|path| (path.as_str(), "shallow")).collect();
    let found = agrees_but_for(&clone, 6, &gaps);
    assert_eq!(found.len(), 6, "what the first commit has is there");
    git(&clone, &["fetch", "--quiet", "--unshallow"]);
    assert_eq!(agrees(&clone, 6).len(), 6);
}

#[test]
fn partial_clones() {
    let repo = Repo::new();
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    for n in 0..4 {
        repo.write(format!("f/{n}.env"), line(n));
        repo.commit(&line(10 + n));
        if n % 2 == 0 {
            repo.remove(&format!("f/{n}.env"));
        }
    }
    repo.commit("without");
    let url = format!("file://{}", text(&repo.path()));
    git(&repo.beside(""), &["clone", "--quiet", "--filter=blob:none", &url, "partial"]);
    let clone = repo.beside("partial");
    let outcome = scan(&clone, &HistoryOptions::default());
    let promised = |seed: u64| repo.git(&["hash-object", text(&repo.beside(&format!("blob{seed}")))]);
    (0..4).for_each(|n| write(&repo.beside(&format!("blob{n}")), line(n)));
    let mut gaps: Vec<String> = [0, 2].map(|n| format!("object/{}", promised(n))).to_vec();
    gaps.sort();
    let told: Vec<(String, &str)> =
        outcome.coverage.notes.iter().map(|note| (note.path.clone(), note.gap.as_str())).collect();
    assert_eq!(told, gaps.iter().map(|path| (path.clone(), "promised")).collect::<Vec<_>>());
    assert!(outcome.coverage.notes.iter().all(|note| !note.gap.failed()));
    let mut seeds: Vec<u64> = rows(&outcome, 14).iter().map(|row| row.seed).collect();
    seeds.sort_unstable();
    assert_eq!(seeds, [1, 3, 10, 11, 12, 13], "what is checked out was fetched");
    assert_eq!(outcome.coverage.objects, Oracle::of(&clone, 14).count());

    git(&repo.beside(""), &["clone", "--quiet", "--filter=tree:0", "--bare", &url, "treeless"]);
    let outcome = scan(&repo.beside("treeless"), &HistoryOptions::default());
    assert!(outcome.coverage.notes.iter().all(|note| note.gap.as_str() == "promised"), "{:?}", outcome.coverage.notes);
    assert_eq!((rows(&outcome, 14).len(), outcome.coverage.notes.len()), (4, 5), "messages; the trees are not here");
}

#[test]
fn bare_repositories() {
    let repo = Repo::new();
    repo.write("a.env", line(0));
    repo.commit("a");
    git(&repo.beside(""), &["clone", "--quiet", "--bare", "work", "bare.git"]);
    let bare = repo.beside("bare.git");
    assert!(is_repository(&bare));
    let found = agrees_in_all_forms(&bare, 1);
    assert_eq!(heads(&found), [Some(true)]);
    assert_eq!(agrees(&repo.path().join(".git"), 1).len(), 1, "the folder of one that is not bare");
}

#[test]
fn linked_working_trees() {
    let repo = Repo::new();
    repo.write("a.env", line(0));
    repo.commit("a");
    repo.git(&["worktree", "add", "--quiet", "--detach", "../linked"]);
    let linked = repo.beside("linked");
    write(&linked.join("b.env"), line(1));
    git(&linked, &["add", "--all"]);
    git(&linked, &["commit", "--quiet", "--message", "on no branch"]);
    let found = agrees(&repo.path(), 2);
    assert_eq!(heads(&found), [Some(true), Some(false)]);
    assert_eq!(found[1].refs, ["worktrees/linked/HEAD"]);
    let found = agrees(&linked, 2);
    assert_eq!(heads(&found), [Some(true), Some(true)]);
    // What only the main working tree has checked out.
    repo.git(&["checkout", "--quiet", "--detach"]);
    repo.write("c.env", line(2));
    repo.commit("on no branch, either");
    let found = agrees(&linked, 3);
    assert_eq!((found[2].reachable, found[2].in_head), (Some(true), Some(false)));
    assert_eq!(agrees(&repo.path(), 3)[2].in_head, Some(true));
    std::fs::remove_dir_all(&linked).expect("it can be removed");
    assert_eq!(agrees(&repo.path(), 3)[1].reachable, Some(true), "as long as git knows of it");
}

#[test]
fn refs_in_a_reftable() {
    let repo = Repo::empty("work", &["--ref-format=reftable"]);
    repo.write("a.env", line(0));
    repo.commit("a");
    repo.write("a.env", line(1));
    repo.commit("b");
    let path = repo.path();
    assert!(uses_reftable(&path).expect("it can be opened"));
    let outcome = scan(&path, &HistoryOptions::default());
    let told: Vec<&str> = outcome.coverage.notes.iter().map(|note| note.gap.as_str()).collect();
    assert_eq!(told, ["no-refs"]);
    let found = rows(&outcome, 2);
    assert_eq!((found.len(), found[0].commit.is_some(), found[0].refs.len()), (2, true, 0));
    assert!(found.iter().all(|row| row.reachable.is_none() && row.in_head.is_none()), "it is not known: {found:?}");

    let listed = repo.git(&["for-each-ref", "--format=%(refname) %(objectname)"]);
    let mut refs: Vec<Ref> = listed
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, target)| Ref { name: name.to_owned(), target: target.to_owned() })
        .collect();
    refs.push(Ref { name: "HEAD".to_owned(), target: repo.git(&["rev-parse", "HEAD"]) });
    let options = HistoryOptions { refs: Some(refs.clone()), ..HistoryOptions::default() };
    let outcome = scan(&path, &options);
    assert_eq!((rows(&outcome, 2), outcome.coverage.notes.len()), (Oracle::of(&path, 2).rows(), 0));
    let of_branch = HistoryOptions { branch: Some("main".to_owned()), ..options };
    assert_eq!(rows(&scan(&path, &of_branch), 2).len(), 2);
    refs.push(Ref { name: "refs/heads/odd".to_owned(), target: "no id".to_owned() });
    let outcome = scan(&path, &HistoryOptions { refs: Some(refs), ..HistoryOptions::default() });
    assert_eq!(outcome.coverage.notes.iter().map(|note| note.gap.as_str()).collect::<Vec<_>>(), ["no-refs"]);
}

#[test]
fn what_is_no_repository() {
    let repo = Repo::new();
    let refused = |path: &Path, options: &HistoryOptions| {
        scan_history(&control(1), path, options).expect_err("it is none").kind()
    };
    let options = HistoryOptions::default();
    assert_eq!(refused(&repo.beside("nowhere"), &options), SourceErrorKind::NotFound);
    repo.write("folder/a.env", line(0));
    assert_eq!(
        refused(&repo.path().join("folder"), &options),
        SourceErrorKind::NotARepository,
        "what is above is not looked at"
    );
    assert!(!is_repository(&repo.path().join("folder")));
    let branch = HistoryOptions { branch: Some("nobody".to_owned()), ..HistoryOptions::default() };
    assert_eq!(refused(&repo.path(), &branch), SourceErrorKind::BadRevision);
    let glob = HistoryOptions { exclude: vec!["[".to_owned()], ..HistoryOptions::default() };
    assert_eq!(refused(&repo.path(), &glob), SourceErrorKind::BadGlob);
    write(&repo.path().join(".git/config"), "[core");
    assert_eq!(refused(&repo.path(), &options), SourceErrorKind::Corrupt);
}

#[test]
fn nothing_is_written() {
    let repo = Repo::new();
    repo.write("a.env", line(0));
    repo.commit("a");
    repo.pack_all();
    repo.write("b.env", line(1));
    repo.commit("b");
    let before = snapshot(&repo.path());
    assert_eq!(found(&repo.scan()), [("a.env".to_owned(), 1), ("b.env".to_owned(), 1)]);
    assert_eq!(snapshot(&repo.path()), before);
}

#[test]
fn a_scan_that_is_stopped_says_so() {
    let repo = Repo::new();
    repo.write("a.env", line(0));
    repo.commit("a");
    let stop = std::sync::atomic::AtomicBool::new(true);
    let outcome =
        scan_history(&stanch_scanner::Control { stop: &stop, ..control(3) }, &repo.path(), &HistoryOptions::default());
    let outcome = outcome.expect("it is a repository");
    assert!(outcome.coverage.interrupted && outcome.findings.is_empty());
}

#[test]
fn a_repository_that_moved_and_lost_its_owner() {
    let repo = Repo::new();
    repo.write("a.env", line(0));
    repo.commit("a");
    copy(&repo.path(), &repo.beside("moved"));
    let moved = repo.beside("moved");
    // Its configuration names programs and paths that are not to be run or read.
    let ran = repo.beside("ran");
    for key in ["core.fsmonitor", "core.sshCommand", "filter.x.clean", "diff.external"] {
        git(&moved, &["config", key, &format!("touch {}", text(&ran))]);
    }
    git(&moved, &["config", "core.worktree", "/nowhere"]);
    let outcome = scan(&moved, &HistoryOptions::default());
    assert_eq!((rows(&outcome, 1).len(), ran.exists()), (1, false));
}

#[test]
fn a_scan_that_is_stopped_before_the_trees() {
    let repo = Repo::new();
    repo.write("a.env", line(0));
    repo.commit("a");
    // Two blobs and two commits come before the trees.
    let events = StopAfter::new(4);
    let control = Control { events: &events, stop: &events.stop, ..control(1) };
    let outcome = scan_history(&control, &repo.path(), &HistoryOptions::default()).expect("it ends well");
    assert!(outcome.coverage.interrupted);
    assert_eq!(outcome.coverage.objects, 4);
    let [finding] = &outcome.findings[..] else { panic!("{:?}", found(&outcome)) };
    assert!(finding.path.starts_with("blob/"), "{}", finding.path);
    let reachable = finding.git.as_ref().and_then(|git| git.reachable);
    assert_eq!((reachable, finding.in_head), (None, None), "what was not read may have it");
}
