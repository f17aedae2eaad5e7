//! Any bytes under every offline check: an answer, short printable facts, and the same answer again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stanch_fuzz::text;
use stanch_rules::offline::{Check, Holds, Strength, all};

fuzz_target!(|data: &[u8]| {
    // One check by its number, on a text with tokens in it; or all of them on the bytes as they are.
    let [which, rest @ ..] = data else { return };
    match all().get(usize::from(*which)) {
        Some(check) => run(check, &text(rest)),
        None => all().iter().for_each(|check| run(check, rest)),
    }
});

fn run(check: &Check, candidate: &[u8]) {
    let checked = (check.run)(candidate);
    assert_eq!(checked, (check.run)(candidate), "{}", check.name);
    for fact in &checked.facts {
        assert!(!fact.value.is_empty() && fact.value.len() <= 128, "{}: {fact:?}", check.name);
        assert!(fact.value.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{}: {fact:?}", check.name);
    }
    let Some(seal) = check.seal else { return };
    let mut sealed = candidate.to_vec();
    seal(&mut sealed);
    // A seal leaves alone what it can do nothing with; what it changed must not be refused by its own checksum if that held before.
    if matches!(check.strength, Strength::Checksum { .. })
        && checked.holds == Holds::Yes
        && sealed.len() == candidate.len()
    {
        assert_ne!((check.run)(&sealed).holds, Holds::No, "{}", check.name);
    }
}
