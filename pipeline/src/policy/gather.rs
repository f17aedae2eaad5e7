//! The facts of an incident.

use jiff::civil;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use stanch_revokers::act::{Ownership, Plan, Refusal};
use stanch_revokers::kind::Authority;
use stanch_revokers::{Liveness, Probe, StepKind, Why};

use super::facts::{Abilities, Facts, Obstacle, Owned, Verification, Weekday};
use crate::Incident;

impl Facts {
    /// The facts of an incident: `plan` is what would be done or why nothing is, `abilities` are those of its kind, `now` is when it is decided.
    pub fn of(incident: &Incident, plan: Result<&Plan, &Refusal>, abilities: Abilities, now: Timestamp) -> Self {
        let probe = plan.ok().map(|plan| &plan.probe).or(incident.probe.as_ref());
        let identity = |field| probe.map_or(&[][..], |probe: &Probe| probe.identity.of(field));
        let days = |at: Option<Timestamp>| at.map(|at| days(at, now));
        let places = || incident.occurrences.iter();
        let at = TimeZone::UTC.to_datetime(now);
        Self {
            provider: incident.provider.clone(),
            kind: incident.kind.clone().unwrap_or_default(),
            rule: incident.rule.clone(),
            confidence: incident.confidence,
            severity: incident.severity,
            canary: is_canary(probe, plan),
            test_key: is_test(incident),
            verification: verification(probe, plan),
            ownership: ownership(plan),
            scopes: identity("scopes").iter().cloned().collect(),
            age_days: days(identity("created").iter().filter_map(|text| moment(text)).min()),
            last_used_days: days(identity("last_used").iter().filter_map(|text| moment(text)).max()),
            exposure: incident.exposure,
            exposed_days: days(incident.times.exposed),
            environment: incident.labels.get("environment").cloned().unwrap_or_default().to_ascii_lowercase(),
            repositories: places()
                .map(|place| place.source.clone())
                .chain(incident.labels.get("repository").cloned())
                .collect(),
            agents: places().filter_map(|place| place.agent.clone()).collect(),
            owner: incident.owner.name.clone(),
            owner_found_by: incident.owner.found_by.clone(),
            authority: abilities.authority,
            reversible: abilities.authority != Authority::None && reversible(plan, abilities),
            rotatable: abilities.authority != Authority::None && abilities.rotatable,
            obstacle: plan.err().map_or(Obstacle::None, obstacle),
            labels: incident.labels.clone(),
            hour: u8::try_from(at.hour()).unwrap_or(0),
            weekday: weekday(at.weekday()),
        }
    }
}

/// A plan knows its first step better than its kind.
fn reversible(plan: Result<&Plan, &Refusal>, abilities: Abilities) -> bool {
    plan.ok().and_then(|plan| plan.steps.first()).map_or(abilities.reversible, |step| step.kind == StepKind::Reversible)
}

fn is_canary(probe: Option<&Probe>, plan: Result<&Plan, &Refusal>) -> bool {
    let asked = probe.is_some_and(|probe| probe.liveness == Liveness::Unknown { why: Why::Canary });
    asked || matches!(plan, Err(Refusal::Canary))
}

/// Whether somebody or its rule says so.
fn is_test(incident: &Incident) -> bool {
    let labelled =
        incident.labels.get("test").is_some_and(|value| !matches!(value.as_str(), "" | "false" | "no" | "0"));
    labelled || incident.rule.ends_with("test-key")
}

fn verification(probe: Option<&Probe>, plan: Result<&Plan, &Refusal>) -> Verification {
    match (plan, probe.map(|probe| &probe.liveness)) {
        (Err(Refusal::Dead), _) | (_, Some(Liveness::Inactive)) => Verification::Inactive,
        (_, Some(Liveness::Active)) => Verification::Active,
        (_, Some(Liveness::Unknown { why: Why::Offline | Why::Canary }) | None) => Verification::NotAsked,
        (_, Some(Liveness::Unknown { .. })) => Verification::Unknown,
    }
}

fn ownership(plan: Result<&Plan, &Refusal>) -> Owned {
    match plan.map(|plan| &plan.ownership) {
        Ok(Ownership::Ours { .. }) => Owned::Ours,
        Ok(Ownership::Listed) => Owned::Listed,
        Ok(Ownership::Asserted) => Owned::Asserted,
        Ok(Ownership::Foreign) => Owned::Foreign,
        Err(Refusal::NotOurs(_)) => Owned::Other,
        Err(_) => Owned::Unknown,
    }
}

const fn obstacle(refusal: &Refusal) -> Obstacle {
    match refusal {
        Refusal::Canary => Obstacle::Canary,
        Refusal::Dead => Obstacle::Dead,
        Refusal::NotProven(_) => Obstacle::NotProven,
        Refusal::Person { .. } => Obstacle::ByHand,
        Refusal::NotOurs(_) => Obstacle::NotOurs,
        Refusal::OwnerUnknown => Obstacle::OwnerUnknown,
        Refusal::Target(_) => Obstacle::Target,
    }
}

const fn weekday(day: civil::Weekday) -> Weekday {
    match day {
        civil::Weekday::Monday => Weekday::Monday,
        civil::Weekday::Tuesday => Weekday::Tuesday,
        civil::Weekday::Wednesday => Weekday::Wednesday,
        civil::Weekday::Thursday => Weekday::Thursday,
        civil::Weekday::Friday => Weekday::Friday,
        civil::Weekday::Saturday => Weekday::Saturday,
        civil::Weekday::Sunday => Weekday::Sunday,
    }
}

/// Whole days from then to now; what lies ahead is 0.
fn days(then: Timestamp, now: Timestamp) -> u32 {
    const DAY: i64 = SignedDuration::from_hours(24).as_secs();
    u32::try_from(now.duration_since(then).as_secs() / DAY).unwrap_or(0)
}

/// A moment as providers write it: RFC 3339, RFC 2822, a day, or seconds or milliseconds since 1970. Words after it (`2026-01-02T… (s3)`) are left out.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let word = text.split(" (").next().unwrap_or(text);
    let civil =
        || word.parse::<civil::DateTime>().ok().or_else(|| Some(word.parse::<civil::Date>().ok()?.at(0, 0, 0, 0)));
    let utc = |at: civil::DateTime| TimeZone::UTC.to_timestamp(at).ok();
    let mail = || rfc2822::parse(word).ok().map(|at| at.timestamp());
    count(word).or_else(|| word.parse().ok()).or_else(mail).or_else(|| civil().and_then(utc))
}

/// Seconds or milliseconds since 1970. Seconds of 11 digits come after the year 5000.
fn count(word: &str) -> Option<Timestamp> {
    let number: i64 = word.parse().ok().filter(|_| word.bytes().all(|byte| byte.is_ascii_digit()))?;
    match word.len() {
        9 | 10 => Timestamp::from_second(number).ok(),
        12 | 13 => Timestamp::from_millisecond(number).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use stanch_model::{Confidence, Severity};
    use stanch_revokers::{Identity, Step, Target};

    use super::*;
    use crate::{Detected, Event, Exposure, IncidentId, Occurrence, Owner};

    const NOW: &str = "2026-11-21T16:30:00Z";
    const ALL: Abilities = Abilities { authority: Authority::Admin, reversible: true, rotatable: true };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    fn incident() -> Incident {
        let labels = [("environment", "Production"), ("test", "false"), ("repository", "github.com/a/b")];
        let found = Detected {
            fingerprint: "f".to_owned(),
            rule: "acme.key".to_owned(),
            kind: Some("acme.key".to_owned()),
            provider: "acme".to_owned(),
            title: "key".to_owned(),
            preview: "k".to_owned(),
            confidence: Confidence::High,
            severity: Severity::Critical,
            exposure: Exposure::Internal,
            labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            owner: Owner { name: "ada".to_owned(), found_by: "codeowners".to_owned(), business: None },
        };
        let mut incident = found.incident(IncidentId::new(at(NOW), [7; 8]), at(NOW));
        let occurrence = Occurrence {
            source: "transcript".to_owned(),
            place: "log:1".to_owned(),
            commit: None,
            author: None,
            url: None,
            agent: Some("an-agent".to_owned()),
            since: Some(at("2026-11-18T16:00:00Z")),
        };
        incident.apply(at(NOW), &Event::Seen { occurrence, exposure: Exposure::Model });
        incident
    }

    fn plan(kind: StepKind) -> Plan {
        let mut identity = Identity::default();
        for (field, value) in
            [("scopes", "read"), ("created", "2026-11-11"), ("last_used", "2026-11-20T00:00:00Z (s3)")]
        {
            identity.add(field, value);
        }
        let step = Step {
            index: 0,
            name: "deactivate".to_owned(),
            kind,
            target: "key 1".to_owned(),
            request: "POST".to_owned(),
            settle: 1,
        };
        Plan {
            fingerprint: "f".to_owned(),
            kind: "acme.key".to_owned(),
            probe: Probe::active(identity),
            ownership: Ownership::Listed,
            target: Target::default(),
            steps: vec![step],
        }
    }

    #[test]
    fn an_incident_with_a_plan_tells_its_facts() {
        let facts = Facts::of(&incident(), Ok(&plan(StepKind::Reversible)), ALL, at(NOW));
        assert_eq!(
            (facts.verification, facts.ownership, facts.obstacle),
            (Verification::Active, Owned::Listed, Obstacle::None)
        );
        assert_eq!((facts.age_days, facts.last_used_days, facts.exposed_days), (Some(10), Some(1), Some(3)));
        assert_eq!(
            (facts.exposure, facts.environment.as_str(), facts.test_key),
            (Exposure::Model, "production", false)
        );
        assert_eq!(facts.repositories, BTreeSet::from(["github.com/a/b".to_owned(), "transcript".to_owned()]));
        assert_eq!(facts.agents, BTreeSet::from(["an-agent".to_owned()]));
        assert_eq!((facts.owner.as_str(), facts.owner_found_by.as_str()), ("ada", "codeowners"));
        assert_eq!((facts.authority, facts.reversible, facts.rotatable), (Authority::Admin, true, true));
        assert_eq!((facts.hour, facts.weekday), (16, Weekday::Saturday));
        assert_eq!(facts.scopes, BTreeSet::from(["read".to_owned()]));
        assert!(!Facts::of(&incident(), Ok(&plan(StepKind::Final)), ALL, at(NOW)).reversible, "the plan knows better");
        let none = Facts::of(&incident(), Ok(&plan(StepKind::Reversible)), Abilities::NONE, at(NOW));
        assert!(!none.reversible && !none.rotatable);
    }

    #[test]
    fn a_refusal_tells_why() {
        let of = |refusal: Refusal| {
            let facts = Facts::of(&incident(), Err(&refusal), ALL, at(NOW));
            (facts.obstacle, facts.verification, facts.ownership, facts.canary)
        };
        let asked = Verification::NotAsked;
        assert_eq!(of(Refusal::Canary), (Obstacle::Canary, asked, Owned::Unknown, true));
        assert_eq!(of(Refusal::Dead), (Obstacle::Dead, Verification::Inactive, Owned::Unknown, false));
        assert_eq!(of(Refusal::NotOurs(vec!["x".to_owned()])), (Obstacle::NotOurs, asked, Owned::Other, false));
        assert_eq!(of(Refusal::NotProven(Why::Offline)), (Obstacle::NotProven, asked, Owned::Unknown, false));
        let mut probed = incident();
        probed.probe = Some(Probe::unknown(Why::Answer { status: 500 }));
        let facts = Facts::of(&probed, Err(&Refusal::OwnerUnknown), ALL, at(NOW));
        assert_eq!((facts.verification, facts.obstacle), (Verification::Unknown, Obstacle::OwnerUnknown));
    }

    #[test]
    fn a_test_key_is_known_by_its_label_or_its_rule() {
        let mut incident = incident();
        assert!(!is_test(&incident));
        incident.labels.insert("test".to_owned(), "true".to_owned());
        assert!(is_test(&incident));
        incident.labels.clear();
        incident.rule = "stripe.test-key".to_owned();
        assert!(is_test(&incident));
    }

    #[test]
    fn moments_are_read_as_providers_write_them() {
        let expected = "2024-05-01T00:00:00Z".parse::<Timestamp>().ok();
        for text in [
            "2024-05-01T00:00:00Z",
            "2024-05-01T02:00:00.000+02:00",
            "2024-05-01 00:00:00",
            "2024-05-01",
            "2024-05-01T00:00:00Z (s3)",
            "Wed, 01 May 2024 00:00:00 +0000",
            "1714521600",
            "1714521600000",
        ] {
            assert_eq!(moment(text), expected, "{text}");
        }
        for text in ["", "never", "42", "2024-13-01", "99999999999999999999"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn days_are_whole_and_never_negative() {
        let hour = |hours: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        assert_eq!([days(hour(0), hour(47)), days(hour(0), hour(48)), days(hour(48), hour(0))], [1, 2, 0]);
    }
}
