//! GitLab's webhooks, and the API to which it hands over what it found.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::hmac::{HMAC_SHA256, Key, sign};
use serde_json::{Value, json};

use crate::bench::{Bench, NONE, TOKEN, Wanted, minted};
use crate::client::send;

const ROUTE: &str = "/webhooks/gitlab";
const REVOKE: &str = "/webhooks/gitlab/v1/revoke_tokens";
const TYPES: &str = "/webhooks/gitlab/v1/revocable_token_types";
const AUTHORIZATION: (&str, &str) = ("Authorization", "made-up revocation token");

fn pushed(before: &str, after: &str) -> Value {
    json!({
        "object_kind": "push",
        "before": before,
        "after": after,
        "ref": "refs/heads/main",
        "total_commits_count": 1,
        "project": { "path_with_namespace": "acme/shop", "visibility_level": 10, "default_branch": "main" },
    })
}

#[test]
fn a_push_is_scanned() {
    let bench = Bench::new();
    let before = bench.head();
    let after = bench.push("a.env", &format!("TOKEN={}\n", minted(31)), "main");
    let body = pushed(&before, &after).to_string();
    let sent = |token: &str| {
        bench.post(ROUTE, &[("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Token", token)], body.as_bytes()).status
    };
    assert_eq!((sent("made-up"), sent(TOKEN), sent(TOKEN)), (401, 202, 200));
    assert_eq!(bench.post(ROUTE, &[("X-Gitlab-Event", "Push Hook")], body.as_bytes()).status, 401);
    bench.settle();
    let incidents = bench.incidents();
    assert_eq!(incidents.iter().map(|incident| incident.exposure.as_str()).collect::<Vec<_>>(), ["internal"]);
    let gone = pushed(&after, NONE).to_string();
    let headers = [("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Token", TOKEN)];
    assert_eq!(bench.post(ROUTE, &headers, gone.as_bytes()).status, 200);
}

#[test]
fn a_signature_counts_before_a_token() {
    let bench = Bench::new();
    let body = pushed(&bench.head(), &bench.head()).to_string();
    let now = Timestamp::now().as_second();
    let sent = |id: &str, at: i64, key: u8, token: &str| {
        let text = format!("{id}.{at}.{body}");
        let tag = sign(&Key::new(HMAC_SHA256, &[key; 32]), text.as_bytes());
        let (signature, at) = (format!("v1,{}", STANDARD.encode(tag.as_ref())), at.to_string());
        let headers = [
            ("X-Gitlab-Event", "Push Hook"),
            ("X-Gitlab-Token", token),
            ("webhook-id", id),
            ("webhook-timestamp", at.as_str()),
            ("webhook-signature", signature.as_str()),
        ];
        bench.post(ROUTE, &headers, body.as_bytes()).status
    };
    assert_eq!(sent("m1", now, 8, TOKEN), 401, "a wrong signature is not made good by a token");
    assert_eq!(sent("m1", now - 600, 7, TOKEN), 401, "a message of before");
    assert_eq!(sent("m1", now, 7, "x"), 202);
}

#[test]
fn credentials_are_handed_over() {
    let bench = Bench::new();
    let types = send(bench.address, "GET", TYPES, &[AUTHORIZATION], b"");
    assert_eq!(types.status, 200);
    assert!(types.body.contains("gitleaks_rule_id_gitlab_personal_access_token"), "{}", types.body);
    assert_eq!(send(bench.address, "GET", TYPES, &[], b"").status, 401);
    let secret = concat!("glp", "at-", "made_up_made_up_20ch");
    let one = json!({
        "type": "gitleaks_rule_id_gitlab_personal_access_token",
        "token": secret,
        "location": "https://gitlab.example.com/a/b/-/blob/0/x.java",
    });
    let body = json!([one]).to_string();
    let post = |authorization: (&str, &str), body: &str| bench.post(REVOKE, &[authorization], body.as_bytes()).status;
    assert_eq!(post(("Authorization", "x"), &body), 401);
    assert_eq!(post(AUTHORIZATION, "{}"), 400);
    assert_eq!(post(AUTHORIZATION, &json!([one, { "type": "x", "token": "y" }]).to_string()), 400);
    assert_eq!(bench.depth(), (0, 0), "all or nothing");
    assert_eq!((post(AUTHORIZATION, &body), post(AUTHORIZATION, &body)), (204, 204));
    assert_eq!(post(("Authorization", "Bearer made-up revocation token"), "[]"), 204);
    assert_eq!(send(bench.address, "GET", REVOKE, &[AUTHORIZATION], b"").status, 405);
    bench.settle();
    let incidents = bench.incidents();
    let [incident] = incidents.as_slice() else { panic!("{incidents:?}") };
    assert_eq!((incident.rule.as_str(), incident.exposure.as_str()), ("gitlab.personal-access-token", "public"));
    assert_eq!(incident.occurrences[0].url.as_deref(), Some("https://gitlab.example.com/a/b/-/blob/0/x.java"));
}

#[test]
fn a_flood_of_credentials_is_told_to_come_back() {
    let bench = Bench::with(&Wanted { depth: Some(1), ..Wanted::default() });
    let body = |number: u32| {
        let one =
            json!({ "type": "gitleaks_rule_id_gitlab_personal_access_token", "token": format!("made-up-{number}") });
        json!([one]).to_string()
    };
    assert_eq!(bench.post(REVOKE, &[AUTHORIZATION], body(1).as_bytes()).status, 204);
    let answer = bench.post(REVOKE, &[AUTHORIZATION], body(2).as_bytes());
    assert_eq!((answer.status, answer.head.contains("retry-after: ")), (429, true));
}
