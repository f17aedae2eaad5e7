//! Base64 of two things joined by a colon.

use super::check::{Check, Checked, parsed};
use super::{codec, uuid};

/// Longest text that is decoded, in bytes.
const TEXT_MAX: usize = 8 * 1024;

/// Decodes and splits at the first colon.
fn split(text: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let bytes = codec::base64_decode_lenient(text.get(..text.len().min(TEXT_MAX))?)?;
    let at = bytes.iter().position(|c| *c == b':')?;
    let (first, second) = bytes.split_at_checked(at)?;
    Some((first.to_vec(), second.get(1..)?.to_vec()))
}

/// The value of an `Authorization: Basic` header (<https://www.rfc-editor.org/rfc/rfc7617>). The user is not
/// told: with many services it is the token.
pub(super) const BASIC: Check = Check::structure("http-basic", |text| {
    let readable = |part: &[u8]| std::str::from_utf8(part).is_ok_and(|text| !text.chars().any(char::is_control));
    let right = |(user, password): (Vec<u8>, Vec<u8>)| {
        readable(&user) && readable(&password) && user.len() + password.len() >= 2
    };
    Checked::when(split(text).is_some_and(right))
})
.about("base64 of readable text with a colon", "https://www.rfc-editor.org/rfc/rfc7617");

/// Tokens of Atlassian's and Bitbucket's data centre editions: base64 of a number, a colon and 20 bytes
/// (<https://confluence.atlassian.com/enterprise/using-personal-access-tokens-1026032365.html>; the layout is
/// derived from samples).
pub(super) const ATLASSIAN_DC: Check = Check::structure("atlassian-dc-token", |text| parsed(atlassian_dc(text)))
    .about(
        "base64 of the token's number, a colon and 20 bytes; BBDC- may stand before it (from samples)",
        "https://confluence.atlassian.com/enterprise/using-personal-access-tokens-1026032365.html",
    )
    .sealed(seal_atlassian_dc);

/// The number names the token.
fn atlassian_dc(text: &[u8]) -> Option<Checked> {
    let (number, secret) = split(text.strip_prefix(b"BBDC-").unwrap_or(text))?;
    let digits = (6..=15).contains(&number.len()) && number.iter().all(u8::is_ascii_digit);
    (digits && secret.len() == 20).then(|| Checked::yes().with("token-id", String::from_utf8_lossy(&number)))
}

/// Rewrites the first twelve bytes to digits and the next to a colon.
fn seal_atlassian_dc(text: &mut Vec<u8>) {
    let (prefix, body) = text.split_at_checked(5).filter(|(p, _)| *p == b"BBDC-").unwrap_or((b"", text));
    let Some(mut bytes) = codec::base64_decode_lenient(body).filter(|bytes| bytes.len() == 33) else { return };
    for (place, byte) in bytes.iter_mut().take(13).enumerate() {
        *byte = match place {
            12 => b':',
            _ if byte.is_ascii_digit() => *byte,
            _ => b'0' + *byte % 10,
        };
    }
    *text = [prefix, codec::base64_encode(&bytes).as_bytes()].concat();
}

/// Authorization keys of Sber's `GigaChat`: base64 of two UUIDs
/// (<https://developers.sber.ru/docs/ru/gigachat/quickstart/ind-using-api>).
pub(super) const GIGACHAT: Check = Check::structure("gigachat-key", |text| {
    let two = split(text).filter(|(id, secret)| uuid::is_form(id) && uuid::is_form(secret));
    parsed(two.map(|(id, _)| Checked::yes().with("client-id", String::from_utf8_lossy(&id))))
})
.about("base64 of a UUID, a colon and a UUID", "https://developers.sber.ru/docs/ru/gigachat/quickstart/ind-using-api");

/// The older keys of NVIDIA NGC: base64 of 26 letters and digits, a colon and a UUID. Derived from samples
/// (<https://docs.nvidia.com/ngc/gpu-cloud/ngc-user-guide/index.html>).
pub(super) const NGC: Check = Check::structure("nvidia-ngc-legacy", |text| {
    let right = |(org, id): (Vec<u8>, Vec<u8>)| {
        org.len() == 26 && org.iter().all(u8::is_ascii_alphanumeric) && uuid::is_form(&id)
    };
    Checked::when(split(text).is_some_and(right))
})
.about(
    "base64 of 26 letters and digits, a colon and a UUID (from samples)",
    "https://docs.nvidia.com/ngc/gpu-cloud/ngc-user-guide/index.html",
);

#[cfg(test)]
mod tests {
    use super::super::check::Holds;
    use super::super::codec::BASE62;
    use super::super::testing::{Random, assert_length, assert_seals_in_place, fact};
    use super::*;

    const ID: &str = "919108f7-52d1-4320-9bac-f847db4148a8";

    /// The example of RFC 7617, section 2, and its own of section 2.1.
    #[test]
    fn basic_examples() {
        for text in ["QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "dGVzdDoxMjPCow=="] {
            assert_eq!((BASIC.run)(text.as_bytes()).holds, Holds::Yes);
        }
        for text in ["QWxhZGRpbg==", "Og==", "AAA6AAAA", "not base64"] {
            assert_eq!((BASIC.run)(text.as_bytes()).holds, Holds::No, "{text}");
        }
    }

    #[test]
    fn atlassian_tokens() {
        const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for seed in 0..20 {
            let text = assert_seals_in_place(&ATLASSIAN_DC, &Random(seed).text(44, BASE64));
            assert!(matches!(text.first(), Some(b'M' | b'N' | b'O')));
            let with_prefix = [b"BBDC-", &text[..]].concat();
            assert_eq!(assert_seals_in_place(&ATLASSIAN_DC, &with_prefix), with_prefix);
            assert_length(&ATLASSIAN_DC, &text);
        }
        assert_eq!((ATLASSIAN_DC.run)(&Random(99).text(44, BASE64)).holds, Holds::No);
    }

    #[test]
    fn pairs_of_ids() {
        let giga = codec::base64_encode(format!("{ID}:{ID}").as_bytes());
        assert_eq!(giga.len(), 100);
        assert_eq!(fact(&GIGACHAT, giga.as_bytes(), "client-id").as_deref(), Some(ID));
        let org = String::from_utf8(Random(1).text(26, BASE62)).expect("ascii");
        let ngc = codec::base64_encode(format!("{org}:{ID}").as_bytes());
        assert_eq!(ngc.len(), 84);
        assert_eq!((NGC.run)(ngc.as_bytes()).holds, Holds::Yes);
        assert_eq!((NGC.run)(giga.as_bytes()).holds, Holds::No);
    }
}
