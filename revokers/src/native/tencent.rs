//! Tencent Cloud: requests signed by TC3-HMAC-SHA256 (<https://www.tencentcloud.com/document/product/598/33159>).

use jiff::Timestamp;

use super::crypto::{canonical_query, date, hmac_sha256, sha256_hex};
use super::signer::{Signer, need};
use crate::credential::hex;
use crate::http::Call;
use crate::{Values, Why};

/// Signs with `{secret_id}` and `{secret}`, or as our responder.
#[derive(Debug)]
pub(crate) struct ApiKey;

impl Signer for ApiKey {
    fn by_responder(&self) -> bool {
        true
    }

    fn sign(&self, call: &mut Call, values: &Values) -> Result<(), Why> {
        let (id, secret) = match values.get("responder") {
            Some(secret) => (need(values, "responder.secret_id")?, secret),
            None => (need(values, "secret_id")?, need(values, "secret")?),
        };
        sign(call, id, secret, Timestamp::now())
    }
}

fn sign(call: &mut Call, id: &str, secret: &str, now: Timestamp) -> Result<(), Why> {
    const ALGORITHM: &str = "TC3-HMAC-SHA256";
    const NAMES: &str = "content-type;host;x-tc-action";
    let host = call.url().host_str().unwrap_or_default();
    let service = host.split('.').next().unwrap_or_default();
    let (stamp, day) = (now.as_second(), date(now, "%Y-%m-%d"));
    let kind = call.header_value("content-type").unwrap_or_default();
    let action = call.header_value("x-tc-action").unwrap_or_default().to_ascii_lowercase();
    let headers = format!("content-type:{kind}\nhost:{host}\nx-tc-action:{action}\n");
    let (method, query) = (call.method(), canonical_query(call.url()));
    let request = format!("{method}\n/\n{query}\n{headers}\n{NAMES}\n{}", sha256_hex(call.body_bytes()));
    let scope = format!("{day}/{service}/tc3_request");
    let text = format!("{ALGORITHM}\n{stamp}\n{scope}\n{}", sha256_hex(request.as_bytes()));
    let mut key = zeroize::Zeroizing::new(format!("TC3{secret}").into_bytes());
    for part in scope.split('/') {
        key = hmac_sha256(&key, part.as_bytes());
    }
    let signature = hex(&hmac_sha256(&key, text.as_bytes()));
    call.header("x-tc-timestamp", &stamp.to_string())?;
    let value = format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={NAMES}, Signature={signature}");
    call.header("authorization", &value)
}

#[cfg(test)]
mod tests {
    use reqwest::{Method, Url};

    use super::*;

    /// The example of the provider's page, whose key is written as asterisks.
    #[test]
    fn the_signature_is_that_of_the_documents() -> Result<(), Box<dyn std::error::Error>> {
        let mut call = Call::new(Method::POST, Url::parse("https://cvm.tencentcloudapi.com/")?);
        call.header("content-type", "application/json; charset=utf-8")?;
        call.header("x-tc-action", "DescribeInstances")?;
        let body = r#"{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}"#;
        call.body("", body.to_owned())?;
        let stars = "*".repeat(32);
        sign(&mut call, "id", &stars, Timestamp::from_second(1_551_113_065)?)?;
        let signature = call.header_value("authorization").and_then(|value| value.rsplit_once("Signature="));
        let wanted = "10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f";
        assert_eq!(signature.map(|(_, signature)| signature), Some(wanted));
        Ok(())
    }
}
