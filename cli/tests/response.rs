//! The verbs that act, run as a user runs them, against a double of OpenAI: what they show, what they do, what they keep, and that the
//! secret reaches nothing.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;
use stanch_testkit::double::{Cast, Double, Life, Role, Stage};
use stanch_testkit::{Canary, Run, Sandbox};

use crate::BINARY;

const KIND: &str = "openai.project-key";
/// A kind that is rotated by a call.
const ROTATED: &str = "openai.service-account-key";
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
        Self::of(KIND, cast, owner)
    }

    fn of(kind: &str, cast: Cast, owner: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testkit/doubles");
        let doubles = Double::load(&folder).unwrap_or_else(|defects| panic!("{defects:?}"));
        let double = doubles.iter().find(|double| double.kind() == kind);
        let stage = Stage::start(double.unwrap_or_else(|| panic!("{kind} is played")), cast);
        let sandbox = Sandbox::new(BINARY);
        let admin = stage.admin().get("secret").cloned().unwrap_or_default();
        let mut config =
            format!("[owners]\n\"*\" = [{owner:?}]\n[http]\npatience = 0.05\nbackoff_ms = 1\n[endpoints]\n");
        for host in stage.hosts() {
            let _ = writeln!(config, "{host:?} = {:?}", stage.origin());
        }
        let admin_file = sandbox.path().join("admin");
        let command = program(&sandbox, "responder", &format!("cat {}", admin_file.display()));
        fs::create_dir(sandbox.home().join("tmp")).unwrap_or_else(|error| panic!("{error}"));
        fs::write(&admin_file, &admin).unwrap_or_else(|error| panic!("{error}"));
        let _ = writeln!(config, "[responders.openai]\nsecret = {{ command = [{command:?}] }}");
        fs::write(sandbox.path().join("config.toml"), config).unwrap_or_else(|error| panic!("{error}"));
        let admin = if admin.is_empty() { "a kind that needs no responder has none".to_owned() } else { admin };
        let (leaked, admin) = (Canary::new(&stage.leaked().value, 8), Canary::new(&admin, 9));
        Self { stage, sandbox, leaked, admin }
    }

    fn run(&self, words: &[&str]) -> Run {
        self.run_with(words, &format!("{}\n", self.leaked.secret()))
    }

    fn run_with(&self, words: &[&str], input: &str) -> Run {
        let words = [words, &["--config", "config.toml"]].concat();
        let mut stanch = self.sandbox.stanch(words.iter());
        stanch.env("TMPDIR", self.sandbox.home().join("tmp"));
        let run = Run::of(&mut stanch, input.as_bytes());
        for text in [&run.stdout, &run.stderr] {
            assert_eq!(self.leaked.seen_in(text.as_bytes()), None, "{words:?}: {text}");
            assert_eq!(self.admin.seen_in(text.as_bytes()), None, "{words:?}: {text}");
        }
        run
    }

    fn revoke(&self, more: &[&str]) -> Run {
        self.run(&[&["revoke", "--rule", KIND], more].concat())
    }

    /// Nothing that the runs left behind in the home shows a secret: the journal, the cache, temporary files, what their children were told.
    fn nothing_is_left(&self) {
        for secret in [&self.leaked, &self.admin] {
            assert_eq!(secret.seen_below(&self.sandbox.home()), Vec::<String>::new());
        }
    }

    fn effects(&self) -> usize {
        self.stage.effects().len()
    }

    fn journal(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.sandbox.home().join("state/actions.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    }
}

/// A program that notes what reaches it in the home, its arguments and its environment, and then does something.
fn program(sandbox: &Sandbox, name: &str, does: &str) -> String {
    let path = sandbox.path().join(format!("{name}.sh"));
    let noted = sandbox.home().join(format!("{name}.noted"));
    sandbox.write(&path, format!("#!/bin/sh\n(echo \"$0 $*\"; env) > {}\n{does}\n", noted.display()));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap_or_else(|error| panic!("{error}"));
    path.display().to_string()
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
fn a_provider_that_nobody_knows_is_no_owner() {
    let sandbox = Sandbox::new(BINARY);
    for (section, hint) in [
        ("owners = { opnai = ['org-acme'] }", "`openai`?"),
        ("responders = { opnrouter = { secret = { env = 'X' } } }", "`openrouter`?"),
    ] {
        sandbox.write("config.toml", section);
        let run = sandbox.run(["responders", "list", "--config", "config.toml"]);
        assert!(run.code == Some(2) && run.stderr.contains(hint), "{}{}", run.stdout, run.stderr);
    }
}

#[test]
fn many_tokens_of_github_go_by_one_call() {
    const GITHUB: &str = "github.personal-access-token";
    let scene = Scene::of("github.pat-and-oauth", Cast::default(), "acme-dev");
    let nobodys = crate::token(41).secret().to_owned();
    // Twice the same, and one that GitHub does not know.
    let [leaked, other] = [scene.leaked.secret(), &scene.stage.other().value];
    let lines = format!("{leaked}\n\n{other}\r\n{leaked}\n{nobodys}\n");
    let words = ["revoke", "--rule", GITHUB, "--each-line"];
    let plan = scene.run_with(&words, &lines);
    assert_eq!(plan.code, Some(0), "{}{}", plan.stdout, plan.stderr);
    assert!(plan.stdout.ends_with("3 credentials: 2 to revoke, 1 dead before\n"), "{}", plan.stdout);
    assert_eq!((scene.effects(), scene.journal().len()), (0, 0));

    let done = scene.run_with(&[&words[..], &["--yes", "--format", "jsonl"]].concat(), &lines);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    assert!(!done.stdout.contains(other) && !done.stderr.contains(other));
    let outcomes: Vec<Value> =
        done.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}"))).collect();
    let revoked = outcomes.iter().filter(|one| one["report"]["outcome"]["outcome"] == "revoked").count();
    assert_eq!((outcomes.len(), revoked), (3, 2), "{}", done.stdout);
    assert!(!scene.stage.alive(Role::Leaked) && !scene.stage.alive(Role::Other));
    let calls = scene.stage.requests().into_iter().filter(|request| request.method == "POST").count();
    assert_eq!((calls, scene.journal().len()), (1, 6));
    scene.nothing_is_left();

    let stray = scene.run_with(&[&words[..], &["--yes"]].concat(), &format!("{other}\nsomething else\n"));
    assert_eq!(stray.code, Some(2), "{}{}", stray.stdout, stray.stderr);
    assert!(stray.stderr.contains("line 2: this is no GitHub"), "{}", stray.stderr);

    let nothing = scene.run_with(&words, "\n\n");
    assert_eq!(nothing.code, Some(2), "{}", nothing.stdout);
}

#[test]
fn what_is_of_another_kind_is_sent_to_nobody() {
    let scene = Scene::new(Cast::default());
    let github = crate::token(42);
    let secret = scene.leaked.secret();
    let others = [
        (github.secret().to_owned(), "github.personal-access-token"),
        (format!("OPENAI_API_KEY={secret}"), "give the secret alone"),
        (format!("\"{secret}\""), "give the secret alone"),
    ];
    for (other, hint) in &others {
        for words in [&["verify"][..], &["revoke", "--yes"], &["rotate", "--yes", "--to", "env-file:.env#A"]] {
            let rule = if words[0] == "rotate" { ROTATED } else { KIND };
            let run = scene.run_with(&[words, &["--rule", rule]].concat(), other);
            assert_eq!(run.code, Some(2), "{words:?}: {}{}", run.stdout, run.stderr);
            // What is called by the wrong name is told by its own, too.
            assert!(run.stderr.contains(hint) || words[0] == "rotate", "{words:?}: {}", run.stderr);
            assert!(github.seen_in(run.stderr.as_bytes()).is_none(), "{}", run.stderr);
        }
    }
    // A report by another tool that calls it so.
    let theirs =
        serde_json::json!([{ "RuleID": "openai-api-key", "Secret": "something else entirely 1234", "File": "a" }]);
    scene.sandbox.write("theirs.json", theirs.to_string());
    let run = scene.run(&["verify", "theirs.json"]);
    assert!(run.stdout.contains("1 unknown"), "{}{}", run.stdout, run.stderr);
    assert!(scene.stage.requests().is_empty());
}

#[test]
fn what_was_only_switched_off_is_no_death_and_can_be_finished_later() {
    const ROUTER: &str = "openrouter.api-key";
    let scene = Scene::of(ROUTER, Cast::default(), "user_2dHFtVWx2n56w6HkM0000000001");
    let config = scene.sandbox.path().join("config.toml");
    let text =
        fs::read_to_string(&config).unwrap_or_default().replace("[responders.openai]", "[responders.openrouter]");
    scene.sandbox.write(&config, text);
    let revoke = |more: &[&str]| scene.run(&[&["revoke", "--rule", ROUTER], more].concat());
    let plan = revoke(&["--contain"]);
    assert!(plan.stdout.contains("disable") && !plan.stdout.contains("delete"), "{}{}", plan.stdout, plan.stderr);
    let off = revoke(&["--contain", "--yes"]);
    assert_eq!(off.code, Some(0), "{}{}", off.stdout, off.stderr);
    assert!(off.stdout.contains("off; it could still be put on again"), "{}", off.stdout);
    assert!(!off.stdout.contains("delete") && !off.stdout.contains("revoked"), "{}", off.stdout);
    assert_eq!(scene.stage.life(Role::Leaked), Some(Life::Disabled));

    let more = revoke(&["--contain", "--yes"]);
    assert!(more.code == Some(3) && more.stdout.contains("--contain goes no further"), "{}", more.stdout);
    let done = revoke(&["--yes", "--format", "json"]);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    let told: Value = serde_json::from_str(&done.stdout).unwrap_or_default();
    let steps: Vec<&Value> = told["plan"]["steps"].as_array().into_iter().flatten().map(|step| &step["name"]).collect();
    assert_eq!((steps, &told["contained"]), (vec![&Value::from("delete")], &false.into()), "{}", done.stdout);
    assert_eq!((scene.stage.life(Role::Leaked), scene.effects()), (Some(Life::Deleted), 2));
    assert!(scene.stage.alive(Role::Other));

    let again = revoke(&["--yes"]);
    assert!(again.code == Some(0) && again.stdout.contains("refuses it already"), "{}", again.stdout);
    assert_eq!(scene.effects(), 2);
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

    let known = scene.run(&words);
    assert!(known.code == Some(1) && known.stderr.contains("--max-age 0 asks anew"), "{}", known.stderr);
    let known = scene.run(&["verify", "--rule", KIND]);
    assert!(known.stdout.contains("ago; --max-age 0 asks anew"), "{}", known.stdout);
    // What was done to it is known at once.
    assert_eq!(scene.revoke(&["--yes"]).code, Some(0));
    let asked = scene.run(&words);
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
        scene.nothing_is_left();
        let state = scene.sandbox.home();
        let noted = fs::read_to_string(state.join("responder.noted")).unwrap_or_default();
        assert!(noted.contains("PATH="), "the credential command ran: {noted}");
        for file in ["state/actions.jsonl", "state/verified.json"] {
            let mode = fs::metadata(state.join(file)).map(|meta| meta.permissions().mode() & 0o777);
            assert_eq!(mode.ok(), Some(0o600), "{file}");
        }
    }
}

#[test]
fn a_rotation_shows_neither_the_old_secret_nor_the_new_one() {
    for level in LEVELS {
        let scene = Scene::of(ROTATED, Cast::default(), "org-acme");
        let taken = scene.sandbox.path().join("taken");
        let taker = program(&scene.sandbox, "taker", &format!("cat > {}", taken.display()));
        let to = format!("command:{taker} --as KEY");
        let words = ["rotate", "--rule", ROTATED, "--to", "env-file:.env#OPENAI_API_KEY", "--to", &to];
        let runs = [&[][..], &["--yes"]].map(|more| scene.run(&[&words[..], more, *level].concat()));
        let [planned, done] = &runs;
        assert!(planned.stdout.contains("make a successor: POST api.openai.com/v1/organization"), "{}", planned.stdout);
        assert_eq!((planned.code, done.code), (Some(0), Some(0)), "{}{}", done.stdout, done.stderr);
        assert!(!scene.stage.alive(Role::Leaked) && scene.stage.alive(Role::New(0)), "{}", done.stdout);

        let minted = scene.stage.minted().pop().unwrap_or_else(|| panic!("a key was minted"));
        let successor = Canary::new(&minted.value, 8);
        for run in &runs {
            assert_eq!(successor.seen_in(run.stdout.as_bytes()), None, "{level:?}: {}", run.stdout);
            assert_eq!(successor.seen_in(run.stderr.as_bytes()), None, "{level:?}: {}", run.stderr);
        }
        scene.nothing_is_left();
        assert_eq!(successor.seen_below(&scene.sandbox.home()), Vec::<String>::new());
        let noted = fs::read_to_string(scene.sandbox.home().join("taker.noted")).unwrap_or_default();
        assert!(noted.contains("--as KEY") && noted.contains("PATH="), "the store ran: {noted}");
        // It stands in the stores and nowhere else, and the old one nowhere.
        assert_eq!(fs::read_to_string(&taken).unwrap_or_default(), minted.value);
        let file = fs::read_to_string(scene.sandbox.path().join(".env")).unwrap_or_default();
        assert!(file.contains(&minted.value));
        for known in [".env", "taken", "admin"] {
            fs::remove_file(scene.sandbox.path().join(known)).unwrap_or_else(|error| panic!("{known}: {error}"));
        }
        assert_eq!(successor.seen_below(scene.sandbox.root()), Vec::<String>::new());
        assert_eq!(scene.leaked.seen_below(scene.sandbox.root()), Vec::<String>::new());
    }
}

#[test]
fn nothing_is_made_that_could_not_be_handed_over() {
    let scene = Scene::of(ROTATED, Cast::default(), "org-acme");
    for (to, why) in [
        ("env-file:no/such/folder/.env#KEY", "its folder is not there"),
        ("command:./no-such-program", "there is no such program"),
        ("vault:kv/app#token", "vault"),
    ] {
        for more in [&[][..], &["--yes"]] {
            let run = scene.run(&[&["rotate", "--rule", ROTATED, "--to", to], more].concat());
            assert_eq!(run.code, Some(3), "{to}: {}{}", run.stdout, run.stderr);
            assert!(run.stdout.contains("nothing was made") && run.stdout.contains(why), "{to}: {}", run.stdout);
        }
    }
    assert_eq!((scene.effects(), scene.journal().len()), (0, 0));
    let help = scene.sandbox.run(["rotate", "--help"]);
    assert!(help.stdout.contains("vault:MOUNT/PATH#FIELD") && help.stdout.contains("env-file:"), "{}", help.stdout);
}

#[test]
fn reports_that_are_verified_show_no_secret() {
    for level in LEVELS {
        let scene = Scene::new(Cast::default());
        let line = format!("OPENAI_API_KEY={}", scene.leaked.secret());
        scene.sandbox.write("leak/.env", format!("{line}\n"));
        for format in ["json", "sarif"] {
            let report = scene.run(&["scan", "leak", "--format", format]);
            scene.sandbox.write(format!("ours.{format}"), report.stdout);
        }
        let theirs = serde_json::json!([{
            "RuleID": "openai-api-key", "Secret": scene.leaked.secret(), "Match": line, "File": "leak/.env", "StartLine": 1,
        }]);
        scene.sandbox.write("theirs.json", theirs.to_string());
        for report in ["ours.json", "ours.sarif", "theirs.json"] {
            for format in ["human", "json", "jsonl"] {
                let words = ["verify", report, "--root", ".", "--max-age", "0", "--format", format];
                let run = scene.run(&[&words[..], *level].concat());
                assert_eq!(run.code, Some(1), "{report} {format}: {}{}", run.stdout, run.stderr);
                assert!(run.stdout.contains("org-acme"), "{report} {format}: {}", run.stdout);
            }
        }
        // What cannot be read is told without it, too.
        scene.sandbox.write("broken.json", &theirs.to_string()[..theirs.to_string().len() - 4]);
        assert_eq!(scene.run(&[&["verify", "broken.json"][..], *level].concat()).code, Some(2));
        scene.nothing_is_left();
    }
}

#[test]
fn provider_files_are_checked_with_the_rules() {
    let sandbox = Sandbox::new(BINARY);
    let run = sandbox.run(["rules", "check"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout.contains("built-in rules are sound") && run.stdout.contains(" kinds, 0 mistakes"),
        "{}",
        run.stdout
    );

    let file = |authority: &str| {
        format!(
            "provider = 'acme'\nname = 'Acme'\n[[kind]]\nid = 'acme.key'\ntitle = 'Key'\nrules = ['acme.key']\nauthority = '{authority}'\n\
             trust = 'documented'\ndocs = ['https://docs.acme.example']\nmanual = {{ runbook = 'Delete it.', breaks = 'All.' }}\n"
        )
    };
    sandbox.write("acme.toml", file("none"));
    let alone = sandbox.run(["rules", "check", "--providers", "acme.toml"]);
    assert_eq!(alone.code, Some(2), "{}{}", alone.stdout, alone.stderr);
    assert!(alone.stderr.contains("there is no rule `acme.key`"), "{}", alone.stderr);
    sandbox.write("bad.toml", file("nobody"));
    let bad = sandbox.run(["rules", "check", "--providers", "bad.toml"]);
    assert!(bad.code == Some(2) && bad.stderr.contains("bad.toml"), "{}{}", bad.stdout, bad.stderr);
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
