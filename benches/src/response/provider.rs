//! Providers on loopback with many live keys, and what the server's configuration says of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use stanch_testkit::double::{Cast, Double, Stage};

use crate::error::BenchError;

/// A way in which credentials die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The token ends itself by one call.
    Itself,
    /// It is looked for in the list of its account, switched off, and deleted.
    Listed,
}

impl Way {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Itself, Self::Listed];

    /// The kind of credential.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Itself => "gitlab.pat",
            Self::Listed => "openrouter.api-key",
        }
    }

    /// The rule that finds it.
    pub(super) const fn rule(self) -> &'static str {
        match self {
            Self::Itself => "gitlab.personal-access-token",
            Self::Listed => "openrouter.api-key",
        }
    }

    /// In short, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Itself => "ends itself (gitlab.pat)",
            Self::Listed => "listed, off, deleted (openrouter.api-key)",
        }
    }

    const fn provider(self) -> &'static str {
        match self {
            Self::Itself => "gitlab",
            Self::Listed => "openrouter",
        }
    }
}

/// A provider with its keys.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) way: Way,
    pub(super) stage: Stage,
}

/// What a provider did for one credential.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Share {
    /// Requests.
    pub(super) requests: usize,
    /// How long their answers took, from the last byte of the request to the first of the answer.
    pub(super) took: Duration,
}

impl Provider {
    /// With so many live keys that leaked.
    ///
    /// # Errors
    /// If the doubles of the testkit cannot be read.
    pub(super) fn start(way: Way, keys: usize, seed: u64) -> Result<Self, BenchError> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/doubles");
        let doubles = Double::load(&folder).map_err(|defects| BenchError::new(format!("{defects:?}")))?;
        let double = doubles.iter().find(|double| double.kind() == way.kind());
        let double = double.ok_or_else(|| BenchError::new(format!("no double of {}", way.kind())))?;
        let cast = Cast { also: keys.saturating_sub(1), keeps: true, seed, ..Cast::default() };
        let stage = Stage::try_start(double, cast).map_err(|error| BenchError::new(error.to_string()))?;
        Ok(Self { way, stage })
    }

    /// The values of the keys that leaked.
    pub(super) fn secrets(&self) -> Vec<String> {
        self.stage.leaks().map(|key| key.value.clone()).collect()
    }

    /// What the server's configuration says: where the provider is, whose keys are ours, who may delete them.
    ///
    /// # Errors
    /// If the responder's credential cannot be written to a file.
    pub(super) fn config(&self, folder: &Path) -> Result<String, BenchError> {
        let provider = self.way.provider();
        let mut text = String::from("[endpoints]\n");
        for host in self.stage.hosts() {
            text.push_str(&format!("'{host}' = '{}'\n", self.stage.origin()));
        }
        let owners: Vec<String> = self.stage.owner().into_iter().map(|(_, value)| format!("'{value}'")).collect();
        text.push_str(&format!("[owners]\n{provider} = [{}]\n", owners.join(", ")));
        match self.way {
            Way::Itself => {
                let host = self.stage.hosts().first().cloned().unwrap_or_default();
                text.push_str(&format!("[settings.{provider}]\nhost = '{host}'\n[hosts]\nallow = ['{host}']\n"));
            }
            Way::Listed => {
                let secret = self.stage.admin().get("secret").cloned().unwrap_or_default();
                let file = super::serve::private(folder, "responder", &secret)?;
                text.push_str(&format!("[responders.{provider}]\nsecret = {{ file = '{}' }}\n", file.display()));
            }
        }
        Ok(text)
    }

    /// How many keys were switched off or deleted, each once.
    pub(super) fn hits(&self) -> usize {
        self.stage.effects().iter().filter(|done| done.changed).count()
    }

    /// What it did for each secret until a moment that the caller names for it. Requests of the responder that name no key (lists) are
    /// everybody's, and shared out evenly.
    pub(super) fn shares(&self, until: &BTreeMap<String, Instant>) -> BTreeMap<String, Share> {
        let ids: BTreeMap<String, String> = self.stage.leaks().map(|key| (key.id.clone(), key.value.clone())).collect();
        let mut shares: BTreeMap<String, Share> = BTreeMap::new();
        let mut common = Share::default();
        for request in self.stage.requests() {
            let words = request.headers.iter().flat_map(|(_, value)| value.split(' '));
            let shown = words.chain(request.path().rsplit('/')).find_map(|word| {
                let by_id = ids.get(word).map(String::as_str);
                until.contains_key(word).then_some(word).or(by_id)
            });
            let share = match shown.and_then(|secret| Some((secret, until.get(secret)?))) {
                Some((_, until)) if request.at > *until => continue,
                Some((secret, _)) => shares.entry(secret.to_owned()).or_default(),
                None => &mut common,
            };
            share.requests += 1;
            share.took += request.took;
        }
        let among = u32::try_from(until.len().max(1)).unwrap_or(u32::MAX);
        for secret in until.keys() {
            let share = shares.entry(secret.clone()).or_default();
            share.requests += common.requests / until.len().max(1);
            share.took += common.took / among;
        }
        shares
    }
}
