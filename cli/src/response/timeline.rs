//! What happened to an incident, line by line, in words.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use stanch_pipeline::policy::time;
use stanch_pipeline::store::Entry;
use stanch_pipeline::{Ending, Event};
use stanch_revokers::act::Moment;
use stanch_revokers::{Identity, Liveness, Probe, StepKind};

use crate::report::Redactor;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBT: Style = AnsiColor::Yellow.on_default();
const NEWS: Style = AnsiColor::Cyan.on_default();
const PLAIN: Style = Style::new();
const DIM: Style = Style::new().dimmed();

/// A line: in which colour, its word, and the rest.
pub(crate) type Told = (Style, &'static str, String);

/// Writes lines with the seconds since some moment before each.
pub(crate) struct Timeline<'a> {
    pub(crate) out: &'a mut dyn Write,
    pub(crate) redactor: &'a Redactor<'a>,
    pub(crate) since: Timestamp,
}

impl Timeline<'_> {
    pub(crate) fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        // Who said something is in what was said; the rest is ours.
        let by = if matches!(entry.actor.as_str(), "stanch" | "demo") || says_who(&entry.event) {
            String::new()
        } else {
            format!(" ({})", entry.actor)
        };
        let (style, word, text) = told(&entry.event);
        self.line(entry.at, &(style, word, format!("{text}{by}")))
    }

    pub(crate) fn line(&mut self, at: Timestamp, (style, word, text): &Told) -> io::Result<()> {
        let clock = clock(at.duration_since(self.since).as_secs_f64());
        let text = self.redactor.redact(text);
        writeln!(self.out, "  {DIM}{clock:>10}{DIM:#}  {style}{word:<10}{style:#}  {text}")
    }
}

/// Whether an event names its person itself.
const fn says_who(event: &Event) -> bool {
    matches!(event, Event::Approved { .. } | Event::Denied { .. } | Event::Retried { .. })
}

/// A time since a leak, as short as it can be read: `+0.12 s`, `+4 min 10 s`, `+3 h 02 min`.
fn clock(seconds: f64) -> String {
    let whole = std::time::Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default().as_secs();
    match whole {
        0..60 => format!("+{:.2} s", seconds.max(0.0)),
        60..3600 => format!("+{} min {:02} s", whole / 60, whole % 60),
        3600..86_400 => format!("+{} h {:02} min", whole / 3600, whole / 60 % 60),
        _ => format!("+{} d {:02} h", whole / 86_400, whole / 3600 % 24),
    }
}

/// What an event says.
fn told(event: &Event) -> Told {
    match event {
        Event::Detected { what } => {
            (NEWS, "found", format!("{} {}, {} confidence", what.title, what.preview, what.confidence))
        }
        Event::Seen { occurrence, exposure } => {
            let commit = occurrence.commit.as_deref().and_then(|id| id.get(..10));
            let commit = commit.map_or_else(String::new, |id| format!(" in commit {id}"));
            let author = occurrence.author.as_ref().map_or_else(String::new, |author| format!(" of {author}"));
            (PLAIN, "stands", format!("{}{commit}{author}; exposure: {}", occurrence.place, exposure.as_str()))
        }
        Event::Owned { owner } => (PLAIN, "owner", format!("{} ({})", owner.name, owner.found_by)),
        Event::Probed { probe } => probed(probe),
        Event::Planned { plan, .. } => {
            let step = |step: &stanch_revokers::Step| format!("{} ({})", step.name, undone(step.kind));
            let steps: Vec<String> = plan.steps.iter().map(step).collect();
            let target = plan.steps.first().map_or("", |step| step.target.as_str());
            (PLAIN, "planned", format!("{}: {target}; {}", steps.join(", then "), plan.ownership))
        }
        Event::NotPlanned { why, .. } => (DOUBT, "no plan", why.clone()),
        Event::Decided { decision } => {
            let means = decision.means.map_or_else(String::new, |means| format!(": {means}"));
            (NEWS, "decided", format!("{}{means} (by {})", decision.verdict, decision.policies.join(", ")))
        }
        Event::Asked { approvals, .. } => (DOUBT, "asked", format!("{approvals} approval(s) are waited for")),
        Event::Approved { approval } => (GOOD, "approved", format!("by {}, until {}", approval.person, approval.until)),
        Event::Denied { person, why } => (BAD, "denied", format!("by {person}: {why}")),
        Event::Began { digest } => (PLAIN, "begun", digest.clone()),
        Event::Act { moment } => moved(moment),
        Event::Contained => (GOOD, "contained", "off; it could still be put on again".to_owned()),
        Event::Dead => (GOOD, "dead", "it cannot come back".to_owned()),
        Event::Later { due, why } => (DIM, "later", format!("{why} (until {due:.0})")),
        Event::GaveUp { why } => (DOUBT, "by hand", why.clone()),
        Event::Retried { person } => (NEWS, "retried", format!("by {person}")),
        Event::Overdue { after, .. } => {
            (BAD, "overdue", format!("it should be off {} after it was found", time(*after)))
        }
        Event::Told { channel, what } => (PLAIN, "told", format!("{channel}: {what}")),
        Event::Noted { text } => (PLAIN, "note", text.clone()),
        Event::Closed { ending } => (GOOD, "closed", ended(*ending).to_owned()),
    }
}

/// How an incident ended, in words.
pub(crate) const fn ended(ending: Ending) -> &'static str {
    match ending {
        Ending::Killed => "killed, and its provider refuses it",
        Ending::WasDead => "it was dead when its provider was asked",
        Ending::Ignored => "a policy says that nothing is to be done",
        Ending::ByPerson => "a person said so",
    }
}

/// Whether a step can be undone, in words.
const fn undone(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Reversible => "can be undone",
        StepKind::Final | StepKind::Until => "cannot be undone",
    }
}

fn probed(probe: &Probe) -> Told {
    match &probe.liveness {
        Liveness::Active => (BAD, "alive", whose(probe)),
        Liveness::Inactive => (GOOD, "refused", "the provider does not accept it".to_owned()),
        Liveness::Unknown { why } => (DOUBT, "unknown", why.to_string()),
    }
}

/// Whose it is and what it may do, as the provider tells.
fn whose(probe: &Probe) -> String {
    let fields = Identity::FIELDS.iter().filter(|field| !probe.identity.of(field).is_empty());
    let told: Vec<String> =
        fields.map(|field| format!("{} {}", field.replace('_', " "), probe.identity.of(field).join(" "))).collect();
    if told.is_empty() { "the provider accepts it".to_owned() } else { told.join(", ") }
}

fn moved(moment: &Moment) -> Told {
    match moment {
        Moment::Intent { step, .. } => (NEWS, "calls", format!("{}: {}", step.name, step.request)),
        Moment::Result { step, outcome } => (PLAIN, "answer", format!("{step}: {outcome}")),
        Moment::Proof { liveness: Liveness::Active } => (BAD, "proof", "the provider still accepts it".to_owned()),
        Moment::Proof { liveness: Liveness::Inactive } => (GOOD, "proof", "the provider refuses it".to_owned()),
        Moment::Proof { liveness: Liveness::Unknown { why } } => (DOUBT, "proof", format!("none: {why}")),
        Moment::Mint { name } => (NEWS, "calls", format!("a successor, to be called {name}")),
        Moment::NotMinted { outcome } => (BAD, "answer", format!("no successor came: {outcome}")),
        Moment::Minted { id, .. } => (PLAIN, "answer", format!("a successor{}", named(id.as_deref()))),
        Moment::Deliver { to } => (NEWS, "delivers", format!("the successor to {to}")),
        Moment::Delivered { to, error: None } => (GOOD, "delivered", format!("the successor to {to}")),
        Moment::Delivered { to, error: Some(why) } => (BAD, "failed", format!("the successor to {to}: {why}")),
        Moment::Remove { id } => (NEWS, "calls", format!("remove the unused successor {id}")),
        Moment::Removed { outcome } => (PLAIN, "answer", format!("the unused successor: {outcome}")),
    }
}

fn named(id: Option<&str>) -> String {
    id.map_or_else(String::new, |id| format!(", {id}"))
}

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn a_clock_is_as_short_as_it_can_be_read() {
        let told = [0.123, 59.0, 250.0, 10_930.0, 90_000.0, -3.0].map(clock);
        assert_eq!(told, ["+0.12 s", "+59.00 s", "+4 min 10 s", "+3 h 02 min", "+1 d 01 h", "+0.00 s"]);
    }
}
