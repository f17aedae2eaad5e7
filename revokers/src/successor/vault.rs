//! Vault of `HashiCorp`, and `OpenBao`: the key-value engine of version 2
//! (<https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2>).

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::ask::{Asker, document, part, responder, same, unexpected};
use super::wiped::Wiped;
use super::{Failure, Store, fragment, segments};
use crate::{Context, Doing};

/// How often a write is tried that somebody else's came in between of.
const TRIES: usize = 4;

/// One field of a secret.
#[derive(Debug)]
pub(super) struct Vault {
    mount: String,
    path: Vec<String>,
    field: String,
}

/// What stands there now.
struct Present {
    /// The number that a write has to name, so that it replaces this version and no other.
    version: u64,
    data: Wiped,
}

impl Vault {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (place, field) = fragment(text, "field")?;
        let mut path = segments(place).filter(|path| path.len() > 1).ok_or("the mount and a path in it are needed")?;
        let mount = path.remove(0);
        Ok(Self { mount, path, field: field.to_owned() })
    }

    async fn asker<'a>(&self, cx: &'a Context) -> Result<Asker<'a>, Failure> {
        let responder = responder(cx, "vault", std::slice::from_ref(&self.mount)).await?;
        let (host, token) = (part(&responder, "vault", "host")?, part(&responder, "vault", "secret")?);
        let asker = Asker::new(cx, &responder, "vault", host)?.with("x-vault-token", token);
        Ok(match responder.parts.get("namespace") {
            Some(namespace) => asker.with("x-vault-namespace", namespace.as_str()),
            None => asker,
        })
    }

    fn segments(&self) -> impl Iterator<Item = &str> {
        ["v1", &self.mount, "data"].into_iter().chain(self.path.iter().map(String::as_str))
    }

    async fn read(&self, asker: &Asker<'_>) -> Result<Present, Failure> {
        let answer = asker.get(asker.at(self.segments())?).await?;
        if answer.status == 404 && answer.proves_nothing().is_none() {
            // Nothing was ever there, or the last version was deleted, which has a number all the same.
            let number = answer.json().and_then(|json| json.pointer("/data/metadata/version")?.as_u64());
            return Ok(Present { version: number.unwrap_or(0), data: Wiped(Value::Object(Map::new())) });
        }
        let mut answer = document(&answer, &[200])?;
        let version = answer.0.pointer("/data/metadata/version").and_then(Value::as_u64);
        let data = answer.0.pointer_mut("/data/data").map(Value::take);
        match (version, data) {
            (Some(version), Some(data @ Value::Object(_))) => Ok(Present { version, data: Wiped(data) }),
            _ => Err(Failure::not("the mount is none of the key-value engine, version 2")),
        }
    }

    /// Writes on the condition that nobody wrote in between; `false` if somebody did.
    async fn write(&self, asker: &Asker<'_>, mut present: Present, value: &str) -> Result<bool, Failure> {
        if let Some(fields) = present.data.0.as_object_mut() {
            let old = fields.insert(self.field.clone(), Value::String(value.to_owned()));
            drop(old.map(Wiped));
        }
        let request = Wiped(json!({ "options": { "cas": present.version }, "data": present.data.0.take() }));
        let room = weight(&request.0);
        let answer = asker.send(Method::POST, asker.at(self.segments())?, "application/json", &request.0, room).await?;
        match answer.status {
            200 => document(&answer, &[200]).map(|_| true),
            400 if answer.text().contains("check-and-set") => Ok(false),
            _ => Err(unexpected(&answer)),
        }
    }
}

impl Store for Vault {
    fn name(&self) -> String {
        format!("Vault secret {}/{}, field {}", self.mount, self.path.join("/"), self.field)
    }

    fn ready<'a>(&'a self, cx: &'a Context) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move { self.read(&self.asker(cx).await?).await.map(drop) })
    }

    fn put<'a>(&'a self, cx: &'a Context, value: &'a str) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move {
            let asker = self.asker(cx).await?;
            for _ in 0..TRIES {
                let present = self.read(&asker).await.map_err(certain)?;
                if self.write(&asker, present, value).await? {
                    return Ok(());
                }
            }
            Err(Failure::not("others write there all the time"))
        })
    }

    fn holds<'a>(&'a self, cx: &'a Context, value: &'a str) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move {
            let present = self.read(&self.asker(cx).await?).await?;
            same(present.data.0.get(&self.field).and_then(Value::as_str), value)
        })
    }
}

/// What goes wrong before anything is written leaves no doubt.
fn certain(failure: Failure) -> Failure {
    match failure {
        Failure::Unknown(detail) | Failure::Not(detail) => Failure::Not(detail),
    }
}

/// The length of all texts in a document.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + weight(value) + 8).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 32,
    }
}
