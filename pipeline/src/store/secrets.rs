//! What is needed to act on a credential, sealed, for as long as its incident is open.

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::error::{Result, StoreError};
use super::key::{Place, StoreKey};
use super::tx::Tx;
use super::value::values;
use super::{Claim, Store};
use crate::IncidentId;

/// What is sealed in every store under its key.
const CHECK: &[u8] = b"stanch";

impl Store {
    /// Seals a secret of a claimed incident under a name, in place of what was there.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if the claim was taken over: what its new holder sealed stays. [`StoreError::Closed`] if the incident is closed:
    /// nothing is kept then.
    pub async fn put_secret(
        &self,
        claim: &Claim,
        name: &str,
        secret: Zeroizing<Vec<u8>>,
        now: Timestamp,
    ) -> Result<()> {
        let (claim, name, key) = (claim.clone(), name.to_owned(), self.key());
        self.write(move |tx| {
            claim.check(tx)?;
            let incident = &claim.incident.id;
            let row = tx.first("SELECT is_open FROM incidents WHERE id = $1", values![incident.as_str()])?;
            match row.ok_or(StoreError::NotFound("incident"))?.int(0)? {
                0 => Err(StoreError::Closed),
                _ => put(tx, &key, (incident.as_str(), &name), &secret, (true, now)),
            }
        })
        .await
    }

    /// What was sealed for an incident under a name; `None` if nothing was, or if the incident was closed since.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it was changed or moved.
    pub async fn secret(&self, incident: &IncidentId, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let (incident, name, key) = (incident.clone(), name.to_owned(), self.key());
        self.read(move |reading| {
            let sql = "SELECT sealed FROM secrets WHERE incident = $1 AND name = $2";
            let row = reading.first(sql, values![incident.as_str(), &name])?;
            let place = Place::Secret { incident: incident.as_str(), name: &name };
            row.map(|row| key.open(&place, row.bytes(0)?)).transpose()
        })
        .await
    }

    /// Deletes what was sealed for an incident under a name.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn forget_secret(&self, incident: &IncidentId, name: &str) -> Result<()> {
        let (incident, name) = (incident.clone(), name.to_owned());
        self.write(move |tx| {
            let sql = "DELETE FROM secrets WHERE incident = $1 AND name = $2";
            tx.execute(sql, values![incident.as_str(), &name]).map(drop)
        })
        .await
    }
}

/// Seals a secret for an incident, in place of what is there only if it should.
pub(super) fn put(
    tx: &mut Tx<'_>,
    key: &StoreKey,
    (incident, name): (&str, &str),
    secret: &[u8],
    (replace, now): (bool, Timestamp),
) -> Result<()> {
    let sealed = key.seal(&Place::Secret { incident, name }, secret)?;
    let conflict = if replace {
        "(incident, name) DO UPDATE SET sealed = excluded.sealed, at = excluded.at"
    } else {
        "DO NOTHING"
    };
    let sql =
        format!("INSERT INTO secrets (incident, name, sealed, at) VALUES ($1, $2, $3, $4) ON CONFLICT {conflict}");
    tx.execute(&sql, values![incident, name, sealed, now]).map(drop)
}

/// Whether the store was made with this key. A new store is made with it now.
pub(super) fn check_key(tx: &mut Tx<'_>, key: &StoreKey) -> Result<()> {
    let Some(row) = tx.first("SELECT value FROM meta WHERE name = 'check'", &[])? else {
        let sealed = key.seal(&Place::Check, CHECK)?;
        return tx.execute("INSERT INTO meta (name, value) VALUES ('check', $1)", values![sealed]).map(drop);
    };
    match key.open(&Place::Check, row.bytes(0)?) {
        Ok(content) if content.as_slice() == CHECK => Ok(()),
        _ => Err(StoreError::WrongKey),
    }
}

/// Whether the names of credentials in this store are made as ours are. A store that knows of none takes ours.
pub(super) fn check_fingerprints(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<()> {
    let Some(row) = tx.first("SELECT value FROM meta WHERE name = 'fingerprints'", &[])? else {
        let sql = "INSERT INTO meta (name, value) VALUES ('fingerprints', $1)";
        return tx.execute(sql, values![hash.as_slice()]).map(drop);
    };
    if row.bytes(0)? == hash { Ok(()) } else { Err(StoreError::OtherFingerprints) }
}
