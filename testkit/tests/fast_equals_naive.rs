//! The fast engine and the naive one agree on every hit and verdict, rejected ones too.

use proptest::prelude::*;
use stanch_rules::{RuleSet, mint_case};
use stanch_scanner::{Candidate, Engine, Scratch};
use stanch_testkit::{chaff, naive};

/// Every case of every built-in rule, minted, one after the other.
fn cases() -> Vec<Vec<u8>> {
    let rules = RuleSet::builtin();
    let mut texts = Vec::new();
    for rule in rules.iter() {
        for (number, case) in rule.accept.iter().chain(rule.reject.iter()).enumerate() {
            let minted = mint_case(&rule.id, number, case).unwrap_or_else(|error| panic!("{}: {error}", rule.id));
            texts.push(minted.text);
        }
    }
    texts
}

#[test]
fn on_the_cases_of_all_rules() {
    let engine = Engine::new(RuleSet::builtin());
    let mut scratch = Scratch::default();
    let mut hits = 0;
    for chunk in cases().chunks(16) {
        let text = chunk.join(&b"\n"[..]);
        assert_eq!(naive::difference(&engine, &text, &mut scratch), None);
        hits += engine.trace(&text, &mut scratch).len();
    }
    assert!(hits > 1000, "{hits}");
}

#[test]
fn under_chaff_on_our_own_sources() {
    let engine = Engine::new(chaff::rules(200, 1));
    let mut scratch = Scratch::default();
    let mut hits = 0;
    for file in ["../scanner/src/engine.rs", "../docs/rule-format.md", "../Cargo.toml"] {
        let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let text = &text[..text.len().min(8_000)];
        assert_eq!(naive::difference(&engine, text, &mut scratch), None, "{path}");
        hits += engine.trace(text, &mut scratch).len();
    }
    assert!(hits > 2000, "{hits}");
}

/// Text in which chaff hits densely, with runs, lines, blank lines and bytes of no text.
fn dense() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"the name = \"".to_vec()),
        Just(b"let key: value = ".to_vec()),
        Just(b"http://com:self@".to_vec()),
        Just(b"\n\n".to_vec()),
        Just(b"   ".to_vec()),
        "[a-f0-9]{1,40}".prop_map(String::into_bytes),
        "(sha256:|sha1-|@|rev = \")[a-f0-9]{32,41}".prop_map(String::into_bytes),
        "[A-Za-z0-9_/+-]{1,90}".prop_map(String::into_bytes),
        "[ -~]{1,30}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 1..8),
        (1_usize..600).prop_map(|n| b"x".repeat(n)),
    ];
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

/// The trace of a document scanned in parts, each seeing only what the engine's reach says it needs.
fn trace_in_parts(engine: &Engine, text: &[u8], part: usize) -> Vec<Candidate> {
    let reach = engine.reach();
    let mut scratch = Scratch::default();
    let mut all = Vec::new();
    for start in (0..text.len()).step_by(part) {
        let end = text.len().min(start + part);
        let from = start.saturating_sub(reach.before);
        let to = text.len().min(end + reach.after);
        let found = engine.trace_part(&text[from..to], start - from..end - from, &mut scratch);
        all.extend(found.into_iter().map(|c| Candidate {
            span: c.span.start + from..c.span.end + from,
            secret: c.secret.start + from..c.secret.end + from,
            ..c
        }));
    }
    all.sort_by_key(|c| (c.rule, c.span.start, c.span.end));
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn under_chaff_on_dense_text(text in dense(), seed in 0_u64..1000) {
        let engine = Engine::new(chaff::rules(24, seed));
        let mut scratch = Scratch::default();
        prop_assert_eq!(naive::difference(&engine, &text, &mut scratch), None);
    }

    #[test]
    fn parts_equal_the_whole(text in dense(), seed in 0_u64..1000, part in 1_usize..700) {
        let engine = Engine::new(chaff::rules(24, seed));
        let whole = engine.trace(&text, &mut Scratch::default());
        let parts = trace_in_parts(&engine, &text, part);
        prop_assert_eq!(naive::compare(&engine, &parts, &whole), None);
    }
}
