//! Private key files that parse, of random numbers that open nothing.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Rng;
use super::der::{integer, sequence, tlv};

/// rsaEncryption, 1.2.840.113549.1.1.1.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// id-PBES2, 1.2.840.113549.1.5.13.
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
/// prime256v1, 1.2.840.10045.3.1.7.
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// A private key block of the kind; `None` if there is no such kind.
pub(super) fn pem(kind: &str, rng: &mut Rng) -> Option<Vec<u8>> {
    let (label, der) = match kind {
        "rsa" => ("RSA PRIVATE KEY", rsa(rng)),
        "dsa" => ("DSA PRIVATE KEY", dsa(rng)),
        "ec" => ("EC PRIVATE KEY", ec(rng)),
        "pkcs8" => ("PRIVATE KEY", pkcs8(rng)),
        "encrypted" => ("ENCRYPTED PRIVATE KEY", encrypted(rng)),
        "openssh" => ("OPENSSH PRIVATE KEY", openssh(rng)),
        "pgp" => return Some(pgp(rng)),
        _ => return None,
    };
    Some(armour(label, &der, 64, "").into_bytes())
}

fn armour(label: &str, bytes: &[u8], width: usize, trailer: &str) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let body = STANDARD.encode(bytes);
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(width.min(rest.len()));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(trailer);
    let _ = write!(text, "-----END {label}-----");
    text
}

/// A number of so many bytes with its top bit set and odd, as primes and moduli are.
fn number(rng: &mut Rng, bytes: usize) -> Vec<u8> {
    let mut number = rng.bytes(bytes);
    if let Some(first) = number.first_mut() {
        *first |= 0x80;
    }
    if let Some(last) = number.last_mut() {
        *last |= 1;
    }
    integer(&number)
}

/// RFC 8017, A.1.2.
fn rsa(rng: &mut Rng) -> Vec<u8> {
    let mut items = vec![integer(&[0]), number(rng, 128), integer(&[1, 0, 1]), number(rng, 128)];
    items.extend((0..5).map(|_| number(rng, 64)));
    sequence(&items)
}

fn dsa(rng: &mut Rng) -> Vec<u8> {
    let mut items = vec![integer(&[0]), number(rng, 128), number(rng, 20), number(rng, 128), number(rng, 128)];
    items.push(number(rng, 20));
    sequence(&items)
}

/// RFC 5915, section 3.
fn ec(rng: &mut Rng) -> Vec<u8> {
    let mut point = vec![0, 4];
    point.extend(rng.bytes(64));
    sequence(&[integer(&[1]), tlv(0x04, &rng.bytes(32)), tlv(0xa0, &tlv(0x06, P256)), tlv(0xa1, &tlv(0x03, &point))])
}

/// RFC 5208, section 5.
fn pkcs8(rng: &mut Rng) -> Vec<u8> {
    let algorithm = sequence(&[tlv(0x06, RSA), tlv(0x05, &[])]);
    sequence(&[integer(&[0]), algorithm, tlv(0x04, &rsa(rng))])
}

/// RFC 5208, section 6.
fn encrypted(rng: &mut Rng) -> Vec<u8> {
    let kdf = sequence(&[tlv(0x04, &rng.bytes(8)), integer(&[8, 0])]);
    let algorithm = sequence(&[tlv(0x06, PBES2), sequence(&[kdf])]);
    sequence(&[algorithm, tlv(0x04, &rng.bytes(320))])
}

/// <https://cvsweb.openbsd.org/src/usr.bin/ssh/PROTOCOL.key>
fn openssh(rng: &mut Rng) -> Vec<u8> {
    let string = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes(), bytes].concat();
    let public = rng.bytes(32);
    let public_blob = [string(b"ssh-ed25519"), string(&public)].concat();
    let check = rng.bytes(4);
    let mut private = [check.clone(), check, public_blob.clone()].concat();
    private.extend(string(&[rng.bytes(32), public].concat()));
    private.extend(string(b"nobody@nowhere"));
    let padding = (1..=7_u8).take((8 - private.len() % 8) % 8);
    private.extend(padding);
    let mut key = b"openssh-key-v1\0".to_vec();
    for part in [b"none".as_slice(), b"none", b""] {
        key.extend(string(part));
    }
    key.extend(1_u32.to_be_bytes());
    key.extend(string(&public_blob));
    key.extend(string(&private));
    key
}

/// RFC 9580, section 6.2: a secret-key packet of random content, in armour with its CRC-24.
fn pgp(rng: &mut Rng) -> Vec<u8> {
    let mut body = vec![4];
    body.extend(rng.bytes(4));
    body.push(1);
    body.extend(rng.bytes(400));
    let mut packet = vec![0xc5, 192 + ((body.len() - 192) >> 8) as u8, ((body.len() - 192) & 0xff) as u8];
    packet.extend(body);
    let crc = crc24(&packet).to_be_bytes();
    let trailer = format!("={}\n", STANDARD.encode(&crc[1..]));
    armour("PGP PRIVATE KEY BLOCK", &packet, 64, &trailer).replacen("-----\n", "-----\n\n", 1).into_bytes()
}

/// RFC 9580, section 6.1.1.
fn crc24(bytes: &[u8]) -> u32 {
    let mut crc = 0x00b7_04ce_u32;
    for &byte in bytes {
        crc ^= u32::from(byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x0100_0000 != 0 {
                crc ^= 0x0186_4cfb;
            }
        }
    }
    crc & 0x00ff_ffff
}
