//! The user's configuration file. It is never read from what is scanned: a repository does not judge itself.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use stanch_revokers::config::Config;
use stanch_revokers::registry;

use crate::env;
use crate::exit::CliError;
use crate::near::nearest;

const HINT: &str = "docs/configuration.md shows what it may say";

/// A configuration that was read. Each room takes its own sections out of it.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    path: PathBuf,
    pub(crate) text: String,
}

impl ConfigFile {
    /// The file that was named, or the user's own if there is one.
    pub(crate) fn read(named: Option<&Path>) -> Result<Option<Self>, CliError> {
        let Some(path) = named.map(Path::to_owned).or_else(|| env::config_file().filter(|path| path.exists())) else {
            return Ok(None);
        };
        let text = std::fs::read_to_string(&path).map_err(|error| wrong(&path, &error))?;
        Ok(Some(Self { path, text }))
    }

    /// What it is called in errors.
    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Where paths in it begin.
    pub(crate) fn folder(&self) -> PathBuf {
        self.path.parent().map(Path::to_owned).unwrap_or_default()
    }

    /// Says that it is wrong.
    pub(crate) fn wrong(&self, why: &dyn std::fmt::Display) -> CliError {
        wrong(&self.path, why)
    }

    /// The part of those who call providers. It is refused if it has a section that nobody knows.
    pub(crate) fn network(&self) -> Result<Config, CliError> {
        // What is wrong is told without the line itself: a secret may have been typed there.
        let config = Config::parse(&self.text).map_err(|error| self.wrong(&place(&self.text, &error)))?;
        known(&config).map_err(|error| error.map(|why| format!("the configuration `{}`: {why}", self.name())))?;
        Ok(config)
    }

    /// A section that another room reads. What is wrong is told without what was written there, which may be a secret.
    pub(crate) fn section<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, CliError> {
        let table: toml::Table = toml::from_str(&self.text).map_err(|error| self.wrong(&place(&self.text, &error)))?;
        let Some(value) = table.get(name) else { return Ok(None) };
        value.clone().try_into().map(Some).map_err(|error: toml::de::Error| {
            self.wrong(&format!("the section `[{name}]`: {}", without_values(error.message())))
        })
    }
}

/// The part of those who call providers, of the file that was named, or the user's own if there is one.
pub(crate) fn load(named: Option<&Path>) -> Result<Config, CliError> {
    ConfigFile::read(named)?.map_or_else(|| Ok(Config::default()), |file| file.network())
}

/// Whether every provider is one that is known: what is said of a misspelt one would count for nobody.
fn known(config: &Config) -> Result<(), CliError> {
    let providers: Vec<&str> = registry::files().map(|file| file.provider.as_str()).collect();
    let responders: Vec<&str> =
        registry::files().flat_map(|file| &file.responders).map(|responder| responder.id.as_str()).collect();
    let owned = config.owners.keys().filter(|name| *name != "*").map(|name| ("owners", name, &providers));
    let named = owned.chain(config.responders.keys().map(|name| ("responders", name, &responders)));
    for (section, name, all) in named {
        if !all.contains(&name.as_str()) {
            let told = CliError::new(format!("`[{section}]` names `{name}`, which is none that is known"));
            return Err(match nearest(name, all.iter().copied()) {
                Some(near) => told.hint(format!("`{near}`?")),
                None => told.hint("`stanch providers list` and `stanch responders list` show them"),
            });
        }
    }
    Ok(())
}

fn wrong(path: &Path, why: &dyn std::fmt::Display) -> CliError {
    CliError::new(format!("the configuration `{}`: {why}", path.display())).hint(HINT)
}

fn place(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().and_then(|span| text.get(..span.start)).map_or(1, |before| before.lines().count().max(1));
    format!("line {line}: {}", without_values(error.message()))
}

/// What a parser says, without what was written in the file: a value that stands in the wrong place may be a secret. The names of fields are told
/// if they look like names.
fn without_values(message: &str) -> String {
    let Some((what, rest)) = message.split_once(['`', '"']) else { return message.to_owned() };
    let what = what.trim_end();
    match what {
        "unknown field" | "missing field" | "duplicate field" => match rest.split_once('`') {
            Some((name, after)) if is_name(name) && is_list_of_fields(after) => format!("{what} `{name}`{after}"),
            _ => what.to_owned(),
        },
        // What follows are the parser's own words.
        _ if what.ends_with(", expected") => message.to_owned(),
        _ => match rest.rsplit_once(", expected ") {
            Some((_, expected)) => format!("{what} that is not told here, expected {expected}"),
            None => what.to_owned(),
        },
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_lowercase() || b"-_".contains(&byte))
}

/// Whether what follows the name of a field is what the parser says of those that it knows.
fn is_list_of_fields(after: &str) -> bool {
    let is_quoted = |name: &str| name.strip_prefix('`').and_then(|name| name.strip_suffix('`')).is_some_and(is_name);
    match after.strip_prefix(", expected ") {
        Some(names) => names.trim_start_matches("one of ").split(", ").flat_map(|two| two.split(" or ")).all(is_quoted),
        None => after.is_empty() || after == ", there are no fields",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Section {
        #[serde(rename = "wait")]
        _wait: u32,
    }

    /// What is said of a configuration with this section.
    fn said(section: &str) -> String {
        let file = ConfigFile { path: "config.toml".into(), text: format!("[part]\n{section}") };
        let of_section = file.section::<Section>("part").map(|_| ()).map_err(|error| format!("{error:?}"));
        let of_file = toml::from_str::<Section>(section).map_err(|error| place(section, &error)).map(|_| ());
        format!("{of_section:?} {of_file:?}")
    }

    #[test]
    fn what_was_written_is_not_told() {
        let canary = "canary-1-\\\", expected canary-2";
        let typed = [format!("wait = \"{canary}\""), format!("\"{canary}\" = 1"), format!("wait = canary-1\"{canary}")];
        let keys = [
            "'wait\"canary-1'",
            "'wait`canary-1'",
            "'wait`, expected canary-1'",
            "'wait`, expected `canary-'",
            "'canary-1, expected canary-2'",
        ];
        for section in typed.into_iter().chain(keys.map(|key| format!("{key} = 1"))) {
            let said = said(&section);
            assert!(said.contains("Err") && !said.contains("canary"), "{section}: {said}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert!(said("wait = \"long\"").contains("expected u32"), "{}", said("wait = \"long\""));
        assert!(said("").contains("missing field `wait`"), "{}", said(""));
        assert!(said("wiat = 1").contains("unknown field `wiat`, expected `wait`"), "{}", said("wiat = 1"));
    }
}
