//! Names that nobody else makes up.

use jiff::Timestamp;

use super::error::{Result, StoreError};
use crate::IncidentId;

/// Bytes of chance.
pub(super) fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| StoreError::Other("no random numbers".to_owned()))?;
    Ok(bytes)
}

/// A name of 128 bits in hexadecimal digits.
pub(super) fn name() -> Result<String> {
    Ok(format!("{:032x}", u128::from_le_bytes(bytes()?)))
}

/// As many names as are asked for.
pub(super) fn names(count: usize) -> Result<Vec<String>> {
    (0..count).map(|_| name()).collect()
}

/// A name of a new incident.
pub(super) fn incident(now: Timestamp) -> Result<IncidentId> {
    Ok(IncidentId::new(now, bytes()?))
}
