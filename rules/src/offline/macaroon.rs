//! Macaroons: libmacaroons' two binary forms (`PyPI` and others) and Fly.io's own.
//!
//! The signature takes the issuer's key, so only the frame is checked.

use super::check::{Check, Checked, parsed};
use super::codec::{self, Reader};

/// Longest token that is decoded, in bytes.
const TEXT_MAX: usize = 64 * 1024;

/// Decodes the base64 of a token of reasonable size.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    codec::base64_decode_lenient(text).filter(|_| text.len() <= TEXT_MAX)
}

/// A number of seven bits a byte, lowest first.
fn varint(reader: &mut Reader<'_>) -> Option<usize> {
    let (mut number, mut shift) = (0_usize, 0);
    loop {
        let byte = reader.byte()?;
        number |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
        shift = (shift + 7_u32 <= 28).then_some(shift + 7)?;
    }
}

/// A field of version 2: its type and content; type 0 ends a section and has none.
fn field<'a>(reader: &mut Reader<'a>) -> Option<(usize, &'a [u8])> {
    match varint(reader)? {
        0 => Some((0, &[])),
        kind => {
            let length = varint(reader)?;
            Some((kind, reader.take(length)?))
        }
    }
}

/// Field types of version 2 (<https://github.com/rescrv/libmacaroons/blob/master/doc/format.txt>).
const LOCATION: usize = 1;
const SIGNATURE: usize = 6;

/// Reads version 2: a section with location and identifier, one a caveat, an empty one, the signature.
fn version2(bytes: &[u8]) -> Option<String> {
    let mut reader = Reader(bytes.strip_prefix(&[2])?);
    let mut location = String::new();
    let mut first = true;
    loop {
        let mut fields = 0;
        loop {
            match field(&mut reader)? {
                (0, _) => break,
                (LOCATION, place) if first => location = String::from_utf8_lossy(place).into_owned(),
                _ => {}
            }
            fields += 1;
        }
        first = false;
        if fields == 0 {
            break;
        }
    }
    let (kind, signature) = field(&mut reader)?;
    (kind == SIGNATURE && signature.len() == 32 && reader.is_empty()).then_some(location)
}

/// Reads version 1: packets with their length in four hexadecimal digits; the first is the location, the
/// last the signature.
fn version1(bytes: &[u8]) -> Option<String> {
    let mut reader = Reader(bytes);
    let mut location = None;
    let mut last: &[u8] = &[];
    while !reader.is_empty() {
        let length = std::str::from_utf8(reader.take(4)?).ok()?;
        let length = usize::from_str_radix(length, 16).ok()?.checked_sub(4)?;
        last = reader.take(length)?.strip_suffix(b"\n")?;
        location.get_or_insert(last);
    }
    let place = location?.strip_prefix(b"location ")?;
    last.strip_prefix(b"signature ").filter(|signature| signature.len() == 32)?;
    Some(String::from_utf8_lossy(place).into_owned())
}

/// A macaroon of libmacaroons' first or second version.
pub(super) const MACAROON: Check = Check::structure("macaroon", |text| {
    let place = decoded(text).and_then(|bytes| version2(&bytes).or_else(|| version1(&bytes)));
    parsed(place.map(|place| Checked::yes().with("location", place)))
})
.about(
    "base64 of a macaroon: location, identifier, caveats, 32 bytes of signature",
    "https://github.com/rescrv/libmacaroons/blob/master/doc/format.txt",
);

/// The location of a token of the package index. Written in parts: this project spells out no registry's address.
const INDEX: &str = concat!("pypi", ".", "org");
/// The location of a token of its test instance.
const TEST_INDEX: &str = concat!("test.pypi", ".", "org");

/// A token of the Python package index: `pypi-` and a macaroon of its own location
/// (made by <https://github.com/pypi/warehouse/blob/main/warehouse/macaroons/services.py>).
pub(super) const PYPI: Check = Check::structure("pypi-macaroon", |text| parsed(pypi(text))).about(
    "pypi- and a version 2 macaroon whose location is the package index or its test instance",
    "https://github.com/pypi/warehouse/blob/main/warehouse/macaroons/services.py",
);

/// Another location than the two is a warehouse of somebody's own.
fn pypi(text: &[u8]) -> Option<Checked> {
    let location = version2(&decoded(text.strip_prefix(b"pypi-")?)?)?;
    let known = location == INDEX || location == TEST_INDEX;
    let checked = if known { Checked::yes() } else { Checked::unknown() };
    Some(checked.with("location", location))
}

/// Tokens of Fly.io: `fm2_` and base64 of a `MessagePack` array, several joined by commas
/// (<https://github.com/superfly/macaroon/blob/main/format.go>).
pub(super) const FLY: Check = Check::structure("fly-macaroon", fly)
    .about(
        "FlyV1, fm1r_, fm1a_ or fm2_: base64 of nonce, location, caveats and tail in MessagePack",
        "https://github.com/superfly/macaroon/blob/main/macaroon.go",
    )
    .sealed(seal_fly);

/// Appends a made-up token to what stands before its base64. Its one caveat has 96 bytes, so that the token is about
/// as long as real ones are.
fn seal_fly(text: &mut Vec<u8>) {
    let random = |what: &[u8]| codec::sha256(&[what, text]);
    let binary = |bytes: &[u8]| [&[0xc4, bytes.len() as u8], bytes].concat();
    let nonce = [&[0x93][..], &binary(&random(b"key")), &binary(random(b"nonce").split_at(16).0), &[0xc2]].concat();
    let location: &[u8] = b"https://api.fly.io/v1";
    let location = [&[0xa0 | location.len() as u8], location].concat();
    let caveat = [random(b"a"), random(b"b"), random(b"c")].concat();
    let caveats = [&[0x92, 0x00, 0x91][..], &binary(&caveat)].concat();
    let token = [&[0x94][..], &nonce, &location, &caveats, &binary(&random(b"tail"))].concat();
    text.extend(codec::base64_encode(&token).into_bytes());
}

/// Every token of the list must hold; `fo1_` tokens are random and hold nothing.
fn fly(text: &[u8]) -> Checked {
    let text = text.strip_prefix(b"FlyV1 ").unwrap_or(text);
    if text.starts_with(b"fo1_") {
        return Checked::unknown();
    }
    let mut location = None;
    for token in text.split(|c| *c == b',') {
        let body = [&b"fm1r_"[..], b"fm1a_", b"fm2_"].iter().find_map(|prefix| token.strip_prefix(*prefix));
        let Some(place) = body.and_then(decoded).and_then(|bytes| fly_token(&bytes)) else {
            return Checked::no();
        };
        location.get_or_insert(place);
    }
    Checked::yes().with_some("location", location)
}

/// Nonce (two or three fields), location, caveats, tail of 32 bytes.
fn fly_token(bytes: &[u8]) -> Option<String> {
    let mut reader = Reader(bytes);
    reader.byte().filter(|byte| *byte == 0x94)?;
    let nonce = skip(&mut reader, 0)?;
    let location = skip(&mut reader, 0)?;
    let caveats = skip(&mut reader, 0)?;
    let tail = skip(&mut reader, 0)?;
    let (Item::List(2 | 3), Item::Text(location), Item::List(_), Item::Bytes(32)) = (nonce, location, caveats, tail)
    else {
        return None;
    };
    reader.is_empty().then(|| String::from_utf8_lossy(location).into_owned())
}

/// What was skipped.
enum Item<'a> {
    List(usize),
    Text(&'a [u8]),
    Bytes(usize),
    Other,
}

/// Deepest nesting of a `MessagePack` value.
const DEPTH_MAX: usize = 32;

/// Skips one `MessagePack` value (<https://github.com/msgpack/msgpack/blob/master/spec.md>).
fn skip<'a>(reader: &mut Reader<'a>, depth: usize) -> Option<Item<'a>> {
    if depth > DEPTH_MAX {
        return None;
    }
    let first = reader.byte()?;
    let low = usize::from(first & 0x0f);
    let size = |reader: &mut Reader<'a>, width: usize| usize::try_from(reader.number(width)?).ok();
    match first {
        0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => Some(Item::Other),
        0x80..=0x8f => skip_all(reader, low * 2, depth),
        0x90..=0x9f => skip_all(reader, low, depth),
        0xa0..=0xbf => reader.take(usize::from(first & 0x1f)).map(Item::Text),
        0xc4..=0xc6 => {
            let length = size(reader, 1 << (first - 0xc4))?;
            reader.take(length).map(|bytes| Item::Bytes(bytes.len()))
        }
        0xc7..=0xc9 => {
            let length = size(reader, 1 << (first - 0xc7))?;
            reader.take(length.checked_add(1)?).map(|_| Item::Other)
        }
        0xca | 0xce | 0xd2 => reader.take(4).map(|_| Item::Other),
        0xcb | 0xcf | 0xd3 => reader.take(8).map(|_| Item::Other),
        0xcc | 0xd0 => reader.take(1).map(|_| Item::Other),
        0xcd | 0xd1 => reader.take(2).map(|_| Item::Other),
        0xd4..=0xd8 => reader.take((1 << (first - 0xd4)) + 1).map(|_| Item::Other),
        0xd9..=0xdb => {
            let length = size(reader, 1 << (first - 0xd9))?;
            reader.take(length).map(Item::Text)
        }
        0xdc | 0xdd => {
            let count = size(reader, 2 << (first - 0xdc))?;
            skip_all(reader, count, depth)
        }
        0xde | 0xdf => {
            let count = size(reader, 2 << (first - 0xde))?;
            skip_all(reader, count.checked_mul(2)?, depth)
        }
        0xc1 => None,
    }
}

/// Skips so many values; each takes a byte at least, so a false count ends with the input.
fn skip_all<'a>(reader: &mut Reader<'a>, count: usize, depth: usize) -> Option<Item<'a>> {
    for _ in 0..count {
        skip(reader, depth + 1)?;
    }
    Some(Item::List(count))
}

#[cfg(test)]
mod tests {
    use super::super::check::Holds;
    use super::super::testing::{Random, assert_seals, fact};
    use super::*;

    /// A macaroon of version 2 with a caveat.
    fn second(location: &str) -> Vec<u8> {
        let part = |kind: u8, content: &[u8]| [&[kind, content.len() as u8], content].concat();
        [
            vec![2],
            part(1, location.as_bytes()),
            part(2, b"an-identifier"),
            vec![0],
            part(2, b"a caveat"),
            vec![0, 0],
            part(6, &Random(1).bytes(32)),
        ]
        .concat()
    }

    /// A macaroon of version 1.
    fn first(location: &str) -> Vec<u8> {
        let packet = |key: &str, content: &[u8]| {
            let body = [key.as_bytes(), b" ", content, b"\n"].concat();
            [format!("{:04x}", body.len() + 4).as_bytes(), &body].concat()
        };
        let mut out = packet("location", location.as_bytes());
        out.extend(packet("identifier", b"an-identifier"));
        out.extend(packet("signature", &Random(2).bytes(32)));
        out
    }

    #[test]
    fn both_versions() {
        for (bytes, start) in [(second("example.org"), "Ag"), (first("https://example.org/"), "MDA")] {
            let text = codec::base64url_encode(&bytes);
            assert!(text.starts_with(start));
            assert!(fact(&MACAROON, text.as_bytes(), "location").is_some_and(|l| l.contains("example.org")));
            for end in 0..bytes.len() {
                let cut = codec::base64url_encode(&bytes[..end]);
                assert_eq!((MACAROON.run)(cut.as_bytes()).holds, Holds::No);
            }
        }
    }

    #[test]
    fn package_index_tokens() {
        let token = |place: &str| format!("{}{}", concat!("py", "pi-"), codec::base64url_encode(&second(place)));
        let text = token(INDEX);
        assert!(text.starts_with(concat!("py", "pi-AgEIcHlwaS5vcmc")));
        assert_eq!((PYPI.run)(text.as_bytes()).holds, Holds::Yes);
        assert_eq!(fact(&PYPI, token(TEST_INDEX).as_bytes(), "location").as_deref(), Some(TEST_INDEX));
        assert_eq!((PYPI.run)(token("mine.example").as_bytes()).holds, Holds::Unknown);
        assert_eq!((PYPI.run)(&text.as_bytes()[..60]).holds, Holds::No);
    }

    /// A token as Fly's encoder lays it out.
    fn fly_bytes() -> Vec<u8> {
        let mut random = Random(3);
        let bin = |bytes: &[u8]| [&[0xc4, bytes.len() as u8], bytes].concat();
        let nonce = [vec![0x93], bin(&random.bytes(16)), bin(&random.bytes(16)), vec![0xc2]].concat();
        let location = [&[0xb1], &b"https://api.fly.i"[..]].concat();
        let caveats = vec![0x92, 0xcc, 0xff, 0x91, 0x81, 0x01, 0xcd, 0x01, 0x00];
        [vec![0x94], nonce, location, caveats, bin(&random.bytes(32))].concat()
    }

    #[test]
    fn fly_tokens() {
        let token = format!("{}{}", concat!("fm", "2_"), codec::base64_encode(&fly_bytes()));
        let header = format!("FlyV1 {token},{token}");
        assert_eq!(fact(&FLY, token.as_bytes(), "location").as_deref(), Some("https://api.fly.i"));
        assert_eq!((FLY.run)(header.as_bytes()).holds, Holds::Yes);
        assert_eq!((FLY.run)(format!("{header},fm2_AAAA").as_bytes()).holds, Holds::No);
        assert_eq!((FLY.run)(b"fo1_abc").holds, Holds::Unknown);
        let bytes = fly_bytes();
        for end in 0..bytes.len() {
            assert_eq!(fly_token(&bytes[..end]), None);
        }
    }

    #[test]
    fn sealed_fly_tokens_hold() {
        let token = assert_seals(&FLY, concat!("fm", "2_").as_bytes());
        assert!((200..700).contains(&token.len()));
        let two = assert_seals(&FLY, &[b"FlyV1 ", &token[..], concat!(",fm", "2_").as_bytes()].concat());
        assert_eq!(fly(&two[..two.len() - 8]).holds, Holds::No);
    }

    #[test]
    fn deep_and_huge_values_end() {
        let deep = [vec![0x94], vec![0x91; 5000]].concat();
        assert_eq!(fly_token(&deep), None);
        assert_eq!(fly_token(&[0x94, 0xdd, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(fly_token(&[0x94, 0xdf, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
