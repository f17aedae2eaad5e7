//! What is generated and committed is what the binary generates: whoever changes the command line runs `bash .ci/generate`.

use std::fs;
use std::path::Path;

use stanch_testkit::Sandbox;

use crate::BINARY;

/// What `stanch generate` is asked for, and the file that it is kept in.
const GENERATED: &[(&[&str], &str)] = &[
    (&["man"], "stanch.1"),
    (&["completions", "bash"], "stanch.bash"),
    (&["completions", "fish"], "stanch.fish"),
    (&["completions", "zsh"], "_stanch"),
];

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/generated"))
}

#[test]
fn every_generated_file_is_fresh() {
    let sandbox = Sandbox::new(BINARY);
    for (what, name) in GENERATED {
        let run = sandbox.run([&["generate"][..], what].concat());
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert!(run.stdout.len() > 500, "{name}: {}", run.stdout);
        let kept = fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(kept == run.stdout, "docs/generated/{name} is stale: run `bash .ci/generate` and commit it");
    }
}

#[test]
fn every_file_of_the_folder_is_generated() {
    let mut found: Vec<String> = fs::read_dir(folder())
        .unwrap_or_else(|error| panic!("{error}"))
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let mut known: Vec<&str> = GENERATED.iter().map(|(_, name)| *name).collect();
    found.sort();
    known.sort_unstable();
    assert_eq!(found, known);
}
