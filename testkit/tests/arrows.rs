//! The arrows between the rooms, as `ARCHITECTURE.md` draws them: `model ◄─ rules ◄─ scanner ◄─ cli`, with the testkit for tests only
//! and no async runtime below the binaries.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What each package may build on, of our own, in the product. A package that is not in the table is refused, so that a new room states its
/// place here.
const ARROWS: &[(&str, &[&str])] = &[
    ("stanch-model", &[]),
    ("stanch-rules", &["stanch-model"]),
    ("stanch-scanner", &["stanch-model", "stanch-rules"]),
    // Scanner and revokers never see each other: they meet as findings.
    ("stanch-revokers", &["stanch-model"]),
    ("stanch-pipeline", &["stanch-model", "stanch-revokers"]),
    ("stanch-server", &["stanch-model", "stanch-pipeline", "stanch-revokers", "stanch-rules", "stanch-scanner"]),
    (
        "stanch",
        &["stanch-model", "stanch-pipeline", "stanch-revokers", "stanch-rules", "stanch-scanner", "stanch-server"],
    ),
    // Never part of the product.
    ("stanch-testkit", &["stanch-model", "stanch-revokers", "stanch-rules", "stanch-scanner"]),
    ("stanch-benches", &["stanch-model", "stanch-rules", "stanch-scanner", "stanch-testkit"]),
];

/// The rooms that are synchronous.
const SYNC: &[&str] = &["stanch-model", "stanch-rules", "stanch-scanner"];

/// What would make them asynchronous.
const RUNTIMES: &[&str] = &["tokio", "async-std", "smol", "futures-executor"];

/// One dependency of a package of ours.
#[derive(Debug)]
struct Edge {
    from: String,
    to: String,
    /// Whether it is for tests only.
    dev: bool,
    /// Whether it is a package of ours.
    own: bool,
}

#[test]
fn every_package_of_ours_has_its_place() {
    let known: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    let packages = metadata();
    let found: BTreeSet<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    assert_eq!(found, known);
}

#[test]
fn the_product_builds_in_one_direction() {
    let wrong: Vec<Edge> = edges().into_iter().filter(|edge| edge.own && !edge.dev && !allowed(edge)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn tests_use_the_testkit_and_what_the_product_may_use() {
    let wrong: Vec<Edge> = edges()
        .into_iter()
        .filter(|edge| edge.own && edge.dev && edge.to != "stanch-testkit" && !allowed(edge))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_runtime_is_reachable_from_the_synchronous_rooms() {
    let lock = locked();
    for room in SYNC {
        let direct = edges().into_iter().filter(|edge| edge.from == *room && !edge.dev).map(|edge| edge.to);
        let reached = reachable(&lock, direct);
        assert!(reached.len() > 2, "the lock file tells the dependencies of {room}: {reached:?}");
        let runtimes: Vec<&&str> = RUNTIMES.iter().filter(|runtime| reached.contains(**runtime)).collect();
        assert!(runtimes.is_empty(), "{room} reaches {runtimes:?}");
    }
}

#[test]
fn the_testkit_is_never_published() {
    let packages = metadata();
    let testkit = packages.iter().find(|package| package["name"] == "stanch-testkit");
    assert_eq!(testkit.map(|package| &package["publish"]), Some(&Value::Array(Vec::new())));
}

#[test]
fn every_dependency_says_why_it_is_there() {
    let path = root().join("deny.toml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let reason = |line: &str| {
        let (name, why) = line.strip_prefix("# why: ")?.split_once("-- ")?;
        (why.len() > 10).then(|| name.trim().to_owned())
    };
    let explained: BTreeSet<String> = text.lines().filter_map(reason).collect();
    let used: BTreeSet<String> = edges().into_iter().filter(|edge| !edge.own).map(|edge| edge.to).collect();
    let silent: Vec<&String> = used.difference(&explained).collect();
    assert!(silent.is_empty(), "deny.toml does not say why these are here: {silent:?}");
}

#[test]
fn unsafe_code_stands_in_the_vector_code_alone() {
    let (block, function) = (concat!("unsafe", " {"), concat!("unsafe", " fn"));
    let mut with = BTreeSet::new();
    for room in ["model", "rules", "scanner", "cli", "testkit", "benches"] {
        let mut folders = vec![root().join(room)];
        while let Some(folder) = folders.pop() {
            let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
            for path in entries.map(|entry| entry.unwrap_or_else(|error| panic!("{error}")).path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text =
                        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                    if text.contains(block) || text.contains(function) {
                        with.insert(folder.strip_prefix(root()).unwrap_or(&folder).to_path_buf());
                    }
                }
            }
        }
    }
    assert_eq!(with, BTreeSet::from([Path::new("scanner/src/prefilter/simd").to_path_buf()]));
}

fn allowed(edge: &Edge) -> bool {
    ARROWS.iter().any(|(from, to)| *from == edge.from && to.contains(&edge.to.as_str()))
}

/// The dependencies of our packages, of every kind.
fn edges() -> Vec<Edge> {
    let mut edges = Vec::new();
    for package in metadata() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            edges.push(Edge {
                from: text(&package["name"]),
                to: text(&dependency["name"]),
                dev: dependency["kind"] == "dev",
                own: dependency["path"].is_string(),
            });
        }
    }
    assert!(edges.len() > 20, "cargo tells what we build on: {edges:?}");
    edges
}

/// The packages of the workspace, as cargo tells them without looking at anything that is not ours.
fn metadata() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap_or_else(|error| panic!("cargo runs: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let all: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("cargo writes JSON: {error}"));
    all["packages"].as_array().cloned().unwrap_or_default()
}

/// Every package of the lock file by name, with the names that it builds on. Versions are not told apart: that reaches too much, never
/// too little.
fn locked() -> BTreeMap<String, BTreeSet<String>> {
    let path = root().join("Cargo.lock");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lock: toml::Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut packages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in lock.get("package").and_then(toml::Value::as_array).into_iter().flatten() {
        let name = package.get("name").and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        let dependencies = package.get("dependencies").and_then(toml::Value::as_array).into_iter().flatten();
        // An entry is `name`, or `name version` where several versions are locked.
        let names = dependencies.filter_map(|entry| entry.as_str()?.split(' ').next()).map(ToOwned::to_owned);
        packages.entry(name).or_default().extend(names);
    }
    packages
}

/// Everything that the lock file reaches from some packages. Our own are not walked through: their dependencies for tests are locked too.
fn reachable(lock: &BTreeMap<String, BTreeSet<String>>, from: impl Iterator<Item = String>) -> BTreeSet<String> {
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut ahead: Vec<String> = from.collect();
    while let Some(name) = ahead.pop() {
        let ours = ARROWS.iter().any(|(own, _)| *own == name);
        if reached.insert(name.clone()) && !ours {
            ahead.extend(lock.get(&name).into_iter().flatten().cloned());
        }
    }
    reached
}

/// The root of the project.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or_else(|| panic!("the testkit stands in the project"))
}
