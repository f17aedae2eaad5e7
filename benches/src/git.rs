//! The user's git, which makes and reads the repositories that are measured.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::BenchError;

/// A git command in a folder that is a repository of its own, which sees no configuration but the repository's, and commits as nobody on
/// one and the same day.
pub(crate) fn command(at: &Path) -> Command {
    let mut git = Command::new("git");
    // A folder that is no repository yet must not be taken for a part of the one around it.
    git.current_dir(at).env("GIT_CEILING_DIRECTORIES", at.parent().unwrap_or(at));
    git.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("LC_ALL", "C");
    for who in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{who}_NAME"), "A").env(format!("GIT_{who}_EMAIL"), "a@example.com");
        git.env(format!("GIT_{who}_DATE"), "2026-01-01T00:00:00+0000");
    }
    git
}

/// Runs git and gives what it printed.
///
/// # Errors
/// If git is not there, or fails.
pub(crate) fn git(at: &Path, arguments: &[&str]) -> Result<Vec<u8>, BenchError> {
    run(at, arguments, Stdio::null())
}

/// As [`git`], with a file to read from.
///
/// # Errors
/// If git is not there, or fails.
pub(crate) fn git_reading(at: &Path, arguments: &[&str], from: &Path) -> Result<Vec<u8>, BenchError> {
    run(at, arguments, File::open(from).map_err(BenchError::at(from))?.into())
}

fn run(at: &Path, arguments: &[&str], stdin: Stdio) -> Result<Vec<u8>, BenchError> {
    let failed = |why: &str| BenchError::new(format!("git {} in {}: {why}", arguments.join(" "), at.display()));
    let output = command(at).args(arguments).stdin(stdin).output().map_err(|error| failed(&error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(output.stdout)
}

/// The number of objects that a repository holds, packed and loose.
///
/// # Errors
/// If git cannot tell.
pub(crate) fn objects(at: &Path) -> Result<u64, BenchError> {
    let told = git(at, &["count-objects", "-v"])?;
    let told = String::from_utf8_lossy(&told);
    let number = |name: &str| {
        let line = told.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.and_then(|number| number.parse::<u64>().ok()).unwrap_or_default()
    };
    Ok(number("count") + number("in-pack"))
}
