//! Killed at any line, and at any effect, a response goes on where it was: nothing is lost, nothing happens twice, and the log says so.
//!
//! The worker is a process of its own (`victim.rs`). It kills itself after a line of the log was kept, or is killed when the
//! double has done what it was asked for and has not answered yet. Then it is started again, until everything rests. The double counts what
//! it did.
//!
//! `STANCH_CRASHES=1000` asks for so many crashes in all; without it there are about fifty.

#![expect(clippy::print_stderr, reason = "a recorded run says how often it crashed")]

mod faults;
mod judge;
mod load;
mod saga;
mod tally;
mod victim;
mod worker;

use std::path::{Path, PathBuf};
use std::time::Instant;

use stanch_pipeline::audit::SigningKey;
use stanch_pipeline::store::{self, StoreKey};

use saga::{SAGAS, Saga};
use tally::Tally;
use worker::{End, Kill, Place};

/// The options of a store, as the worker has them.
fn options(store: &str, folder: &Path) -> store::Options {
    let place = match store.strip_prefix("host=") {
        Some(_) => store::Place::Postgres(store::Server::new(store.to_owned().into())),
        None => store::Place::Sqlite(PathBuf::from(store)),
    };
    let key = StoreKey::load_or_make(&folder.join("store.key")).unwrap_or_else(|error| panic!("{error}"));
    let signing = SigningKey::load_or_make(&folder.join("signing.key")).unwrap_or_else(|error| panic!("{error}"));
    store::Options::new(place, key, signing)
}

/// How many crashes are wanted in all.
fn wanted() -> usize {
    // The one place that reads it; a test binary has no table of variables.
    #[expect(clippy::disallowed_methods, reason = "a knob of this test")]
    let asked = std::env::var("STANCH_CRASHES").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(50)
}

#[test]
fn after_every_line_and_at_every_effect() {
    let begun = Instant::now();
    let mut tally = Tally::default();
    let share = wanted() / 2;
    let places = Place::all();
    let mut rounds = 0;
    while tally.crashes() < share {
        for (number, saga) in SAGAS.iter().enumerate() {
            for place in &places {
                tally += each_line(saga, place, rounds * 7 + number, share.saturating_sub(tally.crashes()));
            }
        }
        rounds += 1;
    }
    eprintln!("{}", tally.tell(places.len(), begun.elapsed()));
    assert!(tally.crashes() >= share);
}

/// One saga, killed at each of its lines in turn, and at each of its effects; at most so many times. How often it was.
fn each_line(saga: &Saga, place: &Place, seed: usize, most: usize) -> Tally {
    let mut tally = Tally::default();
    let (lines, effects) = {
        let scene = saga.scene(place, seed);
        let end = scene.work(&Kill::Never);
        assert_eq!(end, End::Finished, "{}: undisturbed", saga.name);
        judge::all(&scene, saga);
        tally.ended(scene.stage());
        (scene.lines(), scene.stage().effects().len())
    };
    let kills = (1..=lines).map(Kill::Line).chain((1..=effects).map(Kill::Effect));
    let all: Vec<Kill> = kills.collect();
    // Where fewer are wanted than there are, they are spread over all.
    let step = (all.len() * SAGAS.len() * Place::all().len()).div_ceil(most.max(1)).max(1);
    for kill in all.iter().skip(seed % step).step_by(step) {
        let scene = saga.scene(place, seed);
        let killed = usize::from(scene.work(kill) == End::Killed);
        match kill {
            Kill::Effect(_) => tally.effects += killed,
            Kill::Never | Kill::Line(_) | Kill::After(_) => tally.lines += killed,
        }
        let end = scene.work(&Kill::Never);
        assert_eq!(end, End::Finished, "{}: after {kill:?}", saga.name);
        judge::all(&scene, saga);
        tally.ended(scene.stage());
    }
    tally
}

#[test]
fn at_random_times_under_load() {
    let begun = Instant::now();
    let mut tally = Tally::default();
    let share = wanted() - wanted() / 2;
    let places = Place::all();
    let mut seed = 1;
    while tally.crashes() < share {
        for place in &places {
            tally += load::storm(place, seed, share.saturating_sub(tally.crashes()).min(25));
            seed += 1;
        }
    }
    eprintln!("{}", tally.tell(places.len(), begun.elapsed()));
    assert!(tally.crashes() >= share);
}
