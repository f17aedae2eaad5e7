//! `stanch explain`: why a finding is believed, and why it is not.

use std::io::Write;

use stanch_model::{Checksum, Finding};

use crate::args::ExplainArgs;
use crate::exit::{CliError, Exit};
use crate::report::Redactor;
use crate::rules::selected;
use crate::session::{Scanner, ignore_files};
use crate::shell::Shell;

pub(crate) fn run(args: &ExplainArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    let scanner = Scanner::new(selected(&args.rules, shell)?);
    let mut scanned = scanner.scan(&args.target, shell)?;
    scanned.suppress(&ignore_files(&args.target)?, None, shell);
    let findings = chosen(&scanned.outcome.findings, &args.fingerprint)?;
    let redactor = Redactor::new(scanner.redaction(), &scanned.outcome.findings);
    let mut text = String::new();
    if let Some(first) = findings.first() {
        text.push_str(&format!("{}  {}\n", first.title, first.preview));
        text.push_str(&format!("  fingerprint  {}\n", first.fingerprint));
    }
    for finding in &findings {
        occurrence(&mut text, finding);
    }
    if let Some(rule) = findings.first().and_then(|first| scanner.engine.rules().get(first.rule.as_str())) {
        text.push_str("\nTo revoke it by hand\n");
        if let Some(url) = &rule.manual.url {
            text.push_str(&format!("  {url}\n"));
        }
        text.push_str(&format!("  {}\n", rule.manual.runbook));
    }
    let mut out = shell.stdout();
    for line in text.lines() {
        writeln!(out, "{}", redactor.redact(line))?;
    }
    Ok(Exit::Clean)
}

/// The findings of a fingerprint, given whole or by its first digits.
pub(crate) fn chosen<'a>(findings: &'a [Finding], wanted: &str) -> Result<Vec<&'a Finding>, CliError> {
    const SHORTEST: usize = 6;
    let wanted = wanted.to_ascii_lowercase();
    if wanted.len() < SHORTEST || !wanted.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(CliError::new("a fingerprint is given by its first six and more hex digits")
            .hint("`stanch scan` shows the fingerprint of each finding"));
    }
    let found: Vec<&Finding> = findings.iter().filter(|f| f.fingerprint.to_string().starts_with(&wanted)).collect();
    let Some(first) = found.first() else {
        return Err(CliError::new(format!("no finding with the fingerprint `{wanted}` here"))
            .hint("name the same target as in the scan; fingerprints are made under this machine's own key"));
    };
    if found.iter().any(|other| other.fingerprint != first.fingerprint) {
        return Err(CliError::new(format!("`{wanted}` fits several findings")).hint("give more digits"));
    }
    Ok(found)
}

fn occurrence(text: &mut String, finding: &Finding) {
    text.push('\n');
    let mut line = |label: &str, value: &str| text.push_str(&format!("  {label:12} {value}\n"));
    line("at", &format!("{}:{}:{}", finding.path, finding.location.line, finding.location.column));
    line("rule", &format!("{} (severity {}, {} confidence)", finding.rule, finding.severity, finding.confidence));
    if finding.ignored {
        line("", "the file is ignored by git");
    }
    let evidence = &finding.evidence;
    for reason in &evidence.reasons {
        line(&format!("{:+}", reason.points), &reason.text);
    }
    line(&format!("= {}", evidence.score), "low is 20 and more, medium 40, high 60");
    line("entropy", &format!("{:.2} bits a byte", evidence.entropy));
    match evidence.checksum {
        Some(Checksum::Valid) => line("check", "holds"),
        Some(Checksum::Invalid) => line("check", "fails"),
        Some(Checksum::Absent) => line("check", "this form of it carries none"),
        None => {}
    }
    if !evidence.context.is_empty() {
        line("words near", &evidence.context.join(", "));
    }
    for fact in &evidence.facts {
        line(&fact.name, &fact.value);
    }
    for companion in &evidence.companions {
        line("with", &format!("{} on line {}", companion.rule, companion.line));
    }
    if evidence.truncated {
        line("", "it reaches the longest length looked for, and goes on");
    }
    if let Some(suppression) = &finding.suppression {
        line("suppressed", suppression.reason.as_deref().unwrap_or("yes"));
    }
}
