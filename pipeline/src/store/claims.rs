//! One credential, one actor: claims of incidents, and what only their holders may write.

use std::time::Duration;

use jiff::Timestamp;

use super::Store;
use super::actor::Actor;
use super::error::{Result, StoreError};
use super::jobs::{self, NewJob, Put};
use super::lease::{self, Leased};
use super::projection::{self, Lines};
use super::random;
use super::tx::Tx;
use super::value::{Row, millis, values};
use crate::{Event, Incident, IncidentId, notices};

/// An incident that nobody else works on until the lease ends or is taken over.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The incident as it was when it was claimed.
    pub incident: Incident,
    /// A number that grows with each claim: who holds a smaller one can write nothing.
    pub fence: i64,
    actor: Actor,
    lease: String,
}

/// What the holder of a claim writes down at once.
#[derive(Debug, Clone, Default)]
pub struct Writing {
    /// What happened, and when.
    pub lines: Vec<(Timestamp, Event)>,
    /// What people are to be told of it.
    pub notices: Vec<NewJob>,
    /// Until when the claim is held from now on, if that changes.
    pub until: Option<Timestamp>,
    /// Whether the claim is given back. When the incident is looked at next follows from its events: their [`Event::Later`], at once for what can
    /// go on, never for what waits for people. Somebody who spoke up in the meantime ([`Store::note`]) is heard at once in any case.
    pub release: bool,
}

/// What is left of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    Mine,
    /// It was given back, and only the answer was lost.
    Released,
    /// Somebody else has the incident, or the lease was taken away.
    Lost,
}

/// Which claim is wanted.
struct Wanted {
    actor: Actor,
    lease: String,
    now: Timestamp,
    until: i64,
}

/// The states in which there is something to do without a person.
const WORKABLE: &str =
    "(state IN ('detected', 'verified', 'acting', 'contained', 'dead') OR (state = 'waiting' AND due IS NOT NULL))";

impl Store {
    /// Claims incidents that are due and that nobody works on, oldest first, at most so many.
    ///
    /// Leases of processes of the same host that are no more (see [`super::Options::gone`]) are taken over at once.
    ///
    /// # Errors
    /// If the database does not answer. What was claimed then is free again when the lease ends.
    pub async fn claim(&self, actor: &Actor, now: Timestamp, lease: Duration, most: u32) -> Result<Vec<Claim>> {
        let wanted = Wanted::new(actor, now, lease)?;
        let gone = self.gone();
        self.write(move |tx| {
            lease::abandon(tx, Leased::Incidents, &wanted.actor, wanted.now, &gone)?;
            // What was claimed before the answer was lost is claimed already.
            let mine = "SELECT id, document, fence FROM incidents WHERE lease_id = $1 ORDER BY due, id";
            let mine = tx.query(mine, values![&wanted.lease])?;
            if !mine.is_empty() {
                return mine.iter().map(|row| wanted.held(row)).collect();
            }
            let sql = format!(
                "SELECT id, document, fence + 1 FROM incidents WHERE is_open = 1 AND due <= $1 AND {WORKABLE}
                 AND (lease_until IS NULL OR lease_until <= $1) ORDER BY due, id LIMIT $2"
            );
            let rows = tx.query(&sql, values![wanted.now, i64::from(most)])?;
            rows.iter().map(|row| wanted.take(tx, row)).collect()
        })
        .await
    }

    /// Claims one incident, due or not, open or not; `None` if somebody else works on it.
    ///
    /// # Errors
    /// If there is no such incident, or the database does not answer.
    pub async fn claim_one(
        &self,
        id: &IncidentId,
        actor: &Actor,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<Claim>> {
        let wanted = Wanted::new(actor, now, lease)?;
        let (gone, id) = (self.gone(), id.clone());
        self.write(move |tx| {
            lease::abandon(tx, Leased::Incidents, &wanted.actor, wanted.now, &gone)?;
            let sql =
                "SELECT id, document, CASE WHEN lease_id = $2 THEN fence ELSE fence + 1 END, lease_id, lease_until
                       FROM incidents WHERE id = $1";
            let row = tx.first(sql, values![id.as_str(), &wanted.lease])?.ok_or(StoreError::NotFound("incident"))?;
            let mine = row.maybe_text(3)? == Some(&wanted.lease);
            let free = row.maybe_int(4)?.is_none_or(|until| until <= wanted.now.as_millisecond());
            match (mine, free) {
                (true, _) => wanted.held(&row).map(Some),
                (false, true) => wanted.take(tx, &row).map(Some),
                (false, false) => Ok(None),
            }
        })
        .await
    }

    /// Holds a claim for longer.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if it was taken over.
    pub async fn renew(&self, claim: &Claim, until: Timestamp) -> Result<()> {
        let claim = claim.clone();
        self.write(move |tx| claim.hold(tx, until)).await
    }

    /// Appends what happened, and puts what people are to be told into its queue: [`Self::write_down`] of events that happened now.
    ///
    /// # Errors
    /// As [`Self::write_down`].
    pub async fn append(
        &self,
        claim: &Claim,
        actor: &str,
        events: &[Event],
        now: Timestamp,
        notices: &[NewJob],
    ) -> Result<Incident> {
        let lines = events.iter().map(|event| (now, event.clone())).collect();
        self.write_down(claim, actor, Writing { lines, notices: notices.to_vec(), ..Writing::default() }, now).await
    }

    /// Writes something down in one transaction: all of it is kept, or nothing. Gives the incident as it is then, with what others appended in
    /// the meantime.
    ///
    /// An event that closes the incident deletes what was sealed for it. What is done to a credential never waits for a notice: where a queue
    /// takes no more, the events are kept, and one more that tells what nobody is told.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if the claim was taken over. If the database was away, the events may have been kept.
    pub async fn write_down(&self, claim: &Claim, actor: &str, writing: Writing, now: Timestamp) -> Result<Incident> {
        let (claim, actor, lost) = (claim.clone(), actor.to_owned(), random::name()?);
        let (names, ids) = (random::names(writing.lines.len())?, random::names(writing.notices.len())?);
        let (key, depth) = (self.key(), self.depth());
        self.write(move |tx| {
            let (mut incident, hold) = claim.read(tx)?;
            match hold {
                Hold::Mine => {}
                Hold::Released if writing.release => return Ok(incident),
                Hold::Released | Hold::Lost => return Err(StoreError::Stale),
            }
            if let Some(first) = names.first()
                && tx.logged(first)?
            {
                return Ok(incident);
            }
            for (name, (at, event)) in names.iter().zip(&writing.lines) {
                let (names, events) = (std::slice::from_ref(name), std::slice::from_ref(event));
                projection::append(tx, &mut incident, &Lines { names, events, actor: &actor, at: *at })?;
            }
            let mut untold = Vec::new();
            for (job, id) in writing.notices.iter().zip(&ids) {
                if let Put::NoRoom { .. } = jobs::put(tx, &key, (id, job), now, depth)? {
                    untold.push(job);
                }
            }
            if !untold.is_empty() {
                let (names, events) = (std::slice::from_ref(&lost), &[no_room(&untold)]);
                projection::append(tx, &mut incident, &Lines { names, events, actor: &actor, at: now })?;
            }
            if !writing.lines.is_empty() || !untold.is_empty() {
                projection::save(tx, &incident, now)?;
            }
            if let Some(until) = writing.until {
                claim.hold(tx, until)?;
            }
            if writing.release {
                claim.give_back(tx, projection::next_look(&incident, now))?;
            }
            Ok(incident)
        })
        .await
    }
}

/// Tells in the log what people are not told.
fn no_room(untold: &[&NewJob]) -> Event {
    let what: Vec<&str> = untold.iter().map(|job| notices::topic_of(&job.key)).collect();
    let what = what.join(", ");
    tracing::error!(what, "the queue of notices is full: people are not told");
    Event::Noted { text: format!("nobody is told of this ({what}): the queue of notices is full") }
}

impl Wanted {
    fn new(actor: &Actor, now: Timestamp, lease: Duration) -> Result<Self> {
        let until = now.as_millisecond().saturating_add(millis(lease));
        Ok(Self { actor: actor.clone(), lease: random::name()?, now, until })
    }

    fn held(&self, row: &Row) -> Result<Claim> {
        Ok(Claim {
            incident: projection::document(row, 1)?,
            fence: row.int(2)?,
            actor: self.actor.clone(),
            lease: self.lease.clone(),
        })
    }

    fn take(&self, tx: &mut Tx<'_>, row: &Row) -> Result<Claim> {
        let claim = self.held(row)?;
        tx.execute(
            "UPDATE incidents SET lease_id = $1, lease_owner = $2, lease_until = $3, fence = $4, woken = 0 WHERE id = $5",
            values![&self.lease, self.actor.to_string(), self.until, claim.fence, row.text(0)?],
        )?;
        Ok(claim)
    }
}

impl Claim {
    /// Who holds it.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    fn id(&self) -> &str {
        self.incident.id.as_str()
    }

    /// What the lease is called once it was given back, so that giving it back twice is once.
    fn released(&self) -> String {
        format!("released {}", self.lease)
    }

    /// The incident as it is now, and whether it is still ours: nobody may write whose claim was taken over.
    fn read(&self, tx: &mut Tx<'_>) -> Result<(Incident, Hold)> {
        let row = tx.first("SELECT document, fence, lease_id FROM incidents WHERE id = $1", values![self.id()])?;
        let row = row.ok_or(StoreError::NotFound("incident"))?;
        let hold = match (row.int(1)? == self.fence, row.maybe_text(2)?) {
            (true, Some(lease)) if lease == self.lease => Hold::Mine,
            (true, Some(lease)) if lease == self.released() => Hold::Released,
            _ => Hold::Lost,
        };
        Ok((projection::document(&row, 0)?, hold))
    }

    /// Nobody may write whose claim was taken over.
    pub(super) fn check(&self, tx: &mut Tx<'_>) -> Result<()> {
        let sql = "SELECT 1 FROM incidents WHERE id = $1 AND fence = $2 AND lease_id = $3";
        tx.first(sql, values![self.id(), self.fence, &self.lease])?.map(drop).ok_or(StoreError::Stale)
    }

    fn hold(&self, tx: &mut Tx<'_>, until: Timestamp) -> Result<()> {
        let sql = "UPDATE incidents SET lease_until = $1 WHERE id = $2 AND fence = $3 AND lease_id = $4";
        self.only(tx.execute(sql, values![until, self.id(), self.fence, &self.lease])?)
    }

    /// What waits for people is looked at again only if there is a time for that: when somebody spoke and was heard, that time is over.
    fn give_back(&self, tx: &mut Tx<'_>, due: Option<Timestamp>) -> Result<()> {
        let sql = "UPDATE incidents SET lease_owner = NULL, lease_until = NULL, lease_id = $1,
                       due = CASE WHEN woken = 1 OR is_open = 0 THEN due
                                  WHEN state IN ('waiting', 'by-hand') THEN $2 ELSE COALESCE($2, due) END
                   WHERE id = $3 AND fence = $4 AND lease_id = $5";
        self.only(tx.execute(sql, values![self.released(), due, self.id(), self.fence, &self.lease])?)
    }

    #[expect(clippy::unused_self, reason = "reads as what it is about")]
    fn only(&self, changed: u64) -> Result<()> {
        if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
    }
}
