//! The files by which a step talks to the runner: outputs and the summary.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#environment-files>

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use super::command::random_word;
use crate::env;
use crate::exit::CliError;

/// Tells outputs of the step. The delimiter is new each time, so that no value can end itself and go on as another.
pub(super) fn outputs(values: &[(&str, &str)]) -> Result<(), CliError> {
    let mut text = String::new();
    for (name, value) in values {
        let delimiter = random_word();
        text.push_str(&format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"));
    }
    append(env::GITHUB_OUTPUT, &text)
}

/// Adds to the summary of the job.
pub(super) fn summary(text: &str) -> Result<(), CliError> {
    append(env::GITHUB_STEP_SUMMARY, text)
}

/// Appends to the file that a variable names. Outside of a runner there is none, and nobody to tell.
fn append(variable: &str, text: &str) -> Result<(), CliError> {
    let Some(path) = env::get(variable) else { return Ok(()) };
    let path = Path::new(&path);
    let written =
        OpenOptions::new().append(true).create(true).open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| CliError::new(format!("cannot write to the file of {variable}: {error}")))
}
