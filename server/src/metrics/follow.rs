//! What happens to incidents, counted as the log tells it: how long credentials stayed alive, and what failed.
//!
//! Every server counts the whole log from where it began, whoever wrote it. Servers on one store count the same; their numbers are not to be added.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use stanch_pipeline::store::{Store, StoreError};
use stanch_pipeline::{Event, Incident, IncidentId};

use super::histogram::Histogram;
use super::text::Text;

/// Bounds for what is between an exposure and its end, in seconds: from a second to a month.
const SPANS: &[f64] = &[1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0, 604_800.0, 2_592_000.0];
/// Lines that are read at a time.
const PART: u32 = 1000;

/// A span of an incident's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Span {
    ExposedToDetected,
    DetectedToContained,
    DetectedToDead,
}

impl Span {
    const ALL: [(Self, &str, &str); 3] = [
        (
            Self::ExposedToDetected,
            "stanch_exposed_to_detected_seconds",
            "From an exposure to its detection, by provider.",
        ),
        (
            Self::DetectedToContained,
            "stanch_detected_to_contained_seconds",
            "From a detection to the first refusal by the provider.",
        ),
        (Self::DetectedToDead, "stanch_detected_to_dead_seconds", "From a detection to the credential's end."),
    ];
}

/// Where in the log it is, and what it has counted.
#[derive(Debug, Default)]
pub(super) struct Follower {
    after: u64,
    spans: BTreeMap<(Span, String), Histogram>,
    /// Steps and looks that failed or were put off, and incidents that were left to people.
    later: u64,
    gave_up: u64,
    /// Incidents whose containment was counted and whose end was not.
    contained: BTreeSet<IncidentId>,
}

impl Follower {
    /// Counts what comes after the end of the log.
    pub(super) async fn begin(&mut self, store: &Store) -> Result<(), StoreError> {
        self.after = store.head().await?.map_or(0, |head| head.seq);
        Ok(())
    }

    /// Counts what has come since.
    pub(super) async fn catch_up(&mut self, store: &Store) -> Result<(), StoreError> {
        loop {
            let lines = store.lines(self.after, PART).await?;
            for line in &lines {
                let id = line.incident.as_deref().and_then(|id| id.parse::<IncidentId>().ok());
                let event = serde_json::from_str::<Event>(&line.event).ok();
                if let (Some(id), Some(event)) = (id, event) {
                    self.take(store, &id, &event).await?;
                }
                self.after = line.seq;
            }
            if lines.len() < PART as usize {
                return Ok(());
            }
        }
    }

    async fn take(&mut self, store: &Store, id: &IncidentId, event: &Event) -> Result<(), StoreError> {
        match event {
            Event::Later { .. } => self.later += 1,
            Event::GaveUp { .. } => self.gave_up += 1,
            Event::Detected { .. } | Event::Contained | Event::Dead => {
                let incident = match store.incident(id).await {
                    Ok(incident) => incident,
                    // It was forgotten in the meantime.
                    Err(StoreError::NotFound(_)) => return Ok(()),
                    Err(error) => return Err(error),
                };
                self.counted(&incident, event);
            }
            _ => {}
        }
        Ok(())
    }

    fn counted(&mut self, incident: &Incident, event: &Event) {
        let times = &incident.times;
        if matches!(event, Event::Detected { .. }) {
            return self.span(Span::ExposedToDetected, incident, times.exposed, times.detected);
        }
        // What dies at once is contained in the same moment and has no line of its own for it.
        if self.contained.insert(incident.id.clone()) {
            self.span(Span::DetectedToContained, incident, times.detected, times.contained);
        }
        if *event == Event::Dead {
            self.contained.remove(&incident.id);
            self.span(Span::DetectedToDead, incident, times.detected, times.dead);
        }
    }

    fn span(&mut self, span: Span, incident: &Incident, from: Option<Timestamp>, to: Option<Timestamp>) {
        let (Some(from), Some(to)) = (from, to) else { return };
        let histogram = self.spans.entry((span, incident.provider.clone())).or_insert_with(|| Histogram::new(SPANS));
        // Clocks differ; nothing ends before it begins.
        histogram.observe(to.duration_since(from).as_secs_f64().max(0.0));
    }

    pub(super) fn write(&self, text: &mut Text) {
        for (span, name, help) in Span::ALL {
            text.head(name, help, "histogram");
            for ((_, provider), histogram) in self.spans.iter().filter(|((of, _), _)| *of == span) {
                histogram.write(text, name, &[("provider", provider)]);
            }
        }
        text.head("stanch_put_off_total", "How often an incident could not go on and was put off.", "counter");
        text.sample("stanch_put_off_total", &[], self.later as f64);
        text.head("stanch_left_to_people_total", "How often an incident was left to people.", "counter");
        text.sample("stanch_left_to_people_total", &[], self.gave_up as f64);
    }
}
