//! What comes next for an incident: a pure function of its events and the time.

use jiff::{SignedDuration, Timestamp};

use crate::{Ending, Incident, Means, State, Verdict};

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing, until something happens or the incident's time comes.
    Rest,
    /// Ask the provider, and find out what would have to be done.
    Look,
    /// Ask the policies.
    Decide,
    /// Ask people.
    Ask,
    /// What was approved of may be out of date: look once more, then act.
    Begin,
    /// Go on with what was begun, until the provider refuses the credential.
    Contain,
    /// Wait before what cannot be undone.
    Wait(Timestamp),
    /// Do what cannot be undone.
    Kill,
    /// A successor first.
    Rotate,
    /// Nothing further without a person, because of this.
    GiveUp(String),
    /// It is over.
    Close(Ending),
}

/// What comes next. `fresh` says whether the incident was looked at in this run, so that its plan is what the provider shows now.
pub(super) fn next(incident: &Incident, fresh: bool, now: Timestamp) -> Next {
    if incident.due.is_some_and(|due| due > now) {
        return Next::Rest;
    }
    match incident.state {
        State::Detected => Next::Look,
        State::Verified => verified(incident, fresh, now),
        State::Waiting => waiting(incident, fresh, now),
        State::Acting => acting(incident),
        State::Contained => contained(incident, now),
        State::Dead => Next::Close(Ending::Killed),
        State::ByHand | State::Closed => Next::Rest,
    }
}

fn verified(incident: &Incident, fresh: bool, now: Timestamp) -> Next {
    let Some(decision) = &incident.decision else {
        // Why there is no plan is known to whoever looked, and policies want to know it.
        return if incident.plan.is_some() || fresh { Next::Decide } else { Next::Look };
    };
    if incident.plan.is_none() {
        // A decision without a plan: only what needs no plan can follow.
        return match decision.verdict {
            Verdict::Ignore => Next::Close(Ending::Ignored),
            _ if was_dead(incident) => Next::Close(Ending::WasDead),
            _ => Next::GiveUp(incident.refusal.clone().unwrap_or_else(|| "there is no plan".to_owned())),
        };
    }
    match decision.verdict {
        Verdict::Act | Verdict::Ask if decision.means.is_none() => {
            Next::GiveUp("the policies let no call be made: a person does it".to_owned())
        }
        Verdict::Ignore => Next::Close(Ending::Ignored),
        Verdict::Notify => Next::GiveUp("the policy has people told, and nothing else done".to_owned()),
        Verdict::Ask if !approved(incident, now) => Next::Ask,
        Verdict::Ask | Verdict::Act => begin(fresh),
    }
}

/// What was decided on an older look may be out of date.
const fn begin(fresh: bool) -> Next {
    if fresh { Next::Begin } else { Next::Look }
}

/// Whether enough people approved of the plan at hand, and of each list of approvers somebody.
fn approved(incident: &Incident, now: Timestamp) -> bool {
    incident.decision.as_ref().is_some_and(|decision| {
        let people = incident.approvers(now);
        !people.is_empty() && decision.missing(&people, |person, name| incident.is_of(person, name, now)).is_none()
    })
}

/// Whether the provider refused it before we did anything.
fn was_dead(incident: &Incident) -> bool {
    use stanch_revokers::Liveness;
    incident.probe.as_ref().is_some_and(|probe| probe.liveness == Liveness::Inactive)
}

fn waiting(incident: &Incident, fresh: bool, now: Timestamp) -> Next {
    match (approved(incident, now), incident.times.contained) {
        (false, _) => Next::Rest,
        // It is off already, so that a look would tell nothing new.
        (true, Some(_)) => Next::Kill,
        (true, None) => begin(fresh),
    }
}

fn acting(incident: &Incident) -> Next {
    match incident.decision.as_ref().and_then(|decision| decision.means) {
        Some(Means::Rotate) => Next::Rotate,
        _ => Next::Contain,
    }
}

fn contained(incident: &Incident, now: Timestamp) -> Next {
    let Some(decision) = &incident.decision else { return Next::GiveUp("nobody decided about it".to_owned()) };
    if decision.means == Some(Means::Contain) {
        // It is off, and can be put on again: people decide whether it dies.
        return if approved(incident, now) { Next::Kill } else { Next::Ask };
    }
    let wait = SignedDuration::from_secs(i64::try_from(decision.wait).unwrap_or(i64::MAX));
    let until = incident.times.contained.and_then(|at| at.checked_add(wait).ok()).unwrap_or(now);
    if until > now { Next::Wait(until) } else { Next::Kill }
}
