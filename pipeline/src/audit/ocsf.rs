//! Lines of the log in the words of OCSF 1.3 (<https://schema.ocsf.io/1.3.0>).
//!
//! What happens to an incident is an Incident Finding (2005); what was asked of a provider, and what happens to the installation itself, is
//! API Activity (6003).

use serde_json::{Map, Value, json};
use stanch_model::Severity;
use stanch_revokers::act::Moment;

use super::AuditEvent;
use super::chain::Line;
use crate::{Event, Incident};

/// The version of the schema.
const VERSION: &str = "1.3.0";
/// Findings: Incident Finding.
const INCIDENT: u64 = 2005;
/// Application Activity: API Activity.
const API: u64 = 6003;

/// What API Activity calls what is done.
#[derive(Clone, Copy)]
enum Act {
    Create = 1,
    Read = 2,
    Update = 3,
    Delete = 4,
    Other = 99,
}

/// A line as an event of OCSF. The incident as it is now tells how bad it is and whose; without it that is unknown.
///
/// # Errors
/// If the line holds no event of ours.
pub(super) fn event(line: &Line, incident: Option<&Incident>) -> Result<Value, serde_json::Error> {
    let mut event = match &line.incident {
        None => audit(&serde_json::from_str(&line.event)?, &line.actor),
        Some(id) => match serde_json::from_str(&line.event)? {
            Event::Act { moment } => {
                let mut event = moment_of(&moment, &line.actor);
                event.insert("resources".to_owned(), json!([{ "uid": id, "type": "incident" }]));
                event
            }
            other => finding(&other, id, incident),
        },
    };
    event.insert("time".to_owned(), line.at.into());
    event.insert("severity_id".to_owned(), incident.map_or(1, |incident| severity(incident.severity)).into());
    event.insert(
        "metadata".to_owned(),
        json!({
            "version": VERSION, "uid": line.id, "sequence": line.seq, "log_name": "stanch",
            "correlation_uid": line.incident,
            "product": { "name": "stanch", "vendor_name": "stanch", "version": env!("CARGO_PKG_VERSION") },
        }),
    );
    event.insert(
        "unmapped".to_owned(),
        json!({ "actor": line.actor, "event": serde_json::from_str::<Value>(&line.event)? }),
    );
    event.retain(|_, value| !value.is_null());
    Ok(Value::Object(event))
}

fn head(class: u64, activity: u64, message: &str) -> Map<String, Value> {
    let all = json!({
        "category_uid": class / 1000, "class_uid": class, "activity_id": activity, "type_uid": class * 100 + activity,
        "message": message,
    });
    match all {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn finding(event: &Event, id: &str, incident: Option<&Incident>) -> Map<String, Value> {
    let (activity, status, message) = match event {
        Event::Detected { .. } => (1, 1, "a leaked credential was found"),
        Event::Seen { .. } => (2, 1, "it stands somewhere"),
        Event::Owned { .. } => (2, 2, "somebody answers for it"),
        Event::Probed { .. } => (2, 2, "the provider was asked"),
        Event::Planned { .. } => (2, 2, "what would be done is known"),
        Event::NotPlanned { .. } => (2, 2, "nothing can be planned"),
        Event::Decided { .. } => (2, 2, "policies were asked"),
        Event::Asked { .. } => (2, 3, "people were asked to approve"),
        Event::Approved { .. } => (2, 2, "a person approved"),
        Event::Denied { .. } => (2, 3, "a person said no"),
        Event::Began { .. } | Event::Act { .. } => (2, 2, "steps are taken"),
        Event::Contained => (2, 2, "it is reversibly off"),
        Event::Dead => (2, 4, "it is dead"),
        Event::Later { .. } => (2, 3, "it cannot go on now"),
        Event::GaveUp { .. } => (2, 3, "it cannot go on without a person"),
        Event::Retried { .. } => (2, 2, "a person wants it tried again"),
        Event::Overdue { .. } => (2, 3, "it should be off by now"),
        Event::Told { .. } => (2, 2, "somebody was told"),
        Event::Noted { .. } => (2, 2, "a remark"),
        Event::Closed { .. } => (3, 5, "nothing further is done"),
    };
    let mut map = head(INCIDENT, activity, message);
    map.insert("status_id".to_owned(), status.into());
    let info = match incident {
        Some(incident) => json!({ "uid": id, "title": incident.title, "types": [incident.rule],
            "created_time": incident.times.detected.map(jiff::Timestamp::as_millisecond) }),
        None => json!({ "uid": id, "title": "leaked credential" }),
    };
    map.insert("finding_info_list".to_owned(), json!([info]));
    let owner = incident.map_or("unknown", |incident| incident.owner.name.as_str());
    map.insert("assignee".to_owned(), json!({ "name": owner }));
    map
}

fn moment_of(moment: &Moment, actor: &str) -> Map<String, Value> {
    let (act, operation) = match moment {
        Moment::Intent { step, .. } => (Act::Delete, step.name.clone()),
        Moment::Result { step, .. } => (Act::Delete, step.clone()),
        Moment::Proof { .. } => (Act::Read, "probe".to_owned()),
        Moment::Mint { .. } | Moment::Minted { .. } | Moment::NotMinted { .. } => (Act::Create, "mint".to_owned()),
        Moment::Deliver { .. } | Moment::Delivered { .. } => (Act::Update, "deliver".to_owned()),
        Moment::Remove { .. } | Moment::Removed { .. } => (Act::Delete, "remove".to_owned()),
    };
    api(act, &operation, actor)
}

fn audit(event: &AuditEvent, actor: &str) -> Map<String, Value> {
    let (act, operation) = match event {
        AuditEvent::Started { .. } => (Act::Other, "start"),
        AuditEvent::TokenMade { .. } => (Act::Create, "make-token"),
        AuditEvent::TokenRevoked { .. } => (Act::Delete, "revoke-token"),
        AuditEvent::SignedIn { .. } => (Act::Create, "sign-in"),
        AuditEvent::SignedOut { .. } => (Act::Delete, "sign-out"),
        AuditEvent::PolicyLoaded { .. } => (Act::Update, "load-policy"),
        AuditEvent::Exported { .. } => (Act::Read, "export"),
        AuditEvent::Anchored { .. } => (Act::Read, "anchor"),
        AuditEvent::Purged { .. } => (Act::Delete, "purge"),
        AuditEvent::Doubted { .. } => (Act::Other, "doubt-head"),
        AuditEvent::Noted { .. } => (Act::Other, "note"),
    };
    api(act, operation, actor)
}

fn api(act: Act, operation: &str, actor: &str) -> Map<String, Value> {
    let mut map = head(API, act as u64, operation);
    map.insert("api".to_owned(), json!({ "operation": operation, "service": { "name": "stanch" } }));
    map.insert("actor".to_owned(), json!({ "user": { "name": actor } }));
    map.insert("src_endpoint".to_owned(), json!({ "svc_name": "stanch" }));
    map
}

const fn severity(severity: Severity) -> u64 {
    match severity {
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    }
}
