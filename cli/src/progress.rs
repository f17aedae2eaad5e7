//! Progress on stderr, and the stop flag that Ctrl-C sets.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use stanch_scanner::Events;

use crate::exit::Exit;
use crate::remote;

/// Set by Ctrl-C.
static STOP: AtomicBool = AtomicBool::new(false);

/// Catches Ctrl-C: the first asks the scan to end with what it found, the second ends at once.
pub(crate) fn catch_interrupts() -> &'static AtomicBool {
    // A handler that cannot be set leaves the default, which ends the process: nothing is lost but the partial report.
    let _ = ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::SeqCst) {
            remote::abandon();
            #[expect(
                clippy::exit,
                clippy::disallowed_methods,
                reason = "the user asked twice; there is no one to unwind to in a handler"
            )]
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
    });
    &STOP
}

/// A line on stderr that tells how far the scan is. It appears only when a scan takes a while.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    files: AtomicU64,
    bytes: AtomicU64,
    started: Instant,
}

/// Shorter scans show nothing.
const PATIENCE: Duration = Duration::from_millis(300);

impl Progress {
    /// `shown` says whether anybody looks.
    pub(crate) fn new(shown: bool) -> Self {
        let bar = shown.then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, files: AtomicU64::new(0), bytes: AtomicU64::new(0), started: Instant::now() }
    }

    /// Whether anybody looks.
    pub(crate) fn shows(&self) -> bool {
        self.bar.is_some()
    }

    /// Shows what another program says of its progress. The text has passed the redactor.
    pub(crate) fn say(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(text.to_owned());
            bar.tick();
        }
    }

    /// Takes the line away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Events for Progress {
    fn scanned(&self, files: u64, bytes: u64) {
        let files = self.files.fetch_add(files, Ordering::Relaxed) + files;
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if let Some(bar) = &self.bar
            && self.started.elapsed() > PATIENCE
        {
            bar.set_message(format!("{files} files, {}", HumanBytes(bytes)));
            bar.tick();
        }
    }
}
