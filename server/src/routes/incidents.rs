//! Incidents: what was found, how far it is, and what people say of it.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stanch_model::{Confidence, Severity};
use stanch_pipeline::store::{Filter, Page};
use stanch_pipeline::{
    Approval, Decision, Ending, Event, Exposure, Incident, IncidentId, Occurrence, Owner, State as Stage, Times,
};
use stanch_revokers::act::Plan;
use stanch_revokers::{Probe, Step};

use super::V1;
use crate::auth::{Person, Role};
use crate::extract::{Id, Json, Query};
use crate::route::SMALL;
use crate::{Access, ApiError, App, Routes, people};

pub(super) fn routes() -> Routes {
    let of = Access::Token;
    Routes::below(V1)
        .get("/incidents", of(Role::Viewer), list)
        .get("/incidents/{id}", of(Role::Viewer), show)
        .get("/incidents/{id}/timeline", of(Role::Viewer), timeline)
        .get("/incidents/{id}/export", of(Role::Viewer), export)
        .post("/incidents/{id}/approve", of(Role::Approver), SMALL, approve)
        .post("/incidents/{id}/deny", of(Role::Approver), SMALL, deny)
        .post("/incidents/{id}/retry", of(Role::Responder), 0, retry)
        .post("/incidents/{id}/note", of(Role::Responder), SMALL, note)
}

/// Which incidents are wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    state: Option<Stage>,
    provider: Option<String>,
    owner: Option<String>,
    text: Option<String>,
    #[serde(default)]
    open: bool,
    after: Option<String>,
    limit: Option<u32>,
}

/// An incident in a list.
#[derive(Debug, Serialize)]
struct Summary {
    id: IncidentId,
    fingerprint: String,
    rule: String,
    kind: Option<String>,
    provider: String,
    title: String,
    preview: String,
    confidence: Confidence,
    severity: Severity,
    state: Stage,
    ending: Option<Ending>,
    exposure: Exposure,
    owner: Owner,
    times: Times,
    places: usize,
}

/// An incident with all that is known now.
#[derive(Debug, Serialize)]
struct Detail {
    #[serde(flatten)]
    summary: Summary,
    labels: BTreeMap<String, String>,
    occurrences: Vec<Occurrence>,
    probe: Option<Probe>,
    plan: Option<Planned>,
    refusal: Option<String>,
    runbook: Option<String>,
    decision: Option<Decision>,
    approvals: Vec<Approval>,
    due: Option<Timestamp>,
    attempts: u32,
    trouble: Option<String>,
    events: u64,
}

/// A plan, and the digest by which it is approved of.
#[derive(Debug, Serialize)]
struct Planned {
    digest: String,
    kind: String,
    target: BTreeMap<String, String>,
    found_by: String,
    steps: Vec<Step>,
}

#[derive(Debug, Serialize)]
struct List {
    incidents: Vec<Summary>,
    /// What `after` has to be for the next page, if there may be one.
    next: Option<IncidentId>,
}

#[derive(Debug, Serialize)]
struct Entry {
    seq: u64,
    at: Timestamp,
    actor: String,
    event: Event,
}

#[derive(Debug, Serialize)]
struct Timeline {
    timeline: Vec<Entry>,
    next: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct From {
    #[serde(default)]
    after: u64,
    limit: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Approve {
    digest: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deny {
    why: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    text: String,
}

impl Summary {
    fn of(incident: &Incident) -> Self {
        Self {
            id: incident.id.clone(),
            fingerprint: incident.fingerprint.clone(),
            rule: incident.rule.clone(),
            kind: incident.kind.clone(),
            provider: incident.provider.clone(),
            title: incident.title.clone(),
            preview: incident.preview.clone(),
            confidence: incident.confidence,
            severity: incident.severity,
            state: incident.state,
            ending: incident.ending,
            exposure: incident.exposure,
            owner: incident.owner.clone(),
            times: incident.times.clone(),
            places: incident.occurrences.len(),
        }
    }
}

impl Detail {
    fn of(incident: Incident) -> Json<Self> {
        let asked = incident.asked().unwrap_or_default();
        Json(Self {
            summary: Summary::of(&incident),
            labels: incident.labels,
            occurrences: incident.occurrences,
            probe: incident.probe,
            plan: incident.plan.map(|(_, plan)| Planned::of(asked, plan)),
            refusal: incident.refusal,
            runbook: incident.runbook,
            decision: incident.decision,
            approvals: incident.approvals,
            due: incident.due,
            attempts: incident.attempts,
            trouble: incident.trouble,
            events: incident.events,
        })
    }
}

impl Planned {
    fn of(digest: String, plan: Plan) -> Self {
        Self { digest, kind: plan.kind, target: plan.target.bound, found_by: plan.target.found_by, steps: plan.steps }
    }
}

async fn list(State(app): State<App>, Query(wanted): Query<Wanted>) -> Result<Json<List>, ApiError> {
    let limit = super::limit(wanted.limit, 200)?;
    let after = wanted.after.map(|after| after.parse::<IncidentId>()).transpose();
    let after = after.map_err(|_| ApiError::bad_request("`after` is no name of an incident"))?;
    let Wanted { state, provider, owner, text, open, .. } = wanted;
    let filter = Filter { state, provider, owner, text, open_only: open };
    let incidents = app.store.incidents(&filter, &Page { after, limit }).await?;
    let incidents: Vec<Summary> = incidents.iter().map(Summary::of).collect();
    let next = incidents.last().filter(|_| incidents.len() == limit as usize).map(|last| last.id.clone());
    Ok(Json(List { incidents, next }))
}

async fn show(State(app): State<App>, Id(id): Id) -> Result<Json<Detail>, ApiError> {
    Ok(Detail::of(app.store.incident(&id).await?))
}

async fn timeline(State(app): State<App>, Id(id): Id, Query(from): Query<From>) -> Result<Json<Timeline>, ApiError> {
    let limit = super::limit(from.limit, 1000)?;
    let entries = app.store.timeline(&id, from.after, limit).await?;
    if entries.is_empty() && from.after == 0 {
        return Err(ApiError::not_found("incident"));
    }
    let next = entries.last().filter(|_| entries.len() == limit as usize).map(|last| last.seq);
    let shown = |entry: stanch_pipeline::store::Entry| Entry {
        seq: entry.seq,
        at: entry.at,
        actor: entry.actor,
        event: entry.event,
    };
    Ok(Json(Timeline { timeline: entries.into_iter().map(shown).collect(), next }))
}

/// All that is known of an incident, to be kept elsewhere. The log says that it was given out.
async fn export(State(app): State<App>, person: Person, Id(id): Id) -> Result<Response, ApiError> {
    let document = app.store.export(&id).await?;
    let event = stanch_pipeline::audit::AuditEvent::Exported { what: id.to_string() };
    app.store.record(&event, &person.name, app.now()).await?;
    let mut response = Json(document).into_response();
    // An id has letters and digits alone.
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{id}.json\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

async fn approve(
    State(app): State<App>,
    person: Person,
    Id(id): Id,
    Json(wanted): Json<Approve>,
) -> Result<Json<Detail>, ApiError> {
    Ok(Detail::of(people::approve(&app, &person, &id, &wanted.digest).await?))
}

async fn deny(
    State(app): State<App>,
    person: Person,
    Id(id): Id,
    Json(wanted): Json<Deny>,
) -> Result<Json<Detail>, ApiError> {
    Ok(Detail::of(people::deny(&app, &person, &id, &wanted.why).await?))
}

async fn retry(State(app): State<App>, person: Person, Id(id): Id) -> Result<Json<Detail>, ApiError> {
    Ok(Detail::of(people::retry(&app, &person, &id).await?))
}

async fn note(
    State(app): State<App>,
    person: Person,
    Id(id): Id,
    Json(wanted): Json<Note>,
) -> Result<Json<Detail>, ApiError> {
    Ok(Detail::of(people::remark(&app, &person, &id, &wanted.text).await?))
}
