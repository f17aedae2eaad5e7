//! What people are told: which events make a notice.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::store::NewJob;
use crate::{Event, Incident, IncidentId};

/// The queue of notices.
pub const QUEUE: &str = "notify";

/// Something that people are to be told about an incident. The incident itself is read when it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Which incident.
    pub incident: IncidentId,
    /// What happened.
    pub topic: Topic,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// A live credential was found.
    Detected,
    /// People have to approve.
    ApprovalNeeded,
    /// It is off.
    Contained,
    /// It is dead.
    Dead,
    /// It does not go on without a person.
    ByHand,
    /// It should be off by now.
    Overdue,
}

impl Topic {
    /// What it is called in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Detected => "detected",
            Self::ApprovalNeeded => "approval-needed",
            Self::Contained => "contained",
            Self::Dead => "dead",
            Self::ByHand => "by-hand",
            Self::Overdue => "overdue",
        }
    }
}

/// The job of telling it, if people are told of such an event.
pub(crate) fn of(incident: &Incident, event: &Event, now: Timestamp) -> Option<NewJob> {
    let topic = match event {
        Event::Decided { decision } if decision.verdict != crate::Verdict::Ignore => Topic::Detected,
        Event::Asked { .. } => Topic::ApprovalNeeded,
        Event::Contained => Topic::Contained,
        Event::Dead => Topic::Dead,
        Event::GaveUp { .. } => Topic::ByHand,
        Event::Overdue { .. } => Topic::Overdue,
        _ => return None,
    };
    let notice = Notice { incident: incident.id.clone(), topic };
    // One notice a topic and attempt: an event that is written again after a crash has the same number.
    let key = format!("{}/{}/{}", incident.id, topic.as_str(), incident.events);
    let payload = serde_json::to_vec(&notice).unwrap_or_default();
    Some(NewJob { queue: QUEUE.to_owned(), key, payload: payload.into(), due: now })
}

/// What a notice is about, by its key.
pub(crate) fn topic_of(key: &str) -> &str {
    key.split('/').nth(1).unwrap_or(key)
}

/// Which event of its incident a notice is about, by its key or by that of what came of it: a number that grows.
pub(crate) fn place_of(key: &str) -> u64 {
    key.rsplit('/').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
