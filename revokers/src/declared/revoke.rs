//! The steps of a revocation, each sent once.

use super::{Declared, refusal};
use crate::answer::{Means, read};
use crate::http::Repeat;
use crate::interface::StepKind;
use crate::kind::RevokeSpec;
use crate::request::Request;
use crate::template::Escape;
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
    // What may be repeated without harm is, when no answer came.
    let repeat = if spec.step == StepKind::Until { Repeat::Safe } else { Repeat::Never };
    send(declared, cx, credential, target, &spec.request, &spec.answers, repeat).await
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
    let mut lines = spec.answers.clone();
    for line in &mut lines {
        line.conditions.clear();
    }
    send(declared, cx, credential, target, request, &lines, Repeat::Never).await
}

async fn send(
    declared: Declared,
    cx: &Context,
    credential: &Credential,
    target: &Target,
    request: &Request,
    lines: &[crate::answer::Line],
    repeat: Repeat,
) -> Outcome {
    let unknown = |why| Outcome::Unknown { why };
    let filled = match declared.fill_action(cx, credential, target, &[request]).await {
        Ok(filled) => filled,
        Err(why) => return unknown(why),
    };
    let answer = match filled.send(cx, request, repeat).await {
        Ok(answer) => answer,
        Err(why) => return unknown(why),
    };
    match read(lines, &answer) {
        Ok(Means::Done | Means::Accepted) => Outcome::Accepted,
        Ok(Means::Gone) => Outcome::AlreadyDead,
        Ok(Means::Denied) => Outcome::NotPermitted { why: refusal(&answer) },
        Ok(Means::Active | Means::Inactive) => unknown(Why::Answer { status: answer.status }),
        Err(why) => unknown(why),
    }
}
