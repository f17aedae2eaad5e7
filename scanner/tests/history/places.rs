//! Which commit brought what to which path.

use stanch_model::ObjectKind;
use stanch_scanner::HistoryOptions;

use super::oracle::{Row, agrees, agrees_but_for, agrees_in_all_forms, rows, token};
use super::repo::{Repo, START, copy, piped, scan};
use crate::sources::{git, line};

/// Path, seed, commit and whether it stands in HEAD.
fn told(rows: &[Row]) -> Vec<(&str, u64, Option<&str>, Option<bool>)> {
    rows.iter().map(|row| (row.path.as_str(), row.seed, row.commit.as_deref(), row.in_head)).collect()
}

#[test]
fn what_each_commit_brings() {
    let repo = Repo::new();
    repo.write("a.rs", line(0));
    let first = repo.commit("adds it\n\nwith a body");
    repo.write("a.rs", ["fn a() {}\n\n".to_owned(), line(0), line(1)].concat());
    repo.write("deep/er/b.env", ["x".repeat(300), "\r\n".to_owned(), line(2).replace('\n', "\r\n")].concat());
    let second = repo.commit("another, in a file of Windows");
    repo.remove("a.rs");
    let removes = repo.commit("removes both");
    repo.write("a.rs", line(0));
    repo.commit("adds the first again");
    let found = agrees_in_all_forms(&repo.path(), 4);
    let expected = [
        ("a.rs", 0, Some(first.as_str()), Some(true)),
        ("a.rs", 1, Some(&second), Some(false)),
        ("deep/er/b.env", 2, Some(&second), Some(true)),
    ];
    assert_eq!(told(&found), expected);
    assert_eq!((found[2].line, found[2].column, found[2].start), (2, 17, 318));

    let outcome = repo.scan();
    let finding = &outcome.findings[0];
    let place = finding.git.as_ref().expect("it is in history");
    let said = repo.git(&["log", "-1", "--format=%an%n%ae%n%aI%n%cn%n%ce%n%cI%n%s", &first]);
    let own = [&place.author, &place.email, &place.date, &place.committer, &place.committer_email, &place.committed];
    let own: Vec<&str> = own.into_iter().chain([&place.subject]).map(|field| field.as_deref().unwrap_or("")).collect();
    assert_eq!(own, said.lines().collect::<Vec<_>>(), "as git tells it");
    assert_eq!(finding.locator.root.as_deref(), repo.path().to_str());
    assert_eq!((&finding.permalink, place.more_refs), (&None, 0), "it has no remote");

    let every = HistoryOptions { every: true, ..HistoryOptions::default() };
    let again = repo.git(&["rev-parse", "HEAD"]);
    let rows = rows(&scan(&repo.path(), &every), 4);
    let of_first: Vec<&str> = rows.iter().filter(|row| row.seed == 0).filter_map(|row| row.commit.as_deref()).collect();
    let mut both = [first.as_str(), again.as_str()];
    both.sort_unstable();
    assert_eq!((of_first, rows.len()), (both.to_vec(), 4), "each time anew");
    assert!(!removes.is_empty());
}

#[test]
fn merges_and_what_they_bring_themselves() {
    let repo = Repo::new();
    repo.checkout("left", "main");
    repo.write("left.rs", line(0));
    let left = repo.commit("left");
    repo.checkout("right", "main");
    repo.write("right.rs", line(1));
    let right = repo.commit("right");
    repo.checkout("main", "left");
    let clean = repo.merge(&["right"], "clean", || repo.write("right.rs", line(1)));
    repo.checkout("side", "left");
    repo.write("side.rs", "fn side() {}\n");
    repo.commit("side");
    repo.checkout("main", &clean);
    let evil = repo.merge(&["side"], "evil", || {
        repo.write("right.rs", ["// evil\n".to_owned(), line(1), line(2)].concat());
        repo.write("new/evil.rs", line(3));
    });
    for n in 0..3 {
        repo.checkout(&format!("octo{n}"), &left);
        repo.write(format!("octo{n}.rs"), line(4 + n));
        repo.commit("one arm");
    }
    repo.checkout("main", &evil);
    let octopus = repo.merge(&["octo0", "octo1", "octo2"], "octopus", || {
        (0..2).for_each(|n| repo.write(format!("octo{n}.rs"), line(4 + n)));
        repo.write("octo.rs", line(7));
    });
    let found = agrees_in_all_forms(&repo.path(), 8);
    let of = |seed: u64| -> Vec<&str> {
        found.iter().filter(|row| row.seed == seed).filter_map(|row| row.commit.as_deref()).collect()
    };
    assert_eq!(
        (of(0), of(1), of(2), of(3)),
        (vec![left.as_str()], vec![right.as_str()], vec![evil.as_str()], vec![evil.as_str()])
    );
    assert_eq!((of(7), of(4).len(), found.len()), (vec![octopus.as_str()], 1, 8));
    assert_eq!(
        found.iter().find(|row| row.seed == 6).and_then(|row| row.in_head),
        Some(false),
        "the merge left it out"
    );
}

#[test]
fn a_path_is_a_place_of_its_own() {
    let repo = Repo::new();
    repo.write("old.rs", ["fn a() {}\n".repeat(9), line(0)].concat());
    let first = repo.commit("adds");
    repo.git(&["mv", "old.rs", "new.rs"]);
    let renames = repo.commit("renames");
    repo.write("folder/copy.rs", line(0));
    let copies = repo.commit("copies");
    let found = agrees_in_all_forms(&repo.path(), 1);
    let expected = [
        ("folder/copy.rs", 0, Some(copies.as_str()), Some(true)),
        ("new.rs", 0, Some(&renames), Some(true)),
        ("old.rs", 0, Some(&first), Some(false)),
    ];
    assert_eq!(told(&found), expected);
}

#[test]
fn the_first_of_several_by_date_and_then_by_id() {
    let repo = Repo::new();
    let base = repo.git(&["rev-parse", "HEAD"]);
    repo.checkout("one", "main");
    repo.write("x.rs", line(0));
    repo.git(&["add", "--all"]);
    repo.at(START + 9000, &["commit", "--quiet", "--message", "picked later"]);
    repo.checkout("two", &base);
    repo.write("x.rs", line(0));
    repo.git(&["add", "--all"]);
    repo.at(START + 5000, &["commit", "--quiet", "--message", "picked first"]);
    let early = repo.git(&["rev-parse", "HEAD"]);
    // At the same second only the id tells them apart.
    let mut twins = Vec::new();
    for n in 0..4 {
        repo.checkout(&format!("twin{n}"), &base);
        repo.write("y.rs", line(1));
        repo.git(&["add", "--all"]);
        repo.at(START + 7000, &["commit", "--quiet", "--message", &format!("twin {n}")]);
        twins.push(repo.git(&["rev-parse", "HEAD"]));
    }
    twins.sort();
    // A clock that went wrong: the child is older than its parent, which still comes first.
    repo.checkout("skewed", &base);
    repo.write("z.rs", line(2));
    repo.git(&["add", "--all"]);
    repo.at(START + 90_000, &["commit", "--quiet", "--message", "parent"]);
    let parent = repo.git(&["rev-parse", "HEAD"]);
    repo.remove("z.rs");
    repo.git(&["add", "--all"]);
    repo.at(START + 8000, &["commit", "--quiet", "--message", "between"]);
    repo.write("z.rs", line(2));
    repo.git(&["add", "--all"]);
    repo.at(START + 10, &["commit", "--quiet", "--message", "child"]);
    let found = agrees_in_all_forms(&repo.path(), 3);
    let commits: Vec<&str> = found.iter().filter_map(|row| row.commit.as_deref()).collect();
    assert_eq!(commits, [early.as_str(), &twins[0], &parent]);
}

#[test]
fn what_no_ref_reaches_any_more() {
    let repo = Repo::new();
    repo.write("gone.env", line(0));
    repo.write("both.env", line(1));
    let gone = repo.commit(&format!("pushed away\n\n{}", line(2)));
    repo.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    repo.write("both.env", line(1));
    let kept = repo.commit("kept");
    let dangling = repo.object("blob", [b"\xff\xfe\n".to_vec(), line(3).into_bytes()].concat());
    repo.write("staged.env", line(4));
    repo.git(&["add", "staged.env"]);
    let staged = repo.git(&["rev-parse", ":staged.env"]);
    repo.remove("staged.env");
    let found = agrees_in_all_forms(&repo.path(), 5);
    let mut expected = vec![
        (format!("blob/{dangling}"), 3, None, Some(false)),
        (format!("blob/{staged}"), 4, None, Some(false)),
        ("both.env".to_owned(), 1, Some(kept), Some(true)),
        (format!("commit/{gone}"), 2, Some(gone.clone()), Some(false)),
        ("gone.env".to_owned(), 0, Some(gone), Some(false)),
    ];
    expected.sort();
    let told: Vec<_> =
        found.iter().map(|row| (row.path.clone(), row.seed, row.commit.clone(), row.reachable)).collect();
    assert_eq!(told, expected, "a commit that a ref reaches goes before an older one that none does");
    assert!(found.iter().all(|row| row.reachable == Some(true) || row.refs.is_empty()));
}

#[test]
fn stashes_and_notes() {
    let repo = Repo::new();
    for seed in 0..3 {
        repo.write("README", ["read me\n".to_owned(), line(seed)].concat());
        repo.write(format!("untracked{seed}.env"), line(10 + seed));
        repo.dated(&["stash", "push", "--quiet", "--include-untracked"]);
    }
    repo.dated(&["notes", "add", "--message", line(3).trim()]);
    let found = agrees_in_all_forms(&repo.path(), 13);
    let refs: Vec<(u64, &str)> = found.iter().map(|row| (row.seed, row.refs[0].as_str())).collect();
    let mut sorted = refs.clone();
    sorted.sort_unstable();
    let expected = [
        (0, "refs/stash@{2}"),
        (1, "refs/stash@{1}"),
        (2, "refs/stash"),
        (3, "refs/notes/commits"),
        (10, "refs/stash@{2}"),
        (11, "refs/stash@{1}"),
        (12, "refs/stash"),
    ];
    assert_eq!(sorted, expected);
    assert!(found.iter().all(|row| row.in_head == Some(false) && row.reachable == Some(true)));
}

#[test]
fn messages() {
    let repo = Repo::new();
    let commit = repo.commit(&format!("subject\n\n\u{fc}ber alles: {}more", line(0)));
    repo.dated(&["tag", "--annotate", "v1", "--message", &format!("v1\n\n {}", line(1))]);
    repo.dated(&["tag", "--annotate", "of-tag", "v1", "--message", &line(2)]);
    repo.dated(&["tag", "--annotate", "of-tag-of-tag", "of-tag", "--message", "nothing"]);
    repo.dated(&["tag", "--annotate", "lost", "--message", &line(3)]);
    repo.git(&["tag", "--delete", "lost"]);
    let found = agrees_in_all_forms(&repo.path(), 4);
    let of = |seed: u64| found.iter().find(|row| row.seed == seed).expect("it is found");
    assert_eq!((of(0).kind, of(0).line, of(0).column), (ObjectKind::Commit, 3, 29));
    assert_eq!((of(0).path.clone(), of(0).commit.as_ref()), (format!("commit/{commit}"), Some(&commit)));
    assert_eq!((of(1).kind, of(1).line, of(1).commit.as_ref()), (ObjectKind::Tag, 3, None));
    assert_eq!(of(1).refs, ["refs/tags/of-tag", "refs/tags/of-tag-of-tag", "refs/tags/v1"]);
    assert_eq!((of(3).refs.len(), of(3).reachable), (0, Some(false)));
    let raw = repo.git(&["cat-file", "tag", "of-tag"]);
    let range = of(2).start as usize..of(2).start as usize + token(2).len();
    assert_eq!(raw.get(range), Some(token(2).as_str()), "offsets are those of the whole object");
    let outcome = repo.scan();
    let tag =
        outcome.findings.iter().find(|finding| finding.path.starts_with("tag/")).and_then(|found| found.git.as_ref());
    assert_eq!(tag.and_then(|git| git.author.as_deref()), Some("A Tester"));
}

#[test]
fn tags_of_blobs_and_trees() {
    let repo = Repo::new();
    let blob = repo.object("blob", line(0));
    repo.dated(&["tag", "--annotate", "blob", "--message", "of a blob", &blob]);
    repo.git(&["tag", "light", &blob]);
    let inner = repo.object("blob", line(1));
    let tree = piped(&repo.path(), &["mktree"], format!("100644 blob {inner}\tinner.env\n"));
    repo.dated(&["tag", "--annotate", "tree", "--message", "of a tree", &tree]);
    repo.git(&["tag", "light-tree", &tree]);
    repo.write("known.env", line(2));
    repo.commit("adds it");
    repo.git(&["tag", "of-what-a-commit-has", "HEAD^{tree}"]);
    repo.git(&["tag", "of-a-blob-of-a-commit", "HEAD:known.env"]);
    let found = agrees_in_all_forms(&repo.path(), 3);
    assert_eq!(found.len(), 3, "{found:?}");
    let of = |seed: u64| found.iter().find(|row| row.seed == seed).expect("it is found");
    assert_eq!(
        (of(0).path.clone(), of(0).refs.as_slice()),
        (format!("blob/{blob}"), &["refs/tags/blob".to_owned(), "refs/tags/light".to_owned()][..])
    );
    assert_eq!((of(1).path.as_str(), of(1).reachable, of(1).commit.as_ref()), ("inner.env", Some(true), None));
    assert!(of(2).commit.is_some());
}

#[test]
fn paths_of_every_sort() {
    let repo = Repo::new();
    let paths: [&[u8]; 9] = [
        b"with space.env",
        b"new\nline.env",
        b"quote\"d\\.env",
        b"latin\xe4.env",
        "\u{fc}n\u{ef}/c\u{f6}de.env".as_bytes(),
        b"blob/like-a-blob.env",
        b"a/b/c/d/e/f/g/h.env",
        b"-dash.env",
        b"tab\tbed.env",
    ];
    for (seed, path) in (0..).zip(paths) {
        repo.write(std::path::Path::new(std::ffi::OsStr::new(&*os(path))), line(seed));
    }
    repo.write("binary.bin", [&b"\0\x01\xff\n\0 "[..], line(9).as_bytes(), b"\0\0"].concat());
    repo.write("wide.rs", ["\n\u{1f600}\u{e4}\t", &line(10)].concat());
    repo.commit("all of them");
    let found = agrees_in_all_forms(&repo.path(), 11);
    assert_eq!(found.len(), 11);
    assert!(found.iter().all(|row| row.in_head == Some(true)), "{found:?}");
}

fn os(bytes: &[u8]) -> std::ffi::OsString {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(bytes.to_vec())
}

#[test]
fn a_branch_and_what_is_left_out() {
    let repo = Repo::new();
    repo.write("base.env", line(0));
    let base = repo.commit("base");
    repo.checkout("other", "main");
    repo.write("blob/other.env", line(1));
    repo.commit(&format!("on the other {}", line(2)));
    repo.dated(&["tag", "--annotate", "v1", "--message", &line(3)]);
    repo.checkout("main", &base);
    repo.write("main.env", line(4));
    repo.commit(&line(5));
    repo.object("blob", line(6));
    let seeds = |options: &HistoryOptions| {
        let mut seeds: Vec<u64> = rows(&scan(&repo.path(), options), 7).iter().map(|row| row.seed).collect();
        seeds.sort_unstable();
        seeds
    };
    let of_branch = |name: &str| HistoryOptions { branch: Some(name.to_owned()), ..HistoryOptions::default() };
    assert_eq!(seeds(&of_branch("other")), [0, 1, 2]);
    assert_eq!(seeds(&of_branch("v1")), [0, 1, 2]);
    assert_eq!(seeds(&of_branch("main")), [0, 4, 5]);
    assert_eq!(seeds(&of_branch("main~1")), [0]);
    assert_eq!(rows(&scan(&repo.path(), &of_branch("other")), 7)[0].in_head, Some(true), "of what is checked out");
    let exclude = |globs: &[&str]| HistoryOptions {
        exclude: globs.iter().map(|&glob| glob.to_owned()).collect(),
        ..HistoryOptions::default()
    };
    assert_eq!(seeds(&exclude(&["blob/"])), [0, 2, 3, 4, 5, 6]);
    assert_eq!(seeds(&exclude(&["*.env", "!main.env"])), [2, 3, 4, 5, 6]);
    let notes = scan(&repo.path(), &exclude(&["*.env"])).coverage.notes;
    let notes: Vec<(&str, &str)> = notes.iter().map(|note| (note.path.as_str(), note.gap.as_str())).collect();
    assert_eq!(notes, [("base.env", "excluded"), ("blob/other.env", "excluded"), ("main.env", "excluded")]);
    agrees(&repo.path(), 7);
}

#[test]
fn nothing_there_yet() {
    let repo = Repo::empty("work", &[]);
    assert_eq!(agrees(&repo.path(), 1), []);
    repo.write("staged.env", line(0));
    repo.git(&["add", "--all"]);
    let found = agrees(&repo.path(), 1);
    assert_eq!((found.len(), found[0].in_head, found[0].commit.as_ref()), (1, None, None), "HEAD is not born");
    repo.commit("born");
    repo.checkout("later", "main");
    repo.git(&["symbolic-ref", "HEAD", "refs/heads/unborn"]);
    assert_eq!(agrees(&repo.path(), 1)[0].in_head, None);
}

#[test]
fn head_is_what_is_checked_out() {
    let repo = Repo::new();
    repo.write("a.env", line(0));
    let first = repo.commit("a");
    repo.remove("a.env");
    repo.write("b.env", line(1));
    repo.commit("b");
    let heads = |rows: Vec<Row>| rows.iter().map(|row| row.in_head).collect::<Vec<_>>();
    assert_eq!(heads(agrees(&repo.path(), 2)), [Some(false), Some(true)]);
    repo.git(&["checkout", "--quiet", "--detach", &first]);
    assert_eq!(heads(agrees(&repo.path(), 2)), [Some(true), Some(false)]);
    repo.write("c.env", line(2));
    repo.commit("on no branch");
    let found = agrees(&repo.path(), 3);
    assert_eq!(found[2].refs, ["HEAD"]);
}

#[test]
fn links_to_the_host_tell_no_password() {
    let repo = Repo::new();
    repo.write("a b.env", ["\n".to_owned(), line(0)].concat());
    let first = repo.commit(&line(1));
    let password = token(2);
    repo.git(&["remote", "add", "origin", &format!("https://me:{password}@github.com/an/example.git")]);
    let outcome = repo.scan();
    let links: Vec<Option<&str>> = outcome.findings.iter().map(|finding| finding.permalink.as_deref()).collect();
    let page = "https://github.com/an/example";
    assert_eq!(links, [Some(&*format!("{page}/blob/{first}/a%20b.env#L2")), Some(&*format!("{page}/commit/{first}"))]);
    assert!(!format!("{outcome:?}").contains(&password));
}

#[test]
fn a_marker_of_today_counts_for_the_history_of_its_file() {
    let repo = Repo::new();
    repo.write("a.rs", line(0));
    repo.write("b.rs", line(1));
    repo.commit("adds them");
    repo.write("a.rs", format!("{} // stanch:allow\n", line(0).trim_end()));
    repo.commit("allows the first");
    let outcome = repo.scan();
    let allowed: Vec<(&str, bool)> =
        outcome.findings.iter().map(|finding| (finding.path.as_str(), finding.suppression.is_some())).collect();
    assert_eq!(allowed, [("a.rs", true), ("b.rs", false)]);
}

#[test]
fn many_refs() {
    let repo = Repo::new();
    repo.write("a.env", line(0));
    repo.commit("adds it");
    (0..30).for_each(|n| drop(repo.git(&["branch", &format!("b{n:02}")])));
    let found = agrees(&repo.path(), 1);
    assert_eq!(found[0].refs.len(), 10);
    let place = repo.scan().findings[0].git.clone().expect("it is in history");
    assert_eq!(place.more_refs, 22, "30 branches, main and HEAD, less 10");
    repo.git(&["pack-refs", "--all"]);
    assert_eq!(agrees(&repo.path(), 1), found, "packed refs");
}

#[test]
fn a_replaced_commit_is_scanned_as_it_is() {
    let repo = Repo::new();
    repo.write("a.env", line(0));
    let first = repo.commit("adds it");
    repo.write("a.env", "nothing\n");
    let other = repo.commit("another");
    repo.git(&["replace", &first, &other]);
    let found = agrees_but_for(&repo.path(), 1, &[("refs/replace", "grafted")]);
    assert_eq!(found[0].commit.as_ref(), Some(&first));
}

#[test]
fn a_copy_of_the_folder_tells_the_same() {
    let repo = Repo::new();
    repo.write("a.env", line(0));
    repo.commit("adds it");
    copy(&repo.path(), &repo.beside("copy"));
    assert_eq!(agrees(&repo.beside("copy"), 1), agrees(&repo.path(), 1));
    assert_eq!(git(&repo.path(), &["status", "--short"]), "");
}
