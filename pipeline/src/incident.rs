//! One credential's life, as its events tell it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stanch_model::{Confidence, Severity};
use stanch_revokers::act::{Moment, Plan};
use stanch_revokers::{Liveness, Probe, Step, StepKind};

use crate::event::{Approval, Event};
use crate::{Decision, Means, digest};

/// The name of an incident: `inc_` and 20 letters and digits, in the order of time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentId(String);

/// The text is no name of an incident.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no name of an incident: `inc_` and 20 letters and digits")]
pub struct ParseIdError;

impl IncidentId {
    const PREFIX: &str = "inc_";
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

    /// A new name, from the time and 52 bits of chance.
    pub fn new(at: Timestamp, chance: [u8; 8]) -> Self {
        // 48 bits of milliseconds are 10 digits; 10 more are of chance.
        let time = u64::try_from(at.as_millisecond()).unwrap_or(0) & ((1 << 48) - 1);
        let mut name = Self::PREFIX.to_owned();
        for (value, digits) in [(time, 10_u32), (u64::from_le_bytes(chance), 10)] {
            for place in (0..digits).rev() {
                let digit = usize::try_from((value >> (5 * place)) & 31).unwrap_or(0);
                name.extend(Self::DIGITS.get(digit).map(|byte| char::from(*byte)));
            }
        }
        Self(name)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IncidentId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let rest = text.strip_prefix(Self::PREFIX).ok_or(ParseIdError)?;
        let fits = rest.len() == 20 && rest.bytes().all(|byte| Self::DIGITS.contains(&byte));
        fits.then(|| Self(text.to_owned())).ok_or(ParseIdError)
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Where a credential leaked to. The order is that of the danger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exposure {
    /// It never left one machine.
    #[default]
    Local,
    /// Colleagues can read it.
    Internal,
    /// It reached a provider of language models: a prompt, a transcript, training data.
    Model,
    /// Everybody can read it.
    Public,
}

impl Exposure {
    /// What it is called in files and policies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Internal => "internal",
            Self::Model => "model",
            Self::Public => "public",
        }
    }
}

/// How far an incident is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It was found; its provider has not been asked.
    Detected,
    /// Its provider was asked, and a policy decides next.
    Verified,
    /// People have to approve of the plan.
    Waiting,
    /// It was decided, and approved of where that was asked: steps are taken.
    Acting,
    /// It is reversibly off: the provider refuses it.
    Contained,
    /// It cannot come back: the provider refuses it.
    Dead,
    /// Nothing further is done without a person.
    ByHand,
    /// Nothing further is done.
    Closed,
}

impl State {
    /// Every state, in order.
    pub const ALL: [Self; 8] = [
        Self::Detected,
        Self::Verified,
        Self::Waiting,
        Self::Acting,
        Self::Contained,
        Self::Dead,
        Self::ByHand,
        Self::Closed,
    ];

    /// What it is called in files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Detected => "detected",
            Self::Verified => "verified",
            Self::Waiting => "waiting",
            Self::Acting => "acting",
            Self::Contained => "contained",
            Self::Dead => "dead",
            Self::ByHand => "by-hand",
            Self::Closed => "closed",
        }
    }
}

/// How an incident ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// We killed it, and its provider refuses it.
    Killed,
    /// It was dead when we asked.
    WasDead,
    /// A policy said that nothing is to be done.
    Ignored,
    /// A person said so.
    ByPerson,
}

/// Who answers for a credential. Each incident has one: the last of all is the fallback of the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Who repairs it, a person or team: an address, a handle.
    pub name: String,
    /// How they were found: `ownership-file`, `codeowners`, `author`, `provider`, `fallback`.
    pub found_by: String,
    /// Who bears the damage, where that is somebody else and known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business: Option<String>,
}

/// One place where the credential stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Occurrence {
    /// Which source: a repository's address, a folder, `transcript`.
    pub source: String,
    /// The place in it: `path:line`.
    pub place: String,
    /// The commit that brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Who wrote that commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// A page that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The agent in whose log it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Since when it has stood there, if that is known: a push, a commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// When what happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// Since when the credential has been exposed, if that is known.
    pub exposed: Option<Timestamp>,
    /// When we learned of it.
    pub detected: Option<Timestamp>,
    /// When its provider first answered.
    pub verified: Option<Timestamp>,
    /// When a policy decided.
    pub decided: Option<Timestamp>,
    /// When the provider first refused it after a step of ours.
    pub contained: Option<Timestamp>,
    /// When it could not come back any more.
    pub dead: Option<Timestamp>,
    /// When the incident was closed.
    pub closed: Option<Timestamp>,
}

/// One credential's life. It holds no secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its name.
    pub id: IncidentId,
    /// The credential's name.
    pub fingerprint: String,
    /// The rule that found it.
    pub rule: String,
    /// Its kind, if revokers know it.
    pub kind: Option<String>,
    /// Who issued it.
    pub provider: String,
    /// What a person calls this kind of credential.
    pub title: String,
    /// What may be shown of it.
    pub preview: String,
    /// How sure the scanner is.
    pub confidence: Confidence,
    /// The damage that it can do.
    pub severity: Severity,
    /// How far it is.
    pub state: State,
    /// How it ended.
    pub ending: Option<Ending>,
    /// The worst exposure of its occurrences.
    pub exposure: Exposure,
    /// Facts for policies: `environment`, `repository`, `test` and the like, by name.
    pub labels: BTreeMap<String, String>,
    /// Who answers for it.
    pub owner: Owner,
    /// Where it stands.
    pub occurrences: Vec<Occurrence>,
    /// What the provider said last.
    pub probe: Option<Probe>,
    /// What will be done, and its digest.
    pub plan: Option<(String, Plan)>,
    /// Why there is no plan.
    pub refusal: Option<String>,
    /// What a person has to do.
    pub runbook: Option<String>,
    /// What the policies say.
    pub decision: Option<Decision>,
    /// Who approved of which plan.
    pub approvals: Vec<Approval>,
    /// Whether a person said no: from then on nothing is done without a yes that came later, whatever the policies say.
    #[serde(default)]
    pub denied: bool,
    /// What was done to the credential, for the revokers to go on from.
    pub moments: Vec<Moment>,
    /// When what happened.
    pub times: Times,
    /// When to look again.
    pub due: Option<Timestamp>,
    /// How often in a row it could not go on.
    pub attempts: u32,
    /// Why not.
    pub trouble: Option<String>,
    /// How often it was told that it should be off by now.
    #[serde(default)]
    pub overdue: u32,
    /// How many events there are.
    pub events: u64,
}

impl Incident {
    /// Takes the next event. It must be given every event of the incident, in order; the first is [`Event::Detected`].
    pub fn apply(&mut self, at: Timestamp, event: &Event) {
        self.events += 1;
        match event {
            Event::Seen { occurrence, exposure } => self.seen(occurrence, *exposure),
            Event::Owned { owner } => self.owner = owner.clone(),
            Event::Probed { probe } => self.probed(at, probe),
            Event::Planned { digest, plan } => self.planned(digest, plan),
            Event::NotPlanned { why, runbook } => {
                (self.plan, self.refusal, self.runbook) = (None, Some(why.clone()), runbook.clone());
                self.goes(State::Verified);
            }
            Event::Decided { decision } => {
                self.times.decided.get_or_insert(at);
                self.decision = Some(decision.clone());
            }
            Event::Asked { .. } => self.goes(State::Waiting),
            Event::Approved { approval } => self.approvals.push(approval.clone()),
            Event::Denied { .. } => {
                self.approvals.clear();
                (self.state, self.denied) = (State::ByHand, true);
            }
            Event::GaveUp { .. } => self.state = State::ByHand,
            Event::Began { .. } => self.goes(State::Acting),
            Event::Act { moment } => self.acted(at, moment),
            Event::Contained => self.contained(at),
            Event::Dead => self.dead(at),
            Event::Later { due, why } => {
                (self.due, self.trouble) = (Some(*due), Some(why.clone()));
                self.attempts += 1;
            }
            Event::Overdue { level, .. } => self.overdue = self.overdue.max(*level),
            Event::Detected { .. } | Event::Told { .. } | Event::Noted { .. } => {}
            Event::Retried { .. } => self.again(),
            Event::Closed { ending } => {
                (self.state, self.ending, self.due) = (State::Closed, Some(*ending), None);
                self.times.closed = Some(at);
            }
        }
        match event {
            Event::Denied { why, .. } | Event::GaveUp { why } => self.trouble = Some(why.clone()),
            Event::Later { .. }
            | Event::Told { .. }
            | Event::Noted { .. }
            | Event::Seen { .. }
            | Event::Overdue { .. } => {}
            // Why it is in a person's hands stays true.
            _ if self.state == State::ByHand => self.due = None,
            _ => (self.due, self.trouble) = (None, None),
        }
    }

    /// Out of a person's hands only a person leads it ([`Event::Retried`]), its death or its end: who said no while something was under way
    /// is heard.
    fn goes(&mut self, state: State) {
        if self.state != State::ByHand {
            self.state = state;
        }
    }

    fn seen(&mut self, occurrence: &Occurrence, exposure: Exposure) {
        /// More places than anybody reads; all of them are in the log.
        const MOST: usize = 200;
        let is_worse = exposure > self.exposure;
        self.exposure = self.exposure.max(exposure);
        // What was decided was decided about less. A person's no stands, and so does what was begun.
        if is_worse && !self.denied && self.moments.is_empty() {
            match self.state {
                State::Waiting => (self.state, self.decision, self.due) = (State::Verified, None, None),
                State::ByHand => self.again(),
                _ => {}
            }
        }
        self.times.exposed = [self.times.exposed, occurrence.since].into_iter().flatten().min();
        if !self.occurrences.contains(occurrence) && self.occurrences.len() < MOST {
            self.occurrences.push(occurrence.clone());
        }
    }

    fn probed(&mut self, at: Timestamp, probe: &Probe) {
        if !matches!(probe.liveness, Liveness::Unknown { .. }) {
            self.times.verified.get_or_insert(at);
            self.attempts = 0;
            // A provider that is away has said nothing: what nobody has verified is not called so.
            self.state = self.state.max(State::Verified);
        }
        self.probe = Some(probe.clone());
    }

    /// A plan that is not the one before it needs a new decision and new approvals; these are bound to its digest.
    fn planned(&mut self, digest: &str, plan: &Plan) {
        if self.plan.as_ref().is_none_or(|(known, _)| known != digest) {
            self.decision = None;
        }
        self.plan = Some((digest.to_owned(), plan.clone()));
        self.refusal = None;
        self.runbook = None;
        self.goes(State::Verified);
    }

    fn acted(&mut self, at: Timestamp, moment: &Moment) {
        self.moments.push(moment.clone());
        if let Moment::Proof { liveness: Liveness::Inactive } = moment {
            self.times.contained.get_or_insert(at);
            self.attempts = 0;
        }
    }

    fn contained(&mut self, at: Timestamp) {
        self.times.contained.get_or_insert(at);
        self.goes(State::Contained);
    }

    fn dead(&mut self, at: Timestamp) {
        self.times.contained.get_or_insert(at);
        self.times.dead.get_or_insert(at);
        self.state = State::Dead;
    }

    /// A person wants it tried again: nothing of what was done is forgotten, what was decided is.
    fn again(&mut self) {
        self.attempts = 0;
        if self.state != State::ByHand {
            return;
        }
        let rotates = self.decision.as_ref().is_none_or(|decision| decision.means == Some(Means::Rotate));
        if self.times.contained.is_some() && self.times.dead.is_none() && self.plan.is_some() && !rotates {
            // It is off, so that a new look would find it dead, which it is not. Of a rotation that is not so: its steps could hit the successor.
            self.state = State::Contained;
        } else {
            self.state = State::Detected;
            (self.plan, self.decision, self.refusal) = (None, None, None);
        }
    }

    /// What an approval has to name to count now: the plan at hand, as far as the policies go. `None` if there is no plan.
    pub fn asked(&self) -> Option<String> {
        let means = self.decision.as_ref().and_then(|decision| decision.means);
        self.plan.as_ref().map(|(plan, _)| digest::asked(plan, means, self.times.contained.is_some()))
    }

    /// What would be done if it went on now: of the plan at hand the steps that the policies go to.
    pub fn steps(&self) -> Vec<&Step> {
        let Some((_, plan)) = &self.plan else { return Vec::new() };
        let means = self.decision.as_ref().and_then(|decision| decision.means);
        let (contains, is_off) = (means == Some(Means::Contain), self.times.contained.is_some());
        let wanted = |step: &&Step| !contains || (step.kind == StepKind::Reversible) != is_off;
        plan.steps.iter().filter(wanted).collect()
    }

    /// Whether somebody who approved of the plan at hand is called so, or was of this group when they approved.
    pub fn is_of(&self, person: &str, name: &str, now: Timestamp) -> bool {
        let Some(digest) = self.asked() else { return false };
        let counts =
            |approval: &&Approval| approval.digest == digest && approval.until > now && approval.person == person;
        person == name
            || self.approvals.iter().filter(counts).any(|approval| approval.groups.iter().any(|of| of == name))
    }

    /// The valid approvals of the plan at hand, one a person.
    pub fn approvers(&self, now: Timestamp) -> Vec<&str> {
        let Some(digest) = self.asked() else { return Vec::new() };
        let mut people: Vec<&str> = Vec::new();
        for approval in &self.approvals {
            if approval.digest == digest && approval.until > now && !people.contains(&approval.person.as_str()) {
                people.push(&approval.person);
            }
        }
        people
    }
}
