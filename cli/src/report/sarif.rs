//! SARIF 2.1.0, for code scanning: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.
//!
//! Results are told apart by `partialFingerprints`, which are made of the place alone: no key and no secret goes in, so they are the same for
//! everybody. The keyed fingerprint that `stanch explain` takes is a property, not one of SARIF's `fingerprints`, as it differs between
//! installations. Suppressed findings are carried with their suppression.

mod notice;
mod result;
mod rule;
mod uri;

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, json};

use super::escape::{self, Each};
use super::{Report, redact};
use notice::{Gaps, notifications};
use result::{Names, Results};
use rule::Used;
use uri::Bases;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let bases = Bases::new(report);
    let used = Used::new(report);
    let gaps = Gaps::new(report.coverage);
    let names = Names::new(report.findings);
    let results = Results { report, bases: &bases, used: &used };
    let run = Run {
        tool: json!({ "driver": {
            "name": "stanch",
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "informationUri": env!("CARGO_PKG_REPOSITORY"),
            "rules": used.descriptors(report.redactor),
            "notifications": gaps.descriptors(),
        }}),
        // Code scanning keeps one set of results for each id; what follows the last slash would tell runs apart.
        automation_details: json!({ "id": "stanch/" }),
        invocations: [Invocation {
            execution_successful: !gaps.failed() && !report.coverage.interrupted,
            tool_execution_notifications: Each(|| notifications(report, &gaps, &bases)),
        }],
        original_uri_base_ids: bases.describe(report),
        column_kind: "unicodeCodePoints",
        redaction_tokens: ["********"],
        results: Each(|| report.findings.iter().zip(&names.0).map(|(finding, name)| results.result(finding, name))),
    };
    escape::pretty(&Log { schema: SCHEMA, version: "2.1.0", runs: [run] }, out)
}

#[derive(Serialize)]
struct Log<R> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [R; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<N, R> {
    tool: Value,
    automation_details: Value,
    invocations: [Invocation<N>; 1],
    original_uri_base_ids: Value,
    column_kind: &'static str,
    redaction_tokens: [&'static str; 1],
    results: R,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation<N> {
    execution_successful: bool,
    tool_execution_notifications: N,
}

/// A text as a message: what SARIF takes for placeholders and links is escaped (3.11.5, 3.11.6), and nothing hides.
fn message(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in redact::visible(text).chars() {
        match c {
            '{' | '}' => out.extend([c, c]),
            '[' | ']' | '\\' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_hold_no_placeholders_and_no_links() {
        assert_eq!(message("{0} [a](b) \u{202e}"), "{{0}} \\[a\\](b) \\\\u{{202e}}");
    }
}
