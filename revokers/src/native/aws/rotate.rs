//! A successor: an access key beside the old one, or a credential for a service in its place.
//!
//! Access keys have no names. A successor whose answer was lost is known by this: its user's keys are listed right before it is minted, and
//! of those that are there afterwards exactly one is new, and was never used. As a user has at most two keys, no third hand's key can stand
//! beside the old one and ours.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use stanch_model::Secret;
use tokio::time::{Instant, sleep};
use zeroize::Zeroizing;

use super::bound::{Bound, Change, KEY, SERVICE, SETTLE, WHAT};
use super::caller::whoami;
use super::query::{Fields, Hand, Signer};
use super::xml::Element;
use super::{Aws, told, unknown};
use crate::{Context, Credential, Outcome, Successor, Target, Why};

/// Bedrock, as a service that credentials are for.
const BEDROCK: &str = "bedrock.amazonaws.com";

impl Aws {
    pub(super) async fn mint_successor(
        &self,
        cx: &Context,
        credential: &Credential,
        target: &Target,
        name: &str,
    ) -> Result<Successor, Outcome> {
        let bound = Bound(&target.bound);
        let user = || bound.get("user").map(|user| ("UserName", user.to_owned())).ok_or_else(no_root);
        match (bound.get(WHAT), bound.get("service")) {
            (Some(KEY), _) => {
                self.note(cx, credential, bound, name).await;
                let change = Change { action: "CreateAccessKey", fields: vec![user()?], own: true, responder: true };
                self.mint_key(cx, credential, target, &change).await
            }
            (Some(SERVICE), Some(BEDROCK)) => {
                self.note(cx, credential, bound, name).await;
                let fields = vec![user()?, ("ServiceName", BEDROCK.to_owned())];
                let action = "CreateServiceSpecificCredential";
                let change = Change { action, fields, own: false, responder: true };
                let answer = self.change(cx, credential, target, &change).await?;
                service_successor(&answer, action, "ServiceCredentialSecret", false)
            }
            (Some(SERVICE), _) => {
                let id = bound.get("credential_id").unwrap_or_default().to_owned();
                let fields = vec![user()?, ("ServiceSpecificCredentialId", id)];
                let action = "ResetServiceSpecificCredential";
                let change = Change { action, fields, own: false, responder: true };
                let answer = self.change(cx, credential, target, &change).await?;
                service_successor(&answer, action, "ServicePassword", true)
            }
            _ => Err(Outcome::NotPermitted {
                why: "there is no successor of this kind: its owner opens a new session".to_owned(),
            }),
        }
    }

    async fn mint_key(
        &self,
        cx: &Context,
        credential: &Credential,
        target: &Target,
        change: &Change,
    ) -> Result<Successor, Outcome> {
        // Before the change, since afterwards nothing may look as if there had been none.
        let partition = Bound(&target.bound).partition().map_err(unknown)?;
        let answer = self.change(cx, credential, target, change).await?;
        let text =
            |name: &str| answer.text(&format!("CreateAccessKeyResult/AccessKey/{name}")).ok_or_else(|| not_shown(name));
        let (id, secret) = (text("AccessKeyId")?.to_owned(), Zeroizing::new(text("SecretAccessKey")?.to_owned()));
        let signer = Signer { key_id: id.clone(), secret: secret.clone(), token: None };
        settle(cx, &Hand { signer, partition, payer: self.payer("") }).await;
        let parts = [("key_id".to_owned(), id.clone())].into();
        Ok(Successor { secret: Secret::new(secret.as_bytes().to_vec()), id: Some(id), parts, killed_old: false })
    }

    /// Lists what there is before a successor is minted. What may not be listed is not noted, and a lost successor is then for a person to find.
    async fn note(&self, cx: &Context, credential: &Credential, bound: Bound<'_>, name: &str) {
        if let Ok(ids) = self.ids(cx, credential, bound).await {
            self.remember(credential, |known| known.before.extend([(name.to_owned(), ids)]));
        }
    }

    /// The ids of the target's user, of the target's kind.
    async fn ids(&self, cx: &Context, credential: &Credential, bound: Bound<'_>) -> Result<BTreeSet<String>, Why> {
        let user = ("UserName", bound.get("user").unwrap_or_default().to_owned());
        let (action, list, id, fields): (_, _, _, Fields) = if bound.get(WHAT) == Some(KEY) {
            ("ListAccessKeys", "AccessKeyMetadata", "AccessKeyId", vec![user])
        } else {
            let service = ("ServiceName", bound.get("service").unwrap_or_default().to_owned());
            let list = "ServiceSpecificCredentials";
            ("ListServiceSpecificCredentials", list, "ServiceSpecificCredentialId", vec![user, service])
        };
        let answer = self.ask(cx, credential, bound, action, &fields).await.map_err(super::query::Failure::why)?;
        let other = || told("the list of AWS has another form than is documented");
        let result = answer.at(&format!("{action}Result")).ok_or_else(other)?;
        if result.text("IsTruncated") == Some("true") {
            return Err(Why::Incomplete);
        }
        let ids = result.members(list).ok_or_else(other)?.map(|member| member.text(id).map(str::to_owned));
        ids.collect::<Option<_>>().ok_or_else(other)
    }

    pub(super) async fn look_for_successor(
        &self,
        cx: &Context,
        credential: &Credential,
        target: &Target,
        name: &str,
    ) -> Result<Option<String>, Outcome> {
        let bound = Bound(&target.bound);
        let before = self.known(credential).before.remove(name);
        let before = before
            .ok_or_else(|| unknown(told("what there was before could not be listed, so that a person has to look")))?;
        let now = self.ids(cx, credential, bound).await.map_err(unknown)?;
        let mut new: Vec<String> = now.difference(&before).cloned().collect();
        match new.len() {
            0 => Ok(None),
            1 if bound.get(WHAT) != Some(KEY) || self.is_unused(cx, credential, bound, &new).await? => Ok(new.pop()),
            candidates => Err(Outcome::Ambiguous { candidates }),
        }
    }

    /// Whether nobody has used a key yet.
    async fn is_unused(
        &self,
        cx: &Context,
        credential: &Credential,
        bound: Bound<'_>,
        ids: &[String],
    ) -> Result<bool, Outcome> {
        let fields = ids.iter().map(|id| ("AccessKeyId", id.clone())).collect();
        let answer = self.ask(cx, credential, bound, "GetAccessKeyLastUsed", &fields).await;
        let answer = answer.map_err(|failure| unknown(failure.why()))?;
        let place = "GetAccessKeyLastUsedResult/AccessKeyLastUsed";
        Ok(answer.text(&format!("{place}/LastUsedDate")).is_none())
    }
}

fn no_root() -> Outcome {
    Outcome::NotPermitted { why: "a key of the root user gets no successor: give what needs it a role".to_owned() }
}

/// Waits until a new key has reached every place, or its time is over. Until then AWS calls it unknown.
async fn settle(cx: &Context, hand: &Hand) {
    let end = Instant::now() + Duration::from_secs(SETTLE).mul_f64(cx.http.config().patience.clamp(0.0, 100.0));
    let mut pause = Duration::from_millis(200);
    while whoami(cx, hand).await.is_err_and(|failure| failure.code() == "InvalidClientTokenId") && Instant::now() < end
    {
        sleep(pause.min(end.saturating_duration_since(Instant::now()))).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

/// It was made: that the answer shows only a part of it does not undo that.
fn not_shown(name: &str) -> Outcome {
    unknown(told(format!("a successor was made, and the answer does not show its {name}")))
}

fn service_successor(answer: &Element, action: &str, secret: &str, killed_old: bool) -> Result<Successor, Outcome> {
    let text = |name: &str| {
        answer.text(&format!("{action}Result/ServiceSpecificCredential/{name}")).ok_or_else(|| not_shown(name))
    };
    let (id, value) = (text("ServiceSpecificCredentialId")?.to_owned(), text(secret)?);
    // What is documented as the secret portion must be a whole key, or it is of no use to anybody.
    if secret == "ServiceCredentialSecret" && super::id::LongTerm::parse(value).is_none() {
        return Err(unknown(told("AWS answers with something else than a key of Bedrock")));
    }
    let mut parts = BTreeMap::new();
    if let Ok(user) = text("ServiceUserName") {
        parts.insert("service_user".to_owned(), user.to_owned());
    }
    Ok(Successor { secret: Secret::new(value.as_bytes().to_vec()), id: Some(id), parts, killed_old })
}
