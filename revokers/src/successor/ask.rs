//! What the stores behind HTTP share: who asks, how an address is put together, and what an answer means.

use reqwest::{Method, Url};
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::Failure;
use super::wiped::{Wiped, body};
use crate::http::{Answer, Call, Payer, Repeat};
use crate::responder::Responder;
use crate::{Context, Why};

/// A store that is asked, with the credential of ours that may.
pub(super) struct Asker<'a> {
    cx: &'a Context,
    payer: Payer,
    base: Url,
    headers: Vec<(&'static str, Zeroizing<String>)>,
}

impl<'a> Asker<'a> {
    /// Someone who asks the store at `host`.
    pub(super) fn new(cx: &'a Context, responder: &Responder, provider: &str, host: &str) -> Result<Self, Failure> {
        const PER_MINUTE: u32 = 60;
        let account = responder.account.clone().unwrap_or_default();
        let payer = Payer { provider: provider.to_owned(), account, per_minute: PER_MINUTE, per_hour: None };
        Ok(Self { cx, payer, base: origin(host)?, headers: Vec::new() })
    }

    /// Adds a header of every request.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, Zeroizing::new(value.into())));
        self
    }

    /// The address of a path, each segment percent-encoded.
    pub(super) fn at<S: AsRef<str>>(&self, segments: impl IntoIterator<Item = S>) -> Result<Url, Failure> {
        let mut url = self.base.clone();
        let wrong = || Failure::not("the address of the store cannot be written");
        url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().extend(segments);
        Ok(url)
    }

    /// Asks for what changes nothing.
    pub(super) async fn get(&self, url: Url) -> Result<Answer, Failure> {
        let call = self.call(Method::GET, url)?;
        self.cx.http.send(&call, &self.payer, Repeat::Safe).await.map_err(lost)
    }

    /// Sends a document, once. `room` is the length of what is secret in it.
    pub(super) async fn send(
        &self,
        method: Method,
        url: Url,
        kind: &str,
        document: &impl Serialize,
        room: usize,
    ) -> Result<Answer, Failure> {
        let mut call = self.call(method, url)?;
        let text = body(document, room).ok_or_else(|| Failure::not("the request cannot be written"))?;
        call.body(kind, text).map_err(lost)?;
        self.deliver(&call).await
    }

    /// Sends a request that is complete, once.
    pub(super) async fn deliver(&self, call: &Call) -> Result<Answer, Failure> {
        self.cx.http.send(call, &self.payer, Repeat::Never).await.map_err(lost)
    }

    fn call(&self, method: Method, url: Url) -> Result<Call, Failure> {
        let mut call = Call::new(method, url);
        for (name, value) in &self.headers {
            call.header(name, value).map_err(lost)?;
        }
        Ok(call)
    }
}

/// The responder of a store. Of several it is the one for one of these accounts.
pub(super) async fn responder(cx: &Context, id: &str, accounts: &[String]) -> Result<Responder, Failure> {
    cx.responders.get(&cx.config, id, accounts).await.map_err(lost)
}

/// A part of a responder that must be there.
pub(super) fn part<'r>(responder: &'r Responder, id: &str, name: &str) -> Result<&'r str, Failure> {
    let value = responder.parts.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    value.ok_or_else(|| Failure::Not(format!("the responder `{id}` has no part `{name}`")))
}

/// The origin of a host with its port, and nothing else.
fn origin(host: &str) -> Result<Url, Failure> {
    let wrong = || Failure::not("the host of the store is none: it is written without https:// and without a path");
    let url = Url::parse(&format!("https://{host}/")).map_err(|_| wrong())?;
    let plain =
        url.path() == "/" && url.query().is_none() && url.fragment().is_none() && !host.contains(['@', '/', '\\']);
    if plain && url.host_str().is_some_and(|name| !name.is_empty()) { Ok(url) } else { Err(wrong()) }
}

/// What it means that no answer came.
pub(super) fn lost(why: Why) -> Failure {
    match why {
        Why::Transport { sent: true, .. } | Why::TooLarge { .. } => Failure::Unknown(why.to_string()),
        why => Failure::Not(why.to_string()),
    }
}

/// What an answer means that is not the one that was hoped for. What it says is not repeated.
pub(super) fn unexpected(answer: &Answer) -> Failure {
    let status = answer.status;
    match answer.proves_nothing() {
        Some(why @ (Why::Throttled { .. } | Why::Redirect)) => return Failure::Not(why.to_string()),
        Some(why) => return Failure::Unknown(why.to_string()),
        None => {}
    }
    match status {
        401 => Failure::not("the store does not know the responder (status 401)"),
        403 => Failure::not("the responder may not do it (status 403)"),
        404 => Failure::not("the store knows no such place (status 404)"),
        400..=499 => Failure::Not(format!("the store refuses it (status {status})")),
        _ => Failure::Unknown(Why::Answer { status }.to_string()),
    }
}

/// The document of an answer of one of these statuses.
pub(super) fn document(answer: &Answer, good: &[u16]) -> Result<Wiped, Failure> {
    if !good.contains(&answer.status) || answer.proves_nothing().is_some() {
        return Err(unexpected(answer));
    }
    let strange = || Failure::Unknown("the store's answer is not as it is documented".to_owned());
    answer.json().filter(Value::is_object).map(Wiped).ok_or_else(strange)
}

/// Whether what was read is what was put there.
pub(super) fn same(there: Option<&str>, value: &str) -> Result<(), Failure> {
    match there {
        Some(there) if there == value => Ok(()),
        Some(_) => Err(Failure::not("another value stands there")),
        None => Err(Failure::not("no value stands there")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_host_and_nothing_else() {
        for host in ["vault.example.com", "vault.example.com:8200", "10.0.0.1:6443", "[2001:db8::1]:6443"] {
            assert!(origin(host).is_ok(), "{host}");
        }
        for host in ["", "a@b.example", "a.example/x", "a.example?x", "a.example#x", "https://a.example", "a b"] {
            assert!(origin(host).is_err(), "{host}");
        }
    }

    #[test]
    fn what_a_store_says_is_not_repeated() {
        for status in [400, 401, 403, 404, 409, 422, 429, 500, 200] {
            let failure = format!("{:?}", unexpected(&Answer::fake(status, &[], "{\"message\":\"hidden-word\"}")));
            assert!(!failure.contains("hidden-word"), "{failure}");
        }
        assert!(matches!(unexpected(&Answer::fake(503, &[], "")), Failure::Unknown(_)));
        assert!(matches!(unexpected(&Answer::fake(422, &[], "")), Failure::Not(_)));
    }
}
