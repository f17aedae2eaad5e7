//! What a plan says of each credential, made and shown.

use std::io;

use jiff::Timestamp;
use stanch_pipeline::engine::Decider;
use stanch_pipeline::intake::Setting;
use stanch_pipeline::plan::{Item, Outlook};
use stanch_pipeline::{Detected, Event, Exposure, IncidentId, Occurrence, Owner};
use stanch_revokers::Context;
use stanch_revokers::act::{self, Consent, Looked, Refusal};
use stanch_revokers::registry;

use super::{Facts, Subject, liveness};

/// Asks the provider and the policies about a credential, and changes nothing.
pub(crate) async fn looked(
    cx: &Context,
    decider: &dyn Decider,
    subject: &Subject,
    (exposure, source): (Exposure, &str),
) -> Item {
    let entry = registry::by_rule(&subject.rule, &subject.credential);
    let (what, places) = known(subject, (exposure, source));
    let nobody = || Refusal::Person { url: None, runbook: "revoke it where it was issued".to_owned() };
    let Looked { probe, plan } = match &entry {
        Some(entry) => act::look(cx, entry, &subject.credential, Consent::default()).await,
        None => Looked { probe: None, plan: Err(nobody()) },
    };
    let now = Timestamp::now();
    let mut incident = what.incident(IncidentId::new(now, [0; 8]), now);
    for place in &places {
        incident.apply(now, &Event::Seen { occurrence: place.clone(), exposure });
    }
    if let Some(probe) = &probe {
        incident.apply(now, &Event::Probed { probe: probe.clone() });
    }
    let decision = decider.decide(&incident, plan.as_ref(), entry.as_ref(), now);
    Item::new((what, places), entry.as_ref().map(|entry| entry.kind), probe, plan.as_ref(), decision)
}

/// What is known of a credential without asking anybody. Places that name no source are of the one that the user names.
fn known(subject: &Subject, (exposure, source): (Exposure, &str)) -> (Detected, Vec<Occurrence>) {
    let mut places = subject.occurrences.clone();
    for place in places.iter_mut().filter(|place| place.source.is_empty()) {
        source.clone_into(&mut place.source);
    }
    places.sort();
    places.dedup();
    let author = places.iter().find_map(|place| place.author.clone());
    let owner = author.map(|name| Owner { name, found_by: "author".to_owned(), business: None }).unwrap_or_default();
    (subject.detected(&Setting { exposure, ..Setting::default() }, owner), places)
}

/// Shows an item.
pub(crate) fn show_item(facts: &mut Facts<'_>, item: &Item) -> io::Result<()> {
    facts.head(&item.what.title, &item.what.preview)?;
    item.places.iter().take(5).try_for_each(|place| facts.fact("at", &place.place))?;
    if item.places.len() > 5 {
        facts.fact("", &format!("and {} more places", item.places.len() - 5))?;
    }
    if let Some(probe) = &item.evidence {
        liveness(facts, probe)?;
    }
    if let Some(ownership) = &item.ownership {
        facts.fact("why", ownership)?;
    }
    facts.fact("policy", &item.decision.why)?;
    for (number, action) in (1..).zip(&item.actions) {
        let undone = if action.undoable { "can be undone" } else { "cannot be undone" };
        facts.fact(&format!("step {number}"), &format!("{} ({undone}): {}", action.name, action.target))?;
        facts.fact("", &action.request)?;
    }
    if !item.breaks.is_empty() && item.is_applied() {
        facts.fact("breaks", &item.breaks)?;
    }
    if let Some(survives) = item.survives.as_ref().filter(|_| item.is_applied()) {
        facts.fact("survives", survives)?;
    }
    facts.fact("outcome", &outcome(item))?;
    item.by_hand.as_ref().map_or(Ok(()), |runbook| facts.fact("by hand", runbook))
}

fn outcome(item: &Item) -> String {
    let why = item.refusal.as_ref().map_or_else(String::new, |refusal| format!(": {refusal}"));
    let means = item.decision.means.map_or("revoke", |means| means.as_str());
    match item.outlook {
        Outlook::Revoke => format!("{means}, by whoever applies this plan"),
        Outlook::NeedsApproval => {
            let lists: Vec<String> = item.decision.approvers.iter().map(|list| list.join(", ")).collect();
            let of = if lists.is_empty() { String::new() } else { format!(" of {}", lists.join("; and ")) };
            format!("{means}, after {} approval(s){of}", item.decision.approvals)
        }
        Outlook::ByHand => format!("a person does it{why}"),
        Outlook::LeftAlone => format!("left alone ({}){why}", item.decision.verdict),
        Outlook::NotLive => "nothing: its provider refuses it already".to_owned(),
    }
}

/// How many of each there are: `2 to revoke, 1 needs approval, 3 by hand, 1 not live`.
pub(crate) fn sums(items: &[Item]) -> String {
    let told = |outlook: &Outlook| {
        let count = items.iter().filter(|item| item.outlook == *outlook).count();
        let words = match (outlook, count) {
            (Outlook::NeedsApproval, 1) => "needs approval",
            (Outlook::NeedsApproval, _) => "need approval",
            _ => outlook.words(),
        };
        (count > 0).then(|| format!("{count} {words}"))
    };
    let parts: Vec<String> = Outlook::ALL.iter().filter_map(told).collect();
    if parts.is_empty() { "nothing to do".to_owned() } else { parts.join(", ") }
}
