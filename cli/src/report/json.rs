//! One object, or one line a finding.

use std::io::{self, Write};

use super::Report;
use super::record::Record;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let findings: Vec<Record<'_>> = report.findings.iter().map(|finding| Record::new(finding, report)).collect();
    serde_json::to_writer_pretty(&mut *out, &findings)?;
    writeln!(out)
}

pub(super) fn write_lines(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.findings {
        serde_json::to_writer(&mut *out, &Record::new(finding, report))?;
        writeln!(out)?;
    }
    Ok(())
}
