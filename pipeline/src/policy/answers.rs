//! What a set of policies says of every action.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Facts;
use super::request::{Question, Trouble};
use super::set::Policies;
use crate::{Means, Verdict};

/// What policies say of one action.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    /// Those that permit it.
    pub(super) permits: BTreeSet<String>,
    /// Those that forbid it, and those that would perhaps: a policy that cannot be evaluated is no gap in a wall.
    pub(super) forbids: BTreeSet<String>,
}

/// What policies say of all actions.
#[derive(Debug, Default)]
pub(super) struct Answers {
    said: BTreeMap<&'static str, Answer>,
    /// The policies that could not be evaluated, by id, and why.
    pub(super) errors: BTreeMap<String, String>,
}

impl Answers {
    pub(super) fn of(policies: &Policies, facts: &Facts) -> Result<Self, Trouble> {
        let question = Question::of(facts)?;
        let mut answers = Self::default();
        let actions = Verdict::ALL.map(Verdict::as_str).into_iter().chain(Means::ALL.map(Means::as_str));
        for action in actions {
            let answer = answers.ask(&question, action, policies)?;
            answers.said.insert(action, answer);
        }
        Ok(answers)
    }

    /// Cedar names only those that outweigh the others, so each half is asked alone.
    fn ask(&mut self, question: &Question, action: &str, policies: &Policies) -> Result<Answer, Trouble> {
        let mut answer = Answer::default();
        let halves = [(&policies.permits, &mut answer.permits, false), (&policies.forbids, &mut answer.forbids, true)];
        for (half, ids, closed) in halves {
            let response = question.ask(action, half)?;
            ids.extend(response.diagnostics().reason().map(ToString::to_string));
            for error in response.diagnostics().errors() {
                let cedar_policy::AuthorizationError::PolicyEvaluationError(error) = error;
                let id = error.policy_id().to_string();
                ids.extend(closed.then(|| id.clone()));
                self.errors.insert(id, error.inner().to_string());
            }
        }
        Ok(answer)
    }

    pub(super) fn verdict(&self, verdict: Verdict) -> &Answer {
        self.action(verdict.as_str())
    }

    pub(super) fn means(&self, means: Means) -> &Answer {
        self.action(means.as_str())
    }

    fn action(&self, action: &str) -> &Answer {
        static SILENCE: Answer = Answer { permits: BTreeSet::new(), forbids: BTreeSet::new() };
        self.said.get(action).unwrap_or(&SILENCE)
    }
}
