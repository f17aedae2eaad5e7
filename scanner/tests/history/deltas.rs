//! Packs of every sort: deep and wide deltas, by offset and by reference, and the same object in several places.

use std::fmt::Write;

use super::oracle::{LITTLE, Oracle, Row, agrees, agrees_in_all_forms, rows, scan_with, token};
use super::packer::{Packer, grown};
use super::repo::{Repo, packs, piped};
use crate::sources::{git, line};

/// A file of many lines, of which one becomes another in each version, so that each is most like the one before it.
fn version(n: u64, inserted: &str) -> String {
    let mut text = String::new();
    for row in 0..80 {
        // When the row was last changed.
        let changed = if n < row { 0 } else { n - (n - row) % 80 };
        let _fits = writeln!(text, "row {row} {:016x}", (changed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ row);
        if row == 40 {
            text.push_str(inserted);
        }
    }
    text
}

/// Two hundred versions, by one process of git. A token is in a few of them, another comes, goes and comes again, and one grows out of
/// parts that stood there before, so that it lies across the seam of a delta.
fn deep() -> Repo {
    let repo = Repo::new();
    let mut stream = String::new();
    let halves = token(2);
    let (head, tail) = halves.split_at(20);
    for n in 0..200_u64 {
        let mut inserted = match n {
            60..70 => line(0),
            20..25 | 100..105 | 190..200 => line(1),
            _ => String::new(),
        };
        // First the two halves apart, then joined.
        let seam = match n {
            ..120 => format!("key = \"{head}\"\nrest = \"{tail}\"\n"),
            _ => format!("github_token = \"{head}{tail}\"\n"),
        };
        inserted.push_str(&seam);
        let text = version(n, &inserted);
        let time = 1_767_300_000 + n * 60;
        let _fits = write!(
            stream,
            "commit refs/heads/main\ncommitter A <a@x.org> {time} +0000\ndata 4\nnext\n{}M 100644 inline src/deep.rs\ndata {}\n{text}\n",
            if n == 0 { "from refs/heads/main^0\n" } else { "" },
            text.len(),
        );
    }
    piped(&repo.path(), &["fast-import", "--quiet"], stream);
    repo.git(&["reset", "--quiet", "--hard"]);
    repo
}

/// The longest chain of deltas in the packs.
fn depth(repo: &Repo) -> usize {
    let git_dir = repo.path().join(".git");
    let told = |pack: &std::path::PathBuf| git(&repo.path(), &["verify-pack", "-v", pack.to_str().expect("a path")]);
    let packs: Vec<String> = packs(&git_dir, "idx").iter().map(told).collect();
    let chains = packs.iter().flat_map(|pack| pack.lines()).filter_map(|line| line.strip_prefix("chain length = "));
    chains.filter_map(|rest| rest.split(':').next()?.parse().ok()).max().unwrap_or_default()
}

#[test]
fn deep_deltas() {
    let repo = deep();
    let found = agrees_in_all_forms(&repo.path(), 3);
    assert_eq!(found.len(), 3);
    repo.git(&["repack", "-a", "-d", "-k", "-q", "-f", "--depth=4095", "--window=200"]);
    assert!(depth(&repo) > 40, "{}", depth(&repo));
    assert_eq!(agrees(&repo.path(), 3), found);
    repo.git(&[
        "-c",
        "repack.useDeltaBaseOffset=false",
        "repack",
        "-a",
        "-d",
        "-k",
        "-q",
        "-f",
        "--depth=90",
        "--window=90",
    ]);
    assert_eq!(agrees(&repo.path(), 3), found, "deltas by reference");
    repo.git(&["-c", "core.compression=0", "repack", "-a", "-d", "-k", "-q", "-F"]);
    assert_eq!(agrees(&repo.path(), 3), found, "stored streams");
}

#[test]
fn wide_deltas() {
    let repo = Repo::new();
    // Many files that are all deltas upon few, in folders that are deltas, too.
    for n in 0..120 {
        let inserted = if n % 10 == 0 { line(n / 10) } else { String::new() };
        repo.write(format!("f{}/file{n}.rs", n % 7), version(n, &inserted));
    }
    repo.commit("all of them");
    for n in 0..12 {
        repo.write(format!("f{n}.rs"), version(n, &line(12 + n)));
        repo.commit("one more");
    }
    repo.git(&["repack", "-a", "-d", "-q", "-f", "--depth=1", "--window=200"]);
    let found = agrees_in_all_forms(&repo.path(), 24);
    assert_eq!(found.len(), 24);
}

#[test]
fn several_packs_with_the_same_objects() {
    let repo = Repo::new();
    for n in 0..6 {
        repo.write("a.rs", version(n, &line(n)));
        repo.commit("next");
        repo.git(&["repack", "-q", "-d"]);
    }
    let all = git(&repo.path(), &["rev-list", "--objects", "--all"]);
    let some: Vec<&str> = all.lines().filter_map(|line| line.split(' ').next()).step_by(2).collect();
    // A pack of what is packed already, loose copies of it, and a pack of everything beside them.
    piped(&repo.path(), &["pack-objects", "-q", ".git/objects/pack/pack"], some.join("\n"));
    piped(
        &repo.path(),
        &["pack-objects", "-q", ".git/objects/pack/pack"],
        all.lines().map(|line| line.split(' ').next().unwrap_or("")).collect::<Vec<_>>().join("\n"),
    );
    let pack = packs(&repo.path().join(".git"), "pack").remove(0);
    let other = Repo::empty("other", &[]);
    piped(&other.path(), &["unpack-objects", "-q"], std::fs::read(&pack).expect("it can be read"));
    let copied = std::process::Command::new("cp")
        .args(["-R", "-n"])
        .arg(other.path().join(".git/objects/."))
        .arg(repo.path().join(".git/objects"))
        .status();
    assert!(copied.is_ok_and(|status| status.success()));
    assert!(packs(&repo.path().join(".git"), "pack").len() >= 8);
    let found = agrees_in_all_forms(&repo.path(), 6);
    assert_eq!(found.len(), 6);
    repo.git(&["multi-pack-index", "write"]);
    repo.git(&["commit-graph", "write", "--reachable"]);
    assert_eq!(agrees(&repo.path(), 6), found, "with more of git's own indexes");
}

#[test]
fn a_pack_with_an_index_of_the_first_version() {
    let repo = Repo::new();
    repo.write("a.rs", version(0, &line(0)));
    repo.commit("adds it");
    repo.git(&["-c", "pack.indexVersion=1", "repack", "-a", "-d", "-q"]);
    let index = std::fs::read(packs(&repo.path().join(".git"), "idx").remove(0)).expect("it can be read");
    assert_ne!(index.get(..4), Some(&b"\xfftOc"[..]));
    assert_eq!(agrees(&repo.path(), 1).len(), 1);
}

#[test]
fn a_thin_pack_that_somebody_put_there() {
    let repo = Repo::new();
    let base = repo.object("blob", version(0, ""));
    let text = version(0, &line(0));
    let mut pack = Packer::default();
    let id = Packer::id("blob", text.as_bytes());
    pack.delta_upon(Packer::of_hex(&base), id, &grown(&version(0, ""), &text));
    // Its base is in no pack; another delta's base is this one.
    let more = [text.as_str(), "// more\n", &line(1)].concat();
    pack.delta_upon(id, Packer::id("blob", more.as_bytes()), &grown(&text, &more));
    pack.write(&repo.path().join(".git"), "pack-thin");
    let found = rows(&repo.scan(), 2);
    let mut seeds: Vec<u64> = found.iter().map(|row| row.seed).collect();
    seeds.sort_unstable();
    assert_eq!((seeds, repo.scan().coverage.notes), (vec![0, 0, 1], vec![]), "git itself reads no such pack");
}

#[test]
fn a_pack_that_has_an_object_twice() {
    let repo = Repo::new();
    let mut pack = Packer::default();
    let twice = line(2);
    pack.whole("blob", twice.as_bytes());
    pack.whole("blob", twice.as_bytes());
    pack.write(&repo.path().join(".git"), "pack-twice");
    assert_eq!(agrees(&repo.path(), 3).len(), 1);
    repo.write("now-it-has-a-path.env", &twice);
    repo.git(&["add", "--all"]);
    repo.dated(&["commit", "--quiet", "--message", "a path"]);
    let found = agrees(&repo.path(), 3);
    assert_eq!(
        found.iter().filter(|row| row.seed == 2).map(|row| row.path.as_str()).collect::<Vec<_>>(),
        ["now-it-has-a-path.env"]
    );
}

#[test]
fn what_is_larger_than_the_memory() {
    let repo = Repo::new();
    let filler = |n: usize| {
        (0..n).fold(String::new(), |mut all, n| {
            let _fits = writeln!(all, "{n} {}", n * 7919 % 10007);
            all
        })
    };
    repo.write("large.txt", [filler(9000), line(0), filler(9000)].concat());
    repo.commit("larger than a share, smaller than a part");
    repo.write("larger.txt", [filler(60_000), line(1), filler(60_000), line(2)].concat());
    repo.commit("larger than a part");
    let path = repo.path();
    let oracle = Oracle::of(&path, 3);
    for packed in [false, true] {
        if packed {
            repo.git(&["-c", "core.bigFileThreshold=50k", "repack", "-a", "-d", "-q", "-f"]);
        }
        for jobs in [1, 3] {
            let outcome = scan_with(&path, jobs, LITTLE);
            assert_eq!(rows(&outcome, 3), oracle.rows(), "packed: {packed}");
            assert_eq!(outcome.coverage.objects, oracle.count());
        }
    }
    // As a delta it cannot be read in parts.
    repo.write("larger.txt", [filler(60_000), line(1), filler(60_001), line(2)].concat());
    repo.commit("a little more");
    repo.git(&["repack", "-a", "-d", "-q", "-f"]);
    let outcome = scan_with(&path, 2, LITTLE);
    let notes = &outcome.coverage.notes;
    assert!(!notes.is_empty() && notes.iter().all(|note| note.gap.as_str() == "too-large"), "{notes:?}");
    let lost = |row: &Row| notes.iter().any(|note| note.path == format!("object/{}", row.object));
    let found = rows(&outcome, 3);
    assert!(found.len() >= 2 && !found.iter().any(lost), "a whole one can be read, even if it is a base: {found:?}");
    assert_eq!(outcome.coverage.objects + notes.len() as u64, Oracle::of(&path, 3).count());
    assert_eq!(scan_with(&path, 2, 1 << 30).coverage.notes, []);
}
