//! Passwords of accounts on servers: the verbs, which are the same for all of them, over what differs from server to server.

use std::fmt;
use std::future::Future;

use crate::file::File;
use crate::{Context, Credential, Doing, Outcome, Probe, Revoker, Step, Successor, Target, Why};

/// What one sort of server does. What a step is called is its own affair.
pub(super) trait Account: Copy + Send + Sync + fmt::Debug + 'static {
    /// What undoes the first step.
    const UNDO: &'static str;

    /// The provider's file.
    fn file(self) -> &'static File;

    /// Whether the password is accepted, and whose it is.
    fn ask(self, cx: &Context, credential: &Credential) -> impl Future<Output = Result<Probe, Why>> + Send;

    /// The exact account.
    fn find(
        self,
        cx: &Context,
        credential: &Credential,
        seen: &Probe,
    ) -> impl Future<Output = Result<Target, Outcome>> + Send;

    /// What is done to it, in order.
    fn steps_of(target: &Target) -> Vec<Step>;

    /// Does a step, or what undoes one, by its name.
    fn act(
        self,
        cx: &Context,
        credential: &Credential,
        target: &Target,
        what: &str,
    ) -> impl Future<Output = Result<(), Outcome>> + Send;

    /// Another password.
    fn successor(
        self,
        cx: &Context,
        credential: &Credential,
        target: &Target,
    ) -> impl Future<Output = Result<Successor, Outcome>> + Send;

    /// Takes another password away again, where that leaves the first.
    fn forget(
        self,
        _cx: &Context,
        _credential: &Credential,
        _id: &str,
    ) -> impl Future<Output = Result<(), Outcome>> + Send {
        std::future::ready(Err(no_way(self.file())))
    }
}

/// It is not known what is the matter.
pub(super) const fn unknown(why: Why) -> Outcome {
    Outcome::Unknown { why }
}

/// There is no such step.
pub(super) fn no_way(file: &File) -> Outcome {
    unknown(Why::NoWay { provider: file.provider.clone() })
}

/// The responder that found the target is configured no more.
pub(super) fn vanished(file: &File) -> Outcome {
    let detail = "there was one when the target was found".to_owned();
    unknown(Why::NoResponder { id: file.provider.clone(), detail })
}

/// A responder that is refused is no statement about the leaked one.
pub(super) fn refused_responder() -> Outcome {
    Outcome::NotPermitted { why: "the server refuses the responder's login".to_owned() }
}

fn told(result: Result<(), Outcome>) -> Outcome {
    result.err().unwrap_or(Outcome::Accepted)
}

impl<A: Account> Revoker for A {
    fn issuer(&self) -> &str {
        &self.file().name
    }

    fn probe<'a>(&'a self, cx: &'a Context, credential: &'a Credential) -> Doing<'a, Probe> {
        Box::pin(async move { self.ask(cx, credential).await.unwrap_or_else(Probe::unknown) })
    }

    fn locate<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        seen: &'a Probe,
    ) -> Doing<'a, Result<Target, Outcome>> {
        Box::pin(self.find(cx, credential, seen))
    }

    fn steps<'a>(
        &'a self,
        _cx: &'a Context,
        _credential: &'a Credential,
        target: &'a Target,
    ) -> Doing<'a, Result<Vec<Step>, Outcome>> {
        Box::pin(std::future::ready(Ok(Self::steps_of(target))))
    }

    fn perform<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        target: &'a Target,
        step: &'a Step,
    ) -> Doing<'a, Outcome> {
        Box::pin(async move { told(self.act(cx, credential, target, &step.name).await) })
    }

    fn undo<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        target: &'a Target,
        _step: &'a Step,
    ) -> Doing<'a, Outcome> {
        Box::pin(async move { told(self.act(cx, credential, target, Self::UNDO).await) })
    }

    fn mint<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        target: &'a Target,
        _name: &'a str,
    ) -> Doing<'a, Result<Successor, Outcome>> {
        Box::pin(self.successor(cx, credential, target))
    }

    fn remove_successor<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        _target: &'a Target,
        id: &'a str,
    ) -> Doing<'a, Outcome> {
        Box::pin(async move { told(self.forget(cx, credential, id).await) })
    }
}
