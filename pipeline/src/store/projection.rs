//! The row of an incident: what its events say, for questions that would be slow to ask the log.

use jiff::Timestamp;

use super::error::{Result, StoreError};
use super::log::{Entry, json, parse};
use super::tx::{NewLine, Tx};
use super::value::{Row, values};
use crate::{Event, Incident, IncidentId, State};

/// Events that are appended to an incident, with their names in the log.
pub(super) struct Lines<'a> {
    pub(super) names: &'a [String],
    pub(super) events: &'a [Event],
    pub(super) actor: &'a str,
    pub(super) at: Timestamp,
}

/// Appends events and takes them into the incident.
///
/// What is taken is what was written, read again: values that are not written are not in the projection either.
pub(super) fn append(tx: &mut Tx<'_>, incident: &mut Incident, lines: &Lines<'_>) -> Result<()> {
    for (name, event) in lines.names.iter().zip(lines.events) {
        let text = json(event)?;
        let at = tx.time(lines.at)?;
        let id = incident.id.clone();
        tx.append(&NewLine { id: name, at, actor: lines.actor, incident: Some(id.as_str()), event: &text })?;
        incident.apply(at, &parse(&text)?);
    }
    Ok(())
}

/// Begins an incident with its first event.
pub(super) fn begin(
    tx: &mut Tx<'_>,
    id: &IncidentId,
    name: &str,
    event: &Event,
    by: (&str, Timestamp),
) -> Result<Incident> {
    let text = json(event)?;
    let at = tx.time(by.1)?;
    tx.append(&NewLine { id: name, at, actor: by.0, incident: Some(id.as_str()), event: &text })?;
    first(id, at, &parse(&text)?)
}

fn first(id: &IncidentId, at: Timestamp, event: &Event) -> Result<Incident> {
    match event {
        Event::Detected { what } => Ok(what.incident(id.clone(), at)),
        _ => Err(StoreError::Corrupt(format!("the log of {id} does not begin with its detection"))),
    }
}

/// The incident of its events.
pub(super) fn fold(id: &IncidentId, entries: &[Entry]) -> Result<Option<Incident>> {
    let Some((begin, rest)) = entries.split_first() else { return Ok(None) };
    let mut incident = first(id, begin.at, &begin.event)?;
    for entry in rest {
        incident.apply(entry.at, &entry.event);
    }
    Ok(Some(incident))
}

/// When somebody has to look at an incident next, as its events say; `at` is the time of the last of them.
fn due(incident: &Incident, at: Timestamp) -> Option<Timestamp> {
    match incident.state {
        State::ByHand | State::Closed => None,
        State::Waiting => incident.due,
        State::Detected | State::Verified | State::Acting | State::Contained | State::Dead => {
            Some(incident.due.unwrap_or(at))
        }
    }
}

/// When an incident is looked at next that somebody has just looked at: a time that is over is not one for what waits for people.
pub(super) fn next_look(incident: &Incident, now: Timestamp) -> Option<Timestamp> {
    incident.due.filter(|due| *due > now || !matches!(incident.state, State::Waiting | State::ByHand))
}

/// Writes the row of an incident. Whom somebody woke stays awake until a worker has looked. What was sealed for it goes when it is closed.
pub(super) fn save(tx: &mut Tx<'_>, incident: &Incident, at: Timestamp) -> Result<()> {
    let (id, times, is_open) = (incident.id.as_str(), &incident.times, incident.state != State::Closed);
    tx.execute(
        "INSERT INTO incidents (id, fingerprint, provider, kind, state, is_open, ending, owner, exposure, severity,
             exposed, detected, verified, decided, contained, dead, closed, due, words, document, events, woken, fence)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, 0, 0)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, is_open = excluded.is_open, ending = excluded.ending,
             owner = excluded.owner, exposure = excluded.exposure, severity = excluded.severity,
             exposed = excluded.exposed, detected = excluded.detected, verified = excluded.verified,
             decided = excluded.decided, contained = excluded.contained, dead = excluded.dead,
             closed = excluded.closed,
             due = CASE WHEN incidents.woken = 1 AND excluded.is_open = 1 THEN incidents.due ELSE excluded.due END, words = excluded.words, document = excluded.document,
             events = excluded.events",
        values![
            id,
            &incident.fingerprint,
            &incident.provider,
            incident.kind.as_deref(),
            incident.state.as_str(),
            i64::from(is_open),
            incident.ending.map(ending).transpose()?,
            &incident.owner.name,
            incident.exposure.as_str(),
            incident.severity.as_str(),
            times.exposed,
            times.detected,
            times.verified,
            times.decided,
            times.contained,
            times.dead,
            times.closed,
            due(incident, at),
            words(incident),
            json(incident)?,
            incident.events as i64,
        ],
    )?;
    if !is_open {
        tx.execute("DELETE FROM secrets WHERE incident = $1", values![id])?;
    }
    Ok(())
}

fn ending(ending: crate::Ending) -> Result<String> {
    Ok(json(&ending)?.trim_matches('"').to_owned())
}

/// What an incident is found by, in lower case.
fn words(incident: &Incident) -> String {
    /// Bytes; an incident can stand in two hundred places.
    const MOST: usize = 8192;
    let mut words = [
        incident.id.as_str(),
        &incident.fingerprint,
        &incident.title,
        &incident.provider,
        incident.kind.as_deref().unwrap_or_default(),
        &incident.rule,
        &incident.owner.name,
    ]
    .join("\n");
    for occurrence in &incident.occurrences {
        if words.len() > MOST {
            break;
        }
        words.extend(["\n", &occurrence.source, " ", &occurrence.place]);
    }
    // No database keeps a NUL in a text.
    words.to_lowercase().replace('\0', " ")
}

/// The incident in a row that has its document at a place.
pub(super) fn document(row: &Row, at: usize) -> Result<Incident> {
    parse(row.text(at)?)
}

/// The incident as it is now.
pub(super) fn load(tx: &mut Tx<'_>, id: &IncidentId) -> Result<Incident> {
    let row = tx.first("SELECT document FROM incidents WHERE id = $1", values![id.as_str()])?;
    document(&row.ok_or(StoreError::NotFound("incident"))?, 0)
}
