//! Many incidents at once, killed at random times again and again.

use std::time::Duration;

use stanch_pipeline::{Means, State};

use crate::judge;
use crate::saga::Saga;
use crate::tally::Tally;
use crate::worker::{End, Kill, Place, Scene};

/// Kinds of different hosts, as a stage plays all hosts of its kind.
const KINDS: &[&str] = &[
    "databricks.pat",
    "datadog.api-key",
    "doppler.service-token",
    "gitlab.pat",
    "grafana.service-account-token",
    "ibm.cloud-api-key",
    "linode.pat",
    "openai.service-account-key",
    "openrouter.api-key",
    "twilio.api-key",
];

fn saga(kind: &'static str) -> Saga {
    Saga { name: kind, kind, means: Means::Revoke, may_lose_successor: false }
}

/// Kills a busy worker at random times, at most so often, and then lets it finish. How often it was killed.
pub(crate) fn storm(place: &Place, seed: u64, most: usize) -> Tally {
    let sagas: Vec<Saga> = KINDS.iter().map(|kind| saga(kind)).collect();
    let stages = sagas.iter().map(|saga| (saga.entry(), saga.stage(seed))).collect();
    let scene = Scene::new(place, Means::Revoke, stages);
    scene.with_store(async |store| {
        for (saga, (_, stage)) in sagas.iter().zip(&scene.stages) {
            saga.leak(store, stage).await;
        }
    });
    let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut tally = Tally::default();
    while tally.random < most {
        match scene.work(&Kill::After(Duration::from_millis(20 + chance.below(400)))) {
            End::Killed => tally.random += 1,
            End::Finished => break,
            End::Failed(why) => panic!("{why}"),
        }
    }
    let end = scene.work(&Kill::Never);
    let incidents = judge::incidents(&scene);
    let open = incidents.iter().filter(|incident| incident.state != State::Closed);
    let open: Vec<_> = open.map(|incident| (&incident.kind, incident.state, &incident.trouble, incident.due)).collect();
    assert_eq!(end, End::Finished, "after {} crashes (seed {seed}): {open:#?}", tally.random);
    assert_eq!(incidents.len(), sagas.len());
    for (saga, (_, stage)) in sagas.iter().zip(&scene.stages) {
        let incident = incidents.iter().find(|incident| incident.kind.as_deref() == Some(saga.kind));
        judge::ended(incident.unwrap_or_else(|| panic!("{} is lost", saga.name)), saga);
        judge::effects(stage, saga);
        tally.ended(stage);
    }
    judge::log(&scene);
    tally
}

/// Numbers by chance, the same for the same seed (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end
    }
}
