//! `stanch policy`, run as a user runs it.

use std::fs;

use serde_json::Value;
use stanch_testkit::{Run, Sandbox};

use crate::BINARY;

const MINE: &str = r#"// Mine.
@id("mine.lab")
@why("the lab may break")
permit (principal, action in [Action::"act", Action::"contain"], resource)
when { resource.hasTag("team") && resource.getTag("team") == "lab" };
"#;

const CASES: &str = r#"
shipped  = ["default"]
policies = ["mine.cedar"]

[facts]
verification = "active"
ownership    = "ours"
authority    = "self"
reversible   = true

[[case]]
name   = "the lab's keys are switched off"
facts  = { labels = { team = "lab" } }
expect = { verdict = "act", means = "contain", policies = ["mine.lab"] }
"#;

fn sandbox(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new(BINARY);
    for (name, text) in files {
        fs::write(sandbox.path().join(name), text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    sandbox
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", run.stdout, run.stderr))
}

#[test]
fn shipped_sets_are_sound_tested_and_shown() {
    let sandbox = sandbox(&[]);
    let check = sandbox.run(["policy", "check"]);
    assert_eq!((check.code, check.stdout.ends_with("policies are sound\n")), (Some(0), true), "{}", check.stderr);
    let test = sandbox.run(["policy", "test"]);
    assert_eq!(test.code, Some(0), "{}", test.stdout);
    assert!(test.stdout.contains("production: ") && !test.stdout.contains("no case reaches"), "{}", test.stdout);
    let list = sandbox.run(["policy", "show", "--format", "json"]);
    let names: Vec<Value> = json(&list).as_array().into_iter().flatten().map(|set| set["name"].clone()).collect();
    assert_eq!(names, ["default", "auto-public", "ai-keys", "production"]);
    let one = sandbox.run(["policy", "show", "production"]);
    assert!(one.stdout.starts_with("// Two persons"), "{}", one.stdout);
    let none = sandbox.run(["policy", "show", "nothing"]);
    assert_eq!((none.code, none.stderr.contains("there are default, auto-public")), (Some(2), true), "{}", none.stderr);
}

#[test]
fn a_mistake_is_told_with_its_place() {
    let wrong = MINE.replace("Action::\"contain\"", "Action::\"kill\"");
    let sandbox = sandbox(&[("mine.cedar", MINE), ("wrong.cedar", &wrong)]);
    assert_eq!(sandbox.run(["policy", "check", "mine.cedar"]).stdout, "1 policies are sound\n");
    let run = sandbox.run(["policy", "check", "wrong.cedar"]);
    assert_eq!((run.code, run.stderr.contains("wrong.cedar:4:")), (Some(2), true), "{}", run.stderr);
    let run = sandbox.run(["policy", "check", "wrong.cedar", "--format", "json"]);
    assert_eq!((run.code, json(&run)["defects"][0]["line"].as_u64()), (Some(2), Some(4)), "{}", run.stdout);
    let run = sandbox.run(["policy", "check", "mine.cedar", "mine.cedar"]);
    assert!(run.stderr.contains("`mine.lab` is the name of another policy, at mine.cedar:2"), "{}", run.stderr);
    assert_eq!(sandbox.run(["policy", "check", "nowhere.cedar"]).code, Some(2));
}

#[test]
fn cases_of_a_user_pass_or_say_what_differs() {
    let other = CASES.replace("means = \"contain\"", "means = \"revoke\"");
    let sandbox = sandbox(&[("mine.cedar", MINE), ("mine.test.toml", CASES), ("other.test.toml", &other)]);
    let run = sandbox.run(["policy", "test", "mine.test.toml"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.starts_with("mine.test.toml: 1 cases: 1 passed, 0 failed\n"), "{}", run.stdout);
    let run = sandbox.run(["policy", "test", "other.test.toml"]);
    assert_eq!(run.code, Some(1), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("means           expected revoke, got contain"), "{}", run.stdout);
    let run = sandbox.run(["policy", "test", "other.test.toml", "--format", "json"]);
    assert_eq!(json(&run)[0]["cases"][0]["differences"][0]["got"], "contain");
}

#[test]
fn a_decision_is_explained() {
    let sandbox = sandbox(&[("mine.cedar", MINE)]);
    let facts = br#"{"verification": "active", "ownership": "ours", "authority": "self", "reversible": true, "labels": {"team": "lab"}}"#;
    let explain = |words: &[&str]| sandbox.run_on([&["policy", "explain"], words].concat().iter(), facts);
    let run = explain(&["mine.cedar", "--shipped", "default", "--format", "json"]);
    let told = json(&run);
    assert_eq!((&told["decision"]["verdict"], &told["policies"][0]["id"]), (&"act".into(), &"mine.lab".into()));
    let run = explain(&["mine.cedar"]);
    assert!(run.stdout.starts_with("act contain  it is done at once\n"), "{}", run.stdout);
    assert!(run.stdout.contains("mine.lab permits (mine.cedar:2): the lab may break"), "{}", run.stdout);
    let run = explain(&[]);
    assert!(
        run.stdout.starts_with("ask revoke  people are asked: no policy permits anything else\n"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("1; each counts for 1d"), "{}", run.stdout);
    let run = sandbox.run_on(["policy", "explain"].iter(), br#"{"verificaton": "active"}"#);
    assert_eq!((run.code, run.stderr.contains("verificaton")), (Some(2), true), "{}", run.stderr);
}
