//! What the binary writes in each format, of real files and with the built-in rules, held against the published schemas.

pub(crate) mod schema;

use serde_json::Value;
use stanch_rules::{RuleSet, mint_case};
use stanch_testkit::Sandbox;

use self::schema::Schema;
use crate::BINARY;

/// A folder with a file for every case of every built-in rule, and a few things that are not scanned.
fn catalogue() -> Sandbox {
    let sandbox = Sandbox::new(BINARY);
    for rule in RuleSet::builtin().iter() {
        for (number, case) in rule.accept.iter().enumerate() {
            let minted = mint_case(&rule.id, number, case).unwrap_or_else(|error| panic!("{}: {error}", rule.id));
            sandbox.write(format!("{}/case {number}.txt", rule.id), minted.text);
        }
    }
    sandbox.write("left-out/a.txt", "nothing");
    sandbox.write("known.env", [leak(), b" # stanch:allow the demo's own\n".to_vec()].concat());
    sandbox
}

/// A line with a credential.
fn leak() -> Vec<u8> {
    stanch_rules::mint("GITHUB_TOKEN={{ghp_{base62:30}|github-crc32}}", 7).map(|minted| minted.text).unwrap_or_default()
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn every_rule_in_every_format() {
    let sandbox = catalogue();
    let outputs = [
        "--format",
        "json",
        "-o",
        "out.json",
        "--format",
        "jsonl",
        "-o",
        "out.jsonl",
        "--format",
        "sarif",
        "-o",
        "out.sarif",
    ];
    let options = [
        "scan",
        ".",
        "--exclude",
        "left-out",
        "--exclude",
        "out.*",
        "--min-confidence",
        "low",
        "--format",
        "human",
        "-o",
        "-",
    ];
    let run = sandbox.run(options.iter().chain(&outputs));
    assert_eq!(run.code, Some(1), "{}", run.written());
    let read = |name: &str| {
        std::fs::read_to_string(sandbox.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let (report, lines, sarif) = (parse(&read("out.json")), read("out.jsonl"), parse(&read("out.sarif")));
    Schema::report().check(&report);
    Schema::sarif().check(&sarif);
    let schema = Schema::finding();
    let lines: Vec<Value> = lines.lines().map(parse).collect();
    for line in &lines {
        schema.check(line);
    }
    assert_eq!(report["findings"].as_array(), Some(&lines));
    let results = sarif["runs"][0]["results"].as_array().map(Vec::len);
    assert_eq!(results, Some(lines.len()));
    let found: std::collections::BTreeSet<&str> = lines.iter().filter_map(|line| line["rule"].as_str()).collect();
    let all = RuleSet::builtin().len();
    assert!(found.len() * 10 > all * 9, "nearly every rule finds its case by itself: {} of {all}", found.len());
    for line in &lines {
        assert!(
            run.stdout.contains(&line["fingerprint"].as_str().unwrap_or_default()[..12])
                || !line["suppression"].is_null()
        );
    }
    let suppressed: Vec<&Value> = lines.iter().filter(|line| !line["suppression"].is_null()).collect();
    assert_eq!(suppressed.len(), 1);
    assert_eq!(suppressed[0]["suppression"]["kind"], "inline");
    let told = report["coverage"]["notes"].as_array().cloned().unwrap_or_default();
    assert!(told.iter().any(|note| note["gap"] == "excluded"), "{told:?}");
}

#[test]
fn the_same_bytes_however_many_work() {
    let sandbox = catalogue();
    for format in ["json", "jsonl", "sarif"] {
        let one = sandbox.run(["scan", "--format", format, "--jobs", "1"]);
        let many = sandbox.run(["scan", "--format", format, "--jobs", "8"]);
        assert!(one.stdout.len() > 10_000, "{}", one.stderr);
        assert!(one.stdout == many.stdout, "{format} depends on the number of threads");
    }
}

#[test]
fn nothing_to_tell_is_valid_too() {
    let sandbox = Sandbox::new(BINARY);
    sandbox.write("a.txt", "nothing");
    let run = |format: &str| {
        let run = sandbox.run(["scan", "--format", format]);
        assert_eq!(run.code, Some(0), "{}", run.written());
        run.stdout
    };
    Schema::report().check(&parse(&run("json")));
    Schema::sarif().check(&parse(&run("sarif")));
    assert_eq!(run("jsonl"), "");
    assert!(run("human").starts_with("No credentials found\n"));
}
