//! One credential, one name: what a secret is reduced to before it is fingerprinted.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use stanch_model::Secret;

/// Padding may be there or not, as people cut it off.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The same bytes for every way in which a credential may be written: PEM as its DER, whatever its line ends and
/// indentation; `\n`, `\/`, `\"` and `\\` unescaped. Anything else stays as it is.
pub fn normalise(secret: &[u8]) -> Secret {
    let unescaped = unescape(secret);
    Secret::new(der(&unescaped).unwrap_or(unescaped))
}

fn unescape(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        match rest {
            [] => return out,
            [b'\\', b'\\', b'n' | b'r', ..] => rest = &rest[1..],
            [b'\\', b'n', after @ ..] => {
                out.push(b'\n');
                rest = after;
            }
            [b'\\', b'r', after @ ..] => {
                out.push(b'\r');
                rest = after;
            }
            [b'\\', escaped @ (b'/' | b'"' | b'\\'), after @ ..] => {
                out.push(*escaped);
                rest = after;
            }
            [byte, after @ ..] => {
                out.push(*byte);
                rest = after;
            }
        }
    }
}

/// The content of a PEM block; `None` if it is none, or its headers say that the content is encrypted apart.
fn der(text: &[u8]) -> Option<Vec<u8>> {
    let start = memchr::memmem::find(text, b"-----BEGIN ")?;
    let head = text.get(start + 11..)?;
    let body = head.get(memchr::memmem::find(head, b"-----")? + 5..)?;
    let body = body.get(..memchr::memmem::find(body, b"-----END").unwrap_or(body.len()))?;
    // What is no base64 is an ornament of the surrounding text: quotes, plus signs, comment signs at line starts are not told
    // apart from content, so a header line ends the attempt.
    if body.contains(&b':') {
        return None;
    }
    let body = body.split(|&b| b == b'=').next()?;
    let body: Vec<u8> =
        body.iter().copied().filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')).collect();
    LENIENT.decode(body).ok().filter(|der| !der.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mint::mint;

    #[test]
    fn a_key_is_the_same_however_it_is_written() {
        let pem = mint("{{@pem:rsa}}", 3).map(|m| m.text).unwrap_or_default();
        let text = String::from_utf8(pem).unwrap_or_default();
        let plain = normalise(text.trim_end().as_bytes());
        for written in [
            text.replace('\n', "\\n"),
            text.replace('\n', "\\\\n"),
            text.replace('\n', "\r\n"),
            text.replace('\n', "\n    "),
            text.replace('/', "\\/"),
        ] {
            assert_eq!(normalise(written.as_bytes()), plain, "{}", written.len());
        }
        assert!(plain.len() > 300 && plain.len() < text.len());
    }

    #[test]
    fn other_secrets_stay() {
        assert_eq!(normalise(b"tok_abc"), Secret::new(b"tok_abc".to_vec()));
        assert_eq!(normalise(br"a\b"), Secret::new(br"a\b".to_vec()));
    }
}
