//! PostgreSQL. What works is asked of `psql`, which knows nothing of us.

use std::path::PathBuf;
use std::process::Command;

use stanch_revokers::act::{Goal, Refusal};
use stanch_revokers::{Liveness, Outcome, Why};
use tempfile::TempDir;

use crate::bench::{Bench, credential, password, why, with_parts};
use crate::server::{
    Certified, Running, certified, command_as, folder, free_port, must, program, run, succeeds, until,
};
use crate::wires::{Served, survives_bad_days};

const KIND: &str = "postgres.role-password";
/// Who may call the server, and owns it.
const HERE: &str =
    "hosts = { allow = ['127.0.0.1'], private = ['127.0.0.1'] }\nowners = { postgres = ['127.0.0.1'] }\n";

struct Postgres {
    running: Running,
    dir: TempDir,
    port: u16,
    admin: String,
    tls: Certified,
}

impl Postgres {
    fn start() -> Self {
        let dir = folder("postgres");
        let (data, word) = (dir.path().join("data"), dir.path().join("word"));
        let admin = password();
        must(std::fs::write(&word, &admin), "a password");
        run(command_as("postgres", "initdb")
            .args(["--no-sync", "--auth-local=trust", "--auth-host=scram-sha-256", "--username=admin", "--locale=C"])
            .arg(format!("--pwfile={}", word.display()))
            .arg(&data));
        let rules = data.join("pg_hba.conf");
        let hosts = must(std::fs::read_to_string(&rules), "the rules for hosts");
        must(
            std::fs::write(
                &rules,
                format!("host all anyone 127.0.0.1/32 trust\nhost all nobody 127.0.0.1/32 reject\n{hosts}"),
            ),
            "the rules",
        );
        let tls = certified(dir.path(), "postgres");
        let port = free_port();
        let set = |name: &str, value: String| ["-c".to_owned(), format!("{name}={value}")];
        let mut command = command_as("postgres", "postgres");
        command.arg("-D").arg(&data);
        for pair in [
            set("port", port.to_string()),
            set("listen_addresses", "127.0.0.1".to_owned()),
            set("unix_socket_directories", dir.path().display().to_string()),
            set("fsync", "off".to_owned()),
            set("log_statement", "all".to_owned()),
            set("ssl", "on".to_owned()),
            set("ssl_cert_file", tls.certificate.display().to_string()),
            set("ssl_key_file", tls.key.display().to_string()),
        ] {
            command.args(pair);
        }
        let mut running = Running::start(&mut command, &dir.path().join("log")).stopped_by("-INT");
        running.listens(port);
        let server = Self { running, dir, port, admin, tls };
        until("the server answers", || succeeds(&mut server.socket("SELECT 1")));
        server
    }

    /// A statement of the administrator's, over the socket, which asks for no password.
    fn socket(&self, statement: &str) -> Command {
        let mut psql = Command::new(program("psql"));
        psql.args(["-XqAt", "-U", "admin", "-d", "postgres", "-c", statement]).arg("-h").arg(self.dir.path());
        psql.args(["-p", &self.port.to_string()]);
        psql
    }

    fn sql(&self, statement: &str) -> String {
        run(&mut self.socket(statement)).trim().to_owned()
    }

    /// A client of its own that logs in.
    fn client(&self, role: &str, word: &str, statement: &str) -> Command {
        let mut psql = Command::new(program("psql"));
        psql.args(["-XqAt", "-h", "127.0.0.1", "-U", role, "-d", "postgres", "-c", statement]);
        psql.args(["-p", &self.port.to_string()]).env("PGPASSWORD", word);
        psql
    }

    fn lets_in(&self, role: &str, word: &str) -> bool {
        succeeds(&mut self.client(role, word, "SELECT 1"))
    }

    /// A role with a password, and its address.
    fn role(&self, role: &str) -> (String, String) {
        let word = password();
        self.sql(&format!("CREATE ROLE {role} LOGIN PASSWORD '{word}'"));
        (self.uri(role, &word, "postgres"), word)
    }

    fn uri(&self, role: &str, word: &str, database: &str) -> String {
        format!("postgresql://{role}:{word}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// The same with a responder.
    fn responding(&self) -> String {
        format!(
            "{HERE}[responders.postgres]\nsecret = {{ value = '{}' }}\nhost = {{ value = '127.0.0.1:{}' }}\n\
             user = {{ value = 'admin' }}\ndatabase = {{ value = 'postgres' }}\ntls = {{ value = 'disable' }}\n",
            self.admin, self.port
        )
    }

    /// A session that stays open.
    fn session(&self, role: &str, word: &str) -> Running {
        let log: PathBuf = self.dir.path().join(format!("{role}.log"));
        let running = Running::start(&mut self.client(role, word, "SELECT pg_sleep(600)"), &log);
        until("the session is open", || self.sessions(role) == "1");
        running
    }

    fn sessions(&self, role: &str) -> String {
        self.sql(&format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{role}'"))
    }
}

impl Served for Postgres {
    const KIND: &'static str = KIND;

    fn port(&self) -> u16 {
        self.port
    }

    fn account(&self, name: &str) -> (String, String) {
        self.role(name)
    }

    fn admits(&self, name: &str, word: &str) -> bool {
        self.lets_in(name, word)
    }

    fn configuration(&self) -> String {
        self.responding()
    }
}

#[test]
fn a_broken_wire_kills_nobody_and_revives_nobody() {
    survives_bad_days(&Postgres::start());
}

#[test]
fn a_responder_contains_ends_and_kills() {
    let server = Postgres::start();
    let (uri, word) = server.role("app");
    server.sql("CREATE ROLE readers; GRANT readers TO app; ALTER ROLE app CREATEDB");
    let (bench, leaked) = (Bench::new(KIND, &server.responding()), credential(&uri));
    let probe = bench.probe(&leaked);
    assert_eq!(probe.liveness, Liveness::Active);
    assert_eq!(probe.identity.of("user"), ["app@127.0.0.1"]);
    assert_eq!(probe.identity.of("scopes"), ["database postgres", "createdb", "readers"]);

    let mut open = server.session("app", &word);
    let plan = bench.plan(&leaked).unwrap_or_else(|refusal| panic!("{refusal}"));
    assert!(plan.target.listed);
    let contained = bench.carry_out(&leaked, &plan, Goal::Contained);
    assert_eq!((&contained.outcome, contained.is_contained()), (&Outcome::Revoked, true));
    assert!(!server.lets_in("app", &word));
    assert_eq!(server.sessions("app"), "1", "a session outlives that its role may not log in");
    assert_eq!(bench.undo(&leaked, &plan, "no-login"), Outcome::Accepted);
    assert!(server.lets_in("app", &word));

    let dead = bench.carry_out(&leaked, &plan, Goal::Dead);
    assert_eq!((&dead.outcome, dead.complete), (&Outcome::Revoked, true));
    until("the session has ended", || open.ended().is_some());
    assert_eq!(server.sql("SELECT rolpassword IS NULL AND NOT rolcanlogin FROM pg_authid WHERE rolname = 'app'"), "t");
    assert_eq!(bench.plan(&leaked), Err(Refusal::Dead));
    let again = bench.carry_out(&leaked, &plan, Goal::Dead);
    assert_eq!((&again.outcome, again.complete), (&Outcome::Revoked, true), "a second time does no harm");
    bench.never_wrote(&word);
}

#[test]
fn what_people_did_after_it_was_off_is_not_undone() {
    for (meanwhile, fresh) in [("LOGIN PASSWORD 'the-next-word'", Some("the-next-word")), ("LOGIN", None)] {
        let server = Postgres::start();
        let (uri, word) = server.role("app");
        let (bench, leaked) = (Bench::new(KIND, &server.responding()), credential(&uri));
        let plan = bench.plan(&leaked).unwrap_or_else(|refusal| panic!("{refusal}"));
        assert_eq!(bench.go_on(&leaked, &plan, Goal::Contained).outcome, Outcome::Revoked);
        server.sql(&format!("ALTER ROLE app {meanwhile}"));
        let report = bench.go_on(&leaked, &plan, Goal::Dead);
        assert!(matches!(report.outcome, Outcome::NotPermitted { .. }) && !report.complete, "{report:?}");
        assert!(server.lets_in("app", fresh.unwrap_or(&word)), "{meanwhile}");
    }
}

#[test]
fn what_is_off_dies_later() {
    let server = Postgres::start();
    let (uri, _) = server.role("app");
    let (bench, leaked) = (Bench::new(KIND, &server.responding()), credential(&uri));
    let plan = bench.plan(&leaked).unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(bench.go_on(&leaked, &plan, Goal::Contained).outcome, Outcome::Revoked);
    let report = bench.go_on(&leaked, &plan, Goal::Dead);
    assert_eq!((&report.outcome, report.complete), (&Outcome::Revoked, true), "{report:?}");
    assert_eq!(server.sql("SELECT rolpassword IS NULL FROM pg_authid WHERE rolname = 'app'"), "t");
}

#[test]
fn a_role_alone_may_only_change_its_password() {
    let server = Postgres::start();
    let (uri, word) = server.role("app");
    let (bench, leaked) = (Bench::new(KIND, HERE), credential(&uri));
    let mut open = server.session("app", &word);
    let report = bench.revoke(&leaked, Goal::Dead);
    let steps: Vec<&str> = report.done.iter().map(|done| done.step.name.as_str()).collect();
    assert_eq!((steps, &report.outcome, report.complete), (vec!["change-password"], &Outcome::Revoked, true));
    assert!(!server.lets_in("app", &word));
    until("the session has ended", || open.ended().is_some());
    assert_eq!(bench.plan(&leaked), Err(Refusal::Dead));
    let log = server.running.log();
    let changed = log.lines().filter(|line| line.contains("ALTER ROLE \"app\" PASSWORD"));
    assert!(changed.clone().count() == 1 && changed.clone().all(|line| line.contains("'SCRAM-SHA-256$")), "{log}");
}

#[test]
fn a_rotation_hands_over_an_address_that_works() {
    let server = Postgres::start();
    let (uri, word) = server.role("app");
    let (bench, leaked) = (Bench::new(KIND, HERE), credential(&uri));
    let (rotation, new) = bench.rotate(&leaked);
    assert_eq!((rotation.failed, rotation.old.map(|old| old.outcome)), (None, Some(Outcome::Revoked)));
    let new = new.unwrap_or_default();
    let fresh = new.split([':', '@']).nth(2).unwrap_or_default();
    assert!(new.starts_with("postgresql://app:") && new.ends_with("/postgres?sslmode=disable"));
    assert!(server.lets_in("app", fresh) && !server.lets_in("app", &word));
    assert!(!server.running.log().contains(fresh), "the server's log has the new password");
}

#[test]
fn what_proves_nothing_is_unknown_and_what_is_not_ours_is_left_alone() {
    let server = Postgres::start();
    let (uri, word) = server.role("app");
    server.sql("CREATE ROLE anyone LOGIN; CREATE ROLE nobody LOGIN PASSWORD 'x1y2z3'");
    server.sql("CREATE DATABASE closed");
    server.sql("REVOKE CONNECT ON DATABASE closed FROM PUBLIC");
    let bench = Bench::new(KIND, HERE);
    let live = |uri: &str| bench.probe(&credential(uri)).liveness;
    assert_eq!(live(&server.uri("app", &password(), "postgres")), Liveness::Inactive);
    assert_eq!(live(&server.uri("ghost", &word, "postgres")), Liveness::Inactive);
    assert_eq!(live(&server.uri("app", &word, "missing")), Liveness::Active);
    assert_eq!(live(&server.uri("app", &word, "closed")), Liveness::Active);
    assert_eq!(why(&bench.probe(&credential(&server.uri("anyone", &word, "postgres")))), Why::Loose);
    assert_eq!(why(&bench.probe(&credential(&server.uri("anyone", &word, "missing")))), Why::Loose);
    let rejected = why(&bench.probe(&credential(&server.uri("nobody", "x1y2z3", "postgres"))));
    assert!(rejected.to_string().contains("28000"), "{rejected}");
    let port = server.port.to_string();
    let parts = [("host", &*format!("127.0.0.1:{port}")), ("user", "app"), ("database", "postgres")];
    assert!(
        matches!(bench.probe(&with_parts(&word, &parts)).liveness, Liveness::Unknown { .. }),
        "an unknown authority"
    );
    assert_eq!(
        bench.probe(&with_parts(&word, &[&parts[..], &[("tls", "disable")]].concat())).liveness,
        Liveness::Active
    );
    assert_eq!(why(&bench.probe(&with_parts(&word, &parts[1..]))), Why::Missing { part: "host".to_owned() });

    let leaked = credential(&uri);
    let stranger = Bench::new(
        KIND,
        &HERE.replace("owners = { postgres = ['127.0.0.1'] }", "owners = { postgres = ['db.acme.dev'] }"),
    );
    assert!(matches!(stranger.plan(&leaked), Err(Refusal::NotOurs(_))));
    assert_eq!(why(&Bench::offline(KIND, HERE).probe(&leaked)), Why::Offline);
    let named = Bench::new(KIND, "hosts = { private = ['127.0.0.1'] }");
    assert!(matches!(why(&named.probe(&leaked)), Why::Host { .. }));
    let elsewhere = Bench::new(KIND, &server.responding().replace(&format!("127.0.0.1:{port}"), "127.0.0.1:1"));
    let Err(Refusal::Target(Outcome::Unknown { why })) = elsewhere.plan(&leaked) else {
        panic!("a responder of another server")
    };
    assert!(why.to_string().contains("another server"), "{why}");
    let own = Bench::new(KIND, &server.responding().replace("'admin'", "'app'"));
    assert!(matches!(own.plan(&leaked), Err(Refusal::Target(Outcome::NotPermitted { .. }))));
    let weak_word = server.role("weak").1;
    let weak = Bench::new(KIND, &server.responding().replace("'admin'", "'weak'").replace(&server.admin, &weak_word));
    let report = weak.revoke(&leaked, Goal::Dead);
    assert!(matches!(report.outcome, Outcome::NotPermitted { .. }) && report.done.len() == 1, "{report:?}");
    assert!(server.lets_in("app", &word), "nobody touched it");
}

#[test]
fn tls_needs_a_certificate_that_is_trusted() {
    let server = Postgres::start();
    let (uri, _) = server.role("app");
    let leaked = credential(&uri.replace("disable", "require"));
    let untrusted = why(&Bench::new(KIND, HERE).probe(&leaked));
    assert!(untrusted.to_string().contains("known authority"), "{untrusted}");
    let config = format!("{HERE}http = {{ ca = '{}' }}\n", server.tls.ca.display());
    assert_eq!(Bench::new(KIND, &config).probe(&leaked).liveness, Liveness::Active);
}
