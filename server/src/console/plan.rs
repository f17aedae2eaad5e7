//! A plan and a decision as a person reads them before saying yes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use stanch_pipeline::{Decision, Incident, Verdict};
use stanch_revokers::{Identity, Probe, Step, registry};

use super::policies;
use super::span::When;
use super::words::{self, Badge};
use crate::auth::{Person, Role};
use crate::{App, people};

/// A name with its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Fact {
    name: String,
    values: Vec<String>,
}

impl Fact {
    /// A name with one value.
    pub(super) fn of(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), values: vec![value.into()] }
    }

    /// A name with values; `None` if there is none.
    pub(super) fn all(name: impl Into<String>, values: Vec<String>) -> Option<Self> {
        (!values.is_empty()).then(|| Self { name: name.into(), values })
    }
}

/// What would be done, exactly.
#[derive(Debug, Clone, Serialize)]
pub(super) struct PlanView {
    pub(super) digest: String,
    steps: Vec<StepView>,
    target: Vec<Fact>,
    blast: Vec<Fact>,
    evidence: Vec<Fact>,
    liveness: Badge,
    verified: Option<When>,
}

#[derive(Debug, Clone, Serialize)]
struct StepView {
    name: String,
    target: String,
    request: String,
    kind: Badge,
}

impl StepView {
    fn of(step: &Step) -> Self {
        let (name, target, request) = (step.name.clone(), step.target.clone(), step.request.clone());
        Self { name, target, request, kind: words::step(step.kind) }
    }
}

impl PlanView {
    /// The plan of an incident, if there is one.
    pub(super) fn of(incident: &Incident, now: Timestamp) -> Option<Self> {
        let (digest, (_, plan)) = (incident.asked()?, incident.plan.as_ref()?);
        let mut target: Vec<Fact> =
            plan.target.bound.iter().map(|(name, value)| Fact::of(spaced(name), value)).collect();
        target.push(Fact::of("found by", &plan.target.found_by));
        let listed = if plan.target.listed { "our responder's account lists it" } else { "not in a list of ours" };
        let settle = plan.steps.iter().map(|step| step.settle).max().unwrap_or(0);
        Some(Self {
            digest,
            steps: incident.steps().into_iter().map(StepView::of).collect(),
            target,
            blast: blast(&plan.probe, &plan.kind),
            evidence: vec![
                Fact::of("whose it is", plan.ownership.to_string()),
                Fact::of("listed", listed),
                Fact::of("refused for certain", after(settle)),
            ],
            liveness: words::liveness(&plan.probe.liveness),
            verified: incident.times.verified.map(|at| When::of(at, now)),
        })
    }
}

fn after(settle: u64) -> String {
    if settle == 0 { "at once".to_owned() } else { format!("{} after the last step", words::seconds(settle)) }
}

/// What it may do, and what stops when it dies.
fn blast(probe: &Probe, kind: &str) -> Vec<Fact> {
    let mut facts = said(probe);
    if let Some(entry) = registry::by_id(kind) {
        facts.push(Fact::of("what stops", &entry.kind.manual.breaks));
        facts.extend(entry.kind.survives.as_ref().map(|survives| Fact::of("what lives on", survives)));
    }
    facts
}

/// What the provider tells of it, in the order in which people read.
pub(super) fn said(probe: &Probe) -> Vec<Fact> {
    let known = Identity::FIELDS.iter().filter_map(|field| fact(field, probe.identity.of(field)));
    let others = probe.identity.0.iter().filter(|(field, _)| !Identity::FIELDS.contains(&field.as_str()));
    known.chain(others.filter_map(|(field, values)| fact(field, values))).collect()
}

fn fact(field: &str, values: &[String]) -> Option<Fact> {
    Fact::all(spaced(field), values.to_vec())
}

/// A name of a program as words: `key_id` is `key id`.
pub(super) fn spaced(name: &str) -> String {
    name.replace('_', " ")
}

/// What the policies say.
#[derive(Debug, Clone, Serialize)]
pub(super) struct DecisionView {
    words: String,
    why: String,
    policies: Vec<PolicyView>,
    terms: Vec<Fact>,
}

#[derive(Debug, Clone, Serialize)]
struct PolicyView {
    id: String,
    anchor: String,
    why: String,
    known: bool,
}

/// What the loaded policies say for themselves, by id.
pub(super) type Whys = BTreeMap<String, String>;

/// Those of a server.
pub(super) fn whys(app: &App) -> Whys {
    policies::known(app).into_iter().map(|policy| (policy.id, policy.why)).collect()
}

impl DecisionView {
    /// The decision on an incident, if it was made.
    pub(super) fn of(incident: &Incident, whys: &Whys, now: Timestamp) -> Option<Self> {
        let decision = incident.decision.as_ref()?;
        let policy = |id: &String| PolicyView {
            id: id.clone(),
            anchor: anchor(id),
            why: whys.get(id).cloned().unwrap_or_default(),
            known: whys.contains_key(id),
        };
        Some(Self {
            words: words::decision(decision),
            why: decision.why.clone(),
            policies: decision.policies.iter().map(policy).collect(),
            terms: terms(incident, decision, now),
        })
    }
}

fn terms(incident: &Incident, decision: &Decision, now: Timestamp) -> Vec<Fact> {
    let mut terms = Vec::new();
    if decision.verdict == Verdict::Ask {
        let people = incident.approvers(now);
        terms.push(Fact::of("approvals", format!("{} of {}", people.len(), decision.approvals)));
        terms.extend(Fact::all("approved by", people.into_iter().map(ToOwned::to_owned).collect()));
        terms.push(Fact::of("may approve", who(decision)));
        terms.extend(missing(incident, now).map(|missing| Fact::of("missing", missing)));
        terms.push(Fact::of("counts for", words::seconds(decision.approval_lasts)));
    }
    let wait = if decision.wait == 0 { "none".to_owned() } else { words::seconds(decision.wait) };
    terms.push(Fact::of("wait before what is final", wait));
    terms.extend(Fact::all("could not be asked", decision.errors.clone()));
    terms
}

/// Who may approve.
fn who(decision: &Decision) -> String {
    let lists: Vec<String> = decision.approvers.iter().map(|list| list.join(" or ")).collect();
    if lists.is_empty() { "everybody with the role".to_owned() } else { lists.join(", and ") }
}

/// What is missing until enough people have approved; `None` if nothing is.
pub(super) fn missing(incident: &Incident, now: Timestamp) -> Option<String> {
    let people = incident.approvers(now);
    incident.decision.as_ref()?.missing(&people, |person, name| incident.is_of(person, name, now))
}

/// Whether a person has the role for a decision, and is one of those whom the policies ask.
pub(super) fn may_decide(app: &App, incident: &Incident, person: &Person) -> bool {
    person.role >= Role::Approver && people::is_asked(incident, &person.name, &app.groups_of(&person.name))
}

/// The name of a policy's place on its page.
pub(super) fn anchor(id: &str) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '-' };
    format!("policy-{}", id.chars().map(fits).collect::<String>())
}
