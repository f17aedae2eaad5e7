//! Signed requests to a program, as <https://www.standardwebhooks.com> has them, for which every language has a library.
//!
//! `webhook-id` is the notice's name and stays the same when it is tried again; `webhook-timestamp` is when this request was made, in seconds;
//! `webhook-signature` is `v1,` and the base64 of the HMAC-SHA256 of `id.timestamp.body`. A receiver compares the signature, refuses what is
//! older than some minutes, and does nothing for an id that it has seen: then a request that somebody recorded is worth nothing.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::hmac;
use serde_json::json;
use zeroize::Zeroizing;

use super::http::{Wire, header, json as request, settled};
use super::key::Key;
use super::template::Templates;
use super::text::Format;
use super::{Notice, Sent, Unsent, settings};
use crate::config::ConfigError;

/// The shortest key, in bytes.
const SHORTEST: usize = 24;

pub(super) struct Channel {
    url: Key,
    secret: Key,
    templates: Templates,
}

impl Channel {
    pub(super) fn new(config: &settings::Webhook, folder: &Path) -> Result<Self, ConfigError> {
        let templates = Templates::load(&config.templates, folder, &[Format::Json])?;
        Ok(Self { url: Key::new("url", &config.url), secret: Key::new("secret", &config.secret), templates })
    }

    pub(super) async fn send(&self, wire: &Wire, notice: &Notice) -> Result<Sent, Unsent> {
        let body = self.body(notice)?;
        let secret = self.secret.get(&wire.responders).await?;
        let key = self.secret.judge(signing_key(&secret)).await?;
        let address = self.url.get(&wire.responders).await?;
        let stamp = Timestamp::now().as_second().to_string();
        let signature = sign(&key, &notice.id, &stamp, &body);
        let mut call = request("POST", &address, body)?;
        header(&mut call, "webhook-id", &notice.id)?;
        header(&mut call, "webhook-timestamp", &stamp)?;
        header(&mut call, "webhook-signature", &signature)?;
        let answer = wire.send(&call, &notice.channel).await?;
        let outcome = self.url.judge(settled(&answer).map(|()| Sent::Told)).await;
        self.secret.judge(outcome).await
    }

    fn body(&self, notice: &Notice) -> Result<String, Unsent> {
        if self.templates.has(notice.event) {
            let message = self.templates.render(Format::Json, &notice.view);
            return message.map(|message| message.body).map_err(|why| Unsent::failed(why.to_string()));
        }
        let kind = format!("incident.{}", notice.event.as_str());
        Ok(json!({ "type": kind, "timestamp": notice.view.at, "data": notice.view }).to_string())
    }
}

fn signing_key(secret: &str) -> Result<hmac::Key, Unsent> {
    let bytes = match secret.strip_prefix("whsec_") {
        Some(rest) => STANDARD.decode(rest).map_err(|_| Unsent::failed("`secret` is no base64 after `whsec_`"))?,
        None => secret.as_bytes().to_vec(),
    };
    let bytes = Zeroizing::new(bytes);
    if bytes.len() < SHORTEST {
        return Err(Unsent::failed(format!("`secret` is shorter than {SHORTEST} bytes")));
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

fn sign(key: &hmac::Key, id: &str, stamp: &str, body: &str) -> String {
    let tag = hmac::sign(key, format!("{id}.{stamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>, whose key is public.
    #[test]
    fn a_signature_is_the_standards() {
        let secret = concat!("whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2", "LaLaSw");
        let key = signing_key(secret).unwrap_or_else(|error| panic!("{error}"));
        let signature = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_short_or_broken_key_signs_nothing() {
        assert!(signing_key("short").is_err());
        assert!(signing_key("whsec_!!").is_err_and(|why| !why.to_string().contains("!!")));
    }
}
