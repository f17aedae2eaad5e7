//! The pipeline's words as a person says them.

use serde::Serialize;
use stanch_model::Severity;
use stanch_pipeline::policy::time;
use stanch_pipeline::{Decision, Ending, Event, Exposure, Means, State, Verdict};
use stanch_revokers::act::Moment;
use stanch_revokers::{Liveness, Outcome, StepKind};

use super::span;

/// What a colour says; there is always a word beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Tone {
    Quiet,
    Good,
    Warn,
    Bad,
}

/// A word on a colour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Badge {
    word: &'static str,
    tone: Tone,
    /// How full its mark is drawn, in quarters: how far the incident is. `None` has no mark.
    full: Option<u8>,
}

impl Badge {
    pub(super) const fn of(word: &'static str, tone: Tone) -> Self {
        Self { word, tone, full: None }
    }

    const fn at(word: &'static str, tone: Tone, full: u8) -> Self {
        Self { word, tone, full: Some(full) }
    }

    /// The word.
    pub(super) const fn word(&self) -> &'static str {
        self.word
    }
}

/// How far an incident is.
pub(super) const fn state(state: State) -> Badge {
    match state {
        State::Detected => Badge::at("Detected", Tone::Quiet, 0),
        State::Verified => Badge::at("Verified", Tone::Quiet, 1),
        State::Waiting => Badge::at("Waiting for approval", Tone::Warn, 1),
        State::Acting => Badge::at("Acting", Tone::Quiet, 2),
        State::Contained => Badge::at("Contained", Tone::Good, 3),
        State::Dead => Badge::at("Dead", Tone::Good, 4),
        State::ByHand => Badge::at("Needs a person", Tone::Bad, 2),
        State::Closed => Badge::at("Closed", Tone::Quiet, 4),
    }
}

/// How an incident ended.
pub(super) const fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Killed => "we killed it, and its provider refuses it",
        Ending::WasDead => "it was dead when we asked",
        Ending::Ignored => "a policy said that nothing is to be done",
        Ending::ByPerson => "a person closed it",
    }
}

/// Who can read it.
pub(super) const fn exposure(exposure: Exposure) -> Badge {
    match exposure {
        Exposure::Local => Badge::of("Local", Tone::Quiet),
        Exposure::Internal => Badge::of("Internal", Tone::Quiet),
        Exposure::Model => Badge::of("Model provider", Tone::Warn),
        Exposure::Public => Badge::of("Public", Tone::Bad),
    }
}

/// The damage that it can do.
pub(super) const fn severity(severity: Severity) -> Badge {
    match severity {
        Severity::Low => Badge::of("Low", Tone::Quiet),
        Severity::Medium => Badge::of("Medium", Tone::Quiet),
        Severity::High => Badge::of("High", Tone::Warn),
        Severity::Critical => Badge::of("Critical", Tone::Bad),
    }
}

/// What the provider said last.
pub(super) const fn liveness(liveness: &Liveness) -> Badge {
    match liveness {
        Liveness::Active => Badge::of("Alive", Tone::Bad),
        Liveness::Inactive => Badge::of("Refused", Tone::Good),
        Liveness::Unknown { .. } => Badge::of("Not known", Tone::Warn),
    }
}

/// What a step does to the world.
pub(super) const fn step(kind: StepKind) -> Badge {
    match kind {
        StepKind::Reversible => Badge::of("Can be undone", Tone::Quiet),
        StepKind::Final => Badge::of("Final", Tone::Bad),
        StepKind::Until => Badge::of("Repeated until proven", Tone::Quiet),
    }
}

/// What a decision comes to, in a sentence.
pub(super) fn decision(decision: &Decision) -> String {
    let means = match decision.means {
        Some(Means::Contain) => "switch it off, so that it can be put on again",
        Some(Means::Revoke) => "revoke it",
        Some(Means::Rotate) => "put a successor in its place, then revoke it",
        None => "leave it to a person, as no call may do it",
    };
    match decision.verdict {
        Verdict::Ignore => "Nothing is done, and nobody is told".to_owned(),
        Verdict::Notify => "Its owner is told, and nothing else is done".to_owned(),
        Verdict::Ask => format!("People are asked first, then we {means}"),
        Verdict::Act => format!("At once we {means}"),
    }
}

/// A line of a timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Told {
    /// What happened.
    pub(super) what: String,
    /// More of it, if there is more.
    pub(super) more: Vec<String>,
    /// How it is marked.
    pub(super) tone: Tone,
}

impl Told {
    fn of(tone: Tone, what: impl Into<String>) -> Self {
        Self { what: what.into(), more: Vec::new(), tone }
    }

    fn quiet(what: impl Into<String>) -> Self {
        Self::of(Tone::Quiet, what)
    }

    fn more(mut self, more: impl Into<String>) -> Self {
        let more = more.into();
        if !more.is_empty() {
            self.more.push(more);
        }
        self
    }
}

/// What an event says.
pub(super) fn told(event: &Event) -> Told {
    match event {
        Event::Detected { what } => Told::quiet(format!("Found: {}", what.title))
            .more(format!("by the rule {}, confidence {}", what.rule, what.confidence)),
        Event::Seen { occurrence, exposure: who } => {
            let told = Told::quiet(format!("Seen in {} at {}", occurrence.source, occurrence.place));
            let commit = occurrence.commit.as_ref().map(|commit| format!(", commit {commit}")).unwrap_or_default();
            told.more(format!("{} exposure{commit}", who.as_str()))
        }
        Event::Owned { owner } => {
            Told::quiet(format!("{} answers for it", owner.name)).more(format!("found by {}", owner.found_by))
        }
        Event::Probed { probe } => probed(&probe.liveness),
        Event::Planned { digest, plan } => {
            Told::quiet(format!("Planned: {}", counted(plan.steps.len(), "step"))).more(digest.clone())
        }
        Event::NotPlanned { why, runbook } => {
            Told::of(Tone::Warn, format!("No plan: {why}")).more(runbook.clone().unwrap_or_default())
        }
        Event::Decided { decision: made } => {
            let by = if made.policies.is_empty() { String::new() } else { format!("by {}", made.policies.join(", ")) };
            Told::quiet(format!("Decided: {}", lower(&decision(made)))).more(made.why.clone()).more(by)
        }
        Event::Asked { digest, approvals } => {
            let people = counted(usize::try_from(*approvals).unwrap_or(usize::MAX), "approval");
            Told::of(Tone::Warn, format!("Asked for {people}")).more(digest.clone())
        }
        Event::Approved { approval } => {
            Told::of(Tone::Good, format!("{} approved", approval.person)).more(approval.digest.clone())
        }
        Event::Denied { person, why } => Told::of(Tone::Bad, format!("{person} said no")).more(why.clone()),
        Event::Began { digest } => Told::quiet("Steps begin").more(digest.clone()),
        Event::Act { moment } => acted(moment),
        Event::Contained => Told::of(Tone::Good, "Contained: its provider refuses it"),
        Event::Dead => Told::of(Tone::Good, "Dead: it cannot come back"),
        Event::Later { why, .. } => Told::of(Tone::Warn, "Could not go on; tried again later").more(why.clone()),
        Event::GaveUp { why } => Told::of(Tone::Bad, "Left to a person").more(why.clone()),
        Event::Retried { person } => Told::quiet(format!("{person} wants it tried again")),
        Event::Overdue { after, .. } => {
            Told::of(Tone::Bad, "Overdue: it should be off by now").more(format!("{} after it was found", time(*after)))
        }
        Event::Told { channel, what } => Told::quiet(format!("Told {channel}")).more(what.clone()),
        Event::Noted { text } => Told::quiet("Remark").more(text.clone()),
        Event::Closed { ending: how } => Told::quiet(format!("Closed: {}", ending(*how))),
    }
}

fn probed(liveness: &Liveness) -> Told {
    match liveness {
        Liveness::Active => Told::of(Tone::Bad, "Its provider accepts it: it is alive"),
        Liveness::Inactive => Told::of(Tone::Good, "Its provider refuses it"),
        Liveness::Unknown { why } => Told::of(Tone::Warn, "Its provider's answer proves nothing").more(why.to_string()),
    }
}

/// A line of the revokers.
fn acted(moment: &Moment) -> Told {
    match moment {
        Moment::Intent { step: taken, .. } => Told::quiet(format!("About to {} {}", taken.name, taken.target))
            .more(format!("{} ({})", taken.request, lower(step(taken.kind).word))),
        Moment::Result { step, outcome } => Told::of(result(outcome), format!("Answer to {step}: {outcome}")),
        Moment::Proof { liveness } => match liveness {
            Liveness::Active => Told::of(Tone::Warn, "Asked again: its provider still accepts it"),
            Liveness::Inactive => Told::of(Tone::Good, "Proven: its provider refuses it"),
            Liveness::Unknown { why } => Told::of(Tone::Warn, "Asked again: nothing is proven").more(why.to_string()),
        },
        Moment::Mint { name } => Told::quiet(format!("About to get a successor named {name}")),
        Moment::NotMinted { outcome } => Told::of(Tone::Warn, format!("No successor came: {outcome}")),
        Moment::Minted { id, killed_old } => {
            let old = if *killed_old { "the old one died by the same call" } else { "" };
            Told::quiet("A successor is there").more(id.clone().unwrap_or_default()).more(old)
        }
        Moment::Deliver { to } => Told::quiet(format!("About to hand the successor to {to}")),
        Moment::Delivered { to, error: None } => Told::quiet(format!("The successor was handed to {to}")),
        Moment::Delivered { to, error: Some(error) } => {
            Told::of(Tone::Warn, format!("The successor could not be handed to {to}")).more(error.clone())
        }
        Moment::Remove { id } => Told::quiet(format!("About to remove the successor {id}, which nobody uses")),
        Moment::Removed { outcome } => Told::of(result(outcome), format!("Answer to the removal: {outcome}")),
    }
}

const fn result(outcome: &Outcome) -> Tone {
    match outcome {
        Outcome::Revoked | Outcome::AlreadyDead => Tone::Good,
        Outcome::Accepted => Tone::Quiet,
        Outcome::NotPermitted { .. } => Tone::Bad,
        Outcome::Ambiguous { .. } | Outcome::Unknown { .. } => Tone::Warn,
    }
}

/// `1 step`, `2 steps`.
pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Seconds as a span; `at once` for none.
pub(super) fn seconds(seconds: u64) -> String {
    if seconds == 0 {
        "at once".to_owned()
    } else {
        span::long(i64::try_from(seconds).unwrap_or(i64::MAX / 1000) * 1000)
    }
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
