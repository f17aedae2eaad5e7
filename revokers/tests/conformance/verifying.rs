//! Is it alive, and whose is it? And what proves nothing of that.

use std::collections::BTreeMap;
use std::time::Duration;

use stanch_model::Secret;
use stanch_revokers::act::{Consent, Ownership};
use stanch_revokers::kind::Kind;
use stanch_revokers::{Identity, Liveness, Origin, Probe, Request, Why};
use stanch_testkit::double::{Effect, Fault, Life, Role, Trigger};
use stanch_testkit::played;

use crate::scene::{EVIL, Scene, Set};
use crate::suite::{Verdict, failed};

type Played = Result<Verdict, Verdict>;

/// Ends the case for kinds that cannot be asked about.
fn asked(scene: &Scene<'_>) -> Result<(), Verdict> {
    if scene.kind().verifies() { Ok(()) } else { Err(Verdict::DoesNotApply) }
}

pub(crate) fn alive(scene: &Scene<'_>) -> Played {
    asked(scene)?;
    let probe = scene.probe(&scene.context(), &scene.leaked());
    if probe.liveness != Liveness::Active {
        return failed(format!("a live one is called {:?}", probe.liveness));
    }
    if !names_owner(scene.kind()) {
        return Ok(Verdict::Unknowable("whose it is".to_owned()));
    }
    let owner = played::ours(&scene.stage);
    let told: Vec<&String> = Identity::OWNERS.iter().flat_map(|field| probe.identity.of(field)).collect();
    if told.is_empty() {
        return Ok(Verdict::Unknowable("whose it is, unless its scopes let it see".to_owned()));
    }
    let ours = told.iter().any(|one| owner.contains(one));
    Ok(Verdict::of((!ours).then(|| format!("the owner is told as {told:?}, and is {owner:?}"))))
}

/// Whether the file says where an answer names the owner.
fn names_owner(kind: &Kind) -> bool {
    let fields = kind
        .probe
        .iter()
        .flat_map(|probe| probe.identity.keys().chain(probe.also.iter().flat_map(|also| also.identity.keys())));
    fields.into_iter().any(|field| Identity::OWNERS.contains(&field.as_str()))
}

/// Whether only our responder is told of it.
fn lists(kind: &Kind) -> bool {
    let ours = |request: &Request| request.names().iter().any(|name| name.starts_with("responder"));
    kind.probe.as_ref().is_some_and(|probe| probe.request.as_ref().is_none_or(ours))
}

pub(crate) fn dead(scene: &Scene<'_>) -> Played {
    asked(scene)?;
    let disables = scene.double.writes().any(|(_, effect)| effect == Effect::Disable);
    if scene.stage.life(Role::Leaked) == Some(Life::Disabled) && lists(scene.kind()) && !disables {
        // Nobody can disable one, so that lists do not tell.
        return Ok(Verdict::DoesNotApply);
    }
    let how = if scene.stage.life(Role::Leaked) == Some(Life::Disabled) { "disabled" } else { "deleted" };
    match scene.probe(&scene.context(), &scene.leaked()).liveness {
        Liveness::Inactive => Ok(Verdict::Passed),
        Liveness::Unknown { .. } => Ok(Verdict::Unknowable(format!("whether one that is {how} is dead"))),
        Liveness::Active => failed(format!("a {how} one is called alive")),
    }
}

pub(crate) fn offline(scene: &Scene<'_>) -> Played {
    let cx = scene.context_with(&Set { offline: true, ..Set::default() });
    let probe = scene.probe(&cx, &scene.leaked());
    let plan = scene.plan(&cx, &scene.leaked(), Consent { ours: true, unproven: false });
    if !scene.stage.requests().is_empty() {
        return failed("a request was sent");
    }
    if !matches!(probe.liveness, Liveness::Unknown { .. }) || (scene.kind().revokes() && plan.is_ok()) {
        return failed(format!("something is known: {:?}", probe.liveness));
    }
    Ok(Verdict::Passed)
}

pub(crate) fn hostile_host(scene: &Scene<'_>) -> Played {
    let hosts = scene.kind().parts.iter().filter(|(_, part)| part.host && !part.ask);
    let names: Vec<&String> = hosts.map(|(name, _)| name).collect();
    if names.is_empty() {
        return Ok(Verdict::DoesNotApply);
    }
    let cx = scene.context_with(&Set { config: Some(|config, _| config.hosts.allow.clear()), ..Set::default() });
    let mut credential = scene.leaked();
    for name in names {
        credential.give(name.clone(), Origin::Leak, Secret::new(EVIL.as_bytes().to_vec()));
    }
    let probe = scene.probe(&cx, &credential);
    // Nobody who says that it is theirs, and that it lives, opens the way to a host that the leak named.
    let plan = scene.plan(&cx, &credential, Consent { ours: true, unproven: true });
    if scene.stage.requests().iter().any(|request| request.host == EVIL) {
        return failed("the leak's host was called");
    }
    if probe.liveness == Liveness::Inactive {
        return failed("a host that may not be called proves a death");
    }
    let acts = plan.is_ok_and(|plan| {
        let report = scene.revoke(&cx, &credential, &plan, stanch_revokers::act::Goal::Dead);
        report.outcome.is_dead() || scene.stage.requests().iter().any(|request| request.host == EVIL)
    });
    Ok(Verdict::of(acts.then(|| "the leak's host was called to revoke".to_owned())))
}

/// Whoever writes an id beside a made-up secret has said nothing of the secret.
pub(crate) fn stood_near(scene: &Scene<'_>) -> Played {
    // An id that is asked for is a person's word.
    let asks = scene.kind().parts.values().any(|part| part.ask);
    if asks || !scene.kind().probe.as_ref().is_some_and(|probe| probe.claims) {
        return Ok(Verdict::DoesNotApply);
    }
    let mut credential = scene.credential_of_leak(scene.stage.leaked());
    let honest = scene.probe(&scene.context(), &credential).liveness;
    // The same with the parts of the key, and another key's secret.
    let made_up: String = scene.stage.leaked().value.chars().rev().collect();
    credential.secret = Secret::new(made_up.into_bytes());
    let probe = scene.probe(&scene.context(), &credential);
    if matches!(probe.liveness, Liveness::Active | Liveness::Inactive) {
        return failed(format!("a made-up secret beside an id of ours is called {:?}", probe.liveness));
    }
    let plan = scene.plan(&scene.context(), &credential, Consent { ours: false, unproven: true });
    if plan.is_ok_and(|plan| plan.ownership == Ownership::Listed) {
        return failed("a made-up secret beside an id of ours is called ours");
    }
    // What a list compares with the secret itself needs nobody's word.
    let compared = !matches!(&honest, Liveness::Unknown { why } if why.to_string().contains("stood near it"));
    if compared && honest != Liveness::Active {
        return failed(format!("a live one is called {honest:?}"));
    }
    Ok(Verdict::Passed)
}

/// A provider's bad day is no proof of anything.
pub(crate) fn proves_nothing(scene: &Scene<'_>) -> Played {
    asked(scene)?;
    let Some(fault) = scene.fault() else { return failed("the case names no fault") };
    scene.stage.fault(Trigger::any(), fault.clone());
    let probe = if scene.is_slow() { probe_in_haste(scene) } else { scene.probe(&scene.context(), &scene.leaked()) };
    if scene.stage.requests().is_empty() {
        return failed("nothing was asked");
    }
    if scene.trouble.is_some_and(|trouble| trouble.needs_body) && !scene.stage.requests().first().is_some_and(has_body)
    {
        return Ok(Verdict::DoesNotApply);
    }
    if let Some(wrong) = sent_too_often(scene, &fault) {
        return Ok(Verdict::Failed(wrong));
    }
    Ok(judge(scene.kind(), &fault, &probe))
}

/// Probes with little time.
fn probe_in_haste(scene: &Scene<'_>) -> Probe {
    const HASTE: Duration = Duration::from_millis(150);
    let cx = scene.context_with(&Set { haste: Some(HASTE * scene.leisure), ..Set::default() });
    scene.probe(&cx, &scene.leaked())
}

/// Whether an answer could have a body.
fn has_body(request: &stanch_testkit::double::Request) -> bool {
    request.method != "HEAD" && !matches!(request.status, None | Some(204 | 304))
}

/// What was sent again though no answer was lost on the way.
fn sent_too_often(scene: &Scene<'_>, fault: &Fault) -> Option<String> {
    let most = match fault {
        Fault::ResetBefore | Fault::LostAnswer | Fault::ResetMidBody | Fault::Status(503, _) => 2,
        _ => 1,
    };
    let mut seen = BTreeMap::new();
    for request in scene.stage.requests() {
        *seen.entry((request.method, request.target, request.headers, request.body)).or_insert(0) += 1;
    }
    let count = seen.into_values().max().unwrap_or(0);
    (count > most).then(|| format!("a request was sent {count} times, where {most} are enough"))
}

fn judge(kind: &Kind, fault: &Fault, probe: &Probe) -> Verdict {
    let expected = match (&probe.liveness, fault) {
        (Liveness::Unknown { why: Why::Throttled { after } }, Fault::Status(429, wanted)) => after == wanted,
        (Liveness::Unknown { .. }, Fault::Status(429, _)) => kind.probe.as_ref().is_none_or(|probe| probe.claims),
        // The provider documents the status as the refusal of the key, whatever the body says.
        (Liveness::Inactive, Fault::Status(401, _)) => refuses_by_status(kind),
        // What the file looks at may be there all the same.
        (Liveness::Unknown { .. }, _) | (Liveness::Active, Fault::WrongType) => true,
        _ => false,
    };
    Verdict::of((!expected).then(|| format!("it is called {:?}", probe.liveness)))
}

/// Whether the file takes the status 401 as a refusal of the key, whatever the answer's fields say.
fn refuses_by_status(kind: &Kind) -> bool {
    let mut lines = kind.probe.iter().flat_map(|probe| &probe.answers);
    lines.any(|line| {
        let loose = line.conditions.values().all(|condition| format!("{condition:?}") == "Test(Exists(true))");
        line.status.as_slice().contains(&401) && loose
    })
}
