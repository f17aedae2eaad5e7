//! NATS nkey seeds: <https://github.com/nats-io/nkeys>, layout in <https://github.com/nats-io/nkeys/blob/main/strkey.go>.

use super::check::{Check, Checked, parsed};
use super::codec;

/// Characters of a seed: base32 of two prefix bytes, 32 bytes and two of checksum.
const TEXT: usize = 58;
/// Bytes the checksum covers.
const COVERED: usize = 34;
/// Kinds by the public prefix that the seed's prefix carries.
const KINDS: &[(u8, &str)] =
    &[(0, "account"), (2, "cluster"), (13, "server"), (14, "operator"), (20, "user"), (23, "curve")];

/// The CRC-16 of a seed.
pub(super) const NKEY: Check = Check::checksum("nkey-seed", 16, |text| parsed(seed(text)))
    .about(
        "base32 whose last 2 bytes are the little-endian CRC-16/XMODEM of the 34 before",
        "https://github.com/nats-io/nkeys/blob/main/strkey.go",
    )
    .sealed(seal);

/// The public prefix: three bits in the first byte, five in the second.
fn kind(first: u8, second: u8) -> u8 {
    ((first & 7) << 5 | second >> 3) >> 3
}

/// A text of the right length.
fn whole(text: &[u8]) -> Option<&[u8]> {
    (text.len() == TEXT).then_some(text)
}

/// Prefix `S`, a known kind, and the checksum.
fn seed(text: &[u8]) -> Option<Checked> {
    let bytes = codec::base32_decode(whole(text)?)?;
    let (covered, sum) = bytes.split_last_chunk::<2>()?;
    let [first, second, ..] = covered else { return None };
    let (_, kind) = KINDS.iter().find(|(known, _)| *known == kind(*first, *second))?;
    let upper = text.iter().all(|c| !c.is_ascii_lowercase());
    let right = u16::from_le_bytes(*sum) == codec::crc16(covered) && first >> 3 == 18 && upper;
    right.then(|| Checked::yes().with("kind", kind))
}

/// Clears the bits no kind uses and rewrites the checksum.
fn seal(text: &mut Vec<u8>) {
    let Some(mut bytes) = whole(text).and_then(codec::base32_decode) else { return };
    bytes.truncate(COVERED);
    if let Some(second) = bytes.get_mut(1) {
        *second &= 0b1100_0000;
    }
    let sum = codec::crc16(&bytes);
    bytes.extend(sum.to_le_bytes());
    *text = codec::base32_encode(&bytes).into_bytes();
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_detects, assert_length, assert_seals_in_place, body, fact};
    use super::*;

    const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// The user seed of the project's README.
    #[test]
    fn readme_example() {
        let text = concat!("SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6", "USDXIEDNPPQYYYCU3VY");
        assert_eq!(fact(&NKEY, text.as_bytes(), "kind").as_deref(), Some("user"));
    }

    #[test]
    fn sealed_seeds_hold_and_changed_ones_do_not() {
        for prefix in ["SA", "SC", "SN", "SO", "SU", "SX"] {
            let text = assert_seals_in_place(&NKEY, &body(prefix, 56, BASE32, 3));
            assert!(text.starts_with(prefix.as_bytes()));
            assert_detects(&NKEY, &text, 2..57, b"A7K");
            assert_length(&NKEY, &text);
        }
    }
}
