//! The built-in rules: each is sound, and each of its cases holds beside all the others.

use stanch_rules::{RuleSet, check_builtin};
use stanch_scanner::{Engine, Scratch, run_cases};

#[test]
fn every_rule_is_sound() {
    assert_eq!(check_builtin(), Vec::<String>::new());
}

#[test]
fn every_case_holds() {
    let engine = Engine::new(RuleSet::builtin());
    let mut scratch = Scratch::default();
    let mut cases = 0;
    let mut failures = Vec::new();
    for rule in engine.rules().iter() {
        let (count, failed) = run_cases(&engine, rule, &mut scratch);
        cases += count;
        failures.extend(failed);
    }
    assert_eq!(failures, []);
    assert!(cases > 3 * engine.rules().len(), "{cases}");
}

/// A case that cannot fail proves nothing: a rule with a wrong length misses what its recipes state.
#[test]
fn a_wrong_rule_fails_its_cases() {
    let rules = RuleSet::builtin();
    let text = "provider = \"acme\"\ncategory = \"saas\"\n[[rule]]\nid = \"acme.token\"\ntitle = \"x\"\nseverity = \"low\"\n\
                shape = \"acmetok_{base62:31}\"\nanchor = \"literal\"\nmanual = { runbook = \"x\" }\n\
                [[rule.accept]]\ntext = \"k={{acmetok_{base62:30}}}\"\n[[rule.reject]]\ntext = \"acmetok_\"\nwhy = \"empty\"\n";
    let wrong = stanch_rules::load("acme.toml", text, &rules).unwrap_or_else(|error| panic!("{}", error.render(false)));
    let engine = Engine::new(rules.with(wrong.clone()));
    let (count, failed) = run_cases(&engine, &wrong[0], &mut Scratch::default());
    assert_eq!((count, failed.len()), (2, 1));
}
