//! The values that a request is filled with. They may be secret, so that none of them is ever printed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use zeroize::Zeroizing;

use crate::Hidden;
use crate::responder::Responder;

/// Names and their values.
#[derive(Clone, Default)]
pub struct Values {
    texts: BTreeMap<String, Zeroizing<String>>,
    /// Hosts that came from a leak, and so are held against the allow-list.
    leaked_hosts: BTreeSet<String>,
    /// A name whose value stood near and may be another's.
    doubtful: Option<String>,
    /// Names whose values came along with the secret: nothing shows that they belong to it.
    strays: BTreeSet<String>,
    /// Names whose values are secret beside the usual ones.
    hidden: BTreeSet<String>,
}

impl Values {
    /// Sets a value.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.texts.insert(name.into(), Zeroizing::new(value.into()));
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(|text| text.as_str())
    }

    /// Sets what provider's answers bound.
    pub fn bind(&mut self, bound: &BTreeMap<String, String>) {
        for (name, value) in bound {
            self.set(name, value);
        }
    }

    /// Sets what provider's answers bound and nobody may see.
    pub fn bind_hidden(&mut self, hidden: &Hidden) {
        for (name, value) in &hidden.0 {
            self.set(name, value.as_str());
            self.hidden.insert(name.clone());
        }
    }

    /// Sets the parts of a responder: `responder` is its main secret, `responder.NAME` each part.
    pub fn set_responder(&mut self, responder: &Responder) {
        for (name, value) in responder.parts.iter() {
            self.set(format!("responder.{name}"), value.as_str());
        }
        if let Some(secret) = responder.parts.get("secret") {
            self.set("responder", secret.as_str());
        }
        if let Some(account) = &responder.account {
            self.set("responder.account", account.as_str());
        }
    }

    /// Marks the value of a name as a host that came from a leak.
    pub(crate) fn mark_leaked_host(&mut self, name: &str) {
        self.leaked_hosts.insert(name.to_owned());
    }

    /// Whether the value of a name is a host that came from a leak.
    pub(crate) fn is_leaked_host(&self, name: &str) -> bool {
        self.leaked_hosts.contains(name)
    }

    /// Marks the value of a name as one that came along with the secret and is not read out of it.
    pub(crate) fn mark_stray(&mut self, name: &str) {
        self.strays.insert(name.to_owned());
    }

    /// The name, if its value merely came along with the secret. Whoever made the leak chose it.
    pub(crate) fn stray(&self, name: &str) -> Option<&str> {
        self.strays.get(name).map(String::as_str)
    }

    /// Marks the value of a name as one that may be another's.
    pub(crate) fn mark_doubtful(&mut self, name: &str) {
        self.doubtful = Some(name.to_owned());
    }

    /// A name whose value may be another's, so that a refusal proves nothing.
    pub(crate) fn doubtful(&self) -> Option<&str> {
        self.doubtful.as_deref()
    }

    /// The text without what is secret in it, for people: values of `secret` and the responder's are replaced.
    pub fn hide(&self, text: &str) -> String {
        const SHORTEST: usize = 6;
        let usual = |name: &str| matches!(name, "secret" | "responder" | "new") || name.starts_with("responder.");
        let secret = |name: &str| usual(name) || self.hidden.contains(name);
        let mut hidden = text.to_owned();
        for (_, value) in self.texts.iter().filter(|(name, value)| secret(name) && value.len() >= SHORTEST) {
            hidden = hidden.replace(value.as_str(), "[secret]");
        }
        hidden
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.texts.keys()).finish()
    }
}
