//! `docs/providers.md` is what the provider files say. `bash .ci/conformance` writes it anew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use stanch_revokers::kind::Kind;
use stanch_revokers::registry::{self, Entry};

const HEAD: &str = "# Providers

What can be asked about, revoked and rotated, kind by kind. Generated from `revokers/data/`; `stanch providers show ID` tells more of one.

* **authority**: who may revoke it. `self`: the leaked credential is enough; `admin`: a configured responder is needed; `none`: a person, by the
  runbook that `stanch providers show` prints.
* **reversible**: whether its first step can be undone.
* **proof**: what shows that it is dead. `probe`: its provider refuses it; `absent`: its provider lists it no more.
* **tested against**: a *real server*; an *emulator*, which others wrote; a *double*, written from the provider's documents by other hands than the
  revoker; a *description-checked double*, of which, too, every request stands in the provider's published OpenAPI description as it was sent;
  a *stand-in*, a few lines that check signatures; or *none*. What came of each double's cases, and what cannot be known of a kind, is in
  [conformance.tsv](conformance.tsv).

";

#[test]
fn the_table_of_providers_is_fresh() {
    let fresh = document();
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("providers.md");
    fs::write(&place, &fresh).unwrap_or_else(|error| panic!("{}: {error}", place.display()));
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/providers.md");
    let kept = fs::read_to_string(kept).unwrap_or_default();
    assert!(kept == fresh, "docs/providers.md is stale: run `bash .ci/conformance` and commit it");
}

fn document() -> String {
    let entries: Vec<Entry> = registry::entries().collect();
    let count = |can: fn(&Kind) -> bool| entries.iter().filter(|entry| can(entry.kind)).count();
    let mut text = HEAD.to_owned();
    let _ = writeln!(
        text,
        "{} kinds: {} are asked about, {} revoked, {} rotated.\n",
        entries.len(),
        count(Kind::verifies),
        count(Kind::revokes),
        count(Kind::rotates)
    );
    text.push_str("| kind | provider | authority | verify | revoke | rotate | reversible | proof | tested against |\n");
    text.push_str("| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for entry in &entries {
        let _ = writeln!(text, "| {} |", cells(entry).join(" | "));
    }
    text
}

fn cells(entry: &Entry) -> [&str; 9] {
    let kind = entry.kind;
    let mark = |can: bool| if can { "yes" } else { "" };
    [
        &kind.id,
        &entry.file.name,
        kind.authority.as_str(),
        mark(kind.verifies()),
        mark(kind.revokes()),
        mark(kind.rotates()),
        mark(kind.revokes() && kind.reversible()),
        if kind.revokes() { kind.proof().as_str() } else { "" },
        registry::tested_against(&kind.id),
    ]
}
