//! A scan only looks: neither the tree nor the repository's own data change, in names, contents, permissions or times.

use stanch_rules::mint;
use stanch_testkit::{Sandbox, Snapshot};

use crate::BINARY;

/// A repository with something of every kind: committed, changed, staged, partly staged, added without content, removed, renamed,
/// untracked and ignored.
fn repository() -> Sandbox {
    let token = |seed| {
        let minted = mint("{{ghp_{base62:30}|github-crc32}}", seed).unwrap_or_else(|error| panic!("{error}"));
        String::from_utf8(minted.text).unwrap_or_else(|error| panic!("{error}"))
    };
    let sandbox = Sandbox::repository(BINARY);
    sandbox.write(".gitignore", "*.log\n");
    for name in ["kept.txt", "changed.txt", "removed.txt", "renamed.txt", "folder/inner.txt"] {
        sandbox.write(name, format!("{name} has some text in it, enough for git to know it again\n"));
    }
    sandbox.commit("files");
    sandbox.git(&["branch", "other"]);
    sandbox.write("changed.txt", format!("token = {}\n", token(1)));
    sandbox.write("staged.env", format!("TOKEN={}\n", token(2)));
    sandbox.git(&["add", "staged.env"]);
    sandbox.write("staged.env", format!("TOKEN={}\n", token(3)));
    sandbox.write("intended.txt", "to be added\n");
    sandbox.git(&["add", "--intent-to-add", "intended.txt"]);
    sandbox.git(&["rm", "--quiet", "removed.txt"]);
    sandbox.git(&["mv", "renamed.txt", "with another name.txt"]);
    sandbox.write("untracked.env", format!("TOKEN={}\n", token(4)));
    sandbox.write("debug.log", format!("TOKEN={}\n", token(5)));
    // A file whose times no longer fit the index: git itself would write the index anew when asked for the status.
    sandbox.write("kept.txt", "kept.txt has some text in it, enough for git to know it again\n");
    sandbox
}

/// The same with packs, loose objects, a stash, and commits that no ref reaches.
fn with_history(sandbox: &Sandbox) {
    sandbox.git(&["commit", "--quiet", "--all", "--no-verify", "--message", "more"]);
    sandbox.git(&["repack", "--quiet", "-a", "-d"]);
    sandbox.write("changed.txt", "for a stash\n");
    sandbox.git(&["stash", "--quiet"]);
    sandbox.git(&["commit", "--quiet", "--allow-empty", "--message", "to be lost"]);
    sandbox.git(&["reset", "--quiet", "--soft", "HEAD~1"]);
    sandbox.git(&["pack-refs", "--all"]);
}

/// Runs stanch and compares the whole working folder, `.git` in it, before and after.
fn leaves_all_as_it_is(arguments: &[&str], code: i32) {
    leaves_as_it_is(&repository(), arguments, code);
}

fn leaves_as_it_is(sandbox: &Sandbox, arguments: &[&str], code: i32) {
    let before = Snapshot::of(&sandbox.path());
    assert!(before.len() > 40, "the tree and its .git are in the picture: {}", before.len());
    let run = sandbox.run(arguments);
    assert_eq!(run.code, Some(code), "{}", run.written());
    let changes = before.changes(&Snapshot::of(&sandbox.path()));
    assert!(changes.is_empty(), "{arguments:?} touched:\n{}", changes.join("\n"));
}

#[test]
fn a_scan_of_the_tree() {
    leaves_all_as_it_is(&["scan"], 1);
}

#[test]
fn a_scan_of_the_tree_in_another_format() {
    leaves_all_as_it_is(&["scan", "--format", "sarif", "--jobs", "4", "-vvv"], 1);
}

#[test]
fn a_scan_of_the_history() {
    let sandbox = repository();
    with_history(&sandbox);
    for arguments in [
        &["scan"] as &[_],
        &["scan", "--history-only", "--jobs", "4", "--memory", "1"],
        &["scan", "--branch", "main"],
        &["scan", "--state", "../kept"],
        &["scan", "--state", "../kept", "--jobs", "1"],
        &["scan", "--since", "2000-01-01"],
        &["scan", "--range", "HEAD~1..HEAD"],
    ] {
        leaves_as_it_is(&sandbox, arguments, 1);
    }
}

#[test]
fn a_scan_of_clones_and_working_trees_that_belong_to_others() {
    let sandbox = repository();
    with_history(&sandbox);
    let url = format!("file://{}", sandbox.path().display());
    sandbox.git(&["config", "uploadpack.allowFilter", "true"]);
    // What is left at the remote must not be fetched.
    sandbox.git(&["clone", "--quiet", "--no-checkout", "--filter=blob:none", &url, "partial"]);
    sandbox.git(&["clone", "--quiet", "--shared", ".", "shared"]);
    sandbox.git(&["worktree", "add", "--quiet", "--detach", "linked"]);
    leaves_as_it_is(&sandbox, &["scan", "partial"], 0);
    leaves_as_it_is(&sandbox, &["scan", "shared", "linked"], 1);
}

#[test]
fn a_scan_of_what_is_staged() {
    leaves_all_as_it_is(&["scan", "--staged"], 1);
}

#[test]
fn the_hook() {
    leaves_all_as_it_is(&["hook", "run", "pre-commit"], 1);
}

#[test]
fn the_hook_with_files() {
    leaves_all_as_it_is(&["hook", "run", "pre-commit", "staged.env", "kept.txt", "untracked.env"], 1);
}

#[test]
fn an_explanation_that_finds_nothing() {
    leaves_all_as_it_is(&["explain", "abcdef"], 2);
}
