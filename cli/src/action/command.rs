//! Workflow commands: lines on standard output that the runner acts upon.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>
//!
//! A path in a repository may look like one. So while anything is printed that comes from what was scanned, commands are stopped, by a word that
//! nobody can guess.

use std::io::{self, Write};

use stanch_model::{Finding, ObjectKind};

use crate::key::random;
use crate::report::Redactor;

/// GitHub shows ten errors and ten warnings of a step, and drops the others.
const SHOWN: usize = 10;

/// Thirty-two hex digits that are new each time.
pub(super) fn random_word() -> String {
    let half = random().first_chunk().map_or(0, |bytes| u128::from_ne_bytes(*bytes));
    format!("{half:032x}")
}

/// A time in which the runner acts upon nothing that is printed.
pub(super) struct Stopped(String);

impl Stopped {
    pub(super) fn begin(out: &mut dyn Write) -> io::Result<Self> {
        let word = random_word();
        writeln!(out, "::stop-commands::{word}")?;
        out.flush()?;
        Ok(Self(word))
    }

    pub(super) fn end(self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "::{}::", self.0)
    }
}

/// What an annotation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Error,
    Warning,
    Notice,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// An annotation as the command that makes it.
pub(super) fn annotation(level: Level, place: &[(&str, &str)], message: &str) -> String {
    let place: Vec<String> = place.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    let gap = if place.is_empty() { "" } else { " " };
    format!("::{}{gap}{}::{}", level.word(), place.join(","), data(message))
}

/// Text as the message of a command: what ends a line, and what escapes.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text as a value among the properties, where colons and commas part.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Annotations of findings that count (errors) and others (warnings), as many as are shown, and how many are not.
pub(super) fn annotations(
    findings: &[&Finding],
    counts: impl Fn(&Finding) -> bool,
    redactor: &Redactor<'_>,
) -> Vec<String> {
    let (errors, warnings): (Vec<&Finding>, Vec<&Finding>) = findings.iter().partition(|finding| counts(finding));
    let mut lines = Vec::new();
    for (level, findings) in [(Level::Error, &errors), (Level::Warning, &warnings)] {
        lines.extend(findings.iter().take(SHOWN).map(|finding| of_finding(level, finding, redactor)));
    }
    let hidden = errors.len().saturating_sub(SHOWN) + warnings.len().saturating_sub(SHOWN);
    if hidden > 0 {
        lines.push(annotation(
            Level::Notice,
            &[],
            &format!("{hidden} more are in the summary of the job and in the SARIF file"),
        ));
    }
    lines
}

fn of_finding(level: Level, finding: &Finding, redactor: &Redactor<'_>) -> String {
    let title = redactor.name(&finding.title);
    let commit = finding.git.as_ref().and_then(|git| git.commit.as_deref()).and_then(|commit| commit.get(..12));
    let mut message =
        format!("{title} in clear: {} ({} confidence)", redactor.redact(&finding.preview), finding.confidence);
    if let Some(commit) = commit {
        message.push_str(&format!(", brought by commit {commit}"));
    }
    message.push_str(match finding.in_head {
        Some(false) => {
            ". It is gone from the files and stays in the history. Revoke it: taking it out does not make it dead."
        }
        _ => ". Revoke it: taking it out does not make it dead.",
    });
    let path = redactor.name(&finding.path);
    let number = |number: u64| number.to_string();
    let at = finding.location;
    let (line, end_line) = (number(at.line), number(at.end_line));
    let (column, end_column) = (number(at.column), number(at.end_column));
    let mut place: Vec<(&str, &str)> = Vec::new();
    // A message of a commit has no file that a page could show.
    if finding.git.as_ref().is_none_or(|git| git.object == ObjectKind::Blob) {
        place.extend([("file", &*path), ("line", &line), ("endLine", &end_line)]);
        if at.line == at.end_line {
            place.extend([("col", &*column), ("endColumn", &end_column)]);
        }
    } else {
        message.push_str(&format!(" It stands in {path}, line {line}."));
    }
    place.push(("title", &title));
    annotation(level, &place, &message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_command_can_end_it() {
        let hostile = "a,b:c%0A\n::set-output name=x::y\r";
        assert_eq!(
            annotation(Level::Error, &[("file", hostile), ("line", "3")], hostile),
            "::error file=a%2Cb%3Ac%250A%0A%3A%3Aset-output name=x%3A%3Ay%0D,line=3::a,b:c%250A%0A::set-output name=x::y%0D"
        );
        assert_eq!(annotation(Level::Notice, &[], "x"), "::notice::x");
    }

    #[test]
    fn words_are_new_each_time() {
        assert_eq!(random_word().len(), 32);
        assert_ne!(random_word(), random_word());
    }
}
