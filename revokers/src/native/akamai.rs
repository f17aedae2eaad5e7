//! Akamai: requests signed by EG1-HMAC-SHA256 (<https://techdocs.akamai.com/developer/docs/edgegrid>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::crypto::{date, hmac_sha256, nonce, sha256_base64};
use super::signer::{Signer, need};
use crate::http::Call;
use crate::{Values, Why};

/// Signs with `{client_token}`, `{access_token}` and `{secret}`.
#[derive(Debug)]
pub(crate) struct EdgeGrid;

impl Signer for EdgeGrid {
    fn sign(&self, call: &mut Call, values: &Values) -> Result<(), Why> {
        let tokens = (need(values, "client_token")?, need(values, "access_token")?);
        sign(call, tokens, need(values, "secret")?, Timestamp::now(), &nonce()?)
    }
}

fn sign(call: &mut Call, (client, access): (&str, &str), secret: &str, now: Timestamp, nonce: &str) -> Result<(), Why> {
    // What is longer is cut for the digest; nothing that we send is.
    const MOST: usize = 131_072;
    let stamp = date(now, "%Y%m%dT%H:%M:%S+0000");
    let head = format!("EG1-HMAC-SHA256 client_token={client};access_token={access};timestamp={stamp};nonce={nonce};");
    let url = call.url();
    let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let body = call.body_bytes();
    let digest = match (call.method(), body) {
        ("POST", [_, ..]) => sha256_base64(body.get(..MOST).unwrap_or(body)),
        _ => String::new(),
    };
    let host = url.host_str().unwrap_or_default();
    let text = format!("{}\thttps\t{host}\t{target}\t\t{digest}\t{head}", call.method());
    let key = STANDARD.encode(hmac_sha256(secret.as_bytes(), stamp.as_bytes()).as_slice());
    let signature = STANDARD.encode(hmac_sha256(key.as_bytes(), text.as_bytes()).as_slice());
    call.header("authorization", &format!("{head}signature={signature}"))
}

#[cfg(test)]
mod tests {
    use reqwest::{Method, Url};

    use super::*;

    /// The values and the signatures of the provider's test data
    /// (<https://github.com/akamai/AkamaiOPEN-edgegrid-python>).
    #[test]
    fn signatures_are_those_of_the_provider() -> Result<(), Box<dyn std::error::Error>> {
        let base = "https://akaa-baseurl-xxxxxxxxxxx-xxxxxxxxxxxxx.luna.akamaiapis.net";
        let secret = format!("{}=", "x".repeat(43));
        let tokens = ("akab-client-token-xxx-xxxxxxxxxxxxxxxx", "akab-access-token-xxx-xxxxxxxxxxxxxxxx");
        for (method, path, body, wanted) in [
            (Method::GET, "/", "", "tL+y4hxyHxgWVD30X3pWnGKHcPzmrIF+LThiAOhMxYU="),
            (
                Method::POST,
                "/testapi/v1/t3",
                "datadatadatadatadatadatadatadata",
                "hXm4iCxtpN22m4cbZb4lVLW5rhX8Ca82vCFqXzSTPe4=",
            ),
        ] {
            let mut call = Call::new(method, Url::parse(&format!("{base}{path}"))?);
            if !body.is_empty() {
                call.body("", body.to_owned())?;
            }
            sign(&mut call, tokens, &secret, "2014-03-21T19:34:21Z".parse()?, "nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")?;
            let signature = call.header_value("authorization").and_then(|value| value.rsplit_once("signature="));
            assert_eq!(signature.map(|(_, signature)| signature), Some(wanted), "{path}");
        }
        Ok(())
    }
}
