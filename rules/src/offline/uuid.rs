//! Keys that are UUIDs: <https://www.rfc-editor.org/rfc/rfc9562>.

use super::check::{Check, Checked};

/// Where the hyphens stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];
/// Where the version stands.
const VERSION: usize = 14;
/// Where the variant stands.
const VARIANT: usize = 19;

/// Whether `text` is 36 characters of hexadecimal with hyphens in their places.
pub(super) fn is_form(text: &[u8]) -> bool {
    let right = |(at, c): (usize, &u8)| if HYPHENS.contains(&at) { *c == b'-' } else { c.is_ascii_hexdigit() };
    text.len() == 36 && text.iter().enumerate().all(right)
}

/// The version, if the variant is that of the RFC.
fn version(text: &[u8]) -> Option<u8> {
    let variant = text.get(VARIANT)?;
    let version = text.get(VERSION).copied()?;
    (is_form(text) && matches!(variant, b'8' | b'9' | b'a' | b'b' | b'A' | b'B')).then_some(version)
}

/// Form, version 1 to 8 and variant; the nil and the max UUID do not pass.
pub(super) const UUID: Check = Check::structure("uuid", |text| {
    let version = version(text).filter(|v| (b'1'..=b'8').contains(v));
    Checked::when(version.is_some()).with_some("version", version.map(|v| char::from(v).to_string()))
})
.about("36 characters with version 1 to 8 and the RFC's variant", "https://www.rfc-editor.org/rfc/rfc9562")
.sealed(|text| seal(text));

/// Form, version 4 and variant: what a random key is.
pub(super) const UUID_V4: Check = Check::structure("uuid-v4", |text| Checked::when(version(text) == Some(b'4')))
    .about("36 characters with version 4 and the RFC's variant", "https://www.rfc-editor.org/rfc/rfc9562")
    .sealed(|text| seal(text));

/// Sets version and variant of a random UUID.
fn seal(text: &mut [u8]) {
    if let Some(version) = text.get_mut(VERSION) {
        *version = b'4';
    }
    if let Some(variant) = text.get_mut(VARIANT).filter(|v| !matches!(v, b'8' | b'9' | b'a' | b'b' | b'A' | b'B')) {
        *variant = b'8' + (*variant & 1);
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::Holds;
    use super::super::testing::{Random, assert_length, assert_seals_in_place, fact};
    use super::*;

    /// The examples of RFC 9562, appendix A.
    #[test]
    fn rfc_examples() {
        for (text, version) in [
            ("C232AB00-9414-11EC-B3C8-9F6BDECED846", "1"),
            ("919108f7-52d1-4320-9bac-f847db4148a8", "4"),
            ("017F22E2-79B0-7CC3-98C4-DC0C0C07398F", "7"),
        ] {
            assert_eq!(fact(&UUID, text.as_bytes(), "version").as_deref(), Some(version));
            assert_eq!((UUID_V4.run)(text.as_bytes()).holds == Holds::Yes, version == "4");
        }
    }

    #[test]
    fn nil_max_and_other_text_are_wrong() {
        for text in [
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "919108f752d143209bacf847db4148a8",
            "919108f7-52d1-4320-9bac-f847db4148ax",
            "919108f7-52d1-0320-9bac-f847db4148a8",
            "919108f7-52d1-4320-cbac-f847db4148a8",
        ] {
            assert_eq!((UUID.run)(text.as_bytes()).holds, Holds::No, "{text}");
        }
    }

    #[test]
    fn sealed_ones_hold() {
        for seed in 0..50 {
            let mut text = Random(seed).text(36, b"0123456789abcdef");
            for at in HYPHENS {
                text[at] = b'-';
            }
            let sealed = assert_seals_in_place(&UUID_V4, &text);
            assert_seals_in_place(&UUID, &text);
            assert_length(&UUID, &sealed);
        }
    }
}
