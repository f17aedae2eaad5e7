//! AWS: access keys of users and of the account itself, sessions, and what else IAM keeps.
//!
//! A target is what [`bound`] says of it; probing and locating differ by kind ([`Way`]), acting by target ([`act`]).

mod act;
mod bedrock;
mod bound;
mod caller;
mod id;
mod key;
mod listed;
mod memory;
mod partition;
mod password;
mod query;
mod rotate;
mod service;
mod sign;
mod xml;

#[cfg(fuzzing)]
pub(crate) use xml::fuzz;

use std::sync::Mutex;

use bound::Bound;
pub(crate) use id::{account_in, is_region};
use memory::Memory;
use partition::Partition;
use query::{Hand, Signer};
pub(crate) use sign::{Scope, Unsigned, authorization};
use zeroize::Zeroizing;

use crate::file::File;
use crate::http::Payer;
use crate::kind::Kind;
use crate::{Context, Credential, Doing, Outcome, Probe, Revoker, Step, Successor, Target, Values, Why};

/// The code of a name.
pub(super) fn find(name: &str, file: &'static File, kind: &'static Kind) -> Option<Box<dyn Revoker>> {
    let way = match name {
        "aws.access-key" => Way::Key,
        "aws.bedrock-long-term" => Way::LongTerm,
        "aws.bedrock-short-term" => Way::ShortTerm,
        "aws.console-password" => Way::Password,
        "aws.service-credential" => Way::Service,
        _ => return None,
    };
    Some(Box::new(Aws { file, kind, way, memory: Mutex::default() }))
}

/// How a kind is asked about and found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// A key id with its secret, and for a session its token; or the id alone, which only a responder can ask about.
    Key,
    /// A key of Bedrock that IAM keeps.
    LongTerm,
    /// A key of Bedrock that is a signed address.
    ShortTerm,
    /// A user's password of the console.
    Password,
    /// A user name and a password for one service.
    Service,
}

/// A kind of AWS.
#[derive(Debug)]
struct Aws {
    file: &'static File,
    kind: &'static Kind,
    way: Way,
    memory: Mutex<Memory>,
}

impl Revoker for Aws {
    fn issuer(&self) -> &str {
        &self.file.name
    }

    fn probe<'a>(&'a self, cx: &'a Context, credential: &'a Credential) -> Doing<'a, Probe> {
        Box::pin(async move {
            let probe = match self.way {
                Way::Key => self.probe_key(cx, credential).await,
                Way::LongTerm => self.probe_long_term(cx, credential).await,
                Way::ShortTerm => self.probe_short_term(cx, credential).await,
                Way::Password => self.probe_password(cx, credential).await,
                Way::Service => self.probe_service(cx, credential).await,
            };
            probe.unwrap_or_else(Probe::unknown)
        })
    }

    fn locate<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        seen: &'a Probe,
    ) -> Doing<'a, Result<Target, Outcome>> {
        Box::pin(async move {
            let target = match self.way {
                Way::Key => self.locate_key(cx, credential, seen).await,
                Way::LongTerm | Way::Service => self.locate_service(cx, credential).await,
                Way::ShortTerm => self.locate_short_term(cx, credential).await,
                Way::Password => self.locate_password(cx, credential).await,
            }?;
            // The proof after the last step asks about it when no list shows it any more.
            self.remember(credential, |known| known.target.clone_from(&target.bound));
            Ok(target)
        })
    }

    fn steps<'a>(
        &'a self,
        _: &'a Context,
        _: &'a Credential,
        target: &'a Target,
    ) -> Doing<'a, Result<Vec<Step>, Outcome>> {
        Box::pin(async move { Bound(&target.bound).steps().map_err(unknown) })
    }

    fn perform<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        target: &'a Target,
        step: &'a Step,
    ) -> Doing<'a, Outcome> {
        Box::pin(async move {
            match Bound(&target.bound).doing(&step.name) {
                Ok(change) => self.act(cx, credential, target, change).await,
                Err(why) => unknown(why),
            }
        })
    }

    fn undo<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        target: &'a Target,
        step: &'a Step,
    ) -> Doing<'a, Outcome> {
        Box::pin(async move {
            match Bound(&target.bound).undoing(&step.name) {
                Ok(Some(change)) => self.act(cx, credential, target, change).await,
                Ok(None) => Outcome::NotPermitted { why: "the step cannot be undone".to_owned() },
                Err(why) => unknown(why),
            }
        })
    }

    fn mint<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        target: &'a Target,
        name: &'a str,
    ) -> Doing<'a, Result<Successor, Outcome>> {
        Box::pin(self.mint_successor(cx, credential, target, name))
    }

    fn find_successor<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        target: &'a Target,
        name: &'a str,
    ) -> Doing<'a, Result<Option<String>, Outcome>> {
        Box::pin(self.look_for_successor(cx, credential, target, name))
    }

    fn remove_successor<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        target: &'a Target,
        id: &'a str,
    ) -> Doing<'a, Outcome> {
        Box::pin(async move {
            match Bound(&target.bound).removing(id) {
                Ok(change) => self.act(cx, credential, target, change).await,
                Err(why) => unknown(why),
            }
        })
    }
}

fn unknown(why: Why) -> Outcome {
    Outcome::Unknown { why }
}

/// A reason in words.
fn told(detail: impl Into<String>) -> Why {
    Why::Other { detail: detail.into() }
}

/// The parts of a credential.
struct Held {
    values: Values,
}

impl Held {
    /// A part, unless it is empty.
    fn part(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// A part that must be there.
    fn need(&self, name: &str) -> Result<&str, Why> {
        self.part(name).ok_or_else(|| Why::Missing { part: name.to_owned() })
    }

    /// The secret itself if it looks like this part, else the part.
    fn own(&self, name: &str, looks: fn(&str) -> bool) -> Option<&str> {
        self.part("secret").filter(|secret| looks(secret)).or_else(|| self.part(name))
    }

    /// The id of the access key.
    fn key_id(&self) -> Result<&str, Why> {
        let key_id = self.own("key_id", id::is_key_id).ok_or_else(|| Why::Missing { part: "key_id".to_owned() })?;
        if id::is_key_id(key_id) { Ok(key_id) } else { Err(Why::Malformed { part: "key_id".to_owned() }) }
    }

    /// What the credential signs with; `None` if only the key's id is known.
    fn signer(&self) -> Result<Option<Signer>, Why> {
        let key_id = self.key_id()?;
        let session = id::is_session(key_id);
        let Some(secret) = self.own("secret_key", id::is_secret_key) else {
            // The id of a session is in no list.
            return if session { Err(Why::Missing { part: "secret_key".to_owned() }) } else { Ok(None) };
        };
        let token = self.own("session_token", |text| text.len() > 100);
        if session && token.is_none() {
            return Err(Why::Missing { part: "session_token".to_owned() });
        }
        let token = token.filter(|_| session).map(|token| Zeroizing::new(token.to_owned()));
        Ok(Some(Signer { key_id: key_id.to_owned(), secret: Zeroizing::new(secret.to_owned()), token }))
    }

    /// The partition that the configuration names.
    fn partition(&self) -> Result<Option<Partition>, Why> {
        let Some(name) = self.part("partition") else { return Ok(None) };
        partition::by_name(name).map(Some).ok_or_else(|| Why::Malformed { part: "partition".to_owned() })
    }
}

impl Aws {
    fn held(&self, cx: &Context, credential: &Credential) -> Result<Held, Why> {
        Ok(Held { values: credential.values(self.kind, &self.file.provider, &cx.config)? })
    }

    fn payer(&self, account: &str) -> Payer {
        let per_minute = self.kind.rate.per_minute;
        Payer { provider: self.file.provider.clone(), account: account.to_owned(), per_minute, per_hour: None }
    }

    /// The leaked key, as one that asks; `None` if it is not whole.
    fn leaked(&self, cx: &Context, credential: &Credential, partition: Partition) -> Result<Option<Hand>, Why> {
        let signer = self.held(cx, credential)?.signer()?;
        Ok(signer.map(|signer| Hand { signer, partition, payer: self.payer("") }))
    }
}
