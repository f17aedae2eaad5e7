//! AWS: the account in an access key id, Bedrock keys, session tokens.

use super::check::{Check, Checked, Holds, parsed};
use super::codec;

/// Accounts have twelve digits.
const ACCOUNTS: u64 = 1_000_000_000_000;

/// The account an access key id belongs to, as worked out in
/// <https://awsteele.com/blog/2020/09/26/aws-access-key-format.html> and
/// <https://medium.com/@TalBeerySec/a-short-note-on-aws-key-id-f88cc4317489>.
pub(super) const ACCOUNT: Check = Check::structure("aws-account", account)
    .about(
        "the base32 body holds the account id (keys made since 2019)",
        "https://awsteele.com/blog/2020/09/26/aws-access-key-format.html",
    )
    .sealed(|id| seal_account(id));

/// Decodes the account; key ids from before 2019 have a first bit of zero and hold none.
fn account(id: &[u8]) -> Checked {
    let Some(bits) = account_bits(id) else {
        return Checked::no();
    };
    match account_id(bits) {
        Some(account) => Checked::yes().with("account-id", account),
        None if bits >> 47 == 0 => Checked::unknown(),
        None => Checked::no(),
    }
}

/// The account in an access key id, if it holds one.
fn account_of(id: &[u8]) -> Option<String> {
    account_id(account_bits(id)?)
}

/// The first six bytes of the body.
fn account_bits(id: &[u8]) -> Option<u64> {
    let upper = id.iter().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    let body = id.get(4..).filter(|body| upper && body.len() == 16)?;
    codec::Reader(&codec::base32_decode(body)?).number(6)
}

/// One bit for the form, forty for the account.
fn account_id(bits: u64) -> Option<String> {
    let account = bits >> 7 & 0xFF_FFFF_FFFF;
    (bits >> 47 == 1 && account < ACCOUNTS).then(|| format!("{account:012}"))
}

/// Sets the bit of the new form and clears the highest of the account, which could take it past twelve digits.
fn seal_account(id: &mut [u8]) {
    if let Some(first) = id.get_mut(4) {
        *first = b'Q' + (codec::base32_value(*first).unwrap_or(0) & 7);
    }
}

/// A long-term Bedrock key names its user and account
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-how.html>; the layout is derived from samples).
pub(super) const BEDROCK_LONG: Check = Check::structure("aws-bedrock-long-term", |key| parsed(bedrock_long(key)))
    .about(
        "base64 of BedrockAPIKey-…-at-<account>:<secret>",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-how.html",
    );

/// `ABSK` and base64 of `user-at-account:secret`.
fn bedrock_long(key: &[u8]) -> Option<Checked> {
    let bytes = codec::base64_decode_lenient(key.strip_prefix(b"ABSK")?)?;
    let text = std::str::from_utf8(&bytes).ok()?;
    let (user, secret) = text.split_once(':')?;
    let (_, account) = user.rsplit_once("-at-")?;
    let digits = account.len() == 12 && account.bytes().all(|c| c.is_ascii_digit());
    (digits && user.starts_with("BedrockAPIKey") && secret.len() >= 16)
        .then(|| Checked::yes().with("account-id", account).with("user", user))
}

/// A short-term Bedrock key is a presigned address, made by
/// <https://github.com/aws/aws-bedrock-token-generator-python>.
pub(super) const BEDROCK_SHORT: Check = Check::structure("aws-bedrock-short-term", |key| parsed(bedrock_short(key)))
    .about(
        "base64 of a presigned bedrock.amazonaws.com address with its access key id, date and life",
        "https://github.com/aws/aws-bedrock-token-generator-python",
    );

/// `bedrock-api-key-` and base64 of `bedrock.amazonaws.com/?…X-Amz-Credential=…`.
fn bedrock_short(key: &[u8]) -> Option<Checked> {
    let bytes = codec::base64_decode_lenient(key.strip_prefix(b"bedrock-api-key-")?)?;
    let text = std::str::from_utf8(&bytes).ok()?;
    let query = text.strip_prefix("bedrock.amazonaws.com/?")?;
    let field = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let scope = field("X-Amz-Credential")?.replace("%2F", "/");
    let mut scope = scope.split('/');
    let (id, _, region) = (scope.next()?, scope.next()?, scope.next()?);
    Some(
        Checked::yes()
            .with_some("account-id", account_of(id.as_bytes()))
            .with("region", region)
            .with_some("signed-at", field("X-Amz-Date"))
            .with_some("valid-seconds", field("X-Amz-Expires")),
    )
}

/// How session tokens of the security token service begin, decoded. Derived from samples; AWS says the
/// token is opaque (<https://docs.aws.amazon.com/STS/latest/APIReference/API_Credentials.html>).
const SESSIONS: &[&[u8]] = &[b"!\n\torigin", b"\x17\n\x06er/aws", b"\x01\n\x03aws"];

/// The first bytes of a session token.
pub(super) const SESSION: Check = Check::structure("aws-session-token", session).about(
    "base64 that begins with one of the known markers of session tokens (from samples)",
    "https://docs.aws.amazon.com/STS/latest/APIReference/API_Credentials.html",
);

/// Decodes and looks at the first bytes.
fn session(token: &[u8]) -> Checked {
    match codec::base64_decode_lenient(token) {
        Some(bytes) if SESSIONS.iter().any(|start| bytes.starts_with(start)) => Checked::when(bytes.len() >= 64),
        Some(_) => Checked::of(Holds::Unknown),
        None => Checked::no(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Random, assert_length, assert_seals_in_place, body, fact};
    use super::*;

    const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// The worked examples of the two articles.
    #[test]
    fn published_examples() {
        for (id, account) in [
            (concat!("AS", "IA", "Y34FZKBOKMUTVV7A"), "609629065308"),
            (concat!("AS", "IA", "QNZGKIQY56JQ7WML"), "029608264753"),
        ] {
            assert_eq!(fact(&ACCOUNT, id.as_bytes(), "account-id").as_deref(), Some(account));
        }
    }

    /// AWS's own example is of the old form:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>.
    #[test]
    fn old_form_is_unknown() {
        let id = concat!("AK", "IA", "IOSFODNN7EXAMPLE");
        assert_eq!(account(id.as_bytes()).holds, Holds::Unknown);
    }

    #[test]
    fn sealed_ids_hold() {
        for seed in 0..200 {
            let id = assert_seals_in_place(&ACCOUNT, &body(concat!("AK", "IA"), 16, BASE32, seed));
            assert_length(&ACCOUNT, &id);
        }
    }

    #[test]
    fn account_past_twelve_digits_is_wrong() {
        assert_eq!(account(concat!("AK", "IA", "7777777777777777").as_bytes()).holds, Holds::No);
        assert_eq!(account(concat!("AK", "IA", "Y34FZKBOKMUTVV1A").as_bytes()).holds, Holds::No);
    }

    #[test]
    fn bedrock_keys() {
        let secret = codec::base64_encode(&Random(1).bytes(32));
        let text = format!("BedrockAPIKey-ab12-at-123456789012:{secret}");
        let key = format!("{}{}", concat!("AB", "SK"), codec::base64_encode(text.as_bytes()));
        assert_eq!(fact(&BEDROCK_LONG, key.as_bytes(), "account-id").as_deref(), Some("123456789012"));
        assert_eq!((BEDROCK_LONG.run)(&key.as_bytes()[..40]).holds, Holds::No);

        let id = concat!("AS", "IA", "Y34FZKBOKMUTVV7A");
        let text = format!(
            "bedrock.amazonaws.com/?Action=CallWithBearerToken&X-Amz-Credential={id}%2F20260101%2Feu-west-1\
             %2Fbedrock%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=43200&X-Amz-Signature=00"
        );
        let key = format!("{}{}", concat!("bedrock-", "api-key-"), codec::base64_encode(text.as_bytes()));
        assert_eq!(fact(&BEDROCK_SHORT, key.as_bytes(), "account-id").as_deref(), Some("609629065308"));
        assert_eq!(fact(&BEDROCK_SHORT, key.as_bytes(), "region").as_deref(), Some("eu-west-1"));
        assert_eq!((BEDROCK_SHORT.run)(b"bedrock-api-key-AAAA").holds, Holds::No);
    }

    #[test]
    fn session_tokens() {
        let token = codec::base64_encode(&[b"!\n\torigin", &Random(2).bytes(200)[..]].concat());
        assert!(token.starts_with(concat!("IQoJb3", "JpZ2lu")));
        assert_eq!(session(token.as_bytes()).holds, Holds::Yes);
        assert_eq!(session(b"IQoJb3JpZ2lu").holds, Holds::No);
        assert_eq!(session(b"AAAABBBB").holds, Holds::Unknown);
    }
}
