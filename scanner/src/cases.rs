//! Running the cases of rules: what a rule's author says must be found, and what must not.

use stanch_model::Confidence;
use stanch_rules::{Case, Rule, mint_case};

use crate::engine::{Candidate, Engine, Scratch};
use crate::weigh::confidence;

/// A case that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFailure {
    /// The rule's id.
    pub rule: String,
    /// `accept 1` or `reject 2`, counted from 1.
    pub case: String,
    /// What came instead. It quotes nothing minted.
    pub why: String,
}

/// Runs all cases of a rule; gives how many there were, and those that failed.
pub fn run_cases(engine: &Engine, rule: &Rule, scratch: &mut Scratch) -> (usize, Vec<CaseFailure>) {
    let mut failures = Vec::new();
    let accept = rule.accept.iter().enumerate().map(|(n, case)| (n, "accept", n + 1, case));
    let reject = rule.reject.iter().enumerate().map(|(n, case)| (n + rule.accept.len(), "reject", n + 1, case));
    for (number, kind, nth, case) in accept.chain(reject) {
        if let Err(why) = run_case(engine, rule, number, kind == "accept", case, scratch) {
            failures.push(CaseFailure { rule: rule.id.to_string(), case: format!("{kind} {nth}"), why });
        }
    }
    (rule.accept.len() + rule.reject.len(), failures)
}

fn run_case(
    engine: &Engine,
    rule: &Rule,
    number: usize,
    accept: bool,
    case: &Case,
    scratch: &mut Scratch,
) -> Result<(), String> {
    let minted = mint_case(&rule.id, number, case).map_err(|error| error.to_string())?;
    let found = engine.scan(&minted.text, scratch);
    let is_ours = |candidate: &&Candidate| engine.rules()[candidate.rule].id == rule.id;
    let sure = |candidate: &Candidate| confidence(candidate.verdict.score);
    if !accept {
        let wrong = found.iter().filter(is_ours).find(|candidate| sure(candidate) >= Some(Confidence::Medium));
        return wrong.map_or(Ok(()), |candidate| Err(format!("found with score {}", candidate.verdict.score)));
    }
    let at = |candidate: &Candidate| minted.text.get(candidate.secret.clone());
    let Some(hit) = found.iter().find(|candidate| is_ours(candidate) && at(candidate) == Some(minted.finds.as_slice()))
    else {
        return Err(instead(engine, rule, &minted.text, &minted.finds, scratch));
    };
    if sure(hit) < Some(case.confidence) {
        return Err(format!("found with score {} only: {}", hit.verdict.score, reasons(hit)));
    }
    let told = |name: &str| hit.verdict.facts.iter().find(|fact| fact.name == name).map(|fact| fact.value.as_str());
    if let Some((name, value)) = case.facts.iter().find(|(name, value)| told(name) != Some(value.as_ref())) {
        let instead = told(name).unwrap_or("nothing");
        return Err(format!("its fact `{name}` is `{value}`, and it is found with {instead}"));
    }
    Ok(())
}

/// Why an accept case was not found: what the rule saw, and what others took.
fn instead(engine: &Engine, rule: &Rule, text: &[u8], finds: &[u8], scratch: &mut Scratch) -> String {
    let others: Vec<String> = engine
        .scan(text, scratch)
        .iter()
        .map(|c| {
            let exact = text.get(c.secret.clone()) == Some(finds);
            let (length, score) = (c.secret.len(), c.verdict.score);
            format!(
                "{} takes {length} bytes{} with score {score}",
                engine.rules()[c.rule].id,
                if exact { "" } else { " (others)" }
            )
        })
        .collect();
    let traced = engine.trace(text, scratch);
    let own: Vec<String> = traced
        .iter()
        .filter(|c| engine.rules()[c.rule].id == rule.id)
        .map(|c| match c.verdict.rejected {
            Some(why) => format!("it matches {} bytes, rejected: {why}", c.secret.len()),
            None => format!("it matches {} bytes with score {}: {}", c.secret.len(), c.verdict.score, reasons(c)),
        })
        .collect();
    let own = if own.is_empty() { "it matches nowhere".to_owned() } else { own.join("; ") };
    format!(
        "not found at the {} minted bytes; {own}; {}",
        finds.len(),
        if others.is_empty() { "nothing else is found".to_owned() } else { others.join("; ") }
    )
}

fn reasons(candidate: &Candidate) -> String {
    let steps = candidate.verdict.reasons.iter().map(|reason| format!("{:+} {}", reason.points, reason.text));
    steps.collect::<Vec<_>>().join(", ")
}
