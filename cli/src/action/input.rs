//! What the workflow says: the inputs of the action, as the arguments of `stanch scan`.

use std::path::{Path, PathBuf};

use clap::Parser;

use super::words::words;
use crate::args::{Args, Command, ScanArgs};
use crate::env;
use crate::exit::CliError;

/// The inputs of `action.yml`.
pub(super) struct Inputs {
    min_confidence: Option<String>,
    fail_on: Option<String>,
    /// As the workflow names it.
    pub(super) baseline: Option<String>,
    args: String,
    /// Where SARIF is written to.
    pub(super) sarif: PathBuf,
}

impl Inputs {
    pub(super) fn read() -> Result<Self, CliError> {
        let text = |name| env::get(name).map(|value| value.to_string_lossy().into_owned());
        let sarif = env::get(env::INPUT_SARIF_FILE).map(PathBuf::from);
        let temporary = || env::get(env::RUNNER_TEMP).map(|folder| Path::new(&folder).join("stanch.sarif"));
        let sarif = sarif.or_else(temporary).unwrap_or_else(|| PathBuf::from("stanch.sarif"));
        Ok(Self {
            min_confidence: text(env::INPUT_MIN_CONFIDENCE),
            fail_on: text(env::INPUT_FAIL_ON),
            baseline: text(env::INPUT_BASELINE),
            args: text(env::INPUT_ARGS).unwrap_or_default(),
            sarif: std::path::absolute(sarif)?,
        })
    }

    /// The scan that is asked for, with the baseline that counts.
    pub(super) fn scan(&self, range: Option<&str>, baseline: Option<&Path>) -> Result<ScanArgs, CliError> {
        let mut line: Vec<String> = ["stanch", "scan"].map(str::to_owned).to_vec();
        // The user's formats come first, so that their -o stay theirs.
        line.extend(words(&self.args).map_err(|why| CliError::new(format!("the input `args` {why}")))?);
        line.extend([
            "--format".to_owned(),
            "sarif".to_owned(),
            "-o".to_owned(),
            self.sarif.to_string_lossy().into_owned(),
        ]);
        line.extend(["--format".to_owned(), "human".to_owned()]);
        for (option, value) in [("--min-confidence", &self.min_confidence), ("--fail-on", &self.fail_on)] {
            line.extend(value.iter().map(|value| format!("{option}={value}")));
        }
        line.extend(baseline.map(|path| format!("--baseline={}", path.to_string_lossy())));
        line.extend(range.map(|range| format!("--range={range}")));
        let args = Args::try_parse_from(line).map_err(|error| {
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            CliError::new(format!("the inputs of the action cannot be used: {first}"))
        })?;
        let Command::Scan(scan) = args.command else {
            return Err(CliError::new("the input `args` names another verb"));
        };
        check(&scan, baseline.is_some())?;
        Ok(scan)
    }
}

/// What has no place in a build that others can read, or in this action.
fn check(scan: &ScanArgs, baseline: bool) -> Result<(), CliError> {
    if scan.reveal {
        return Err(CliError::new("--reveal would show the secrets to everybody who can read the log"));
    }
    if scan.cleanup.is_some() {
        return Err(CliError::new("--cleanup would leave the secrets in clear on the runner"));
    }
    if scan.baseline.is_some() != baseline {
        return Err(CliError::new("name the baseline as the input `baseline`, so that a change cannot bring its own"));
    }
    if scan.target.targets() != [Path::new(".")] || scan.target.staged {
        return Err(CliError::new("the action scans the checkout; name its folder as the input `path`"));
    }
    Ok(())
}
