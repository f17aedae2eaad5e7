//! Requests of the query protocol: a signed form, answered in XML
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/programming.html>).

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::{Method, Url};
use zeroize::Zeroizing;

use super::partition::{Partition, Place};
use super::sign::{Scope, Unsigned, authorization};
use super::xml::Element;
use crate::http::{Answer, Call, Payer, Repeat};
use crate::native::crypto::percent;
use crate::{Context, Why};

/// What signs a request.
#[derive(Clone)]
pub(super) struct Signer {
    pub(super) key_id: String,
    pub(super) secret: Zeroizing<String>,
    /// Only with a key of a session.
    pub(super) token: Option<Zeroizing<String>>,
}

/// Someone who asks: the leaked key, or the responder.
#[derive(Clone)]
pub(super) struct Hand {
    pub(super) signer: Signer,
    pub(super) partition: Partition,
    pub(super) payer: Payer,
}

impl fmt::Debug for Hand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hand")
            .field("key_id", &self.signer.key_id)
            .field("partition", &self.partition.name)
            .finish_non_exhaustive()
    }
}

/// No answer that means yes.
#[derive(Debug)]
pub(super) enum Failure {
    /// The provider refused, with one of its own codes.
    Refused { code: String },
    /// Nothing is known.
    Unknown(Why),
}

impl Failure {
    /// The provider's code, if it refused.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Refused { code } => code,
            Self::Unknown(_) => "",
        }
    }

    /// As a reason for knowing nothing.
    pub(super) fn why(self) -> Why {
        match self {
            Self::Refused { code } => Why::Other { detail: format!("AWS answers {code}") },
            Self::Unknown(why) => why,
        }
    }
}

/// The names and values of a request.
pub(super) type Fields = Vec<(&'static str, String)>;

impl Hand {
    /// Asks the token service.
    pub(super) async fn sts(&self, cx: &Context, action: &str) -> Result<Element, Failure> {
        let request = Request { place: self.partition.sts, service: "sts", version: "2011-06-15", action };
        self.ask(cx, request, &Fields::new(), Repeat::Safe).await
    }

    /// Asks for what changes nothing.
    pub(super) async fn read(&self, cx: &Context, action: &str, fields: &Fields) -> Result<Element, Failure> {
        self.ask(cx, iam(self.partition, action), fields, Repeat::Safe).await
    }

    /// Asks for what changes something: once.
    pub(super) async fn change(&self, cx: &Context, action: &str, fields: &Fields) -> Result<Element, Failure> {
        self.ask(cx, iam(self.partition, action), fields, Repeat::Never).await
    }

    async fn ask(
        &self,
        cx: &Context,
        request: Request<'_>,
        fields: &Fields,
        repeat: Repeat,
    ) -> Result<Element, Failure> {
        let config = cx.http.config();
        let mut pause = Duration::from_millis(config.backoff_ms);
        for _ in 1..config.attempts.max(1) {
            match self.once(cx, request, fields, repeat).await {
                Err(Failure::Unknown(Why::Throttled { .. })) if repeat == Repeat::Safe => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                outcome => return outcome,
            }
        }
        self.once(cx, request, fields, repeat).await
    }

    async fn once(
        &self,
        cx: &Context,
        request: Request<'_>,
        fields: &Fields,
        repeat: Repeat,
    ) -> Result<Element, Failure> {
        let call = self.call(request, fields).map_err(Failure::Unknown)?;
        let answer = cx.http.send(&call, &self.payer, repeat).await.map_err(Failure::Unknown)?;
        read(&answer, request.action)
    }

    /// A signed request.
    fn call(&self, request: Request<'_>, fields: &Fields) -> Result<Call, Why> {
        const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
        let first = [("Action", request.action), ("Version", request.version)];
        let fields = fields.iter().map(|(name, value)| (*name, value.as_str()));
        let pairs = first.into_iter().chain(fields).map(|(name, value)| format!("{name}={}", percent(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        let at = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let mut headers = vec![("content-type", FORM), ("host", request.place.host), ("x-amz-date", at.as_str())];
        headers.extend(self.signer.token.as_ref().map(|token| ("x-amz-security-token", token.as_str())));
        let scope = Scope { at: &at, region: request.place.region, service: request.service };
        let unsigned = Unsigned { method: "POST", path: "/", query: &[], headers: &headers, body: body.as_bytes() };
        let signed = authorization(&self.signer.key_id, &self.signer.secret, scope, unsigned);
        let url = Url::parse(&format!("https://{}/", request.place.host));
        let mut call = Call::new(Method::POST, url.map_err(|_| Why::Malformed { part: "host".to_owned() })?);
        for (name, value) in headers.iter().filter(|(name, _)| *name != "host") {
            call.header(name, value)?;
        }
        call.header("authorization", &signed)?;
        // Asked for JSON, the token service would answer in JSON.
        call.header("accept", "text/xml")?;
        call.body(FORM, body)?;
        Ok(call)
    }
}

/// What is asked, and where.
#[derive(Debug, Clone, Copy)]
struct Request<'a> {
    place: Place,
    service: &'static str,
    version: &'static str,
    action: &'a str,
}

fn iam(partition: Partition, action: &str) -> Request<'_> {
    Request { place: partition.iam, service: "iam", version: "2010-05-08", action }
}

/// An answer as it is documented, or nothing: `<ActionResponse>` for yes, `<ErrorResponse>` with a code for no
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>).
fn read(answer: &Answer, action: &str) -> Result<Element, Failure> {
    match answer.proves_nothing() {
        // An answer with a code is none of a firewall's, whatever its header says of its type.
        None | Some(Why::Page { .. }) => {}
        Some(why) => return Err(Failure::Unknown(why)),
    }
    let nothing = || Failure::Unknown(answer.proves_nothing().unwrap_or(Why::Answer { status: answer.status }));
    let root = Element::parse(answer.bytes()).ok_or_else(nothing)?;
    match answer.status {
        200 if root.name.strip_suffix("Response") == Some(action) => Ok(root),
        400..=499 if root.name == "ErrorResponse" => Err(refused(answer, &root).unwrap_or_else(nothing)),
        _ => Err(nothing()),
    }
}

fn refused(answer: &Answer, root: &Element) -> Option<Failure> {
    const THROTTLED: [&str; 3] = ["Throttling", "ThrottlingException", "RequestLimitExceeded"];
    const TIMED: [&str; 3] = ["SignatureDoesNotMatch", "RequestExpired", "RequestTimeTooSkewed"];
    // Some endpoints, and emulators, put the one error into a list.
    let code = root.text("Error/Code").or_else(|| root.text("Errors/Error/Code"))?;
    let word = code.len() <= 100 && code.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'.' || c == b'_');
    match code {
        _ if THROTTLED.contains(&code) => Some(Failure::Unknown(Why::Throttled { after: None })),
        _ if TIMED.contains(&code) && skew(answer).is_some() => skew(answer).map(Failure::Unknown),
        _ if word => Some(Failure::Refused { code: code.to_owned() }),
        _ => None,
    }
}

/// Whether our clock is too far from the provider's: then it refuses every signature.
fn skew(answer: &Answer) -> Option<Why> {
    const ALLOWED: i64 = 300;
    let theirs = DateTimeParser::new().parse_timestamp(answer.header("date")?).ok()?;
    let off = Timestamp::now().as_second().saturating_sub(theirs.as_second());
    let detail =
        format!("the clock of this machine is {} minutes off, so that AWS refuses what it signs", off.abs() / 60);
    (off.abs() > ALLOWED).then_some(Why::Other { detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status: u16, date: Option<&str>, body: &str) -> Result<String, Failure> {
        let mut headers = vec![("content-type", "text/html")];
        headers.extend(date.map(|date| ("date", date)));
        read(&Answer::fake(status, &headers, body), "GetUser").map(|root| root.name)
    }

    fn error(code: &str) -> String {
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>"
        )
    }

    #[test]
    fn only_an_answer_of_aws_is_one() {
        assert!(outcome(200, None, "<GetUserResponse/>").is_ok_and(|name| name == "GetUserResponse"));
        let refused = outcome(403, None, &error("AccessDenied"));
        assert_eq!(refused.err().map(|failure| failure.code().to_owned()).as_deref(), Some("AccessDenied"));
        // Another action's answer, a page, a code that is a sentence, a refusal with status 200, an error of theirs.
        let sentence = error("no such key, sorry");
        let (page, wrong, late) = ("<html><b>no</b></html>", "<PutUserResponse/>", error("ServiceFailure"));
        for (status, body) in [(200, wrong), (403, page), (403, &sentence), (200, &error("AccessDenied")), (500, &late)]
        {
            assert!(matches!(outcome(status, None, body), Err(Failure::Unknown(_))), "{status} {body}");
        }
        let throttled = outcome(400, None, &error("Throttling"));
        assert!(matches!(throttled, Err(Failure::Unknown(Why::Throttled { .. }))));
    }

    #[test]
    fn a_clock_that_is_off_is_told() {
        let refused = outcome(403, Some("Sun, 06 Nov 1994 08:49:37 GMT"), &error("SignatureDoesNotMatch"));
        assert!(refused.is_err_and(|failure| failure.why().to_string().contains("clock")));
        let refused = outcome(403, None, &error("SignatureDoesNotMatch"));
        assert_eq!(refused.err().map(|failure| failure.code().to_owned()).as_deref(), Some("SignatureDoesNotMatch"));
    }
}
