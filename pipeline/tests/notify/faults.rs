//! What an answer, or none, means for a notice.

use std::time::Duration;

use stanch_pipeline::notify::{Occasion, Unsent};

use crate::bench::{TOKEN, config, tell};
use crate::server::{Reply, Server};

/// Every channel of HTTP, with its section.
const CHANNELS: [(&str, &str); 6] = [
    ("slack.a", "url = { env = 'SLACK' }"),
    ("slack.b", "token = { env = 'BOT' }\nchannel = 'C1'"),
    ("teams.a", "url = { env = 'TEAMS' }"),
    ("webhook.a", "url = { value = 'https://api.github.com/x' }\nsecret = { env = 'KEY' }"),
    ("github.a", "token = { env = 'GH' }\nrepository = 'acme/pay'\nissue = 1"),
    ("pagerduty.a", "routing_key = { env = 'PD' }"),
];

/// What each channel makes of a reply.
fn outcomes(reply: &Reply) -> Vec<(&'static str, Unsent)> {
    let outcome = |&(name, section): &(&'static str, &str)| {
        let server = Server::saying(reply.clone());
        let told = tell(&config(name, &server.origin(), section), Occasion::Detected);
        let unsent = told.err().unwrap_or_else(|| panic!("{name} takes {reply:?} for success"));
        assert_eq!(server.requests().len(), 1, "{name}: whether it is sent again is for the queue to say");
        assert!(!unsent.to_string().contains(TOKEN) && !unsent.to_string().contains("Zq81"), "{unsent}");
        (name, unsent)
    };
    CHANNELS.iter().map(outcome).collect()
}

#[test]
fn a_limit_is_waited_for_as_long_as_asked() {
    let reply = Reply::Answer(429, vec![("retry-after", "37".to_owned())], String::new());
    for (name, unsent) in outcomes(&reply) {
        assert!(
            matches!(unsent, Unsent::Retry { after: Some(wait), .. } if wait == Duration::from_secs(37)),
            "{name}: {unsent:?}"
        );
    }
}

#[test]
fn what_passes_is_tried_again() {
    for reply in [Reply::new(500, "x"), Reply::new(503, ""), Reply::Reset] {
        for (name, unsent) in outcomes(&reply) {
            assert!(matches!(unsent, Unsent::Retry { after: None, .. }), "{name} {reply:?}: {unsent:?}");
        }
    }
}

#[test]
fn no_answer_in_time_is_tried_again() {
    let server = Server::saying(Reply::Silence);
    let told = tell(&config("teams.a", &server.origin(), "url = { env = 'TEAMS' }"), Occasion::Detected);
    assert!(matches!(&told, Err(Unsent::Retry { why, .. }) if why.contains("too long")), "{told:?}");
}

#[test]
fn what_is_refused_is_given_up_in_plain_sight() {
    let elsewhere = Reply::Answer(302, vec![("location", "https://evil.example/".to_owned())], String::new());
    for reply in [
        Reply::new(400, "invalid_payload"),
        Reply::new(401, ""),
        Reply::new(403, ""),
        Reply::new(404, "no_service"),
        elsewhere,
    ] {
        for (name, unsent) in outcomes(&reply) {
            assert!(matches!(unsent, Unsent::Failed { .. }), "{name} {reply:?}: {unsent:?}");
        }
    }
}

#[test]
fn github_limits_with_403_as_well() {
    let soon = (jiff::Timestamp::now().as_second() + 90).to_string();
    let reply =
        Reply::Answer(403, vec![("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", soon)], String::new());
    let server = Server::saying(reply);
    let section = "token = { env = 'GH' }\nrepository = 'acme/pay'\nissue = 1";
    let told = tell(&config("github.a", &server.origin(), section), Occasion::Detected);
    let Err(Unsent::Retry { after: Some(wait), .. }) = told else { panic!("{told:?}") };
    assert!((60..=90).contains(&wait.as_secs()), "{wait:?}");
}

#[test]
fn a_page_is_not_slack_and_not_github() {
    let page = Reply::Answer(200, vec![("content-type", "text/html".to_owned())], "<html>log in</html>".to_owned());
    for (name, section) in
        CHANNELS.into_iter().filter(|(name, _)| name.starts_with("slack") || name.starts_with("github"))
    {
        let server = Server::saying(page.clone());
        let told = tell(&config(name, &server.origin(), section), Occasion::Detected);
        assert!(matches!(told, Err(Unsent::Retry { .. })), "{name}: {told:?}");
    }
}

#[test]
fn a_secret_that_cannot_be_read_may_be_read_later() {
    let told = tell(&config("slack.a", "http://127.0.0.1:1", "url = { env = 'MISSING' }"), Occasion::Dead);
    assert!(matches!(&told, Err(Unsent::Retry { why, .. }) if why.contains("`MISSING`")), "{told:?}");
}

#[test]
fn only_https_is_called_elsewhere() {
    for address in
        ["http://10.0.0.1/x", "http://localhost:1/x", "ftp://127.0.0.1/x", "https://10.0.0.1/x", "no address"]
    {
        let section = format!("url = {{ value = '{address}' }}\nsecret = {{ env = 'KEY' }}");
        let told = tell(&config("webhook.a", "http://127.0.0.1:1", &section), Occasion::Dead);
        assert!(matches!(told, Err(Unsent::Failed { .. })), "{address}: {told:?}");
    }
}
