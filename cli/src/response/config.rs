//! The user's configuration file. It is never read from what is scanned: a repository does not judge itself.

use std::path::{Path, PathBuf};

use stanch_revokers::config::Config;

use crate::env;
use crate::exit::CliError;

/// Reads the configuration: the file that was named, or the user's own if there is one.
pub(crate) fn load(named: Option<&Path>) -> Result<Config, CliError> {
    let Some(path) = named.map(Path::to_owned).or_else(|| env::config_file().filter(|path| path.exists())) else {
        return Ok(Config::default());
    };
    let fail = |error: &dyn std::fmt::Display| {
        CliError::new(format!("cannot read the configuration `{}`: {error}", path.display()))
            .hint("docs/configuration.md shows what it may say")
    };
    let text = std::fs::read_to_string(&path).map_err(|error| fail(&error))?;
    // What is wrong is told without the line itself: a secret may have been typed there.
    Config::parse(&text).map_err(|error| fail(&place(&path, &text, &error)))
}

fn place(path: &Path, text: &str, error: &toml::de::Error) -> String {
    let line = error.span().and_then(|span| text.get(..span.start)).map_or(1, |before| before.lines().count().max(1));
    let _: PathBuf = path.to_owned();
    format!("line {line}: {}", error.message())
}
