//! From facts to a decision. `docs/policy.md` tells the rules to users; they are here because a reader must be able to hold them in the head:
//!
//! 1. Of the verdicts that policies permit, the most cautious wins: `ask`, then `act`, then `notify`, then `ignore`. If none is permitted, people
//!    are asked.
//! 2. If it is forbidden, people are asked. (Not: the next lower one is taken. A `forbid` of `act` beside a permitted `ignore` would hide the
//!    credential, and adding a `forbid` must never make a decision less cautious.)
//! 3. Of the means that are permitted, not forbidden, and possible with this kind, the one that changes least wins: `contain` can be undone, `revoke`
//!    leaves nothing new behind, `rotate` makes a new secret that has to be handed over. If a `forbid` struck out the first, people are asked
//!    about the second. A proposal to people needs no permission: if no means is permitted, they are asked about `revoke`.
//! 4. Whatever is in doubt is asked: a policy that cannot be evaluated (it counts as a `forbid` where it is one), no plan, no possible means.
//! 5. Every policy that spoke for or against what was chosen or struck out is a deciding one, and the strictest terms of all of them hold: most
//!    approvals, longest wait, shortest approval. A deciding policy that names approvals or approvers makes `act` an `ask`.

use std::collections::BTreeSet;

use jiff::Timestamp;
use stanch_revokers::act::{Plan, Refusal};
use stanch_revokers::kind::Authority;
use stanch_revokers::registry::Entry;

use super::answers::{Answer, Answers};
use super::facts::{Abilities, Facts, Obstacle};
use super::set::{Policies, Policy};
use super::terms::Terms;
use crate::engine::Decider;
use crate::{Decision, Incident, Means, Verdict};

/// Seconds for which an approval counts if no policy says so: a day.
const LASTS: u64 = 86_400;

impl Policies {
    /// What is done with a credential of which these facts hold. The same facts always lead to the same decision.
    pub fn decide(&self, facts: &Facts) -> Decision {
        match Answers::of(self, facts) {
            Ok(answers) => Choice::of(self, facts, &answers).decision(),
            Err(trouble) => Choice::broken(self, trouble).decision(),
        }
    }
}

impl Decider for Policies {
    fn decide(
        &self,
        incident: &Incident,
        plan: Result<&Plan, &Refusal>,
        entry: Option<&Entry>,
        now: Timestamp,
    ) -> Decision {
        let abilities = entry.map_or(Abilities::NONE, |entry| Abilities::of(entry.kind));
        self.decide(&Facts::of(incident, plan, abilities, now))
    }
}

/// A decision that is being made.
struct Choice<'a> {
    policies: &'a Policies,
    verdict: Verdict,
    means: Option<Means>,
    deciding: BTreeSet<&'a str>,
    /// Why it is not done at once, for people.
    causes: Vec<String>,
    errors: Vec<String>,
}

impl<'a> Choice<'a> {
    fn of(policies: &'a Policies, facts: &Facts, answers: &'a Answers) -> Self {
        let errors = answers.errors.iter().map(|(id, why)| format!("{id}: {why}")).collect();
        let mut choice = Self {
            policies,
            verdict: Verdict::Ask,
            means: None,
            deciding: BTreeSet::new(),
            causes: Vec::new(),
            errors,
        };
        choice.choose_verdict(facts, answers);
        if choice.verdict >= Verdict::Act {
            choice.choose_means(facts, answers);
        }
        if choice.verdict == Verdict::Act && choice.terms().any(Terms::asks) {
            choice.ask("a policy asks for approvals".to_owned());
        }
        if choice.verdict == Verdict::Ask {
            choice.heed_forbids(answers.verdict(Verdict::Act));
        }
        choice
    }

    /// Nothing could be evaluated. Facts and schema agree, so that it does not happen; if it does, a person looks.
    fn broken(policies: &'a Policies, trouble: String) -> Self {
        let causes = vec!["the policies could not be asked".to_owned()];
        Self { policies, verdict: Verdict::Ask, means: None, deciding: BTreeSet::new(), causes, errors: vec![trouble] }
    }

    fn choose_verdict(&mut self, facts: &Facts, answers: &'a Answers) {
        let permitted = Verdict::ALL.into_iter().rev().find(|one| !answers.verdict(*one).permits.is_empty());
        let Some(wish) = permitted else {
            self.causes.push("no policy permits anything else".to_owned());
            return self.heed_errors();
        };
        self.verdict = wish;
        self.heed_permits(answers.verdict(wish));
        if wish == Verdict::Ask {
            self.causes.push("a policy says so".to_owned());
        } else if !answers.verdict(wish).forbids.is_empty() {
            self.heed_forbids(answers.verdict(wish));
            self.ask(format!("`{wish}` is permitted and forbidden"));
        }
        if self.verdict == Verdict::Act && facts.obstacle != Obstacle::None {
            self.ask(format!("there is no plan ({})", facts.obstacle.as_str()));
        }
        self.heed_errors();
    }

    fn choose_means(&mut self, facts: &Facts, answers: &'a Answers) {
        let permitted =
            Means::ALL.into_iter().filter(|one| can(facts, *one) && !answers.means(*one).permits.is_empty());
        for means in permitted {
            let answer = answers.means(means);
            self.heed_permits(answer);
            if answer.forbids.is_empty() {
                self.means = Some(means);
                return;
            }
            self.heed_forbids(answer);
            self.ask(format!("`{means}` is permitted and forbidden"));
        }
        if self.verdict == Verdict::Act {
            self.ask("no permitted means can be had for it".to_owned());
        }
        for means in [Means::Revoke, Means::Contain, Means::Rotate].into_iter().filter(|one| can(facts, *one)) {
            let answer = answers.means(means);
            self.heed_forbids(answer);
            if answer.forbids.is_empty() {
                self.means = Some(means);
                return;
            }
        }
    }

    /// People are asked, for this reason.
    fn ask(&mut self, cause: String) {
        self.verdict = Verdict::Ask;
        self.causes.push(cause);
    }

    fn heed_errors(&mut self) {
        let count = self.errors.len();
        if count > 0 {
            self.ask(format!("{count} of the policies could not be evaluated"));
        }
    }

    fn heed_permits(&mut self, answer: &'a Answer) {
        self.deciding.extend(answer.permits.iter().map(String::as_str));
    }

    fn heed_forbids(&mut self, answer: &'a Answer) {
        self.deciding.extend(answer.forbids.iter().map(String::as_str));
    }

    fn deciders(&self) -> impl Iterator<Item = &'a Policy> {
        self.deciding.iter().filter_map(|id| self.policies.get(id))
    }

    fn terms(&self) -> impl Iterator<Item = &'a Terms> {
        self.deciders().map(|policy| &policy.terms)
    }

    /// The strictest terms of all that decided. Of lists of approvers each has to be heard: in a union one team could approve what another one
    /// guards, and an intersection may be nobody.
    fn decision(self) -> Decision {
        let lists: BTreeSet<&Vec<String>> =
            self.terms().map(|terms| &terms.approvers).filter(|list| !list.is_empty()).collect();
        Decision {
            verdict: self.verdict,
            means: self.means,
            policies: self.deciding.iter().map(|&id| id.to_owned()).collect(),
            approvals: self.terms().filter_map(|terms| terms.approvals).max().unwrap_or(1),
            approvers: lists.into_iter().cloned().collect(),
            wait: self.terms().filter_map(|terms| terms.wait).max().unwrap_or(0),
            approval_lasts: self.terms().filter_map(|terms| terms.approval_lasts).min().unwrap_or(LASTS),
            why: self.why(),
            errors: self.errors,
        }
    }

    fn why(&self) -> String {
        let head = match self.verdict {
            Verdict::Ignore => "nothing is done".to_owned(),
            Verdict::Notify => "its owner is told, and nothing is done".to_owned(),
            Verdict::Act => "it is done at once".to_owned(),
            Verdict::Ask => format!("people are asked: {}", self.causes.join("; ")),
        };
        let parts = self.deciders().map(|policy| format!("{}: {}", policy.id, policy.why));
        std::iter::once(head).chain(parts).collect::<Vec<_>>().join(" | ")
    }
}

/// Whether a means is possible with a credential at all.
const fn can(facts: &Facts, means: Means) -> bool {
    let dies = !matches!(facts.authority, Authority::None);
    match means {
        Means::Contain => dies && facts.reversible,
        Means::Revoke => dies,
        Means::Rotate => dies && facts.rotatable,
    }
}
