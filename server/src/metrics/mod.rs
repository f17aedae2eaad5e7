//! What is counted, in the text format of Prometheus (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

mod follow;
mod histogram;
mod text;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use stanch_pipeline::store::{Store, StoreError};

use crate::App;
use follow::Follower;
use histogram::Histogram;
use text::Text;

/// Bounds for answers, in seconds.
const ANSWERS: &[f64] = &[0.005, 0.02, 0.1, 0.5, 2.0, 10.0];

/// What is counted while the server runs.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(String, String, u16), u64>>,
    answers: Mutex<BTreeMap<String, Histogram>>,
    refused: AtomicU64,
    follower: tokio::sync::Mutex<Follower>,
}

impl Metrics {
    /// Counts from here on what the log says.
    pub(crate) async fn begin(&self, store: &Store) -> Result<(), StoreError> {
        self.follower.lock().await.begin(store).await
    }

    /// A request was answered. `path` is as it was declared.
    pub(crate) fn request(&self, method: &Method, path: &str, status: StatusCode, took: Duration) {
        let method = known(method);
        let key = (method.to_owned(), path.to_owned(), status.as_u16());
        *self.requests.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default() += 1;
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.entry(path.to_owned()).or_insert_with(|| Histogram::new(ANSWERS)).observe(took.as_secs_f64());
    }

    /// A token was refused.
    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Everything that is counted, as text.
    ///
    /// # Errors
    /// If the store does not answer.
    pub(crate) async fn text(&self, app: &App) -> Result<String, StoreError> {
        let mut text = Text::default();
        self.server(&mut text);
        text.head("stanch_workers_up", "Whether what works beside the server does.", "gauge");
        text.sample("stanch_workers_up", &[], f64::from(u8::from(app.is_alive())));
        calls(&mut text, app);
        store(&mut text, app).await?;
        let mut follower = self.follower.lock().await;
        follower.catch_up(&app.store).await?;
        follower.write(&mut text);
        Ok(text.end())
    }

    fn server(&self, text: &mut Text) {
        text.head("stanch_http_requests_total", "Requests that were answered.", "counter");
        for ((method, path, status), count) in &*self.requests.lock().unwrap_or_else(PoisonError::into_inner) {
            let labels = [("method", method.as_str()), ("path", path), ("status", &status.to_string())];
            text.sample("stanch_http_requests_total", &labels, *count as f64);
        }
        text.head("stanch_http_answer_seconds", "How long answers took.", "histogram");
        for (path, histogram) in &*self.answers.lock().unwrap_or_else(PoisonError::into_inner) {
            histogram.write(text, "stanch_http_answer_seconds", &[("path", path)]);
        }
        let refused = self.refused.load(Ordering::Relaxed) as f64;
        text.head("stanch_tokens_refused_total", "Tokens that did not count.", "counter");
        text.sample("stanch_tokens_refused_total", &[], refused);
    }
}

/// A method by its name. A client may make methods up: what it wrote is neither kept nor logged.
pub(crate) fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|one| *one == method.as_str()).unwrap_or("OTHER")
}

/// How often providers were called by this server.
fn calls(text: &mut Text, app: &App) {
    text.head("stanch_provider_calls_total", "Calls of providers, by what came of them.", "counter");
    for (provider, came, count) in app.calls() {
        text.sample("stanch_provider_calls_total", &[("provider", &provider), ("answer", came.as_str())], count as f64);
    }
}

/// What the store says of itself now.
async fn store(text: &mut Text, app: &App) -> Result<(), StoreError> {
    let counts = app.store.counts().await?;
    text.head("stanch_incidents", "Incidents by state.", "gauge");
    for (state, count) in counts {
        text.sample("stanch_incidents", &[("state", state.as_str())], count as f64);
    }
    let (depths, now) = (app.store.depths().await?, app.now());
    text.head("stanch_queue_jobs", "Jobs that are not done, by queue.", "gauge");
    for (queue, depth) in &depths {
        text.sample("stanch_queue_jobs", &[("queue", queue)], depth.waiting as f64);
    }
    text.head("stanch_queue_given_up_jobs", "Jobs that were given up, by queue.", "gauge");
    for (queue, depth) in &depths {
        text.sample("stanch_queue_given_up_jobs", &[("queue", queue)], depth.gave_up as f64);
    }
    text.head("stanch_queue_oldest_seconds", "How long the oldest job that is not done has waited, by queue.", "gauge");
    for (queue, depth) in &depths {
        let age = depth.oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64().max(0.0));
        text.sample("stanch_queue_oldest_seconds", &[("queue", queue)], age);
    }
    let stats = app.store.stats();
    let counters = [
        ("stanch_store_commits_total", "Transactions that were committed.", stats.commits),
        ("stanch_store_works_total", "What was done in these transactions.", stats.works),
        ("stanch_store_reconnects_total", "Connections to the database that were made anew.", stats.reconnects),
    ];
    for (name, help, value) in counters {
        text.head(name, help, "counter");
        text.sample(name, &[], value as f64);
    }
    Ok(())
}
