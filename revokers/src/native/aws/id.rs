//! What key ids, names and keys tell by themselves.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use zeroize::Zeroizing;

/// Whether a text is the id of an access key: long-term (`AKIA`) or of a session (`ASIA`)
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>).
pub(crate) fn is_key_id(text: &str) -> bool {
    let body = text.strip_prefix("AKIA").or_else(|| text.strip_prefix("ASIA"));
    body.is_some_and(|body| body.len() >= 12 && body.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()))
}

/// Whether a key id is one of a session.
pub(crate) fn is_session(key_id: &str) -> bool {
    key_id.starts_with("ASIA")
}

/// Whether a text has the form of a secret access key.
pub(crate) fn is_secret_key(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'/' || c == b'+')
}

/// The account in the id of a key made since 2019: base32, one bit that is set, and forty of the account's number
/// (<https://awsteele.com/blog/2020/09/26/aws-access-key-format.html>).
pub(crate) fn account_of(key_id: &str) -> Option<String> {
    const ACCOUNTS: u64 = 1_000_000_000_000;
    let body = key_id.get(4..14).filter(|_| is_key_id(key_id) && key_id.len() == 20)?;
    let bits = body.bytes().try_fold(0_u64, |bits, c| {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'2'..=b'7' => c - b'2' + 26,
            _ => return None,
        };
        Some(bits << 5 | u64::from(value))
    })?;
    // Ten letters are fifty bits, of which the first 48 are six bytes.
    let bytes = bits >> 2;
    let account = bytes >> 7 & 0xFF_FFFF_FFFF;
    (bytes >> 47 == 1 && account < ACCOUNTS).then(|| format!("{account:012}"))
}

/// The account that any text of AWS names: a key id, a Bedrock key.
pub(crate) fn account_in(text: &str) -> Option<String> {
    account_of(text)
        .or_else(|| LongTerm::parse(text).map(|key| key.account))
        .or_else(|| ShortTerm::parse(text).and_then(|key| account_of(&key.key_id)))
}

/// Who a resource name (ARN) names (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Principal {
    /// The account itself.
    Root,
    /// A user; its path is left out, as names are unique in an account.
    User(String),
    /// A session of a role.
    Role(String),
    /// A session of `GetFederationToken`.
    Federated(String),
}

impl Principal {
    /// Reads `arn:<partition>:<service>::<account>:<resource>`.
    pub(super) fn parse(arn: &str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let (service, resource) = (parts.nth(2)?, parts.nth(2)?);
        let name = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        match (service, resource.split_once('/')) {
            ("iam", None) if resource == "root" => Some(Self::Root),
            ("iam", Some(("user", path))) => name(path.rsplit('/').next()?).map(Self::User),
            ("sts", Some(("assumed-role", rest))) => name(rest.split('/').next()?).map(Self::Role),
            ("sts", Some(("federated-user", user))) => name(user).map(Self::Federated),
            _ => None,
        }
    }
}

/// Base64 with or without its padding.
fn decode(text: &str) -> Option<Zeroizing<String>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    String::from_utf8(LENIENT.decode(text).ok()?).ok().map(Zeroizing::new)
}

/// What a long-term key of Bedrock says: `ABSK` and base64 of `alias:secret`, where the alias ends in `-at-<account>`
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_ServiceSpecificCredential.html>; the layout is seen in keys).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LongTerm {
    /// The public half, as lists of the provider show it.
    pub(super) alias: String,
    /// The account.
    pub(super) account: String,
}

impl LongTerm {
    pub(super) fn parse(key: &str) -> Option<Self> {
        let text = decode(key.strip_prefix("ABSK")?)?;
        let (alias, _) = text.split_once(':')?;
        let (_, account) = alias.rsplit_once("-at-")?;
        let digits = account.len() == 12 && account.bytes().all(|c| c.is_ascii_digit());
        digits.then(|| Self { alias: alias.to_owned(), account: account.to_owned() })
    }
}

/// What a short-term key of Bedrock says: it is a presigned address
/// (<https://github.com/aws/aws-bedrock-token-generator-python>).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ShortTerm {
    /// The key that signed it.
    pub(super) key_id: String,
    /// The region for which it is good.
    pub(super) region: String,
    /// When it ends by itself.
    pub(super) ends: Timestamp,
}

impl ShortTerm {
    pub(super) fn parse(key: &str) -> Option<Self> {
        let text = decode(key.strip_prefix("bedrock-api-key-")?)?;
        let (_, query) = text.split_once('?')?;
        let field = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value.replace("%2F", "/"))
        };
        let scope = field("X-Amz-Credential")?;
        let mut scope = scope.split('/');
        let (key_id, region) = (scope.next().filter(|id| is_key_id(id))?, scope.nth(1).filter(|name| is_region(name))?);
        let start = DateTime::strptime("%Y%m%dT%H%M%SZ", field("X-Amz-Date")?).ok()?;
        let life: u32 = field("X-Amz-Expires")?.parse().ok()?;
        let start = start.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
        let ends = Timestamp::from_second(start.checked_add(i64::from(life))?).ok()?;
        Some(Self { key_id: key_id.to_owned(), region: region.to_owned(), ends })
    }
}

/// Whether a text is a region's name and nothing that could lead elsewhere.
pub(crate) fn is_region(text: &str) -> bool {
    let words = || text.split('-');
    let lower = |word: &str| !word.is_empty() && word.bytes().all(|c| c.is_ascii_lowercase());
    let number = words().next_back().is_some_and(|word| !word.is_empty() && word.bytes().all(|c| c.is_ascii_digit()));
    let count = words().count();
    number && (3..=5).contains(&count) && words().take(count - 1).all(lower)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn an_account_is_in_its_key_ids() {
        // The worked examples of the articles.
        assert_eq!(account_of(concat!("AS", "IA", "Y34FZKBOKMUTVV7A")).as_deref(), Some("609629065308"));
        assert_eq!(account_of(concat!("AS", "IA", "QNZGKIQY56JQ7WML")).as_deref(), Some("029608264753"));
        // An id of before 2019, one that is too short, one with other letters, no id at all.
        for id in
            [concat!("AK", "IA", "IOSFODNN7EXAMPLE"), "AKIAQ", concat!("AK", "IA", "Q111111111111111"), "", "ASIÄ"]
        {
            assert_eq!(account_of(id), None, "{id}");
        }
    }

    #[test]
    fn names_say_who_calls() {
        let of = Principal::parse;
        assert_eq!(of("arn:aws:iam::123456789012:user/a/b/bob"), Some(Principal::User("bob".to_owned())));
        assert_eq!(of("arn:aws-cn:iam::123456789012:root"), Some(Principal::Root));
        assert_eq!(of("arn:aws:sts::123456789012:assumed-role/deploy/i-1"), Some(Principal::Role("deploy".to_owned())));
        assert_eq!(of("arn:aws:sts::123456789012:federated-user/eve"), Some(Principal::Federated("eve".to_owned())));
        for arn in ["", "arn:aws:iam::1:user/", "arn:aws:s3:::bucket", "arn:aws:iam::1:role/x", "arn:aws:iam::1"] {
            assert_eq!(of(arn), None, "{arn}");
        }
    }

    #[test]
    fn keys_of_bedrock_say_whose_they_are() {
        let long = format!("ABSK{}", STANDARD.encode("BedrockAPIKey-1a2b-at-123456789012:not-the-secret-of-anybody"));
        let alias = LongTerm::parse(&long).map(|key| (key.alias, key.account));
        assert_eq!(alias, Some(("BedrockAPIKey-1a2b-at-123456789012".to_owned(), "123456789012".to_owned())));
        assert_eq!(account_in(&long).as_deref(), Some("123456789012"));
        let id = concat!("AS", "IA", "Y34FZKBOKMUTVV7A");
        let short = format!(
            "bedrock-api-key-{}",
            STANDARD.encode(format!(
                "bedrock.amazonaws.com/?Action=CallWithBearerToken&X-Amz-Credential={id}%2F20260102%2Feu-west-1%2Fbedrock%2Faws4_request\
                 &X-Amz-Date=20260102T030405Z&X-Amz-Expires=60"
            ))
        );
        let key = ShortTerm::parse(&short);
        assert_eq!(key.as_ref().map(|key| (key.key_id.as_str(), key.region.as_str())), Some((id, "eu-west-1")));
        assert_eq!(key.map(|key| key.ends.to_string()).as_deref(), Some("2026-01-02T03:05:05Z"));
        assert_eq!(account_in(&short).as_deref(), Some("609629065308"));
        assert!(LongTerm::parse("ABSK").is_none() && ShortTerm::parse("bedrock-api-key-").is_none());
    }

    #[test]
    fn a_region_leads_nowhere_else() {
        assert!(["us-east-1", "us-gov-west-1", "cn-north-1", "ap-southeast-12"].into_iter().all(is_region));
        assert!(
            !["", "us-east", "evil.example/-1", "US-EAST-1", "us--1", "us-east-1.evil", "1-1-1"]
                .into_iter()
                .any(is_region)
        );
    }
}
