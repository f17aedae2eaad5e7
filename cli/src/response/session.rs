//! One run of a verb that may call providers.

use std::path::PathBuf;

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
        let cache_file = env::state_dir().map(|dir| dir.join("verified.json"));
        let cache = cache_file.as_deref().map(Cache::load).unwrap_or_default();
        Ok(Self { cx, cache, cache_file, ttl: SignedDuration::from_secs(i64::from(args.max_age)) })
    }

    /// Asks about many credentials, each once, several at a time.
    pub(crate) async fn verify_all(&mut self, subjects: &[Subject]) -> Vec<Option<Probe>> {
        let now = Timestamp::now();
        let mut answers: Vec<Option<Probe>> = Vec::new();
        let mut asked = Vec::new();
        for subject in subjects {
            let entry = registry::by_rule(&subject.rule, &subject.credential);
            let fingerprint = subject.credential.fingerprint.to_string();
            let known =
                entry.as_ref().and_then(|entry| self.cache.get(&entry.kind.id, &fingerprint, now, self.ttl)).cloned();
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
            *answer = Some(probe);
        }
        answers
    }

    /// Keeps what was learned. That it cannot be kept is no failure of the run.
    pub(crate) fn keep(&mut self) {
        self.cache.forget(Timestamp::now(), self.ttl);
        let Some(path) = &self.cache_file else { return };
        let written = path
            .parent()
            .map(std::fs::create_dir_all)
            .transpose()
            .and_then(|_| write_private(path, &self.cache.to_bytes()?));
        if let Err(error) = written {
            tracing::warn!(%error, "what providers said is not kept");
        }
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
