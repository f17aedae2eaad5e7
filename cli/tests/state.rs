//! `--state`: what is remembered changes the time that a scan takes, and nothing that it says.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use stanch_rules::mint;
use stanch_testkit::{Canary, Run, Sandbox};

use crate::{BINARY, token};

const FORMATS: &[&str] = &["human", "json", "jsonl", "sarif"];

/// A repository with tokens wherever a history can have them, and a folder for the state.
struct Place {
    sandbox: Sandbox,
    tokens: Vec<Canary>,
}

impl Place {
    fn new() -> Self {
        let place = Self { sandbox: Sandbox::repository(BINARY), tokens: (1..=9).map(token).collect() };
        let sandbox = &place.sandbox;
        for n in 0..3 {
            place.leak("app.env", n);
            sandbox.commit(&format!("commit {n}"));
        }
        let secret = |n: usize| place.tokens[n].secret();
        sandbox.write(format!("{}.txt", secret(3)), "a name that says too much\n");
        sandbox.commit(&format!("{} in a subject", secret(3)));
        sandbox.git(&["tag", "--annotate", "v1", "--message", secret(4)]);
        sandbox.git(&["branch", secret(4)]);
        place.leak("stashed.env", 5);
        sandbox.git(&["add", "--all"]);
        sandbox.git(&["stash", "--quiet"]);
        place.leak("untracked.env", 6);
        place
    }

    fn leak(&self, name: &str, token: usize) {
        self.sandbox.write(name, format!("# {token}\nGITHUB_TOKEN={}\n", self.tokens[token].secret()));
    }

    fn state(&self) -> PathBuf {
        self.sandbox.root().join("state")
    }

    /// Runs stanch without a state and with one; both must say the same. What it said on standard error with the state.
    fn agrees(&self, arguments: &[&str]) -> String {
        let (without, with) = (self.run(arguments), self.run(&[arguments, &["--state", "../state"]].concat()));
        assert_eq!(untimed(&with.stdout), untimed(&without.stdout), "{arguments:?}");
        assert_eq!(with.code, without.code, "{arguments:?}: {}", with.stderr);
        with.stderr
    }

    /// The same in every format.
    fn agrees_in_all(&self, arguments: &[&str]) {
        for format in FORMATS {
            assert_eq!(self.agrees(&[arguments, &["--format", format]].concat()), "", "{format}");
        }
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let run = self.sandbox.run(arguments);
        assert!(matches!(run.code, Some(0..=2)), "{arguments:?}: {}", run.written());
        run
    }

    /// What is kept now.
    fn files(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.state()).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|e| e == "state")).collect();
        files.sort();
        files
    }

    fn clear(&self) {
        fs::remove_dir_all(self.state()).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// A report for people without how long the scan took.
fn untimed(text: &str) -> String {
    let without = |line: &str| line.split_once(" read in ").map_or(line, |(before, _)| before).to_owned();
    text.lines().map(without).collect::<Vec<_>>().join("\n")
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_report_is_the_same_whatever_happens_between_two_scans() {
    let place = Place::new();
    let git = |arguments: &[&str]| place.sandbox.git(arguments);
    place.agrees_in_all(&["scan"]);
    place.agrees_in_all(&["scan"]);
    place.leak("new.env", 7);
    place.sandbox.commit("one more");
    place.agrees_in_all(&["scan", "--min-confidence", "low"]);
    git(&["branch", "-D", place.tokens[4].secret()]);
    place.agrees_in_all(&["scan"]);
    git(&["gc", "--quiet", "--prune=now"]);
    place.agrees_in_all(&["scan", "--history-only"]);
    git(&["reset", "--quiet", "--hard", "HEAD~2"]);
    place.leak("other.env", 8);
    place.sandbox.commit("another past");
    place.agrees_in_all(&["scan", "--strict"]);
    git(&["reflog", "expire", "--expire=now", "--all"]);
    git(&["gc", "--quiet", "--prune=now"]);
    place.agrees_in_all(&["scan"]);
}

#[test]
fn every_way_to_ask_is_the_same() {
    let place = Place::new();
    place.sandbox.write(".stanchignore", "");
    let fingerprint = {
        let run = place.run(&["scan", "--format", "jsonl"]);
        let record: serde_json::Value =
            serde_json::from_str(run.stdout.lines().next().unwrap_or_default()).unwrap_or_default();
        record["fingerprint"].as_str().unwrap_or_default().to_owned()
    };
    for _ in 0..2 {
        for arguments in [
            &["scan", "--branch", "main"] as &[_],
            &["scan", "--exclude", "*.env"],
            &["scan", "--only", "github"],
            &["scan", "--skip", "github"],
            &["scan", "--jobs", "1", "--memory", "1"],
            &["scan", "--jobs", "4", "--reveal"],
            &["scan", "--fail-on", "high", "--exit-codes", "gitleaks"],
            &["scan", "."],
            &["scan", ".git"],
            &["explain", &fingerprint],
        ] {
            assert_eq!(place.agrees(arguments), "", "{arguments:?}");
        }
    }
}

/// A rule of one's own for tokens that start with a word.
fn rule(word: &str) -> String {
    format!(
        "provider = \"acme\"\ncategory = \"saas\"\nreferences = [\"https://acme.example/docs\"]\n[[rule]]\nid = \"acme.token\"\n\
         title = \"Acme token\"\nseverity = \"high\"\nshape = \"{word}_{{base62:30}}\"\nanchor = \"literal\"\n[rule.manual]\n\
         runbook = \"Settings: delete the token.\"\n[[rule.accept]]\ntext = 'T={{{{{word}_{{base62:30}}}}}}'\n[[rule.reject]]\n\
         text = \"{word}_000000000000000000000000000000\"\nwhy = \"one character repeated\"\n"
    )
}

#[test]
fn rules_of_ones_own_that_change() {
    let place = Place::new();
    for word in ["acmea", "acmeb"] {
        let recipe = format!("{{{{{word}_{{base62:30}}}}}}");
        let token = mint(&recipe, 3).unwrap_or_else(|error| panic!("{error}")).text;
        place.sandbox.write(format!("{word}.txt"), token);
    }
    place.sandbox.commit("tokens that no built-in rule knows");
    for word in ["acmea", "acmeb", "acmea"] {
        place.sandbox.write("../rules.toml", rule(word));
        let arguments = ["scan", "--history-only", "--rules", "../rules.toml", "--only", "acme", "--format", "jsonl"];
        assert_eq!(place.agrees(&arguments), "");
        let run = place.run(&[&arguments[..], &["--state", "../state"]].concat());
        assert!(run.stdout.contains(&format!("{word}.txt")) && run.stdout.lines().count() == 1, "{}", run.stdout);
    }
}

#[test]
fn a_remote_is_known_by_its_url() {
    let place = Place::new();
    place.sandbox.git(&["clone", "--quiet", "--mirror", ".", "../served.git"]);
    let url = format!("file://{}", place.sandbox.root().join("served.git").display());
    for _ in 0..3 {
        place.agrees_in_all(&["scan", &url]);
    }
    let files = place.files().len();
    place.leak("new.env", 7);
    place.sandbox.commit("one more");
    place.sandbox.git(&["push", "--quiet", "--force", "../served.git", "main"]);
    place.agrees_in_all(&["scan", &url]);
    assert_eq!(place.files().len(), files, "each clone has another path");
    place.agrees_in_all(&["scan", ".", &url]);
}

#[test]
fn what_is_kept_is_for_nobody_else() {
    let place = Place::new();
    place.agrees_in_all(&["scan"]);
    let mode = |path: &Path| fs::metadata(path).map_or(0, |meta| meta.permissions().mode() & 0o777);
    assert_eq!(mode(&place.state()), 0o700);
    let files = place.files();
    assert_eq!(files.len(), 2, "an answer and objects");
    for file in &files {
        assert_eq!(mode(file), 0o600);
        let bytes = read(file);
        for clear in ["app.env", "refs/heads", "A Tester", "tester@example.com", "commit 1", "github"] {
            assert!(!bytes.windows(clear.len()).any(|part| part == clear.as_bytes()), "{clear}");
        }
    }
    for token in &place.tokens {
        assert_eq!(token.seen_below(&place.state()), Vec::<String>::new());
    }
}

#[test]
fn what_is_damaged_is_made_anew() {
    let place = Place::new();
    place.agrees(&["scan"]);
    for file in place.files() {
        let good = read(&file);
        let length = good.len();
        let cut = [0, 1, 8, 24, 40, 56, length / 2, length - 1].map(|to| good[..to].to_vec());
        let flipped = [0, 7, 9, 30, 50, 60, length / 3, length - 17, length - 1].map(|at| {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            bad
        });
        for bad in cut.into_iter().chain(flipped).chain([b"rubbish".to_vec(), vec![0; length]]) {
            // Where the answer is known nobody looks for the objects.
            place.files().iter().for_each(|file| write(file, b"rubbish"));
            write(&file, &bad);
            place.agrees(&["scan"]);
            assert!(place.files().iter().all(|file| read(file) != bad && read(file) != b"rubbish"), "made anew");
        }
    }
    place.files().iter().for_each(|file| write(file, b"rubbish"));
    let told = place.agrees(&["scan"]);
    assert!(told.contains("damaged or not ours"), "{told}");
    assert_eq!(place.agrees(&["scan"]), "", "once");
}

#[test]
fn the_state_of_another_installation_is_refused() {
    let (place, other) = (Place::new(), Place::new());
    other.agrees(&["scan"]);
    place.agrees(&["scan"]);
    let (own, foreign) = (place.files(), other.files());
    for (own, foreign) in own.iter().zip(&foreign) {
        write(own, &read(foreign));
        place.agrees(&["scan"]);
    }
    // An installation that has lost its key starts again.
    fs::remove_file(place.sandbox.home().join("state/fingerprint.key")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(place.agrees(&["scan"]), "");
    assert_eq!(place.files().len(), own.len() * 2);
}

#[test]
fn a_folder_that_is_scanned_keeps_no_state() {
    let place = Place::new();
    for (target, dir) in [
        (".", "kept"),
        (".", "./a/../kept"),
        (".", ".git/kept"),
        (".git", "."),
        ("app.env", ".git/objects/kept"),
        (".", "../nowhere/../work/kept"),
        ("../work", "../work/kept"),
    ] {
        let run = place.run(&["scan", target, "--state", dir]);
        let refused = run.code == Some(2) && run.stderr.contains("inside of what is scanned");
        assert!(refused || dir == ".", "{target} {dir}: {}", run.written());
    }
    assert!(!place.sandbox.path().join("kept").exists() && !place.sandbox.path().join(".git/kept").exists());
    for options in [&["--staged"] as &[_], &["--range", "HEAD~1..HEAD"], &["--since", "HEAD~1"], &["--no-history"]] {
        let run = place.run(&[&["scan", "--state", "../state"], options].concat());
        assert_eq!(run.code, Some(2), "{options:?}: {}", run.written());
    }
}

#[test]
fn what_cannot_be_kept_is_told_and_the_scan_is_the_same() {
    let place = Place::new();
    write(&place.state(), b"a file");
    let run = place.run(&["scan", "--state", "../state"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("the state cannot be kept"), "{}", run.stderr);
    fs::remove_file(place.state()).unwrap_or_else(|error| panic!("{error}"));

    // No key is kept, so nothing could be read again.
    let without = place.run(&["scan", "--format", "json", "--only", "github"]);
    let mut command = place.sandbox.stanch(["scan", "--format", "json", "--only", "github", "--state", "../state"]);
    command.env("STANCH_STATE_DIR", place.sandbox.path().join("app.env"));
    let run = Run::of(&mut command, b"");
    assert_eq!((run.code, place.files().len()), (without.code, 0));
    assert!(run.stderr.contains("--state is of no use here"), "{}", run.stderr);
}

#[test]
fn scans_at_once() {
    let place = Place::new();
    let alone = place.run(&["scan", "--format", "jsonl"]);
    let start = || {
        let mut command = place.sandbox.stanch(["scan", "--format", "jsonl", "--state", "../state"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap_or_else(|error| panic!("{error}"))
    };
    for round in 0..3 {
        let running: Vec<_> = (0..4).map(|_| start()).collect();
        for child in running {
            let run = Run::from(child.wait_with_output().unwrap_or_else(|error| panic!("{error}")));
            assert_eq!((run.code, &run.stdout, run.stderr.as_str()), (alone.code, &alone.stdout, ""), "{round}");
        }
    }
    assert_eq!(place.files().len(), 2);
}

#[test]
fn a_scan_that_is_killed_leaves_nothing_false() {
    let place = Place::new();
    for millis in (0..60).step_by(3) {
        let mut command = place.sandbox.stanch(["scan", "--format", "jsonl", "--state", "../state"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{error}"));
        std::thread::sleep(Duration::from_millis(millis));
        child.kill().and_then(|()| child.wait()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(place.agrees(&["scan", "--format", "jsonl"]), "", "killed after {millis} ms");
        if millis % 2 == 0 {
            place.clear();
        }
    }
}
