//! Secrets of Kubernetes (<https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/>). One key is patched, so
//! that the others stay as they are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, Url};
use serde::Serialize;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

use super::ask::{Asker, document, part, responder, same, unexpected};
use super::{Failure, Store, fragment, segments};
use crate::{Context, Doing};

/// A key of a Secret.
#[derive(Debug)]
pub(super) struct Entry {
    namespace: String,
    secret: String,
    key: String,
}

#[derive(Serialize)]
struct Patch<'a> {
    data: BTreeMap<&'a str, &'a str>,
}

impl Entry {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (place, key) = fragment(text, "key")?;
        let parts = segments(place).and_then(|parts| <[String; 2]>::try_from(parts).ok());
        let [namespace, secret] = parts.ok_or("the namespace and the name are needed")?;
        // Names of namespaces, objects and keys: <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/>.
        let lower = |name: &str, more: &[u8]| {
            name.len() <= 253 && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || more.contains(&b))
        };
        let is_key = key.len() <= 253 && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if lower(&namespace, b"-") && lower(&secret, b"-.") && is_key {
            return Ok(Self { namespace, secret, key: key.to_owned() });
        }
        Err("a name has other letters than Kubernetes allows".to_owned())
    }

    async fn asker<'a>(&self, cx: &'a Context) -> Result<Asker<'a>, Failure> {
        let responder = responder(cx, "kubernetes", std::slice::from_ref(&self.namespace)).await?;
        let bearer = Zeroizing::new(format!("Bearer {}", part(&responder, "kubernetes", "secret")?));
        let host = part(&responder, "kubernetes", "host")?;
        Ok(Asker::new(cx, &responder, "kubernetes", host)?.with("authorization", bearer.as_str()))
    }

    fn at(&self, asker: &Asker<'_>) -> Result<Url, Failure> {
        asker.at(["api", "v1", "namespaces", &self.namespace, "secrets", &self.secret])
    }
}

impl Store for Entry {
    fn name(&self) -> String {
        format!("Kubernetes Secret {}/{}, key {}", self.namespace, self.secret, self.key)
    }

    fn ready<'a>(&'a self, cx: &'a Context) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move { self.asker(cx).await.map(drop) })
    }

    fn put<'a>(&'a self, cx: &'a Context, value: &'a str) -> Doing<'a, Result<(), Failure>> {
        const MERGE: &str = "application/merge-patch+json";
        Box::pin(async move {
            let asker = self.asker(cx).await?;
            let data = Zeroizing::new(STANDARD.encode(value));
            let patch = Patch { data: BTreeMap::from([(self.key.as_str(), data.as_str())]) };
            let answer = asker.send(Method::PATCH, self.at(&asker)?, MERGE, &patch, data.len()).await?;
            match answer.status {
                // A mistyped name must not become a Secret that nothing reads.
                404 => Err(Failure::not("there is no such Secret, and none is made (status 404)")),
                422 => Err(Failure::not("the Secret is immutable, or refuses the value (status 422)")),
                200 => document(&answer, &[200]).map(|_| ()),
                _ => Err(unexpected(&answer)),
            }
        })
    }

    fn holds<'a>(&'a self, cx: &'a Context, value: &'a str) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move {
            let asker = self.asker(cx).await?;
            let secret = document(&asker.get(self.at(&asker)?).await?, &[200])?;
            let there = secret.0.get("data").and_then(|data| data.get(&self.key)).and_then(serde_json::Value::as_str);
            let there = there.and_then(|data| STANDARD.decode(data).ok()).map(Zeroizing::new);
            same(there.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok()), value)
        })
    }
}
