//! Markers on a line that say a credential there is allowed, and the line's own name.
//!
//! A marker covers one credential, the nearest before it on its line (or the nearest after it, if none stands before), so that it never hides a
//! second secret on the same line. `stanch:allow=<rule id>` names the rule it is meant for.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use stanch_model::{Finding, Suppression, SuppressionKind};

/// How much of a line is looked at on each side of a secret, in bytes.
pub(crate) const LINE: usize = 4096;

/// Our marker, then those of other scanners, which people have in their code already.
const MARKERS: &[&str] = &[
    "stanch:allow",
    "gitleaks:allow",
    "betterleaks:allow",
    "trufflehog:ignore",
    "kingfisher:ignore",
    "kingfisher:allow",
    "ggignore",
    "pragma: allowlist secret",
    "pragma: whitelist secret",
    "noseyparker:ignore",
];

/// Whether a line may hold a marker.
pub(crate) fn has_marker(line: &[u8]) -> bool {
    static FINDERS: LazyLock<Vec<Finder<'static>>> = LazyLock::new(|| MARKERS.iter().map(Finder::new).collect());
    FINDERS.iter().any(|marker| marker.find(line).is_some())
}

/// A marker on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Marker {
    /// Where it stands in the document.
    at: u64,
    text: &'static str,
    /// The rule it names.
    rule: Option<String>,
    /// What follows it, as the person's reason.
    reason: Option<String>,
}

/// Collects the markers of lines with findings, then applies each to one finding.
#[derive(Debug, Default)]
pub(crate) struct Allowances {
    /// The findings with markers on their lines, in order of place.
    seen: Vec<Seen>,
    /// The markers with the number of their line, in order of place.
    markers: Vec<(u64, Marker)>,
}

#[derive(Debug)]
struct Seen {
    index: usize,
    line: u64,
    span: Range<u64>,
}

impl Allowances {
    /// Notes a finding: its index, and what stands before and after its secret on the line. Findings come in order of place.
    pub(crate) fn note(&mut self, index: usize, finding: &Finding, (before, after): (&[u8], &[u8])) {
        let (line, span) = (finding.location.line, finding.locator.start..finding.locator.end);
        let mut markers = find_markers(before, span.start.saturating_sub(before.len() as u64));
        markers.extend(find_markers(after, span.end));
        if markers.is_empty() {
            return;
        }
        markers.sort_by_key(|marker| marker.at);
        for marker in markers {
            // The finding before this one may have seen it already.
            if self.markers.last().is_none_or(|(_, last)| last.at < marker.at) {
                self.markers.push((line, marker));
            }
        }
        self.seen.push(Seen { index, line, span });
    }

    /// Applies every marker to its finding.
    pub(crate) fn apply(self, findings: &mut [Finding]) {
        for (line, marker) in &self.markers {
            if let Some(index) = self.nearest(*line, marker, findings)
                && let Some(finding) = findings.get_mut(index)
            {
                finding.suppression.get_or_insert_with(|| suppression(marker));
            }
        }
    }

    /// The finding that a marker is meant for.
    fn nearest(&self, line: u64, marker: &Marker, findings: &[Finding]) -> Option<usize> {
        // Only so far is looked, or a line of a million secrets and markers would cost the square of that.
        let first = self.seen.partition_point(|seen| seen.span.start.saturating_add(LINE as u64) < marker.at);
        let near =
            self.seen.iter().skip(first).take_while(|seen| seen.span.start <= marker.at.saturating_add(LINE as u64));
        let fits = |seen: &&Seen| {
            let rule = findings.get(seen.index).map(|finding| finding.rule.as_str());
            seen.line == line && (marker.rule.is_none() || marker.rule.as_deref() == rule)
        };
        let distance = |seen: &&Seen| {
            let before = seen.span.end <= marker.at;
            (!before, if before { marker.at - seen.span.end } else { seen.span.start.saturating_sub(marker.at) })
        };
        near.filter(fits).min_by_key(distance).map(|seen| seen.index)
    }
}

fn suppression(marker: &Marker) -> Suppression {
    Suppression {
        kind: SuppressionKind::Inline,
        reason: marker.reason.clone().or_else(|| Some(format!("`{}` on the line", marker.text))),
        owner: None,
        expires: None,
    }
}

/// The markers in a part of a line that starts at `offset`.
fn find_markers(text: &[u8], offset: u64) -> Vec<Marker> {
    let mut found = Vec::new();
    for marker in MARKERS {
        for at in memchr::memmem::find_iter(text, marker.as_bytes()) {
            let rest = &text[at + marker.len()..];
            let (rule, rest) = named_rule(rest);
            found.push(Marker { at: offset + at as u64, text: marker, rule, reason: reason(rest) });
        }
    }
    found
}

/// `=<rule id>` after a marker.
fn named_rule(rest: &[u8]) -> (Option<String>, &[u8]) {
    let Some(name) = rest.strip_prefix(b"=") else { return (None, rest) };
    let length = name.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')).count();
    let (name, rest) = name.split_at(length);
    (Some(String::from_utf8_lossy(name).into_owned()), rest)
}

/// The words after a marker, without the end of a comment.
fn reason(rest: &[u8]) -> Option<String> {
    const MOST: usize = 200;
    let text = String::from_utf8_lossy(&rest[..rest.len().min(MOST)]);
    let text = text.trim().trim_end_matches("*/").trim_end_matches("-->").trim();
    let text: String = text
        .trim_start_matches([':', '-', ',', '('])
        .trim_end_matches(')')
        .chars()
        .filter(|c| !c.is_control())
        .collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A name of the place that needs no key and tells nothing of any secret: a hash of the rule, the path and the name right before the secret.
/// It survives edits elsewhere in the file and line.
///
/// The name goes in only if it has no digit: it could be the end of another secret, and whoever has the hash could test guesses at it.
pub(crate) fn line_hash(finding: &Finding, before: &[u8]) -> String {
    const LONGEST: usize = 40;
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let end = before.iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |at| at + 1);
    let start = before.iter().take(end).rposition(|byte| !in_name(byte)).map_or(0, |at| at + 1);
    let name = before.get(start..end).unwrap_or_default();
    let name = if name.len() > LONGEST || name.iter().any(u8::is_ascii_digit) { &[] } else { name };
    // FNV-1a: it names, it does not protect.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in [finding.rule.as_str().as_bytes(), finding.path.as_bytes(), name] {
        for &byte in part.iter().chain(&[0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_with_rules_and_reasons() {
        let found = find_markers(b" // stanch:allow=acme.token the vendor's own example */", 10);
        assert_eq!(found.len(), 1);
        let marker = found.first().cloned().unwrap_or(Marker { at: 0, text: "", rule: None, reason: None });
        assert_eq!(
            (marker.at, marker.rule.as_deref(), marker.reason.as_deref()),
            (14, Some("acme.token"), Some("the vendor's own example"))
        );
        assert_eq!(find_markers(b"# gitleaks:allow", 0).len(), 1);
        assert_eq!(find_markers(b"# nothing", 0).len(), 0);
    }
}
