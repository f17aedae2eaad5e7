//! What others wrote stays text, and no secret gets out.

use std::collections::BTreeMap;
use std::path::Path;

use stanch_pipeline::config::PipelineConfig;
use stanch_pipeline::notify::{Notifier, Occasion, Sent};
use stanch_pipeline::{Event, Incident};
use stanch_revokers::act::{Ownership, Plan};
use stanch_revokers::{Hidden, Target};
use stanch_testkit::Canary;
use zeroize::Zeroizing;

use crate::bench::{SLACK, TOKEN, at, config, incident, notice, notifier, run};
use crate::mailbox::Mailbox;
use crate::server::{Reply, Server};

const HOSTILE: &str = "x`</p><script>alert(1)</script>\r\nBcc: evil@example.org\r\n\r\n<!channel> @org/all #1 ```\n<!-- -->\u{202e}![i](http://e.org)";

/// An incident in which everything that others write is hostile.
fn hostile() -> Incident {
    let mut incident = incident();
    let text = || HOSTILE.to_owned();
    (incident.title, incident.preview, incident.provider) = (text(), text(), text());
    (incident.owner.name, incident.owner.business, incident.trouble) = (text(), Some(text()), Some(text()));
    incident.labels = BTreeMap::from([(text(), text())]);
    for place in &mut incident.occurrences {
        (place.source, place.place, place.author, place.url) = (text(), text(), Some(text()), Some(text()));
    }
    incident
}

fn send(notifier: &Notifier, incident: &Incident, event: Occasion) {
    let notice = notice(notifier, incident, event);
    assert_eq!(run(notifier.send(&notice)), Ok(Sent::Told));
}

#[test]
fn slack_shows_text_as_text() {
    let server = Server::saying(Reply::new(200, "ok"));
    let notifier = notifier(&config("slack.a", &server.origin(), "url = { env = 'SLACK' }"), Path::new(""));
    send(&notifier, &hostile(), Occasion::ByHand);
    let body = server.request().json();
    let shown = body["blocks"][1]["text"]["text"].as_str().unwrap_or_default().to_owned();
    let fallback = body["text"].as_str().unwrap_or_default();
    assert!(!fallback.contains('<') && !shown.contains("<!") && !shown.contains("<script"), "{shown}");
    // The only links are ours, and every code that begins ends on its line.
    assert_eq!(shown.matches('<').count(), shown.matches("<https://stanch.example.com/i/inc_").count());
    assert!(shown.lines().all(|line| line.matches('`').count() % 2 == 0), "{shown}");
    assert!(!shown.lines().any(|line| line.starts_with("Bcc:")), "{shown}");
}

#[test]
fn github_shows_text_as_code() {
    let server =
        Server::start(|request| if request.method == "GET" { Reply::new(200, "[]") } else { Reply::new(201, "{}") });
    let section = "token = { env = 'GH' }\nrepository = 'acme/pay'\nissue = 1";
    let notifier = notifier(&config("github.a", &server.origin(), section), Path::new(""));
    send(&notifier, &hostile(), Occasion::ByHand);
    let posted = server.requests().pop().unwrap_or_else(|| panic!("a request")).json();
    let text = posted["body"].as_str().unwrap_or_default();
    // Outside of code, whose fences are longer than any in it, there is neither markup nor a mention.
    let outside: String = text.lines().skip(1).map(|line| line.split("````").step_by(2).collect::<String>()).collect();
    assert!(
        !outside.contains(['@', '#', '!', '[']) && !outside.contains("<script") && !outside.contains("<!--"),
        "{outside}"
    );
    assert!(text.contains("```` x`</p>") || text.contains("````x`</p>"), "{text}");
}

#[test]
fn a_mail_has_the_headers_that_it_was_given() {
    let server = Mailbox::start(&[]);
    let text = config("mail.a", "http://127.0.0.1:1", &server.section("to = ['sec@example.com']"));
    let notifier = notifier(&text, Path::new(""));
    send(&notifier, &hostile(), Occasion::ByHand);
    let letter = server.letter();
    assert_eq!(letter.recipients, ["sec@example.com"]);
    let (head, body) = letter.text.split_once("\r\n\r\n").unwrap_or_default();
    let names: Vec<&str> =
        head.lines().filter(|line| !line.starts_with(' ')).filter_map(|line| line.split(':').next()).collect();
    assert!(!names.contains(&"Bcc") && names.contains(&"Subject") && names.contains(&"Auto-Submitted"), "{names:?}");
    let page = body.split_once("text/html").map(|(_, page)| page).unwrap_or_default();
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"), "{page}");
}

#[test]
fn no_secret_is_in_anything_that_is_written() {
    let canary = Canary::new(concat!("acme_", "p7Qw2LmX94vBzR6tYk1NcH8dJs3F"), 5);
    let hidden = || Hidden(BTreeMap::from([("secret".to_owned(), Zeroizing::new(canary.secret().to_owned()))]));
    let mut incident = incident();
    if let Some(probe) = &mut incident.probe {
        probe.hidden = hidden();
        probe.bound.insert("secret".to_owned(), canary.secret().to_owned());
        let plan = Plan {
            fingerprint: incident.fingerprint.clone(),
            kind: "acme.api-key".to_owned(),
            probe: probe.clone(),
            ownership: Ownership::Listed,
            target: Target { hidden: hidden(), ..Target::default() },
            steps: Vec::new(),
        };
        incident.apply(at(), &Event::Planned { digest: "d1".to_owned(), plan: Box::new(plan) });
    }
    let mut written = Vec::new();
    let server = Server::start(|request| match request.header("host") {
        "api.github.com" if request.method == "GET" => Reply::new(200, "[]"),
        _ => Reply::new(200, "ok"),
    });
    let mailbox = Mailbox::start(&[]);
    let channels = [
        ("slack.a", "url = { env = 'SLACK' }".to_owned()),
        ("teams.a", "url = { env = 'TEAMS' }".to_owned()),
        ("webhook.a", format!("url = {{ value = '{}/x' }}\nsecret = {{ env = 'KEY' }}", server.origin())),
        ("github.a", "token = { env = 'GH' }\nrepository = 'acme/pay'\nissue = 1".to_owned()),
        ("pagerduty.a", "routing_key = { env = 'PD' }".to_owned()),
        ("mail.a", mailbox.section("to = ['sec@example.com']")),
    ];
    for (name, section) in channels {
        let notifier = notifier(&config(name, &server.origin(), &section), Path::new(""));
        for event in Occasion::ALL {
            let notice = notice(&notifier, &incident, event);
            let outcome = run(notifier.send(&notice));
            assert!(outcome.is_ok(), "{name} {event:?}: {outcome:?}");
            let job = serde_json::to_string(&notice).unwrap_or_default();
            written.push(format!("{job} {notice:?} {notifier:?} {outcome:?}"));
        }
    }
    // What a channel's own secret is in goes to that channel alone.
    let telling = [TOKEN, SLACK.rsplit('/').next().unwrap_or_default()];
    assert!(written.iter().all(|text| telling.iter().all(|secret| !text.contains(secret))));
    written.extend(server.requests().iter().map(|request| format!("{request:?}")));
    written.push(mailbox.said());
    assert!(written.len() > 60, "{}", written.len());
    for text in &written {
        assert_eq!(canary.seen_in(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn a_secret_in_the_configuration_is_refused_and_not_repeated() {
    for section in [
        format!("slack.a]\nurl = {{ value = '{SLACK}' }}"),
        format!("github.a]\nrepository = 'a/b'\ntoken = {{ value = '{TOKEN}' }}"),
        format!("pagerduty.a]\nrouting_key = '{TOKEN}'"),
    ] {
        let name = section.split(']').next().unwrap_or_default();
        let text = format!("[ownership]\nfallback = 'a'\n[notify.{section}\n[[notify.route]]\nto = '{name}'");
        let error = PipelineConfig::parse("c.toml", &text).err().unwrap_or_else(|| panic!("{text}"));
        assert!(!error.to_string().contains("Zq81") && !format!("{error:?}").contains("Zq81"), "{error:?}");
    }
}
