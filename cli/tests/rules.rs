//! Rules of a user's own, as the documents show them and as they are given.

use std::path::Path;

use stanch_testkit::Sandbox;

use crate::BINARY;

/// The examples of a document that are whole files of rules.
fn examples(document: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{error}"));
    let blocks = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter(|block| block.contains("[[rule]]") && block.contains("provider")).map(str::to_owned).collect()
}

#[test]
fn the_examples_of_the_document_are_sound_and_find_what_they_say() {
    let all = examples("docs/rule-format.md");
    assert!(!all.is_empty());
    let sandbox = Sandbox::new(BINARY);
    for (number, example) in all.iter().enumerate() {
        let name = format!("example-{number}.toml");
        sandbox.write(&name, example);
        let check = sandbox.run(["rules", "check", &name]);
        assert_eq!(check.code, Some(0), "{example}\n{}{}", check.stdout, check.stderr);
        let test = sandbox.run(["rules", "test", &name]);
        assert_eq!(test.code, Some(0), "{example}\n{}{}", test.stdout, test.stderr);
        assert!(test.stdout.contains("1 rules, 2 cases: 2 passed"), "{}", test.stdout);
    }
}

#[test]
fn a_revoker_that_there_is_none_of_is_a_mistake() {
    let sandbox = Sandbox::new(BINARY);
    let example = examples("docs/rule-format.md").remove(0);
    sandbox.write("acme.toml", example.replace("entropy  = 3.5", "revoke = \"opnai\""));
    let run = sandbox.run(["rules", "check", "--rules", "acme.toml"]);
    assert_eq!(run.code, Some(2), "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("acme.api-token: `revoke` names `opnai`"), "{}", run.stderr);
    let alone = sandbox.run(["rules", "check", "--alone"]);
    assert!(alone.code == Some(2) && alone.stderr.contains("--alone without rules"), "{}", alone.stderr);
}

#[test]
fn who_names_no_kind_or_another_is_helped() {
    let sandbox = Sandbox::new(BINARY);
    for (words, told) in [
        (&["revoke", "--yes"][..], "--rule is needed"),
        (&["providers", "show", "openai"], "openai.project-key"),
        (&["providers", "show", "openai.project-kye"], "`openai.project-key`?"),
        (&["serve", "token", "revoke", "nope"], "stanch serve token list"),
    ] {
        let run = sandbox.run(words);
        assert_eq!(run.code, Some(2), "{words:?}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(told), "{words:?}: {}", run.stderr);
    }
}
