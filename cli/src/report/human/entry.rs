//! One credential: what, where, why, and how to make it dead.

use std::io;

use anstyle::{AnsiColor, Style};
use stanch_model::{Finding, Severity, Verification};

use super::super::record::secret;
use super::super::redact::visible;
use super::super::text::{BAD, BOLD, DIM, GOOD, LINK, PLAIN, Page, Piece, WARN, counted, whole, words};
use super::super::{Redactor, Report, place as paths};
use super::group::{Group, short};

/// How many places of a credential are shown.
const MOST_PLACES: usize = 5;

pub(super) fn write_entry(page: &mut Page<'_>, report: &Report<'_>, group: &Group<'_>) -> io::Result<()> {
    write_head(page, report, group)?;
    write_places(page, report.redactor, group)?;
    write_why(page, report.redactor, group.best)?;
    write_companions(page, group)?;
    write_revocation(page, report, group.best)?;
    page.field("rule", &[words(DIM, format!("{}, fingerprint {}", group.best.rule, group.short()))])
}

fn write_head(page: &mut Page<'_>, report: &Report<'_>, group: &Group<'_>) -> io::Result<()> {
    let finding = group.best;
    let style = severity_style(finding.severity);
    let title = report.redactor.name(&finding.title);
    let mut shown = vec![
        words(style, format!("● {}", finding.severity)),
        words(DIM, " · "),
        words(BOLD, title),
        words(DIM, " · "),
        whole(PLAIN, visible(&secret(finding, report.reveal)).into_owned()),
    ];
    match &finding.verification {
        Verification::NotAttempted => {}
        Verification::Active => shown.push(words(BAD, " live: the provider accepts it")),
        Verification::Inactive => shown.push(words(GOOD, " dead: the provider refuses it")),
        Verification::Unknown { why } => {
            shown.push(words(WARN, format!(" not known to be live: {}", report.redactor.redact(why))));
        }
    }
    page.paragraph(0, &shown)
}

const fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => AnsiColor::Red.on_default().bold(),
        Severity::High => AnsiColor::Red.on_default(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low => AnsiColor::Blue.on_default(),
    }
}

fn write_places(page: &mut Page<'_>, redactor: &Redactor<'_>, group: &Group<'_>) -> io::Result<()> {
    for (n, finding) in group.findings.iter().take(MOST_PLACES).enumerate() {
        page.field(if n == 0 { "where" } else { "" }, &place(finding, redactor))?;
    }
    let more = group.findings.len().saturating_sub(MOST_PLACES);
    if more > 0 {
        page.field("", &[words(DIM, format!("and {}", counted(more as u64, "more place")))])?;
    }
    Ok(())
}

/// `path:line:column`, with what is special about it.
fn place(finding: &Finding, redactor: &Redactor<'_>) -> Vec<Piece> {
    let location = finding.location;
    let mut pieces = vec![
        whole(PLAIN, redactor.name(&paths::of_finding(finding))),
        whole(DIM, format!(":{}:{}", location.line, location.column)),
    ];
    if finding.ignored {
        pieces.push(words(DIM, " (ignored by git)"));
    }
    if finding.in_head == Some(false) {
        pieces.push(words(DIM, " (only in history)"));
    }
    if let Some(commit) = finding.git.as_ref().and_then(|git| git.commit.as_deref()) {
        let git = finding.git.as_ref();
        let day = git.and_then(|git| git.date.as_deref()).and_then(|date| date.get(..10)).unwrap_or_default();
        let author = git.and_then(|git| git.author.as_deref()).map(|author| redactor.name(author)).unwrap_or_default();
        pieces.push(words(DIM, format!(" in {} {day} {author}", commit.get(..10).unwrap_or(commit))));
    }
    pieces
}

/// The confidence and its reasons: what speaks for it, then what speaks against it.
fn write_why(page: &mut Page<'_>, redactor: &Redactor<'_>, finding: &Finding) -> io::Result<()> {
    let evidence = &finding.evidence;
    let reasons = |speaks_for: bool| {
        let those = evidence.reasons.iter().filter(move |reason| (reason.points >= 0) == speaks_for);
        those.map(|reason| redactor.name(&reason.text).into_owned()).collect::<Vec<_>>().join("; ")
    };
    let mut text = format!("{} confidence: {}", finding.confidence, reasons(true));
    if !evidence.context.is_empty() {
        let near: Vec<_> = evidence.context.iter().map(|word| redactor.name(word)).collect();
        text.push_str(&format!(" ({})", near.join(", ")));
    }
    let against = reasons(false);
    if !against.is_empty() {
        text.push_str(&format!("; but {against}"));
    }
    if evidence.truncated {
        text.push_str("; it goes on past the longest length looked for");
    }
    if !evidence.decoded.is_empty() {
        text.push_str(&format!("; decoded from {}", evidence.decoded.join(", ")));
    }
    page.field("why", &[words(PLAIN, text)])?;
    let facts = evidence.facts.iter();
    let facts: Vec<String> = facts
        .map(|fact| format!("{} {}", redactor.name(&fact.name).replace('-', " "), redactor.redact(&fact.value)))
        .collect();
    if facts.is_empty() { Ok(()) } else { page.field("it says", &[words(PLAIN, facts.join(", "))]) }
}

fn write_companions(page: &mut Page<'_>, group: &Group<'_>) -> io::Result<()> {
    for companion in &group.best.evidence.companions {
        let text = format!("{}, line {}", companion.rule, companion.line);
        page.field("with", &[words(PLAIN, text), words(DIM, format!(" ({})", short(companion.fingerprint)))])?;
    }
    Ok(())
}

fn write_revocation(page: &mut Page<'_>, report: &Report<'_>, finding: &Finding) -> io::Result<()> {
    let Some(rule) = report.rules.get(finding.rule.as_str()) else { return Ok(()) };
    let runbook = [words(PLAIN, visible(&rule.manual.runbook))];
    match &rule.manual.url {
        Some(url) => {
            page.field("revoke", &[whole(LINK, visible(url))])?;
            page.field("", &runbook)
        }
        None => page.field("revoke", &runbook),
    }
}
