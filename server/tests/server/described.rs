//! `docs/openapi.json` and the server say the same: the routes, who may use them, and the form of each answer that any test gets.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::{Value, json};
use stanch_server::{Access, router};

use crate::wire::Answer;

/// The description.
pub(crate) fn description() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
        let text = std::fs::read(path).expect("the description is there");
        serde_json::from_slice(&text).expect("it is JSON")
    })
}

/// Holds an answer to what is described of its route, if the route is.
pub(crate) fn check(method: &str, target: &str, answer: &Answer) {
    let path = target.split('?').next().unwrap_or_default();
    let Some(operation) = operation(method, path) else { return };
    let told = &operation["responses"][answer.status.to_string()];
    assert!(told.is_object(), "{method} {path} answers {}, which is not described: {:?}", answer.status, answer.json());
    let told = resolved(told);
    let Some(content) = told.get("content").and_then(Value::as_object) else {
        assert!(answer.body.is_empty(), "{method} {path} answers with a body that is not described");
        return;
    };
    let kind = answer.header("content-type").unwrap_or_default();
    let schema =
        content.get(kind).unwrap_or_else(|| panic!("{method} {path} answers `{kind}`, which is not described"));
    if kind == "application/json" {
        let problems = problems(&schema["schema"], &answer.json());
        assert!(problems.is_empty(), "{method} {path} {}: {problems:?} in {:#}", answer.status, answer.json());
    }
}

/// What of a value is not as a schema says.
fn problems(schema: &Value, value: &Value) -> Vec<String> {
    let whole = json!({ "allOf": [schema], "components": description()["components"] });
    let validator = jsonschema::validator_for(&whole).expect("a schema");
    validator.iter_errors(value).map(|error| format!("{error} at {}", error.instance_path())).collect()
}

fn resolved(value: &'static Value) -> &'static Value {
    let Some(reference) = value["$ref"].as_str() else { return value };
    description().pointer(reference.trim_start_matches('#')).expect("what is referred to is there")
}

fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let paths = description()["paths"].as_object().expect("there are paths");
    let same = |template: &str| {
        let (template, path) = (template.split('/'), path.split('/'));
        template.clone().count() == path.clone().count()
            && template.zip(path).all(|(name, value)| name.starts_with('{') || name == value)
    };
    // A path without names in braces is meant before one with them.
    let fits = paths.iter().filter(|(template, _)| same(template));
    let (_, item) = fits.min_by_key(|(template, _)| template.matches('{').count())?;
    item.get(method.to_lowercase())
}

/// The routes that are described: all but the console's pages, which are for people.
fn described() -> BTreeSet<(String, String, String)> {
    let access = |access: Access| match access {
        Access::Token(role) => role.as_str(),
        Access::Open => "none",
        Access::Signed => "signature",
        Access::Session(_) => "session",
    };
    let routes = router::all();
    let routes = routes.declared().filter(|route| route.path != "/" && !route.path.starts_with("/console"));
    routes
        .map(|route| (route.method.to_string().to_lowercase(), route.path.clone(), access(route.access).to_owned()))
        .collect()
}

#[test]
fn the_description_has_every_route_and_no_other() {
    let paths = description()["paths"].as_object().expect("there are paths");
    let mut told = BTreeSet::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("methods") {
            let role = operation["x-role"].as_str().unwrap_or("none").to_owned();
            let guarded = operation["security"].as_array().is_some_and(|all| !all.is_empty());
            assert_eq!(guarded, !["none", "signature"].contains(&role.as_str()), "{method} {path}");
            told.insert((method.clone(), path.clone(), role));
        }
    }
    assert_eq!(told, described());
}

#[test]
fn every_schema_of_the_description_is_one() {
    let components = &description()["components"];
    for (name, schema) in components["schemas"].as_object().expect("schemas") {
        let whole = json!({ "allOf": [schema], "components": components });
        assert!(jsonschema::validator_for(&whole).is_ok(), "{name}");
    }
}

#[test]
fn a_schema_refuses_what_is_not_described() {
    let me = json!({ "$ref": "#/components/schemas/Me" });
    assert!(problems(&me, &json!({ "name": "ada", "role": "admin" })).is_empty());
    assert!(!problems(&me, &json!({ "name": "ada", "role": "admin", "more": 1 })).is_empty());
    assert!(!problems(&me, &json!({ "name": "ada", "role": "root" })).is_empty());
}
