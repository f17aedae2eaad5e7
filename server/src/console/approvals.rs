//! What waits for a person's yes or no, with everything that must be known before.

use axum::extract::{Query, State as Reach};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use stanch_pipeline::store::{Filter, Page};
use stanch_pipeline::{Incident, State};

use super::incident::said;
use super::page::{Trouble, Viewer, render};
use super::plan::{self, DecisionView, Fact, PlanView, Whys};
use super::span::{self, When};
use super::words::{self, Badge};
use crate::App;
use crate::auth::{Person, Role};

const PATH: &str = "/console/approvals";
/// How many are shown at a time; each is long.
const MOST: u32 = 20;
/// How many places of each are shown.
const PLACES: usize = 5;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    after: String,
    #[serde(default)]
    said: String,
}

#[derive(Serialize)]
struct View {
    total: u64,
    may_decide: bool,
    waiting: Vec<Waiting>,
    more: Option<String>,
}

#[derive(Serialize)]
struct Waiting {
    id: String,
    title: String,
    preview: String,
    severity: Badge,
    exposure: Badge,
    exposed_for: String,
    asked: When,
    plan: PlanView,
    decision: DecisionView,
    places: Vec<Fact>,
    /// Whether whoever looks has approved.
    mine: bool,
    /// Whether whoever looks is one of those who may.
    may_decide: bool,
    /// What is missing until enough people have approved.
    missing: Option<String>,
}

/// The page of what waits.
pub(super) async fn show(
    Reach(app): Reach<App>,
    viewer: Viewer,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let filter = Filter { state: Some(State::Waiting), ..Filter::default() };
    let page = Page { after: asked.after.parse().ok(), limit: MOST };
    let found = app.store.incidents(&filter, &page).await?;
    let total = app.store.counts().await?.get(&State::Waiting).copied().unwrap_or(0);
    let whys = plan::whys(&app);
    let last = found.last().filter(|_| found.len() >= MOST as usize);
    let view = View {
        total,
        may_decide: viewer.person.role >= Role::Approver,
        more: last.map(|incident| format!("{PATH}?after={}", incident.id)),
        waiting: found.iter().filter_map(|one| Waiting::of(&app, one, &whys, &viewer.person)).collect(),
    };
    let frame = viewer.frame(&app, PATH).await?.saying(said(&asked.said));
    Ok(render("approvals.html", &frame, view))
}

impl Waiting {
    fn of(app: &App, incident: &Incident, whys: &Whys, me: &Person) -> Option<Self> {
        let (now, times) = (app.now(), &incident.times);
        let from = times.exposed.or(times.detected).unwrap_or(now);
        Some(Self {
            id: incident.id.to_string(),
            title: incident.title.clone(),
            preview: incident.preview.clone(),
            severity: words::severity(incident.severity),
            exposure: words::exposure(incident.exposure),
            exposed_for: span::long(span::between(from, now)),
            asked: When::of(times.decided.unwrap_or(now), now),
            plan: PlanView::of(incident, now)?,
            decision: DecisionView::of(incident, whys, now)?,
            places: places(incident),
            mine: incident.approvers(now).contains(&me.name.as_str()),
            may_decide: plan::may_decide(app, incident, me),
            missing: plan::missing(incident, now),
        })
    }
}

fn places(incident: &Incident) -> Vec<Fact> {
    let mut facts: Vec<Fact> =
        incident.occurrences.iter().take(PLACES).map(|place| Fact::of(&place.source, &place.place)).collect();
    let rest = incident.occurrences.len().saturating_sub(PLACES);
    if rest > 0 {
        facts.push(Fact::of("and", words::counted(rest, "more place")));
    }
    facts.push(Fact::of("owner", &incident.owner.name));
    facts
}
