//! Carries out what a provider's file says of a kind.

mod list;
mod locate;
mod probe;
mod responder;
mod revoke;
mod rotate;

#[cfg(fuzzing)]
pub(crate) use list::fuzz;

use std::collections::BTreeMap;

use serde_json::Value;
use zeroize::Zeroizing;

pub use responder::check_responder;

use crate::answer::{Line, OneOrMany};
use crate::file::File;
use crate::http::{Answer, Call, Payer, Repeat};
use crate::kind::Kind;
use crate::native::signer::{Deriving, Signer};
use crate::request::Request;
use crate::together::Seat;
use crate::{
    Context, Credential, Doing, Hidden, Identity, Outcome, Probe, Revoker, Step, Successor, Target, Values, Why,
    pointer,
};

/// The seconds by which clocks may differ where requests are signed. The strictest provider accepts half a minute.
const MOST_SKEW: u64 = 25;

/// A kind that is data.
#[derive(Debug, Clone, Copy)]
pub struct Declared {
    /// The file that it stands in.
    pub file: &'static File,
    /// The kind.
    pub kind: &'static Kind,
    /// What signs its requests, and derives values for them.
    pub(crate) signer: Option<&'static dyn Signer>,
}

impl Revoker for Declared {
    fn issuer(&self) -> &str {
        &self.file.name
    }

    fn probe<'a>(&'a self, cx: &'a Context, credential: &'a Credential) -> Doing<'a, Probe> {
        Box::pin(probe::probe(*self, cx, credential))
    }

    fn locate<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        seen: &'a Probe,
    ) -> Doing<'a, Result<Target, Outcome>> {
        Box::pin(locate::locate(*self, cx, credential, seen))
    }

    fn steps<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        target: &'a Target,
    ) -> Doing<'a, Result<Vec<Step>, Outcome>> {
        Box::pin(revoke::steps(*self, cx, credential, target))
    }

    fn perform<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        target: &'a Target,
        step: &'a Step,
    ) -> Doing<'a, Outcome> {
        Box::pin(revoke::perform(*self, cx, credential, target, step))
    }

    fn seat(&self, cx: &Context) -> Option<Seat> {
        revoke::seat(*self, cx)
    }

    fn undo<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        target: &'a Target,
        step: &'a Step,
    ) -> Doing<'a, Outcome> {
        Box::pin(revoke::undo(*self, cx, credential, target, step))
    }

    fn mint<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        target: &'a Target,
        name: &'a str,
    ) -> Doing<'a, Result<Successor, Outcome>> {
        Box::pin(rotate::mint(*self, cx, credential, target, name))
    }

    fn find_successor<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        target: &'a Target,
        name: &'a str,
    ) -> Doing<'a, Result<Option<String>, Outcome>> {
        Box::pin(rotate::find(*self, cx, credential, target, name))
    }

    fn remove_successor<'a>(
        &'a self,
        cx: &'a Context,
        credential: &'a Credential,
        target: &'a Target,
        id: &'a str,
    ) -> Doing<'a, Outcome> {
        Box::pin(rotate::remove(*self, cx, credential, target, id))
    }
}

/// The values of a credential, and for whom its requests are counted.
struct Filled {
    values: Values,
    payer: Payer,
    /// The kind's names whose bound values are secret.
    hidden: &'static [String],
    signer: Option<&'static dyn Signer>,
    /// Whether something is looked up or done about the credential, not with it.
    acts: bool,
}

impl Declared {
    /// The values of a credential.
    fn fill(self, cx: &Context, credential: &Credential) -> Result<Filled, Why> {
        let values = credential.values(self.kind, &self.file.provider, &cx.config)?;
        let per_minute = self.kind.rate.per_minute;
        Ok(Filled {
            values,
            payer: Payer { provider: self.file.provider.clone(), account: String::new(), per_minute, per_hour: None },
            hidden: &self.kind.hidden,
            signer: self.signer,
            acts: false,
        })
    }

    /// Adds the responder's values, if one of the requests asks for them. `accounts` tell which of several is meant.
    async fn fill_responder(
        self,
        cx: &Context,
        filled: &mut Filled,
        requests: &[&Request],
        accounts: &[String],
    ) -> Result<(), Why> {
        let id = self.file.responder(self.kind).map_or(self.file.provider.as_str(), |responder| responder.id.as_str());
        let wanted = |name: &&str| *name == "responder" || name.starts_with("responder.");
        let asked = requests.iter().any(|request| request.names().iter().any(wanted));
        // A signature names nobody in a template: ours signs what is done, if there is one, else the leaked key does it itself.
        let signs =
            filled.acts && self.signer.is_some_and(Signer::by_responder) && cx.config.responders.contains_key(id);
        if asked || signs {
            Self::set_responder(cx, filled, id, accounts).await?;
        }
        let Some(signer) = self.signer else { return Ok(()) };
        let names = requests.iter().flat_map(|request| request.names()).collect();
        let Filled { values, payer, acts, .. } = filled;
        signer.derive(Deriving { cx, values, payer, names, acts: *acts }).await
    }

    async fn set_responder(cx: &Context, filled: &mut Filled, id: &str, accounts: &[String]) -> Result<(), Why> {
        let responder = cx.responders.get(&cx.config, id, accounts).await?;
        filled.values.set_responder(&responder);
        filled.payer.account = responder.account.unwrap_or_default();
        Ok(())
    }

    /// The values of an action: the credential's, the responder's, and what was bound when the target was found.
    async fn fill_action(
        self,
        cx: &Context,
        credential: &Credential,
        target: &Target,
        requests: &[&Request],
    ) -> Result<Filled, Why> {
        let mut filled = self.fill(cx, credential)?;
        filled.acts = true;
        filled.values.bind(&target.bound);
        let accounts = target.bound.get("responder.account").cloned();
        self.fill_responder(cx, &mut filled, requests, accounts.as_slice()).await?;
        filled.values.bind(&target.bound);
        filled.values.bind_hidden(&target.hidden);
        Ok(filled)
    }
}

impl Filled {
    /// Puts what an answer bound where it belongs. A value that shows a secret and is not called hidden by the file is dropped: a request
    /// that needs it will say that it is missing.
    fn sort(&self, found: BTreeMap<String, String>, bound: &mut BTreeMap<String, String>, hidden: &mut Hidden) {
        for (name, value) in found {
            if self.hidden.contains(&name) {
                hidden.0.insert(name, Zeroizing::new(value));
            } else if self.values.hide(&value) == value {
                bound.insert(name, value);
            }
        }
    }

    /// Sends a request.
    async fn send(&self, cx: &Context, request: &Request, repeat: Repeat) -> Result<Answer, Why> {
        let mut call = request.call(&self.values)?;
        self.sign(&mut call)?;
        let answer = cx.http.send(&call, &self.payer, repeat).await?;
        // A signature tells its time, and one of another time is refused, however good the key.
        let late = self.signer.is_some() && answer.clock_skew().is_some_and(|skew| skew > MOST_SKEW);
        if late && (400..500).contains(&answer.status) {
            return Err(Why::Other {
                detail: "our clock differs from the provider's, which signatures do not survive".to_owned(),
            });
        }
        Ok(answer)
    }

    /// Signs a request, where the kind's are signed. A request may be signed anew.
    fn sign(&self, call: &mut Call) -> Result<(), Why> {
        self.signer.map_or(Ok(()), |signer| signer.sign(call, &self.values))
    }

    /// What the fields of an answer say of the owner, without what is secret.
    fn identity(&self, fields: &BTreeMap<String, OneOrMany<String>>, answer: &Answer) -> Identity {
        let mut identity = Identity::default();
        let json = answer.json();
        for (field, places) in fields {
            for place in places.as_slice() {
                // The value that was asked with: the provider has accepted it.
                let own = place.strip_prefix('{').and_then(|name| self.values.get(name.strip_suffix('}')?));
                if let Some(own) = own {
                    identity.add(field, self.values.hide(own));
                    continue;
                }
                for text in Self::texts(place, answer, json.as_ref()) {
                    identity.add(field, self.values.hide(&text));
                }
            }
        }
        identity
    }

    /// The scalars that stand at a place, in order; a list of words in a header is taken apart.
    fn texts(place: &str, answer: &Answer, json: Option<&Value>) -> Vec<String> {
        if let Some(name) = place.strip_prefix("header:") {
            let text = answer.header(name).unwrap_or_default();
            return text.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect();
        }
        let found = json.map(|json| pointer::find(json, place)).unwrap_or_default();
        let scalars = |value: &&Value| match value {
            Value::Array(items) => items.iter().filter_map(pointer::scalar).collect(),
            value => pointer::scalar(value).into_iter().collect::<Vec<_>>(),
        };
        found.iter().flat_map(scalars).collect()
    }
}

/// Why nothing could be bound.
enum Unbound {
    /// Nothing stands there.
    Nothing(String),
    /// Several different values stand there.
    Several(usize),
}

/// Binds names to what pointers find in a document: exactly one distinct scalar each.
fn bind(bound: &BTreeMap<String, String>, document: &Value) -> Result<BTreeMap<String, String>, Unbound> {
    let mut values = BTreeMap::new();
    for (name, place) in bound {
        let mut found: Vec<String> = pointer::find(document, place).into_iter().filter_map(pointer::scalar).collect();
        found.sort_unstable();
        found.dedup();
        match found.len() {
            0 => return Err(Unbound::Nothing(name.clone())),
            1 => values.extend(found.pop().map(|value| (name.clone(), value))),
            several => return Err(Unbound::Several(several)),
        }
    }
    Ok(values)
}

/// What the provider said when it did not let us, for people: its own message would be theirs to choose, so it is only the status.
fn refusal(answer: &Answer) -> String {
    format!("the provider answers {}", answer.status)
}

/// Whether an answer means what lines say, with the usual meaning where there are none: 2xx is read, 401 and 403 refuse.
fn usual(lines: &[Line], answer: &Answer) -> Result<crate::answer::Means, Why> {
    use crate::answer::{Means, read};
    if !lines.is_empty() {
        return read(lines, answer);
    }
    if let Some(why) = answer.proves_nothing() {
        return Err(why);
    }
    match answer.status {
        200..=299 => Ok(Means::Done),
        401 | 403 => Ok(Means::Denied),
        status => Err(Why::Answer { status }),
    }
}
