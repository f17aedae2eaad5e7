//! Findings as SARIF's results.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use stanch_model::{Finding, Suppression, SuppressionKind};

use super::super::Report;
use super::super::history::{only_in_history, short};
use super::super::record::{Record, secret};
use super::message;
use super::rule::{Used, level};
use super::uri::Bases;

/// The names by which the results of several runs are told apart, one for each finding: made of the place, and of how many before it have
/// the same. Those of a history are counted by themselves, so that a result keeps its name when the credential is taken out of the current
/// file.
pub(super) struct Names(pub(super) Vec<String>);

impl Names {
    pub(super) fn new<'f>(findings: &'f [Finding]) -> Self {
        let mut seen: HashMap<(&'f str, &'static str), usize> = HashMap::new();
        let mut name = |finding: &'f Finding| {
            let kind = if commit(finding).is_some() { "history:" } else { "" };
            let count = seen.entry((&finding.line_hash, kind)).or_default();
            *count += 1;
            format!("{}:{kind}{}", finding.line_hash, *count - 1)
        };
        Self(findings.iter().map(&mut name).collect())
    }
}

/// The commit of a finding, if it is one of a history.
fn commit(finding: &Finding) -> Option<&str> {
    finding.git.as_ref()?.commit.as_deref()
}

/// What results are made with.
pub(super) struct Results<'r, 'a> {
    pub(super) report: &'r Report<'a>,
    pub(super) bases: &'r Bases<'a>,
    pub(super) used: &'r Used<'a>,
}

impl Results<'_, '_> {
    pub(super) fn result(&self, finding: &Finding, name: &str) -> Value {
        let rule = finding.rule.as_str();
        let mut result = json!({
            "ruleId": rule,
            "level": level(finding.severity, finding.confidence),
            "message": { "text": self.text(finding) },
            "locations": [{ "physicalLocation": self.place(finding) }],
            "partialFingerprints": { "stanch/v1": name },
            // Present on every result or on none (3.27.23), so that "not suppressed" is said, too.
            "suppressions": finding.suppression.iter().map(|suppression| self.suppression(suppression)).collect::<Vec<_>>(),
            "properties": self.properties(finding),
        });
        if let Some(object) = result.as_object_mut() {
            self.optional(finding, object);
        }
        result
    }

    fn optional(&self, finding: &Finding, result: &mut Map<String, Value>) {
        if let Some(index) = self.used.index(finding.rule.as_str()) {
            result.insert("ruleIndex".to_owned(), Value::from(index));
        }
        let companions = &finding.evidence.companions;
        if !companions.is_empty() {
            let related = companions.iter().enumerate().map(|(id, companion)| {
                let mut place = self.artifact(finding);
                place.insert("region".to_owned(), json!({ "startLine": companion.line.max(1) }));
                json!({
                    "id": id,
                    "message": { "text": message(&format!("what belongs to it, found by {}", companion.rule)) },
                    "physicalLocation": place,
                })
            });
            result.insert("relatedLocations".to_owned(), related.collect());
        }
    }

    fn text(&self, finding: &Finding) -> String {
        let redactor = self.report.redactor;
        let reasons = finding.evidence.reasons.iter().filter(|reason| reason.points > 0);
        let reasons: Vec<_> = reasons.map(|reason| redactor.name(&reason.text)).collect();
        let (title, confidence) = (redactor.name(&finding.title), finding.confidence);
        let url = self.report.rules.get(finding.rule.as_str()).and_then(|rule| rule.manual.url.as_deref());
        let place = url.map(|url| format!(" at {url}")).unwrap_or_default();
        let rest = match commit(finding).filter(|_| only_in_history(finding)) {
            Some(commit) => format!("; it stands in the history only, in commit {}", short(commit)),
            None => ", then take it out".to_owned(),
        };
        message(&format!(
            "{title} in clear: {} ({confidence} confidence: {}). Revoke it{place}{rest}.",
            finding.preview,
            reasons.join("; "),
        ))
    }

    fn artifact(&self, finding: &Finding) -> Map<String, Value> {
        Map::from_iter([("artifactLocation".to_owned(), self.bases.finding(finding, self.report))])
    }

    fn place(&self, finding: &Finding) -> Value {
        let (location, locator) = (finding.location, &finding.locator);
        let mut place = self.artifact(finding);
        let region = json!({
            "startLine": location.line,
            "startColumn": location.column,
            "endLine": location.end_line,
            "endColumn": location.end_column,
            "byteOffset": locator.start,
            "byteLength": locator.end.saturating_sub(locator.start),
        });
        place.insert("region".to_owned(), region);
        Value::Object(place)
    }

    fn suppression(&self, suppression: &Suppression) -> Value {
        let redactor = self.report.redactor;
        let kind = match suppression.kind {
            SuppressionKind::Inline => "inSource",
            SuppressionKind::Ignored | SuppressionKind::Baseline => "external",
        };
        let mut properties = Map::new();
        properties.insert("kind".to_owned(), json!(suppression.kind));
        for (name, value) in [("owner", &suppression.owner), ("expires", &suppression.expires)] {
            if let Some(value) = value {
                properties.insert(name.to_owned(), Value::from(redactor.name(value)));
            }
        }
        let mut object = json!({ "kind": kind, "status": "accepted", "properties": properties });
        if let (Some(reason), Some(object)) = (&suppression.reason, object.as_object_mut()) {
            object.insert("justification".to_owned(), Value::from(redactor.redact(reason)));
        }
        object
    }

    /// What SARIF has no words for, under the names that `json` has for it.
    fn properties(&self, finding: &Finding) -> Value {
        const TAKEN: &[&str] = &[
            "fingerprint",
            "confidence",
            "severity",
            "sensitivity",
            "category",
            "provider",
            "git",
            "ignored",
            "in_head",
            "permalink",
            "verification",
            "evidence",
        ];
        let record = serde_json::to_value(Record::new(finding, self.report)).unwrap_or_default();
        let mut properties: Map<String, Value> = TAKEN
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), record.get(name).filter(|value| !value.is_null())?.clone())))
            .collect();
        properties.insert("preview".to_owned(), Value::from(finding.preview.as_str()));
        if self.report.reveal {
            properties.insert("secret".to_owned(), Value::from(secret(finding, true)));
        }
        Value::Object(properties)
    }
}
