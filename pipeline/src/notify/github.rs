//! A comment on an issue or pull request of GitHub (<https://docs.github.com/en/rest/issues/comments>), or an issue for each incident.
//!
//! A hidden mark with the notice's name, which nobody can guess before it stands there, says what was posted: whatever becomes of an answer,
//! the next try looks first, and nothing is posted twice.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};
use stanch_revokers::http::Answer;
use tokio::sync::Mutex;
use url::form_urlencoded;

use super::http::{Wire, header, json as request, settled};
use super::key::Key;
use super::template::{Message, Templates};
use super::text::Format;
use super::{Notice, Sent, Unsent, cut, settings};
use crate::config::ConfigError;

/// The longest body that GitHub takes is 65,536 characters.
const BODY: usize = 60_000;
const TITLE: usize = 200;
/// Entries of a page, and the most pages that are looked at.
const PAGE: usize = 100;
const PAGES: usize = 30;
/// How far our clock and theirs may be apart, in seconds.
const SKEW: i64 = 3_600;

pub(super) struct Channel {
    token: Key,
    config: settings::GitHub,
    templates: Templates,
    /// One notice at a time: two that found no issue would make two.
    turn: Mutex<()>,
}

impl Channel {
    pub(super) fn new(config: &settings::GitHub, folder: &Path) -> Result<Self, ConfigError> {
        let templates = Templates::load(&config.templates, folder, &[Format::Markdown])?;
        Ok(Self { token: Key::new("token", &config.token), config: config.clone(), templates, turn: Mutex::new(()) })
    }

    pub(super) async fn send(&self, wire: &Wire, notice: &Notice) -> Result<Sent, Unsent> {
        let message =
            self.templates.render(Format::Markdown, &notice.view).map_err(|why| Unsent::failed(why.to_string()))?;
        let _turn = self.turn.lock().await;
        let outcome = self.tell(wire, notice, &message).await;
        self.token.judge(outcome).await
    }

    async fn tell(&self, wire: &Wire, notice: &Notice, message: &Message) -> Result<Sent, Unsent> {
        let number = match self.config.issue {
            Some(number) => number,
            None if self.config.pull_request => match self.pull_request(notice) {
                Some(number) => number,
                None => return Ok(Sent::Nothing),
            },
            None => match self.issue(wire, notice).await? {
                Some((_, body)) if body.contains(&mark(notice)) => return Ok(Sent::Already),
                Some((number, _)) => number,
                None => return self.open(wire, notice, message).await,
            },
        };
        self.comment(wire, notice, message, number).await
    }

    /// The pull request in which the credential stands, if it is one of this repository.
    fn pull_request(&self, notice: &Notice) -> Option<u64> {
        let web = match self.config.api.as_str() {
            "https://api.github.com" => "https://github.com",
            own => own.trim_end_matches('/').trim_end_matches("/api/v3"),
        };
        let start = format!("{web}/{}/pull/", self.config.repository);
        notice.view.places.iter().find_map(|place| {
            let rest = place.url.as_deref()?.strip_prefix(&start)?;
            rest.split(['/', '#', '?']).next()?.parse().ok()
        })
    }

    /// The issue of an incident: its number and text.
    async fn issue(&self, wire: &Wire, notice: &Notice) -> Result<Option<(u64, String)>, Unsent> {
        let since = notice.view.times.get("detected").copied().unwrap_or(notice.view.at);
        let query = [("state", "all"), ("labels", &self.config.label), ("sort", "created"), ("direction", "asc")];
        let of_incident = incident_mark(notice);
        let found = self.find(wire, notice, "issues", &query, since, |body| body.contains(&of_incident)).await?;
        Ok(found.and_then(|issue| Some((issue["number"].as_u64()?, issue["body"].as_str()?.to_owned()))))
    }

    async fn open(&self, wire: &Wire, notice: &Notice, message: &Message) -> Result<Sent, Unsent> {
        let body = format!("{}\n{}", incident_mark(notice), body(notice, message));
        let issue = json!({ "title": cut(&message.title, TITLE), "body": body, "labels": [self.config.label] });
        let address = self.address("issues");
        self.call(wire, notice, "POST", &address, Some(issue)).await.map(|_| Sent::Told)
    }

    async fn comment(&self, wire: &Wire, notice: &Notice, message: &Message, number: u64) -> Result<Sent, Unsent> {
        let path = format!("issues/{number}/comments");
        let own = mark(notice);
        if self.find(wire, notice, &path, &[], notice.view.at, |body| body.contains(&own)).await?.is_some() {
            return Ok(Sent::Already);
        }
        let comment = json!({ "body": body(notice, message) });
        self.call(wire, notice, "POST", &self.address(&path), Some(comment)).await.map(|_| Sent::Told)
    }

    /// The first entry of a list whose body fits, page by page.
    async fn find(
        &self,
        wire: &Wire,
        notice: &Notice,
        path: &str,
        query: &[(&str, &str)],
        since: Timestamp,
        fits: impl Fn(&str) -> bool,
    ) -> Result<Option<Value>, Unsent> {
        let since = Timestamp::from_second(since.as_second() - SKEW).unwrap_or(since).to_string();
        for page in 1..=PAGES {
            let query: String = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(query)
                .append_pair("since", &since)
                .append_pair("per_page", &PAGE.to_string())
                .append_pair("page", &page.to_string())
                .finish();
            let address = format!("{}?{query}", self.address(path));
            let answer = self.call(wire, notice, "GET", &address, None).await?;
            let Some(Value::Array(entries)) = answer.json() else {
                return Err(Unsent::retry("what answered was not GitHub"));
            };
            let count = entries.len();
            if let Some(found) = entries.into_iter().find(|entry| entry["body"].as_str().is_some_and(&fits)) {
                return Ok(Some(found));
            }
            if count < PAGE {
                return Ok(None);
            }
        }
        // Whether it stands there is not known, and nothing is posted twice.
        Err(Unsent::failed(format!("more than {} entries in `{path}`: too many to look at", PAGE * PAGES)))
    }

    fn address(&self, path: &str) -> String {
        format!("{}/repos/{}/{path}", self.config.api.trim_end_matches('/'), self.config.repository)
    }

    async fn call(
        &self,
        wire: &Wire,
        notice: &Notice,
        method: &str,
        address: &str,
        body: Option<Value>,
    ) -> Result<Answer, Unsent> {
        let token = self.token.get(&wire.responders).await?;
        let mut call = match body {
            Some(body) => request(method, address, body.to_string())?,
            None => {
                stanch_revokers::http::Call::configured(method, address).map_err(|why| super::http::unsent(&why))?
            }
        };
        header(&mut call, "accept", "application/vnd.github+json")?;
        header(&mut call, "x-github-api-version", "2022-11-28")?;
        header(&mut call, "authorization", &format!("Bearer {}", token.as_str()))?;
        let answer = wire.send(&call, &notice.channel).await?;
        limited(&answer)?;
        settled(&answer)?;
        Ok(answer)
    }
}

/// GitHub limits with 403, too (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit>).
fn limited(answer: &Answer) -> Result<(), Unsent> {
    if !matches!(answer.status, 403 | 429) {
        return Ok(());
    }
    let reset = || {
        let used_up = answer.header("x-ratelimit-remaining")?.trim() == "0";
        let at: i64 = answer.header("x-ratelimit-reset")?.trim().parse().ok()?;
        let seconds = u64::try_from(at - Timestamp::now().as_second()).unwrap_or(0);
        used_up.then(|| std::time::Duration::from_secs(seconds.min(3_600)))
    };
    match super::http::retry_after(answer).or_else(reset) {
        Some(after) => Err(Unsent::Retry { after: Some(after), why: "GitHub limits requests".to_owned() }),
        None => Ok(()),
    }
}

fn mark(notice: &Notice) -> String {
    format!("<!-- stanch-notice {} -->", notice.id)
}

fn incident_mark(notice: &Notice) -> String {
    format!("<!-- stanch-incident {} -->", notice.incident)
}

/// The mark stands first, so that no cut takes it away.
fn body(notice: &Notice, message: &Message) -> String {
    let text = format!("{}\n{}\n\n{}", mark(notice), Format::Markdown.strong(&message.title), message.body);
    cut(&text, BODY).to_owned()
}
