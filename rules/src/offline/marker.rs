//! Keys with a fixed word at a fixed place, the issuer's signature in plain sight.

use super::check::{Check, Checked};

/// Keys of Anthropic end in `AA`, the empty bits at the end of their base64url.
///
/// Kinds and lengths are derived from samples; Anthropic documents only where keys are made
/// (<https://platform.claude.com/docs/en/api/admin-api/apikeys/get-api-key>).
pub(super) const ANTHROPIC: Check = Check::structure("anthropic-key", anthropic)
    .about(
        "sk-ant-, a kind, and base64url that ends in AA; 95 characters for the kinds of known length (from samples)",
        "https://platform.claude.com/docs/en/api/overview",
    )
    .sealed(|key| key.extend_from_slice(b"AA"));

/// Kinds whose body has 95 characters.
const ANTHROPIC_FIXED: &[&[u8]] = &[b"api", b"admin", b"oat", b"ort"];
/// Characters of such a body.
const ANTHROPIC_BODY: usize = 95;

/// Splits `sk-ant-<kind><version>-<body>`.
fn anthropic(key: &[u8]) -> Checked {
    let Some(rest) = key.strip_prefix(b"sk-ant-") else {
        return Checked::no();
    };
    let Some((kind, body)) = rest.iter().position(|c| *c == b'-').and_then(|at| rest.split_at_checked(at)) else {
        return Checked::unknown();
    };
    let body = body.get(1..).unwrap_or_default();
    let legal = body.iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'));
    let fixed = ANTHROPIC_FIXED.iter().any(|known| {
        kind.strip_prefix(*known).is_some_and(|version| version.len() == 2 && version.iter().all(u8::is_ascii_digit))
    });
    let ends = body.ends_with(b"AA");
    match fixed {
        true => Checked::when(legal && ends && body.len() == ANTHROPIC_BODY),
        false if legal && ends && body.len() >= 64 => Checked::yes(),
        false => Checked::unknown(),
    }
}

/// Keys of `OpenAI` have base64 of the company's name in their middle.
///
/// Lengths are derived from samples (<https://platform.openai.com/docs/api-reference/authentication> names none).
pub(super) const OPENAI: Check = Check::structure("openai-marker", openai).about(
    "T3BlbkFJ between two halves of 20, 58 or 74 characters (from samples)",
    "https://platform.openai.com/docs/api-reference/authentication",
);

/// Base64 of `OpenAI`.
const OPENAI_MARKER: &[u8] = b"T3BlbkFJ";
/// Length of each half.
const OPENAI_HALVES: [usize; 3] = [20, 58, 74];
/// Prefixes whose body is only halves and marker; after another `sk-` a name may stand first.
const OPENAI_PREFIXES: [&[u8]; 4] = [b"sk-proj-", b"sk-svcacct-", b"sk-admin-", b"sk-None-"];

/// Halves of equal length around the marker; an unknown length is not called wrong if the marker is there.
fn openai(key: &[u8]) -> Checked {
    let Some(at) = key.windows(OPENAI_MARKER.len()).position(|word| word == OPENAI_MARKER) else {
        return Checked::no();
    };
    let (before, after) = (key.get(..at).unwrap_or_default(), key.get(at + OPENAI_MARKER.len()..).unwrap_or_default());
    let half = after.len();
    let start = before.len().checked_sub(half).and_then(|start| before.get(..start));
    let legal = key.iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'));
    match start {
        _ if !legal || !key.starts_with(b"sk-") => Checked::no(),
        Some(start) if OPENAI_HALVES.contains(&half) && ends_prefix(start) => Checked::yes(),
        _ => Checked::unknown(),
    }
}

/// Whether `start` is all that stands before a first half: a prefix, or `sk-`, or `sk-` and a name.
fn ends_prefix(start: &[u8]) -> bool {
    OPENAI_PREFIXES.contains(&start) || start == b"sk-" || start.ends_with(b"-")
}

/// Keys of Groq have a word after 20 characters (derived from samples: <https://console.groq.com/docs/quickstart>).
pub(super) const GROQ: Check = Check::structure("groq-marker", |key| {
    let alphanumeric = key.get(4..).is_some_and(|body| body.iter().all(u8::is_ascii_alphanumeric));
    let right = key.starts_with(b"gsk_") && key.len() == 56 && key.get(24..32) == Some(b"WGdyb3FY");
    Checked::when(alphanumeric && right)
})
.about("gsk_, 20 characters, WGdyb3FY, 24 characters (from samples)", "https://console.groq.com/docs/quickstart");

/// Fine-grained tokens of GitHub: two parts. They carry a checksum GitHub does not document
/// (<https://github.blog/security/application-security/introducing-fine-grained-personal-access-tokens-for-github/>).
pub(super) const GITHUB_FINE: Check = Check::structure("github-fine-grained", github_fine).about(
    "github_pat_, 22 letters and digits, an underscore, 59 letters and digits",
    "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats",
);

/// 22, an underscore, 59.
fn github_fine(token: &[u8]) -> Checked {
    let alphanumeric = |part: &[u8]| part.iter().all(u8::is_ascii_alphanumeric);
    let parts: Vec<&[u8]> = token.strip_prefix(b"github_pat_").unwrap_or_default().split(|c| *c == b'_').collect();
    match parts.as_slice() {
        [id, secret] => Checked::when(id.len() == 22 && secret.len() == 59 && alphanumeric(id) && alphanumeric(secret)),
        _ => Checked::no(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::Holds;
    use super::super::codec::BASE62;
    use super::super::testing::{URL, assert_length, assert_seals, body};
    use super::*;

    #[test]
    fn anthropic_keys() {
        for kind in [concat!("sk-", "ant-api03-"), concat!("sk-", "ant-admin01-"), concat!("sk-", "ant-oat01-")] {
            let key = assert_seals(&ANTHROPIC, &body(kind, 93, URL, 1));
            assert_length(&ANTHROPIC, &key);
            let mut other = key.clone();
            other[key.len() - 1] = b'Q';
            assert_eq!(anthropic(&other).holds, Holds::No);
        }
        assert_eq!(anthropic(&body(concat!("sk-", "ant-new01-"), 80, BASE62, 1)).holds, Holds::Unknown);
        assert_seals(&ANTHROPIC, &body(concat!("sk-", "ant-sid02-"), 120, URL, 1));
    }

    /// A key with halves of such a length.
    fn key(prefix: &str, half: usize) -> Vec<u8> {
        [body(prefix, half, BASE62, 2), OPENAI_MARKER.to_vec(), body("", half, BASE62, 3)].concat()
    }

    #[test]
    fn openai_keys() {
        for half in OPENAI_HALVES {
            for prefix in
                [concat!("sk", "-proj-"), concat!("sk", "-"), concat!("sk", "-my-bot-"), concat!("sk", "-admin-")]
            {
                let key = key(prefix, half);
                assert_eq!(openai(&key).holds, Holds::Yes, "{prefix} {half}");
                assert_ne!(openai(&key[..key.len() - 1]).holds, Holds::Yes);
            }
        }
        assert_eq!(openai(&key(concat!("sk", "-proj-"), 40)).holds, Holds::Unknown);
        assert_eq!(openai(&body(concat!("sk", "-"), 48, BASE62, 4)).holds, Holds::No);
        assert_eq!(openai(&[OPENAI_MARKER, b"\xff"].concat()).holds, Holds::No);
    }

    #[test]
    fn groq_keys() {
        let good = [body(concat!("gs", "k_"), 20, BASE62, 5), b"WGdyb3FY".to_vec(), body("", 24, BASE62, 6)].concat();
        assert_eq!((GROQ.run)(&good).holds, Holds::Yes);
        assert_length(&GROQ, &good);
    }

    #[test]
    fn github_fine_grained_tokens() {
        let good = [body(concat!("github", "_pat_"), 22, BASE62, 7), b"_".to_vec(), body("", 59, BASE62, 8)].concat();
        assert_eq!(github_fine(&good).holds, Holds::Yes);
        assert_length(&GITHUB_FINE, &good);
    }
}
