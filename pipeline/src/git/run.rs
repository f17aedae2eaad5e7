//! Runs git: nothing of a repository's runs along with it, and it takes no longer and fetches no more than it may.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{GitError, GitErrorKind};

/// What the environment says of another repository, as a hook of git's finds it, is not of this one (`git rev-parse --local-env-vars`); what it
/// says of configuration stays.
pub const OF_ANOTHER_REPOSITORY: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_TEMPLATE_DIR",
    "GIT_WORK_TREE",
];

/// How often git is looked at while it works.
const TICK: Duration = Duration::from_millis(20);
/// How often the folder is measured.
const MEASURE: Duration = Duration::from_millis(500);
/// How long it may take to clear away what it locked.
const GRACE: Duration = Duration::from_secs(2);
/// How much of what git prints is kept, in bytes.
const MOST_WORDS: u64 = 64 << 20;

/// git, with what holds for every call: nothing of the user's runs in the repository, no address can name a program, and what git says can be
/// understood.
pub fn command() -> Command {
    let mut git = Command::new("git");
    git.args(["-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never"]).env("LC_ALL", "C");
    git
}

/// Has git ask a helper for credentials, and nobody else: the user's helpers could answer for another account, and would store what was right.
pub fn with_helper(git: &mut Command, helper: &str) {
    git.args(["-c", "credential.helper=", "-c", &format!("credential.helper={helper}")]);
    // A trace of the user's is a file, or the terminal; it hides credentials unless this is 0.
    git.env("GIT_TRACE_REDACT", "1");
}

/// How long git may take, and how large what it fetches may be.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Until when.
    pub until: Instant,
    /// The most bytes that the folder may have.
    pub bytes: u64,
    /// Set when somebody wants an end.
    pub stop: Arc<AtomicBool>,
}

/// git in a folder.
#[derive(Debug, Clone)]
pub struct Git {
    folder: PathBuf,
    helper: Option<String>,
    limits: Option<Limits>,
}

impl Git {
    /// git as whoever made the folder has set it up.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), helper: None, limits: None }
    }

    /// git for a folder of our own: the environment names no other repository, and no call takes longer or fetches more than it may.
    #[must_use]
    pub fn within(self, limits: Limits) -> Self {
        Self { limits: Some(limits), ..self }
    }

    /// git with a command line that answers for credentials.
    #[must_use]
    pub fn asking(self, helper: impl Into<String>) -> Self {
        Self { helper: Some(helper.into()), ..self }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// If it cannot be run or had to be ended. A status that is not 0 is none.
    pub fn run(&self, arguments: &[&str]) -> Result<Output, GitError> {
        let mut git = command();
        if let Some(helper) = &self.helper {
            with_helper(&mut git, helper);
        }
        git.args(arguments).current_dir(&self.folder);
        git.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).env("GIT_TERMINAL_PROMPT", "0");
        match &self.limits {
            None => git.output().map_err(|error| no_git(&error)),
            Some(limits) => self.run_within(git, limits),
        }
    }

    fn run_within(&self, mut git: Command, limits: &Limits) -> Result<Output, GitError> {
        for variable in OF_ANOTHER_REPOSITORY {
            git.env_remove(variable);
        }
        // Refs in files are read without git.
        git.env("GIT_DEFAULT_REF_FORMAT", "files");
        // What it starts ends with it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut git, 0);
        let mut child = git.spawn().map_err(|error| no_git(&error))?;
        let stdout = child.stdout.take().map(read);
        let stderr = child.stderr.take().map(read);
        let status = self.wait(&mut child, limits);
        if status.is_err() {
            end(&mut child);
        }
        // Whatever holds the pipes open has been ended, so that the threads end, too.
        let words =
            |pipe: Option<thread::JoinHandle<Vec<u8>>>| pipe.and_then(|pipe| pipe.join().ok()).unwrap_or_default();
        let (stdout, stderr) = (words(stdout), words(stderr));
        Ok(Output { status: status?, stdout, stderr })
    }

    /// Waits for the end, or until it has to be ended.
    fn wait(&self, child: &mut Child, limits: &Limits) -> Result<ExitStatus, GitError> {
        let mut measured = Instant::now();
        loop {
            if let Some(status) = child.try_wait().map_err(|error| no_git(&error))? {
                return Ok(status);
            }
            if limits.stop.load(Ordering::Relaxed) {
                return Err(GitError::new(GitErrorKind::Stopped, "git was ended, as the program ends"));
            }
            if Instant::now() >= limits.until {
                return Err(GitError::new(GitErrorKind::Late, "git took longer than it may"));
            }
            if measured.elapsed() >= MEASURE {
                if size(&self.folder) > limits.bytes {
                    let why = format!("the repository has more than {} bytes", limits.bytes);
                    return Err(GitError::new(GitErrorKind::Large, why));
                }
                measured = Instant::now();
            }
            thread::sleep(TICK);
        }
    }
}

fn read(pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let (mut words, mut pipe) = (Vec::new(), pipe);
        // What breaks off was said up to there. The rest is read and dropped, so that git is not held up by a full pipe.
        let _ = pipe.by_ref().take(MOST_WORDS).read_to_end(&mut words);
        let _ = io::copy(&mut pipe, &mut io::sink());
        words
    })
}

/// Ends git and all that it has started: first so that it clears away what it locked, and then in any case.
fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        use rustix::process::{Signal, kill_process_group};
        let _ = kill_process_group(group, Signal::TERM);
        let asked = Instant::now();
        while asked.elapsed() < GRACE && matches!(child.try_wait(), Ok(None)) {
            thread::sleep(TICK);
        }
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// The bytes of all files below a folder.
fn size(folder: &Path) -> u64 {
    let mut bytes = 0;
    let mut ahead = vec![folder.to_owned()];
    while let Some(folder) = ahead.pop() {
        // git removes what it made for a while.
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            match entry.metadata() {
                Ok(meta) if meta.is_dir() => ahead.push(entry.path()),
                Ok(meta) => bytes += meta.len(),
                Err(_) => {}
            }
        }
    }
    bytes
}

fn no_git(error: &io::Error) -> GitError {
    GitError::new(GitErrorKind::NoGit, format!("`git` cannot be run: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"))
    }

    fn limits(time: Duration, bytes: u64) -> Limits {
        Limits { until: Instant::now() + time, bytes, stop: Arc::default() }
    }

    fn run(git: &Git, arguments: &[&str]) -> Result<String, GitErrorKind> {
        let output = git.run(arguments).map_err(|error| error.kind())?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    #[test]
    fn git_runs_in_its_folder() {
        let folder = folder();
        let git = Git::at(folder.path()).within(limits(Duration::from_mins(1), 1 << 30));
        assert_eq!(run(&git, &["init", "--quiet", "--bare", "."]), Ok(String::new()));
        assert_eq!(run(&git, &["rev-parse", "--is-bare-repository"]), Ok("true".to_owned()));
    }

    #[test]
    fn what_takes_too_long_or_is_stopped_is_ended_with_all_that_it_started() {
        let folder = folder();
        // An alias that begins with `!` is a command of the shell's.
        let slow = ["-c", "alias.slow=!sleep 60 & sleep 60", "slow"];
        let begun = Instant::now();
        let git = Git::at(folder.path()).within(limits(Duration::from_millis(200), 1 << 30));
        assert_eq!(run(&git, &slow), Err(GitErrorKind::Late));
        let stopped = limits(Duration::from_mins(1), 1 << 30);
        stopped.stop.store(true, Ordering::Relaxed);
        assert_eq!(run(&Git::at(folder.path()).within(stopped), &slow), Err(GitErrorKind::Stopped));
        assert!(begun.elapsed() < Duration::from_secs(20), "nobody waited for the sleepers");
    }

    #[test]
    fn what_grows_too_large_is_ended() {
        let folder = folder();
        let git = Git::at(folder.path()).within(limits(Duration::from_mins(1), 1000));
        let grows = ["-c", "alias.grow=!head -c 100000 /dev/zero >big; sleep 60", "grow"];
        assert_eq!(run(&git, &grows), Err(GitErrorKind::Large));
    }
}
