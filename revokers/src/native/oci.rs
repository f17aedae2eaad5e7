//! Oracle Cloud: requests signed by draft-cavage-http-signatures with RSA-SHA256
//! (<https://docs.oracle.com/en-us/iaas/Content/API/Concepts/signingrequests.htm>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use md5::{Digest as _, Md5};

use super::crypto::{RsaKey, date, sha256_base64};
use super::signer::{Deriving, Signer, need};
use crate::credential::hex;
use crate::http::Call;
use crate::{Doing, Values, Why};

/// Signs with the leaked key, `{secret}`, of `{user}` in `{tenancy}`. Derives its `{fingerprint}`.
#[derive(Debug)]
pub(crate) struct SigningKey;

/// Signs as our responder: a user's key with the ids of the user and the tenancy.
#[derive(Debug)]
pub(crate) struct ByResponder;

impl Signer for SigningKey {
    fn derives(&self) -> &'static [&'static str] {
        &["fingerprint"]
    }

    fn finds(&self) -> &'static [&'static str] {
        &["fingerprint"]
    }

    fn derive<'a>(&'a self, what: Deriving<'a>) -> Doing<'a, Result<(), Why>> {
        let found = need(what.values, "secret").and_then(|pem| RsaKey::from_pem(pem, "secret"));
        Box::pin(std::future::ready(found.map(|key| what.values.set("fingerprint", fingerprint(&key)))))
    }

    fn sign(&self, call: &mut Call, values: &Values) -> Result<(), Why> {
        let key = RsaKey::from_pem(need(values, "secret")?, "secret")?;
        sign(call, &key, need(values, "tenancy")?, need(values, "user")?, Timestamp::now())
    }
}

impl Signer for ByResponder {
    fn by_responder(&self) -> bool {
        true
    }

    fn sign(&self, call: &mut Call, values: &Values) -> Result<(), Why> {
        let key = RsaKey::from_pem(need(values, "responder")?, "responder")?;
        sign(call, &key, need(values, "responder.tenancy")?, need(values, "responder.user")?, Timestamp::now())
    }
}

/// MD5 of the public key's DER, in pairs of hex, as `openssl rsa -pubout -outform DER | openssl md5 -c` prints it
/// (<https://docs.oracle.com/en-us/iaas/Content/API/Concepts/apisigningkey.htm>).
fn fingerprint(key: &RsaKey) -> String {
    let digest = Md5::digest(key.public_info());
    digest.iter().map(|byte| hex(&[*byte])).collect::<Vec<_>>().join(":")
}

fn sign(call: &mut Call, key: &RsaKey, tenancy: &str, user: &str, now: Timestamp) -> Result<(), Why> {
    call.header("date", &date(now, "%a, %d %b %Y %H:%M:%S GMT"))?;
    let bodied = matches!(call.method(), "POST" | "PUT" | "PATCH");
    if bodied {
        call.header("x-content-sha256", &sha256_base64(call.body_bytes()))?;
        call.header("content-length", &call.body_bytes().len().to_string())?;
    }
    let names: &[&str] = if bodied {
        &["date", "(request-target)", "host", "content-length", "content-type", "x-content-sha256"]
    } else {
        &["date", "(request-target)", "host"]
    };
    let signature = STANDARD.encode(key.sign(text(call, names).as_bytes())?);
    let id = format!("{tenancy}/{user}/{}", fingerprint(key));
    let names = names.join(" ");
    let value = format!(
        "Signature version=\"1\",keyId=\"{id}\",algorithm=\"rsa-sha256\",headers=\"{names}\",signature=\"{signature}\""
    );
    call.header("authorization", &value)
}

/// What is signed: a line for each name.
fn text(call: &Call, names: &[&str]) -> String {
    let url = call.url();
    let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
    let line = |name: &&str| match *name {
        "(request-target)" => format!("{name}: {} {}{query}", call.method().to_ascii_lowercase(), url.path()),
        "host" => format!("host: {}", url.host_str().unwrap_or_default()),
        name => format!("{name}: {}", call.header_value(name).unwrap_or_default()),
    };
    names.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use reqwest::{Method, Url};

    use super::*;

    /// The request and the text of the provider's page; its key of 1024 bits is too small for us to sign with.
    #[test]
    fn what_is_signed_is_that_of_the_documents() -> Result<(), Box<dyn std::error::Error>> {
        let url = "https://iaas.us-phoenix-1.oraclecloud.com/20160918/instances?availabilityDomain=Pjwf%3A%20PHX-AD-1&compartmentId=ocid1.compartment.oc1..example&displayName=TeamXInstances&volumeId=ocid1.volume.oc1.phx.example";
        let mut call = Call::new(Method::GET, Url::parse(url)?);
        call.header("date", "Thu, 05 Jan 2014 21:31:40 GMT")?;
        let wanted = "date: Thu, 05 Jan 2014 21:31:40 GMT\n(request-target): get /20160918/instances?availabilityDomain=Pjwf%3A%20PHX-AD-1&compartmentId=ocid1.compartment.oc1..example&displayName=TeamXInstances&volumeId=ocid1.volume.oc1.phx.example\nhost: iaas.us-phoenix-1.oraclecloud.com";
        assert_eq!(text(&call, &["date", "(request-target)", "host"]), wanted);
        Ok(())
    }
}
