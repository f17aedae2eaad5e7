//! What should be off by now, and is not.

use jiff::Timestamp;
use stanch_model::Severity;

use super::Store;
use super::error::Result;
use super::jobs::{self, Put};
use super::projection::{self, Lines};
use super::random;
use super::value::values;
use crate::{Event, Incident, IncidentId, State, Verdict, notices};

/// Who writes these lines.
const ACTOR: &str = "stanch";

impl Store {
    /// The open incidents of a severity that are not off and were found after a time and not after another.
    pub(crate) async fn not_off(
        &self,
        severity: Severity,
        (after, until): (Timestamp, Timestamp),
    ) -> Result<Vec<IncidentId>> {
        self.read(move |reading| {
            let sql = "SELECT document FROM incidents WHERE detected > $1 AND detected <= $2 AND is_open = 1
                       AND contained IS NULL AND severity = $3 ORDER BY detected, id";
            let rows = reading.query(sql, values![after, until, severity.as_str()])?;
            let all = rows.iter().map(|row| projection::document(row, 0)).collect::<Result<Vec<Incident>>>()?;
            Ok(all.into_iter().filter(is_awaited).map(|incident| incident.id).collect())
        })
        .await
    }

    /// Writes down that an incident should be off since some seconds after it was found, and has people told of it; once for each level. Tells
    /// whether that is new.
    pub(crate) async fn overdue(
        &self,
        id: &IncidentId,
        (level, after): (u32, u64),
        now: Timestamp,
        tells: bool,
    ) -> Result<bool> {
        let (id, names, job) = (id.clone(), random::names(1)?, random::name()?);
        let (key, depth) = (self.key(), self.depth());
        self.write(move |tx| {
            let mut incident = projection::load(tx, &id)?;
            let known = names.first().is_some_and(|name| tx.logged(name).unwrap_or(false));
            if known || incident.overdue >= level || !is_awaited(&incident) {
                return Ok(known);
            }
            let event = Event::Overdue { level, after };
            let notice = notices::of(&incident, &event, now).filter(|_| tells);
            projection::append(tx, &mut incident, &Lines { names: &names, events: &[event], actor: ACTOR, at: now })?;
            projection::save(tx, &incident, now)?;
            if let Some(notice) = notice
                && let Put::NoRoom { .. } = jobs::put(tx, &key, (&job, &notice), now, depth)?
            {
                tracing::error!(incident = %id, "the queue of notices is full: people are not told that it is overdue");
            }
            Ok(true)
        })
        .await
    }
}

/// Whether it is to be off at all, and is not.
fn is_awaited(incident: &Incident) -> bool {
    let left = incident.decision.as_ref().is_some_and(|one| matches!(one.verdict, Verdict::Ignore | Verdict::Notify));
    incident.state != State::Closed && incident.times.contained.is_none() && !left
}
