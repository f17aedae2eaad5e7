//! A runner of GitHub Actions, as far as a composite action sees one: a repository that is served, a clone as actions/checkout makes it, the
//! variables and files of a step, and the commands that a step prints.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use stanch_rules::mint;
use stanch_testkit::{Canary, Run, Sandbox};

use super::yaml::Yaml;
use crate::BINARY;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// GitHub's side and the runner's. The sandbox's working folder is a developer's clone.
pub(crate) struct Runner {
    pub(crate) developer: Sandbox,
    action: Yaml,
    /// Tokens that leak, by number.
    leaked: std::cell::RefCell<Vec<Canary>>,
}

/// What a run of the action left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code of the step that ended it.
    pub(crate) code: i32,
    /// The log of all steps.
    pub(crate) log: String,
    /// The commands that the runner acted upon.
    pub(crate) commands: Vec<String>,
    /// The outputs of the action.
    pub(crate) outputs: BTreeMap<String, String>,
    pub(crate) summary: String,
    pub(crate) sarif: Option<Value>,
}

impl Ran {
    pub(crate) fn output(&self, name: &str) -> &str {
        self.outputs.get(name).map_or("", String::as_str)
    }

    /// The annotations of a level.
    pub(crate) fn annotations(&self, level: &str) -> Vec<&str> {
        let start = [format!("::{level} "), format!("::{level}::")];
        self.commands.iter().filter(|c| start.iter().any(|s| c.starts_with(s.as_str()))).map(String::as_str).collect()
    }

    /// The paths of the results of the SARIF file.
    pub(crate) fn results(&self) -> Vec<String> {
        let results = self.sarif.as_ref().and_then(|sarif| sarif.pointer("/runs/0/results")).and_then(Value::as_array);
        let results = results.unwrap_or_else(|| panic!("SARIF was written: {}", self.log));
        let path = |result: &Value| {
            let uri = result.pointer("/locations/0/physicalLocation/artifactLocation/uri");
            uri.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        results.iter().map(path).collect()
    }

    /// The run was clean, and says so in every way.
    pub(crate) fn assert_clean(&self) {
        assert_eq!(self.code, 0, "{}", self.log);
        assert_eq!([self.output("findings"), self.output("exit-code")], ["0", "0"], "{}", self.log);
        assert_eq!(self.commands, Vec::<String>::new(), "{}", self.log);
        assert!(self.summary.contains("no credentials found"), "{}", self.summary);
        assert_eq!(self.results(), Vec::<String>::new());
    }

    /// The run found credentials at these paths and no others, and says so in every way.
    pub(crate) fn assert_leaks(&self, paths: &[&str]) {
        assert_eq!(self.code, 1, "{}", self.log);
        assert_eq!(
            [self.output("findings"), self.output("exit-code")],
            [&paths.len().to_string(), "1"],
            "{}",
            self.log
        );
        let mut results = self.results();
        results.sort();
        assert_eq!(results, paths, "{}", self.log);
        let errors = self.annotations("error");
        assert_eq!(errors.len(), paths.len(), "{errors:?}");
        for path in paths {
            assert!(errors.iter().any(|error| error.contains(&format!("file={path},line="))), "{path}: {errors:?}");
        }
        assert!(self.summary.contains("leaked credential"), "{}", self.summary);
    }

    /// The run could not be finished, and says why in every way.
    pub(crate) fn assert_failed(&self, why: &str) {
        assert_eq!(self.code, 2, "{}", self.log);
        assert_eq!(self.output("exit-code"), "2", "{}", self.log);
        let errors = self.annotations("error");
        assert!(errors.len() == 1 && errors[0].contains(why), "{why}: {errors:?}: {}", self.log);
        assert!(self.log.contains(why), "{}", self.log);
        assert!(self.summary.contains("could not finish"), "{}", self.summary);
    }
}

fn must<T>(done: std::io::Result<T>) -> T {
    done.unwrap_or_else(|error| panic!("{error}"))
}

impl Runner {
    /// A repository with a leak in its past, which is nobody's fault today.
    pub(crate) fn new() -> Self {
        let text = must(fs::read_to_string(Path::new(ROOT).join("action.yml")));
        let runner = Self {
            developer: Sandbox::repository(BINARY),
            action: Yaml::parse(&text),
            leaked: std::cell::RefCell::default(),
        };
        let git = |arguments: &[&str]| runner.developer.git(arguments);
        git(&["init", "--quiet", "--bare", "--initial-branch=main", &runner.remote().to_string_lossy()]);
        // As GitHub serves: commits are given by id as long as something reaches them.
        runner.on_remote(&["config", "uploadpack.allowReachableSHA1InWant", "true"]);
        git(&["remote", "add", "origin", &runner.url()]);
        runner.leak("old.env", "a leak of long ago");
        must(fs::remove_file(runner.developer.path().join("old.env")));
        runner.commit("as if nothing had been");
        git(&["push", "--quiet", "origin", "main"]);
        runner
    }

    fn remote(&self) -> PathBuf {
        self.developer.root().join("remote.git")
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.remote().display())
    }

    pub(crate) fn on_remote(&self, arguments: &[&str]) -> String {
        self.developer.git(&[&["--git-dir", &*self.remote().to_string_lossy()], arguments].concat())
    }

    /// The folder of the job's checkout.
    pub(crate) fn workspace(&self) -> PathBuf {
        self.developer.root().join("workspace")
    }

    /// The job's folder of temporary files.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.developer.root().join("temporary")
    }

    pub(crate) fn commit(&self, subject: &str) -> String {
        self.developer.git(&["add", "--all"]);
        self.developer.git(&["commit", "--quiet", "--no-verify", "--allow-empty", "--message", subject]);
        self.head()
    }

    pub(crate) fn head(&self) -> String {
        self.developer.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Commits a file with a token that is new.
    pub(crate) fn leak(&self, path: &str, subject: &str) -> String {
        let seed = 500 + self.leaked.borrow().len() as u64;
        let minted = mint("{{ghp_{base62:30}|github-crc32}}", seed).unwrap_or_else(|error| panic!("{error}"));
        let token = Canary::new(&String::from_utf8_lossy(&minted.text), 4);
        self.developer.write(path, format!("# settings\nTOKEN={}\n", token.secret()));
        self.leaked.borrow_mut().push(token);
        self.commit(subject)
    }

    /// The commit that GitHub makes of a pull request: its head merged into its base.
    pub(crate) fn pull_request(&self, number: u64, base: &str, head: &str) {
        let tree = self.developer.git(&["merge-tree", "--write-tree", base, head]);
        let merge = self.developer.git(&["commit-tree", tree.trim(), "-p", base, "-p", head, "-m", "Merge"]);
        for (commit, name) in [(head, "head"), (merge.trim(), "merge")] {
            self.developer.git(&[
                "push",
                "--quiet",
                "--force",
                "origin",
                &format!("{commit}:refs/pull/{number}/{name}"),
            ]);
        }
    }

    /// A pull request that cannot be merged, so that there is no commit for it.
    pub(crate) fn pull_request_without_merge(&self, number: u64, head: &str) {
        self.developer.git(&["push", "--quiet", "origin", &format!("{head}:refs/pull/{number}/head")]);
    }

    /// Clones as actions/checkout does, with its default depth of one commit. `name` is a ref in full.
    pub(crate) fn checkout(&self, name: &str) {
        let workspace = self.workspace();
        must(fs::create_dir_all(&workspace));
        let git = |arguments: &[&str]| {
            let run = Run::of(self.developer.command("git").args(arguments).current_dir(&workspace), b"");
            assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.written());
        };
        let commit = self.on_remote(&["rev-parse", name]).trim().to_owned();
        let (local, at): (String, Vec<&str>) = match name.split_once("refs/heads/") {
            Some((_, branch)) => (format!("refs/remotes/origin/{branch}"), vec!["-B", branch]),
            None => (name.replace("refs/pull", "refs/remotes/pull"), vec![]),
        };
        git(&["init", "--quiet", "."]);
        git(&["remote", "add", "origin", &self.url()]);
        git(&["config", "--local", "gc.auto", "0"]);
        let fetch = ["-c", "protocol.version=2", "fetch", "--quiet", "--no-tags", "--prune", "--no-recurse-submodules"];
        git(&[&fetch[..], &["--depth=1", "origin", &format!("+{commit}:{local}")]].concat());
        git(&[&["checkout", "--quiet", "--force"], &at[..], &[&local]].concat());
    }

    /// How many commits the checkout has, and whether its past is cut off.
    pub(crate) fn depth(&self) -> (usize, bool) {
        let git = |arguments: &[&str]| {
            Run::of(self.developer.command("git").args(arguments).current_dir(self.workspace()), b"").stdout
        };
        let all = git(&["cat-file", "--batch-all-objects", "--batch-check=%(objecttype)"]);
        let commits = all.lines().filter(|kind| *kind == "commit").count();
        (commits, git(&["rev-parse", "--is-shallow-repository"]).trim() == "true")
    }

    /// Runs the action for an event, with stanch as it was built for the tests.
    pub(crate) fn run(&self, event: &str, payload: &Value) -> Ran {
        self.run_with(event, payload, &[])
    }

    /// Runs the action with inputs of the workflow.
    pub(crate) fn run_with(&self, event: &str, payload: &Value, given: &[(&str, &str)]) -> Ran {
        let temporary = self.temporary();
        must(fs::create_dir_all(&temporary));
        must(fs::write(temporary.join("event.json"), payload.to_string()));
        let mut inputs: BTreeMap<String, String> = BTreeMap::new();
        for (name, input) in self.action.at("inputs").map() {
            inputs.insert(name, input.at("default").text().to_owned());
        }
        inputs.insert("binary".to_owned(), BINARY.to_owned());
        for (name, value) in given {
            assert!(inputs.insert((*name).to_owned(), (*value).to_owned()).is_some(), "no input {name}");
        }
        let ran = self.steps(event, &inputs);
        for (number, token) in self.leaked.borrow().iter().enumerate() {
            let seen = token.seen_in(ran.log.as_bytes());
            assert_eq!(seen, None, "the log shows leak {number}: {}", ran.log);
            for folder in [&temporary, &self.developer.home()] {
                assert_eq!(token.seen_below(folder), Vec::<String>::new(), "what is written shows leak {number}");
            }
        }
        ran
    }

    fn steps(&self, event: &str, inputs: &BTreeMap<String, String>) -> Ran {
        let temporary = self.temporary();
        let (summary, output) = (temporary.join("summary.md"), temporary.join("output"));
        let mut known: BTreeMap<String, String> =
            inputs.iter().map(|(name, value)| (format!("inputs.{name}"), value.clone())).collect();
        let (mut log, mut code) = (String::new(), 0);
        must(fs::write(&summary, ""));
        assert_eq!(self.action.at("runs").at("using").text(), "composite");
        for step in self.action.at("runs").at("steps").list() {
            let script = step.at("run").text();
            assert!(!script.contains("${{"), "what strangers write is no part of a script: {script}");
            assert_eq!(step.at("shell").text(), "bash");
            must(fs::write(&output, ""));
            let file = temporary.join("step.sh");
            must(fs::write(&file, script));
            // As the runner starts bash: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
            let mut command = self.developer.command("bash");
            command.args(["--noprofile", "--norc", "-e", "-o", "pipefail"]).arg(&file);
            command.current_dir(self.workspace().join(evaluate(step.at("working-directory").text(), &known)));
            for (name, value) in step.at("env").map() {
                command.env(name, evaluate(value.text(), &known));
            }
            let path = command.get_envs().find_map(|(name, value)| value.filter(|_| name == "PATH"));
            let path = path.map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
            command
                .env("PATH", format!("{}:{path}", self.developer.root().join("bin").display()))
                .env("GITHUB_ACTIONS", "true")
                .env("GITHUB_ACTION_PATH", ROOT)
                .env("GITHUB_EVENT_NAME", event)
                .env("GITHUB_EVENT_PATH", temporary.join("event.json"))
                .env("GITHUB_OUTPUT", &output)
                .env("GITHUB_STEP_SUMMARY", &summary)
                .env("GITHUB_WORKSPACE", self.workspace())
                .env("RUNNER_TEMP", &temporary);
            let run = Run::of(&mut command, b"");
            log.push_str(&run.written());
            for (name, value) in outputs(&must(fs::read_to_string(&output))) {
                known.insert(format!("steps.{}.outputs.{name}", step.at("id").text()), value);
            }
            code = run.code.unwrap_or_else(|| panic!("a signal ended it: {log}"));
            if code != 0 {
                break;
            }
        }
        let outputs: BTreeMap<String, String> = self
            .action
            .at("outputs")
            .map()
            .iter()
            .map(|(name, output)| (name.clone(), evaluate(output.at("value").text(), &known)))
            .collect();
        let sarif = outputs.get("sarif").filter(|path| !path.is_empty());
        let sarif = sarif.map(|path| must(fs::read(path)));
        Ran {
            code,
            commands: commands(&log),
            log,
            sarif: sarif.map(|text| serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{error}"))),
            summary: must(fs::read_to_string(&summary)),
            outputs,
        }
    }

    /// A program that is found before those of the system.
    pub(crate) fn program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.developer.root().join("bin").join(name);
        must(fs::create_dir_all(path.parent().unwrap_or(&path)));
        must(fs::write(&path, script));
        must(fs::set_permissions(&path, fs::Permissions::from_mode(0o755)));
        path
    }
}

/// A value with its expressions in place: names only, as the action has no others.
fn evaluate(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (name, after) = after.split_once("}}").unwrap_or_else(|| panic!("an open expression: {text}"));
        let name = name.trim();
        assert!(name.starts_with("inputs.") || name.starts_with("steps."), "not understood: {name}");
        out.push_str(before);
        out.push_str(known.get(name).map_or("", String::as_str));
        rest = after;
    }
    out + rest
}

/// The outputs in a step's file, on one line or between delimiters.
fn outputs(text: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some((name, delimiter)) = line.split_once("<<") {
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
            all.insert(name.to_owned(), value.join("\n"));
        } else {
            let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("no output: {line}"));
            all.insert(name.to_owned(), value.to_owned());
        }
    }
    all
}

/// The commands that a runner acts upon: lines that start with `::`, or have `##[` in them, unless commands are stopped.
fn commands(log: &str) -> Vec<String> {
    let mut stopped: Option<String> = None;
    let mut all = Vec::new();
    for line in log.lines().map(str::trim) {
        if let Some(word) = &stopped {
            if line == format!("::{word}::") {
                stopped = None;
            }
        } else if let Some(word) = line.strip_prefix("::stop-commands::") {
            stopped = Some(word.to_owned());
        } else if line.starts_with("::") || line.contains("##[") {
            all.push(line.to_owned());
        }
    }
    assert_eq!(stopped, None, "commands stay stopped: {log}");
    all
}
