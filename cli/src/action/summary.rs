//! The summary of the job: a page of GitHub's Markdown.

use std::collections::HashSet;

use stanch_model::Finding;
use stanch_scanner::Coverage;

use crate::report::Report;

/// GitHub refuses a summary of more than a mebibyte a step.
const MOST_BYTES: usize = 900 * 1024;
const MOST_ROWS: usize = 100;
/// Characters of one cell.
const LONGEST: usize = 300;

/// The page of a scan. `what` says what was scanned.
pub(super) fn page(report: &Report<'_>, counted: &[&Finding], what: &str) -> String {
    let mut text = heading(report, counted);
    text.push_str(&format!("{}\n\n", escaped(what)));
    if !counted.is_empty() {
        text.push_str(
            "| severity | what | where | commit | confidence | revoke |\n| --- | --- | --- | --- | --- | --- |\n",
        );
    }
    let mut shown = 0;
    for finding in counted.iter().take(MOST_ROWS) {
        let row = row(report, finding);
        if text.len() + row.len() > MOST_BYTES {
            break;
        }
        text.push_str(&row);
        shown += 1;
    }
    if shown < counted.len() {
        text.push_str(&format!("\n…and {} more, in the SARIF file.\n", counted.len() - shown));
    }
    if !counted.is_empty() {
        text.push_str("\nRevoke each credential first: taking it out of the files does not make it dead, and the history keeps it. ");
        text.push_str("What is none is told by `stanch ignore FINGERPRINT --reason \"…\"`.\n");
    }
    text.push_str(&gaps(report.coverage));
    text
}

/// The page of a run that scanned nothing.
pub(super) fn plain(title: &str, text: &str) -> String {
    format!("## stanch: {}\n\n{}\n", escaped(title), escaped(text))
}

fn heading(report: &Report<'_>, counted: &[&Finding]) -> String {
    let incomplete = report.coverage.interrupted || report.coverage.notes.iter().any(|note| note.gap.failed());
    let credentials = counted.iter().map(|finding| finding.fingerprint).collect::<HashSet<_>>().len();
    let number = |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    match (credentials, incomplete) {
        (0, false) => "## stanch: no credentials found\n\n".to_owned(),
        (0, true) => "## stanch: no credentials found in what could be read\n\n".to_owned(),
        _ => {
            format!("## stanch: {} in {}\n\n", number(credentials, "leaked credential"), number(counted.len(), "place"))
        }
    }
}

fn row(report: &Report<'_>, finding: &Finding) -> String {
    let redactor = report.redactor;
    let place = format!("<code>{}:{}</code>", escaped(&redactor.name(&finding.path)), finding.location.line);
    let place = match &finding.permalink {
        Some(link) => format!("<a href=\"{}\">{place}</a>", escaped_link(&redactor.name(link))),
        None => place,
    };
    let commit = finding.git.as_ref().and_then(|git| git.commit.as_deref()).and_then(|commit| commit.get(..12));
    let url = report.rules.get(finding.rule.as_str()).and_then(|rule| rule.manual.url.as_deref());
    let revoke = url.map(|url| format!("<a href=\"{}\">how</a>", escaped_link(url))).unwrap_or_default();
    format!(
        "| {} | {} <code>{}</code> | {place} | <code>{}</code> | {} | {revoke} |\n",
        finding.severity,
        escaped(&redactor.name(&finding.title)),
        escaped(&redactor.redact(&finding.preview)),
        commit.unwrap_or_default(),
        finding.confidence,
    )
}

fn gaps(coverage: &Coverage) -> String {
    let failed = coverage.notes.iter().filter(|note| note.gap.failed()).count();
    match (failed, coverage.interrupted) {
        (_, true) => "\n**The scan was interrupted.**\n".to_owned(),
        (0, false) => String::new(),
        (failed, false) => format!("\n**{failed} could not be read**; the log of the step names them.\n"),
    }
}

/// Text of others as text and nothing else: whatever Markdown or HTML could take for its own is written by number.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for (n, c) in text.chars().enumerate() {
        match c {
            _ if n == LONGEST => {
                out.push('…');
                break;
            }
            ' ' | '-' | '/' => out.push(c),
            c if c.is_ascii_punctuation() || c.is_control() => out.push_str(&format!("&#{};", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// A link that stays one: `https` alone, and nothing that could end the attribute or the cell.
fn escaped_link(url: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/?#=&%+@:".contains(c);
    if (url.starts_with("https://") || url.starts_with("http://")) && url.chars().all(plain) {
        url.replace('&', "&amp;")
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_is_text() {
        assert_eq!(
            escaped("a|b <img src=x> [x](y) `z`\n@me"),
            "a&#124;b &#60;img src&#61;x&#62; &#91;x&#93;&#40;y&#41; &#96;z&#96;&#10;&#64;me"
        );
        assert_eq!(escaped(&"x".repeat(1000)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn links_are_links_or_nothing() {
        assert_eq!(escaped_link("https://host.example/a?b=1&c#L1"), "https://host.example/a?b=1&amp;c#L1");
        for bad in ["javascript:x", "https://x\" onclick=\"y", "https://a|b", ""] {
            assert_eq!(escaped_link(bad), "", "{bad}");
        }
    }
}
