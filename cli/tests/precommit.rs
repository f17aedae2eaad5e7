//! The hook as people run it: the real pre-commit installs this project from a clone of it, and runs it on real repositories.
//!
//! Not part of a plain `cargo test`, as pre-commit comes from a registry. `bash .ci/test pre-commit` installs it and runs this.

#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{fs, io};

use stanch_rules::mint;
use stanch_testkit::{Canary, Run, Sandbox};

const BINARY: &str = env!("CARGO_BIN_EXE_stanch");

/// Where all of this happens: below the target folder.
const ROOM: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/pre-commit");

/// The hook, installed by pre-commit once for all tests.
struct Installed {
    pre_commit: PathBuf,
    home: PathBuf,
    config: String,
}

/// A variable of the environment that the tests run in.
fn variable(name: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the table of variables is the product's; this one is the test's")]
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn installed() -> &'static Installed {
    static INSTALLED: OnceLock<Installed> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let pre_commit = variable("STANCH_PRE_COMMIT")
            .unwrap_or_else(|| panic!("STANCH_PRE_COMMIT names no pre-commit: run this by `bash .ci/test pre-commit`"));
        let (home, source) = (Path::new(ROOM).join("home"), Path::new(ROOM).join("source"));
        for folder in [&home, &source] {
            remove(folder);
        }
        let commit = publish(&source);
        let config = format!(
            "repos:\n  - repo: {}\n    rev: {commit}\n    hooks:\n      - id: stanch\n        language_version: system\n",
            source.display()
        );
        let installed = Installed { pre_commit, home, config };
        let sandbox = installed.repository();
        // The environment is the user's here, as cargo needs it. A build for speed is no part of what is tested.
        let run = Run::of(
            Command::new(&installed.pre_commit)
                .args(["install-hooks", "--color=never"])
                .current_dir(sandbox.path())
                .env("PRE_COMMIT_HOME", &installed.home)
                .env("CARGO_TARGET_DIR", Path::new(ROOM).join("build"))
                .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
                .env("CARGO_PROFILE_RELEASE_LTO", "off")
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
            b"",
        );
        assert_eq!(run.code, Some(0), "pre-commit builds and installs the hook: {}", run.written());
        installed
    })
}

/// Makes a repository of the project as it stands, committed or not, and gives its commit.
fn publish(at: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = git(root, &["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    for name in files.split('\0').filter(|name| !name.is_empty()) {
        let to = at.join(name);
        let copied = fs::create_dir_all(to.parent().unwrap_or(at)).and_then(|()| fs::copy(root.join(name), &to));
        // What is removed and not yet committed is listed still.
        assert!(copied.is_ok() || !root.join(name).exists(), "{name}: {copied:?}");
    }
    git(at, &["init", "--quiet", "--initial-branch=main"]);
    git(at, &["add", "--all"]);
    let author = ["-c", "user.name=A Tester", "-c", "user.email=tester@example.com"];
    git(at, &[&author[..], &["commit", "--quiet", "--no-verify", "--message", "the project"]].concat());
    git(at, &["rev-parse", "HEAD"]).trim().to_owned()
}

fn git(at: &Path, arguments: &[&str]) -> String {
    let run = Run::of(Command::new("git").args(arguments).current_dir(at), b"");
    assert_eq!(run.code, Some(0), "git {arguments:?}: {}", run.stderr);
    run.stdout
}

fn remove(folder: &Path) {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => panic!("{}: {error}", folder.display()),
        _ => {}
    }
}

impl Installed {
    /// A fresh repository that names the hook in its configuration.
    fn repository(&self) -> Sandbox {
        let sandbox = Sandbox::repository(BINARY);
        sandbox.write(".pre-commit-config.yaml", &self.config);
        sandbox.commit("use stanch");
        sandbox
    }

    /// A repository as [`Installed::repository`] gives it, with the hook in place for commits and pushes.
    fn guarded(&self) -> Sandbox {
        let sandbox = self.repository();
        let run = self.pre_commit(&sandbox, &["install", "--hook-type=pre-commit", "--hook-type=pre-push"]);
        assert_eq!(run.code, Some(0), "{}", run.written());
        sandbox
    }

    fn pre_commit(&self, sandbox: &Sandbox, arguments: &[&str]) -> Run {
        self.on(sandbox, &self.pre_commit, arguments)
    }

    fn commit(&self, sandbox: &Sandbox) -> Run {
        self.on(sandbox, Path::new("git"), &["commit", "--message", "a change"])
    }

    fn on(&self, sandbox: &Sandbox, program: &Path, arguments: &[&str]) -> Run {
        let mut command = sandbox.command(program);
        Run::of(command.args(arguments).env("PRE_COMMIT_HOME", &self.home).env("PRE_COMMIT_COLOR", "never"), b"")
    }
}

/// A token that is new for each seed.
fn token(seed: u64) -> Canary {
    let minted = mint("{{ghp_{base62:30}|github-crc32}}", seed).unwrap_or_else(|error| panic!("{error}"));
    Canary::new(&String::from_utf8_lossy(&minted.text), 4)
}

fn line(token: &Canary) -> String {
    format!("GITHUB_TOKEN={}\n", token.secret())
}

fn assert_stopped(run: &Run, token: &Canary) {
    assert_eq!(run.code, Some(1), "{}", run.written());
    assert!(run.written().contains("ghp_********"), "{}", run.written());
    assert_eq!(token.seen_in(run.written().as_bytes()), None, "{}", run.written());
}

fn assert_passed(run: &Run) {
    assert_eq!(run.code, Some(0), "{}", run.written());
    assert!(!run.written().contains("ghp_"), "{}", run.written());
}

#[test]
fn a_leak_is_stopped_and_explained_until_it_is_ignored_with_a_reason() {
    let hook = installed();
    let sandbox = hook.guarded();
    let leaked = token(1);
    sandbox.write("app.env", line(&leaked));
    sandbox.git(&["add", "app.env"]);
    let before = sandbox.git(&["rev-parse", "HEAD"]);

    let stopped = hook.commit(&sandbox);
    assert_stopped(&stopped, &leaked);
    assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), before, "nothing was committed");
    let said = stopped.written();
    let found = sandbox.run(["scan", "--staged", "--format", "jsonl"]).stdout;
    let finding: serde_json::Value =
        serde_json::from_str(found.trim()).unwrap_or_else(|error| panic!("one finding: {error}: {found}"));
    let fingerprint = finding["fingerprint"].as_str().unwrap_or_default();
    assert!(fingerprint.len() > 12);
    // What it is, where it stands, what to do, and by which name.
    for needed in
        ["GitHub", "app.env", "revoke", "stanch ignore", "--reason", "git add .stanchignore", &fingerprint[..8]]
    {
        assert!(said.contains(needed), "the message tells `{needed}`: {said}");
    }

    let ignored = sandbox.run(["ignore", fingerprint, "--staged", "--reason", "the vendor's public demo key"]);
    assert_eq!(ignored.code, Some(0), "{}", ignored.written());
    sandbox.git(&["add", ".stanchignore"]);
    assert_passed_with_commit(&hook.commit(&sandbox), &sandbox, &before);

    // Another secret in the same place is another matter.
    let another = token(2);
    sandbox.write("app.env", line(&another));
    sandbox.git(&["add", "app.env"]);
    assert_stopped(&hook.commit(&sandbox), &another);
}

fn assert_passed_with_commit(run: &Run, sandbox: &Sandbox, before: &str) {
    assert_eq!(run.code, Some(0), "{}", run.written());
    assert_ne!(sandbox.git(&["rev-parse", "HEAD"]), before, "it was committed");
}

#[test]
fn only_what_a_commit_adds_can_stop_it() {
    let hook = installed();
    let sandbox = hook.guarded();
    let old = token(3);
    sandbox.write("old.env", line(&old));
    sandbox.commit("a leak of long ago");
    sandbox.write("new.txt", "nothing\n");
    sandbox.write("old.env", format!("# a comment\n{}", line(&old)));
    sandbox.git(&["add", "--all"]);
    assert_passed(&hook.commit(&sandbox));
    // A move adds nothing either.
    sandbox.git(&["mv", "old.env", "moved.env"]);
    assert_passed(&hook.commit(&sandbox));
}

#[test]
fn all_files_are_looked_at_when_asked_for() {
    let hook = installed();
    let sandbox = hook.guarded();
    sandbox.write("clean.txt", "nothing\n");
    sandbox.commit("clean");
    assert_passed(&hook.pre_commit(&sandbox, &["run", "--all-files"]));
    let old = token(4);
    sandbox.write("folder/old.env", line(&old));
    sandbox.write("binary.dat", [b"\0\x01\xff", line(&old).as_bytes()].concat());
    sandbox.commit("a leak of long ago");
    let run = hook.pre_commit(&sandbox, &["run", "--all-files"]);
    assert_stopped(&run, &old);
    for place in ["folder/old.env", "binary.dat"] {
        assert!(run.written().contains(place), "{place}: {}", run.written());
    }
}

#[test]
fn a_range_is_held_against_its_base() {
    let hook = installed();
    let sandbox = hook.guarded();
    let leaked = token(5);
    sandbox.write("a.txt", "nothing\n");
    sandbox.commit("before");
    sandbox.write("a.txt", line(&leaked));
    sandbox.commit("the leak");
    sandbox.write("a.txt", format!("{}and more\n", line(&leaked)));
    sandbox.write("b.txt", "nothing\n");
    sandbox.commit("after");
    let range = |from: &str, to: &str| hook.pre_commit(&sandbox, &["run", "--from-ref", from, "--to-ref", to]);
    assert_stopped(&range("HEAD~2", "HEAD"), &leaked);
    assert_stopped(&range("HEAD~2", "HEAD~1"), &leaked);
    assert_passed(&range("HEAD~1", "HEAD"));
}

#[test]
fn what_is_staged_counts_and_not_what_lies_beside_it() {
    let hook = installed();
    let sandbox = hook.guarded();
    let leaked = token(6);
    // Clean in the index, leaking in the tree: the commit holds no leak.
    sandbox.write("app.env", "TOKEN=\n");
    sandbox.git(&["add", "app.env"]);
    sandbox.write("app.env", line(&leaked));
    assert_passed(&hook.commit(&sandbox));
    assert_eq!(
        fs::read_to_string(sandbox.path().join("app.env")).unwrap_or_default(),
        line(&leaked),
        "the tree is as it was"
    );
    // Leaking in the index, clean in the tree: the commit would hold it.
    sandbox.git(&["add", "app.env"]);
    sandbox.write("app.env", "TOKEN=\n");
    assert_stopped(&hook.commit(&sandbox), &leaked);
}

#[test]
fn a_push_is_stopped_too() {
    let hook = installed();
    let sandbox = hook.guarded();
    let remote = sandbox.root().join("remote");
    sandbox.git(&["init", "--quiet", "--bare", &remote.to_string_lossy()]);
    sandbox.git(&["remote", "add", "origin", &remote.to_string_lossy()]);
    let push = || hook.on(&sandbox, Path::new("git"), &["push", "origin", "main"]);
    assert_eq!(push().code, Some(0), "a clean history is pushed");
    let leaked = token(7);
    sandbox.write("app.env", line(&leaked));
    sandbox.commit("past the first hook");
    assert_stopped(&push(), &leaked);
}
