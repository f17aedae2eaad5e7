//! The private key of a certificate, as a JSON Web Signature needs it (<https://www.rfc-editor.org/rfc/rfc7518>).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    KeyPair as _, RSA_PKCS1_SHA256,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::Why;

/// A private key.
pub(super) enum Key {
    Rsa(KeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// Reads PEM: PKCS#8, PKCS#1, SEC1. `public` is the certificate's, which a SEC1 key may leave out; the key must be its own.
    pub(super) fn read(pem: &str, public: &[u8]) -> Result<Self, Why> {
        let malformed = || Why::Malformed { part: "secret".to_owned() };
        let text = Zeroizing::new(pem.replace("\\n", "\n"));
        let der = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| malformed())?;
        let key = match &der {
            PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()).ok().map(Self::Rsa),
            PrivateKeyDer::Pkcs8(der) => Self::of_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Sec1(der) => {
                scalar(der.secret_sec1_der()).and_then(|scalar| Self::of_scalar(scalar, public))
            }
            _ => None,
        };
        let key = key.ok_or_else(malformed)?;
        if key.public() == public {
            Ok(key)
        } else {
            Err(Why::Malformed { part: "certificate: it is of another key".to_owned() })
        }
    }

    fn of_pkcs8(der: &[u8]) -> Option<Self> {
        let curve = |algorithm: &'static EcdsaSigningAlgorithm| {
            EcdsaKeyPair::from_pkcs8(algorithm, der, &SystemRandom::new()).ok()
        };
        let rsa = || KeyPair::from_pkcs8(der).ok().map(Self::Rsa);
        let p256 = || curve(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Self::P256);
        let p384 = || curve(&ECDSA_P384_SHA384_FIXED_SIGNING).map(Self::P384);
        rsa().or_else(p256).or_else(p384)
    }

    fn of_scalar(scalar: &[u8], public: &[u8]) -> Option<Self> {
        let curve = |algorithm: &'static EcdsaSigningAlgorithm| {
            EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar, public, &SystemRandom::new()).ok()
        };
        match scalar.len() {
            32 => curve(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Self::P256),
            48 => curve(&ECDSA_P384_SHA384_FIXED_SIGNING).map(Self::P384),
            _ => None,
        }
    }

    fn public(&self) -> &[u8] {
        match self {
            Self::Rsa(key) => key.public_key().as_ref(),
            Self::P256(key) | Self::P384(key) => key.public_key().as_ref(),
        }
    }

    /// The name of its signatures.
    pub(super) const fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::P256(_) => "ES256",
            Self::P384(_) => "ES384",
        }
    }

    /// The public key as JSON.
    pub(super) fn jwk(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let point = |curve: &str, public: &[u8]| {
            let (x, y) = public.get(1..).map(|both| both.split_at(both.len() / 2)).unwrap_or_default();
            json!({ "kty": "EC", "crv": curve, "x": encode(x), "y": encode(y) })
        };
        match self {
            Self::Rsa(key) => {
                let public = PublicKeyComponents::<Vec<u8>>::from(key.public());
                json!({ "kty": "RSA", "n": encode(&public.n), "e": encode(&public.e) })
            }
            Self::P256(key) => point("P-256", key.public_key().as_ref()),
            Self::P384(key) => point("P-384", key.public_key().as_ref()),
        }
    }

    /// Signs a text.
    pub(super) fn sign(&self, text: &[u8]) -> Result<Vec<u8>, Why> {
        let failed = |_| Why::Other { detail: "the key does not sign".to_owned() };
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Self::P256(key) | Self::P384(key) => Ok(key.sign(&random, text).map_err(failed)?.as_ref().to_vec()),
        }
    }
}

/// The number in a SEC1 key (<https://www.rfc-editor.org/rfc/rfc5915#section-3>): a version, and it as an octet string.
fn scalar(der: &[u8]) -> Option<&[u8]> {
    let body = match der {
        [0x30, length, rest @ ..] if *length < 0x80 => rest,
        [0x30, 0x81, _, rest @ ..] => rest,
        _ => return None,
    };
    let [0x02, 0x01, 0x01, 0x04, length, rest @ ..] = body else { return None };
    rest.get(..usize::from(*length))
}
