//! What stands beside a secret reaches its provider: the host and user of a database's address, as it was scanned, asked at a real server.

use std::process::Command;

use serde_json::Value;
use stanch_rules::{RuleSet, mint};
use stanch_testkit::server::{Running, command_as, folder, free_port, must, program, run, succeeds, until};
use stanch_testkit::{Canary, Run, Sandbox};
use tempfile::TempDir;

use crate::BINARY;

/// The host that is written down. It is reached over a tunnel, since the rules take no address of loopback for a leak.
const HOST: &str = "db.acme.dev";

struct Postgres {
    _running: Running,
    dir: TempDir,
    port: u16,
}

impl Postgres {
    /// A server that asks for passwords over TCP, and lets its administrator in over its socket.
    fn start() -> Self {
        let dir = folder("postgres");
        let data = dir.path().join("data");
        run(command_as("postgres", "initdb")
            .args(["--no-sync", "--auth-local=trust", "--auth-host=scram-sha-256", "--username=admin", "--locale=C"])
            .arg(&data));
        let port = free_port();
        let mut command = command_as("postgres", "postgres");
        command.arg("-D").arg(&data).args(["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1"]);
        command.args(["-c", &format!("port={port}")]);
        command.args(["-c", &format!("unix_socket_directories={}", dir.path().display())]);
        command.args(["-c", "log_connections=on"]);
        let mut running = Running::start(&mut command, &dir.path().join("log")).stopped_by("-INT");
        running.listens(port);
        let server = Self { _running: running, dir, port };
        until("the server answers", || succeeds(&mut server.socket("SELECT 1")));
        server
    }

    fn socket(&self, statement: &str) -> Command {
        let mut psql = Command::new(program("psql"));
        psql.args(["-XqAt", "-U", "admin", "-d", "postgres", "-c", statement]).arg("-h").arg(self.dir.path());
        psql.args(["-p", &self.port.to_string()]);
        psql
    }

    /// How often somebody came over TCP.
    fn callers(&self) -> usize {
        let log = must(std::fs::read_to_string(self.dir.path().join("log")), "the log");
        log.lines().filter(|line| line.contains("connection received: host=127.0.0.1")).count()
    }
}

/// A folder with the address in it, and configurations that allow its host, or do not.
fn place(server: &Postgres, word: &Canary) -> Sandbox {
    let sandbox = Sandbox::new(BINARY);
    let address = format!("postgresql://app:{}@{HOST}:5432/postgres?sslmode=disable", word.secret());
    sandbox.write("app/.env", format!("PORT=80\nDATABASE_URL=\"{address}\"\n"));
    let tunnel = format!("[endpoints]\n\"{HOST}\" = \"tcp://127.0.0.1:{}\"\n", server.port);
    sandbox.write("forbidden.toml", &tunnel);
    sandbox.write("allowed.toml", format!("{tunnel}[hosts]\nallow = [\"{HOST}\"]\n"));
    sandbox
}

fn word(seed: u64) -> Canary {
    let minted = mint("{{{base62:24}}}", seed).unwrap_or_else(|error| panic!("{error}"));
    Canary::new(&String::from_utf8_lossy(&minted.text), 0)
}

fn asked(sandbox: &Sandbox, word: &Canary, words: &[&str], config: &str) -> (Run, Value) {
    let run = sandbox.run([words, &["--format", "jsonl", "--config", config]].concat());
    assert_eq!(word.seen_in(run.stdout.as_bytes()), None, "{}", run.stdout);
    assert_eq!(word.seen_in(run.stderr.as_bytes()), None, "{}", run.stderr);
    let first = run.stdout.lines().next().unwrap_or_default();
    let answer = serde_json::from_str(first).unwrap_or_else(|error| panic!("{error}: {}", run.written()));
    (run, answer)
}

#[test]
fn a_databases_address_is_asked_where_it_says_if_its_host_is_allowed() {
    let server = Postgres::start();
    let word = word(1);
    run(&mut server.socket(&format!("CREATE ROLE app LOGIN PASSWORD '{}'", word.secret())));
    let sandbox = place(&server, &word);
    let scan = ["scan", "app", "--verify", "--max-age", "0"];
    let before = server.callers();

    let (run, finding) = asked(&sandbox, &word, &scan, "forbidden.toml");
    assert_eq!(finding["rule"], "uri.postgres", "{}", run.stdout);
    assert_eq!(finding["verification"]["status"], "unknown", "{}", run.stdout);
    assert!(finding["verification"]["why"].to_string().contains("db.acme.dev"), "{}", run.stdout);
    assert_eq!(server.callers(), before, "a leak does not choose who is called");

    let (run, finding) = asked(&sandbox, &word, &scan, "allowed.toml");
    assert_eq!(finding["verification"]["status"], "active", "{}", run.stdout);
    assert!(finding["verification"]["identity"].to_string().contains("app@db.acme.dev"), "{}", run.stdout);
    assert!(server.callers() > before);

    // The same of a report, which holds no secret.
    let report = sandbox.run(["scan", "app", "--format", "json"]);
    sandbox.write("report.json", &report.stdout);
    let (run, answer) = asked(&sandbox, &word, &["verify", "report.json", "--max-age", "0"], "allowed.toml");
    assert_eq!(answer["verification"]["status"], "active", "{}", run.stdout);

    self::run(&mut server.socket("ALTER ROLE app PASSWORD 'another'"));
    let (run, finding) = asked(&sandbox, &word, &scan, "allowed.toml");
    assert_eq!(finding["verification"]["status"], "inactive", "{}", run.stdout);
}

/// A kind that asks for a fact is found by a rule that hands it over.
#[test]
fn every_fact_that_a_kind_asks_for_is_handed_over() {
    const ADDRESS: [&str; 5] = ["scheme", "host", "user", "database", "tls"];
    let rules = RuleSet::builtin();
    for entry in stanch_revokers::registry::entries() {
        for (name, part) in &entry.kind.parts {
            let Some(fact) = &part.fact else { continue };
            let hands_over = |rule: &stanch_rules::Rule| {
                rule.check.is_some()
                    || rule.address && ADDRESS.contains(&fact.as_str())
                    || rule.beside.iter().any(|beside| beside.fact == fact.as_str())
            };
            let mut found = entry.kind.rules.iter().filter_map(|id| rules.get(id));
            assert!(found.any(hands_over), "{}: nobody finds the fact `{fact}` of `{name}`", entry.kind.id);
        }
    }
}
