//! Passwords of the console. They are never tried; what can be told is whether the user has one at all
//! (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetLoginProfile.html>).

use std::collections::BTreeMap;

use super::bound::{PASSWORD, WHAT};
use super::query::Failure;
use super::{Aws, partition, told, unknown};
use crate::{Context, Credential, Liveness, Outcome, Probe, Target, Why};

impl Aws {
    /// Dead if its user has no password; else nobody knows whether it is this one.
    pub(super) async fn probe_password(&self, cx: &Context, credential: &Credential) -> Result<Probe, Why> {
        match self.locate_password(cx, credential).await {
            Err(Outcome::AlreadyDead) => Ok(Probe::of(Liveness::Inactive)),
            Ok(_) => Err(told("the user has a password; whether it is this one, nobody tries")),
            Err(Outcome::Unknown { why }) => Err(why),
            Err(other) => Err(told(other.to_string())),
        }
    }

    /// The password of the user that a person named, in the responder's account.
    pub(super) async fn locate_password(&self, cx: &Context, credential: &Credential) -> Result<Target, Outcome> {
        let held = self.held(cx, credential).map_err(unknown)?;
        let partition = held.partition().map_err(unknown)?.unwrap_or(partition::ALL[0]);
        let user = held.need("user").map_err(unknown)?;
        let (hand, caller) = self.responder(cx, held.part("account"), partition).await.map_err(unknown)?;
        let fields = vec![("UserName", user.to_owned())];
        match hand.read(cx, "GetLoginProfile", &fields).await {
            Ok(_) => {}
            // There may be no such user either; then there is nothing to end, in the account that was named.
            Err(failure) if failure.code() == "NoSuchEntity" && held.part("account").is_some() => {
                return Err(Outcome::AlreadyDead);
            }
            Err(failure) => {
                return Err(if failure.is_denied() { failure.outcome() } else { unknown(Failure::why(failure)) });
            }
        }
        let bound = [(WHAT, PASSWORD), ("partition", partition.name), ("account", &caller.account), ("user", user)];
        let bound: BTreeMap<_, _> =
            bound.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Target { bound, found_by: "by the user that a person named".to_owned(), listed: true, ..Target::default() })
    }
}
