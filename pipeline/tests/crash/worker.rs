//! A worker process, the double that it acts on, and the store that it works on.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use stanch_pipeline::Means;
use stanch_pipeline::store::{self, Store};
use stanch_revokers::registry::Entry;
use stanch_testkit::Postgres;
use stanch_testkit::double::{Fault, Stage, Trigger};
use stanch_testkit::played;
use tempfile::TempDir;

use crate::victim::VICTIM;
/// When the worker is killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kill {
    Never,
    /// After this many lines were kept.
    Line(usize),
    /// When the double has done this many things, before it answers.
    Effect(usize),
    /// After some time.
    After(Duration),
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Killed,
    Finished,
    Failed(String),
}

/// Where a store is.
#[derive(Clone)]
pub(crate) enum Place {
    Sqlite,
    Postgres(Arc<Postgres>),
}

impl Place {
    pub(crate) fn all() -> Vec<Self> {
        vec![Self::Sqlite, Self::Postgres(Postgres::shared())]
    }

    /// A store of its own.
    fn fresh(&self, folder: &std::path::Path) -> String {
        match self {
            Self::Sqlite => folder.join("store.db").display().to_string(),
            Self::Postgres(server) => server.url(&server.database()),
        }
    }
}

/// All that a saga needs.
pub(crate) struct Scene {
    pub(crate) folder: TempDir,
    pub(crate) stages: Vec<(Entry, Stage)>,
    store: String,
    means: Means,
    runtime: tokio::runtime::Runtime,
}

/// The longest that a run may take.
const PATIENCE: Duration = Duration::from_mins(1);

impl Scene {
    pub(crate) fn new(place: &Place, means: Means, stages: Vec<(Entry, Stage)>) -> Self {
        let folder = TempDir::new().unwrap_or_else(|error| panic!("{error}"));
        let store = place.fresh(folder.path());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self { folder, stages, store, means, runtime: runtime.unwrap_or_else(|error| panic!("{error}")) }
    }

    /// The double of a saga that has one.
    pub(crate) fn stage(&self) -> &Stage {
        &self.stages.first().unwrap_or_else(|| panic!("no stage")).1
    }

    /// The store's options, as the worker has them.
    fn options(&self) -> store::Options {
        crate::options(&self.store, self.folder.path())
    }

    /// Does something with the store.
    pub(crate) fn with_store<T>(&self, does: impl AsyncFnOnce(&Store) -> T) -> T {
        self.runtime.block_on(async {
            let store = Store::open(self.options()).await.unwrap_or_else(|error| panic!("{error}"));
            does(&store).await
        })
    }

    /// How many lines the log has that the worker wrote.
    pub(crate) fn lines(&self) -> usize {
        self.with_store(async |store| {
            let lines = store.lines(0, 100_000).await.unwrap_or_else(|error| panic!("{error}"));
            lines.iter().filter(|line| line.actor == "stanch").count()
        })
    }

    /// Runs the worker until everything rests or it is killed.
    pub(crate) fn work(&self, kill: &Kill) -> End {
        if let Kill::Effect(_) = kill {
            for (_, stage) in &self.stages {
                stage.fault(Trigger::writes(), Fault::Slow(Duration::from_secs(3)));
            }
        }
        let mut child = self.start(kill);
        let begun = Instant::now();
        let end = loop {
            if let Some(status) = child.try_wait().unwrap_or_else(|error| panic!("{error}")) {
                break ended(status, &mut child);
            }
            if self.is_time(kill, begun) {
                child.kill().unwrap_or_else(|error| panic!("{error}"));
            }
            if begun.elapsed() > PATIENCE {
                let _ = child.kill();
                break End::Failed("it does not end".to_owned());
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        self.stages.iter().for_each(|(_, stage)| stage.no_faults());
        end
    }

    fn is_time(&self, kill: &Kill, begun: Instant) -> bool {
        match kill {
            Kill::Never | Kill::Line(_) => false,
            Kill::Effect(wanted) => {
                self.stages.iter().map(|(_, stage)| stage.effects().len()).sum::<usize>() >= *wanted
            }
            Kill::After(time) => begun.elapsed() >= *time,
        }
    }

    fn start(&self, kill: &Kill) -> Child {
        let stages: Vec<(&Entry, &Stage)> = self.stages.iter().map(|(entry, stage)| (entry, stage)).collect();
        let kept = self.folder.path().join("successor");
        let orders = json!({
            "store": self.store,
            "folder": self.folder.path(),
            "config": played::config(&stages, 1.5),
            "means": self.means,
            "rotations": self.stages.iter().map(|(entry, _)| json!({
                "of": entry.kind.id,
                "to": [format!("env-file:{}#NEW_KEY", kept.display())],
            })).collect::<Vec<_>>(),
            "kill_after": if let Kill::Line(lines) = kill { Some(lines) } else { None },
            "workers": 16,
        });
        let program = std::env::current_exe().unwrap_or_else(|error| panic!("{error}"));
        let mut child = Command::new(program)
            .args(["--exact", "victim::victim", "--nocapture"])
            .env(VICTIM, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{error}"));
        let mut input = child.stdin.take().unwrap_or_else(|| panic!("no input"));
        input.write_all(orders.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        child
    }
}

fn ended(status: std::process::ExitStatus, child: &mut Child) -> End {
    use std::os::unix::process::ExitStatusExt as _;
    if status.signal() == Some(9) {
        return End::Killed;
    }
    if status.success() {
        return End::Finished;
    }
    let mut said = String::new();
    let read = child.stderr.as_mut().map(|errors| std::io::Read::read_to_string(errors, &mut said));
    End::Failed(format!("{status}: {said} ({read:?})"))
}
