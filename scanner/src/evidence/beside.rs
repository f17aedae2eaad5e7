//! Facts that stand beside a match: whose it is, and where it is good for. They are not secret, and are needed to ask about it.
//!
//! A wrong one is worse than none, since a provider would refuse a living credential that is shown with it. So what is found twice and
//! differs is not told, nor what may be cut.

use std::ops::Range;

use regex_automata::meta::Regex;
use stanch_model::Fact;
use stanch_rules::{Beside, Rule};

use crate::compiled::CompiledRule;
use crate::confirm::Match;
use crate::evidence::address;
use crate::window::{Window, around};

/// Longest value of a fact, in bytes.
const LONGEST: usize = 128;
/// A part of the secret that is shorter says nothing of it.
const TELLING: usize = 8;

/// Adds what stands beside a match to what its check read out of it.
pub(crate) fn add(
    facts: &mut Vec<Fact>,
    rule: &Rule,
    compiled: &CompiledRule,
    input: &[u8],
    found: &Match,
    window: &Window<'_>,
) {
    if rule.address {
        let cut = window.is_cut(rule.extent);
        for (name, value) in address::facts(window.head(), window.after_secret(), cut) {
            push(facts, name, &value, window.secret());
        }
    }
    for (fact, values) in values(rule, compiled, input, found) {
        if let [value] = values.as_slice()
            && let Ok(value) = std::str::from_utf8(value)
        {
            push(facts, fact, value, window.secret());
        }
    }
}

/// Adds a fact that is none yet, can be printed, and shows nothing of the secret.
fn push(facts: &mut Vec<Fact>, name: &str, value: &str, secret: &[u8]) {
    let printable = !value.is_empty() && value.len() <= LONGEST && value.bytes().all(|byte| byte.is_ascii_graphic());
    let new = facts.iter().all(|fact| fact.name != name);
    if printable && new && !shows(value.as_bytes(), secret) {
        facts.push(Fact { name: name.to_owned().into(), value: value.to_owned() });
    }
}

fn shows(value: &[u8], secret: &[u8]) -> bool {
    let within = |inner: &[u8], outer: &[u8]| memchr::memmem::find(outer, inner).is_some();
    value == secret || within(secret, value) || value.len() >= TELLING && within(value, secret)
}

/// The values of each fact that are found around a match, each once, and no more than two.
fn values<'a>(
    rule: &'a Rule,
    compiled: &CompiledRule,
    input: &'a [u8],
    found: &Match,
) -> Vec<(&'a str, Vec<&'a [u8]>)> {
    let mut all: Vec<(&str, Vec<&[u8]>)> = Vec::new();
    for (beside, regex) in rule.beside.iter().zip(&compiled.beside) {
        let Some(regex) = regex.get() else { continue };
        let at = all.iter().position(|(fact, _)| *fact == beside.fact).unwrap_or_else(|| {
            all.push((&beside.fact, Vec::new()));
            all.len() - 1
        });
        if let Some((_, values)) = all.get_mut(at) {
            look(beside, regex, input, found, values);
        }
    }
    all
}

/// Adds the values that an expression finds, until there are two.
fn look<'a>(beside: &Beside, regex: &Regex, input: &'a [u8], found: &Match, values: &mut Vec<&'a [u8]>) {
    let window = around(input, beside.reach, &found.span);
    let bytes = input.get(window.clone()).unwrap_or_default();
    let full = |side: usize| beside.reach.reach().is_some_and(|reach| side >= reach as usize);
    let cut = (full(found.span.start - window.start), full(window.end - found.span.end));
    let secret = found.secret.start - window.start..found.secret.end - window.start;
    let apart = |group: &Range<usize>| group.end <= secret.start || secret.end <= group.start;
    for captures in regex.captures_iter(bytes) {
        let (Some(whole), Some(group)) = (captures.get_match(), captures.get_group(1)) else { continue };
        let may_be_cut = cut.0 && whole.start() == 0 || cut.1 && whole.end() == bytes.len();
        let value = bytes.get(group.range()).filter(|_| !may_be_cut && apart(&group.range()));
        values.extend(value.filter(|value| !values.iter().any(|known| known.eq_ignore_ascii_case(value))));
        if values.len() > 1 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use stanch_rules::{RuleSet, mint};

    use crate::engine::{Engine, Scratch};

    /// The facts of the one finding of a text, as `name=value`.
    fn told(rule: &str, recipe: &str) -> String {
        let engine = Engine::new(RuleSet::builtin().filtered(|one| one.id == rule));
        let text = mint(recipe, 1).unwrap_or_else(|error| panic!("{error}")).text;
        let mut scratch = Scratch::default();
        let found = engine.scan(&text, &mut scratch);
        let facts = found.iter().flat_map(|candidate| &candidate.verdict.facts);
        facts.map(|fact| format!("{}={}", fact.name, fact.value)).collect::<Vec<_>>().join(" ")
    }

    const TOKEN: &str = "{{cfat_{base62:40}|cloudflare-crc32}}";
    const IDS: [&str; 2] = ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"];

    fn cloudflare(lines: &[String]) -> String {
        told("cloudflare.account-api-token", &lines.join("\n"))
    }

    #[test]
    fn a_fact_has_one_value_or_there_is_none() {
        let [one, other] = IDS;
        let token = format!("token: {TOKEN}");
        let is = format!("account-id={one}");
        for name in ["account_id: ", "CF_ACCOUNT_ID=", "\"accountId\": \"", "cfAccountId = '", "--account-id="] {
            assert_eq!(cloudflare(&[format!("{name}{one}'"), token.clone()]), is, "{name}");
        }
        let line = |id: &str| format!("account_id: {id}");
        assert_eq!(cloudflare(&[line(one), token.clone(), line(one)]), is);
        assert_eq!(cloudflare(&[line(one), token.clone(), line(other)]), "");
        assert_eq!(cloudflare(&[format!("noaccountid: {one}"), token.clone()]), "");
        assert_eq!(cloudflare(&[format!("account_id: {one}0"), token.clone()]), "");
        assert_eq!(cloudflare(&[line(one), String::new(), token.clone()]), "", "behind a blank line");
        let far = "x".repeat(4096 - 20);
        assert_eq!(cloudflare(&[line(one), far, token]), "", "what is cut is none");
    }
}
