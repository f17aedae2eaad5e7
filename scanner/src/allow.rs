//! Markers on a line that say a credential there is allowed, and the line's own name.
//!
//! A marker covers one credential, the nearest before it on its line (or the nearest after it, if none stands before), so that it never hides a
//! second secret on the same line. `stanch:allow=<rule id>` names the rule it is meant for.

use std::ops::Range;

use stanch_model::{Finding, Suppression, SuppressionKind};

/// How much of a line is looked at on each side of a secret, in bytes.
pub(crate) const LINE: usize = 4096;

/// Our marker, then those of other scanners, which people have in their code already.
const MARKERS: &[&str] = &[
    "stanch:allow", "gitleaks:allow", "betterleaks:allow", "trufflehog:ignore", "kingfisher:ignore", "kingfisher:allow", "ggignore",
    "pragma: allowlist secret", "pragma: whitelist secret", "noseyparker:ignore",
];

/// A marker on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Marker {
    /// Where it stands in the excerpt.
    at: usize,
    text: &'static str,
    /// The rule it names.
    rule: Option<String>,
    /// What follows it, as the person's reason.
    reason: Option<String>,
}

/// Collects the markers of lines with findings, then applies each to one finding.
#[derive(Debug, Default)]
pub(crate) struct Allowances {
    /// For each finding: its line's start, its place, the markers of the line.
    seen: Vec<(usize, usize, Range<usize>, Vec<Marker>)>,
}

impl Allowances {
    /// Notes a finding: its index, the start of its line, and what stands before and after its secret on the line.
    pub(crate) fn note(&mut self, index: usize, finding: &Finding, line_start: usize, (before, after): (&[u8], &[u8])) {
        let start = line_start + before.len();
        let end = start + finding.secret.len();
        let mut markers = find_markers(before, line_start);
        markers.extend(find_markers(after, end));
        if !markers.is_empty() {
            self.seen.push((index, line_start, start..end, markers));
        }
    }

    /// Applies every marker to its finding.
    pub(crate) fn apply(self, findings: &mut [Finding]) {
        let mut used: Vec<usize> = Vec::new();
        let markers: Vec<(usize, Marker)> = self.seen.iter().flat_map(|(_, line, _, markers)| markers.iter().map(|m| (*line, m.clone()))).collect();
        for (line, marker) in markers {
            if used.contains(&marker.at) {
                continue;
            }
            used.push(marker.at);
            let fits = |index: usize| marker.rule.as_ref().is_none_or(|rule| findings[index].rule.as_str() == rule);
            let on_line = self.seen.iter().filter(|(index, start, _, _)| *start == line && fits(*index));
            let nearest = on_line.min_by_key(|(_, _, span, _)| {
                let before = span.end <= marker.at;
                (!before, if before { marker.at - span.end } else { span.start.saturating_sub(marker.at) })
            });
            if let Some((index, ..)) = nearest {
                findings[*index].suppression.get_or_insert(Suppression {
                    kind: SuppressionKind::Inline,
                    reason: marker.reason.clone().or_else(|| Some(format!("`{}` on the line", marker.text))),
                    owner: None,
                    expires: None,
                });
            }
        }
    }
}

/// The markers in a part of a line that starts at `offset`.
fn find_markers(text: &[u8], offset: usize) -> Vec<Marker> {
    let mut found = Vec::new();
    for marker in MARKERS {
        for at in memchr::memmem::find_iter(text, marker.as_bytes()) {
            let rest = &text[at + marker.len()..];
            let (rule, rest) = named_rule(rest);
            found.push(Marker { at: offset + at, text: marker, rule, reason: reason(rest) });
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
    let text: String = text.trim_start_matches([':', '-', ',', '(']).trim_end_matches(')').chars().filter(|c| !c.is_control()).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A name of the place that needs no key and does not depend on the secret: a hash of the rule, the path and the line without the
/// secret. It survives edits elsewhere in the file.
pub(crate) fn line_hash(finding: &Finding, (before, after): (&[u8], &[u8])) -> String {
    // FNV-1a: it names, it does not protect; nothing secret goes in.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |bytes: &[u8]| {
        for &byte in bytes.iter().filter(|byte| !byte.is_ascii_whitespace()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
        hash = (hash ^ 0xff).wrapping_mul(0x100_0000_01b3);
    };
    add(finding.rule.as_str().as_bytes());
    add(finding.path.as_bytes());
    // Another secret may stand on the line; only the shape of what is long goes in.
    add(&without_tokens(before));
    add(&without_tokens(after));
    format!("{hash:016x}")
}

/// The text with every longer token replaced.
fn without_tokens(text: &[u8]) -> Vec<u8> {
    const TOKEN: usize = 12;
    let mut out = Vec::new();
    for part in text.split_inclusive(|byte| !byte.is_ascii_alphanumeric() && !b"_-+/=.!#$%&*@^~".contains(byte)) {
        if part.len() > TOKEN { out.push(b'*') } else { out.extend_from_slice(part) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_with_rules_and_reasons() {
        let found = find_markers(b" // stanch:allow=acme.token the vendor's own example */", 10);
        assert_eq!(found.len(), 1);
        let marker = found.first().cloned().unwrap_or(Marker { at: 0, text: "", rule: None, reason: None });
        assert_eq!((marker.at, marker.rule.as_deref(), marker.reason.as_deref()), (14, Some("acme.token"), Some("the vendor's own example")));
        assert_eq!(find_markers(b"# gitleaks:allow", 0).len(), 1);
        assert_eq!(find_markers(b"# nothing", 0).len(), 0);
    }
}
