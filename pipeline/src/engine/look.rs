//! Asks the provider, and finds out what would have to be done.

use stanch_revokers::act::{self, Consent, Plan, Refusal};
use stanch_revokers::registry::Entry;

use super::{EngineError, HIDDEN, Turn, sealed};
use crate::{Event, digest};

impl Turn<'_> {
    pub(super) async fn look(&mut self) -> Result<(), EngineError> {
        let Some((entry, credential)) = self.subject().await? else {
            if self.claim.incident.state == crate::State::Detected {
                self.fresh = true;
                let why = format!("no kind of credential is known for the rule `{}`", self.claim.incident.rule);
                self.append(&[Event::NotPlanned { why, runbook: None }])?;
            }
            return Ok(());
        };
        let looked = act::look(&self.engine.cx, &entry, &credential, Consent::default()).await;
        self.fresh = true;
        let mut events = Vec::new();
        events.extend(looked.probe.map(|probe| Event::Probed { probe }));
        match looked.plan {
            Ok(plan) => {
                if !plan.target.hidden.0.is_empty() {
                    let (engine, hidden) = (self.engine, sealed::of_hidden(&plan.target.hidden));
                    engine.store.put_secret(&self.claim, HIDDEN, hidden, engine.now()).await?;
                }
                events.push(planned(plan));
            }
            Err(refusal) => {
                if let Some((why, asked)) = passing(&refusal) {
                    self.append(&events)?;
                    return self.later(why, asked);
                }
                events.push(not_planned(&entry, &refusal));
                self.refusal = Some(refusal);
            }
        }
        self.append(&events)
    }
}

fn planned(plan: Plan) -> Event {
    Event::Planned { digest: digest::of(&plan), plan: Box::new(plan) }
}

fn not_planned(entry: &Entry, refusal: &Refusal) -> Event {
    let manual = &entry.kind.manual;
    let page = manual.url.as_ref().map(|url| format!(" ({url})")).unwrap_or_default();
    let runbook =
        (!manual.runbook.is_empty() && *refusal != Refusal::Dead).then(|| format!("{}{page}", manual.runbook));
    Event::NotPlanned { why: refusal.to_string(), runbook }
}

/// Why it may be known later, if it may, and how long the provider asked us to wait.
fn passing(refusal: &Refusal) -> Option<(String, Option<u64>)> {
    use stanch_revokers::Outcome;
    let (Refusal::NotProven(why) | Refusal::Target(Outcome::Unknown { why })) = refusal else { return None };
    why.passes().then(|| (why.to_string(), why.wait()))
}
