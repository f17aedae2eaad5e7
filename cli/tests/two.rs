//! Two servers on one database: what one begins the other ends, and nothing is done twice.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stanch_revokers::Origin;
use stanch_revokers::registry::{self, Entry};
use stanch_testkit::double::{Cast, Double, Role, Stage};
use stanch_testkit::{Postgres, Sandbox, played};

use crate::BINARY;
use crate::serve::{Serving, made_in};

/// At least so many incidents.
const MANY: usize = 30;

/// Kinds that a person has to say more of, or that share what acts for us with another.
const NOT_ALONE: [&str; 4] = ["gcp.storage-hmac-key", "perplexity.api-key", "pinecone.api-key", "tavily.api-key"];

/// Everything of ours that is alive and leaked dies at once.
const POLICY: &str = "@id(\"two.all\") @why(\"a test\")\n\
    permit (principal, action in [Action::\"act\", Action::\"revoke\"], resource);\n";

fn must<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

/// One stage for each kind that a program can report by its value and parts alone and that a call kills, of those whose hosts nobody else plays.
fn stages() -> Vec<(Entry, Stage)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testkit/doubles");
    let doubles = Double::load(&folder).unwrap_or_else(|defects| panic!("{defects:?}"));
    let (mut played, mut hosts) = (Vec::new(), BTreeSet::new());
    for double in &doubles {
        let Some(entry) = registry::by_id(double.kind()) else { continue };
        if entry.kind.revoke.is_empty() || entry.kind.rules.is_empty() || NOT_ALONE.contains(&double.kind()) {
            continue;
        }
        let stage = Stage::start(double, Cast::default());
        let alone = stage.hosts().iter().all(|host| !hosts.contains(host));
        let credential = played::credential(&entry, &stage, stage.leaked());
        let told = credential.given.values().any(|(origin, _)| *origin == Origin::User);
        if alone && !told && credential.facts.is_empty() {
            hosts.extend(stage.hosts().iter().cloned());
            played.push((entry, stage));
        }
    }
    played
}

/// The configuration of both: the stages, and a database that they share.
fn config(stages: &[(Entry, Stage)], server: &Postgres, database: &str, trusted: &[String]) -> String {
    let stages: Vec<(&Entry, &Stage)> = stages.iter().map(|(entry, stage)| (entry, stage)).collect();
    let mut all = played::config(&stages, 0.05);
    all["ownership"] = json!({ "fallback": "security@example.com" });
    all["store"] = json!({ "postgres": server.url(database), "trusted": trusted });
    must(toml::to_string(&all))
}

/// A home whose keys are those of another, but that it signs with its own.
fn home(of: Option<&Sandbox>) -> Sandbox {
    let sandbox = Sandbox::new(BINARY);
    let state = |sandbox: &Sandbox| sandbox.home().join("state");
    if let Some(of) = of {
        must(fs::create_dir_all(state(&sandbox)));
        for name in ["fingerprint.key", "store.key"] {
            let to = state(&sandbox).join(name);
            must(fs::copy(state(of).join(name), &to));
            must(fs::set_permissions(&to, fs::Permissions::from_mode(0o600)));
        }
    }
    sandbox
}

fn written(sandbox: &Sandbox, text: &str) -> PathBuf {
    sandbox.write("two.cedar", POLICY);
    sandbox.write("config.toml", text)
}

/// What a program would report of the key that leaked from a stage.
#[expect(clippy::disallowed_methods, reason = "the secrets are made up, and sent to our own server")]
fn report(entry: &Entry, rule: &str, stage: &Stage, number: usize) -> Value {
    let credential = played::credential(entry, stage, stage.leaked());
    let text = |value: &stanch_model::Secret| String::from_utf8_lossy(value.expose()).into_owned();
    let parts: BTreeMap<&String, String> =
        credential.given.iter().map(|(name, (_, value))| (name, text(value))).collect();
    json!({
        "secret": stage.leaked().value, "rule": rule, "parts": parts, "exposure": "internal",
        "occurrences": [{ "source": "shop", "place": format!("app.env:{number}") }],
    })
}

fn incidents(serving: &Serving, token: &str) -> Vec<Value> {
    let (status, body) = serving.ask("GET", "/api/v1/incidents?limit=200", Some(token), None);
    assert_eq!(status, 200, "{body}");
    let answer: Value = must(serde_json::from_str(&body));
    answer["incidents"].as_array().cloned().unwrap_or_default()
}

#[test]
fn every_incident_ends_once_although_one_of_two_servers_is_killed() {
    let (stages, server) = (stages(), Postgres::shared());
    let database = server.database();
    // The second has the keys that the first made, and each is told whom the other signs as.
    let first = home(None);
    let open = config(&stages, &server, &database, &[]);
    written(&first, &open);
    let signs_as = |sandbox: &Sandbox| {
        let run = sandbox.run(["audit", "key", "--config", "config.toml"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.stdout.trim().to_owned()
    };
    let one = signs_as(&first);
    let second = home(Some(&first));
    written(&second, &open);
    let two = signs_as(&second);
    assert_ne!(one, two);
    let both = config(&stages, &server, &database, &[one, two]);
    let files = [written(&first, &both), written(&second, &both)];
    let token = made_in(&first, &["--config", "config.toml"], "ci", "responder");
    let policy = ["--policy", "two.cedar"];
    let mut killed = Serving::with(&first, &files[0], &policy);
    let stays = Serving::with(&second, &files[1], &policy);

    for (number, (entry, stage)) in stages.iter().enumerate() {
        // Each is told to both, as a job of CI that tries again would.
        for serving in [&killed, &stays] {
            // A kind may have several rules, of which one knows the form of this key.
            let taken = entry.kind.rules.iter().any(|rule| {
                let report = report(entry, rule, stage, number);
                let (status, said) = serving.ask("POST", "/api/v1/findings", Some(&token), Some(&report));
                assert!([200, 201, 422].contains(&status), "{rule}: {status} {said}");
                status != 422
            });
            assert!(taken, "{}", entry.kind.id);
        }
    }
    let done = || stages.iter().map(|(_, stage)| stage.effects().len()).sum::<usize>();
    let begun = Instant::now();
    while done() < 3 && begun.elapsed() < Duration::from_mins(1) {
        std::thread::sleep(Duration::from_millis(1));
    }
    must(killed.child.kill());
    must(killed.child.wait());

    let begun = Instant::now();
    let all = loop {
        let all = incidents(&stays, &token);
        if all.iter().all(|incident| incident["state"] == "closed") || begun.elapsed() > Duration::from_mins(2) {
            break all;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    assert!(all.len() == stages.len() && all.len() >= MANY, "{} of {}", all.len(), stages.len());
    let killed = |incident: &&Value| incident["state"] == "closed" && incident["ending"] == "killed";
    if !all.iter().all(|incident| killed(&incident)) {
        let list = second.run(["incident", "list", "--limit", "200", "--format", "json", "--config", "config.toml"]);
        let open: Vec<Value> = serde_json::from_str(&list.stdout).unwrap_or_default();
        let why: Vec<String> =
            open.iter().map(|one| format!("{} {}: {}", one["kind"], one["state"], one["trouble"])).collect();
        panic!("of {} these did not end:\n{}", all.len(), why.join("\n"));
    }
    for (entry, stage) in &stages {
        nothing_twice(&entry.kind.id, stage);
    }
    assert_eq!(stays.stop(), Some(0));
    let sound = second.run(["audit", "verify", "--config", "config.toml"]);
    assert!(sound.code == Some(0) && sound.stdout.contains("sound"), "{}{}", sound.stdout, sound.stderr);
}

/// The leaked key is dead, its neighbour lives, and no change was made twice.
fn nothing_twice(kind: &str, stage: &Stage) {
    assert!(!stage.alive(Role::Leaked), "{kind}: it lives");
    assert!(stage.alive(Role::Other), "{kind}: another key died");
    assert!(stage.strays().is_empty(), "{kind}: {:?}", stage.strays());
    let mut changes: BTreeMap<String, usize> = BTreeMap::new();
    for done in stage.effects().iter().filter(|done| done.changed) {
        *changes.entry(format!("{:?} {:?}", done.effect, done.role)).or_default() += 1;
    }
    assert!(changes.values().all(|times| *times == 1), "{kind}: {changes:?}");
}

#[test]
fn another_key_of_fingerprints_is_refused_on_a_shared_database() {
    let server = Postgres::shared();
    let config = format!("[store]\npostgres = {:?}\n", server.url(&server.database()));
    let first = home(None);
    first.write("config.toml", &config);
    assert_eq!(first.run(["audit", "verify", "--config", "config.toml"]).code, Some(0));
    let second = home(Some(&first));
    second.write("config.toml", &config);
    assert_eq!(second.run(["audit", "verify", "--config", "config.toml"]).code, Some(0));
    must(fs::remove_file(second.home().join("state/fingerprint.key")));
    let other = second.run(["audit", "verify", "--config", "config.toml"]);
    assert!(other.code == Some(2) && other.stderr.contains("fingerprint.key"), "{}{}", other.stdout, other.stderr);
}
