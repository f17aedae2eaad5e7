//! The schemas that reports are held against: our own, as published, and the official one of SARIF.

use std::fs;
use std::path::Path;
use std::process::Command;

use jsonschema::{Registry, Validator};
use serde_json::{Value, json};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What an instance has against a schema.
pub(crate) struct Schema(Validator);

impl Schema {
    /// A line of `jsonl`.
    pub(crate) fn finding() -> Self {
        Self::build(
            &closed(read("docs/schema/finding.schema.json")),
            &Registry::new().prepare().expect("an empty registry"),
        )
    }

    /// What `json` writes.
    pub(crate) fn report() -> Self {
        let finding = closed(read("docs/schema/finding.schema.json"));
        let id = finding["$id"].as_str().unwrap_or_default().to_owned();
        let registry = Registry::new()
            .add(id, finding)
            .and_then(jsonschema::RegistryBuilder::prepare)
            .expect("the schema has an address");
        Self::build(&closed(read("docs/schema/report.schema.json")), &registry)
    }

    /// What `sarif` writes: the official schema.
    pub(crate) fn sarif() -> Self {
        Self::build(&official(), &Registry::new().prepare().expect("an empty registry"))
    }

    pub(crate) fn build(schema: &Value, registry: &Registry<'_>) -> Self {
        let options = jsonschema::options().should_validate_formats(true).with_registry(registry).offline();
        Self(options.build(schema).unwrap_or_else(|error| panic!("the schema itself: {error}")))
    }

    /// Holds an instance against it.
    pub(crate) fn check(&self, instance: &Value) {
        /// A report of a whole catalogue may have a great many mistakes of one kind.
        const MOST: usize = 10;
        let told = self.0.iter_errors(instance).take(MOST).map(|error| {
            let at = instance.pointer(error.instance_path().as_str()).map(ToString::to_string).unwrap_or_default();
            format!("{}: {}: {at:.400}", error.instance_path(), error.masked())
        });
        let told: Vec<String> = told.collect();
        assert!(told.is_empty(), "{}", told.join("\n"));
    }
}

pub(crate) fn read(path: &str) -> Value {
    let text = fs::read(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A schema of ours that takes no field that it does not name. For readers it is open, so that fields can be added; what is written has
/// to be described.
pub(crate) fn closed(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(object) => {
            object.values_mut().for_each(|value| *value = closed(value.take()));
            if object.get("properties").is_some_and(Value::is_object) && object.contains_key("required") {
                object.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|value| *value = closed(value.take())),
        _ => {}
    }
    schema
}

/// The schema of SARIF 2.1.0 out of the package that `testdata/sarif-schema` names.
fn official() -> Value {
    const MANIFEST: &str = "testdata/sarif-schema/Cargo.toml";
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(ROOT).args([
        "metadata",
        "--locked",
        "--quiet",
        "--format-version",
        "1",
        "--manifest-path",
        MANIFEST,
    ]);
    let output = cargo.output().unwrap_or_else(|error| panic!("cargo metadata: {error}"));
    assert!(
        output.status.success(),
        "the official schema of SARIF cannot be had; with a network, run `cargo fetch --manifest-path {MANIFEST}`\n{}",
        String::from_utf8_lossy(&output.stderr),
    );
    let metadata: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("cargo metadata: {error}"));
    let package =
        metadata["packages"].as_array().into_iter().flatten().find(|package| package["name"] == "serde-sarif");
    let manifest = package.and_then(|package| package["manifest_path"].as_str()).unwrap_or_default();
    let folder = Path::new(manifest).parent().unwrap_or(Path::new(""));
    let path = folder.join("src/schema.json");
    let text = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("the package has no schema at {}: {error}", path.display()));
    // Its pattern for languages has a bracket too many, which only a lax reader of patterns takes for itself.
    let text = text.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}\\\\]?$");
    let schema: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(schema["title"].as_str().is_some_and(|title| title.contains("2.1.0")), "{}", schema["title"]);
    schema
}
