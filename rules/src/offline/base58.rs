//! Bitcoin's base58check: a number in base 58 that ends in four bytes of a double SHA-256.

use super::check::{Check, Checked, parsed};
use super::codec;

/// Digits without `0`, `O`, `I` and `l` (<https://en.bitcoin.it/wiki/Base58Check_encoding>).
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Longest text that is decoded; the work grows with its square.
const TEXT_MAX: usize = 128;
/// Bytes of the checksum.
const SUM: usize = 4;

/// Decodes base58; `None` for another character or a text that is too long.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() > TEXT_MAX {
        return None;
    }
    let zeros = text.iter().take_while(|c| **c == b'1').count();
    let mut little: Vec<u8> = Vec::with_capacity(text.len());
    for c in text.iter().skip(zeros) {
        let mut carry = ALPHABET.iter().position(|a| a == c)?;
        for byte in &mut little {
            carry += usize::from(*byte) * 58;
            *byte = carry as u8;
            carry >>= 8;
        }
        if carry > 0 {
            little.push(carry as u8);
        }
    }
    little.resize(little.len() + zeros, 0);
    little.reverse();
    Some(little)
}

/// Encodes base58.
fn encode(bytes: &[u8]) -> String {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut little: Vec<u8> = Vec::new();
    for byte in bytes.iter().skip(zeros) {
        let mut carry = usize::from(*byte);
        for digit in &mut little {
            carry += usize::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
        while carry > 0 {
            little.push((carry % 58) as u8);
            carry /= 58;
        }
    }
    little.resize(little.len() + zeros, 0);
    little.reverse();
    codec::spell(&little, ALPHABET)
}

/// The first four bytes of the SHA-256 of the SHA-256.
fn sum(payload: &[u8]) -> [u8; SUM] {
    let twice = codec::sha256(&[&codec::sha256(&[payload])]);
    let [a, b, c, d, ..] = twice;
    [a, b, c, d]
}

/// The payload, if the checksum holds.
fn decode_check(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = decode(text)?;
    let (payload, found) = bytes.split_last_chunk::<SUM>()?;
    let (right, length) = (sum(payload) == *found, payload.len());
    bytes.truncate(length);
    right.then_some(bytes)
}

/// Payload and checksum in base58.
fn encode_check(payload: &[u8]) -> String {
    encode(&[payload, &sum(payload)].concat())
}

/// Version bytes of extended private keys and the network they are for
/// (BIP-32; `yprv` and `zprv` of SLIP-132: <https://github.com/satoshilabs/slips/blob/master/slip-0132.md>).
const EXTENDED: &[([u8; 4], &[u8], &str)] = &[
    ([0x04, 0x88, 0xAD, 0xE4], b"xprv", "mainnet"),
    ([0x04, 0x9D, 0x78, 0x78], b"yprv", "mainnet"),
    ([0x04, 0xB2, 0x43, 0x0C], b"zprv", "mainnet"),
    ([0x04, 0x35, 0x83, 0x94], b"tprv", "testnet"),
];
/// Bytes of an extended key: version, depth, parent, child number, chain code, key.
const EXTENDED_BYTES: usize = 78;
/// Where the byte of zero before the private key stands.
const EXTENDED_ZERO: usize = 45;

/// An extended private key.
pub(super) const BIP32: Check = Check::checksum("bip32-private-key", 32, |text| parsed(extended(text)))
    .about(
        "base58check of the 78 bytes of an extended private key",
        "https://github.com/bitcoin/bips/blob/master/bip-0032.mediawiki",
    )
    .sealed(seal_extended);

/// Checksum, version, and that a private key and no public one follows.
fn extended(text: &[u8]) -> Option<Checked> {
    let payload = decode_check(text).filter(|payload| payload.len() == EXTENDED_BYTES)?;
    let (_, _, network) = EXTENDED.iter().find(|(version, ..)| payload.starts_with(version))?;
    let depth = payload.get(4)?;
    let private = payload.get(EXTENDED_ZERO) == Some(&0);
    private.then(|| Checked::yes().with("network", network).with("depth", depth.to_string()))
}

/// Keeps what can be kept of the text and makes version, zero and checksum right.
fn seal_extended(text: &mut Vec<u8>) {
    let Some((version, ..)) = EXTENDED.iter().find(|(_, prefix, _)| text.starts_with(prefix)) else { return };
    let Some(mut payload) = decode(text) else { return };
    payload.resize(EXTENDED_BYTES, 1);
    for (byte, right) in payload.iter_mut().zip(version) {
        *byte = *right;
    }
    if let Some(zero) = payload.get_mut(EXTENDED_ZERO) {
        *zero = 0;
    }
    *text = encode_check(&payload).into_bytes();
}

/// A single private key in Bitcoin's wallet import format.
pub(super) const WIF: Check = Check::checksum("bitcoin-wif", 32, |text| parsed(wif(text)))
    .about(
        "base58check of a version byte, 32 bytes and, for compressed keys, a byte of one",
        "https://en.bitcoin.it/wiki/Wallet_import_format",
    )
    .sealed(seal_wif);

/// Version 0x80 (main network) or 0xEF (test networks).
fn wif(text: &[u8]) -> Option<Checked> {
    let payload = decode_check(text)?;
    let (version, rest) = payload.split_first()?;
    let network = match version {
        0x80 => "mainnet",
        0xEF => "testnet",
        _ => return None,
    };
    let right = rest.len() == 32 || rest.len() == 33 && rest.last() == Some(&1);
    right.then(|| Checked::yes().with("network", network))
}

/// Keeps the 32 bytes; the first character says which of the four forms is wanted.
fn seal_wif(text: &mut Vec<u8>) {
    let (version, tail): (u8, &[u8]) = match text.first() {
        Some(b'5') => (0x80, &[]),
        Some(b'K' | b'L') => (0x80, &[1]),
        Some(b'9') => (0xEF, &[]),
        Some(b'c') => (0xEF, &[1]),
        _ => return,
    };
    let Some(bytes) = decode(text) else { return };
    let mut key: Vec<u8> = bytes.into_iter().skip(1).take(32).collect();
    key.resize(32, 1);
    *text = encode_check(&[&[version], &key[..], tail].concat()).into_bytes();
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_detects, assert_length, assert_seals_in_place, body, fact};
    use super::*;

    /// <https://datatracker.ietf.org/doc/html/draft-msporny-base58-03>, section 5.
    #[test]
    fn base58_vectors() {
        for (plain, text) in [
            (&b"Hello World!"[..], "2NEpo7TZRRrLZSi2U"),
            (&[0x00, 0x00, 0x28, 0x7f, 0xb4, 0xcd], "11233QC4"),
            (&[], ""),
        ] {
            assert_eq!(encode(plain), text);
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(plain));
        }
        assert_eq!(decode(b"0OIl"), None);
    }

    /// Test vector 1 of BIP-32, chain m, published with its seed.
    #[test]
    fn bip32_vector() {
        let text = concat!(
            "xp",
            "rv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi"
        );
        assert_eq!(fact(&BIP32, text.as_bytes(), "depth").as_deref(), Some("0"));
        assert_detects(&BIP32, text.as_bytes(), 4..text.len(), b"2Az");
    }

    /// The example of the wiki page, a key known to everyone.
    #[test]
    fn wif_vector() {
        let text = concat!("5Hue", "CGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ");
        assert_eq!(fact(&WIF, text.as_bytes(), "network").as_deref(), Some("mainnet"));
        assert_detects(&WIF, text.as_bytes(), 0..text.len(), b"2Az");
    }

    #[test]
    fn sealed_keys_hold() {
        for seed in 0..6 {
            for (_, prefix, _) in EXTENDED {
                let prefix = std::str::from_utf8(prefix).expect("ascii");
                let text = assert_seals_in_place(&BIP32, &body(prefix, 107, ALPHABET, seed));
                assert!(text.starts_with(prefix.as_bytes()), "{prefix}");
                assert_length(&BIP32, &text);
            }
            for (first, length) in [("5", 51), ("K", 52), ("L", 52), ("9", 51), ("c", 52)] {
                let text = assert_seals_in_place(&WIF, &body(first, length - 1, ALPHABET, seed));
                assert_length(&WIF, &text);
            }
        }
    }
}
