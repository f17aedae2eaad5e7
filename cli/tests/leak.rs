//! The leak check: secrets are planted wherever the binary looks, it is run in every way it can be run, and nothing it writes may show
//! them, in any encoding.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use stanch_rules::mint;
use stanch_testkit::{Canary, Run, Sandbox};

use crate::BINARY;

const FORMATS: &[&str] = &["human", "json", "jsonl", "sarif"];
const LEVELS: &[&str] = &["--quiet", "--color=never", "-v", "-vv", "-vvv", "-vvvv"];

/// The planted secrets: a token of a built-in rule, with a checksum that holds, and a password that only its name tells.
struct Planted {
    token: Canary,
    password: Canary,
}

impl Planted {
    fn new() -> Self {
        let minted = |recipe: &str| mint(recipe, 4711).map_or_else(|error| panic!("{error}"), |minted| minted.text);
        let text = |recipe: &str| String::from_utf8(minted(recipe)).unwrap_or_else(|error| panic!("{error}"));
        Self {
            token: Canary::new(&text("{{ghp_{base62:30}|github-crc32}}"), 4),
            password: Canary::new(&text("{{{base62:24}}}"), 0),
        }
    }

    fn token(&self) -> &str {
        self.token.secret()
    }

    fn password(&self) -> &str {
        self.password.secret()
    }

    /// A file in which both stand.
    fn content(&self) -> String {
        format!("GITHUB_TOKEN={}\ndb_password = \"{}\"\n", self.token(), self.password())
    }

    /// What of the secrets a text shows.
    fn shown(&self, text: &[u8]) -> Option<String> {
        let token = self.token.seen_in(text).map(|how| format!("the token, {how}"));
        token.or_else(|| self.password.seen_in(text).map(|how| format!("the password, {how}")))
    }
}

/// Collects the leaks of many runs, so that one failure tells of all.
struct Watch<'a> {
    planted: &'a Planted,
    leaks: Vec<String>,
    runs: usize,
}

impl<'a> Watch<'a> {
    fn new(planted: &'a Planted) -> Self {
        Self { planted, leaks: Vec::new(), runs: 0 }
    }

    /// Looks at what a run wrote.
    fn run(&mut self, what: impl std::fmt::Debug, run: &Run) {
        self.runs += 1;
        assert!(
            run.code.is_some() && run.code != Some(101),
            "{what:?} was ended by a signal or a panic: {}",
            run.stderr
        );
        for (name, text) in [("stdout", &run.stdout), ("stderr", &run.stderr)] {
            let leak = self.planted.shown(text.as_bytes());
            self.leaks.extend(leak.map(|leak| format!("{what:?}: {name} shows {leak}")));
        }
    }

    /// Looks at the files below a folder, and their names.
    fn folder(&mut self, what: &str, folder: &Path) {
        for canary in [&self.planted.token, &self.planted.password] {
            self.leaks.extend(canary.seen_below(folder).into_iter().map(|leak| format!("{what}: {leak}")));
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.runs > 0, "nothing was run");
            assert!(self.leaks.is_empty(), "{} leaks:\n{}", self.leaks.len(), self.leaks.join("\n"));
        }
    }
}

/// A tree in which the secrets stand in contents, names of files and folders, and targets of links.
fn plant(sandbox: &Sandbox, planted: &Planted) {
    sandbox.write("config/app.env", planted.content());
    sandbox.write(format!("{}.txt", planted.token()), "nothing in it\n");
    sandbox.write(format!("{}/in-a-folder.env", planted.token()), planted.content());
    sandbox.write(format!("password={}", planted.password()), planted.content());
    let windows = planted.content().encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    sandbox.write("windows.ini", [b"\xff\xfe", &windows[..]].concat());
    sandbox.write("broken.bin", [b"\0\xff\xfe\x80", planted.content().as_bytes(), b"\xc3\x28"].concat());
    // Colours, a bell and a turn of direction around the secret.
    sandbox.write("terminal.txt", format!("\u{1b}[31m{}\u{7}\u{202e}\n", planted.content()));
    let link = |target: &str, name: &str| {
        symlink(target, sandbox.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    };
    link(planted.token(), "dangling");
    link(&format!("{}.txt", planted.token()), &format!("link-{}", planted.token()));
    link("loop", "loop");
}

#[test]
fn no_format_at_any_level_shows_a_secret() {
    let planted = Planted::new();
    let sandbox = Sandbox::new(BINARY);
    plant(&sandbox, &planted);
    let mut watch = Watch::new(&planted);
    for format in FORMATS {
        for level in LEVELS {
            let run = sandbox.run(["scan", level, "--format", format, "--min-confidence", "low"]);
            assert_eq!(run.code, Some(1), "{format} {level}: {}", run.stderr);
            assert!(run.stdout.contains("ghp_********"), "{format} {level}: {}", run.stdout);
            watch.run((format, level), &run);
        }
        for colour in ["--color=always", "--progress=always"] {
            watch.run((format, colour), &sandbox.run(["scan", colour, "--format", format]));
        }
    }
    watch.folder("the state", &sandbox.home());
}

#[test]
fn no_file_written_shows_a_secret() {
    let planted = Planted::new();
    let sandbox = Sandbox::new(BINARY);
    plant(&sandbox, &planted);
    let out = sandbox.root().join("out");
    fs::create_dir(&out).unwrap_or_else(|error| panic!("{error}"));
    let mut watch = Watch::new(&planted);
    let mut arguments: Vec<OsString> = vec!["scan".into(), "-vvv".into()];
    for format in FORMATS {
        arguments.extend(["--format".into(), format.into(), "-o".into(), out.join(format).into_os_string()]);
    }
    arguments.extend(["--write-baseline".into(), out.join("baseline").into_os_string()]);
    let run = sandbox.run(&arguments);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    watch.run("every format to a file", &run);
    let written = fs::read_dir(&out).map(Iterator::count).unwrap_or_default();
    assert_eq!(written, FORMATS.len() + 1, "every file was written");
    watch.folder("the output", &out);
    watch.folder("the state", &sandbox.home());
    for entry in fs::read_dir(&out).into_iter().flatten().flatten() {
        let mode = entry.metadata().map(|meta| meta.mode() & 0o777).unwrap_or_default();
        assert_eq!(mode, 0o600, "{} is for its owner only", entry.path().display());
    }
}

#[test]
fn targets_with_a_secret_in_their_own_name() {
    let planted = Planted::new();
    let sandbox = Sandbox::new(BINARY);
    plant(&sandbox, &planted);
    let mut watch = Watch::new(&planted);
    let folder = sandbox.path().join(planted.token());
    let file = sandbox.path().join(format!("password={}", planted.password()));
    for format in FORMATS {
        for target in [folder.as_os_str(), file.as_os_str(), planted.token().as_ref()] {
            let run = sandbox.run(["scan".as_ref(), "-vv".as_ref(), "--format".as_ref(), format.as_ref(), target]);
            assert_eq!(run.code, Some(1), "{format}: {}", run.stderr);
            watch.run((format, "a target"), &run);
        }
        // From within, so that the secret is in the path of the current folder.
        let mut here = sandbox.stanch(["scan", "-vv", "--format", format]);
        watch.run((format, "the current folder"), &Run::of(here.current_dir(&folder), b""));
    }
}

#[test]
fn standard_input() {
    let planted = Planted::new();
    let sandbox = Sandbox::new(BINARY);
    let mut watch = Watch::new(&planted);
    for format in FORMATS {
        for level in LEVELS {
            let run = sandbox.run_on(["scan", "-", level, "--format", format], planted.content().as_bytes());
            assert_eq!(run.code, Some(1), "{format} {level}: {}", run.stderr);
            watch.run((format, level), &run);
        }
    }
    watch.folder("what a stream leaves behind", sandbox.root());
}

#[test]
fn staged_changes_and_the_hook() {
    let planted = Planted::new();
    let sandbox = Sandbox::repository(BINARY);
    sandbox.write("app.env", planted.content());
    sandbox.write(format!("{}.env", planted.token()), planted.content());
    sandbox.git(&["add", "--all"]);
    let mut watch = Watch::new(&planted);
    for level in LEVELS {
        for format in FORMATS {
            let run = sandbox.run(["scan", "--staged", level, "--format", format]);
            assert_eq!(run.code, Some(1), "{format} {level}: {}", run.stderr);
            watch.run(("--staged", format, level), &run);
        }
        let named = format!("{}.env", planted.token());
        for files in [&[][..], &["app.env", &named]] {
            let run = sandbox.run(["hook", "run", "pre-commit", level].iter().chain(files));
            assert_eq!(run.code, Some(1), "{level}: {}", run.stderr);
            watch.run(("hook", level, files.len()), &run);
        }
    }
    // A range whose ends are no commits: the names are told, as far as they may be.
    for (from, to) in [(planted.token(), "HEAD"), ("HEAD", planted.token())] {
        let mut hook = sandbox.stanch(["hook", "run", "pre-commit", "app.env"]);
        let run = Run::of(hook.env("PRE_COMMIT_FROM_REF", from).env("PRE_COMMIT_TO_REF", to), b"");
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        watch.run("a range of no commits", &run);
    }
    watch.folder("the state", &sandbox.home());
}

#[test]
fn what_a_state_keeps() {
    let planted = Planted::new();
    let sandbox = Sandbox::repository(BINARY);
    plant(&sandbox, &planted);
    sandbox.commit(&format!("{} in a subject", planted.token()));
    let author = format!("user.name={}", planted.token());
    let message = format!("db_password = \"{}\"", planted.password());
    sandbox.git(&["-c", &author, "commit", "--quiet", "--allow-empty", "--message", &message]);
    sandbox.git(&["tag", "--annotate", planted.token(), "--message", planted.token()]);
    sandbox.git(&["branch", planted.token()]);
    let url = format!("https://me:{}@github.com/o/r", planted.token());
    sandbox.git(&["remote", "add", "origin", &url]);
    let mut watch = Watch::new(&planted);
    let kept = sandbox.root().join("kept");
    // What was not known, what is known of objects, and what is known at all; by a name that says too much.
    for target in [".", ".git"] {
        for level in LEVELS {
            for format in FORMATS {
                let run = sandbox.run(["scan", target, level, "--format", format, "--state", "../kept"]);
                assert_eq!(run.code, Some(1), "{target} {level} {format}: {}", run.stderr);
                watch.run((target, level, format), &run);
            }
            sandbox.git(&["branch", "--force", &format!("a{level}")]);
        }
    }
    assert!(fs::read_dir(&kept).is_ok_and(|files| files.count() > 3), "something is kept");
    watch.folder("the state", &kept);
    for entry in fs::read_dir(&kept).into_iter().flatten().flatten() {
        fs::write(entry.path(), planted.content()).unwrap_or_else(|error| panic!("{error}"));
    }
    watch.run("a state that is none", &sandbox.run(["scan", "-vvv", "--state", "../kept"]));
    watch.folder("the key", &sandbox.home());
}

#[test]
fn explaining_ignoring_and_known_credentials() {
    let planted = Planted::new();
    let sandbox = Sandbox::new(BINARY);
    plant(&sandbox, &planted);
    let mut watch = Watch::new(&planted);
    let fingerprints = fingerprints(&sandbox);
    assert!(fingerprints.len() >= 2, "the token and the password: {fingerprints:?}");
    for fingerprint in &fingerprints {
        for level in LEVELS {
            let run = sandbox.run(["explain", fingerprint, level]);
            assert_eq!(run.code, Some(0), "{}", run.stderr);
            watch.run(("explain", level), &run);
        }
        let reason = format!("the demo account, {} is dead", planted.token());
        let run = sandbox.run(["ignore", fingerprint, "-vv", "--reason", &reason, "--owner", planted.token()]);
        watch.run("ignore", &run);
    }
    let ignored = fs::read(sandbox.path().join(".stanchignore")).unwrap_or_default();
    assert_eq!(planted.shown(&ignored), None, "the ignore file: {}", String::from_utf8_lossy(&ignored));
    let baseline = sandbox.root().join("baseline.json");
    let with = |option: &str| [OsString::from("scan"), "-vv".into(), option.into(), baseline.clone().into_os_string()];
    watch.run("a baseline is written", &sandbox.run(with("--write-baseline")));
    for format in FORMATS {
        let format = [OsString::from("--format"), format.into()];
        let run = sandbox.run(with("--baseline").iter().chain(&format));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        watch.run("what is known does not count", &run);
    }
    let known = fs::read(&baseline).unwrap_or_default();
    assert!(!known.is_empty());
    assert_eq!(planted.shown(&known), None, "the baseline: {}", String::from_utf8_lossy(&known));
    watch.folder("the state", &sandbox.home());
}

/// The fingerprints of what a scan finds, each once.
fn fingerprints(sandbox: &Sandbox) -> Vec<String> {
    let run = sandbox.run(["scan", "--format", "jsonl"]);
    let of_line = |line: &str| {
        let finding: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        finding["fingerprint"].as_str().map(ToOwned::to_owned)
    };
    let mut all: Vec<String> = run.stdout.lines().filter_map(of_line).collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn files_of_ours_with_mistakes_in_them() {
    let planted = Planted::new();
    let sandbox = Sandbox::new(BINARY);
    sandbox.write("app.env", "nothing here\n");
    let mut watch = Watch::new(&planted);
    let (token, content) = (planted.token(), planted.content());
    let rule_files = [
        content.clone(),
        format!("provider = \"{token}\"\n"),
        format!("{token} = 1\n"),
        format!("[[rule]]\nid = \"{token}\"\n"),
        format!("provider = \"acme\"\n[[rule]]\nid = \"acme.{token}\"\ntitle = \"{token}\"\nanchor = \"{token}\"\n"),
        format!(
            "provider = \"acme\" # {content}\n[[rule]]\nid = \"acme.x\"\nshape = \"{token}{{base63:4}}\"\nanchor = \"literal\"\n"
        ),
        format!(
            "provider = \"acme\"\n[[rule]]\nid = \"acme.x\"\nanchor = \"literal\"\npattern = '({token}'\nliterals = [\"abc\"]\nbound = 9\n"
        ),
    ];
    for (number, text) in rule_files.iter().enumerate() {
        let path = sandbox.write(format!("rules-{number}.toml"), text);
        let path = path.as_os_str();
        for verb in [&["scan", "-vv"][..], &["rules", "check"], &["rules", "test"], &["rules", "list"]] {
            let mut arguments: Vec<&std::ffi::OsStr> = verb.iter().map(AsRef::as_ref).collect();
            arguments.extend(["--rules".as_ref(), path]);
            let run = sandbox.run(&arguments);
            assert_eq!(run.code, Some(2), "{verb:?} {number}: {}", run.written());
            watch.run((verb, "rule file", number), &run);
        }
        fs::remove_file(path).unwrap_or_else(|error| panic!("{error}"));
    }
    let ignore_files = [
        content.clone(),
        format!("key = \"{token}\"\n"),
        format!("{token} = 1\n"),
        format!("[[ignore]]\nfingerprint = \"{token}\"\nreason = \"{token}\"\n"),
        format!("[[ignore]]\npath = \"[{token}\"\nreason = \"{token}\"\n"),
        format!("[[ignore]]\npath = \"x\"\nreason = \"{token}\"\nexpires = \"{token}\"\n"),
        format!(
            "[[ignore]]\npath = \"x\"\nreason = \"{token} is dead\"\nowner = \"{token}\"\nexpires = \"2020-01-01\"\n"
        ),
    ];
    for (number, text) in ignore_files.iter().enumerate() {
        let path = sandbox.write(".stanchignore", text);
        for verb in [
            &["scan", "-vv"][..],
            &["scan", "--format", "json"],
            &["explain", "abcdef"],
            &["ignore", "abcdef", "--reason", "x"],
        ] {
            watch.run((verb, "ignore file", number), &sandbox.run(verb));
        }
        fs::remove_file(path).unwrap_or_else(|error| panic!("{error}"));
    }
    let baselines = [
        content,
        format!("\"{token}\""),
        format!("{{\"{token}\": 1}}"),
        format!("{{\"schema\": \"{token}\", \"key\": \"{token}\", \"credentials\": []}}"),
        format!("{{\"schema\": \"stanch.baseline/1\", \"key\": \"{token}\", \"credentials\": []}}"),
        format!("{{\"schema\": \"stanch.baseline/1\", \"key\": \"\", \"credentials\": [\"{token}\"]}}"),
        format!("{{\"schema\": \"stanch.baseline/1\", \"key\": \"\", \"credentials\": \"{token}\"}}"),
    ];
    for (number, text) in baselines.iter().enumerate() {
        let path = sandbox.root().join("baseline.json");
        fs::write(&path, text).unwrap_or_else(|error| panic!("{error}"));
        let run = sandbox.run(["scan".as_ref(), "-vv".as_ref(), "--baseline".as_ref(), path.as_os_str()]);
        assert_eq!(run.code, Some(2), "{number}: {}", run.stderr);
        watch.run(("baseline", number), &run);
    }
}

#[test]
fn bad_usage_with_a_secret_in_it() {
    let planted = Planted::new();
    let sandbox = Sandbox::new(BINARY);
    sandbox.write("app.env", "nothing here\n");
    let mut watch = Watch::new(&planted);
    let token = planted.token();
    let (path, option, assigned) = (format!("no/{token}/x"), format!("--{token}"), format!("--jobs={token}"));
    let glob = format!("[{token}");
    let usages: &[&[&str]] = &[
        &[token],
        &[&option],
        &["scan", token],
        &["scan", &path, "."],
        &["scan", &option],
        &["scan", &assigned],
        &["scan", "--format", token],
        &["scan", "--format", "json", "-o", &path],
        &["scan", "--write-baseline", &path],
        &["scan", "--baseline", &path],
        &["scan", "--state", &path],
        &["scan", "--state", &format!("app.env/{token}")],
        &["scan", "--rules", &path],
        &["scan", "--only", token],
        &["scan", "--skip", token],
        &["scan", "--exclude", &glob],
        &["scan", "--min-confidence", token],
        &["scan", "--fail-on", token],
        &["scan", "--exit-codes", token],
        &["scan", "--color", token],
        &["scan", "--staged", &path],
        &["scan", &format!("https://user:{token}@example.com/x.git")],
        &["explain", token],
        &["explain", "abcdef", &path],
        &["ignore", token, "--reason", "x"],
        &["ignore", "abcdef", "--reason", "x", "--expires", token],
        &["hook", "run", token],
        &["hook", "run", "pre-commit", &path],
        &["rules", token],
        &["rules", "show", token],
        &["rules", "check", "--rules", &path],
        &["generate", token],
        &["generate", "completions", token],
    ];
    for usage in usages {
        for level in ["--quiet", "-vvv"] {
            let run = sandbox.run(usage.iter().chain(&[level]));
            assert_eq!(run.code, Some(2), "{usage:?}: {}", run.written());
            assert!(!run.stderr.trim().is_empty(), "{usage:?} says what is wrong");
            watch.run(usage, &run);
        }
    }
    watch.folder("the state", &sandbox.home());
}

#[test]
fn what_cannot_be_read() {
    let planted = Planted::new();
    let sandbox = Sandbox::new(BINARY);
    let token = planted.token();
    sandbox.write("app.env", planted.content());
    let secret = sandbox.write(format!("{token}.env"), planted.content());
    let folder = sandbox.write(format!("{token}/inner.env"), planted.content());
    let folder = folder.parent().map(Path::to_owned).unwrap_or_default();
    let fifo = sandbox.path().join(format!("fifo-{token}"));
    let made = Run::of(sandbox.command("mkfifo").arg(&fifo), b"");
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    for path in [&secret, &folder] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap_or_else(|error| panic!("{error}"));
    }
    let mut watch = Watch::new(&planted);
    for format in FORMATS {
        for level in ["--color=never", "-vvv"] {
            let run = as_nobody(&sandbox, &["scan", level, "--format", format]);
            assert_eq!(run.code, Some(2), "an unread file is never clean: {}", run.written());
            assert!(run.written().contains("unreadable") || run.written().contains("denied"), "{}", run.written());
            watch.run((format, level, "unreadable"), &run);
        }
    }
    // A state that cannot be kept.
    let state = sandbox.write(format!("state-{token}"), "a file where a folder should be");
    let mut scan = sandbox.stanch(["scan", "-vvv", "app.env"]);
    watch.run("no state", &Run::of(scan.env("STANCH_STATE_DIR", state.join("below")), b""));
    for path in [&secret, &folder] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Runs stanch as somebody whom permissions stop: as oneself, or as nobody if the test is run by root.
fn as_nobody(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    const NOBODY: u32 = 65_534;
    let root = fs::metadata("/proc/self").or_else(|_| fs::metadata(sandbox.path())).is_ok_and(|meta| meta.uid() == 0);
    if !root {
        return sandbox.run(arguments);
    }
    // The folder of the build may be closed to nobody, so a copy of the binary is run.
    let binary = sandbox.root().join("stanch");
    if !binary.exists() {
        // Whatever another test starts while this process writes a program has that file open, too, and then it cannot be run: so another one writes it.
        let copied = Run::of(Command::new("cp").arg(BINARY).arg(&binary), b"");
        assert_eq!(copied.code, Some(0), "{}", copied.written());
        for path in [sandbox.root(), &sandbox.home()] {
            chown(path, Some(NOBODY), Some(NOBODY)).unwrap_or_else(|error| panic!("{error}"));
        }
    }
    let mut command = sandbox.command(&binary);
    Run::of(command.args(arguments).uid(NOBODY).gid(NOBODY), b"")
}

#[test]
fn no_child_is_told_a_secret() {
    let planted = Planted::new();
    let sandbox = Sandbox::repository(BINARY);
    sandbox.write("app.env", planted.content());
    sandbox.write(format!("{}.env", planted.token()), planted.content());
    sandbox.git(&["add", "--all"]);
    // Programs that stanch could call, in place of which its arguments and environment are written down.
    let folder = sandbox.root().join("programs");
    let told = sandbox.root().join("told");
    fs::create_dir_all(&folder).and_then(|()| fs::create_dir_all(&told)).unwrap_or_else(|error| panic!("{error}"));
    let script = format!("#!/bin/sh\n{{ echo \"$0 $*\"; /usr/bin/env; }} >>'{}/calls'\nexit 1\n", told.display());
    for program in ["git", "ssh", "less", "sh", "gpg"] {
        let path = folder.join(program);
        fs::write(&path, &script).unwrap_or_else(|error| panic!("{error}"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap_or_else(|error| panic!("{error}"));
    }
    let mut watch = Watch::new(&planted);
    for arguments in [&["scan"][..], &["scan", "--staged"], &["hook", "run", "pre-commit"], &["explain", "abcdef"]] {
        let run = Run::of(sandbox.stanch(arguments).env("PATH", &folder), b"");
        watch.run(arguments, &run);
    }
    watch.folder("what children were told", &told);
}

#[test]
fn reveal_shows_where_it_is_asked_to_and_nowhere_else() {
    let planted = Planted::new();
    let sandbox = Sandbox::new(BINARY);
    sandbox.write("app.env", planted.content());
    for format in FORMATS {
        let run = sandbox.run(["scan", "-vvv", "--reveal", "--format", format]);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        for canary in [&planted.token, &planted.password] {
            assert!(run.stdout.contains(canary.secret()), "{format} reveals: {}", run.stdout);
            assert_eq!(
                canary.seen_in(run.stderr.as_bytes()),
                None,
                "{format}: the log is not asked for: {}",
                run.stderr
            );
        }
    }
    let mut watch = Watch::new(&planted);
    watch.run("nothing is kept of what was revealed", &sandbox.run(["scan"]));
    watch.folder("the state", &sandbox.home());
}

#[test]
fn no_file_of_secrets_is_written_into_what_is_scanned() {
    let sandbox = Sandbox::repository(BINARY);
    sandbox.write("deep/a.env", format!("TOKEN={}\n", crate::token(80).secret()));
    for (target, file) in
        [(".", "cleanup.txt"), (".", "deep/cleanup.txt"), ("deep", "cleanup.txt"), ("deep/a.env", "deep/x")]
    {
        let run = sandbox.run(["scan", target, "--cleanup", file]);
        assert_eq!(run.code, Some(2), "{target} {file}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains("inside of what is scanned"), "{target} {file}: {}", run.stderr);
        assert!(!sandbox.path().join(file).exists(), "{target} {file}");
    }
}

#[test]
fn the_cleanup_file_holds_the_secrets_and_nothing_else_does() {
    let planted = Planted::new();
    let sandbox = Sandbox::new(BINARY);
    sandbox.write("app.env", planted.content());
    let mut watch = Watch::new(&planted);
    let file = sandbox.root().join("cleanup.txt");
    let clean_up =
        |file: &Path| sandbox.run(["scan".as_ref(), "-vvv".as_ref(), "--cleanup".as_ref(), file.as_os_str()]);
    let run = clean_up(&file);
    assert_eq!(run.code, Some(1), "{}", run.written());
    assert!(run.stderr.contains("holds 2 secrets in clear") && run.stderr.contains("filter-repo"), "{}", run.stderr);
    watch.run("the first run", &run);
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{error}"));
    for secret in [planted.token(), planted.password()] {
        assert!(text.contains(&format!("literal:{secret}==>REDACTED-")), "{text}");
    }
    let mode = fs::metadata(&file).map(|meta| meta.permissions().mode() & 0o777).ok();
    assert_eq!(mode, Some(0o600));
    // What is there stays as it is, be it ours or not; so does what a link points to.
    let link = sandbox.root().join("link");
    symlink("elsewhere", &link).unwrap_or_else(|error| panic!("{error}"));
    for taken in [file.as_path(), &link, &sandbox.path(), Path::new("-")] {
        let again = clean_up(taken);
        assert_eq!((again.code, again.stdout.as_str()), (Some(2), ""), "{}", again.stderr);
        watch.run(("again", taken), &again);
    }
    assert_eq!(fs::read_to_string(&file).ok(), Some(text));
    assert!(!sandbox.root().join("elsewhere").exists());
    // A file that cannot be made, with a secret in its name.
    let run = clean_up(&sandbox.root().join(planted.token()).join("x"));
    assert_eq!(run.code, Some(2), "{}", run.written());
    watch.run("no such folder", &run);
    for file in [&file, &sandbox.path().join("app.env")] {
        fs::remove_file(file).unwrap_or_else(|error| panic!("{error}"));
    }
    let run = clean_up(&file);
    assert!(run.code == Some(0) && !file.exists() && run.stderr.contains("is not written"), "{}", run.written());
    watch.folder("all that is left", sandbox.root());
}
