//! Bech32: a name, data in groups of five bits, six characters of checksum.
//!
//! <https://github.com/bitcoin/bips/blob/master/bip-0173.mediawiki>. age and Nostr use the encoding without
//! Bitcoin's limit of 90 characters.

use super::check::{Check, Checked};
use super::codec;

/// The 32 characters, by value.
const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// Characters of the checksum.
const SUM: usize = 6;
/// Longest text that is looked at. The hybrid keys of age are the longest credentials.
const TEXT_MAX: usize = 1024;

/// The remainder the checksum is made to bring to one.
fn polymod(values: impl Iterator<Item = u8>) -> u32 {
    const STEPS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |remainder, value| {
        let top = remainder >> 25;
        let next = (remainder & 0x01ff_ffff) << 5 ^ u32::from(value);
        STEPS.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1).fold(next, |next, (_, step)| next ^ step)
    })
}

/// The name as the checksum sees it: high bits, zero, low bits.
fn expanded(name: &[u8]) -> impl Iterator<Item = u8> {
    let high = name.iter().map(|c| c.to_ascii_lowercase() >> 5);
    let low = name.iter().map(|c| c.to_ascii_lowercase() & 31);
    high.chain([0]).chain(low)
}

/// The value of a character of either case.
fn value(c: u8) -> Option<u8> {
    ALPHABET.iter().position(|a| *a == c.to_ascii_lowercase()).map(|at| at as u8)
}

/// Name and bytes of a text whose checksum holds; one case only, no bits left over.
fn decode(text: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    if text.len() > TEXT_MAX {
        return None;
    }
    let mixed = text.iter().any(u8::is_ascii_lowercase) && text.iter().any(u8::is_ascii_uppercase);
    let one = text.iter().rposition(|c| *c == b'1')?;
    let (name, data) = (text.get(..one)?, text.get(one + 1..)?);
    let values: Vec<u8> = data.iter().map(|c| value(*c)).collect::<Option<_>>()?;
    let right = polymod(expanded(name).chain(values.iter().copied())) == 1;
    let (payload, _) = values.split_last_chunk::<SUM>()?;
    let bytes = codec::join_bits(payload.iter().map(|v| Some(*v)), 5)?;
    let tight = codec::split_bits(&bytes, 5) == payload;
    (right && tight && !mixed && !name.is_empty()).then_some((name, bytes))
}

/// Appends the checksum, after clearing the bits left over in the last character.
fn seal(text: &mut Vec<u8>) {
    let upper = text.iter().any(u8::is_ascii_uppercase);
    let Some(one) = text.iter().rposition(|c| *c == b'1') else { return };
    let Some(values) = text.get(one + 1..).and_then(|data| data.iter().map(|c| value(*c)).collect::<Option<Vec<u8>>>())
    else {
        return;
    };
    let bytes = codec::join_bits(values.iter().map(|v| Some(*v)), 5).unwrap_or_default();
    let values = codec::split_bits(&bytes, 5);
    let name = text.get(..one).unwrap_or_default();
    let sum = polymod(expanded(name).chain(values.iter().copied()).chain([0; SUM])) ^ 1;
    let sum: Vec<u8> = (0..SUM).rev().map(|place| (sum >> (5 * place) & 31) as u8).collect();
    let data = codec::spell(&[values, sum].concat(), ALPHABET);
    text.truncate(one + 1);
    text.extend(if upper { data.to_ascii_uppercase() } else { data }.into_bytes());
}

/// Whether the text is 32 bytes under one of the names.
fn holds(text: &[u8], kinds: &[&str]) -> Checked {
    let Some((name, _)) = decode(text).filter(|(_, bytes)| bytes.len() == 32) else {
        return Checked::no();
    };
    match kinds.iter().find(|kind| name.eq_ignore_ascii_case(kind.as_bytes())) {
        Some(kind) => Checked::yes().with("kind", kind.trim_end_matches('-')),
        None => Checked::no(),
    }
}

/// An identity of age: 32 bytes, of the X25519 kind or the seed of the hybrid kind
/// (<https://github.com/C2SP/C2SP/blob/main/age.md>).
pub(super) const AGE: Check =
    Check::checksum("age-bech32", 30, |text| holds(text, &["age-secret-key-", "age-secret-key-pq-"]))
        .about("bech32 checksum over AGE-SECRET-KEY- and 32 bytes", "https://github.com/C2SP/C2SP/blob/main/age.md")
        .sealed(seal);

/// A Nostr secret key (<https://github.com/nostr-protocol/nips/blob/master/19.md>).
pub(super) const NSEC: Check = Check::checksum("nostr-nsec", 30, |text| holds(text, &["nsec"]))
    .about("bech32 checksum over nsec and 32 bytes", "https://github.com/nostr-protocol/nips/blob/master/19.md")
    .sealed(seal);

#[cfg(test)]
mod tests {
    use super::super::check::Holds;
    use super::super::testing::{assert_detects, assert_length, assert_seals, body};
    use super::*;

    /// Valid and invalid texts of BIP-173.
    #[test]
    fn bip173_vectors() {
        for text in ["A12UEL5L", "a12uel5l", "?1ezyfcl", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"] {
            let one = text.rfind('1').expect("a one");
            let values: Vec<u8> = text[one + 1..].bytes().filter_map(value).collect();
            assert_eq!(polymod(expanded(&text.as_bytes()[..one]).chain(values)), 1, "{text}");
        }
        for text in ["A1G7SGD8", "1qzzfhee", "x1b4n0q5v", "li1dgmt3", "10a06t8", "a12UEL5L"] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }

    /// The identity of age's published test kit, 32 times 0x42
    /// (<https://github.com/C2SP/CCTV/tree/main/age>).
    #[test]
    fn age_test_identity() {
        let text = concat!("AGE-SECRET", "-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX");
        assert_eq!(decode(text.as_bytes()).map(|(_, bytes)| bytes), Some(vec![0x42; 32]));
        assert_eq!((AGE.run)(text.as_bytes()).holds, Holds::Yes);
    }

    /// The example of NIP-19.
    #[test]
    fn nostr_example() {
        let text = concat!("ns", "ec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5");
        assert_eq!((NSEC.run)(text.as_bytes()).holds, Holds::Yes);
        assert_eq!((AGE.run)(text.as_bytes()).holds, Holds::No);
    }

    #[test]
    fn sealed_keys_hold_and_changed_ones_do_not() {
        for seed in 0..3 {
            let upper = ALPHABET.to_ascii_uppercase();
            let text = assert_seals(&AGE, &body(concat!("AGE-SECRET", "-KEY-1"), 52, &upper, seed));
            assert_detects(&AGE, &text, 16..text.len(), &upper);
            assert_length(&AGE, &text);
        }
        assert_seals(&AGE, &body(concat!("AGE-SECRET", "-KEY-PQ-1"), 52, &ALPHABET.to_ascii_uppercase(), 1));
        assert_seals(&NSEC, &body(concat!("ns", "ec1"), 52, ALPHABET, 1));
    }
}
