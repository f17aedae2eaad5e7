//! RabbitMQ. What works is asked in AMQP, of which the revoker, which speaks to the management API, knows nothing.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use stanch_revokers::act::{Goal, Refusal};
use stanch_revokers::{Credential, Liveness, Outcome, Why};
use tempfile::TempDir;

use crate::bench::{Bench, password, why, with_parts};
use crate::server::{Running, command_as, folder, free_port, is_root, must, run, until};

const KIND: &str = "rabbitmq.user";

struct Rabbit {
    _running: Running,
    _mapper: Running,
    _dir: TempDir,
    port: u16,
    management: u16,
    admin: String,
}

/// The script of the server itself; what stands on the path changes the user in a way of its own.
fn script() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/rabbitmq/lib").into_iter().flatten().flatten();
    let found = versions.map(|version| version.path().join("sbin/rabbitmq-server")).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("`rabbitmq-server` is missing: `need_servers` of .ci/tools installs it"))
}

impl Rabbit {
    fn start() -> Self {
        let dir = folder("rabbitmq");
        let at = |name: &str| dir.path().join(name);
        let (port, management, mapper_port, admin) = (free_port(), free_port(), free_port(), password());
        let config = format!(
            "listeners.tcp.1 = 127.0.0.1:{port}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {management}\n\
             default_user = admin\ndefault_pass = {admin}\nlog.console = true\nlog.file = false\n"
        );
        must(std::fs::write(at("rabbitmq.conf"), config), "a configuration");
        must(std::fs::write(at("plugins"), "[rabbitmq_management].\n"), "the plugins");
        if is_root() {
            run(std::process::Command::new("chown").arg("-R").arg("rabbitmq").arg(dir.path()));
        }
        let mut mapper = command_as("rabbitmq", "epmd");
        mapper.args(["-port", &mapper_port.to_string(), "-address", "127.0.0.1"]);
        let mut mapper = Running::start(&mut mapper, &at("mapper.log"));
        mapper.listens(mapper_port);
        let mut command = command_as("rabbitmq", "sh");
        command.arg(script()).env_remove("ERL_FLAGS").current_dir(dir.path());
        for (name, value) in [
            ("HOME", dir.path().to_owned()),
            ("RABBITMQ_CONFIG_FILE", at("rabbitmq.conf")),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", at("plugins")),
            ("RABBITMQ_MNESIA_BASE", at("mnesia")),
            ("RABBITMQ_LOG_BASE", at("logs")),
            ("RABBITMQ_NODENAME", PathBuf::from(format!("stanch{port}@localhost"))),
            ("RABBITMQ_DIST_PORT", PathBuf::from(free_port().to_string())),
            ("ERL_EPMD_PORT", PathBuf::from(mapper_port.to_string())),
            ("RABBITMQ_CONF_ENV_FILE", at("none")),
        ] {
            command.env(name, value);
        }
        let mut running = Running::start(&mut command, &at("log"));
        running.listens(port);
        running.listens(management);
        let server = Self { _running: running, _mapper: mapper, _dir: dir, port, management, admin };
        until("the server answers", || server.api("GET", "whoami", "").contains("administrator"));
        server
    }

    /// A request of the administrator's, in plain HTTP.
    fn api(&self, method: &str, path: &str, body: &str) -> String {
        use base64::Engine as _;
        let login = base64::engine::general_purpose::STANDARD.encode(format!("admin:{}", self.admin));
        let mut stream = must(TcpStream::connect(("127.0.0.1", self.management)), "the management API");
        let length = body.len();
        let head = format!(
            "{method} /api/{path} HTTP/1.0\r\nauthorization: Basic {login}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        must(stream.write_all(head.as_bytes()), "a request");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    /// A user of the broker, with these tags.
    fn user(&self, user: &str, tags: &str) -> (Credential, String) {
        let word = password();
        let made = self.api("PUT", &format!("users/{user}"), &format!(r#"{{"password":"{word}","tags":"{tags}"}}"#));
        assert!(made.starts_with("HTTP/1.1 20") || made.starts_with("HTTP/1.0 20"), "{made}");
        self.api("PUT", &format!("permissions/%2F/{user}"), r#"{"configure":".*","write":".*","read":".*"}"#);
        (with_parts(&word, &[("u", user), ("host", "mq.acme.dev")]), word)
    }

    fn config(&self) -> String {
        let management = self.management;
        format!(
            "hosts = {{ allow = ['mq.acme.dev'] }}\nendpoints = {{ 'mq.acme.dev' = 'http://127.0.0.1:{management}' }}\nowners = {{ rabbitmq = ['app', 'worker'] }}\n"
        )
    }

    fn responding(&self) -> String {
        let config = self.config();
        format!(
            "{config}[responders.rabbitmq]\nsecret = {{ value = '{}' }}\nhost = {{ value = 'mq.acme.dev' }}\nuser = {{ value = 'admin' }}\n",
            self.admin
        )
    }

    /// A connection that is logged in and open (<https://www.rabbitmq.com/amqp-0-9-1-reference>); `None` if the broker refuses.
    fn login(&self, user: &str, word: &str) -> Option<TcpStream> {
        let mut stream = must(TcpStream::connect(("127.0.0.1", self.port)), "the broker");
        must(stream.set_read_timeout(Some(Duration::from_secs(10))), "a time-out");
        must(stream.write_all(b"AMQP\0\0\x09\x01"), "the protocol");
        assert_eq!(method(&mut stream).map(|(id, _)| id), Some((10, 10)));
        let response = format!("\0{user}\0{word}");
        let length = u32::try_from(response.len()).unwrap_or_default().to_be_bytes();
        send(&mut stream, &[b"\0\x0a\0\x0b\0\0\0\0\x05PLAIN", &length[..], response.as_bytes(), b"\x05en_US"].concat());
        let ((10, 30), tune) = method(&mut stream)? else { return None };
        let limits = tune.get(4..10)?;
        send(&mut stream, &[b"\0\x0a\0\x1f", limits, b"\0\0"].concat());
        send(&mut stream, b"\0\x0a\0\x28\x01/\0\0");
        (method(&mut stream)?.0 == (10, 41)).then_some(stream)
    }
}

fn send(stream: &mut TcpStream, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
    must(stream.write_all(&[b"\x01\0\0", &length[..], payload, b"\xce"].concat()), "a frame");
}

/// Reads a method: its class and number, and all of its payload; `None` if the connection ends.
fn method(stream: &mut TcpStream) -> Option<((u16, u16), Vec<u8>)> {
    let mut head = [0; 7];
    stream.read_exact(&mut head).ok()?;
    let length = u32::from_be_bytes([head[3], head[4], head[5], head[6]]) as usize;
    let mut payload = vec![0; length + 1];
    stream.read_exact(&mut payload).ok()?;
    let pair = |at: usize| Some(u16::from_be_bytes([*payload.get(at)?, *payload.get(at + 1)?]));
    Some(((pair(0)?, pair(2)?), payload))
}

#[test]
fn a_user_is_deleted_with_its_connections() {
    let server = Rabbit::start();
    let (leaked, word) = server.user("app", "");
    let (monitor, _) = server.user("worker", "monitoring");
    let bench = Bench::new(KIND, &server.responding());
    assert_eq!(bench.probe(&leaked).liveness, Liveness::Active, "it may not manage, and so its password is right");
    let probe = bench.probe(&monitor);
    assert_eq!(
        (probe.identity.of("user"), probe.identity.of("scopes")),
        (&["worker".to_owned()][..], &["monitoring".to_owned()][..])
    );
    assert_eq!(
        bench.probe(&with_parts(&password(), &[("u", "app"), ("host", "mq.acme.dev")])).liveness,
        Liveness::Inactive
    );

    assert_eq!(why(&Bench::offline(KIND, &server.responding()).probe(&leaked)), Why::Offline);
    let closed = Bench::new(KIND, &server.responding().replace("allow = ['mq.acme.dev']", "allow = []"));
    assert!(matches!(why(&closed.probe(&leaked)), Why::Host { .. }));
    let alone = Bench::new(KIND, &server.config()).plan(&leaked);
    assert!(matches!(&alone, Err(Refusal::Target(Outcome::Unknown { why: Why::NoResponder { .. } }))), "{alone:?}");

    let mut open = server.login("app", &word).unwrap_or_else(|| panic!("not let in"));
    let plan = bench.plan(&leaked).unwrap_or_else(|refusal| panic!("{refusal}"));
    let report = bench.carry_out(&leaked, &plan, Goal::Dead);
    assert_eq!(report.outcome, Outcome::Revoked, "{report:?}");
    assert!(server.login("app", &word).is_none());
    let ended = method(&mut open);
    assert!(ended.is_none_or(|(id, _)| id == (10, 50)), "the connection is closed");
    assert_eq!(bench.plan(&leaked), Err(Refusal::Dead));
    let again = bench.carry_out(&leaked, &plan, Goal::Dead);
    assert_eq!((again.outcome, again.done.len()), (Outcome::AlreadyDead, 0), "a second time does no harm");
}
