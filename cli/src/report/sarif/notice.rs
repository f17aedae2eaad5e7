//! The coverage ledger as SARIF's notifications: what was not scanned is part of the result.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stanch_scanner::{Coverage, Gap, Note};

use super::super::Report;
use super::message;
use super::uri::Bases;

const INTERRUPTED: &str = "interrupted";

/// The kinds of gaps that there are, in order of name.
pub(super) struct Gaps(BTreeMap<&'static str, bool>);

impl Gaps {
    pub(super) fn new(coverage: &Coverage) -> Self {
        let mut gaps: BTreeMap<_, _> =
            coverage.notes.iter().map(|note| (note.gap.as_str(), note.gap.failed())).collect();
        if coverage.interrupted {
            gaps.insert(INTERRUPTED, true);
        }
        Self(gaps)
    }

    /// Whether something failed.
    pub(super) fn failed(&self) -> bool {
        self.0.values().any(|failed| *failed)
    }

    pub(super) fn descriptors(&self) -> Vec<Value> {
        let text = |name: &str| format!("Not scanned, or not wholly: {}.", name.replace('-', " "));
        let level = |failed: bool| if failed { "error" } else { "note" };
        let one = |(name, failed): (&&str, &bool)| {
            json!({
                "id": name,
                "shortDescription": { "text": text(name) },
                "defaultConfiguration": { "level": level(*failed) },
            })
        };
        self.0.iter().map(one).collect()
    }

    fn reference(&self, name: &str) -> Value {
        let index = self.0.keys().position(|known| *known == name);
        json!({ "id": name, "index": index })
    }
}

/// One notification for each line of the ledger.
pub(super) fn notifications<'r>(
    report: &'r Report<'_>,
    gaps: &'r Gaps,
    bases: &'r Bases<'_>,
) -> impl Iterator<Item = Value> + 'r {
    let interrupted = report.coverage.interrupted.then(|| {
        json!({
            "descriptor": gaps.reference(INTERRUPTED),
            "level": "error",
            "message": { "text": "The scan was ended before it was done." },
        })
    });
    interrupted.into_iter().chain(report.coverage.notes.iter().map(|note| notification(note, report, gaps, bases)))
}

fn notification(note: &Note, report: &Report<'_>, gaps: &Gaps, bases: &Bases<'_>) -> Value {
    json!({
        "descriptor": gaps.reference(note.gap.as_str()),
        "level": if note.gap.failed() { "error" } else { "note" },
        "message": { "text": message(&words(note.gap, &report.redactor.hide(&note.detail))) },
        "locations": [{ "physicalLocation": { "artifactLocation": bases.note(&note.path, report) } }],
    })
}

fn words(gap: Gap, detail: &str) -> String {
    let gap = gap.as_str().replace('-', " ");
    if detail.is_empty() { format!("Not scanned: {gap}.") } else { format!("Not scanned: {gap} ({detail}).") }
}
