//! Kubernetes: what a service account's token says of itself
//! (<https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/>).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use super::signer::{Deriving, Signer, need};
use crate::{Doing, Values, Why};

/// Derives, of the claims of the token: `{namespace}`, `{account}` and `{secret_name}`, the secret that the token belongs to; and
/// `{token_base64}`, as that secret shows it. Nothing is believed that the cluster's own answers do not bear out.
#[derive(Debug)]
pub(crate) struct ServiceAccount;

impl Signer for ServiceAccount {
    fn derives(&self) -> &'static [&'static str] {
        &["namespace", "account", "secret_name", "token_base64"]
    }

    fn derive<'a>(&'a self, what: Deriving<'a>) -> Doing<'a, Result<(), Why>> {
        Box::pin(std::future::ready(derive(what.values)))
    }
}

fn derive(values: &mut Values) -> Result<(), Why> {
    let token = need(values, "secret")?;
    let base64 = STANDARD.encode(token);
    let claims = claims(token).ok_or(Why::Malformed { part: "secret".to_owned() })?;
    for (name, places) in [
        ("namespace", ["/kubernetes.io/namespace", "/kubernetes.io~1serviceaccount~1namespace"]),
        ("account", ["/kubernetes.io/serviceaccount/name", "/kubernetes.io~1serviceaccount~1service-account.name"]),
        ("secret_name", ["/kubernetes.io/secret/name", "/kubernetes.io~1serviceaccount~1secret.name"]),
    ] {
        if let Some(value) = places.iter().find_map(|place| claims.pointer(place)?.as_str()) {
            values.set(name, value);
        }
    }
    values.set("token_base64", base64);
    Ok(())
}

/// For the fuzz targets: any text as a token, and any bytes as its claims.
#[cfg(fuzzing)]
pub(crate) fn fuzz(text: &str) {
    for token in [text.to_owned(), format!("e30.{}.x", URL_SAFE_NO_PAD.encode(text))] {
        let mut values = Values::default();
        values.set("secret", token.as_str());
        if derive(&mut values).is_ok() {
            assert_eq!(values.get("token_base64"), Some(STANDARD.encode(&token).as_str()));
        }
    }
}

/// The claims of a JSON web token, unverified.
fn claims(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_forms_of_tokens_name_their_secret() {
        for claims in [
            json!({ "kubernetes.io": { "namespace": "ci", "secret": { "name": "deployer-token", "uid": "1" }, "serviceaccount": { "name": "deployer" } } }),
            json!({ "kubernetes.io/serviceaccount/namespace": "ci", "kubernetes.io/serviceaccount/secret.name": "deployer-token", "kubernetes.io/serviceaccount/service-account.name": "deployer" }),
        ] {
            let mut values = Values::default();
            values.set("secret", format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims.to_string())));
            assert_eq!(derive(&mut values), Ok(()));
            let get = |name| values.get(name).unwrap_or_default().to_owned();
            assert_eq!([get("namespace"), get("account"), get("secret_name")], ["ci", "deployer", "deployer-token"]);
        }
        let mut values = Values::default();
        values.set("secret", "no.token.here");
        assert!(derive(&mut values).is_err());
    }
}
