//! Access keys and sessions: whose they are, and what of them can be ended.

use std::collections::BTreeMap;

use super::bound::{Bound, KEY, SESSIONS, WHAT};
use super::caller::Caller;
use super::id::{Principal, is_session};
use super::listed::keys_of;
use super::query::{Fields, Hand, Signer};
use super::{Aws, told, unknown};
use crate::{Context, Credential, Identity, Liveness, Outcome, Probe, Target, Why};

impl Aws {
    /// Asks AWS who the key is; without its secret, asks the responder whether there is such a key.
    pub(super) async fn probe_key(&self, cx: &Context, credential: &Credential) -> Result<Probe, Why> {
        let held = self.held(cx, credential)?;
        let Some(signer) = held.signer()? else { return self.probe_listed(cx, credential, &held).await };
        let partitions = Self::partitions(held.partition()?.or(self.known(credential).partition));
        let Some(caller) = self.identify(cx, &signer, &partitions).await? else {
            return Ok(Probe::of(Liveness::Inactive));
        };
        self.remember(credential, |known| known.partition = Some(caller.partition));
        let bound = bound_of(&caller, &signer);
        let hand = Hand { signer, partition: caller.partition, payer: self.payer("") };
        let mut probe = Probe::active(identity(&caller, &hand.signer));
        if is_session(&hand.signer.key_id) && self.is_contained(cx, &hand, &bound).await {
            probe.liveness = Liveness::Inactive;
        } else {
            details(cx, &hand, &caller, &mut probe.identity).await;
        }
        probe.bound = bound;
        Ok(probe)
    }

    /// Whether a session may do nothing any more: the responder shows our policy, which denies everything to what was issued before it,
    /// and the session's own request is refused. That it can still ask who it is means nothing, as no policy denies that.
    async fn is_contained(&self, cx: &Context, hand: &Hand, bound: &BTreeMap<String, String>) -> bool {
        let bound = Bound(bound);
        let (Ok((_, get, name)), Ok(policy)) = (bound.place(), bound.policy()) else { return false };
        let Ok((responder, _)) = self.responder(cx, bound.account(), hand.partition).await else { return false };
        let fields = vec![name, ("PolicyName", policy)];
        if responder.read(cx, get, &fields).await.is_err() {
            return false;
        }
        let own = hand.read(cx, "ListAccountAliases", &Fields::new()).await;
        own.is_err_and(|failure| failure.code() == "AccessDenied")
    }

    /// What has to be ended: the key by its own id, or the sessions of whom the session is.
    pub(super) async fn locate_key(
        &self,
        cx: &Context,
        credential: &Credential,
        seen: &Probe,
    ) -> Result<Target, Outcome> {
        let held = self.held(cx, credential).map_err(unknown)?;
        let Some(signer) = held.signer().map_err(unknown)? else {
            return self.locate_listed(cx, credential, &held).await;
        };
        let Some(arn) = seen.bound.get("arn") else {
            return Err(unknown(told("AWS does not say whose the key is")));
        };
        let mut target = Target { bound: seen.bound.clone(), ..Target::default() };
        match (Principal::parse(arn), is_session(&signer.key_id)) {
            (Some(Principal::User(user)), false) => {
                put(&mut target, KEY, Some(("user", user)));
                "by its own id".clone_into(&mut target.found_by);
                self.confirm(cx, &mut target).await;
            }
            (Some(Principal::Root), false) => {
                put(&mut target, KEY, None);
                "by its own id; it is a key of the account itself".clone_into(&mut target.found_by);
            }
            (Some(Principal::User(user)), true) => put(&mut target, SESSIONS, Some(("user", user))),
            (Some(Principal::Role(role)), true) => put(&mut target, SESSIONS, Some(("role", role))),
            (Some(Principal::Root), true) => {
                return Err(refused(
                    "sessions of the root user cannot be restricted; delete the root user's access keys and wait until they end",
                ));
            }
            (Some(Principal::Federated(_)), true) => {
                return Err(refused(
                    "the session does not say which user opened it; CloudTrail does, by the key id: deactivate that user's key",
                ));
            }
            _ => return Err(unknown(told("AWS names an owner of no known form"))),
        }
        if is_session(&signer.key_id) {
            "by the role or user that AWS names as its own".clone_into(&mut target.found_by);
            let bound = Bound(&target.bound);
            self.responder(cx, bound.account(), bound.partition().map_err(unknown)?).await.map_err(unknown)?;
            target.listed = true;
        }
        Ok(target)
    }

    /// Looks the key up in the responder's account, if there is a responder: that it is of this account proves whose it is.
    async fn confirm(&self, cx: &Context, target: &mut Target) {
        let bound = Bound(&target.bound);
        let Ok(partition) = bound.partition() else { return };
        let Ok((hand, _)) = self.responder(cx, bound.account(), partition).await else { return };
        let Ok(keys) = keys_of(cx, &hand, bound.get("user")).await else { return };
        let Some(key) = keys.into_iter().find(|key| Some(key.id.as_str()) == bound.get("key_id")) else { return };
        target.alive = Some(key.active);
        target.listed = true;
        "by its own id, which the list of its user's keys has, too".clone_into(&mut target.found_by);
    }
}

fn refused(why: &str) -> Outcome {
    Outcome::NotPermitted { why: why.to_owned() }
}

fn put(target: &mut Target, what: &str, owner: Option<(&str, String)>) {
    target.bound.insert(WHAT.to_owned(), what.to_owned());
    target.bound.extend(owner.map(|(name, value)| (name.to_owned(), value)));
}

/// What later requests need.
fn bound_of(caller: &Caller, signer: &Signer) -> BTreeMap<String, String> {
    let owner = match &caller.principal {
        Some(Principal::User(user)) => Some(("user", user.as_str())),
        Some(Principal::Role(role)) => Some(("role", role.as_str())),
        _ => None,
    };
    let all = [
        ("partition", caller.partition.name),
        ("account", &caller.account),
        ("arn", &caller.arn),
        ("key_id", &signer.key_id),
    ];
    all.into_iter().chain(owner).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn identity(caller: &Caller, signer: &Signer) -> Identity {
    let mut identity = Identity::default();
    identity.add("account", &caller.account);
    identity.add("user", &caller.arn);
    identity.add("key_id", &signer.key_id);
    match &caller.principal {
        Some(Principal::Root) => identity.add("scopes", "everything: it is the root user"),
        Some(Principal::User(name) | Principal::Role(name) | Principal::Federated(name)) => identity.add("name", name),
        None => {}
    }
    identity
}

/// What the key may do and when it was used, as far as it may ask that itself.
async fn details(cx: &Context, hand: &Hand, caller: &Caller, identity: &mut Identity) {
    let (action, name) = match &caller.principal {
        Some(Principal::User(user)) => ("ListAttachedUserPolicies", ("UserName", user.clone())),
        Some(Principal::Role(role)) => ("ListAttachedRolePolicies", ("RoleName", role.clone())),
        _ => return,
    };
    if !is_session(&hand.signer.key_id) {
        last_use(cx, hand, identity).await;
    }
    let Ok(answer) = hand.read(cx, action, &vec![name]).await else { return };
    let place = format!("{action}Result/AttachedPolicies");
    for policy in answer.members(&place).into_iter().flatten().filter_map(|member| member.text("PolicyName")) {
        // AWS attaches it to the user of a key that it found in public
        // (<https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCompromisedKeyQuarantineV3.html>).
        let quarantine =
            if policy.starts_with("AWSCompromisedKeyQuarantine") { " (AWS found the key in public)" } else { "" };
        identity.add("scopes", format!("policy {policy}{quarantine}"));
    }
}

async fn last_use(cx: &Context, hand: &Hand, identity: &mut Identity) {
    let fields = vec![("AccessKeyId", hand.signer.key_id.clone())];
    let Ok(answer) = hand.read(cx, "GetAccessKeyLastUsed", &fields).await else { return };
    let place = "GetAccessKeyLastUsedResult/AccessKeyLastUsed";
    if let Some(date) = answer.text(&format!("{place}/LastUsedDate")) {
        let service = answer.text(&format!("{place}/ServiceName")).unwrap_or("N/A");
        identity.add("last_used", format!("{date} ({service})"));
    }
}
