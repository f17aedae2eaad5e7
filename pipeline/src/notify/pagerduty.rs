//! PagerDuty's Events API v2 (<https://developer.pagerduty.com/docs/events-api-v2/overview/>). The incident's name is the `dedup_key`, so a
//! repetition is part of the same alert, and what is dead resolves it.

use std::path::Path;

use serde_json::{Value, json};

use super::http::{Wire, json as request, settled};
use super::key::Key;
use super::settings::Region;
use super::template::Templates;
use super::text::Format;
use super::view::View;
use super::{Notice, Occasion, Sent, Unsent, cut, settings};
use crate::config::ConfigError;

/// The longest summary.
const SUMMARY: usize = 1_024;

pub(super) struct Channel {
    key: Key,
    address: &'static str,
    templates: Templates,
}

impl Channel {
    pub(super) fn new(config: &settings::PagerDuty, folder: &Path) -> Result<Self, ConfigError> {
        let address = match config.region {
            Region::Us => "https://events.pagerduty.com/v2/enqueue",
            Region::Eu => "https://events.eu.pagerduty.com/v2/enqueue",
        };
        let templates = Templates::load(&config.templates, folder, &[Format::Plain])?;
        Ok(Self { key: Key::new("routing_key", &config.routing_key), address, templates })
    }

    pub(super) async fn send(&self, wire: &Wire, notice: &Notice) -> Result<Sent, Unsent> {
        let action = match notice.event {
            Occasion::Detected | Occasion::ApprovalNeeded | Occasion::ByHand | Occasion::Overdue => "trigger",
            Occasion::Dead => "resolve",
            // The alert goes on until the credential cannot come back.
            Occasion::Contained => return Ok(Sent::Nothing),
        };
        let message =
            self.templates.render(Format::Plain, &notice.view).map_err(|why| Unsent::failed(why.to_string()))?;
        let key = self.key.get(&wire.responders).await?;
        let mut event = json!({ "routing_key": key.as_str(), "event_action": action, "dedup_key": notice.incident });
        if let (Some(fields), "trigger") = (event.as_object_mut(), action) {
            fields.insert("payload".to_owned(), payload(&message.title, &notice.view));
            fields.insert("client".to_owned(), json!("stanch"));
            if let Some(link) = &notice.view.link {
                fields.insert("client_url".to_owned(), json!(link));
            }
        }
        let call = request("POST", self.address, event.to_string())?;
        let answer = wire.send(&call, &notice.channel).await?;
        self.key.judge(settled(&answer).map(|()| Sent::Told)).await
    }
}

fn payload(title: &str, view: &View) -> Value {
    let severity = match view.severity.as_str() {
        "critical" => "critical",
        "high" => "error",
        "medium" => "warning",
        _ => "info",
    };
    let source = view.places.first().map_or(view.provider.as_str(), |place| place.source.as_str());
    json!({
        "summary": cut(title, SUMMARY),
        "source": source,
        "severity": severity,
        "timestamp": view.at,
        "component": view.provider,
        "class": view.kind.as_deref().unwrap_or(&view.rule),
        "custom_details": view,
    })
}
