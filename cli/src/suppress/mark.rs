//! The name that an ignore file or baseline has for a credential.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write;

use argon2::{Algorithm, Argon2, Params, Version};
use stanch_model::{FingerprintKey, Finding, Fingerprint};
use stanch_rules::normalise;

/// The bits that a guesser has to try below which a secret counts as one of low entropy.
const LOW_BITS: f32 = 80.0;

/// Makes the names of credentials under one file's key.
#[derive(Debug)]
pub(crate) struct Marks {
    bytes: [u8; 32],
    key: FingerprintKey,
    /// Slow names are made once a credential.
    slow: RefCell<HashMap<Fingerprint, String>>,
}

impl Marks {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self { bytes, key: FingerprintKey::from_bytes(bytes), slow: RefCell::default() }
    }

    /// The key as the file holds it.
    pub(crate) fn key_text(&self) -> String {
        hex(&self.bytes)
    }

    /// A key from a file's text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self::new(bytes))
    }

    /// The credential's name: `fast:…`, or `slow:…` where guessing the secret is feasible.
    pub(crate) fn name(&self, finding: &Finding) -> String {
        #[expect(clippy::disallowed_methods, reason = "the hash needs the bytes and keeps none of them")]
        let bytes = finding.secret.expose();
        let secret = normalise(bytes);
        let fast = self.key.fingerprint(&secret);
        if finding.evidence.entropy * bytes.len() as f32 >= LOW_BITS {
            return format!("fast:{fast}");
        }
        self.slow.borrow_mut().entry(fast).or_insert_with(|| self.slow_name(&secret)).clone()
    }

    /// Argon2id with 8 MiB and two passes: some milliseconds for us, and as much for each guess.
    fn slow_name(&self, secret: &stanch_model::Secret) -> String {
        let mut out = [0; 16];
        let hashed = Params::new(8 * 1024, 2, 1, Some(16)).and_then(|params| {
            #[expect(clippy::disallowed_methods, reason = "the hash needs the bytes and keeps none of them")]
            let bytes = secret.expose();
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(bytes, &self.bytes, &mut out)
        });
        // The parameters are constants that are valid; a secret too long for the hash has no low entropy.
        debug_assert!(hashed.is_ok());
        format!("slow:{}", hex(&out))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
