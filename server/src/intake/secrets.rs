//! Secrets of ours that the configuration names: read when they are first needed, and again after a while, so that a new one needs no restart.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stanch_revokers::Context;
use stanch_revokers::config::Source;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

/// For how long a secret is believed to be what it was.
const FRESH: Duration = Duration::from_mins(1);

/// A secret that was read.
type Read = (Instant, Arc<Zeroizing<String>>);

/// Secrets by where they are kept.
pub(crate) struct Secrets {
    cx: Arc<Context>,
    read: Mutex<HashMap<String, Read>>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    pub(crate) fn new(cx: Arc<Context>) -> Self {
        Self { cx, read: Mutex::default() }
    }

    /// A secret.
    ///
    /// # Errors
    /// If it cannot be read; the text names its place.
    pub(crate) async fn get(&self, source: &Source) -> Result<Arc<Zeroizing<String>>, String> {
        let name = place(source);
        let mut read = self.read.lock().await;
        if let Some((_, value)) = read.get(&name).filter(|(at, _)| at.elapsed() < FRESH) {
            return Ok(Arc::clone(value));
        }
        let value = self.cx.responders.read_source(source).await;
        let value = Arc::new(value.map_err(|why| format!("the {source:?} cannot be read: {why}"))?);
        read.insert(name, (Instant::now(), Arc::clone(&value)));
        Ok(value)
    }

    /// Those that can be read. What cannot is told to the log.
    pub(crate) async fn all(&self, sources: &[Source]) -> Vec<Arc<Zeroizing<String>>> {
        let mut all = Vec::new();
        for source in sources {
            match self.get(source).await {
                Ok(secret) => all.push(secret),
                Err(why) => tracing::error!(why, "a secret of the intake is missing"),
            }
        }
        all
    }
}

/// A name of a place, all of it, which is not shown.
fn place(source: &Source) -> String {
    match source {
        Source::Command(words) => format!("command {words:?}"),
        Source::Value(value) => format!("value {value}"),
        other => format!("{other:?}"),
    }
}
