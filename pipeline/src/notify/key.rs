//! The secret of a channel: read when it is first needed, and again after it was refused.

use std::fmt;
use std::sync::Arc;

use stanch_revokers::config::Source;
use stanch_revokers::responder::Responders;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::Unsent;

/// A secret that is read when it is needed.
pub(super) struct Key {
    what: &'static str,
    source: Source,
    value: Mutex<Option<Arc<Zeroizing<String>>>>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?})", self.source)
    }
}

impl Key {
    pub(super) fn new(what: &'static str, source: &Source) -> Self {
        Self { what, source: source.clone(), value: Mutex::new(None) }
    }

    /// The secret. A keyring may be locked now and open later, so a failure is no end.
    pub(super) async fn get(&self, responders: &Responders) -> Result<Arc<Zeroizing<String>>, Unsent> {
        let mut value = self.value.lock().await;
        if let Some(known) = &*value {
            return Ok(Arc::clone(known));
        }
        let read = responders.read_source(&self.source).await;
        let read = read.map_err(|why| Unsent::retry(format!("`{}` from the {:?}: {why}", self.what, self.source)))?;
        Ok(Arc::clone(value.insert(Arc::new(read))))
    }

    /// Forgets the secret if it was refused: it may have been replaced where it is kept.
    pub(super) async fn judge<T>(&self, outcome: Result<T, Unsent>) -> Result<T, Unsent> {
        if matches!(outcome, Err(Unsent::Failed { .. })) {
            *self.value.lock().await = None;
        }
        outcome
    }
}
