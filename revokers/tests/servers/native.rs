//! The points of the conformance suite for kinds that have no double, since their requests are signed: each fault strikes each of their requests.
//!
//! What came of it is kept in `native.tsv`, from which `docs/conformance.tsv` takes its numbers; `bash .ci/conformance` writes both anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

use serde_json::json;
use stanch_model::Secret;
use stanch_revokers::act::{self, Consent, Goal, Ownership, Plan, Refusal};
use stanch_revokers::config::Config;
use stanch_revokers::kind::Authority;
use stanch_revokers::{Liveness, Origin, Outcome, Probe, registry};
use stanch_testkit::double::Fault;

use crate::amiss::faults;
use crate::stand_in::{Ask, Scene, StandIn};
use crate::{azure, signed};

/// A provider's stand-in, a leaked credential, and what became of it.
pub(crate) struct House {
    pub(crate) server: StandIn,
    pub(crate) scene: Scene,
    /// Whether the leaked one lives.
    pub(crate) lives: Box<dyn Fn() -> bool + Send>,
    /// Whether all others do.
    pub(crate) others: Box<dyn Fn() -> bool + Send>,
    /// Somebody else ends the leaked one.
    pub(crate) kill: Box<dyn Fn() + Send>,
}

/// Makes a house anew.
pub(crate) type Build = Box<dyn Fn() -> House + Send + Sync>;

/// Whether a point passed; `None` if the kind has nothing of what it is about; else what is wrong.
type Played = Result<Option<()>, String>;

/// Tries a point.
type Play = fn(&Build) -> Played;

fn houses() -> Vec<(&'static str, Build)> {
    let mut all: Vec<(&'static str, Build)> = vec![
        ("akamai.edgegrid-credential", Box::new(signed::akamai_house)),
        ("alibaba.ram-access-key", Box::new(signed::alibaba_house)),
        ("azure.devops-pat", Box::new(azure::devops_house)),
        ("azure.entra-app-client-secret", Box::new(azure::entra_house)),
        ("gcp.adc-authorized-user", Box::new(signed::refresh_token_house)),
        ("gcp.service-account-key", Box::new(signed::google_house)),
        ("kubernetes.service-account-token", Box::new(signed::cluster_house)),
        ("oci.api-signing-key", Box::new(signed::oracle_house)),
        ("oci.auth-token-customer-secret", Box::new(signed::oracle_secret_house)),
        ("ovh.consumer-key", Box::new(signed::ovh_house)),
        ("tencent.cam-secret", Box::new(signed::tencent_house)),
    ];
    all.extend(azure::service_houses());
    all
}

/// Kinds that are revoked and stand neither here nor among the doubles, and what tries them in place of it.
const EXCUSES: &[(&str, &str)] = &[
    (
        "aws.bedrock-long-term-key",
        "aws_services.rs: revoked by a responder; its requests are those of aws.service-specific-credential",
    ),
    (
        "aws.bedrock-short-term-key",
        "no emulator has Bedrock; only its session is revoked, as that of aws.sts-role-session",
    ),
    (
        "aws.console-password",
        "moto.rs: an emulator that enforces authorisation, with its own refusals, lost answers and strangers",
    ),
    (
        "aws.iam-user-access-key",
        "moto.rs: an emulator that enforces authorisation, with its own refusals, lost answers and strangers",
    ),
    ("aws.root-access-key", "no emulator has a root user; the code is that of aws.iam-user-access-key"),
    ("aws.service-specific-credential", "aws_services.rs: a stand-in that answers in XML"),
    (
        "aws.ses-smtp-password",
        "moto.rs: an emulator that enforces authorisation, with its own refusals, lost answers and strangers",
    ),
    (
        "aws.sts-role-session",
        "moto.rs: an emulator that enforces authorisation, with its own refusals, lost answers and strangers",
    ),
    ("aws.sts-user-session", "no emulator gives sessions to users; the code is that of aws.iam-user-access-key"),
    (
        "azure.entra-user-tokens",
        "azure.rs: no question tells whether it lives, so that nothing but the provider's word can be tried",
    ),
    (
        "azure.storage-account-key",
        "azurite.rs: an emulator that checks signatures; Resource Manager's part is that of azure.openai-key",
    ),
    (
        "mysql.user-password",
        "mariadb.rs: a real server; wires.rs breaks the wire to it in 19 ways, as it speaks no HTTP",
    ),
    (
        "postgres.role-password",
        "postgres.rs: a real server; wires.rs breaks the wire to it in 19 ways, as it speaks no HTTP",
    ),
    ("rabbitmq.user", "rabbitmq.rs: a real server; its requests are carried out by the engine that all doubles try"),
    (
        "redis.acl-or-requirepass",
        "redis.rs: a real server; wires.rs breaks the wire to it in 19 ways, as it speaks no HTTP",
    ),
    (
        "ssh.private-key-github",
        "openssh.rs: keys that OpenSSH made; the request is that of github.user-ssh-key, which has a double",
    ),
    ("ssh.private-key-gitlab", "openssh.rs: keys that OpenSSH made, found by the fingerprint that it tells"),
    ("tls.acme-certificate-key", "pebble.rs: a real server of ACME, which refuses nonces by itself"),
];

/// How often a scene asks before it gives up, and how long it waits.
fn hurried(house: &mut House, fault: &Fault) {
    let slow = matches!(fault, Fault::Slow(_));
    house.scene.changed(|config| {
        config.http.longest_wait_s = 0;
        config.http.patience = 0.01;
        if slow {
            (config.http.timeout_ms, config.http.attempts) = (250, 1);
        }
    });
}

/// What is wrong whatever the point is about.
fn harm(house: &House, trap: &StandIn, said: &str) -> Played {
    if !(house.others)() {
        return Err("another one died".to_owned());
    }
    if !trap.asks().is_empty() {
        return Err("a redirect was followed".to_owned());
    }
    let secret = house.scene.credential.secret.clone();
    #[expect(clippy::disallowed_methods, reason = "the test looks for its own made-up secret")]
    let secret = String::from_utf8_lossy(secret.expose()).into_owned();
    // A file is looked for by its key, which is the longest line of what has several.
    let longest = secret.lines().max_by_key(|line| line.len()).unwrap_or_default();
    if [said, &house.scene.written()].iter().any(|text| text.contains(longest)) {
        return Err("the secret was told".to_owned());
    }
    Ok(Some(()))
}

fn trap() -> StandIn {
    StandIn::start(|_| (200, json!({})))
}

fn alive(build: &Build) -> Played {
    let (house, trap) = (build(), trap());
    let probe = house.scene.probe();
    if probe.liveness != Liveness::Active {
        return Err(format!("{probe:?}"));
    }
    harm(&house, &trap, &format!("{probe:?}"))
}

fn dead_already(build: &Build) -> Played {
    let (house, trap) = (build(), trap());
    (house.kill)();
    let (probe, plan) = (house.scene.probe(), house.scene.plan());
    if probe.liveness == Liveness::Active || plan.is_ok() {
        return Err(format!("a dead one is called {:?}, and planned: {}", probe.liveness, plan.is_ok()));
    }
    harm(&house, &trap, &format!("{probe:?}{plan:?}"))
}

/// The answer to each of the questions goes wrong, one after another: a living one is never called dead, and a dead one never alive.
fn read(build: &Build, fault: &Fault, trap: &StandIn) -> Played {
    let count = asked_of(&build(), |scene| drop(scene.probe()));
    for (lives, nth) in (1..=count).flat_map(|nth| [(true, nth), (false, nth)]) {
        let mut house = build();
        hurried(&mut house, fault);
        if !lives {
            (house.kill)();
        }
        house.server.strike(nth, fault.clone());
        let probe = house.scene.probe();
        let wrong = if lives { Liveness::Inactive } else { Liveness::Active };
        if probe.liveness == wrong && !is_word_of_provider(&house, fault) {
            return Err(format!("request {nth}: lives: {lives}, and is called {:?}", probe.liveness));
        }
        harm(&house, trap, &format!("{probe:?}"))?;
    }
    Ok(Some(()))
}

/// Whether the file takes a bare 401 as the provider's word.
fn is_word_of_provider(house: &House, fault: &Fault) -> bool {
    let lines = house.scene.entry.kind.probe.iter().flat_map(|probe| &probe.answers);
    let mut bare = lines.filter(|line| line.conditions.is_empty()).flat_map(|line| line.status.as_slice());
    *fault == Fault::Status(401, None) && bare.any(|status| *status == 401)
}

/// How many requests something takes.
fn asked_of(house: &House, what: impl FnOnce(&Scene)) -> usize {
    let before = house.server.asks().len();
    what(&house.scene);
    house.server.asks().len() - before
}

fn planned(scene: &Scene) -> Result<Plan, String> {
    scene.plan().map_err(|refusal| format!("no plan: {refusal}"))
}

fn revoke(build: &Build) -> Played {
    let (house, trap) = (build(), trap());
    let plan = planned(&house.scene)?;
    if !(house.lives)() {
        return Err("it died while it was planned".to_owned());
    }
    let report = house.scene.revoke(&plan, Goal::Dead);
    if (house.lives)() || report.outcome != Outcome::Revoked || !report.complete {
        return Err(format!("{report:?}"));
    }
    harm(&house, &trap, &format!("{plan:?}{report:?}"))
}

fn twice(build: &Build) -> Played {
    let (house, trap) = (build(), trap());
    let plan = planned(&house.scene)?;
    house.scene.revoke(&plan, Goal::Dead);
    let again = house.scene.plan();
    if again.is_ok() {
        return Err("a dead one is planned to be revoked again".to_owned());
    }
    let report = house.scene.revoke(&plan, Goal::Dead);
    if matches!(report.outcome, Outcome::Ambiguous { .. }) {
        return Err(format!("{report:?}"));
    }
    harm(&house, &trap, &format!("{again:?}{report:?}"))
}

/// What changes something: what is asked while it is revoked, and was not while it was planned.
fn is_change(ask: &Ask, planned: &[Ask]) -> bool {
    let name = |ask: &Ask| {
        (
            ask.method.clone(),
            ask.host.clone(),
            ask.path().to_owned(),
            ["x-acs-action", "x-tc-action"].map(|name| ask.header(name).to_owned()),
        )
    };
    ask.method != "GET" && !planned.iter().any(|other| name(other) == name(ask))
}

/// The answer to each request goes wrong while it is revoked.
fn write(build: &Build, fault: &Fault, trap: &StandIn) -> Played {
    let clean = build();
    let plan = planned(&clean.scene)?;
    let before = clean.server.asks();
    let count = asked_of(&clean, |scene| drop(scene.revoke(&plan, Goal::Dead)));
    let changes = |asks: &[Ask]| asks.iter().skip(before.len()).filter(|ask| is_change(ask, &before)).count();
    let most = changes(&clean.server.asks());
    for nth in 1..=count {
        let mut house = build();
        let plan = planned(&house.scene)?;
        let planned = house.server.asks().len();
        hurried(&mut house, fault);
        house.server.strike(nth, fault.clone());
        let report = house.scene.revoke(&plan, Goal::Dead);
        if report.outcome.is_dead() && (house.lives)() && !is_word_of_provider(&house, fault) {
            return Err(format!("request {nth}: it lives, and is called {:?}", report.outcome));
        }
        let sent = house.server.asks().iter().skip(planned).filter(|ask| is_change(ask, &before)).count();
        if sent > most {
            return Err(format!("request {nth}: {sent} requests change something, and {most} are enough"));
        }
        harm(&house, trap, &format!("{report:?}"))?;
    }
    Ok(Some(()))
}

fn offline(build: &Build) -> Played {
    let mut house = build();
    house.scene.cx.http =
        stanch_revokers::http::Client::new(&house.scene.cx.config, true).map_err(|error| error.to_string())?;
    let (probe, plan) = (house.scene.probe(), house.scene.plan());
    let silent = house.server.asks().is_empty();
    if matches!(probe.liveness, Liveness::Unknown { .. }) && plan.is_err() && silent {
        Ok(Some(()))
    } else {
        Err(format!("{probe:?}"))
    }
}

/// Looks and acts under a changed configuration, with a person's word.
fn refused(
    build: &Build,
    change: impl FnOnce(&mut Config, &str),
) -> Result<(House, Probe, Result<Plan, Refusal>), String> {
    let mut house = build();
    let provider = house.scene.entry.file.provider.clone();
    house.scene.changed(|config| change(config, &provider));
    let probe = house.scene.probe();
    let consent = Consent { ours: true, unproven: true };
    let plan = house.scene.wait(act::plan(&house.scene.cx, &house.scene.entry, &house.scene.credential, consent));
    if (house.lives)() { Ok((house, probe, plan)) } else { Err("it died".to_owned()) }
}

fn wrong_owner(build: &Build) -> Played {
    let (_house, probe, plan) = refused(build, |config, provider| {
        config.owners.insert(provider.to_owned(), vec!["somebody-else".to_owned()]);
    })?;
    match plan {
        // Our own responder lists it, or no provider says whose it is: then there is no owner to be wrong.
        Ok(plan) if plan.ownership == Ownership::Listed || probe.identity.is_anonymous() => Ok(None),
        Ok(plan) => Err(format!("it is called ours: {}", plan.ownership)),
        Err(_) => Ok(Some(())),
    }
}

fn no_responder(build: &Build) -> Played {
    let (house, _, plan) = refused(build, |config, _| config.responders.clear())?;
    match plan {
        _ if house.scene.entry.kind.authority != Authority::Admin => Ok(None),
        Ok(_) => Err("it is planned without a responder".to_owned()),
        Err(_) => Ok(Some(())),
    }
}

fn hostile_host(build: &Build) -> Played {
    let mut house = build();
    let hosts: Vec<&String> =
        house.scene.entry.kind.parts.iter().filter(|(_, part)| part.host).map(|(name, _)| name).collect();
    if hosts.is_empty() {
        return Ok(None);
    }
    let trap = trap();
    for host in hosts {
        house.scene.credential.give(host.clone(), Origin::Leak, Secret::new(b"keys.evil.example".to_vec()));
    }
    house.scene.changed(|config| {
        config.settings.clear();
        config.endpoints.insert("keys.evil.example".to_owned(), format!("http://{}", trap.address));
    });
    let probe = house.scene.probe();
    if probe.liveness == Liveness::Active || !house.server.asks().is_empty() {
        return Err(format!("{probe:?}"));
    }
    harm(&house, &trap, &format!("{probe:?}"))
}

/// Every point of a kind, and what came of it.
fn points(build: &Build) -> Vec<(String, Played)> {
    let plain: [(&str, Play); 8] = [
        ("alive", alive),
        ("dead already", dead_already),
        ("offline", offline),
        ("hostile host", hostile_host),
        ("wrong owner", wrong_owner),
        ("no responder", no_responder),
        ("revoke", revoke),
        ("revoke twice", twice),
    ];
    let mut all: Vec<(String, Played)> = plain.iter().map(|(name, play)| ((*name).to_owned(), play(build))).collect();
    let trap = trap();
    for (name, fault) in faults(&format!("http://{}", trap.address)) {
        all.push((format!("read: {name}"), read(build, &fault, &trap)));
        all.push((format!("revoke: {name}"), write(build, &fault, &trap)));
    }
    all
}

/// The points of all kinds, several kinds at once: much of it is waiting.
fn all_points() -> BTreeMap<&'static str, Vec<(String, Played)>> {
    let (houses, next, came) = (houses(), AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                while let Some((kind, build)) = houses.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let points = points(build);
                    came.lock().unwrap_or_else(|error| panic!("{error}")).insert(*kind, points);
                }
            });
        }
    });
    came.into_inner().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_fault_of_every_request_of_signed_kinds() {
    let all = all_points();
    let failed: Vec<String> = all
        .iter()
        .flat_map(|(kind, points)| points.iter().map(move |(point, played)| (kind, point, played)))
        .filter_map(|(kind, point, played)| Some(format!("{kind}: {point}: {}", played.as_ref().err()?)))
        .collect();
    assert!(failed.is_empty(), "{} failures:\n{}", failed.len(), failed.join("\n"));
    let mut fresh = "kind\tpoints passed\twhat does not apply, or what tries it in place of the points\n".to_owned();
    for (kind, points) in &all {
        let idle: Vec<&str> =
            points.iter().filter(|(_, played)| *played == Ok(None)).map(|(name, _)| name.as_str()).collect();
        let _ = writeln!(fresh, "{kind}\t{}\t{}", points.len() - idle.len(), idle.join("; "));
    }
    for (kind, why) in EXCUSES {
        let _ = writeln!(fresh, "{kind}\t-\t{why}");
    }
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("native.tsv");
    fs::write(&place, &fresh).unwrap_or_else(|error| panic!("{}: {error}", place.display()));
    let kept = include_str!("native.tsv");
    assert!(
        fresh == kept,
        "revokers/tests/servers/native.tsv is stale: run `bash .ci/conformance` and commit it\n{fresh}"
    );
}

#[test]
fn every_kind_that_is_revoked_is_tried_or_excused() {
    let tried: Vec<&str> = houses().iter().map(|(kind, _)| *kind).collect();
    let doubles = ["double", "description-checked double"];
    let wrong: Vec<String> = registry::entries()
        .filter(|entry| entry.kind.revokes())
        .map(|entry| entry.kind.id.clone())
        .filter(|id| {
            let places = [
                doubles.contains(&registry::tested_against(id)),
                tried.contains(&id.as_str()),
                EXCUSES.iter().any(|(kind, _)| kind == id),
            ];
            places.iter().filter(|is| **is).count() != 1
        })
        .collect();
    assert_eq!(wrong, Vec::<String>::new(), "each is tried at one place, or says why not");
}
