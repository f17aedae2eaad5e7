//! What messages may say of an incident. It is made of the fields of [`Incident`], which holds no secret, and of nothing else.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stanch_revokers::Liveness;

use super::Occasion;
use crate::{Incident, Occurrence};

/// The version of the form. Fields may be added to it; if one goes or changes its meaning, the number grows.
const VERSION: u32 = 1;
/// More places than a message can show.
const PLACES: usize = 10;

/// An incident as messages and templates see it. Every text is one line without control characters, and bounded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// The version of this form: 1.
    pub version: u32,
    /// What happened.
    pub event: Occasion,
    /// When.
    pub at: Timestamp,
    /// The incident's name.
    pub id: String,
    /// Where people see it, if the configuration says so.
    pub link: Option<String>,
    /// What a person calls this kind of credential.
    pub title: String,
    /// Its kind.
    pub kind: Option<String>,
    /// The rule that found it.
    pub rule: String,
    /// Who issued it.
    pub provider: String,
    /// The credential's name.
    pub fingerprint: String,
    /// What may be shown of it.
    pub preview: String,
    /// `low`, `medium`, `high`, `critical`.
    pub severity: String,
    /// `low`, `medium`, `high`.
    pub confidence: String,
    /// `local`, `internal`, `model`, `public`.
    pub exposure: String,
    /// How far the incident is.
    pub state: String,
    /// `active`, `inactive`, `unknown`; nothing if nobody was asked.
    pub liveness: Option<String>,
    /// Whose it is, as its provider says.
    pub identity: BTreeMap<String, Vec<String>>,
    /// Facts of policies.
    pub labels: BTreeMap<String, String>,
    /// Who answers for it.
    pub owner: Responsible,
    /// Where it stands: the first places.
    pub places: Vec<Place>,
    /// How many more places are known.
    pub more_places: usize,
    /// What will be done, in order.
    pub steps: Vec<String>,
    /// The digest to which approvals are bound.
    pub digest: Option<String>,
    /// How many people have to approve.
    pub approvals: Option<u32>,
    /// Who may: for each condition, the groups or people of which one has to be; empty is everybody with the role.
    pub approvers: Vec<String>,
    /// Why the policies decided as they did.
    pub reason: Option<String>,
    /// Why it cannot go on.
    pub trouble: Option<String>,
    /// What a person has to do.
    pub runbook: Option<String>,
    /// When what happened, in UTC.
    pub times: BTreeMap<String, Timestamp>,
    /// Seconds from *detected* to *contained*.
    pub seconds_to_contained: Option<i64>,
}

/// Who answers for a credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Responsible {
    /// Who repairs it.
    pub technical: String,
    /// Who bears the damage.
    pub business: Option<String>,
    /// How they were found.
    pub found_by: String,
}

/// A place where a credential stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Which source.
    pub source: String,
    /// The place in it.
    pub place: String,
    /// The commit that brought it.
    pub commit: Option<String>,
    /// A page that shows it.
    pub url: Option<String>,
    /// The agent in whose log it stands.
    pub agent: Option<String>,
}

impl View {
    /// What may be said of an incident when something happened. `link` is where people see incidents, with `{id}` for which.
    pub fn new(incident: &Incident, event: Occasion, at: Timestamp, link: Option<&str>) -> Self {
        let times = &incident.times;
        let named = [
            ("exposed", times.exposed),
            ("detected", times.detected),
            ("verified", times.verified),
            ("decided", times.decided),
            ("contained", times.contained),
            ("dead", times.dead),
            ("closed", times.closed),
        ];
        let decision = incident.decision.as_ref();
        Self {
            version: VERSION,
            event,
            at,
            id: incident.id.to_string(),
            link: link.map(|link| link.replace("{id}", incident.id.as_str())),
            title: line(&incident.title),
            kind: incident.kind.as_deref().map(line),
            rule: line(&incident.rule),
            provider: line(&incident.provider),
            fingerprint: line(&incident.fingerprint),
            preview: line(&incident.preview),
            severity: incident.severity.to_string(),
            confidence: incident.confidence.to_string(),
            exposure: incident.exposure.as_str().to_owned(),
            state: incident.state.as_str().to_owned(),
            liveness: incident.probe.as_ref().map(|probe| liveness(&probe.liveness).to_owned()),
            identity: incident.probe.as_ref().map(|probe| identity(&probe.identity.0)).unwrap_or_default(),
            labels: incident.labels.iter().map(|(name, value)| (line(name), line(value))).collect(),
            owner: Responsible {
                technical: line(&incident.owner.name),
                business: incident.owner.business.as_deref().map(line),
                found_by: line(&incident.owner.found_by),
            },
            places: incident.occurrences.iter().take(PLACES).map(Place::new).collect(),
            more_places: incident.occurrences.len().saturating_sub(PLACES),
            steps: incident.steps().iter().map(|step| line(&step.target)).collect(),
            digest: incident.asked().map(|digest| line(&digest)),
            approvals: decision.map(|decision| decision.approvals),
            approvers: decision.map(|decision| either(&decision.approvers)).unwrap_or_default(),
            reason: decision.map(|decision| line(&decision.why)),
            trouble: incident.trouble.as_deref().or(incident.refusal.as_deref()).map(line),
            runbook: incident.runbook.as_deref().map(line),
            times: named.into_iter().filter_map(|(name, time)| Some((name.to_owned(), time?))).collect(),
            seconds_to_contained: times
                .contained
                .zip(times.detected)
                .map(|(end, start)| end.as_second() - start.as_second()),
        }
    }
}

impl Place {
    fn new(occurrence: &Occurrence) -> Self {
        Self {
            source: line(&occurrence.source),
            place: line(&occurrence.place),
            commit: occurrence.commit.as_deref().map(line),
            url: occurrence.url.as_deref().map(line),
            agent: occurrence.agent.as_deref().map(line),
        }
    }
}

const fn liveness(liveness: &Liveness) -> &'static str {
    match liveness {
        Liveness::Active => "active",
        Liveness::Inactive => "inactive",
        Liveness::Unknown { .. } => "unknown",
    }
}

fn identity(fields: &BTreeMap<String, Vec<String>>) -> BTreeMap<String, Vec<String>> {
    fields.iter().map(|(name, values)| (line(name), lines(values))).collect()
}

/// For each set of people who may: one text that names them.
fn either(sets: &[Vec<String>]) -> Vec<String> {
    sets.iter().filter(|set| !set.is_empty()).map(|set| line(&set.join(" or "))).collect()
}

fn lines(all: &[String]) -> Vec<String> {
    all.iter().map(|text| line(text)).collect()
}

/// Text of others as it may stand in a message: one line, bounded, and without what turns the direction of writing or is not seen.
pub(super) fn line(text: &str) -> String {
    const LONGEST: usize = 400;
    let mut out: String = text.chars().take(LONGEST).map(|c| if is_unseen(c) { ' ' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out.trim().to_owned()
}

/// Controls, separators of lines, marks of direction, and characters of no width.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}
