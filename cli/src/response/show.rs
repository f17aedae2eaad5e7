//! What is found, planned and done, in words. Everything from a provider has passed the redactor of the caller.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use stanch_model::Sensitivity;
use stanch_revokers::act::{Plan, Refusal, Report};
use stanch_revokers::registry::Entry;
use stanch_revokers::{Identity, Liveness, Outcome, Probe};
use stanch_rules::RuleSet;
use stanch_scanner::Engine;

use crate::report::Redactor;

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBT: Style = AnsiColor::Yellow.on_default();
const NAME: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// The engine by which a response is redacted: of all rules that find secrets. Ids that are no secret alone are what a plan has to name.
pub(crate) fn redaction() -> Engine {
    Engine::new(RuleSet::builtin().filtered(|rule| rule.sensitivity == Sensitivity::Secret))
}

/// Named facts, one a line, aligned.
pub(crate) struct Facts<'a> {
    pub(crate) out: &'a mut dyn Write,
    pub(crate) redactor: &'a Redactor<'a>,
}

impl Facts<'_> {
    /// A heading: what it is about.
    pub(crate) fn head(&mut self, text: &str, rest: &str) -> io::Result<()> {
        let (text, rest) = (self.redactor.redact(text), self.redactor.redact(rest));
        writeln!(self.out, "{NAME}{text}{NAME:#}  {rest}")
    }

    /// One fact.
    pub(crate) fn fact(&mut self, name: &str, value: &str) -> io::Result<()> {
        let value = self.redactor.redact(value);
        writeln!(self.out, "  {DIM}{name:<12}{DIM:#} {value}")
    }

    /// One fact in a colour.
    fn marked(&mut self, name: &str, style: Style, word: &str, rest: &str) -> io::Result<()> {
        let rest = self.redactor.redact(rest);
        writeln!(self.out, "  {DIM}{name:<12}{DIM:#} {style}{word}{style:#}{rest}")
    }
}

/// Whether it is alive, and whose it is.
pub(crate) fn liveness(facts: &mut Facts<'_>, probe: &Probe) -> io::Result<()> {
    match &probe.liveness {
        Liveness::Active => facts.marked("alive", BAD, "yes", ": the provider accepts it")?,
        Liveness::Inactive => facts.marked("alive", GOOD, "no", ": the provider refuses it")?,
        Liveness::Unknown { why } => facts.marked("alive", DOUBT, "unknown", &format!(": {why}"))?,
    }
    for field in Identity::FIELDS {
        let values = probe.identity.of(field);
        if !values.is_empty() {
            facts.fact(&field.replace('_', " "), &values.join(", "))?;
        }
    }
    Ok(())
}

/// What would be done, exactly.
pub(crate) fn plan(facts: &mut Facts<'_>, entry: &Entry, plan: &Plan) -> io::Result<()> {
    liveness(facts, &plan.probe)?;
    facts.fact("why", &plan.ownership.to_string())?;
    facts.fact("found", &plan.target.found_by)?;
    for (number, step) in plan.steps.iter().enumerate() {
        facts.fact(
            &format!("step {}", number + 1),
            &format!("{} ({}): {}", step.name, step.kind.as_str(), step.target),
        )?;
        facts.fact("", &step.request)?;
    }
    facts.fact("breaks", &entry.kind.manual.breaks)?;
    if let Some(survives) = &entry.kind.survives {
        facts.fact("survives", survives)?;
    }
    Ok(())
}

/// What was done, and what came of it.
pub(crate) fn report(facts: &mut Facts<'_>, report: &Report) -> io::Result<()> {
    for done in &report.done {
        let proof = match &done.liveness {
            Liveness::Active => "the provider still accepts it".to_owned(),
            Liveness::Inactive => "the provider refuses it".to_owned(),
            Liveness::Unknown { why } => format!("no proof: {why}"),
        };
        facts.fact(&done.step.name, &format!("{}; then: {proof}", done.outcome))?;
    }
    let took = report.took_seconds.map_or_else(String::new, |seconds| format!(" after {seconds:.1} s"));
    let part =
        if report.outcome.is_dead() && !report.complete { " (not every step of the plan was taken)" } else { "" };
    if report.is_contained() {
        return facts.marked("outcome", GOOD, "contained", &format!("{took}: off; it could still be put on again"));
    }
    let style = if report.outcome.is_dead() { GOOD } else { BAD };
    let word = match report.outcome {
        Outcome::Revoked | Outcome::AlreadyDead => "dead",
        _ => "not proven dead",
    };
    facts.marked("outcome", style, word, &format!("{took}{part}: {}", report.outcome))
}

/// Why nothing is done.
pub(crate) fn why_not(facts: &mut Facts<'_>, entry: &Entry, refusal: &Refusal) -> io::Result<()> {
    facts.marked("refused", BAD, "nothing was done", &format!(": {refusal}"))?;
    match refusal {
        Refusal::Dead | Refusal::Canary => Ok(()),
        Refusal::OwnerUnknown => facts.fact(
            "hint",
            &format!(
                "name what is yours in `[owners]` of the configuration ({} = [\"…\"]), or say so with --assume-ours",
                entry.file.provider
            ),
        ),
        _ => {
            facts.fact("by hand", &entry.kind.manual.runbook)?;
            entry.kind.manual.url.as_ref().map_or(Ok(()), |url| facts.fact("", url))
        }
    }
}
