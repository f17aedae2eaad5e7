//! One push with a credential in it, from the webhook to its death.

use std::time::Duration;

use ring::hmac::{HMAC_SHA256, Key, sign};
use serde_json::{Value, json};
use stanch_testkit::Sandbox;

use super::Load;
use super::crowd::{moment, now};
use super::http::ask;
use super::provider::{Provider, Way};
use super::serve::{Serving, private};
use super::tell::Line;
use crate::error::BenchError;

/// The name of what is measured, in records.
const CASE: &str = "one push webhook";
/// What signs the webhook.
const SECRET: &str = "made-up webhook secret";

/// Pushes one credential after the other, and tells how long each took to die.
///
/// # Errors
/// If the server does not come up, refuses a webhook, or does not end what it began.
pub fn pushes(load: &Load, tell: impl Fn(&str)) -> Result<Vec<Line>, BenchError> {
    let sandbox = Sandbox::repository(&load.stanch);
    let bare = sandbox.root().join("forge/acme/shop.git").display().to_string();
    sandbox.git(&["clone", "--quiet", "--bare", ".", &bare]);
    sandbox.git(&["--git-dir", &bare, "config", "uploadpack.allowAnySHA1InWant", "true"]);
    sandbox.git(&["remote", "add", "origin", &bare]);
    let provider = Provider::start(Way::Itself, load.pushes, 77)?;
    let secret = private(sandbox.root(), "webhook", SECRET)?;
    let forge = format!(
        "[intake.github]\nurl = 'file://{}'\nrepositories = ['acme/*']\nsecrets = [{{ file = '{}' }}]\n",
        sandbox.root().join("forge").display(),
        secret.display()
    );
    let serving = Serving::start(&sandbox, &format!("{}{forge}", provider.config(sandbox.root())?))?;
    let mut stretches: [Vec<f64>; 5] = Default::default();
    for (number, token) in provider.secrets().iter().enumerate() {
        let lines = pushed(&sandbox, &serving, number, token)?;
        for (all, one) in stretches.iter_mut().zip(lines) {
            all.push(one);
        }
        tell(&format!("{CASE}: {} of {}", number + 1, load.pushes));
    }
    if provider.hits() != load.pushes {
        return Err(BenchError::new(format!("{} effects in place of {}", provider.hits(), load.pushes)));
    }
    let [accepted, found, decided, dead, whole] = stretches;
    Ok(vec![
        Line::of(CASE, "webhook to accepted", accepted, "one after the other"),
        Line::of(CASE, "accepted to found (fetch, scan)", found, ""),
        Line::of(CASE, "found to decided", decided, ""),
        Line::of(CASE, "decided to dead, proven", dead, ""),
        Line::of(CASE, "webhook to dead, proven", whole, "the target is 1,000"),
    ])
}

/// One of them: what each stretch took, in milliseconds.
fn pushed(sandbox: &Sandbox, serving: &Serving, number: usize, token: &str) -> Result<[f64; 5], BenchError> {
    let head = || sandbox.git(&["rev-parse", "HEAD"]).trim().to_owned();
    let before = head();
    sandbox.write(format!("deploy/{number}.env"), format!("name = shop\nGITLAB_TOKEN={token}\n"));
    sandbox.commit("a change");
    sandbox.git(&["push", "--quiet", "origin", "HEAD:refs/heads/main"]);
    let body = push(&before, &head()).to_string();
    let signature = signature(body.as_bytes());
    let delivery = number.to_string();
    let headers = [
        ("Content-Type", "application/json"),
        ("X-GitHub-Event", "push"),
        ("X-GitHub-Delivery", delivery.as_str()),
        ("X-Hub-Signature-256", signature.as_str()),
    ];
    let begun = now();
    let (status, said) = ask(&serving.address, "POST /webhooks/github", &headers, body.as_bytes())?;
    let accepted = now() - begun;
    if status != 202 {
        return Err(BenchError::new(format!("the webhook: {status} {said}")));
    }
    let lines = died(serving, number + 1)?;
    let at = |name| moment(&lines, name).ok_or_else(|| BenchError::new(format!("nothing was {name}")));
    let (found, decided, dead) = (at("detected")? - begun, at("decided")? - begun, at("dead")? - begun);
    Ok([accepted, found - accepted, decided - found, dead - decided, dead])
}

/// Waits for the death of the newest incident, and gives its timeline.
fn died(serving: &Serving, count: usize) -> Result<Vec<(f64, Value)>, BenchError> {
    for _ in 0..3000 {
        let said = serving.api("GET /api/v1/incidents?limit=200", b"")?;
        let all = said.get("incidents").and_then(Value::as_array).cloned().unwrap_or_default();
        let newest =
            all.first().filter(|one| all.len() == count && one.get("state").and_then(Value::as_str) == Some("closed"));
        if let Some(id) = newest.and_then(|one| one.get("id")?.as_str()) {
            return serving.timeline(id);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(BenchError::new("the credential of a push does not die"))
}

/// A push to the repository, as GitHub tells it.
fn push(before: &str, after: &str) -> Value {
    json!({
        "ref": "refs/heads/main", "before": before, "after": after, "deleted": false, "commits": [{}],
        "repository": {
            "full_name": "acme/shop", "private": false, "visibility": "public", "default_branch": "main",
            "pushed_at": jiff::Timestamp::now().as_second(),
        },
    })
}

/// <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>
fn signature(body: &[u8]) -> String {
    let tag = sign(&Key::new(HMAC_SHA256, SECRET.as_bytes()), body);
    let bytes: Vec<String> = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={}", bytes.concat())
}
