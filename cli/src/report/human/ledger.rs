//! What is not shown, and what was not read.

use std::io;

use anstyle::Style;
use stanch_model::SuppressionKind;
use stanch_scanner::{Gap, Note};

use super::super::text::{BAD, DIM, PLAIN, Page, Piece, WARN, count, counted, whole, words};
use super::super::{Report, place as paths};

/// How many paths of a gap are shown.
const MOST_PATHS: usize = 3;

/// Findings that do not count, or that there is too little belief in.
pub(super) fn write_hidden(page: &mut Page<'_>, report: &Report<'_>) -> io::Result<()> {
    let kinds = [
        (SuppressionKind::Inline, "by a marker on the line"),
        (SuppressionKind::Ignored, "by .stanchignore"),
        (SuppressionKind::Baseline, "by the baseline"),
    ];
    let of = |kind: SuppressionKind| {
        report.findings.iter().filter(|f| f.suppression.as_ref().is_some_and(|s| s.kind == kind)).count() as u64
    };
    let parts: Vec<String> = kinds
        .iter()
        .map(|(kind, how)| (of(*kind), how))
        .filter(|(n, _)| *n > 0)
        .map(|(n, how)| format!("{} {how}", count(n)))
        .collect();
    if !parts.is_empty() {
        let all = report.findings.iter().filter(|finding| finding.suppression.is_some()).count() as u64;
        page.paragraph(0, &[words(DIM, format!("{} suppressed: {}", counted(all, "finding"), parts.join(", ")))])?;
    }
    if report.hidden_low > 0 {
        let text = format!(
            "{} of less confidence not shown (--min-confidence low)",
            counted(report.hidden_low as u64, "finding")
        );
        page.paragraph(0, &[words(DIM, text)])?;
    }
    Ok(())
}

/// The ledger: what failed first, then what was left out by design.
pub(super) fn write_coverage(page: &mut Page<'_>, report: &Report<'_>) -> io::Result<()> {
    let mut gaps: Vec<Gap> = report.coverage.notes.iter().map(|note| note.gap).collect();
    gaps.sort_by_key(|gap| (!gap.failed(), *gap));
    gaps.dedup();
    if gaps.is_empty() && !report.coverage.interrupted {
        return Ok(());
    }
    page.gap()?;
    page.paragraph(0, &[words(PLAIN, "Not scanned")])?;
    if report.coverage.interrupted {
        page.paragraph(2, &[words(WARN, "what was left when the scan was interrupted")])?;
    }
    gaps.into_iter().try_for_each(|gap| write_gap(page, report, gap))
}

fn write_gap(page: &mut Page<'_>, report: &Report<'_>, gap: Gap) -> io::Result<()> {
    let notes: Vec<&Note> = report.coverage.notes.iter().filter(|note| note.gap == gap).collect();
    let style = if gap.failed() { BAD } else { PLAIN };
    let mut pieces = vec![words(style, format!("{} ({})", meaning(gap), count(notes.len() as u64)))];
    for (n, note) in notes.iter().take(MOST_PATHS).enumerate() {
        pieces.push(words(DIM, if n == 0 { ": " } else { ", " }));
        pieces.extend(place(note, report, if gap.failed() { PLAIN } else { DIM }));
    }
    let more = notes.len().saturating_sub(MOST_PATHS);
    if more > 0 {
        pieces.push(words(DIM, format!(" and {} more", count(more as u64))));
    }
    page.paragraph(2, &pieces)
}

fn place(note: &Note, report: &Report<'_>, style: Style) -> Vec<Piece> {
    let redactor = report.redactor;
    let mut pieces = vec![whole(style, redactor.name(&paths::of_note(report, note)))];
    if !note.detail.is_empty() {
        pieces.push(words(DIM, format!(" ({})", redactor.redact(&note.detail))));
    }
    pieces
}

/// A gap in words.
const fn meaning(gap: Gap) -> &'static str {
    match gap {
        Gap::Unreadable => "could not be read",
        Gap::Vanished => "vanished while the scan ran",
        Gap::Shrank => "became shorter while they were read",
        Gap::Excluded => "excluded by you",
        Gap::Special => "no plain files (pipes, sockets, devices)",
        Gap::Symlink => "symbolic links, not followed",
        Gap::GitDir => "git's own folders",
        Gap::TooLargeForDocumentRules => {
            "too large for the rules that look at a document as a whole; the others saw them"
        }
        Gap::TooLarge => "too large to be held in memory",
        Gap::Promised => "left with the remote by a partial clone, and not here",
        Gap::Corrupt => "damaged: objects of the repository that cannot be decoded",
        Gap::Missing => "missing: objects that others name and the repository does not have",
        Gap::Shallow => "what came before, as the clone is shallow (git fetch --unshallow)",
        Gap::Grafted => "grafts and replacements; the true objects were scanned",
        Gap::NoRefs => "refs that cannot be read, so what still reaches a commit is not known",
    }
}
