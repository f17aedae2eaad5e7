//! The verbs that act, run as a user runs them, against a double of OpenAI: what they show, what they do, what they keep, and that the
//! secret reaches nothing.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;
use stanch_testkit::double::{Cast, Double, Role, Stage};
use stanch_testkit::{Canary, Run, Sandbox};

use crate::BINARY;

const KIND: &str = "openai.project-key";
const LEVELS: &[&[&str]] = &[&[], &["-v"], &["-vvvv"]];

/// A double of OpenAI, and a sandbox whose configuration calls its owner ours.
struct Scene {
    stage: Stage,
    sandbox: Sandbox,
    leaked: Canary,
    admin: Canary,
}

impl Scene {
    fn new(cast: Cast) -> Self {
        Self::with(cast, "org-acme")
    }

    fn with(cast: Cast, owner: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testkit/doubles");
        let doubles = Double::load(&folder).unwrap_or_else(|defects| panic!("{defects:?}"));
        let double = doubles.iter().find(|double| double.kind() == KIND);
        let stage = Stage::start(double.unwrap_or_else(|| panic!("{KIND} is played")), cast);
        let sandbox = Sandbox::new(BINARY);
        let admin = stage.admin().get("secret").cloned().unwrap_or_default();
        let mut config =
            format!("[owners]\nopenai = [{owner:?}]\n[http]\npatience = 0.05\nbackoff_ms = 1\n[endpoints]\n");
        for host in stage.hosts() {
            let _ = writeln!(config, "{host:?} = {:?}", stage.origin());
        }
        // The credential command notes what reaches it: its arguments and its environment.
        let command = sandbox.path().join("responder.sh");
        let noted = sandbox.home().join("noted");
        let script = format!(
            "#!/bin/sh\n(echo \"$0 $*\"; env) > {}\ncat {}\n",
            noted.display(),
            sandbox.path().join("admin").display()
        );
        fs::write(&command, script).unwrap_or_else(|error| panic!("{error}"));
        fs::set_permissions(&command, fs::Permissions::from_mode(0o700)).unwrap_or_else(|error| panic!("{error}"));
        fs::write(sandbox.path().join("admin"), &admin).unwrap_or_else(|error| panic!("{error}"));
        let _ = writeln!(config, "[responders.openai]\nsecret = {{ command = [{:?}] }}", command.display().to_string());
        fs::write(sandbox.path().join("config.toml"), config).unwrap_or_else(|error| panic!("{error}"));
        let (leaked, admin) = (Canary::new(&stage.leaked().value, 8), Canary::new(&admin, 9));
        Self { stage, sandbox, leaked, admin }
    }

    fn run(&self, words: &[&str]) -> Run {
        let words = [words, &["--config", "config.toml"]].concat();
        let run = self.sandbox.run_on(words.iter(), format!("{}\n", self.leaked.secret()).as_bytes());
        for text in [&run.stdout, &run.stderr] {
            assert_eq!(self.leaked.seen_in(text.as_bytes()), None, "{words:?}: {text}");
            assert_eq!(self.admin.seen_in(text.as_bytes()), None, "{words:?}: {text}");
        }
        run
    }

    fn revoke(&self, more: &[&str]) -> Run {
        self.run(&[&["revoke", "--rule", KIND], more].concat())
    }

    fn effects(&self) -> usize {
        self.stage.effects().len()
    }

    fn journal(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.sandbox.home().join("state/actions.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    }
}

#[test]
fn a_plan_changes_nothing_and_yes_does_exactly_it() {
    let scene = Scene::new(Cast::default());
    let plan = scene.revoke(&[]);
    assert_eq!(plan.code, Some(0), "{}{}", plan.stdout, plan.stderr);
    assert!(
        plan.stdout.contains(&scene.stage.leaked().id) && plan.stdout.contains("Nothing was changed"),
        "{}",
        plan.stdout
    );
    assert_eq!((scene.effects(), scene.journal().len()), (0, 0));

    let done = scene.revoke(&["--yes"]);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    assert!(done.stdout.contains("dead"), "{}", done.stdout);
    assert!(!scene.stage.alive(Role::Leaked) && scene.stage.alive(Role::Other));
    assert_eq!(scene.effects(), 1);
    let moments: Vec<_> = scene.journal().iter().filter_map(|line| Some(line["moment"].as_str()?.to_owned())).collect();
    assert_eq!(moments, ["intent", "result", "proof"]);

    let again = scene.revoke(&["--yes"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(again.stdout.contains("refuses it already"), "{}", again.stdout);
    assert_eq!((scene.effects(), scene.journal().len()), (1, 3));
    assert!(scene.stage.strays().is_empty(), "{:?}", scene.stage.strays());
}

#[test]
fn of_two_keys_that_look_alike_none_is_touched() {
    let scene = Scene::new(Cast { twin: true, ..Cast::default() });
    let run = scene.revoke(&["--yes"]);
    assert_eq!(run.code, Some(3), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("ambiguous: 2 keys could be meant"), "{}", run.stdout);
    assert_eq!((scene.effects(), scene.journal().len()), (0, 0));
}

#[test]
fn what_is_anothers_is_not_touched_even_if_a_person_says_otherwise() {
    let scene = Scene::with(Cast::default(), "org-somebody-else");
    for more in [&["--yes"][..], &["--yes", "--assume-ours"]] {
        let run = scene.revoke(more);
        assert_eq!(run.code, Some(3), "{}{}", run.stdout, run.stderr);
        assert!(run.stdout.contains("not ours"), "{}", run.stdout);
    }
    assert_eq!((scene.effects(), scene.journal().len()), (0, 0));
}

#[test]
fn offline_calls_nobody() {
    let scene = Scene::new(Cast::default());
    let run = scene.revoke(&["--yes", "--offline"]);
    assert_eq!(run.code, Some(3), "{}{}", run.stdout, run.stderr);
    let verified = scene.run(&["verify", "--rule", KIND, "--offline"]);
    assert!(verified.stdout.contains("offline"), "{}", verified.stdout);
    assert!(scene.stage.requests().is_empty());
}

#[test]
fn without_a_journal_nothing_is_revoked() {
    let scene = Scene::new(Cast::default());
    fs::write(scene.sandbox.home().join("state"), "a file where the folder should be")
        .unwrap_or_else(|error| panic!("{error}"));
    let run = scene.revoke(&["--yes"]);
    assert_eq!(run.code, Some(2), "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("no journal can be kept"), "{}", run.stderr);
    assert_eq!(scene.effects(), 0);
}

#[test]
fn a_scan_tells_what_is_alive_and_the_exit_code_with_it() {
    let scene = Scene::new(Cast::default());
    scene.sandbox.write("leak/.env", format!("OPENAI_API_KEY={}\n", scene.leaked.secret()));
    let words = ["scan", "leak", "--verify", "--fail-on", "verified", "--format", "jsonl"];
    let run = scene.run(&words);
    assert_eq!(run.code, Some(1), "{}{}", run.stdout, run.stderr);
    let finding: Value = serde_json::from_str(run.stdout.lines().next().unwrap_or_default()).unwrap_or_default();
    assert_eq!(finding["verification"]["status"], "active", "{}", run.stdout);
    assert!(finding["verification"]["identity"].to_string().contains("org-acme"), "{}", run.stdout);

    assert_eq!(scene.revoke(&["--yes"]).code, Some(0));
    let asked = scene.run(&[&words[..], &["--max-age", "0"]].concat());
    assert_eq!(asked.code, Some(0), "{}{}", asked.stdout, asked.stderr);
    assert!(asked.stdout.contains("inactive"), "{}", asked.stdout);
}

#[test]
fn the_secrets_reach_nothing_that_is_written_or_started() {
    for level in LEVELS {
        let scene = Scene::new(Cast::default());
        for words in [
            &["verify", "--rule", KIND][..],
            &["revoke", "--rule", KIND],
            &["revoke", "--rule", KIND, "--yes", "--format", "json"],
        ] {
            scene.run(&[words, *level].concat());
        }
        assert!(!scene.stage.alive(Role::Leaked));
        let state = scene.sandbox.home();
        assert_eq!(scene.leaked.seen_below(&state), Vec::<String>::new());
        assert_eq!(scene.admin.seen_below(&state), Vec::<String>::new());
        let noted = fs::read_to_string(state.join("noted")).unwrap_or_default();
        assert!(noted.contains("PATH="), "the credential command ran: {noted}");
        for file in ["state/actions.jsonl", "state/verified.json"] {
            let mode = fs::metadata(state.join(file)).map(|meta| meta.permissions().mode() & 0o777);
            assert_eq!(mode.ok(), Some(0o600), "{file}");
        }
    }
}

#[test]
fn every_kind_is_listed_with_what_can_be_done() {
    let sandbox = Sandbox::new(BINARY);
    let run = sandbox.run(["providers", "list", "--format", "json"]);
    let kinds: Vec<Value> = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.stderr));
    let count = |field: &str| kinds.iter().filter(|kind| kind[field] == true).count();
    assert!(count("verify") >= 220 && count("revoke") >= 150, "{} {}", count("verify"), count("revoke"));
    for kind in &kinds {
        for field in ["id", "provider", "authority", "proof", "tested_against"] {
            assert!(kind[field].is_string(), "{field}: {kind}");
        }
    }
    let checked = sandbox.run(["providers", "check"]);
    assert_eq!(checked.code, Some(0), "{}{}", checked.stdout, checked.stderr);
    assert!(sandbox.run(["providers", "list", "--hosts"]).stdout.contains("api.openai.com"));
}
