//! Any text as a rule file: it loads, or every mistake has a place in it that can be drawn. What loads can be scanned with.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use stanch_rules::{RuleSet, load};
use stanch_scanner::{Engine, Scratch, run_cases};

static NONE: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::new(Vec::new()));

fuzz_target!(|text: &str| {
    match load("fuzz.toml", text, &NONE) {
        Ok(rules) => {
            let engine = Engine::new(RuleSet::new(rules));
            let mut scratch = Scratch::default();
            for rule in engine.rules().iter() {
                run_cases(&engine, rule, &mut scratch);
            }
            engine.scan(text.as_bytes(), &mut scratch);
        }
        Err(error) => {
            assert!(!error.defects.is_empty());
            for defect in &error.defects {
                let span = &defect.span;
                assert!(span.start <= span.end && span.end <= text.len(), "{defect:?} in {} bytes", text.len());
                assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{defect:?}");
            }
            assert!(error.render(false).contains("fuzz.toml"));
            assert!(!error.render(true).is_empty());
        }
    }
});
