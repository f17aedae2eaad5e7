//! What the formats say.

use serde_json::{Value, json};

use super::sample::{PAGE, Sample};
use super::schema::Schema;
use crate::report::{Format, Look};

fn samples() -> impl Iterator<Item = Sample> {
    let all: [fn() -> Sample; 3] = [Sample::clean, Sample::plain, Sample::hostile];
    all.into_iter().map(|sample| sample())
}

#[test]
fn lines_are_as_their_schema_says() {
    let schema = Schema::finding();
    for sample in samples() {
        let lines = sample.values(Format::Jsonl);
        assert_eq!(lines.len(), sample.findings.len());
        for line in &lines {
            schema.check(line);
        }
    }
}

#[test]
fn the_object_is_as_its_schema_says() {
    let schema = Schema::report();
    for report in samples().flat_map(|sample| sample.values(Format::Json)) {
        schema.check(&report);
    }
}

#[test]
fn sarif_is_as_the_official_schema_says() {
    let schema = Schema::sarif();
    for log in samples().flat_map(|sample| sample.values(Format::Sarif)) {
        schema.check(&log);
    }
}

/// A schema that takes everything would prove nothing.
#[test]
fn the_schemas_refuse_what_they_do_not_describe() {
    let sample = Sample::plain();
    let line = sample.values(Format::Jsonl).swap_remove(0);
    for (pointer, value) in
        [("/confidence", json!("certain")), ("/line", json!(0)), ("/fingerprint", json!("x")), ("/git", json!({}))]
    {
        let mut wrong = line.clone();
        if let Some(field) = wrong.pointer_mut(pointer) {
            *field = value;
        }
        let refused = std::panic::catch_unwind(|| Schema::finding().check(&wrong)).is_err();
        assert!(refused, "{pointer}");
    }
}

#[test]
fn json_sums_up() {
    let report = Sample::plain().values(Format::Json).swap_remove(0);
    assert_eq!(report["schema"], "stanch.report/1");
    let summary = json!({
        "findings": 9, "credentials": 3, "suppressed": 1, "below_min_confidence": 2,
        "by_severity": { "critical": 7, "high": 0, "medium": 1, "low": 1 },
    });
    assert_eq!(report["summary"], summary);
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(10));
    assert_eq!(
        report["coverage"],
        json!({ "objects": 0, "commits": 0, "files": 1234, "bytes": 5_600_000, "interrupted": false, "notes": [] })
    );
}

#[test]
fn lines_tell_all() {
    let lines = Sample::plain().values(Format::Jsonl);
    let token = lines
        .iter()
        .find(|line| line["path"] == "src/config.ini" && line["rule"] == "acme.api-token")
        .cloned()
        .unwrap_or_default();
    assert_eq!((&token["line"], &token["column"], &token["end_column"]), (&json!(4), &json!(10), &json!(47)));
    assert_eq!(token["revocation"]["url"], "https://acme.example/settings/tokens");
    assert_eq!((&token["suppression"], &token["git"], &token["in_head"]), (&Value::Null, &Value::Null, &Value::Null));
    let id = lines.iter().find(|line| line["rule"] == "acme.key-id").cloned().unwrap_or_default();
    assert_eq!(id["evidence"]["companions"][0]["rule"], "acme.key-secret");
    assert_eq!(id["evidence"]["companions"][0]["line"], 3);
    let known = lines.iter().find(|line| line["path"] == "test/known.txt").cloned().unwrap_or_default();
    assert_eq!(
        known["suppression"],
        json!({ "kind": "ignored", "reason": "revoked on 2026-11-02", "owner": "ann", "expires": "2027-01-31" })
    );
}

#[test]
fn sarif_names_places_and_not_credentials() {
    let sample = Sample::plain();
    let run = sample.values(Format::Sarif).swap_remove(0)["runs"][0].take();
    let results = run["results"].as_array().cloned().unwrap_or_default();
    assert_eq!(results.len(), sample.findings.len());
    let text = serde_json::to_string(&results.iter().map(|result| &result["partialFingerprints"]).collect::<Vec<_>>())
        .unwrap_or_default();
    for finding in &sample.findings {
        assert!(!text.contains(&finding.fingerprint.to_string()), "the keyed name is none of SARIF's");
    }
    assert!(results.iter().all(|result| result.get("fingerprints").is_none()));
    // Two tokens on each of three equal lines have the same place name, so their order tells them apart.
    let names: std::collections::BTreeSet<String> =
        results.iter().map(|result| result["partialFingerprints"]["stanch/v1"].to_string()).collect();
    assert_eq!(names.len(), results.len(), "{names:?}");
}

#[test]
fn sarif_results_point_to_rules_and_carry_suppressions() {
    let run = Sample::plain().values(Format::Sarif).swap_remove(0)["runs"][0].take();
    let rules = &run["tool"]["driver"]["rules"];
    let ids: Vec<_> =
        rules.as_array().into_iter().flatten().map(|rule| rule["id"].as_str().unwrap_or_default()).collect();
    assert_eq!(ids, ["acme.api-token", "acme.key-id", "acme.key-secret"]);
    for result in run["results"].as_array().into_iter().flatten() {
        let index = result["ruleIndex"].as_u64().unwrap_or(99) as usize;
        assert_eq!(ids.get(index).copied(), result["ruleId"].as_str());
        let suppressed = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "test/known.txt";
        let suppressions = result["suppressions"].as_array().map(Vec::len);
        assert_eq!(suppressions, Some(usize::from(suppressed)));
    }
    assert_eq!(rules[0]["properties"]["security-severity"], "9.5");
    assert_eq!(rules[0]["defaultConfiguration"]["level"], "error");
    assert_eq!(rules[0]["helpUri"], "https://acme.example/settings/tokens");
    assert!(rules[0]["help"]["markdown"].as_str().is_some_and(|help| help.contains("delete the token")));
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
}

#[test]
fn sarif_tells_what_was_not_read() {
    let run = Sample::hostile().values(Format::Sarif).swap_remove(0)["runs"][0].take();
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let told = invocation["toolExecutionNotifications"].as_array().cloned().unwrap_or_default();
    assert_eq!(told.len(), 7, "six of the ledger and the interruption");
    let names = run["tool"]["driver"]["notifications"].as_array().cloned().unwrap_or_default();
    for one in &told {
        let index = one["descriptor"]["index"].as_u64().unwrap_or(99) as usize;
        assert_eq!(names.get(index).map(|name| &name["id"]), Some(&one["descriptor"]["id"]));
    }
}

/// The same scan gives the same bytes, however its findings' keyed names fall.
#[test]
fn reports_do_not_go_by_keyed_names() {
    let order = |sample: &Sample| {
        let text = sample.write(Format::Human, &PAGE, false);
        text.lines().filter(|line| line.starts_with('●')).map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    let sample = Sample::plain();
    let mut other = Sample::plain();
    let key = stanch_model::FingerprintKey::from_bytes([9; 32]);
    other.findings.iter_mut().for_each(|finding| finding.fingerprint = key.fingerprint(&finding.secret));
    assert_ne!(sample.findings[0].fingerprint, other.findings[0].fingerprint);
    assert_eq!(order(&sample), order(&other));
}

#[test]
fn people_see_the_worst_first() {
    let text = Sample::plain().write(Format::Human, &PAGE, false);
    assert_eq!(text, include_str!("../../../../testdata/reports/human.txt"), "what is written now:\n{text}");
}

#[test]
fn people_see_what_went_wrong() {
    let mut sample = Sample::clean();
    let note =
        |path: &str, gap, detail: &str| stanch_scanner::Note { path: path.to_owned(), gap, detail: detail.to_owned() };
    sample.coverage.notes = vec![
        note(".git", stanch_scanner::Gap::GitDir, ""),
        note("a/b", stanch_scanner::Gap::Unreadable, "permission denied"),
    ];
    sample.coverage.interrupted = true;
    let text = sample.write(Format::Human, &PAGE, false);
    let expected = "\
No credentials found in what could be read
1,234 files, 5.6 MB read in 0.3 s
2 findings of less confidence not shown (--min-confidence low)

Not scanned
  what was left when the scan was interrupted
  could not be read (1): a/b (permission denied)
  git's own folders (1): .git
";
    assert_eq!(text, expected);
}

#[test]
fn colours_are_nothing_but_colours() {
    let sample = Sample::plain();
    let coloured = sample.write(Format::Human, &Look { colour: true, width: 80 }, false);
    assert!(coloured.contains("\u{1b}["));
    let plain: String = coloured
        .split('\u{1b}')
        .enumerate()
        .map(|(n, part)| if n == 0 { part } else { part.split_once('m').map_or("", |p| p.1) })
        .collect();
    assert_eq!(plain, sample.write(Format::Human, &PAGE, false));
}

#[test]
fn narrow_pages_are_kept_to() {
    let text = Sample::plain().write(Format::Human, &Look { colour: false, width: 50 }, false);
    // Commands, addresses and names stay in one piece, so that they can be copied.
    let long: Vec<&str> = text
        .lines()
        .filter(|line| line.chars().count() > 50 && line.trim().contains(' ') && !line.contains("stanch "))
        .collect();
    assert_eq!(long, [""; 0]);
}
