//! `json`: one object, described by `docs/schema/report.schema.json`. `jsonl`: one finding a line, each as in
//! `docs/schema/finding.schema.json`.
//!
//! The time that a scan took is in neither, so that a report is the same wherever and whenever it is made.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;
use stanch_model::{Finding, Severity};

use super::escape::{self, Each};
use super::record::Record;
use super::{Redactor, Report};

/// The version of the shape.
const SCHEMA: &str = "stanch.report/1";

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        schema: SCHEMA,
        tool: Tool { name: "stanch", version: env!("CARGO_PKG_VERSION") },
        targets: report.targets.iter().map(|target| report.redactor.hide_name(target)).collect(),
        summary: Summary::new(report),
        findings: Each(|| report.findings.iter().map(|finding| Record::new(finding, report))),
        coverage: Coverage {
            objects: report.coverage.objects,
            commits: report.coverage.commits,
            files: report.coverage.files,
            bytes: report.coverage.bytes,
            interrupted: report.coverage.interrupted,
            notes: Each(|| report.coverage.notes.iter().map(|note| Note::new(note, report.redactor))),
        },
    };
    escape::pretty(&document, out)
}

pub(super) fn write_lines(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    report.findings.iter().try_for_each(|finding| escape::line(&Record::new(finding, report), out))
}

#[derive(Serialize)]
struct Document<'a, F, N> {
    schema: &'static str,
    tool: Tool,
    targets: Vec<Cow<'a, str>>,
    summary: Summary,
    findings: F,
    coverage: Coverage<N>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Summary {
    findings: usize,
    credentials: usize,
    suppressed: usize,
    below_min_confidence: usize,
    by_severity: BySeverity,
}

/// Findings that count, by their severity.
#[derive(Serialize)]
struct BySeverity {
    critical: usize,
    high: usize,
    medium: usize,
    low: usize,
}

impl Summary {
    fn new(report: &Report<'_>) -> Self {
        let counted: Vec<&Finding> = report.findings.iter().filter(|finding| finding.suppression.is_none()).collect();
        let of = |severity: Severity| counted.iter().filter(|finding| finding.severity == severity).count();
        Self {
            findings: counted.len(),
            credentials: counted.iter().map(|finding| finding.fingerprint).collect::<BTreeSet<_>>().len(),
            suppressed: report.findings.len() - counted.len(),
            below_min_confidence: report.hidden_low,
            by_severity: BySeverity {
                critical: of(Severity::Critical),
                high: of(Severity::High),
                medium: of(Severity::Medium),
                low: of(Severity::Low),
            },
        }
    }
}

#[derive(Serialize)]
struct Coverage<N> {
    objects: u64,
    commits: u64,
    files: u64,
    bytes: u64,
    interrupted: bool,
    notes: N,
}

#[derive(Serialize)]
struct Note<'a> {
    path: Cow<'a, str>,
    gap: &'static str,
    failed: bool,
    detail: Cow<'a, str>,
}

impl<'a> Note<'a> {
    fn new(note: &'a stanch_scanner::Note, redactor: &Redactor<'_>) -> Self {
        Self {
            path: redactor.hide_name(&note.path),
            gap: note.gap.as_str(),
            failed: note.gap.failed(),
            detail: redactor.hide(&note.detail),
        }
    }
}
