//! Slack: an incoming webhook (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>) or a bot's `chat.postMessage`
//! (<https://docs.slack.dev/reference/methods/chat.postMessage>).
//!
//! Slack cannot tell a repetition. If an answer is lost, the message may stand there twice.

use std::path::Path;

use serde_json::{Value, json};
use stanch_revokers::http::Answer;

use super::http::{Wire, header, json as request, settled};
use super::key::Key;
use super::template::{Message, Templates};
use super::text::Format;
use super::{Notice, Sent, Unsent, cut, settings};
use crate::config::ConfigError;

/// Where a bot posts.
const POST: &str = "https://slack.com/api/chat.postMessage";
/// The longest header, and the longest text of a section (<https://docs.slack.dev/reference/block-kit/blocks>).
const TITLE: usize = 150;
const SECTION: usize = 3_000;
/// No more sections than this.
const SECTIONS: usize = 10;

pub(super) struct Channel {
    door: Door,
    templates: Templates,
}

enum Door {
    Webhook(Key),
    Bot { token: Key, channel: String },
}

impl Channel {
    pub(super) fn new(config: &settings::Slack, folder: &Path) -> Result<Self, ConfigError> {
        let door = match (&config.url, &config.token, &config.channel) {
            (Some(url), None, None) => Door::Webhook(Key::new("url", url)),
            (None, Some(token), Some(channel)) => {
                Door::Bot { token: Key::new("token", token), channel: channel.clone() }
            }
            // The check of the configuration says more.
            _ => return Err(ConfigError::new("configuration", "a channel of Slack is neither a webhook nor a bot")),
        };
        Ok(Self { door, templates: Templates::load(&config.templates, folder, &[Format::Slack])? })
    }

    pub(super) async fn send(&self, wire: &Wire, notice: &Notice) -> Result<Sent, Unsent> {
        let message =
            self.templates.render(Format::Slack, &notice.view).map_err(|why| Unsent::failed(why.to_string()))?;
        let mut body = body(&message);
        match &self.door {
            Door::Webhook(url) => {
                let address = url.get(&wire.responders).await?;
                let call = request("POST", &address, body.to_string())?;
                let answer = wire.send(&call, &notice.channel).await?;
                url.judge(said_ok(&answer)).await
            }
            Door::Bot { token, channel } => {
                if let Some(fields) = body.as_object_mut() {
                    fields.insert("channel".to_owned(), json!(channel));
                }
                let secret = token.get(&wire.responders).await?;
                let mut call = request("POST", POST, body.to_string())?;
                header(&mut call, "authorization", &format!("Bearer {}", secret.as_str()))?;
                let answer = wire.send(&call, &notice.channel).await?;
                token.judge(posted(&answer)).await
            }
        }
    }
}

/// The message as blocks, with a plain text for what shows no blocks. Nothing in it is looked up: neither names nor addresses.
fn body(message: &Message) -> Value {
    let title = cut(&message.title, TITLE);
    let mut blocks = vec![json!({ "type": "header", "text": { "type": "plain_text", "text": title, "emoji": false } })];
    for text in sections(&message.body) {
        blocks.push(json!({ "type": "section", "text": { "type": "mrkdwn", "text": text, "verbatim": true } }));
    }
    json!({
        "text": Format::Slack.escape(&message.title),
        "blocks": blocks,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

/// The body in parts that are short enough, split between lines.
fn sections(body: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for line in body.lines() {
        let line = cut(line, SECTION);
        match parts.last_mut() {
            Some(last) if last.len() + 1 + line.len() <= SECTION => {
                last.push('\n');
                last.push_str(line);
            }
            _ => parts.push(line.to_owned()),
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts.truncate(SECTIONS);
    parts
}

/// A webhook says `ok`, as a page.
fn said_ok(answer: &Answer) -> Result<Sent, Unsent> {
    settled(answer)?;
    match answer.text().trim() {
        "ok" => Ok(Sent::Told),
        _ => Err(Unsent::retry("what answered was not Slack")),
    }
}

/// A method says in its body what went wrong.
fn posted(answer: &Answer) -> Result<Sent, Unsent> {
    const PASSING: [&str; 5] =
        ["ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"];
    settled(answer)?;
    let body = answer.json().unwrap_or_default();
    match (body["ok"].as_bool(), body["error"].as_str()) {
        (Some(true), _) => Ok(Sent::Told),
        (Some(false), Some(error)) if PASSING.contains(&error) => {
            Err(Unsent::Retry { after: super::http::retry_after(answer), why: format!("Slack says `{error}`") })
        }
        (Some(false), error) => {
            Err(Unsent::failed(format!("Slack says `{}`", super::view::line(cut(error.unwrap_or_default(), 60)))))
        }
        _ => Err(Unsent::retry("what answered was not Slack")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_body_is_split_between_lines() {
        let body = format!("{}\n", "x".repeat(1_000)).repeat(7) + &"é".repeat(4_000);
        let parts = sections(&body);
        assert!(parts.iter().all(|part| part.len() <= SECTION && !part.is_empty()));
        assert_eq!(parts.iter().map(|part| part.matches('x').count()).sum::<usize>(), 7_000);
        assert!(sections("\n\n").is_empty());
    }
}
