//! `--range`, `--since` and `--branch`, as people and pipelines type them.

use std::fs;

use serde_json::Value;
use stanch_testkit::{Canary, Run, Sandbox};

use crate::{BINARY, token};

fn line(token: &Canary) -> String {
    format!("GITHUB_TOKEN={}\n", token.secret())
}

/// A repository with a leak of before, one that is added and taken away after `base`, and one that stays.
struct Place {
    sandbox: Sandbox,
    tokens: [Canary; 3],
    base: String,
}

impl Place {
    fn new() -> Self {
        let (sandbox, tokens) = (Sandbox::repository(BINARY), [token(1), token(2), token(3)]);
        sandbox.write("old.env", line(&tokens[0]));
        sandbox.commit("a leak of long ago");
        let base = sandbox.git(&["rev-parse", "HEAD"]).trim().to_owned();
        sandbox.write("gone.env", line(&tokens[1]));
        sandbox.commit("a leak");
        fs::remove_file(sandbox.path().join("gone.env")).unwrap_or_else(|error| panic!("{error}"));
        sandbox.write("deep/new.env", format!("# new\n{}", line(&tokens[2])));
        sandbox.commit("as if nothing had been");
        Self { sandbox, tokens, base }
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let run = self.sandbox.run(arguments);
        for token in &self.tokens {
            assert_eq!(token.seen_in(run.written().as_bytes()), None, "{arguments:?}: {}", run.written());
        }
        run
    }

    /// The report of a scan, whose exit code is 1.
    fn report(&self, arguments: &[&str]) -> Value {
        let run = self.run(&[&["scan", "--format", "json"], arguments].concat());
        assert_eq!(run.code, Some(1), "{arguments:?}: {}", run.written());
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.written()))
    }
}

fn paths(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    findings.iter().filter_map(|finding| finding["path"].as_str()).collect()
}

#[test]
fn what_a_range_adds() {
    let place = Place::new();
    let range = format!("{}..HEAD", place.base);
    let report = place.report(&["--range", &range]);
    assert_eq!(paths(&report), ["deep/new.env", "gone.env"]);
    assert_eq!(report["coverage"]["commits"], 2);
    let [new, gone] = [0, 1].map(|n| &report["findings"][n]);
    assert_eq!((&new["in_head"], &gone["in_head"], &new["line"]), (&true.into(), &false.into(), &2.into()));
    let commit = |name: &str| place.sandbox.git(&["rev-parse", name]).trim().to_owned();
    assert_eq!((&new["git"]["commit"], &gone["git"]["commit"]), (&commit("HEAD").into(), &commit("HEAD~1").into()));
    assert_eq!(gone["git"]["subject"], "a leak");
    let human = place.run(&["scan", "--range", &range]);
    assert_eq!(human.code, Some(1));
    assert!(human.stdout.contains("2 commits, 2 files"), "{}", human.stdout);
    let fingerprint = gone["fingerprint"].as_str().unwrap_or_default();
    let explained = place.run(&["explain", fingerprint, "--range", &range]);
    assert_eq!(explained.code, Some(0), "{}", explained.written());
    assert!(explained.stdout.contains("gone.env"), "{}", explained.stdout);
    assert_eq!(paths(&place.report(&[".", "--range", "HEAD~1.."])), ["deep/new.env"]);
}

#[test]
fn what_is_since_a_commit_or_a_date() {
    let place = Place::new();
    assert_eq!(paths(&place.report(&["--since", &place.base])), ["deep/new.env", "gone.env"]);
    assert_eq!(paths(&place.report(&["--since", "HEAD~1", "--branch", "main"])), ["deep/new.env"]);
    assert_eq!(paths(&place.report(&["--since", "1 hour ago"])), ["deep/new.env", "gone.env", "old.env"]);
    let later = place.run(&["scan", "--since", "2999-01-01"]);
    assert_eq!((later.code, later.stderr.contains("0 commits")), (Some(0), true), "{}", later.written());
    let never = place.run(&["scan", "--since", "2026-02-30"]);
    assert_eq!((never.code, never.stderr.contains("no date")), (Some(2), true), "{}", never.written());
}

#[test]
fn a_range_does_not_judge_itself() {
    let place = Place::new();
    let range = format!("{}..HEAD", place.base);
    let ignored = |line: &str| format!("[[ignore]]\npath = \"**\"\nreason = \"{line}\"\n");
    place.sandbox.write(".stanchignore", ignored("from the change itself"));
    place.sandbox.commit("silences everything");
    assert_eq!(paths(&place.report(&["--range", &range])).len(), 2, "the change's own file does not count");
    let known = place.run(&["scan", "--range", "HEAD..HEAD"]);
    assert_eq!((known.code, known.stderr.contains("0 commits")), (Some(0), true), "{}", known.written());
    place.sandbox.write("more.env", line(&place.tokens[1]));
    place.sandbox.commit("another leak");
    let silenced = place.run(&["scan", "--range", "HEAD~1..HEAD"]);
    assert_eq!(silenced.code, Some(0), "the base's file counts: {}", silenced.written());
}

#[test]
fn a_finding_of_a_range_can_be_ignored() {
    let place = Place::new();
    let report = place.report(&["--range", "HEAD~1.."]);
    let fingerprint = report["findings"][0]["fingerprint"].as_str().unwrap_or_default();
    let run = place.run(&["ignore", fingerprint, "deep", "--range", "HEAD~1..", "--reason", "an example"]);
    assert_eq!(run.code, Some(0), "{}", run.written());
    assert!(place.sandbox.path().join(".stanchignore").exists(), "at the top");
    place.sandbox.commit("ignores it");
    place.sandbox.write("again.env", line(&place.tokens[2]));
    place.sandbox.commit("again");
    assert_eq!(place.run(&["scan", "--range", "HEAD~1.."]).code, Some(0));
}

#[test]
fn what_cannot_be_scanned_is_said_with_what_to_do() {
    let place = Place::new();
    let unknown = "1234567890123456789012345678901234567890";
    for (arguments, said) in [
        (&["--range", &format!("{unknown}..HEAD")][..], format!("git fetch origin {unknown}")),
        (&["--range", "nowhere..HEAD"], "names no commit".to_owned()),
        (&["--range", "HEAD"], "A..B".to_owned()),
        (&["--range", "HEAD~1..HEAD", ".", "deep"], "one repository".to_owned()),
        (&["--range", "HEAD~1..HEAD", "-"], "one repository".to_owned()),
        (&["--range", "HEAD~1..HEAD", "--staged"], "cannot be used with".to_owned()),
        (&["--range", "HEAD~1..HEAD", "--since", "HEAD"], "cannot be used with".to_owned()),
    ] {
        let run = place.run(&[&["scan"], arguments].concat());
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.written());
        assert!(run.stderr.contains(&said), "{arguments:?}: {}", run.stderr);
    }
}
