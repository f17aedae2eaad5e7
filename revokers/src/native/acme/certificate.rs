//! What has to be known of a certificate (<https://www.rfc-editor.org/rfc/rfc5280#section-4.1>): whose it is, by whom, until when, for which key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::credential::hex;

/// organizationName.
const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];
/// subjectAltName, authorityKeyIdentifier.
const NAMES: &[u8] = &[0x55, 0x1d, 0x11];
const AUTHORITY: &[u8] = &[0x55, 0x1d, 0x23];

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    pub(super) serial: Vec<u8>,
    /// The organisation that issued it.
    pub(super) issuer: String,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    /// The names it is for.
    pub(super) names: Vec<String>,
    /// The public key, as its algorithm writes it.
    pub(super) key: Vec<u8>,
    authority: Vec<u8>,
}

/// One value of DER: tag, contents.
fn value<'a>(input: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (&tag, rest) = input.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let count = usize::from(first & 0x7f);
        let (digits, behind) = rest.split_at_checked(count).filter(|_| (1..=4).contains(&count))?;
        length = digits.iter().fold(0, |sum, digit| (sum << 8) | usize::from(*digit));
        rest = behind;
    }
    let (inside, behind) = rest.split_at_checked(length)?;
    *input = behind;
    Some((tag, inside))
}

/// The contents of the next value, which must have a tag.
fn tagged<'a>(input: &mut &'a [u8], wanted: u8) -> Option<&'a [u8]> {
    value(input).filter(|(tag, _)| *tag == wanted).map(|(_, inside)| inside)
}

const SEQUENCE: u8 = 0x30;

impl Certificate {
    /// Reads DER.
    pub(super) fn parse(mut der: &[u8]) -> Option<Self> {
        let mut whole = tagged(&mut der, SEQUENCE)?;
        let mut body = tagged(&mut whole, SEQUENCE)?;
        if body.first() == Some(&0xa0) {
            value(&mut body)?;
        }
        let serial = tagged(&mut body, 0x02)?.to_vec();
        tagged(&mut body, SEQUENCE)?;
        let issuer = organisation(tagged(&mut body, SEQUENCE)?).unwrap_or_default();
        let mut validity = tagged(&mut body, SEQUENCE)?;
        let (from, until) = (time(&mut validity)?, time(&mut validity)?);
        tagged(&mut body, SEQUENCE)?;
        let mut key = tagged(&mut body, SEQUENCE)?;
        tagged(&mut key, SEQUENCE)?;
        let key = tagged(&mut key, 0x03)?.strip_prefix(&[0])?.to_vec();
        let mut certificate = Self { serial, issuer, from, until, names: Vec::new(), key, authority: Vec::new() };
        while let Some((tag, mut inside)) = value(&mut body) {
            if tag == 0xa3 {
                certificate.extensions(tagged(&mut inside, SEQUENCE)?)?;
            }
        }
        Some(certificate)
    }

    fn extensions(&mut self, mut all: &[u8]) -> Option<()> {
        while let Some(mut one) = tagged(&mut all, SEQUENCE) {
            let id = tagged(&mut one, 0x06)?;
            let mut text: &[u8] = &[];
            while let Some((tag, inside)) = value(&mut one) {
                if tag == 0x04 {
                    text = inside;
                }
            }
            let mut fields = match id {
                NAMES | AUTHORITY => tagged(&mut text, SEQUENCE)?,
                _ => continue,
            };
            while let Some((tag, inside)) = value(&mut fields) {
                match (id, tag) {
                    (NAMES, 0x82) => self.names.push(String::from_utf8_lossy(inside).into_owned()),
                    (AUTHORITY, 0x80) => self.authority = inside.to_vec(),
                    _ => {}
                }
            }
        }
        Some(())
    }

    /// The name by which a certificate is asked about (<https://www.rfc-editor.org/rfc/rfc9773#section-4.1>).
    pub(super) fn renewal_id(&self) -> Option<String> {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        (!self.authority.is_empty()).then(|| format!("{}.{}", encode(&self.authority), encode(&self.serial)))
    }

    /// Its serial number in hex.
    pub(super) fn serial_hex(&self) -> String {
        hex(&self.serial)
    }
}

/// The organisation in a name.
fn organisation(mut name: &[u8]) -> Option<String> {
    while let Some(mut set) = tagged(&mut name, 0x31) {
        let mut pair = tagged(&mut set, SEQUENCE)?;
        let id = tagged(&mut pair, 0x06)?;
        let (_, text) = value(&mut pair)?;
        if id == ORGANISATION {
            return Some(String::from_utf8_lossy(text).into_owned());
        }
    }
    None
}

/// A time with two or four digits of the year, in UTC.
fn time(input: &mut &[u8]) -> Option<Timestamp> {
    let (tag, text) = value(input)?;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let text = match (tag, text.get(..2)?) {
        (0x17, year) if year >= "50" => format!("19{text}"),
        (0x17, _) => format!("20{text}"),
        (0x18, _) => text.to_owned(),
        _ => return None,
    };
    let time = DateTime::strptime("%Y%m%d%H%M%S", &text).ok()?;
    time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_lie_are_refused() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 5, 1],
            &[0x30, 0x80],
            &[0x30, 0x85, 1, 1, 1, 1, 1],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(Certificate::parse(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn times_of_both_forms_are_read() {
        let read = |tag: u8, text: &str| {
            time(&mut [&[tag, text.len() as u8], text.as_bytes()].concat().as_slice()).map(|t| t.to_string())
        };
        assert_eq!(read(0x17, "261121150000Z").as_deref(), Some("2026-11-21T15:00:00Z"));
        assert_eq!(read(0x17, "991231235959Z").as_deref(), Some("1999-12-31T23:59:59Z"));
        assert_eq!(read(0x18, "20501121150000Z").as_deref(), Some("2050-11-21T15:00:00Z"));
        assert_eq!(read(0x17, "261321150000Z"), None);
        assert_eq!(read(0x02, "261121150000Z"), None);
    }
}
