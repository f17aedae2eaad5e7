//! What must be true of every provider's file.

use std::collections::{BTreeMap, BTreeSet};

use regex_automata::PatternID;
use regex_automata::meta::Regex;

use crate::Values;
use crate::answer::{Line, Means};
use crate::file::{Defect, File};
use crate::interface::StepKind;
use crate::kind::{Authority, Batch, Kind, LocateSpec, RevokeSpec, Trust};
use crate::native;
use crate::native::signer::Signer;
use crate::request::Request;
use crate::template::Template;

/// Everything that is wrong with files taken together. `rules` are the ids of the scanner's rules, where they are known.
pub fn check(files: &[File], rules: Option<&BTreeSet<&str>>) -> Vec<Defect> {
    let mut defects = Vec::new();
    let mut owners: BTreeMap<&str, &Kind> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for file in files {
        let mut say = |kind: &str, message: String| {
            defects.push(Defect { file: file.provider.clone(), message: format!("{kind}: {message}") });
        };
        for kind in &file.kinds {
            for message in kind_defects(file, kind) {
                say(&kind.id, message);
            }
            if !ids.insert(kind.id.as_str()) {
                say(&kind.id, "the id is taken".to_owned());
            }
            for rule in &kind.rules {
                if rules.is_some_and(|rules| !rules.contains(rule.as_str())) {
                    say(&kind.id, format!("there is no rule `{rule}`"));
                }
                let other = owners.insert(rule, kind);
                if let Some(other) = other.filter(|other| other.form.is_none() && kind.form.is_none()) {
                    say(&kind.id, format!("the rule `{rule}` is of `{}`, and no `form` tells them apart", other.id));
                }
            }
        }
    }
    defects
}

/// What is wrong with one kind.
fn kind_defects(file: &File, kind: &Kind) -> Vec<String> {
    let mut defects = Vec::new();
    let mut need = |holds: bool, message: &str| {
        if !holds {
            defects.push(message.to_owned());
        }
    };
    need(kind.id.starts_with(&format!("{}.", file.provider)), "the id does not start with the provider");
    need(!kind.docs.is_empty(), "no page of the provider is named");
    need(kind.docs.iter().all(|page| page.starts_with("https://")), "a page is no https address");
    need(!kind.manual.runbook.is_empty() && !kind.manual.breaks.is_empty(), "the manual way is empty");
    let signer = kind.sign.as_deref().map(native::signer);
    need(signer.is_none_or(|signer| signer.is_some()), "there is no such code that signs");
    need(kind.native.is_some() || signer.is_some() || kind.hosts.is_empty(), "only native code lists its hosts");
    need(kind.authority == Authority::None || kind.revokes(), "the authority can revoke, and no step says how");
    need(kind.authority != Authority::None || kind.revoke.is_empty(), "no authority, and steps");
    let asks =
        |request: &Request| request.names().iter().any(|name| *name == "responder" || name.starts_with("responder."));
    let responder = kind.requests().iter().any(|(_, request)| asks(request));
    need(!responder || file.responder(kind).is_some(), "a request needs a responder, and none is described");
    need(
        kind.authority != Authority::Admin || kind.native.is_some() || signer.is_some() || responder,
        "the authority is a responder's, and no request uses it",
    );
    need(kind.form.as_ref().is_none_or(|form| groups(form).is_some()), "the form is no expression");
    for (name, part) in &kind.parts {
        let one_group = part.secret.as_ref().is_none_or(|expression| groups(expression) == Some(2));
        need(one_group, &format!("the expression of `{name}` is none, or has not exactly one group"));
    }
    defects.extend(answer_defects(kind));
    defects.extend(step_defects(kind));
    defects.extend(unbound(file, kind));
    defects
}

/// How many groups an expression has, the whole match among them.
fn groups(expression: &str) -> Option<usize> {
    Regex::new(expression).ok().map(|regex| regex.group_info().group_len(PatternID::ZERO))
}

/// Answers that prove less than they say.
fn answer_defects(kind: &Kind) -> Vec<String> {
    const EFFECT: [Means; 4] = [Means::Done, Means::Accepted, Means::Gone, Means::Denied];
    let mut defects = Vec::new();
    let mut lines = |lines: &[Line], allowed: &[Means], what: &str| {
        for line in lines {
            let statuses = line.status.as_slice();
            if !allowed.contains(&line.means) {
                defects.push(format!("{what}: `{:?}` is no meaning here", line.means));
            }
            let bare = line.conditions.is_empty();
            if bare
                && !line.after_alive
                && line.means == Means::Inactive
                && statuses.iter().any(|status| *status != 401)
            {
                defects.push(format!(
                    "{what}: inactive by {statuses:?} needs a condition that only the provider's answer fulfils"
                ));
            }
            let claims = matches!(line.means, Means::Active | Means::Inactive | Means::Done | Means::Gone);
            if bare && kind.trust == Trust::Recalled && claims {
                defects.push(format!("{what}: recalled facts prove nothing by a status alone"));
            }
            if statuses.iter().any(|status| !(200..500).contains(status)) {
                defects.push(format!("{what}: {statuses:?} never means anything"));
            }
        }
    };
    if let Some(probe) = &kind.probe {
        lines(&probe.answers, &[Means::Active, Means::Inactive], "probe");
    }
    for step in &kind.locate {
        lines(&step.answers, &[Means::Done, Means::Denied, Means::Gone], "locate");
    }
    for step in &kind.revoke {
        lines(&step.answers, &EFFECT, "revoke");
    }
    if let Some(rotate) = &kind.rotate {
        lines(&rotate.answers, &EFFECT, "rotate");
    }
    if kind
        .probe
        .as_ref()
        .is_some_and(|probe| probe.request.is_some() && !probe.answers.iter().any(|l| l.means == Means::Active))
    {
        defects.push("probe: no answer means active".to_owned());
    }
    defects
}

/// Steps in an order that makes no sense.
fn step_defects(kind: &Kind) -> Vec<String> {
    let mut defects = Vec::new();
    for step in &kind.revoke {
        if (step.step == StepKind::Reversible) != step.undo.is_some() {
            defects.push(format!("step `{}`: an undo is what makes it reversible", step.name));
        }
        if step.batch.as_ref().is_some_and(|batch| !is_list_of_all(kind, step, batch)) {
            defects.push(format!(
                "step `{}`: many go together only by a final step whose one list is all that differs",
                step.name
            ));
        }
        if !step.answers.iter().any(|line| matches!(line.means, Means::Done | Means::Accepted)) {
            defects.push(format!("step `{}`: no answer means done", step.name));
        }
    }
    let first_final = kind.revoke.iter().position(|step| step.step == StepKind::Final);
    let last_reversible = kind.revoke.iter().rposition(|step| step.step == StepKind::Reversible);
    if matches!((first_final, last_reversible), (Some(first), Some(last)) if last > first) {
        defects.push("a reversible step after the point of no return".to_owned());
    }
    let lists = kind.locate.iter().any(|step| step.each.is_some());
    let matches = |step: &LocateSpec| step.matching.is_some() || !step.slots.is_empty();
    if lists && !kind.revoke.is_empty() && !kind.locate.iter().any(matches) {
        defects.push("a list without a match: the first is never taken".to_owned());
    }
    defects
}

/// Whether a step's request is the same for all credentials but for the list that holds them, and hits nothing else.
fn is_list_of_all(kind: &Kind, step: &RevokeSpec, batch: &Batch) -> bool {
    let plain = kind.sign.is_none() && step.when.is_none() && step.step == StepKind::Final && kind.revoke.len() == 1;
    let mut values = Values::default();
    values.set("secret", "x");
    let body = step.request.call(&values).ok().and_then(|call| serde_json::from_slice(call.body_bytes()).ok());
    let list = body.as_ref().and_then(|body: &serde_json::Value| body.pointer(&batch.list));
    plain && step.request.names() == ["secret"] && list == Some(&serde_json::json!(["x"]))
}

/// Names that nothing binds before they are used.
fn unbound(file: &File, kind: &Kind) -> Vec<String> {
    let mut known: BTreeSet<&str> = ["secret", "responder", "responder.account", "name", "new_id", "new"].into();
    known.extend(kind.parts.keys().map(String::as_str));
    known.extend(kind.sign.as_deref().and_then(native::signer).map_or(&[][..], Signer::derives));
    let extra = file.responder(kind).into_iter().flat_map(|responder| responder.parts.keys());
    let responder: BTreeSet<String> = extra.map(|name| format!("responder.{name}")).collect();
    let mut defects = Vec::new();
    let mut need = |known: &BTreeSet<&str>, what: &str, names: Vec<&str>| {
        for name in names {
            if !known.contains(name) && !responder.contains(name) {
                defects.push(format!("{what}: nothing binds `{{{name}}}`"));
            }
        }
    };
    if let Some(probe) = &kind.probe {
        probe.request.iter().for_each(|request| need(&known, "probe", request.names()));
        known.extend(probe.bind.keys().map(String::as_str));
        for also in &probe.also {
            need(&known, "probe", also.request.names());
            known.extend(also.bind.keys().map(String::as_str));
        }
    }
    for step in &kind.locate {
        need(&known, "locate", step.request.names());
        let equals = step.matching.iter().flat_map(|matching| matching.equals.values()).flat_map(Template::names);
        need(&known, "locate", equals.collect());
        known.extend(step.bind.keys().map(String::as_str));
        known.extend((!step.slots.is_empty()).then_some("slot"));
    }
    for step in &kind.revoke {
        need(&known, "revoke", step.request.names());
        need(&known, "revoke", step.target.names().collect());
        step.undo.iter().for_each(|undo| need(&known, "undo", undo.names()));
    }
    if let Some(rotate) = &kind.rotate {
        need(&known, "rotate", rotate.request.names());
        rotate.remove.iter().for_each(|remove| need(&known, "rotate", remove.names()));
        rotate.find.iter().for_each(|find| need(&known, "rotate", find.request.names()));
    }
    defects
}
