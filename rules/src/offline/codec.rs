//! The encodings and checksums that credentials are made of.
//!
//! The decoders take what is found in the wild: both base64 alphabets, missing padding, line breaks.
//! None of them builds more than it was given, and none fails on any input but by `None`.

/// Base64 with `+` and `/` (RFC 4648, section 4).
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Base64 with `-` and `_` (RFC 4648, section 5).
const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Base32 (RFC 4648, section 6), upper case.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Base62 as GitHub, npm and others count: digits, upper case, lower case.
pub(crate) const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Base62 with lower case before upper case.
pub(crate) const BASE62_LOWER_FIRST: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Base36, lower case.
pub(crate) const BASE36: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// Hexadecimal, lower case.
pub(crate) const HEX: &[u8] = b"0123456789abcdef";
/// Hexadecimal, upper case.
pub(crate) const HEX_UPPER: &[u8] = b"0123456789ABCDEF";

/// Joins values of `width` bits (at most 8) to bytes, highest bit first; left over bits are dropped.
pub(crate) fn join_bits(values: impl Iterator<Item = Option<u8>>, width: u32) -> Option<Vec<u8>> {
    let (mut out, mut held, mut count) = (Vec::new(), 0_u32, 0);
    for value in values {
        held = held << width | u32::from(value?);
        count += width;
        if count >= 8 {
            count -= 8;
            out.push((held >> count) as u8);
        }
        held &= (1 << count) - 1;
    }
    Some(out)
}

/// Splits bytes into values of `width` bits (at most 8), highest bit first; the last one is filled up with zeros.
pub(crate) fn split_bits(bytes: &[u8], width: u32) -> Vec<u8> {
    let (mut out, mut held, mut count) = (Vec::new(), 0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        count += 8;
        while count >= width {
            count -= width;
            out.push((held >> count) as u8);
            held &= (1 << count) - 1;
        }
    }
    if count > 0 {
        out.push((held << (width - count)) as u8);
    }
    out
}

/// Spells `values` in `alphabet`; a value beyond its end is dropped.
pub(crate) fn spell(values: &[u8], alphabet: &[u8]) -> String {
    values.iter().filter_map(|v| alphabet.get(usize::from(*v))).map(|c| char::from(*c)).collect()
}

/// The value of `c` in either base64 alphabet.
fn base64_value(c: u8) -> Option<u8> {
    match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// The value of `c` in base32 of either case.
pub(crate) fn base32_value(c: u8) -> Option<u8> {
    match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a'),
        b'2'..=b'7' => Some(c - b'2' + 26),
        _ => None,
    }
}

/// `text` without ASCII white space and without the padding at its end.
fn bare(text: &[u8]) -> Vec<u8> {
    let mut bare: Vec<u8> = text.iter().copied().filter(|c| !c.is_ascii_whitespace()).collect();
    let end = bare.iter().rposition(|c| *c != b'=').map_or(0, |last| last + 1);
    bare.truncate(end);
    bare
}

/// Decodes base64 of either alphabet, padded or not, white space anywhere.
///
/// `None` for any other character or a length no encoder gives. Bits beyond the last byte are ignored.
pub(crate) fn base64_decode_lenient(text: &[u8]) -> Option<Vec<u8>> {
    let bare = bare(text);
    if bare.len() % 4 == 1 {
        return None;
    }
    join_bits(bare.iter().map(|c| base64_value(*c)), 6)
}

/// Encodes in base64 with `+` and `/`, padded.
pub(crate) fn base64_encode(bytes: &[u8]) -> String {
    let mut out = spell(&split_bits(bytes, 6), BASE64);
    while !out.len().is_multiple_of(4) {
        out.push('=');
    }
    out
}

/// Encodes in base64 with `+` and `/`, not padded.
pub(crate) fn base64_encode_bare(bytes: &[u8]) -> String {
    spell(&split_bits(bytes, 6), BASE64)
}

/// Encodes in base64 with `-` and `_`, not padded.
pub(crate) fn base64url_encode(bytes: &[u8]) -> String {
    spell(&split_bits(bytes, 6), BASE64URL)
}

/// Decodes base32 of either case, padded or not. Bits beyond the last byte are ignored.
pub(crate) fn base32_decode(text: &[u8]) -> Option<Vec<u8>> {
    join_bits(bare(text).iter().map(|c| base32_value(*c)), 5)
}

/// Encodes in base32, upper case, not padded.
pub(crate) fn base32_encode(bytes: &[u8]) -> String {
    spell(&split_bits(bytes, 5), BASE32)
}

/// Writes `number` in `width` digits of `alphabet`, highest first, padded with its zero.
pub(crate) fn digits(mut number: u64, width: usize, alphabet: &[u8]) -> Vec<u8> {
    let base = (alphabet.len() as u64).max(2);
    let mut out = Vec::with_capacity(width);
    for _ in 0..width {
        out.extend(alphabet.get((number % base) as usize));
        number /= base;
    }
    out.reverse();
    out
}

/// CRC-32 as in zip and PNG (ISO-HDLC, polynomial 0x04C11DB7 reflected).
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// CRC-24 of OpenPGP armour (<https://www.rfc-editor.org/rfc/rfc4880#section-6.1>).
pub(crate) fn crc24(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 0x80_0000 == 0 { crc << 1 } else { (crc << 1) ^ 0x0186_4CFB };
    bytes
        .iter()
        .fold(0x00B7_04CE, |crc, byte| (0..8).fold(crc ^ (u32::from(*byte) << 16), |crc, _| step(crc)) & 0x00FF_FFFF)
}

/// CRC-16/XMODEM (polynomial 0x1021, start 0).
pub(crate) fn crc16(bytes: &[u8]) -> u16 {
    let step = |crc: u16| if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
    bytes.iter().fold(0, |crc, byte| (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| step(crc)))
}

/// Marvin32, the keyed hash of .NET and Windows, folded to 32 bits as .NET folds it.
///
/// Algorithm: <https://github.com/dotnet/runtime/blob/main/src/libraries/System.Private.CoreLib/src/System/Marvin.cs>.
pub(crate) fn marvin32(bytes: &[u8], seed: u64) -> u32 {
    let (low, high) = marvin_state(bytes, seed);
    low ^ high
}

/// The two words Marvin32 ends with.
fn marvin_state(bytes: &[u8], seed: u64) -> (u32, u32) {
    let mut state = (seed as u32, (seed >> 32) as u32);
    let (words, rest) = bytes.as_chunks::<4>();
    for word in words {
        state = marvin_block(state, u32::from_le_bytes(*word));
    }
    let last = rest.iter().rev().fold(0x80, |word: u32, byte| word << 8 | u32::from(*byte));
    marvin_block(marvin_block(state, last), 0)
}

/// Takes one word into the state.
fn marvin_block((p0, p1): (u32, u32), word: u32) -> (u32, u32) {
    let p0 = p0.wrapping_add(word);
    let p1 = p1 ^ p0;
    let p0 = p0.rotate_left(20).wrapping_add(p1);
    let p1 = p1.rotate_left(9) ^ p0;
    let p0 = p0.rotate_left(27).wrapping_add(p1);
    (p0, p1.rotate_left(19))
}

/// SHA-256 of the parts, one after another.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    use sha2::Digest;
    let mut hash = sha2::Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// HMAC-SHA-256 with an empty key (<https://www.rfc-editor.org/rfc/rfc2104>).
pub(crate) fn hmac_sha256_no_key(message: &[u8]) -> [u8; 32] {
    let inner = sha256(&[&[0x36; 64], message]);
    sha256(&[&[0x5c; 64], &inner])
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    spell(&split_bits(bytes, 4), HEX)
}

/// Takes a number of bytes from the front, big-endian readers and the like.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next `count` bytes, or `None` if there are fewer.
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    /// The next byte.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// The next `width` bytes (at most 8) as a big-endian number.
    pub(crate) fn number(&mut self, width: usize) -> Option<u64> {
        let bytes = self.take(width)?;
        Some(bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)))
    }

    /// A string after its length in four big-endian bytes, as SSH writes them (RFC 4251, section 5).
    pub(crate) fn ssh_string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number(4)?).ok()?;
        self.take(length)
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648, section 10.
    #[test]
    fn base64_and_base32_vectors() {
        for (plain, b64, b32) in [
            ("", "", ""),
            ("f", "Zg==", "MY"),
            ("fo", "Zm8=", "MZXQ"),
            ("foo", "Zm9v", "MZXW6"),
            ("foob", "Zm9vYg==", "MZXW6YQ"),
            ("fooba", "Zm9vYmE=", "MZXW6YTB"),
            ("foobar", "Zm9vYmFy", "MZXW6YTBOI"),
        ] {
            assert_eq!(base64_encode(plain.as_bytes()), b64);
            assert_eq!(base64_decode_lenient(b64.as_bytes()).as_deref(), Some(plain.as_bytes()));
            assert_eq!(base32_encode(plain.as_bytes()), b32);
            assert_eq!(base32_decode(b32.as_bytes()).as_deref(), Some(plain.as_bytes()));
        }
    }

    #[test]
    fn base64_is_lenient_only_where_it_says() {
        let bytes = [0xfb, 0xef, 0xbe, 0xff];
        assert_eq!(base64_decode_lenient(b"++ ++\r\n/w").as_deref(), Some(&bytes[..]));
        assert_eq!(base64_decode_lenient(b"--++_w==").as_deref(), Some(&bytes[..]));
        assert_eq!(base64url_encode(&bytes), "----_w");
        assert_eq!(base64_encode_bare(&bytes), "++++/w");
        assert_eq!(base64_decode_lenient(b"Zm9vY"), None);
        assert_eq!(base64_decode_lenient(b"Zm=9v"), None);
        assert_eq!(base64_decode_lenient(b"Zm9\xff"), None);
    }

    /// The check values of the catalogue of CRCs: <https://reveng.sourceforge.io/crc-catalogue/all.htm>.
    #[test]
    fn crc_check_values() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc24(b"123456789"), 0x0021_CF02);
        assert_eq!(crc16(b"123456789"), 0x31C3);
    }

    /// Vector of Microsoft's `SymCrypt`:
    /// <https://github.com/microsoft/SymCrypt/blob/main/lib/marvin32.c>.
    #[test]
    fn marvin_vector() {
        let seed = u64::from_le_bytes([0xb7, 0x93, 0x08, 0xcd, 0xce, 0xd9, 0x3c, 0xd5]);
        let (low, high) = marvin_state(b"Marvin", seed);
        assert_eq!(low.to_le_bytes(), [0x7c, 0x0a, 0xe1, 0x24]);
        assert_eq!(high.to_le_bytes(), [0xd1, 0x18, 0x5a, 0x37]);
        assert_eq!(marvin32(b"Marvin", seed), low ^ high);
    }

    #[test]
    fn digits_are_padded() {
        assert_eq!(digits(0, 6, BASE62), b"000000");
        assert_eq!(digits(61 * 62 + 10, 3, BASE62), b"0zA");
        assert_eq!(digits(0xDEAD_BEEF, 8, HEX), b"deadbeef");
    }

    /// HMAC of the empty message under the empty key, as every implementation gives it
    /// (<https://en.wikipedia.org/wiki/HMAC#Examples>).
    #[test]
    fn hmac_vector() {
        let mac = hmac_sha256_no_key(b"");
        assert_eq!(mac.first_chunk::<4>(), Some(&[0xb6, 0x13, 0x67, 0x9a]));
    }
}
