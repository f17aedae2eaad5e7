//! Histories by chance.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use crate::sources::{git, git_command, line};
use proptest::prelude::*;
use stanch_model::Finding;

use super::repo::{START, ZEROS, commit_of, found, scan};

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
