//! Leases of rows, and those of processes that are no more.

use std::sync::Arc;

use jiff::Timestamp;

use super::actor::Actor;
use super::error::Result;
use super::tx::Tx;
use super::value::values;

/// Tells whether a process of this host is no more. It is asked about processes of the host that claims, never about itself.
pub type Gone = Arc<dyn Fn(&Actor) -> bool + Send + Sync>;

/// The tables whose rows are leased.
#[derive(Clone, Copy)]
pub(super) enum Leased {
    Incidents,
    Jobs,
}

impl Leased {
    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::Incidents => "incidents",
            Self::Jobs => "jobs",
        }
    }
}

/// Frees what processes hold that were on this host and are no more.
pub(super) fn abandon(tx: &mut Tx<'_>, leased: Leased, me: &Actor, now: Timestamp, gone: &Gone) -> Result<()> {
    let table = leased.table();
    let owners = tx.query(
        &format!("SELECT DISTINCT lease_owner FROM {table} WHERE lease_owner IS NOT NULL AND lease_until > $1"),
        values![now],
    )?;
    for row in owners {
        let text = row.text(0)?;
        let Ok(owner) = text.parse::<Actor>() else { continue };
        if owner.host == me.host && owner != *me && gone(&owner) {
            let sql = format!(
                "UPDATE {table} SET lease_id = NULL, lease_owner = NULL, lease_until = NULL WHERE lease_owner = $1"
            );
            tx.execute(&sql, values![text])?;
        }
    }
    Ok(())
}
