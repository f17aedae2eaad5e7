//! One run of a verb that may call providers.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use stanch_revokers::cache::Cache;
use stanch_revokers::http::Client;
use stanch_revokers::registry::{self, Entry};
use stanch_revokers::responder::Responders;
use stanch_revokers::{Context, Probe, act};

use super::Subject;
use crate::args::ResponseArgs;
use crate::env;
use crate::exit::CliError;
use crate::key::write_private;

/// What a provider says of a credential.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub(crate) probe: Probe,
    /// For how long this was not asked anew, in seconds; `None` if it was asked now.
    pub(crate) age: Option<u64>,
}

/// The configuration, the client, and what was learned before.
pub(crate) struct Session {
    pub(crate) cx: Context,
    cache: Cache,
    cache_file: Option<PathBuf>,
    ttl: SignedDuration,
}

impl Session {
    /// Reads the configuration and makes the client.
    pub(crate) fn new(args: &ResponseArgs) -> Result<Self, CliError> {
        let config = super::load_config(args.config.as_deref())?;
        let http = Client::new(&config, args.offline).map_err(|error| CliError::new(error.to_string()))?;
        let cx = Context { http, config, responders: Responders::new(env::of_responders) };
        let cache_file = cache_file();
        let cache = cache_file.as_deref().map(Cache::load).unwrap_or_default();
        Ok(Self { cx, cache, cache_file, ttl: SignedDuration::from_secs(i64::from(args.max_age)) })
    }

    /// Asks about many credentials, each once, several at a time.
    pub(crate) async fn verify_all(&mut self, subjects: &[Subject]) -> Vec<Option<Answered>> {
        let now = Timestamp::now();
        let mut answers: Vec<Option<Answered>> = Vec::new();
        let mut asked = Vec::new();
        for subject in subjects {
            let entry = registry::by_rule(&subject.rule, &subject.credential);
            let fingerprint = subject.credential.fingerprint.to_string();
            let known = entry.as_ref().and_then(|entry| self.cache.get(&entry.kind.id, &fingerprint, now, self.ttl));
            let known = known.map(|(probe, age)| Answered { probe: probe.clone(), age: age.as_secs().try_into().ok() });
            asked.push((known.is_none()).then_some(entry).flatten());
            answers.push(known);
        }
        let cx = &self.cx;
        let verify = |(subject, entry): (&Subject, Option<Entry>)| {
            let credential = subject.credential.clone();
            async move {
                match entry {
                    Some(entry) => Some((entry.kind.id.clone(), act::verify(cx, &entry, &credential).await)),
                    None => None,
                }
            }
        };
        let probes = futures_util::future::join_all(subjects.iter().zip(asked).map(verify)).await;
        for ((answer, probe), subject) in answers.iter_mut().zip(probes).zip(subjects) {
            let Some((kind, probe)) = probe else { continue };
            self.cache.put(&kind, &subject.credential.fingerprint.to_string(), now, &probe);
            *answer = Some(Answered { probe, age: None });
        }
        answers
    }

    /// Keeps what was learned. That it cannot be kept is no failure of the run.
    pub(crate) fn keep(&mut self) {
        self.cache.forget(Timestamp::now(), self.ttl);
        if let Some(path) = &self.cache_file {
            keep(&self.cache, path);
        }
    }
}

/// Where it is kept what providers said.
fn cache_file() -> Option<PathBuf> {
    env::state_dir().map(|dir| dir.join("verified.json"))
}

fn keep(cache: &Cache, path: &Path) {
    let written =
        path.parent().map(std::fs::create_dir_all).transpose().and_then(|_| write_private(path, &cache.to_bytes()?));
    if let Err(error) = written {
        tracing::warn!(%error, "what providers said is not kept");
    }
}

/// Forgets what providers said of credentials about which something is done: it will not be true any more.
pub(crate) fn forget<'a>(fingerprints: impl IntoIterator<Item = &'a str>) {
    let Some(path) = cache_file() else { return };
    let mut cache = Cache::load(&path);
    let forgotten = fingerprints.into_iter().filter(|fingerprint| cache.forget_one(fingerprint)).count();
    if forgotten > 0 {
        keep(&cache, &path);
    }
}

/// How old an answer is, in words.
pub(crate) fn aged(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

/// Runs what waits for the network.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::new(format!("cannot start: {error}")))?;
    Ok(runtime.block_on(future))
}
