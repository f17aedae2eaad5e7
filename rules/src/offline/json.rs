//! Credentials that are JSON, or carry JSON in base64.

use super::check::{Check, Checked, parsed};
use super::codec;
use super::document::Object;
use super::pem;

/// A service account token of 1Password: `ops_` and base64url JSON
/// (<https://developer.1password.com/docs/service-accounts/security/>; members derived from samples).
pub(super) const ONEPASSWORD: Check = Check::structure("1password-service-account", |token| parsed(onepassword(token)))
    .about(
        "ops_ and base64url JSON with signInAddress and userAuth",
        "https://developer.1password.com/docs/service-accounts/security/",
    )
    .sealed(seal_json);

/// The address names the account; the rest is key material.
fn onepassword(token: &[u8]) -> Option<Checked> {
    let object = Object::parse_base64(token.strip_prefix(b"ops_")?)?;
    let address = object.text("signInAddress")?;
    object
        .has("userAuth")
        .then(|| Checked::yes().with("sign-in-address", address).with_some("device", object.text("deviceUuid")))
}

/// An organisation token of Sentry, as Sentry makes it:
/// <https://github.com/getsentry/sentry/blob/master/src/sentry/utils/security/orgauthtoken_token.py>.
pub(super) const SENTRY: Check = Check::structure("sentry-org-token", |token| parsed(sentry(token)))
    .about(
        "sntrys_, base64 JSON with iat, url, region_url and org, an underscore, 43 characters",
        "https://github.com/getsentry/sentry/blob/master/src/sentry/utils/security/orgauthtoken_token.py",
    )
    .sealed(seal_sentry);

/// Appends payload and secret to the prefix.
fn seal_sentry(token: &mut Vec<u8>) {
    let org = filler(token, b"org", 8).to_ascii_lowercase();
    let json = format!(
        r#"{{"iat": 1700000000.123456, "url": "https://sentry.io", "region_url": "https://us.sentry.io", "org": "{org}"}}"#
    );
    let secret = codec::base64_encode_bare(&codec::sha256(&[b"secret", token]));
    token.extend(codec::base64_encode(json.as_bytes()).into_bytes());
    token.push(b'_');
    token.extend(secret.into_bytes());
}

/// `sntrys_<json>_<secret>`.
fn sentry(token: &[u8]) -> Option<Checked> {
    let mut parts = token.strip_prefix(b"sntrys_")?.split(|c| *c == b'_');
    let (payload, secret) = (Object::parse_base64(parts.next()?)?, parts.next()?);
    let secret = codec::base64_decode_lenient(secret)?;
    let right = payload.has("iat") && secret.len() == 32 && parts.next().is_none();
    right.then(|| {
        Checked::yes()
            .with_some("org", payload.text("org"))
            .with_some("url", payload.text("url"))
            .with_some("region-url", payload.text("region_url"))
            .with_some("issued-at", payload.plain("iat"))
    })
}

/// A token of Mapbox: a use, base64url JSON with user and token id, a signature
/// (<https://docs.mapbox.com/help/glossary/access-token/>).
pub(super) const MAPBOX: Check = Check::structure("mapbox-token", |token| parsed(mapbox(token)))
    .about(
        "pk, sk or tk, then base64url JSON with u, then a signature",
        "https://docs.mapbox.com/help/glossary/access-token/",
    )
    .sealed(seal_mapbox);

/// Appends payload and signature to the usage.
fn seal_mapbox(token: &mut Vec<u8>) {
    let (user, id) = (filler(token, b"user", 8), filler(token, b"id", 24));
    let json = format!(r#"{{"u":"{user}","a":"c{id}"}}"#).to_ascii_lowercase();
    let signature: Vec<u8> = codec::sha256(&[b"signature", token]).into_iter().take(16).collect();
    token.extend(codec::base64url_encode(json.as_bytes()).into_bytes());
    token.push(b'.');
    token.extend(codec::base64url_encode(&signature).into_bytes());
}

/// `sk.<json>.<signature>`. `a` is the id by which a token is deleted.
fn mapbox(token: &[u8]) -> Option<Checked> {
    let mut parts = token.split(|c| *c == b'.');
    let (usage, payload, signature) = (parts.next()?, Object::parse_base64(parts.next()?)?, parts.next()?);
    let signed = codec::base64_decode_lenient(signature).is_some_and(|bytes| bytes.len() >= 16);
    let user = payload.text("u")?;
    let right = matches!(usage, b"pk" | b"sk" | b"tk") && signed && parts.next().is_none();
    right.then(|| Checked::yes().with("user", user).with_some("token-id", payload.text("a")))
}

/// A token of Neptune: base64 JSON with address and key
/// (<https://docs.neptune.ai/setup/setting_api_token/>; members derived from samples).
pub(super) const NEPTUNE: Check = Check::structure("neptune-token", |token| {
    parsed(Object::parse_base64(token).and_then(|object| {
        let address = object.text("api_address")?;
        object.text("api_key").map(|_| Checked::yes().with("api-address", address))
    }))
})
.about("base64 JSON with api_address and api_key", "https://docs.neptune.ai/setup/setting_api_token/");

/// A key of Zep Cloud: `z_`, base64url JSON that lacks its first three characters, a signature. Derived from
/// samples, unconfirmed (<https://help.getzep.com/projects>).
pub(super) const ZEP: Check = Check::structure("zep-key", |key| parsed(zep(key))).about(
    "z_ and base64url JSON with uuid whose leading eyJ is cut (from samples)",
    "https://help.getzep.com/projects",
);

/// Puts the three characters back.
fn zep(key: &[u8]) -> Option<Checked> {
    let mut parts = key.strip_prefix(b"z_")?.split(|c| *c == b'.');
    let payload = Object::parse_base64(&[b"eyJ", parts.next()?].concat())?;
    let signature = parts.next()?;
    let id = payload.text("uuid")?;
    (!signature.is_empty()).then(|| Checked::yes().with("key-id", id))
}

/// Tokens of Grafana that carry JSON: the old API key, and `glc_` of Grafana Cloud
/// (<https://grafana.com/docs/grafana-cloud/account-management/authentication-and-permissions/access-policies/>;
/// members derived from samples and <https://github.com/grafana/grafana/blob/main/pkg/components/apikeygen/apikeygen.go>).
pub(super) const GRAFANA: Check = Check::structure("grafana-json-token", |token| {
    parsed(Object::parse_base64(token.strip_prefix(b"glc_").unwrap_or(token)).and_then(|object| {
        let key = object.text("k")?;
        let region = object.object("m").and_then(|m| m.plain("r"));
        (key.len() >= 16).then(|| {
            Checked::yes()
                .with_some("org-id", object.plain("o").or_else(|| object.plain("id")))
                .with_some("token-name", object.text("n"))
                .with_some("region", region)
        })
    }))
})
.about(
    "base64 JSON with a key k, a name n and an organisation o or id",
    "https://github.com/grafana/grafana/blob/main/pkg/components/apikeygen/apikeygen.go",
)
.sealed(seal_json);

/// Any candidate that is a prefix and base64 of a JSON object: what comes after `ops_`, `glc_` and the like.
pub(super) const BASE64_JSON: Check = Check::structure("base64-json", |token| parsed(base64_json(token)))
    .about(
        "a prefix that ends in an underscore or a dot, or none, then base64 of a JSON object",
        "https://www.rfc-editor.org/rfc/rfc4648",
    )
    .sealed(seal_json);

/// The kinds we know tell their facts.
fn base64_json(token: &[u8]) -> Option<Checked> {
    if token.starts_with(b"ops_") {
        return onepassword(token);
    }
    if token.starts_with(b"glc_") {
        return Some((GRAFANA.run)(token));
    }
    let start = token.windows(3).position(|three| matches!(three, b"eyJ" | b"ewo" | b"eyA" | b"ew0"))?;
    let (prefix, text) = token.split_at_checked(start)?;
    let right = prefix.is_empty() || prefix.ends_with(b"_") || prefix.ends_with(b".");
    Object::parse_base64(text).filter(|_| right).map(|_| Checked::yes())
}

/// Appends base64 of a JSON object that suits the prefix.
fn seal_json(token: &mut Vec<u8>) {
    let (key, name, id) = (filler(token, b"key", 43), filler(token, b"name", 26), filler(token, b"id", 8));
    let json = match token.as_slice() {
        b"ops_" => format!(
            r#"{{"signInAddress":"{id}.1password.com","userAuth":{{"method":"SRPg-4096","alg":"PBES2g-HS256","iterations":650000,"salt":"{name}"}},"email":"{name}@1passwordserviceaccounts.com","srpX":"{key}","deviceUuid":"{name}"}}"#
        ),
        b"glc_" => format!(r#"{{"o":"{}","n":"stack-{id}","k":"{key}","m":{{"r":"us"}}}}"#, token.len() * 100_003),
        _ => format!(r#"{{"k":"{key}","n":"{id}","id":1}}"#),
    };
    token.extend(codec::base64_encode(json.as_bytes()).trim_end_matches('=').as_bytes());
}

/// Letters and digits that follow from `seed` and `what` alone, for fakes.
fn filler(seed: &[u8], what: &[u8], count: usize) -> String {
    let hash = |round: u8| codec::base64_encode(&codec::sha256(&[seed, what, &[round]]));
    let text: String = (0..4).map(hash).collect();
    text.chars().filter(char::is_ascii_alphanumeric).take(count).collect()
}

/// A private or symmetric JSON web key, a set of them, or base64 of either (RFC 7517, RFC 7518).
pub(super) const JWK: Check = Check::structure("json-web-key", |text| parsed(jwk(text)))
    .about("JSON with kty and a private member d or k", "https://www.rfc-editor.org/rfc/rfc7517");

/// JSON as it stands, or base64 of it.
fn json_or_base64(text: &[u8]) -> Option<Object> {
    Object::parse(text).or_else(|| Object::parse_base64(text))
}

/// The first private key of the set.
fn jwk(text: &[u8]) -> Option<Checked> {
    let object = json_or_base64(text)?;
    let keys = object.objects("keys").unwrap_or_else(|| vec![object]);
    let key = keys.iter().find(|key| private(key).is_some())?;
    Some(
        Checked::yes()
            .with_some("kty", key.text("kty"))
            .with_some("kid", key.plain("kid"))
            .with_some("crv", key.text("crv"))
            .with_some("use", key.text("use")),
    )
}

/// The private member of a key: `k` of symmetric ones, `d` of others, base64url.
fn private(key: &Object) -> Option<()> {
    let member = match key.text("kty")? {
        "oct" => key.text("k")?,
        "RSA" | "EC" | "OKP" => key.text("d")?,
        _ => return None,
    };
    codec::base64_decode_lenient(member.as_bytes()).filter(|bytes| bytes.len() >= 8).map(|_| ())
}

/// The logins in a Docker configuration (<https://docs.docker.com/reference/cli/docker/login/#credential-stores>).
pub(super) const DOCKER: Check = Check::structure("docker-auths", |text| parsed(docker(text))).about(
    "JSON with auths whose auth is base64 of user:password, or which has an identity token",
    "https://docs.docker.com/reference/cli/docker/login/",
);

/// The registries one can log in to with it.
fn docker(text: &[u8]) -> Option<Checked> {
    let auths = json_or_base64(text)?.object("auths")?;
    let login = |entry: &Object| {
        let pair = entry.text("auth").and_then(|auth| codec::base64_decode_lenient(auth.as_bytes()));
        let pair = pair.is_some_and(|pair| pair.iter().position(|c| *c == b':').is_some_and(|at| at + 1 < pair.len()));
        pair || entry.text("identitytoken").is_some() || entry.text("password").is_some()
    };
    let registries: Vec<&str> =
        auths.members().filter(|(_, entry)| login(entry)).map(|(registry, _)| registry).take(8).collect();
    (!registries.is_empty()).then(|| registries.iter().fold(Checked::yes(), |c, registry| c.with("registry", registry)))
}

/// A service account key of Google Cloud (<https://cloud.google.com/iam/docs/keys-create-delete>).
pub(super) const GOOGLE_SERVICE: Check =
    Check::structure("google-service-account", |text| parsed(google_service(text))).about(
        "JSON of type service_account with a whole private key in PEM",
        "https://cloud.google.com/iam/docs/keys-create-delete",
    );

/// The key's id and the account's address name what to revoke.
fn google_service(text: &[u8]) -> Option<Checked> {
    let object = json_or_base64(text)?;
    let key = object.text("private_key").filter(|_| object.text("type") == Some("service_account"))?;
    let id = object.text("private_key_id")?;
    let hex = id.len() == 40 && id.bytes().all(|c| c.is_ascii_hexdigit());
    Some(Checked {
        holds: if hex { pem::run(key.as_bytes()).holds } else { super::check::Holds::No },
        ..Checked::yes()
            .with("key-id", id)
            .with_some("client-email", object.text("client_email"))
            .with_some("project-id", object.text("project_id"))
    })
}

/// A user's credentials of Google Cloud's tools
/// (<https://cloud.google.com/docs/authentication/application-default-credentials>).
pub(super) const GOOGLE_USER: Check = Check::structure("google-authorized-user", |text| {
    parsed(json_or_base64(text).and_then(|object| {
        let secrets = ["client_id", "client_secret", "refresh_token"].iter().all(|name| object.text(name).is_some());
        (secrets && object.text("type") == Some("authorized_user")).then(|| {
            Checked::yes()
                .with_some("client-id", object.text("client_id"))
                .with_some("quota-project-id", object.text("quota_project_id"))
        })
    }))
})
.about(
    "JSON of type authorized_user with client_id, client_secret and refresh_token",
    "https://cloud.google.com/docs/authentication/application-default-credentials",
);

/// A keyset of Tink in clear JSON (<https://developers.google.com/tink/key-management-overview>). A binary
/// keyset says nothing here.
pub(super) const TINK: Check = Check::structure("tink-keyset", tink).about(
    "JSON with primaryKeyId and keys, none of them public",
    "https://github.com/tink-crypto/tink-java/blob/main/proto/tink.proto",
);

/// Kind of the first key that is no public one.
fn tink(text: &[u8]) -> Checked {
    let Some(object) = json_or_base64(text) else {
        return if codec::base64_decode_lenient(text).is_some() { Checked::unknown() } else { Checked::no() };
    };
    let keys = object.objects("key").filter(|_| object.has("primaryKeyId")).unwrap_or_default();
    let data: Vec<Object> = keys.iter().filter_map(|key| key.object("keyData")).collect();
    let secret = data.iter().find(|key| {
        key.text("value").is_some_and(|value| codec::base64_decode_lenient(value.as_bytes()).is_some())
            && key.text("keyMaterialType") != Some("ASYMMETRIC_PUBLIC")
    });
    secret.map_or_else(Checked::no, |key| Checked::yes().with_some("type-url", key.text("typeUrl")))
}

#[cfg(test)]
mod tests {
    use super::super::check::Holds;
    use super::super::testing::{Random, assert_seals, fact};
    use super::super::{codec, der};
    use super::*;

    /// Base64url of random bytes.
    fn random(bytes: usize) -> String {
        codec::base64url_encode(&Random(bytes as u64).bytes(bytes))
    }

    #[test]
    fn onepassword_tokens() {
        let json = r#"{"signInAddress":"my.1password.com","userAuth":{"method":"SRPg-4096"},"deviceUuid":"abc"}"#;
        let good = format!("{}{}", concat!("op", "s_"), codec::base64url_encode(json.as_bytes()));
        assert!(good.starts_with(concat!("op", "s_eyJ")));
        assert_eq!(fact(&ONEPASSWORD, good.as_bytes(), "sign-in-address").as_deref(), Some("my.1password.com"));
        assert_eq!((ONEPASSWORD.run)(&good.as_bytes()[..40]).holds, Holds::No);
    }

    #[test]
    fn sentry_tokens() {
        let json =
            r#"{"iat": 1700000000.5, "url": "https://sentry.io", "region_url": "https://us.sentry.io", "org": "acme"}"#;
        let secret = codec::base64_encode_bare(&Random(1).bytes(32));
        let good = format!("{}{}_{secret}", concat!("sn", "trys_"), codec::base64_encode(json.as_bytes()));
        assert_eq!(fact(&SENTRY, good.as_bytes(), "org").as_deref(), Some("acme"));
        assert_eq!((SENTRY.run)(&good.as_bytes()[..good.len() - 2]).holds, Holds::No);
        assert_eq!((SENTRY.run)(format!("{good}_x").as_bytes()).holds, Holds::No);
    }

    #[test]
    fn mapbox_tokens() {
        let payload = codec::base64url_encode(br#"{"u":"someone","a":"ck0000"}"#);
        let good = format!("sk.{payload}.{}", random(16));
        assert_eq!(fact(&MAPBOX, good.as_bytes(), "user").as_deref(), Some("someone"));
        assert_eq!(fact(&MAPBOX, good.as_bytes(), "token-id").as_deref(), Some("ck0000"));
        assert_eq!((MAPBOX.run)(good.replacen("sk", "xk", 1).as_bytes()).holds, Holds::No);
        assert_eq!((MAPBOX.run)(format!("sk.{payload}").as_bytes()).holds, Holds::No);
    }

    #[test]
    fn neptune_and_zep_and_grafana() {
        let neptune = codec::base64_encode(br#"{"api_address":"https://app.neptune.ai","api_key":"k"}"#);
        assert_eq!((NEPTUNE.run)(neptune.as_bytes()).holds, Holds::Yes);
        assert_eq!((NEPTUNE.run)(random(90).as_bytes()).holds, Holds::No);

        let payload = codec::base64url_encode(br#"{"uuid":"919108f7-52d1-4320-9bac-f847db4148a8"}"#);
        let zep = format!("z_{}.{}", payload.strip_prefix("eyJ").expect("JSON"), random(16));
        assert!(zep.starts_with("z_1dWlk"));
        assert!(fact(&ZEP, zep.as_bytes(), "key-id").is_some_and(|id| id.starts_with("919108f7")));
        assert_eq!((ZEP.run)(payload.as_bytes()).holds, Holds::No);

        let old = codec::base64_encode(br#"{"k":"0123456789abcdef","n":"ci","id":1}"#);
        assert!(old.starts_with("eyJrIjoi"));
        assert_eq!(fact(&GRAFANA, old.as_bytes(), "org-id").as_deref(), Some("1"));
        let json = br#"{"o":"42","n":"ci","k":"0123456789abcdef","m":{"r":"eu"}}"#;
        let new = format!("{}{}", concat!("gl", "c_"), codec::base64_encode(json));
        assert_eq!(fact(&GRAFANA, new.as_bytes(), "region").as_deref(), Some("eu"));
    }

    #[test]
    fn sealed_prefixes_hold() {
        for (check, prefix) in [
            (&ONEPASSWORD, concat!("op", "s_")),
            (&BASE64_JSON, concat!("op", "s_")),
            (&GRAFANA, concat!("gl", "c_")),
            (&BASE64_JSON, concat!("gl", "c_")),
            (&BASE64_JSON, "acme_"),
            (&BASE64_JSON, ""),
            (&SENTRY, concat!("sn", "trys_")),
            (&MAPBOX, "sk."),
            (&MAPBOX, "pk."),
        ] {
            let token = assert_seals(check, prefix.as_bytes());
            assert_eq!((check.run)(&token[..token.len() / 2]).holds, Holds::No, "{} {prefix}", check.name);
        }
        assert_eq!(base64_json(b"glc_your_token"), Some(Checked::no()));
        assert_eq!(base64_json(b"acmeeyJhIjoxfQ"), None);
    }

    /// The symmetric key of RFC 7517, appendix A.3, and a public key like those of A.1.
    #[test]
    fn json_web_keys() {
        let symmetric = format!(r#"{{"kty":"oct","alg":"A128KW","k":"{}"}}"#, concat!("GawgguFy", "GrWKav7AX4VKUg"));
        assert_eq!(fact(&JWK, symmetric.as_bytes(), "kty").as_deref(), Some("oct"));
        let set = format!(r#"{{"keys":[{{"kty":"EC","x":"AA"}},{{"kty":"EC","kid":"1","d":"{}"}}]}}"#, random(32));
        assert_eq!(fact(&JWK, set.as_bytes(), "kid").as_deref(), Some("1"));
        let encoded = codec::base64_encode(symmetric.as_bytes());
        assert_eq!((JWK.run)(encoded.as_bytes()).holds, Holds::Yes);
        assert_eq!((JWK.run)(br#"{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}"#).holds, Holds::No);
    }

    #[test]
    fn docker_logins() {
        let pair = codec::base64_encode(b"someone:pw");
        let good = format!(r#"{{"auths":{{"ghcr.io":{{"auth":"{pair}"}},"quay.io":{{}}}}}}"#);
        assert_eq!(fact(&DOCKER, good.as_bytes(), "registry").as_deref(), Some("ghcr.io"));
        assert_eq!((DOCKER.run)(good.replace(&pair, "AAAA").as_bytes()).holds, Holds::No);
        assert_eq!((DOCKER.run)(br#"{"auths":{"ghcr.io":{}}}"#).holds, Holds::No);
    }

    /// A service account with this PEM body.
    fn service(body: &str) -> String {
        let pem = format!("-----BEGIN PRIVATE KEY-----\\n{body}\\n-----END PRIVATE KEY-----\\n");
        format!(
            r#"{{"type":"service_account","project_id":"p","private_key_id":"{}","private_key":"{pem}","client_email":"a@p.example"}}"#,
            "0a".repeat(20)
        )
    }

    #[test]
    fn google_credentials() {
        let key = codec::base64_encode(&der::fake::pkcs8(0, &der::fake::rsa(1)));
        assert_eq!(fact(&GOOGLE_SERVICE, service(&key).as_bytes(), "client-email").as_deref(), Some("a@p.example"));
        assert_eq!((GOOGLE_SERVICE.run)(service(&key).as_bytes()).holds, Holds::Yes);
        assert_eq!((GOOGLE_SERVICE.run)(service("...").as_bytes()).holds, Holds::No);
        let user = r#"{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r"}"#;
        assert_eq!(fact(&GOOGLE_USER, user.as_bytes(), "client-id").as_deref(), Some("c"));
        assert_eq!((GOOGLE_USER.run)(user.replace("refresh", "other").as_bytes()).holds, Holds::No);
    }

    #[test]
    fn tink_keysets() {
        let keyset = |material: &str| {
            format!(
                r#"{{"primaryKeyId":1,"key":[{{"keyData":{{"typeUrl":"type.googleapis.com/x","value":"{}","keyMaterialType":"{material}"}}}}]}}"#,
                random(24)
            )
        };
        assert!(fact(&TINK, keyset("SYMMETRIC").as_bytes(), "type-url").is_some());
        assert_eq!(tink(keyset("ASYMMETRIC_PUBLIC").as_bytes()).holds, Holds::No);
        assert_eq!(tink(random(60).as_bytes()).holds, Holds::Unknown);
        assert_eq!(tink(b"{}").holds, Holds::No);
    }
}
