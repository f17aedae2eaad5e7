//! The leak check: secrets that come by every way, and everything that is written meanwhile.

use serde_json::json;
use stanch_testkit::Canary;

use crate::bench::{Bench, Wanted, minted, push};
use crate::client::Host;

#[test]
fn no_secret_is_written_but_sealed() {
    let pushed = Canary::new(&minted(41), 4);
    let named = Canary::new(&minted(42), 4);
    let alerted = Canary::new(&minted(43), 4);
    let told = Canary::new(&minted(44), 4);
    let alert = json!({ "secret": alerted.secret() }).to_string();
    let host = Host::start(vec![("/repos/acme/shop/secret-scanning/alerts/7".to_owned(), 200, alert)]);
    let bench = Bench::with(&Wanted { api: Some(host.origin()), ..Wanted::default() });
    let before = bench.head();
    // The path holds a secret, too.
    let path = format!("keys/{}.env", named.secret());
    let after = bench.push(&path, &format!("TOKEN={}\n", pushed.secret()), "main");
    let mut answers = vec![bench.github("push", "1", &push(&before, &after, "refs/heads/main"))];
    let message = json!({ "action": "created", "alert": { "number": 7, "secret_type": "github_personal_access_token" },
        "repository": { "full_name": "acme/shop" } });
    answers.push(bench.github("secret_scanning_alert", "2", &message));
    let body = json!([{ "type": "gitleaks_rule_id_gitlab_personal_access_token", "token": told.secret(),
        "location": format!("https://gitlab.example.com/?t={}", told.secret()) }]);
    let authorization = ("Authorization", "made-up revocation token");
    answers.push(bench.post("/webhooks/gitlab/v1/revoke_tokens", &[authorization], body.to_string().as_bytes()));
    let waiting: Vec<String> =
        [&pushed, &named, &alerted, &told].iter().flat_map(|canary| canary.seen_below(&bench.state())).collect();
    assert!(waiting.is_empty(), "while it waits: {waiting:?}");
    bench.settle();
    assert_eq!(bench.depth(), (0, 0));
    let shown: Vec<String> = bench.incidents().iter().map(|incident| format!("{incident:?}")).collect();
    assert!(shown.len() >= 3, "{shown:?}");
    for canary in [&pushed, &named, &alerted, &told] {
        for text in shown.iter().chain(answers.iter().map(|answer| &answer.body)) {
            assert_eq!(canary.seen_in(text.as_bytes()), None, "{text}");
        }
        // The repository itself holds what was pushed to it, in git's own objects.
        let mut seen = canary.seen_below(&bench.state());
        seen.retain(|place| !place.starts_with("repositories/"));
        assert!(seen.is_empty(), "{seen:?}");
    }
}
