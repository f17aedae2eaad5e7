//! A state changes nothing but the work: whatever happens to a repository between two scans, the second says what it says without.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use stanch_model::FingerprintKey;
use stanch_rules::RuleSet;
use stanch_scanner::{Control, Engine, Events, HistoryOptions, scan_history};

use super::oracle::LITTLE;
use super::random::{Node, import, nodes};
use super::repo::{Repo, copy, packs, unpack_all};
use super::shelf::{Shelf, assert_same};
use super::stop::StopAfter;
use crate::sources::{control, git, git_command, line, write};

fn shelf() -> Arc<Shelf> {
    Arc::default()
}

fn options() -> HistoryOptions {
    HistoryOptions::default()
}

/// A repository with credentials in files, messages, tags, stashes and what was thrown away, and how many objects that is.
fn repository() -> Repo {
    let repo = Repo::new();
    for n in 0..6 {
        repo.write("src/app.env", ["key = value\n".repeat(20), line(n)].concat());
        repo.write(format!("folder/{n}/more/x.rs"), format!("// {n}\n"));
        repo.commit(&format!("commit {n}"));
    }
    repo.commit(&format!("it was\n\n{}", line(6)));
    repo.dated(&["tag", "--annotate", "v1", "--message", &line(7)]);
    repo.write("lost.env", line(8));
    repo.commit("to be lost");
    repo.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    repo
}

fn count(repo: &Repo) -> u64 {
    repo.git(&["cat-file", "--batch-all-objects", "--batch-check"]).lines().count() as u64
}

/// Messages with a credential are looked at each time, so that nothing of their text is kept.
const MESSAGES: u64 = 2;

#[test]
fn what_did_not_change_is_not_decoded() {
    for packed in [false, true] {
        let (repo, shelf) = (repository(), shelf());
        if packed {
            repo.pack_all();
        }
        assert_eq!(shelf.agrees(&repo.path(), &options()), (count(&repo), 0));
        assert_eq!(shelf.agrees(&repo.path(), &options()), (MESSAGES, 0), "only objects are known");
    }
}

#[test]
fn only_what_is_new_is_decoded() {
    let (repo, shelf) = (repository(), shelf());
    repo.pack_all();
    shelf.agrees(&repo.path(), &options());
    let before = count(&repo);
    repo.write("src/new.env", line(9));
    repo.commit("one more");
    assert_eq!(count(&repo) - before, 4, "a blob, two trees and a commit");
    assert_eq!(shelf.agrees(&repo.path(), &options()), (MESSAGES + 4, 0));
    // The same in a pack of its own.
    repo.git(&["repack", "-q", "-d"]);
    assert_eq!(shelf.agrees(&repo.path(), &options()), (MESSAGES, 0));
    // A commit that brings back what was known brings a commit only.
    repo.git(&["rm", "-q", "-r", "--cached", "src/new.env"]);
    repo.remove("src/new.env");
    repo.commit("and back");
    assert_eq!(shelf.agrees(&repo.path(), &options()), (MESSAGES + 1, 0));
}

#[test]
fn a_fetch_brings_its_objects_only() {
    let (repo, shelf) = (repository(), shelf());
    repo.pack_all();
    git(&repo.beside(""), &["clone", "--quiet", "--bare", "work", "mirror"]);
    let mirror = repo.beside("mirror");
    git(&mirror, &["config", "remote.origin.fetch", "+refs/*:refs/*"]);
    git(&mirror, &["config", "fetch.unpackLimit", "1"]);
    shelf.agrees(&mirror, &options());
    repo.write("src/app.env", ["key = value\n".repeat(20), "x\n".to_owned(), line(9)].concat());
    let new = repo.commit("one more");
    git(&mirror, &["fetch", "--quiet", "origin"]);
    assert_eq!(packs(&mirror, "pack").len(), 2, "a thin pack that git completed with the bases of its deltas");
    assert_eq!(shelf.agrees(&mirror, &options()), (MESSAGES + 4, 0));

    // Forced to another history; what is replaced stays until it is collected.
    repo.git(&["reset", "--quiet", "--hard", "HEAD~2"]);
    repo.write("other.env", line(10));
    repo.commit("another past");
    git(&mirror, &["fetch", "--quiet", "--prune", "origin"]);
    assert_eq!(shelf.agrees(&mirror, &options()), (MESSAGES + 3, 0));
    git(&mirror, &["gc", "--quiet", "--prune=now"]);
    assert!(!git(&mirror, &["cat-file", "--batch-all-objects", "--batch-check"]).contains(&new), "it is collected");
    shelf.agrees(&mirror, &options());
    assert_eq!(shelf.agrees(&mirror, &options()), (MESSAGES, 0));
}

#[test]
fn packed_anew() {
    let (repo, shelf) = (repository(), shelf());
    shelf.agrees(&repo.path(), &options());
    repo.pack_all();
    assert_eq!(shelf.agrees(&repo.path(), &options()), (MESSAGES, 0), "all in one pack");
    repo.git(&["repack", "-a", "-d", "-k", "-q", "-f", "--depth=3", "--window=5"]);
    assert_eq!(shelf.agrees(&repo.path(), &options()), (MESSAGES, 0), "other deltas");
    repo.write("new.env", line(9));
    repo.commit("one more");
    repo.pack_all();
    assert_eq!(shelf.agrees(&repo.path(), &options()), (MESSAGES + 3, 0), "and something new among them");
    unpack_all(&repo.path(), &repo.path().join(".git"));
    assert_eq!(shelf.agrees(&repo.path(), &options()), (MESSAGES, 0), "all loose");
}

/// Damages an object in the only pack.
fn damage(repo: &Repo, revision: &str) {
    let id = repo.git(&["rev-parse", revision]);
    let git_dir = repo.path().join(".git");
    let listed = repo.git(&["verify-pack", "-v", &packs(&git_dir, "idx")[0].display().to_string()]);
    let entry = listed.lines().find(|text| text.starts_with(&id)).expect("it is in the pack");
    // The id, the kind, the size, the size in the pack, the offset.
    let numbers: Vec<usize> = entry.split_whitespace().skip(2).filter_map(|number| number.parse().ok()).collect();
    let (size, offset) = (numbers[1], numbers[2]);
    let pack = packs(&git_dir, "pack").remove(0);
    let mut bytes = std::fs::read(&pack).expect("it can be read");
    bytes[offset + size / 2..offset + size].fill(0);
    std::fs::remove_file(&pack).expect("it can be removed");
    write(&pack, &bytes);
}

#[test]
fn what_is_damaged_in_a_pack_and_comes_again() {
    for revision in ["HEAD:src/app.env", "HEAD:folder/1/more/x.rs", "HEAD", "HEAD:src", "v1"] {
        let (repo, shelf) = (repository(), shelf());
        let id = repo.git(&["rev-parse", revision]);
        let loose = repo.path().join(".git/objects").join(&id[..2]).join(&id[2..]);
        let good = std::fs::read(&loose).expect("it is loose");
        repo.pack_all();
        damage(&repo, revision);
        for _ in 0..2 {
            shelf.agrees(&repo.path(), &options());
        }
        write(&loose, &good);
        for _ in 0..2 {
            shelf.agrees(&repo.path(), &options());
        }
        assert_eq!(shelf.agrees(&repo.path(), &options()), (MESSAGES, 0), "{revision}");
    }
}

#[test]
fn of_a_large_pack_only_what_is_new_is_read() {
    let (repo, shelf) = (Repo::new(), shelf());
    for n in 0..5000 {
        write(&repo.path().join(format!("f/{}/{n}.txt", n % 50)), format!("{n}\n"));
    }
    repo.write("src/a.env", ["key = value\n".repeat(500), line(0)].concat());
    repo.commit(&line(1));
    repo.pack_all();
    let little = HistoryOptions { memory: LITTLE, ..options() };
    shelf.agrees(&repo.path(), &options());
    shelf.agrees(&repo.path(), &little);
    assert_eq!(shelf.agrees(&repo.path(), &options()), (1, 0), "the message");
    // One that is a delta, and one that is larger than the little memory.
    repo.write("src/a.env", ["key = value\n".repeat(500), line(2)].concat());
    let large: Vec<String> = (0..9000).map(|n| format!("{}\n", n * n)).collect();
    repo.write("src/large.env", [line(3), large.concat()].concat());
    repo.commit("more");
    repo.pack_all();
    for options in [options(), little] {
        assert_eq!(shelf.agrees(&repo.path(), &options), (1 + 5, 0), "two blobs, two trees, a commit");
    }
    let shelf = self::shelf();
    damage(&repo, "HEAD:src/large.env");
    shelf.agrees(&repo.path(), &options());
    assert_eq!(shelf.agrees(&repo.path(), &options()), (1, 0), "the message; what is damaged is not scanned");
}

#[test]
fn refs_come_and_go() {
    let (repo, shelf) = (repository(), shelf());
    shelf.agrees(&repo.path(), &options());
    let steps: &[&[&str]] = &[
        &["branch", "other", "HEAD~2"],
        &["checkout", "--quiet", "other"],
        &["checkout", "--quiet", "--detach", "main~4"],
        &["branch", "-D", "main"],
        &["tag", "-d", "v1"],
        &["update-ref", "refs/odd/blob", "other:src/app.env"],
        &["update-ref", "refs/odd/tree", "other^{tree}"],
        &["pack-refs", "--all"],
    ];
    for step in steps {
        repo.git(step);
        assert_eq!(shelf.agrees(&repo.path(), &options()), (MESSAGES, 0), "{step:?}");
    }
    for (key, value) in
        [("remote.origin.url", "https://github.com/o/r"), ("remote.origin.url", "https://gitlab.com/o/r")]
    {
        repo.git(&["config", key, value]);
        let (outcome, _) = shelf.scan(&repo.path(), &options());
        assert!(outcome.findings.iter().any(|finding| finding.permalink.is_some()));
        assert_eq!(shelf.agrees(&repo.path(), &options()), (MESSAGES, 0), "links are made anew");
    }
}

#[test]
fn what_was_collected_is_forgotten_and_may_come_back() {
    let (repo, shelf) = (repository(), shelf());
    shelf.agrees(&repo.path(), &options());
    let kept = repo.beside("kept");
    copy(&repo.path(), &kept);
    repo.git(&["reflog", "expire", "--expire=now", "--all"]);
    repo.git(&["gc", "--quiet", "--prune=now"]);
    let (_, again) = shelf.agrees(&repo.path(), &options());
    assert_eq!(again, 0);
    assert_eq!(shelf.agrees(&repo.path(), &options()), (MESSAGES, 0));
    shelf.agrees(&kept, &options());
    assert_eq!(shelf.agrees(&kept, &options()), (MESSAGES, 0));
}

#[test]
fn objects_that_are_damaged_missing_or_mended() {
    let (repo, shelf) = (repository(), shelf());
    let object = |revision: &str| {
        let id = repo.git(&["rev-parse", revision]);
        let (folder, name) = id.split_at(2);
        repo.path().join(".git/objects").join(folder).join(name)
    };
    for revision in ["HEAD:src/app.env", "HEAD~3:src/app.env", "HEAD:src", "HEAD^{tree}", "HEAD", "HEAD~2", "v1"] {
        let path = object(revision);
        let good = std::fs::read(&path).expect("it is loose");
        shelf.agrees(&repo.path(), &options());
        std::fs::remove_file(&path).expect("it can be removed");
        shelf.agrees(&repo.path(), &options());
        shelf.agrees(&repo.path(), &options());
        write(&path, "damaged");
        shelf.agrees(&repo.path(), &options());
        shelf.agrees(&repo.path(), &options());
        std::fs::remove_file(&path).expect("it can be removed");
        write(&path, &good);
        shelf.agrees(&repo.path(), &options());
        assert_eq!(shelf.agrees(&repo.path(), &options()), (MESSAGES, 0), "{revision}");
    }
}

#[test]
fn what_is_damaged_in_place_is_seen() {
    let (repo, shelf) = (repository(), shelf());
    let id = repo.git(&["rev-parse", "HEAD:src/app.env"]);
    let loose = repo.path().join(".git/objects").join(&id[..2]).join(&id[2..]);
    shelf.agrees(&repo.path(), &options());
    std::fs::remove_file(&loose).expect("it can be removed");
    write(&loose, "damaged");
    shelf.agrees(&repo.path(), &options());

    let (repo, shelf) = (repository(), self::shelf());
    repo.pack_all();
    shelf.agrees(&repo.path(), &options());
    let pack = packs(&repo.path().join(".git"), "pack").remove(0);
    let mut bytes = std::fs::read(&pack).expect("it can be read");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 40].fill(0xff);
    std::fs::remove_file(&pack).expect("it can be removed");
    write(&pack, &bytes);
    shelf.agrees(&repo.path(), &options());
}

#[test]
fn alternates_that_come_and_go() {
    let (repo, shelf) = (repository(), shelf());
    repo.pack_all();
    git(&repo.beside(""), &["clone", "--quiet", "--shared", "work", "second"]);
    let second = repo.beside("second");
    write(&second.join("b.env"), line(9));
    git(&second, &["add", "--all"]);
    git(&second, &["commit", "--quiet", "--message", "b"]);
    shelf.agrees(&second, &options());
    assert_eq!(shelf.agrees(&second, &options()), (MESSAGES, 0));
    let listed = second.join(".git/objects/info/alternates");
    let alternates = std::fs::read(&listed).expect("it is there");
    std::fs::remove_file(&listed).expect("it can be removed");
    shelf.agrees(&second, &options());
    shelf.agrees(&second, &options());
    write(&listed, &alternates);
    shelf.agrees(&second, &options());
    git(&second, &["repack", "-a", "-d", "-q"]);
    std::fs::remove_file(&listed).expect("it can be removed");
    shelf.agrees(&second, &options());
    repo.write("late.env", line(10));
    repo.commit("in what was borrowed from");
    write(&listed, &alternates);
    shelf.agrees(&second, &options());
}

#[test]
fn a_partial_clone_that_is_filled_up() {
    for filter in ["blob:none", "tree:0", "tree:2"] {
        let (repo, shelf) = (repository(), shelf());
        for key in ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
            repo.git(&["config", key, "true"]);
        }
        let url = format!("file://{}", repo.path().display());
        let filter = format!("--filter={filter}");
        git(&repo.beside(""), &["clone", "--quiet", "--bare", &filter, &url, "partial"]);
        let partial = repo.beside("partial");
        shelf.agrees(&partial, &options());
        shelf.agrees(&partial, &options());
        for revision in ["main:src/app.env", "main~3:folder/1", "main~2:src/app.env"] {
            git(&partial, &["cat-file", "-p", revision]);
            shelf.agrees(&partial, &options());
            shelf.agrees(&partial, &options());
        }
    }
}

#[test]
fn a_shallow_clone_that_is_deepened() {
    let (repo, shelf) = (repository(), shelf());
    let url = format!("file://{}", repo.path().display());
    git(&repo.beside(""), &["clone", "--quiet", "--bare", "--depth=2", &url, "shallow"]);
    let shallow = repo.beside("shallow");
    shelf.agrees(&shallow, &options());
    shelf.agrees(&shallow, &options());
    for deeper in ["--depth=4", "--unshallow"] {
        git(&shallow, &["fetch", "--quiet", deeper, "origin"]);
        shelf.agrees(&shallow, &options());
        shelf.agrees(&shallow, &options());
    }
}

#[test]
fn options_are_kept_apart() {
    let (repo, shelf) = (repository(), shelf());
    repo.git(&["branch", "old", "HEAD~3"]);
    shelf.agrees(&repo.path(), &options());
    let all = [
        HistoryOptions { branch: Some("old".to_owned()), ..options() },
        HistoryOptions { branch: Some("main".to_owned()), ..options() },
        HistoryOptions { exclude: vec!["*.env".to_owned()], ..options() },
        HistoryOptions { exclude: vec!["src".to_owned(), "lost.env".to_owned()], ..options() },
        HistoryOptions { every: true, ..options() },
    ];
    for options in &all {
        assert_eq!(shelf.agrees(&repo.path(), options), (MESSAGES, 0), "objects are the same: {options:?}");
    }
    let little = HistoryOptions { memory: LITTLE, ..options() };
    shelf.agrees(&repo.path(), &little);
    for options in all.iter().chain([&little, &options()]) {
        let whole = scan_history(&control(2), &repo.path(), options).expect("it can be scanned");
        assert_same(&shelf.scan(&repo.path(), options).0, &whole, &format!("{options:?}"));
    }
}

#[test]
fn too_large_with_less_memory() {
    let (repo, shelf) = (Repo::new(), shelf());
    let text = |n: u64| [line(n), "x = 1\n".repeat(9000)].concat();
    for n in 0..3 {
        repo.write("large.env", text(n));
        repo.commit("large");
    }
    repo.pack_all();
    for memory in [1 << 30, LITTLE, 1 << 30, LITTLE] {
        let options = HistoryOptions { memory, ..options() };
        shelf.agrees(&repo.path(), &options);
        shelf.agrees(&repo.path(), &options);
    }
    repo.write("small.env", line(4));
    repo.commit("small");
    shelf.agrees(&repo.path(), &HistoryOptions { memory: LITTLE, ..options() });
}

#[test]
fn other_rules_and_another_key_learn_anew() {
    let (repo, shelf) = (repository(), shelf());
    shelf.agrees(&repo.path(), &options());
    let few = Engine::new(RuleSet::builtin().filtered(|rule| rule.provider != "github"));
    let key = FingerprintKey::from_bytes([8; 32]);
    let own = control(2);
    for control in [Control { engine: &few, ..own }, Control { key: &key, ..own }, own] {
        let whole = scan_history(&control, &repo.path(), &options()).expect("it can be scanned");
        for _ in 0..3 {
            let outcome = scan_history(&control, &repo.path(), &shelf.options(&options())).expect("it can be scanned");
            assert_same(&outcome, &whole, "with other rules");
            shelf.drop_all("answer");
        }
    }
    assert_eq!(shelf.all("objects").len(), 3);
}

#[test]
fn the_state_of_another_repository_does_no_harm() {
    let shelf = shelf();
    let (one, two) = (repository(), Repo::new());
    two.write("src/app.env", ["key = value\n".repeat(20), line(3)].concat());
    two.write("folder/3/more/x.rs", "// 3\n");
    two.commit("some of the same");
    let long = Repo::with("work", &["--object-format=sha256"]);
    long.write("a.env", line(1));
    long.commit("of another kind");
    for repo in [&one, &two, &long, &one, &long, &two, &two] {
        shelf.agrees(&repo.path(), &options());
    }
}

#[test]
fn several_scans_at_once() {
    let (repo, shelf) = (repository(), shelf());
    let whole = scan_history(&control(2), &repo.path(), &options()).expect("it can be scanned");
    std::thread::scope(|scope| {
        for n in 0..6 {
            let (shelf, path, whole) = (&shelf, repo.path(), &whole);
            scope.spawn(move || {
                for _ in 0..4 {
                    assert_same(&shelf.scan(&path, &options()).0, whole, "beside others");
                    shelf.drop_all(if n % 2 == 0 { "answer" } else { "objects" });
                }
            });
        }
    });
}

/// Something comes into a repository as soon as the first object was looked at.
struct Meanwhile {
    path: PathBuf,
    came: AtomicBool,
}

impl Events for Meanwhile {
    fn scanned(&self, _files: u64, _bytes: u64) {
        if !self.came.swap(true, Ordering::Relaxed) {
            git(&self.path, &["hash-object", "-w", "untracked.env"]);
            git(&self.path, &["branch", "meanwhile", "HEAD~1"]);
        }
    }
}

#[test]
fn what_comes_while_it_is_scanned() {
    let (repo, shelf) = (repository(), shelf());
    repo.write("untracked.env", line(11));
    let events = Meanwhile { path: repo.path(), came: AtomicBool::new(false) };
    let control = Control { events: &events, ..control(2) };
    scan_history(&control, &repo.path(), &shelf.options(&options())).expect("it can be scanned");
    assert!(events.came.load(Ordering::Relaxed) && shelf.all("answer").is_empty(), "an answer to what?");
    assert_eq!(shelf.agrees(&repo.path(), &options()), (MESSAGES + 1, 0));
}

/// What may happen to a repository between two scans.
#[derive(Debug, Clone)]
enum Step {
    /// Another history takes the place of the one before.
    Import(Vec<Node>),
    Commands(&'static [&'static [&'static str]]),
    Unpack,
}

fn step() -> impl Strategy<Value = Step> {
    let commands: [&[&[&str]]; 6] = [
        &[&["repack", "-q", "-d"]],
        &[&["repack", "-a", "-d", "-k", "-q", "-f", "--depth=4"]],
        &[&["gc", "--quiet", "--prune=now"]],
        &[&["prune", "--expire=now"]],
        &[&["pack-refs", "--all"], &["symbolic-ref", "HEAD", "refs/heads/n0"]],
        &[&["tag", "-f", "-a", "v1", "-m", "a tag", "HEAD"], &["update-ref", "-d", "HEAD"]],
    ];
    prop_oneof![
        3 => nodes().prop_map(Step::Import),
        3 => proptest::sample::select(commands.to_vec()).prop_map(Step::Commands),
        1 => Just(Step::Unpack),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(8) })]

    #[test]
    fn whatever_happens(first in nodes(), steps in prop::collection::vec(step(), 1..7)) {
        let (repo, shelf) = (Repo::empty("work", &[]), shelf());
        import(&repo, &first);
        shelf.agrees(&repo.path(), &options());
        for step in &steps {
            match step {
                Step::Import(nodes) => import(&repo, nodes),
                // What cannot be done, as there is no commit to tag, changes nothing.
                Step::Commands(commands) => commands.iter().for_each(|command| {
                    git_command(&repo.path()).args(*command).output().expect("git runs");
                }),
                Step::Unpack if repo.path().join(".git/objects/pack").exists() => {
                    unpack_all(&repo.path(), &repo.path().join(".git"));
                }
                Step::Unpack => {}
            }
            let (_, again) = shelf.agrees(&repo.path(), &options());
            prop_assert_eq!(again, 0, "{:?}", step);
        }
    }
}

#[test]
fn a_scan_that_is_stopped_leaves_nothing() {
    let repo = repository();
    for after in 1..count(&repo) {
        let shelf = shelf();
        let events = StopAfter::new(after);
        let control = Control { events: &events, stop: &events.stop, ..control(1) };
        let outcome = scan_history(&control, &repo.path(), &shelf.options(&options())).expect("it ends well");
        assert!(outcome.coverage.interrupted);
        assert!(shelf.all("").is_empty(), "after {after}");
    }
}

#[test]
fn bytes_that_are_no_state() {
    let (repo, shelf) = (repository(), shelf());
    let whole = scan_history(&control(2), &repo.path(), &options()).expect("it can be scanned");
    shelf.scan(&repo.path(), &options());
    let (name, good) = shelf.all("objects").into_iter().next().expect("something was learned");
    shelf.drop_all("answer");
    // What is cut off is nothing.
    for length in (0..good.len()).step_by(good.len() / 60 + 1) {
        shelf.put(&name, good[..length].to_vec());
        assert_same(&shelf.scan(&repo.path(), &options()).0, &whole, "cut");
        shelf.drop_all("answer");
    }
    // Whoever keeps it refuses what was changed. If one does not, a scan still ends.
    for at in (0..good.len()).step_by(good.len() / 400 + 1) {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        shelf.put(&name, bad);
        shelf.scan(&repo.path(), &options());
        shelf.drop_all("answer");
    }
}

#[test]
fn answers_that_are_no_state() {
    let (repo, shelf) = (repository(), shelf());
    shelf.scan(&repo.path(), &options());
    let whole = scan_history(&control(2), &repo.path(), &options()).expect("it can be scanned");
    let (name, good) = shelf.all("answer").into_iter().next().expect("there is an answer");
    for length in (0..good.len()).step_by(good.len() / 60 + 1) {
        shelf.put(&name, good[..length].to_vec());
        assert_same(&shelf.scan(&repo.path(), &options()).0, &whole, "cut");
    }
    for at in (0..good.len()).step_by(good.len() / 400 + 1) {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        shelf.put(&name, bad);
        shelf.scan(&repo.path(), &options());
    }
}
