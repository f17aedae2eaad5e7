//! What the lists of an account show.

use std::collections::BTreeMap;

use super::bound::{Bound, KEY, WHAT};
use super::id::account_of;
use super::query::{Failure, Fields, Hand};
use super::xml::Element;
use super::{Aws, Held, partition, told, unknown};
use crate::{Context, Credential, Identity, Liveness, Outcome, Probe, Target, Why};

/// Pages of a list that are read.
const MOST_PAGES: usize = 200;

/// One access key of a user, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) id: String,
    pub(super) active: bool,
}

/// Every page of a list: `place` is where it stands in the answer, and `one` reads a member.
pub(super) async fn pages<T>(
    cx: &Context,
    hand: &Hand,
    action: &str,
    fields: &Fields,
    list: &str,
    one: impl Fn(&Element) -> Option<T>,
) -> Result<Vec<T>, Failure> {
    let other = || Failure::Unknown(told("the list of AWS has another form than is documented"));
    let mut all = Vec::new();
    let mut fields = fields.clone();
    for _ in 0..MOST_PAGES {
        let answer = hand.read(cx, action, &fields).await?;
        let result = answer.at(&format!("{action}Result")).ok_or_else(other)?;
        for member in result.members(list).ok_or_else(other)? {
            all.push(one(member).ok_or_else(other)?);
        }
        if result.text("IsTruncated") != Some("true") {
            return Ok(all);
        }
        let marker = result.text("Marker").ok_or_else(other)?.to_owned();
        fields.retain(|(name, _)| *name != "Marker");
        fields.push(("Marker", marker));
    }
    Err(Failure::Unknown(Why::Incomplete))
}

/// The access keys of a user.
pub(super) async fn keys_of(cx: &Context, hand: &Hand, user: Option<&str>) -> Result<Vec<Listed>, Failure> {
    let fields: Fields = user.map(|user| ("UserName", user.to_owned())).into_iter().collect();
    let one = |member: &Element| {
        let (id, status) = (member.text("AccessKeyId")?, member.text("Status")?);
        Some(Listed { id: id.to_owned(), active: status == "Active" })
    };
    pages(cx, hand, "ListAccessKeys", &fields, "AccessKeyMetadata", one).await
}

/// A key that only its id names, and where it was found.
struct Found {
    bound: BTreeMap<String, String>,
    /// Whether it is active; `None` if its user no longer has it.
    active: Option<bool>,
}

impl Aws {
    /// Asks the responder about a key of which only the id is known. A key that its user no longer has is dead, if it was there before.
    pub(super) async fn probe_listed(&self, cx: &Context, credential: &Credential, held: &Held) -> Result<Probe, Why> {
        let found = self.find_key(cx, credential, held).await?;
        let mut identity = Identity::default();
        for (name, part) in [("account", "account"), ("name", "user"), ("key_id", "key_id")] {
            found.bound.get(part).into_iter().for_each(|value| identity.add(name, value));
        }
        let liveness = if found.active == Some(true) { Liveness::Active } else { Liveness::Inactive };
        Ok(Probe { identity, bound: found.bound, ..Probe::of(liveness) })
    }

    /// The target of such a key.
    pub(super) async fn locate_listed(
        &self,
        cx: &Context,
        credential: &Credential,
        held: &Held,
    ) -> Result<Target, Outcome> {
        let found = self.find_key(cx, credential, held).await.map_err(unknown)?;
        let found_by = "by its id, in the list of its user's keys".to_owned();
        Ok(Target {
            bound: found.bound,
            found_by,
            listed: true,
            alive: Some(found.active == Some(true)),
            ..Target::default()
        })
    }

    async fn find_key(&self, cx: &Context, credential: &Credential, held: &Held) -> Result<Found, Why> {
        let key_id = held.key_id()?;
        let known = self.known(credential);
        let partition = held.partition()?.or(known.partition).unwrap_or(partition::ALL[0]);
        let account = account_of(key_id);
        let (hand, caller) = self.responder(cx, account.as_deref(), partition).await?;
        let user = match Bound(&known.target).get("user") {
            Some(user) => user.to_owned(),
            None => user_of(cx, &hand, key_id).await?,
        };
        let keys = match keys_of(cx, &hand, Some(&user)).await {
            Ok(keys) => keys,
            // The user itself is gone, and its keys with it.
            Err(failure) if failure.code() == "NoSuchEntity" && !known.target.is_empty() => Vec::new(),
            Err(failure) => return Err(failure.why()),
        };
        let active = keys.iter().find(|key| key.id == key_id).map(|key| key.active);
        if active.is_none() && known.target.is_empty() {
            return Err(Why::NotListed);
        }
        let bound = [
            (WHAT, KEY),
            ("partition", partition.name),
            ("account", &caller.account),
            ("user", &user),
            ("key_id", key_id),
        ];
        let bound: BTreeMap<_, _> =
            bound.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        self.remember(credential, |known| known.target.clone_from(&bound));
        Ok(Found { bound, active })
    }
}

/// Whose a key is (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html>).
pub(super) async fn user_of(cx: &Context, hand: &Hand, key_id: &str) -> Result<String, Why> {
    let fields = vec![("AccessKeyId", key_id.to_owned())];
    let answer = hand.read(cx, "GetAccessKeyLastUsed", &fields).await.map_err(Failure::why)?;
    answer.text("GetAccessKeyLastUsedResult/UserName").map(str::to_owned).ok_or(Why::NotListed)
}
