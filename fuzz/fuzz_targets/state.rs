//! Any bytes as what a scan left for the next one: they are read, or refused.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use stanch_rules::RuleSet;
use stanch_scanner::fuzzing::{answer, objects};

static RULES: LazyLock<RuleSet> = LazyLock::new(RuleSet::builtin);

fuzz_target!(|data: &[u8]| {
    if let Some(written) = objects(data) {
        assert_eq!(written, data, "there is one way to write it");
    }
    let _findings = answer(data, &RULES);
});
