//! The pipeline's part of the configuration file, which the revokers read, too ([`stanch_revokers::config::Config`]). That it says nothing
//! unknown at the top is theirs to see; each section here refuses what it does not know.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

use crate::notify::Notify;

/// The pipeline's sections.
#[derive(Debug, Clone, Deserialize)]
pub struct PipelineConfig {
    /// Who answers for a credential.
    pub ownership: Ownership,
    /// Who is told of what.
    #[serde(default)]
    pub notify: Notify,
}

/// Who answers for a credential.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ownership {
    /// Who does when nobody else is found.
    pub fallback: String,
    /// Who bears the damage when nobody else is named.
    pub business_fallback: Option<String>,
    /// A file of owners. A relative path begins in the folder of the configuration.
    pub file: Option<PathBuf>,
}

impl PipelineConfig {
    /// Reads the text of a configuration. `file` is what it is called in errors.
    ///
    /// # Errors
    /// If it is no TOML, a section says something unknown, or nobody is named as the last resort.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        const HINT: &str =
            "no incident is without an owner: write `[ownership]` with `fallback = \"security@example.com\"`";
        let config: Self = toml::from_str(text).map_err(|error| {
            let missing = ["missing field `ownership`", "missing field `fallback`"].contains(&error.message());
            let error = ConfigError::toml(file, text, &error);
            if missing { error.hint(HINT) } else { error }
        })?;
        if config.ownership.fallback.trim().is_empty() {
            let at = text.find("fallback").unwrap_or_default();
            return Err(ConfigError::at(file, text, at, "`ownership.fallback` names nobody").hint(HINT));
        }
        config.notify.check().map_err(|(message, hint)| ConfigError::new(file, message).hint(hint))?;
        Ok(config)
    }
}

/// One text or several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List(Vec<String>);

impl std::ops::Deref for List {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = List;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E>(self, text: &str) -> Result<List, E> {
                Ok(List(vec![text.to_owned()]))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<List, A::Error> {
                let mut list = Vec::new();
                while let Some(text) = items.next_element()? {
                    list.push(text);
                }
                Ok(List(list))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// What is wrong with a file of the user, and where. It never shows the line itself: a secret may have been typed there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    file: String,
    line: Option<usize>,
    message: String,
    hint: Option<String>,
}

impl ConfigError {
    /// Something of a file as a whole.
    pub(crate) fn new(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, message: message.into(), hint: None }
    }

    /// Something at a byte of a text.
    pub(crate) fn at(file: &str, text: &str, start: usize, message: impl Into<String>) -> Self {
        let before = text.as_bytes().get(..start).unwrap_or_default();
        let line = before.split(|&byte| byte == b'\n').count();
        Self { line: Some(line), ..Self::new(file, message) }
    }

    /// Something at a line, where that is known.
    pub(crate) fn line(file: &str, line: Option<usize>, message: impl Into<String>) -> Self {
        Self { line, ..Self::new(file, message) }
    }

    pub(crate) fn toml(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let message = unquoted(error.message());
        match error.span() {
            Some(span) => Self::at(file, text, span.start, message),
            None => Self::new(file, message),
        }
    }

    pub(crate) fn file(file: &str, error: &std::io::Error) -> Self {
        Self::new(file, format!("cannot be read: {error}"))
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// How to repair it, if that can be said.
    pub fn how(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

/// What was read wrongly is quoted in some messages, and may be a secret that was written in place of where it is.
fn unquoted(message: &str) -> String {
    let quotes = ["unknown variant", "invalid value", "invalid type"].iter().any(|start| message.starts_with(start));
    match message.rfind(", expected ") {
        _ if !quotes => message.to_owned(),
        Some(at) => format!("this value does not fit{}", message.get(at..).unwrap_or_default()),
        None => "this value does not fit".to_owned(),
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> (String, bool) {
        let error = PipelineConfig::parse("config.toml", text).err();
        error.map(|error| (error.to_string(), error.how().is_some())).unwrap_or_default()
    }

    #[test]
    fn nobody_as_the_last_resort_is_an_error_with_a_hint() {
        assert_eq!(told(""), ("config.toml:1: missing field `ownership`".to_owned(), true));
        assert_eq!(told("\n[ownership]\nfile = 'x'"), ("config.toml:2: missing field `fallback`".to_owned(), true));
        let empty = "[ownership]\nfallback = ' '";
        assert_eq!(told(empty), ("config.toml:2: `ownership.fallback` names nobody".to_owned(), true));
    }

    #[test]
    fn what_is_unknown_is_told_with_its_line() {
        let text = "[ownership]\nfallback = 'a'\n[notify]\nlnk = 'x'";
        assert!(told(text).0.starts_with("config.toml:4: unknown field `lnk`"));
    }

    #[test]
    fn one_file_is_read_by_both_rooms() {
        let text = "[owners]\naws = ['1']\n[ownership]\nfallback = 'a'\n[notify.slack.x]\nurl = { env = 'X' }\n\
                    [[notify.route]]\nto = 'slack.x'";
        assert!(PipelineConfig::parse("c", text).is_ok_and(|config| config.ownership.fallback == "a"));
        assert!(stanch_revokers::config::Config::parse(text).is_ok_and(|config| config.owners.len() == 1));
        assert!(stanch_revokers::config::Config::parse("[ownershp]\nfallback = 'a'").is_err());
    }
}
