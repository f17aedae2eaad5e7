//! Any bytes as a file with any name: findings are made, their places are true, and nothing shows the secret.

#![no_main]

use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

use libfuzzer_sys::fuzz_target;
use stanch_fuzz::text;
use stanch_model::{Finding, FingerprintKey, Source};
use stanch_rules::RuleSet;
use stanch_scanner::{Control, Engine, Scratch, scan_bytes};

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(RuleSet::builtin()));
static KEY: LazyLock<FingerprintKey> = LazyLock::new(|| FingerprintKey::from_bytes([7; 32]));
static STOP: AtomicBool = AtomicBool::new(false);

fuzz_target!(|data: (String, &[u8])| {
    let (path, data) = data;
    let text = text(data);
    let control = Control { engine: &ENGINE, key: &KEY, stop: &STOP, events: &(), jobs: 1 };
    for finding in scan_bytes(&control, &path, &text, Source::File, None, &mut Scratch::default()) {
        place_is_true(&finding, &text);
        preview_hides(&finding);
    }
});

/// The locator gives the secret back, and the line is the one of its first byte.
fn place_is_true(finding: &Finding, text: &[u8]) {
    let (start, end) = (finding.locator.start as usize, finding.locator.end as usize);
    assert_eq!(text.get(start..end), Some(finding.secret.expose()));
    let line = text[..start].iter().filter(|&&byte| byte == b'\n').count() as u64 + 1;
    assert_eq!(finding.location.line, line);
    assert!(finding.location.column >= 1);
}

/// What may be shown is the head and at most four bytes of the tail.
fn preview_hides(finding: &Finding) {
    let secret = finding.secret.expose();
    let shown = finding.preview.replace("********", "");
    assert!(finding.preview.contains("********"));
    assert!(shown.len() < secret.len() || secret.len() <= 4, "{} shown of {}", shown.len(), secret.len());
}
