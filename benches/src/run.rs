//! One run of a program: how long it took, how much processor time, and how much memory at most.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::BenchError;

/// A command line to be run, with where it runs and what it may end with.
#[derive(Debug, Clone, Default)]
pub struct Task {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Where it runs; the current folder if it does not matter.
    pub folder: Option<PathBuf>,
    /// What is set in its environment, besides what is there.
    pub environment: Vec<(&'static str, PathBuf)>,
    /// The exit codes that are no failure.
    pub fine: &'static [i32],
    /// Where its output goes; nowhere if there is too much of it to be kept.
    pub output: Option<PathBuf>,
}

/// Nobody waits longer than this for one run.
pub const LIMIT: Duration = Duration::from_mins(2);

/// What one run took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Once {
    /// From before the start to after the end.
    pub wall: Duration,
    /// Of all its threads, in the kernel too; `None` where the system does not tell.
    pub cpu: Option<Duration>,
    /// The most memory that was seen; `None` if nobody looked.
    pub peak: Option<Peak>,
}

/// What is looked at while a program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// Nothing, so that nothing takes a processor from it: it is timed.
    Nothing,
    /// Its memory, many times a second. Where it would use all processors, that costs it some of its time.
    Memory,
}

/// The most memory of a process, in bytes. It is looked at many times a second, so that a peak of an instant may be missed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Peak {
    /// Memory that is the process's own: heap and stacks.
    pub anonymous: u64,
    /// Pages of files that are mapped. The kernel takes them back when it needs room.
    pub mapped: u64,
    /// Memory that is shared with other processes.
    pub shared: u64,
}

impl Peak {
    /// The greater of both, each kind by itself.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            anonymous: self.anonymous.max(other.anonymous),
            mapped: self.mapped.max(other.mapped),
            shared: self.shared.max(other.shared),
        }
    }

    /// What `/proc/PID/status` says (<https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>).
    fn of_status(status: &str) -> Self {
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_suffix("kB"));
            line.and_then(|number| number.trim().parse::<u64>().ok()).unwrap_or_default() << 10
        };
        Self { anonymous: bytes("RssAnon:"), mapped: bytes("RssFile:"), shared: bytes("RssShmem:") }
    }
}

impl Task {
    /// Runs it to its end.
    ///
    /// # Errors
    /// If it cannot be started, takes longer than the limit, or ends with a code that is not fine; with the end of what it said then.
    pub fn run(&self, work: &Path, limit: Duration, what: Watch) -> Result<Once, BenchError> {
        let said = work.join("stderr");
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(self.stdout()?);
        command.stderr(File::create(&said).map_err(BenchError::at(&said))?);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let (once, status) = watched(&mut command, limit, what).map_err(BenchError::at(&self.program))?;
        if status.code().is_some_and(|code| self.fine.contains(&code)) {
            return Ok(once);
        }
        if once.wall >= limit {
            return Err(BenchError::new(format!("ended after {} s without a result", limit.as_secs())));
        }
        let said = fs::read(&said).unwrap_or_default();
        let last = String::from_utf8_lossy(&said).lines().last().unwrap_or_default().to_owned();
        Err(BenchError::new(format!("{} ended with {status}: {last}", self.program.display())))
    }

    fn stdout(&self) -> Result<Stdio, BenchError> {
        let Some(path) = &self.output else { return Ok(Stdio::null()) };
        Ok(File::create(path).map_err(BenchError::at(path))?.into())
    }
}

fn watched(command: &mut Command, limit: Duration, what: Watch) -> std::io::Result<(Once, ExitStatus)> {
    let cpu_before = children_cpu();
    let begun = Instant::now();
    let mut child = command.spawn()?;
    let ((over, ended), id) = (channel(), child.id());
    let (status, wall, peak) = thread::scope(|scope| {
        let watcher = scope.spawn(move || watch(id, &ended, limit, what));
        let status = child.wait();
        let wall = begun.elapsed();
        drop(over);
        // A watcher that panicked has seen nothing.
        (status, wall, watcher.join().ok().flatten())
    });
    let cpu = children_cpu().zip(cpu_before).and_then(|(after, before)| after.checked_sub(before));
    Ok((Once { wall, cpu, peak }, status?))
}

/// Ends a process that takes longer than the limit, and looks at its memory if that is wanted: often at first and then at a hundredth of its age.
/// It is over when the other end of the channel is.
fn watch(id: u32, ended: &Receiver<Never>, limit: Duration, what: Watch) -> Option<Peak> {
    let status = format!("/proc/{id}/status");
    let (begun, mut peak) = (Instant::now(), None);
    loop {
        let mut wait = limit.saturating_sub(begun.elapsed());
        if wait.is_zero() {
            kill(id);
            return peak;
        }
        if what == Watch::Memory {
            let now = Peak::of_status(&fs::read_to_string(&status).unwrap_or_default());
            peak = Some(now.or(peak.unwrap_or_default()));
            wait = wait.min((begun.elapsed() / 100).clamp(Duration::from_micros(500), Duration::from_millis(20)));
        }
        if matches!(ended.recv_timeout(wait), Err(RecvTimeoutError::Disconnected)) {
            return peak;
        }
    }
}

/// What nobody sends.
enum Never {}

/// The processor time of all processes that were started here and have ended.
#[cfg(unix)]
fn children_cpu() -> Option<Duration> {
    use nix::sys::resource::{UsageWho, getrusage};
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    let sum = usage.user_time() + usage.system_time();
    Some(Duration::new(u64::try_from(sum.tv_sec()).ok()?, u32::try_from(sum.tv_usec()).ok()? * 1000))
}

#[cfg(unix)]
fn kill(id: u32) {
    use nix::sys::signal::{Signal, kill};
    // It may just have ended.
    let _ = kill(nix::unistd::Pid::from_raw(id.cast_signed()), Signal::SIGKILL);
}

#[cfg(not(unix))]
fn kill(_id: u32) {}

#[cfg(not(unix))]
fn children_cpu() -> Option<Duration> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_told_apart() {
        let status =
            "Name:\tx\nVmHWM:\t   9000 kB\nRssAnon:\t     100 kB\nRssFile:\t    2048 kB\nRssShmem:\t       4 kB\n";
        let peak = Peak::of_status(status);
        assert_eq!(peak, Peak { anonymous: 100 << 10, mapped: 2 << 20, shared: 4 << 10 });
        assert_eq!(peak.or(Peak { anonymous: 1 << 20, ..Peak::default() }).anonymous, 1 << 20);
        assert_eq!(Peak::of_status("Name:\tzombie\n"), Peak::default());
    }

    #[cfg(unix)]
    #[test]
    fn a_run_is_measured_and_a_failure_told() {
        let work = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let script = |text: &str| Task {
            program: "sh".into(),
            arguments: vec!["-c".to_owned(), text.to_owned()],
            fine: &[0, 3],
            output: Some(work.path().join("out")),
            ..Task::default()
        };
        for what in [Watch::Nothing, Watch::Memory] {
            let once = script("pwd; sleep 0.05; exit 3").run(work.path(), LIMIT, what);
            let once = once.unwrap_or_else(|error| panic!("{error}"));
            assert!(once.wall >= Duration::from_millis(50) && once.cpu.is_some(), "{once:?}");
            assert_eq!(once.peak.is_some_and(|peak| peak.mapped > 0), what == Watch::Memory, "{once:?}");
        }
        assert!(!fs::read(work.path().join("out")).unwrap_or_default().is_empty());
        let error = script("echo a; echo why >&2; exit 2")
            .run(work.path(), LIMIT, Watch::Nothing)
            .err()
            .map(|error| error.to_string());
        assert!(error.as_ref().is_some_and(|error| error.contains("status: 2") && error.ends_with("why")), "{error:?}");
        assert!(
            Task { program: "no-such-program".into(), ..Task::default() }
                .run(work.path(), LIMIT, Watch::Nothing)
                .is_err()
        );
        let endless = script("exec sleep 60").run(work.path(), Duration::from_millis(20), Watch::Nothing);
        assert!(endless.is_err_and(|error| error.to_string().contains("without a result")));
    }
}
