//! What signatures are made of: MACs, digests, RSA keys and JSON web tokens, over ring.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::hmac::{HMAC_SHA256, Key, sign};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::Why;
use crate::credential::hex;

/// HMAC-SHA256 (RFC 2104, FIPS 180-4).
pub(crate) fn hmac_sha256(key: &[u8], text: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(sign(&Key::new(HMAC_SHA256, key), text).as_ref().to_vec())
}

/// SHA-256 in lower-case hex.
pub(crate) fn sha256_hex(text: &[u8]) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, text).as_ref())
}

/// SHA-256 in base64.
pub(crate) fn sha256_base64(text: &[u8]) -> String {
    STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, text))
}

/// 16 random bytes in hex, for requests that must not be sent twice.
///
/// # Errors
/// If the system has no randomness.
pub(crate) fn nonce() -> Result<String, Why> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Why::Other { detail: "the system has no randomness".to_owned() })?;
    Ok(hex(&bytes))
}

/// Now, in a form of `strftime`, in UTC.
pub(crate) fn date(now: Timestamp, form: &str) -> String {
    now.strftime(form).to_string()
}

/// Percent-encodes all but unreserved characters (RFC 3986).
pub(crate) fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            if plain { char::from(byte).to_string() } else { format!("%{byte:02X}") }
        })
        .collect()
}

/// The query of an address in the canonical form that most signatures use: sorted, and encoded anew.
pub(crate) fn canonical_query(url: &reqwest::Url) -> String {
    let mut pairs: Vec<(String, String)> =
        url.query_pairs().map(|(name, value)| (percent(&name), percent(&value))).collect();
    pairs.sort_unstable();
    pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// A private RSA key.
pub(crate) struct RsaKey(KeyPair);

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaKey")
    }
}

impl RsaKey {
    /// Reads PEM, PKCS#8 or PKCS#1. Line ends may be written out (`\n`), as JSON and environment files have them.
    ///
    /// # Errors
    /// If it is no RSA key of 2048 bits or more, or encrypted.
    pub(crate) fn from_pem(text: &str, part: &str) -> Result<Self, Why> {
        let malformed = || Why::Malformed { part: part.to_owned() };
        let text = Zeroizing::new(text.replace("\\\\n", "\n").replace("\\n", "\n").replace("\\r", ""));
        let key = match PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| malformed())? {
            PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(malformed()),
        };
        key.map(Self).map_err(|_| malformed())
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256.
    ///
    /// # Errors
    /// If the key is broken.
    pub(crate) fn sign(&self, text: &[u8]) -> Result<Vec<u8>, Why> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        let signed = self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature);
        signed.map(|()| signature).map_err(|_| Why::Other { detail: "the key does not sign".to_owned() })
    }

    /// The public key as PKCS#1 DER (`RSAPublicKey`), which stands as it is in certificates.
    pub(crate) fn public(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    /// The public key as DER of a `SubjectPublicKeyInfo` (RFC 5280, 4.1).
    pub(crate) fn public_info(&self) -> Vec<u8> {
        // rsaEncryption and its null (RFC 8017, A.1).
        const ALGORITHM: [u8; 15] = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
        let bits = [&[0], self.public()].concat();
        der(0x30, &[&ALGORITHM[..], &der(3, &bits)].concat())
    }

    /// A JSON web token (RFC 7515) of these claims, by RS256.
    ///
    /// # Errors
    /// If the key is broken.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> Result<Zeroizing<String>, Why> {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = Zeroizing::new(format!("{}.{}", encode(header), encode(claims)));
        let signature = self.sign(head.as_bytes())?;
        Ok(Zeroizing::new(format!("{}.{}", *head, URL_SAFE_NO_PAD.encode(signature))))
    }
}

/// A value of DER with its tag and length (X.690).
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant = length.iter().position(|&byte| byte != 0).map_or(&length[7..], |at| &length[at..]);
    let mut out = vec![tag];
    if let (1, Some(&short @ 0..=0x7f)) = (significant.len(), significant.first()) {
        out.push(short);
    } else {
        out.push(0x80 | u8::try_from(significant.len()).unwrap_or(8));
        out.extend_from_slice(significant);
    }
    out.extend_from_slice(content);
    out
}
