//! The store's key, and what is sealed with it.

use std::fmt;
use std::path::Path;

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Key, Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::error::{Result, StoreError};
use super::random;
use crate::audit::KeyError;
use crate::audit::head::{key_file, key_text};

const NONCE: usize = 24;
const TAG: usize = 16;

/// What a file of such a key begins with.
const WORD: &str = "stanch-store-1:";

/// The key of a store, which is never in it.
#[derive(Clone)]
pub struct StoreKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKey")
    }
}

impl StoreKey {
    /// The key in its 32 bytes.
    pub fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// The key of a file, which is made if it is not there; nobody else can read it.
    ///
    /// # Errors
    /// If the file cannot be read or made, or holds something else.
    pub fn load_or_make(path: &Path) -> Result<Self, KeyError> {
        key_file(path, WORD).map(Self)
    }

    /// The key of a text, as such a file holds it.
    ///
    /// # Errors
    /// If it holds something else. The text is not shown.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        key_text(text, WORD).map(Self)
    }

    fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(blake3::derive_key(purpose, self.0.as_slice()))
    }

    /// The keyed hash under which a token or session is known.
    pub(super) fn hash(&self, token: &[u8]) -> blake3::Hash {
        blake3::keyed_hash(&self.derive("stanch 2026-11-21 hashes of tokens"), token)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(*self.derive("stanch 2026-11-21 sealing of the store")))
    }

    /// Seals something for one place: nonce, sealed content, tag.
    pub(super) fn seal(&self, place: &Place<'_>, content: &[u8]) -> Result<Vec<u8>> {
        let nonce: [u8; NONCE] = random::bytes()?;
        // In place, in memory that is wiped, so that no copy in clear stays behind.
        let mut sealed = Zeroizing::new(content.to_vec());
        let beside = place.beside();
        let tag = self.cipher().encrypt_inout_detached(&XNonce::from(nonce), &beside, sealed.as_mut_slice().into());
        let tag = tag.map_err(|_| StoreError::Other("it is too large to be sealed".to_owned()))?;
        Ok([&nonce, sealed.as_slice(), tag.as_slice()].concat())
    }

    /// What was sealed for a place.
    pub(super) fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let damaged =
            || StoreError::Corrupt("something sealed was changed, moved, or sealed with another key".to_owned());
        let (nonce, rest) = sealed.split_first_chunk::<NONCE>().ok_or_else(damaged)?;
        let (content, tag) = rest.split_last_chunk::<TAG>().ok_or_else(damaged)?;
        let mut content = Zeroizing::new(content.to_vec());
        let beside = place.beside();
        let opened = self.cipher().decrypt_inout_detached(
            &XNonce::from(*nonce),
            &beside,
            content.as_mut_slice().into(),
            &Tag::from(*tag),
        );
        opened.map_err(|_| damaged())?;
        Ok(content)
    }
}

/// What something is sealed for; it opens nowhere else.
pub(super) enum Place<'a> {
    /// The value that tells a wrong key.
    Check,
    /// A secret of an incident.
    Secret { incident: &'a str, name: &'a str },
    /// The payload of a job.
    Job { queue: &'a str, key: &'a str },
}

impl Place<'_> {
    fn beside(&self) -> Vec<u8> {
        let parts = match self {
            Self::Check => ["check", "", ""],
            Self::Secret { incident, name } => ["secret", incident, name],
            Self::Job { queue, key } => ["job", queue, key],
        };
        let mut beside = Vec::new();
        for part in parts {
            beside.extend_from_slice(&(part.len() as u64).to_le_bytes());
            beside.extend_from_slice(part.as_bytes());
        }
        beside
    }
}
