//! What the tests of the sources share: a control, minted text, git, and snapshots of folders.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;
use std::time::SystemTime;

use stanch_model::FingerprintKey;
use stanch_rules::{RuleSet, mint};
use stanch_scanner::{Control, Engine, Outcome};

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(RuleSet::builtin()));
static STOP: AtomicBool = AtomicBool::new(false);
static KEY: LazyLock<FingerprintKey> = LazyLock::new(|| FingerprintKey::from_bytes([7; 32]));

/// A control of so many jobs.
pub(crate) fn control(jobs: usize) -> Control<'static> {
    Control { engine: &ENGINE, key: &KEY, stop: &STOP, events: &(), jobs }
}

/// A line with a credential, which is another for each seed.
pub(crate) fn line(seed: u64) -> String {
    let minted = mint("github_token = \"{{ghp_{base62:30}|github-crc32}}\"\n", seed).expect("the recipe is right");
    String::from_utf8(minted.text).expect("it is ASCII")
}

/// Path and line of each finding.
pub(crate) fn found(outcome: &Outcome) -> Vec<(String, u64)> {
    outcome.findings.iter().map(|finding| (finding.path.clone(), finding.location.line)).collect()
}

/// The gaps of the ledger.
pub(crate) fn gaps(outcome: &Outcome) -> Vec<(String, &'static str)> {
    outcome.coverage.notes.iter().map(|note| (note.path.clone(), note.gap.as_str())).collect()
}

/// Writes a file and the folders above it.
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("the folder can be made");
    fs::write(path, content).expect("the file can be written");
}

/// A git command in a folder, out of reach of the user's configuration.
pub(crate) fn git_command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for variable in ["GIT_AUTHOR", "GIT_COMMITTER"] {
        command.env(format!("{variable}_NAME"), "A Tester").env(format!("{variable}_EMAIL"), "tester@example.com");
    }
    command
}

/// Runs git and gives what it printed.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = git_command(folder).args(arguments).output().expect("git runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Every file below a folder with its content, kind and time of change.
pub(crate) fn snapshot(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder can be listed") {
            let entry = entry.expect("the entry is there");
            let metadata = entry.path().symlink_metadata().expect("the entry is there");
            let content =
                if metadata.is_file() { fs::read(entry.path()).expect("the file can be read") } else { Vec::new() };
            files.insert(entry.path(), (content, metadata.modified().expect("the system keeps times")));
            if metadata.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    files
}
