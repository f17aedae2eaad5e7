//! A folder of its own, in which a test runs the real binary, and git.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{fs, io};

use tempfile::TempDir;

/// A working folder and a home, both empty at first, that nothing of the user's reaches. They go when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    root: TempDir,
    binary: PathBuf,
}

/// What a run of a program gave.
#[derive(Debug, Clone)]
pub struct Run {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Sandbox {
    /// A sandbox for a binary, which a test names by `env!("CARGO_BIN_EXE_stanch")`.
    ///
    /// # Panics
    /// If no folder can be made.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        let sandbox = Self { root: must(TempDir::new(), "a folder for the test"), binary: binary.into() };
        must(fs::create_dir(sandbox.path()), "the working folder");
        must(fs::create_dir(sandbox.home()), "the home");
        sandbox
    }

    /// A sandbox whose working folder is a git repository with one commit, of an empty file `README`.
    pub fn repository(binary: impl Into<PathBuf>) -> Self {
        let sandbox = Self::new(binary);
        sandbox.git(&["init", "--quiet", "--initial-branch=main"]);
        sandbox.write("README", "");
        sandbox.commit("the first commit");
        sandbox
    }

    /// The working folder, where programs run.
    pub fn path(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// The home. The state of stanch is in `state` below it.
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// The folder above both.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// Writes a file below the working folder, and the folders above it.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        if let Some(folder) = path.parent() {
            must(fs::create_dir_all(folder), "a folder of the test");
        }
        must(fs::write(&path, content), "a file of the test");
        path
    }

    /// A program in the working folder, with an environment that holds a path, a home and no more.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        #[expect(
            clippy::disallowed_methods,
            reason = "the table of variables is the product's; a test finds its programs by the path"
        )]
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut command = Command::new(program);
        command
            .current_dir(self.path())
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.home())
            .env("STANCH_STATE_DIR", self.home().join("state"))
            .env("LC_ALL", "C.UTF-8")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "A Tester")
            .env("GIT_AUTHOR_EMAIL", "tester@example.com")
            .env("GIT_COMMITTER_NAME", "A Tester")
            .env("GIT_COMMITTER_EMAIL", "tester@example.com");
        command
    }

    /// Stanch with some arguments, not yet run.
    pub fn stanch<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.command(&self.binary);
        command.args(arguments);
        command
    }

    /// Runs stanch.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Run {
        Run::of(&mut self.stanch(arguments), b"")
    }

    /// Runs stanch with some standard input.
    pub fn run_on<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>, input: &[u8]) -> Run {
        Run::of(&mut self.stanch(arguments), input)
    }

    /// Runs git in the working folder and gives what it printed.
    ///
    /// # Panics
    /// If git fails.
    pub fn git(&self, arguments: &[&str]) -> String {
        let run = Run::of(self.command("git").args(arguments), b"");
        assert_eq!(run.code, Some(0), "git {arguments:?}: {}{}", run.stdout, run.stderr);
        run.stdout
    }

    /// Stages everything and commits it.
    pub fn commit(&self, subject: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--no-verify", "--message", subject]);
    }
}

impl Run {
    /// Runs a command to its end. What it writes is taken as text; bytes that are none are replaced.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn of(command: &mut Command, input: &[u8]) -> Self {
        let mut child = must(
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn(),
            "the program starts",
        );
        let mut stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            // A program that ends before it has read everything closes the pipe; that is its right.
            scope.spawn(move || stdin.take().map(|mut stdin| stdin.write_all(input)));
            must(child.wait_with_output(), "the program ends")
        });
        Self::from(output)
    }

    /// Everything that it wrote.
    pub fn written(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

fn must<T>(done: io::Result<T>, what: &str) -> T {
    done.unwrap_or_else(|error| panic!("{what}: {error}"))
}
