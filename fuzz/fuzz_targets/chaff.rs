//! Any bytes under rules that hit everywhere: the fast engine equals the naive one, and a document scanned in parts the whole.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use stanch_fuzz::text;
use stanch_scanner::{Candidate, Engine, Scratch};
use stanch_testkit::{chaff, naive};

const SHORT: usize = 1200;

/// Some sets of rules; making one for each input would cost more than the scan.
static ENGINES: LazyLock<Vec<Engine>> =
    LazyLock::new(|| (0..16).map(|seed| Engine::new(chaff::rules(16, seed))).collect());

fuzz_target!(|data: &[u8]| {
    let [set, part, data @ ..] = data else { return };
    let engine = &ENGINES[usize::from(*set) % ENGINES.len()];
    let mut text = text(data);
    text.truncate(SHORT);
    let mut scratch = Scratch::default();
    let whole = engine.trace(&text, &mut scratch);
    assert_eq!(naive::compare(engine, &whole, &naive::trace(engine, &text)), None);
    let parts = in_parts(engine, &text, usize::from(*part) * 3 + 1, &mut scratch);
    assert_eq!(naive::compare(engine, &parts, &whole), None);
});

/// The trace of a document scanned in parts, each seeing no more than the engine says it must.
fn in_parts(engine: &Engine, text: &[u8], part: usize, scratch: &mut Scratch) -> Vec<Candidate> {
    let reach = engine.reach();
    let mut all = Vec::new();
    for start in (0..text.len()).step_by(part) {
        let end = text.len().min(start + part);
        let (from, to) = (start.saturating_sub(reach.before), text.len().min(end + reach.after));
        let found = engine.trace_part(&text[from..to], start - from..end - from, scratch);
        all.extend(found.into_iter().map(|candidate| Candidate {
            span: candidate.span.start + from..candidate.span.end + from,
            secret: candidate.secret.start + from..candidate.secret.end + from,
            ..candidate
        }));
    }
    all.sort_by_key(|candidate| (candidate.rule, candidate.span.start, candidate.span.end));
    all
}
