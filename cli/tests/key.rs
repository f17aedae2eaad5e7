//! The key under which the fingerprints of this machine are made, where it cannot be kept or is damaged.

use stanch_testkit::Sandbox;

use crate::{BINARY, token};

fn leaking() -> Sandbox {
    let sandbox = Sandbox::new(BINARY);
    sandbox.write("a.env", format!("TOKEN={}\n", token(70).secret()));
    sandbox
}

#[test]
fn a_key_that_cannot_be_kept_is_told_and_nothing_is_offered_that_needs_it() {
    let sandbox = leaking();
    let kept = sandbox.run(["scan"]);
    assert!(kept.stdout.contains("stanch explain") && !kept.stderr.contains("fingerprint"), "{}", kept.stderr);
    sandbox.write("file", "a file where a folder should be");
    for state in [Some("file/state"), None] {
        let mut command = sandbox.stanch(["scan"]);
        command.env_remove("STANCH_STATE_DIR").env_remove("HOME").env_remove("XDG_STATE_HOME");
        if let Some(state) = state {
            command.env("STANCH_STATE_DIR", sandbox.path().join(state));
        }
        let run = stanch_testkit::Run::of(&mut command, b"");
        assert_eq!(run.code, Some(1), "{state:?}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains("warning: no fingerprint key is kept"), "{state:?}: {}", run.stderr);
        assert!(!run.stdout.contains("stanch explain"), "{state:?}: {}", run.stdout);
    }
}

#[test]
fn a_damaged_key_is_not_replaced_by_another_without_a_word() {
    let sandbox = leaking();
    sandbox.write(sandbox.home().join("state/fingerprint.key"), "short");
    let run = sandbox.run(["scan"]);
    assert_eq!(run.code, Some(2), "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("is damaged") && run.stderr.contains("hint"), "{}", run.stderr);
}
