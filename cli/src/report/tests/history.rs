//! What is told of places in a history.

use stanch_testkit::Canary;

use super::sample::Sample;
use super::schema::Schema;
use crate::report::{Format, Look, Redactor, explain};

#[test]
fn people_see_where_in_history_it_stands() {
    let text = Sample::history().write(Format::Human, &Look { colour: false, width: 100 }, false);
    assert_eq!(text, include_str!("../../../../testdata/reports/history.txt"), "what is written now:\n{text}");
}

#[test]
fn of_several_targets_it_is_told_which() {
    let mut sample = Sample::history();
    sample.targets.push("https://host.example/o/r.git".to_owned());
    for finding in sample.findings.iter_mut().filter(|finding| finding.git.is_some()) {
        finding.locator.root = Some("https://host.example/o/r.git".to_owned());
    }
    let text = sample.write(Format::Human, &Look { colour: false, width: 200 }, false);
    for told in [
        "  src/config.ini:2:10\n",
        "  src/config.ini:1:10 of https://host.example/o/r.git since aaaaaaaaaa 2021-03-04 by Ann\n",
        "  old/config.ini:1:10 of https://host.example/o/r.git in bbbbbbbbbb 2021-03-04 by Ann, only in history\n",
        "  message of commit dddddddddd 2021-03-04 by Ann, line 3 of https://host.example/o/r.git\n",
    ] {
        assert!(text.contains(told), "{told}{text}");
    }
}

fn explained(sample: &Sample, rule: &str) -> String {
    let findings: Vec<_> = sample.findings.iter().filter(|finding| finding.rule.as_str() == rule).collect();
    let redactor = Redactor::new(&sample.engine, &sample.findings);
    let mut out = Vec::new();
    explain(&findings, sample.engine.rules(), &redactor, &mut out).unwrap_or_else(|error| panic!("{error}"));
    String::from_utf8(out).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_place_is_explained() {
    let text = explained(&Sample::history(), "acme.api-token");
    assert_eq!(text, include_str!("../../../../testdata/reports/explain.txt"), "what is written now:\n{text}");
}

#[test]
fn an_explanation_shows_no_secret_and_obeys_nobody() {
    let sample = Sample::hostile();
    for rule in ["acme.api-token", "acme.key-id", "acme.key-secret"] {
        let text = explained(&sample, rule);
        let secrets = &sample.secrets;
        for secret in [&secrets.token, &secrets.key_id, &secrets.key_secret, &secrets.unseen] {
            assert_eq!(Canary::new(secret, 5).seen_in(text.as_bytes()), None, "{text}");
        }
        assert!(!text.chars().any(|c| c != '\n' && crate::report::redact::invisible(c)), "{text}");
        // Line breaks stand in names, too; those are no lines of ours.
        assert!(text.lines().all(|line| line.is_empty() || !line.starts_with("{0}")), "{text}");
    }
}

#[test]
fn machine_formats_hold_places_of_a_history() {
    let sample = Sample::history();
    for line in sample.values(Format::Jsonl) {
        Schema::finding().check(&line);
    }
    let log = sample.values(Format::Sarif).swap_remove(0);
    Schema::sarif().check(&log);
    let results = log["runs"][0]["results"].as_array().cloned().unwrap_or_default();
    assert_eq!(results.len(), sample.findings.len());
    let old = results
        .iter()
        .find(|result| result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "old/config.ini")
        .cloned()
        .unwrap_or_default();
    let properties = &old["properties"];
    assert_eq!(properties["git"]["commit"], "b".repeat(40));
    assert_eq!(properties["in_head"], false);
    let link = format!("https://github.com/o/r/blob/{}/old/config.ini#L1", "b".repeat(40));
    assert_eq!(properties["permalink"], link);
    let message = old["message"]["text"].as_str().unwrap_or_default();
    assert!(message.ends_with("; it stands in the history only, in commit bbbbbbbbbb."), "{message}");
}

/// Code scanning closes what is gone and keeps what stays: neither may take the name of the other.
#[test]
fn names_of_the_history_stay_when_the_file_is_mended() {
    let names = |sample: &Sample, path: &str| -> Vec<String> {
        let log = sample.values(Format::Sarif).swap_remove(0);
        let results = log["runs"][0]["results"].as_array().cloned().unwrap_or_default();
        let here =
            |uri: &&serde_json::Value| uri["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == path;
        let name = |result: &serde_json::Value| result["partialFingerprints"]["stanch/v1"].to_string();
        results.iter().filter(here).map(name).collect()
    };
    let mut sample = Sample::history();
    let before = names(&sample, "src/config.ini");
    assert_eq!(before.len(), 3);
    sample.findings.retain(|finding| finding.git.is_some());
    let after = names(&sample, "src/config.ini");
    assert_eq!(after.len(), 1);
    assert!(before.contains(&after[0]) && after[0].contains(":history:0"), "{before:?} {after:?}");
}
