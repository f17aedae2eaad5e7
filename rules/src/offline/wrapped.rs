//! Other credentials encoded once more in base64.

use super::check::{Check, Checked, parsed};
use super::{codec, crc32, marker};

/// Longest text that is decoded, in bytes.
const TEXT_MAX: usize = 8 * 1024;

/// What a text wraps.
fn inner(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.get(..text.len().min(TEXT_MAX))?;
    let bytes = codec::base64_decode_lenient(text)?;
    let end = bytes.iter().rposition(|c| !c.is_ascii_whitespace())?;
    bytes.get(..=end).map(<[u8]>::to_vec)
}

/// A token of GitHub; what else the base64 holds, as in `user:token`, stands before it.
pub(super) const GITHUB: Check = Check::structure("github-token-base64", |text| parsed(github(text))).about(
    "base64 of a GitHub token whose checksum or structure holds",
    "https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/",
);

/// The token's own check, after what may stand before a colon.
fn github(text: &[u8]) -> Option<Checked> {
    let bytes = inner(text)?;
    let token = bytes.rsplit(|c| *c == b':').next()?;
    let check = if token.starts_with(b"github_pat_") { marker::GITHUB_FINE } else { crc32::GITHUB_CRC32 };
    Some((check.run)(token))
}

/// An API key of Google: `AIza` and 35 characters
/// (<https://cloud.google.com/docs/authentication/api-keys>; the length is derived from samples).
pub(super) const GOOGLE: Check = Check::structure("google-api-key-base64", |text| {
    let legal = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
    let right = |key: Vec<u8>| key.starts_with(b"AIza") && key.len() == 39 && key.iter().all(legal);
    Checked::when(inner(text).is_some_and(right))
})
.about("base64 of AIza and 35 characters", "https://cloud.google.com/docs/authentication/api-keys");

/// A message of NTLM authentication: its signature and type
/// (<https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-nlmp/>).
pub(super) const NTLM: Check = Check::structure("ntlm-message", |text| parsed(ntlm(text))).about(
    "base64 of NTLMSSP and a message type of 1 to 3",
    "https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-nlmp/",
);

/// Only the last of the three messages holds an answer that can be cracked.
fn ntlm(text: &[u8]) -> Option<Checked> {
    let bytes = inner(text)?;
    let rest = bytes.strip_prefix(b"NTLMSSP\0")?;
    let kind = u32::from_le_bytes(*rest.first_chunk::<4>()?);
    (1..=3).contains(&kind).then(|| Checked::yes().with("message-type", kind.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::check::Holds;
    use super::super::testing::{URL, body, fact, seal};
    use super::*;

    #[test]
    fn github_tokens() {
        let token = seal(&crc32::GITHUB_CRC32, &body(concat!("gh", "p_"), 30, codec::BASE62, 1));
        let text = codec::base64_encode(&token);
        assert!(text.starts_with("Z2hwX"));
        assert_eq!((GITHUB.run)(text.as_bytes()).holds, Holds::Yes);
        let basic = codec::base64_encode(&[b"x-access-token:", &token[..], b"\n"].concat());
        assert_eq!((GITHUB.run)(basic.as_bytes()).holds, Holds::Yes);
        let wrong = codec::base64_encode(&body(concat!("gh", "p_"), 36, codec::BASE62, 1));
        assert_eq!((GITHUB.run)(wrong.as_bytes()).holds, Holds::No);
        assert_eq!((GITHUB.run)(b"!!").holds, Holds::No);
    }

    #[test]
    fn google_keys() {
        let key = body(concat!("AI", "za"), 35, URL, 2);
        let text = codec::base64_encode(&key);
        assert!(text.starts_with("QUl6Y"));
        assert_eq!((GOOGLE.run)(text.as_bytes()).holds, Holds::Yes);
        assert_eq!((GOOGLE.run)(codec::base64_encode(&key[1..]).as_bytes()).holds, Holds::No);
    }

    #[test]
    fn ntlm_messages() {
        let text = codec::base64_encode(&[b"NTLMSSP\0\x03\0\0\0", &[7; 40][..]].concat());
        assert!(text.starts_with("TlRMTVNTUAADAAAA"));
        assert_eq!(fact(&NTLM, text.as_bytes(), "message-type").as_deref(), Some("3"));
        assert_eq!((NTLM.run)(b"TlRMTVNTUAAJAAAA").holds, Holds::No);
        assert_eq!((NTLM.run)(b"TlRMTVNTUAA").holds, Holds::No);
    }
}
