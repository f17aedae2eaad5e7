//! What is forgotten, what is given out, and what can be made again. The log is never touched.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::Store;
use super::error::{Result, StoreError};
use super::log::{self, Entry, events_of, parse};
use super::projection;
use super::random;
use super::tx::Tx;
use super::value::{Row, values};
use crate::audit::AuditEvent;
use crate::{Incident, IncidentId, State};

/// What was forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Incidents that were closed.
    pub incidents: u64,
    /// Jobs that were done or given up.
    pub jobs: u64,
    /// Sessions that had ended.
    pub sessions: u64,
}

impl Store {
    /// Forgets the incidents that were closed before a time, the jobs that were ended before another (their keys are what tells a
    /// repetition), and sessions that are over. The lines of the log stay.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn purge(
        &self,
        closed_before: Timestamp,
        ended_before: Timestamp,
        now: Timestamp,
        actor: &str,
    ) -> Result<Forgotten> {
        let (line, actor) = (random::name()?, actor.to_owned());
        self.write(move |tx| {
            let closed = "SELECT id FROM incidents WHERE is_open = 0 AND closed < $1";
            let sql = format!("DELETE FROM occurrences WHERE incident IN ({closed})");
            tx.execute(&sql, values![closed_before])?;
            let incidents =
                tx.execute("DELETE FROM incidents WHERE is_open = 0 AND closed < $1", values![closed_before])?;
            let jobs = tx.execute("DELETE FROM jobs WHERE ended < $1", values![ended_before])?;
            let sessions = tx.execute("DELETE FROM sessions WHERE expires <= $1", values![now])?;
            if incidents > 0 {
                let event = AuditEvent::Purged { before: closed_before, incidents };
                log::record(tx, &line, &log::json(&event)?, &actor, now)?;
            }
            Ok(Forgotten { incidents, jobs, sessions })
        })
        .await
    }

    /// All that is known of an incident, in JSON: the incident and its timeline. It holds no secret.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the log has no line of it.
    pub async fn export(&self, id: &IncidentId) -> Result<Json> {
        let id = id.clone();
        self.read(move |reading| {
            let entries = events_of(&mut |sql| reading.query(sql, values![id.as_str()]))?;
            let incident = projection::fold(&id, &entries)?.ok_or(StoreError::NotFound("incident"))?;
            let lines: Vec<Json> = entries
                .iter()
                .map(|entry| json!({ "seq": entry.seq, "at": entry.at, "actor": entry.actor, "event": entry.event }))
                .collect();
            Ok(json!({ "incident": incident, "timeline": lines }))
        })
        .await
    }

    /// Makes the projection again from the log. Leases and fences stay as they are; incidents that were forgotten stay forgotten.
    ///
    /// # Errors
    /// If the log is not one of ours; then nothing is changed.
    pub async fn rebuild(&self) -> Result<u64> {
        self.write(|tx| {
            let forgotten = forgotten(tx)?;
            let mut made = 0;
            for id in named(tx)? {
                let entries = events_of(&mut |sql| tx.query(sql, values![id.as_str()]))?;
                let Some(incident) = projection::fold(&id, &entries)? else { continue };
                if incident.times.closed.is_some_and(|closed| incident.state == State::Closed && closed < forgotten) {
                    continue;
                }
                let at = entries.last().map_or(Timestamp::UNIX_EPOCH, |entry| entry.at);
                projection::save(tx, &incident, at)?;
                made += 1;
            }
            Ok(made)
        })
        .await
    }

    /// The incidents whose row does not say what their events say.
    ///
    /// # Errors
    /// If the database does not answer, or a row has no name.
    pub async fn differing(&self) -> Result<Vec<IncidentId>> {
        /// How many are compared in one state of the database.
        const MOST: i64 = 200;
        let (mut differing, mut after) = (Vec::new(), String::new());
        loop {
            let from = after.clone();
            let part: Vec<(IncidentId, bool)> = self
                .read(move |reading| {
                    let sql = "SELECT id, document, state FROM incidents WHERE id > $1 ORDER BY id LIMIT $2";
                    let rows = reading.query(sql, values![&from, MOST])?;
                    let mut part = Vec::new();
                    for row in rows {
                        let id: IncidentId = row.text(0)?.parse().map_err(StoreError::corrupt)?;
                        let entries = events_of(&mut |sql| reading.query(sql, values![id.as_str()]));
                        match entries.and_then(|entries| fits(&row, &id, &entries)) {
                            // Either of them makes no sense at all.
                            Err(StoreError::Corrupt(_)) => part.push((id, false)),
                            same => part.push((id, same?)),
                        }
                    }
                    Ok(part)
                })
                .await?;
            let Some((last, _)) = part.last() else { return Ok(differing) };
            last.as_str().clone_into(&mut after);
            differing.extend(part.into_iter().filter(|(_, same)| !same).map(|(id, _)| id));
        }
    }
}

/// Whether the row of an incident (its document and its state stand second and third) says what its lines say.
fn fits(row: &Row, id: &IncidentId, entries: &[Entry]) -> Result<bool> {
    let kept: Incident = projection::document(row, 1)?;
    Ok(row.text(2)? == kept.state.as_str() && projection::fold(id, entries)?.as_ref() == Some(&kept))
}

/// The incidents that the log names.
fn named(tx: &mut Tx<'_>) -> Result<Vec<IncidentId>> {
    let rows =
        tx.query("SELECT DISTINCT incident FROM log WHERE incident IS NOT NULL AND seq > 0 ORDER BY incident", &[])?;
    rows.iter().map(|row| row.text(0)?.parse().map_err(StoreError::corrupt)).collect()
}

/// Incidents that were closed before this time are forgotten.
fn forgotten(tx: &mut Tx<'_>) -> Result<Timestamp> {
    let sql = r#"SELECT event FROM log WHERE incident IS NULL AND seq > 0 AND event LIKE '{"event":"purged"%'"#;
    let mut latest = Timestamp::MIN;
    for row in tx.query(sql, &[])? {
        if let AuditEvent::Purged { before, .. } = parse(row.text(0)?)? {
            latest = latest.max(before);
        }
    }
    Ok(latest)
}
