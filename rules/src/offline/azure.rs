//! Azure's identifiable keys: a marker in the base64 text and a Marvin32 checksum in the last bytes.
//!
//! Microsoft describes the idea and names the library that makes the keys in
//! <https://github.com/microsoft/security-utilities>; the seeds are eight ASCII letters read as a big-endian
//! number. Keys made before the scheme (2021 or 2022, by service) are plain random bytes and carry nothing.

use super::check::{Check, Checked};
use super::codec;

/// Bytes of the checksum, at the end of the key.
const SUM: usize = 4;

/// How the keys of a service look.
struct Kind {
    /// The four letters in the base64 text.
    marker: &'static str,
    /// Bytes of the key.
    bytes: usize,
    /// Fact: which service.
    service: &'static str,
    /// Checksum seeds, one for each role a key can have; the first is the one to mint with.
    seeds: &'static [(&'static [u8; 8], &'static str)],
    /// Whether the list of seeds is known to be whole. If not, another checksum says nothing.
    whole: bool,
}

/// Roles of the keys of Service Bus, Event Hubs and Relay.
const BUS: &[(&[u8; 8], &str)] = &[(b"Manage00", "manage"), (b"Send0000", "send"), (b"Listen00", "listen")];

/// The services whose keys carry the scheme.
///
/// The seeds of container registry, cache and search are families of which we know one member each, and
/// those of Event Grid are not known.
const KINDS: &[Kind] = &[
    Kind { marker: "+ASt", bytes: 64, service: "storage", seeds: &[(b"Default0", "")], whole: true },
    Kind {
        marker: "ACDb",
        bytes: 64,
        service: "cosmos-db",
        seeds: &[(b"MastRW00", "read-write"), (b"MastRO00", "read-only")],
        whole: true,
    },
    Kind { marker: "+ABa", bytes: 64, service: "batch", seeds: &[(b"AbAcct00", "")], whole: true },
    Kind { marker: "+AMC", bytes: 64, service: "ml-classic", seeds: &[(b"Classic0", "")], whole: true },
    Kind {
        marker: "APIM",
        bytes: 64,
        service: "api-management",
        seeds: &[
            (b"Tenant00", "direct-management"),
            (b"IoTHub00", "subscription"),
            (b"Gateway0", "gateway"),
            (b"GitKey00", "repository"),
        ],
        whole: true,
    },
    Kind {
        marker: "AzFu",
        bytes: 40,
        service: "functions",
        seeds: &[(b"Functi00", "function"), (b"System00", "system"), (b"Master00", "master")],
        whole: true,
    },
    Kind { marker: "+ACR", bytes: 39, service: "container-registry", seeds: &[(b"ACRDflt0", "")], whole: false },
    Kind {
        marker: "AzSe",
        bytes: 39,
        service: "search",
        seeds: &[(b"PAdmin00", "admin"), (b"Query000", "query")],
        whole: false,
    },
    Kind { marker: "+AEh", bytes: 32, service: "event-hubs", seeds: BUS, whole: true },
    Kind { marker: "+ASb", bytes: 32, service: "service-bus", seeds: BUS, whole: true },
    Kind { marker: "+ARm", bytes: 32, service: "relay", seeds: BUS, whole: true },
    Kind {
        marker: "AIoT",
        bytes: 32,
        service: "iot-hub",
        seeds: &[(b"IoTHub00", "hub"), (b"DpsKey00", "provisioning"), (b"Device00", "device")],
        whole: true,
    },
    Kind { marker: "AzCa", bytes: 32, service: "cache", seeds: &[(b"Access00", "")], whole: false },
    Kind { marker: "AZEG", bytes: 32, service: "event-grid", seeds: &[], whole: false },
];

impl Kind {
    /// Where the marker starts in the base64 text: it ends where the group of the checksum begins.
    const fn place(&self) -> usize {
        (self.bytes - SUM) * 8 / 6 - 4
    }

    /// Whether `key` has the length and the marker of this kind.
    fn fits(&self, key: &[u8]) -> bool {
        let place = self.place();
        key.len() == self.bytes.div_ceil(3) * 4
            && key.get(place..place + self.marker.len()) == Some(self.marker.as_bytes())
    }

    /// The role whose seed gives the checksum of `bytes`.
    fn role(&self, bytes: &[u8]) -> Option<&'static str> {
        let (covered, sum) = bytes.split_last_chunk::<SUM>()?;
        let right = |seed: &[u8; 8]| codec::marvin32(covered, u64::from_be_bytes(*seed)).to_le_bytes() == *sum;
        self.seeds.iter().find(|(seed, _)| right(seed)).map(|(_, role)| *role)
    }

    /// The answer for a key that fits.
    fn check(&self, key: &[u8]) -> Checked {
        let Some(bytes) = codec::base64_decode_lenient(key).filter(|b| b.len() == self.bytes) else {
            return Checked::no();
        };
        match self.role(&bytes) {
            Some(role) => Checked::yes().with("service", self.service).with("role", role),
            None if self.whole => Checked::no(),
            None => Checked::unknown().with("service", self.service),
        }
    }
}

/// The Marvin32 checksum of account keys with a marker.
pub(super) const MARVIN32: Check = Check::checksum("azure-marvin32", 32, |key| {
    KINDS.iter().find(|kind| kind.fits(key)).map_or_else(Checked::unknown, |kind| kind.check(key))
})
.about(
    "keys with a service marker: the last 4 bytes are the Marvin32 hash of the others under the service's seed",
    "https://github.com/microsoft/security-utilities",
)
.sealed(seal);

/// Rewrites the end of a key that has a marker: zero bits up to the checksum, then the checksum.
fn seal(key: &mut Vec<u8>) {
    let Some(kind) = KINDS.iter().find(|kind| kind.fits(key)) else { return };
    let Some((seed, _)) = kind.seeds.first() else { return };
    let Some(mut bytes) = codec::base64_decode_lenient(key) else { return };
    bytes.truncate(kind.bytes.saturating_sub(SUM));
    bytes.resize(kind.bytes.saturating_sub(SUM), 0);
    let place = (bytes.len() * 8 % 6).min(7);
    if let Some(last) = bytes.last_mut() {
        // The bits between marker and checksum belong to no letter of the marker; real keys have zeros there.
        *last &= u8::MAX << place;
    }
    let sum = codec::marvin32(&bytes, u64::from_be_bytes(**seed));
    bytes.extend(sum.to_le_bytes());
    // Keys of functions stand in addresses and are written so that they need no escapes.
    let standard = key.iter().any(|c| matches!(c, b'+' | b'/'));
    let text = if kind.service == "functions" && !standard {
        padded(codec::base64url_encode(&bytes))
    } else {
        codec::base64_encode(&bytes)
    };
    *key = text.into_bytes();
}

/// Fills base64 up to a multiple of four.
fn padded(mut text: String) -> String {
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// Where the signature of a common annotated key stands.
const SIGNATURE: usize = 52;
/// Lengths of common annotated keys: 63 and 64 bytes in base64 without other characters than letters and digits.
const LENGTHS: &[usize] = &[84, 88];

/// The fixed places of the newer Azure keys (Azure OpenAI, Azure DevOps and others). The vendor's checksum
/// at their end is not documented, so only the structure is checked; derived from samples.
pub(super) const ANNOTATED: Check = Check::structure("azure-annotated-key", annotated).about(
    "newer keys of 84 or 88 characters: JQQJ9 signature at 52, then year and month, and the provider's letters",
    "https://github.com/microsoft/security-utilities",
);

/// Signature `JQQJ9[9DH]`, a year, a month letter A to L, and 4 upper- and lower-case letters of the provider.
fn annotated(key: &[u8]) -> Checked {
    let at = |from: usize, to: usize| key.get(SIGNATURE + from..SIGNATURE + to).unwrap_or_default();
    let alphanumeric = key.iter().all(u8::is_ascii_alphanumeric);
    let signed = at(0, 5) == b"JQQJ9" && matches!(at(5, 6), b"9" | b"D" | b"H");
    let month = at(7, 8).iter().all(|c| (b'A'..=b'L').contains(c));
    if !(LENGTHS.contains(&key.len()) && alphanumeric && signed && month) {
        return Checked::no();
    }
    Checked::yes().with("provider", String::from_utf8_lossy(at(24, 28))).with("made", made(at(6, 7), at(7, 8)))
}

/// Year and month of the key. That the year counts from 2024 = `A` is unconfirmed.
fn made(year: &[u8], month: &[u8]) -> String {
    let ordinal = |text: &[u8]| text.first().map_or(0, |c| u32::from(c.wrapping_sub(b'A')));
    let month = ordinal(month) + 1;
    match year {
        [b'A'..=b'Z'] => format!("{}-{month:02}", 2024 + ordinal(year)),
        _ => String::new(),
    }
}

/// The structure of an Entra client secret. Its last 3 characters are a checksum whose alphabet Microsoft
/// does not document, so it is not checked.
pub(super) const ENTRA_SECRET: Check = Check::structure("azure-entra-client-secret", entra_secret).about(
    "3 characters, a digit, Q~, and 31 to 34 of the base64url alphabet with dot and tilde",
    "https://learn.microsoft.com/en-us/entra/identity-platform/how-to-add-credentials",
);

/// `xxx8Q~` and 34 characters, or `xxx7Q~` and 31 (older).
fn entra_secret(secret: &[u8]) -> Checked {
    let legal = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.' | b'~');
    let (Some(mark), Some(rest)) = (secret.get(3..6), secret.get(6..)) else {
        return Checked::no();
    };
    let counted = match mark {
        [b'8', b'Q', b'~'] => rest.len() == 34,
        [b'0'..=b'9', b'Q', b'~'] => (31..=34).contains(&rest.len()),
        _ => false,
    };
    Checked::when(counted && secret.iter().all(legal))
}

#[cfg(test)]
mod tests {
    use super::super::check::Holds;
    use super::super::codec::BASE62;
    use super::super::testing::{Random, assert_detects, assert_length, assert_seals_in_place, body, fact};
    use super::*;

    /// Random text of the length of `kind` with its marker in place.
    fn unsealed(kind: &Kind, seed: u64) -> Vec<u8> {
        let length = kind.bytes.div_ceil(3) * 4;
        let pad = (3 - kind.bytes % 3) % 3;
        let mut key = Random(seed).text(length - pad, BASE62);
        key.extend(std::iter::repeat_n(b'=', pad));
        let place = kind.place();
        key[place..place + 4].copy_from_slice(kind.marker.as_bytes());
        key
    }

    #[test]
    fn places_follow_from_the_lengths() {
        for kind in KINDS {
            let place = match kind.bytes {
                64 => 76,
                40 => 44,
                39 => 42,
                _ => 33,
            };
            assert_eq!(kind.place(), place, "{}", kind.service);
        }
    }

    #[test]
    fn sealed_keys_hold_and_changed_ones_do_not() {
        for (seed, kind) in KINDS.iter().filter(|kind| !kind.seeds.is_empty()).enumerate() {
            let key = assert_seals_in_place(&MARVIN32, &unsealed(kind, seed as u64));
            assert_eq!(key[..kind.place() + 4], unsealed(kind, seed as u64)[..kind.place() + 4]);
            assert_detects(&MARVIN32, &key, 0..kind.place(), b"0aZ");
            assert_length(&MARVIN32, &key);
            assert_eq!(fact(&MARVIN32, &key, "service").as_deref(), Some(kind.service));
        }
    }

    #[test]
    fn a_marker_without_its_checksum_is_wrong_and_none_is_unknown() {
        for kind in KINDS {
            let expected = if kind.whole { Holds::No } else { Holds::Unknown };
            assert_eq!((MARVIN32.run)(&unsealed(kind, 9)).holds, expected, "{}", kind.service);
        }
        assert_eq!((MARVIN32.run)(&Random(1).text(88, BASE62)).holds, Holds::Unknown);
    }

    #[test]
    fn every_role_has_its_seed() {
        let kind = &KINDS[1];
        let mut bytes = codec::base64_decode_lenient(&unsealed(kind, 5)).expect("base64");
        bytes.truncate(60);
        let sum = codec::marvin32(&bytes, u64::from_be_bytes(*b"MastRO00"));
        bytes.extend(sum.to_le_bytes());
        let key = codec::base64_encode(&bytes);
        assert_eq!(fact(&MARVIN32, key.as_bytes(), "role").as_deref(), Some("read-only"));
    }

    #[test]
    fn annotated_keys() {
        let mut key = body("", 52, BASE62, 1);
        key.extend_from_slice(concat!("JQ", "QJ99", "BC").as_bytes());
        key.extend(Random(2).text(12, BASE62));
        key.extend_from_slice(concat!("AAAB", "ACOG").as_bytes());
        key.extend(Random(3).text(4, BASE62));
        assert_eq!(annotated(&key).holds, Holds::Yes);
        assert_eq!(fact(&ANNOTATED, &key, "provider").as_deref(), Some("ACOG"));
        assert_eq!(fact(&ANNOTATED, &key, "made").as_deref(), Some("2025-03"));
        assert_length(&ANNOTATED, &key);
        key[53] = b'x';
        assert_eq!(annotated(&key).holds, Holds::No);
    }

    #[test]
    fn entra_secrets() {
        let secret = [b"abc", concat!("8", "Q~").as_bytes(), &body("", 34, BASE62, 4)].concat();
        assert_eq!(entra_secret(&secret).holds, Holds::Yes);
        assert_length(&ENTRA_SECRET, &secret);
    }
}
