//! CI/CD variables of a GitLab project (<https://docs.gitlab.com/api/project_level_variables/>).

use reqwest::{Method, Url};
use serde::Serialize;

use super::ask::{Asker, document, part, same, unexpected};
use super::{Failure, Store, is_name, segments};
use crate::responder::Responder;
use crate::{Context, Doing, Why};

const HOST: &str = "gitlab.com";

/// A variable of a project.
#[derive(Debug)]
pub(super) struct Variable {
    host: String,
    project: String,
    name: String,
    /// The environments that it is for, where several variables have the name.
    scope: Option<String>,
}

#[derive(Serialize)]
struct Value<'a> {
    value: &'a str,
}

/// A variable that is not there yet: hidden in the logs of jobs, and taken as it is.
#[derive(Serialize)]
struct New<'a> {
    key: &'a str,
    value: &'a str,
    masked: bool,
    raw: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment_scope: Option<&'a str>,
}

impl Variable {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (place, scope) =
            text.split_once('#').map_or((text, None), |(place, scope)| (place, Some(scope.to_owned())));
        let mut parts = segments(place).filter(|parts| parts.len() > 2).ok_or("host, project and name are needed")?;
        let host = parts.remove(0);
        let name = parts.pop().filter(|name| is_name(name)).ok_or("the name is letters, digits and underscores")?;
        if host.contains('@') {
            return Err("the host is a host and a port".to_owned());
        }
        if scope.as_ref().is_some_and(String::is_empty) {
            return Err("the scope after `#` is missing".to_owned());
        }
        Ok(Self { host, project: parts.join("/"), name, scope })
    }

    /// The responder of the host: a token of one instance is not shown to another.
    async fn asker<'a>(&self, cx: &'a Context) -> Result<Asker<'a>, Failure> {
        let all = cx.responders.all(&cx.config, "gitlab").await;
        let mut failed = None;
        for one in all {
            match one {
                Ok(responder) if self.is_for(&responder) => {
                    let token = part(&responder, "gitlab", "secret")?;
                    return Ok(Asker::new(cx, &responder, "gitlab", &self.host)?.with("private-token", token));
                }
                Ok(_) => {}
                Err(why) => failed = Some(why),
            }
        }
        let detail = format!("none is configured for {} (its part `host`)", self.host);
        Err(Failure::Not(failed.unwrap_or(Why::NoResponder { id: "gitlab".to_owned(), detail }).to_string()))
    }

    fn is_for(&self, responder: &Responder) -> bool {
        responder.parts.get("host").map_or(HOST, |host| host.as_str()).eq_ignore_ascii_case(&self.host)
    }

    fn list(&self, asker: &Asker<'_>) -> Result<Url, Failure> {
        asker.at(["api", "v4", "projects", &self.project, "variables"])
    }

    fn at(&self, asker: &Asker<'_>) -> Result<Url, Failure> {
        let mut url = asker.at(["api", "v4", "projects", &self.project, "variables", &self.name])?;
        if let Some(scope) = &self.scope {
            url.query_pairs_mut().append_pair("filter[environment_scope]", scope);
        }
        Ok(url)
    }

    async fn create(&self, asker: &Asker<'_>, value: &str) -> Result<(), Failure> {
        let new = New { key: &self.name, value, masked: true, raw: true, environment_scope: self.scope.as_deref() };
        let answer = asker.send(Method::POST, self.list(asker)?, "application/json", &new, value.len()).await?;
        match answer.status {
            201 => document(&answer, &[201]).map(|_| ()),
            400 => Err(Failure::not(
                "GitLab does not make a masked variable of this value (status 400); make the variable by hand first",
            )),
            _ => Err(unexpected(&answer)),
        }
    }
}

impl Store for Variable {
    fn name(&self) -> String {
        let scope = self.scope.as_ref().map_or_else(String::new, |scope| format!(" ({scope})"));
        format!("GitLab variable {}{scope} of {} on {}", self.name, self.project, self.host)
    }

    fn ready<'a>(&'a self, cx: &'a Context) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move { self.asker(cx).await.map(drop) })
    }

    fn put<'a>(&'a self, cx: &'a Context, value: &'a str) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move {
            let asker = self.asker(cx).await?;
            let answer =
                asker.send(Method::PUT, self.at(&asker)?, "application/json", &Value { value }, value.len()).await?;
            match answer.status {
                // Of a project that the token does not see, GitLab says the same; then the next request fails as well.
                404 if answer.proves_nothing().is_none() => self.create(&asker, value).await,
                409 => Err(Failure::not("several variables have this name; add `#` and the scope of the one")),
                _ => document(&answer, &[200]).map(|_| ()),
            }
        })
    }

    fn holds<'a>(&'a self, cx: &'a Context, value: &'a str) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move {
            let asker = self.asker(cx).await?;
            let variable = document(&asker.get(self.at(&asker)?).await?, &[200])?;
            let hidden = variable.0.get("hidden").and_then(serde_json::Value::as_bool) == Some(true);
            match variable.text("/value") {
                // A hidden variable is never shown; that it is there is all that can be seen.
                None if hidden => Ok(()),
                there => same(there, value),
            }
        })
    }
}
