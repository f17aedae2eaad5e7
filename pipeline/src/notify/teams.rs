//! Microsoft Teams: the webhook of a workflow, which takes an adaptive card
//! (<https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>).
//!
//! Texts are runs of a `RichTextBlock`, which knows no Markdown (<https://adaptivecards.io/explorer/TextRun.html>), so nothing has to be
//! escaped. Teams cannot tell a repetition.

use std::path::Path;

use serde_json::{Value, json};

use super::http::{Wire, json as request, settled};
use super::key::Key;
use super::template::{Message, Templates};
use super::text::Format;
use super::{Notice, Sent, Unsent, cut, settings};
use crate::config::ConfigError;

/// A message may have 28 KB; what is around the text counts, too.
const MOST: usize = 16 << 10;

pub(super) struct Channel {
    url: Key,
    templates: Templates,
}

impl Channel {
    pub(super) fn new(config: &settings::Teams, folder: &Path) -> Result<Self, ConfigError> {
        let templates = Templates::load(&config.templates, folder, &[Format::Plain])?;
        Ok(Self { url: Key::new("url", &config.url), templates })
    }

    pub(super) async fn send(&self, wire: &Wire, notice: &Notice) -> Result<Sent, Unsent> {
        let message =
            self.templates.render(Format::Plain, &notice.view).map_err(|why| Unsent::failed(why.to_string()))?;
        let address = self.url.get(&wire.responders).await?;
        let call = request("POST", &address, card(&message, notice.view.link.as_deref()).to_string())?;
        let answer = wire.send(&call, &notice.channel).await?;
        self.url.judge(settled(&answer).map(|()| Sent::Told)).await
    }
}

fn card(message: &Message, link: Option<&str>) -> Value {
    let run = |text: &str, weight: &str| json!({ "type": "RichTextBlock", "inlines": [{ "type": "TextRun", "text": text, "weight": weight }] });
    let lines = cut(&message.body, MOST).lines().filter(|line| !line.trim().is_empty());
    let blocks: Vec<Value> =
        std::iter::once(run(&message.title, "bolder")).chain(lines.map(|line| run(line, "default"))).collect();
    let actions: Vec<Value> = link
        .map(|link| json!({ "type": "Action.OpenUrl", "title": "Open the incident", "url": link }))
        .into_iter()
        .collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.2",
                "body": blocks,
                "actions": actions,
            },
        }],
    })
}
