//! What can happen to an incident. Each is one line of the log; none holds a secret.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stanch_model::{Confidence, Severity};
use stanch_revokers::Probe;
use stanch_revokers::act::{Moment, Plan};

use crate::Decision;
use crate::incident::{Ending, Exposure, Incident, IncidentId, Occurrence, Owner, State, Times};

/// That a person approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub person: String,
    /// Of which plan.
    pub digest: String,
    /// Until when it counts.
    pub until: Timestamp,
    /// The groups that they were of then: an approval of a group's list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A credential was found. The first event of an incident.
    Detected {
        /// What is known of it.
        what: Box<Detected>,
    },
    /// It stands somewhere.
    Seen {
        /// Where.
        occurrence: Occurrence,
        /// Who can read that.
        exposure: Exposure,
    },
    /// Somebody answers for it.
    Owned {
        /// Who.
        owner: Owner,
    },
    /// The provider was asked.
    Probed {
        /// What it said.
        probe: Probe,
    },
    /// Everything that must be known for acting is known.
    Planned {
        /// Its digest, to which approvals are bound.
        digest: String,
        /// What would be done.
        plan: Box<Plan>,
    },
    /// Something that must be known for acting is not known, or forbids it.
    NotPlanned {
        /// Why.
        why: String,
        /// What a person can do.
        runbook: Option<String>,
    },
    /// Policies were asked.
    Decided {
        /// What they say.
        decision: Decision,
    },
    /// People were asked.
    Asked {
        /// About which plan.
        digest: String,
        /// How many have to approve.
        approvals: u32,
    },
    /// A person approved.
    Approved {
        /// Who, of what, until when.
        approval: Approval,
    },
    /// A person said no.
    Denied {
        /// Who.
        person: String,
        /// Why.
        why: String,
    },
    /// Steps are about to be taken.
    Began {
        /// By which plan.
        digest: String,
    },
    /// A line of the revokers.
    Act {
        /// What it says.
        moment: Moment,
    },
    /// It is reversibly off.
    Contained,
    /// It cannot come back.
    Dead,
    /// It cannot go on now.
    Later {
        /// When to try again.
        due: Timestamp,
        /// Why not now.
        why: String,
    },
    /// It cannot go on without a person.
    GaveUp {
        /// Why.
        why: String,
    },
    /// A person wants it tried again.
    Retried {
        /// Who.
        person: String,
    },
    /// The provider does not refuse it yet, although it should by now.
    Overdue {
        /// Which time that is the case: 1 is the first.
        level: u32,
        /// After how many seconds since it was found that was.
        after: u64,
    },
    /// Somebody was told.
    Told {
        /// By which channel.
        channel: String,
        /// Of what.
        what: String,
    },
    /// A remark.
    Noted {
        /// What.
        text: String,
    },
    /// Nothing further is done.
    Closed {
        /// How it ended.
        ending: Ending,
    },
}

/// What is known of a credential when it is found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detected {
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
    /// Who can read it.
    pub exposure: Exposure,
    /// Facts for policies.
    pub labels: BTreeMap<String, String>,
    /// Who answers for it.
    pub owner: Owner,
}

impl Detected {
    /// The incident that begins with it.
    pub fn incident(&self, id: IncidentId, at: Timestamp) -> Incident {
        Incident {
            id,
            fingerprint: self.fingerprint.clone(),
            rule: self.rule.clone(),
            kind: self.kind.clone(),
            provider: self.provider.clone(),
            title: self.title.clone(),
            preview: self.preview.clone(),
            confidence: self.confidence,
            severity: self.severity,
            state: State::Detected,
            ending: None,
            exposure: self.exposure,
            labels: self.labels.clone(),
            owner: self.owner.clone(),
            occurrences: Vec::new(),
            probe: None,
            plan: None,
            refusal: None,
            runbook: None,
            decision: None,
            approvals: Vec::new(),
            denied: false,
            moments: Vec::new(),
            times: Times { detected: Some(at), ..Times::default() },
            due: None,
            attempts: 0,
            trouble: None,
            overdue: 0,
            events: 1,
        }
    }
}
