//! JSON web tokens: signed (three parts), encrypted (five parts), and tokens that carry one.
//!
//! Signatures are not checked: that takes the issuer's key. The claims are read only for what tells whose
//! token it is and when it ends.

use super::check::{Check, Checked, parsed};
use super::codec;
use super::document::Object;

/// RFC of the compact form.
const RFC7519: &str = "https://www.rfc-editor.org/rfc/rfc7519";
/// RFC of encrypted tokens.
const RFC7516: &str = "https://www.rfc-editor.org/rfc/rfc7516";

/// A signed token taken apart.
struct Jwt {
    header: Object,
    claims: Object,
}

impl Jwt {
    /// Header with `alg`, payload an object, signature base64url (empty only for `none`).
    fn parse(token: &[u8]) -> Option<Self> {
        let mut parts = token.split(|c| *c == b'.');
        let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
        let header = Object::parse_base64(header)?;
        let claims = Object::parse_base64(claims)?;
        let signed = !codec::base64_decode_lenient(signature)?.is_empty() || header.text("alg")? == "none";
        (signed && parts.next().is_none() && header.text("alg").is_some()).then_some(Self { header, claims })
    }

    /// Facts: algorithm, issuer, audience, expiry; never the whole, and no subject, which may be a person.
    fn checked(&self) -> Checked {
        let Self { header, claims } = self;
        let checked = Checked::yes()
            .with_some("alg", header.text("alg"))
            .with_some("iss", claims.plain("iss"))
            .with_some("aud", claims.plain("aud"))
            .with_some("exp", claims.plain("exp"));
        // Supabase's keys differ only in the role: `anon` is meant to be public, `service_role` is not.
        match claims.text("iss") {
            Some("supabase") => checked.with_some("role", claims.text("role")).with_some("project", claims.text("ref")),
            _ => checked,
        }
    }

    /// A token whose claims must be of a certain kind.
    fn of_kind(token: &[u8], right: impl Fn(&Object) -> bool) -> Checked {
        parsed(Self::parse(token).filter(|jwt| right(&jwt.claims)).map(|jwt| jwt.checked()))
    }
}

/// Any signed token.
pub(super) const JWT: Check = Check::structure("jwt", |token| Jwt::of_kind(token, |_| true))
    .about("three base64url parts: a JSON header with alg, a JSON payload, a signature", RFC7519);

/// A token of Microsoft's identity platform
/// (<https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference>).
pub(super) const ENTRA: Check = Check::structure("jwt-entra", |token| {
    Jwt::of_kind(token, |claims| {
        claims.text("iss").is_some_and(|iss| {
            iss.starts_with("https://sts.windows.net/") || iss.starts_with("https://login.microsoftonline.com/")
        })
    })
})
.about(
    "a JWT issued by sts.windows.net or login.microsoftonline.com",
    "https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference",
);

/// A token of an `OpenAI` login (derived from samples: <https://github.com/openai/codex>).
pub(super) const OPENAI: Check = Check::structure("jwt-openai", |token| {
    Jwt::of_kind(token, |claims| claims.text("iss").is_some_and(|iss| iss.starts_with("https://auth.openai.com")))
})
.about("a JWT issued by auth.openai.com", "https://github.com/openai/codex");

/// An n8n API key (<https://docs.n8n.io/api/authentication/>; claims derived from samples).
pub(super) const N8N: Check = Check::structure("jwt-n8n", |token| {
    Jwt::of_kind(token, |claims| claims.text("iss") == Some("n8n") || claims.text("aud") == Some("public-api"))
})
.about("a JWT whose issuer is n8n or whose audience is public-api", "https://docs.n8n.io/api/authentication/");

/// A Qdrant Cloud key (<https://qdrant.tech/documentation/guides/security/>).
pub(super) const QDRANT: Check =
    Check::structure("jwt-qdrant", |token| Jwt::of_kind(token, |claims| claims.has("access")))
        .about("a JWT whose payload has access", "https://qdrant.tech/documentation/guides/security/");

/// A `MiniMax` key (claims derived from samples: <https://platform.minimax.io/docs>).
pub(super) const MINIMAX: Check = Check::structure("jwt-minimax", |token| {
    Jwt::of_kind(token, |claims| claims.has("GroupName") || claims.has("GroupID"))
})
.about("a JWT whose payload has GroupName or GroupID", "https://platform.minimax.io/docs");

/// A Temporal Cloud key names its account
/// (<https://docs.temporal.io/cloud/api-keys>; claims derived from samples).
pub(super) const TEMPORAL: Check = Check::structure("jwt-temporal", |token| {
    Jwt::of_kind(token, |claims| claims.has("account_id") || claims.has("key_id"))
})
.about("a JWT whose payload has account_id or key_id", "https://docs.temporal.io/cloud/api-keys");

/// A token that carries a JWT behind a prefix: `hf_oauth_…`, `ghs_<digits>_…`, `user_…::…`
/// (GitHub: <https://github.blog/changelog/>; all three derived from samples).
pub(super) const BEHIND: Check = Check::structure("jwt-behind-prefix", |token| {
    let start = token.windows(3).position(|three| three == b"eyJ");
    parsed(start.and_then(|at| token.get(at..)).and_then(Jwt::parse).map(|jwt| jwt.checked()))
})
.about("the part from the first eyJ on is a JWT", RFC7519);

/// A JWT encoded once more.
pub(super) const TWICE: Check = Check::structure("jwt-base64", |token| {
    parsed(codec::base64_decode_lenient(token).and_then(|inner| Jwt::parse(&inner)).map(|jwt| jwt.checked()))
})
.about("base64 of a JWT", RFC7519);

/// An encrypted token with a key agreed beforehand, as the session cookies of `ChatGPT` are.
pub(super) const JWE: Check = Check::structure("jwe", |token| parsed(jwe(token)))
    .about("five base64url parts: a JSON header with alg and enc, then key, nonce, text and tag", RFC7516);

/// The key part is empty exactly if `alg` is `dir`; nonce, text and tag are not empty.
fn jwe(token: &[u8]) -> Option<Checked> {
    let parts: Vec<&[u8]> = token.split(|c| *c == b'.').collect();
    let [header, key, rest @ ..] = parts.as_slice() else { return None };
    let header = Object::parse_base64(header)?;
    let (alg, enc) = (header.text("alg")?, header.text("enc")?);
    let filled = |part: &&[u8]| codec::base64_decode_lenient(part).is_some_and(|bytes| !bytes.is_empty());
    let right = rest.len() == 3 && rest.iter().all(filled) && key.is_empty() == (alg == "dir");
    right.then(|| Checked::yes().with("alg", alg).with("enc", enc))
}

/// `TeamCity`'s tokens look like a JWT and are none: header `{"typ": "TCV2"}`, base64 of the secret, base64 of
/// the token's UUID. Derived from samples
/// (<https://www.jetbrains.com/help/teamcity/configuring-your-user-profile.html#Managing+Access+Tokens>).
pub(super) const TEAMCITY: Check = Check::structure("teamcity-token", |token| parsed(teamcity(token))).about(
    "header with typ TCV2, then base64 of the secret and of a UUID",
    "https://www.jetbrains.com/help/teamcity/configuring-your-user-profile.html#Managing+Access+Tokens",
);

/// Takes the three parts apart; the UUID names the token and is no secret.
fn teamcity(token: &[u8]) -> Option<Checked> {
    let mut parts = token.split(|c| *c == b'.');
    let header = Object::parse_base64(parts.next()?)?;
    let secret = codec::base64_decode_lenient(parts.next()?)?;
    let id = codec::base64_decode_lenient(parts.next()?)?;
    let right = header.text("typ") == Some("TCV2") && secret.len() >= 16 && super::uuid::is_form(&id);
    (right && parts.next().is_none()).then(|| Checked::yes().with("token-id", String::from_utf8_lossy(&id)))
}

#[cfg(test)]
mod tests {
    use super::super::check::Holds;
    use super::super::testing::{Random, fact};
    use super::*;

    /// A token of these parts, its signature random.
    fn token(header: &str, claims: &str) -> Vec<u8> {
        let parts = [header.as_bytes(), claims.as_bytes(), &Random(1).bytes(32)].map(codec::base64url_encode);
        parts.join(".").into_bytes()
    }

    const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

    /// The example of RFC 7519, section 3.1 (its key is printed in RFC 7515).
    #[test]
    fn rfc_example() {
        let token = concat!(
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.",
            "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        );
        assert_eq!(fact(&JWT, token.as_bytes(), "alg").as_deref(), Some("HS256"));
        assert_eq!(fact(&JWT, token.as_bytes(), "iss").as_deref(), Some("joe"));
        assert_eq!(fact(&JWT, token.as_bytes(), "exp").as_deref(), Some("1300819380"));
    }

    #[test]
    fn broken_tokens_are_wrong() {
        let good = String::from_utf8(token(HEADER, r#"{"a":1}"#)).expect("text");
        assert_eq!((JWT.run)(good.as_bytes()).holds, Holds::Yes);
        let bad = [
            good.replace('.', ""),
            format!("{good}.x"),
            format!("x{good}"),
            good.rsplit_once('.').map(|(head, _)| format!("{head}.")).expect("a dot"),
        ];
        for bad in bad.iter().map(String::as_bytes) {
            assert_eq!((JWT.run)(bad).holds, Holds::No);
        }
        assert_eq!((JWT.run)(&token(r#"{"typ":"JWT"}"#, "{}")).holds, Holds::No);
        assert_eq!((JWT.run)(&token(HEADER, "[]")).holds, Holds::No);
    }

    #[test]
    fn claims_tell_the_issuer() {
        let cases: &[(&Check, &str)] = &[
            (&ENTRA, r#"{"iss":"https://sts.windows.net/x/"}"#),
            (&OPENAI, r#"{"iss":"https://auth.openai.com","aud":["https://api.openai.com/v1"]}"#),
            (&N8N, r#"{"iss":"n8n","aud":"public-api"}"#),
            (&QDRANT, r#"{"access":"m"}"#),
            (&MINIMAX, r#"{"GroupName":"g"}"#),
            (&TEMPORAL, r#"{"account_id":"a"}"#),
        ];
        for (check, claims) in cases {
            assert_eq!((check.run)(&token(HEADER, claims)).holds, Holds::Yes, "{}", check.name);
            assert_eq!((check.run)(&token(HEADER, r#"{"iss":"x"}"#)).holds, Holds::No, "{}", check.name);
        }
        let key = token(HEADER, r#"{"iss":"supabase","ref":"abc","role":"service_role","sub":"who"}"#);
        assert_eq!(fact(&JWT, &key, "role").as_deref(), Some("service_role"));
        assert_eq!(fact(&JWT, &key, "sub"), None);
    }

    #[test]
    fn carried_tokens() {
        let inner = token(HEADER, r#"{"iss":"me"}"#);
        for prefix in [concat!("hf_", "oauth_"), concat!("gh", "s_12345_"), "user_01ABC%3A%3A"] {
            let outer = [prefix.as_bytes(), &inner].concat();
            assert_eq!(fact(&BEHIND, &outer, "iss").as_deref(), Some("me"));
        }
        assert_eq!((BEHIND.run)(b"hf_oauth_none").holds, Holds::No);
        let twice = codec::base64_encode(&inner);
        assert_eq!(fact(&TWICE, twice.as_bytes(), "iss").as_deref(), Some("me"));
        assert_eq!((TWICE.run)(&inner).holds, Holds::No);
    }

    #[test]
    fn encrypted_tokens() {
        let header = codec::base64url_encode(br#"{"alg":"dir","enc":"A256GCM"}"#);
        let good = format!("{header}..AAAA.AAAA.AAAA");
        assert_eq!(fact(&JWE, good.as_bytes(), "enc").as_deref(), Some("A256GCM"));
        for bad in [format!("{header}.AAAA.AAAA.AAAA.AAAA"), format!("{header}..AAAA..AAAA"), header] {
            assert_eq!((JWE.run)(bad.as_bytes()).holds, Holds::No);
        }
    }

    #[test]
    fn teamcity_tokens() {
        let id = "40cfa8f0-f4fa-47fa-98f7-102c466e26e0";
        let head = codec::base64_encode(br#"{"typ": "TCV2"}"#);
        let secret = codec::base64_encode(&Random(4).bytes(27));
        let good = format!("{head}.{secret}.{}", codec::base64_encode(id.as_bytes()));
        assert_eq!(fact(&TEAMCITY, good.as_bytes(), "token-id").as_deref(), Some(id));
        assert_eq!((TEAMCITY.run)(&good.as_bytes()[..good.len() - 4]).holds, Holds::No);
    }
}
