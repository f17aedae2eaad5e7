//! Where a store is: files and their permissions, servers and their certificates, schemas and keys that do not fit.

use std::time::Duration;

use stanch_pipeline::audit::{AuditEvent, SigningKey};
use stanch_pipeline::store::{CREDENTIAL, Options, Place, Server, Store, StoreError, StoreKey};
use stanch_testkit::Postgres;
use zeroize::Zeroizing;

use crate::bench::{Ground, at, detected, file, key, must, on_both, open, options, run, signing};
use crate::server::over_network;

fn noted(text: &str) -> AuditEvent {
    AuditEvent::Noted { text: text.to_owned() }
}

async fn refused(options: Options) -> StoreError {
    match Store::open(options).await {
        Ok(_) => panic!("it opens"),
        Err(error) => error,
    }
}

#[test]
fn another_key_is_refused_and_changes_nothing() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        let secret = Zeroizing::new(b"a secret".to_vec());
        let (id, _) = must(store.detect(&detected("f"), &[], Some(secret.clone()), at(0), "scan").await);
        let wrong = Options::new(ground.place(), key(2), signing(1));
        assert_eq!(refused(wrong).await, StoreError::WrongKey);
        assert_eq!(must(open(&ground.place()).await.secret(&id, CREDENTIAL).await), Some(secret));
    });
}

#[test]
fn what_was_sealed_opens_nowhere_else() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        let secret = || Some(Zeroizing::new(b"a secret".to_vec()));
        let (one, _) = must(store.detect(&detected("one"), &[], secret(), at(0), "scan").await);
        let (two, _) = must(store.detect(&detected("two"), &[], secret(), at(0), "scan").await);
        ground.meddle(&format!(
            "UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE incident = '{one}') WHERE incident = '{two}'"
        ));
        assert!(matches!(store.secret(&two, CREDENTIAL).await, Err(StoreError::Corrupt(_))));
        assert!(must(store.secret(&one, CREDENTIAL).await).is_some());
    });
}

#[test]
fn a_schema_that_is_newer_or_was_changed_is_refused() {
    on_both(async |ground| {
        drop(open(&ground.place()).await);
        ground.meddle("INSERT INTO migrations (name, hash) VALUES ('9999_later', 'x')");
        let error = refused(options(ground.place())).await;
        assert!(matches!(&error, StoreError::Unfit(why) if why.contains("9999_later")), "{error}");
        ground.meddle("DELETE FROM migrations WHERE name = '9999_later'");
        drop(open(&ground.place()).await);
        ground.meddle("UPDATE migrations SET hash = 'x'");
        let error = refused(options(ground.place())).await;
        assert!(matches!(&error, StoreError::Unfit(why) if why.contains("0001_begin")), "{error}");
    });
}

#[test]
fn many_may_open_a_new_database_at_once() {
    on_both(async |ground| {
        let mut tasks = tokio::task::JoinSet::new();
        for text in 0..8 {
            let place = ground.place();
            tasks.spawn(async move { open(&place).await.record(&noted(&text.to_string()), "ann", at(0)).await });
        }
        let mut places: Vec<u64> = tasks.join_all().await.into_iter().map(must).collect();
        places.sort_unstable();
        assert_eq!(places, [1, 2, 3, 4, 5, 6, 7, 8]);
    });
}

#[test]
fn many_writes_are_one_commit_and_keep_their_order() {
    on_both(async |ground: &Ground| {
        let store = open(&ground.place()).await;
        let before = store.stats();
        let mut waiting = Vec::new();
        for text in 0..500 {
            waiting.push((noted(&format!("{text:03}")), store.clone()));
        }
        // All are sent before the first answer: each future is polled in order.
        let mut tasks = tokio::task::JoinSet::new();
        for (event, store) in waiting {
            tasks.spawn(async move { must(store.record(&event, "ann", at(0)).await) });
        }
        tasks.join_all().await;
        let after = store.stats();
        assert_eq!(after.works - before.works, 500);
        assert!(after.commits - before.commits < 250, "{} commits", after.commits - before.commits);
        let lines = must(store.lines(0, 1000).await);
        let texts: Vec<String> = lines.iter().map(|line| line.event.clone()).collect();
        assert_eq!(texts.len(), 500);
        assert!(texts.is_sorted(), "they are in the order in which they were sent");
    });
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = must(tempfile::tempdir());
    let below = dir.path().join("made/for it");
    run(async {
        let store = open(&file(&below)).await;
        must(store.record(&noted("x"), "ann", at(0)).await);
        let mode = |name: &str| must(std::fs::metadata(below.join(name))).permissions().mode() & 0o777;
        assert_eq!(["", "stanch.db", "stanch.db-wal", "stanch.db-shm"].map(mode), [0o700, 0o600, 0o600, 0o600]);
        let keys = dir.path().join("keys");
        let made = must(SigningKey::load_or_make(&keys.join("signing")));
        assert_eq!(must(SigningKey::load_or_make(&keys.join("signing"))).public(), made.public());
        must(StoreKey::load_or_make(&keys.join("store")));
        let mode = |name: &str| must(std::fs::metadata(keys.join(name))).permissions().mode() & 0o777;
        assert_eq!(["", "signing", "store"].map(mode), [0o700, 0o600, 0o600]);
        assert!(StoreKey::load_or_make(&keys.join("signing")).is_err(), "a key is for one thing");
        must(std::fs::write(keys.join("store"), "stanch-store-1:AAAA\n"));
        assert!(StoreKey::load_or_make(&keys.join("store")).is_err(), "a key that is too short is none");
    });
}

#[test]
fn a_file_that_is_no_database_is_told() {
    let dir = must(tempfile::tempdir());
    must(std::fs::write(dir.path().join("stanch.db"), "this is a text and no database".repeat(99)));
    let error = run(refused(options(file(dir.path()))));
    assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
}

#[test]
fn a_server_over_the_network_is_spoken_to_in_tls() {
    let server = Postgres::shared();
    let database = server.database();
    let with = |server: Server| Options { patience: Duration::from_millis(50), ..options(Place::Postgres(server)) };
    run(async {
        for options in ["?sslmode=require", "?sslmode=verify-full"] {
            let store = must(Store::open(with(over_network(&server, &database, options))).await);
            must(store.record(&noted("x"), "ann", at(0)).await);
        }
        let stranger = Server { ca: None, ..over_network(&server, &database, "?sslmode=require") };
        let error = refused(with(stranger)).await;
        assert!(matches!(error, StoreError::Gone(_)), "no authority of ours: {error}");
        let plain = must(Store::open(with(over_network(&server, &database, "?sslmode=disable"))).await);
        must(plain.record(&noted("x"), "ann", at(0)).await);
        let word = "postgres://ann:not-the-password@127.0.0.1:1/x";
        let elsewhere = Server::new(Zeroizing::new("postgres://ann:hush@db.example/x?sslmode=disable".to_owned()));
        let error = refused(with(elsewhere)).await;
        assert!(matches!(&error, StoreError::Other(why) if why.contains("TLS")), "{error}");
        let error = refused(with(Server::new(Zeroizing::new(word.to_owned())))).await;
        assert!(matches!(&error, StoreError::Gone(why) if !why.contains("not-the-password")), "{error}");
        let error = refused(with(Server::new(Zeroizing::new("hush=hush".to_owned())))).await;
        assert!(!error.to_string().contains("hush"), "{error}");
    });
}
