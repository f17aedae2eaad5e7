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
use super::repositories::{Repositories, make, sweep};

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
    /// How long fetching and scanning may take.
    pub(super) time: Duration,
    /// How long it waits for others of the repository before.
    pub(super) turn: Duration,
    /// The most bytes of the repository.
    pub(super) bytes: u64,
    pub(super) stop: Arc<AtomicBool>,
}

impl Job {
    /// Fetches and scans.
    pub(super) fn run(&self) -> Result<Found, Failure> {
        let found = self.repositories.with(&self.address, self.turn, &self.stop, |folder| self.fetched(folder));
        self.repositories.tidy();
        found.map_err(|error| self.failure(&error))?
    }

    fn fetched(&self, folder: &Path) -> Result<Found, Failure> {
        let limits = Limits { until: Instant::now() + self.time, bytes: self.bytes, stop: Arc::clone(&self.stop) };
        let format = if self.push.new.head.as_str().len() == 64 { "sha256" } else { "sha1" };
        make(folder, &self.address, format, &limits).map_err(|error| self.failure(&error))?;
        let git = Git::at(folder).within(limits.clone());
        let range = match self.login() {
            None => self.fetch(git, folder),
            Some(login) => asking(&login, |helper| self.fetch(git.asking(helper), folder))?,
        };
        let range = range.map_err(|error| {
            match error.kind() {
                // Nobody has room for it.
                GitErrorKind::Large => drop(std::fs::remove_dir_all(folder)),
                // What was there before is as good as it was; what was fetched in part helps nobody.
                GitErrorKind::Late | GitErrorKind::Stopped => sweep(folder, Duration::ZERO),
                _ => {}
            }
            self.failure(&error)
        })?;
        let scanned = self.scan(folder, &range, &limits)?;
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
            let stopped = self.stop.load(Ordering::Relaxed);
            return Err(if stopped { Failure::Stopped } else { Failure::later("the scan took longer than it may") });
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
            GitErrorKind::Large => Failure::never(why),
            GitErrorKind::Stopped => Failure::Stopped,
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

#[cfg(all(test, unix))]
mod tests {
    use serde_json::json;
    use stanch_pipeline::Exposure;
    use stanch_pipeline::git::event::{Asked, asked};
    use stanch_pipeline::intake::Repository;
    use stanch_rules::RuleSet;
    use stanch_testkit::Sandbox;

    use super::*;

    /// A repository of a code host, and where it is kept here.
    struct Bench {
        sandbox: Sandbox,
        repositories: Arc<Repositories>,
        stop: Arc<AtomicBool>,
    }

    impl Bench {
        fn new() -> Self {
            let sandbox = Sandbox::repository("");
            let bare = sandbox.root().join("shop.git").display().to_string();
            sandbox.git(&["clone", "--quiet", "--bare", ".", &bare]);
            sandbox.git(&["--git-dir", &bare, "config", "uploadpack.allowAnySHA1InWant", "true"]);
            sandbox.git(&["remote", "add", "origin", &bare]);
            let repositories = Arc::new(Repositories::new(sandbox.root().join("kept"), 1 << 40));
            Self { sandbox, repositories, stop: Arc::default() }
        }

        /// A push of a new commit.
        fn push(&self, time: Duration) -> Job {
            let head = || self.sandbox.git(&["rev-parse", "HEAD"]).trim().to_owned();
            let before = head();
            self.sandbox.write("a.txt", &before);
            self.sandbox.commit("a change");
            self.sandbox.git(&["push", "--quiet", "origin", "HEAD:refs/heads/main"]);
            let payload = json!({
                "ref": "refs/heads/main", "before": before, "after": head(), "deleted": false, "commits": [{}],
                "repository": { "default_branch": "main" },
            });
            let Ok(Asked::New(new)) = asked("push", &payload) else { panic!("a push brings commits") };
            let repository =
                Repository { forge: Forge::GitHub, name: "acme/shop".to_owned(), exposure: Exposure::Internal };
            Job {
                engine: Arc::new(Engine::new(RuleSet::builtin())),
                key: Arc::new(FingerprintKey::from_bytes([5; 32])),
                repositories: Arc::clone(&self.repositories),
                push: Push { repository, new, at: jiff::Timestamp::now() },
                address: self.address(),
                source: "acme/shop".to_owned(),
                token: None,
                time,
                turn: Duration::from_mins(1),
                bytes: 1 << 30,
                stop: Arc::clone(&self.stop),
            }
        }

        fn address(&self) -> String {
            format!("file://{}", self.sandbox.root().join("shop.git").display())
        }

        /// Sets how the host is asked.
        fn asks_by(&self, command: &str) {
            self.kept(|folder| {
                let set = Git::at(folder).run(&["config", "remote.origin.uploadpack", command]);
                assert!(set.is_ok_and(|set| set.status.success()));
            });
        }

        fn kept<T>(&self, work: impl FnOnce(&Path) -> T) -> T {
            let done = self.repositories.with(&self.address(), Duration::from_mins(1), &AtomicBool::new(false), work);
            done.unwrap_or_else(|error| panic!("{error}"))
        }
    }

    const SLOW: &str = "sleep 60; git-upload-pack";

    #[test]
    fn waiting_for_others_takes_nothing_of_ones_own_time() {
        const TIME: Duration = Duration::from_secs(6);
        let bench = Bench::new();
        let job = bench.push(TIME);
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let bench = &bench;
            scope.spawn(move || {
                bench.kept(|_| {
                    let _ = tell.send(());
                    std::thread::sleep(TIME + Duration::from_millis(500));
                });
            });
            let _ = told.recv();
            assert!(job.run().is_ok());
        });
        let impatient = Job { turn: Duration::ZERO, ..bench.push(TIME) };
        let waited = bench.kept(|_| impatient.run());
        assert!(matches!(waited, Err(Failure::Later { .. })), "{waited:?}");
    }

    #[test]
    fn what_took_too_long_is_not_thrown_away() {
        let bench = Bench::new();
        assert!(bench.push(Duration::from_mins(1)).run().is_ok());
        bench.asks_by(SLOW);
        let late = bench.push(Duration::from_secs(3)).run();
        assert!(matches!(late, Err(Failure::Later { .. })), "{late:?}");
        assert!(bench.kept(|folder| folder.join("refs/stanch").exists()), "what was fetched before is there");
    }

    #[test]
    fn whoever_ends_the_program_does_not_wait_for_a_fetch() {
        let bench = Bench::new();
        assert!(bench.push(Duration::from_mins(1)).run().is_ok());
        bench.asks_by(SLOW);
        let job = bench.push(Duration::from_mins(1));
        let begun = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_secs(1));
                bench.stop.store(true, Ordering::Relaxed);
            });
            assert_eq!(job.run().err(), Some(Failure::Stopped));
        });
        assert!(begun.elapsed() < Duration::from_secs(20), "it took {:?}", begun.elapsed());
    }
}
