//! `stanch serve` as a process, with a store of its own.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use stanch_testkit::Sandbox;

use super::http::ask;
use crate::error::BenchError;

/// Requests a minute that the providers of a benchmark take. A real one's rate would be all that is measured.
pub(super) const RATE: u32 = 1_000_000;

/// What a policy of the user's says: what is alive and ours dies at once. The set `default` stands beside it, as always.
const POLICY: &str = r#"
@id("bench.kill")
@why("every credential of the benchmark dies at once")
permit (principal, action in [Action::"act", Action::"revoke"], resource)
when { resource.verification == Verification::"active" && resource.exposure == Exposure::"public" };
"#;

/// A server that runs, and is ended whatever happens.
#[derive(Debug)]
pub(super) struct Serving {
    child: Child,
    pub(super) address: String,
    token: String,
}

impl Serving {
    /// Starts it in a sandbox. `config` is what the configuration says beside the usual.
    ///
    /// # Errors
    /// If it does not come up.
    pub(super) fn start(sandbox: &Sandbox, config: &str) -> Result<Self, BenchError> {
        let root = sandbox.root();
        let path = root.join("config.toml");
        let usual = format!("[ownership]\nfallback = 'security@example.com'\n[http]\nper_minute = {RATE}\n");
        write(&path, &format!("{usual}{config}"))?;
        let policy = root.join("bench.cedar");
        write(&policy, POLICY)?;
        let made = sandbox.run(["serve", "token", "create", "bench", "--role", "responder"]);
        if made.code != Some(0) {
            return Err(BenchError::new(made.stderr));
        }
        let mut command = sandbox.stanch(["serve", "--listen", "127.0.0.1:0", "--config"]);
        command.arg(&path).arg("--policy").arg(&policy);
        let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = started.map_err(BenchError::at(&path))?;
        let mut lines = child.stderr.take().map(|stderr| BufReader::new(stderr).lines()).into_iter().flatten();
        let line = lines.find_map(|line| line.ok().filter(|line| line.contains("serves at ")));
        let address = line.as_deref().and_then(|line| line.split("serves at ").nth(1)?.split(';').next());
        let Some(address) = address.map(ToOwned::to_owned) else {
            let _ = child.kill();
            return Err(BenchError::new("stanch does not serve"));
        };
        // What else it says has to be taken from it, or it would wait.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, address, token: format!("Bearer {}", made.stdout.trim()) })
    }

    /// Asks the interface for programs.
    ///
    /// # Errors
    /// If there is no answer, or one that is not a good one.
    pub(super) fn api(&self, head: &str, body: &[u8]) -> Result<Value, BenchError> {
        let headers = [("Authorization", self.token.as_str()), ("Content-Type", "application/json")];
        let headers = if body.is_empty() { &headers[..1] } else { &headers[..] };
        match ask(&self.address, head, headers, body)? {
            (200..300, said) => Ok(said),
            (status, said) => Err(BenchError::new(format!("{head}: {status} {said}"))),
        }
    }

    /// The lines of an incident: the moment of each, in milliseconds since 1970, and what it says.
    ///
    /// # Errors
    /// If they cannot be had.
    pub(super) fn timeline(&self, incident: &str) -> Result<Vec<(f64, Value)>, BenchError> {
        let said = self.api(&format!("GET /api/v1/incidents/{incident}/timeline"), b"")?;
        let lines = said.get("timeline").and_then(Value::as_array).cloned().unwrap_or_default();
        let at = |line: &Value| line.get("at")?.as_str()?.parse::<jiff::Timestamp>().ok();
        Ok(lines
            .iter()
            .filter_map(|line| Some((at(line)?.as_millisecond() as f64, line.get("event")?.clone())))
            .collect())
    }

    /// Waits until nothing is open.
    ///
    /// # Errors
    /// If that takes too long.
    pub(super) fn rest(&self, patience: Duration) -> Result<(), BenchError> {
        let begun = Instant::now();
        while begun.elapsed() < patience {
            let open = self.api("GET /api/v1/incidents?open=true&limit=1", b"")?;
            if open.get("incidents").and_then(Value::as_array).is_some_and(Vec::is_empty) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(BenchError::new(format!("incidents are open after {patience:?}")))
    }

    /// The processor time that it has had, in seconds; `None` where the system does not tell.
    pub(super) fn cpu(&self) -> Option<f64> {
        // Fields 14 and 15 of the file, in hundredths of a second (<https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>).
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        let fields: Vec<&str> = text.rsplit(')').next()?.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
        Some((ticks(11)? + ticks(12)?) / 100.0)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// A file that only we can read.
///
/// # Errors
/// If it cannot be written.
pub(super) fn private(folder: &Path, name: &str, text: &str) -> Result<PathBuf, BenchError> {
    let path = folder.join(name);
    let mut options = fs::File::options();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(BenchError::at(&path))?;
    Ok(path)
}

fn write(path: &Path, text: &str) -> Result<(), BenchError> {
    fs::write(path, text).map_err(BenchError::at(path))
}
