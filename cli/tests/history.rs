//! Repositories as targets, as people type them: what git holds and the files, together and apart.

use std::fs;

use serde_json::Value;
use stanch_testkit::{Canary, Run, Sandbox};

use crate::{BINARY, token};

/// A repository in which one token stands in the tree, one in the history only, one in a message, one in no ref's history, and one in a
/// file that git does not know.
struct Place {
    sandbox: Sandbox,
    tokens: Vec<Canary>,
    /// The id of the last commit.
    head: String,
}

impl Place {
    fn new() -> Self {
        let (sandbox, tokens) = (Sandbox::repository(BINARY), (1..=5).map(token).collect::<Vec<_>>());
        let line = |n: usize| format!("GITHUB_TOKEN={}\n", tokens[n].secret());
        sandbox.write("kept.env", line(0));
        sandbox.write("gone.env", line(1));
        sandbox.commit("two leaks");
        remove(&sandbox, "gone.env");
        sandbox.commit(&format!("as if nothing had been\n\nIt was {}", tokens[2].secret()));
        sandbox.write("lost.env", line(3));
        sandbox.commit("to be lost");
        sandbox.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
        sandbox.write("untracked.env", line(4));
        let head = sandbox.git(&["rev-parse", "HEAD"]).trim().to_owned();
        Self { sandbox, tokens, head }
    }

    /// Runs stanch and looks that no secret is in what it wrote.
    fn run(&self, arguments: &[&str]) -> Run {
        let run = self.sandbox.run(arguments);
        for token in &self.tokens {
            let seen = token.seen_in(run.written().as_bytes());
            assert_eq!(seen, None, "{arguments:?} shows a secret");
        }
        run
    }

    /// The path of each finding, and whether it is one of the history.
    fn found(&self, arguments: &[&str], code: i32) -> Vec<(String, bool)> {
        let run = self.run(&[arguments, &["--format", "jsonl"]].concat());
        assert_eq!(run.code, Some(code), "{}", run.written());
        let records = run.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap_or_default());
        let plain = |path: &str| path.replace(&self.head, "HEAD");
        records.map(|record| (plain(record["path"].as_str().unwrap_or_default()), !record["git"].is_null())).collect()
    }
}

fn remove(sandbox: &Sandbox, name: &str) {
    fs::remove_file(sandbox.path().join(name)).unwrap_or_else(|error| panic!("{error}"));
}

fn expected(all: &[(&str, bool)]) -> Vec<(String, bool)> {
    all.iter().map(|(path, history)| ((*path).to_owned(), *history)).collect()
}

#[test]
fn a_repository_is_scanned_whole() {
    let place = Place::new();
    let history = [("commit/HEAD", true), ("gone.env", true), ("kept.env", true), ("lost.env", true)];
    let tree = [("kept.env", false), ("untracked.env", false)];
    let mut both = [&history[..], &tree].concat();
    both.sort_unstable();
    assert_eq!(place.found(&["scan"], 1), expected(&both));
    assert_eq!(place.found(&["scan", "--history-only"], 1), expected(&history));
    assert_eq!(place.found(&["scan", "--no-history"], 1), expected(&tree));
    assert_eq!(place.found(&["scan", "--branch", "main"], 1), expected(&history[..3]), "what the branch reaches");
    assert_eq!(place.found(&["scan", ".git"], 1), expected(&history), "a folder of git's is a bare repository");
    let left = place.found(&["scan", "--exclude", "*.env"], 1);
    assert_eq!(left, expected(&history[..1]), "globs are for paths of the history too");
    place.sandbox.write("folder/plain.txt", "");
    assert_eq!(place.found(&["scan", "folder"], 0), [], "a folder inside of a repository is a folder");
}

#[test]
fn people_see_where_it_came_from() {
    let place = Place::new();
    let run = place.run(&["scan", "--color", "never"]);
    let id = |revision: &str| place.sandbox.git(&["rev-parse", "--short=10", revision]).trim().to_owned();
    let (first, second) = (id("HEAD~1"), id("HEAD"));
    // Lines are folded to the width of the page.
    let text = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        format!("kept.env:1:14 since {first} "),
        format!("gone.env:1:14 in {first} "),
        format!("message of commit {second} "),
        "lost.env:1:14 in ".to_owned(),
        "no ref reaches it any more".to_owned(),
        "5 credentials in 5 places".to_owned(),
    ] {
        assert!(text.contains(&part), "{part}:\n{}", run.stdout);
    }
    assert!(text.contains(" objects, 4 commits, "), "{}", run.stdout);
}

#[test]
fn explain_tells_of_every_time() {
    let place = Place::new();
    let line = format!("GITHUB_TOKEN={}\n", place.tokens[1].secret());
    place.sandbox.write("gone.env", line);
    place.sandbox.commit("there it is again");
    let again = place.sandbox.git(&["rev-parse", "HEAD"]).trim().to_owned();
    let first = place.sandbox.git(&["rev-parse", "HEAD~2"]).trim().to_owned();
    let run = place.run(&["scan", "--history-only", "--format", "jsonl"]);
    let records: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_default()).collect();
    let gone: Vec<&Value> = records.iter().filter(|record| record["path"] == "gone.env").collect();
    assert_eq!(gone.len(), 1, "once a path");
    assert_eq!(gone[0]["git"]["commit"], first.as_str());
    assert_eq!((&gone[0]["in_head"], &gone[0]["git"]["reachable"]), (&Value::Bool(true), &Value::Bool(true)));
    let run = place.run(&["explain", gone[0]["fingerprint"].as_str().unwrap_or_default()]);
    assert_eq!(run.code, Some(0), "{}", run.written());
    for part in [&first, &again, "refs/heads/main", "A Tester <tester@example.com>"] {
        assert!(run.stdout.contains(part), "{part}:\n{}", run.stdout);
    }
}

#[test]
fn a_marker_of_today_allows_what_was() {
    let sandbox = Sandbox::repository(BINARY);
    let token = token(9);
    sandbox.write("a.env", format!("GITHUB_TOKEN={}\n", token.secret()));
    sandbox.commit("a test token");
    assert_eq!(sandbox.run(["scan"]).code, Some(1));
    sandbox.write("a.env", format!("GITHUB_TOKEN={} # stanch:allow a test token\n", token.secret()));
    sandbox.commit("said so");
    assert_eq!(sandbox.run(["scan"]).code, Some(0));
}

#[test]
fn a_broken_repository_has_files_all_the_same() {
    let place = Place::new();
    fs::remove_file(place.sandbox.path().join(".git/HEAD")).unwrap_or_else(|error| panic!("{error}"));
    let found = place.found(&["scan"], 2);
    assert_eq!(found, expected(&[("kept.env", false), ("untracked.env", false)]));
    let run = place.run(&["scan", "--history-only"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("cannot be opened"), "{}", run.stderr);
}

#[test]
fn refs_in_a_reftable() {
    let sandbox = Sandbox::new(BINARY);
    sandbox.git(&["init", "--quiet", "--ref-format=reftable"]);
    let token = token(11);
    sandbox.write("a.env", format!("GITHUB_TOKEN={}\n", token.secret()));
    sandbox.commit("a leak");
    let run = sandbox.run(["scan", "--history-only", "--format", "jsonl"]);
    let record: Value = serde_json::from_str(&run.stdout).unwrap_or_default();
    assert_eq!((&record["in_head"], &record["git"]["reachable"]), (&Value::Bool(true), &Value::Bool(true)));
}

/// The report of a scan.
fn report(place: &Place, arguments: &[&str], code: i32) -> Value {
    let run = place.run(&[&["scan", "--format", "json"], arguments].concat());
    assert_eq!(run.code, Some(code), "{arguments:?}: {}", run.written());
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.written()))
}

/// The gaps of a report, each with whether it is a failure.
fn gaps(report: &Value) -> Vec<(&str, bool)> {
    let notes = report["coverage"]["notes"].as_array().map(Vec::as_slice).unwrap_or_default();
    notes.iter().filter_map(|note| Some((note["gap"].as_str()?, note["failed"].as_bool()?))).collect()
}

#[test]
fn clones_that_are_shallow_or_partial_are_no_failures() {
    let place = Place::new();
    let url = format!("file://{}", place.sandbox.path().display());
    place.sandbox.git(&["config", "uploadpack.allowFilter", "true"]);
    place.sandbox.git(&["clone", "--quiet", "--bare", "--filter=blob:none", &url, "../partial"]);
    place.sandbox.git(&["clone", "--quiet", "--bare", "--depth=1", &url, "../shallow"]);
    let partial = report(&place, &["../partial"], 1);
    // Three files, each with a content of its own; what is in no commit of the remote was not cloned.
    assert_eq!(gaps(&partial), [("promised", false); 3]);
    let shallow = report(&place, &["../shallow"], 1);
    assert_eq!(gaps(&shallow), [("shallow", false)]);
    assert_eq!(shallow["coverage"]["commits"], 1);
    let run = place.run(&["scan", "../partial", "../shallow"]);
    assert_eq!(run.code, Some(1), "{}", run.written());
}

#[test]
fn a_damaged_object_is_a_failure_and_the_others_are_scanned() {
    let place = Place::new();
    let blob = place.sandbox.git(&["rev-parse", "HEAD~1:gone.env"]).trim().to_owned();
    let file = place.sandbox.path().join(".git/objects").join(&blob[..2]).join(&blob[2..]);
    fs::remove_file(&file).and_then(|()| fs::write(&file, "rubbish")).unwrap_or_else(|error| panic!("{error}"));
    let report = report(&place, &["--history-only"], 2);
    assert_eq!(gaps(&report), [("corrupt", true)]);
    assert_eq!(report["coverage"]["notes"][0]["path"], format!("object/{blob}"));
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(3), "all but that one");
}

#[test]
fn threads_and_memory_change_nothing() {
    let place = Place::new();
    let findings = |arguments: &[&str]| report(&place, arguments, 1)["findings"].take();
    let one = findings(&["--jobs", "1"]);
    assert_eq!(findings(&["--jobs", "4", "--memory", "1"]), one);
    place.sandbox.git(&["repack", "--quiet", "-a", "-d", "-k", "-f"]);
    assert_eq!(findings(&["--jobs", "3"]), one, "packed");
}

#[test]
fn links_to_the_host_without_the_password_of_the_remote() {
    let place = Place::new();
    let url = format!("https://me:{}@github.com/an/example.git", place.tokens[0].secret());
    place.sandbox.git(&["remote", "add", "origin", &url]);
    let report = report(&place, &["--history-only"], 1);
    let links: Vec<&str> = report["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|finding| finding["permalink"].as_str())
        .collect();
    assert_eq!(links.len(), 4, "{links:?}");
    assert!(links.iter().all(|link| link.starts_with("https://github.com/an/example/")), "{links:?}");
}

#[test]
fn a_blob_is_lost_for_sure_only_if_nothing_is_missing() {
    let sandbox = Sandbox::repository(BINARY);
    let token = token(12);
    let stray = sandbox.write("stray.env", format!("GITHUB_TOKEN={}\n", token.secret()));
    sandbox.git(&["hash-object", "-w", "stray.env"]);
    fs::remove_file(stray).unwrap_or_else(|error| panic!("{error}"));
    let reachable = |code| {
        let run = sandbox.run(["scan", "--history-only", "--format", "jsonl"]);
        assert_eq!(run.code, Some(code), "{}", run.written());
        let record: Value = serde_json::from_str(&run.stdout).unwrap_or_default();
        record["git"]["reachable"].clone()
    };
    assert_eq!(reachable(1), Value::Bool(false));
    let tree = sandbox.git(&["rev-parse", "HEAD^{tree}"]);
    let (folder, name) = tree.trim().split_at(2);
    let object = sandbox.path().join(".git/objects").join(folder).join(name);
    fs::remove_file(object).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(reachable(2), Value::Null, "the tree that is gone may have it");
}
