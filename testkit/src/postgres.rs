//! A PostgreSQL for tests, shared by those that run at the same time.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tempfile::TempDir;

use crate::server::{
    Certified, Running, certified, command_as, folder, free_port, must, program, run, succeeds, until,
};

/// A running server, whose administrator is called `admin`.
#[derive(Debug)]
pub struct Postgres {
    running: Mutex<Option<Running>>,
    dir: TempDir,
    port: u16,
    tls: Certified,
    databases: AtomicU32,
}

impl Postgres {
    /// The administrator's password, which a test needs where it connects over the network.
    pub const WORD: &str = "made-up";

    /// The server that other tests use, too.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::start());
            *shared = Arc::downgrade(&server);
            server
        })
    }

    /// A server of one's own.
    pub fn start() -> Self {
        let dir = folder("postgres");
        let word = dir.path().join("word");
        must(std::fs::write(&word, Self::WORD), "a password");
        run(command_as("postgres", "initdb")
            .args(["--no-sync", "--auth-local=trust", "--auth-host=scram-sha-256", "--username=admin", "--locale=C"])
            .arg(format!("--pwfile={}", word.display()))
            .arg(dir.path().join("data")));
        let tls = certified(dir.path(), "postgres");
        let server = Self { running: Mutex::default(), port: free_port(), dir, tls, databases: AtomicU32::new(0) };
        server.begin();
        server
    }

    /// Starts it, again if it was stopped.
    pub fn begin(&self) {
        let mut command = command_as("postgres", "postgres");
        command.arg("-D").arg(self.dir.path().join("data"));
        let here = self.dir.path().display();
        for setting in [
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={here}"),
            "fsync=off".to_owned(),
            "max_connections=200".to_owned(),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", self.tls.certificate.display()),
            format!("ssl_key_file={}", self.tls.key.display()),
        ] {
            command.arg("-c").arg(setting);
        }
        let mut running = Running::start(&mut command, &self.dir.path().join("log")).stopped_by("-INT");
        running.listens(self.port);
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(running);
        until("the server answers", || succeeds(&mut self.psql("postgres", "SELECT 1")));
    }

    /// Stops it.
    pub fn stop(&self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// A new database.
    pub fn database(&self) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        run(&mut self.psql("postgres", &format!("CREATE DATABASE {name}")));
        name
    }

    /// The address of a database over the socket, which asks for no password.
    pub fn url(&self, database: &str) -> String {
        format!("host={} port={} user=admin dbname={database}", self.dir.path().display(), self.port)
    }

    /// Where it listens, as a host and a port.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The certificate of the authority that its own certificate is of.
    pub fn ca(&self) -> &Path {
        &self.tls.ca
    }

    /// Where its files are.
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A statement of somebody who may do everything.
    pub fn psql(&self, database: &str, statement: &str) -> Command {
        let mut psql = Command::new(program("psql"));
        psql.args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-U", "admin", "-d", database, "-c", statement]);
        psql.arg("-h").arg(self.dir.path()).args(["-p", &self.port.to_string()]);
        psql
    }
}
