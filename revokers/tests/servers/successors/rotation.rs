//! Whole rotations: a successor is made, handed over and checked before the old one dies, and is taken back where that fails.

use super::*;

/// A provider in memory.
#[derive(Debug, Default)]
struct World {
    alive: BTreeSet<String>,
    minted: u32,
    /// Whether the answer that gives the successor is lost.
    loses: bool,
    /// How often the list is asked until it shows a successor.
    late: u32,
}

#[derive(Debug)]
struct Fake(Arc<Mutex<World>>);

fn ready<'a, T: Send + 'a>(value: T) -> Doing<'a, T> {
    Box::pin(std::future::ready(value))
}

impl Revoker for Fake {
    fn issuer(&self) -> &'static str {
        "Fake"
    }

    fn probe<'a>(&'a self, _: &'a Context, credential: &'a Credential) -> Doing<'a, Probe> {
        let alive = credential.text().is_ok_and(|text| with(&self.0, |world| world.alive.contains(text)));
        ready(if alive { Probe::active(Identity::default()) } else { Probe::of(Liveness::Inactive) })
    }

    fn locate<'a>(&'a self, _: &'a Context, _: &'a Credential, _: &'a Probe) -> Doing<'a, Result<Target, Outcome>> {
        ready(Ok(Target { found_by: "by its value".to_owned(), listed: true, ..Target::default() }))
    }

    fn steps<'a>(&'a self, _: &'a Context, _: &'a Credential, _: &'a Target) -> Doing<'a, Result<Vec<Step>, Outcome>> {
        let (name, target, request) = ("delete".to_owned(), "the key".to_owned(), "DELETE".to_owned());
        ready(Ok(vec![Step { index: 0, name, kind: StepKind::Final, target, request, settle: 5 }]))
    }

    fn perform<'a>(
        &'a self,
        _: &'a Context,
        credential: &'a Credential,
        _: &'a Target,
        _: &'a Step,
    ) -> Doing<'a, Outcome> {
        with(&self.0, |world| credential.text().is_ok_and(|text| world.alive.remove(text)));
        ready(Outcome::Accepted)
    }

    fn undo<'a>(&'a self, _: &'a Context, _: &'a Credential, _: &'a Target, _: &'a Step) -> Doing<'a, Outcome> {
        ready(Outcome::NotPermitted { why: "final".to_owned() })
    }

    fn mint<'a>(
        &'a self,
        _: &'a Context,
        _: &'a Credential,
        _: &'a Target,
        _: &'a str,
    ) -> Doing<'a, Result<Successor, Outcome>> {
        let loses = with(&self.0, |world| {
            world.alive.insert(NEW.to_owned());
            world.minted += 1;
            world.loses
        });
        ready(if loses { Err(Outcome::Unknown { why: Why::Answer { status: 502 } }) } else { Ok(new(NEW)) })
    }

    fn find_successor<'a>(
        &'a self,
        _: &'a Context,
        _: &'a Credential,
        _: &'a Target,
        _: &'a str,
    ) -> Doing<'a, Result<Option<String>, Outcome>> {
        let shown = with(&self.0, |world| {
            let shown = world.late == 0 && world.alive.contains(NEW);
            world.late = world.late.saturating_sub(1);
            shown
        });
        ready(Ok(shown.then(|| "id-2".to_owned())))
    }

    fn remove_successor<'a>(
        &'a self,
        _: &'a Context,
        _: &'a Credential,
        _: &'a Target,
        id: &'a str,
    ) -> Doing<'a, Outcome> {
        assert_eq!(id, "id-2");
        with(&self.0, |world| world.alive.remove(NEW));
        ready(Outcome::Accepted)
    }
}

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl Journal for Lines {
    fn record<'a>(&'a self, line: &'a Line) -> Doing<'a, io::Result<()>> {
        Box::pin(async move {
            let text = serde_json::to_string(line)?;
            with(&self.0, |lines| lines.push(text));
            Ok(())
        })
    }
}

const OLD: &str = "the-old-secret";

/// Rotates a credential to a store. Returns what came of it and who is alive then: the old one, the new one.
fn rotate(cx: &Context, to: &str) -> (Rotation, bool, bool) {
    let (rotation, world) = rotate_in(World::default(), cx, to, |_| {});
    assert_eq!(world.minted, 1);
    (rotation, world.alive.contains(OLD), world.alive.contains(NEW))
}

/// The same in a world in which something happens after the plan was made.
fn rotate_in(mut world: World, cx: &Context, to: &str, meanwhile: fn(&mut World)) -> (Rotation, World) {
    world.alive.insert(OLD.to_owned());
    let world = Arc::new(Mutex::new(world));
    let known = registry::by_id("openai.project-key").unwrap_or_else(|| panic!("no such kind"));
    let entry = Entry { revoker: Box::new(Fake(Arc::clone(&world))), ..known };
    let secret = Secret::new(OLD.as_bytes().to_vec());
    let fingerprint = FingerprintKey::from_bytes([7; 32]).fingerprint(&secret);
    let credential = Credential::new(secret, fingerprint);
    let sinks = [successor::parse(to).unwrap_or_else(|error| panic!("{error}"))];
    let lines = Lines::default();
    let rotation = block_on(async {
        let plan = act::plan(cx, &entry, &credential, Consent { ours: true, ..Consent::default() }).await;
        let plan = plan.unwrap_or_else(|refusal| panic!("{refusal}"));
        with(&world, meanwhile);
        act::rotate(cx, &entry, &credential, &plan, "stanch-1", &sinks, &lines)
            .await
            .unwrap_or_else(|error| panic!("{error}"))
    });
    let written = with(&lines.0, |lines| lines.join("\n")) + &format!("{rotation:?}");
    assert!(!written.contains(NEW) && !written.contains(OLD), "{written}");
    let world = with(&world, std::mem::take);
    (rotation, world)
}

#[test]
fn a_rotation_ends_with_the_new_one_in_the_store_and_the_old_one_dead() {
    let (state, inside) = shared((1, json!({ "token": "the-old-secret", "n": 1 })));
    let server = Server::start(move |asked| with(&inside, |state| vault(asked, state, &mut 0)));
    let cx = context(&["vault.example.com"], Some(&server));
    let (rotation, old, new) = rotate(&cx, "vault:kv/team/app#token");
    assert_eq!((old, new, rotation.failed.as_deref()), (false, true, None));
    assert!(rotation.old.is_some_and(|report| report.outcome.is_dead()));
    assert_eq!(with(&state, |state| state.1.clone()), json!({ "token": NEW, "n": 1 }));
}

#[test]
fn a_store_that_fails_leaves_the_old_one_alive_and_no_successor() {
    let server = Server::start(|asked| match asked.method.as_str() {
        "GET" => (200, json!({ "data": { "data": {}, "metadata": { "version": 1 } } })),
        _ => (403, json!({ "errors": ["permission denied"] })),
    });
    let cx = context(&["vault.example.com"], Some(&server));
    let (rotation, old, new) = rotate(&cx, "vault:kv/team/app#token");
    assert_eq!((old, new), (true, false));
    assert!(rotation.failed.is_some_and(|why| why.contains("may not do it")));
    assert!(rotation.old.is_none() && rotation.delivered.is_empty() && rotation.removed.is_some());
}

#[test]
fn a_store_that_forgets_fails_its_check_and_the_old_one_stays() {
    let server = Server::start(|asked| match asked.method.as_str() {
        "GET" => (200, json!({ "data": { "data": { "token": "the-old-secret" }, "metadata": { "version": 1 } } })),
        _ => (200, json!({ "data": { "version": 2 } })),
    });
    let cx = context(&["vault.example.com"], Some(&server));
    let (rotation, old, new) = rotate(&cx, "vault:kv/team/app#token");
    assert!(old && rotation.old.is_none() && rotation.delivered.is_empty());
    assert!(rotation.failed.is_some_and(|why| why.ends_with("another value stands there")));
    // It was stored, and somebody may have read it there.
    assert!(new && rotation.removed.is_none(), "{:?}", rotation.removed);
}

#[test]
fn what_died_meanwhile_gets_no_successor() {
    let dir = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let to = format!("env-file:{}#TOKEN", dir.path().join(".env").display());
    let (rotation, world) = rotate_in(World::default(), &context(&[], None), &to, |world| world.alive.clear());
    assert_eq!(world.minted, 0);
    assert!(rotation.failed.is_some_and(|why| why.contains("no successor is asked for")));
    assert!(rotation.old.is_some_and(|report| report.outcome == Outcome::AlreadyDead && report.complete));
}

#[test]
fn a_successor_whose_answer_was_lost_is_found_though_the_list_shows_it_late() {
    let dir = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let to = format!("env-file:{}#TOKEN", dir.path().join(".env").display());
    let mut cx = context(&[], None);
    cx.config.http.patience = 1.0;
    cx.http = Client::new(&cx.config, false).unwrap_or_else(|error| panic!("{error}"));
    let world = World { loses: true, late: 2, ..World::default() };
    let (rotation, world) = rotate_in(world, &cx, &to, |_| {});
    assert_eq!((world.minted, world.alive.contains(OLD), world.alive.contains(NEW)), (1, true, false));
    assert_eq!(rotation.removed, Some(Outcome::Accepted));
}

#[test]
fn what_a_command_did_before_it_failed_nobody_knows() {
    let cx = context(&[], None);
    let stored = |to: &str| {
        let sink = successor::parse(to).unwrap_or_else(|error| panic!("{error}"));
        block_on(sink.store(&cx, &new(NEW))).map_err(|error| error.may_be_stored)
    };
    assert_eq!(stored("command:false"), Err(true));
    assert_eq!(stored("command:/nowhere/at/all"), Err(false));
}
