//! Proofs of who sent a message. Each compares in constant time and over the bytes as they came.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::hmac::{HMAC_SHA256, Key, sign, verify};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use zeroize::Zeroizing;

/// Secrets that may be the right one: several while one is replaced.
pub(super) type Secrets = [Arc<Zeroizing<String>>];

/// How far the sender's clock may be from ours, in seconds: what Standard Webhooks' own libraries take.
const SKEW: i64 = 300;

/// Whether one of the secrets made `sha256=…` of the body:
/// <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>.
pub(super) fn github(body: &[u8], given: &str, secrets: &Secrets) -> bool {
    let Some(tag) = given.strip_prefix("sha256=").and_then(unhex) else { return false };
    secrets.iter().any(|secret| verify(&Key::new(HMAC_SHA256, secret.as_bytes()), body, &tag).is_ok())
}

/// Whether a token is one of the secrets. Their digests are compared, so that not even a length can be measured.
pub(super) fn token(given: &str, secrets: &Secrets) -> bool {
    let mut chance = [0; 32];
    if getrandom::fill(&mut chance).is_err() {
        return false;
    }
    let key = Key::new(HMAC_SHA256, &chance);
    let given = sign(&key, given.as_bytes());
    secrets.iter().any(|secret| verify(&key, secret.as_bytes(), given.as_ref()).is_ok())
}

/// What stands in the headers of a message that is signed as Standard Webhooks have it.
pub(super) struct Standard<'a> {
    pub(super) id: &'a str,
    pub(super) timestamp: &'a str,
    pub(super) signatures: &'a str,
}

/// Whether one of the secrets (`whsec_` and base64) made one of the signatures (`v1,` and base64) a moment ago:
/// <https://gitlab.com/gitlab-org/gitlab/-/merge_requests/230944>, after
/// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.
pub(super) fn standard(body: &[u8], given: &Standard<'_>, secrets: &Secrets, now: Timestamp) -> bool {
    let Ok(at) = given.timestamp.parse::<i64>() else { return false };
    if now.as_second().abs_diff(at) > SKEW.unsigned_abs() {
        return false;
    }
    let text = [given.id.as_bytes(), b".", given.timestamp.as_bytes(), b".", body].concat();
    let tags = given.signatures.split(' ').filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
    let tags: Vec<Vec<u8>> = tags.take(8).collect();
    let keys = secrets.iter().filter_map(|secret| STANDARD.decode(secret.strip_prefix("whsec_")?).ok());
    keys.map(Zeroizing::new).any(|key| {
        let key = Key::new(HMAC_SHA256, &key);
        tags.iter().any(|tag| verify(&key, &text, tag).is_ok())
    })
}

/// Whether the key (PEM, P-256) made the signature (base64, ASN.1) of the body with SHA-256.
pub(super) fn ecdsa(body: &[u8], signature: &str, key: &str) -> bool {
    let (Some(point), Ok(signature)) = (point(key), STANDARD.decode(signature.trim())) else { return false };
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(body, &signature).is_ok()
}

/// The point of a public key. Of all that RFC 5480 allows, this is the one form that names P-256 and does not compress.
fn point(pem: &str) -> Option<Vec<u8>> {
    const BEFORE: [u8; 26] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
        0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];
    let text: String = pem.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(text).ok()?;
    let point = der.strip_prefix(&BEFORE)?;
    (point.len() == 65).then(|| point.to_vec())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(all: &[&str]) -> Vec<Arc<Zeroizing<String>>> {
        all.iter().map(|one| Arc::new(Zeroizing::new((*one).to_owned()))).collect()
    }

    #[test]
    fn the_example_of_github_is_right() {
        // <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation>
        let given = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let right = secrets(&["another", "It's a Secret to Everybody"]);
        assert!(github(b"Hello, World!", given, &right));
        assert!(!github(b"Hello, World?", given, &right));
        assert!(!github(b"Hello, World!", given, &right[..1]));
        assert!(!github(b"Hello, World!", given, &[]));
        for wrong in ["", "sha256=", "757107ea", "sha1=757107ea", "sha256=zz", "sha256=757107ea0eb2509", &given[..70]] {
            assert!(!github(b"Hello, World!", wrong, &right), "{wrong}");
        }
    }

    #[test]
    fn the_example_of_the_partner_programme_is_right() {
        // <https://github.com/github/docs/pull/18776>
        let key = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9MJJHnMfn2+H4xL4YaPDA4RpJqUq\n\
                   kCmRCBnYERxZanmcpzQSXs1X/AljlKkbJ8qpVIW4clayyef9gWhFbNHWAA==\n-----END PUBLIC KEY-----\n";
        let body = br#"[{"token":"some_token","type":"some_type","url":"some_url"}]"#;
        let signature =
            "MEUCIQDKZokqnCjrRtw0tni+2Ltvl/uiMJ1EGumEsp1BsNr32AIgQY1YXD2nlj+XNfGK4rBfkMJ1JDOQcYXxa2sY8FNkrKc=";
        assert!(ecdsa(body, signature, key));
        assert!(!ecdsa(b"[]", signature, key));
        assert!(!ecdsa(body, "AAAA", key) && !ecdsa(body, "", key));
        assert!(!ecdsa(body, signature, "") && !ecdsa(body, signature, "-----BEGIN PUBLIC KEY-----\nMFkw\n"));
    }

    #[test]
    fn a_standard_signature_is_right_for_a_moment() {
        let key = STANDARD.encode([7; 32]);
        let all = secrets(&[&format!("whsec_{key}")]);
        let now = Timestamp::UNIX_EPOCH;
        let made = sign(&Key::new(HMAC_SHA256, &[7; 32]), b"msg.0.body");
        let signatures = format!("v1,AAAA v1,{}", STANDARD.encode(made.as_ref()));
        let given = |id: &'static str, timestamp: &'static str| Standard { id, timestamp, signatures: &signatures };
        assert!(standard(b"body", &given("msg", "0"), &all, now));
        assert!(!standard(b"bodi", &given("msg", "0"), &all, now));
        assert!(!standard(b"body", &given("msh", "0"), &all, now));
        assert!(!standard(b"body", &given("msg", "1"), &all, now));
        assert!(!standard(b"body", &given("msg", "x"), &all, now));
        let later = Timestamp::from_second(301).unwrap_or_default();
        assert!(!standard(b"body", &given("msg", "0"), &all, later), "it is too old by now");
        assert!(!standard(b"body", &given("msg", "0"), &secrets(&[&key]), now), "a secret has its mark");
    }

    #[test]
    fn tokens() {
        let all = secrets(&["first", "second"]);
        assert!(token("first", &all) && token("second", &all));
        assert!(!token("firs", &all) && !token("", &all) && !token("first", &[]));
    }
}
