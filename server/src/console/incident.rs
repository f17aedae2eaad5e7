//! One incident: its clocks, what waits for a person, and everything that happened.

use axum::extract::{Path, Query, State as Reach};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stanch_pipeline::store::Entry;
use stanch_pipeline::{Incident, IncidentId, Occurrence, State, Times};
use stanch_revokers::Liveness;

use super::page::{Said, Trouble, Viewer, render};
use super::plan::{self, DecisionView, Fact, PlanView, Whys};
use super::span::{self, When};
use super::words::{self, Badge, Told, Tone};
use crate::App;
use crate::auth::Role;

/// The most lines of a timeline on one page.
const MOST: u32 = 500;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    after: u64,
    #[serde(default)]
    said: String,
}

/// The page of one incident.
pub(super) async fn show(
    Reach(app): Reach<App>,
    viewer: Viewer,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let id: IncidentId = id.parse().map_err(|_| Trouble::NOT_FOUND)?;
    let incident = app.store.incident(&id).await?;
    let timeline = app.store.timeline(&id, asked.after, MOST).await?;
    let frame = viewer.frame(&app, "/console/incidents").await?.saying(said(&asked.said));
    let mut page = View::of(&incident, &timeline, &plan::whys(&app), app.now());
    page.mine = incident.approvers(app.now()).contains(&viewer.person.name.as_str());
    page.may_decide = plan::may_decide(&app, &incident, &viewer.person);
    page.may_retry = viewer.person.role >= Role::Responder;
    Ok(render("incident.html", &frame, page))
}

/// What is said after something was done.
pub(super) fn said(word: &str) -> Option<Said> {
    let (tone, text) = match word {
        "approved" => (Tone::Good, "You approved. Steps are taken when enough people have."),
        "denied" => (Tone::Warn, "You said no. Nothing is done to this credential without a person."),
        "again" => (Tone::Good, "It is tried again."),
        _ => return None,
    };
    Some(Said { tone, text })
}

/// What the page shows.
#[derive(Debug, Serialize)]
pub(super) struct View {
    id: String,
    title: String,
    preview: String,
    state: Badge,
    severity: Badge,
    exposure: Badge,
    clock: Vec<Stop>,
    since: &'static str,
    trouble: Option<String>,
    due: Option<When>,
    by_hand: bool,
    runbook: Option<String>,
    waits: bool,
    may_decide: bool,
    /// Whether whoever looks has approved.
    mine: bool,
    missing: Option<String>,
    may_retry: bool,
    plan: Option<PlanView>,
    decision: Option<DecisionView>,
    credential: Vec<Fact>,
    liveness: Option<Badge>,
    says: Vec<Fact>,
    places: Vec<Spot>,
    story: Vec<Line>,
    more: Option<String>,
}

impl View {
    /// What is shown of an incident to somebody who may look only.
    fn of(incident: &Incident, timeline: &[Entry], whys: &Whys, now: Timestamp) -> Self {
        let (start, since) = start(&incident.times);
        let last = timeline.last().filter(|_| timeline.len() >= MOST as usize);
        Self {
            id: incident.id.to_string(),
            title: incident.title.clone(),
            preview: incident.preview.clone(),
            state: words::state(incident.state),
            severity: words::severity(incident.severity),
            exposure: words::exposure(incident.exposure),
            clock: clock(incident, now),
            since,
            trouble: incident.trouble.clone(),
            due: incident.due.filter(|due| *due > now && incident.trouble.is_some()).map(|due| When::of(due, now)),
            by_hand: incident.state == State::ByHand,
            runbook: incident.runbook.clone(),
            waits: incident.state == State::Waiting,
            may_decide: false,
            mine: false,
            missing: plan::missing(incident, now),
            may_retry: false,
            plan: PlanView::of(incident, now),
            decision: DecisionView::of(incident, whys, now),
            credential: credential(incident),
            liveness: liveness(incident).map(words::liveness),
            says: says(incident, now),
            places: incident.occurrences.iter().map(|place| Spot::of(place, now)).collect(),
            story: timeline.iter().map(|entry| Line::of(entry, start, now)).collect(),
            more: last.map(|entry| format!("/console/incidents/{}?after={}", incident.id, entry.seq)),
        }
    }
}

/// Whether it is alive, as far as anybody knows: a proof of ours came after what was asked before.
fn liveness(incident: &Incident) -> Option<&Liveness> {
    if incident.times.contained.is_some() {
        Some(&Liveness::Inactive)
    } else {
        incident.probe.as_ref().map(|probe| &probe.liveness)
    }
}

/// What its provider told when it was asked.
fn says(incident: &Incident, now: Timestamp) -> Vec<Fact> {
    let mut says = incident.probe.as_ref().map(plan::said).unwrap_or_default();
    says.extend(incident.times.verified.map(|at| Fact::of("first asked", When::of(at, now).text)));
    says
}

/// From when the clock of an incident runs, and what that is called.
fn start(times: &Times) -> (Option<Timestamp>, &'static str) {
    match times.exposed {
        Some(exposed) => (Some(exposed), "exposure"),
        None => (times.detected, "detection"),
    }
}

/// One of the four moments.
#[derive(Debug, Serialize)]
struct Stop {
    name: &'static str,
    met: bool,
    /// Whether the next one is met, too.
    through: bool,
    /// How long after the first of them.
    after: String,
    at: Option<When>,
    note: &'static str,
}

fn clock(incident: &Incident, now: Timestamp) -> Vec<Stop> {
    let times = &incident.times;
    let stops = [
        ("Exposed", times.exposed, "not known since when"),
        ("Detected", times.detected, ""),
        ("Contained", times.contained, "its provider does not refuse it yet"),
        ("Dead", times.dead, "it could come back"),
    ];
    let (first, _) = start(times);
    let over = incident.state == State::Closed;
    let mut stops: Vec<Stop> =
        stops.into_iter().map(|(name, at, note)| stop(name, at, note, first, over, now)).collect();
    for at in 1..stops.len() {
        let met = stops.get(at).is_some_and(|next| next.met);
        if let Some(stop) = stops.get_mut(at - 1) {
            stop.through = met;
        }
    }
    stops
}

fn stop(
    name: &'static str,
    at: Option<Timestamp>,
    note: &'static str,
    first: Option<Timestamp>,
    over: bool,
    now: Timestamp,
) -> Stop {
    let after = match (at, first) {
        (Some(at), Some(first)) if at == first => "0".to_owned(),
        (Some(at), Some(first)) => format!("+{}", span::long(span::between(first, at))),
        (None, Some(_)) if name == "Exposed" => "–".to_owned(),
        (None, Some(first)) if !over => format!("{} so far", span::long(span::between(first, now))),
        _ => "–".to_owned(),
    };
    let note = if over && at.is_none() && name != "Exposed" { "not by us" } else { note };
    Stop { name, met: at.is_some(), through: false, after, at: at.map(|at| When::of(at, now)), note }
}

fn credential(incident: &Incident) -> Vec<Fact> {
    let mut facts = vec![
        Fact::of("provider", &incident.provider),
        Fact::of("kind", incident.kind.as_deref().unwrap_or("not known to revokers")),
        Fact::of("rule", &incident.rule),
        Fact::of("confidence", incident.confidence.as_str()),
        Fact::of(
            "owner",
            format!("{} ({})", incident.owner.name, plan::spaced(&incident.owner.found_by.replace('-', " "))),
        ),
        Fact::of("fingerprint", &incident.fingerprint),
    ];
    facts.extend(incident.owner.business.as_ref().map(|who| Fact::of("bears the damage", who)));
    facts.extend(incident.labels.iter().map(|(name, value)| Fact::of(plan::spaced(name), value)));
    facts.extend(incident.ending.map(|ending| Fact::of("ended", words::ending(ending))));
    facts.extend(incident.refusal.as_ref().map(|why| Fact::of("no plan", why)));
    facts
}

/// A place where it stands.
#[derive(Debug, Serialize)]
struct Spot {
    source: String,
    place: String,
    url: Option<String>,
    notes: Vec<String>,
}

impl Spot {
    fn of(place: &Occurrence, now: Timestamp) -> Self {
        let notes = [
            place.commit.as_ref().map(|commit| format!("commit {}", commit.get(..12).unwrap_or(commit))),
            place.author.clone(),
            place.agent.as_ref().map(|agent| format!("log of {agent}")),
            place.since.map(|since| format!("since {}", When::of(since, now).text)),
        ];
        Self {
            source: place.source.clone(),
            place: place.place.clone(),
            url: place.url.clone().filter(|url| is_web(url)),
            notes: notes.into_iter().flatten().collect(),
        }
    }
}

/// Whether an address that strangers wrote may be a link: one that leads to a page, and nowhere else.
fn is_web(url: &str) -> bool {
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic());
    plain && (url.starts_with("https://") || url.starts_with("http://"))
}

/// A line of the timeline.
#[derive(Debug, Serialize)]
struct Line {
    since: String,
    at: When,
    actor: String,
    told: Told,
}

impl Line {
    fn of(entry: &Entry, start: Option<Timestamp>, now: Timestamp) -> Self {
        let passed = start.map_or(0, |start| span::between(start, entry.at));
        Self {
            since: format!("+{}", span::long(passed)),
            at: When::of(entry.at, now),
            actor: entry.actor.clone(),
            told: words::told(&entry.event),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_pages_are_links() {
        assert!(is_web("https://example.com/a?b#c") && is_web("http://10.0.0.1/"));
        for other in [
            "javascript:alert(1)",
            "data:text/html,x",
            " https://example.com",
            "https://a b",
            "//example.com",
            "https://\u{202e}",
        ] {
            assert!(!is_web(other), "{other}");
        }
    }
}
