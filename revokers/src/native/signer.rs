//! What requests need beyond templates: values that are computed, and signatures. The rest of such a kind stays data.

use std::collections::BTreeSet;
use std::fmt;

use crate::http::{Call, Payer};
use crate::{Context, Doing, Values, Why};

/// Derives values for the requests of a kind, and signs them.
pub(crate) trait Signer: Send + Sync + fmt::Debug {
    /// The names of the values that it derives.
    fn derives(&self) -> &'static [&'static str] {
        &[]
    }

    /// Those of them that say which credential is meant, and so are part of the target. They are never secret.
    fn finds(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether our responder's key signs what is done about a credential, where one is configured; else the leaked key does.
    fn by_responder(&self) -> bool {
        false
    }

    /// Derives what the requests ask for.
    fn derive<'a>(&'a self, _what: Deriving<'a>) -> Doing<'a, Result<(), Why>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Signs a request that is complete otherwise. What an earlier signature left is written over.
    fn sign(&self, _call: &mut Call, _values: &Values) -> Result<(), Why> {
        Ok(())
    }
}

/// What values are derived from.
pub(crate) struct Deriving<'a> {
    pub(crate) cx: &'a Context,
    pub(crate) values: &'a mut Values,
    pub(crate) payer: &'a Payer,
    /// The names that the requests ask for.
    pub(crate) names: BTreeSet<&'a str>,
    /// Whether something is looked up or done about the credential, not with it.
    pub(crate) acts: bool,
}

impl Deriving<'_> {
    /// Whether a value is asked for and not there yet.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.names.contains(name) && self.values.get(name).is_none()
    }
}

/// A value that must be there.
pub(crate) fn need<'v>(values: &'v Values, name: &str) -> Result<&'v str, Why> {
    let missing = || Why::Missing { part: name.to_owned() };
    values.get(name).filter(|value| !value.is_empty()).ok_or_else(missing)
}
