//! A throwaway repository with a key in its history.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jiff::Timestamp;
use stanch_model::{Finding, FingerprintKey, Secret};
use stanch_rules::{RuleSet, mint};
use stanch_scanner::{Control, Engine, HistoryOptions, scan_history};

use crate::exit::CliError;
use crate::key::random;
use crate::progress::catch_interrupts;
use crate::session::for_people;

/// The rule by which it is found.
pub(super) const RULE: &str = "openrouter.api-key";
/// The file that it stands in.
const FILE: &str = "deploy/production.env";

/// A key that nobody ever issued; each is new.
pub(super) fn minted() -> Result<Secret, CliError> {
    let seed = random().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let minted = mint("{{sk-or-v1-{hex-lower:64}}}", seed).map_err(|error| CliError::new(error.to_string()))?;
    Ok(Secret::new(minted.finds))
}

/// Makes the repository, and gives the moment at which the key leaked.
#[expect(clippy::disallowed_methods, reason = "to leak it is the point; nobody ever issued it")]
pub(super) fn leak(folder: &Path, secret: &Secret) -> Result<(PathBuf, Timestamp), CliError> {
    let repository = folder.join("shop");
    let file = repository.join(FILE);
    std::fs::create_dir_all(file.parent().unwrap_or(folder))?;
    git(&repository, &["init", "--quiet", "--template="])?;
    std::fs::write(repository.join("README.md"), "# shop\n")?;
    commit(&repository, "First commit")?;
    let line = [b"MODEL=gpt\nOPENROUTER_API_KEY=".as_slice(), secret.expose(), b"\n"].concat();
    std::fs::write(&file, line)?;
    let at = Timestamp::now();
    commit(&repository, "Deploy with one command")?;
    Ok((repository, at))
}

/// What the scanner finds in its history.
pub(super) fn found(repository: &Path) -> Result<Vec<Finding>, CliError> {
    let engine = Engine::new(RuleSet::builtin());
    let key = FingerprintKey::from_bytes(random());
    let control = Control { engine: &engine, key: &key, stop: catch_interrupts(), events: &(), jobs: 1 };
    let outcome = scan_history(&control, repository, &HistoryOptions::default());
    Ok(outcome.map_err(|error| for_people(&error))?.findings)
}

fn commit(repository: &Path, message: &str) -> Result<(), CliError> {
    git(repository, &["add", "--all"])?;
    git(repository, &["commit", "--quiet", "--no-verify", "--message", message])
}

fn git(repository: &Path, words: &[&str]) -> Result<(), CliError> {
    let mut git = Command::new("git");
    // Nothing of the user's configuration counts, and no repository around it.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"] {
        git.env_remove(variable);
    }
    let nobody = if cfg!(windows) { "NUL" } else { "/dev/null" };
    git.env("GIT_CONFIG_GLOBAL", nobody).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_DEFAULT_REF_FORMAT", "files");
    for role in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{role}_NAME"), "Dana Demo").env(format!("GIT_{role}_EMAIL"), "dana@example.com");
    }
    git.arg("-C").arg(repository).args(["-c", "core.hooksPath=/dev/null", "-c", "init.defaultBranch=main"]);
    git.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match git.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(CliError::new(format!("`git {}` failed: {status}", words.join(" ")))),
        Err(error) => Err(CliError::new(format!("git cannot be run: {error}"))
            .hint("the demo leaks a key in a commit, which git makes for it; install git and run it again")),
    }
}
