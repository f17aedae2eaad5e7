//! The table of all checks.

use super::check::Check;
use super::{
    aws, azure, base58, bech32, crc32, der, gitlab, identity, json, jwt, macaroon, marker, nkey, pair, pem, putty,
    slack, stripe, uri, uuid, wrapped,
};

/// Every check, by name.
// INVARIANT: sorted by name; `by_name` searches it.
static CHECKS: &[Check] = &[
    json::ONEPASSWORD,
    bech32::AGE,
    marker::ANTHROPIC,
    crc32::APIFY_CRC32,
    crc32::ATLASSIAN_CRC32,
    pair::ATLASSIAN_DC,
    aws::ACCOUNT,
    aws::BEDROCK_LONG,
    aws::BEDROCK_SHORT,
    aws::SESSION,
    azure::ANNOTATED,
    azure::ENTRA_SECRET,
    azure::MARVIN32,
    json::BASE64_JSON,
    base58::BIP32,
    crc32::BITBUCKET_CRC32,
    base58::WIF,
    crc32::CANVA_CRC32,
    crc32::CLOUDFLARE_CRC32,
    crc32::CONFLUENT_CRC32,
    uri::URI,
    crc32::DENO_CRC32,
    der::BASE64,
    identity::DISCORD,
    json::DOCKER,
    macaroon::FLY,
    pair::GIGACHAT,
    crc32::GITHUB_CRC32,
    marker::GITHUB_FINE,
    wrapped::GITHUB,
    gitlab::ROUTABLE,
    wrapped::GOOGLE,
    json::GOOGLE_USER,
    json::GOOGLE_SERVICE,
    crc32::GRAFANA_CRC32,
    json::GRAFANA,
    marker::GROQ,
    pair::BASIC,
    json::JWK,
    jwt::JWE,
    jwt::JWT,
    jwt::TWICE,
    jwt::BEHIND,
    jwt::ENTRA,
    jwt::MINIMAX,
    jwt::N8N,
    jwt::OPENAI,
    jwt::QDRANT,
    jwt::TEMPORAL,
    macaroon::MACAROON,
    json::MAPBOX,
    json::NEPTUNE,
    nkey::NKEY,
    bech32::NSEC,
    crc32::NPM_CRC32,
    wrapped::NTLM,
    identity::NUGET_KEY,
    pair::NGC,
    marker::OPENAI,
    pem::PEM,
    pem::PEM_BASE64,
    putty::PPK,
    macaroon::PYPI,
    crc32::SALAD_CRC32,
    identity::SALESFORCE,
    json::SENTRY,
    slack::TOKEN,
    slack::WEBHOOK,
    stripe::KEY,
    jwt::TEAMCITY,
    json::TINK,
    uuid::UUID,
    uuid::UUID_V4,
    crc32::VERCEL_CRC32,
    crc32::WANDB_CRC32,
    json::ZEP,
    crc32::ZUPLO_CRC32,
];

/// All checks, sorted by name.
pub fn all() -> &'static [Check] {
    CHECKS
}

/// The check of this name.
pub fn by_name(name: &str) -> Option<&'static Check> {
    CHECKS.binary_search_by(|check| check.name.cmp(name)).ok().and_then(|at| CHECKS.get(at))
}

#[cfg(test)]
mod tests {
    use super::super::codec;
    use super::super::testing::Random;
    use super::*;

    #[test]
    fn names_are_sorted_and_found() {
        assert!(all().is_sorted_by(|a, b| a.name < b.name));
        for check in all() {
            assert_eq!(by_name(check.name).map(|found| found.name), Some(check.name));
            let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(check.name.chars().all(kebab), "{}", check.name);
        }
        assert!(by_name("no-such-check").is_none());
    }

    #[test]
    fn every_check_tells_what_and_where_from() {
        for check in all() {
            assert!(!check.about.is_empty() && !check.about.ends_with('.'), "{}", check.name);
            assert!(check.source.starts_with("https://"), "{}", check.name);
        }
    }

    #[test]
    fn every_checksum_can_be_sealed() {
        for check in all().iter().filter(|c| matches!(c.strength, super::super::Strength::Checksum { .. })) {
            assert!(check.seal.is_some(), "{}", check.name);
        }
    }

    /// Runs and seals anything; facts stay short and printable.
    fn survives(input: &[u8]) {
        for check in all() {
            for fact in (check.run)(input).facts {
                assert!(fact.value.len() <= 128 && fact.value.bytes().all(|c| (0x20..0x7f).contains(&c)));
            }
            if let Some(seal) = check.seal {
                seal(&mut input.to_vec());
            }
        }
    }

    /// Beginnings that lead random bytes into the parsers.
    const STARTS: &[&str] = &[
        "",
        "eyJ",
        "eyJ.eyJ.",
        "glpat-.01.",
        "ops_",
        "sntrys_",
        "sk.",
        "z_",
        "AKIA",
        "ABSK",
        "bedrock-api-key-",
        "pypi-",
        "fm2_",
        "FlyV1 fm2_",
        "MDA",
        "MII",
        concat!("-----BEGIN RSA", " PRIVATE KEY-----"),
        "PuTTY-User-Key-File-3: ",
        "xoxb-",
        "https://hooks.slack.com/services/",
        "sk_live_",
        "sk-ant-",
        "sk-",
        "a://b:c@",
        "{\"kty\":",
        "xprv",
        "5",
        "SU",
        "AGE-SECRET-KEY-1",
        "00D",
        "BBDC-",
        "oy2",
        "gsk_",
        "github_pat_",
        "salad_cloud_",
        "A.B.",
        "\u{0}",
        "TlRMTVNTUAA",
    ];

    #[test]
    fn nothing_panics_on_random_input() {
        let mut random = Random(42);
        let base64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_.";
        for _ in 0..12 {
            for start in STARTS {
                let length = random.below(200);
                for tail in [random.bytes(length), random.text(length, base64), random.text(length, codec::BASE62)] {
                    survives(&[start.as_bytes(), &tail].concat());
                }
            }
        }
    }

    /// Structures wrapped in base64 take the random bytes past the first decoder.
    #[test]
    fn nothing_panics_behind_base64() {
        let mut random = Random(43);
        let starts: &[&[u8]] = &[
            b"",
            b"{",
            b"\x02\x01",
            b"\x94\x93\xc4",
            b"\x30\x82",
            b"\x30\x81",
            b"openssh-key-v1\0\0\0",
            b"v4",
            b"0021",
            b"NTLMSSP\0",
            b"12345:",
            b"BedrockAPIKey-a-at-",
            b"bedrock.amazonaws.com/?X-Amz-Credential=",
            b"-----BEGIN ",
        ];
        for _ in 0..12 {
            for start in starts {
                let length = random.below(160);
                let text = codec::base64_encode(&[start, &random.bytes(length)[..]].concat());
                for prefix in ["", "pypi-", "fm2_", "ops_", "ABSK", "bedrock-api-key-"] {
                    survives(format!("{prefix}{text}").as_bytes());
                }
                survives(format!("{text}.{text}.{text}").as_bytes());
                let label = "OPENSSH PRIVATE KEY";
                survives(format!("-----BEGIN {label}-----{text}-----END {label}-----").as_bytes());
            }
        }
    }

    /// Long input ends soon: limits, not luck.
    #[test]
    fn long_input_ends() {
        for unit in ["A", "1", "{\"a\":", "[", "=", "-", ".", "-----BEGIN A-----", "\\", "&#", "<br"] {
            survives(unit.repeat(40_000 / unit.len()).as_bytes());
        }
    }
}
