//! `.stanchignore`: credentials and places that a person takes responsibility for.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use jiff::civil::Date;
use serde::Deserialize;
use stanch_model::{Finding, Suppression, SuppressionKind};
use toml::Spanned;

use super::mark::Marks;
use crate::exit::CliError;
use crate::key::random;

/// The file's name, at the root of what is scanned.
pub(crate) const FILE: &str = ".stanchignore";

const HEAD: &str = "# Credentials that stanch does not count here. Each entry says why; `stanch ignore` adds one.\n\
                    # The salt makes the fingerprints of this file; on its own it reveals nothing.\n";

/// An ignore file that was read, or none.
#[derive(Debug, Default)]
pub(crate) struct IgnoreFile {
    marks: Option<Marks>,
    entries: Vec<Accepted>,
    /// What a person should know: entries that have expired.
    pub(crate) warnings: Vec<String>,
}

/// An entry to be added.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) finding: &'a Finding,
    /// Why, and who answers for it; what people type may quote the secret, so it has passed the redactor.
    pub(crate) reason: Cow<'a, str>,
    pub(crate) owner: Option<Cow<'a, str>>,
    pub(crate) expires: Option<Date>,
}

/// An entry that counts.
#[derive(Debug)]
struct Accepted {
    fingerprint: Option<String>,
    rule: Option<String>,
    path: Option<GlobMatcher>,
    suppression: Suppression,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    salt: Option<Spanned<String>>,
    #[serde(default)]
    ignore: Vec<Spanned<RawEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    fingerprint: Option<String>,
    rule: Option<String>,
    path: Option<String>,
    reason: Option<String>,
    owner: Option<String>,
    expires: Option<Spanned<String>>,
}

impl IgnoreFile {
    /// Reads the file of a folder; none is no error.
    pub(crate) fn read(folder: &Path, today: Date) -> Result<Self, CliError> {
        let path = folder.join(FILE);
        match fs::read(&path) {
            Ok(bytes) => Self::from_bytes(&bytes, &path, today),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(Self::default())
            }
            Err(error) => Err(CliError::new(format!("cannot read `{}`: {error}", path.display()))),
        }
    }

    /// Reads the content of an ignore file; `path` is for messages.
    pub(crate) fn from_bytes(bytes: &[u8], path: &Path, today: Date) -> Result<Self, CliError> {
        let text =
            std::str::from_utf8(bytes).map_err(|_| CliError::new(format!("`{}` is no UTF-8", path.display())))?;
        Self::parse(text, today).map_err(|mistake| mistake.at(path, text))
    }

    fn parse(text: &str, today: Date) -> Result<Self, Mistake> {
        let raw: RawFile =
            toml::from_str(text).map_err(|error| Mistake::new(error.span().unwrap_or(0..0), error.message()))?;
        let marks = match &raw.salt {
            Some(key) => Some(
                Marks::parse(key.get_ref()).ok_or_else(|| Mistake::new(key.span(), "the salt has 64 hex digits"))?,
            ),
            None => None,
        };
        let mut file = Self { marks, entries: Vec::new(), warnings: Vec::new() };
        for entry in raw.ignore {
            file.add(entry, today)?;
        }
        Ok(file)
    }

    fn add(&mut self, entry: Spanned<RawEntry>, today: Date) -> Result<(), Mistake> {
        let span = entry.span();
        let refuse = |message: &str| Err(Mistake::new(span.clone(), message));
        let entry = entry.into_inner();
        let Some(reason) = entry.reason.filter(|reason| !reason.trim().is_empty()) else {
            return refuse("an entry says its `reason`");
        };
        if entry.fingerprint.is_none() && entry.path.is_none() {
            return refuse("an entry names a `fingerprint` or a `path`");
        }
        if entry.fingerprint.is_some() && self.marks.is_none() {
            return refuse("fingerprints need the `salt` at the head of the file");
        }
        let path = entry.path.as_deref().map(|glob| GlobBuilder::new(glob).literal_separator(true).build());
        let path = path.transpose().map_err(|error| Mistake::new(span.clone(), &error.to_string()))?;
        let expires = entry.expires.as_ref().map(|date| {
            date.get_ref().parse::<Date>().map_err(|_| Mistake::new(date.span(), "a date is written YYYY-MM-DD"))
        });
        let expires = expires.transpose()?;
        if expires.is_some_and(|date| date < today) {
            let owner = entry.owner.map(|owner| format!(" (owner: {owner})")).unwrap_or_default();
            self.warnings.push(format!("an entry of {FILE} has expired and counts no more: {reason}{owner}"));
            return Ok(());
        }
        self.entries.push(Accepted {
            fingerprint: entry.fingerprint,
            rule: entry.rule,
            path: path.map(|glob| glob.compile_matcher()),
            suppression: Suppression {
                kind: SuppressionKind::Ignored,
                reason: Some(reason),
                owner: entry.owner,
                expires: expires.map(|date| date.to_string()),
            },
        });
        Ok(())
    }

    /// The entry that covers a finding.
    pub(crate) fn covers(&self, finding: &Finding) -> Option<&Suppression> {
        let name = self
            .marks
            .as_ref()
            .filter(|_| self.entries.iter().any(|e| e.fingerprint.is_some()))
            .and_then(|marks| marks.name(finding));
        let covering = self.entries.iter().find(|entry| {
            entry.rule.as_ref().is_none_or(|rule| rule == finding.rule.as_str())
                && entry.path.as_ref().is_none_or(|path| path.is_match(&finding.path))
                && entry.fingerprint.as_ref().is_none_or(|fingerprint| Some(fingerprint) == name.as_ref())
        });
        covering.map(|entry| &entry.suppression)
    }

    /// Adds an entry to the file of a folder, which is made if there is none. What stands in it stays as it is.
    pub(crate) fn append(folder: &Path, entry: &Entry<'_>, today: Date) -> Result<PathBuf, CliError> {
        let path = folder.join(FILE);
        let mut text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(CliError::new(format!("cannot read `{}`: {error}", path.display()))),
        };
        let known = Self::parse(&text, today).map_err(|mistake| mistake.at(&path, &text))?;
        let marks = known.marks.unwrap_or_else(|| {
            let marks = Marks::new(random());
            // Keys of the file stand before its tables.
            text = format!("{HEAD}salt = \"{}\"\n{text}", marks.key_text());
            marks
        });
        let name = marks.name(entry.finding).ok_or_else(|| CliError::new("no name can be made for this secret"))?;
        text.push_str(&entry.to_toml(&name));
        // It is a file of the repository, shared like the others, so it keeps the rights that it has.
        fs::write(&path, text.as_bytes())
            .map_err(|error| CliError::new(format!("cannot write `{}`: {error}", path.display())))?;
        Ok(path)
    }
}

impl Entry<'_> {
    fn to_toml(&self, name: &str) -> String {
        let text = |value: &str| toml::Value::String(value.to_owned()).to_string();
        let mut lines = format!("\n[[ignore]]\nfingerprint = {}\n", text(name));
        lines.push_str(&format!("rule = {}\nreason = {}\n", text(self.finding.rule.as_str()), text(&self.reason)));
        if let Some(owner) = &self.owner {
            lines.push_str(&format!("owner = {}\n", text(owner)));
        }
        if let Some(expires) = self.expires {
            lines.push_str(&format!("expires = \"{expires}\"\n"));
        }
        lines
    }
}

/// A mistake in the file, at its place.
#[derive(Debug)]
struct Mistake {
    span: Range<usize>,
    message: String,
}

impl Mistake {
    fn new(span: Range<usize>, message: &str) -> Self {
        Self { span, message: message.trim().to_owned() }
    }

    fn at(self, path: &Path, text: &str) -> CliError {
        let line = text.get(..self.span.start).map_or(1, |before| before.matches('\n').count() + 1);
        CliError::new(format!("`{}` line {line}: {}", path.display(), self.message))
            .hint("an entry has `fingerprint` (written by `stanch ignore`) or `path`, `reason`, and maybe `rule`, `owner`, `expires`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = Date::constant(2026, 11, 21);

    fn mistake(text: &str) -> String {
        IgnoreFile::parse(text, TODAY).map_or_else(|mistake| mistake.message, |_| String::new())
    }

    #[test]
    fn reasons_dates_and_keys_are_demanded() {
        assert_eq!(mistake("[[ignore]]\npath = \"a\"\n"), "an entry says its `reason`");
        assert_eq!(mistake("[[ignore]]\nreason = \"x\"\n"), "an entry names a `fingerprint` or a `path`");
        assert!(mistake("[[ignore]]\nfingerprint = \"fast:0\"\nreason = \"x\"\n").contains("`salt`"));
        assert!(mistake("[[ignore]]\npath = \"a\"\nreason = \"x\"\nexpires = \"soon\"\n").contains("YYYY-MM-DD"));
        assert!(mistake("salt = \"12\"\n").contains("64 hex"));
        assert!(mistake("[[ignore]]\npaths = \"a\"\n").contains("paths"));
        assert_eq!(mistake(""), "");
    }

    #[test]
    fn an_expired_entry_warns_and_counts_no_more() {
        let text = "[[ignore]]\npath = \"a\"\nreason = \"old\"\nowner = \"ann\"\nexpires = \"2026-11-20\"\n";
        let file = IgnoreFile::parse(text, TODAY).unwrap_or_default();
        assert_eq!(file.entries.len(), 0);
        assert_eq!(file.warnings, ["an entry of .stanchignore has expired and counts no more: old (owner: ann)"]);
        let text = text.replace("2026-11-20", "2026-11-21");
        assert_eq!(IgnoreFile::parse(&text, TODAY).map(|file| file.entries.len()).unwrap_or_default(), 1);
    }
}
