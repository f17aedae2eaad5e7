//! Telling people and programs what happened to an incident.
//!
//! That something has to be told is a job of the engine ([`crate::notices`]). [`Notifier::notices`] says to whom, and from when on; each
//! [`Notice`] is a job of its own, with an idempotency key, so that one channel's trouble is not another's. [`Notifier::send`] tries once and says what came of it: told, to be tried again (and when), or never to be
//! told. A notice holds no secret, and neither does a message: both are made of a [`View`].

mod github;
mod http;
mod key;
mod lanes;
mod mail;
mod overdue;
mod pagerduty;
mod quiet;
mod route;
mod sample;
mod settings;
mod slack;
mod teams;
mod template;
mod text;
mod view;
mod webhook;
mod worker;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stanch_revokers::config::Config;
use stanch_revokers::http::Client;
use stanch_revokers::responder::Responders;

pub use overdue::{Ages, Overdue};
pub use quiet::{Day, Quiet};
pub use route::Route;
pub use settings::{GitHub, Mail, Notify, PagerDuty, Region, Slack, Teams, TemplateFiles, Tls, Webhook};
pub use view::{Place, Responsible, View};

use crate::config::ConfigError;
use crate::notices::Topic;
use crate::{Incident, IncidentId};

/// The queue of the store in which notices to channels wait. What the engine wants told waits in [`crate::notices::QUEUE`].
pub const QUEUE: &str = "notify-channel";

/// What people are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Occasion {
    /// A credential was found.
    Detected,
    /// People have to approve of a plan.
    ApprovalNeeded,
    /// It is reversibly off.
    Contained,
    /// It cannot come back.
    Dead,
    /// Nothing further is done without a person.
    ByHand,
    /// It should be off by now.
    Overdue,
}

impl Occasion {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Detected, Self::ApprovalNeeded, Self::Contained, Self::Dead, Self::ByHand, Self::Overdue];

    /// What it is called in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Detected => "detected",
            Self::ApprovalNeeded => "approval-needed",
            Self::Contained => "contained",
            Self::Dead => "dead",
            Self::ByHand => "by-hand",
            Self::Overdue => "overdue",
        }
    }
}

impl From<Topic> for Occasion {
    fn from(topic: Topic) -> Self {
        match topic {
            Topic::Detected => Self::Detected,
            Topic::ApprovalNeeded => Self::ApprovalNeeded,
            Topic::Contained => Self::Contained,
            Topic::Dead => Self::Dead,
            Topic::ByHand => Self::ByHand,
            Topic::Overdue => Self::Overdue,
        }
    }
}

/// One message to one channel, to be sent when its time comes. It holds what is told, so that nothing has to be read again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// A name that nobody can guess. It stays the same when the notice is tried again, so that who got it twice can tell.
    pub id: String,
    /// The incident.
    pub incident: IncidentId,
    /// What happened.
    pub event: Occasion,
    /// The channel: `slack.NAME`.
    pub channel: String,
    /// Which time it happened, as the same can happen several times.
    pub turn: String,
    /// What is told.
    pub view: View,
}

impl Notice {
    /// The idempotency key of its job: the same thing is told to the same channel once.
    pub fn key(&self) -> String {
        format!("{}/{}/{}/{}", self.incident, self.event.as_str(), self.channel, self.turn)
    }
}

/// A notice, and from when on it may be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    /// What is to be sent.
    pub notice: Notice,
    /// Not before; quiet hours end then.
    pub after: Timestamp,
}

/// What came of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It was told now.
    Told,
    /// An earlier try had told it.
    Already,
    /// The channel has nothing to say of this: a pager of what is no alarm.
    Nothing,
}

/// Why a notice was not sent. No text of it holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsent {
    /// It may go better later.
    #[error("{why}")]
    Retry {
        /// What the other side asks to wait; nothing means as long as the queue thinks right.
        after: Option<Duration>,
        /// What happened.
        why: String,
    },
    /// It will not go better before somebody changes something.
    #[error("{why}")]
    Failed {
        /// What happened.
        why: String,
    },
}

impl Unsent {
    fn retry(why: impl Into<String>) -> Self {
        Self::Retry { after: None, why: why.into() }
    }

    fn failed(why: impl Into<String>) -> Self {
        Self::Failed { why: why.into() }
    }
}

/// A channel that is ready.
enum Channel {
    Slack(slack::Channel),
    Teams(teams::Channel),
    Webhook(webhook::Channel),
    Mail(mail::Channel),
    GitHub(github::Channel),
    PagerDuty(pagerduty::Channel),
}

/// Tells people.
pub struct Notifier {
    link: Option<String>,
    routes: Vec<Route>,
    channels: BTreeMap<String, Channel>,
    wire: http::Wire,
    lanes: lanes::Lanes,
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifier").field("channels", &self.channels.keys()).finish_non_exhaustive()
    }
}

impl Notifier {
    /// Makes the channels of a configuration ready. Paths of templates begin in `folder`, which is that of the configuration; `network` is the
    /// revokers' part of it. No secret is read yet.
    ///
    /// # Errors
    /// If the configuration means nothing, or a template cannot be read or makes no message, with file and line.
    pub fn new(
        config: &Notify,
        folder: &Path,
        network: &Config,
        client: Arc<Client>,
        responders: Arc<Responders>,
    ) -> Result<Self, ConfigError> {
        config.check().map_err(|(message, hint)| ConfigError::new("configuration", message).hint(hint))?;
        let mut channels = BTreeMap::new();
        for (name, slack) in &config.slack {
            channels.insert(format!("slack.{name}"), Channel::Slack(slack::Channel::new(slack, folder)?));
        }
        for (name, teams) in &config.teams {
            channels.insert(format!("teams.{name}"), Channel::Teams(teams::Channel::new(teams, folder)?));
        }
        for (name, webhook) in &config.webhook {
            channels.insert(format!("webhook.{name}"), Channel::Webhook(webhook::Channel::new(webhook, folder)?));
        }
        for (name, mail) in &config.mail {
            let mail = mail::Channel::new(mail, folder, network)?;
            channels.insert(format!("mail.{name}"), Channel::Mail(mail));
        }
        for (name, github) in &config.github {
            channels.insert(format!("github.{name}"), Channel::GitHub(github::Channel::new(github, folder)?));
        }
        for (name, pager) in &config.pagerduty {
            channels.insert(format!("pagerduty.{name}"), Channel::PagerDuty(pagerduty::Channel::new(pager, folder)?));
        }
        let wire = http::Wire { client, responders };
        Ok(Self {
            link: config.link.clone(),
            routes: config.route.clone(),
            channels,
            wire,
            lanes: lanes::Lanes::default(),
        })
    }

    /// Whether anybody is told of anything.
    pub fn tells(&self) -> bool {
        !self.routes.is_empty()
    }

    /// Who has to be told of something, and from when on. `turn` tells one time that it happened from another: the key of the job that asked
    /// for it. Asked again about the same turn, it gives the same keys.
    pub fn notices(&self, incident: &Incident, event: Occasion, turn: &str, now: Timestamp) -> Vec<Due> {
        let view = View::new(incident, event, now, self.link.as_deref());
        let due = |(channel, after)| Due {
            notice: Notice {
                id: name(),
                incident: incident.id.clone(),
                event,
                channel,
                turn: turn.to_owned(),
                view: view.clone(),
            },
            after,
        };
        route::channels(&self.routes, incident, event, now).into_iter().map(due).collect()
    }

    /// Sends a notice, once.
    ///
    /// # Errors
    /// If it was not sent, or nobody knows whether it was: then it is to be tried again, and whoever can tell a repetition does.
    pub async fn send(&self, notice: &Notice) -> Result<Sent, Unsent> {
        let channel = self.channels.get(&notice.channel);
        let channel =
            channel.ok_or_else(|| Unsent::failed(format!("no channel `{}` is configured", notice.channel)))?;
        match channel {
            Channel::Slack(channel) => channel.send(&self.wire, notice).await,
            Channel::Teams(channel) => channel.send(&self.wire, notice).await,
            Channel::Webhook(channel) => channel.send(&self.wire, notice).await,
            Channel::Mail(channel) => channel.send(&self.wire, notice).await,
            Channel::GitHub(channel) => channel.send(&self.wire, notice).await,
            Channel::PagerDuty(channel) => channel.send(&self.wire, notice).await,
        }
    }
}

impl Channel {
    /// Whether what is told of an incident has to be told in the order in which it happened: what resolves an alarm must not overtake it.
    const fn keeps_order(&self) -> bool {
        matches!(self, Self::PagerDuty(_))
    }
}

/// 128 bits of chance, in hex.
fn name() -> String {
    let mut bytes = [0_u8; 16];
    if getrandom::fill(&mut bytes).is_err() {
        // Without chance, names have to differ nevertheless.
        bytes = Timestamp::now().as_nanosecond().to_be_bytes();
    }
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// A text of at most so many bytes, cut between two characters.
fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}
