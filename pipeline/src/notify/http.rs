//! One request to a channel, and what its answer means for the notice.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use stanch_revokers::Why;
use stanch_revokers::http::{Answer, Call, Client, Payer, Repeat};
use stanch_revokers::responder::Responders;

use super::Unsent;

/// What channels send with: the one HTTP client, and the reader of secrets.
pub(super) struct Wire {
    pub(super) client: Arc<Client>,
    pub(super) responders: Arc<Responders>,
}

/// What no channel asks for by itself, in requests a minute.
const PER_MINUTE: u32 = 60;
/// The longest that the other side may ask us to wait.
const LONGEST: Duration = Duration::from_hours(24);

impl Wire {
    /// Sends a request once. Whether it is sent again is for the queue to say.
    pub(super) async fn send(&self, call: &Call, notice_channel: &str) -> Result<Answer, Unsent> {
        let payer = Payer {
            provider: "notify".to_owned(),
            account: notice_channel.to_owned(),
            per_minute: PER_MINUTE,
            per_hour: None,
        };
        self.client.send(call, &payer, Repeat::Never).await.map_err(|why| unsent(&why))
    }
}

/// A request with a body of JSON.
pub(super) fn json(method: &str, address: &str, body: String) -> Result<Call, Unsent> {
    let mut call = Call::configured(method, address).map_err(|why| unsent(&why))?;
    call.body("application/json; charset=utf-8", body).map_err(|why| unsent(&why))?;
    Ok(call)
}

/// Adds a header.
pub(super) fn header(call: &mut Call, name: &str, value: &str) -> Result<(), Unsent> {
    call.header(name, value).map_err(|why| unsent(&why))
}

/// No answer: was it the network, or is it that we may not call?
pub(super) fn unsent(why: &Why) -> Unsent {
    match why {
        Why::Transport { .. } => Unsent::retry(why.to_string()),
        Why::Throttled { after } => Unsent::Retry { after: after.map(Duration::from_secs), why: why.to_string() },
        _ => Unsent::failed(why.to_string()),
    }
}

/// What an answer means by its status alone.
pub(super) fn settled(answer: &Answer) -> Result<(), Unsent> {
    let status = answer.status;
    match status {
        200..=299 => Ok(()),
        429 => Err(Unsent::Retry { after: retry_after(answer), why: "too many requests".to_owned() }),
        408 | 425 | 500.. => Err(Unsent::Retry { after: retry_after(answer), why: format!("the answer was {status}") }),
        300..=399 => Err(Unsent::failed(format!("a redirect is not followed ({status})"))),
        401 | 403 => Err(Unsent::failed(format!("we may not ({status})"))),
        404 | 410 => Err(Unsent::failed(format!("it is not there any more ({status})"))),
        _ => Err(Unsent::failed(format!("the request was refused ({status})"))),
    }
}

/// How long the other side asks us to wait: seconds, or a date (<https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3>).
pub(super) fn retry_after(answer: &Answer) -> Option<Duration> {
    let text = answer.header("retry-after")?;
    let text = text.trim();
    let until = || {
        let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        u64::try_from(date.as_second() - Timestamp::now().as_second()).ok()
    };
    let seconds = text.parse().ok().or_else(until)?;
    Some(Duration::from_secs(seconds).min(LONGEST))
}
