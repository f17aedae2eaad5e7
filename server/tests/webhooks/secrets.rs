//! Secrets of webhooks that cannot be read: no delivery is lost by that, and no stranger makes more of it.

use std::path::Path;

use serde_json::{Value, json};

use crate::bench::{Bench, NONE, SECRET, TOKEN, Wanted, must, push};

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// A command that notes that it was started, and then does something.
fn command(count: &Path, then: &str) -> Value {
    json!({ "command": ["sh", "-c", format!("echo x >>'{}'; {then}", count.display())] })
}

fn started(count: &Path) -> usize {
    std::fs::read_to_string(count).map_or(0, |text| text.lines().count())
}

#[test]
fn a_delivery_that_cannot_be_checked_is_to_be_sent_again() {
    let folder = must(tempfile::tempdir());
    let count = folder.path().join("count");
    let bench = Bench::with(&Wanted { secrets: Some(json!([command(&count, "exit 1")])), ..Wanted::default() });
    let payload = push(A, NONE, "refs/heads/main");
    for _ in 0..3 {
        let answer = bench.github("push", "1", &payload);
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert!(answer.head.contains("retry-after:"), "{}", answer.head);
    }
    let gitlab = [("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Token", TOKEN)];
    assert_eq!(bench.post("/webhooks/gitlab", &gitlab, b"{}").status, 503);
    let revoke = bench.post("/webhooks/gitlab/v1/revoke_tokens", &[("Authorization", "made-up")], b"[]");
    assert_eq!(revoke.status, 429, "the status after which GitLab tries again");
    assert_eq!(started(&count), 1, "that it failed is known for a while");
}

#[test]
fn one_secret_that_can_be_read_is_enough() {
    let folder = must(tempfile::tempdir());
    let count = folder.path().join("count");
    let secrets = json!([command(&count, "exit 1"), command(&count, &format!("echo '{SECRET}'"))]);
    let bench = Bench::with(&Wanted { secrets: Some(secrets), ..Wanted::default() });
    assert_eq!(bench.github("push", "1", &push(A, NONE, "refs/heads/main")).status, 200);
    assert_eq!(bench.github_signed("push", "1", b"{}", "sha256=00").status, 503, "it may be of the other one");
}

#[test]
fn many_who_ask_at_once_start_one_command() {
    let folder = must(tempfile::tempdir());
    let count = folder.path().join("count");
    let secrets = json!([command(&count, &format!("sleep 1; echo '{SECRET}'"))]);
    let bench = Bench::with(&Wanted { secrets: Some(secrets), ..Wanted::default() });
    let payload = push(A, NONE, "refs/heads/main");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(bench.github("push", "1", &payload).status, 200));
        }
    });
    assert_eq!(started(&count), 1);
}
