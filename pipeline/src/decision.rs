//! What the policies say of an incident.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much is done without asking, in the order of caution: of several the last one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing, and nobody is told.
    Ignore,
    /// Nothing, but its owner is told.
    Notify,
    /// At once.
    Act,
    /// People approve first.
    Ask,
}

impl Verdict {
    /// Every verdict, in order.
    pub const ALL: [Self; 4] = [Self::Ignore, Self::Notify, Self::Act, Self::Ask];

    /// What it is called in files, and as an action in policies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Notify => "notify",
            Self::Act => "act",
            Self::Ask => "ask",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How far it goes, in the order of what it changes: of several the first one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// Off, so that it can be put on again.
    Contain,
    /// Dead. What can be undone comes first.
    Revoke,
    /// Dead, after a successor took its place.
    Rotate,
}

impl Means {
    /// All means, in order.
    pub const ALL: [Self; 3] = [Self::Contain, Self::Revoke, Self::Rotate];

    /// What it is called in files, and as an action in policies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contain => "contain",
            Self::Revoke => "revoke",
            Self::Rotate => "rotate",
        }
    }
}

impl fmt::Display for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What was decided, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// How much is done without asking.
    pub verdict: Verdict,
    /// How far it goes: of [`Verdict::Act`] always something, of [`Verdict::Ask`] what is proposed. `None` if nothing may be done by a call: with
    /// [`Verdict::Ask`], a person does it by hand.
    pub means: Option<Means>,
    /// The policies that decided, by their ids, sorted.
    pub policies: Vec<String>,
    /// How many people have to approve, if they are asked; at least 1.
    pub approvals: u32,
    /// Who may approve: groups or people. Of each list somebody has to; no list is everybody with the role.
    pub approvers: Vec<Vec<String>>,
    /// Seconds between *contained* and the first step that cannot be undone.
    pub wait: u64,
    /// Seconds for which an approval counts.
    pub approval_lasts: u64,
    /// Why, for people.
    pub why: String,
    /// Policies that could not be evaluated, and why. If there is one, the verdict is [`Verdict::Ask`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
}

impl Decision {
    /// What is missing until enough people have approved, as a sentence; `None` if nothing is. `people` are those whose approval counts now, each
    /// once; `is` says whether a person is, or belongs to, a name of [`Decision::approvers`].
    pub fn missing(&self, people: &[&str], is: impl Fn(&str, &str) -> bool) -> Option<String> {
        let on = |list: &[String], person: &str| list.iter().any(|name| is(person, name));
        let counts = |person: &&&str| self.approvers.is_empty() || self.approvers.iter().any(|list| on(list, person));
        let enough = u32::try_from(people.iter().filter(counts).count()).unwrap_or(u32::MAX);
        if enough < self.approvals {
            return Some(format!("{enough} of {} approvals", self.approvals));
        }
        let unheard = self.approvers.iter().find(|list| !people.iter().any(|person| on(list, person)))?;
        Some(format!("nobody of {} has approved", unheard.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(approvals: u32, lists: &[&[&str]]) -> Decision {
        Decision {
            verdict: Verdict::Ask,
            means: Some(Means::Revoke),
            policies: Vec::new(),
            approvals,
            approvers: lists.iter().map(|list| list.iter().map(|&name| name.to_owned()).collect()).collect(),
            wait: 0,
            approval_lasts: 60,
            why: String::new(),
            errors: Vec::new(),
        }
    }

    /// Ada is of security, Bob of payments, Cy of neither.
    fn is(person: &str, name: &str) -> bool {
        person == name || matches!((person, name), ("ada", "security") | ("bob", "payments"))
    }

    #[test]
    fn approvals_are_counted_of_those_who_may() {
        assert_eq!(decision(1, &[]).missing(&["cy"], is), None);
        assert_eq!(decision(1, &[]).missing(&[], is).as_deref(), Some("0 of 1 approvals"));
        assert_eq!(decision(2, &[&["security"]]).missing(&["ada", "cy"], is).as_deref(), Some("1 of 2 approvals"));
        assert_eq!(decision(2, &[&["security", "cy"]]).missing(&["ada", "cy"], is), None);
    }

    #[test]
    fn every_list_is_heard() {
        let both = decision(1, &[&["security"], &["payments", "cy"]]);
        assert_eq!(both.missing(&["ada"], is).as_deref(), Some("nobody of payments, cy has approved"));
        assert_eq!(both.missing(&["ada", "bob"], is), None);
    }

    #[test]
    fn a_decision_is_the_same_after_it_was_written_down() {
        let mut one = decision(2, &[&["security"]]);
        one.errors.push("x".to_owned());
        let text = serde_json::to_string(&one).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Decision>(&text).ok(), Some(one));
    }
}
