//! What people say of incidents: they approve, deny, have things tried again, and remark. The interface and the console share it.

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use stanch_model::Confidence;
use stanch_pipeline::{Approval, Event, Incident, IncidentId, State};

use crate::auth::Person;
use crate::{ApiError, App, found};

/// The most bytes that a remark may have.
const LONGEST: usize = 2000;
/// For how long an approval counts if no policy says it.
const LASTS: u64 = 24 * 60 * 60;

/// A person approves of a plan. Who has approved of it already adds nothing.
///
/// # Errors
/// If it is not the plan at hand, or nobody is asked.
pub async fn approve(app: &App, person: &Person, id: &IncidentId, digest: &str) -> Result<Incident, ApiError> {
    let (incident, now) = (app.store.incident(id).await?, app.now());
    if incident.asked().as_deref() != Some(digest) {
        return Err(other_plan());
    }
    if incident.approvers(now).contains(&person.name.as_str()) {
        return Ok(incident);
    }
    if incident.state != State::Waiting {
        return Err(ApiError::conflict("not-waiting", "nobody is asked to approve of it now"));
    }
    let groups = app.groups_of(&person.name);
    if !is_asked(&incident, &person.name, &groups) {
        return Err(ApiError::forbidden("the policy asks other people to approve"));
    }
    let (digest, until) = (digest.to_owned(), until(&incident, now));
    let approval = Approval { person: person.name.clone(), digest, until, groups };
    say(app, person, id, Event::Approved { approval }).await
}

/// A person says no: nothing further is done without another.
///
/// # Errors
/// If the incident is closed.
pub async fn deny(app: &App, person: &Person, id: &IncidentId, why: &str) -> Result<Incident, ApiError> {
    let why = checked(app, why)?;
    say(app, person, id, Event::Denied { person: person.name.clone(), why }).await
}

/// A person has it tried again.
///
/// # Errors
/// If the incident is closed.
pub async fn retry(app: &App, person: &Person, id: &IncidentId) -> Result<Incident, ApiError> {
    say(app, person, id, Event::Retried { person: person.name.clone() }).await
}

/// A person makes a remark.
///
/// # Errors
/// If there is no such incident.
pub async fn remark(app: &App, person: &Person, id: &IncidentId, text: &str) -> Result<Incident, ApiError> {
    let text = checked(app, text)?;
    say(app, person, id, Event::Noted { text }).await
}

/// Whether a person is one of those who may approve.
pub(crate) fn is_asked(incident: &Incident, person: &str, groups: &[String]) -> bool {
    let lists = incident.decision.as_ref().map_or(&[][..], |decision| &decision.approvers);
    lists.is_empty() || lists.iter().flatten().any(|name| name == person || groups.contains(name))
}

async fn say(app: &App, person: &Person, id: &IncidentId, event: Event) -> Result<Incident, ApiError> {
    let incident = app.store.note(id, &person.name, &[event], app.now()).await?;
    app.there_is_work();
    Ok(incident)
}

fn until(incident: &Incident, now: Timestamp) -> Timestamp {
    let lasts = incident.decision.as_ref().map_or(LASTS, |decision| decision.approval_lasts);
    let lasts = SignedDuration::from_secs(i64::try_from(lasts).unwrap_or(i64::MAX));
    now.checked_add(lasts).unwrap_or(Timestamp::MAX)
}

fn other_plan() -> ApiError {
    ApiError::conflict("other-plan", "the plan is another one by now")
        .hint("look at the incident again: an approval is of one plan, named by its digest")
}

/// A text of a person that can be kept. It stays in the log for ever, so nothing that looks like a credential may be in it.
fn checked(app: &App, text: &str) -> Result<String, ApiError> {
    let text = text.trim();
    let plain = |c: char| c == '\n' || c == '\t' || !c.is_control();
    if text.is_empty() || text.len() > LONGEST || !text.chars().all(plain) {
        return Err(ApiError::bad_request(format!("a text has 1 to {LONGEST} bytes, without control characters")));
    }
    if found::scan(app, "", text.as_bytes()).iter().any(|finding| finding.confidence >= Confidence::Medium) {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(ApiError::new(
            status,
            "credential",
            "the text holds what looks like a credential, and is not kept",
        ));
    }
    Ok(text.to_owned())
}
