//! Any bytes under the built-in rules: the fast engine finds what the naive one finds, and parts find what the whole finds.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use stanch_fuzz::text;
use stanch_rules::RuleSet;
use stanch_scanner::{Engine, Scratch};
use stanch_testkit::naive;

/// The naive engine tries every rule at every byte, so its texts are short.
const SHORT: usize = 600;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(RuleSet::builtin()));

fuzz_target!(|data: &[u8]| {
    let text = text(data);
    let mut scratch = Scratch::default();
    let found = ENGINE.scan(&text, &mut scratch).to_vec();
    for candidate in &found {
        assert!(text.get(candidate.span.clone()).is_some(), "{candidate:?}");
        assert!(
            candidate.span.start <= candidate.secret.start && candidate.secret.end <= candidate.span.end,
            "{candidate:?}"
        );
        assert!(!candidate.secret.is_empty(), "{candidate:?}");
    }
    if text.len() <= SHORT {
        assert_eq!(naive::difference(&ENGINE, &text, &mut scratch), None);
    }
});
