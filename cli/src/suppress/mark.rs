//! The name that an ignore file or baseline has for a credential.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write;

use argon2::{Algorithm, Argon2, Params, Version};
use stanch_model::{Category, Finding, Fingerprint, FingerprintKey};
use stanch_rules::normalise;

/// Makes the names of credentials under one file's key.
#[derive(Debug)]
pub(crate) struct Marks {
    bytes: [u8; 32],
    key: FingerprintKey,
    /// Slow names are made once a credential.
    slow: RefCell<HashMap<Fingerprint, Option<String>>>,
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

    /// The credential's name: `fast:…` for what a machine has made long and random, `slow:…` for what a person may have chosen, since that
    /// can be guessed. `None` if no name can be made, which then covers nothing.
    pub(crate) fn name(&self, finding: &Finding) -> Option<String> {
        #[expect(clippy::disallowed_methods, reason = "the hash needs the bytes and keeps none of them")]
        let bytes = finding.secret.expose();
        let secret = normalise(bytes);
        let fast = self.key.fingerprint(&secret);
        if made_by_a_machine(finding, bytes.len()) {
            return Some(format!("fast:{fast}"));
        }
        self.slow.borrow_mut().entry(fast).or_insert_with(|| self.slow_name(&secret)).clone()
    }

    /// Argon2id with 8 MiB and two passes: some milliseconds for us, and as much for each guess.
    fn slow_name(&self, secret: &stanch_model::Secret) -> Option<String> {
        let mut out = [0; 16];
        let hashed = Params::new(8 * 1024, 2, 1, Some(16)).and_then(|params| {
            #[expect(clippy::disallowed_methods, reason = "the hash needs the bytes and keeps none of them")]
            let bytes = secret.expose();
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(bytes, &self.bytes, &mut out)
        });
        hashed.ok().map(|()| format!("slow:{}", hex(&out)))
    }
}

/// Whether the secret is of a kind that providers issue, long enough that nobody guesses it. Forms without a provider (passwords, URLs,
/// headers) hold what people choose, however random it looks.
fn made_by_a_machine(finding: &Finding, length: usize) -> bool {
    const ENOUGH: usize = 20;
    const RANDOM: f32 = 3.0;
    finding.category != Category::Generic && length >= ENOUGH && finding.evidence.entropy >= RANDOM
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
