//! Cloning: the user's `git` fetches all refs of a repository into a private folder, and tells how it goes.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{ChildStderr, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

#[cfg(unix)]
use stanch_pipeline::git::ask::while_answering;
use stanch_scanner::Outcome;

use super::address::{Credential, Remote};
use super::room::{Room, Running};
use crate::exit::CliError;
use crate::progress::Progress;
use crate::report::Redactor;
use crate::shell::Shell;

/// What a clone needs of the scan that asks for it.
pub(crate) struct Cloning<'a> {
    /// Set when the user wants an end.
    pub(crate) stop: &'a AtomicBool,
    pub(crate) progress: &'a Progress,
    pub(crate) redactor: &'a Redactor<'a>,
}

/// Scans a target that is a git URL: clones it, hands the bare clone to `scan`, names what was found by the URL, and removes the clone.
pub(crate) fn scanned(
    target: &Path,
    cloning: &Cloning<'_>,
    shell: &mut Shell,
    scan: impl FnOnce(&Path) -> Result<Outcome, CliError>,
) -> Result<Outcome, CliError> {
    let Some(remote) = Remote::of(target)? else { return scan(target) };
    if cloning.redactor.redact(&remote.address) != remote.address {
        return Err(CliError::new("the URL holds a credential where every process and log can see it").hint(
            "take it out of the path; `https://user:password@host/…` is safe, and a credential helper of git is safer",
        ));
    }
    if remote.credential.as_ref().is_some_and(Credential::goes_in_clear) {
        shell.warning("the credential of the URL goes over http:// in clear");
    }
    let room = Room::new().map_err(|error| CliError::new(format!("no temporary folder can be made: {error}")))?;
    let clone = room.path().join("repository.git");
    let ended = fetch(&remote, &clone, room.path(), cloning)?;
    if ended == Ended::Interrupted {
        let mut nothing = Outcome::default();
        nothing.coverage.interrupted = true;
        return Ok(nothing);
    }
    let mut outcome = scan(&clone).map_err(|error| error.map(|text| renamed(text, &clone, &remote.address)))?;
    rename(&mut outcome, &clone, &remote.address);
    Ok(outcome)
}

/// The path of the clone says nothing to anybody: the URL stands in its place.
fn rename(outcome: &mut Outcome, clone: &Path, address: &str) {
    for finding in &mut outcome.findings {
        finding.locator.root = Some(address.to_owned());
    }
    for note in &mut outcome.coverage.notes {
        note.detail = renamed(&note.detail, clone, address);
        note.path = renamed(&note.path, clone, address);
    }
}

fn renamed(text: &str, clone: &Path, address: &str) -> String {
    text.replace(clone.to_string_lossy().as_ref(), address)
}

/// How git ended, where that is no error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Done,
    Interrupted,
}

#[cfg(unix)]
fn fetch(remote: &Remote, clone: &Path, room: &Path, cloning: &Cloning<'_>) -> Result<Ended, CliError> {
    match &remote.credential {
        None => run(remote, git(remote, clone, cloning, None), room, cloning),
        Some(credential) => while_answering(&credential.login, room, |helper| {
            run(remote, git(remote, clone, cloning, Some(helper)), room, cloning)
        })
        .map_err(|error| {
            CliError::new(format!("git cannot be handed the credential of the URL: {error}"))
                .hint("a shorter TMPDIR may help: the path of a socket has some hundred bytes at most")
        })?,
    }
}

#[cfg(not(unix))]
fn fetch(remote: &Remote, clone: &Path, room: &Path, cloning: &Cloning<'_>) -> Result<Ended, CliError> {
    if remote.credential.is_some() {
        return Err(CliError::new("a user name or password in a URL is not possible on this system")
            .hint("leave it out, and let git's own credential helper answer"));
    }
    run(remote, git(remote, clone, cloning, None), room, cloning)
}

fn git(remote: &Remote, clone: &Path, cloning: &Cloning<'_>, helper: Option<&str>) -> Command {
    let mut git = stanch_pipeline::git::command();
    git.args(["-c", "gc.auto=0"]);
    if let Some(helper) = helper {
        stanch_pipeline::git::with_helper(&mut git, helper);
    }
    git.args([
        "clone",
        "--mirror",
        "--template=",
        if cloning.progress.shows() { "--progress" } else { "--quiet" },
        "--",
    ]);
    git.arg(&remote.address).arg(clone);
    for variable in stanch_pipeline::git::OF_ANOTHER_REPOSITORY {
        git.env_remove(variable);
    }
    // Refs in files are read without git.
    git.env("GIT_DEFAULT_REF_FORMAT", "files");
    if !can_be_asked() {
        git.env("GIT_TERMINAL_PROMPT", "0");
    }
    git.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    git
}

/// Whether somebody sits there who can answer git.
fn can_be_asked() -> bool {
    use std::io::IsTerminal;
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// How often an interrupt is looked for.
const TICK: Duration = Duration::from_millis(50);
/// How long git may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(3);

/// Runs git to its end. What it says is shown as progress, and told if it fails.
fn run(remote: &Remote, mut git: Command, room: &Path, cloning: &Cloning<'_>) -> Result<Ended, CliError> {
    if cloning.stop.load(Ordering::SeqCst) {
        return Ok(Ended::Interrupted);
    }
    let mut child = git.spawn().map_err(|error| no_git(&error))?;
    let words = child.stderr.take().map(lines_of);
    let running = Running::new(child);
    let mut said = Said { remote, room, cloning, last: VecDeque::new() };
    let mut asked_to_end: Option<Instant> = None;
    let status = loop {
        let open = words.as_ref().is_some_and(|words| said.hear(words));
        if let Some(status) = running.ended()? {
            break status;
        }
        if !open {
            thread::sleep(TICK);
        }
        match asked_to_end {
            None if cloning.stop.load(Ordering::SeqCst) => {
                running.interrupt();
                asked_to_end = Some(Instant::now());
            }
            Some(since) if since.elapsed() > GRACE => running.kill(),
            _ => {}
        }
    };
    if let Some(words) = &words {
        said.hear_the_rest(words);
    }
    if asked_to_end.is_some() || cloning.stop.load(Ordering::SeqCst) || was_interrupted(status) {
        return Ok(Ended::Interrupted);
    }
    if status.success() { Ok(Ended::Done) } else { Err(said.failure(status)) }
}

/// Whether git was ended by the Ctrl-C that we hear of at the same time.
fn was_interrupted(status: ExitStatus) -> bool {
    #[cfg(unix)]
    {
        const SIGINT: i32 = 2;
        std::os::unix::process::ExitStatusExt::signal(&status) == Some(SIGINT)
    }
    #[cfg(not(unix))]
    {
        let _ = status;
        false
    }
}

fn no_git(error: &io::Error) -> CliError {
    if error.kind() == io::ErrorKind::NotFound {
        return CliError::new("`git` was not found, which fetches repositories")
            .hint("install git, or clone the repository elsewhere and scan the clone");
    }
    CliError::new(format!("`git` cannot be run: {error}"))
}

/// The lines of what git says, progress that overwrites itself included, from a thread of their own.
fn lines_of(stderr: ChildStderr) -> Receiver<String> {
    let (give, take) = channel();
    thread::spawn(move || split(BufReader::new(stderr), &give));
    take
}

fn split(mut words: impl BufRead, give: &Sender<String>) {
    /// What a longer line has beyond this is dropped: handed on in parts, a secret in it could be parted.
    const LONGEST: usize = 16 * 1024;
    let mut line = Vec::new();
    while let Ok(chunk) = words.fill_buf() {
        let length = chunk.len();
        for &byte in chunk {
            match byte {
                b'\n' | b'\r' => hand_on(&mut line, give),
                byte if line.len() < LONGEST => line.push(byte),
                _ => {}
            }
        }
        words.consume(length);
        if length == 0 {
            break;
        }
    }
    hand_on(&mut line, give);
}

fn hand_on(line: &mut Vec<u8>, give: &Sender<String>) {
    if !line.is_empty() {
        // Nobody listens any more once git's end has been told.
        let _ = give.send(String::from_utf8_lossy(line).into_owned());
        line.clear();
    }
}

/// What git says.
struct Said<'a> {
    remote: &'a Remote,
    room: &'a Path,
    cloning: &'a Cloning<'a>,
    /// Its last lines that are no progress.
    last: VecDeque<String>,
}

impl Said<'_> {
    /// Waits a moment for words; whether there may be more.
    fn hear(&mut self, words: &Receiver<String>) -> bool {
        match words.recv_timeout(TICK) {
            Ok(line) => {
                self.note(&line);
                for line in words.try_iter() {
                    self.note(&line);
                }
                true
            }
            Err(RecvTimeoutError::Timeout) => true,
            Err(RecvTimeoutError::Disconnected) => false,
        }
    }

    /// What is left in the pipe after git's end. A program that stays (ssh's shared connection) may hold it open, so nobody waits for its end.
    fn hear_the_rest(&mut self, words: &Receiver<String>) {
        let since = Instant::now();
        while since.elapsed() < 4 * TICK && self.hear(words) {}
    }

    fn note(&mut self, line: &str) {
        const KEPT: usize = 4;
        let scrubbed = self.remote.credential.as_ref().map(|credential| credential.scrub(line));
        let line = renamed(scrubbed.as_deref().unwrap_or(line), self.room, "…");
        let line = self.cloning.redactor.redact(line.trim()).into_owned();
        if line.starts_with("Cloning into") || line.is_empty() {
            return;
        }
        if line.contains('%') {
            self.cloning.progress.say(&line);
        } else {
            self.last.push_back(line);
        }
        if self.last.len() > KEPT {
            self.last.pop_front();
        }
    }

    fn failure(&self, status: ExitStatus) -> CliError {
        let words: Vec<&str> = self.last.iter().map(String::as_str).collect();
        let words = words.join(" | ");
        let told = if words.is_empty() { format!("git ended with {status}") } else { words };
        CliError::new(format!("cannot clone `{}`: {told}", self.remote.address)).hint(hint(&told, self.remote))
    }
}

/// What a person can do about git's words. They are stable enough to be told apart: scripts do it everywhere.
fn hint(words: &str, remote: &Remote) -> &'static str {
    let has = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    let refused = [
        "Authentication failed",
        "could not read Username",
        "could not read Password",
        "terminal prompts disabled",
        "Permission denied",
        "403",
        "401",
    ];
    match &remote.credential {
        Some(credential) if has(&refused) && credential.has_no_password() => {
            "the URL names a user and no password; leave the user out, and git asks the credential helper you have set up"
        }
        Some(_) if has(&refused) => "the host does not take the user name and password of the URL",
        None if has(&refused) => {
            "git has no credential for this host: set up a credential helper, an ssh key, or use https://user:token@host/…"
        }
        _ if has(&["not found", "does not exist", "does not appear to be a git repository"]) => {
            "check the URL; many hosts say the same of a private repository to those who may not see it"
        }
        _ if has(&["Could not resolve", "Failed to connect", "Connection refused", "timed out", "Proxy"]) => {
            "check the network; git takes its proxy from `http.proxy` and the environment"
        }
        _ if has(&["dubious ownership"]) => {
            "the repository belongs to somebody else: see safe.directory in git's manual"
        }
        _ => "`git clone --mirror` by hand shows more; the clone can be scanned as a folder",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_at_every_kind_of_line_end() {
        let (give, take) = channel();
        let long = "x".repeat(20_000);
        split(format!("a 1%\ra 2%\r\nb\n\n{long}").as_bytes(), &give);
        drop(give);
        let lines: Vec<String> = take.iter().collect();
        assert_eq!(lines[..3], ["a 1%", "a 2%", "b"]);
        assert_eq!(lines[3..].iter().map(String::len).collect::<Vec<_>>(), [16 * 1024]);
    }

    #[test]
    fn the_clone_is_named_by_its_url() {
        let shown = renamed(
            "cannot read `/tmp/stanch-1/repository.git/x`",
            Path::new("/tmp/stanch-1/repository.git"),
            "https://e/a",
        );
        assert_eq!(shown, "cannot read `https://e/a/x`");
    }
}
