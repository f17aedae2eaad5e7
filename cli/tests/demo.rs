//! The first thing that anybody runs: it has to work with nothing set up.

use std::time::{Duration, Instant};

use stanch_testkit::Sandbox;

use crate::BINARY;

#[test]
fn the_demo_kills_a_key_and_proves_it() {
    let sandbox = Sandbox::new(BINARY);
    let temporary = sandbox.root().join("tmp");
    std::fs::create_dir(&temporary).unwrap_or_else(|error| panic!("{error}"));
    let begun = Instant::now();
    let run = stanch_testkit::Run::of(sandbox.stanch(["demo"]).env("TMPDIR", &temporary), b"");
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    // The time of a slow machine under load; by itself it takes three seconds.
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    let words = [
        "a double of OpenRouter",
        "127.0.0.1",
        "+0.00 s  leaked",
        "found",
        "alive",
        "account user_demo",
        "can be undone",
        "decided",
        "demo.public-dies",
        "contained",
        "proof",
        "dead",
        "chained and signed; verified",
        "untouched",
    ];
    for word in words {
        assert!(run.stdout.contains(word), "{word}: {}", run.stdout);
    }
    assert!(!run.stdout.contains('\u{1b}'), "no colours in a pipe: {:?}", run.stdout);
    let order: Vec<Option<usize>> = ["leaked", "  found", "  alive", "  decided", "  contained", "  dead"]
        .iter()
        .map(|w| run.stdout.find(w))
        .collect();
    assert!(order.is_sorted() && order.iter().all(Option::is_some), "{order:?}: {}", run.stdout);
    let left: Vec<_> =
        std::fs::read_dir(&temporary).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(!sandbox.home().join("state").exists(), "nothing is kept");
}

#[test]
fn the_demo_shows_no_key_whole() {
    let run = Sandbox::new(BINARY).run(["demo", "-vvv"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let long = |text: &str| {
        let key = text
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .find(|word| word.strip_prefix(concat!("sk-or", "-v1-")).is_some_and(|rest| rest.len() > 16));
        key.map(ToOwned::to_owned)
    };
    assert_eq!((long(&run.stdout), long(&run.stderr)), (None, None));
}
