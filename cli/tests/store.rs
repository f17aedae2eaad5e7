//! A store that the configuration names: the same verbs on a real PostgreSQL, and what is said when it cannot be had.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;
use stanch_testkit::double::{Life, Role};
use stanch_testkit::{Postgres, Run, Sandbox};

use crate::BINARY;
use crate::plan::Scene;

/// The section that leads to a database, whose password is in a file.
fn section(server: &Postgres, database: &str, word: &Path) -> String {
    format!(
        "[store]\npostgres = \"postgres://admin@{}/{database}?sslmode=verify-full\"\nca = {:?}\npassword = {{ file = {:?} }}\n",
        server.host(),
        server.ca().display().to_string(),
        word.display().to_string()
    )
}

/// A file that only its owner can read.
fn private(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{error}"));
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap_or_else(|error| panic!("{error}"));
}

fn shows_no(word: &str, run: &Run) {
    assert!(!run.stdout.contains(word) && !run.stderr.contains(word), "{}{}", run.stdout, run.stderr);
}

#[test]
fn from_plan_to_a_sound_log_on_postgresql() {
    let server = Postgres::shared();
    let word = server.data().with_file_name("word-of-the-cli");
    private(&word, Postgres::WORD);
    let scene = Scene::with(&section(&server, &server.database(), &word));
    scene.plan(&[]);
    let done = scene.apply(&[]);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    assert_eq!(scene.stage.life(Role::Leaked), Some(Life::Deleted));
    assert_eq!(scene.effects(), 2);
    let on = |words: &[&str]| {
        let run = scene.run(&[words, &["--config", "config.toml"]].concat());
        assert_eq!(run.code, Some(0), "{words:?}: {}{}", run.stdout, run.stderr);
        shows_no(Postgres::WORD, &run);
        run.stdout
    };
    let listed: Vec<Value> = serde_json::from_str(&on(&["incident", "list", "--all", "--format", "json"]))
        .unwrap_or_else(|error| panic!("{error}"));
    let id = listed.first().and_then(|incident| incident["id"].as_str()).unwrap_or_default();
    let shown = on(&["incident", "show", id]);
    assert!(shown.contains("contained") && shown.contains("dead") && shown.contains("by ada"), "{shown}");
    assert!(on(&["audit", "verify"]).contains("sound"));
    assert!(on(&["audit", "export"]).lines().count() > 10);
    let key = on(&["audit", "key"]);
    assert!(on(&["audit", "anchor"]).contains(key.trim()), "the end is signed with this key");
    let state = scene.sandbox.home().join("state");
    assert!(!state.join("stanch.db").exists(), "nothing is kept in a file");
    let elsewhere = scene.run(&["incident", "list", "--all"]);
    assert!(elsewhere.stdout.contains("0 incidents"), "the file of this machine knows of none: {}", elsewhere.stdout);
    assert_eq!(scene.leaked.seen_below(&scene.sandbox.home()), Vec::<String>::new());
}

/// What `audit verify` says with a configuration.
fn verified(sandbox: &Sandbox, config: &str) -> Run {
    sandbox.write("config.toml", config);
    sandbox.run(["audit", "verify", "--config", "config.toml"])
}

#[test]
fn a_store_that_cannot_be_had_is_told_without_its_password() {
    let server = Postgres::shared();
    let sandbox = Sandbox::new(BINARY);
    let word = sandbox.root().join("word");
    let hush = format!("not-the-{}", "word");
    private(&word, &hush);
    let wrong = verified(&sandbox, &section(&server, &server.database(), &word));
    assert_eq!(wrong.code, Some(2), "{}", wrong.stdout);
    assert!(wrong.stderr.contains("the store cannot be opened"), "{}", wrong.stderr);
    shows_no(&hush, &wrong);
    for (config, told) in [
        (format!("[store]\npostgres = 'postgres://ann:{hush}@db/x'\n"), "holds a password"),
        (format!("[store]\npostgres = 'host=db password={hush}'\n"), "holds a password"),
        (format!("[store]\npath = 'x.db'\npostgres = 'postgres://db/{hush}'\n"), "a file and a server"),
        (format!("[store]\nword = '{hush}'\n"), "unknown field"),
        (format!("[stor]\npath = '{hush}'\n"), "unknown field"),
        ("[store]\npostgres = 'postgres://db/x'\npassword = { file = 'gone' }\n".to_owned(), "file `gone`"),
    ] {
        let run = verified(&sandbox, &config);
        assert!(run.code == Some(2) && run.stderr.contains(told), "{told}: {}", run.stderr);
        shows_no(&hush, &run);
    }
    assert!(!sandbox.home().join("state/stanch.db").exists(), "no other store is opened in its place");
}

#[test]
fn a_file_elsewhere_with_a_key_from_elsewhere() {
    let sandbox = Sandbox::new(BINARY);
    assert_eq!(sandbox.run(["audit", "verify"]).code, Some(0));
    let state = sandbox.home().join("state");
    let key = fs::read_to_string(state.join("store.key")).unwrap_or_else(|error| panic!("{error}"));
    private(&sandbox.root().join("key"), &key);
    fs::remove_file(state.join("store.key")).unwrap_or_else(|error| panic!("{error}"));
    let config = format!(
        "[store]\npath = '../elsewhere/stanch.db'\nkey = {{ file = {:?} }}\n",
        sandbox.root().join("key").display().to_string()
    );
    assert_eq!(verified(&sandbox, &config).code, Some(0));
    assert!(sandbox.root().join("elsewhere/stanch.db").exists());
    assert!(!state.join("store.key").exists(), "no key is made that nobody asked for");
    let made = sandbox.run(["serve", "token", "create", "ada", "--config", "config.toml"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let other = verified(&sandbox, "[store]\npath = '../elsewhere/stanch.db'\n");
    assert!(other.code == Some(2) && other.stderr.contains("another key"), "{}", other.stderr);
    shows_no(key.trim(), &other);
}
