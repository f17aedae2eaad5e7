//! One change, by whoever may make it: the leaked key itself first, then the responder of its account.

use super::bound::{Bound, Change};
use super::query::{Failure, Hand};
use super::xml::Element;
use super::{Aws, unknown};
use crate::{Context, Credential, Outcome, Target, Why};

/// Codes that say *you may not*: another signer may.
const DENIED: [&str; 12] = [
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "InvalidClientTokenId",
    "ExpiredToken",
    "ExpiredTokenException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "MissingAuthenticationToken",
    "OptInRequired",
    "NotAuthorized",
    "UnmodifiableEntity",
];

impl Failure {
    /// Whether the signer may not.
    pub(super) fn is_denied(&self) -> bool {
        DENIED.contains(&self.code())
    }

    /// As what came of an action.
    pub(super) fn outcome(self) -> Outcome {
        match &self {
            Self::Refused { code } if code == "NoSuchEntity" => Outcome::AlreadyDead,
            // A quota: two keys a user, so many letters of policies (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>).
            Self::Refused { code } if code == "LimitExceeded" => Outcome::NotPermitted {
                why: "AWS answers LimitExceeded: a quota is full; a user has at most two access keys".to_owned(),
            },
            Self::Refused { code } if self.is_denied() => Outcome::NotPermitted { why: format!("AWS answers {code}") },
            _ => unknown(self.why()),
        }
    }
}

impl Aws {
    /// Makes a change once, and says what the provider said.
    pub(super) async fn act(&self, cx: &Context, credential: &Credential, target: &Target, change: Change) -> Outcome {
        match self.change(cx, credential, target, &change).await {
            Ok(_) => Outcome::Accepted,
            Err(outcome) => outcome,
        }
    }

    /// Makes a change once. What was lost on the way is not tried by another hand: it may have happened.
    pub(super) async fn change(
        &self,
        cx: &Context,
        credential: &Credential,
        target: &Target,
        change: &Change,
    ) -> Result<Element, Outcome> {
        let bound = Bound(&target.bound);
        let partition = bound.partition().map_err(unknown)?;
        let mut own = None;
        if let Some(hand) = self.leaked(cx, credential, partition).ok().flatten().filter(|_| change.own) {
            match hand.change(cx, change.action, &change.fields).await {
                Ok(answer) => return Ok(answer),
                Err(failure) if failure.is_denied() => own = Some(failure.code().to_owned()),
                Err(failure) => return Err(failure.outcome()),
            }
        }
        if !change.responder {
            let code = own.unwrap_or_else(|| "nothing".to_owned());
            return Err(Outcome::NotPermitted {
                why: format!("AWS answers {code} to the key itself, and nobody else may"),
            });
        }
        let (hand, _) = match self.responder(cx, bound.account(), partition).await {
            Ok(responder) => responder,
            Err(why) => return Err(nobody(own.as_deref(), why)),
        };
        hand.change(cx, change.action, &change.fields).await.map_err(Failure::outcome)
    }

    /// Someone who may read: the leaked key if the answer is given to it, else the responder.
    pub(super) async fn ask(
        &self,
        cx: &Context,
        credential: &Credential,
        bound: Bound<'_>,
        action: &str,
        fields: &super::query::Fields,
    ) -> Result<Element, Failure> {
        let partition = bound.partition().map_err(Failure::Unknown)?;
        if let Some(hand) = self.leaked(cx, credential, partition).ok().flatten() {
            match hand.read(cx, action, fields).await {
                Err(failure) if failure.is_denied() => {}
                outcome => return outcome,
            }
        }
        let (hand, _): (Hand, _) = self.responder(cx, bound.account(), partition).await.map_err(Failure::Unknown)?;
        hand.read(cx, action, fields).await
    }
}

/// The leaked key may not, and there is no responder that could.
fn nobody(own: Option<&str>, why: Why) -> Outcome {
    match (own, why) {
        (Some("InvalidClientTokenId"), why @ Why::NoResponder { .. }) => {
            Outcome::NotPermitted { why: format!("the key signs no more, so that only a responder can go on; {why}") }
        }
        (Some(code), why @ Why::NoResponder { .. }) => {
            Outcome::NotPermitted { why: format!("AWS answers {code} to the key itself; {why}") }
        }
        (None, why @ Why::NoResponder { .. }) => Outcome::NotPermitted { why: why.to_string() },
        (_, why) => unknown(why),
    }
}
