//! Keys of Bedrock: bearer tokens that either IAM keeps or that are a signed address
//! (<https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html>).

use std::collections::BTreeMap;

use jiff::Timestamp;
use reqwest::{Method, Url};

use super::bound::{BEARER, WHAT};
use super::id::{LongTerm, ShortTerm, account_of, is_region, is_session};
use super::listed::user_of;
use super::partition::Partition;
use super::{Aws, partition, told, unknown};
use crate::http::{Answer, Call, Repeat};
use crate::{Context, Credential, Identity, Liveness, Outcome, Probe, Target, Why};

/// How long a key that is over by its own date may be met by a clock that is off, in seconds.
const ALLOWANCE: i64 = 300;

impl Aws {
    /// Asks Bedrock, and where its answer proves nothing, the responder.
    pub(super) async fn probe_long_term(&self, cx: &Context, credential: &Credential) -> Result<Probe, Why> {
        let held = self.held(cx, credential)?;
        let secret = held.need("secret")?;
        let key = LongTerm::parse(secret).ok_or_else(|| Why::Malformed { part: "secret".to_owned() })?;
        let partition = held.partition()?.unwrap_or(partition::ALL[0]);
        let region = held.part("region").unwrap_or(partition.region);
        let mut identity = Identity::default();
        identity.add("account", key.account);
        identity.add("name", key.alias);
        match self.models(cx, secret, region, partition).await {
            Ok(liveness) => Ok(Probe { identity, ..Probe::of(liveness) }),
            // Bedrock refuses a key of another region with the same words as a dead one.
            Err(why @ Why::Answer { .. }) if cx.config.responders.contains_key("aws") || self.was_found(credential) => {
                let listed = self.probe_service(cx, credential).await;
                listed
                    .map(|listed| Probe { identity, ..listed })
                    .map_err(|other| if other == Why::NotListed { why } else { other })
            }
            Err(why) => Err(why),
        }
    }

    /// Asks Bedrock in the region for which the key was signed; one that is over by its own date is not asked about.
    pub(super) async fn probe_short_term(&self, cx: &Context, credential: &Credential) -> Result<Probe, Why> {
        let held = self.held(cx, credential)?;
        let secret = held.need("secret")?;
        let key = ShortTerm::parse(secret).ok_or_else(|| Why::Malformed { part: "secret".to_owned() })?;
        let mut identity = Identity::default();
        if let Some(account) = account_of(&key.key_id) {
            identity.add("account", account);
        }
        identity.add("key_id", &key.key_id);
        identity.add("expires", key.ends.to_string());
        if Timestamp::now().as_second().saturating_sub(key.ends.as_second()) > ALLOWANCE {
            return Ok(Probe { identity, ..Probe::of(Liveness::Inactive) });
        }
        let partition = in_region(&key.region);
        let liveness = self.models(cx, secret, &key.region, partition).await?;
        Ok(Probe { identity, ..Probe::of(liveness) })
    }

    /// The owner of the key that signed it: its user by the responder's account, or the role that a person names.
    pub(super) async fn locate_short_term(&self, cx: &Context, credential: &Credential) -> Result<Target, Outcome> {
        let held = self.held(cx, credential).map_err(unknown)?;
        let key = held.need("secret").map(ShortTerm::parse).map_err(unknown)?;
        let key = key.ok_or_else(|| unknown(Why::Malformed { part: "secret".to_owned() }))?;
        let partition = in_region(&key.region);
        let account = account_of(&key.key_id);
        let (hand, caller) = self.responder(cx, account.as_deref(), partition).await.map_err(unknown)?;
        let (owner, found_by) = if is_session(&key.key_id) {
            // Which role it is, the key does not tell; CloudTrail does, by the key's id.
            let role = held.need("role").map_err(unknown)?.to_owned();
            (("role", role), "by the role that a person named")
        } else {
            let user = user_of(cx, &hand, &key.key_id).await.map_err(unknown)?;
            (("user", user), "by the user of the key that signed it")
        };
        let bound = [
            (WHAT, BEARER.to_owned()),
            ("partition", partition.name.to_owned()),
            ("account", caller.account),
            ("key_id", key.key_id),
            owner,
        ];
        let bound: BTreeMap<_, _> = bound.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(Target { bound, found_by: found_by.to_owned(), listed: account.is_some(), ..Target::default() })
    }

    /// Lists the models of a region, which changes nothing and costs nothing
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListFoundationModels.html>).
    async fn models(&self, cx: &Context, key: &str, region: &str, partition: Partition) -> Result<Liveness, Why> {
        let malformed = |_| Why::Malformed { part: "region".to_owned() };
        if !is_region(region) {
            return Err(Why::Malformed { part: "region".to_owned() });
        }
        let url = Url::parse(&format!("https://bedrock.{region}.{}/foundation-models", partition.suffix));
        let mut call = Call::new(Method::GET, url.map_err(malformed)?);
        call.header("authorization", &format!("Bearer {key}"))?;
        let answer = cx.http.send(&call, &self.payer(""), Repeat::Safe).await?;
        answer.proves_nothing().map_or_else(|| means(&answer), Err)
    }
}

/// The partition of a region.
fn in_region(region: &str) -> Partition {
    let name = match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    partition::by_name(name).unwrap_or(partition::ALL[0])
}

/// What the list's answer says of the key. That its owner may not list models is said only to a key that was accepted; that it may not call
/// with a key at all is the end of all keys of its owner
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-revoke.html>).
fn means(answer: &Answer) -> Result<Liveness, Why> {
    let json = answer.json().unwrap_or_default();
    let message = ["message", "Message"].into_iter().find_map(|name| json.get(name)?.as_str()).unwrap_or_default();
    match answer.status {
        200 if json.get("modelSummaries").is_some_and(serde_json::Value::is_array) => Ok(Liveness::Active),
        403 if message.contains("is not authorized to perform: bedrock:CallWithBearerToken")
            && message.contains("explicit deny") =>
        {
            Ok(Liveness::Inactive)
        }
        403 if message.contains("is not authorized to perform: bedrock:CallWithBearerToken") => {
            Err(told("the owner of the key may not use keys of Bedrock"))
        }
        403 if message.contains("is not authorized to perform: bedrock:") => Ok(Liveness::Active),
        status => Err(Why::Answer { status }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_of_bedrock_say_something_of_a_key() {
        let of = |status, body: &str| means(&Answer::fake(status, &[], body)).ok();
        assert_eq!(of(200, r#"{"modelSummaries":[]}"#), Some(Liveness::Active));
        let refused = |action: &str, rest: &str| {
            format!(
                r#"{{"message":"User: arn:aws:iam::1:user/b is not authorized to perform: bedrock:{action} {rest}"}}"#
            )
        };
        assert_eq!(of(403, &refused("ListFoundationModels", "on resource: *")), Some(Liveness::Active));
        let denied = refused("CallWithBearerToken", "with an explicit deny in an identity-based policy");
        assert_eq!(of(403, &denied), Some(Liveness::Inactive));
        assert_eq!(of(403, &refused("CallWithBearerToken", "because no identity-based policy allows it")), None);
        let words = r#"{"Message":"Authentication failed: Please make sure your API Key is valid."}"#;
        assert_eq!((of(403, words), of(200, "{}"), of(404, "{}")), (None, None, None));
    }
}
