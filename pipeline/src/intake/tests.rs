//! The intake over a store, with a finder that says what a test wants.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use stanch_model::{Companion, Confidence, Finding, Sensitivity, Suppression, SuppressionKind};
use stanch_revokers::Doing;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::subject::tests::finding;
use super::*;
use crate::Exposure;
use crate::audit::SigningKey;
use crate::config::Ownership;
use crate::owner::{Codeowners, Dialect, Sources};
use crate::store::{Actor, Depth, Filter, Options, Page, Place, Store, StoreKey};

type Said = Result<Found, Failure>;

/// Says one thing after the other.
struct Says(Mutex<VecDeque<Said>>);

impl Finder for Says {
    fn find<'a>(&'a self, _: &'a Arrival) -> Doing<'a, Said> {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        Box::pin(async move { said.unwrap_or_else(|| panic!("nobody asks so often")) })
    }

    fn is_test(&self, path: &str) -> bool {
        path.starts_with("tests/")
    }
}

fn must<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

fn run<T>(test: impl Future<Output = T>) -> T {
    must(tokio::runtime::Builder::new_current_thread().enable_all().build()).block_on(test)
}

/// An intake in a folder.
async fn intake(folder: &TempDir, said: Vec<Said>) -> Intake {
    intake_with(folder, Arc::new(Says(Mutex::new(said.into())))).await
}

async fn intake_with(folder: &TempDir, finder: Arc<dyn Finder>) -> Intake {
    let key = StoreKey::from_bytes(Zeroizing::new([1; 32]));
    let signing = must(SigningKey::from_seed(&Zeroizing::new([2; 32])));
    let place = Place::Sqlite(folder.path().join("stanch.db"));
    let store = Arc::new(must(Store::open(Options::new(place, key, signing)).await));
    let fallback = Ownership { fallback: "security@example.com".to_owned(), business_fallback: None, file: None };
    let owners = Arc::new(must(Sources::load(&fallback, folder.path())));
    let rules = Rules {
        environments: vec![Environment { name: "production".to_owned(), ..Environment::default() }],
        ..Rules::default()
    };
    Intake::new(store, finder, owners, rules, Arc::new(|| {}))
}

fn arrival() -> Arrival {
    Arrival::Told(Told { by: "x".to_owned(), exposure: Exposure::Public, all: Vec::new(), at: Timestamp::UNIX_EPOCH })
}

#[expect(clippy::unnecessary_wraps, reason = "what a finder says")]
fn found(findings: Vec<Finding>) -> Said {
    Ok(Found { findings, ..Found::default() })
}

fn here() -> Actor {
    Actor { host: "here".to_owned(), pid: 1, started: 1 }
}

async fn settle(intake: &Intake, attempts: u32) -> Depth {
    let pace = Pace { attempts, lease: Duration::from_mins(1), ..Pace::default() };
    must(intake.settle(&here(), &pace).await);
    must(intake.store().depths().await).get(QUEUE).copied().unwrap_or_default()
}

#[test]
fn what_was_found_becomes_an_incident_with_its_owner() {
    run(async {
        let folder = must(tempfile::tempdir());
        let mut one = finding("acme.token", "one-secret-of-many", "tests/a.env", 3);
        one.locator.root = Some("repo".to_owned());
        let codeowners = Some(("repo".to_owned(), Codeowners::parse("* @team", Dialect::GitHub)));
        let said = vec![Ok(Found { findings: vec![one], codeowners, incomplete: None })];
        let intake = intake(&folder, said).await;
        assert!(must(intake.accept("k", &arrival(), Timestamp::now()).await));
        assert!(!must(intake.accept("k", &arrival(), Timestamp::now()).await), "the same key is the same arrival");
        assert_eq!(settle(&intake, 3).await, Depth::default());
        let all = must(intake.store().incidents(&Filter::default(), &Page::default()).await);
        let [incident] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((incident.owner.name.as_str(), incident.owner.found_by.as_str()), ("@team", "codeowners"));
        let labels: Vec<(&str, &str)> =
            incident.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(labels, [("environment", "production"), ("in-tests", "true")]);
        assert_eq!(incident.times.exposed, Some(Timestamp::UNIX_EPOCH));
    });
}

#[test]
fn what_cannot_be_done_is_given_up_in_plain_sight() {
    run(async {
        let folder = must(tempfile::tempdir());
        let said = vec![Err(Failure::never("no")), Err(Failure::later("not now"))];
        let intake = intake(&folder, said).await;
        must(intake.accept("a", &arrival(), Timestamp::now()).await);
        must(intake.accept("b", &arrival(), Timestamp::now()).await);
        let depth = settle(&intake, 1).await;
        assert_eq!((depth.waiting, depth.gave_up), (0, 2));
    });
}

#[test]
fn what_was_not_read_whole_counts_and_is_tried_again() {
    run(async {
        let folder = must(tempfile::tempdir());
        let part = Found {
            findings: vec![finding("acme.token", "one-secret-of-many", "a", 3)],
            incomplete: Some("1 object could not be read".to_owned()),
            codeowners: None,
        };
        let intake = intake(&folder, vec![Ok(part)]).await;
        must(intake.accept("a", &arrival(), Timestamp::now()).await);
        assert_eq!(settle(&intake, 3).await.waiting, 1);
        assert_eq!(must(intake.store().incidents(&Filter::default(), &Page::default()).await).len(), 1);
    });
}

#[test]
fn the_same_found_again_changes_nothing() {
    run(async {
        let folder = must(tempfile::tempdir());
        let one = || found(vec![finding("acme.token", "one-secret-of-many", "a", 3)]);
        let intake = intake(&folder, vec![one(), one()]).await;
        must(intake.accept("a", &arrival(), Timestamp::now()).await);
        settle(&intake, 3).await;
        let mut later = arrival();
        if let Arrival::Told(told) = &mut later {
            told.at = Timestamp::now();
        }
        must(intake.accept("b", &later, Timestamp::now()).await);
        settle(&intake, 3).await;
        let all = must(intake.store().incidents(&Filter::default(), &Page::default()).await);
        assert_eq!(
            all.iter().map(|incident| (incident.events, incident.occurrences.len())).collect::<Vec<_>>(),
            [(2, 1)]
        );
    });
}

#[test]
fn of_a_pair_the_id_leads_and_of_others_only_secrets_count() {
    let mut id = finding("aws.access-key-id", "made-up-key-id-1", "a", 1);
    id.sensitivity = Sensitivity::Identifier;
    let mut secret = finding("aws.secret-access-key", "made-up-secret-key", "a", 2);
    let companion = |of: &Finding| Companion { rule: of.rule.clone(), fingerprint: of.fingerprint, line: 1 };
    id.evidence.companions = vec![companion(&secret)];
    secret.evidence.companions = vec![companion(&id)];
    let mut alone = finding("aws.access-key-id", "made-up-key-id-2", "b", 1);
    alone.sensitivity = Sensitivity::Identifier;
    let mut shown = finding("acme.public", "meant-to-be-seen-1", "b", 2);
    shown.sensitivity = Sensitivity::Publishable;
    let mut unsure = finding("acme.token", "not-sure-of-this-one", "b", 3);
    unsure.confidence = Confidence::Low;
    let mut allowed = finding("acme.token", "allowed-by-somebody", "b", 4);
    allowed.suppression = Some(Suppression { kind: SuppressionKind::Inline, reason: None, owner: None, expires: None });
    let other = finding("acme.token", "one-secret-of-many", "b", 5);
    let all = [id, secret.clone(), alone, shown, unsure, allowed, other];
    let subjects = exposed(&all, Confidence::Medium);
    let rules: Vec<&str> = subjects.iter().map(|subject| subject.rule.as_str()).collect();
    assert_eq!(rules, ["aws.access-key-id", "acme.token"]);
    assert_eq!(subjects[0].credential.companions, [(secret.rule.clone(), secret.secret.clone())]);
    let lonely = exposed(&[secret], Confidence::Medium);
    assert_eq!(lonely.len(), 1, "a secret without its id is a leak all the same");
}

/// Finds nothing until it is ended.
#[derive(Default)]
struct Endless {
    begun: tokio::sync::Notify,
    ended: tokio::sync::Notify,
}

impl Finder for Endless {
    fn find<'a>(&'a self, _: &'a Arrival) -> Doing<'a, Said> {
        Box::pin(async {
            self.begun.notify_one();
            self.ended.notified().await;
            Err(Failure::Stopped)
        })
    }

    fn is_test(&self, _: &str) -> bool {
        false
    }

    fn stop(&self) {
        self.ended.notify_one();
    }
}

#[test]
fn what_runs_is_ended_with_the_program_and_begun_again() {
    let folder = must(TempDir::new());
    run(async {
        let finder = Arc::new(Endless::default());
        let intake = intake_with(&folder, Arc::clone(&finder) as Arc<dyn Finder>).await;
        must(intake.accept("a", &arrival(), Timestamp::now()).await);
        let (tell, told) = tokio::sync::watch::channel(false);
        // It is the last attempt, which does not count.
        let pace = Pace { attempts: 1, ..Pace::default() };
        let running = tokio::spawn(intake.clone().run(here(), pace, told));
        finder.begun.notified().await;
        must(tell.send(true));
        must(must(tokio::time::timeout(Duration::from_secs(20), running).await));
        let depth = must(intake.store().depths().await).remove(QUEUE).unwrap_or_default();
        assert_eq!((depth.waiting, depth.gave_up), (1, 0));
    });
}
