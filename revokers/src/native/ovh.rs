//! OVH: requests signed by a SHA-1 digest of all that is secret and sent
//! (<https://help.ovhcloud.com/csm/en-api-getting-started-ovhcloud-api>).

use reqwest::{Method, Url};
use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

use super::signer::{Deriving, Signer, need};
use crate::credential::hex;
use crate::http::{Call, Repeat};
use crate::{Doing, Values, Why};

/// Signs with `{application_key}`, `{application_secret}` and `{secret}`, the consumer key, at the time of the provider's clock.
#[derive(Debug)]
pub(crate) struct ConsumerKey;

impl Signer for ConsumerKey {
    fn derives(&self) -> &'static [&'static str] {
        &["time"]
    }

    fn derive<'a>(&'a self, what: Deriving<'a>) -> Doing<'a, Result<(), Why>> {
        Box::pin(async move {
            let address = Url::parse(&format!("https://{}/1.0/auth/time", need(what.values, "host")?));
            let mut call = Call::new(Method::GET, address.map_err(|_| Why::Malformed { part: "host".to_owned() })?);
            call.leaked_host = what.values.is_leaked_host("host");
            let answer = what.cx.http.send(&call, what.payer, Repeat::Safe).await?;
            let time: i64 = answer.text().trim().parse().map_err(|_| Why::Answer { status: answer.status })?;
            what.values.set("time", time.to_string());
            Ok(())
        })
    }

    fn sign(&self, call: &mut Call, values: &Values) -> Result<(), Why> {
        let (application, consumer) = (need(values, "application_key")?, need(values, "secret")?);
        let time = need(values, "time")?;
        let signature = signature(call, need(values, "application_secret")?, consumer, time);
        call.header("x-ovh-application", application)?;
        call.header("x-ovh-consumer", consumer)?;
        call.header("x-ovh-timestamp", time)?;
        call.header("x-ovh-signature", &signature)
    }
}

fn signature(call: &Call, secret: &str, consumer: &str, time: &str) -> String {
    let body = Zeroizing::new(String::from_utf8_lossy(call.body_bytes()).into_owned());
    let text = Zeroizing::new([secret, consumer, call.method(), call.url().as_str(), &body, time].join("+"));
    format!("$1${}", hex(&Sha1::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digest of the documented text was computed by `sha1sum`.
    #[test]
    fn the_signature_is_the_digest_of_the_documented_text() -> Result<(), Box<dyn std::error::Error>> {
        let call = Call::new(Method::GET, Url::parse("https://eu.api.ovh.com/1.0/me?x=1")?);
        assert_eq!(signature(&call, "as", "ck", "1700000000"), "$1$ecc8b40657ffe5d7eecbac64187607c4931fe177");
        Ok(())
    }
}
