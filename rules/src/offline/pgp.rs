//! OpenPGP secret keys in armour: <https://www.rfc-editor.org/rfc/rfc9580>.

use super::check::Checked;
use super::codec;

/// Checks the CRC-24 line, if there is one (RFC 9580 made it optional), and the first packet's tag.
///
/// `body` is what stands between the armour lines, without armour headers.
pub(super) fn checked(body: &str) -> Option<Checked> {
    let (text, sum) = match body.rsplit_once('=').filter(|(_, sum)| sum.trim().len() == 4) {
        Some((text, sum)) => (text, Some(sum)),
        None => (body, None),
    };
    let bytes = codec::base64_decode_lenient(text.as_bytes())?;
    if let Some(sum) = sum {
        let sum = codec::base64_decode_lenient(sum.as_bytes())?;
        let crc = sum.iter().fold(0, |crc, byte| crc << 8 | u32::from(*byte));
        (crc == codec::crc24(&bytes)).then_some(())?;
    }
    let first = *bytes.first()?;
    Some(match tag(first)? {
        5 => Checked::yes().with("packet", "secret-key"),
        7 => Checked::yes().with("packet", "secret-subkey"),
        _ => return None,
    })
}

/// The packet tag of a header byte, old form or new (section 4.2).
fn tag(first: u8) -> Option<u8> {
    match first {
        0xc0..=0xff => Some(first & 0x3f),
        0x80..=0xbf => Some(first >> 2 & 0x0f),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Random;
    use super::*;

    /// A secret key packet of random bytes, with or without checksum.
    fn body(seed: u64, with_sum: bool) -> String {
        let mut bytes = Random(seed).bytes(300);
        bytes[0] = 0xc5;
        let sum = codec::crc24(&bytes).to_be_bytes();
        let text = codec::base64_encode(&bytes);
        if with_sum { format!("{text}\n={}\n", codec::base64_encode(&sum[1..])) } else { text }
    }

    #[test]
    fn checksum_must_hold() {
        for with_sum in [true, false] {
            assert!(checked(&body(1, with_sum)).is_some());
        }
        let broken = body(1, true).replacen(|c: char| c.is_ascii_lowercase(), "0", 1);
        assert_eq!(checked(&broken), None);
    }

    #[test]
    fn other_packets_are_no_secret_keys() {
        assert_eq!(checked(&codec::base64_encode(&[0xc6; 30])), None);
        assert_eq!(checked(&codec::base64_encode(&[0x10; 30])), None);
        assert_eq!(tag(0x95), Some(5));
        assert_eq!(tag(0x9d), Some(7));
    }
}
