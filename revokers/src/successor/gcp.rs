//! Google Secret Manager (<https://docs.cloud.google.com/secret-manager/docs/reference/rest>). Versions are added and none is changed; the new
//! one becomes the latest.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, Url};
use serde::Serialize;
use zeroize::Zeroizing;

use super::ask::{Asker, document, part, responder, same};
use super::{Failure, Store, segments};
use crate::http::Payer;
use crate::{Context, Doing};

const HOST: &str = "secretmanager.googleapis.com";

/// A secret of a project.
#[derive(Debug)]
pub(super) struct SecretManager {
    project: String,
    secret: String,
}

#[derive(Serialize)]
struct Addition<'a> {
    payload: Payload<'a>,
}

#[derive(Serialize)]
struct Payload<'a> {
    data: &'a str,
}

impl SecretManager {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "the name of the secret is not whole".to_owned();
        let parts = segments(text).ok_or_else(wrong)?;
        let plain = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b));
        match <[String; 4]>::try_from(parts) {
            Ok([projects, project, secrets, secret])
                if projects == "projects"
                    && secrets == "secrets"
                    && plain(&project)
                    && plain(&secret)
                    && !secret.contains(':') =>
            {
                Ok(Self { project, secret })
            }
            _ => Err(wrong()),
        }
    }

    async fn asker<'a>(&self, cx: &'a Context) -> Result<Asker<'a>, Failure> {
        let responder = responder(cx, "gcp", std::slice::from_ref(&self.project)).await?;
        let payer = Payer { provider: "google".to_owned(), ..Payer::default() };
        let secret = part(&responder, "gcp", "secret")?;
        let token = crate::native::google::responder_token(cx, &payer, secret)
            .await
            .map_err(|why| Failure::Not(why.to_string()))?;
        let bearer = Zeroizing::new(format!("Bearer {}", token.as_str()));
        Ok(Asker::new(cx, &responder, "google", HOST)?.with("authorization", bearer.as_str()))
    }

    /// The address of a method of the secret, or of something below it.
    fn at(&self, asker: &Asker<'_>, below: &[&str], method: &str) -> Result<Url, Failure> {
        let mut path = vec!["v1", "projects", &self.project, "secrets", &self.secret];
        path.extend(below);
        let mut url = asker.at(path)?;
        // The colon before a method is none of a segment's.
        let path = format!("{}:{method}", url.path());
        url.set_path(&path);
        Ok(url)
    }
}

impl Store for SecretManager {
    fn name(&self) -> String {
        format!("Google secret projects/{}/secrets/{}", self.project, self.secret)
    }

    fn ready<'a>(&'a self, cx: &'a Context) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move { self.asker(cx).await.map(drop) })
    }

    fn put<'a>(&'a self, cx: &'a Context, value: &'a str) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move {
            let asker = self.asker(cx).await?;
            let data = Zeroizing::new(STANDARD.encode(value));
            let addition = Addition { payload: Payload { data: &data } };
            let url = self.at(&asker, &[], "addVersion")?;
            let answer = asker.send(Method::POST, url, "application/json", &addition, data.len()).await?;
            document(&answer, &[200]).map(|_| ())
        })
    }

    fn holds<'a>(&'a self, cx: &'a Context, value: &'a str) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move {
            let asker = self.asker(cx).await?;
            let answer = asker.get(self.at(&asker, &["versions", "latest"], "access")?).await?;
            let document = document(&answer, &[200])?;
            let there = document.text("/payload/data").and_then(|data| STANDARD.decode(data).ok());
            let there = there.map(Zeroizing::new);
            same(there.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok()), value)
        })
    }
}
