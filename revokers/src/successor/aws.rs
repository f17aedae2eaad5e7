//! AWS Secrets Manager (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html>). Each value is a version, and
//! the new one becomes the current.

use jiff::Timestamp;
use reqwest::{Method, Url};
use serde::Serialize;
use zeroize::Zeroizing;

use super::ask::{Asker, document, lost, part, responder, same};
use super::wiped::body;
use super::{Failure, Store};
use crate::credential::hex;
use crate::http::{Answer, Call};
use crate::native::aws::{Scope, Unsigned, authorization, is_region};
use crate::responder::Responder;
use crate::{Context, Doing};

const KIND: &str = "application/x-amz-json-1.1";

/// A secret of a region.
#[derive(Debug)]
pub(super) struct SecretsManager {
    region: String,
    name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Put<'a> {
    /// By it, a request that arrives twice is one.
    client_request_token: &'a str,
    secret_id: &'a str,
    secret_string: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Get<'a> {
    secret_id: &'a str,
}

impl SecretsManager {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (region, name) = text.split_once('/').ok_or("the region and the name are needed")?;
        if !is_region(region) {
            return Err("the region is none".to_owned());
        }
        // <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html>
        let plain = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+=.@-".contains(&b));
        if name.is_empty() || name.len() > 512 || !plain(name) {
            return Err("the name of the secret has other letters than AWS allows".to_owned());
        }
        Ok(Self { region: region.to_owned(), name: name.to_owned() })
    }

    fn host(&self) -> String {
        let china = if self.region.starts_with("cn-") { ".cn" } else { "" };
        format!("secretsmanager.{}.amazonaws.com{china}", self.region)
    }

    async fn ask(&self, cx: &Context, action: &str, text: String) -> Result<Answer, Failure> {
        let responder = responder(cx, "aws", &[]).await?;
        let host = self.host();
        let asker = Asker::new(cx, &responder, "aws", &host)?;
        let url = asker.at([""])?;
        asker.deliver(&self.signed(&responder, action, &host, url, text)?).await
    }

    fn signed(&self, responder: &Responder, action: &str, host: &str, url: Url, text: String) -> Result<Call, Failure> {
        let (id, secret) = (part(responder, "aws", "key_id")?, part(responder, "aws", "secret")?);
        let at = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let target = format!("secretsmanager.{action}");
        let mut headers = vec![("content-type", KIND), ("host", host), ("x-amz-date", &at), ("x-amz-target", &target)];
        headers.extend(responder.parts.get("session_token").map(|token| ("x-amz-security-token", token.as_str())));
        let unsigned = Unsigned { method: "POST", path: "/", query: &[], headers: &headers, body: text.as_bytes() };
        let scope = Scope { at: &at, region: &self.region, service: "secretsmanager" };
        let signature = authorization(id, secret, scope, unsigned);
        let mut call = Call::new(Method::POST, url);
        for (name, value) in headers.iter().filter(|(name, _)| *name != "host") {
            call.header(name, value).map_err(lost)?;
        }
        call.header("authorization", &signature).map_err(lost)?;
        call.body(KIND, text).map_err(lost)?;
        Ok(call)
    }
}

impl Store for SecretsManager {
    fn name(&self) -> String {
        format!("AWS secret {} in {}", self.name, self.region)
    }

    fn ready<'a>(&'a self, cx: &'a Context) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move { responder(cx, "aws", &[]).await.map(drop) })
    }

    fn put<'a>(&'a self, cx: &'a Context, value: &'a str) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move {
            let mut token = [0; 16];
            getrandom::fill(&mut token).map_err(|_| Failure::not("the system has no random source"))?;
            let token = hex(&token);
            let put = Put { client_request_token: &token, secret_id: &self.name, secret_string: value };
            let text = body(&put, value.len()).ok_or_else(|| Failure::not("the request cannot be written"))?;
            let answer = self.ask(cx, "PutSecretValue", text).await?;
            document(&answer, &[200]).map(|_| ())
        })
    }

    fn holds<'a>(&'a self, cx: &'a Context, value: &'a str) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move {
            let get = Get { secret_id: &self.name };
            let text = body(&get, 0).ok_or_else(|| Failure::not("the request cannot be written"))?;
            let answer = self.ask(cx, "GetSecretValue", text).await?;
            let there = document(&answer, &[200])?.text("/SecretString").map(|text| Zeroizing::new(text.to_owned()));
            same(there.as_ref().map(|text| text.as_str()), value)
        })
    }
}
