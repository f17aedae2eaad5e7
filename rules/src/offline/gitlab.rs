//! GitLab's routable tokens: prefix, base64 payload, version, length, CRC-32.
//!
//! Format: <https://handbook.gitlab.com/handbook/engineering/architecture/design-documents/cells/routable_tokens/>,
//! made by <https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/authn/token_field/generator/routable_token.rb>.

use super::check::{Check, Checked, parsed};
use super::codec;

/// Characters of the checksum in base36.
const CRC: usize = 7;
/// Characters of the payload's length in base36.
const LENGTH: usize = 2;
/// What stands between payload and length in the version made today.
const VERSION: &[u8] = b".01.";
/// Letters that may stand in the routing part, and the facts they are.
const KEYS: &[(char, &str)] =
    &[('c', "cell-id"), ('g', "group-id"), ('o', "organization-id"), ('p', "project-id"), ('u', "user-id")];

/// The checksum of a routable token, and whom it belongs to. Older tokens without a payload have none.
pub(super) const ROUTABLE: Check = Check::checksum("gitlab-routable", 32, run)
    .about(
        "routable tokens: last 7 characters are the CRC-32 of all before in base36; the payload names user and project",
        "https://handbook.gitlab.com/handbook/engineering/architecture/design-documents/cells/routable_tokens/",
    )
    .sealed(seal);

/// Looks for the tail of a routable token: a dot and nine base36 characters.
fn run(token: &[u8]) -> Checked {
    let Some(dot) = token.iter().rposition(|c| *c == b'.') else {
        return Checked::unknown();
    };
    parsed(routable(token, dot))
}

/// Checks length and checksum of the token whose last dot stands at `dot`.
fn routable(token: &[u8], dot: usize) -> Option<Checked> {
    let (covered, crc) = token.split_at_checked(token.len().checked_sub(CRC)?)?;
    if crc != codec::digits(codec::crc32(covered).into(), CRC, codec::BASE36) {
        return None;
    }
    let length = base36(covered.get(dot + 1..).filter(|l| l.len() == LENGTH)?)?;
    let before = token.get(..dot)?;
    let (head, version) = match before.iter().position(|c| *c == b'.') {
        Some(first) => (before.get(..first)?, before.get(first + 1..)?),
        None => (before, &b"00"[..]),
    };
    let start = head.len().checked_sub(usize::try_from(length).ok()?)?;
    Some(routes(head.get(start..)?, version))
}

/// Reads the routing part. In version 0 it stands before the random bytes, in version 1 after them; the
/// last byte is the length of the random bytes, of the routing part respectively.
fn routes(payload: &[u8], version: &[u8]) -> Checked {
    facts(payload, version).unwrap_or_else(Checked::yes)
}

/// The facts of a payload, if it is made as it should be.
fn facts(payload: &[u8], version: &[u8]) -> Option<Checked> {
    let bytes = codec::base64_decode_lenient(payload)?;
    let (count, rest) = bytes.split_last()?;
    let count = usize::from(*count);
    let at = rest.len().checked_sub(count)?;
    let (front, back) = rest.split_at_checked(at)?;
    let text = std::str::from_utf8(if version == b"00" { front } else { back }).ok()?;
    let mut checked = Checked::yes();
    for line in text.lines() {
        let (key, value) = line.split_once(':')?;
        let fact = KEYS.iter().find(|(k, _)| key.len() == 1 && key.starts_with(*k));
        if let Some((_, name)) = fact {
            checked = checked.with_some(name, base36(value.as_bytes()).map(|n| n.to_string()));
        }
    }
    Some(checked)
}

/// A number in lower-case base36.
fn base36(text: &[u8]) -> Option<u64> {
    let digits = text.iter().all(|c| c.is_ascii_digit() || c.is_ascii_lowercase());
    let text = std::str::from_utf8(text).ok().filter(|_| digits)?;
    u64::from_str_radix(text, 36).ok()
}

/// Appends version, length and checksum. What follows the first `-` counts as payload, but for the `t1_` to
/// `t3_` of runners.
fn seal(token: &mut Vec<u8>) {
    let payload = token.iter().position(|c| *c == b'-').and_then(|dash| token.get(dash + 1..)).unwrap_or(token);
    let payload = match payload {
        [b't', b'0'..=b'9', b'_', rest @ ..] => rest,
        _ => payload,
    };
    let length = payload.len() as u64;
    token.extend_from_slice(VERSION);
    token.extend(codec::digits(length, LENGTH, codec::BASE36));
    let crc = codec::crc32(token);
    token.extend(codec::digits(crc.into(), CRC, codec::BASE36));
}

#[cfg(test)]
mod tests {
    use super::super::check::Holds;
    use super::super::testing::{Random, URL, assert_detects, assert_length, assert_seals, body, fact};
    use super::*;

    const PREFIX: &str = concat!("gl", "pat-");

    #[test]
    fn sealed_tokens_hold_and_changed_ones_do_not() {
        let token = assert_seals(&ROUTABLE, &body(PREFIX, 40, URL, 7));
        assert_detects(&ROUTABLE, &token, 0..token.len(), b"0aZ");
        assert_length(&ROUTABLE, &token);
    }

    #[test]
    fn tokens_without_payload_are_unknown() {
        assert_eq!(run(&body(PREFIX, 20, URL, 7)).holds, Holds::Unknown);
    }

    /// The two layouts, built as the pseudo code of the design document and the generator build them.
    #[test]
    fn routing_part_is_read_in_both_versions() {
        let (random, route) = (Random(3).bytes(16), b"o:1\np:a0\nu:zz");
        let new = [&random[..], route, &[route.len() as u8]].concat();
        let mut token = [PREFIX.as_bytes(), codec::base64url_encode(&new).as_bytes()].concat();
        seal(&mut token);
        assert_eq!(fact(&ROUTABLE, &token, "user-id").as_deref(), Some("1295"));
        assert_eq!(fact(&ROUTABLE, &token, "project-id").as_deref(), Some("360"));

        let old = codec::base64url_encode(&[&route[..], &random, &[16]].concat());
        let mut token = format!("{PREFIX}{old}.").into_bytes();
        token.extend(codec::digits(old.len() as u64, LENGTH, codec::BASE36));
        let crc = codec::digits(codec::crc32(&token).into(), CRC, codec::BASE36);
        token.extend(crc);
        assert_eq!(run(&token).holds, Holds::Yes);
        assert_eq!(fact(&ROUTABLE, &token, "organization-id").as_deref(), Some("1"));
    }

    #[test]
    fn length_must_fit() {
        let mut token = format!("{PREFIX}abc.01.zz").into_bytes();
        let crc = codec::crc32(&token);
        token.extend(codec::digits(crc.into(), CRC, codec::BASE36));
        assert_eq!(run(&token).holds, Holds::No);
    }
}
