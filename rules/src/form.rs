//! Whether a value by itself is what a rule looks for: before it is sent to whom the rule names.

use std::borrow::Cow;

use regex_automata::{Anchored, Input};

use crate::pattern::compile_pattern;
use crate::rule::{Look, Rule};
use crate::shape::{Part, Shape};

impl Rule {
    /// Whether a value has the form of the rule's secrets, all of it. Checks, entropy and what stands around are not asked.
    ///
    /// `None` if they have no form of their own: they go by a name, or by what stands around them.
    pub fn has_form(&self, value: &[u8]) -> Option<bool> {
        match &self.look {
            Look::Literal(shapes) | Look::Run(shapes) => Some(shapes.iter().any(|shape| shape.is_whole(value))),
            Look::Pattern(pattern) => {
                let regex = compile_pattern(&pattern.regex).ok()?;
                let names_a_part =
                    regex.group_info().pattern_names(regex_automata::PatternID::ZERO).flatten().count() > 0;
                let found = || regex.search(&Input::new(value).anchored(Anchored::Yes));
                (!names_a_part).then(|| found().is_some_and(|found| found.end() == value.len()))
            }
            Look::Assignment(_) => None,
        }
    }

    /// What its secrets look like, for people: its shapes. Patterns tell people nothing.
    pub fn forms(&self) -> Vec<Cow<'_, str>> {
        match &self.look {
            Look::Literal(shapes) | Look::Run(shapes) => {
                shapes.iter().map(|shape| Cow::Borrowed(shape.source.as_ref())).collect()
            }
            Look::Pattern(_) | Look::Assignment(_) => Vec::new(),
        }
    }
}

impl Shape {
    /// Whether a value is what the shape calls the secret, from its first byte to its last.
    fn is_whole(&self, value: &[u8]) -> bool {
        let (from, to) = (usize::from(self.secret.0), usize::from(self.secret.1));
        let mut rest = value;
        for part in self.parts.get(from..to).unwrap_or_default() {
            let taken = match part {
                Part::Literal(bytes) => rest.starts_with(bytes).then_some(bytes.len()),
                Part::Class { class, min, max, .. } => {
                    let run = rest.iter().take(*max as usize).take_while(|byte| class.contains(**byte)).count();
                    (run >= *min as usize).then_some(run)
                }
            };
            let Some(after) = taken.and_then(|taken| rest.get(taken..)) else { return false };
            rest = after;
        }
        rest.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use crate::{RuleSet, mint_case};

    #[test]
    fn what_a_rule_finds_has_its_form() {
        for rule in RuleSet::builtin().iter() {
            for (number, case) in rule.accept.iter().enumerate() {
                let minted = mint_case(&rule.id, number, case).unwrap_or_else(|error| panic!("{}: {error}", rule.id));
                let form = rule.has_form(&minted.finds);
                assert_ne!(form, Some(false), "{} accept {}", rule.id, number + 1);
                if form == Some(true) {
                    let longer = [&minted.finds, "\n ?".as_bytes()].concat();
                    assert_eq!(rule.has_form(&longer), Some(false), "{} accept {}", rule.id, number + 1);
                }
            }
        }
    }

    #[test]
    fn a_secret_of_another_kind_has_another_form() {
        let rules = RuleSet::builtin();
        let of = |rule: &str, value: &str| rules.get(rule).and_then(|rule| rule.has_form(value.as_bytes()));
        let github = format!("gh{}_{}", "p", "a1".repeat(18));
        assert_eq!(of("github.personal-access-token", &github), Some(true));
        assert_eq!(of("github.personal-access-token", &format!("\"{github}\"")), Some(false));
        assert_eq!(of("openrouter.api-key", &github), Some(false));
        assert_eq!(of("twilio.auth-token", &github), Some(false));
        assert_eq!(of("uri.postgres", &github), None);
    }
}
