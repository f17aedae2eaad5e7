//! Which tool wrote a document, and the findings in it.

use serde_json::{Map, Value};
use stanch_model::{Fingerprint, ObjectKind, Source};
use stanch_scanner::Foreign;

/// One finding of a report.
#[derive(Debug)]
pub(super) enum Item<'a> {
    /// It comes with its secret.
    Foreign(Foreign<'a>),
    /// It is one of ours and says where the secret stands.
    Ours(Ours<'a>),
    /// It says which part of a file is meant.
    Region(Region<'a>),
}

/// A finding of stanch.
#[derive(Debug)]
pub(super) struct Ours<'a> {
    pub(super) rule: &'a str,
    pub(super) fingerprint: Fingerprint,
    /// The secret as the report shows it.
    pub(super) shown: &'a str,
    pub(super) path: &'a str,
    pub(super) line: u64,
    pub(super) source: Source,
    pub(super) object: ObjectKind,
    pub(super) root: Option<&'a str>,
    pub(super) blob: Option<&'a str>,
}

/// A region of a file (SARIF 2.1.0, section 3.30).
#[derive(Debug)]
pub(super) struct Region<'a> {
    /// What the tool calls its kind.
    pub(super) kind: &'a str,
    pub(super) uri: &'a str,
    pub(super) start_line: u64,
    pub(super) end_line: u64,
    /// The first column and the one after the last, where the tool tells; they count from 1.
    pub(super) columns: Option<(u64, Option<u64>)>,
    /// Whether columns are units of UTF-16, and not code points.
    pub(super) utf16: bool,
}

type Take<'t, 'a> = &'t mut dyn FnMut(Result<Item<'a>, String>);

/// Every finding of a document.
pub(super) fn items<'a>(document: &'a Value, take: Take<'_, 'a>) {
    match document {
        Value::Array(all) => all.iter().for_each(|one| take_one(one, take)),
        one => take_one(one, take),
    }
}

fn take_one<'a>(value: &'a Value, take: Take<'_, 'a>) {
    let Value::Object(object) = value else { return take(Err("it is no finding of a known format".to_owned())) };
    let has = |name: &str| object.contains_key(name);
    match () {
        () if text(object, "schema").starts_with("stanch.finding/") => take(ours(object)),
        () if has("runs") && has("version") => runs(object, take),
        () if has("findings") && object.get("findings").is_some_and(Value::is_array) => {
            let findings = object.get("findings").and_then(Value::as_array).into_iter().flatten();
            findings.for_each(|finding| take_one(finding, take));
        }
        () if has("rule") && has("finding") => take(kingfisher(object)),
        () if has("DetectorName") || has("DetectorType") => take(trufflehog(object)),
        () if has("RuleID") && has("Secret") => take(gitleaks(object)),
        () if has("secret_type") => take(github(object)),
        // What Kingfisher writes after its findings: numbers, and what was fetched.
        () if object.get("findings").is_some_and(Value::is_number) || has("audit") => {}
        () => take(Err("it is no finding of a known format".to_owned())),
    }
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn number(object: &Map<String, Value>, name: &str) -> Option<u64> {
    object.get(name).and_then(Value::as_u64)
}

fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    object.get(name).and_then(Value::as_object)
}

/// The secret, unless the tool has hidden it.
fn shown(secret: &str) -> Result<&str, String> {
    let hidden = secret.is_empty()
        || secret.to_ascii_uppercase().contains("REDACTED")
        || secret.contains("****")
        || secret.ends_with("...")
        || secret.ends_with('…');
    if hidden {
        Err("the report does not show the secret; make it again without redaction".to_owned())
    } else {
        Ok(secret)
    }
}

/// `docs/schema/finding.schema.json`.
fn ours(object: &Map<String, Value>) -> Result<Item<'_>, String> {
    let incomplete = || "it is no whole finding of stanch".to_owned();
    let locator = member(object, "locator").ok_or_else(incomplete)?;
    let source = locator.get("source").and_then(|source| serde_json::from_value(source.clone()).ok());
    let object_kind = member(object, "git").and_then(|git| serde_json::from_value(git.get("object")?.clone()).ok());
    Ok(Item::Ours(Ours {
        rule: text(object, "rule"),
        fingerprint: text(object, "fingerprint").parse().map_err(|_| incomplete())?,
        shown: text(object, "secret"),
        path: text(object, "path"),
        line: number(object, "line").unwrap_or(0),
        source: source.ok_or_else(incomplete)?,
        object: object_kind.unwrap_or_default(),
        root: locator.get("root").and_then(Value::as_str),
        blob: locator.get("blob").and_then(Value::as_str),
    }))
}

/// Kingfisher, `--format json` and `jsonl`, as its version 2 writes them.
fn kingfisher(object: &Map<String, Value>) -> Result<Item<'_>, String> {
    let incomplete = || "it is no whole finding of Kingfisher".to_owned();
    let (rule, finding) = (member(object, "rule"), member(object, "finding"));
    let (rule, finding) = rule.zip(finding).ok_or_else(incomplete)?;
    let captures = member(finding, "dependent_captures").into_iter().flatten();
    Ok(Item::Foreign(Foreign {
        kind: text(rule, "id"),
        secret: shown(text(finding, "snippet"))?,
        context: None,
        more: captures.filter_map(|(name, value)| Some((name.as_str(), shown(value.as_str()?).ok()?))).collect(),
        path: text(finding, "path"),
        line: number(finding, "line").unwrap_or(0),
    }))
}

/// gitleaks, `--report-format json` (<https://github.com/gitleaks/gitleaks#readme>).
fn gitleaks(object: &Map<String, Value>) -> Result<Item<'_>, String> {
    Ok(Item::Foreign(Foreign {
        kind: text(object, "RuleID"),
        secret: shown(text(object, "Secret"))?,
        context: object.get("Match").and_then(Value::as_str),
        more: Vec::new(),
        path: text(object, "File"),
        line: number(object, "StartLine").unwrap_or(0),
    }))
}

/// TruffleHog, `--json` (<https://github.com/trufflesecurity/trufflehog#readme>). `RawV2` is there where a credential has two parts: the
/// first is `Raw`.
fn trufflehog(object: &Map<String, Value>) -> Result<Item<'_>, String> {
    const BETWEEN: [char; 6] = [':', '|', '/', ';', '\n', ' '];
    let (raw, both) = (text(object, "Raw"), text(object, "RawV2"));
    let secret = shown(if raw.is_empty() { both } else { raw })?;
    let rest = both.strip_prefix(secret).or_else(|| both.strip_suffix(secret)).unwrap_or_default();
    let rest = rest.trim_matches(BETWEEN);
    let place = member(object, "SourceMetadata").and_then(|metadata| member(metadata, "Data"));
    let place = place.and_then(|data| data.values().find_map(Value::as_object));
    let name = |name: &str| place.map(|place| text(place, name)).filter(|text| !text.is_empty());
    Ok(Item::Foreign(Foreign {
        kind: text(object, "DetectorName"),
        secret,
        context: None,
        more: Some(("secret", rest)).filter(|_| !rest.is_empty()).into_iter().collect(),
        path: name("file").or_else(|| name("link")).unwrap_or_default(),
        line: place.and_then(|place| number(place, "line")).unwrap_or(0),
    }))
}

/// An alert of GitHub's secret scanning (<https://docs.github.com/en/rest/secret-scanning/secret-scanning>).
fn github(object: &Map<String, Value>) -> Result<Item<'_>, String> {
    Ok(Item::Foreign(Foreign {
        kind: text(object, "secret_type"),
        secret: shown(text(object, "secret"))?,
        context: None,
        more: Vec::new(),
        path: text(object, "html_url"),
        line: 0,
    }))
}

/// SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>).
fn runs<'a>(document: &'a Map<String, Value>, take: Take<'_, 'a>) {
    for run in document.get("runs").and_then(Value::as_array).into_iter().flatten() {
        let utf16 = run.get("columnKind").and_then(Value::as_str) != Some("unicodeCodePoints");
        for result in run.get("results").and_then(Value::as_array).into_iter().flatten() {
            take(region(result, utf16).ok_or_else(|| "it says no place in a file".to_owned()).map(Item::Region));
        }
    }
}

fn region(result: &Value, utf16: bool) -> Option<Region<'_>> {
    let place = result.pointer("/locations/0/physicalLocation")?;
    let region = place.get("region")?.as_object()?;
    let start_line = number(region, "startLine").filter(|line| *line > 0)?;
    let rule = result.get("ruleId").or_else(|| result.pointer("/rule/id"));
    Some(Region {
        kind: rule.and_then(Value::as_str).unwrap_or_default(),
        uri: place.pointer("/artifactLocation/uri")?.as_str()?,
        start_line,
        end_line: number(region, "endLine").unwrap_or(start_line),
        columns: number(region, "startColumn").map(|start| (start, number(region, "endColumn"))),
        utf16,
    })
}
