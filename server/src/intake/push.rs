//! What a push brought: fetched by the user's own git, scanned, and told with the owners that the repository had before.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use stanch_model::{FingerprintKey, Secret};
use stanch_pipeline::git::{Checkout, Git, GitError, GitErrorKind, Had, Limits, Login};
use stanch_pipeline::intake::{Failure, Forge, Found, Push};
use stanch_pipeline::owner::Codeowners;
use stanch_scanner::{
    Commits, Control, Coverage, Engine, RangeOptions, RangeOutcome, SourceErrorKind, file_at, scan_range,
};
use zeroize::Zeroizing;

use super::hide::Hide;
use super::repositories::Repositories;

/// One push on its way. It is work for a thread of its own.
pub(super) struct Job {
    pub(super) engine: Arc<Engine>,
    pub(super) key: Arc<FingerprintKey>,
    pub(super) repositories: Arc<Repositories>,
    pub(super) push: Push,
    /// Where the repository is fetched.
    pub(super) address: String,
    /// What findings call it.
    pub(super) source: String,
    /// A token that reads it.
    pub(super) token: Option<Arc<Zeroizing<String>>>,
    pub(super) time: Duration,
    /// The most bytes of the repository.
    pub(super) bytes: u64,
    pub(super) stop: Arc<AtomicBool>,
}

impl Job {
    /// Fetches and scans.
    pub(super) fn run(&self) -> Result<Found, Failure> {
        let limits = Limits { until: Instant::now() + self.time, bytes: self.bytes, stop: Arc::clone(&self.stop) };
        let format = if self.push.new.head.as_str().len() == 64 { "sha256" } else { "sha1" };
        let found = self.repositories.with(&self.address, format, &limits, |folder| self.fetched(folder, &limits));
        self.repositories.tidy();
        found.map_err(|error| self.failure(&error))?
    }

    fn fetched(&self, folder: &Path, limits: &Limits) -> Result<Found, Failure> {
        let git = Git::at(folder).within(limits.clone());
        let range = match self.login() {
            None => self.fetch(git, folder),
            Some(login) => asking(&login, |helper| self.fetch(git.asking(helper), folder))?,
        };
        let range = range.map_err(|error| {
            if error.kind() == GitErrorKind::Limit {
                // It holds what was fetched in part, which helps nobody.
                let _ = std::fs::remove_dir_all(folder);
            }
            self.failure(&error)
        })?;
        let scanned = self.scan(folder, &range, limits)?;
        Ok(self.found(folder, scanned))
    }

    /// Fetches what the push takes, and gives the range to be scanned.
    fn fetch(&self, git: Git, folder: &Path) -> Result<String, GitError> {
        let new = &self.push.new;
        let empty = !folder.join("refs/stanch").exists();
        let checkout = Checkout::at(git)?;
        let checkout = if empty { checkout.beginning() } else { checkout };
        let range = match checkout.range(new)? {
            Had::Range(range) => range.text,
            Had::Everything { .. } => {
                checkout.history(&new.head)?;
                format!("{}..{}", "0".repeat(new.head.as_str().len()), new.head.as_str())
            }
        };
        let name = blake3::hash(new.head_ref.as_deref().unwrap_or_default().as_bytes()).to_hex();
        checkout.remember(name.as_str(), &new.head)?;
        Ok(range)
    }

    fn scan(&self, folder: &Path, range: &str, limits: &Limits) -> Result<RangeOutcome, Failure> {
        let late = AtomicBool::new(false);
        let options = RangeOptions { commits: Commits::Between(range.to_owned()) };
        let control = Control { engine: &self.engine, key: &self.key, stop: &late, events: &(), jobs: 1 };
        let (ended, end) = std::sync::mpsc::channel::<()>();
        let scanned = std::thread::scope(|scope| {
            let late = &late;
            scope.spawn(move || watch(&end, limits, late));
            let scanned = scan_range(&control, folder, &options);
            drop(ended);
            scanned
        });
        let scanned = scanned.map_err(|error| match error.kind() {
            // What the host gives next time may be whole.
            SourceErrorKind::Corrupt | SourceErrorKind::MissingCommit | SourceErrorKind::Shallow => {
                Failure::later(error.to_string())
            }
            _ => Failure::never(error.to_string()),
        })?;
        if scanned.outcome.coverage.interrupted {
            return Err(Failure::later("the scan took longer than it may, or was ended"));
        }
        Ok(scanned)
    }

    fn found(&self, folder: &Path, scanned: RangeOutcome) -> Found {
        let RangeOutcome { outcome, base } = scanned;
        let mut findings = outcome.findings;
        for finding in &mut findings {
            finding.locator.root = Some(self.source.clone());
        }
        Hide::new(&self.engine, &self.key, &findings).places(&mut findings);
        Found { findings, codeowners: self.codeowners(folder, base.as_deref()), incomplete: gaps(&outcome.coverage) }
    }

    /// The file of owners as it was before: what a push brings does not say who answers for it.
    fn codeowners(&self, folder: &Path, base: Option<&str>) -> Option<(String, Codeowners)> {
        let dialect = self.push.repository.forge.dialect();
        let bytes =
            Codeowners::places(dialect).iter().find_map(|place| file_at(folder, base?, place).ok().flatten())?;
        let file = Codeowners::parse(&String::from_utf8_lossy(&bytes), dialect);
        Some((self.source.clone(), file))
    }

    /// Who git is for the host. <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/authenticating-as-a-github-app-installation>
    /// and <https://docs.gitlab.com/user/profile/personal_access_tokens/> take any name, and these.
    fn login(&self) -> Option<Login> {
        let token = self.token.as_ref()?;
        let (protocol, rest) = self.address.split_once("://")?;
        let host = rest.split('/').next().filter(|_| protocol == "https" || protocol == "http")?;
        let user = match self.push.repository.forge {
            Forge::GitHub => "x-access-token",
            Forge::GitLab => "oauth2",
        };
        Some(Login {
            protocol: protocol.to_owned(),
            host: host.to_owned(),
            username: Secret::new(user.as_bytes().to_vec()),
            password: Secret::new(token.as_bytes().to_vec()),
        })
    }

    fn failure(&self, error: &GitError) -> Failure {
        let mut why = error.to_string();
        if let Some(token) = &self.token {
            why = why.replace(token.as_str(), "********");
        }
        // What a host says may be anything, and long.
        let why: String = why.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect();
        let why = Hide::new(&self.engine, &self.key, &[]).text(&why);
        match error.kind() {
            GitErrorKind::Limit if why.contains("bytes") => Failure::never(why),
            _ => Failure::later(why),
        }
    }
}

/// Sets `late` when the time is over or somebody wants an end, unless the work ends before.
fn watch(end: &std::sync::mpsc::Receiver<()>, limits: &Limits, late: &AtomicBool) {
    use std::sync::mpsc::RecvTimeoutError;
    const TICK: Duration = Duration::from_millis(100);
    while end.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        if Instant::now() >= limits.until || limits.stop.load(Ordering::Relaxed) {
            late.store(true, Ordering::Relaxed);
            return;
        }
    }
}

/// What could not be read, if that is a failure and no limit of ours. Paths are not told: anything may stand in them.
fn gaps(coverage: &Coverage) -> Option<String> {
    let failed: Vec<&str> =
        coverage.notes.iter().filter(|note| note.gap.failed()).map(|note| note.gap.as_str()).collect();
    let kinds: std::collections::BTreeSet<&str> = failed.iter().copied().collect();
    let kinds: Vec<&str> = kinds.into_iter().collect();
    (!failed.is_empty()).then(|| format!("{} objects could not be read: {}", failed.len(), kinds.join(", ")))
}

/// Runs git while its questions for a credential are answered.
#[cfg(unix)]
fn asking<T>(login: &Login, run: impl FnOnce(&str) -> T) -> Result<T, Failure> {
    let failed = |error: std::io::Error| Failure::later(format!("git cannot be handed the token: {error}"));
    let room = tempfile::Builder::new().prefix("stanch-").tempdir().map_err(failed)?;
    stanch_pipeline::git::ask::while_answering(login, room.path(), run).map_err(failed)
}

#[cfg(not(unix))]
fn asking<T>(_login: &Login, _run: impl FnOnce(&str) -> T) -> Result<T, Failure> {
    Err(Failure::never("git cannot be handed a token on this system"))
}
