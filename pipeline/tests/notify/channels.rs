//! The documented form of each channel's requests.

use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use stanch_pipeline::notify::{Notifier, Occasion, Sent, Unsent};

use crate::bench::{TOKEN, at, config, incident, notice, notifier, run, tell};
use crate::server::{Reply, Request, Server};

/// The names of an object's fields.
fn fields(value: &Value) -> Vec<&str> {
    // In which order a map keeps its keys is a matter of what else is built.
    let mut names: Vec<&str> = value.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names
}

fn ok() -> Reply {
    Reply::Answer(200, vec![("content-type", "text/html".to_owned())], "ok".to_owned())
}

#[test]
fn slack_takes_blocks_at_a_webhook() {
    let server = Server::saying(ok());
    let text = config("slack.sec", &server.origin(), "url = { env = 'SLACK' }");
    assert_eq!(tell(&text, Occasion::Detected), Ok(Sent::Told));
    let request = server.request();
    assert_eq!((request.method.as_str(), request.header("host")), ("POST", "hooks.slack.com"));
    assert!(request.target.starts_with("/services/T0/B0/"));
    assert!(request.header("content-type").starts_with("application/json"));
    let body = request.json();
    assert_eq!(fields(&body), ["blocks", "text", "unfurl_links", "unfurl_media"]);
    assert_eq!(body["text"], "Leaked: Acme API key (high)");
    let header = json!({ "type": "header", "text": { "type": "plain_text", "text": "Leaked: Acme API key (high)", "emoji": false } });
    assert_eq!(body["blocks"][0], header);
    assert_eq!(body["blocks"][1]["type"], "section");
    assert_eq!(body["blocks"][1]["text"]["type"], "mrkdwn");
    let shown = body["blocks"][1]["text"]["text"].as_str().unwrap_or_default();
    assert!(shown.contains("`github.com/acme/pay` `src/main.rs:7`"), "{shown}");
    assert!(shown.contains("<https://stanch.example.com/i/inc_"), "{shown}");
}

#[test]
fn slack_takes_a_message_of_a_bot() {
    let server = Server::saying(Reply::new(200, r#"{"ok":true}"#));
    let text = config("slack.sec", &server.origin(), "token = { env = 'BOT' }\nchannel = 'C1'");
    assert_eq!(tell(&text, Occasion::Dead), Ok(Sent::Told));
    let request = server.request();
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/api/chat.postMessage"));
    assert_eq!((request.header("host"), request.json()["channel"].as_str()), ("slack.com", Some("C1")));
    assert_eq!(request.header("authorization"), format!("Bearer {TOKEN}"));
    for (answer, retried) in
        [("ratelimited", true), ("internal_error", true), ("invalid_auth", false), ("channel_not_found", false)]
    {
        let server = Server::saying(Reply::new(200, &json!({ "ok": false, "error": answer }).to_string()));
        let text = config("slack.sec", &server.origin(), "token = { env = 'BOT' }\nchannel = 'C1'");
        let failed = tell(&text, Occasion::Dead).err().unwrap_or_else(|| panic!("{answer}"));
        assert_eq!(matches!(failed, Unsent::Retry { .. }), retried, "{failed}");
    }
}

#[test]
fn teams_takes_an_adaptive_card() {
    let server = Server::saying(Reply::new(202, ""));
    let text = config("teams.sec", &server.origin(), "url = { env = 'TEAMS' }");
    assert_eq!(tell(&text, Occasion::ByHand), Ok(Sent::Told));
    let request = server.request();
    assert!(request.method == "POST" && request.target.starts_with("/workflows/w/invoke?sig="));
    let body = request.json();
    assert_eq!(fields(&body), ["attachments", "type"]);
    assert_eq!(body["type"], "message");
    let attachment = &body["attachments"][0];
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    assert!(attachment["contentUrl"].is_null());
    let card = &attachment["content"];
    assert_eq!((card["type"].as_str(), card["version"].as_str()), (Some("AdaptiveCard"), Some("1.2")));
    for block in card["body"].as_array().into_iter().flatten() {
        assert_eq!(
            (block["type"].as_str(), block["inlines"][0]["type"].as_str()),
            (Some("RichTextBlock"), Some("TextRun"))
        );
    }
    assert_eq!(card["body"][0]["inlines"][0]["text"], "By hand: Acme API key (high)");
    assert_eq!(card["actions"][0]["type"], "Action.OpenUrl");
}

#[test]
fn a_webhook_is_signed_as_the_standard_says() {
    let server = Server::saying(Reply::new(204, ""));
    // http to this machine by number; the path is no secret here.
    let section = format!("url = {{ value = '{}/hook?x=1' }}\nsecret = {{ env = 'KEY' }}", server.origin());
    let text = config("webhook.siem", &server.origin(), &section);
    assert_eq!(tell(&text, Occasion::Contained), Ok(Sent::Told));
    let request = server.request();
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/hook?x=1"));
    let (id, stamp) = (request.header("webhook-id"), request.header("webhook-timestamp"));
    assert_eq!(id.len(), 32);
    let age = jiff::Timestamp::now().as_second() - stamp.parse::<i64>().unwrap_or(0);
    assert!((0..60).contains(&age), "{stamp}");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, TOKEN.as_bytes());
    let signed = request.header("webhook-signature").strip_prefix("v1,").map(|text| STANDARD.decode(text));
    let signed = signed.and_then(Result::ok).unwrap_or_default();
    let text = format!("{id}.{stamp}.{}", request.body);
    assert!(ring::hmac::verify(&key, text.as_bytes(), &signed).is_ok());
    let body = request.json();
    assert_eq!(fields(&body), ["data", "timestamp", "type"]);
    assert_eq!(body["type"], "incident.contained");
    assert_eq!((body["data"]["version"].as_u64(), body["data"]["provider"].as_str()), (Some(1), Some("acme")));
}

#[test]
fn a_webhook_keeps_its_id_when_it_is_tried_again() {
    let server = Server::saying(Reply::new(503, ""));
    let section = format!("url = {{ value = '{}/' }}\nsecret = {{ env = 'KEY' }}", server.origin());
    let notifier = notifier(&config("webhook.siem", &server.origin(), &section), Path::new(""));
    let notice = notice(&notifier, &incident(), Occasion::Dead);
    for _ in 0..2 {
        assert!(matches!(run(notifier.send(&notice)), Err(Unsent::Retry { .. })));
    }
    let ids: Vec<String> = server.requests().iter().map(|request| request.header("webhook-id").to_owned()).collect();
    assert!(ids.len() == 2 && ids.first() == ids.last() && ids.first() == Some(&notice.id));
}

#[test]
fn pagerduty_is_triggered_and_resolved_under_one_key() {
    let server = Server::saying(Reply::new(202, r#"{"status":"success"}"#));
    let text = config("pagerduty.oncall", &server.origin(), "routing_key = { env = 'PD' }\nregion = 'eu'");
    assert_eq!(tell(&text, Occasion::Detected), Ok(Sent::Told));
    assert_eq!(tell(&text, Occasion::Contained), Ok(Sent::Nothing));
    assert_eq!(tell(&text, Occasion::Dead), Ok(Sent::Told));
    let [trigger, resolve] = server.requests().try_into().unwrap_or_else(|all: Vec<Request>| panic!("{all:?}"));
    assert_eq!((trigger.target.as_str(), trigger.header("host")), ("/v2/enqueue", "events.eu.pagerduty.com"));
    let body = trigger.json();
    assert_eq!(fields(&body), ["client", "client_url", "dedup_key", "event_action", "payload", "routing_key"]);
    assert_eq!((body["event_action"].as_str(), body["routing_key"].as_str()), (Some("trigger"), Some(TOKEN)));
    assert_eq!(body["dedup_key"], incident().id.as_str());
    let payload = &body["payload"];
    assert_eq!(fields(payload), ["class", "component", "custom_details", "severity", "source", "summary", "timestamp"]);
    assert_eq!(
        (payload["severity"].as_str(), payload["source"].as_str()),
        (Some("error"), Some("github.com/acme/pay"))
    );
    let body = resolve.json();
    assert_eq!(fields(&body), ["dedup_key", "event_action", "routing_key"]);
    assert_eq!(
        (body["event_action"].as_str(), body["dedup_key"].as_str()),
        (Some("resolve"), Some(incident().id.as_str()))
    );
}

/// GitHub as far as comments and issues go. `lose` says of which answers to writes the client sees nothing.
fn github(lose: impl Fn(usize) -> bool + Send + 'static) -> (Server, Arc<Mutex<Vec<Value>>>) {
    let posted = Arc::new(Mutex::new(Vec::<Value>::new()));
    let kept = Arc::clone(&posted);
    let server = Server::start(move |request| {
        let Ok(mut kept) = kept.lock() else { return Reply::Reset };
        let path = request.target.split('?').next().unwrap_or_default().to_owned();
        if request.method == "GET" {
            let page: Vec<&Value> = kept.iter().filter(|entry| entry["at"] == path.as_str()).collect();
            return Reply::new(200, &json!(page).to_string());
        }
        let mut entry = request.json();
        if let Some(fields) = entry.as_object_mut() {
            fields.insert("at".to_owned(), json!(path));
            fields.insert("number".to_owned(), json!(40 + kept.len()));
        }
        kept.push(entry);
        if lose(kept.len()) { Reply::Reset } else { Reply::new(201, "{}") }
    });
    (server, posted)
}

fn told(notifier: &Notifier, event: Occasion) -> Vec<Result<Sent, Unsent>> {
    let notice = notice(notifier, &incident(), event);
    (0..2).map(|_| run(notifier.send(&notice))).collect()
}

#[test]
fn github_gets_a_comment_once_though_its_answer_was_lost() {
    let (server, posted) = github(|_| true);
    let text = config("github.pay", &server.origin(), "token = { env = 'GH' }\nrepository = 'acme/pay'\nissue = 5");
    let notifier = notifier(&text, Path::new(""));
    let outcome = told(&notifier, Occasion::Detected);
    assert!(matches!(outcome.as_slice(), [Err(Unsent::Retry { .. }), Ok(Sent::Already)]), "{outcome:?}");
    assert_eq!(posted.lock().map(|all| all.len()).ok(), Some(1));
    let requests = server.requests();
    let look = requests.first().unwrap_or_else(|| panic!("a request"));
    assert!(
        look.method == "GET" && look.target.starts_with("/repos/acme/pay/issues/5/comments?since=2026-01-10T11"),
        "{}",
        look.target
    );
    assert_eq!(look.header("authorization"), format!("Bearer {TOKEN}"));
    assert_eq!(
        (look.header("accept"), look.header("x-github-api-version")),
        ("application/vnd.github+json", "2022-11-28")
    );
    let post = requests.get(1).unwrap_or_else(|| panic!("a second request"));
    assert_eq!((post.method.as_str(), post.target.as_str()), ("POST", "/repos/acme/pay/issues/5/comments"));
    let body = post.json();
    assert_eq!(fields(&body), ["body"]);
    assert!(body["body"].as_str().is_some_and(|text| text.starts_with("<!-- stanch-notice ")));
}

#[test]
fn github_gets_an_issue_for_each_incident_and_comments_there() {
    let (server, posted) = github(|_| false);
    let text = config("github.pay", &server.origin(), "token = { env = 'GH' }\nrepository = 'acme/pay'");
    let notifier = notifier(&text, Path::new(""));
    assert_eq!(told(&notifier, Occasion::Detected), [Ok(Sent::Told), Ok(Sent::Already)]);
    assert_eq!(told(&notifier, Occasion::Dead), [Ok(Sent::Told), Ok(Sent::Already)]);
    let posted = posted.lock().map(|all| all.clone()).unwrap_or_default();
    let [issue, comment] = posted.as_slice() else { panic!("{posted:?}") };
    assert_eq!((issue["at"].as_str(), &issue["labels"]), (Some("/repos/acme/pay/issues"), &json!(["stanch"])));
    assert_eq!(issue["title"], "Leaked: Acme API key (high)");
    assert_eq!(comment["at"], "/repos/acme/pay/issues/40/comments");
}

#[test]
fn github_gets_a_comment_on_the_pull_request_of_the_same_repository_only() {
    let (server, posted) = github(|_| false);
    let section =
        |repository: &str| format!("token = {{ env = 'GH' }}\nrepository = '{repository}'\npull_request = true");
    let text = config("github.pay", &server.origin(), &section("acme/pay"));
    assert_eq!(tell(&text, Occasion::Detected), Ok(Sent::Told));
    let text = config("github.pay", &server.origin(), &section("acme/other"));
    assert_eq!(tell(&text, Occasion::Detected), Ok(Sent::Nothing));
    let posted = posted.lock().map(|all| all.clone()).unwrap_or_default();
    assert_eq!(
        posted.iter().map(|entry| entry["at"].clone()).collect::<Vec<_>>(),
        ["/repos/acme/pay/issues/12/comments"]
    );
}

#[test]
fn a_template_of_the_user_is_what_is_sent() {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap_or_else(|error| panic!("{error}"));
    };
    write("own.json", "{\"what\": {{ title }}, \"owner\": {{ owner.technical }}}");
    let server = Server::saying(Reply::new(200, ""));
    let section = format!(
        "url = {{ value = '{}/' }}\nsecret = {{ env = 'KEY' }}\ntemplates = {{ dead = 'own.json' }}",
        server.origin()
    );
    let notifier = notifier(&config("webhook.siem", &server.origin(), &section), folder.path());
    let notice = notice(&notifier, &incident(), Occasion::Dead);
    assert_eq!(run(notifier.send(&notice)), Ok(Sent::Told));
    assert_eq!(server.request().json(), json!({ "what": "Acme API key", "owner": "ann@example.com" }));
}

#[test]
fn a_notice_has_the_same_key_when_it_is_made_again() {
    let text = config("slack.sec", "http://127.0.0.1:1", "url = { env = 'SLACK' }");
    let notifier = notifier(&text, Path::new(""));
    let keys: Vec<String> = (0..2).map(|_| notice(&notifier, &incident(), Occasion::ByHand).key()).collect();
    let expected = format!("{}/by-hand/slack.sec/3", incident().id);
    assert_eq!(keys, [expected.clone(), expected]);
}

#[test]
fn routes_choose_by_what_happened_and_quiet_hours_delay() {
    let text = config("slack.sec", "http://127.0.0.1:1", "url = { env = 'SLACK' }")
        .replace("to = 'slack.sec'\n", "to = 'slack.sec'\nseverity = 'critical'\n[[notify.route]]\nto = 'slack.sec'\nevents = ['dead']\nprovider = 'ac*'\nowner = '*@example.com'\nexposure = 'internal'\nquiet = { from = '11:00', to = '13:30', zone = 'UTC' }\n");
    let notifier = notifier(&text, Path::new(""));
    let due = |event| {
        notifier.notices(&incident(), event, "1", at()).into_iter().map(|due| due.after.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(due(Occasion::Detected), Vec::<String>::new());
    assert_eq!(due(Occasion::Dead), ["2026-01-10T13:30:00Z"]);
    let mut critical = incident();
    critical.severity = stanch_model::Severity::Critical;
    let after: Vec<_> =
        notifier.notices(&critical, Occasion::Dead, "1", at()).into_iter().map(|due| due.after).collect();
    assert_eq!(after, [at()], "of two routes the earlier moment holds, and the worst disturbs");
}
