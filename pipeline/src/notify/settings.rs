//! The `notify` section of the configuration: channels, and what leads to them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use stanch_revokers::config::Source;

use super::Occasion;
use super::overdue::Ages;
use super::route::Route;

/// Files of the user's own texts, by what happened. A relative path begins in the folder of the configuration.
pub type TemplateFiles = BTreeMap<Occasion, PathBuf>;

/// Who is told of what. A channel is called `slack.NAME`, `mail.NAME` and so on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notify {
    /// Where people see an incident: an address with `{id}` in it.
    pub link: Option<String>,
    /// Channels of Slack.
    pub slack: BTreeMap<String, Slack>,
    /// Channels of Microsoft Teams.
    pub teams: BTreeMap<String, Teams>,
    /// Programs that take signed requests.
    pub webhook: BTreeMap<String, Webhook>,
    /// People with addresses.
    pub mail: BTreeMap<String, Mail>,
    /// Issues and pull requests of GitHub.
    pub github: BTreeMap<String, GitHub>,
    /// Services of PagerDuty.
    pub pagerduty: BTreeMap<String, PagerDuty>,
    /// What leads to which channel.
    pub route: Vec<Route>,
    /// When people are told that something should be off by now.
    pub overdue: Ages,
}

/// Slack: either an incoming webhook's `url`, or a bot's `token` with a `channel`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// The address of an incoming webhook. Who has it can post.
    pub url: Option<Source>,
    /// A bot's token with `chat:write`.
    pub token: Option<Source>,
    /// The id of the channel.
    pub channel: Option<String>,
    /// Texts of the user's own.
    #[serde(default)]
    pub templates: TemplateFiles,
}

/// Microsoft Teams: a workflow that posts what its webhook receives.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Teams {
    /// The address of the workflow. Who has it can post.
    pub url: Source,
    /// Texts of the user's own.
    #[serde(default)]
    pub templates: TemplateFiles,
}

/// A program that takes signed requests.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Its address.
    pub url: Source,
    /// The key of the signatures: `whsec_` and base64, or a text of 24 bytes at least.
    pub secret: Source,
    /// Bodies of the user's own.
    #[serde(default)]
    pub templates: TemplateFiles,
}

/// Mail over SMTP.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The server's name.
    pub server: String,
    /// Its port; by default 465, with STARTTLS 587.
    pub port: Option<u16>,
    /// How the connection is encrypted.
    #[serde(default)]
    pub tls: Tls,
    /// Who logs in.
    pub user: Option<String>,
    /// With what.
    pub password: Option<Source>,
    /// The sender.
    pub from: String,
    /// Who always gets it.
    #[serde(default)]
    pub to: Vec<String>,
    /// The credential's technical owner gets it, too, if that is an address of one of these domains. Others do not: who wrote a commit is
    /// what the commit says.
    #[serde(default)]
    pub owner_domains: Vec<String>,
    /// Texts of the user's own.
    #[serde(default)]
    pub templates: TemplateFiles,
}

/// How a connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// From the start (<https://www.rfc-editor.org/rfc/rfc8314>).
    #[default]
    Implicit,
    /// After a word of the server, without which nothing is sent.
    Starttls,
    /// Not at all. Only to a loopback address.
    None,
}

/// An issue or pull request of GitHub.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitHub {
    /// A token that may write issues (or pull requests).
    pub token: Source,
    /// `owner/name`.
    pub repository: String,
    /// The issue or pull request that gets a comment. Without it each incident gets an issue of its own, and comments there.
    pub issue: Option<u64>,
    /// Whether the pull request in which the credential stands gets the comment.
    #[serde(default)]
    pub pull_request: bool,
    /// The label of issues of ours.
    #[serde(default = "label")]
    pub label: String,
    /// The address of the API, for a server of one's own.
    #[serde(default = "api")]
    pub api: String,
    /// Texts of the user's own.
    #[serde(default)]
    pub templates: TemplateFiles,
}

fn label() -> String {
    "stanch".to_owned()
}

fn api() -> String {
    "https://api.github.com".to_owned()
}

/// A service of PagerDuty.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PagerDuty {
    /// The integration key of Events API v2.
    pub routing_key: Source,
    /// Where the account is.
    #[serde(default)]
    pub region: Region,
    /// Texts of the user's own.
    #[serde(default)]
    pub templates: TemplateFiles,
}

/// Where a PagerDuty account is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Region {
    /// `events.pagerduty.com`
    #[default]
    Us,
    /// `events.eu.pagerduty.com`
    Eu,
}

/// What is wrong, and how to repair it.
type Wrong = (String, String);

impl Notify {
    /// Every channel's name.
    pub fn channels(&self) -> Vec<String> {
        let kinds: [(&str, Vec<&String>); 6] = [
            ("slack", self.slack.keys().collect()),
            ("teams", self.teams.keys().collect()),
            ("webhook", self.webhook.keys().collect()),
            ("mail", self.mail.keys().collect()),
            ("github", self.github.keys().collect()),
            ("pagerduty", self.pagerduty.keys().collect()),
        ];
        let named =
            |(kind, names): (&str, Vec<&String>)| names.into_iter().map(|name| format!("{kind}.{name}")).collect();
        kinds.into_iter().flat_map(|kind| -> Vec<String> { named(kind) }).collect()
    }

    /// Whether anybody is told of anything.
    pub fn tells(&self) -> bool {
        !self.route.is_empty()
    }

    /// What reads well and means nothing.
    ///
    /// # Errors
    /// What is wrong, and how to repair it.
    pub fn check(&self) -> Result<(), Wrong> {
        let channels = self.channels();
        for route in &self.route {
            if let Some(unknown) = route.to.iter().find(|to| !channels.contains(to)) {
                let known = if channels.is_empty() { "none is configured".to_owned() } else { channels.join(", ") };
                return Err((
                    format!("a route leads to `{unknown}`, which is no channel"),
                    format!("channels: {known}"),
                ));
            }
            if let Some(quiet) = &route.quiet {
                quiet.check().map_err(|why| (why, "write it as `Europe/Berlin`".to_owned()))?;
            }
        }
        if let Some(lonely) = channels.iter().find(|name| !self.route.iter().any(|route| route.to.contains(name))) {
            let hint = format!("write `[[notify.route]]` with `to = \"{lonely}\"`");
            return Err((format!("no route leads to `{lonely}`"), hint));
        }
        if self.link.as_deref().is_some_and(|link| !link.contains("{id}")) {
            return Err(("`notify.link` says nothing of the incident".to_owned(), "put `{id}` into it".to_owned()));
        }
        self.slack.iter().try_for_each(|(name, slack)| slack.check(name))?;
        self.mail.iter().try_for_each(|(name, mail)| mail.check(name))?;
        self.github.iter().try_for_each(|(name, github)| github.check(name))?;
        self.no_secrets()
    }

    /// Where every secret of a channel is read, by what the configuration calls it.
    pub fn secrets(&self) -> Vec<(String, &Source)> {
        let of = |kind: &str, name: &str, field: &str| format!("notify.{kind}.{name}.{field}");
        let slack = self.slack.iter().flat_map(|(name, one)| {
            let fields = [("url", &one.url), ("token", &one.token)].into_iter();
            fields.filter_map(move |(field, source)| Some((of("slack", name, field), source.as_ref()?)))
        });
        let teams = self.teams.iter().map(|(name, one)| (of("teams", name, "url"), &one.url));
        let webhook = self.webhook.iter().map(|(name, one)| (of("webhook", name, "secret"), &one.secret));
        let mail =
            self.mail.iter().filter_map(|(name, one)| Some((of("mail", name, "password"), one.password.as_ref()?)));
        let github = self.github.iter().map(|(name, one)| (of("github", name, "token"), &one.token));
        let pager = self.pagerduty.iter().map(|(name, one)| (of("pagerduty", name, "routing_key"), &one.routing_key));
        slack.chain(teams).chain(webhook).chain(mail).chain(github).chain(pager).collect()
    }

    /// The addresses of channels that are no secret and are read like one.
    pub fn addresses(&self) -> Vec<(String, &Source)> {
        self.webhook.iter().map(|(name, one)| (format!("notify.webhook.{name}.url"), &one.url)).collect()
    }

    /// The configuration says where secrets are, and holds none.
    fn no_secrets(&self) -> Result<(), Wrong> {
        for (_, source) in self.secrets() {
            if matches!(source, Source::Value(_)) {
                let what = "`notify`: a secret stands in the configuration as `value`".to_owned();
                return Err((what, "say where it is: `command`, `env`, `file` or `keyring`".to_owned()));
            }
        }
        Ok(())
    }
}

impl Slack {
    fn check(&self, name: &str) -> Result<(), Wrong> {
        match (&self.url, &self.token, &self.channel) {
            (Some(_), None, None) | (None, Some(_), Some(_)) => Ok(()),
            _ => Err((
                format!("`notify.slack.{name}` is neither a webhook nor a bot"),
                "give it `url`, or `token` and `channel`".to_owned(),
            )),
        }
    }
}

impl Mail {
    fn check(&self, name: &str) -> Result<(), Wrong> {
        let fail = |what: &str, hint: &str| Err((format!("`notify.mail.{name}` {what}"), hint.to_owned()));
        if self.to.is_empty() && self.owner_domains.is_empty() {
            return fail("reaches nobody", "give it `to`, or `owner_domains`");
        }
        if self.user.is_some() != self.password.is_some() {
            return fail("has half of a login", "give it both `user` and `password`, or neither");
        }
        let near = self.server.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        if self.tls == Tls::None && !near {
            return fail("is not encrypted", "without TLS only a loopback address is used; set `tls`");
        }
        for address in self.to.iter().chain([&self.from]) {
            if address.parse::<lettre::message::Mailbox>().is_err() {
                return fail("has an address that is none", "write `name@example.com` or `Name <name@example.com>`");
            }
        }
        Ok(())
    }
}

impl GitHub {
    fn check(&self, name: &str) -> Result<(), Wrong> {
        let fail = |what: &str, hint: &str| Err((format!("`notify.github.{name}` {what}"), hint.to_owned()));
        let fits = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
                && !part.starts_with('.')
        };
        if !self.repository.split_once('/').is_some_and(|(owner, name)| fits(owner) && fits(name)) {
            return fail("names no repository", "write `owner/name`");
        }
        if self.issue.is_some() && self.pull_request {
            return fail("has two places for its comments", "give it `issue` or `pull_request`");
        }
        Ok(())
    }
}
