//! The GitHub action as a runner runs it: the steps of `action.yml`, in clones as actions/checkout makes them, with payloads as GitHub sends them,
//! against a repository that is served.

mod runner;
mod yaml;

use std::fs;

use serde_json::{Value, json};

use self::runner::Runner;
use crate::BINARY;
use crate::reports::schema::Schema;

const NONE: &str = "0000000000000000000000000000000000000000";

// The payloads have the fields that GitHub documents and that tell of commits; of the others there are some to be in the way:
// https://docs.github.com/en/webhooks/webhook-events-and-payloads

fn repository() -> Value {
    json!({ "id": 1, "full_name": "someone/something", "default_branch": "main", "private": true })
}

fn pull_request(number: u64, base: &str, head: &str, commits: u64) -> Value {
    json!({
        "action": "synchronize",
        "number": number,
        "before": NONE,
        "after": head,
        "pull_request": {
            "number": number,
            "title": "::error::a title; $(touch ran)",
            "commits": commits,
            "base": { "label": "someone:main", "ref": "main", "sha": base, "repo": repository() },
            "head": { "label": "stranger:topic", "ref": "topic`touch ran`", "sha": head, "repo": { "fork": true } },
            "merge_commit_sha": null,
        },
        "repository": repository(),
    })
}

fn push(name: &str, before: &str, after: &str) -> Value {
    json!({
        "ref": name,
        "before": before,
        "after": after,
        "created": before == NONE,
        "deleted": after == NONE,
        "forced": false,
        "base_ref": null,
        "compare": "https://github.com/someone/something/compare/a...b",
        "commits": [{ "id": after, "message": "a message", "distinct": true }],
        "head_commit": null,
        "repository": repository(),
    })
}

fn merge_group(base: &str, head: &str) -> Value {
    json!({
        "action": "checks_requested",
        "merge_group": {
            "head_sha": head,
            "head_ref": format!("refs/heads/gh-readonly-queue/main/pr-7-{base}"),
            "base_sha": base,
            "base_ref": "refs/heads/main",
        },
        "repository": repository(),
    })
}

#[test]
fn a_clean_pull_request() {
    let runner = Runner::new();
    let base = runner.head();
    runner.developer.git(&["checkout", "--quiet", "-b", "topic"]);
    runner.developer.write("src/main.rs", "fn main() {}\n");
    runner.commit("a program");
    runner.developer.write("src/lib.rs", "\n");
    let head = runner.commit("a library");
    runner.pull_request(7, &base, &head);
    runner.checkout("refs/pull/7/merge");
    let ran = runner.run("pull_request", &pull_request(7, &base, &head, 2));
    ran.assert_clean();
    assert!(ran.log.contains("2 commits of pull request 7"), "{}", ran.log);
    Schema::sarif().check(&ran.sarif.unwrap_or_default());
    assert!(!runner.workspace().join("ran").exists());
}

#[test]
fn a_leaking_pull_request() {
    let runner = Runner::new();
    let base = runner.head();
    runner.developer.git(&["checkout", "--quiet", "-b", "topic"]);
    runner.leak("config/app.env", "a leak");
    runner.leak("gone.env", "another");
    assert!(fs::remove_file(runner.developer.path().join("gone.env")).is_ok());
    let head = runner.commit("it is taken out, and stays in the history");
    runner.pull_request(7, &base, &head);
    runner.checkout("refs/pull/7/merge");
    let ran = runner.run("pull_request", &pull_request(7, &base, &head, 3));
    ran.assert_leaks(&["config/app.env", "gone.env"]);
    let errors = ran.annotations("error");
    assert!(errors.iter().all(|error| error.contains("line=2,") && error.contains("ghp_********")), "{errors:?}");
    assert!(
        ran.summary.contains("config/app&#46;env") && ran.summary.contains("<a href=\"https://"),
        "{}",
        ran.summary
    );
    Schema::sarif().check(&ran.sarif.unwrap_or_default());
}

#[test]
fn a_pull_request_from_a_fork_seen_from_its_target() {
    let runner = Runner::new();
    let base = runner.head();
    runner.developer.git(&["checkout", "--quiet", "-b", "stranger"]);
    // What the fork says of its own credentials does not count.
    runner.developer.write(".stanchignore", "[[ignore]]\npath = \"**\"\nreason = \"trust me\"\n");
    let head = runner.leak("theirs.env", "a leak");
    runner.pull_request(8, &base, &head);
    runner.checkout("refs/heads/main");
    let ran = runner.run("pull_request_target", &pull_request(8, &base, &head, 1));
    ran.assert_leaks(&["theirs.env"]);
    assert!(!runner.workspace().join("theirs.env").exists(), "nothing of the fork is checked out");
}

#[test]
fn a_head_that_no_server_gives_by_its_id() {
    let runner = Runner::new();
    let base = runner.head();
    runner.developer.git(&["checkout", "--quiet", "-b", "stranger"]);
    let head = runner.leak("theirs.env", "a leak");
    runner.pull_request(8, &base, &head);
    runner.checkout("refs/heads/main");
    // The first protocol gives what refs name, and nothing else.
    runner.on_remote(&["config", "uploadpack.allowReachableSHA1InWant", "false"]);
    runner.on_remote(&["config", "uploadpack.allowTipSHA1InWant", "false"]);
    let config = runner.developer.home().join(".gitconfig");
    assert!(fs::write(config, "[protocol]\n\tversion = 0\n").is_ok());
    let ran = runner.run("pull_request_target", &pull_request(8, &base, &head, 1));
    ran.assert_leaks(&["theirs.env"]);
}

#[test]
fn a_merge_queue() {
    let runner = Runner::new();
    let base = runner.head();
    runner.developer.git(&["checkout", "--quiet", "-b", "topic"]);
    runner.leak("queued.env", "a leak");
    runner.developer.git(&["checkout", "--quiet", "main"]);
    runner.developer.git(&["merge", "--quiet", "--no-ff", "--message", "Merge pull request 7", "topic"]);
    let (head, name) = (runner.head(), format!("refs/heads/gh-readonly-queue/main/pr-7-{base}"));
    runner.developer.git(&["push", "--quiet", "origin", &format!("{head}:{name}")]);
    runner.checkout(&name);
    let ran = runner.run("merge_group", &merge_group(&base, &head));
    ran.assert_leaks(&["queued.env"]);
    assert!(ran.log.contains("2 commits of the merge group"), "{}", ran.log);
}

#[test]
fn a_push() {
    let runner = Runner::new();
    let before = runner.head();
    runner.leak("a.env", "a leak");
    let after = runner.commit("and more");
    runner.developer.git(&["push", "--quiet", "origin", "main"]);
    runner.checkout("refs/heads/main");
    runner.run("push", &push("refs/heads/main", &before, &after)).assert_leaks(&["a.env"]);
    // Looked at from the leak on, nothing is new.
    let leak = runner.developer.git(&["rev-parse", "HEAD~1"]).trim().to_owned();
    runner.run("push", &push("refs/heads/main", &leak, &after)).assert_clean();
}

#[test]
fn a_push_by_force_over_a_commit_that_is_still_there() {
    let runner = Runner::new();
    runner.developer.git(&["checkout", "--quiet", "-b", "topic"]);
    let before = runner.leak("before.env", "what was there");
    runner.developer.git(&["push", "--quiet", "origin", "topic"]);
    runner.developer.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    let after = runner.leak("after.env", "what is there now");
    runner.developer.git(&["push", "--quiet", "--force", "origin", "topic"]);
    runner.checkout("refs/heads/topic");
    runner.run("push", &push("refs/heads/topic", &before, &after)).assert_leaks(&["after.env"]);
}

#[test]
fn a_push_by_force_over_a_commit_that_nobody_has() {
    let runner = Runner::new();
    let unknown = "1234567890123456789012345678901234567890";
    runner.developer.git(&["checkout", "--quiet", "-b", "topic"]);
    let after = runner.leak("after.env", "a leak");
    runner.developer.git(&["push", "--quiet", "origin", "topic"]);
    runner.checkout("refs/heads/topic");
    let ran = runner.run("push", &push("refs/heads/topic", unknown, &after));
    ran.assert_leaks(&["after.env"]);
    assert!(
        ran.log.contains("123456789012") && ran.log.contains("refs/heads/main"),
        "the fallback is told: {}",
        ran.log
    );
}

#[test]
fn a_default_branch_pushed_by_force_is_scanned_as_a_whole() {
    let runner = Runner::new();
    let unknown = "1234567890123456789012345678901234567890";
    runner.checkout("refs/heads/main");
    let ran = runner.run("push", &push("refs/heads/main", unknown, &runner.head()));
    ran.assert_leaks(&["old.env"]);
    assert!(ran.log.contains("All of the history"), "{}", ran.log);
}

#[test]
fn an_empty_range() {
    let runner = Runner::new();
    let after = runner.head();
    let before = runner.leak("taken-back.env", "a leak");
    runner.developer.git(&["push", "--quiet", "origin", "main"]);
    runner.developer.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    runner.developer.git(&["push", "--quiet", "--force", "origin", "main"]);
    runner.checkout("refs/heads/main");
    let ran = runner.run("push", &push("refs/heads/main", &before, &after));
    ran.assert_clean();
    assert!(ran.log.contains("0 commits of the push"), "{}", ran.log);
}

#[test]
fn a_shallow_clone_is_made_as_deep_as_it_takes() {
    let runner = Runner::new();
    for number in 0..150 {
        runner.commit(&format!("before {number}"));
    }
    runner.leak("of-the-base.env", "a leak of the base, long before");
    for number in 0..60 {
        runner.commit(&format!("between {number}"));
    }
    runner.developer.git(&["checkout", "--quiet", "-b", "topic"]);
    runner.leak("first.env", "the first commit of the pull request");
    for number in 0..40 {
        runner.commit(&format!("topic {number}"));
    }
    let head = runner.leak("last.env", "the last one");
    runner.developer.git(&["checkout", "--quiet", "main"]);
    for number in 0..20 {
        runner.commit(&format!("meanwhile {number}"));
    }
    let base = runner.leak("meanwhile.env", "a leak of the base, meanwhile");
    runner.developer.git(&["push", "--quiet", "origin", "main"]);
    runner.pull_request(9, &base, &head);
    runner.checkout("refs/pull/9/merge");
    assert_eq!(runner.depth(), (1, true));
    let ran = runner.run("pull_request", &pull_request(9, &base, &head, 42));
    ran.assert_leaks(&["first.env", "last.env"]);
    let (commits, shallow) = runner.depth();
    assert!(shallow && commits < 160, "no deeper than it takes: {commits}");

    // An event that does not say how many commits there are.
    assert!(fs::remove_dir_all(runner.workspace()).is_ok());
    runner.checkout("refs/pull/9/merge");
    let ran = runner.run("pull_request", &pull_request(9, &base, &head, 0));
    ran.assert_leaks(&["first.env", "last.env"]);
    let (commits, shallow) = runner.depth();
    assert!(shallow && commits < 220, "no deeper than it takes: {commits}");
}

#[test]
fn unrelated_histories() {
    let runner = Runner::new();
    let base = runner.head();
    runner.developer.git(&["checkout", "--quiet", "--orphan", "other"]);
    runner.commit("a root of its own");
    let head = runner.leak("other.env", "a leak");
    runner.pull_request_without_merge(10, &head);
    runner.checkout("refs/heads/main");
    runner.run("pull_request_target", &pull_request(10, &base, &head, 2)).assert_leaks(&["other.env"]);
}

#[test]
fn a_new_branch_is_held_against_the_default_one() {
    let runner = Runner::new();
    runner.leak("of-main.env", "a leak of the default branch");
    runner.developer.git(&["push", "--quiet", "origin", "main"]);
    runner.developer.git(&["checkout", "--quiet", "-b", "topic"]);
    runner.leak("of-topic.env", "a leak of the branch");
    let after = runner.commit("and more");
    runner.developer.git(&["push", "--quiet", "origin", "topic"]);
    runner.checkout("refs/heads/topic");
    let ran = runner.run("push", &push("refs/heads/topic", NONE, &after));
    ran.assert_leaks(&["of-topic.env"]);
    assert!(ran.log.contains("the branch is new"), "{}", ran.log);
}

#[test]
fn a_deleted_branch_asks_for_nothing() {
    let runner = Runner::new();
    runner.checkout("refs/heads/main");
    let ran = runner.run("push", &push("refs/heads/topic", &runner.head(), NONE));
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert_eq!([ran.output("findings"), ran.output("exit-code"), ran.output("sarif")], ["0", "0", ""]);
    assert!(ran.summary.contains("nothing to scan"), "{}", ran.summary);
    assert_eq!(ran.commands, Vec::<String>::new());
}

#[test]
fn other_events_ask_for_all_of_the_history() {
    for event in ["schedule", "workflow_dispatch"] {
        let runner = Runner::new();
        runner.checkout("refs/heads/main");
        let ran = runner.run(event, &json!({ "schedule": "17 3 * * 1", "repository": repository() }));
        ran.assert_leaks(&["old.env"]);
        assert!(!runner.depth().1, "the past is fetched");
    }
}

#[test]
fn inputs_are_followed() {
    let runner = Runner::new();
    let before = runner.head();
    let after = runner.leak("a.env", "a leak");
    runner.developer.git(&["push", "--quiet", "origin", "main"]);
    runner.checkout("refs/heads/main");
    let payload = push("refs/heads/main", &before, &after);
    let skipped = runner.run_with("push", &payload, &[("args", "--only 'aws'"), ("sarif-file", "../own.sarif")]);
    skipped.assert_clean();
    assert!(skipped.output("sarif").ends_with("own.sarif"), "{}", skipped.output("sarif"));
    let known = runner.temporary().join("known.json");
    let known = known.to_string_lossy();
    runner.run_with("push", &payload, &[("args", &format!("--write-baseline \"{known}\""))]).assert_leaks(&["a.env"]);
    let ran = runner.run_with("push", &payload, &[("baseline", &known), ("fail-on", "new")]);
    assert_eq!([ran.code, ran.output("findings").parse().unwrap_or(9)], [0, 0], "{}", ran.log);

    for (inputs, why) in [
        ([("args", "--reveal")], "--reveal"),
        ([("args", "elsewhere")], "path"),
        ([("args", "--staged")], "--staged"),
        ([("args", "--cleanup x")], "--cleanup"),
        ([("args", "--baseline x")], "baseline"),
        ([("args", "'")], "quote"),
        ([("min-confidence", "$(touch ran)")], "min-confidence"),
    ] {
        runner.run_with("push", &payload, &inputs).assert_failed(why);
    }
    assert!(!runner.workspace().join("ran").exists());
    let ran = runner.run_with("push", &payload, &[("binary", "no-such-program")]);
    assert_eq!(ran.code, 2);
    assert_eq!(ran.annotations("error").len(), 1, "{}", ran.log);
}

#[test]
fn a_baseline_of_the_repository_is_read_as_it_was() {
    let runner = Runner::new();
    let known = runner.leak("known.env", "a leak that is known");
    let run = runner.developer.run(["scan", "--write-baseline", "known.json"]);
    assert_eq!(run.code, Some(1), "{}", run.written());
    runner.commit("a baseline");
    let base = runner.head();
    runner.developer.git(&["checkout", "--quiet", "-b", "topic"]);
    runner.leak("new.env", "a leak");
    let again = runner.developer.run(["scan", "--write-baseline", "known.json"]);
    assert_eq!(again.code, Some(1), "{}", again.written());
    let head = runner.commit("and a baseline that knows it");
    runner.developer.git(&["push", "--quiet", "origin", "main"]);
    runner.pull_request(7, &base, &head);
    runner.checkout("refs/pull/7/merge");
    let with = [("baseline", "known.json")];
    runner.run_with("pull_request", &pull_request(7, &base, &head, 2), &with).assert_leaks(&["new.env"]);
    // Before there was one, none counts.
    let ran = runner.run_with("push", &push("refs/heads/main", &known, &base), &with);
    ran.assert_clean();
    assert!(ran.log.contains("`known.json` is new"), "{}", ran.log);
    let own = runner.temporary().join("own.json");
    assert!(fs::copy(runner.workspace().join("known.json"), &own).is_ok());
    let ran =
        runner.run_with("pull_request", &pull_request(7, &base, &head, 2), &[("baseline", &own.to_string_lossy())]);
    assert_eq!([ran.output("findings"), ran.output("exit-code")], ["0", "0"], "{}", ran.log);
}

#[test]
fn names_of_strangers_are_no_commands() {
    let runner = Runner::new();
    let before = runner.head();
    let hostile =
        ["::error::x/a.env", "##[error]x.env", "a%0A::error::x,line=1:.env", "|`<b>[x](y)`|.env", "\n::error::y.env"];
    for name in hostile {
        runner.leak(name, "::error::in a subject ##[error]");
    }
    let after = runner.head();
    runner.developer.git(&["push", "--quiet", "origin", "main"]);
    runner.checkout("refs/heads/main");
    let ran = runner.run("push", &push("refs/heads/main", &before, &after));
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert_eq!(ran.commands.len(), hostile.len(), "{:?}", ran.commands);
    assert!(
        ran.commands.iter().all(|command| command.starts_with("::error file=") && command.contains(",title=GitHub"))
    );
    let file = |command: &String| command.split_once(",line=2,").map(|(file, _)| file.to_owned());
    assert!(
        ran.commands.iter().all(|command| file(command).is_some_and(|file| !file[2..].contains("::"))),
        "{:?}",
        ran.commands
    );
    assert!(!ran.summary.contains("<b>") && !ran.summary.contains("[x]("), "{}", ran.summary);
    let cells = ran.summary.lines().filter(|line| line.starts_with("| ")).map(|line| line.matches('|').count());
    assert!(cells.clone().all(|bars| bars == 7) && cells.count() == hostile.len() + 2, "{}", ran.summary);
}

#[test]
fn more_findings_than_are_shown() {
    let runner = Runner::new();
    let before = runner.head();
    for number in 0..13 {
        runner.leak(&format!("{number:02}.env"), "a leak");
    }
    let after = runner.head();
    runner.developer.git(&["push", "--quiet", "origin", "main"]);
    runner.checkout("refs/heads/main");
    let ran = runner.run("push", &push("refs/heads/main", &before, &after));
    assert_eq!([ran.output("findings"), ran.output("exit-code")], ["13", "1"]);
    assert_eq!(ran.annotations("error").len(), 10, "{:?}", ran.commands);
    assert!(ran.annotations("notice").iter().any(|notice| notice.contains("3 more")), "{:?}", ran.commands);
    assert_eq!(ran.results().len(), 13);
}

#[test]
fn what_cannot_be_done_is_told() {
    let runner = Runner::new();
    let (before, after) = (runner.head(), runner.commit("more"));
    runner.developer.git(&["push", "--quiet", "origin", "main"]);
    assert!(fs::create_dir_all(runner.workspace()).is_ok());
    let payload = pull_request(7, &before, &after, 1);
    runner.run("pull_request", &payload).assert_failed("no repository");
    runner.checkout("refs/heads/main");
    runner.run("pull_request", &json!({ "pull_request": { "number": 7 } })).assert_failed("payload");
    runner.run("push", &json!("no object")).assert_failed("payload");
    assert!(fs::rename(runner.developer.root().join("remote.git"), runner.developer.root().join("away")).is_ok());
    let ran = runner.run("pull_request", &payload);
    ran.assert_failed("cannot fetch the history");
    assert!(ran.log.contains("fetch-depth: 0"), "the hint: {}", ran.log);
}

#[test]
fn without_a_binary_stanch_is_built_from_the_actions_source() {
    let runner = Runner::new();
    runner.checkout("refs/heads/main");
    // Building takes minutes, and is what `cargo install` does; that it is asked for the right thing is what is looked at.
    let script = format!(
        "#!/bin/sh\necho \"$PWD $*\" >'{record}'\nwhile [ \"$1\" != --root ]; do shift; done\nmkdir -p \"$2/bin\"\n\
         ln -s '{}' \"$2/bin/stanch\"\n",
        BINARY,
        record = runner.developer.root().join("asked").display(),
    );
    let cargo = runner.program("cargo", &script);
    let ran = runner.run_with("schedule", &json!({}), &[("binary", "")]);
    assert_eq!(ran.code, 1, "{}", ran.log);
    let asked = fs::read_to_string(runner.developer.root().join("asked")).unwrap_or_default();
    let source = fs::canonicalize(env!("CARGO_MANIFEST_DIR")).unwrap_or_default();
    assert!(asked.starts_with(&format!("{} install --locked", source.display())), "{asked}: {}", cargo.display());
}
