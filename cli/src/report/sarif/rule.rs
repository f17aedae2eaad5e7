//! Rules as SARIF describes them. Only those with results are listed.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stanch_model::{Confidence, Sensitivity, Severity};
use stanch_rules::Rule;

use super::super::{Redactor, Report};

/// The rules that have results, in order of id, which `ruleIndex` counts.
pub(super) struct Used<'a> {
    rules: BTreeMap<&'a str, Option<&'a Rule>>,
}

impl<'a> Used<'a> {
    pub(super) fn new(report: &Report<'a>) -> Self {
        let ids = report.findings.iter().map(|finding| finding.rule.as_str());
        Self { rules: ids.map(|id| (id, report.rules.get(id))).collect() }
    }

    pub(super) fn index(&self, id: &str) -> Option<usize> {
        self.rules.keys().position(|known| *known == id)
    }

    pub(super) fn descriptors(&self, redactor: &Redactor<'_>) -> Vec<Value> {
        self.rules
            .iter()
            .map(|(id, rule)| rule.map_or_else(|| json!({ "id": id }), |rule| descriptor(rule, redactor)))
            .collect()
    }
}

fn descriptor(rule: &Rule, redactor: &Redactor<'_>) -> Value {
    let title = redactor.name(&rule.title);
    let kind = match rule.sensitivity {
        Sensitivity::Secret => "Whoever reads it can use it.",
        Sensitivity::Identifier => "It is one half of a pair and no secret by itself.",
        Sensitivity::Publishable => "It is meant to be public.",
    };
    let mut object = json!({
        "id": rule.id,
        "name": name(&rule.id),
        "shortDescription": { "text": title },
        "fullDescription": { "text": format!("{title} in clear. {kind}") },
        "help": { "text": help_text(rule, &title), "markdown": help_markdown(rule, &title) },
        "defaultConfiguration": { "level": default_level(rule.severity) },
        "properties": {
            "security-severity": security_severity(rule.severity),
            "precision": precision(rule.confidence),
            "problem.severity": problem_severity(rule.severity),
            "tags": tags(rule),
        },
    });
    if let (Some(uri), Some(object)) = (help_uri(rule), object.as_object_mut()) {
        object.insert("helpUri".to_owned(), Value::from(uri));
    }
    object
}

/// The id in the form of a name: `aws.access-key-id` is `AwsAccessKeyId`.
fn name(id: &str) -> String {
    let words = id.split(|c: char| !c.is_ascii_alphanumeric());
    words.flat_map(|word| word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1))).collect()
}

/// The page where it is revoked, else the first reference.
fn help_uri(rule: &Rule) -> Option<String> {
    rule.manual.url.as_deref().or_else(|| rule.references.first().map(|reference| &**reference)).map(address)
}

/// An address as RFC 3986 wants it: people's addresses have brackets for what the reader fills in.
fn address(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for byte in url.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn help_text(rule: &Rule, title: &str) -> String {
    let page = rule.manual.url.as_deref().map(|url| format!(" Page: {url}")).unwrap_or_default();
    format!("{title}. To revoke it: {}{page} Taking it out of the file does not make it dead.", rule.manual.runbook)
}

fn help_markdown(rule: &Rule, title: &str) -> String {
    let mut text = format!("## {title}\n\n");
    text.push_str("A credential that was pushed or shared has to be revoked; taking it out of the file does not make it dead.\n\n### Revoke it\n\n");
    text.push_str(&rule.manual.runbook);
    text.push('\n');
    if let Some(url) = &rule.manual.url {
        text.push_str(&format!("\n<{url}>\n"));
    }
    if !rule.references.is_empty() {
        text.push_str("\n### References\n\n");
        rule.references.iter().for_each(|reference| text.push_str(&format!("* <{reference}>\n")));
    }
    text.push_str(&format!("\nRule `{}` of provider `{}`, severity {}.\n", rule.id, rule.provider, rule.severity));
    text
}

fn tags(rule: &Rule) -> Vec<&str> {
    // CWE-798, use of hard-coded credentials: <https://cwe.mitre.org/data/definitions/798.html>.
    let mut tags = vec!["security", "secret", "external/cwe/cwe-798"];
    for tag in [rule.category.as_str(), &rule.provider] {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

/// The level that a rule's results have if nothing speaks against it.
fn default_level(severity: Severity) -> &'static str {
    level(severity, Confidence::High)
}

/// The level of a result.
pub(super) fn level(severity: Severity, confidence: Confidence) -> &'static str {
    match (severity, confidence) {
        (Severity::Low, _) | (_, Confidence::Low) => "note",
        (Severity::Medium, _) => "warning",
        (Severity::High | Severity::Critical, _) => "error",
    }
}

/// A number that GitHub shows as the severity of the same name:
/// <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>.
const fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

const fn precision(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "very-high",
        Confidence::Medium => "high",
        Confidence::Low => "medium",
    }
}

const fn problem_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "recommendation",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels() {
        assert_eq!(level(Severity::Critical, Confidence::Medium), "error");
        assert_eq!(level(Severity::High, Confidence::Low), "note");
        assert_eq!(level(Severity::Medium, Confidence::High), "warning");
        assert_eq!(level(Severity::Low, Confidence::High), "note");
    }

    #[test]
    fn addresses() {
        assert_eq!(address("https://a.example/d?to=/[team]/~/x%20y"), "https://a.example/d?to=/%5Bteam%5D/~/x%20y");
    }

    #[test]
    fn names() {
        assert_eq!(name("aws.access-key-id"), "AwsAccessKeyId");
        assert_eq!(name("1password.token"), "1passwordToken");
    }
}
