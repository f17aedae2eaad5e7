//! `stanch rules`: what is looked for.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use stanch_revokers::file::File;
use stanch_revokers::registry;
use stanch_rules::{Look, Rule, RuleSet, offline};
use stanch_scanner::{Engine, Scratch, run_cases};

use super::providers::check_providers;
use crate::args::{RuleArgs, RulesArgs, RulesCommand};
use crate::exit::{CliError, Exit};
use crate::rules::{files, given, selected};
use crate::shell::Shell;

pub(crate) fn run(args: &RulesArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    match &args.command {
        RulesCommand::List { rules, checks: true } => list_checks(&selected(rules, shell)?, shell),
        RulesCommand::List { rules, .. } => list(&selected(rules, shell)?, shell),
        RulesCommand::Show { id, rules } => show(id, &selected(rules, shell)?, shell),
        RulesCommand::Check { files, paths, providers, alone } => {
            let paths = [&files[..], &paths[..]].concat();
            check(&paths, providers, alone_of(*alone, &paths)?, shell)
        }
        RulesCommand::Test { files, rules, only_given, alone } => {
            let given = [&files[..], &rules.rules[..]].concat();
            let alone = alone_of(*alone, &given)?;
            let (only, skip) = (rules.only.clone(), rules.skip.clone());
            test(&RuleArgs { rules: given, only, skip }, *only_given || !files.is_empty(), alone, shell)
        }
    }
}

/// Whether given rules are taken by themselves; somebody has to give some.
fn alone_of(alone: bool, given: &[PathBuf]) -> Result<bool, CliError> {
    if alone && given.is_empty() {
        return Err(CliError::new("--alone without rules of yours").hint("name a file of rules, or a folder of them"));
    }
    Ok(alone)
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
    let rule = rules
        .get(id)
        .ok_or_else(|| CliError::new(format!("no rule `{id}`")).hint("`stanch rules list` shows the ids"))?;
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
        Look::Literal(shapes) | Look::Run(shapes) => {
            fields.extend(shapes.iter().map(|shape| ("shape", shape.source.to_string())));
        }
        Look::Pattern(pattern) => fields.push(("pattern", pattern.regex.to_string())),
        Look::Assignment(assignment) => fields.push(("names", assignment.words.join(", "))),
    }
    fields.push(("bound", format!("{} bytes", rule.bound)));
    fields.extend(rule.entropy.map(|floor| ("entropy", format!("at least {floor} bits a byte"))));
    fields.extend(
        rule.check.as_ref().map(|check| ("check", format!("{check}{}", if rule.gate { ", needed" } else { "" }))),
    );
    fields.extend(
        rule.context
            .as_ref()
            .map(|c| ("context", format!("{}{}", c.words.join(", "), if c.need { ", needed" } else { "" }))),
    );
    let address = rule.address.then(|| ("facts", "host, user and the like of the address".to_owned()));
    fields.extend(address);
    fields.extend(rule.beside.iter().map(|beside| ("fact beside", beside.fact.to_string())));
    fields.extend(rule.companion.as_ref().map(|c| ("companion", format!("{} within {} bytes", c.rule, c.within))));
    fields.extend(rule.manual.url.as_ref().map(|url| ("revoke at", url.to_string())));
    fields.push(("runbook", rule.manual.runbook.to_string()));
    fields.extend(rule.references.iter().map(|link| ("reference", link.to_string())));
    fields
}

/// The rules that given ones stand beside.
fn beside(alone: bool) -> RuleSet {
    if alone { RuleSet::new(Vec::new()) } else { RuleSet::builtin() }
}

fn check(paths: &[PathBuf], providers: &[PathBuf], alone: bool, shell: &mut Shell) -> Result<Exit, CliError> {
    if paths.is_empty() && providers.is_empty() {
        check_builtin(shell)?;
        nobody_s(&RuleSet::builtin(), &[])?;
        return check_providers(
            &registry::parse_all().map_err(|defect| CliError::new(defect.to_string()))?,
            &RuleSet::builtin(),
            shell,
        );
    }
    let known = beside(alone);
    let rules = given(paths, &known).map_err(|error| error.for_people(shell))?;
    let providers = read(providers)?;
    nobody_s(&rules, &providers)?;
    if !paths.is_empty() {
        writeln!(shell.stdout(), "{} given rules are sound", rules.len())?;
    }
    if providers.is_empty() { Ok(Exit::Clean) } else { check_providers(&providers, &known.with(rules), shell) }
}

/// Refuses rules that name a verifier or revoker that there is none of.
fn nobody_s(rules: &[Rule], more: &[File]) -> Result<(), CliError> {
    let builtin = registry::files().map(|file| file.provider.as_str());
    let known: BTreeSet<&str> = builtin.chain(more.iter().map(|file| file.provider.as_str())).collect();
    let named = |rule: &Rule| -> Vec<String> {
        let fields = [("verify", &rule.verify), ("revoke", &rule.revoke)].into_iter();
        let fields = fields.filter_map(|(field, id)| Some((field, id.as_deref()?)));
        let unknown = fields.filter(|(_, id)| !known.contains(id));
        unknown.map(|(field, id)| format!("{}: `{field}` names `{id}`, which is no provider", rule.id)).collect()
    };
    let defects: Vec<String> = rules.iter().flat_map(named).collect();
    if defects.is_empty() {
        return Ok(());
    }
    Err(CliError::new(defects.join("; ")).hint("`stanch providers list` shows them; --providers adds files of yours"))
}

/// The provider files at the paths.
fn read(paths: &[PathBuf]) -> Result<Vec<File>, CliError> {
    let mut all = Vec::new();
    for path in paths {
        let fail = |error| CliError::new(format!("cannot read the provider files at `{}`: {error}", path.display()));
        for file in files(path).map_err(fail)? {
            let text = std::fs::read_to_string(&file).map_err(fail)?;
            all.push(File::parse(&file.to_string_lossy(), &text).map_err(|defect| CliError::new(defect.to_string()))?);
        }
    }
    Ok(all)
}

fn check_builtin(shell: &Shell) -> Result<(), CliError> {
    let mut out = shell.stdout();
    let defects = stanch_rules::check_builtin();
    for defect in &defects {
        writeln!(out, "{defect}")?;
    }
    if !defects.is_empty() {
        return Err(CliError::new(format!("{} mistakes in the built-in rules", defects.len())));
    }
    writeln!(out, "{} built-in rules are sound", RuleSet::builtin().len())?;
    Ok(())
}

fn test(args: &RuleArgs, only_given: bool, alone: bool, shell: &mut Shell) -> Result<Exit, CliError> {
    let (all, tested): (RuleSet, Vec<Rule>) = if only_given || alone {
        let known = beside(alone);
        let rules = given(&args.rules, &known).map_err(|error| error.for_people(shell))?;
        (known.with(rules.clone()), rules)
    } else {
        let all = selected(args, shell)?;
        (all.clone(), all.to_vec())
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
