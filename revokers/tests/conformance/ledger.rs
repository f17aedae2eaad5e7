//! The report: what is kept of it, and which kinds are not in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use stanch_revokers::kind::{Authority, Kind};
use stanch_revokers::registry;

use crate::suite::Tally;

/// Kinds that are asked about or revoked, and have no double, and why.
const UNTESTED: &[(&str, &str)] = &[
    (
        "aws.bedrock-short-term-key",
        "the emulator has no Bedrock; only its session is revoked, as that of aws.sts-role-session",
    ),
    ("aws.root-access-key", "the emulator has no root user; the code is that of aws.iam-user-access-key"),
    ("aws.sts-user-session", "the emulator gives no sessions to users; the code is that of aws.iam-user-access-key"),
];

const HEAD: &str = "kind\tverify\trevoke\trotate\ttested against\tcases passed\twhat cannot be known\n";

/// One line each.
pub(crate) fn lines<T: AsRef<str>>(lines: impl IntoIterator<Item = T>) -> String {
    lines.into_iter().fold(String::new(), |text, line| text + line.as_ref() + "\n")
}

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/conformance.tsv")
}

/// Compares what came of the cases with what is kept of them.
pub(crate) fn compare(tallies: &BTreeMap<String, Tally>) {
    let fresh = table(tallies);
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance.tsv");
    fs::write(&place, &fresh).unwrap_or_else(|error| panic!("{}: {error}", place.display()));
    let kept = fs::read_to_string(kept()).unwrap_or_default();
    let changed: Vec<&str> = fresh.lines().filter(|line| !kept.lines().any(|old| old == *line)).collect();
    assert!(
        fresh == kept,
        "docs/conformance.tsv is stale: run `bash .ci/conformance` and commit it\n{}",
        changed.join("\n")
    );
}

fn table(tallies: &BTreeMap<String, Tally>) -> String {
    let mut text = HEAD.to_owned();
    for entry in registry::entries() {
        let kind = entry.kind;
        let against = registry::tested_against(&kind.id);
        let tally = tallies.get(&kind.id);
        if tally.is_none() && against == "none" {
            continue;
        }
        let cases = tally.map_or_else(|| points(&kind.id).to_owned(), |tally| tally.passed.to_string());
        let unknown: Vec<&str> = tally.iter().flat_map(|tally| &tally.unknowable).map(String::as_str).collect();
        let (verify, revoke, rotate) = (verifies(kind), revokes(kind), if kind.rotates() { "yes" } else { "-" });
        let _ = writeln!(text, "{}\t{verify}\t{revoke}\t{rotate}\t{against}\t{cases}\t{}", kind.id, unknown.join("; "));
    }
    text
}

/// How many points a kind without a double passed: its requests are struck one by one in `tests/servers/native.rs`, which keeps that table.
fn points(kind: &str) -> &'static str {
    const TABLE: &str = include_str!("../servers/native.tsv");
    let mut lines = TABLE.lines().filter_map(|line| line.split_once('\t'));
    lines.find(|(id, _)| *id == kind).and_then(|(_, rest)| rest.split('\t').next()).unwrap_or("-")
}

/// How it is asked about.
fn verifies(kind: &Kind) -> &'static str {
    let lists = kind.probe.as_ref().is_some_and(|probe| probe.request.is_none());
    match (kind.verifies(), lists) {
        (false, _) => "-",
        (true, true) => "by lists",
        (true, false) => "asks",
    }
}

/// Who revokes it.
fn revokes(kind: &Kind) -> &'static str {
    if kind.revokes() { kind.authority.as_str() } else { Authority::None.as_str() }
}

/// The kinds that nothing tests, though they are asked about or revoked.
pub(crate) fn untested(doubles: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    for entry in registry::entries() {
        let (id, against) = (&entry.kind.id, registry::tested_against(&entry.kind.id));
        let has_double = doubles.contains(id);
        let is_excused = UNTESTED.iter().any(|(kind, _)| kind == id);
        let is_used = entry.kind.verifies() || entry.kind.revokes();
        match against {
            "double" | "description-checked double" if !has_double => {
                wrong.push(format!("{id}: revokers/tested.tsv tells of a double"));
            }
            "none" if has_double => wrong.push(format!("{id}: revokers/tested.tsv does not tell of its double")),
            "none" if is_used && !is_excused => wrong.push(format!("{id}: nothing tests it")),
            "none" | "double" | "description-checked double" | "stand-in" | "emulator" | "real server" => {}
            other => wrong.push(format!("{id}: revokers/tested.tsv says `{other}`")),
        }
    }
    wrong
}
