//! Incidents over the wire, from their report to a person's word.

use serde_json::{Value, json};
use stanch_pipeline::Event;
use stanch_server::auth::Role;

use crate::house::House;

/// A made-up credential.
pub(crate) fn minted(seed: u64) -> String {
    let minted = stanch_rules::mint("{{ghp_{base62:30}|github-crc32}}", seed).expect("a recipe");
    String::from_utf8(minted.text).expect("text")
}

/// Its rule.
const RULE: &str = "github.personal-access-token";

fn report(house: &House, body: &Value) -> (u16, Value) {
    let answer = house.ask(Role::Responder, "POST", "/api/v1/findings", Some(body));
    (answer.status, answer.json())
}

#[test]
fn a_report_makes_an_incident_once() {
    let house = House::new();
    let secret = minted(1);
    let place = |line: u32| json!([{ "source": "https://git.example.com/a/b", "place": format!("a.rs:{line}") }]);
    let body = json!({ "secret": secret, "exposure": "public", "labels": { "test": "no" }, "occurrences": place(1) });
    let (status, taken) = report(&house, &body);
    assert_eq!((status, &taken["new"]), (201, &json!(true)));
    let (status, again) = report(&house, &json!({ "secret": secret, "rule": RULE, "occurrences": place(2) }));
    assert_eq!((status, &again["new"], &again["incident"]), (200, &json!(false), &taken["incident"]));
    let path = format!("/api/v1/incidents/{}", taken["incident"].as_str().expect("a name"));
    let shown = house.ask(Role::Viewer, "GET", &path, None).json();
    assert_eq!(
        (&shown["provider"], &shown["exposure"], &shown["state"]),
        (&json!("github"), &json!("public"), &json!("detected"))
    );
    assert_eq!((&shown["places"], &shown["owner"]["name"]), (&json!(2), &json!("security@example.com")));
    assert!(!shown.to_string().contains(&secret));
    let timeline = house.ask(Role::Viewer, "GET", &format!("{path}/timeline"), None).json();
    assert!(timeline["timeline"].as_array().is_some_and(|all| all.iter().all(|line| line["actor"] == "responder")));
}

#[test]
fn no_text_that_is_kept_may_hold_a_secret_value() {
    let house = House::new();
    let (secret, other) = (minted(60), minted(61));
    let place = |field: &str, text: &str| {
        let mut place = json!({ "source": "a", "place": "b:1" });
        place[field] = json!(format!("see {text}."));
        json!({ "secret": secret, "occurrences": [place] })
    };
    let mut bad: Vec<Value> =
        ["source", "place", "commit", "author", "url", "agent"].map(|field| place(field, &secret)).into();
    bad.push(json!({ "secret": secret, "labels": { "a": secret } }));
    bad.push(json!({ "secret": secret, "labels": { secret.clone(): "a" } }));
    bad.push(json!({ "secret": secret, "parts": { secret.clone(): "a" } }));
    // A part is as secret as the rest, unless it is an id or a host.
    for name in ["secret_key", "client_secret", "password"] {
        let mut with = place("author", &other);
        with["parts"] = json!({ name: other });
        bad.push(with);
    }
    for body in &bad {
        let (status, told) = report(&house, body);
        assert_eq!(status, 400, "{body}");
        assert!(!told.to_string().contains(&secret) && !told.to_string().contains(&other), "{told}");
    }
    let mut named = place("author", "acct-12345678");
    named["parts"] = json!({ "account_id": "acct-12345678" });
    assert_eq!(report(&house, &named).0, 201, "a part that is no secret may be told elsewhere");
}

#[test]
fn a_report_that_makes_no_sense_is_refused_without_being_quoted() {
    let house = House::new();
    let secret = minted(2);
    let inside = json!([{ "source": "a", "place": format!("{secret}:1") }]);
    let bad = [
        (json!({ "secret": "" }), 400),
        (json!({ "secret": "  \n" }), 400),
        (json!({ "secret": "nobody knows this one" }), 422),
        (json!({ "secret": secret, "rule": "no.such" }), 400),
        (json!({ "secret": secret, "rule": "openrouter.api-key" }), 422),
        (json!({ "secret": format!("GITHUB_TOKEN={secret}"), "rule": RULE }), 422),
        (json!({ "secret": "nobody knows this one", "rule": RULE }), 422),
        (json!({ "secret": secret, "exposure": "galactic" }), 400),
        (json!({ "secret": secret, "more": 1 }), 400),
        (json!({ "secret": [secret] }), 400),
        (json!({ "secret": secret, "occurrences": inside }), 400),
        (json!({ "secret": secret, "labels": { "a": "b\u{7}" } }), 400),
        (json!({ "secret": secret, "labels": { "a": "b".repeat(1001) } }), 400),
    ];
    for (body, expected) in bad {
        let (status, told) = report(&house, &body);
        assert_eq!(status, expected, "{told}");
        assert!(!told.to_string().contains(&secret) && !told.to_string().contains("nobody knows"), "{told}");
    }
    assert_eq!(house.ask(Role::Viewer, "GET", "/api/v1/incidents", None).json()["incidents"], json!([]));
}

#[test]
fn what_needs_context_is_taken_at_the_word_of_its_rule() {
    let house = House::new();
    let (status, taken) =
        report(&house, &json!({ "secret": "correct horse battery staple 12", "rule": "uri.postgres" }));
    assert_eq!(status, 201, "{taken}");
    let path = format!("/api/v1/incidents/{}", taken["incident"].as_str().expect("a name"));
    assert_eq!(house.ask(Role::Viewer, "GET", &path, None).json()["confidence"], "low");
}

#[test]
fn lists_are_filtered_and_go_on_page_by_page() {
    let house = House::new();
    let ids: Vec<String> = (0..5).map(|n| house.waiting(&format!("fp-list-{n}"), &[]).0.to_string()).collect();
    house.ask(
        Role::Approver,
        "POST",
        &format!("/api/v1/incidents/{}/deny", ids[0]),
        Some(&json!({ "why": "not now" })),
    );
    let list = |query: &str| house.ask(Role::Viewer, "GET", &format!("/api/v1/incidents{query}"), None).json();
    let count = |query: &str| list(query)["incidents"].as_array().map_or(0, Vec::len);
    assert_eq!((count(""), count("?state=waiting"), count("?state=by-hand"), count("?provider=nobody")), (5, 4, 1, 0));
    assert_eq!((count("?text=MAIN.RS"), count("?text=%25"), count("?open=true")), (5, 0, 5));
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = list(&format!("?limit=2{after}"));
        seen.extend(
            page["incidents"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|one| one["id"].as_str().unwrap_or_default().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    let newest_first: Vec<String> = ids.into_iter().rev().collect();
    assert_eq!(seen, newest_first);
    for query in
        ["?limit=0", "?limit=201", "?limit=x", "?state=nowhere", "?stat=waiting", "?after=inc_1", "?after=';--"]
    {
        let target = format!("/api/v1/incidents{query}");
        assert_eq!(house.ask(Role::Viewer, "GET", &target, None).status, 400, "{query}");
    }
}

#[test]
fn a_plan_is_approved_by_its_digest_and_by_two_people() {
    let house = House::new();
    let (id, digest) = house.waiting("fp-approve", &[]);
    let path = format!("/api/v1/incidents/{id}/approve");
    let (_, ada) = house.named("ada", Role::Approver, None, jiff::Timestamp::now());
    let approve =
        |token: &str, digest: &str| house.ask_as(Some(token), "POST", &path, Some(&json!({ "digest": digest })));
    assert_eq!(approve(&ada, "plan_other").code(), "other-plan");
    let people = |answer: &crate::wire::Answer| {
        let all = answer.json()["approvals"].as_array().cloned().unwrap_or_default();
        all.iter().map(|one| one["person"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(people(&approve(&ada, &digest)), ["ada"]);
    // The same person counts once, with another token as well.
    assert_eq!(people(&approve(&ada, &digest)), ["ada"]);
    let (_, second) = house.named("ada", Role::Admin, None, jiff::Timestamp::now());
    assert_eq!(people(&approve(&second, &digest)), ["ada"]);
    assert_eq!(people(&approve(house.token(Role::Approver), &digest)), ["ada", "approver"]);
    assert_eq!(house.ask(Role::Responder, "POST", &path, Some(&json!({ "digest": digest }))).status, 403);
}

#[test]
fn whom_the_policy_does_not_ask_cannot_approve() {
    let groups = [("security".to_owned(), vec!["ada".to_owned()])].into();
    let house = House::with(stanch_server::ServerConfig { groups, ..Default::default() });
    let (id, digest) = house.waiting("fp-groups", &[&["security"], &["bob"]]);
    let path = format!("/api/v1/incidents/{id}/approve");
    let body = json!({ "digest": digest });
    let (_, ada) = house.named("ada", Role::Approver, None, jiff::Timestamp::now());
    assert_eq!(house.ask(Role::Approver, "POST", &path, Some(&body)).status, 403);
    let approved = house.ask_as(Some(&ada), "POST", &path, Some(&body)).json();
    assert_eq!(approved["approvals"][0]["groups"], json!(["security"]));
}

#[test]
fn people_deny_retry_and_remark() {
    let house = House::new();
    let (id, digest) = house.waiting("fp-people", &[]);
    let say = |role, verb: &str, body: Option<&Value>| {
        house.ask(role, "POST", &format!("/api/v1/incidents/{id}/{verb}"), body)
    };
    assert_eq!(say(Role::Responder, "note", Some(&json!({ "text": "looks like ours" }))).status, 200);
    assert_eq!(say(Role::Responder, "note", Some(&json!({ "text": " " }))).status, 400);
    let credential = minted(3);
    let refused = say(Role::Responder, "note", Some(&json!({ "text": format!("it is {credential}") })));
    assert_eq!((refused.status, refused.code().as_str()), (422, "credential"));
    assert_eq!(say(Role::Approver, "deny", Some(&json!({ "why": "a test key" }))).json()["state"], "by-hand");
    assert_eq!(say(Role::Approver, "approve", Some(&json!({ "digest": digest }))).code(), "not-waiting");
    assert_eq!(say(Role::Responder, "retry", None).json()["state"], "detected");
    house.append(&id, &[Event::Closed { ending: stanch_pipeline::Ending::ByPerson }]);
    assert_eq!(say(Role::Responder, "retry", None).code(), "closed");
    let timeline = house.ask(Role::Viewer, "GET", &format!("/api/v1/incidents/{id}/timeline?limit=1000"), None).json();
    let said: Vec<(&str, &str)> = timeline["timeline"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| (line["event"]["event"].as_str().unwrap_or_default(), line["actor"].as_str().unwrap_or_default()))
        .collect();
    for line in [("noted", "responder"), ("denied", "approver"), ("retried", "responder")] {
        assert!(said.contains(&line), "{line:?} in {said:?}");
    }
    assert!(!timeline.to_string().contains(&credential));
}

#[test]
fn what_is_not_there_is_not_found() {
    let house = House::new();
    for id in ["inc_00000000000000000000", "inc_1", "1", "INC_00000000000000000000", "inc_0000000000000000000u"] {
        for rest in ["", "/timeline", "/export"] {
            let answer = house.ask(Role::Viewer, "GET", &format!("/api/v1/incidents/{id}{rest}"), None);
            assert_eq!((answer.status, answer.code().as_str()), (404, "not-found"), "{id}{rest}");
        }
    }
    assert_eq!(house.ask(Role::Viewer, "GET", "/api/v1/nothing", None).code(), "not-found");
    assert_eq!(house.ask(Role::Viewer, "DELETE", "/api/v1/incidents", None).code(), "method");
}

#[test]
fn what_was_given_out_is_in_the_log() {
    let house = House::new();
    let (id, _) = house.waiting("fp-export", &[]);
    let answer = house.ask(Role::Viewer, "GET", &format!("/api/v1/incidents/{id}/export"), None);
    assert_eq!(answer.header("content-disposition"), Some(format!("attachment; filename=\"{id}.json\"").as_str()));
    assert_eq!(answer.json()["incident"]["fingerprint"], "fp-export");
    let log = house.ask(Role::Viewer, "GET", "/api/v1/audit?limit=1000", None).json();
    let lines = log["lines"].as_array().expect("lines");
    let told = lines.iter().any(|line| {
        line["actor"] == "viewer" && line["event"] == json!({ "event": "exported", "what": id.to_string() })
    });
    assert!(told, "{log:#}");
    let verified = house.ask(Role::Responder, "GET", "/api/v1/audit/verify", None).json();
    assert_eq!((&verified["sound"], verified["lines"].as_u64()), (&json!(true), Some(lines.len() as u64)));
    // Each line follows the one before it, and the head is that of the last.
    for (before, line) in lines.iter().zip(lines.iter().skip(1)) {
        assert_eq!(line["prev"], before["hash"]);
    }
    let head = house.ask(Role::Viewer, "GET", "/api/v1/audit/head", None).json();
    assert_eq!((head["seq"].as_u64(), &head["hash"]), (Some(lines.len() as u64), &lines[lines.len() - 1]["hash"]));
    let page = house.ask(Role::Viewer, "GET", "/api/v1/audit?limit=2&after=1", None).json();
    assert_eq!((page["lines"][0]["seq"].as_u64(), page["next"].as_u64()), (Some(2), Some(3)));
}

#[test]
fn what_is_known_and_counted_is_told() {
    let house = House::new();
    let kinds = house.ask(Role::Viewer, "GET", "/api/v1/providers", None).json();
    assert!(kinds["kinds"].as_array().is_some_and(|all| all.len() > 50));
    assert_eq!(house.ask(Role::Viewer, "GET", "/api/v1/policies", None).json()["policies"][0]["id"], "default");
    let (id, _) = house.waiting("fp-stats", &[]);
    house.append(&id, &[Event::Dead]);
    let stats = house.ask(Role::Viewer, "GET", "/api/v1/stats", None).json();
    assert_eq!(stats["incidents"], json!({ "dead": 1 }));
    assert_eq!(stats["providers"]["acme"]["detected_to_dead"]["count"], 1);
    let exposed = stats["all"]["exposed_to_detected"]["median"].as_f64().expect("a number");
    assert!((59.0..65.0).contains(&exposed), "{exposed}");
    for query in ["?from=tomorrow", "?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"] {
        assert_eq!(house.ask(Role::Viewer, "GET", &format!("/api/v1/stats{query}"), None).status, 400, "{query}");
    }
    let metrics = house.ask(Role::Viewer, "GET", "/metrics", None);
    let text = String::from_utf8(metrics.body).expect("text");
    for line in [
        "stanch_incidents{state=\"dead\"} 1",
        "stanch_workers_up 1",
        "stanch_detected_to_dead_seconds_count{provider=\"acme\"} 1",
        "stanch_detected_to_contained_seconds_count{provider=\"acme\"} 1",
        "stanch_exposed_to_detected_seconds_bucket{provider=\"acme\",le=\"60\"}",
        "stanch_http_requests_total{method=\"GET\",path=\"/api/v1/stats\",status=\"200\"} 1",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    assert!(!text.contains(id.as_str()), "a path is counted as it was declared");
}
