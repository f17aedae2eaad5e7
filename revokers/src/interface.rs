//! The one interface of all revokers.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};
use stanch_model::Secret;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::http::Client;
use crate::responder::Responders;
use crate::together::Seat;
use crate::{Credential, Outcome, Probe, Why};

/// What a verb returns: it runs when it is awaited.
pub type Doing<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What every verb is handed.
#[derive(Debug)]
pub struct Context {
    /// The only way to the network.
    pub http: Client,
    /// What the user configured.
    pub config: Config,
    /// Credentials of ours.
    pub responders: Responders,
}

/// What a step does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// It can be undone.
    Reversible,
    /// The point of no return.
    Final,
    /// Harmless to repeat, and repeated until the proof holds.
    Until,
}

impl StepKind {
    /// What a person calls it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reversible => "reversible",
            Self::Final => "final",
            Self::Until => "until",
        }
    }
}

/// One step of a revocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its place among the steps of its kind.
    pub index: usize,
    /// What it does: "deactivate", "delete".
    pub name: String,
    /// What kind of step it is.
    pub kind: StepKind,
    /// What exactly it hits, for people and the journal.
    pub target: String,
    /// The request in short, without a secret: `DELETE api.example.com/keys/key_1`.
    pub request: String,
    /// Seconds after which the provider refuses the credential for certain.
    pub settle: u64,
}

/// The exact thing that the provider's API has to be told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Ids, by the names that the requests use. Never secret.
    pub bound: BTreeMap<String, String>,
    /// Bound values that are secret, such as a token that was had for the key. They are never kept.
    #[serde(skip)]
    pub hidden: Hidden,
    /// How it was found: "the only key whose mask fits", "by its own id", "by its value".
    pub found_by: String,
    /// Whether the responder's own account lists it, which proves whose it is.
    pub listed: bool,
    /// Whether the list shows it as alive; `None` if it does not say.
    pub alive: Option<bool>,
}

/// Values that are secret and live as long as what they were bound for.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Hidden(pub BTreeMap<String, Zeroizing<String>>);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A new credential in the old one's place.
pub struct Successor {
    /// The new secret.
    pub secret: Secret,
    /// Its id at the provider.
    pub id: Option<String>,
    /// More parts that go with it, such as a new key id.
    pub parts: BTreeMap<String, String>,
    /// Whether the old one died by the same call.
    pub killed_old: bool,
}

impl fmt::Debug for Successor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Successor").field("id", &self.id).field("killed_old", &self.killed_old).finish_non_exhaustive()
    }
}

/// What knows one kind of credential. Probing, locating and listing steps change nothing; performing, undoing, minting and removing do. What a
/// provider has no call for need not be written: it says so.
pub trait Revoker: Send + Sync + fmt::Debug {
    /// What people call the provider.
    fn issuer(&self) -> &str;

    /// Whether it is alive, and whose it is.
    fn probe<'a>(&'a self, cx: &'a Context, credential: &'a Credential) -> Doing<'a, Probe>;

    /// The exact thing to kill. `seen` is what the probe told.
    ///
    /// # Errors
    /// [`Outcome::Ambiguous`] if several could be meant, [`Outcome::NotPermitted`], [`Outcome::AlreadyDead`] if the list says so, or
    /// [`Outcome::Unknown`].
    fn locate<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        seen: &'a Probe,
    ) -> Doing<'a, Result<Target, Outcome>>;

    /// What will be done to the target, in order.
    ///
    /// # Errors
    /// If something is missing for it.
    fn steps<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        target: &'a Target,
    ) -> Doing<'a, Result<Vec<Step>, Outcome>>;

    /// Does one step, once. `Ok` is the provider's word for it ([`Outcome::Accepted`], [`Outcome::AlreadyDead`]), not a proof.
    fn perform<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        target: &'a Target,
        step: &'a Step,
    ) -> Doing<'a, Outcome>;

    /// A seat in the next request that takes many credentials of the kind at once; `None` where each goes by a request of its own. Who means to
    /// perform such a step takes it early and leaves it afterwards: the request is sent when everyone who has a seat is there, or has left.
    fn seat(&self, _cx: &Context) -> Option<Seat> {
        None
    }

    /// Undoes a reversible step, once.
    fn undo<'a>(
        &'a self,
        _cx: &'a Context,
        _credential: &'a Credential,
        _target: &'a Target,
        _step: &'a Step,
    ) -> Doing<'a, Outcome> {
        Box::pin(std::future::ready(Outcome::Unknown { why: Why::NoWay { provider: self.issuer().to_owned() } }))
    }

    /// Gets a successor under a unique name. Never repeated without a look.
    ///
    /// # Errors
    /// If there is none; [`Outcome::Unknown`] if one may have been made.
    fn mint<'a>(
        &'a self,
        _cx: &'a Context,
        _credential: &'a Credential,
        _target: &'a Target,
        _name: &'a str,
    ) -> Doing<'a, Result<Successor, Outcome>> {
        Box::pin(std::future::ready(Err(Outcome::Unknown { why: Why::NoWay { provider: self.issuer().to_owned() } })))
    }

    /// The id of a successor of this name that was made though its answer was lost; `None` if there is none.
    ///
    /// # Errors
    /// If that cannot be told.
    fn find_successor<'a>(
        &'a self,
        _cx: &'a Context,
        _credential: &'a Credential,
        _target: &'a Target,
        _name: &'a str,
    ) -> Doing<'a, Result<Option<String>, Outcome>> {
        Box::pin(std::future::ready(Err(Outcome::Unknown { why: Why::NoWay { provider: self.issuer().to_owned() } })))
    }

    /// Removes a successor that nobody will use.
    fn remove_successor<'a>(
        &'a self,
        _cx: &'a Context,
        _credential: &'a Credential,
        _target: &'a Target,
        _id: &'a str,
    ) -> Doing<'a, Outcome> {
        Box::pin(std::future::ready(Outcome::Unknown { why: Why::NoWay { provider: self.issuer().to_owned() } }))
    }
}
