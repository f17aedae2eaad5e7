//! What the system, or whoever runs the server, says to it: Ctrl-C and SIGTERM end it, SIGHUP has it read again. A signal is heard from when its value is
//! made, even if nobody waits for it yet: a server that says it serves must not die of what it is told a moment later.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The user's wish that it ends.
pub(super) struct Ends {
    #[cfg(unix)]
    signals: Option<(Signal, Signal)>,
}

impl Ends {
    #[cfg(unix)]
    pub(super) fn new() -> Self {
        let signals = signal(SignalKind::interrupt()).ok().zip(signal(SignalKind::terminate()).ok());
        if signals.is_none() {
            tracing::error!("no signals can be heard; only the system can end this");
        }
        Self { signals }
    }

    #[cfg(not(unix))]
    pub(super) fn new() -> Self {
        Self {}
    }

    #[cfg(unix)]
    pub(super) async fn asked(self) {
        let Some((mut interrupt, mut end)) = self.signals else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = end.recv() => {}
        }
    }

    #[cfg(not(unix))]
    pub(super) async fn asked(self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Requests to read again.
pub(super) struct Hangups {
    #[cfg(unix)]
    signal: Option<Signal>,
}

impl Hangups {
    #[cfg(unix)]
    pub(super) fn new() -> Self {
        Self { signal: signal(SignalKind::hangup()).ok() }
    }

    #[cfg(not(unix))]
    pub(super) fn new() -> Self {
        Self {}
    }

    /// The next one. On systems without such a signal there is none.
    pub(super) async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::*;

    /// Tells this process something, and comes back when it was told.
    fn tell(signal: &str) {
        let told = Command::new("kill").arg(signal).arg(std::process::id().to_string()).status();
        assert!(told.is_ok_and(|status| status.success()));
    }

    /// Were they not heard yet, they would end this process.
    #[test]
    fn what_is_said_before_anybody_waits_is_heard() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
        let _entered = runtime.enter();
        let (ends, mut hangups) = (Ends::new(), Hangups::new());
        tell("-TERM");
        tell("-HUP");
        let heard = async { tokio::join!(ends.asked(), hangups.next()) };
        let soon = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(30), heard).await });
        assert!(soon.is_ok(), "both are heard");
    }
}
