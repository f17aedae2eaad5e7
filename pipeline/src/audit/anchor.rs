//! A signed head as one line of text, to be kept where whoever could rewrite the log cannot reach: a ticket, a mail, another machine.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::Timestamp;

use super::chain::Hash;
use super::head::Head;
use super::{AuditEvent, VerifyingKey};
use crate::store::{Result, Store};

/// How an anchor begins: what it is, and in which format.
const WORD: &str = "stanch-anchor-1";

/// A head that was kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor(pub Head);

/// The text is no anchor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no anchor: `stanch-anchor-1`, a place, a time, a hash, a key and a signature")]
pub struct ParseAnchorError;

impl Anchor {
    /// Takes the end of the log, and writes down that it was given out; `None` while the log is empty.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn take(store: &Store, actor: &str, now: Timestamp) -> Result<Option<Self>> {
        let Some(head) = store.head().await? else { return Ok(None) };
        let event = AuditEvent::Anchored { seq: head.seq, hash: hex(&head.hash) };
        store.record(&event, actor, now).await?;
        Ok(Some(Self(head)))
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Head { seq, hash, at, key, signature } = &self.0;
        write!(f, "{WORD} {seq} {at} {} {key} {}", hex(hash), BASE64.encode(signature))
    }
}

impl FromStr for Anchor {
    type Err = ParseAnchorError;

    fn from_str(text: &str) -> Result<Self, ParseAnchorError> {
        let mut parts = text.split_ascii_whitespace();
        let mut next = || parts.next().ok_or(ParseAnchorError);
        if next()? != WORD {
            return Err(ParseAnchorError);
        }
        let seq = next()?.parse().map_err(|_| ParseAnchorError)?;
        let at = next()?.parse().map_err(|_| ParseAnchorError)?;
        let hash = unhex(next()?).ok_or(ParseAnchorError)?;
        let key: VerifyingKey = next()?.parse().map_err(|_| ParseAnchorError)?;
        let signature = BASE64.decode(next()?).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(ParseAnchorError)?;
        match parts.next() {
            None => Ok(Self(Head { seq, hash, at, key, signature })),
            Some(_) => Err(ParseAnchorError),
        }
    }
}

/// A hash in hexadecimal digits.
pub(super) fn hex(hash: &Hash) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}

fn unhex(text: &str) -> Option<Hash> {
    blake3::Hash::from_hex(text).ok().map(Into::into)
}
