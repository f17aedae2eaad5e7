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

#[cfg(unix)]
#[test]
fn a_demo_that_is_interrupted_leaves_nothing() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    for signal in ["-INT", "-TERM"] {
        let sandbox = Sandbox::new(BINARY);
        let temporary = sandbox.root().join("tmp");
        std::fs::create_dir(&temporary).unwrap_or_else(|error| panic!("{error}"));
        let mut command = sandbox.stanch(["demo"]);
        command.env("TMPDIR", &temporary).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{error}"));
        let mut lines = BufReader::new(child.stdout.take().unwrap_or_else(|| panic!("no stdout"))).lines();
        assert!(lines.any(|line| line.is_ok_and(|line| line.contains("leaked"))));
        let told = Command::new("kill").arg(signal).arg(child.id().to_string()).status();
        assert!(told.is_ok_and(|status| status.success()));
        lines.for_each(drop);
        let ended = child.wait_with_output().unwrap_or_else(|error| panic!("{error}"));
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.code() == Some(130) && said.contains("interrupted"), "{signal}: {said}");
        assert_eq!(std::fs::read_dir(&temporary).map(Iterator::count).ok(), Some(0), "{signal}");
    }
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
