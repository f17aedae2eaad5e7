//! Every format, with secrets that are minted here.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use serde_json::{Value, json};
use stanch_model::{FingerprintKey, Source};
use stanch_rules::{RuleSet, mint};
use stanch_scanner::{Control, Engine, StdinOptions, scan_reader};
use stanch_testkit::Sandbox;

use super::{Subject, Taken};

/// What was taken in: the credentials, how many findings the redactor is told, and what could not be read.
struct Outcome {
    subjects: Vec<Subject>,
    hidden: usize,
    troubles: Vec<String>,
}

fn with<T>(look: impl FnOnce(&Control<'_>) -> T) -> T {
    let engine = Engine::new(RuleSet::builtin());
    let key = FingerprintKey::from_bytes([3; 32]);
    look(&Control { engine: &engine, key: &key, stop: &AtomicBool::new(false), events: &(), jobs: 1 })
}

fn take(root: &Path, report: &[u8]) -> Outcome {
    with(|control| {
        let mut taken = Taken::new(control, root);
        let troubles = taken.report(report);
        let (subjects, findings) = taken.subjects();
        Outcome { subjects, hidden: findings.len(), troubles }
    })
}

fn taken(report: &Value) -> Outcome {
    take(Path::new("/nowhere"), report.to_string().as_bytes())
}

fn minted(recipe: &str, seed: u64) -> String {
    let text = mint(&format!("{{{{{recipe}}}}}"), seed).map(|minted| minted.text).unwrap_or_default();
    let text = String::from_utf8(text).unwrap_or_default();
    assert!(!text.is_empty(), "{recipe}");
    text
}

fn github(seed: u64) -> String {
    minted("ghp_{base62:30}|github-crc32", seed)
}

#[expect(clippy::disallowed_methods, reason = "the tests look at made-up secrets")]
fn shown(subject: &Subject) -> (String, String) {
    (subject.rule.clone(), String::from_utf8_lossy(subject.credential.secret.expose()).into_owned())
}

#[expect(clippy::disallowed_methods, reason = "the tests look at made-up secrets")]
fn companions(subject: &Subject) -> Vec<(String, String)> {
    let text = |secret: &stanch_model::Secret| String::from_utf8_lossy(secret.expose()).into_owned();
    subject.credential.companions.iter().map(|(rule, secret)| (rule.as_str().to_owned(), text(secret))).collect()
}

const PAT: &str = "github.personal-access-token";

fn is(outcome: &Outcome, wanted: &[(&str, &str)]) {
    let got: Vec<(String, String)> = outcome.subjects.iter().map(shown).collect();
    let wanted: Vec<(String, String)> =
        wanted.iter().map(|(rule, secret)| ((*rule).to_owned(), (*secret).to_owned())).collect();
    assert_eq!(got, wanted, "{:?}", outcome.troubles);
}

#[test]
fn gitleaks_shows_the_secret_and_its_line() {
    let (one, two) = (github(1), minted("@b64key:30", 2));
    let report = json!([
        { "RuleID": "github-pat", "Secret": one, "Match": format!("T={one}"), "File": "a/b.env", "StartLine": 7 },
        { "RuleID": "generic-api-key", "Secret": two, "Match": format!("aws_secret_access_key = {two}"), "File": "c", "StartLine": 1 },
        { "RuleID": "github-pat", "Secret": "REDACTED", "Match": "REDACTED", "File": "d", "StartLine": 1 },
        { "RuleID": "github-pat", "Secret": one, "Match": one, "File": "e", "StartLine": 2 },
    ]);
    let outcome = taken(&report);
    is(&outcome, &[(PAT, &one), ("aws.secret-access-key", &two)]);
    assert_eq!(
        outcome.subjects.first().map(|subject| subject.places().map(str::to_owned).collect()),
        Some(vec!["a/b.env:7".to_owned(), "e:2".to_owned()])
    );
    assert_eq!(outcome.troubles, ["finding 3: the report does not show the secret; make it again without redaction"]);
}

#[test]
fn trufflehog_has_two_parts_of_a_pair() {
    let (id, secret, token) = (minted("AKIA{base32:16}|aws-account", 3), minted("@b64key:30", 4), github(5));
    let place = json!({ "Data": { "Git": { "file": "x.txt", "line": 4, "commit": "0" } } });
    let lines = [
        json!({ "SourceMetadata": place, "DetectorName": "AWS", "Raw": id, "RawV2": format!("{id}:{secret}"), "Redacted": "x" }),
        json!({ "SourceMetadata": place, "DetectorName": "Github", "Raw": token, "RawV2": "" }),
    ];
    let outcome = take(Path::new("/nowhere"), lines.map(|line| line.to_string()).join("\n").as_bytes());
    is(&outcome, &[("aws.access-key-id", &id), (PAT, &token)]);
    let pair = outcome.subjects.first().map(companions);
    assert_eq!(pair, Some(vec![("aws.secret-access-key".to_owned(), secret)]));
    // The redactor is told of the other half, too.
    assert_eq!((outcome.hidden, outcome.troubles.len()), (3, 0));
}

#[test]
fn kingfisher_is_read_as_a_document_and_in_lines() {
    let (id, secret) = (minted("AKIA{base32:16}|aws-account", 6), minted("@b64key:30", 7));
    let finding = json!({
        "rule": { "name": "aws-access-token", "id": "betterleaks.aws-access-token" },
        "finding": { "snippet": id, "dependent_captures": { "AWS_SECRET_ACCESS_KEY": secret }, "line": 3, "path": "a.env" }
    });
    let summary = json!({ "findings": 1, "rules_applied": 488 });
    let lines =
        format!("{finding}\n{}\n{summary}\n", json!({ "audit": { "schema": "kingfisher.repository-audit.v1" } }));
    let document = json!({ "findings": [finding], "audit": {}, "metadata": {} }).to_string();
    for report in [lines, document] {
        let outcome = take(Path::new("/nowhere"), report.as_bytes());
        is(&outcome, &[("aws.access-key-id", &id)]);
        assert_eq!(
            outcome.subjects.first().map(companions),
            Some(vec![("aws.secret-access-key".to_owned(), secret.clone())])
        );
        assert!(outcome.troubles.is_empty(), "{:?}", outcome.troubles);
    }
}

#[test]
fn an_alert_of_github_is_one_or_many() {
    let token = github(8);
    let alert = json!({ "number": 1, "state": "open", "secret_type": "github_personal_access_token", "secret": token, "html_url": "https://github.com/a/b/security/secret-scanning/1" });
    for report in [alert.clone(), json!([alert])] {
        is(&taken(&report), &[(PAT, &token)]);
    }
}

#[test]
fn what_no_form_tells_is_known_by_the_name_or_not_at_all() {
    let odd = minted("{base36-lower:23}", 9);
    let hex = minted("{hex-lower:32}", 9);
    let of = |kind: &str, secret: &str| json!({ "RuleID": kind, "Secret": secret, "Match": secret, "File": "a", "StartLine": 1 });
    is(&taken(&of("twilio-auth-token", &hex)), &[("twilio.auth-token", &hex)]);
    // A name does not outweigh a form: what is called so is not sent to Twilio.
    is(&taken(&of("twilio-auth-token", &odd)), &[("unknown", &odd)]);
    let outcome = taken(&of("somebody-elses-kind", &odd));
    let rule = outcome.subjects.first().map(|subject| subject.rule.clone()).unwrap_or_default();
    assert!(rule == "unknown" || rule.starts_with("generic."), "{rule}");
    assert!(outcome.subjects.first().is_some_and(|subject| !subject.preview.contains(&odd)));
}

#[test]
fn a_region_of_sarif_is_read_from_the_file_and_from_nowhere_else() {
    let dir = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let root = dir.path().join("root");
    std::fs::create_dir_all(&root).unwrap_or_default();
    let (one, outside) = (github(10), github(11));
    std::fs::write(root.join("a b.env"), format!("x\nTOKEN=\"{one}\"\n")).unwrap_or_default();
    std::fs::write(dir.path().join("out.env"), &outside).unwrap_or_default();
    #[cfg(unix)]
    std::os::unix::fs::symlink(dir.path().join("out.env"), root.join("link")).unwrap_or_default();
    let result = |uri: &str, region: Value| json!({ "ruleId": "r", "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri }, "region": region } }] });
    let report = json!({ "version": "2.1.0", "runs": [{ "tool": {}, "results": [
        result("a%20b.env", json!({ "startLine": 2 })),
        result("a%20b.env", json!({ "startLine": 2, "startColumn": 8, "endColumn": 12 })),
        result("../out.env", json!({ "startLine": 1 })),
        result("link", json!({ "startLine": 1 })),
        result("a%20b.env", json!({ "startLine": 1 })),
        result("none", json!({ "startLine": 1 })),
    ] }] });
    let outcome = take(&root, report.to_string().as_bytes());
    is(&outcome, &[(PAT, &one)]);
    assert_eq!(outcome.troubles.len(), 4, "{:?}", outcome.troubles);
    assert!(outcome.troubles.iter().all(|trouble| !trouble.contains(&outside)));
}

/// A record of ours, as far as it is read.
fn record(rule: &str, fingerprint: &str, path: &str, locator: &Value) -> Value {
    json!({ "schema": "stanch.finding/1", "rule": rule, "fingerprint": fingerprint, "secret": "ghp_********", "path": path, "line": 2, "git": null, "locator": locator })
}

#[test]
fn our_own_findings_are_read_again_where_they_stand() {
    let dir = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let token = github(12);
    let text = format!("x\nTOKEN={token}\n");
    std::fs::write(dir.path().join("a.env"), &text).unwrap_or_default();
    let fingerprint = with(|control| {
        let options = StdinOptions { name: "a.env".to_owned() };
        let outcome = scan_reader(control, &mut text.as_bytes(), &options);
        outcome.ok().and_then(|outcome| outcome.findings.first().map(|finding| finding.fingerprint.to_string()))
    });
    let fingerprint = fingerprint.unwrap_or_default();
    let file = json!({ "source": "file", "root": ".", "blob": null, "start": 8, "end": 48, "decode": [] });
    let good = record(PAT, &fingerprint, "a.env", &file);
    let report = json!({ "schema": "stanch.report/1", "findings": [
        good,
        record(PAT, &"0".repeat(32), "a.env", &file),
        record(PAT, &fingerprint, "gone.env", &file),
        record(PAT, &fingerprint, "<stdin>", &json!({ "source": Source::Stdin, "start": 0, "end": 1 })),
        record(PAT, "no fingerprint", "a.env", &file),
    ] });
    let outcome = take(dir.path(), report.to_string().as_bytes());
    is(&outcome, &[(PAT, &token)]);
    assert_eq!(outcome.troubles.len(), 4, "{:?}", outcome.troubles);
    let told = |part: &str| outcome.troubles.iter().any(|trouble| trouble.contains(part));
    assert!(
        told("no longer holds it")
            && told("cannot be read again")
            && told("standard input")
            && told("no whole finding")
    );
    // A report that shows the secret needs no file.
    let mut revealed = record(PAT, &fingerprint, "elsewhere", &file);
    if let Some(secret) = revealed.get_mut("secret") {
        *secret = json!(token);
    }
    is(&taken(&revealed), &[(PAT, &token)]);
}

#[test]
fn what_is_only_in_history_is_read_by_its_id() {
    let sandbox = Sandbox::repository("unused");
    let token = github(14);
    let text = format!("x\nTOKEN={token}\n");
    let path = sandbox.write("a.env", &text);
    sandbox.git(&["add", "."]);
    sandbox.commit("one");
    let blob = sandbox.git(&["rev-parse", "HEAD:a.env"]).trim().to_owned();
    std::fs::remove_file(path).unwrap_or_else(|error| panic!("{error}"));
    let fingerprint = with(|control| {
        let outcome = scan_reader(control, &mut text.as_bytes(), &StdinOptions { name: "a.env".to_owned() });
        outcome.ok().and_then(|outcome| outcome.findings.first().map(|finding| finding.fingerprint.to_string()))
    });
    let fingerprint = fingerprint.unwrap_or_default();
    let of = |blob: &str| {
        let locator = json!({ "source": "object", "root": ".", "blob": blob, "start": 8, "end": 48, "decode": [] });
        take(&sandbox.path(), record(PAT, &fingerprint, "a.env", &locator).to_string().as_bytes())
    };
    is(&of(&blob), &[(PAT, &token)]);
    for gone in ["0".repeat(40).as_str(), "no id"] {
        let outcome = of(gone);
        assert!(outcome.subjects.is_empty() && outcome.troubles.len() == 1, "{:?}", outcome.troubles);
    }
}

#[test]
fn bad_lines_are_told_by_their_number_and_the_rest_is_read() {
    let token = github(13);
    let good = json!({ "DetectorName": "Github", "Raw": token, "SourceMetadata": {} });
    let report = format!("{good}\nno json\n\n[1, \"x\"]\n{{\"a\": 1}}\n");
    let outcome = take(Path::new("/nowhere"), report.as_bytes());
    is(&outcome, &[(PAT, &token)]);
    let lines: Vec<&str> = outcome.troubles.iter().filter_map(|trouble| trouble.split([':', ' ']).nth(1)).collect();
    assert_eq!(lines, ["4", "4", "5", "2"], "{:?}", outcome.troubles);
    let broken = take(Path::new("/nowhere"), format!("[{good}, ").as_bytes());
    assert!(broken.subjects.is_empty() && broken.troubles.iter().all(|trouble| !trouble.contains(&token)));
    assert!(take(Path::new("/nowhere"), b"\xEF\xBB\xBF[]\n").troubles.is_empty());
}

/// JSON with the names that the readers look for.
fn document() -> impl Strategy<Value = Value> {
    const NAMES: [&str; 34] = [
        "schema",
        "version",
        "runs",
        "findings",
        "rule",
        "finding",
        "DetectorName",
        "Raw",
        "RawV2",
        "RuleID",
        "Secret",
        "Match",
        "File",
        "StartLine",
        "secret_type",
        "secret",
        "html_url",
        "fingerprint",
        "path",
        "locator",
        "source",
        "git",
        "object",
        "blob",
        "results",
        "locations",
        "physicalLocation",
        "region",
        "startLine",
        "startColumn",
        "artifactLocation",
        "uri",
        "snippet",
        "dependent_captures",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i8>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(Value::from("stanch.finding/1")),
        Just(Value::from("0".repeat(32))),
        Just(Value::from("file")),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(&NAMES[..]), inner), 0..8).prop_map(|members| members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<Value>()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_is_read_panics(documents in prop::collection::vec(document(), 0..6), noise in prop::collection::vec(any::<u8>(), 0..64)) {
        let engine = Engine::new(RuleSet::builtin());
        let key = FingerprintKey::from_bytes([3; 32]);
        let stop = AtomicBool::new(false);
        let control = Control { engine: &engine, key: &key, stop: &stop, events: &(), jobs: 1 };
        let mut taken = Taken::new(&control, Path::new("/nowhere"));
        let mut lines: Vec<u8> = documents.iter().flat_map(|document| format!("{document}\n").into_bytes()).collect();
        taken.report(&lines);
        taken.report(Value::from(documents).to_string().as_bytes());
        lines.extend(noise);
        taken.report(&lines);
        let (subjects, findings) = taken.subjects();
        prop_assert!(subjects.len() <= findings.len());
    }
}
