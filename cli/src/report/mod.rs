//! What a scan prints: one module a format, all of them over the same [`Report`].
//!
//! Called by the verbs. Every string that comes from what was scanned goes through the one [`Redactor`] on its way out.

mod escape;
mod explain;
mod history;
mod human;
mod json;
mod place;
mod record;
mod redact;
mod sarif;
#[cfg(test)]
mod tests;
mod text;

use std::io::{self, Write};
use std::time::Duration;

use clap::ValueEnum;
use stanch_model::Finding;
use stanch_rules::RuleSet;
use stanch_scanner::Coverage;

pub(crate) use explain::explain;
pub(crate) use human::quoted;
pub(crate) use redact::{Redactor, weak};

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people, grouped by credential
    Human,
    /// One object, with summary and coverage
    Json,
    /// One finding a line
    Jsonl,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

/// What a scan gave, as all formats see it.
pub(crate) struct Report<'a> {
    /// The findings of enough confidence, in order; suppressed ones too.
    pub(crate) findings: &'a [Finding],
    /// How many findings were left out, as their confidence is too low.
    pub(crate) hidden_low: usize,
    pub(crate) coverage: &'a Coverage,
    pub(crate) rules: &'a RuleSet,
    pub(crate) redactor: &'a Redactor<'a>,
    /// The targets as they were named.
    pub(crate) targets: &'a [String],
    pub(crate) elapsed: Duration,
    /// Whether secrets are shown in clear.
    pub(crate) reveal: bool,
    /// Whether the fingerprints are known again by the next run.
    pub(crate) lasting: bool,
}

/// What the output can show.
pub(crate) struct Look {
    pub(crate) colour: bool,
    /// Columns.
    pub(crate) width: usize,
}

/// Writes a report in a format.
pub(crate) fn write(format: Format, report: &Report<'_>, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Human => human::write(report, look, out),
        Format::Json => json::write(report, out),
        Format::Jsonl => json::write_lines(report, out),
        Format::Sarif => sarif::write(report, out),
    }
}
