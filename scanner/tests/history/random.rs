//! Histories by chance: whatever branches, merges and contents there are, the scan says what git says.

use std::fmt::Write;

use proptest::prelude::*;

use super::oracle::agrees_in_all_forms;
use super::repo::{Repo, START, piped};
use crate::sources::line;

const PATHS: [&str; 4] = ["a.rs", "b/a.rs", "b/c/d.env", "e"];

/// A commit: how far before it its parents are, and what it does to which file: a new content of some credentials, or none.
#[derive(Debug, Clone)]
pub(super) struct Node {
    parents: Vec<usize>,
    files: Vec<(usize, Option<Vec<u64>>)>,
    message: Option<u64>,
    /// Whether a branch keeps it.
    kept: bool,
}

pub(super) fn nodes() -> impl Strategy<Value = Vec<Node>> {
    let content = prop::option::weighted(0.8, prop::collection::vec(0_u64..6, 0..4));
    let files = prop::collection::vec((0..PATHS.len(), content), 0..4);
    let node = (prop::collection::vec(1_usize..5, 0..4), files, prop::option::weighted(0.2, 6_u64..9), any::<bool>());
    let node = node.prop_map(|(parents, files, message, kept)| Node { parents, files, message, kept });
    prop::collection::vec(node, 2..12)
}

/// Makes the history; branch `n` is commit `n`, whatever it was before. Those that are not kept lose their branch.
pub(super) fn import(repo: &Repo, nodes: &[Node]) {
    let mut stream = String::new();
    for (n, node) in nodes.iter().enumerate() {
        let time = START + n as i64 * 60;
        let message =
            node.message.map_or_else(|| format!("commit {n}\n"), |seed| format!("commit {n}\n\n{}", line(seed)));
        let _fits = write!(
            stream,
            "commit refs/heads/n{n}\nmark :{}\ncommitter A <a@x.org> {time} +0000\ndata {}\n{message}\n",
            n + 1,
            message.len()
        );
        let mut parents: Vec<usize> = node.parents.iter().filter_map(|back| n.checked_sub(*back)).collect();
        parents.sort_unstable();
        parents.dedup();
        for (which, parent) in parents.iter().enumerate() {
            let _fits = writeln!(stream, "{} :{}", if which == 0 { "from" } else { "merge" }, parent + 1);
        }
        for (path, content) in &node.files {
            let path = PATHS[*path];
            let text: Option<Vec<String>> =
                content.as_ref().map(|seeds| seeds.iter().map(|seed| line(*seed)).collect());
            let _fits = match text.map(|lines| lines.concat()) {
                Some(text) => writeln!(stream, "M 100644 inline {path}\ndata {}\n{text}", text.len()),
                None => writeln!(stream, "D {path}"),
            };
        }
    }
    piped(&repo.path(), &["fast-import", "--quiet", "--force"], stream);
    for (n, _) in nodes.iter().enumerate().filter(|(_, node)| !node.kept) {
        repo.git(&["update-ref", "-d", &format!("refs/heads/n{n}")]);
    }
    repo.git(&["symbolic-ref", "HEAD", &format!("refs/heads/n{}", nodes.len() / 2)]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(6) })]

    #[test]
    fn as_git_says(nodes in nodes()) {
        let repo = Repo::empty("work", &[]);
        import(&repo, &nodes);
        agrees_in_all_forms(&repo.path(), 9);
    }
}
