//! Staged changes and ranges, in repositories that git itself makes.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::sources::{control, found, gaps, git, git_command, line, snapshot, write};
use stanch_model::Source;
use stanch_scanner::{Outcome, SourceErrorKind, StagedOptions, scan_range_trees, scan_staged};
use tempfile::TempDir;

/// A repository with a first commit.
fn repository() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
    write(&folder.path().join("README"), "read me\n");
    commit(folder.path());
    folder
}

fn commit(folder: &Path) {
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--no-verify", "--allow-empty", "--message=x"]);
}

/// Stages everything.
fn stage(folder: &Path) {
    git(folder, &["add", "--all"]);
}

fn staged(folder: &Path) -> Outcome {
    staged_only(folder, &[])
}

fn staged_only(folder: &Path, paths: &[&str]) -> Outcome {
    let options = StagedOptions { paths: paths.iter().map(PathBuf::from).collect() };
    scan_staged(&control(2), folder, &options).expect("it is a repository")
}

fn places(places: &[(&str, u64)]) -> Vec<(String, u64)> {
    places.iter().map(|(path, line)| ((*path).to_owned(), *line)).collect()
}

#[test]
fn what_is_added_is_found_in_the_index() {
    let folder = repository();
    let top = folder.path();
    write(&top.join("src/a.rs"), ["\n".to_owned(), line(1)].concat());
    assert_eq!(found(&staged(top)), [], "nothing is staged yet");
    stage(top);
    write(&top.join("src/a.rs"), "clean\n");
    write(&top.join("src/b.rs"), line(2));
    let outcome = staged(top);
    assert_eq!(found(&outcome), places(&[("src/a.rs", 2)]), "the index counts, not the files");
    let finding = &outcome.findings[0];
    let blob = git(top, &["rev-parse", ":src/a.rs"]).trim().to_owned();
    assert_eq!(finding.git.as_ref().map(|place| &place.blob), Some(&blob));
    assert_eq!(
        (finding.locator.source, finding.locator.blob.as_ref(), finding.locator.root.as_deref()),
        (Source::Index, Some(&blob), top.to_str())
    );
    assert_eq!((outcome.coverage.files, gaps(&outcome)), (1, vec![]));
    assert_eq!(found(&staged(&top.join("src"))), places(&[("src/a.rs", 2)]), "paths are those of the repository");
}

#[test]
fn what_stood_there_before_is_not_new() {
    let folder = repository();
    let top = folder.path();
    write(&top.join("a.rs"), [line(1), line(2)].concat());
    write(&top.join("gone.rs"), line(3));
    write(&top.join("renamed.rs"), line(4));
    commit(top);

    write(&top.join("a.rs"), ["// an edit elsewhere\n".to_owned(), line(2), line(1)].concat());
    fs::remove_file(top.join("gone.rs")).expect("it is there");
    write(&top.join("new.rs"), ["fn moved() {}\n".to_owned(), line(3)].concat());
    git(top, &["mv", "renamed.rs", "better.rs"]);
    stage(top);
    let outcome = staged(top);
    assert_eq!((found(&outcome), outcome.coverage.files), (vec![], 3));

    write(&top.join("b.rs"), [line(1), line(5)].concat());
    stage(top);
    assert_eq!(found(&staged(top)), places(&[("b.rs", 1), ("b.rs", 2)]), "another copy of a known one, and a new one");

    write(&top.join("a.rs"), line(2));
    stage(top);
    assert_eq!(found(&staged(top)), places(&[("b.rs", 2)]), "moved from file to file");
    assert_eq!(found(&staged_only(top, &["b.rs"])), places(&[("b.rs", 2)]), "also if only the new place is asked for");
}

#[test]
fn of_more_copies_than_before_the_added_one_is_reported() {
    let folder = repository();
    let top = folder.path();
    write(&top.join("a.rs"), line(1));
    commit(top);
    write(
        &top.join("a.rs"),
        [
            "fn before() {}\n".to_owned(),
            line(1),
            "fn after() {}\n".to_owned(),
            format!("let x = [{}];\n", line(1).trim()),
        ]
        .concat(),
    );
    stage(top);
    assert_eq!(found(&staged(top)), places(&[("a.rs", 4)]));
}

#[test]
fn a_marker_that_is_taken_away_allows_nothing() {
    let folder = repository();
    let top = folder.path();
    write(&top.join("a.rs"), format!("{} // stanch:allow an example\n", line(1).trim()));
    commit(top);
    write(&top.join("a.rs"), line(1));
    stage(top);
    assert_eq!(found(&staged(top)), places(&[("a.rs", 1)]));
}

#[test]
fn before_the_first_commit_everything_is_new() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let top = folder.path();
    git(top, &["init", "--quiet"]);
    assert_eq!(found(&staged(top)), [], "there is no index yet");
    write(&top.join("a.rs"), line(1));
    stage(top);
    assert_eq!(found(&staged(top)), places(&[("a.rs", 1)]));
}

#[test]
fn entries_of_all_kinds() {
    let folder = repository();
    let top = folder.path();
    write(&top.join("later.rs"), line(1));
    git(top, &["add", "--intent-to-add", "later.rs"]);
    symlink(line(2).trim(), top.join("link")).expect("a link");
    write(&top.join("run.sh"), line(3));
    fs::set_permissions(top.join("run.sh"), fs::Permissions::from_mode(0o755)).expect("a mode");
    git(top, &["add", "link", "run.sh"]);
    git(top, &["update-index", "--add", "--cacheinfo", "160000,1234567890123456789012345678901234567890,module"]);
    let outcome = staged(top);
    assert_eq!((found(&outcome), gaps(&outcome)), (places(&[("link", 1), ("run.sh", 1)]), vec![]));
}

#[test]
fn both_sides_of_a_conflict_are_scanned() {
    let folder = repository();
    let top = folder.path();
    write(&top.join("a.rs"), ["base\n".to_owned(), line(1)].concat());
    commit(top);
    git(top, &["checkout", "--quiet", "-b", "theirs"]);
    write(&top.join("a.rs"), ["theirs\n".to_owned(), line(1), line(2)].concat());
    commit(top);
    git(top, &["checkout", "--quiet", "main"]);
    write(&top.join("a.rs"), ["ours\n".to_owned(), line(1)].concat());
    commit(top);
    let merge = git_command(top).args(["merge", "--quiet", "theirs"]).output().expect("git runs");
    assert!(!merge.status.success(), "there is a conflict");
    let outcome = staged(top);
    assert_eq!((found(&outcome), outcome.coverage.files), (places(&[("a.rs", 3)]), 1), "ours is as HEAD has it");
}

#[test]
fn only_some_paths() {
    let folder = repository();
    let top = folder.path();
    for (seed, path) in ["a.rs", "a.rs.txt", "sub/b.rs", "sub/deep/c.rs"].iter().enumerate() {
        write(&top.join(path), line(seed as u64));
    }
    stage(top);
    let absolute = top.join("sub/b.rs");
    assert_eq!(found(&staged_only(top, &["a.rs"])), places(&[("a.rs", 1)]));
    assert_eq!(found(&staged_only(top, &["sub"])), places(&[("sub/b.rs", 1), ("sub/deep/c.rs", 1)]));
    assert_eq!(
        found(&staged_only(top, &[absolute.to_str().expect("UTF-8"), "./a.rs"])),
        places(&[("a.rs", 1), ("sub/b.rs", 1)])
    );
    assert_eq!(
        found(&staged_only(&top.join("sub"), &["deep/../b.rs", "../a.rs"])),
        places(&[("a.rs", 1), ("sub/b.rs", 1)])
    );
    assert_eq!(found(&staged_only(top, &["."])).len(), 4);
    assert_eq!(found(&staged_only(top, &["README"])), []);
    let options = StagedOptions { paths: vec![PathBuf::from("../elsewhere")] };
    let error = scan_staged(&control(1), top, &options).expect_err("it is outside");
    assert_eq!(error.kind(), SourceErrorKind::NotFound);
}

#[test]
fn where_nothing_can_be_staged() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let kind = |path: &Path| {
        scan_staged(&control(1), path, &StagedOptions::default()).expect_err("nothing can be staged").kind()
    };
    // The folder of temporary files may be in a repository itself, which is no fault of ours.
    assert_eq!(kind(folder.path()), SourceErrorKind::NotARepository);
    assert_eq!(kind(&folder.path().join("nowhere")), SourceErrorKind::NotFound);
    git(folder.path(), &["init", "--quiet", "--bare", "bare.git"]);
    assert_eq!(kind(&folder.path().join("bare.git")), SourceErrorKind::Bare);
    git(folder.path(), &["init", "--quiet", "broken"]);
    write(&folder.path().join("broken/.git/index"), "no index at all");
    assert_eq!(kind(&folder.path().join("broken")), SourceErrorKind::Corrupt);
    let lost = repository();
    write(&lost.path().join(".git/refs/heads/main"), "1234567890123456789012345678901234567890\n");
    assert_eq!(kind(lost.path()), SourceErrorKind::Corrupt);
}

#[test]
fn a_blob_that_is_missing_or_broken_is_noted() {
    let folder = repository();
    let top = folder.path();
    for (seed, path) in ["a.rs", "b.rs", "c.rs"].iter().enumerate() {
        write(&top.join(path), line(seed as u64));
    }
    stage(top);
    let object = |path: &str| {
        let id = git(top, &["rev-parse", &format!(":{path}")]);
        let (folder, name) = id.trim().split_at(2);
        top.join(".git/objects").join(folder).join(name)
    };
    fs::remove_file(object("a.rs")).expect("it is loose");
    fs::remove_file(object("b.rs")).expect("it is loose");
    write(&object("b.rs"), "no zlib stream");
    let outcome = staged(top);
    assert_eq!(found(&outcome), places(&[("c.rs", 1)]));
    assert_eq!(gaps(&outcome), [("a.rs".to_owned(), "missing"), ("b.rs".to_owned(), "corrupt")]);
    assert!(outcome.coverage.notes.iter().all(|note| note.gap.failed() && !note.detail.is_empty()));
}

#[test]
fn many_blobs_over_many_threads() {
    let folder = repository();
    let top = folder.path();
    for n in 0..200 {
        write(&top.join(format!("{}/{n}.rs", n % 9)), [line(n), line(n)].concat());
    }
    commit(top);
    for n in 0..200 {
        write(&top.join(format!("{}/{n}.rs", n % 9)), [line(n + 500), line(n), line(n)].concat());
    }
    stage(top);
    let scan = |jobs| scan_staged(&control(jobs), top, &StagedOptions::default()).expect("it is a repository");
    let (one, more) = (scan(1), scan(4));
    assert_eq!((one.findings.len(), found(&one), one.coverage.files), (200, found(&more), 200));
    assert!(one.findings.iter().all(|finding| finding.location.line == 1));
}

#[test]
fn repositories_of_sha256() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let top = folder.path();
    git(top, &["init", "--quiet", "--object-format=sha256"]);
    write(&top.join("a.rs"), line(1));
    commit(top);
    write(&top.join("b.rs"), line(2));
    stage(top);
    assert_eq!(found(&staged(top)), places(&[("b.rs", 1)]));
}

#[test]
fn a_scan_changes_nothing() {
    let folder = repository();
    let top = folder.path();
    write(&top.join("a.rs"), line(1));
    stage(top);
    // An index whose times are stale invites a refresh.
    git_command(top).args(["update-index", "--force-remove", "README"]).status().expect("git runs");
    write(&top.join("README"), "touched\n");
    let before = snapshot(top);
    assert_eq!(staged(top).findings.len(), 1);
    let range = scan_range_trees(&control(2), top, "HEAD", "HEAD", &[]).expect("it is a commit");
    assert_eq!(range.findings.len(), 0);
    assert!(snapshot(top) == before, "the repository is as it was");
}

#[test]
fn ranges_compare_two_commits() {
    let folder = repository();
    let top = folder.path();
    write(&top.join("a.rs"), line(1));
    write(&top.join("sub/b.rs"), line(2));
    commit(top);
    write(&top.join("a.rs"), [line(3), line(1)].concat());
    git(top, &["mv", "sub/b.rs", "c.rs"]);
    write(&top.join("sub/d.rs"), line(4));
    commit(top);
    let bare = top.join("bare.git");
    git(top, &["clone", "--quiet", "--bare", ".", "bare.git"]);
    let zeros = "0".repeat(40);
    for repo in [top, &bare] {
        let range =
            |from: &str, to: &str| scan_range_trees(&control(2), repo, from, to, &[]).expect("they are commits");
        let outcome = range("HEAD~1", "main");
        assert_eq!(found(&outcome), places(&[("a.rs", 1), ("sub/d.rs", 1)]));
        let finding = &outcome.findings[0];
        let blob = git(top, &["rev-parse", "HEAD:a.rs"]).trim().to_owned();
        assert_eq!((finding.locator.source, finding.locator.blob.as_ref()), (Source::Object, Some(&blob)));
        assert_eq!(found(&range("HEAD", "HEAD~1")), []);
        assert_eq!(range(&zeros, "HEAD").findings.len(), 4);
        let only =
            scan_range_trees(&control(1), top, "HEAD~1", "HEAD", &[PathBuf::from("sub")]).expect("they are commits");
        assert_eq!(found(&only), places(&[("sub/d.rs", 1)]));
        for bad in ["nowhere", "HEAD~7", "", "--all", "HEAD:a.rs"] {
            let error = scan_range_trees(&control(1), repo, bad, "HEAD", &[]).expect_err("it names no commit");
            assert_eq!(error.kind(), SourceErrorKind::BadRevision, "{bad}");
        }
    }
}

/// The variable that tells this very program that it runs as a hook, and where to write what it finds.
const AS_HOOK: &str = "SCAN_AS_HOOK";

/// Git sets variables of its own for hooks, and for some commits a temporary index.
#[test]
fn hooks_see_what_will_be_committed() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the table of variables is the product's; this one is the test's own"
    )]
    let report = std::env::var_os(AS_HOOK);
    if let Some(report) = report {
        let outcome =
            scan_staged(&control(1), Path::new("."), &StagedOptions::default()).expect("git runs us in the repository");
        let lines: Vec<String> = found(&outcome).iter().map(|(path, line)| format!("{path}:{line}\n")).collect();
        return fs::write(report, lines.concat()).expect("the report can be written");
    }
    let folder = repository();
    let top = folder.path().join("repository");
    git(folder.path(), &["clone", "--quiet", ".", "repository"]);
    let program = std::env::current_exe().expect("we run");
    let hook = top.join(".git/hooks/pre-commit");
    write(&hook, format!("#!/bin/sh\nexec '{}' --exact staged::hooks_see_what_will_be_committed\n", program.display()));
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("a mode");
    let report = folder.path().join("report");
    let commit = |folder: &Path, arguments: &[&str]| {
        let output = git_command(folder)
            .arg("commit")
            .args(["--quiet", "--message=x"])
            .args(arguments)
            .env(AS_HOOK, &report)
            .output();
        let output = output.expect("git runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = fs::read_to_string(&report).expect("the hook wrote it");
        fs::remove_file(&report).expect("it is there");
        text
    };

    write(&top.join("sub/a.rs"), line(1));
    write(&top.join("b.rs"), line(2));
    git(&top, &["add", "sub/a.rs"]);
    assert_eq!(commit(&top.join("sub"), &[]), "sub/a.rs:1\n", "from a folder below");

    write(&top.join("sub/a.rs"), [line(3), line(1)].concat());
    assert_eq!(commit(&top, &["--all"]), "sub/a.rs:1\n", "what --all adds is in a temporary index");

    git(&top, &["add", "b.rs"]);
    write(&top.join("sub/a.rs"), [line(4), line(1)].concat());
    assert_eq!(commit(&top, &["sub/a.rs"]), "sub/a.rs:1\n", "what else is staged is not in this commit");
    assert_eq!(commit(&top, &[]), "b.rs:1\n");

    git(&top, &["worktree", "add", "--quiet", "../linked"]);
    let linked = folder.path().join("linked");
    write(&linked.join("c.rs"), line(5));
    git(&linked, &["add", "c.rs"]);
    assert_eq!(commit(&linked, &[]), "c.rs:1\n", "a linked working tree has its own index");

    write(&top.join("d.rs"), line(6));
    git(&top, &["add", "d.rs"]);
    let (repository, tree) = (top.join(".git"), top.to_string_lossy().into_owned());
    let elsewhere = [format!("--git-dir={}", repository.display()), format!("--work-tree={tree}")];
    let output = git_command(folder.path())
        .args(elsewhere)
        .args(["commit", "--quiet", "--message=x"])
        .env(AS_HOOK, &report)
        .output();
    assert!(output.expect("git runs").status.success());
    assert_eq!(fs::read_to_string(&report).expect("the hook wrote it"), "d.rs:1\n", "from elsewhere");
}
