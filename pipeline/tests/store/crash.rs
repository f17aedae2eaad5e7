//! What is left when a program is killed, a server stops, or a disk is full.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use stanch_pipeline::audit::{AuditEvent, verify};
use stanch_pipeline::store::{Options, Place, Server, Store, StoreError};
use stanch_testkit::Postgres;
use stanch_testkit::server::{Running, until};
use zeroize::Zeroizing;

use crate::bench::{Ground, LEASE, actor, at, detected, file, must, noted, occurrence, open, options, release, run};
use crate::server::place;

/// By which the test that is killed knows that it is to be, and where it writes.
const VICTIM: &str = "STANCH_TEST_VICTIM";

/// What the victim does until it is killed.
async fn write_forever(place: Place) {
    let store = open(&place).await;
    for round in 0.. {
        let mut tasks = tokio::task::JoinSet::new();
        for name in 0..20 {
            let store = store.clone();
            tasks.spawn(async move {
                let name = format!("f{round}-{name}");
                let secret = Some(Zeroizing::new(vec![7; 100]));
                let (id, _) = must(store.detect(&detected(&name), &[occurrence(1)], secret, at(0), "scan").await);
                if let Some(claim) = must(store.claim_one(&id, &actor(1), at(0), LEASE).await) {
                    must(store.append(&claim, "engine", &[noted("a"), noted("b")], at(1), &[]).await);
                    must(release(&store, &claim, None).await);
                }
            });
        }
        tasks.join_all().await;
    }
}

fn written(ground: &Ground) -> u64 {
    run(async { must(open(&ground.place()).await.head().await).map_or(0, |head| head.seq) })
}

/// Another process that runs the same test, and knows that it is the other.
fn another(test: &str, place: &str) -> Command {
    let mut command = Command::new(must(std::env::current_exe()));
    command.args(["--exact", test, "--nocapture"]).env(VICTIM, place);
    command
}

/// Has another process write, and kills it in the middle.
fn kill_a_writer(ground: &Ground, place: &str, test: &str) {
    let before = written(ground);
    let logs = must(tempfile::tempdir());
    let victim = Running::start(&mut another(test, place), &logs.path().join("log")).stopped_by("-KILL");
    until("the other process writes", || written(ground) > before + 200);
    drop(victim);
    run(async {
        let store = open(&ground.place()).await;
        let report = must(verify(&store, &[]).await);
        assert!(report.is_sound() && report.lines > before + 200, "{report:?}");
        assert_eq!(must(store.differing().await), [], "the projection is what the log says");
    });
}

#[expect(clippy::disallowed_methods, reason = "by this the test tells its other process what to do")]
fn victim() -> Option<String> {
    std::env::var(VICTIM).ok()
}

#[test]
fn a_killed_writer_leaves_a_sound_file() {
    if let Some(dir) = victim() {
        return run(write_forever(file(Path::new(&dir))));
    }
    let dir = must(tempfile::tempdir());
    let place = dir.path().display().to_string();
    let ground = Ground::File(dir);
    for _ in 0..3 {
        kill_a_writer(&ground, &place, "crash::a_killed_writer_leaves_a_sound_file");
    }
}

/// Whether another process could take the whole file for itself, as one does who closes it for good.
#[cfg(unix)]
fn is_free(file: &Path) -> bool {
    let file = must(std::fs::File::options().read(true).write(true).open(file));
    rustix::fs::fcntl_lock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_ok()
}

#[cfg(unix)]
#[test]
fn who_opens_a_file_again_keeps_the_locks_of_those_who_have_it_open() {
    if let Some(dir) = victim() {
        return assert!(!is_free(&Path::new(&dir).join("stanch.db")), "others believe that nobody has it");
    }
    let dir = must(tempfile::tempdir());
    let place = dir.path().display().to_string();
    let seen = || {
        let test = "crash::who_opens_a_file_again_keeps_the_locks_of_those_who_have_it_open";
        must(another(test, &place).status()).success()
    };
    run(async {
        let store = open(&file(dir.path())).await;
        assert!(seen(), "it is locked while it is open");
        drop(open(&file(dir.path())).await);
        assert!(seen(), "it was opened again");
        drop(store);
    });
}

#[test]
fn what_cannot_be_a_file_of_ours_is_told_at_once() {
    let dir = must(tempfile::tempdir());
    must(std::fs::create_dir(dir.path().join("stanch.db")));
    let error = run(Store::open(options(file(dir.path())))).err();
    assert!(matches!(&error, Some(StoreError::Other(why)) if why.contains("directory")), "{error:?}");
}

#[test]
fn a_killed_writer_leaves_a_sound_database() {
    if let Some(url) = victim() {
        return run(write_forever(Place::Postgres(Server::new(Zeroizing::new(url)))));
    }
    let server = Postgres::shared();
    let database = server.database();
    let url = server.url(&database);
    kill_a_writer(&Ground::Server(server, database), &url, "crash::a_killed_writer_leaves_a_sound_database");
}

#[test]
fn a_server_that_stops_and_starts_is_waited_for() {
    let server = Arc::new(Postgres::start());
    let database = server.database();
    run(async {
        let patient = open(&place(&server, &database)).await;
        let hasty = Options { patience: Duration::from_millis(100), ..options(place(&server, &database)) };
        let hasty = must(Store::open(hasty).await);
        let said = |text: &str| AuditEvent::Noted { text: text.to_owned() };
        must(patient.record(&said("before"), "ann", at(0)).await);
        must(hasty.lines(0, 1).await);
        server.stop();
        let outcome = hasty.record(&said("lost"), "ann", at(1)).await;
        assert!(matches!(outcome, Err(StoreError::Gone(_))), "{outcome:?}");
        let outcome = hasty.lines(0, 1).await;
        assert!(matches!(outcome, Err(StoreError::Gone(_))), "{outcome:?}");
        let waiting = tokio::spawn({
            let patient = patient.clone();
            async move { patient.record(&AuditEvent::Noted { text: "meanwhile".to_owned() }, "ann", at(2)).await }
        });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!waiting.is_finished());
        let starting = Arc::clone(&server);
        must(tokio::task::spawn_blocking(move || starting.begin()).await);
        must(must(waiting.await));
        must(hasty.record(&said("after"), "ann", at(3)).await);
        let report = must(verify(&hasty, &[]).await);
        assert!(report.is_sound());
        assert_eq!(report.lines, 3, "what was told as lost was not written");
        assert!(patient.stats().reconnects > 0);
    });
}

#[test]
fn a_full_disk_is_told_and_spoils_nothing() {
    let dir = must(tempfile::tempdir());
    run(async {
        let bounded = Options { pages: Some(120), ..options(file(dir.path())) };
        let store = must(Store::open(bounded).await);
        let long = AuditEvent::Noted { text: "x".repeat(5_000) };
        let mut kept = 0;
        let error = loop {
            match store.record(&long, "ann", at(0)).await {
                Ok(_) => kept += 1,
                Err(error) => break error,
            }
            assert!(kept < 1000, "it never gets full");
        };
        assert!(matches!(error, StoreError::Full(_)), "{error:?}");
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (store, long) = (store.clone(), long.clone());
            tasks.spawn(async move { store.record(&long, "ann", at(0)).await });
        }
        let outcomes = tasks.join_all().await;
        assert!(outcomes.iter().any(|outcome| matches!(outcome, Err(StoreError::Full(_)))), "{outcomes:?}");
        kept += outcomes.iter().filter(|outcome| outcome.is_ok()).count() as u64;
        let report = must(verify(&store, &[]).await);
        assert_eq!((report.is_sound(), report.lines), (true, kept));
        let roomy = open(&file(dir.path())).await;
        must(roomy.record(&long, "ann", at(1)).await);
        assert!(must(verify(&roomy, &[]).await).is_sound());
    });
}

/// Every file below a folder.
fn files(dir: &Path) -> Vec<PathBuf> {
    let (mut files, mut dirs) = (Vec::new(), vec![dir.to_owned()]);
    while let Some(dir) = dirs.pop() {
        for entry in must(std::fs::read_dir(&dir)).flatten() {
            let path = entry.path();
            if path.is_dir() { dirs.push(path) } else { files.push(path) }
        }
    }
    files
}

#[test]
fn no_file_shows_a_secret() {
    let dir = must(tempfile::tempdir());
    let server = Arc::new(Postgres::start());
    let database = server.database();
    let data = server.data();
    for (place, below) in [(file(dir.path()), dir.path()), (place(&server, &database), data.as_path())] {
        let canary = format!("canary-{}", "of-a-secret-that-nobody-may-see-".repeat(3));
        run(async {
            let store = open(&place).await;
            let secret = || Zeroizing::new(canary.clone().into_bytes());
            let (id, _) = must(store.detect(&detected("f"), &[], Some(secret()), at(0), "scan").await);
            let claim = must(store.claim_one(&id, &actor(1), at(0), LEASE).await);
            let claim = claim.unwrap_or_else(|| panic!("nobody has it"));
            must(store.put_secret(&claim, "other", secret(), at(0)).await);
            let job = stanch_pipeline::store::NewJob {
                queue: "q".to_owned(),
                key: "k".to_owned(),
                payload: secret(),
                due: at(0),
            };
            must(store.enqueue(job, at(0)).await);
            let (_, token) = must(store.make_token("ci", "viewer", None, "ann", at(0)).await);
            must(store.token(&token, at(1)).await);
            assert_eq!(must(store.secret(&id, "other").await), Some(secret()));
            let mut looked_at = 0;
            for path in files(below) {
                let bytes = std::fs::read(&path).unwrap_or_default();
                looked_at += bytes.len();
                for part in [&canary.as_bytes()[..20], &token.as_bytes()[30..50]] {
                    assert!(!bytes.windows(part.len()).any(|window| window == part), "{}", path.display());
                }
                // What is not secret is there: this looks at the right files.
                if path.ends_with("stanch.db-wal") {
                    assert!(bytes.windows(9).any(|window| window == b"acme.toke"));
                }
            }
            assert!(looked_at > 10_000);
        });
    }
}
