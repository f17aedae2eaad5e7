//! Who is believed, and what is refused.

use serde_json::json;

use crate::bench::{Bench, NONE, SECRET, Wanted, minted, old_signature, push, signature};
use crate::client::Host;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

#[test]
fn only_what_is_signed_is_taken() {
    let bench = Bench::new();
    let body = push(A, B, "refs/heads/main").to_string();
    let body = body.as_bytes();
    let sent = |signature: &str| bench.github_signed("push", "1", body, signature).status;
    assert_eq!(sent(&signature("made-up other secret", body)), 401);
    assert_eq!(sent(&signature(SECRET, b"other bytes")), 401);
    assert_eq!(sent("sha256=00"), 401);
    assert_eq!(sent(""), 401);
    assert_eq!(bench.depth(), (0, 0), "nothing of it is kept");
    assert_eq!(sent(&signature(SECRET, body)), 202);
    assert_eq!(bench.depth(), (1, 0));
    let other = push(B, A, "refs/heads/main").to_string();
    let old = bench.github_signed("push", "2", other.as_bytes(), &old_signature(other.as_bytes()));
    assert_eq!(old.status, 202, "a secret that is being replaced counts, too");
}

#[test]
fn a_replay_is_known_by_its_bytes_whatever_its_id() {
    let bench = Bench::new();
    let payload = push(A, B, "refs/heads/main");
    assert_eq!(bench.github("push", "1", &payload).status, 202);
    for delivery in ["1", "2"] {
        let again = bench.github("push", delivery, &payload);
        assert_eq!((again.status, again.body.contains("known")), (200, true));
    }
    assert_eq!(bench.depth(), (1, 0));
}

#[test]
fn what_asks_for_nothing_is_answered_and_forgotten() {
    let bench = Bench::new();
    assert_eq!(bench.github("ping", "1", &json!({ "zen": "x" })).status, 200);
    assert_eq!(bench.github("issues", "2", &json!({ "action": "opened" })).status, 200);
    assert_eq!(bench.github("push", "3", &push(A, NONE, "refs/heads/gone")).status, 200);
    let repository = push(A, B, "refs/heads/x")["repository"].clone();
    let closed = json!({ "action": "closed", "pull_request": { "number": 1 }, "repository": repository });
    assert_eq!(bench.github("pull_request", "4", &closed).status, 200);
    assert_eq!(bench.depth(), (0, 0));
}

#[test]
fn what_is_not_as_it_should_be_is_refused() {
    let bench = Bench::new();
    let mut foreign = push(A, B, "refs/heads/main");
    foreign["repository"]["full_name"] = json!("evil/shop");
    assert_eq!(bench.github("push", "1", &foreign).status, 403);
    for name in ["acme/../../etc", "acme/x y", "acme/-x", "acme"] {
        foreign["repository"]["full_name"] = json!(name);
        assert_eq!(bench.github("push", "1", &foreign).status, 400, "{name}");
    }
    let mut old = push(A, B, "refs/heads/main");
    old["repository"]["pushed_at"] = json!(jiff::Timestamp::now().as_second() - 97 * 3600);
    let refused = bench.github("push", "1", &old);
    assert_eq!((refused.status, refused.body.contains("too-old")), (400, true));
    let mut odd = push(A, B, "refs/heads/main");
    odd["after"] = json!("--upload-pack=id");
    assert_eq!(bench.github("push", "1", &odd).status, 400);
    assert_eq!(bench.github_bytes("push", "1", b"{").status, 400);
    assert_eq!(bench.github("push", "", &push(A, B, "refs/heads/main")).status, 400, "no delivery");
    let form =
        [("Content-Type", "application/x-www-form-urlencoded"), ("X-GitHub-Event", "push"), ("X-GitHub-Delivery", "1")];
    let signed = signature(SECRET, b"payload=%7B%7D");
    let form: Vec<(&str, &str)> = form.into_iter().chain([("X-Hub-Signature-256", signed.as_str())]).collect();
    assert_eq!(bench.post("/webhooks/github", &form, b"payload=%7B%7D").status, 415);
    assert_eq!(bench.depth(), (0, 0));
}

#[test]
fn what_is_too_large_is_refused_unread() {
    let bench = Bench::new();
    let body = vec![b' '; (25 << 20) + 1];
    assert_eq!(bench.github_bytes("push", "1", &body).status, 413);
}

#[test]
fn a_flood_is_told_to_come_back() {
    let bench = Bench::with(&Wanted { depth: Some(3), ..Wanted::default() });
    let sent: Vec<_> =
        (0..5).map(|number| bench.github("push", "1", &push(A, B, &format!("refs/heads/{number}")))).collect();
    let statuses: Vec<u16> = sent.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [202, 202, 202, 503, 503]);
    assert!(sent[4].head.contains("retry-after: "), "{}", sent[4].head);
    assert_eq!(bench.depth(), (3, 0));
}

#[test]
fn an_alert_is_asked_about() {
    let token = minted(11);
    let location = json!({ "path": "deploy/key.env", "start_line": 3, "commit_sha": A });
    let alert = json!({ "number": 7, "secret": token, "first_location_detected": location }).to_string();
    let host = Host::start(vec![("/repos/acme/shop/secret-scanning/alerts/7".to_owned(), 200, alert)]);
    let bench = Bench::with(&Wanted { api: Some(host.origin()), ..Wanted::default() });
    let message = |action: &str| {
        json!({
            "action": action,
            "alert": { "number": 7, "secret_type": "github_personal_access_token", "updated_at": jiff::Timestamp::now() },
            "repository": { "full_name": "acme/shop", "private": true },
        })
    };
    assert_eq!(bench.github("secret_scanning_alert", "1", &message("resolved")).status, 200);
    assert_eq!(bench.github("secret_scanning_alert", "2", &message("created")).status, 202);
    bench.settle();
    assert_eq!(bench.depth(), (0, 0));
    let incidents = bench.incidents();
    let [incident] = incidents.as_slice() else { panic!("{incidents:?}") };
    assert_eq!(incident.rule, "github.personal-access-token");
    assert_eq!(
        (incident.exposure.as_str(), incident.labels.get("environment").map(String::as_str)),
        ("internal", Some("production"))
    );
    assert_eq!(incident.occurrences[0].place, "deploy/key.env:3");
    let asked = host.seen();
    assert!(asked.len() == 1 && asked[0].to_ascii_lowercase().contains("authorization: bearer made-up-api-token"));
}

#[test]
fn an_alert_that_may_not_be_read_is_given_up_in_plain_sight() {
    let host = Host::start(Vec::new());
    let bench = Bench::with(&Wanted { api: Some(host.origin()), ..Wanted::default() });
    let message = json!({ "action": "created", "alert": { "number": 8 }, "repository": { "full_name": "acme/shop" } });
    assert_eq!(bench.github("secret_scanning_alert", "1", &message).status, 202);
    bench.settle();
    assert_eq!(bench.depth(), (0, 1));
}
