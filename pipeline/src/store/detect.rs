//! What was found becomes an incident, or is added to one.

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::Store;
use super::error::{Result, StoreError};
use super::log::json;
use super::projection::{self, Lines};
use super::random;
use super::secrets;
use super::tx::Tx;
use super::value::values;
use crate::{Detected, Ending, Event, Exposure, Incident, IncidentId, Occurrence, State};

/// Under which name the credential itself is sealed.
pub const CREDENTIAL: &str = "credential";

/// What is to be written, prepared outside of the transaction.
struct Finding {
    id: IncidentId,
    what: Detected,
    seen: Vec<Seen>,
    names: Vec<String>,
    secret: Option<Zeroizing<Vec<u8>>>,
    actor: String,
    now: Timestamp,
}

struct Seen {
    event: Event,
    digest: [u8; 32],
}

impl Store {
    /// A credential was found, at some places. Gives its incident, and whether that is a new one.
    ///
    /// There is one open incident a credential: places that it does not know are added to it. An incident that a policy or a person closed
    /// takes them, too. One that was closed because the credential is dead stays as it is if all places were known; a place that is new
    /// makes a new incident. The same report may come any number of times.
    ///
    /// The secret, if there is one, is sealed under [`CREDENTIAL`] for an incident that is open and has none.
    ///
    /// # Errors
    /// If it was not kept.
    pub async fn detect(
        &self,
        what: &Detected,
        occurrences: &[Occurrence],
        secret: Option<Zeroizing<Vec<u8>>>,
        now: Timestamp,
        actor: &str,
    ) -> Result<(IncidentId, bool)> {
        let seen = occurrences.iter().map(|occurrence| seen(occurrence, what.exposure)).collect::<Result<Vec<_>>>()?;
        let finding = Finding {
            id: random::incident(now)?,
            what: what.clone(),
            names: random::names(seen.len() + 1)?,
            seen,
            secret,
            actor: actor.to_owned(),
            now,
        };
        let key = self.key();
        self.write(move |tx| {
            let (incident, is_new) = finding.take(tx)?;
            if let Some(secret) = finding.secret.as_ref().filter(|_| incident.state != State::Closed) {
                secrets::put(tx, &key, (incident.id.as_str(), CREDENTIAL), secret, (false, finding.now))?;
            }
            Ok((incident.id, is_new))
        })
        .await
    }
}

impl Finding {
    fn take(&self, tx: &mut Tx<'_>) -> Result<(Incident, bool)> {
        let Some(begin) = self.names.first() else { return Err(StoreError::other("no name for a line")) };
        if tx.logged(begin)? {
            return Ok((projection::load(tx, &self.id)?, true));
        }
        match self.known(tx)? {
            Some(mut incident) if !self.is_new(tx, &incident)? => {
                self.add(tx, &mut incident)?;
                Ok((incident, false))
            }
            _ => {
                let event = Event::Detected { what: Box::new(self.what.clone()) };
                let mut incident = projection::begin(tx, &self.id, begin, &event, (&self.actor, self.now))?;
                self.add(tx, &mut incident)?;
                projection::save(tx, &incident, self.now)?;
                Ok((incident, true))
            }
        }
    }

    /// Whether it is another matter than the last incident: that was about a dead credential, which has come to a new place; or the policies
    /// left it alone where fewer people could read it.
    fn is_new(&self, tx: &mut Tx<'_>, last: &Incident) -> Result<bool> {
        let is_worse = last.ending == Some(Ending::Ignored) && self.what.exposure > last.exposure;
        Ok((is_worse || is_dead(last)) && !self.unknown(tx, last)?.is_empty())
    }

    /// The last incident of the credential, and the open one if there is one.
    fn known(&self, tx: &mut Tx<'_>) -> Result<Option<Incident>> {
        let sql = "SELECT document FROM incidents WHERE fingerprint = $1 ORDER BY is_open DESC, id DESC LIMIT 1";
        let row = tx.first(sql, values![&self.what.fingerprint])?;
        row.map(|row| projection::document(&row, 0)).transpose()
    }

    /// The places that an incident does not know.
    fn unknown(&self, tx: &mut Tx<'_>, incident: &Incident) -> Result<Vec<(&Seen, &String)>> {
        let mut unknown = Vec::new();
        for (seen, name) in self.seen.iter().zip(self.names.iter().skip(1)) {
            let sql = "SELECT 1 FROM occurrences WHERE incident = $1 AND digest = $2";
            if tx.first(sql, values![incident.id.as_str(), seen.digest.as_slice()])?.is_none() {
                unknown.push((seen, name));
            }
        }
        Ok(unknown)
    }

    fn add(&self, tx: &mut Tx<'_>, incident: &mut Incident) -> Result<()> {
        let mut changed = false;
        for (seen, name) in self.unknown(tx, incident)? {
            let new = tx.execute(
                "INSERT INTO occurrences (incident, digest, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                values![incident.id.as_str(), seen.digest.as_slice(), self.now],
            )?;
            // One report may name a place twice.
            if new == 0 {
                continue;
            }
            let (names, events) = (std::slice::from_ref(name), std::slice::from_ref(&seen.event));
            projection::append(tx, incident, &Lines { names, events, actor: &self.actor, at: self.now })?;
            changed = true;
        }
        if changed { projection::save(tx, incident, self.now) } else { Ok(()) }
    }
}

fn is_dead(incident: &Incident) -> bool {
    matches!(incident.ending, Some(Ending::Killed | Ending::WasDead))
}

fn seen(occurrence: &Occurrence, exposure: Exposure) -> Result<Seen> {
    let event = Event::Seen { occurrence: occurrence.clone(), exposure };
    let digest = *blake3::hash(json(&event)?.as_bytes()).as_bytes();
    Ok(Seen { event, digest })
}
