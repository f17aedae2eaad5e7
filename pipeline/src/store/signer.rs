//! Who signs the end of the log, and on which ends they build.

use jiff::Timestamp;

use super::error::Result;
use super::value::Row;
use crate::audit::chain::{Hash, START};
use crate::audit::{Anchor, AuditEvent, Head, SigningKey, VerifyingKey};

/// Signs heads, and knows on which it may build without a word.
///
/// Whoever can write to the database could write the log anew, and the next honest line would sign their work. To refuse that line would let them, or a
/// key that was lost, stop every revocation. So it is written, after a line that says what it stands on ([`AuditEvent::Doubted`]): from then on
/// no verification passes in silence.
pub(super) struct Signer {
    key: SigningKey,
    trusted: Vec<VerifyingKey>,
    /// The end that was written last.
    last: Option<(u64, Hash)>,
}

/// The end of the log, as it is stored.
pub(super) struct Found {
    pub(super) seq: u64,
    pub(super) hash: Hash,
    pub(super) at: Timestamp,
    /// All of it, if it is signed by anybody at all.
    head: Option<Head>,
}

impl Found {
    /// What `SELECT seq, hash, at, key, signature FROM head` gives.
    pub(super) fn of(row: &Row) -> Result<Self> {
        let seq = u64::try_from(row.int(0)?).map_err(super::StoreError::corrupt)?;
        let (hash, at) = (row.array(1)?, row.time(2)?);
        let signed = row.array(3).ok().zip(row.array(4).ok());
        let head = signed.map(|(key, signature)| {
            let key = VerifyingKey::from_bytes(key);
            Head { seq, hash, at: at.as_millisecond(), key, signature }
        });
        Ok(Self { seq, hash, at, head })
    }

    /// A name for the doubt about it, the same each time.
    pub(super) fn name(&self) -> String {
        let mut hasher = blake3::Hasher::new_derive_key("stanch 2026-11-21 doubt about a head");
        hasher.update(&self.seq.to_le_bytes()).update(&self.hash);
        if let Some(head) = &self.head {
            hasher.update(head.key.as_bytes()).update(&head.signature);
        }
        hasher.finalize().to_hex().chars().take(32).collect()
    }
}

impl Signer {
    pub(super) const fn new(key: SigningKey, trusted: Vec<VerifyingKey>) -> Self {
        Self { key, trusted, last: None }
    }

    pub(super) fn sign(&self, seq: u64, hash: Hash, at: Timestamp) -> Head {
        Head::sign(&self.key, seq, hash, at)
    }

    /// The end that was written, once that is durable.
    pub(super) const fn wrote(&mut self, end: (u64, Hash)) {
        self.last = Some(end);
    }

    /// What has to be said before anything is built on an end; `None` if it is the one that was written last, or a later one of somebody who is
    /// trusted.
    pub(super) fn doubt(&self, found: &Found) -> Option<AuditEvent> {
        if self.last == Some((found.seq, found.hash)) {
            return None;
        }
        let wrote = self.last.map(|(seq, _)| seq).filter(|last| found.seq <= *last);
        let empty = found.seq == 0 && found.hash == START;
        let is_trusted = |head: &Head| self.trusted.contains(&head.key) && head.holds();
        if wrote.is_none() && (empty || found.head.as_ref().is_some_and(is_trusted)) {
            return None;
        }
        let head = found.head.clone().map(|head| Anchor(head).to_string());
        Some(AuditEvent::Doubted { seq: found.seq, head, wrote })
    }
}
