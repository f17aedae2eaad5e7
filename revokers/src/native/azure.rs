//! Microsoft Azure and Entra: tokens of our responder, and the signatures of services that take keys.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use reqwest::{Method, Url};
use zeroize::Zeroizing;

use super::crypto::{date, hmac_sha256, percent, sha256_base64, sha256_hex};
use super::signer::{Deriving, Signer, need};
use crate::http::{Call, Repeat};
use crate::{Doing, Values, Why};

/// The form of dates in HTTP (RFC 9110, 5.6.7).
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// Whose requests are signed besides. All derive `{responder.graph}`, `{responder.arm}` and `{responder.devops}`: access tokens of our
/// responder for Microsoft Graph, Azure Resource Manager and Azure DevOps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Azure {
    /// Nobody's.
    Plain,
    /// Storage: `{account}` and `{key}`.
    Storage,
    /// Cosmos DB: `{key}`.
    Cosmos,
    /// Service Bus and Event Hubs: `{policy}` and `{key}`.
    Bus,
    /// App Configuration: `{key_id}` and `{key}`.
    AppConfiguration,
}

impl Azure {
    /// The end of the hosts whose requests are signed.
    const fn domain(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Storage => Some(".blob.core.windows.net"),
            Self::Cosmos => Some(".documents.azure.com"),
            Self::Bus => Some(".servicebus.windows.net"),
            Self::AppConfiguration => Some(".azconfig.io"),
        }
    }
}

impl Signer for Azure {
    fn derives(&self) -> &'static [&'static str] {
        &["responder.graph", "responder.arm", "responder.devops"]
    }

    fn derive<'a>(&'a self, mut what: Deriving<'a>) -> Doing<'a, Result<(), Why>> {
        Box::pin(async move {
            token(&mut what, "responder.graph", "https://graph.microsoft.com/.default").await?;
            token(&mut what, "responder.arm", "https://management.azure.com/.default").await?;
            // The id of Azure DevOps in every tenant (https://learn.microsoft.com/en-us/azure/devops/integrate/get-started/authentication/oauth).
            token(&mut what, "responder.devops", "499b84ac-1321-427f-aa17-267ca6975798/.default").await
        })
    }

    fn sign(&self, call: &mut Call, values: &Values) -> Result<(), Why> {
        let host = call.url().host_str().unwrap_or_default().to_owned();
        if !self.domain().is_some_and(|domain| host.ends_with(domain)) {
            return Ok(());
        }
        let (now, key) = (Timestamp::now(), need(values, "key")?);
        match self {
            Self::Plain => Ok(()),
            Self::Storage => sign_storage(call, need(values, "account")?, key, now),
            Self::Cosmos => sign_cosmos(call, key, now),
            Self::Bus => sign_bus(call, need(values, "policy")?, key, now),
            Self::AppConfiguration => sign_app_configuration(call, need(values, "key_id")?, key, now),
        }
    }
}

/// Sets an access token of our responder for one audience, if it is asked for: an application's client secret is exchanged for it
/// (<https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow>); without a tenant the responder's
/// secret is a token.
async fn token(what: &mut Deriving<'_>, name: &str, scope: &str) -> Result<(), Why> {
    const GOOD: Duration = Duration::from_mins(45);
    if !what.wants(name) {
        return Ok(());
    }
    let secret = Zeroizing::new(need(what.values, "responder")?.to_owned());
    let Some(tenant) = what.values.get("responder.tenant").map(str::to_owned) else {
        what.values.set(name, secret.as_str());
        return Ok(());
    };
    let client = need(what.values, "responder.client_id")?.to_owned();
    let kept = sha256_hex(Zeroizing::new(format!("azure {scope} {tenant} {client} {}", *secret)).as_bytes());
    if let Some(token) = what.cx.responders.session(&kept).await {
        what.values.set(name, token.as_str());
        return Ok(());
    }
    let address = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", percent(&tenant));
    let address = Url::parse(&address).map_err(|_| Why::Malformed { part: "tenant".to_owned() })?;
    let mut call = Call::new(Method::POST, address);
    let fields =
        [("grant_type", "client_credentials"), ("client_id", &client), ("client_secret", &secret), ("scope", scope)];
    let form: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
    call.body("application/x-www-form-urlencoded", form.join("&"))?;
    let answer = what.cx.http.send(&call, what.payer, Repeat::Safe).await?;
    let token = answer.json().and_then(|json| Some(Zeroizing::new(json.get("access_token")?.as_str()?.to_owned())));
    let token = token.filter(|_| answer.status == 200).ok_or(Why::Answer { status: answer.status })?;
    what.values.set(name, token.as_str());
    what.cx.responders.keep(kept, token, GOOD).await;
    Ok(())
}

/// A MAC by a key that is written in base64.
fn mac(key: &str, text: &str) -> Result<String, Why> {
    let key = STANDARD.decode(key).map(Zeroizing::new).map_err(|_| Why::Malformed { part: "key".to_owned() })?;
    Ok(STANDARD.encode(hmac_sha256(&key, text.as_bytes()).as_slice()))
}

/// Shared Key (<https://learn.microsoft.com/en-us/rest/api/storageservices/authorize-with-shared-key>).
fn sign_storage(call: &mut Call, account: &str, key: &str, now: Timestamp) -> Result<(), Why> {
    call.header("x-ms-date", &date(now, HTTP_DATE))?;
    call.header("x-ms-version", "2021-12-02")?;
    let text = storage_text(call, account);
    call.header("authorization", &format!("SharedKey {account}:{}", mac(key, &text)?))
}

fn storage_text(call: &Call, account: &str) -> String {
    const STANDARD_HEADERS: [&str; 11] = [
        "content-encoding",
        "content-language",
        "content-length",
        "content-md5",
        "content-type",
        "date",
        "if-modified-since",
        "if-match",
        "if-none-match",
        "if-unmodified-since",
        "range",
    ];
    let mut text = format!("{}\n", call.method());
    for name in STANDARD_HEADERS {
        text.push_str(call.header_value(name).unwrap_or_default());
        text.push('\n');
    }
    let mut own: Vec<&str> = call.header_names().filter(|name| name.starts_with("x-ms-")).collect();
    own.sort_unstable();
    for name in own {
        text.push_str(&format!("{name}:{}\n", call.header_value(name).unwrap_or_default().trim()));
    }
    text.push_str(&format!("/{account}{}", call.url().path()));
    let mut query: Vec<_> = call.url().query_pairs().map(|(name, value)| (name.to_lowercase(), value)).collect();
    query.sort();
    for (name, value) in query {
        text.push_str(&format!("\n{name}:{value}"));
    }
    text
}

/// A master key's token (<https://learn.microsoft.com/en-us/rest/api/cosmos-db/access-control-on-cosmosdb-resources>). Only lists of what
/// an account has are asked for, which are named by nothing but their type.
fn sign_cosmos(call: &mut Call, key: &str, now: Timestamp) -> Result<(), Why> {
    let (day, kind) = (date(now, HTTP_DATE), call.url().path().trim_matches('/').to_owned());
    let token = cosmos_token(call.method(), &kind, "", &day, key)?;
    call.header("x-ms-date", &day)?;
    call.header("x-ms-version", "2018-12-31")?;
    call.header("authorization", &token)
}

fn cosmos_token(method: &str, kind: &str, link: &str, day: &str, key: &str) -> Result<String, Why> {
    let text = format!("{}\n{kind}\n{link}\n{}\n\n", method.to_lowercase(), day.to_lowercase());
    Ok(percent(&format!("type=master&ver=1.0&sig={}", mac(key, &text)?)))
}

/// A shared access signature for the address (<https://learn.microsoft.com/en-us/rest/api/eventhub/generate-sas-token>). The key is taken
/// as it is written.
fn sign_bus(call: &mut Call, policy: &str, key: &str, now: Timestamp) -> Result<(), Why> {
    const GOOD: i64 = 300;
    let host = call.url().host_str().unwrap_or_default();
    let (resource, until) = (percent(&format!("https://{host}/").to_lowercase()), now.as_second() + GOOD);
    let mac = hmac_sha256(key.as_bytes(), format!("{resource}\n{until}").as_bytes());
    let signature = percent(&STANDARD.encode(mac.as_slice()));
    let value = format!("SharedAccessSignature sr={resource}&sig={signature}&se={until}&skn={}", percent(policy));
    call.header("authorization", &value)
}

/// HMAC authentication (<https://learn.microsoft.com/en-us/azure/azure-app-configuration/rest-api-authentication-hmac>).
fn sign_app_configuration(call: &mut Call, id: &str, key: &str, now: Timestamp) -> Result<(), Why> {
    const NAMES: &str = "x-ms-date;host;x-ms-content-sha256";
    let (day, digest) = (date(now, HTTP_DATE), sha256_base64(call.body_bytes()));
    let url = call.url();
    let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let host = url.host_str().unwrap_or_default();
    let signature = mac(key, &format!("{}\n{target}\n{day};{host};{digest}", call.method()))?;
    call.header("x-ms-date", &day)?;
    call.header("x-ms-content-sha256", &digest)?;
    let value = format!("HMAC-SHA256 Credential={id}&SignedHeaders={NAMES}&Signature={signature}");
    call.header("authorization", &value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the provider's page.
    #[test]
    fn the_token_of_cosmos_is_that_of_the_documents() {
        let key =
            concat!("dsZQi3KtZmCv1ljt3VNWNm7sQUF1y5rJfC6kv5", "JiwvW0EndXdDku/dkKBp8/ufDToSxLzR4y+O/0H/t4bQtVNw==");
        let token = cosmos_token("GET", "dbs", "dbs/ToDoList", "Thu, 27 Apr 2017 00:51:12 GMT", key);
        let wanted = "type%3Dmaster%26ver%3D1.0%26sig%3Dc09PEVJrgp2uQRkr934kFbTqhByc7TVr3OHyqlu%2Bc%2Bc%3D";
        assert_eq!(token.as_deref(), Ok(wanted));
    }

    /// The text of the provider's page for a request without a body.
    #[test]
    fn what_storage_signs_is_that_of_the_documents() -> Result<(), Box<dyn std::error::Error>> {
        let url = "https://myaccount.blob.core.windows.net/mycontainer?restype=container&comp=metadata&timeout=20";
        let mut call = Call::new(Method::GET, Url::parse(url)?);
        call.header("x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT")?;
        call.header("x-ms-version", "2015-02-21")?;
        let wanted = "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20";
        assert_eq!(storage_text(&call, "myaccount"), wanted);
        Ok(())
    }
}
