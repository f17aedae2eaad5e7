//! The steps of a revocation, each sent once.

use serde_json::Value;
use zeroize::Zeroizing;

use super::{Declared, refusal};
use crate::answer::{Line, Means, read};
use crate::http::{Answer, Call, Repeat};
use crate::interface::StepKind;
use crate::kind::{Batch, RevokeSpec};
use crate::request::Request;
use crate::template::Escape;
use crate::together::Seat;
use crate::{Context, Credential, Outcome, Step, Target, Values, Why};

pub(super) async fn steps(
    declared: Declared,
    cx: &Context,
    credential: &Credential,
    target: &Target,
) -> Result<Vec<Step>, Outcome> {
    let unknown = |why| Outcome::Unknown { why };
    let requests: Vec<&Request> = declared.kind.revoke.iter().map(|step| &step.request).collect();
    let filled = declared.fill_action(cx, credential, target, &requests).await.map_err(unknown)?;
    let mut steps = Vec::new();
    for (index, spec) in declared.kind.revoke.iter().enumerate() {
        let absent = |part: &String| filled.values.get(part).unwrap_or_default().is_empty();
        if spec.when.as_ref().is_some_and(|when| absent(&when.part)) {
            continue;
        }
        steps.push(step(index, spec, &filled.values).map_err(unknown)?);
    }
    Ok(steps)
}

/// A step as people and the journal see it.
fn step(index: usize, spec: &RevokeSpec, values: &Values) -> Result<Step, Why> {
    let target = spec.target.render(values, Escape::None)?;
    let call = spec.request.call(values)?;
    let method = format!("{:?}", spec.request.method).to_ascii_uppercase();
    let request = format!("{method} {}{}", call.url().host_str().unwrap_or_default(), call.url().path());
    Ok(Step {
        index,
        name: spec.name.clone(),
        kind: spec.step,
        target: values.hide(&target),
        request: hide_in_path(values, &request),
        settle: spec.settle,
    })
}

/// A path may hold the secret percent-encoded.
fn hide_in_path(values: &Values, request: &str) -> String {
    let hidden = values.hide(request);
    let encoded = values.get("secret").filter(|secret| secret.len() >= 6).map(|secret| {
        let mut text = zeroize::Zeroizing::new(String::new());
        for byte in secret.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                text.push(char::from(byte));
            } else {
                text.push_str(&format!("%{byte:02X}"));
            }
        }
        text
    });
    encoded.map_or(hidden.clone(), |encoded| hidden.replace(encoded.as_str(), "[secret]"))
}

pub(super) async fn perform(
    declared: Declared,
    cx: &Context,
    credential: &Credential,
    target: &Target,
    step: &Step,
) -> Outcome {
    let Some(spec) = declared.kind.revoke.get(step.index) else {
        return Outcome::Unknown { why: Why::Other { detail: "no such step".to_owned() } };
    };
    if let Some(batch) = &spec.batch {
        return many(declared, cx, credential, target, spec, batch).await;
    }
    // What may be repeated without harm is, when no answer came.
    let repeat = if spec.step == StepKind::Until { Repeat::Safe } else { Repeat::Never };
    send(declared, cx, credential, target, spec, repeat).await
}

/// A place in the next request of a kind whose request takes many.
pub(super) fn seat(declared: Declared, cx: &Context) -> Option<Seat> {
    let batch = declared.kind.revoke.iter().find_map(|spec| spec.batch.as_ref())?;
    Some(cx.http.together.seat(&declared.kind.id, batch.most.get()))
}

/// Goes with the others of its kind that are on their way, by one request.
async fn many(
    declared: Declared,
    cx: &Context,
    credential: &Credential,
    target: &Target,
    spec: &RevokeSpec,
    batch: &Batch,
) -> Outcome {
    let secret = match credential.text() {
        Ok(secret) => Zeroizing::new(secret.trim().to_owned()),
        Err(why) => return Outcome::Unknown { why },
    };
    let send = async |secrets: Vec<Zeroizing<String>>| {
        let sent = async {
            let mut filled = declared.fill_action(cx, credential, target, &[&spec.request]).await?;
            filled.payer.per_hour = spec.per_hour;
            let mut call = spec.request.call(&filled.values)?;
            fill(&mut call, &batch.list, &secrets)?;
            cx.http.send(&call, &filled.payer, Repeat::Never).await
        };
        sent.await.map_or_else(|why| Outcome::Unknown { why }, |answer| said(&spec.answers, &answer))
    };
    cx.http.together.go(&declared.kind.id, batch.most.get(), secret, send).await
}

/// Puts all into the list of a body.
fn fill(call: &mut Call, list: &str, secrets: &[Zeroizing<String>]) -> Result<(), Why> {
    let fail = || Why::Malformed { part: "list of credentials".to_owned() };
    let mut body: Value = serde_json::from_slice(call.body_bytes()).map_err(|_| fail())?;
    let all = secrets.iter().map(|secret| Value::String(secret.as_str().to_owned())).collect();
    *body.pointer_mut(list).ok_or_else(fail)? = Value::Array(all);
    call.body("", body.to_string())
}

pub(super) async fn undo(
    declared: Declared,
    cx: &Context,
    credential: &Credential,
    target: &Target,
    step: &Step,
) -> Outcome {
    let spec = declared.kind.revoke.get(step.index);
    let Some((spec, request)) = spec.and_then(|spec| Some((spec, spec.undo.as_ref()?))) else {
        return Outcome::NotPermitted { why: "the step cannot be undone".to_owned() };
    };
    // The answer to an undoing is documented nowhere but as that of the doing: its status, not its fields.
    let mut undoing = RevokeSpec { request: request.clone(), ..spec.clone() };
    for line in &mut undoing.answers {
        line.conditions.clear();
    }
    send(declared, cx, credential, target, &undoing, Repeat::Never).await
}

async fn send(
    declared: Declared,
    cx: &Context,
    credential: &Credential,
    target: &Target,
    spec: &RevokeSpec,
    repeat: Repeat,
) -> Outcome {
    let sent = async {
        let mut filled = declared.fill_action(cx, credential, target, &[&spec.request]).await?;
        filled.payer.per_hour = spec.per_hour;
        filled.send(cx, &spec.request, repeat).await
    };
    sent.await.map_or_else(|why| Outcome::Unknown { why }, |answer| said(&spec.answers, &answer))
}

/// What an answer to a step comes to.
fn said(lines: &[Line], answer: &Answer) -> Outcome {
    match read(lines, answer) {
        Ok(Means::Done | Means::Accepted) => Outcome::Accepted,
        Ok(Means::Gone) => Outcome::AlreadyDead,
        Ok(Means::Denied) => Outcome::NotPermitted { why: refusal(answer) },
        Ok(Means::Active | Means::Inactive) => Outcome::Unknown { why: Why::Answer { status: answer.status } },
        Err(why) => Outcome::Unknown { why },
    }
}
