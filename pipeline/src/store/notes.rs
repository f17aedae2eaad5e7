//! What people say of an incident. They need no claim.

use jiff::Timestamp;

use super::Store;
use super::error::{Result, StoreError};
use super::projection::{self, Lines};
use super::random;
use super::value::values;
use crate::{Event, Incident, IncidentId, State};

impl Store {
    /// Appends what a person said ([`Event::Approved`], [`Event::Denied`], [`Event::Retried`], [`Event::Noted`], [`Event::Owned`]) and has a
    /// worker look at the incident at once.
    ///
    /// # Errors
    /// [`StoreError::OtherPlan`] if what was approved of is not the plan at hand, [`StoreError::Closed`] if there is nothing to decide any
    /// more, [`StoreError::NotFound`] if there is no such incident.
    pub async fn note(&self, id: &IncidentId, actor: &str, events: &[Event], now: Timestamp) -> Result<Incident> {
        let (id, actor, events) = (id.clone(), actor.to_owned(), events.to_vec());
        let names = random::names(events.len())?;
        self.write(move |tx| {
            let mut incident = projection::load(tx, &id)?;
            let Some(first) = names.first() else { return Ok(incident) };
            if tx.logged(first)? {
                return Ok(incident);
            }
            events.iter().try_for_each(|event| sensible(&incident, event))?;
            projection::append(tx, &mut incident, &Lines { names: &names, events: &events, actor: &actor, at: now })?;
            projection::save(tx, &incident, now)?;
            tx.execute(
                "UPDATE incidents SET due = $1, woken = 1 WHERE id = $2 AND is_open = 1",
                values![now, id.as_str()],
            )?;
            Ok(incident)
        })
        .await
    }
}

fn sensible(incident: &Incident, event: &Event) -> Result<()> {
    let decides = matches!(event, Event::Approved { .. } | Event::Denied { .. } | Event::Retried { .. });
    if decides && incident.state == State::Closed {
        return Err(StoreError::Closed);
    }
    match event {
        Event::Approved { approval } => {
            let current = incident.asked();
            if current.as_ref() == Some(&approval.digest) { Ok(()) } else { Err(StoreError::OtherPlan { current }) }
        }
        Event::Denied { .. } | Event::Retried { .. } | Event::Noted { .. } | Event::Owned { .. } => Ok(()),
        _ => Err(StoreError::Other("this is not for people to say".to_owned())),
    }
}
