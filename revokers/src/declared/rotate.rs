//! A successor: made once, found again if the answer was lost.

use serde_json::Value;
use stanch_model::Secret;

use super::list::pages;
use super::locate::items;
use super::{Declared, Filled, bind, refusal};
use crate::answer::{Means, read};
use crate::http::Repeat;
use crate::kind::{LocateSpec, RotateSpec};
use crate::reading::Read;
use crate::template::Escape;
use crate::{Context, Credential, Outcome, Successor, Target, Why, pointer};

fn unknown(why: Why) -> Outcome {
    Outcome::Unknown { why }
}

fn spec(declared: Declared) -> Result<&'static RotateSpec, Outcome> {
    let none = || unknown(Why::NoWay { provider: declared.file.name.clone() });
    declared.kind.rotate.as_ref().ok_or_else(none)
}

pub(super) async fn mint(
    declared: Declared,
    cx: &Context,
    credential: &Credential,
    target: &Target,
    name: &str,
) -> Result<Successor, Outcome> {
    let spec = spec(declared)?;
    let mut filled = declared.fill_action(cx, credential, target, &[&spec.request]).await.map_err(unknown)?;
    filled.values.set("name", name);
    let answer = filled.send(cx, &spec.request, Repeat::Never).await.map_err(unknown)?;
    match read(&spec.answers, &answer).map_err(unknown)? {
        Means::Done => {}
        Means::Denied => return Err(Outcome::NotPermitted { why: refusal(&answer) }),
        Means::Gone => return Err(Outcome::AlreadyDead),
        _ => return Err(unknown(Why::Answer { status: answer.status })),
    }
    let document = answer.json().unwrap_or(Value::Null);
    let at = |place: &str| pointer::find(&document, place).first().and_then(|value| pointer::scalar(value));
    // It was made: that its secret is not where it should be does not undo that.
    let missing =
        || unknown(Why::Other { detail: "a successor was made, and the answer does not show its secret".to_owned() });
    let secret = at(&spec.secret).filter(|secret| !secret.is_empty()).ok_or_else(missing)?;
    let id = spec.id.as_deref().and_then(at);
    let parts = spec.parts.iter().filter_map(|(name, place)| Some((name.clone(), at(place)?))).collect();
    Ok(Successor { secret: Secret::new(secret.into_bytes()), id, parts, killed_old: spec.kills })
}

pub(super) async fn find(
    declared: Declared,
    cx: &Context,
    credential: &Credential,
    target: &Target,
    name: &str,
) -> Result<Option<String>, Outcome> {
    let spec = spec(declared)?;
    let step = spec.find.as_ref().ok_or_else(|| unknown(Why::NoWay { provider: declared.file.name.clone() }))?;
    let mut filled = declared.fill_action(cx, credential, target, &[&step.request]).await.map_err(unknown)?;
    filled.values.set("name", name);
    let Read::Pages(documents) = pages(&filled, cx, step).await? else { return Ok(None) };
    let mut found = Vec::new();
    for document in documents.iter() {
        for item in items(step, document)? {
            if is_named(step, &filled, item)? {
                found.push(id_of(step, item)?);
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    match found.len() {
        0 => Ok(None),
        1 => Ok(found.pop()),
        candidates => Err(Outcome::Ambiguous { candidates }),
    }
}

/// Whether an item goes under the successor's name.
fn is_named(step: &LocateSpec, filled: &Filled, item: &Value) -> Result<bool, Outcome> {
    let nameless = || unknown(Why::Other { detail: "nothing says by what a successor is known".to_owned() });
    let equals = step.matching.as_ref().map(|matching| &matching.equals);
    let mut fits = true;
    for (place, wanted) in equals.filter(|equals| !equals.is_empty()).ok_or_else(nameless)? {
        let wanted = wanted.render(&filled.values, Escape::None).map_err(unknown)?;
        let shown = pointer::find(item, place).first().and_then(|value| pointer::scalar(value));
        fits &= shown.is_some_and(|shown| shown == *wanted);
    }
    Ok(fits)
}

/// The id of an item that goes under the successor's name: without one, it is there and cannot be removed.
fn id_of(step: &LocateSpec, item: &Value) -> Result<String, Outcome> {
    let bound = bind(&step.bind, item).ok().and_then(|mut bound| bound.remove("new_id"));
    let without =
        || unknown(Why::Other { detail: "the list shows the successor, and not as it is documented".to_owned() });
    bound.filter(|id| !id.is_empty()).ok_or_else(without)
}

pub(super) async fn remove(
    declared: Declared,
    cx: &Context,
    credential: &Credential,
    target: &Target,
    id: &str,
) -> Outcome {
    let request = match spec(declared) {
        Ok(spec) => spec.remove.as_ref(),
        Err(outcome) => return outcome,
    };
    let Some(request) = request else { return unknown(Why::NoWay { provider: declared.file.name.clone() }) };
    let mut filled = match declared.fill_action(cx, credential, target, &[request]).await {
        Ok(filled) => filled,
        Err(why) => return unknown(why),
    };
    filled.values.set("new_id", id);
    match filled.send(cx, request, Repeat::Never).await {
        Ok(answer) if (200..300).contains(&answer.status) && answer.proves_nothing().is_none() => Outcome::Accepted,
        Ok(answer) if answer.status == 404 && answer.proves_nothing().is_none() => Outcome::AlreadyDead,
        Ok(answer) if matches!(answer.status, 401 | 403) => Outcome::NotPermitted { why: refusal(&answer) },
        Ok(answer) => unknown(Why::Answer { status: answer.status }),
        Err(why) => unknown(why),
    }
}
