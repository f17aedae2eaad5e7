//! Takes connections, and ends in good order.

mod connection;
mod listener;
mod timed;
mod tls;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::config::ConfigError;
use crate::{App, Parts, router};
use connection::Serving;
pub use listener::Listener;
use tls::Tls;
pub use tls::TlsError;

/// Why a server does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The configuration is not safe.
    #[error("the section `[serve]`: {0}")]
    Config(#[from] ConfigError),
    /// It cannot listen there.
    #[error("cannot listen at `{0}`: {1}")]
    Bind(String, io::Error),
    /// The certificate is of no use.
    #[error("tls: {0}")]
    Tls(#[from] TlsError),
    /// The store does not answer.
    #[error("the store: {0}")]
    Store(#[from] stanch_pipeline::store::StoreError),
}

/// A server that listens and does not answer yet.
#[derive(Debug)]
pub struct Server {
    app: App,
    listener: Listener,
    tls: Option<Arc<Tls>>,
}

impl Server {
    /// Checks the configuration, reads the certificate and begins to listen.
    ///
    /// # Errors
    /// If one of them fails.
    pub async fn bind(parts: Parts) -> Result<Self, ServeError> {
        parts.config.check()?;
        let tls = parts.config.tls.as_ref().map(Tls::load).transpose()?.map(Arc::new);
        let place = &parts.config.listen;
        let listener = Listener::bind(place).await;
        let listener = listener.map_err(|error| ServeError::Bind(String::from(place.clone()), error))?;
        let app = App::new(parts);
        app.metrics().begin(&app.store).await?;
        Ok(Self { app, listener, tls })
    }

    /// Where it listens, if that is an address.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.address()
    }

    /// Its state.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Answers requests until `stop` ends, while `workers` do their work. Then nothing new is accepted, requests that have begun have a while to end,
    /// and the workers end what they have begun and give up their leases.
    pub async fn run(self, workers: Vec<Worker>, stop: impl Future<Output = ()>) {
        let router = router(&self.app);
        let (tell, told) = watch::channel(false);
        let mut own = JoinSet::new();
        for worker in workers {
            let working = Working::begin(&self.app, worker.name);
            let run = (worker.run)(told.clone());
            own.spawn(async move {
                let _working = working;
                run.await;
            });
        }
        if let Some(tls) = self.tls.clone() {
            own.spawn(tls.keep_current(told.clone()));
        }
        let grace = self.app.config.limits.grace();
        let mut connections = self.accept(router, told, stop).await;
        let _ = tell.send(true);
        if timeout(grace, drain(&mut connections)).await.is_err() {
            tracing::warn!(left = connections.len(), "requests that did not end in time are cut off");
            connections.shutdown().await;
        }
        if timeout(WORKERS, drain(&mut own)).await.is_err() {
            tracing::warn!("what works beside the server did not end in time; its leases end by themselves");
            own.shutdown().await;
        }
    }

    /// Accepts connections until `stop` ends, and gives back those that are open then.
    async fn accept(self, router: Router, told: watch::Receiver<bool>, stop: impl Future<Output = ()>) -> JoinSet<()> {
        let limits = &self.app.config.limits;
        let free = Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS)));
        let serving = Arc::new(Serving::new(self.app.clone(), router, self.tls));
        let mut connections = JoinSet::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            // Whoever finds no room waits in the system's queue, which is short.
            let room = Arc::clone(&free).acquire_owned();
            let next = async { (room.await, self.listener.accept().await) };
            tokio::select! {
                () = &mut stop => return connections,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                (room, accepted) = next => match accepted {
                    Ok((stream, peer)) => {
                        let (serving, told) = (Arc::clone(&serving), told.clone());
                        connections.spawn(async move {
                            let _room = room;
                            serving.serve(stream, peer, told).await;
                        });
                    }
                    Err(error) => {
                        // Too many open files, most likely: trying at once would spin.
                        tracing::warn!(%error, "a connection was not accepted");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
            }
        }
    }
}

/// How long workers have to end what they began: longer than any step of theirs.
const WORKERS: Duration = Duration::from_mins(1);

/// What a worker does until it has ended.
type Doing = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Something that works beside the server: the engine, whoever tells people, whoever takes in what arrives.
pub struct Worker {
    name: &'static str,
    run: Box<dyn FnOnce(watch::Receiver<bool>) -> Doing + Send>,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Worker {
    /// Something that works until it is told `true`, and then ends what it has begun.
    pub fn new<F: Future<Output = ()> + Send + 'static>(
        name: &'static str,
        run: impl FnOnce(watch::Receiver<bool>) -> F + Send + 'static,
    ) -> Self {
        Self { name, run: Box::new(move |told| Box::pin(run(told))) }
    }
}

/// Tells that a worker is no more, however it ended.
struct Working {
    app: App,
    name: &'static str,
}

impl Working {
    fn begin(app: &App, name: &'static str) -> Self {
        app.worker_began();
        Self { app: app.clone(), name }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.app.worker_ended();
        tracing::info!(worker = self.name, "ended");
    }
}

/// Waits until the server stops.
async fn stopped(told: &mut watch::Receiver<bool>) {
    // Whoever would say so may be gone, which says the same.
    let _ = told.wait_for(|stop| *stop).await;
}

async fn drain<T: 'static>(tasks: &mut JoinSet<T>) {
    while tasks.join_next().await.is_some() {}
}
