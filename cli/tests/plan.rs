//! From findings to a plan to dead, run as a user runs it, against a double of `OpenRouter`, whose keys are disabled before they are deleted.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use stanch_testkit::double::{Cast, Double, Fault, Life, Role, Stage, Trigger};
use stanch_testkit::{Canary, Run, Sandbox};

use crate::BINARY;
use crate::reports::schema::{Schema, closed, read};

const KIND: &str = "openrouter.api-key";

/// A double, a repository that leaks its key, and findings of it.
pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) sandbox: Sandbox,
    pub(crate) leaked: Canary,
    pub(crate) admin: Canary,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// A scene whose configuration says more.
    pub(crate) fn with(more: &str) -> Self {
        Self::of(KIND, more, |stage| format!("OPENROUTER_API_KEY={}\n", stage.leaked().value))
    }

    /// A scene of another kind, in which a file leaks this.
    fn of(kind: &str, more: &str, leak: fn(&Stage) -> String) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testkit/doubles");
        let doubles = Double::load(&folder).unwrap_or_else(|defects| panic!("{defects:?}"));
        let double = doubles.iter().find(|double| double.kind() == kind);
        let stage = Stage::start(double.unwrap_or_else(|| panic!("{kind} is played")), Cast::default());
        let sandbox = Sandbox::new(BINARY);
        let admin = stage.admin().get("secret").cloned().unwrap_or_else(|| "a kind that needs no responder".to_owned());
        let file = sandbox.path().join("admin");
        fs::write(&file, &admin).unwrap_or_else(|error| panic!("{error}"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap_or_else(|error| panic!("{error}"));
        let mut config =
            "[owners]\n\"*\" = [\"acme-dev\"]\n[http]\npatience = 0.05\nbackoff_ms = 1\nper_minute = 60000\n[responders.openrouter]\n".to_owned();
        let _ = writeln!(config, "secret = {{ file = {:?} }}\n[endpoints]", file.display().to_string());
        for host in stage.hosts() {
            let _ = writeln!(config, "{host:?} = {:?}", stage.origin());
        }
        config.push_str(more);
        fs::write(sandbox.path().join("config.toml"), config).unwrap_or_else(|error| panic!("{error}"));
        let (leaked, admin) = (Canary::new(&stage.leaked().value, 12), Canary::new(&admin, 12));
        let scene = Self { stage, sandbox, leaked, admin };
        scene.sandbox.write("leak/.env", leak(&scene.stage));
        let found = scene.run(&["scan", "leak", "--format", "jsonl", "-o", "findings.jsonl"]);
        assert_eq!(found.code, Some(1), "{}{}", found.stdout, found.stderr);
        scene
    }

    pub(crate) fn run(&self, words: &[&str]) -> Run {
        let run = self.sandbox.run(words.iter());
        self.holds_no_secret(words, &run);
        run
    }

    pub(crate) fn holds_no_secret(&self, words: &[&str], run: &Run) {
        for text in [&run.stdout, &run.stderr] {
            assert_eq!(self.leaked.seen_in(text.as_bytes()), None, "{words:?}: {text}");
            assert_eq!(self.admin.seen_in(text.as_bytes()), None, "{words:?}: {text}");
        }
    }

    pub(crate) fn plan(&self, more: &[&str]) -> Run {
        let words = ["plan", "findings.jsonl", "-o", "plan.json", "--config", "config.toml"];
        let run = self.run(&[&words, more].concat());
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        run
    }

    pub(crate) fn apply(&self, more: &[&str]) -> Run {
        self.run(&[&["apply", "plan.json", "--yes", "--as", "ada", "--config", "config.toml"], more].concat())
    }

    pub(crate) fn effects(&self) -> usize {
        self.stage.effects().len()
    }
}

#[test]
fn tokens_of_github_are_applied_together() {
    let scene = Scene::of("github.pat-and-oauth", "", |stage| {
        format!("GITHUB_TOKEN={}\nGH_TOKEN={}\n", stage.leaked().value, stage.other().value)
    });
    let plan = scene.plan(&[]);
    assert!(plan.stdout.contains("2 to revoke") || plan.stdout.contains("2 need approval"), "{}", plan.stdout);
    let before = scene.stage.requests().len();
    let done = scene.apply(&[]);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    assert!(done.stdout.contains("2 of 2 as planned"), "{}", done.stdout);
    assert!(!scene.stage.alive(Role::Leaked) && !scene.stage.alive(Role::Other));
    // Both are on their way before the first of them is revoked.
    let asked: Vec<_> = scene.stage.requests().into_iter().skip(before).collect();
    let first = asked.iter().position(|request| request.method == "POST").unwrap_or_default();
    let ahead = |value: &str| {
        asked.iter().take(first).any(|one| one.header("authorization").is_some_and(|who| who.ends_with(value)))
    };
    assert!(ahead(scene.leaked.secret()) && ahead(&scene.stage.other().value), "one after the other");
}

#[test]
fn a_plan_says_all_and_changes_nothing_and_apply_does_exactly_it() {
    let scene = Scene::new();
    let plan = scene.plan(&[]);
    for word in
        [&scene.stage.leaked().id, "disable (can be undone)", "delete (cannot be undone)", "breaks", "1 to revoke"]
    {
        assert!(plan.stdout.contains(word), "{word}: {}", plan.stdout);
    }
    assert_eq!(scene.effects(), 0);
    let text = fs::read(scene.sandbox.path().join("plan.json")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(scene.leaked.seen_in(&text), None);
    let document: Value = serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{error}"));
    let registry = jsonschema::Registry::new().prepare().unwrap_or_else(|error| panic!("{error}"));
    Schema::build(&closed(read("docs/schema/plan.schema.json")), &registry).check(&document);

    let done = scene.apply(&[]);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    assert!(done.stdout.contains("dead") && done.stdout.contains("1 of 1 as planned"), "{}", done.stdout);
    assert_eq!(scene.stage.life(Role::Leaked), Some(Life::Deleted));
    assert!(scene.stage.alive(Role::Other));
    assert_eq!(scene.effects(), 2);
    assert!(scene.stage.strays().is_empty(), "{:?}", scene.stage.strays());

    let again = scene.apply(&[]);
    assert!(again.stdout.contains("dead"), "{}{}", again.stdout, again.stderr);
    assert_eq!(scene.effects(), 2);
    let gone = scene.plan(&[]);
    assert!(gone.stdout.contains("1 not live"), "{}", gone.stdout);
}

#[test]
fn what_was_done_is_told_and_proven() {
    let scene = Scene::new();
    scene.plan(&[]);
    scene.apply(&[]);
    let list = scene.run(&["incident", "list", "--all", "--format", "json"]);
    let incidents: Vec<Value> =
        serde_json::from_str(&list.stdout).unwrap_or_else(|error| panic!("{error}: {}", list.stderr));
    let id = incidents.first().and_then(|incident| incident["id"].as_str()).unwrap_or_default();
    let shown = scene.run(&["incident", "show", id]);
    for word in ["found", "alive", "planned", "approved", "by ada", "contained", "dead", "closed", "+0."] {
        assert!(shown.stdout.contains(word), "{word}: {}", shown.stdout);
    }
    let anchor = scene.run(&["audit", "anchor"]);
    assert_eq!(anchor.code, Some(0), "{}", anchor.stderr);
    scene.sandbox.write("anchors", &anchor.stdout);
    let sound = scene.run(&["audit", "verify", "--anchor", "anchors"]);
    assert!(sound.code == Some(0) && sound.stdout.contains("1 anchors fit"), "{}{}", sound.stdout, sound.stderr);
    for format in ["jsonl", "ocsf"] {
        let run = scene.run(&["audit", "export", "--format", format]);
        let lines = run.stdout.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count();
        assert!(lines > 10 && lines == run.stdout.lines().count(), "{format}: {}", run.stdout);
    }
    let state = scene.sandbox.home();
    assert_eq!(scene.leaked.seen_below(&state), Vec::<String>::new());
    assert_eq!(scene.admin.seen_below(&state), Vec::<String>::new());
    for file in ["store.key", "signing.key"] {
        let mode = fs::metadata(state.join("state").join(file)).map(|meta| meta.permissions().mode() & 0o777);
        assert_eq!(mode.ok(), Some(0o600), "{file}");
    }
}

#[test]
fn an_altered_plan_and_a_stale_one_are_refused() {
    let scene = Scene::new();
    scene.plan(&[]);
    let path = scene.sandbox.path().join("plan.json");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{error}"));
    scene.sandbox.write("plan.json", text.replacen("\"undoable\": true", "\"undoable\": false", 1));
    let altered = scene.apply(&[]);
    assert_eq!(altered.code, Some(2), "{}", altered.stdout);
    assert!(altered.stderr.contains("altered"), "{}", altered.stderr);

    scene.sandbox.write("plan.json", &text);
    scene.stage.set_life(Role::Leaked, Life::Deleted);
    let stale = scene.apply(&[]);
    assert_eq!(stale.code, Some(3), "{}{}", stale.stdout, stale.stderr);
    assert!(stale.stdout.contains("stale") && stale.stdout.contains("refuses it already"), "{}", stale.stdout);

    scene.sandbox.write("leak/.env", "nothing\n");
    let unread = scene.apply(&[]);
    assert_eq!(unread.code, Some(3), "{}{}", unread.stdout, unread.stderr);
    assert!(unread.stdout.contains("cannot be read again"), "{}", unread.stdout);
    assert_eq!(scene.effects(), 0);
}

#[test]
fn without_a_yes_nothing_is_done() {
    let scene = Scene::new();
    scene.plan(&[]);
    let run = scene.run(&["apply", "plan.json", "--as", "ada", "--config", "config.toml"]);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(run.stderr.contains("--yes"), "{}", run.stderr);
    assert_eq!(scene.effects(), 0);
}

#[test]
fn killed_in_the_middle_it_goes_on_and_repeats_nothing() {
    let scene = Scene::new();
    scene.plan(&[]);
    scene.stage.fault(Trigger::writes(), Fault::Slow(Duration::from_secs(30)));
    let words = ["apply", "plan.json", "--yes", "--as", "ada", "--config", "config.toml"];
    let mut command = scene.sandbox.stanch(words);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{error}"));
    let begun = Instant::now();
    while scene.effects() == 0 && begun.elapsed() < Duration::from_mins(1) {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().and_then(|()| child.wait()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(scene.effects(), 1, "it was killed after the first step, before its answer");
    scene.stage.no_faults();

    let again = scene.apply(&[]);
    assert_eq!(again.code, Some(0), "{}{}", again.stdout, again.stderr);
    assert_eq!(scene.stage.life(Role::Leaked), Some(Life::Deleted));
    assert_eq!(scene.effects(), 2, "{:?}", scene.stage.effects());
    let sound = scene.run(&["audit", "verify"]);
    assert_eq!(sound.code, Some(0), "{}", sound.stderr);
}

#[test]
fn where_two_have_to_approve_one_does_not_suffice() {
    let scene = Scene::new();
    let policy = "@id(\"two.people\") @why(\"two people look\") @approvals(\"2\")\n\
                  permit (principal, action == Action::\"ask\", resource);\n";
    scene.sandbox.write("two.cedar", policy);
    let plan = scene.plan(&["--policy", "two.cedar"]);
    assert!(plan.stdout.contains("1 needs approval"), "{}", plan.stdout);
    let waits = scene.apply(&[]);
    assert_eq!(waits.code, Some(3), "{}{}", waits.stdout, waits.stderr);
    assert!(waits.stdout.contains("1 of 2 approvals"), "{}", waits.stdout);
    assert_eq!(scene.effects(), 0);

    let id = open_incident(&scene);
    let more = ["--policy", "two.cedar", "--config", "config.toml"];
    let shown = scene.run(&["incident", "show", &id]).stdout;
    let read = shown.split_once("--plan ").and_then(|(_, plan)| plan.split_whitespace().next()).unwrap_or_default();
    assert!(read.starts_with("plan_") && shown.contains("disable: key with hash"), "{shown}");
    let other = scene.run(&[&["incident", "approve", &id, "--as", "bob", "--plan", "plan_0"][..], &more].concat());
    assert_eq!(other.code, Some(2), "{}{}", other.stdout, other.stderr);
    assert!(other.stderr.contains(read), "{}", other.stderr);
    let same = scene.run(&[&["incident", "approve", &id, "--as", "ada"][..], &more].concat());
    assert_eq!(same.code, Some(3), "{}{}", same.stdout, same.stderr);
    assert_eq!(scene.effects(), 0, "the same person twice is one");
    let second = scene.run(&[&["incident", "approve", &id, "--as", "bob", "--plan", read][..], &more].concat());
    assert_eq!(second.code, Some(0), "{}{}", second.stdout, second.stderr);
    assert_eq!(scene.stage.life(Role::Leaked), Some(Life::Deleted));
}

/// The name of the one incident that is open.
fn open_incident(scene: &Scene) -> String {
    let list = scene.run(&["incident", "list", "--format", "json"]);
    let incidents: Vec<Value> = serde_json::from_str(&list.stdout).unwrap_or_default();
    incidents.first().and_then(|incident| incident["id"].as_str()).unwrap_or_default().to_owned()
}

#[test]
fn what_is_closed_is_not_tried_again() {
    let scene = Scene::new();
    scene.plan(&[]);
    assert_eq!(scene.apply(&[]).code, Some(0));
    let list = scene.run(&["incident", "list", "--all", "--format", "json"]);
    let incidents: Vec<Value> = serde_json::from_str(&list.stdout).unwrap_or_default();
    let id = incidents.first().and_then(|incident| incident["id"].as_str()).unwrap_or_default();
    let again = scene.run(&["incident", "retry", id, "--as", "bob", "--config", "config.toml"]);
    assert_eq!(again.code, Some(2), "{}{}", again.stdout, again.stderr);
    assert!(again.stderr.contains("it is closed (killed"), "{}", again.stderr);
}

#[test]
fn an_end_tells_what_is_left_to_people() {
    let scene = Scene::new();
    let minted = stanch_rules::mint("{{KGAT_{hex-lower:32}}}", 5).unwrap_or_else(|error| panic!("{error}"));
    let nobodys = String::from_utf8_lossy(&minted.text).into_owned();
    scene.sandbox.write("leak/other.env", format!("KAGGLE_API_TOKEN={nobodys}\n"));
    scene.run(&["scan", "leak", "--format", "jsonl", "-o", "findings.jsonl"]);
    let policy = "@id(\"only.off\") @why(\"a test\")\n\
                  permit (principal, action in [Action::\"ask\", Action::\"contain\"], resource);\n";
    scene.sandbox.write("off.cedar", policy);
    let plan = scene.plan(&["--policy", "off.cedar"]);
    assert!(plan.stdout.contains("1 to revoke, 1 by hand"), "{}", plan.stdout);
    let run = scene.apply(&[]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let lines: Vec<&str> = run.stdout.lines().collect();
    let off = lines.first().and_then(|line| line.split_once("  off after ")).map(|(_, rest)| rest).unwrap_or_default();
    assert!(off.contains(" s; people are asked whether it dies"), "{}", run.stdout);
    assert_eq!(
        lines.get(1..3),
        Some(&["1 of 1 as planned", "1 of the plan are left to people:"][..]),
        "{}",
        run.stdout
    );
    assert!(lines.get(3).is_some_and(|line| line.contains("Kaggle")), "{}", run.stdout);
    assert!(!run.stdout.contains(&nobodys), "{}", run.stdout);
}

#[test]
fn a_plan_that_only_switches_off_never_kills_however_often_it_is_applied() {
    let scene = Scene::new();
    let policy = "@id(\"only.off\") @why(\"a person decides whether it dies\")\n\
                  permit (principal, action in [Action::\"ask\", Action::\"contain\"], resource);\n";
    scene.sandbox.write("off.cedar", policy);
    let plan = scene.plan(&["--policy", "off.cedar"]);
    assert!(plan.stdout.contains("disable (can be undone)") && !plan.stdout.contains("delete"), "{}", plan.stdout);
    for _ in 0..3 {
        let run = scene.apply(&[]);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        assert!(run.stdout.contains("off ") && run.stdout.contains("1 of 1 as planned"), "{}", run.stdout);
        assert_eq!(scene.stage.life(Role::Leaked), Some(Life::Disabled));
        assert_eq!(scene.effects(), 1);
    }
    let id = open_incident(&scene);
    let more = ["--policy", "off.cedar", "--config", "config.toml"];
    let approved = scene.run(&[&["incident", "approve", &id, "--as", "bob"][..], &more].concat());
    assert_eq!(approved.code, Some(0), "{}{}", approved.stdout, approved.stderr);
    assert_eq!(scene.stage.life(Role::Leaked), Some(Life::Deleted));
    assert_eq!(scene.effects(), 2);
}

#[test]
fn a_denied_plan_is_left_alone() {
    let scene = Scene::new();
    scene.sandbox.write(
        "two.cedar",
        "@id(\"two.people\") @why(\"x\") @approvals(\"2\") permit (principal, action == Action::\"ask\", resource);\n",
    );
    scene.plan(&["--policy", "two.cedar"]);
    scene.apply(&[]);
    let id = open_incident(&scene);
    let why = format!("it is {} of ours", scene.leaked.secret());
    let words =
        ["incident", "deny", &id, "--as", "bob", "--why", &why, "--policy", "two.cedar", "--config", "config.toml"];
    let run = scene.sandbox.run(words);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    scene.holds_no_secret(&["incident", "deny"], &run);
    assert!(run.stdout.contains("denied") && run.stdout.contains("by bob"), "{}", run.stdout);
    assert_eq!(scene.leaked.seen_below(&scene.sandbox.home()), Vec::<String>::new());
    assert_eq!(scene.effects(), 0);
}
