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

impl Next {
    /// Whether it may change something at the provider.
    pub(super) const fn has_effect(&self) -> bool {
        matches!(self, Self::Contain | Self::Kill | Self::Rotate)
    }
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
        Verdict::Act if incident.denied && !approved(incident, now) => Next::Ask,
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
    match decision.means {
        // It is off, and can be put on again: people decide whether it dies. After a no, too, only a yes leads on.
        Some(Means::Contain) => return if approved(incident, now) { Next::Kill } else { Next::Ask },
        Some(Means::Revoke) | None if incident.denied && !approved(incident, now) => return Next::Ask,
        // The steps that kill could hit the successor.
        Some(Means::Rotate) => return Next::Rotate,
        Some(Means::Revoke) | None => {}
    }
    let wait = SignedDuration::from_secs(i64::try_from(decision.wait).unwrap_or(i64::MAX));
    let until = incident.times.contained.and_then(|at| at.checked_add(wait).ok()).unwrap_or(now);
    if until > now { Next::Wait(until) } else { Next::Kill }
}

#[cfg(test)]
mod tests {
    use stanch_model::{Confidence, Severity};
    use stanch_revokers::act::{Moment, Ownership, Plan};
    use stanch_revokers::{Liveness, Probe, Target};

    use super::*;
    use crate::{Approval, Decision, Detected, Event, Exposure, IncidentId, Occurrence, Owner, digest};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    /// A credential that is being switched off, as one person approved.
    fn acting(means: Means) -> Incident {
        let what = Detected {
            fingerprint: "f".to_owned(),
            rule: "acme.token".to_owned(),
            kind: None,
            provider: "acme".to_owned(),
            title: "Acme token".to_owned(),
            preview: String::new(),
            confidence: Confidence::High,
            severity: Severity::High,
            exposure: Exposure::Public,
            labels: std::collections::BTreeMap::new(),
            owner: Owner::default(),
        };
        let plan = Plan {
            fingerprint: "f".to_owned(),
            kind: "acme.token".to_owned(),
            probe: Probe::of(Liveness::Active),
            ownership: Ownership::Listed,
            target: Target::default(),
            steps: Vec::new(),
        };
        let decision = Decision {
            verdict: Verdict::Ask,
            means: Some(means),
            policies: Vec::new(),
            approvals: 1,
            approvers: Vec::new(),
            wait: 0,
            approval_lasts: 3600,
            why: String::new(),
            errors: Vec::new(),
        };
        let mut incident = what.incident(IncidentId::new(NOW, [0; 8]), NOW);
        let (digest, asked) = (digest::of(&plan), digest::asked(&digest::of(&plan), Some(means), false));
        for event in [
            Event::Probed { probe: plan.probe.clone() },
            Event::Planned { digest: digest.clone(), plan: Box::new(plan) },
            Event::Decided { decision },
            Event::Asked { digest: asked.clone(), approvals: 1 },
            approval(&asked),
            Event::Began { digest: asked },
        ] {
            incident.apply(NOW, &event);
        }
        incident
    }

    fn approval(digest: &str) -> Event {
        let until = NOW.checked_add(SignedDuration::from_hours(1)).unwrap_or(NOW);
        let (person, digest) = ("ada".to_owned(), digest.to_owned());
        Event::Approved { approval: Approval { person, digest, until, groups: Vec::new() } }
    }

    fn off(means: Means) -> Incident {
        let mut incident = acting(means);
        assert_eq!(next(&incident, true, NOW), Next::Contain);
        incident.apply(NOW, &Event::Contained);
        incident
    }

    #[test]
    fn who_approved_of_its_death_is_not_asked_again_when_it_is_off() {
        assert_eq!(next(&off(Means::Revoke), false, NOW), Next::Kill);
    }

    #[test]
    fn who_approved_of_switching_it_off_has_not_approved_of_its_death() {
        let mut incident = off(Means::Contain);
        assert_eq!(next(&incident, false, NOW), Next::Ask);
        let before = [Means::Contain, Means::Revoke].map(|means| acting(means).asked().unwrap_or_default());
        let left = incident.asked().unwrap_or_default();
        incident.apply(NOW, &Event::Asked { digest: left.clone(), approvals: 1 });
        for before in &before {
            incident.apply(NOW, &approval(before));
        }
        assert_eq!(next(&incident, false, NOW), Next::Rest, "approvals of the plan before it was off");
        incident.apply(NOW, &approval(&left));
        assert_eq!(next(&incident, false, NOW), Next::Kill);
    }

    #[test]
    fn a_rotation_that_is_tried_again_never_takes_the_steps_of_a_revocation() {
        let mut incident = acting(Means::Rotate);
        assert_eq!(next(&incident, false, NOW), Next::Rotate);
        let proof = Moment::Proof { liveness: Liveness::Inactive };
        incident.apply(NOW, &Event::Act { moment: proof });
        incident.apply(NOW, &Event::GaveUp { why: "the successor was lost".to_owned() });
        incident.apply(NOW, &Event::Retried { person: "bob".to_owned() });
        assert_eq!(next(&incident, false, NOW), Next::Look);
        incident.apply(NOW, &Event::Contained);
        incident.decision = acting(Means::Rotate).decision;
        assert_eq!(next(&incident, false, NOW), Next::Rotate);
    }

    #[test]
    fn what_we_switched_off_does_not_close_as_dead_when_it_is_tried_again() {
        let mut incident = off(Means::Contain);
        let left = incident.asked().unwrap_or_default();
        incident.apply(NOW, &Event::Asked { digest: left, approvals: 1 });
        incident.apply(NOW, &Event::Denied { person: "bob".to_owned(), why: "not now".to_owned() });
        assert_eq!(next(&incident, false, NOW), Next::Rest);
        incident.apply(NOW, &Event::Retried { person: "bob".to_owned() });
        assert_eq!(next(&incident, false, NOW), Next::Ask);
    }

    fn occurrence() -> Occurrence {
        let (source, place) = ("acme/shop".to_owned(), ".env:1".to_owned());
        Occurrence { source, place, commit: None, author: None, url: None, agent: None, since: None }
    }

    fn denied() -> Event {
        Event::Denied { person: "bob".to_owned(), why: "not now".to_owned() }
    }

    #[test]
    fn a_no_while_something_is_under_way_is_heard() {
        let under_way = acting(Means::Revoke);
        let plan = under_way.plan.clone().map(|(digest, plan)| Event::Planned { digest, plan: Box::new(plan) });
        for event in [plan, Some(Event::Contained), Some(Event::Began { digest: String::new() })].into_iter().flatten()
        {
            let mut incident = under_way.clone();
            incident.apply(NOW, &denied());
            incident.apply(NOW, &event);
            assert_eq!((next(&incident, true, NOW), incident.trouble.as_deref()), (Next::Rest, Some("not now")));
        }
    }

    #[test]
    fn after_a_no_nothing_is_done_without_a_new_yes_whoever_has_it_tried_again() {
        let mut waiting = off(Means::Revoke);
        let asked = waiting.asked().unwrap_or_default();
        waiting.apply(NOW, &denied());
        waiting.apply(NOW, &Event::Retried { person: "eve".to_owned() });
        assert_eq!(next(&waiting, false, NOW), Next::Ask);
        waiting.apply(NOW, &Event::Asked { digest: asked.clone(), approvals: 1 });
        waiting.apply(NOW, &approval(&asked));
        assert_eq!(next(&waiting, false, NOW), Next::Kill);

        let mut at_once = acting(Means::Revoke);
        let plan = at_once.plan.clone().map(|(digest, plan)| Event::Planned { digest, plan: Box::new(plan) });
        let decision = at_once.decision.clone().map(|decision| Decision { verdict: Verdict::Act, ..decision });
        let decision = decision.map(|decision| Event::Decided { decision });
        let again = Event::Retried { person: "eve".to_owned() };
        for event in [Some(denied()), Some(again), plan, decision].into_iter().flatten() {
            at_once.apply(NOW, &event);
        }
        assert_eq!(next(&at_once, true, NOW), Next::Ask);
    }

    #[test]
    fn a_yes_to_switching_it_off_is_none_to_its_death_if_the_policies_go_further_now() {
        let mut incident = acting(Means::Contain);
        let plan = incident.plan.clone().map(|(digest, plan)| Event::Planned { digest, plan: Box::new(plan) });
        let decision = incident.decision.clone().map(|decision| Decision { means: Some(Means::Revoke), ..decision });
        let again = [Some(Event::GaveUp { why: "busy".to_owned() }), Some(Event::Retried { person: "ada".to_owned() })];
        let decided = decision.map(|decision| Event::Decided { decision });
        for event in again.into_iter().chain([plan, decided]).flatten() {
            incident.apply(NOW, &event);
        }
        assert_eq!(next(&incident, true, NOW), Next::Ask);
    }

    #[test]
    fn what_is_seen_where_more_people_read_is_decided_anew_but_for_a_no() {
        let seen = Event::Seen { occurrence: occurrence(), exposure: Exposure::Public };
        let mut told_only = Incident { exposure: Exposure::Internal, ..acting(Means::Revoke) };
        told_only.apply(NOW, &Event::GaveUp { why: "the policy has people told, and nothing else done".to_owned() });
        let mut denied_before = told_only.clone();
        told_only.apply(NOW, &seen);
        assert_eq!(next(&told_only, false, NOW), Next::Look);
        denied_before.apply(NOW, &denied());
        denied_before.apply(NOW, &seen);
        assert_eq!(next(&denied_before, false, NOW), Next::Rest);
        let mut as_public = acting(Means::Revoke);
        as_public.apply(NOW, &Event::GaveUp { why: "busy".to_owned() });
        as_public.apply(NOW, &seen);
        assert_eq!(next(&as_public, false, NOW), Next::Rest, "nobody more reads it");
    }
}
