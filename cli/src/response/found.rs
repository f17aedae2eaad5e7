//! What a scan found, in the words of the pipeline.

use std::collections::BTreeMap;

use jiff::Timestamp;
use stanch_model::Finding;
use stanch_pipeline::{Detected, Exposure, Occurrence, Owner};
use stanch_revokers::registry::Entry;

/// What an incident has to know of a credential.
pub(crate) fn detected(finding: &Finding, entry: Option<&Entry>, exposure: Exposure, owner: Owner) -> Detected {
    Detected {
        fingerprint: finding.fingerprint.to_string(),
        rule: finding.rule.as_str().to_owned(),
        kind: entry.map(|entry| entry.kind.id.clone()),
        provider: entry.map_or_else(|| finding.provider.to_string(), |entry| entry.file.provider.clone()),
        title: finding.title.to_string(),
        preview: finding.preview.clone(),
        confidence: finding.confidence,
        severity: finding.severity,
        exposure,
        labels: BTreeMap::new(),
        owner,
    }
}

/// One place where it stands.
pub(crate) fn occurrence(finding: &Finding, source: &str, since: Option<Timestamp>) -> Occurrence {
    let git = finding.git.as_ref();
    let author = git.and_then(|git| git.email.clone().or_else(|| git.author.clone()));
    Occurrence {
        source: source.to_owned(),
        place: format!("{}:{}", finding.path, finding.location.line),
        commit: git.and_then(|git| git.commit.clone()),
        author,
        url: finding.permalink.clone(),
        agent: None,
        since: since.or_else(|| git.and_then(|git| git.committed.as_deref()?.parse().ok())),
    }
}
