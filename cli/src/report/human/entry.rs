//! One credential: what, where, why, and how to make it dead.

use std::collections::BTreeMap;
use std::io;

use anstyle::{AnsiColor, Style};
use stanch_model::{Finding, GitPlace, ObjectKind, Severity, Verification};

use super::super::history::{made, only_in_history, short as short_id};
use super::super::record::secret;
use super::super::redact::visible;
use super::super::text::{BAD, BOLD, DIM, GOOD, LINK, PLAIN, Page, Piece, WARN, counted, whole, words};
use super::super::{Redactor, Report, place as paths};
use super::group::{Group, Place, short};

/// How many places of a credential are shown.
const MOST_PLACES: usize = 5;

pub(super) fn write_entry(page: &mut Page<'_>, report: &Report<'_>, group: &Group<'_>) -> io::Result<()> {
    write_head(page, report, group)?;
    write_places(page, report, group)?;
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
        Verification::Active { identity } => {
            shown.push(words(BAD, " live: the provider accepts it"));
            shown.extend(owner(identity).map(|owner| words(BAD, format!(" as {}", report.redactor.redact(owner)))));
        }
        Verification::Inactive => shown.push(words(GOOD, " dead: the provider refuses it")),
        Verification::Unknown { why } => {
            shown.push(words(WARN, format!(" not known to be live: {}", report.redactor.redact(why))));
        }
    }
    page.paragraph(0, &shown)
}

/// Whose it is, in the provider's words.
fn owner(identity: &BTreeMap<String, Vec<String>>) -> Option<&str> {
    const FIELDS: [&str; 4] = ["account", "organization", "email", "user"];
    FIELDS.iter().find_map(|field| identity.get(*field)?.first()).map(String::as_str)
}

const fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => AnsiColor::Red.on_default().bold(),
        Severity::High => AnsiColor::Red.on_default(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low => AnsiColor::Blue.on_default(),
    }
}

fn write_places(page: &mut Page<'_>, report: &Report<'_>, group: &Group<'_>) -> io::Result<()> {
    for (n, place) in group.places.iter().take(MOST_PLACES).enumerate() {
        page.field(if n == 0 { "where" } else { "" }, &pieces(place, report))?;
    }
    let more = group.places.len().saturating_sub(MOST_PLACES);
    if more > 0 {
        page.field("", &[words(DIM, format!("and {}", counted(more as u64, "more place")))])?;
    }
    match group.link() {
        Some(link) => page.field("link", &[whole(LINK, report.redactor.redact(link))]),
        None => Ok(()),
    }
}

/// Where a credential stands, with what is special about the place.
fn pieces(place: &Place<'_>, report: &Report<'_>) -> Vec<Piece> {
    let (finding, redactor) = (place.finding, report.redactor);
    let in_object = finding.git.as_ref().filter(|git| of_no_file(git, finding));
    let mut pieces = in_object.map_or_else(|| file(finding, redactor), |git| object(git, finding, redactor));
    if let Some(target) = target(finding, in_object.is_some(), report) {
        pieces.extend([words(DIM, " of "), whole(DIM, redactor.name(target))]);
    }
    if finding.ignored {
        pieces.push(words(DIM, " (ignored by git)"));
    }
    let told = place.since.unwrap_or(finding);
    if let Some(git) = &told.git {
        pieces.extend(past(git, told, place.since.is_some(), redactor).map(|text| words(DIM, text)));
    }
    pieces
}

/// `path:line:column`.
fn file(finding: &Finding, redactor: &Redactor<'_>) -> Vec<Piece> {
    let location = finding.location;
    vec![
        whole(PLAIN, redactor.name(&paths::of_finding(finding))),
        whole(DIM, format!(":{}:{}", location.line, location.column)),
    ]
}

/// Whether it stands in an object that is the content of no file: a message, or a blob without a commit.
fn of_no_file(git: &GitPlace, finding: &Finding) -> bool {
    git.object != ObjectKind::Blob || (git.commit.is_none() && finding.path == format!("blob/{}", git.blob))
}

/// The object, as people name it.
fn object(git: &GitPlace, finding: &Finding, redactor: &Redactor<'_>) -> Vec<Piece> {
    let line = finding.location.line;
    let text = match git.object {
        ObjectKind::Blob => format!("blob {}:{line}:{}", short_id(&git.blob), finding.location.column),
        ObjectKind::Commit => format!("message of commit {}, line {line}", made(&git.blob, git, redactor)),
        ObjectKind::Tag => format!("message of tag {}, line {line}", made(&git.blob, git, redactor)),
    };
    vec![words(PLAIN, text)]
}

/// The repository that a place is in, where its name does not tell which of several targets is meant.
fn target<'r>(finding: &'r Finding, in_object: bool, report: &Report<'_>) -> Option<&'r str> {
    let root = finding.locator.root.as_deref()?;
    (report.targets.len() > 1 && (in_object || paths::is_address(root))).then_some(root)
}

/// What a place in history has to tell: its commit, and who still has it. `there` is whether the file is known to hold it today.
fn past(git: &GitPlace, finding: &Finding, there: bool, redactor: &Redactor<'_>) -> Option<String> {
    let unreachable = git.reachable == Some(false);
    match (git.object, &git.commit) {
        (ObjectKind::Blob, None) => unreachable.then(|| ", which no commit has".to_owned()),
        (ObjectKind::Commit | ObjectKind::Tag, _) => unreachable.then(|| "; no ref reaches it any more".to_owned()),
        (ObjectKind::Blob, Some(commit)) => {
            let (word, rest) = match (there || !only_in_history(finding), unreachable) {
                (true, _) => ("since", ""),
                (false, true) => ("in", "; no ref reaches it any more"),
                (false, false) => ("in", ", only in history"),
            };
            Some(format!(" {word} {}{rest}", made(commit, git, redactor)))
        }
    }
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
