//! What is not off by the time that the configuration names: told once for each of these times.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use stanch_model::Severity;
use tokio::sync::watch;

use crate::policy::seconds;
use crate::store::{Result, Store};

/// How often the store is looked through.
const POLL: Duration = Duration::from_secs(15);
/// By how much a look goes back behind the one before: clocks of several servers differ.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);

/// After which times since they were found people are told of credentials that are not off, by severity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Ages(BTreeMap<Severity, Vec<Age>>);

/// A time, written as in policies: `30m`, `1d12h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct Age(u64);

impl TryFrom<String> for Age {
    type Error = &'static str;

    fn try_from(text: String) -> std::result::Result<Self, &'static str> {
        seconds(&text).filter(|age| *age > 0).map(Self).ok_or("a time is written 30m, 4h or 1d12h")
    }
}

impl Ages {
    /// The times of a severity in seconds, shortest first. What the configuration leaves out has usual ones; an empty list is never.
    fn of(&self, severity: Severity) -> Vec<u64> {
        const HOUR: u64 = 3600;
        let usual: &[u64] = match severity {
            Severity::Critical => &[HOUR, 4 * HOUR, 24 * HOUR],
            Severity::High => &[4 * HOUR, 24 * HOUR],
            Severity::Medium => &[24 * HOUR],
            Severity::Low => &[],
        };
        let mut ages = match self.0.get(&severity) {
            Some(own) => own.iter().map(|age| age.0).collect(),
            None => usual.to_vec(),
        };
        ages.sort_unstable();
        ages.dedup();
        ages
    }
}

/// Looks for what should be off by now.
#[derive(Debug, Clone)]
pub struct Overdue {
    store: Arc<Store>,
    ages: Ages,
    /// Whether somebody is told; it stands in the log in any case.
    tells: bool,
}

impl Overdue {
    /// Looks into a store.
    pub fn new(store: Arc<Store>, ages: Ages, tells: bool) -> Self {
        Self { store, ages, tells }
    }

    /// Looks again and again until `stop` says so.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut since = None;
        while !*stop.borrow() {
            let now = Timestamp::now();
            match self.round(since, now).await {
                Ok(_) => since = Some(now),
                Err(error) => tracing::warn!(%error, "what is overdue is not known"),
            }
            tokio::select! {
                _ = stop.changed() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Tells what became overdue since the look before, or ever, and how many that were.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn round(&self, since: Option<Timestamp>, now: Timestamp) -> Result<usize> {
        let mut told = 0;
        for severity in [Severity::Critical, Severity::High, Severity::Medium, Severity::Low] {
            let ages = self.ages.of(severity);
            // The last one first: of several that passed meanwhile only one is told.
            for (level, age) in (1_u32..).zip(&ages).collect::<Vec<_>>().into_iter().rev() {
                let ago =
                    |at: Timestamp| at.checked_sub(SignedDuration::from_secs(*age as i64)).unwrap_or(Timestamp::MIN);
                let from = since.and_then(|since| ago(since).checked_sub(OVERLAP).ok()).unwrap_or(Timestamp::MIN);
                for id in self.store.not_off(severity, (from, ago(now))).await? {
                    told += usize::from(self.store.overdue(&id, (level, *age), now, self.tells).await?);
                }
            }
        }
        Ok(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ages(text: &str) -> Ages {
        #[derive(Deserialize)]
        struct File {
            overdue: Ages,
        }
        toml::from_str::<File>(text).unwrap_or_else(|error| panic!("{error}")).overdue
    }

    #[test]
    fn times_are_by_severity_and_what_is_left_out_has_usual_ones() {
        let own = ages("overdue = { critical = ['1h', '10m', '10m'], high = [] }");
        assert_eq!(own.of(Severity::Critical), [600, 3600]);
        assert_eq!(own.of(Severity::High), [0; 0]);
        assert_eq!(own.of(Severity::Medium), [86_400]);
        assert!(toml::from_str::<BTreeMap<String, Ages>>("overdue = { high = ['soon'] }").is_err());
        assert!(toml::from_str::<BTreeMap<String, Ages>>("overdue = { high = ['0s'] }").is_err());
    }
}
