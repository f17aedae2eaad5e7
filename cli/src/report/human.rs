//! For people.

use std::io::{self, Write};

use super::{Look, Report};

pub(super) fn write(report: &Report<'_>, _look: &Look, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.findings.iter().filter(|finding| finding.suppression.is_none()) {
        let path = report.redactor.name(&finding.path);
        writeln!(out, "{}  {}  {path}:{}:{}", finding.title, finding.preview, finding.location.line, finding.location.column)?;
    }
    let seconds = report.elapsed.as_secs_f64();
    writeln!(out, "{} findings in {} files, {} bytes, {seconds:.2} s", report.findings.len(), report.coverage.files, report.coverage.bytes)
}
