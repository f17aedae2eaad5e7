//! The words for places in a history.

use stanch_model::{Finding, GitPlace, ObjectKind};

use super::Redactor;

/// Whether a finding stands in no current file: neither in the working tree nor in the commit that is checked out.
pub(super) fn only_in_history(finding: &Finding) -> bool {
    let past = |git: &GitPlace| git.object != ObjectKind::Blob || git.reachable == Some(false);
    finding.in_head == Some(false) || finding.git.as_ref().is_some_and(past)
}

/// An id as people write it.
pub(super) fn short(id: &str) -> &str {
    const DIGITS: usize = 10;
    id.get(..DIGITS).unwrap_or(id)
}

/// `3fa9c1d2e0 2021-03-04 by Ann`: a commit or tag, and who made it when, as far as is known.
pub(super) fn made(id: &str, git: &GitPlace, redactor: &Redactor<'_>) -> String {
    let mut text = short(id).to_owned();
    // RFC 3339 starts with the day.
    if let Some(day) = git.date.as_deref().and_then(|date| date.get(..10)) {
        text.push_str(&format!(" {}", redactor.name(day)));
    }
    if let Some(author) = git.author.as_deref().filter(|author| !author.is_empty()) {
        text.push_str(&format!(" by {}", redactor.name(author)));
    }
    text
}
