//! Which key exactly is it? Never a first guess: of all pages and projects exactly one item must fit.

use std::collections::BTreeMap;

use serde_json::Value;

use super::list::pages;
use super::{Declared, Filled, Unbound, bind};
use crate::answer::{OneOrMany, holds_of, tells};
use crate::kind::{LocateSpec, Matching, Part};
use crate::native::signer::Signer;
use crate::reading::Read;
use crate::template::{Escape, Template};
use crate::{Context, Credential, Hidden, Identity, Outcome, Probe, Target, Values, Why, mask, pointer};

/// What has been bound on the way to an item, and the item.
#[derive(Clone)]
struct Path {
    bound: BTreeMap<String, String>,
    hidden: Hidden,
    item: Option<Value>,
    /// Whether what fitted tells the key from every other of the world.
    named: bool,
}

pub(super) async fn locate(
    declared: Declared,
    cx: &Context,
    credential: &Credential,
    seen: &Probe,
) -> Result<Target, Outcome> {
    let unknown = |why| Outcome::Unknown { why };
    let steps = &declared.kind.locate;
    let mut filled = declared.fill(cx, credential).map_err(unknown)?;
    filled.acts = true;
    filled.values.bind(&seen.bound);
    let accounts: Vec<String> = Identity::OWNERS.iter().flat_map(|field| seen.identity.of(field)).cloned().collect();
    let all = declared.kind.requests();
    let requests: Vec<_> =
        all.iter().filter(|(what, _)| matches!(*what, "locate" | "revoke")).map(|(_, r)| *r).collect();
    declared.fill_responder(cx, &mut filled, &requests, &accounts).await.map_err(unknown)?;
    filled.values.bind(&seen.bound);
    filled.values.bind_hidden(&seen.hidden);
    let mut start = Path { bound: seen.bound.clone(), hidden: seen.hidden.clone(), item: None, named: true };
    if let Some(account) = filled.values.get("responder.account") {
        start.bound.insert("responder.account".to_owned(), account.to_owned());
    }
    for name in declared.signer.map_or(&[][..], Signer::finds) {
        start.bound.extend(filled.values.get(name).map(|id| ((*name).to_owned(), id.to_owned())));
    }
    if steps.is_empty() {
        let Path { bound, hidden, .. } = start;
        return Ok(Target { bound, hidden, found_by: by_itself(declared), listed: false, alive: None });
    }
    let mut paths = vec![start];
    for (at, step) in steps.iter().enumerate() {
        let is_last = at + 1 == steps.len();
        if is_last || !paths.iter().all(|path| tells_nothing_new(step, path)) {
            paths = walk(&mut filled, cx, step, paths).await?;
        }
    }
    let Path { bound, hidden, item, named } = only(paths)?;
    let signs = declared.signer.is_some_and(Signer::by_responder) && filled.values.get("responder").is_some();
    // A short mask may fit a stranger's key by chance: it tells our keys apart, and not whose a key is.
    let listed = named
        && bystander(declared, &filled.values).is_none()
        && steps.iter().any(|step| signs || step.request.names().iter().any(|name| name.starts_with("responder")));
    let alive = item.and_then(|item| alive(declared, &item));
    Ok(Target { bound, hidden, found_by: how(steps), listed, alive })
}

/// The part by whose value alone the list was searched, where that value merely came along with the secret: nothing that is asked or
/// compared comes from the secret, so that anybody can have another's key found by writing its public id beside a made-up secret.
pub(super) fn bystander(declared: Declared, values: &Values) -> Option<&str> {
    let asks_itself = declared.kind.probe.as_ref().is_some_and(|probe| probe.request.is_some());
    let steps = &declared.kind.locate;
    if asks_itself || steps.iter().any(|step| is_of_secret(declared, values, step)) {
        return None;
    }
    let derived = declared.signer.map_or(&[][..], Signer::finds).iter().copied();
    let compared = steps.iter().filter_map(|step| step.matching.as_ref()).flat_map(|matching| matching.equals.values());
    let mut names = compared.flat_map(Template::names).chain(derived);
    names.find_map(|name| values.stray(name))
}

/// Whether a step compares or tells something that comes from the secret: the secret itself, a mask of it, what was read out of it.
fn is_of_secret(declared: Declared, values: &Values, step: &LocateSpec) -> bool {
    let parts = &declared.kind.parts;
    let within = |name: &str| {
        let of_secret = |part: &Part| part.secret.is_some() || part.json.is_some() || part.digest.is_some();
        name == "secret" || (parts.get(name).is_some_and(of_secret) && values.stray(name).is_none())
    };
    let matching = step.matching.as_ref();
    let shown = matching.is_some_and(|matching| {
        matching.mask.is_some()
            || matching.head.is_some()
            || matching.tail.is_some()
            || matching.equals.values().flat_map(Template::names).any(&within)
    });
    shown || !step.slots.is_empty() || step.request.names().iter().any(|name| within(name))
}

fn by_itself(declared: Declared) -> String {
    let parts = &declared.kind.parts;
    match () {
        () if parts.values().any(|part| part.ask) => "by the id that a person gave",
        () if parts.keys().any(|name| name.ends_with("id")) => "by the id that came with it",
        () => "by its own value",
    }
    .to_owned()
}

fn how(steps: &[LocateSpec]) -> String {
    let matching = steps.iter().find_map(|step| step.matching.as_ref());
    match matching {
        Some(matching) if !matching.equals.is_empty() => "the only one in the list that has its id",
        Some(_) => "the only one in the list whose mask fits",
        None => "by what the provider says of its caller",
    }
    .to_owned()
}

/// Whether a step only gives values that are known from an earlier look. It is not asked again then: what a credential told of itself while it was
/// alive it may tell no more, and the last step, which looks for the item, is what matters.
fn tells_nothing_new(step: &LocateSpec, path: &Path) -> bool {
    let known = |name: &String| path.bound.contains_key(name);
    step.matching.is_none() && step.slots.is_empty() && !step.bind.is_empty() && step.bind.keys().all(known)
}

/// Takes a step from every path.
async fn walk(filled: &mut Filled, cx: &Context, step: &LocateSpec, paths: Vec<Path>) -> Result<Vec<Path>, Outcome> {
    let mut further = Vec::new();
    for path in paths {
        filled.values.bind(&path.bound);
        filled.values.bind_hidden(&path.hidden);
        let documents = match pages(filled, cx, step).await? {
            Read::Pages(documents) => documents,
            Read::Gone => continue,
        };
        for document in documents.iter() {
            for item in items(step, document)? {
                if !step.matching.as_ref().map_or(Ok(true), |matching| fits(matching, filled, item))? {
                    continue;
                }
                let found = bind(&step.bind, item).map_err(|unbound| missing(unbound, step))?;
                let Some(slot) = slot(step, filled, item)? else { continue };
                let named = path.named && step.matching.as_ref().is_none_or(|matching| names(matching, item));
                let mut path = Path { item: Some(item.clone()), named, ..path.clone() };
                path.bound.extend(slot);
                filled.sort(found, &mut path.bound, &mut path.hidden);
                further.push(path);
            }
        }
    }
    Ok(further)
}

/// Which of its fields holds the whole secret, where the step asks for that; `None` if none does.
fn slot(step: &LocateSpec, filled: &Filled, item: &Value) -> Result<Option<BTreeMap<String, String>>, Outcome> {
    if step.slots.is_empty() {
        return Ok(Some(BTreeMap::new()));
    }
    // The key may be a part of what leaked, such as a connection string.
    let secret = filled.values.get("key").or_else(|| filled.values.get("secret")).unwrap_or_default();
    let holds = |place: &str| pointer::find(item, place).first().is_some_and(|value| value.as_str() == Some(secret));
    let found: Vec<&String> = step.slots.iter().filter(|(place, _)| holds(place)).map(|(_, name)| name).collect();
    match found.as_slice() {
        [] => Ok(None),
        [slot] => Ok(Some([("slot".to_owned(), (*slot).clone())].into())),
        several => Err(Outcome::Ambiguous { candidates: several.len() }),
    }
}

fn missing(unbound: Unbound, step: &LocateSpec) -> Outcome {
    match unbound {
        Unbound::Several(candidates) if step.each.is_none() => Outcome::Ambiguous { candidates },
        Unbound::Several(_) => {
            Outcome::Unknown { why: Why::Other { detail: "the list has an item with several ids".to_owned() } }
        }
        Unbound::Nothing(part) => Outcome::Unknown { why: Why::Missing { part } },
    }
}

/// The items of a document: those of its list, or the document itself.
pub(super) fn items<'a>(step: &LocateSpec, document: &'a Value) -> Result<Vec<&'a Value>, Outcome> {
    let Some(each) = &step.each else { return Ok(vec![document]) };
    match pointer::find(document, each).as_slice() {
        [Value::Array(items)] => Ok(items.iter().collect()),
        [Value::Object(fields)] => Ok(fields.values().collect()),
        // A list that says null is empty; one that is not there is not the answer that the file describes.
        [Value::Null] => Ok(Vec::new()),
        found if found.len() > 1 => Ok(found.iter().filter_map(|list| list.as_array()).flatten().collect()),
        _ => Err(Outcome::Unknown {
            why: Why::Other { detail: "the provider's list has another form than is documented".to_owned() },
        }),
    }
}

/// Whether an item is the one that is meant.
fn fits(matching: &Matching, filled: &Filled, item: &Value) -> Result<bool, Outcome> {
    let secret = filled.values.get("secret").unwrap_or_default();
    let text = |place: &str| pointer::find(item, place).first().and_then(|value| pointer::scalar(value));
    let mask = matching.mask.as_ref().is_none_or(|places| {
        places.as_slice().iter().filter_map(|place| text(place)).any(|shown| mask::fits(&shown, secret))
    });
    // What is asked for and not shown is an end that no secret has.
    let end = |place: Option<&String>| place.map_or_else(|| Some(String::new()), |place| text(place));
    let ends = match (end(matching.head.as_ref()), end(matching.tail.as_ref())) {
        (Some(head), Some(tail)) => (matching.head.is_none() && matching.tail.is_none()) || ends(&head, &tail, secret),
        _ => false,
    };
    let mut equal = true;
    for (place, wanted) in &matching.equals {
        let wanted = wanted.render(&filled.values, Escape::None).map_err(|why| Outcome::Unknown { why })?;
        equal &= !wanted.is_empty() && text(place).is_some_and(|found| found == *wanted);
    }
    Ok(mask && ends && equal && holds_of(&matching.conditions, item))
}

/// Whether what fits of an item tells the key from every other of the world.
fn names(matching: &Matching, item: &Value) -> bool {
    let text = |place: &String| pointer::find(item, place).first().and_then(|value| pointer::scalar(value));
    let mask = matching.mask.iter().flat_map(OneOrMany::as_slice).filter_map(text).any(|shown| mask::names(&shown));
    let ends = [matching.head.as_ref(), matching.tail.as_ref()].map(|end| end.and_then(text).unwrap_or_default());
    !matching.equals.is_empty() || mask || mask::names(&format!("{}…{}", ends[0], ends[1]))
}

/// Whether the shown ends are those of the secret, and show enough.
fn ends(head: &str, tail: &str, secret: &str) -> bool {
    const LEAST: usize = 4;
    let bare = |end: &str| end.trim_matches(['*', '.', '…', '•']).to_owned();
    let (head, tail) = (bare(head), bare(tail));
    let shown = head.len() + tail.len();
    (LEAST..=secret.len()).contains(&shown) && secret.starts_with(&head) && secret.ends_with(&tail)
}

/// The one path that is left. The same item twice (a list that moved between two pages) is one.
fn only(mut paths: Vec<Path>) -> Result<Path, Outcome> {
    paths.sort_by(|a, b| a.bound.cmp(&b.bound));
    paths.dedup_by(|a, b| a.bound == b.bound);
    match paths.len() {
        0 | 1 => paths.pop().ok_or(Outcome::Unknown { why: Why::NotListed }),
        candidates => Err(Outcome::Ambiguous { candidates }),
    }
}

/// Whether the list shows the item as alive; `None` if it does not say, or says it in another form than is documented.
fn alive(declared: Declared, item: &Value) -> Option<bool> {
    let found = &declared.kind.probe.as_ref()?.found;
    (!found.is_empty() && tells(found, item)).then(|| holds_of(found, item))
}
