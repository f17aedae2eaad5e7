//! What every rule has to satisfy, beyond being readable.

use std::ops::Range;

use memchr::memmem;

use crate::corpus::corpus;
use crate::defect::Defect;
use crate::mint::mint_case;
use crate::offline;
use crate::pattern::{compile_pattern, prefixes};
use crate::rule::{Beside, Look, MIN_RUN, Pattern, Rule, run_class};
use crate::ruleset::RuleSet;
use crate::shape::Shape;

/// A rule, and where in its file it stands.
#[derive(Debug, Clone)]
pub struct Checkable<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The bytes of its table.
    pub span: Range<usize>,
    /// The bytes of its id.
    pub id_span: Range<usize>,
}

/// Holds rules against the demands on all rules, beside those already `known`.
pub fn check(rules: &[Checkable<'_>], known: &RuleSet) -> Vec<Defect> {
    let mut defects = Vec::new();
    for (number, item) in rules.iter().enumerate() {
        let id = item.rule.id.as_ref();
        let taken = known.get(id).is_some() || rules[..number].iter().any(|earlier| earlier.rule.id == id);
        if taken {
            let clash = Defect::new(item.id_span.clone(), format!("another rule has the id `{id}`"));
            defects.push(Defect { rule: Some(id.to_owned()), ..clash });
        }
        for message in complaints(item.rule, rules, known) {
            defects.push(Defect { rule: Some(id.to_owned()), ..Defect::new(item.span.clone(), message) });
        }
    }
    defects
}

/// What is wrong with one rule.
fn complaints(rule: &Rule, others: &[Checkable<'_>], known: &RuleSet) -> Vec<String> {
    let mut complaints = Vec::new();
    if let Some(name) = &rule.check
        && offline::by_name(name).is_none()
    {
        complaints.push(format!("unknown check `{name}`"));
    }
    if rule.gate && rule.check.is_none() {
        complaints.push("`gate` without a `check`".to_owned());
    }
    if let Some(companion) = &rule.companion {
        let exists = known.get(&companion.rule).is_some() || others.iter().any(|o| o.rule.id == companion.rule);
        if !exists {
            complaints.push(format!("unknown companion `{}`", companion.rule));
        }
    }
    if let Look::Pattern(pattern) = &rule.look {
        complaints.extend(pattern_complaint(pattern));
    }
    complaints.extend(rule.beside.iter().filter_map(|beside| beside_complaint(rule, beside)));
    if rule.manual.runbook.trim().is_empty() {
        complaints.push("the runbook is empty".to_owned());
    }
    let cases = rule.accept.iter().chain(rule.reject.iter()).enumerate();
    complaints.extend(cases.filter_map(|(n, case)| mint_case(&rule.id, n, case).err()).map(|e| e.to_string()));
    let hits = hits_per_mb(rule);
    if hits > rule.budget {
        complaints.push(format!("{hits} hits a MB on the reference corpus, over its budget of {}", rule.budget));
    }
    complaints
}

fn pattern_complaint(pattern: &Pattern) -> Option<String> {
    let regex = match compile_pattern(&pattern.regex) {
        Ok(regex) => regex,
        Err(error) => return Some(format!("the pattern {error}")),
    };
    if regex.is_match(b"") {
        return Some("the pattern matches the empty text".to_owned());
    }
    let starts = prefixes(&pattern.regex);
    let literals: Vec<&[u8]> = pattern.literals.iter().map(|l| l.as_bytes()).collect();
    let covered = starts.is_some_and(|starts| {
        // A literal longer than what could be read off is believed if it goes on from there; the cases prove it.
        starts
            .iter()
            .all(|start| literals.iter().any(|l| start.starts_with(l) || l.starts_with(start) && start.len() >= 3))
    });
    (!covered).then(|| "a match of the pattern must start with one of its `literals`".to_owned())
}

fn beside_complaint(rule: &Rule, beside: &Beside) -> Option<String> {
    let fact = &beside.fact;
    let kebab = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    if !kebab(fact) {
        return Some(format!("the fact `{fact}` is not in lower-case kebab"));
    }
    match compile_pattern(&beside.pattern) {
        Err(error) => return Some(format!("the expression of the fact `{fact}` {error}")),
        Ok(regex) if regex.captures_len() != 2 => {
            return Some(format!("the expression of the fact `{fact}` needs one group, which is the fact"));
        }
        Ok(regex) if regex.is_match(b"") => {
            return Some(format!("the expression of the fact `{fact}` matches the empty text"));
        }
        Ok(_) => {}
    }
    let shown = rule.accept.iter().any(|case| case.facts.iter().any(|(name, _)| name == fact));
    (!shown).then(|| format!("no `accept` case shows the fact `{fact}`"))
}

/// How often the rule's anchor hits the reference corpus, a MB, rounded up.
fn hits_per_mb(rule: &Rule) -> u32 {
    let corpus = corpus();
    let count = |needle: &[u8]| memmem::find_iter(corpus, needle).count();
    let hits: usize = match &rule.look {
        Look::Literal(shapes) => {
            let mut anchors: Vec<&[u8]> = shapes.iter().filter_map(Shape::anchor).map(|a| a.bytes).collect();
            anchors.sort_unstable();
            anchors.dedup();
            anchors.into_iter().map(count).sum()
        }
        Look::Pattern(pattern) => pattern.literals.iter().map(|literal| count(literal.as_bytes())).sum(),
        // Runs are found once for all rules that look for them, and the budget is of the run finder itself.
        Look::Run(_) => runs(corpus) / 32,
        Look::Assignment(assignment) => {
            let folded = corpus.to_ascii_lowercase();
            assignment.words.iter().map(|word| memmem::find_iter(&folded, word.as_bytes()).count()).sum::<usize>() / 8
        }
    };
    (hits as u64 * 1_000_000).div_ceil(corpus.len() as u64) as u32
}

/// Runs of token bytes that are long enough and have a digit.
fn runs(corpus: &[u8]) -> usize {
    let class = run_class();
    let long = |run: &&[u8]| run.len() >= MIN_RUN as usize && run.iter().any(u8::is_ascii_digit);
    corpus.split(|&b| !class.contains(b)).filter(long).count()
}

/// Holds the built-in rules against the demands; gives what is wrong, each with its rule's id.
pub fn check_builtin() -> Vec<String> {
    let rules = RuleSet::builtin();
    let items: Vec<Checkable<'_>> = rules.iter().map(|rule| Checkable { rule, span: 0..0, id_span: 0..0 }).collect();
    let defects = check(&items, &RuleSet::new(Vec::new()));
    defects.into_iter().map(|d| format!("{}: {}", d.rule.unwrap_or_default(), d.message)).collect()
}
