//! `stanch explain`: one credential, every place it stands at, and each step of the weighing.

use std::io::{self, Write};

use stanch_model::{Checksum, Evidence, Finding, GitPlace, ObjectKind};
use stanch_rules::RuleSet;

use super::Redactor;
use super::history::only_in_history;

/// Says why the findings of one credential are believed, in their order.
pub(crate) fn explain(
    findings: &[&Finding],
    rules: &RuleSet,
    redactor: &Redactor<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some(first) = findings.first() else { return Ok(()) };
    let mut lines = Lines { out, redactor };
    lines.head(&first.title, &first.preview)?;
    lines.field("fingerprint", &first.fingerprint.to_string())?;
    if findings.len() > 1 {
        lines.field("stands at", &count(findings))?;
    }
    let mut told: Option<&Evidence> = None;
    for finding in findings {
        lines.gap()?;
        place(&mut lines, finding)?;
        if let Some(git) = finding.git.as_ref().filter(|git| tells(git)) {
            history(&mut lines, finding, git)?;
        }
        // Versions of one file give the same evidence a hundred times.
        if told == Some(&finding.evidence) {
            lines.field("why", "as above")?;
        } else {
            evidence(&mut lines, &finding.evidence)?;
        }
        told = Some(&finding.evidence);
        if let Some(suppression) = &finding.suppression {
            lines.field("suppressed", suppression.reason.as_deref().unwrap_or("yes"))?;
        }
    }
    let Some(rule) = rules.get(first.rule.as_str()) else { return Ok(()) };
    lines.gap()?;
    lines.title("To revoke it by hand")?;
    if let Some(url) = &rule.manual.url {
        lines.text(url)?;
    }
    lines.text(&rule.manual.runbook)
}

/// Lines on a page. Each value passes the redactor by itself, so that a line break in a name makes no line.
struct Lines<'o, 'r> {
    out: &'o mut dyn Write,
    redactor: &'r Redactor<'r>,
}

impl Lines<'_, '_> {
    fn head(&mut self, title: &str, preview: &str) -> io::Result<()> {
        writeln!(self.out, "{}  {}", self.redactor.redact(title), self.redactor.redact(preview))
    }

    fn title(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "  {}", self.redactor.redact(text))
    }

    fn field(&mut self, label: &str, value: &str) -> io::Result<()> {
        writeln!(self.out, "  {:12} {}", self.redactor.redact(label), self.redactor.redact(value))
    }

    fn gap(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }
}

/// `12 places, 3 of them only in history`.
fn count(findings: &[&Finding]) -> String {
    let past = findings.iter().filter(|finding| only_in_history(finding)).count();
    let all = findings.len();
    if past == 0 { format!("{all} places") } else { format!("{all} places, {past} of them only in history") }
}

fn place(lines: &mut Lines<'_, '_>, finding: &Finding) -> io::Result<()> {
    let location = finding.location;
    let object = finding.git.as_ref().map_or(ObjectKind::Blob, |git| git.object);
    let at = match object {
        ObjectKind::Blob => format!("{}:{}:{}", finding.path, location.line, location.column),
        ObjectKind::Commit => format!("message of the commit, line {}, column {}", location.line, location.column),
        ObjectKind::Tag => format!("message of the tag, line {}, column {}", location.line, location.column),
    };
    lines.field("at", &at)?;
    let rule = &finding.rule;
    lines.field("rule", &format!("{rule} (severity {}, {} confidence)", finding.severity, finding.confidence))?;
    if finding.ignored {
        lines.field("", "the file is ignored by git")?;
    }
    Ok(())
}

/// Whether there is a history to tell, and not the id of a blob alone.
fn tells(git: &GitPlace) -> bool {
    git.commit.is_some() || git.object != ObjectKind::Blob || git.reachable.is_some()
}

fn history(lines: &mut Lines<'_, '_>, finding: &Finding, git: &GitPlace) -> io::Result<()> {
    match (git.object, &git.commit) {
        (ObjectKind::Tag, _) => lines.field("tag", &git.blob)?,
        (_, Some(commit)) => lines.field("commit", commit)?,
        (ObjectKind::Commit, None) => lines.field("commit", &git.blob)?,
        (ObjectKind::Blob, None) => lines.field("blob", &git.blob)?,
    }
    let author = person(git.author.as_deref(), git.email.as_deref(), git.date.as_deref());
    let committer = person(git.committer.as_deref(), git.committer_email.as_deref(), git.committed.as_deref());
    lines.some(if git.object == ObjectKind::Tag { "tagger" } else { "author" }, author.as_deref())?;
    lines.some("committer", committer.filter(|committer| author.as_ref() != Some(committer)).as_deref())?;
    lines.some("subject", git.subject.as_deref())?;
    lines.some("refs", refs(git).as_deref())?;
    lines.some(
        "head",
        finding.in_head.map(|stands| if stands { "it still stands there" } else { "it stands there no more" }),
    )?;
    lines.some("link", finding.permalink.as_deref())
}

impl Lines<'_, '_> {
    /// A field, if there is something to be told.
    fn some(&mut self, label: &str, value: Option<&str>) -> io::Result<()> {
        value.map_or(Ok(()), |value| self.field(label, value))
    }
}

/// `Ann <ann@example.com>, 2021-03-04T05:06:07+01:00`.
fn person(name: Option<&str>, email: Option<&str>, date: Option<&str>) -> Option<String> {
    let email = email.map(|email| format!("<{email}>"));
    let who: Vec<&str> = name.into_iter().chain(email.as_deref()).filter(|part| !part.is_empty()).collect();
    let who = who.join(" ");
    let parts: Vec<&str> =
        [who.as_str(), date.unwrap_or_default()].into_iter().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The refs that still reach it, some by name.
fn refs(git: &GitPlace) -> Option<String> {
    if git.reachable == Some(false) {
        return Some("none reaches it any more".to_owned());
    }
    let mut text = git.refs.join(", ");
    if git.more_refs > 0 {
        text.push_str(&format!(" and {} more", git.more_refs));
    }
    (!text.is_empty()).then_some(text)
}

fn evidence(lines: &mut Lines<'_, '_>, evidence: &Evidence) -> io::Result<()> {
    for reason in &evidence.reasons {
        lines.field(&format!("{:+}", reason.points), &reason.text)?;
    }
    lines.field(&format!("= {}", evidence.score), "low is 20 and more, medium 40, high 60")?;
    lines.field("entropy", &format!("{:.2} bits a byte", evidence.entropy))?;
    let check = evidence.checksum.map(|checksum| match checksum {
        Checksum::Valid => "holds",
        Checksum::Invalid => "fails",
        Checksum::Absent => "this form of it carries none",
    });
    lines.some("check", check)?;
    if !evidence.context.is_empty() {
        lines.field("words near", &evidence.context.join(", "))?;
    }
    for fact in &evidence.facts {
        lines.field(&fact.name, &fact.value)?;
    }
    for companion in &evidence.companions {
        lines.field("with", &format!("{} on line {}", companion.rule, companion.line))?;
    }
    if evidence.truncated {
        lines.field("", "it reaches the longest length looked for, and goes on")?;
    }
    Ok(())
}
