//! `stanch rules`: what is looked for.

use std::io::Write;

use stanch_rules::{Look, Rule, RuleSet, offline};
use stanch_scanner::{Engine, Scratch, run_cases};

use crate::args::{RulesArgs, RulesCommand};
use crate::exit::{CliError, Exit};
use crate::rules::{given, selected};
use crate::shell::Shell;

pub(crate) fn run(args: &RulesArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    match &args.command {
        RulesCommand::List { rules, checks: true } => list_checks(&selected(rules, shell)?, shell),
        RulesCommand::List { rules, .. } => list(&selected(rules, shell)?, shell),
        RulesCommand::Show { id, rules } => show(id, &selected(rules, shell)?, shell),
        RulesCommand::Check { paths } => check(paths, shell),
        RulesCommand::Test { rules, only_given } => test(rules, *only_given, shell),
    }
}

fn list(rules: &RuleSet, shell: &Shell) -> Result<Exit, CliError> {
    let mut out = shell.stdout();
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    for rule in rules.iter() {
        writeln!(out, "{:width$}  {:8}  {:16}  {}", rule.id, rule.severity, rule.category, rule.title)?;
    }
    Ok(Exit::Clean)
}

fn list_checks(rules: &RuleSet, shell: &Shell) -> Result<Exit, CliError> {
    let mut out = shell.stdout();
    for check in offline::all() {
        let users = rules.iter().filter(|rule| rule.check.as_deref() == Some(check.name)).count();
        writeln!(out, "{:24}  {:2} rules  {}  {}", check.name, users, check.about, check.source)?;
    }
    Ok(Exit::Clean)
}

fn show(id: &str, rules: &RuleSet, shell: &Shell) -> Result<Exit, CliError> {
    let rule = rules.get(id).ok_or_else(|| CliError::new(format!("no rule `{id}`")).hint("`stanch rules list` shows the ids"))?;
    let mut out = shell.stdout();
    writeln!(out, "{}  {}", rule.id, rule.title)?;
    for (name, value) in fields(rule) {
        writeln!(out, "  {name:12} {value}")?;
    }
    Ok(Exit::Clean)
}

fn fields(rule: &Rule) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("provider", rule.provider.to_string()),
        ("category", rule.category.to_string()),
        ("severity", rule.severity.to_string()),
        ("sensitivity", rule.sensitivity.to_string()),
        ("confidence", rule.confidence.to_string()),
    ];
    match &rule.look {
        Look::Literal(shapes) | Look::Run(shapes) => fields.extend(shapes.iter().map(|shape| ("shape", shape.source.to_string()))),
        Look::Pattern(pattern) => fields.push(("pattern", pattern.regex.to_string())),
        Look::Assignment(assignment) => fields.push(("names", assignment.words.join(", "))),
    }
    fields.push(("bound", format!("{} bytes", rule.bound)));
    fields.extend(rule.entropy.map(|floor| ("entropy", format!("at least {floor} bits a byte"))));
    fields.extend(rule.check.as_ref().map(|check| ("check", format!("{check}{}", if rule.gate { ", needed" } else { "" }))));
    fields.extend(rule.context.as_ref().map(|c| ("context", format!("{}{}", c.words.join(", "), if c.need { ", needed" } else { "" }))));
    fields.extend(rule.companion.as_ref().map(|c| ("companion", format!("{} within {} bytes", c.rule, c.within))));
    fields.extend(rule.manual.url.as_ref().map(|url| ("revoke at", url.to_string())));
    fields.push(("runbook", rule.manual.runbook.to_string()));
    fields.extend(rule.references.iter().map(|link| ("reference", link.to_string())));
    fields
}

fn check(paths: &[std::path::PathBuf], shell: &mut Shell) -> Result<Exit, CliError> {
    let (number, whose) = if paths.is_empty() {
        let builtin = RuleSet::builtin();
        let defects = stanch_rules::check_builtin();
        if let Some(first) = defects.first() {
            return Err(CliError::new(format!("{} mistakes in the built-in rules; the first: {first}", defects.len())));
        }
        (builtin.len(), "built-in")
    } else {
        // Rules may redefine built-in ids only by replacing the file, so a file of ours is held against the others of ours.
        let known = RuleSet::builtin();
        let ours = paths.iter().any(|path| path.to_string_lossy().contains("rules/data"));
        let known = if ours { RuleSet::new(Vec::new()) } else { known };
        (given(paths, &known).map_err(|error| error.for_people(shell))?.len(), "given")
    };
    writeln!(shell.stdout(), "{number} {whose} rules are sound")?;
    Ok(Exit::Clean)
}

fn test(args: &crate::args::RuleArgs, only_given: bool, shell: &mut Shell) -> Result<Exit, CliError> {
    let all = selected(args, shell)?;
    let tested: Vec<Rule> = if only_given {
        given(&args.rules, &RuleSet::builtin()).map_err(|error| error.for_people(shell))?
    } else {
        all.to_vec()
    };
    let engine = Engine::new(all);
    let mut scratch = Scratch::default();
    let mut out = shell.stdout();
    let (mut cases, mut failures) = (0, 0);
    for rule in &tested {
        let (count, failed) = run_cases(&engine, rule, &mut scratch);
        cases += count;
        failures += failed.len();
        for failure in failed {
            writeln!(out, "FAILED {} {}: {}", failure.rule, failure.case, failure.why)?;
        }
    }
    writeln!(out, "{} rules, {cases} cases: {} passed, {failures} failed", tested.len(), cases - failures)?;
    Ok(if failures == 0 { Exit::Clean } else { Exit::Findings })
}
