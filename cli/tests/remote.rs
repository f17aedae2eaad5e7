//! Targets that are git URLs: fetched by git, over a loopback server where it has to be one, scanned, and gone afterwards. The credential of a
//! URL is seen by nobody.

mod server;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use stanch_rules::mint;
use stanch_testkit::{Canary, Run, Sandbox};

use self::server::{Reply, Server};
use crate::BINARY;

/// What a recipe of the minter gives, with the bytes of it that are public.
fn minted(recipe: &str, seed: u64, public: usize) -> Canary {
    let minted = mint(recipe, seed).unwrap_or_else(|error| panic!("{error}"));
    Canary::new(&String::from_utf8_lossy(&minted.text), public)
}

/// A sandbox with a repository to be fetched from, in whose past is a leak, and a folder of its own for temporary files.
struct Place {
    sandbox: Sandbox,
    leaked: Canary,
    /// The commit that leaked.
    leak: String,
}

impl Place {
    fn new() -> Self {
        let leaked = minted("{{ghp_{base62:30}|github-crc32}}", 31, 4);
        let sandbox = Sandbox::repository(BINARY);
        sandbox.write("src/app.env", format!("# settings\nTOKEN={}\n", leaked.secret()));
        sandbox.commit("the leak");
        let leak = sandbox.git(&["rev-parse", "HEAD"]).trim().to_owned();
        fs::remove_file(sandbox.path().join("src/app.env")).unwrap_or_else(|error| panic!("{error}"));
        sandbox.commit("as if nothing had been");
        let bare = sandbox.root().join("served/a.git");
        sandbox.git(&["clone", "--quiet", "--bare", ".", &bare.to_string_lossy()]);
        let place = Self { sandbox, leaked, leak };
        for folder in [place.temporary(), place.bin()] {
            fs::create_dir(folder).unwrap_or_else(|error| panic!("{error}"));
        }
        place
    }

    fn served(&self) -> PathBuf {
        self.sandbox.root().join("served")
    }

    fn file_url(&self) -> String {
        format!("file://{}/a.git", self.served().display())
    }

    fn temporary(&self) -> PathBuf {
        self.sandbox.root().join("tmp")
    }

    /// Programs that are found before those of the system.
    fn bin(&self) -> PathBuf {
        self.sandbox.root().join("bin")
    }

    /// What the wrapper around git wrote down, by the name of the file.
    fn recorded(&self, name: &str) -> String {
        fs::read_to_string(self.sandbox.root().join(name)).unwrap_or_default()
    }

    /// A `git` that is a script. `$GIT` is the real one, `$RECORD` a folder to write to.
    fn wrap(&self, script: &str) {
        let real = Run::of(self.sandbox.command("sh").args(["-c", "command -v git"]), b"").stdout;
        let record = self.sandbox.root().display().to_string();
        let text = format!("#!/bin/sh\nGIT='{}'\nRECORD='{record}'\n{script}\n", real.trim());
        let path = self.bin().join("git");
        let written = fs::write(&path, text);
        let made = written.and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)));
        made.unwrap_or_else(|error| panic!("{error}"));
    }

    fn stanch(&self, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.stanch(arguments);
        let path = command.get_envs().find_map(|(name, value)| value.filter(|_| name == "PATH")).unwrap_or_default();
        let path = format!("{}:{}", self.bin().display(), path.to_string_lossy());
        command.env("PATH", path).env("TMPDIR", self.temporary());
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.stanch(arguments), b"")
    }

    /// Nothing of a clone is left.
    fn assert_clear(&self) {
        let left: Vec<_> = fs::read_dir(self.temporary()).into_iter().flatten().flatten().map(|e| e.path()).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }

    /// The leak was found where it was made, and the clone is gone.
    fn assert_found(&self, run: &Run, url: &str) {
        assert_eq!(run.code, Some(1), "{}", run.written());
        let finding: Value = serde_json::from_str(run.stdout.lines().next().unwrap_or_default())
            .unwrap_or_else(|error| panic!("a finding: {error}: {}", run.written()));
        assert_eq!(finding["path"], "src/app.env");
        assert_eq!(finding["git"]["commit"], self.leak.as_str());
        assert_eq!(finding["locator"]["root"], url);
        assert_eq!(finding["line"], 2);
        assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
        assert!(!run.written().contains(&*self.temporary().to_string_lossy()), "{}", run.written());
        assert_eq!(self.leaked.seen_in(run.written().as_bytes()), None);
        self.assert_clear();
    }
}

/// The wrapper that writes down all that git is given, how private the folder is, and what the clone's configuration says.
const RECORDING: &str = r#"
{ printf '%s\n' "$@"; env; } >>"$RECORD/given"
"$GIT" "$@"
code=$?
for last; do :; done
stat -c %a "$(dirname "$last")" >"$RECORD/mode" 2>/dev/null || stat -f %Lp "$(dirname "$last")" >"$RECORD/mode"
cat "$last/config" >"$RECORD/config"
ls "$last/hooks" "$last/description" >"$RECORD/template" 2>/dev/null
exit $code
"#;

#[test]
fn a_file_url_is_scanned_with_all_of_its_history() {
    let place = Place::new();
    place.wrap(RECORDING);
    let url = place.file_url();
    place.assert_found(&place.run(&["scan", "--format", "jsonl", &url]), &url);
    assert_eq!(place.recorded("mode").trim(), "700");
    assert!(place.recorded("config").contains("mirror = true"), "{}", place.recorded("config"));

    let people = place.run(&["scan", &url]);
    assert_eq!(people.code, Some(1));
    assert!(people.stdout.contains("src/app.env"), "{}", people.stdout);
    assert!(!people.written().contains(&*place.temporary().to_string_lossy()), "{}", people.written());

    let sarif = place.run(&["scan", "--format", "sarif", &url]);
    assert_eq!(sarif.code, Some(1));
    assert!(!sarif.written().contains(&*place.temporary().to_string_lossy()), "{}", sarif.written());
    place.assert_clear();
}

#[test]
fn ranges_and_explanations_of_a_url() {
    let place = Place::new();
    let url = place.file_url();
    place.assert_found(&place.run(&["scan", "--format", "jsonl", "--range", "main~2..main", &url]), &url);
    let nothing = place.run(&["scan", "--range", "main~1..main", &url]);
    assert_eq!(nothing.code, Some(0), "{}", nothing.written());
    let unknown = place.run(&["scan", "--range", "none..main", &url]);
    assert_eq!(unknown.code, Some(2), "{}", unknown.written());
    assert!(unknown.stderr.contains("`none`"), "{}", unknown.stderr);
    place.assert_clear();

    let found = place.run(&["scan", "--format", "jsonl", &url]).stdout;
    let finding: Value = serde_json::from_str(found.trim()).unwrap_or_else(|error| panic!("{error}: {found}"));
    let fingerprint = finding["fingerprint"].as_str().unwrap_or_default();
    let explained = place.run(&["explain", fingerprint, &url]);
    assert_eq!(explained.code, Some(0), "{}", explained.written());
    assert!(
        explained.stdout.contains("src/app.env") && explained.stdout.contains(&place.leak[..10]),
        "{}",
        explained.stdout
    );
    assert_eq!(place.leaked.seen_in(explained.written().as_bytes()), None);
    let ignored = place.run(&["ignore", fingerprint, "--reason", "x", &url]);
    assert_eq!(ignored.code, Some(2), "{}", ignored.written());
    assert!(ignored.stderr.contains("no folder for an ignore file"), "{}", ignored.stderr);
    place.assert_clear();
}

#[test]
fn the_credential_of_a_url_is_seen_by_git_alone_when_it_asks() {
    let place = Place::new();
    place.wrap(RECORDING);
    let password = minted("{{{base62:24}}}", 32, 0);
    let server = Server::start(place.served(), Some(("an-account", password.secret())));
    // Helpers of the user would answer for another account, and store what was right.
    let heard = place.sandbox.root().join("heard");
    let helper =
        format!("!f() {{ echo \"$1\" >>'{}'; cat >>'{0}'; echo username=x; echo password=y; }}; f", heard.display());
    let of_host = format!("credential.http://{}.helper", server.host());
    for key in ["credential.helper", &of_host] {
        place.sandbox.git(&[
            "config",
            "--file",
            &place.sandbox.home().join(".gitconfig").to_string_lossy(),
            key,
            &helper,
        ]);
    }

    let url = format!("http://{}/a.git", server.host());
    let with = |password: &str| format!("http://an-account:{password}@{}/a.git", server.host());
    for options in
        [&["--format", "jsonl"][..], &["--format", "jsonl", "-vvvv"], &["--format", "jsonl", "--progress=always"]]
    {
        let given = with(password.secret());
        let run = place.run(&[&["scan"], options, &[&given]].concat());
        place.assert_found(&run, &url);
        assert_eq!(password.seen_in(run.written().as_bytes()), None, "{options:?}: {}", run.written());
    }
    assert!(server.seen().iter().any(|request| request.authorized), "the server was shown the credential");
    assert!(!heard.exists(), "the user's helpers were neither asked nor told: {}", place.recorded("heard"));
    for name in ["given", "config"] {
        let text = place.recorded(name);
        assert!(!text.is_empty() && text.contains(&url), "{name} was recorded: {text}");
        assert_eq!(password.seen_in(text.as_bytes()), None, "{name}: {text}");
        assert!(!text.contains("an-account"), "{name}: {text}");
    }
    assert_eq!(password.seen_below(&place.sandbox.home()), Vec::<String>::new());
    assert_eq!(place.recorded("mode").trim(), "700");
}

#[test]
fn a_wrong_credential_is_told_and_not_quoted() {
    let place = Place::new();
    let wrong = minted("{{{base62:24}}}", 33, 0);
    let server = Server::start(place.served(), Some(("an-account", "another-password")));
    let url = |userinfo: &str| format!("http://{userinfo}{}/a.git", server.host());
    let refused = |userinfo: &str, hint: &str| {
        let run = place.run(&["scan", &url(userinfo)]);
        assert_eq!(run.code, Some(2), "{}", run.written());
        assert!(run.stderr.contains("cannot clone") && run.stderr.contains(&url("")), "{}", run.stderr);
        assert!(run.stderr.contains(hint), "{hint}: {}", run.stderr);
        assert_eq!(wrong.seen_in(run.written().as_bytes()), None, "{}", run.written());
        place.assert_clear();
    };
    refused(&format!("an-account:{}@", wrong.secret()), "does not take the user name and password");
    refused(&format!("{}@", wrong.secret()), "no password");
    refused("", "no credential for this host");
    assert!(server.seen().iter().all(|request| !request.authorized));
    assert!(server.seen().iter().any(|request| request.credential), "a credential was sent, and refused");
}

#[test]
fn the_users_own_helper_is_asked_where_the_url_names_nobody() {
    let place = Place::new();
    let password = minted("{{{base62:24}}}", 34, 0);
    let server = Server::start(place.served(), Some(("an-account", password.secret())));
    let answer = place.sandbox.home().join("answer");
    let answered = fs::write(&answer, format!("username=an-account\npassword={}\n", password.secret()));
    assert!(answered.is_ok());
    place.sandbox.git(&[
        "config",
        "--file",
        &place.sandbox.home().join(".gitconfig").to_string_lossy(),
        "credential.helper",
        &format!("!f() {{ test \"$1\" = get && cat '{}'; }}; f", answer.display()),
    ]);
    let url = format!("http://{}/a.git", server.host());
    place.assert_found(&place.run(&["scan", "--format", "jsonl", &url]), &url);
}

#[test]
fn a_redirect_does_not_take_the_credential_elsewhere() {
    let place = Place::new();
    let password = minted("{{{base62:24}}}", 35, 0);
    let elsewhere = Server::start(place.served(), Some(("an-account", password.secret())));
    // The same address by another name is another host.
    let other = elsewhere.host().replace("127.0.0.1", "localhost");
    let first = Server::replying(Reply::Redirect(format!("http://{other}")), Some(("an-account", password.secret())));
    let url = format!("http://an-account:{}@{}/a.git", password.secret(), first.host());
    let run = place.run(&["scan", &url]);
    assert_eq!(run.code, Some(2), "{}", run.written());
    assert!(first.seen().iter().any(|request| request.authorized), "the first host was shown it: {}", run.stderr);
    assert!(!elsewhere.seen().is_empty(), "git followed");
    assert!(elsewhere.seen().iter().all(|request| !request.credential), "and carried nothing: {:?}", elsewhere.seen());
    assert_eq!(password.seen_in(run.written().as_bytes()), None, "{}", run.written());
    place.assert_clear();
}

#[test]
fn what_a_server_echoes_is_hidden() {
    let place = Place::new();
    let password = minted("{{{base62:24}}}", 36, 0);
    let told = format!("no such token: {} {}", password.secret(), server::base64(&format!("me:{}", password.secret())));
    let server = Server::replying(Reply::Refuse(told), None);
    let run = place.run(&["scan", &format!("http://me:{}@{}/a.git", password.secret(), server.host())]);
    assert_eq!(run.code, Some(2), "{}", run.written());
    assert!(run.stderr.contains("no such token: ********"), "{}", run.stderr);
    assert_eq!(password.seen_in(run.written().as_bytes()), None, "{}", run.written());
    place.assert_clear();
}

#[test]
fn nothing_of_the_users_runs_in_the_clone() {
    let place = Place::new();
    place.wrap(RECORDING);
    let ran = place.sandbox.root().join("ran");
    let hooks = place.sandbox.home().join("hooks");
    let template = place.sandbox.home().join("template");
    for hook in [hooks.join("reference-transaction"), template.join("hooks/reference-transaction")] {
        let made = fs::create_dir_all(hook.parent().unwrap_or(&hook))
            .and_then(|()| fs::write(&hook, format!("#!/bin/sh\ntouch '{}'\n", ran.display())))
            .and_then(|()| fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)));
        assert!(made.is_ok(), "{made:?}");
    }
    let config = place.sandbox.home().join(".gitconfig");
    for (key, value) in [("core.hooksPath", &hooks), ("init.templateDir", &template)] {
        place.sandbox.git(&["config", "--file", &config.to_string_lossy(), key, &value.to_string_lossy()]);
    }
    let by_hand = place.sandbox.root().join("by-hand");
    place.sandbox.git(&["clone", "--quiet", "--mirror", &place.file_url(), &by_hand.to_string_lossy()]);
    assert!(ran.exists(), "the hook runs where nothing is done against it");
    assert!(fs::remove_file(&ran).is_ok());

    // As in a hook of git's, the environment is about another repository.
    let url = place.file_url();
    let mut command = place.stanch(&["scan", "--format", "jsonl", &url]);
    let other = Sandbox::repository(BINARY);
    command.env("GIT_DIR", other.path().join(".git")).env("GIT_TEMPLATE_DIR", &template);
    place.assert_found(&Run::of(&mut command, b""), &url);
    let mut command = place.stanch(&["scan", "--format", "jsonl", "--range", "main~2..main", &url]);
    command.env("GIT_DIR", other.path().join(".git"));
    place.assert_found(&Run::of(&mut command, b""), &url);
    assert!(!ran.exists());
    assert_eq!(place.recorded("template"), "", "no template was copied");
}

#[test]
fn what_cannot_be_fetched_is_told() {
    let place = Place::new();
    let missing = format!("file://{}/none.git", place.served().display());
    for (arguments, told) in [
        (&["scan", &missing][..], "cannot clone"),
        (&["scan", "--staged", &place.file_url()], "--staged"),
        (&["scan", "ext::sh -c 'touch ran'"], "program of its own"),
        (&["scan", "--", "ssh://-oProxyCommand=touch%20ran/a"], "option"),
        (&["scan", "ftp://example.com/a"], "ftp://"),
        (&["ignore", "abcdef123456", "--reason", "x", "https:///"], "no host"),
    ] {
        let run = place.run(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.written());
        assert!(run.stderr.contains(told), "{arguments:?}: {}", run.stderr);
        place.assert_clear();
    }
    assert!(!place.sandbox.path().join("ran").exists());
    let mut without = place.stanch(&["scan", "https://127.0.0.1:1/a"]);
    let run = Run::of(without.env("PATH", place.bin()), b"");
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("`git` was not found") && run.stderr.contains("install git"), "{}", run.stderr);
    place.assert_clear();
}

#[test]
fn a_token_in_the_path_is_refused_before_git_sees_it() {
    let place = Place::new();
    place.wrap(RECORDING);
    let run = place.run(&["scan", &format!("https://127.0.0.1:1/a?private_token={}", place.leaked.secret())]);
    assert_eq!(run.code, Some(2), "{}", run.written());
    assert_eq!(place.leaked.seen_in(run.written().as_bytes()), None, "{}", run.written());
    assert_eq!(place.recorded("given"), "", "git was not run");
}

#[test]
fn of_several_targets_the_others_are_scanned() {
    let place = Place::new();
    let (good, bad) = (place.file_url(), format!("file://{}/none.git", place.served().display()));
    let run = place.run(&["scan", "--format", "jsonl", &bad, &good]);
    assert_eq!(run.code, Some(2), "{}", run.written());
    assert!(run.stderr.contains("cannot clone"), "{}", run.stderr);
    place.assert_found(&Run { code: Some(1), stderr: String::new(), ..run }, &good);
}

/// A run that waits in git until it is interrupted.
struct Waiting<'a> {
    place: &'a Place,
    child: Option<Child>,
}

impl<'a> Waiting<'a> {
    /// Runs a scan whose git writes `started` and then waits, within a clone of which something is there.
    fn new(place: &'a Place, script: &str) -> Self {
        place.wrap(&format!(
            "for last; do :; done\nmkdir -p \"$last/objects\"; echo x >\"$last/objects/x\"\n{script}\ntouch \"$RECORD/started\"\n\
             exec sleep 60"
        ));
        let mut command = place.stanch(&["scan", &place.file_url()]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let waiting = Self { place, child: Some(child.unwrap_or_else(|error| panic!("{error}"))) };
        let since = Instant::now();
        while !place.sandbox.root().join("started").exists() {
            assert!(since.elapsed() < Duration::from_secs(20), "git was not started");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(
            fs::read_dir(place.temporary()).is_ok_and(|mut entries| entries.next().is_some()),
            "a clone is under way"
        );
        waiting
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().map(|child| child.id().to_string()).unwrap_or_default();
        let run = Run::of(self.place.sandbox.command("kill").args([signal, &id]), b"");
        assert_eq!(run.code, Some(0), "{}", run.written());
    }

    /// Waits for the end; how long it took.
    fn end(mut self) -> (Run, Duration) {
        let since = Instant::now();
        let output = self.child.take().map(Child::wait_with_output);
        let output = output.and_then(Result::ok).unwrap_or_else(|| panic!("it ends"));
        (Run::from(output), since.elapsed())
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
fn an_interrupt_ends_git_and_clears_away() {
    for signal in ["-INT", "-TERM"] {
        let place = Place::new();
        let waiting = Waiting::new(&place, "");
        waiting.signal(signal);
        let (run, took) = waiting.end();
        assert_eq!(run.code, Some(130), "{signal}: {}", run.written());
        assert!(took < Duration::from_secs(20), "{signal}: {took:?}");
        place.assert_clear();
    }
}

#[test]
fn a_second_interrupt_ends_at_once_and_clears_away() {
    let place = Place::new();
    // A git that does not hear.
    let waiting = Waiting::new(&place, "trap '' INT TERM");
    waiting.signal("-INT");
    std::thread::sleep(Duration::from_millis(300));
    waiting.signal("-INT");
    let (run, took) = waiting.end();
    assert_eq!(run.code, Some(130), "{}", run.written());
    assert!(took < Duration::from_secs(3), "{took:?}");
    place.assert_clear();
}

#[test]
fn a_git_that_does_not_hear_is_ended_after_a_while() {
    let place = Place::new();
    let waiting = Waiting::new(&place, "trap '' INT TERM");
    waiting.signal("-INT");
    let (run, took) = waiting.end();
    assert_eq!(run.code, Some(130), "{}", run.written());
    assert!(took < Duration::from_secs(20), "{took:?}");
    place.assert_clear();
}
