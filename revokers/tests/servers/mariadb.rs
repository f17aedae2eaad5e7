//! MariaDB. What works is asked of its own client, which knows nothing of us.

use std::process::Command;

use stanch_revokers::act::{Goal, Refusal};
use stanch_revokers::{Liveness, Outcome, Why};
use tempfile::TempDir;

use crate::bench::{Bench, credential, password, why, with_parts};
use crate::server::{Running, certified, command_as, folder, free_port, program, run, succeeds, until};
use crate::wires::{Served, survives_bad_days};

const KIND: &str = "mysql.user-password";
const HERE: &str = "hosts = { allow = ['127.0.0.1'], private = ['127.0.0.1'] }\nowners = { mysql = ['127.0.0.1'] }\n";

struct MariaDb {
    _running: Running,
    dir: TempDir,
    port: u16,
    admin: String,
}

impl MariaDb {
    fn start() -> Self {
        let dir = folder("mysql");
        let data = dir.path().join("data");
        run(command_as("mysql", "mariadb-install-db")
            .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"])
            .arg(format!("--datadir={}", data.display()))
            .env("TMPDIR", dir.path()));
        let tls = certified(dir.path(), "mysql");
        let (port, admin) = (free_port(), password());
        let mut command = command_as("mysql", "mariadbd");
        command.env("TMPDIR", dir.path()).args([
            "--no-defaults",
            "--bind-address=127.0.0.1",
            "--skip-log-bin",
            "--innodb-flush-log-at-trx-commit=0",
            "--general-log=1",
        ]);
        for (name, value) in [
            ("datadir", data.display().to_string()),
            ("port", port.to_string()),
            ("socket", dir.path().join("socket").display().to_string()),
            ("general-log-file", dir.path().join("statements").display().to_string()),
            ("ssl-cert", tls.certificate.display().to_string()),
            ("ssl-key", tls.key.display().to_string()),
        ] {
            command.arg(format!("--{name}={value}"));
        }
        let mut running = Running::start(&mut command, &dir.path().join("log"));
        running.listens(port);
        let server = Self { _running: running, dir, port, admin };
        until("the server answers", || succeeds(&mut server.socket("SELECT 1")));
        server.sql(&format!(
            "CREATE USER admin@'127.0.0.1' IDENTIFIED BY '{}'; GRANT ALL ON *.* TO admin@'127.0.0.1' WITH GRANT OPTION",
            server.admin
        ));
        server
    }

    /// A statement of root's, over the socket.
    fn socket(&self, statement: &str) -> Command {
        let mut client = Command::new(program("mariadb"));
        client.args(["--no-defaults", "-N", "-B", "-u", "root", "-e", statement]);
        client.arg(format!("--socket={}", self.dir.path().join("socket").display()));
        client
    }

    fn sql(&self, statement: &str) -> String {
        run(&mut self.socket(statement)).trim().to_owned()
    }

    fn client(&self, user: &str, word: &str, statement: &str) -> Command {
        let mut client = Command::new(program("mariadb"));
        client.args(["--no-defaults", "-N", "-B", "-h", "127.0.0.1", "-u", user, "-e", statement]);
        client.args(["-P", &self.port.to_string()]).env("MYSQL_PWD", word);
        client
    }

    fn lets_in(&self, user: &str, word: &str) -> bool {
        succeeds(&mut self.client(user, word, "SELECT 1"))
    }

    fn user(&self, user: &str) -> (String, String) {
        let word = password();
        self.sql(&format!("CREATE USER {user}@'127.%' IDENTIFIED BY '{word}'"));
        (self.uri(user, &word), word)
    }

    fn uri(&self, user: &str, word: &str) -> String {
        format!("mysql://{user}:{word}@127.0.0.1:{}/missing?ssl-mode=DISABLED", self.port)
    }

    fn responding(&self) -> String {
        format!(
            "{HERE}[responders.mysql]\nsecret = {{ value = '{}' }}\nhost = {{ value = '127.0.0.1:{}' }}\nuser = {{ value = 'admin' }}\ntls = {{ value = 'disable' }}\n",
            self.admin, self.port
        )
    }

    fn session(&self, user: &str, word: &str) -> Running {
        let running = Running::start(
            &mut self.client(user, word, "SELECT SLEEP(600)"),
            &self.dir.path().join(format!("{user}.log")),
        );
        until("the session is open", || self.sessions(user) == "1");
        running
    }

    fn sessions(&self, user: &str) -> String {
        self.sql(&format!("SELECT COUNT(*) FROM information_schema.processlist WHERE user = '{user}'"))
    }
}

impl Served for MariaDb {
    const KIND: &'static str = KIND;

    fn port(&self) -> u16 {
        self.port
    }

    fn account(&self, name: &str) -> (String, String) {
        self.user(name)
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
    survives_bad_days(&MariaDb::start());
}

#[test]
fn what_people_did_after_it_was_off_is_not_undone() {
    let server = MariaDb::start();
    let (uri, _) = server.user("app");
    let (bench, leaked) = (Bench::new(KIND, &server.responding()), credential(&uri));
    let plan = bench.plan(&leaked).unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(bench.go_on(&leaked, &plan, Goal::Contained).outcome, Outcome::Revoked);
    server.sql("ALTER USER app@'127.%' IDENTIFIED BY 'the-next-word' ACCOUNT UNLOCK");
    let report = bench.go_on(&leaked, &plan, Goal::Dead);
    assert!(matches!(report.outcome, Outcome::NotPermitted { .. }) && !report.complete, "{report:?}");
    assert!(server.lets_in("app", "the-next-word"));
}

#[test]
fn what_is_off_dies_later() {
    let server = MariaDb::start();
    let (uri, word) = server.user("app");
    let (bench, leaked) = (Bench::new(KIND, &server.responding()), credential(&uri));
    let plan = bench.plan(&leaked).unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(bench.go_on(&leaked, &plan, Goal::Contained).outcome, Outcome::Revoked);
    let report = bench.go_on(&leaked, &plan, Goal::Dead);
    assert_eq!((&report.outcome, report.complete), (&Outcome::Revoked, true), "{report:?}");
    assert!(!server.lets_in("app", &word));
}

#[test]
fn a_responder_locks_ends_and_kills() {
    let server = MariaDb::start();
    let (uri, word) = server.user("app");
    server.sql("GRANT SELECT ON mysql.* TO app@'127.%'");
    let (bench, leaked) = (Bench::new(KIND, &server.responding()), credential(&uri));
    let probe = bench.probe(&leaked);
    assert_eq!(probe.liveness, Liveness::Active);
    assert_eq!(probe.identity.of("user"), ["app@127.0.0.1"]);
    assert_eq!(probe.identity.of("scopes"), ["USAGE ON *.*", "SELECT ON `mysql`.*"], "and no hash");
    let mut open = server.session("app", &word);
    let plan = bench.plan(&leaked).unwrap_or_else(|refusal| panic!("{refusal}"));
    assert!(plan.target.listed && plan.steps.iter().all(|step| step.target.contains("'app'@'127.%'")));
    let contained = bench.carry_out(&leaked, &plan, Goal::Contained);
    assert_eq!((&contained.outcome, contained.is_contained()), (&Outcome::Revoked, true));
    assert!(!server.lets_in("app", &word));
    assert_eq!(server.sessions("app"), "1", "a session outlives the lock");
    assert_eq!(bench.undo(&leaked, &plan, "lock"), Outcome::Accepted);
    assert!(server.lets_in("app", &word));
    let dead = bench.carry_out(&leaked, &plan, Goal::Dead);
    assert_eq!((&dead.outcome, dead.complete), (&Outcome::Revoked, true), "{dead:?}");
    until("the session has ended", || open.ended().is_some());
    server.sql("ALTER USER app@'127.%' ACCOUNT UNLOCK");
    assert!(!server.lets_in("app", &word), "the password has changed, too");
    assert_eq!(bench.plan(&leaked), Err(Refusal::Dead));
    assert!(bench.carry_out(&leaked, &plan, Goal::Dead).outcome.is_dead(), "a second time does no harm");
    bench.never_wrote(&word);
}

#[test]
fn an_account_alone_may_only_change_its_password() {
    let server = MariaDb::start();
    let (uri, word) = server.user("app");
    let (bench, leaked) = (Bench::new(KIND, HERE), credential(&uri));
    let mut open = server.session("app", &word);
    let report = bench.revoke(&leaked, Goal::Dead);
    let steps: Vec<&str> = report.done.iter().map(|done| done.step.name.as_str()).collect();
    assert_eq!(
        (steps, &report.outcome, report.complete),
        (vec!["change-password"], &Outcome::Revoked, true),
        "{report:?}"
    );
    assert!(!server.lets_in("app", &word));
    until("the session has ended", || open.ended().is_some());
    assert_eq!(bench.plan(&leaked), Err(Refusal::Dead));
}

#[test]
fn a_rotation_hands_over_an_address_that_works() {
    let server = MariaDb::start();
    let (uri, word) = server.user("app");
    let (bench, leaked) = (Bench::new(KIND, HERE), credential(&uri));
    let (rotation, new) = bench.rotate(&leaked);
    assert_eq!((rotation.failed, rotation.old.map(|old| old.outcome)), (None, Some(Outcome::Revoked)));
    let new = new.unwrap_or_default();
    let fresh = new.split([':', '@']).nth(2).unwrap_or_default();
    assert!(server.lets_in("app", fresh) && !server.lets_in("app", &word));
    let statements = std::fs::read_to_string(server.dir.path().join("statements")).unwrap_or_default();
    assert!(
        statements.contains("SET PASSWORD") && !statements.contains(fresh),
        "the log of statements has the new password"
    );
}

#[test]
fn what_proves_nothing_is_unknown_and_what_is_not_ours_is_left_alone() {
    let server = MariaDb::start();
    let (uri, word) = server.user("app");
    let (bench, leaked) = (Bench::new(KIND, HERE), credential(&uri));
    let live = |uri: &str| bench.probe(&credential(uri)).liveness;
    assert_eq!(live(&server.uri("app", &password())), Liveness::Inactive);
    assert_eq!(live(&server.uri("ghost", &word)), Liveness::Inactive);
    let at = format!("127.0.0.1:{}", server.port);
    assert_eq!(
        bench.probe(&with_parts(&word, &[("host", &at), ("user", "app"), ("tls", "disable")])).liveness,
        Liveness::Active
    );
    assert_eq!(why(&bench.probe(&with_parts(&word, &[("host", &at)]))), Why::Missing { part: "user".to_owned() });
    let encrypted = credential(&uri.replace("DISABLED", "REQUIRED"));
    assert!(why(&bench.probe(&encrypted)).to_string().contains("known authority"));
    let trusting = format!("{HERE}http = {{ ca = '{}' }}", server.dir.path().join("ca.pem").display());
    assert_eq!(Bench::new(KIND, &trusting).probe(&encrypted).liveness, Liveness::Active);

    let stranger = Bench::new(KIND, &HERE.replace("mysql = ['127.0.0.1']", "mysql = ['db.acme.dev']"));
    assert!(matches!(stranger.plan(&leaked), Err(Refusal::NotOurs(_))));
    assert_eq!(why(&Bench::offline(KIND, HERE).probe(&leaked)), Why::Offline);
    assert!(matches!(why(&Bench::new(KIND, "hosts = { private = ['127.0.0.1'] }").probe(&leaked)), Why::Host { .. }));
    let weak_word = server.user("weak").1;
    let weak = Bench::new(KIND, &server.responding().replace("'admin'", "'weak'").replace(&server.admin, &weak_word));
    assert!(
        matches!(weak.plan(&leaked), Err(Refusal::Target(Outcome::NotPermitted { .. }))),
        "{:?}",
        weak.plan(&leaked)
    );
    let own = Bench::new(KIND, &server.responding().replace("'admin'", "'app'").replace(&server.admin, &word));
    assert!(matches!(own.plan(&leaked), Err(Refusal::Target(Outcome::NotPermitted { .. }))));
    assert!(server.lets_in("app", &word), "nobody touched it");
}
