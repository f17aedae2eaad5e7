//! Objects and refs as git would never write them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use stanch_scanner::Outcome;

use super::oracle::{agrees, agrees_but_for, rows, scanned_soon};
use super::packer::{Packer, commit, deflated, entry, loose_as, loose_file};
use super::repo::{Repo, piped};
use crate::sources::{gaps, git, line, write};

const SEEDS: u64 = 20;

/// Scans with one thread and with several, which tell the same, and soon.
fn scanned(folder: &Path) -> Outcome {
    scanned_soon(folder, SEEDS)
}

fn seeds(outcome: &Outcome) -> BTreeSet<u64> {
    rows(outcome, SEEDS).iter().map(|row| row.seed).collect()
}

fn object(id: gix::ObjectId) -> String {
    format!("object/{id}")
}

/// A repository with a credential of seed 0 in a commit, and its git folder.
fn repository() -> (Repo, PathBuf) {
    let repo = Repo::new();
    repo.write("a.env", line(0));
    repo.commit("a");
    let git_dir = repo.path().join(".git");
    (repo, git_dir)
}

#[test]
fn loose_objects_that_lie() {
    let content = line(1);
    let zipped = |header: &str| deflated(&[header.as_bytes(), b"\0", content.as_bytes()].concat());
    let right = zipped(&format!("blob {}", content.len()));
    let mut torn = right.clone();
    let at = torn.len() - 6;
    torn[at] ^= 1;
    let damages: [(&str, Vec<u8>); 11] = [
        ("too long", zipped("blob 999")),
        ("too short", zipped("blob 3")),
        ("huge", zipped("blob 99999999999999")),
        ("beyond all", zipped("blob 99999999999999999999999999")),
        ("no kind", zipped("blub 41")),
        ("no size", zipped("blob x")),
        ("no header", deflated(&[7; 100])),
        ("cut", right[..right.len() / 2].to_vec()),
        ("torn", torn),
        ("empty", Vec::new()),
        ("no zlib", content.clone().into_bytes()),
    ];
    for (what, bytes) in damages {
        let (repo, git_dir) = repository();
        let id = Packer::made_up(0x33);
        loose_file(&git_dir, id, &bytes);
        let outcome = scanned(&repo.path());
        let found = seeds(&outcome);
        // Of what is read in parts, the part before the damage counts.
        assert!(found.contains(&0) && found.is_subset(&[0, 1].into()), "{what}: {found:?}");
        assert_eq!(gaps(&outcome), [(object(id), "corrupt")], "{what}");
    }
}

#[test]
fn objects_of_another_kind_than_others_think() {
    let (repo, git_dir) = repository();
    let blob = Packer::of_hex(&repo.git(&["rev-parse", "HEAD:a.env"]));
    let tree = Packer::of_hex(&repo.git(&["rev-parse", "HEAD^{tree}"]));
    let head = Packer::of_hex(&repo.git(&["rev-parse", "HEAD"]));
    // Trees that are blobs, blobs that are trees, parents that are trees, a commit without anything, a tree of rubbish.
    let odd = [entry("40000", "folder", blob), entry("100644", "file", tree), entry("100644", "c", head)].concat();
    let odd = Packer::of_hex(&loose_as(&git_dir, Packer::made_up(0x21), "tree", &odd));
    let one = loose_as(&git_dir, Packer::made_up(0x22), "commit", &commit(odd, &[tree, blob], &line(1)));
    loose_as(&git_dir, Packer::made_up(0x23), "commit", &commit(blob, &[head], &line(2)));
    let nothing = Packer::made_up(0x24);
    loose_as(&git_dir, nothing, "commit", b"");
    let rubbish = Packer::made_up(0x25);
    loose_as(&git_dir, rubbish, "tree", &[entry("100644", "x.env", blob), b"rubbish".to_vec()].concat());
    loose_as(&git_dir, Packer::made_up(0x26), "commit", &commit(rubbish, &[], "of rubbish"));
    let no_tag = Packer::made_up(0x27);
    loose_as(&git_dir, no_tag, "tag", line(3).as_bytes());
    loose_as(
        &git_dir,
        Packer::made_up(0x28),
        "tag",
        format!("object {}\ntype commit\ntag v\n\n{}", Packer::made_up(0x28), line(4)).as_bytes(),
    );
    write(&git_dir.join("refs/heads/odd"), one);
    write(&git_dir.join("refs/tags/circle"), format!("{}\n", Packer::made_up(0x28)));
    let outcome = scanned(&repo.path());
    assert_eq!(seeds(&outcome), [0, 1, 2, 4].into());
    let expected: Vec<(String, &str)> = [nothing, rubbish, no_tag].map(|id| (object(id), "corrupt")).to_vec();
    assert_eq!(gaps(&outcome), expected);
    let of_rubbish =
        rows(&outcome, SEEDS).into_iter().find(|row| row.path == "x.env").expect("what is before the damage counts");
    assert_eq!(of_rubbish.commit, Some(Packer::made_up(0x26).to_string()));
}

#[test]
fn names_that_are_missing() {
    let (repo, git_dir) = repository();
    let away = [0x31, 0x32, 0x33, 0x34].map(Packer::made_up);
    let tree = [
        entry("100644", "gone.env", away[0]),
        entry("40000", "gone", away[1]),
        entry("160000", "sub", Packer::made_up(0x35)),
    ]
    .concat();
    let tree = Packer::of_hex(&repo.object("tree", tree));
    let made = repo.object("commit", commit(tree, &[away[2]], &line(1)));
    write(&git_dir.join("refs/heads/made"), format!("{made}\n"));
    write(&git_dir.join("refs/heads/gone"), format!("{}\n", away[3]));
    let outcome = scanned(&repo.path());
    assert_eq!(seeds(&outcome), [0, 1].into());
    let expected: Vec<(String, &str)> = away.map(|id| (object(id), "missing")).to_vec();
    assert_eq!(gaps(&outcome), expected);
    assert!(outcome.coverage.notes.iter().all(|note| note.gap.failed()));
}

#[test]
fn a_tree_that_contains_itself() {
    let (repo, git_dir) = repository();
    let blob = Packer::of_hex(&repo.git(&["rev-parse", "HEAD:a.env"]));
    let [one, two] = [0x41, 0x42].map(Packer::made_up);
    // Two that contain each other, and one of them itself, too.
    loose_as(
        &git_dir,
        one,
        "tree",
        &[entry("40000", "a", two), entry("100644", "b.env", blob), entry("40000", "c", one)].concat(),
    );
    loose_as(&git_dir, two, "tree", &[entry("40000", "a", one), entry("100644", "z.env", blob)].concat());
    let made = loose_as(&git_dir, Packer::made_up(0x43), "commit", &commit(one, &[], "a circle"));
    write(&git_dir.join("refs/heads/circle"), format!("{made}\n"));
    let outcome = scanned(&repo.path());
    let paths: Vec<String> = rows(&outcome, SEEDS).into_iter().map(|row| row.path).collect();
    assert_eq!(paths, ["a.env", "a/z.env", "b.env"]);
}

#[test]
fn folders_in_folders_in_folders() {
    const DEPTH: usize = 10_000;
    let (repo, _) = repository();
    let mut pack = Packer::default();
    let mut tree = entry("100644", "x.env", Packer::id("blob", line(1).as_bytes()));
    pack.whole("blob", line(1).as_bytes());
    pack.whole("tree", &tree);
    for _ in 0..DEPTH {
        tree = entry("40000", "d", Packer::id("tree", &tree));
        pack.whole("tree", &tree);
    }
    pack.write(&repo.path().join(".git"), "pack-deep");
    let made = repo.object("commit", commit(Packer::id("tree", &tree), &[], "deep"));
    repo.git(&["update-ref", "refs/heads/deep", &made]);
    let outcome = scanned(&repo.path());
    let found = rows(&outcome, SEEDS);
    assert_eq!((found.len(), gaps(&outcome)), (2, vec![]));
    let deep = found.iter().find(|row| row.seed == 1).expect("it is found");
    assert_eq!(
        (deep.path.clone(), deep.commit.as_ref()),
        (["d/".repeat(DEPTH).as_str(), "x.env"].concat(), Some(&made))
    );
}

#[test]
fn a_few_trees_that_stand_for_very_many_paths() {
    let (repo, _) = repository();
    let blob = repo.object("blob", line(1));
    let mut tree = piped(&repo.path(), &["mktree"], format!("100644 blob {blob}\tx.env\n"));
    for _ in 0..10 {
        let entries: Vec<String> = (0..10).map(|n| format!("040000 tree {tree}\td{n}\n")).collect();
        tree = piped(&repo.path(), &["mktree"], entries.concat());
    }
    let made = repo.object("commit", commit(Packer::of_hex(&tree), &[], "a bomb"));
    repo.git(&["update-ref", "refs/heads/bomb", &made]);
    let outcome = scanned(&repo.path());
    assert_eq!((seeds(&outcome), gaps(&outcome)), ([0, 1].into(), vec![("trees".to_owned(), "too-large")]));
    let count = outcome.findings.len();
    assert!((100..50_000).contains(&count), "{count}");
    // Checked out it is not otherwise, and what comes later is still told.
    repo.git(&["symbolic-ref", "HEAD", "refs/heads/bomb"]);
    let later = piped(
        &repo.path(),
        &["mktree"],
        format!("040000 tree {tree}\tbomb\n100644 blob {}\tlater.env\n", repo.object("blob", line(2))),
    );
    let later = repo.object("commit", commit(Packer::of_hex(&later), &[Packer::of_hex(&made)], "later"));
    repo.git(&["update-ref", "refs/heads/bomb", &later]);
    let found = rows(&scanned(&repo.path()), SEEDS);
    let told = found.iter().find(|row| row.seed == 2).expect("it is found");
    assert_eq!((told.path.as_str(), told.commit.as_ref(), told.in_head), ("later.env", Some(&later), Some(true)));
}

#[test]
fn many_files_in_one_folder() {
    // A commit for each change of a folder with very many credentials must not cost their number squared.
    let repo = Repo::new();
    let mut stream = String::new();
    let text = line(0);
    for n in 0..300 {
        let from = if n == 0 { "from refs/heads/main^0\n" } else { "" };
        stream.push_str(&format!(
            "commit refs/heads/main\ncommitter A <a@x.org> {} +0000\ndata 1\nx\n{from}",
            1_767_300_000 + n
        ));
        let files = if n == 0 { 0..3000 } else { n..n + 1 };
        for file in files {
            let content = format!("{text}// {n}\n");
            stream.push_str(&format!("M 100644 inline many/{file}.rs\ndata {}\n{content}\n", content.len()));
        }
    }
    piped(&repo.path(), &["fast-import", "--quiet"], stream);
    repo.git(&["reset", "--quiet", "--hard"]);
    assert_eq!(scanned(&repo.path()).findings.len(), 3000);
}

#[test]
fn commits_before_themselves() {
    let (repo, git_dir) = repository();
    let head = Packer::of_hex(&repo.git(&["rev-parse", "HEAD"]));
    let [one, two, own] = [0x51, 0x52, 0x53].map(Packer::made_up);
    let tree_of = |seed: u64| {
        let blob = Packer::of_hex(&repo.object("blob", line(seed)));
        Packer::of_hex(&repo.object("tree", entry("100644", &format!("{seed}.env"), blob)))
    };
    loose_as(&git_dir, one, "commit", &commit(tree_of(1), &[two], "one"));
    loose_as(&git_dir, two, "commit", &commit(tree_of(2), &[one, head], "two"));
    loose_as(&git_dir, own, "commit", &commit(tree_of(3), &[own], &line(4)));
    write(&git_dir.join("refs/heads/circle"), format!("{one}\n"));
    let outcome = scanned(&repo.path());
    assert_eq!((seeds(&outcome), gaps(&outcome)), ([0, 1, 2, 3, 4].into(), vec![]));
    let found = rows(&outcome, SEEDS);
    let of = |seed: u64| found.iter().find(|row| row.seed == seed).expect("it is found");
    assert_eq!((of(1).commit.clone(), of(2).commit.clone()), (Some(one.to_string()), Some(two.to_string())));
    assert_eq!((of(1).reachable, of(3).reachable), (Some(true), Some(false)));
    // In a circle nothing comes first, so whether its ref is named with what is before it is left open.
    assert!(of(0).refs.ends_with(&["refs/heads/main".to_owned(), "HEAD".to_owned()]), "{:?}", of(0).refs);
}

#[test]
fn refs_that_are_broken() {
    let (repo, git_dir) = repository();
    let known = rows(&repo.scan(), 1);
    for (name, content) in [
        ("refs/heads/empty", ""),
        ("refs/heads/rubbish", "\0\u{1}\u{2}\n"),
        ("refs/heads/short", "abc\n"),
        ("refs/heads/link-to-nothing", "ref: \n"),
        ("refs/heads/link-outside", "ref: ../../../etc/passwd\n"),
    ] {
        write(&git_dir.join(name), content);
        let outcome = scanned(&repo.path());
        let told: Vec<&str> = gaps(&outcome).iter().map(|(_, gap)| *gap).collect();
        assert_eq!((rows(&outcome, 1), told), (known.clone(), vec!["no-refs"]), "{name}");
        fs::remove_file(git_dir.join(name)).expect("it is there");
    }
    // Refs to each other end somewhere.
    write(&git_dir.join("refs/heads/x"), "ref: refs/heads/y\n");
    write(&git_dir.join("refs/heads/y"), "ref: refs/heads/x\n");
    assert_eq!(rows(&scanned(&repo.path()), 1), known);
    write(&git_dir.join("packed-refs"), "# pack-refs with: peeled\nrubbish\n");
    let outcome = scanned(&repo.path());
    assert!(gaps(&outcome).iter().any(|(_, gap)| *gap == "no-refs"), "{:?}", gaps(&outcome));
    assert_eq!(seeds(&outcome), [0].into());
    fs::remove_file(git_dir.join("packed-refs")).expect("it is there");
    write(&git_dir.join("HEAD"), "rubbish\n");
    let outcome = scanned(&repo.path());
    assert_eq!((seeds(&outcome), gaps(&outcome)), ([0].into(), vec![("HEAD".to_owned(), "no-refs")]));
}

#[test]
fn what_lies_among_the_objects() {
    let (repo, git_dir) = repository();
    for name in ["objects/12/short", "objects/zz/rubbish", "objects/12/tmp_obj_x", "objects/info/packs", "objects/ab"] {
        write(&git_dir.join(name), line(1));
    }
    fs::create_dir_all(git_dir.join("objects/cd").join("3".repeat(38))).expect("a folder");
    let outcome = scanned(&repo.path());
    assert_eq!(seeds(&outcome), [0].into());
    let told: Vec<(String, &str)> = gaps(&outcome);
    let folder = Packer::of_hex(&["cd", &"3".repeat(38)].concat());
    assert!(told.iter().all(|(path, _)| *path == object(folder) || path.ends_with("objects/ab")), "{told:?}");
    assert_eq!(told.len(), 2, "{told:?}");
}

#[cfg(unix)]
#[test]
fn what_is_no_file() {
    let (repo, git_dir) = repository();
    let pipe = git_dir.join("objects/cd").join("3".repeat(38));
    fs::create_dir_all(git_dir.join("objects/cd")).expect("a folder");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs");
    assert!(made.success());
    let outcome = scanned(&repo.path());
    let folder = Packer::of_hex(&["cd", &"3".repeat(38)].concat());
    assert_eq!(gaps(&outcome), [(object(folder), "special")], "nobody waits for a pipe");
}

#[test]
fn grafts_and_a_list_of_shallow_commits_that_is_damaged() {
    let (repo, git_dir) = repository();
    let head = repo.git(&["rev-parse", "HEAD"]);
    write(&git_dir.join("info/grafts"), format!("{head}\n"));
    let found = rows(&scanned(&repo.path()), 1);
    assert_eq!((found.len(), found[0].commit.as_ref()), (1, Some(&head)));
    assert_eq!(gaps(&scanned(&repo.path())), [("info/grafts".to_owned(), "grafted")]);
    fs::remove_file(git_dir.join("info/grafts")).expect("it is there");
    write(&git_dir.join("shallow"), "rubbish\n");
    let outcome = scanned(&repo.path());
    assert_eq!((seeds(&outcome), gaps(&outcome)), ([0].into(), vec![("shallow".to_owned(), "unreadable")]));
    fs::remove_file(git_dir.join("shallow")).expect("it is there");
    assert_eq!(agrees(&repo.path(), 1).len(), 1);
}

#[test]
fn indexes_of_git_that_are_damaged() {
    let (repo, git_dir) = repository();
    repo.git(&["repack", "-a", "-d", "-q"]);
    for name in ["objects/pack/multi-pack-index", "objects/info/commit-graph", "index", "logs/refs/stash"] {
        write(&git_dir.join(name), "rubbish \u{1}\u{2}\n");
    }
    let outcome = scanned(&repo.path());
    assert_eq!((seeds(&outcome), gaps(&outcome)), ([0].into(), vec![]), "nothing of it is needed");
    for name in ["objects/pack/multi-pack-index", "objects/info/commit-graph", "index", "logs/refs/stash"] {
        fs::remove_file(git_dir.join(name)).expect("it is there");
    }
    git(&repo.path(), &["reset", "--quiet"]);
    assert_eq!(agrees_but_for(&repo.path(), 1, &[]).len(), 1);
}
