//! The scanner, as the pipeline's intake wants it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use stanch_model::FingerprintKey;
use stanch_pipeline::intake::{Alert, Arrival, Failure, Finder, Forge, Found, Push, Told};
use stanch_revokers::{Context, Doing};
use stanch_scanner::{Engine, PathClass};
use zeroize::Zeroizing;

use super::config::{Host, IntakeConfig};
use super::repositories::Repositories;
use super::secrets::Secrets;
use super::told::Leak;
use super::{alert, push, told};

/// Finds credentials in what arrived: fetches, scans, asks.
pub struct Scan {
    engine: Arc<Engine>,
    key: Arc<FingerprintKey>,
    cx: Arc<Context>,
    config: Arc<IntakeConfig>,
    secrets: Arc<Secrets>,
    repositories: Arc<Repositories>,
    stop: Arc<AtomicBool>,
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan").field("repositories", &self.repositories).finish_non_exhaustive()
    }
}

impl Scan {
    /// A scanner by all rules of an engine. Repositories are kept below `folder`.
    pub fn new(
        engine: Arc<Engine>,
        key: Arc<FingerprintKey>,
        cx: Arc<Context>,
        config: Arc<IntakeConfig>,
        folder: PathBuf,
    ) -> Self {
        let secrets = Arc::new(Secrets::new(Arc::clone(&cx)));
        let repositories = Arc::new(Repositories::new(folder, config.cache_mib << 20));
        Self { engine, key, cx, config, secrets, repositories, stop: Arc::default() }
    }

    async fn pushed(&self, push: &Push) -> Result<Found, Failure> {
        let host = self.host(push.repository.forge, &push.repository.name)?;
        let job = push::Job {
            engine: Arc::clone(&self.engine),
            key: Arc::clone(&self.key),
            repositories: Arc::clone(&self.repositories),
            push: push.clone(),
            address: host.address(&push.repository.name),
            source: host.source(&push.repository.name),
            token: self.token(host).await?,
            time: self.config.time(),
            turn: self.config.turn(),
            bytes: self.config.repository_mib << 20,
            stop: Arc::clone(&self.stop),
        };
        let done = tokio::task::spawn_blocking(move || job.run()).await;
        done.unwrap_or_else(|_| Err(Failure::later("the scan broke off")))
    }

    async fn alerted(&self, alert: &Alert) -> Result<Found, Failure> {
        let host = self.host(alert.repository.forge, &alert.repository.name)?;
        let asked = match &alert.secret {
            Some(secret) => alert::Asked { secret: secret.clone(), first_location_detected: None },
            None => self.ask(host, alert).await?,
        };
        let place = asked.first_location_detected.unwrap_or_default();
        let (source, usual) = (host.source(&alert.repository.name), format!("alert/{}", alert.number));
        let leak = Leak {
            kind: &alert.kind,
            secret: asked.secret.expose(),
            source: &source,
            path: place.path.as_deref().unwrap_or(&usual),
            line: place.start_line.unwrap_or(0),
            commit: place.commit_sha.as_deref(),
            url: place.html_url.as_deref().or(alert.url.as_deref()),
        };
        Ok(told::found(&self.engine, &self.key, &[leak]))
    }

    async fn ask(&self, host: Host<'_>, alert: &Alert) -> Result<alert::Asked, Failure> {
        let github = self.config.github.as_ref();
        let (Some(github), Some(token)) = (github, self.token(host).await?) else {
            return Err(Failure::never(
                "the alert does not hold the secret, and `intake.github` has no token to ask by",
            ));
        };
        alert::ask(&self.cx, github.api(), &token, alert).await
    }

    fn told(&self, told: &Told) -> Found {
        let leaks: Vec<Leak<'_>> = told
            .all
            .iter()
            .map(|leak| Leak {
                kind: &leak.kind,
                secret: leak.secret.expose(),
                source: &told.by,
                path: leak.url.as_deref().unwrap_or("unknown"),
                line: 0,
                commit: None,
                url: leak.url.as_deref().filter(|url| url.starts_with("https://")),
            })
            .collect();
        told::found(&self.engine, &self.key, &leaks)
    }

    /// The host of a repository that may be looked at: what is configured may have changed since the event was accepted.
    fn host(&self, forge: Forge, name: &str) -> Result<Host<'_>, Failure> {
        let host = self.config.host(forge).filter(|host| host.allows(name));
        host.ok_or_else(|| Failure::never("the repository is not among those of the configuration"))
    }

    async fn token(&self, host: Host<'_>) -> Result<Option<Arc<Zeroizing<String>>>, Failure> {
        let Some(source) = host.token else { return Ok(None) };
        self.secrets.get(source).await.map(Some).map_err(Failure::later)
    }
}

impl Finder for Scan {
    fn find<'a>(&'a self, arrival: &'a Arrival) -> Doing<'a, Result<Found, Failure>> {
        Box::pin(async move {
            match arrival {
                Arrival::Pushed(push) => self.pushed(push).await,
                Arrival::Alert(alert) => self.alerted(alert).await,
                Arrival::Told(told) => Ok(self.told(told)),
            }
        })
    }

    fn is_test(&self, path: &str) -> bool {
        PathClass::of(path) == PathClass::Test
    }

    fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
