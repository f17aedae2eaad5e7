//! Redis. What works is asked over a connection of the test's own, in the protocol's plain words.

use stanch_revokers::act::{Goal, Refusal};
use stanch_revokers::{Liveness, Outcome, Why};
use tempfile::TempDir;

use crate::bench::{Bench, credential, password, why, with_parts};
use crate::server::{Line, Running, certified, command_as, folder, free_port, must, run};
use crate::wires::{Served, survives_bad_days};

const KIND: &str = "redis.acl-or-requirepass";
const HERE: &str = "hosts = { allow = ['127.0.0.1'], private = ['127.0.0.1'] }\nowners = { redis = ['127.0.0.1'] }\n";

struct Redis {
    _running: Running,
    dir: TempDir,
    port: u16,
    tls_port: u16,
    admin: String,
}

impl Redis {
    fn start() -> Self {
        let dir = folder("redis");
        let (port, tls_port, admin) = (free_port(), free_port(), password());
        let users = dir.path().join("users.acl");
        must(std::fs::write(&users, format!("user default off\nuser admin on >{admin} ~* &* +@all\n")), "users");
        let tls = certified(dir.path(), "redis");
        let config = format!(
            "port {port}\nbind 127.0.0.1\nsave \"\"\naclfile {}\ndir {}\ntls-port {tls_port}\ntls-cert-file {}\ntls-key-file {}\ntls-ca-cert-file {}\ntls-auth-clients no\n",
            users.display(),
            dir.path().display(),
            tls.certificate.display(),
            tls.key.display(),
            tls.ca.display()
        );
        let file = dir.path().join("redis.conf");
        must(std::fs::write(&file, config), "a configuration");
        if crate::server::is_root() {
            run(std::process::Command::new("chown").arg("-R").arg("redis").arg(dir.path()));
        }
        let mut running = Running::start(command_as("redis", "redis-server").arg(&file), &dir.path().join("log"));
        running.listens(port);
        Self { _running: running, dir, port, tls_port, admin }
    }

    /// A connection that is logged in; `None` if the server refuses.
    fn login(&self, user: &str, word: &str) -> Option<Line> {
        let mut line = Line::open(self.port);
        let said = line.say(&format!("AUTH {user} {word}\r\n"));
        (said.as_deref() == Some("+OK\r\n")).then_some(line)
    }

    fn admin(&self, words: &str) -> String {
        let mut line = self.login("admin", &self.admin).unwrap_or_else(|| panic!("no administrator"));
        line.say(&format!("{words}\r\n")).unwrap_or_default()
    }

    /// A user with some rules, and its address.
    fn user(&self, user: &str, rules: &str) -> (String, String) {
        let word = password();
        assert_eq!(self.admin(&format!("ACL SETUSER {user} on >{word} {rules}")), "+OK\r\n");
        (format!("redis://{user}:{word}@127.0.0.1:{}/0", self.port), word)
    }

    fn responding(&self) -> String {
        format!(
            "{HERE}[responders.redis]\nsecret = {{ value = '{}' }}\nhost = {{ value = '127.0.0.1:{}' }}\nuser = {{ value = 'admin' }}\n",
            self.admin, self.port
        )
    }
}

impl Served for Redis {
    const KIND: &'static str = KIND;

    fn port(&self) -> u16 {
        self.port
    }

    fn account(&self, name: &str) -> (String, String) {
        self.user(name, "~* +@all")
    }

    fn admits(&self, name: &str, word: &str) -> bool {
        self.login(name, word).is_some()
    }

    fn configuration(&self) -> String {
        self.responding()
    }
}

#[test]
fn a_broken_wire_kills_nobody_and_revives_nobody() {
    survives_bad_days(&Redis::start());
}

#[test]
fn exactly_the_leaked_password_dies_with_its_sessions() {
    let server = Redis::start();
    let (uri, word) = server.user("app", "~app:* +get +set +ping");
    let other = password();
    server.admin(&format!("ACL SETUSER app >{other}"));
    let (bench, leaked) = (Bench::new(KIND, &server.responding()), credential(&uri));
    let probe = bench.probe(&leaked);
    assert_eq!((probe.liveness, probe.identity.of("user")), (Liveness::Active, &["app@127.0.0.1".to_owned()][..]));
    let mut open = server.login("app", &word).unwrap_or_else(|| panic!("not let in"));
    let plan = bench.plan(&leaked).unwrap_or_else(|refusal| panic!("{refusal}"));
    assert!(plan.target.listed);
    let report = bench.carry_out(&leaked, &plan, Goal::Dead);
    assert_eq!((&report.outcome, report.complete), (&Outcome::Revoked, true));
    assert!(server.login("app", &word).is_none() && server.login("app", &other).is_some());
    assert_eq!(open.say("PING\r\n"), None, "the session has ended");
    assert_eq!(bench.plan(&leaked), Err(Refusal::Dead));
    let again = bench.carry_out(&leaked, &plan, Goal::Dead);
    assert_eq!(again.outcome, Outcome::Revoked);
    let kept = must(std::fs::read_to_string(server.dir.path().join("users.acl")), "the users");
    assert_eq!(
        kept.lines().filter(|line| line.starts_with("user app ")).map(|line| line.matches(" #").count()).sum::<usize>(),
        1,
        "it is written down"
    );
    assert_eq!(bench.undo(&leaked, &plan, "remove-password"), Outcome::Accepted);
    assert!(server.login("app", &word).is_some());
    bench.never_wrote(&word);
}

#[test]
fn a_user_who_may_removes_its_own_password_and_others_need_a_responder() {
    let server = Redis::start();
    let (strong, word) = server.user("ops", "~* +@all");
    let (weak, _) = server.user("app", "~* +get");
    let bench = Bench::new(KIND, HERE);
    let probe = bench.probe(&credential(&strong));
    assert!(probe.identity.of("scopes").contains(&"+@all".to_owned()), "{probe:?}");
    assert_eq!(bench.revoke(&credential(&strong), Goal::Dead).outcome, Outcome::Revoked);
    assert!(server.login("ops", &word).is_none());
    assert_eq!(bench.probe(&credential(&weak)).liveness, Liveness::Active);
    assert!(matches!(bench.plan(&credential(&weak)), Err(Refusal::Target(Outcome::NotPermitted { .. }))));
}

#[test]
fn a_rotation_has_both_passwords_work_until_the_old_one_goes() {
    let server = Redis::start();
    let (uri, word) = server.user("app", "~* +get");
    let (bench, leaked) = (Bench::new(KIND, &server.responding()), credential(&uri));
    let (rotation, new) = bench.rotate(&leaked);
    assert_eq!((rotation.failed, rotation.old.map(|old| old.outcome)), (None, Some(Outcome::Revoked)));
    let new = new.unwrap_or_default();
    let fresh = new.split([':', '@']).nth(2).unwrap_or_default();
    assert!(server.login("app", fresh).is_some() && server.login("app", &word).is_none());
}

#[test]
fn what_proves_nothing_is_unknown_and_what_is_not_ours_is_left_alone() {
    let server = Redis::start();
    let (uri, word) = server.user("app", "~* +get");
    server.admin("ACL SETUSER open on nopass ~* +get");
    let bench = Bench::new(KIND, HERE);
    let live = |uri: &str| bench.probe(&credential(uri)).liveness;
    let port = server.port;
    assert_eq!(live(&format!("redis://app:{}@127.0.0.1:{port}", password())), Liveness::Inactive);
    assert_eq!(why(&bench.probe(&credential(&format!("redis://open:{word}@127.0.0.1:{port}")))), Why::Loose);
    assert_eq!(live(&format!("redis://:{word}@127.0.0.1:{port}")), Liveness::Inactive, "the default user is off");
    let at = format!("127.0.0.1:{port}");
    assert_eq!(bench.probe(&with_parts(&word, &[("host", &at), ("user", "app")])).liveness, Liveness::Active);
    let leaked = credential(&uri);
    let stranger = Bench::new(
        KIND,
        &server.responding().replace("owners = { redis = ['127.0.0.1'] }", "owners = { redis = ['cache.acme.dev'] }"),
    );
    assert!(matches!(
        Bench::new(
            KIND,
            &HERE.replace(
                "['127.0.0.1'] }\nowners = { redis = ['127.0.0.1'] }",
                "['127.0.0.1'] }\nowners = { redis = ['cache.acme.dev'] }"
            )
        )
        .plan(&leaked),
        Err(Refusal::NotOurs(_) | Refusal::Target(_))
    ));
    assert!(
        matches!(stranger.plan(&leaked), Err(Refusal::NotOurs(_))),
        "the responder's list outweighs no other owner"
    );
    assert_eq!(why(&Bench::offline(KIND, HERE).probe(&leaked)), Why::Offline);
    assert!(matches!(why(&Bench::new(KIND, "hosts = { private = ['127.0.0.1'] }").probe(&leaked)), Why::Host { .. }));
    assert!(server.login("app", &word).is_some(), "nobody touched it");
    let ca = format!("{HERE}http = {{ ca = '{}' }}", server.dir.path().join("ca.pem").display());
    let encrypted = credential(&format!("rediss://app:{word}@127.0.0.1:{}", server.tls_port));
    assert_eq!(Bench::new(KIND, &ca).probe(&encrypted).liveness, Liveness::Active);
    assert!(why(&bench.probe(&encrypted)).to_string().contains("known authority"));
}

#[test]
fn the_password_of_a_whole_server_is_the_default_users() {
    let dir = folder("redis");
    let (port, word) = (free_port(), password());
    let arguments =
        [format!("--port {port}"), "--bind 127.0.0.1".to_owned(), format!("--requirepass {word}"), "--save".to_owned()];
    let words = arguments.iter().flat_map(|pair| pair.split(' '));
    let mut running = Running::start(
        command_as("redis", "redis-server").args(words).arg("").current_dir(dir.path()),
        &dir.path().join("log"),
    );
    running.listens(port);
    let (bench, leaked) = (Bench::new(KIND, HERE), credential(&format!("redis://:{word}@127.0.0.1:{port}")));
    assert_eq!(bench.probe(&leaked).liveness, Liveness::Active);
    assert_eq!(bench.revoke(&leaked, Goal::Dead).outcome, Outcome::Revoked);
    assert!(Line::open(port).say(&format!("AUTH {word}\r\n")).is_some_and(|said| said.starts_with("-WRONGPASS")));
    assert!(Line::open(port).say("PING\r\n").is_some_and(|said| said.starts_with("-NOAUTH")), "it is not open to all");
}
