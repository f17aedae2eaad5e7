//! The revokers' journal, kept in the store: each line is an event of the incident.

use std::io;

use stanch_revokers::act::{Journal, Line, Moment};
use stanch_revokers::{Doing, Successor};
use tokio::sync::Mutex;

use super::{ACTOR, Engine, SUCCESSOR, sealed};
use crate::store::{Claim, StoreError, Writing};
use crate::{Event, Incident, State};

/// A claim through which lines are written. The line before an effect renews the lease, and none is written once somebody else has the incident.
pub(super) struct Ledger<'a> {
    engine: &'a Engine,
    claim: Mutex<&'a mut Claim>,
    past: Vec<Moment>,
    /// Lines of this run, in case the past is asked for again.
    new: std::sync::Mutex<Vec<Moment>>,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(engine: &'a Engine, claim: &'a mut Claim) -> Self {
        let past = claim.incident.moments.clone();
        Self { engine, claim: Mutex::new(claim), past, new: std::sync::Mutex::default() }
    }

    async fn write(&self, moment: Moment) -> io::Result<()> {
        let mut claim = self.claim.lock().await;
        let (now, intends) = (self.engine.now(), is_intent(&moment));
        let mut until = None;
        if intends {
            may_go_on(&self.engine.store.incident(&claim.incident.id).await.map_err(as_io)?)?;
            // Nobody takes over while the call is under way.
            until = Some(now.checked_add(self.engine.options.lease).map_err(io::Error::other)?);
        }
        let lines = vec![(now, Event::Act { moment: moment.clone() })];
        let writing = Writing { lines, until, ..Writing::default() };
        claim.incident = self.engine.store.write_down(&claim, ACTOR, writing, now).await.map_err(as_io)?;
        self.new.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(moment);
        // Who said no in between is heard too: the line is there, and nothing was sent.
        if intends { may_go_on(&claim.incident) } else { Ok(()) }
    }
}

/// Nothing is begun that a person has in their hands.
fn may_go_on(incident: &Incident) -> io::Result<()> {
    if incident.state == State::ByHand { Err(io::Error::other("a person stopped it")) } else { Ok(()) }
}

/// Whether a call follows that changes something.
const fn is_intent(moment: &Moment) -> bool {
    matches!(moment, Moment::Intent { .. } | Moment::Mint { .. } | Moment::Deliver { .. } | Moment::Remove { .. })
}

fn as_io(error: StoreError) -> io::Error {
    io::Error::other(error)
}

impl Journal for Ledger<'_> {
    fn record<'a>(&'a self, line: &'a Line) -> Doing<'a, io::Result<()>> {
        Box::pin(self.write(line.moment.clone()))
    }

    fn past(&self) -> Vec<Moment> {
        let new = self.new.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.past.iter().chain(new.iter()).cloned().collect()
    }

    /// The successor first: a line that names one which is not there would be worse than one that is there unnamed, which is found and removed.
    fn keep<'a>(&'a self, line: &'a Line, successor: &'a Successor) -> Doing<'a, io::Result<()>> {
        Box::pin(async move {
            let bytes = sealed::of_successor(successor);
            let kept = {
                let claim = self.claim.lock().await;
                self.engine.store.put_secret(&claim, SUCCESSOR, bytes, self.engine.now()).await
            };
            kept.map_err(as_io)?;
            self.write(line.moment.clone()).await
        })
    }

    fn kept(&self) -> Doing<'_, io::Result<Option<Successor>>> {
        Box::pin(async move {
            let id = self.claim.lock().await.incident.id.clone();
            let bytes = self.engine.store.secret(&id, SUCCESSOR).await.map_err(as_io)?;
            bytes.map(|bytes| sealed::successor(&bytes).map_err(io::Error::other)).transpose()
        })
    }
}
