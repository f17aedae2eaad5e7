//! Slack's tokens and webhook addresses, by their parts: <https://docs.slack.dev/authentication/tokens>.
//!
//! The parts and their lengths are derived from samples; Slack documents only the prefixes and says that
//! lengths may change, so a token of unknown parts is not called wrong.

use super::check::{Check, Checked, Holds};

/// A part of a token.
enum Part {
    /// Decimal digits, from so many to so many.
    Digits(usize, usize),
    /// Letters and digits.
    Alnum(usize, usize),
    /// Lower-case hexadecimal.
    Hex(usize, usize),
    /// `A` and upper-case letters and digits: an app's id.
    App,
}

impl Part {
    /// Whether `text` is such a part.
    fn fits(&self, text: &str) -> bool {
        let of = |least: usize, most: usize, legal: fn(u8) -> bool| {
            (least..=most).contains(&text.len()) && text.bytes().all(legal)
        };
        match self {
            Self::Digits(least, most) => of(*least, *most, |c| c.is_ascii_digit()),
            Self::Alnum(least, most) => of(*least, *most, |c| c.is_ascii_alphanumeric()),
            Self::Hex(least, most) => of(*least, *most, |c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c)),
            Self::App => text.starts_with('A') && of(9, 12, |c| c.is_ascii_uppercase() || c.is_ascii_digit()),
        }
    }
}

/// Ids of teams and users.
const ID: Part = Part::Digits(9, 15);
/// The known shapes: prefix, parts between hyphens.
const SHAPES: &[(&str, &[Part])] = &[
    ("xoxb-", &[ID, ID, Part::Alnum(24, 24)]),
    ("xoxb-", &[Part::Digits(8, 14), Part::Alnum(18, 26)]),
    ("xoxp-", &[ID, ID, ID, Part::Hex(28, 34)]),
    ("xoxa-", &[Part::Digits(1, 1), ID, ID, ID, Part::Hex(28, 34)]),
    ("xoxr-", &[Part::Digits(1, 1), ID, ID, ID, Part::Hex(28, 34)]),
    ("xoxa-", &[ID, ID, ID, Part::Hex(28, 34)]),
    ("xoxr-", &[ID, ID, ID, Part::Hex(28, 34)]),
    ("xoxs-", &[ID, ID, ID, Part::Hex(8, 64)]),
    ("xoxo-", &[ID, ID, ID, Part::Hex(8, 64)]),
    ("xoxc-", &[ID, ID, ID, Part::Hex(64, 64)]),
    ("xoxe.xoxp-", &[Part::Digits(1, 1), Part::Alnum(160, 170)]),
    ("xoxe.xoxb-", &[Part::Digits(1, 1), Part::Alnum(160, 170)]),
    ("xoxe-", &[Part::Digits(1, 1), Part::Alnum(140, 150)]),
    ("xapp-", &[Part::Digits(1, 1), Part::App, Part::Digits(10, 15), Part::Hex(64, 64)]),
];

/// The parts of a token.
pub(super) const TOKEN: Check = Check::structure("slack-token", token).about(
    "xox?- and xapp- tokens: the numbers, ids and hexadecimal parts each kind has (from samples)",
    "https://docs.slack.dev/authentication/tokens",
);

/// Kind, parts; the app's id and the team's number are no secrets.
fn token(token: &[u8]) -> Checked {
    let Ok(text) = std::str::from_utf8(token) else {
        return Checked::no();
    };
    let fits = |(prefix, shape): &&(&str, &[Part])| {
        text.strip_prefix(*prefix).is_some_and(|rest| {
            rest.split('-').count() == shape.len() && rest.split('-').zip(*shape).all(|(part, kind)| kind.fits(part))
        })
    };
    let Some((prefix, shape)) = SHAPES.iter().find(fits) else {
        return unknown(text);
    };
    let part = |wanted: fn(&Part) -> bool| {
        let rest = text.get(prefix.len()..).unwrap_or_default();
        rest.split('-').zip(*shape).find(|(_, kind)| wanted(kind)).map(|(part, _)| part)
    };
    Checked::yes()
        .with_some("app-id", part(|kind| matches!(kind, Part::App)))
        .with_some("team-number", part(|kind| matches!(kind, Part::Digits(9.., _))).filter(|_| *prefix != "xapp-"))
}

/// Placeholders are wrong: nothing but letters of one kind after the prefix, or no digit at all.
fn unknown(text: &str) -> Checked {
    let legal = text.bytes().all(|c| c.is_ascii_graphic());
    let plausible = legal && text.starts_with('x') && text.bytes().filter(u8::is_ascii_digit).count() >= 4;
    Checked::of(if plausible { Holds::Unknown } else { Holds::No })
}

/// The parts of an incoming webhook's address (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>).
pub(super) const WEBHOOK: Check = Check::structure("slack-webhook", webhook).about(
    "hooks.slack.com/services/ with the team's id, the service's id and 24 letters and digits",
    "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks",
);

/// `T…/B…/<24>`; addresses of workflows and triggers are not told apart further.
fn webhook(address: &[u8]) -> Checked {
    let path = std::str::from_utf8(address).ok().and_then(|text| text.split_once("hooks.slack.com/"));
    let Some((_, path)) = path else {
        return Checked::no();
    };
    let parts: Vec<&str> = path.split('/').collect();
    let id = |text: &str, first: char| {
        text.starts_with(first) && (9..=13).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_alphanumeric())
    };
    match parts.as_slice() {
        ["services", team, service, secret] => {
            let right = id(team, 'T') && id(service, 'B') && Part::Alnum(24, 24).fits(secret);
            let checked = Checked::when(right);
            if right { checked.with("team-id", team).with("service-id", service) } else { checked }
        }
        ["workflows" | "triggers", ..] => Checked::unknown(),
        _ => Checked::no(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::codec::{BASE62, HEX};
    use super::super::testing::{Random, fact};
    use super::*;

    /// Random parts joined by hyphens.
    fn joined(prefix: &str, parts: &[(usize, &[u8])], seed: u64) -> String {
        let mut random = Random(seed);
        let parts: Vec<String> =
            parts.iter().map(|(n, set)| String::from_utf8(random.text(*n, set)).expect("ascii")).collect();
        format!("{prefix}{}", parts.join("-"))
    }

    const D: &[u8] = b"123456789";

    #[test]
    fn known_shapes_hold() {
        for text in [
            joined(concat!("xo", "xb-"), &[(12, D), (13, D), (24, BASE62)], 1),
            joined(concat!("xo", "xb-"), &[(12, D), (24, BASE62)], 2),
            joined(concat!("xo", "xp-"), &[(11, D), (12, D), (13, D), (32, HEX)], 3),
            joined(concat!("xo", "xc-"), &[(12, D), (12, D), (13, D), (64, HEX)], 4),
            joined(concat!("xo", "xs-"), &[(10, D), (10, D), (11, D), (10, HEX)], 7),
            joined(concat!("xo", "xr-"), &[(11, D), (12, D), (12, D), (32, HEX)], 8),
            joined(concat!("xo", "xe-1-"), &[(146, BASE62)], 5),
            joined(concat!("xa", "pp-1-A012345678-"), &[(13, D), (64, HEX)], 6),
        ] {
            assert_eq!(token(text.as_bytes()).holds, Holds::Yes, "{text}");
            assert_ne!(token(&text.as_bytes()[..text.len() - 9]).holds, Holds::Yes);
        }
        let app = joined(concat!("xa", "pp-1-A012345678-"), &[(13, D), (64, HEX)], 6);
        assert_eq!(fact(&TOKEN, app.as_bytes(), "app-id").as_deref(), Some("A012345678"));
        assert_eq!(fact(&TOKEN, app.as_bytes(), "team-number"), None);
    }

    #[test]
    fn placeholders_are_wrong_and_others_unknown() {
        assert_eq!(token(concat!("xo", "xb-your-token-here").as_bytes()).holds, Holds::No);
        assert_eq!(token(concat!("xo", "xb-1234567-x").as_bytes()).holds, Holds::Unknown);
        assert_eq!(token(b"xoxb-\xff").holds, Holds::No);
    }

    #[test]
    fn webhooks() {
        let secret = String::from_utf8(Random(7).text(24, BASE62)).expect("ascii");
        let address = format!("https://hooks.{}/services/T012ABCDE/B012ABCDEFG/{secret}", "slack.com");
        assert_eq!(fact(&WEBHOOK, address.as_bytes(), "team-id").as_deref(), Some("T012ABCDE"));
        assert_eq!(webhook(format!("{address}x").as_bytes()).holds, Holds::No);
        let workflow = format!("https://hooks.{}/triggers/E01/1/x", "slack.com");
        assert_eq!(webhook(workflow.as_bytes()).holds, Holds::Unknown);
    }
}
