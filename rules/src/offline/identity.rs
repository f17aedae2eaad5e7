//! Tokens that begin with the id of their owner: Discord, Salesforce, `NuGet`.

use super::check::{Check, Checked, parsed};
use super::codec;

/// Milliseconds from 1970 to Discord's epoch, the first second of 2015.
const DISCORD_EPOCH: u64 = 1_420_070_400_000;

/// A bot token: the bot's id, a time, a signature
/// (<https://discord.com/developers/docs/reference#snowflakes>; the three parts are derived from samples).
pub(super) const DISCORD: Check = Check::structure("discord-token", |token| parsed(discord(token)))
    .about(
        "three parts, the first base64 of a decimal snowflake",
        "https://discord.com/developers/docs/reference#snowflakes",
    )
    .sealed(seal_discord);

/// Parts between dots; the middle one is four bytes of time.
fn discord(token: &[u8]) -> Option<Checked> {
    let parts: Vec<&[u8]> = token.split(|c| *c == b'.').collect();
    let [id, time, signature] = parts.as_slice() else { return None };
    let id = String::from_utf8(codec::base64_decode_lenient(id)?).ok()?;
    let snowflake: u64 = id.parse().ok()?;
    let lengths = (17..=20).contains(&id.len()) && (27..=38).contains(&signature.len()) && time.len() >= 6;
    let decoded = [time, signature].iter().all(|part| codec::base64_decode_lenient(part).is_some());
    let right = lengths && decoded && !id.starts_with(['0', '+']);
    let created = (snowflake >> 22).checked_add(DISCORD_EPOCH)? / 1000;
    right.then(|| Checked::yes().with("user-id", &id).with("user-created", created.to_string()))
}

/// Makes the first part base64 of digits: those it is itself, or as many as its base64 takes.
fn seal_discord(token: &mut Vec<u8>) {
    let Some(dot) = token.iter().position(|c| *c == b'.') else { return };
    let Some(first) = token.get(..dot) else { return };
    let digits = first.iter().all(u8::is_ascii_digit).then(|| first.to_vec());
    let Some(bytes) = digits.or_else(|| codec::base64_decode_lenient(first)) else { return };
    let digit = |byte: u8| if byte.is_ascii_digit() { byte } else { b'0' + byte % 10 };
    let mut id: Vec<u8> = bytes.iter().map(|byte| digit(*byte)).collect();
    if let Some(first) = id.first_mut().filter(|first| **first == b'0') {
        *first = b'1';
    }
    let rest = token.split_off(dot);
    *token = codec::base64url_encode(&id).into_bytes();
    token.extend(rest);
}

/// A session of Salesforce: the organisation's id, an exclamation mark, the session
/// (<https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/intro_oauth_and_connected_apps.htm>).
pub(super) const SALESFORCE: Check = Check::structure("salesforce-session", |token| parsed(salesforce(token))).about(
    "00D and 12 or 15 more letters and digits, an exclamation mark, at least 80 characters",
    "https://help.salesforce.com/s/articleView?id=000385203&type=1",
);

/// The id of 15 characters, or of 18 with its own check characters, which must then be right.
fn salesforce(token: &[u8]) -> Option<Checked> {
    let at = token.iter().position(|c| *c == b'!')?;
    let (id, session) = token.split_at_checked(at)?;
    let legal = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_');
    let session = session.get(1..).filter(|session| session.len() >= 80 && session.iter().all(legal))?;
    let whole = id.starts_with(b"00D") && id.iter().all(u8::is_ascii_alphanumeric) && !session.is_empty();
    let right = whole
        && match id.len() {
            15 => true,
            18 => id.get(15..) == Some(suffix(id).as_slice()),
            _ => false,
        };
    right.then(|| Checked::yes().with("org-id", String::from_utf8_lossy(id)))
}

/// The three characters that make an id safe to compare without case: for each five, which are upper case
/// (<https://help.salesforce.com/s/articleView?id=000385585&type=1>).
fn suffix(id: &[u8]) -> Vec<u8> {
    let upper = |five: &[u8]| {
        five.iter().enumerate().fold(0, |bits, (place, c)| bits | usize::from(c.is_ascii_uppercase()) << place)
    };
    let letter = |bits: usize| b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345".get(bits).copied();
    id.chunks(5).take(3).filter_map(|five| letter(upper(five))).collect()
}

/// Where the id part of a `NuGet` key ends.
const NUGET_ID: usize = 20;
/// Characters of a key.
const NUGET: usize = 46;

/// An API key of nuget.org, as the gallery makes it: two parts of base32, the first of `v4` and ten bytes that
/// are not zero, the second of sixteen bytes
/// (<https://github.com/NuGet/NuGetGallery/blob/main/src/NuGetGallery.Services/Authentication/ApiKeyV4.cs>).
pub(super) const NUGET_KEY: Check = Check::structure("nuget-key", |key| {
    Checked::when(nuget(key).is_some_and(|(right, sealed)| right && sealed == key))
})
.about(
    "base32 of v4 and 10 bytes without a zero, then of 16 bytes; unused bits are zero",
    "https://github.com/NuGet/NuGetGallery/blob/main/src/NuGetGallery.Services/Authentication/ApiKeyV4.cs",
)
.sealed(|key| {
    if let Some((_, sealed)) = nuget(key) {
        *key = sealed;
    }
});

/// Whether no byte of the id is zero, and the key as the gallery would write it. Keys are not told apart by
/// case; the gallery writes lower case.
fn nuget(key: &[u8]) -> Option<(bool, Vec<u8>)> {
    let (id, password) = key.split_at_checked(NUGET_ID).filter(|_| key.len() == NUGET)?;
    let (mut id, password) = (codec::base32_decode(id)?, codec::base32_decode(password)?);
    let right = id.starts_with(b"v4") && !id.contains(&0);
    for (byte, fixed) in id.iter_mut().zip(b"v4") {
        *byte = *fixed;
    }
    for byte in id.iter_mut().filter(|byte| **byte == 0) {
        *byte = 1;
    }
    let written = [codec::base32_encode(&id), codec::base32_encode(&password)].concat().to_ascii_lowercase();
    Some((right, written.into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::super::check::Holds;
    use super::super::codec::BASE62;
    use super::super::testing::{Random, URL, assert_length, assert_seals, assert_seals_in_place, body, fact};
    use super::*;

    /// The snowflake of Discord's documentation, made on 30 April 2016.
    #[test]
    fn discord_snowflakes() {
        let id = codec::base64url_encode(b"175928847299117063");
        let time = codec::base64url_encode(&Random(1).bytes(4));
        let good = format!("{id}.{time}.{}", codec::base64url_encode(&Random(2).bytes(28)));
        assert_eq!(fact(&DISCORD, good.as_bytes(), "user-id").as_deref(), Some("175928847299117063"));
        assert_eq!(fact(&DISCORD, good.as_bytes(), "user-created").as_deref(), Some("1462015105"));
        for bad in [good.replace('.', ""), format!("x{good}"), format!("{good}.x")] {
            assert_eq!((DISCORD.run)(bad.as_bytes()).holds, Holds::No, "{bad}");
        }
    }

    #[test]
    fn discord_ids_may_be_given_as_digits() {
        for count in [17, 18, 19] {
            let mut random = Random(count as u64);
            let parts = [random.text(count, b"0123456789"), random.text(6, URL), random.text(27, URL)];
            let token = assert_seals(&DISCORD, &parts.join(&b'.'));
            assert!(token.len() > count + 35);
        }
    }

    #[test]
    fn sealed_discord_tokens_hold() {
        for (seed, length) in [(1, 24), (2, 26), (3, 24), (4, 26)] {
            let mut random = Random(seed);
            let parts = [random.text(length, URL), random.text(6, URL), random.text(38, URL)];
            let token = assert_seals_in_place(&DISCORD, &parts.join(&b'.'));
            assert_eq!(token.len(), length + 6 + 38 + 2);
            assert!(matches!(token.first(), Some(b'M' | b'N' | b'O')));
        }
    }

    /// The suffix of an id in Salesforce's REST examples
    /// (<https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_get_field_values.htm>), and sessions.
    #[test]
    fn salesforce_sessions() {
        assert_eq!(suffix(b"001D000000IqhSL"), b"IAZ");
        let session = body("", 96, BASE62, 1);
        for (id, holds) in [
            ("00D30000006Pxg2", Holds::Yes),
            ("00D30000006Pxg2EAC", Holds::Yes),
            ("00D30000006Pxg2EAF", Holds::No),
            ("00530000006Pxg2", Holds::No),
            ("00D3000000", Holds::No),
        ] {
            let token = [id.as_bytes(), b"!", &session].concat();
            assert_eq!((SALESFORCE.run)(&token).holds, holds, "{id}");
        }
        assert_eq!((SALESFORCE.run)(b"00D30000006Pxg2!short").holds, Holds::No);
    }

    #[test]
    fn nuget_keys() {
        for seed in 0..20 {
            let key = assert_seals_in_place(&NUGET_KEY, &body("oy2", 43, b"abcdefghijklmnopqrstuvwxyz234567", seed));
            assert!(key.starts_with(b"oy2"));
            assert!(matches!(key[19], b'a' | b'q'));
            assert_length(&NUGET_KEY, &key);
        }
        let random = body("oy2", 43, b"bcdefghijklmnopqrstuvwxyz234567", 7);
        assert_eq!((NUGET_KEY.run)(&random).holds, Holds::No);
    }
}
