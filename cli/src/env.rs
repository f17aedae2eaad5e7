//! Every environment variable that stanch reads.

#![expect(clippy::disallowed_methods, reason = "this is the table that the lint points to")]

use std::ffi::OsString;
use std::path::PathBuf;

/// No colours, whatever the terminal can do: <https://no-color.org>.
pub(crate) const NO_COLOR: &str = "NO_COLOR";
/// Where the user's state is kept: <https://specifications.freedesktop.org/basedir-spec/latest/>.
const XDG_STATE_HOME: &str = "XDG_STATE_HOME";
/// The user's folder.
const HOME: &str = "HOME";
/// The folder of stanch's own state, in place of the one under the user's.
const STANCH_STATE_DIR: &str = "STANCH_STATE_DIR";
/// The two ends of the range that `pre-commit run --from-ref --to-ref` looks at.
pub(crate) const PRE_COMMIT_FROM_REF: &str = "PRE_COMMIT_FROM_REF";
/// See [`PRE_COMMIT_FROM_REF`].
pub(crate) const PRE_COMMIT_TO_REF: &str = "PRE_COMMIT_TO_REF";
/// What a runner of GitHub Actions tells a step: <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>.
pub(crate) const GITHUB_EVENT_NAME: &str = "GITHUB_EVENT_NAME";
/// The file of the event's payload.
pub(crate) const GITHUB_EVENT_PATH: &str = "GITHUB_EVENT_PATH";
/// The file that outputs of a step are written to.
pub(crate) const GITHUB_OUTPUT: &str = "GITHUB_OUTPUT";
/// The file that the summary of a job is written to.
pub(crate) const GITHUB_STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// The job's folder of temporary files.
pub(crate) const RUNNER_TEMP: &str = "RUNNER_TEMP";
/// The inputs of `action.yml`.
pub(crate) const INPUT_MIN_CONFIDENCE: &str = "INPUT_MIN_CONFIDENCE";
/// See [`INPUT_MIN_CONFIDENCE`].
pub(crate) const INPUT_FAIL_ON: &str = "INPUT_FAIL_ON";
/// See [`INPUT_MIN_CONFIDENCE`].
pub(crate) const INPUT_BASELINE: &str = "INPUT_BASELINE";
/// See [`INPUT_MIN_CONFIDENCE`].
pub(crate) const INPUT_ARGS: &str = "INPUT_ARGS";
/// See [`INPUT_MIN_CONFIDENCE`].
pub(crate) const INPUT_SARIF_FILE: &str = "INPUT_SARIF_FILE";
/// Columns of the terminal, where it does not tell.
pub(crate) const COLUMNS: &str = "COLUMNS";

/// A variable that is set and not empty.
pub(crate) fn get(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The folder of stanch's own state; `None` if the environment names no home.
pub(crate) fn state_dir() -> Option<PathBuf> {
    if let Some(dir) = get(STANCH_STATE_DIR) {
        return Some(PathBuf::from(dir));
    }
    let base =
        get(XDG_STATE_HOME).map(PathBuf::from).or_else(|| Some(PathBuf::from(get(HOME)?).join(".local/state")))?;
    Some(base.join("stanch"))
}

/// The user's configuration file, in place of the one in their folder.
const STANCH_CONFIG: &str = "STANCH_CONFIG";
/// Where the user's configuration is kept: <https://specifications.freedesktop.org/basedir-spec/latest/>.
const XDG_CONFIG_HOME: &str = "XDG_CONFIG_HOME";

/// The user's configuration file; `None` if the environment names no home.
pub(crate) fn config_file() -> Option<PathBuf> {
    if let Some(file) = get(STANCH_CONFIG) {
        return Some(PathBuf::from(file));
    }
    let base = get(XDG_CONFIG_HOME).map(PathBuf::from).or_else(|| Some(PathBuf::from(get(HOME)?).join(".config")))?;
    Some(base.join("stanch/config.toml"))
}

/// A variable that the user's configuration names as the place of a responder's secret.
pub(crate) fn of_responders(name: &str) -> Option<String> {
    get(name).and_then(|value| value.into_string().ok())
}

/// The user's login name: <https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html>, and its name on Windows.
const LOGNAMES: [&str; 3] = ["LOGNAME", "USER", "USERNAME"];

/// Who runs this, and where.
pub(crate) fn user_at_host() -> Option<String> {
    let user = LOGNAMES.iter().find_map(|name| get(name)?.into_string().ok())?;
    Some(format!("{user}@{}", host()))
}

#[cfg(unix)]
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    get("COMPUTERNAME").and_then(|name| name.into_string().ok()).unwrap_or_else(|| "localhost".to_owned())
}
