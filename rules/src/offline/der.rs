//! Private keys in DER: PKCS#1, PKCS#8, encrypted PKCS#8, SEC1 and DSA.
//!
//! Just enough ASN.1 (X.690) to tell a whole key from text that looks like one; definite lengths only, as
//! DER demands.

use super::check::{Check, Checked, parsed};
use super::codec::{self, Reader};

/// Tags used by private keys.
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// Algorithms by the content of their object identifier
/// (<https://www.rfc-editor.org/rfc/rfc8017>, <https://www.rfc-editor.org/rfc/rfc5480>, <https://www.rfc-editor.org/rfc/rfc8410>).
const ALGORITHMS: &[(&[u8], &str)] = &[
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01], "rsa"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a], "rsa-pss"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01], "ec"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01], "dsa"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x03, 0x01], "dh"),
    (&[0x2b, 0x65, 0x6e], "x25519"),
    (&[0x2b, 0x65, 0x6f], "x448"),
    (&[0x2b, 0x65, 0x70], "ed25519"),
    (&[0x2b, 0x65, 0x71], "ed448"),
];

/// Curves by the content of their object identifier (<https://www.rfc-editor.org/rfc/rfc5480>).
const CURVES: &[(&[u8], &str)] = &[
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], "p-256"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x22], "p-384"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x23], "p-521"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x0a], "secp256k1"),
];

/// The name of an object identifier.
fn name(oid: &[u8], names: &[(&[u8], &'static str)]) -> &'static str {
    names.iter().find(|(known, _)| *known == oid).map_or("other", |(_, name)| name)
}

impl<'a> Reader<'a> {
    /// The next element: its tag and content.
    fn element(&mut self) -> Option<(u8, &'a [u8])> {
        let tag = self.byte()?;
        let length = match self.byte()? {
            short @ 0..=0x7f => usize::from(short),
            long @ 0x81..=0x84 => usize::try_from(self.number(usize::from(long & 0x7f))?).ok()?,
            _ => return None,
        };
        Some((tag, self.take(length)?))
    }

    /// The content of the next element, if it has this tag.
    fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.element().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }

    /// A reader of the next element, a sequence.
    fn sequence(&mut self) -> Option<Reader<'a>> {
        self.expect(SEQUENCE).map(Reader)
    }

    /// The next element, an integer that is not empty.
    fn integer(&mut self) -> Option<&'a [u8]> {
        self.expect(INTEGER).filter(|content| !content.is_empty())
    }
}

/// What a private key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// `rsa`, `ec`, `ed25519` …, or `other`.
    pub(super) algorithm: &'static str,
    /// Bits of the modulus, or the name of the curve; empty if neither is told.
    pub(super) size: String,
    /// Whether a passphrase is needed.
    pub(super) encrypted: bool,
}

impl Key {
    /// The facts of the key.
    pub(super) fn checked(&self) -> Checked {
        Checked::yes()
            .with("algorithm", self.algorithm)
            .with("size", &self.size)
            .with("encrypted", if self.encrypted { "yes" } else { "no" })
    }
}

/// Reads a private key in any of the forms; nothing may follow it.
pub(super) fn private_key(der: &[u8]) -> Option<Key> {
    let mut outer = Reader(der);
    let body = outer.expect(SEQUENCE).filter(|_| outer.is_empty())?;
    let forms = [encrypted, pkcs8, rsa, ec, dsa];
    forms.iter().find_map(|form| form(Reader(body)))
}

/// RFC 8017, A.1.2: version and eight integers; more only for more than two primes.
fn rsa(mut body: Reader<'_>) -> Option<Key> {
    let version = body.integer().filter(|v| matches!(v, [0 | 1]))?;
    let modulus = body.integer()?;
    for _ in 0..7 {
        body.integer()?;
    }
    (body.is_empty() || version == [1]).then(|| Key { algorithm: "rsa", size: bits(modulus), encrypted: false })
}

/// Bits of a positive integer.
fn bits(integer: &[u8]) -> String {
    let start = integer.iter().position(|byte| *byte != 0).unwrap_or(integer.len());
    let used = integer.get(start..).unwrap_or_default();
    let unused = used.first().map_or(0, |byte| byte.leading_zeros() as usize);
    (used.len() * 8 - unused).to_string()
}

/// RFC 5915: version 1, the scalar, the curve and the public point optional.
fn ec(mut body: Reader<'_>) -> Option<Key> {
    body.integer().filter(|v| *v == [1])?;
    body.expect(OCTETS).filter(|scalar| scalar.len() >= 16)?;
    let mut curve = "";
    while !body.is_empty() {
        let (tag, content) = body.element()?;
        match tag {
            0xa0 => curve = Reader(content).expect(OID).map_or("other", |oid| name(oid, CURVES)),
            0xa1 => {}
            _ => return None,
        }
    }
    Some(Key { algorithm: "ec", size: curve.to_owned(), encrypted: false })
}

/// OpenSSL's form of a DSA key: version 0 and five integers.
fn dsa(mut body: Reader<'_>) -> Option<Key> {
    body.integer().filter(|v| *v == [0])?;
    let prime = body.integer()?;
    for _ in 0..4 {
        body.integer()?;
    }
    body.is_empty().then(|| Key { algorithm: "dsa", size: bits(prime), encrypted: false })
}

/// RFC 5958: version, algorithm, key in octets, attributes.
fn pkcs8(mut body: Reader<'_>) -> Option<Key> {
    body.integer().filter(|v| matches!(v, [0 | 1]))?;
    let mut algorithm = body.sequence()?;
    let oid = algorithm.expect(OID)?;
    let inner = body.expect(OCTETS)?;
    let key = match name(oid, ALGORITHMS) {
        kind @ ("rsa" | "rsa-pss") => Key { algorithm: kind, ..rsa(Reader(inner).sequence()?)? },
        "ec" => {
            let curve = algorithm.expect(OID).map_or("other", |oid| name(oid, CURVES));
            Key { size: curve.to_owned(), ..ec(Reader(inner).sequence()?)? }
        }
        kind @ ("x25519" | "x448" | "ed25519" | "ed448") => {
            Reader(inner).expect(OCTETS).filter(|scalar| scalar.len() >= 32)?;
            Key { algorithm: kind, size: String::new(), encrypted: false }
        }
        kind => Key { algorithm: kind, size: String::new(), encrypted: false },
    };
    Some(key)
}

/// RFC 5958, section 3: an algorithm with parameters, and octets.
fn encrypted(mut body: Reader<'_>) -> Option<Key> {
    let mut algorithm = body.sequence()?;
    algorithm.expect(OID)?;
    algorithm.sequence()?;
    body.expect(OCTETS).filter(|text| text.len() >= 16)?;
    body.is_empty().then(|| Key { algorithm: "other", size: String::new(), encrypted: true })
}

/// Bare base64 of a private key.
pub(super) const BASE64: Check = Check::structure("der-private-key", |text| {
    parsed(codec::base64_decode_lenient(text).and_then(|der| private_key(&der)).map(|key| key.checked()))
})
.about("base64 of a PKCS#1, PKCS#8, SEC1 or DSA private key in DER", "https://www.rfc-editor.org/rfc/rfc5958");

/// Keys for tests, made of random numbers: right in structure, useless as keys.
#[cfg(test)]
pub(crate) mod fake {
    use super::super::testing::Random;
    use super::{ALGORITHMS, CURVES, INTEGER, OCTETS, OID, SEQUENCE};

    /// An element.
    pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let mut out = vec![tag];
        match length {
            0..0x80 => out.push(length as u8),
            0x80..0x100 => out.extend([0x81, length as u8]),
            _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
        }
        out.extend_from_slice(content);
        out
    }

    /// A positive integer of `bytes` random bytes, its highest bit set.
    fn integer(random: &mut Random, bytes: usize) -> Vec<u8> {
        let mut content = vec![0];
        content.extend(random.bytes(bytes));
        content[1] |= 0x80;
        element(INTEGER, &content)
    }

    /// PKCS#1.
    pub(crate) fn rsa(seed: u64) -> Vec<u8> {
        let mut random = Random(seed);
        let mut body = element(INTEGER, &[0]);
        body.extend(integer(&mut random, 256));
        body.extend(element(INTEGER, &[1, 0, 1]));
        body.extend(integer(&mut random, 256));
        for _ in 0..5 {
            body.extend(integer(&mut random, 128));
        }
        element(SEQUENCE, &body)
    }

    /// SEC1.
    pub(crate) fn ec(seed: u64) -> Vec<u8> {
        let curve = element(0xa0, &element(OID, CURVES[0].0));
        let scalar = element(OCTETS, &Random(seed).bytes(32));
        element(SEQUENCE, &[element(INTEGER, &[1]), scalar, curve].concat())
    }

    /// PKCS#8 around `inner`, of the algorithm at `index`.
    pub(crate) fn pkcs8(index: usize, inner: &[u8]) -> Vec<u8> {
        let mut algorithm = element(OID, ALGORITHMS[index].0);
        match ALGORITHMS[index].1 {
            "ec" => algorithm.extend(element(OID, CURVES[0].0)),
            "rsa" => algorithm.extend([5, 0]),
            _ => {}
        }
        let algorithm = element(SEQUENCE, &algorithm);
        element(SEQUENCE, &[element(INTEGER, &[0]), algorithm, element(OCTETS, inner)].concat())
    }

    /// Encrypted PKCS#8.
    pub(crate) fn encrypted(seed: u64) -> Vec<u8> {
        let pbes2 = element(OID, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d]);
        let algorithm = element(SEQUENCE, &[pbes2, element(SEQUENCE, &[])].concat());
        element(SEQUENCE, &[algorithm, element(OCTETS, &Random(seed).bytes(64))].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::Holds;
    use super::super::testing::{Random, fact};
    use super::*;

    #[test]
    fn every_form_is_known() {
        let ed25519 = fake::element(OCTETS, &Random(3).bytes(32));
        for (der, algorithm, size, encrypted) in [
            (fake::rsa(1), "rsa", "2048", false),
            (fake::ec(2), "ec", "p-256", false),
            (fake::pkcs8(0, &fake::rsa(3)), "rsa", "2048", false),
            (fake::pkcs8(2, &fake::ec(4)), "ec", "p-256", false),
            (fake::pkcs8(7, &ed25519), "ed25519", "", false),
            (fake::encrypted(5), "other", "", true),
        ] {
            let key = private_key(&der);
            assert_eq!(key, Some(Key { algorithm, size: size.to_owned(), encrypted }));
            for end in 0..der.len() {
                assert_eq!(private_key(&der[..end]), None, "{algorithm} cut at {end}");
            }
            assert_eq!(private_key(&[&der[..], &[0]].concat()), None);
        }
    }

    /// The Ed25519 key of RFC 8410, section 10.3.
    #[test]
    fn rfc_8410_example() {
        let text = concat!("MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8f", "dp+K06/nwoy/HU++CXqI9EdVhC");
        assert_eq!(fact(&BASE64, text.as_bytes(), "algorithm").as_deref(), Some("ed25519"));
    }

    #[test]
    fn random_bytes_are_no_key() {
        for seed in 0..500 {
            let mut der = Random(seed).bytes(200);
            der[..3].copy_from_slice(&[SEQUENCE, 0x81, 197]);
            assert_eq!(private_key(&der), None);
        }
        assert_eq!((BASE64.run)(b"MII!").holds, Holds::No);
    }
}
