//! Credentials that IAM keeps for one service: long-term keys of Bedrock, passwords of `CodeCommit` and Keyspaces
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_service-specific-creds.html>).

use std::collections::BTreeMap;

use super::bound::{Bound, SERVICE, WHAT};
use super::id::LongTerm;
use super::listed::pages;
use super::xml::Element;
use super::{Aws, Way, partition, unknown};
use crate::{Context, Credential, Identity, Liveness, Outcome, Probe, Target, Why};

/// One of them, as lists show it.
struct Shown {
    id: String,
    user: String,
    active: bool,
    /// The public names under which it goes.
    names: Vec<String>,
}

impl Shown {
    fn read(member: &Element) -> Option<Self> {
        let text = |name: &str| member.text(name).map(str::to_owned);
        Some(Self {
            id: text("ServiceSpecificCredentialId")?,
            user: text("UserName")?,
            active: text("Status")? == "Active",
            names: ["ServiceCredentialAlias", "ServiceUserName"].into_iter().filter_map(text).collect(),
        })
    }
}

/// What is looked for.
struct Wanted {
    service: String,
    /// Its public name.
    name: String,
    account: Option<String>,
}

impl Aws {
    /// Asks the responder, since no password is tried on a service that counts failures.
    pub(super) async fn probe_service(&self, cx: &Context, credential: &Credential) -> Result<Probe, Why> {
        match self.locate_service(cx, credential).await {
            Ok(target) => {
                self.remember(credential, |known| known.target.clone_from(&target.bound));
                let liveness = if target.alive == Some(false) { Liveness::Inactive } else { Liveness::Active };
                let mut identity = Identity::default();
                for (name, part) in [("account", "account"), ("name", "user"), ("key_id", "credential_id")] {
                    target.bound.get(part).into_iter().for_each(|value| identity.add(name, value));
                }
                Ok(Probe { identity, bound: target.bound, ..Probe::of(liveness) })
            }
            // It was in the list of this account before.
            Err(Outcome::Unknown { why: Why::NotListed }) if !self.known(credential).target.is_empty() => {
                Ok(Probe::of(Liveness::Inactive))
            }
            Err(Outcome::Unknown { why }) => Err(why),
            Err(other) => Err(super::told(other.to_string())),
        }
    }

    /// The only one of its service in the responder's account that goes under its name.
    pub(super) async fn locate_service(&self, cx: &Context, credential: &Credential) -> Result<Target, Outcome> {
        let held = self.held(cx, credential).map_err(unknown)?;
        let partition = held.partition().map_err(unknown)?.unwrap_or(partition::ALL[0]);
        let wanted = self.wanted(&held).map_err(unknown)?;
        let (hand, caller) = self.responder(cx, wanted.account.as_deref(), partition).await.map_err(unknown)?;
        let action = "ListServiceSpecificCredentials";
        let fields = vec![("AllUsers", "true".to_owned()), ("ServiceName", wanted.service.clone())];
        let all = pages(cx, &hand, action, &fields, "ServiceSpecificCredentials", Shown::read).await;
        let all =
            all.map_err(|failure| if failure.is_denied() { failure.outcome() } else { unknown(failure.why()) })?;
        let mut found: Vec<Shown> = all.into_iter().filter(|one| one.names.contains(&wanted.name)).collect();
        found.dedup_by(|a, b| a.id == b.id);
        let one = match found.len() {
            0 => return Err(unknown(Why::NotListed)),
            1 => found.remove(0),
            candidates => return Err(Outcome::Ambiguous { candidates }),
        };
        let bound = [
            (WHAT, SERVICE),
            ("partition", partition.name),
            ("account", &caller.account),
            ("user", &one.user),
            ("credential_id", &one.id),
            ("service", &wanted.service),
        ];
        let bound: BTreeMap<_, _> =
            bound.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let found_by = "the only one in the account's list that goes under its name".to_owned();
        Ok(Target { bound, found_by, listed: true, alive: Some(one.active), ..Target::default() })
    }

    fn wanted(&self, held: &super::Held) -> Result<Wanted, Why> {
        if self.way == Way::LongTerm {
            let key =
                LongTerm::parse(held.need("secret")?).ok_or_else(|| Why::Malformed { part: "secret".to_owned() })?;
            let service = "bedrock.amazonaws.com".to_owned();
            return Ok(Wanted { service, name: key.alias, account: Some(key.account) });
        }
        let name = held.need("service_user")?.to_owned();
        let account = name.rsplit_once("-at-").map(|(_, account)| account.to_owned());
        let account = account.filter(|account| account.len() == 12 && account.bytes().all(|c| c.is_ascii_digit()));
        Ok(Wanted { service: held.need("service")?.to_owned(), name, account })
    }

    /// Whether it is known which one it is.
    pub(super) fn was_found(&self, credential: &Credential) -> bool {
        Bound(&self.known(credential).target).get(WHAT).is_some()
    }
}
