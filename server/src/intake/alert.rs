//! An alert of GitHub's secret scanning: what it is about is asked for, as the message does not hold the secret.
//!
//! <https://docs.github.com/en/rest/secret-scanning/secret-scanning#get-a-secret-scanning-alert>; the message is
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads#secret_scanning_alert>.

use std::time::Duration;

use serde::Deserialize;
use stanch_pipeline::intake::{Alert, Failure, Text};
use stanch_revokers::Context;
use stanch_revokers::http::{Answer, Call, Payer, Repeat};

/// The alert, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    pub(super) secret: Text,
    #[serde(default)]
    pub(super) first_location_detected: Option<Location>,
}

/// Where a credential stands, if it does in a file.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Location {
    pub(super) path: Option<String>,
    pub(super) start_line: Option<u64>,
    pub(super) commit_sha: Option<String>,
    pub(super) html_url: Option<String>,
}

/// Asks GitHub about an alert.
pub(super) async fn ask(cx: &Context, api: &str, token: &str, alert: &Alert) -> Result<Asked, Failure> {
    let Alert { repository, number, .. } = alert;
    let address = format!("{api}/repos/{}/secret-scanning/alerts/{number}", repository.name);
    let call = call(&address, token).map_err(|why| Failure::never(why.to_string()))?;
    let payer = Payer { provider: "github".to_owned(), ..Payer::default() };
    let answer = cx.http.send(&call, &payer, Repeat::Safe).await;
    let answer = answer.map_err(|why| Failure::later(format!("GitHub does not tell of the alert: {why}")))?;
    match answer.status {
        200 => serde_json::from_slice(answer.bytes())
            .map_err(|_| Failure::never("GitHub's answer about the alert holds no secret")),
        // A limit is told by 403, too.
        403 | 429 if limited(&answer) => {
            Err(Failure::Later { why: "GitHub asks for patience".to_owned(), after: after(&answer) })
        }
        401 | 403 | 404 => Err(Failure::never(format!(
            "GitHub answers {}: the token of `intake.github` may not read the alerts of this repository",
            answer.status
        ))),
        status => Err(Failure::later(format!("GitHub answers {status}"))),
    }
}

fn call(address: &str, token: &str) -> Result<Call, stanch_revokers::Why> {
    let mut call = Call::configured("GET", address)?;
    call.header("authorization", &format!("Bearer {token}"))?;
    call.header("accept", "application/vnd.github+json")?;
    call.header("x-github-api-version", "2022-11-28")?;
    Ok(call)
}

/// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit>
fn limited(answer: &Answer) -> bool {
    answer.status == 429
        || answer.header("retry-after").is_some()
        || answer.header("x-ratelimit-remaining").as_deref() == Some("0")
}

fn after(answer: &Answer) -> Option<Duration> {
    Some(Duration::from_secs(answer.header("retry-after")?.trim().parse().ok()?))
}
