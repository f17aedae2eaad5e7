//! What the tests share: an incident, and a notifier under a configuration.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use stanch_model::{Confidence, Severity};
use stanch_pipeline::config::PipelineConfig;
use stanch_pipeline::notify::{Notice, Notifier, Occasion, Sent, Unsent};
use stanch_pipeline::{Detected, Event, Exposure, Incident, IncidentId, Occurrence, Owner};
use stanch_revokers::config::Config;
use stanch_revokers::http::Client;
use stanch_revokers::responder::Responders;
use stanch_revokers::{Identity, Probe};

/// What the channels' secrets are made of; each shows in what is sent with it, and nowhere else.
pub(crate) const TOKEN: &str = concat!("tok", "-Zq81mVx0Lw73Rb55Tn2c");
/// Where Slack and Teams would be reached.
pub(crate) const SLACK: &str = concat!("https://hooks.slack.com/services/T0/B0/", "Zq81mVx0Lw73Rb55Tn2c");
pub(crate) const TEAMS: &str = concat!("https://prod.logic.azure.com/workflows/w/invoke?sig=", "Zq81mVx0Lw73Rb55Tn2c");

/// The variables of the environment.
fn environment(name: &str) -> Option<String> {
    Some(match name {
        "SLACK" => SLACK.to_owned(),
        "TEAMS" => TEAMS.to_owned(),
        "MISSING" => return None,
        _ => TOKEN.to_owned(),
    })
}

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap_or_else(|error| panic!("{error}")).block_on(future)
}

/// A configuration with one channel, to which everything leads.
pub(crate) fn config(channel: &str, origin: &str, section: &str) -> String {
    let hosts = [
        "hooks.slack.com",
        "slack.com",
        "prod.logic.azure.com",
        "api.github.com",
        "events.pagerduty.com",
        "events.eu.pagerduty.com",
    ];
    let endpoints = hosts.map(|host| format!("\"{host}\" = \"{origin}\"\n")).concat();
    format!(
        "[http]\ntimeout_ms = 1000\n[endpoints]\n{endpoints}[ownership]\nfallback = 'sec@example.com'\n\
         [notify]\nlink = 'https://stanch.example.com/i/{{id}}'\n[notify.{channel}]\n{section}\n\
         [[notify.route]]\nto = '{channel}'\n"
    )
}

pub(crate) fn notifier(text: &str, folder: &Path) -> Notifier {
    let network = Config::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let config = PipelineConfig::parse("config.toml", text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let client = Client::new(&network, false).unwrap_or_else(|error| panic!("{error}"));
    let responders = Responders::new(environment);
    Notifier::new(&config.notify, folder, &network, Arc::new(client), Arc::new(responders))
        .unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn at() -> Timestamp {
    "2026-01-10T12:00:00Z".parse().unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn incident() -> Incident {
    let what = Detected {
        fingerprint: "fp_1".to_owned(),
        rule: "acme.api-key".to_owned(),
        kind: Some("acme.api-key".to_owned()),
        provider: "acme".to_owned(),
        title: "Acme API key".to_owned(),
        preview: "acme_…x9y8".to_owned(),
        confidence: Confidence::High,
        severity: Severity::High,
        exposure: Exposure::Public,
        labels: BTreeMap::new(),
        owner: Owner { name: "ann@example.com".to_owned(), found_by: "author".to_owned(), business: None },
    };
    let mut incident = what.incident(IncidentId::new(at(), *b"12345678"), at());
    let occurrence = Occurrence {
        source: "github.com/acme/pay".to_owned(),
        place: "src/main.rs:7".to_owned(),
        commit: Some("c0ffee".to_owned()),
        author: Some("Ann <ann@example.com>".to_owned()),
        url: Some("https://github.com/acme/pay/pull/12/files#r1".to_owned()),
        agent: None,
        since: None,
    };
    incident.apply(at(), &Event::Seen { occurrence, exposure: Exposure::Public });
    let mut identity = Identity::default();
    identity.add("account", "acct-1");
    incident.apply(at(), &Event::Probed { probe: Probe::active(identity) });
    incident
}

/// The only notice of something that happened.
pub(crate) fn notice(notifier: &Notifier, incident: &Incident, event: Occasion) -> Notice {
    let mut due = notifier.notices(incident, event, "3", at());
    assert_eq!(due.len(), 1, "{due:?}");
    let due = due.pop().unwrap_or_else(|| panic!("a notice"));
    assert_eq!(due.after, at());
    // It is a job in between.
    let text = serde_json::to_string(&due.notice).unwrap_or_else(|error| panic!("{error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// Sends what happened to the usual incident.
pub(crate) fn tell(text: &str, event: Occasion) -> Result<Sent, Unsent> {
    let notifier = notifier(text, Path::new(""));
    let notice = notice(&notifier, &incident(), event);
    run(notifier.send(&notice))
}
