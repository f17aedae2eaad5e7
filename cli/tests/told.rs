//! Who is told, and who is asked, when a person works at the command line: notices at its end, groups of approvers, approvals that expire.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use stanch_pipeline::audit::SigningKey;
use stanch_pipeline::store::{Options, Place, Store, StoreKey};
use stanch_testkit::double::{Life, Role};

use crate::plan::Scene;
use crate::serve::Serving;

/// A program that is told, and remembers of what.
struct Listening {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Listening {
    /// It answers each request with this status.
    fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
        let port = listener.local_addr().map(|address| address.port()).unwrap_or_default();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(body) = answered(stream, status) {
                    kept.lock().unwrap_or_else(PoisonError::into_inner).push(body);
                }
            }
        });
        Self { port, heard }
    }

    /// The section that has everything told to it.
    fn section(&self) -> String {
        format!(
            "[notify.webhook.us]\nurl = {{ value = 'http://127.0.0.1:{}/' }}\nsecret = {{ command = ['printf', 'a-made-up-key-of-24-bytes'] }}\n\
             [[notify.route]]\nto = 'webhook.us'\n",
            self.port
        )
    }

    /// What it was told, by its names.
    fn heard(&self) -> Vec<String> {
        let bodies = self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let name = |body: &String| {
            let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
            body["type"].as_str().unwrap_or_default().to_owned()
        };
        bodies.iter().map(name).collect()
    }
}

/// Reads a request and answers it; gives its body.
fn answered(stream: TcpStream, status: u16) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if line.trim().is_empty() {
            break;
        }
        let header = line.to_ascii_lowercase();
        length = header.strip_prefix("content-length:").map_or(length, |value| value.trim().parse().unwrap_or(0));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    reader.get_mut().write_all(answer.as_bytes()).ok()?;
    String::from_utf8(body).ok()
}

/// How many notices wait in the store of a scene.
fn waiting(scene: &Scene) -> u64 {
    let state = scene.sandbox.home().join("state");
    let key = StoreKey::load_or_make(&state.join("store.key")).unwrap_or_else(|error| panic!("{error}"));
    let signing = SigningKey::load_or_make(&state.join("signing.key")).unwrap_or_else(|error| panic!("{error}"));
    let options = Options::new(Place::Sqlite(state.join("stanch.db")), key, signing);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let depths = runtime.unwrap_or_else(|error| panic!("{error}")).block_on(async {
        let store = Store::open(options).await.unwrap_or_else(|error| panic!("{error}"));
        store.depths().await.unwrap_or_else(|error| panic!("{error}"))
    });
    depths.values().map(|depth| depth.waiting).sum()
}

#[test]
fn where_nobody_is_named_nothing_waits_to_be_told() {
    let scene = Scene::new();
    scene.plan(&[]);
    assert_eq!(scene.apply(&[]).code, Some(0));
    assert_eq!(waiting(&scene), 0);
}

#[test]
fn what_is_due_is_told_at_the_end_of_the_command() {
    let listening = Listening::start(204);
    let scene = Scene::with(&listening.section());
    scene.plan(&[]);
    let done = scene.apply(&[]);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    let mut heard = listening.heard();
    heard.sort();
    assert_eq!(heard, ["incident.approval-needed", "incident.contained", "incident.dead", "incident.detected"]);
    assert_eq!(waiting(&scene), 0);
    let told = listening.heard.lock().unwrap_or_else(PoisonError::into_inner).concat();
    assert_eq!(scene.leaked.seen_in(told.as_bytes()), None);
}

#[test]
fn a_channel_that_is_down_delays_no_revocation_and_is_told_of() {
    let listening = Listening::start(503);
    let scene = Scene::with(&listening.section());
    scene.plan(&[]);
    let begun = Instant::now();
    let done = scene.apply(&[]);
    assert!(begun.elapsed() < Duration::from_secs(50), "it ends soon: {:?}", begun.elapsed());
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    assert_eq!(scene.stage.life(Role::Leaked), Some(Life::Deleted));
    assert!(done.stderr.contains("4 notices are not sent yet"), "{}", done.stderr);
    assert_eq!(waiting(&scene), 4);
}

/// The name of the one incident that is open.
fn open_incident(scene: &Scene) -> String {
    let list = scene.run(&["incident", "list", "--format", "json"]);
    let incidents: Vec<Value> = serde_json::from_str(&list.stdout).unwrap_or_default();
    incidents.first().and_then(|incident| incident["id"].as_str()).unwrap_or_default().to_owned()
}

#[test]
fn a_group_of_approvers_is_who_the_configuration_says() {
    let scene = Scene::with("[serve.groups]\nsecurity = ['bob', 'cy']\n");
    let policy = "@id(\"by.security\") @why(\"they know\") @approvers(\"security\")\n\
                  permit (principal, action == Action::\"ask\", resource);\n";
    scene.sandbox.write("group.cedar", policy);
    scene.plan(&["--policy", "group.cedar"]);
    let waits = scene.apply(&[]);
    assert!(
        waits.code == Some(3) && waits.stdout.contains("waits"),
        "ada is of no group: {}{}",
        waits.stdout,
        waits.stderr
    );
    let id = open_incident(&scene);
    let approve = |who: &str| {
        scene.run(&["incident", "approve", &id, "--as", who, "--policy", "group.cedar", "--config", "config.toml"])
    };
    let ada = approve("ada");
    assert!(ada.code == Some(2) && ada.stderr.contains("asks others to approve: security"), "{}", ada.stderr);
    assert_eq!(scene.effects(), 0);
    let bob = approve("bob");
    assert_eq!(bob.code, Some(0), "{}{}", bob.stdout, bob.stderr);
    assert_eq!(scene.stage.life(Role::Leaked), Some(Life::Deleted));
}

#[test]
fn whoever_applies_a_plan_approves_for_their_group() {
    let scene = Scene::with("[serve.groups]\nsecurity = ['ada']\n");
    let policy = "@id(\"by.security\") @why(\"they know\") @approvers(\"security\")\n\
                  permit (principal, action == Action::\"ask\", resource);\n";
    scene.sandbox.write("group.cedar", policy);
    scene.plan(&["--policy", "group.cedar"]);
    let done = scene.apply(&[]);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    assert_eq!(scene.stage.life(Role::Leaked), Some(Life::Deleted));
}

#[test]
fn an_approval_that_has_expired_is_not_acted_on() {
    let scene = Scene::new();
    let policy = "@id(\"two.soon\") @why(\"two people look, one soon after the other\") @approvals(\"2\") @approval_lasts(\"1s\")\n\
                  permit (principal, action == Action::\"ask\", resource);\n";
    scene.sandbox.write("soon.cedar", policy);
    scene.plan(&["--policy", "soon.cedar"]);
    let waits = scene.apply(&[]);
    assert!(waits.stdout.contains("1 of 2 approvals"), "{}{}", waits.stdout, waits.stderr);
    std::thread::sleep(Duration::from_millis(1200));
    let id = open_incident(&scene);
    let approve = |who: &str| {
        scene.run(&["incident", "approve", &id, "--as", who, "--policy", "soon.cedar", "--config", "config.toml"])
    };
    let late = approve("bob");
    assert_eq!(late.code, Some(3), "{}{}", late.stdout, late.stderr);
    assert!(late.stdout.contains("1 of 2 approvals"), "{}", late.stdout);
    assert!(late.stdout.contains("the approval of ada ended at "), "{}", late.stdout);
    assert_eq!((scene.effects(), scene.stage.alive(Role::Leaked)), (0, true));
    std::thread::sleep(Duration::from_millis(1200));
    let again = scene.run(&["apply", "plan.json", "--yes", "--as", "bob", "--config", "config.toml"]);
    assert!(again.code == Some(3) && again.stdout.contains("1 of 2 approvals"), "{}{}", again.stdout, again.stderr);
    assert_eq!(scene.effects(), 0, "whoever approved before approves anew, and is one");
    let sound = scene.run(&["audit", "verify"]);
    assert_eq!(sound.code, Some(0), "{}", sound.stderr);
}

#[test]
fn what_waits_for_people_for_too_long_is_told_by_the_server() {
    let listening = Listening::start(200);
    let more = format!(
        "[ownership]\nfallback = 'a@example.com'\n{}[notify]\noverdue = {{ low = ['1s'], medium = ['1s'], high = ['1s'], critical = ['1s'] }}\n",
        listening.section()
    );
    let scene = Scene::with(&more);
    let policy = "@id(\"two.people\") @why(\"two people look\") @approvals(\"2\")\n\
                  permit (principal, action == Action::\"ask\", resource);\n";
    scene.sandbox.write("two.cedar", policy);
    scene.plan(&["--policy", "two.cedar"]);
    assert_eq!(scene.apply(&[]).code, Some(3));
    std::thread::sleep(Duration::from_millis(1100));
    let serving = Serving::start(&scene.sandbox, &scene.sandbox.path().join("config.toml"));
    let begun = Instant::now();
    while !listening.heard().contains(&"incident.overdue".to_owned()) && begun.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(serving.stop(), Some(0));
    let overdue = listening.heard().iter().filter(|name| *name == "incident.overdue").count();
    assert_eq!(overdue, 1, "{:?}", listening.heard());
    let shown = scene.run(&["incident", "show", &open_incident(&scene)]);
    assert!(shown.stdout.contains("overdue"), "{}", shown.stdout);
}
