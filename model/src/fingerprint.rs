//! The name of a credential that does not reveal it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::Secret;

/// Keyed BLAKE3 of a normalised secret, 16 bytes, written as 32 hex digits. Without the key it is no oracle: a
/// guess of the secret cannot be checked against it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// A fingerprint from its bytes, as a baseline stores them.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = ParseFingerprintError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// The text is not a fingerprint.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a fingerprint has 32 hex digits")]
pub struct ParseFingerprintError;

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 16];
        if text.len() != 32 || !text.is_ascii() {
            return Err(ParseFingerprintError);
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| ParseFingerprintError)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| ParseFingerprintError)?;
        }
        Ok(Self(bytes))
    }
}

/// The key under which fingerprints are made: one per installation, or one of its own in a baseline or ignore file.
#[derive(Clone)]
pub struct FingerprintKey(Zeroizing<[u8; 32]>);

impl FingerprintKey {
    /// A key from its 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The fingerprint of a secret that is already normalised (PEM as DER, escapes undone).
    pub fn fingerprint(&self, normalised: &Secret) -> Fingerprint {
        #[expect(clippy::disallowed_methods, reason = "the hash needs the bytes and keeps none of them")]
        let hash = blake3::keyed_hash(&self.0, normalised.expose());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_bytes()[..16]);
        Fingerprint(bytes)
    }

    /// A key for another purpose, which tells nothing of this one. The purpose is a sentence that stands in the code once, as
    /// [`blake3::derive_key`] asks for.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(blake3::derive_key(purpose, self.0.as_slice()))
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let key = FingerprintKey::from_bytes([1; 32]);
        let fingerprint = key.fingerprint(&Secret::new(b"x".to_vec()));
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        assert_eq!("xyz".parse::<Fingerprint>(), Err(ParseFingerprintError));
        assert_eq!("é".repeat(16).parse::<Fingerprint>(), Err(ParseFingerprintError));
    }

    #[test]
    fn another_key_gives_another_name() {
        let secret = Secret::new(b"x".to_vec());
        let one = FingerprintKey::from_bytes([1; 32]).fingerprint(&secret);
        let two = FingerprintKey::from_bytes([2; 32]).fingerprint(&secret);
        assert_ne!(one, two);
    }

    #[test]
    fn each_purpose_has_a_key_of_its_own() {
        let key = |byte| FingerprintKey::from_bytes([byte; 32]);
        assert_eq!(key(1).derive("a"), key(1).derive("a"));
        assert_ne!(key(1).derive("a"), key(1).derive("b"));
        assert_ne!(key(1).derive("a"), key(2).derive("a"));
    }
}
