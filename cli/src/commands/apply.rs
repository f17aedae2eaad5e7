//! `stanch apply`: does what a plan says, and nothing else. It can be interrupted at any time; run again, it goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, Write};
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use futures_util::future::join_all;
use jiff::Timestamp;
use serde::Serialize;
use stanch_model::Finding;
use stanch_pipeline::engine::{Decider, sealed};
use stanch_pipeline::plan::{Item, Outlook, PlanFile, ReadError};
use stanch_pipeline::policy::Policies;
use stanch_pipeline::{Approval, Decision, Ending, Event, Incident, IncidentId, Means, State, Verdict, digest};
use stanch_revokers::act::{self, Consent, Plan, Refusal};
use stanch_revokers::registry::{self, Entry};

use crate::args::{AnswerFormat, ApplyArgs};
use crate::exit::{CliError, Exit};
use crate::report::Redactor;
use crate::response::{
    Facts, Lead, Notices, Person, Session, Subject, asked, block_on, forget, intake, missing, of_store, open_store,
    policies, redaction, show_item, sums, until,
};
use crate::shell::Shell;

pub(crate) fn run(args: &ApplyArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    let plan = read(args)?;
    let person = Person::of(args.person.as_deref(), args.response.config.as_deref())?;
    let notices = Notices::new(&args.response)?;
    confirm(args, &plan, shell)?;
    let files = if args.findings.is_empty() { &plan.findings } else { &args.findings };
    let (subjects, findings, _) = intake(files, &plan.root, shell)?;
    let session = Session::new(&args.response)?;
    let decider = Arc::new(Confirmed::of(policies(&plan.shipped, &plan.policies)?, &plan));
    forget(plan.items.iter().map(|item| item.what.fingerprint.as_str()));
    let applied = block_on(async {
        let lead = Lead::new(
            open_store(args.response.config.as_deref()).await?,
            Arc::new(session.cx),
            decider,
            notices.tells(),
        );
        let work = Work { lead: &lead, subjects: &subjects, person: &person };
        let mut applied = Vec::new();
        for few in batches(&plan) {
            let came = join_all(few.iter().map(|(_, item)| work.begun(item))).await;
            for ((place, item), came) in few.into_iter().zip(came) {
                applied.push((place, Applied::new(item, came?)));
            }
        }
        applied.sort_by_key(|(place, _)| *place);
        notices.send(lead.store(), shell).await?;
        Ok::<_, CliError>(applied.into_iter().map(|(_, applied)| applied).collect::<Vec<_>>())
    })??;
    tell(args, (&plan, &applied), &findings, shell)?;
    Ok(if applied.iter().all(|one| one.as_planned) { Exit::Clean } else { Exit::Incomplete })
}

/// What is applied, with its place: one at a time, but for kinds of which one request takes many.
fn batches(plan: &PlanFile) -> Vec<Vec<(usize, &Item)>> {
    /// As many as the engine of a server leads on at once.
    const AT_ONCE: usize = 64;
    let mut together: BTreeMap<&str, Vec<(usize, &Item)>> = BTreeMap::new();
    let mut batches = Vec::new();
    for (place, item) in plan.items.iter().enumerate().filter(|(_, item)| item.is_applied()) {
        let many =
            item.what.kind.as_deref().filter(|id| registry::by_id(id).is_some_and(|entry| entry.kind.takes_many()));
        match many {
            Some(kind) => together.entry(kind).or_default().push((place, item)),
            None => batches.push(vec![(place, item)]),
        }
    }
    batches
        .extend(together.into_values().flat_map(|items| items.chunks(AT_ONCE).map(<[_]>::to_vec).collect::<Vec<_>>()));
    batches
}

fn read(args: &ApplyArgs) -> Result<PlanFile, CliError> {
    let name = args.plan.display();
    let bytes =
        std::fs::read(&args.plan).map_err(|error| CliError::new(format!("cannot read the plan `{name}`: {error}")))?;
    PlanFile::read(&bytes, Timestamp::now()).map_err(|error| {
        let hint = match error {
            ReadError::Form(_) => "`stanch plan FINDINGS -o plan.json` makes one",
            ReadError::Altered => "a plan is applied as it was made, or not at all: make it again with `stanch plan`",
            ReadError::Expired(_) => "what it saw is too old to act on: make it again with `stanch plan`",
        };
        CliError::new(format!("the plan `{name}` is not applied: {error}")).hint(hint)
    })
}

/// Shows what will be done, and has it confirmed unless that was said before.
fn confirm(args: &ApplyArgs, plan: &PlanFile, shell: &mut Shell) -> Result<(), CliError> {
    if args.yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(
            CliError::new("nobody is there to confirm the plan").hint("--yes says that it was read and shall be done")
        );
    }
    let engine = redaction();
    let redactor = Redactor::new(&engine, &[]);
    let mut out = shell.stdout();
    for item in plan.items.iter().filter(|item| item.is_applied()) {
        show_item(&mut Facts { out: &mut out, redactor: &redactor }, item)?;
        writeln!(out)?;
    }
    write!(out, "{}. Type `yes` to do exactly this: ", sums(&plan.items))?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if answer.trim() == "yes" { Ok(()) } else { Err(CliError::new("not confirmed: nothing was changed")) }
}

/// The policies, but that nothing is done at once that this plan does not name.
struct Confirmed {
    policies: Policies,
    digests: BTreeSet<String>,
}

impl Confirmed {
    fn of(policies: Policies, plan: &PlanFile) -> Self {
        Self { policies, digests: plan.items.iter().filter_map(|item| item.digest.clone()).collect() }
    }
}

impl Decider for Confirmed {
    fn decide(
        &self,
        incident: &Incident,
        plan: Result<&Plan, &Refusal>,
        entry: Option<&Entry>,
        now: Timestamp,
    ) -> Decision {
        let decision = Decider::decide(&self.policies, incident, plan, entry, now);
        let asked = |plan: &Plan| digest::asked(&digest::of(plan), decision.means, false);
        let named = plan.is_ok_and(|plan| self.digests.contains(&asked(plan)));
        if decision.verdict == Verdict::Act && !named {
            let why = format!("{}; it is not what was confirmed, so that people are asked", decision.why);
            return Decision { verdict: Verdict::Ask, why, ..decision };
        }
        decision
    }
}

/// What came of an item.
enum Came {
    /// It was led on, to this.
    To(Box<Incident>),
    /// Nothing was done, because of this.
    Left(String),
}

struct Work<'a> {
    lead: &'a Lead,
    subjects: &'a [Subject],
    person: &'a Person,
}

impl Work<'_> {
    async fn begun(&self, item: &Item) -> Result<Came, CliError> {
        if self.lead.interrupted() {
            return Ok(Came::Left("not begun: interrupted".to_owned()));
        }
        self.one(item).await
    }

    async fn one(&self, item: &Item) -> Result<Came, CliError> {
        let store = self.lead.store();
        let known = store.incident_of(&item.what.fingerprint).await.map_err(of_store)?;
        if let Some(known) = known.filter(|known| is_begun(known, item)) {
            return Ok(Came::To(Box::new(self.lead.on(&known.id).await?)));
        }
        let subject = match self.subject(item).await {
            Ok(subject) => subject,
            Err(why) => return Ok(Came::Left(why)),
        };
        let secret = sealed::of_credential(&subject.credential);
        let kept = store.detect(&item.what, &item.places, Some(secret), Timestamp::now(), &self.person.name).await;
        self.approved(item, &kept.map_err(of_store)?.0).await
    }

    /// The credential that an item means, if it is still what the plan says. The same secret may open two servers, so each that has its fingerprint is
    /// looked at.
    async fn subject(&self, item: &Item) -> Result<&Subject, String> {
        let mut why = "the secret cannot be read again, or is another one by now".to_owned();
        let same = |subject: &&Subject| {
            subject.rule == item.what.rule && subject.credential.fingerprint.to_string() == item.what.fingerprint
        };
        for subject in self.subjects.iter().filter(same) {
            let Some(entry) = registry::by_rule(&subject.rule, &subject.credential) else { continue };
            let looked = act::look(self.lead.context(), &entry, &subject.credential, Consent::default()).await;
            match item.changed(looked.plan.as_ref()) {
                None => return Ok(subject),
                Some(changed) => why = format!("stale, nothing was done: {changed}"),
            }
        }
        Err(why)
    }

    /// Leads an incident to where people are asked, approves, and leads it on.
    async fn approved(&self, item: &Item, id: &IncidentId) -> Result<Came, CliError> {
        let store = self.lead.store();
        let now = Timestamp::now();
        let known = store.incident(id).await.map_err(of_store)?;
        if known.denied {
            return Ok(Came::Left(format!(
                "a person said no to it: `stanch incident retry {id}` has people asked again"
            )));
        }
        if known.state == State::ByHand {
            let again = Event::Retried { person: self.person.name.clone() };
            store.note(id, &self.person.name, &[again], now).await.map_err(of_store)?;
        }
        let incident = self.lead.on(id).await?;
        let digest = incident.asked();
        if incident.state != State::Waiting || is_off(&incident, item) {
            return Ok(Came::To(Box::new(incident)));
        }
        let Some(digest) = digest.filter(|digest| item.digest.as_ref() == Some(digest)) else {
            return Ok(Came::Left(format!("stale, nothing was done: the plan changed while it was applied ({id})")));
        };
        if asked(&incident, self.person).is_ok() && !incident.approvers(now).contains(&self.person.name.as_str()) {
            let Person { name: person, groups } = self.person;
            let (person, groups, until) = (person.clone(), groups.clone(), until(&incident, now));
            let approval = Approval { person, digest, until, groups };
            store.note(id, &self.person.name, &[Event::Approved { approval }], now).await.map_err(of_store)?;
        }
        Ok(Came::To(Box::new(self.lead.on(id).await?)))
    }
}

/// Whether what the item says was begun before, so that it only has to go on.
fn is_begun(incident: &Incident, item: &Item) -> bool {
    let same = is_approved(incident, item) || is_off(incident, item);
    let begun =
        matches!(incident.state, State::Acting | State::Contained | State::Dead) || !incident.moments.is_empty();
    same && begun
}

/// Whether the item is what an approval is asked for.
fn is_approved(incident: &Incident, item: &Item) -> bool {
    incident.asked().is_some_and(|asked| item.digest == Some(asked))
}

/// Whether all is done that the item says, and people are asked about what is left, which this is no approval of.
fn is_off(incident: &Incident, item: &Item) -> bool {
    let only_off = |decision: &Decision| decision.means == Some(Means::Contain);
    let as_planned = |plan: &str| item.digest == Some(digest::asked(plan, Some(Means::Contain), false));
    incident.times.contained.is_some()
        && incident.decision.as_ref().is_some_and(only_off)
        && incident.plan.as_ref().is_some_and(|(plan, _)| as_planned(plan))
}

/// An item, and what came of it.
#[derive(Serialize)]
struct Applied<'a> {
    schema: &'static str,
    fingerprint: &'a str,
    title: &'a str,
    secret: &'a str,
    incident: Option<IncidentId>,
    outcome: &'static str,
    detail: String,
    /// Seconds from when it was found until it could not come back.
    seconds: Option<f64>,
    as_planned: bool,
}

impl<'a> Applied<'a> {
    fn new(item: &'a Item, came: Came) -> Self {
        let mut applied = Self {
            schema: "stanch.applied/1",
            fingerprint: &item.what.fingerprint,
            title: &item.what.title,
            secret: &item.what.preview,
            incident: None,
            outcome: "left",
            detail: String::new(),
            seconds: None,
            as_planned: false,
        };
        match came {
            Came::Left(why) => applied.detail = why,
            Came::To(incident) => applied.came_to(item, &incident),
        }
        applied
    }

    fn came_to(&mut self, item: &Item, incident: &Incident) {
        let times = &incident.times;
        self.incident = Some(incident.id.clone());
        self.seconds =
            times.detected.zip(times.dead.or(times.contained)).map(|(from, to)| to.duration_since(from).as_secs_f64());
        let trouble = incident.trouble.clone().unwrap_or_default();
        let only_off = item.decision.means == Some(Means::Contain) && times.contained.is_some();
        (self.outcome, self.detail, self.as_planned) = match incident.state {
            State::Closed if incident.ending == Some(Ending::Killed) => {
                ("dead", "the provider refuses it".to_owned(), true)
            }
            State::Closed => ("closed", "nothing was done".to_owned(), false),
            State::Waiting | State::ByHand if only_off => {
                let left = format!("people are asked whether it dies: `stanch incident approve {}`", incident.id);
                ("off", left, true)
            }
            State::Waiting => ("waits", waits(incident), false),
            State::ByHand => ("by hand", trouble, false),
            State::Contained => ("off", format!("{trouble}; `stanch apply` goes on with it"), false),
            _ => ("later", format!("{trouble}; `stanch apply` goes on with it"), false),
        };
    }
}

/// Who has to approve yet.
fn waits(incident: &Incident) -> String {
    let missing = missing(incident, Timestamp::now());
    format!("{missing}; others approve with `stanch incident approve {}`", incident.id)
}

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBT: Style = AnsiColor::Yellow.on_default().bold();
const DIM: Style = Style::new().dimmed();

/// What of the plan no call does.
fn tell_by_hand(plan: &PlanFile, redactor: &Redactor<'_>, out: &mut dyn Write) -> std::io::Result<()> {
    let left: Vec<&Item> = plan.items.iter().filter(|item| item.outlook == Outlook::ByHand).collect();
    if left.is_empty() {
        return Ok(());
    }
    writeln!(out, "{} of the plan are left to people:", left.len())?;
    for item in left {
        let (title, secret) = (redactor.redact(&item.what.title), redactor.redact(&item.what.preview));
        let how = item.by_hand.as_deref().or(item.refusal.as_deref()).unwrap_or_default();
        writeln!(out, "  {title}  {DIM}{secret}{DIM:#}  {}", redactor.redact(how))?;
    }
    Ok(())
}

fn tell(
    args: &ApplyArgs,
    (plan, applied): (&PlanFile, &[Applied<'_>]),
    findings: &[Finding],
    shell: &Shell,
) -> Result<(), CliError> {
    let engine = redaction();
    let redactor = Redactor::new(&engine, findings);
    let mut out = shell.stdout();
    match args.format {
        AnswerFormat::Human => {
            for one in applied {
                let style = match one.outcome {
                    "dead" | "off" if one.as_planned => GOOD,
                    "waits" | "later" | "off" => DOUBT,
                    _ => BAD,
                };
                let (title, secret) = (redactor.redact(one.title), redactor.redact(one.secret));
                let took = one.seconds.map_or_else(String::new, |seconds| format!(" after {seconds:.1} s"));
                let detail = redactor.redact(&one.detail);
                // The time is that of what was done, which is the word before it where something is left.
                let told =
                    if one.outcome == "off" { format!("  off{took}; {detail}") } else { format!("  {detail}{took}") };
                writeln!(out, "{style}{:<8}{style:#} {title}  {DIM}{secret}{DIM:#}{told}", one.outcome)?;
            }
            let well = applied.iter().filter(|one| one.as_planned).count();
            writeln!(out, "{well} of {} as planned", applied.len())?;
            tell_by_hand(plan, &redactor, &mut out)?;
        }
        AnswerFormat::Json => {
            let text = serde_json::to_string_pretty(applied).map_err(std::io::Error::from)?;
            writeln!(out, "{}", redactor.hide(&text))?;
        }
        AnswerFormat::Jsonl => {
            for one in applied {
                let text = serde_json::to_string(one).map_err(std::io::Error::from)?;
                writeln!(out, "{}", redactor.hide(&text))?;
            }
        }
    }
    Ok(())
}
