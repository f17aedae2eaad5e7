//! Alibaba Cloud: requests signed by ACS3-HMAC-SHA256
//! (<https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature>).

use jiff::Timestamp;

use super::crypto::{canonical_query, date, hmac_sha256, nonce, sha256_hex};
use super::signer::{Deriving, Signer, need};
use crate::credential::hex;
use crate::http::Call;
use crate::{Doing, Values, Why};

/// Signs with `{access_key_id}` and `{secret}`, or as our responder. Derives `{user_name}` of the `{arn}` that the probe was told:
/// `acs:ram::ACCOUNT:user/NAME`.
#[derive(Debug)]
pub(crate) struct AccessKey;

impl Signer for AccessKey {
    fn derives(&self) -> &'static [&'static str] {
        &["user_name"]
    }

    fn by_responder(&self) -> bool {
        true
    }

    fn derive<'a>(&'a self, what: Deriving<'a>) -> Doing<'a, Result<(), Why>> {
        let name = what.values.get("arn").and_then(|arn| arn.split_once(":user/")).map(|(_, name)| name.to_owned());
        if let Some(name) = name {
            what.values.set("user_name", name);
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn sign(&self, call: &mut Call, values: &Values) -> Result<(), Why> {
        let (id, secret) = match values.get("responder") {
            Some(secret) => (need(values, "responder.access_key_id")?, secret),
            None => (need(values, "access_key_id")?, need(values, "secret")?),
        };
        sign(call, id, secret, Timestamp::now(), &nonce()?)
    }
}

fn sign(call: &mut Call, id: &str, secret: &str, now: Timestamp, nonce: &str) -> Result<(), Why> {
    const ALGORITHM: &str = "ACS3-HMAC-SHA256";
    call.header("x-acs-date", &date(now, "%Y-%m-%dT%H:%M:%SZ"))?;
    call.header("x-acs-signature-nonce", nonce)?;
    call.header("x-acs-content-sha256", &sha256_hex(call.body_bytes()))?;
    let host = call.url().host_str().unwrap_or_default();
    let mut headers = vec![("host", host)];
    let signed = call.header_names().filter(|name| name.starts_with("x-acs-") || *name == "content-type");
    headers.extend(signed.filter_map(|name| Some((name, call.header_value(name)?.trim()))));
    headers.sort_unstable();
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect::<Vec<_>>().concat();
    let (method, path, query) = (call.method(), call.url().path(), canonical_query(call.url()));
    let request = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{}", sha256_hex(call.body_bytes()));
    let text = format!("{ALGORITHM}\n{}", sha256_hex(request.as_bytes()));
    let signature = hex(&hmac_sha256(secret.as_bytes(), text.as_bytes()));
    call.header("authorization", &format!("{ALGORITHM} Credential={id},SignedHeaders={names},Signature={signature}"))
}

#[cfg(test)]
mod tests {
    use reqwest::{Method, Url};

    use super::*;

    /// The fixed parameters of the provider's page.
    #[test]
    fn the_signature_is_that_of_the_documents() -> Result<(), Box<dyn std::error::Error>> {
        let url = "https://ecs.cn-shanghai.aliyuncs.com/?RegionId=cn-shanghai&ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd";
        let mut call = Call::new(Method::POST, Url::parse(url)?);
        call.header("x-acs-action", "RunInstances")?;
        call.header("x-acs-version", "2014-05-26")?;
        sign(
            &mut call,
            "YourAccessKeyId",
            "YourAccessKeySecret",
            "2023-10-26T10:22:32Z".parse()?,
            "3156853299f313e23d1673dc12e1703d",
        )?;
        let signature = call.header_value("authorization").and_then(|value| value.rsplit_once("Signature="));
        let wanted = "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0";
        assert_eq!(signature.map(|(_, signature)| signature), Some(wanted));
        Ok(())
    }
}
