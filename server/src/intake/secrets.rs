//! Secrets of ours that the configuration names: read when they are first needed, and again after a while, so that a new one needs no restart.
//!
//! What was read before counts until something newer is read, so that a keyring that is away for a while loses nothing. Strangers can ask as often as
//! they like: each place is read by one at a time, and left alone for a while when that failed.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use stanch_revokers::Context;
use stanch_revokers::config::Source;
use zeroize::Zeroizing;

/// For how long a secret is believed to be what it was.
const FRESH: Duration = Duration::from_mins(1);
/// For how long nobody tries again to read what could not be read.
const PAUSE: Duration = Duration::from_secs(10);

/// A secret that was read.
type Value = Arc<Zeroizing<String>>;

/// Secrets by where they are kept.
pub(crate) struct Secrets {
    cx: Arc<Context>,
    places: Mutex<HashMap<String, Arc<Place>>>,
    fresh: Duration,
    pause: Duration,
}

/// What is known of several secrets.
pub(crate) struct Known {
    /// Those that were read, now or before.
    pub(crate) values: Vec<Value>,
    /// Whether these are all, each as it is now.
    pub(crate) sure: bool,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    pub(crate) fn new(cx: Arc<Context>) -> Self {
        Self { cx, places: Mutex::default(), fresh: FRESH, pause: PAUSE }
    }

    /// A secret, after it was read again if it is time.
    ///
    /// # Errors
    /// If it was never read; the text names its place.
    pub(crate) async fn get(&self, source: &Source) -> Result<Value, String> {
        let place = self.look(source, true).await;
        let state = place.state();
        state.value.clone().ok_or_else(|| state.failure().to_owned())
    }

    /// What is known of some secrets. Nobody waits for one that was read before, unless they want to (`newest`).
    pub(crate) async fn known(&self, sources: &[Source], newest: bool) -> Known {
        let mut known = Known { values: Vec::new(), sure: true };
        for source in sources {
            let place = self.look(source, newest).await;
            let state = place.state();
            known.sure &= state.is_fresh(self.fresh);
            known.values.extend(state.value.clone());
        }
        known
    }

    /// A place, whose reading is begun if it is time.
    async fn look(&self, source: &Source, newest: bool) -> Arc<Place> {
        let place = Arc::clone(locked(&self.places).entry(name(source)).or_default());
        if self.is_due(&place)
            && let Ok(turn) = Arc::clone(&place.turn).try_lock_owned()
            && self.is_due(&place)
        {
            let (place, cx, source) = (Arc::clone(&place), Arc::clone(&self.cx), source.clone());
            // It goes on when whoever asked is gone, or strangers could begin it again and again.
            tokio::spawn(async move {
                let outcome = cx.responders.read_source(&source).await;
                place.keep(outcome.map_err(|why| format!("the {source:?} cannot be read: {why}")));
                drop(turn);
            });
        }
        if newest || place.state().value.is_none() {
            drop(place.turn.lock().await);
        }
        place
    }

    fn is_due(&self, place: &Place) -> bool {
        let state = place.state();
        !state.is_fresh(self.fresh) && state.failed.as_ref().is_none_or(|(at, _)| at.elapsed() >= self.pause)
    }
}

/// A place where a secret is kept.
#[derive(Default)]
struct Place {
    /// Held while it is read.
    turn: Arc<tokio::sync::Mutex<()>>,
    state: Mutex<State>,
}

/// What is known of it.
#[derive(Default)]
struct State {
    /// What was read last.
    value: Option<Value>,
    /// When that was.
    read: Option<Instant>,
    /// When it could not be read, and why, if that was since.
    failed: Option<(Instant, String)>,
}

impl Place {
    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// Keeps what came of reading it. A failure takes nothing away, and is told to the log.
    fn keep(&self, outcome: Result<Zeroizing<String>, String>) {
        let now = Instant::now();
        let mut state = self.state();
        match outcome {
            Ok(value) => *state = State { value: Some(Arc::new(value)), read: Some(now), failed: None },
            Err(why) => {
                tracing::error!(why, "a secret of the intake is missing");
                state.failed = Some((now, why));
            }
        }
    }
}

impl State {
    fn is_fresh(&self, fresh: Duration) -> bool {
        self.failed.is_none() && self.read.is_some_and(|read| read.elapsed() < fresh)
    }

    fn failure(&self) -> &str {
        self.failed.as_ref().map_or("the secret was not read", |(_, why)| why)
    }
}

/// A name of a place, all of it, which is not shown.
fn name(source: &Source) -> String {
    match source {
        Source::Command(words) => format!("command {words:?}"),
        Source::Value(value) => format!("value {value}"),
        other => format!("{other:?}"),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(all(test, unix))]
mod tests {
    use stanch_revokers::config::Config;
    use stanch_revokers::http::Client;
    use stanch_revokers::responder::Responders;

    use super::*;

    fn secrets(fresh: Duration, pause: Duration) -> Secrets {
        let config = Config::default();
        let http = Client::new(&config, true).unwrap_or_else(|error| panic!("{error}"));
        let cx = Arc::new(Context { http, config, responders: Responders::new(|_| None) });
        Secrets { fresh, pause, ..Secrets::new(cx) }
    }

    async fn read(secrets: &Secrets, source: &Source) -> Result<String, String> {
        secrets.get(source).await.map(|value| value.to_string())
    }

    #[tokio::test]
    async fn what_was_read_counts_until_something_newer_is_read() {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let file = folder.path().join("secret");
        let source = Source::Command(vec!["cat".to_owned(), file.display().to_string()]);
        let write = |text: &str| std::fs::write(&file, text).unwrap_or_else(|error| panic!("{error}"));
        let secrets = secrets(Duration::ZERO, Duration::ZERO);
        assert!(read(&secrets, &source).await.is_err_and(|why| why.contains("command `cat` cannot be read")));
        write("one");
        assert_eq!(read(&secrets, &source).await.as_deref(), Ok("one"));
        std::fs::remove_file(&file).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(read(&secrets, &source).await.as_deref(), Ok("one"), "what was read before");
        let known = secrets.known(std::slice::from_ref(&source), true).await;
        assert_eq!((known.values.len(), known.sure), (1, false));
        write("two");
        assert_eq!(read(&secrets, &source).await.as_deref(), Ok("two"));
    }

    #[tokio::test]
    async fn nobody_waits_for_a_secret_that_was_read_before() {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let slow = folder.path().join("slow");
        let script = format!("if [ -e '{0}' ]; then sleep 20; fi; touch '{0}'; echo one", slow.display());
        let source = [Source::Command(["sh", "-c", &script].map(str::to_owned).into())];
        let secrets = secrets(Duration::ZERO, Duration::ZERO);
        let begun = Instant::now();
        for _ in 0..3 {
            assert_eq!(secrets.known(&source, false).await.values.len(), 1);
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "it took {:?}", begun.elapsed());
    }
}
